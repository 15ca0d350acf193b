//! Which kernel looks queries up on a GPU. The one place where that is decided, from what is known before anything
//! runs: the table, the rules, the shape of the queries, the kind of device. The experiments behind it are in
//! docs/notebook.

use crate::engine::gpu::pipelines::{Access, Constants, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, constants};
use crate::engine::info::DeviceKind;
use crate::float::dtype::FloatType;
use crate::float::scalar::Scalar;
use crate::index::gpu_index::{SearchBounds, WRITTEN_OUT};
use crate::kernels::interp::gpu_params::{InterpParameters, RuleParameters, flags};
use crate::kernels::interp::op::{Method, Rules, TableData};
use crate::kernels::search::gpu::{MOST_STEPS, TableParameters, bucketings, descent, descent_on_device};

/// Constants that a shader sees at once: what every WebGPU device has.
pub(crate) const UNIFORM_BYTES: u64 = 64 << 10;

/// Where a bucket and its neighbours have so many knots at most, as a power of two, a search goes from one to the next.
/// Most queries take a step or none; where a query takes all of them, bisecting would have been shorter.
const LONGEST_WALK: u32 = 5;

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

    /// What a kernel without buckets has to know: segments are those of a row's table, whoever shares the knots.
    fn without_buckets(self) -> Self {
        match self {
            Self::One => Self::One,
            Self::SharedKnots | Self::OwnKnots => Self::OwnKnots,
        }
    }
}

/// What a device and a table are like, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeviceCaps {
    pub kind: DeviceKind,
    /// Whether [`UNIFORM_BYTES`] can be bound.
    pub takes_uniform: bool,
    pub element: FloatType,
    /// Knots of all tables.
    pub cells: u64,
}

impl DeviceCaps {
    /// Whether the segments lie in constants.
    ///
    /// Software rasterisers: a load from constants costs a quarter of one from storage. Measured on llvmpipe, 1,024
    /// knots, f32: 10 ns a query from constants with 10 steps from the first knot, 18 from storage with 4 steps from a
    /// bucket. Textures took as long as storage. Hardware has caches for storage, but serialises loads of constants
    /// from different places: never there.
    pub fn is_uniform(&self) -> bool {
        let segment = match self.element {
            FloatType::F32 => 16,
            FloatType::F64 => 32,
        };
        self.kind == DeviceKind::Software && self.takes_uniform && self.cells * segment <= UNIFORM_BYTES
    }
}

/// A kernel of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct InterpVariant {
    pub element: FloatType,
    /// Four queries in one load: 2 to 3 ns less each on llvmpipe than four loads.
    pub quads: bool,
    /// Long division by the period: loops that a software rasteriser enters even where nothing is divided, 3 ns a
    /// query.
    pub period: bool,
    pub uniform: bool,
    /// The search begins at a bucket, not at the first knot.
    pub buckets: bool,
    /// The index is one that the device made.
    pub on_device: bool,
    /// What is special was looked at when the table was built; saves 2 ns and a load. Where the device made the index
    /// nobody has looked at distances, so the rules have those in addition.
    pub finite: bool,
    pub tables: Tables,
    /// Segments were found before: nothing is searched, and queries have been taken into the period.
    pub located: bool,
    /// The search goes from segment to segment: for hardware.
    pub walks: bool,
    /// It begins where evenly spaced knots would have the query, not at a bucket.
    pub even: bool,
    /// How many steps a search has that bisects; a walk has at most two to the power of them.
    pub steps: u32,
}

impl InterpVariant {
    pub fn choose(
        device_caps: &DeviceCaps,
        rules: &Rules<Scalar>,
        bounds: &SearchBounds,
        tables: Tables,
        quads: bool,
    ) -> Self {
        let uniform = device_caps.is_uniform();
        // From constants a step is cheaper than the way to a bucket, which lies in storage.
        let bucket_depth = bounds.bucket_depth.or(bounds.is_on_device.then_some(WRITTEN_OUT));
        let bucket_depth = bucket_depth.filter(|&steps| !uniform && steps < bounds.full_depth);
        let on_device = bucket_depth.is_some() && bounds.is_on_device;
        let is_near = bucket_depth.is_some_and(|steps| steps <= LONGEST_WALK);
        let walks = device_caps.kind.is_hardware_gpu() && !on_device && is_near;
        Self {
            element: device_caps.element,
            quads,
            period: rules.period.is_some(),
            uniform,
            buckets: bucket_depth.is_some(),
            on_device,
            finite: is_finite(rules, bounds) && (bounds.finite || on_device),
            tables: if bucket_depth.is_some() { tables } else { tables.without_buckets() },
            located: false,
            walks,
            even: walks && bounds.even.is_some(),
            steps: bucket_depth.unwrap_or(bounds.full_depth).min(MOST_STEPS),
        }
    }

