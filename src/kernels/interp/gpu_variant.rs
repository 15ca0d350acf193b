//! Which kernel looks queries up on a GPU. The one place where that is decided, from what is known before anything runs:
//! the table, the rules, the shape of the queries, the kind of device. BENCHMARKS.md has the whole story.

use crate::element::ElementType;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl;
use crate::engine::info::DeviceKind;
use crate::float::dtype::Scalar;
use crate::kernels::interp::op::{Method, Rules, TableData};
use crate::kernels::search::gpu::Reach;

/// Constants that a shader sees at once: what every WebGPU device has.
pub(crate) const UNIFORM_BYTES: u64 = 64 << 10;
/// Steps of a search are written out in the shader; it has so many.
const MOST_STEPS: u32 = 28;

/// Where a query's table comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tables {
    /// There is one.
    One,
    /// A table a row, over the same knots.
    SharedKnots,
    /// A table a row, with knots of its own.
    OwnKnots,
}

impl Tables {
    pub fn of(table: &TableData) -> Self {
        match (table.tables, table.axis.tables) {
            (1, _) => Self::One,
            (_, 1) => Self::SharedKnots,
            _ => Self::OwnKnots,
        }
    }
}

/// What a device and a table are like, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub kind: DeviceKind,
    /// Whether [`UNIFORM_BYTES`] can be bound.
    pub takes_uniform: bool,
    pub element: ElementType,
    /// Knots of all tables.
    pub cells: u64,
}

impl Facts {
    /// Whether the segments lie in constants.
    ///
    /// Software rasterisers: a load from constants costs a quarter of one from storage. Measured on llvmpipe, 1,024 knots,
    /// f32: 10 ns a query from constants with 10 steps from the first knot, 18 from storage with 4 steps from a bucket.
    /// Textures took as long as storage. Hardware has caches for storage, but serialises loads of constants from different
    /// places: never there.
    pub fn is_uniform(&self) -> bool {
        let segment = match self.element {
            ElementType::F64 => 32,
            _ => 16,
        };
        self.kind == DeviceKind::Software && self.takes_uniform && self.cells * segment <= UNIFORM_BYTES
    }
}

/// A kernel of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    pub element: ElementType,
    /// Four queries in one load: 2 to 3 ns less each on llvmpipe than four loads.
    pub quads: bool,
    /// Long division by the period: loops that a software rasteriser enters even where nothing is divided, 3 ns a query.
    pub period: bool,
    pub uniform: bool,
    /// The search begins at a bucket, not at the first knot.
    pub buckets: bool,
    /// What is special was looked at when the table was built; saves 2 ns and a load.
    pub finite: bool,
    pub tables: Tables,
    /// How many steps a search has.
    pub steps: u32,
}

impl Path {
    pub fn choose(facts: &Facts, rules: &Rules<Scalar>, reach: &Reach, tables: Tables, quads: bool) -> Self {
        let uniform = facts.is_uniform();
        // From constants a step is cheaper than the way to a bucket, which lies in storage.
        let from_bucket = reach.from_bucket.filter(|&steps| !uniform && steps < reach.from_first);
        Self {
            element: facts.element,
            quads,
            period: rules.period.is_some(),
            uniform,
            buckets: from_bucket.is_some(),
            finite: is_finite(rules, reach),
            tables,
            steps: from_bucket.unwrap_or(reach.from_first).min(MOST_STEPS),
        }
    }

    /// The same, bisecting from the first knot, where there is no room for the index.
    pub fn without_buckets(self, reach: &Reach) -> Self {
        Self { buckets: false, steps: reach.from_first.min(MOST_STEPS), ..self }
    }