    /// The same, bisecting from the first knot, where there is no room for the index.
    pub fn without_buckets(self, bounds: &SearchBounds) -> Self {
        let tables = self.tables.without_buckets();
        let finite = self.finite && !self.on_device;
        let steps = bounds.full_depth.min(MOST_STEPS);
        Self { buckets: false, on_device: false, walks: false, even: false, finite, tables, steps, ..self }
    }

    /// The same for queries whose segments are known.
    pub fn of_located(self) -> Self {
        // What rules there are is left of who made the index.
        let on_device = self.on_device && self.finite;
        let tables = self.tables.without_buckets();
        let not_found = Self { period: false, buckets: false, walks: false, even: false, ..self };
        Self { located: true, on_device, tables, steps: 0, ..not_found }
    }

    /// The same for kernels that evaluate nothing, whatever the rules.
    pub fn of_any_rules(self) -> Self {
        Self { finite: false, on_device: self.on_device && !self.located, ..self }
    }

    /// What every kernel with a table begins with, its parameters among it.
    pub fn beginning(self, parameters: &'static str) -> Vec<&'static str> {
        let of_table = [TableParameters::WGSL, RuleParameters::WGSL, parameters];
        [wgsl::element(self.element), wgsl::SPECIAL].into_iter().chain(of_table).collect()
    }

    /// The table, for any kernel: all but the parameters.
    pub fn table_fragments(self) -> Vec<&'static str> {
        let mut fragments = vec![flags(), RULES];
        if self.uniform {
            fragments.push(constants! { UNIFORM_BYTES = UNIFORM_BYTES });
        }
        fragments.push(match self.uniform {
            true => include_str!("../../../shaders/table/segments_uniform.wgsl"),
            false => include_str!("../../../shaders/table/segments_storage.wgsl"),
        });
        fragments.push(include_str!("../../../shaders/interp/cell.wgsl"));
        fragments
    }

    /// Finding, for any kernel: all but the parameters.
    pub fn find_fragments(self) -> Vec<&'static str> {
        let mut fragments = self.table_fragments();
        fragments.push(wgsl::queries(self.quads));
        if self.located {
            fragments.extend([
                include_str!("../../../shaders/interp/position.wgsl"),
                wgsl::cells(self.quads),
                include_str!("../../../shaders/interp/located.wgsl"),
            ]);
            return fragments;
        }
        if !self.walks {
            fragments.push(include_str!("../../../shaders/interp/position.wgsl"));
            fragments.extend(if self.on_device { descent_on_device() } else { descent(self.buckets) });
        }
        if self.period {
            fragments.push(include_str!("../../../shaders/lib/modulo.wgsl"));
        }
        fragments.extend([match self.period {
            true => include_str!("../../../shaders/interp/period.wgsl"),
            false => NO_PERIOD,
        }]);
        match self.walks {
            true => fragments.extend([bucketings(), include_str!("../../../shaders/interp/walk.wgsl")]),
            false => fragments.push(include_str!("../../../shaders/interp/find.wgsl")),
        }
        fragments
    }

    /// Finding and evaluating, for any kernel: all but the parameters and where the results go.
    pub fn lookup_fragments(self) -> Vec<&'static str> {
        let mut fragments = self.find_fragments();
        if !self.finite {
            fragments.push(methods());
        }
        fragments.extend([
            match (self.finite, self.on_device) {
                (true, false) => include_str!("../../../shaders/interp/finite.wgsl"),
                (true, true) => include_str!("../../../shaders/interp/seldom.wgsl"),
                (false, _) => include_str!("../../../shaders/interp/any.wgsl"),
            },
            match self.walks {
                true => include_str!("../../../shaders/interp/evaluate_found.wgsl"),
                false => include_str!("../../../shaders/interp/evaluate.wgsl"),
            },
        ]);
        fragments
    }

    /// The values of the overrides in those fragments.
    pub fn lookup_constants(self) -> Constants {
        let mut constants = vec![("TABLES", f64::from(u8::from(self.tables != Tables::One)))];
        match (self.walks, self.located) {
            (true, _) => {
                constants.push(("STEPS", f64::from(1_u32 << self.steps)));
                constants.push(("EVEN", f64::from(u8::from(self.even))));
            }
            (false, false) => constants.push(("DEPTH", f64::from(self.steps))),
            (false, true) => {}
        }
        if self.buckets {
            constants.push(("OWN_KNOTS", f64::from(u8::from(self.tables == Tables::OwnKnots))));
        }
        constants
    }

    /// How it uses the table's bind group: segments, and the axis' index.
    pub fn shared(self) -> &'static [Access] {
        use Access::{Read, Uniform};
        match (self.uniform, self.buckets) {
            (true, true) => &[Uniform, Read, Read],
            (true, false) => &[Uniform],
            (false, true) => &[Read, Read, Read],
            (false, false) => &[Read],
        }
    }

    fn fragments(self) -> Vec<&'static str> {
        let mut fragments = self.beginning(InterpParameters::DECLARED);
        fragments.extend(self.lookup_fragments());
        fragments.push(wgsl::results(self.quads));
        fragments.extend([wgsl::workgroup(), wgsl::GRID, include_str!("../../../shaders/interp/main.wgsl")]);
        fragments
    }

    /// Names the choices, for the name of a kernel.
    pub fn name(self) -> String {
        let Self { element, quads, period, uniform, buckets, on_device, finite, tables, located, walks, even, steps } =
            self;
        let flags = [quads, period, uniform, buckets, finite];
        let flags = flags.iter().fold(0, |number, &flag| 2 * number + u8::from(flag));
        let index = if on_device { "_OnDevice" } else { "" };
        let located = if located { "_Located" } else { "" };
        let way = match (walks, even) {
            (true, true) => "_Even",
            (true, false) => "_Walk",
            (false, _) => "",
        };
        format!("{element}_{tables:?}_{flags:05b}{index}{located}{way}_{steps}")
    }
}

impl KernelKey for InterpVariant {
    fn source(self) -> KernelSource {
        use Access::{Absent, Read, ReadWrite};
        KernelSource {
            name: format!("interp_{}", self.name()),
            fragments: self.fragments(),
            constants: self.lookup_constants(),
            access: match self.located {
                true => &[Read, Absent, ReadWrite, Absent, Absent, Absent, Read],
                false => &[Read, Absent, ReadWrite],
            },
            shared: self.shared(),
        }
    }
}

/// Whether the segments of a table hold what `shaders/interp/finite.wgsl` wants; or `seldom.wgsl`, where the device has
/// the index. What they hold, `any.wgsl` takes as well.
pub(crate) fn is_finite(rules: &Rules<Scalar>, bounds: &SearchBounds) -> bool {
    let is_plain = rules.method == Method::Linear && rules.extended() == (false, false) && !rules.ragged;
    is_plain && (bounds.finite || bounds.is_on_device)
}

/// The methods that shaders tell apart.
pub(crate) fn methods() -> &'static str {
    constants! {
        METHOD_LINEAR = Method::Linear,
        METHOD_NEAREST = Method::Nearest,
        METHOD_NEXT = Method::Next,
    }
}

/// The rules of a table as the host passes them.
pub(crate) const RULES: &str = include_str!("../../../shaders/interp/rules.wgsl");
/// Queries as they are.
const NO_PERIOD: &str = "// provides: wrap\n// needs: Bits\nfn wrap(query: Bits) -> Bits { return query; }\n";

/// Every specialisation, for the test that translates them all: every combination with some number of steps, and one
/// with every number.
#[cfg(test)]
pub(crate) fn variants() -> Vec<InterpVariant> {
    let mut all = Vec::new();
    for element in [FloatType::F32, FloatType::F64] {
        for tables in [Tables::One, Tables::SharedKnots, Tables::OwnKnots] {
            for flags in 0..32 {
                let [quads, period, uniform, buckets, finite] = [1, 2, 4, 8, 16].map(|flag| flags & flag != 0);
                if !buckets && tables != tables.without_buckets() {
                    continue;
                }
                let (on_device, located, steps) = (false, false, 3);
                let some = InterpVariant {
                    element,
                    quads,
                    period,
                    uniform,
                    buckets,
                    on_device,
                    finite,
                    tables,
                    located,
                    walks: false,
                    even: false,
                    steps,
                };
                all.push(some);
                if buckets && !uniform {
                    all.push(InterpVariant { walks: true, ..some });
                    if tables != Tables::OwnKnots {
                        all.push(InterpVariant { walks: true, even: true, ..some });
                    }
                }
                if !period && !buckets {
                    all.push(some.of_located());
                }
                if buckets && !uniform {
                    let on_device = InterpVariant { on_device: true, steps: WRITTEN_OUT, ..some };
                    all.push(on_device);
                    if !period && finite && tables == tables.without_buckets() {
                        all.push(on_device.of_located());
                    }
                }
                if flags == 0 && tables == Tables::One {
                    let others = (0..=MOST_STEPS).filter(|&steps| steps != 3);
                    all.extend(others.map(|steps| InterpVariant { steps, ..some }));
                }
            }
        }
    }
    all
}

#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    variants().into_iter().map(KernelKey::source).collect()
}