    /// What looks queries up, whoever wants the results: all but the parameters, how queries come, and where tables lie.
    pub fn search(self) -> Vec<&'static str> {
        let mut fragments = vec![
            match self.tables {
                Tables::One => "const TABLES = false;\nconst OWN_KNOTS = false;",
                Tables::SharedKnots => "const TABLES = true;\nconst OWN_KNOTS = false;",
                Tables::OwnKnots => "const TABLES = true;\nconst OWN_KNOTS = true;",
            },
            DEPTHS[self.steps as usize],
            include_str!("../../../shaders/interp/search.wgsl"),
            match self.quads {
                true => include_str!("../../../shaders/interp/queries_by_four.wgsl"),
                false => include_str!("../../../shaders/interp/queries_by_one.wgsl"),
            },
        ];
        if self.period {
            fragments.extend([wgsl::MODULO, include_str!("../../../shaders/interp/period.wgsl")]);
        } else {
            fragments.push(include_str!("../../../shaders/interp/no_period.wgsl"));
        }
        fragments.push(match self.buckets {
            true => include_str!("../../../shaders/interp/buckets.wgsl"),
            false => include_str!("../../../shaders/interp/bisection.wgsl"),
        });
        fragments.push(match self.finite {
            true => include_str!("../../../shaders/interp/finite.wgsl"),
            false => include_str!("../../../shaders/interp/any.wgsl"),
        });
        fragments
    }

    /// Names the choices, for the name of a kernel.
    pub fn name(self) -> String {
        let Self { element, quads, period, uniform, buckets, finite, tables, steps } = self;
        let flags = [quads, period, uniform, buckets, finite];
        let flags = flags.iter().fold(0, |number, &flag| 2 * number + u8::from(flag));
        format!("{element}_{tables:?}_{flags:05b}_{steps}")
    }
}

impl KernelKey for Path {
    fn source(self) -> KernelSource {
        let mut fragments = vec![
            wgsl::element(self.element),
            wgsl::SPECIAL,
            wgsl::GRID,
            include_str!("../../../shaders/interp/main.wgsl"),
            match self.uniform {
                true => include_str!("../../../shaders/interp/uniform.wgsl"),
                false => include_str!("../../../shaders/interp/storage.wgsl"),
            },
            match self.quads {
                true => include_str!("../../../shaders/interp/results_by_four.wgsl"),
                false => include_str!("../../../shaders/interp/results_by_one.wgsl"),
            },
        ];
        fragments.extend(self.search());
        if self.buckets {
            fragments.push(include_str!("../../../shaders/interp/index.wgsl"));
        }
        use Access::{Read, ReadWrite, Uniform};
        let access: &[Access] = match (self.uniform, self.buckets) {
            (true, true) => &[Read, ReadWrite, Uniform, Read, Read],
            (true, false) => &[Read, ReadWrite, Uniform],
            (false, true) => &[Read, ReadWrite, Read, Read, Read],
            (false, false) => &[Read, ReadWrite, Read],
        };
        KernelSource { name: format!("interp_{}", self.name()), fragments, constants: Vec::new(), access }
    }
}

/// Whether the segments of a table hold what `shaders/interp/finite.wgsl` wants.
pub(crate) fn is_finite(rules: &Rules<Scalar>, reach: &Reach) -> bool {
    reach.finite && rules.method == Method::Linear && rules.extended() == (false, false)
}

/// The constant that says how many steps a search has.
const DEPTHS: [&str; MOST_STEPS as usize + 1] = [
    "const DEPTH = 0u;",
    "const DEPTH = 1u;",
    "const DEPTH = 2u;",
    "const DEPTH = 3u;",
    "const DEPTH = 4u;",
    "const DEPTH = 5u;",
    "const DEPTH = 6u;",
    "const DEPTH = 7u;",
    "const DEPTH = 8u;",
    "const DEPTH = 9u;",
    "const DEPTH = 10u;",
    "const DEPTH = 11u;",
    "const DEPTH = 12u;",
    "const DEPTH = 13u;",
    "const DEPTH = 14u;",
    "const DEPTH = 15u;",
    "const DEPTH = 16u;",
    "const DEPTH = 17u;",
    "const DEPTH = 18u;",
    "const DEPTH = 19u;",
    "const DEPTH = 20u;",
    "const DEPTH = 21u;",
    "const DEPTH = 22u;",
    "const DEPTH = 23u;",
    "const DEPTH = 24u;",
    "const DEPTH = 25u;",
    "const DEPTH = 26u;",
    "const DEPTH = 27u;",
    "const DEPTH = 28u;",
];

/// Every specialisation, for the test that translates them all: every combination with some number of steps, and one with
/// every number.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let mut all = Vec::new();
    for element in [ElementType::F32, ElementType::F64] {
        for tables in [Tables::One, Tables::SharedKnots, Tables::OwnKnots] {
            for flags in 0..32 {
                let [quads, period, uniform, buckets, finite] = [1, 2, 4, 8, 16].map(|flag| flags & flag != 0);
                let some = Path { element, quads, period, uniform, buckets, finite, tables, steps: 3 };
                all.push(some.source());
                if flags == 0 && tables == Tables::One {
                    all.extend(
                        (0..=MOST_STEPS).filter(|&steps| steps != 3).map(|steps| Path { steps, ..some }.source()),
                    );
                }
            }
        }
    }
    all
}
