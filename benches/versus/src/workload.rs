//! What is measured: every workload has a name, the bytes that must move for it, and says which inputs it needs.
//!
//! Names are paths, such as `interp/f32/1024/random/sorted/1e6` (knots, their spacing, order of the queries, queries) and
//! `average/f32/10000x1000/axis1/full`; `--workloads` matches them.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    F32,
    F64,
}

impl Type {
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

/// How the knots lie, and the queries with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spacing {
    /// As far apart as floats allow; queries anywhere in 0..1.
    Even,
    /// Anywhere in 0..1, and so the queries.
    Random,
    /// Over six decades, as many knots in each, and as many queries.
    Logarithmic,
}

impl Spacing {
    pub fn name(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Random => "random",
            Self::Logarithmic => "log",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overhead {
    /// One operation on a tiny array, and waiting for it.
    Dispatch,
    /// A hundred of them, and waiting once.
    Dispatches,
    /// 64 MB to the device.
    Upload,
    /// 64 MB to where the host can look at them.
    Readback,
    /// The same with the array given up.
    IntoReadback,
}

impl Overhead {
    pub fn moves_much(self) -> bool {
        matches!(self, Self::Upload | Self::Readback | Self::IntoReadback)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Workload {
    /// `tables` rows of `queries` each; one table is the plain case.
    Interp {
        ty: Type,
        tables: usize,
        knots: usize,
        spacing: Spacing,
        sorted: bool,
        queries: usize,
    },
    Average {
        ty: Type,
        rows: usize,
        columns: usize,
        axis: usize,
        full: bool,
    },
    Overhead {
        what: Overhead,
    },
}

/// Bytes of the large transfers.
pub const TRANSFER: usize = 64_000_000;
/// How many operations `Overhead::Dispatches` asks for.
pub const DISPATCHES: usize = 100;

pub const SHAPES: [(usize, usize); 5] =
    [(1_000_000, 8), (10_000, 1_000), (100, 100_000), (4, 4_000_000), (1_000, 1_000)];

impl Workload {
    fn interp(ty: Type, knots: usize, spacing: Spacing, sorted: bool, queries: usize) -> Self {
        Self::Interp { ty, tables: 1, knots, spacing, sorted, queries }
    }

    pub fn name(&self) -> String {
        match *self {
            Self::Interp { ty, tables: 1, knots, spacing, sorted, queries } => {
                let order = if sorted { "sorted" } else { "random" };
                format!("interp/{}/{knots}/{}/{order}/{}", ty.name(), spacing.name(), short(queries))
            }
            Self::Interp { ty, tables, knots, queries, .. } => {
                format!("tables/{}/{tables}x{knots}/{}", ty.name(), short(queries))
            }
            Self::Average { ty, rows, columns, axis, full } => {
                let weights = if full { "full" } else { "1d" };
                format!("average/{}/{rows}x{columns}/axis{axis}/{weights}", ty.name())
            }
            Self::Overhead { what } => match what {
                Overhead::Dispatch => "overhead/operation".into(),
                Overhead::Dispatches => "overhead/100-operations".into(),
                Overhead::Upload => "overhead/upload-64MB".into(),
                Overhead::Readback => "overhead/readback-64MB".into(),
                Overhead::IntoReadback => "overhead/into_readback-64MB".into(),
            },
        }
    }

    pub fn title(&self) -> String {
        match *self {
            Self::Interp { ty, tables: 1, knots, spacing, sorted, queries } => format!(
                "interp, {}: {} {} queries, {} {} knots",
                ty.name(),
                grouped(queries),
                if sorted { "sorted" } else { "random" },
                grouped(knots),
                match spacing {
                    Spacing::Even => "even",
                    Spacing::Random => "random",
                    Spacing::Logarithmic => "logarithmic",
                }
            ),
            Self::Interp { ty, tables, knots, queries, .. } => format!(
                "interp, {}: {} tables of {} random knots, {} queries each",
                ty.name(),
                grouped(tables),
                grouped(knots),
                grouped(queries)
            ),
            Self::Average { ty, rows, columns, axis, full } => format!(
                "average, {}: {} x {} along axis {axis}, weights {}",
                ty.name(),
                grouped(rows),
                grouped(columns),
                if full { "of the matrix's shape" } else { "1-D" }
            ),
            Self::Overhead { what } => match what {
                Overhead::Dispatch => "overhead: an operation on a tiny array, and waiting for it".into(),
                Overhead::Dispatches => format!("overhead: {DISPATCHES} operations on tiny arrays, and waiting once"),
                Overhead::Upload => "overhead: 64 MB to the device".into(),
                Overhead::Readback => "overhead: 64 MB to where the host can look at them".into(),
                Overhead::IntoReadback => "overhead: 64 MB to the host, the array given up".into(),
            },
        }
    }

    /// Each input read once and each output written once. Nothing for what is not about memory.
    pub fn bytes(&self) -> usize {
        match *self {
            Self::Interp { ty, tables, knots, queries, .. } => tables * (2 * queries + 2 * knots) * ty.bytes(),
            Self::Average { ty, rows, columns, axis, full } => {
                let (lines, places) = if axis == 1 { (rows, columns) } else { (columns, rows) };
                let weights = if full { rows * columns } else { places };
                (rows * columns + weights + lines) * ty.bytes()
            }
            Self::Overhead { what: Overhead::Dispatch | Overhead::Dispatches } => 0,
            Self::Overhead { .. } => TRANSFER,
        }
    }

    /// Queries, or elements of the matrix.
    pub fn elements(&self) -> usize {
        match *self {
            Self::Interp { tables, queries, .. } => tables * queries,
            Self::Average { rows, columns, .. } => rows * columns,
            Self::Overhead { what: Overhead::Dispatches } => DISPATCHES,
            Self::Overhead { what: Overhead::Dispatch } => 1,
            Self::Overhead { .. } => TRANSFER / 4,
        }
    }

    pub fn ty(&self) -> Type {
        match *self {
            Self::Interp { ty, .. } | Self::Average { ty, .. } => ty,
            Self::Overhead { .. } => Type::F32,
        }
    }

    /// The whole grid: what `cargo bench --bench versus` measures unless told otherwise.
    pub fn all() -> Vec<Self> {
        use Spacing::{Even, Logarithmic, Random};
        let mut all = Vec::new();
        // The chart of sizes starts where a call costs more than its work.
        for queries in [100, 1_000] {
            all.push(Self::interp(Type::F32, 1_024, Random, false, queries));
        }
        for knots in [16, 1_024, 65_536, 1_000_000] {
            for spacing in [Even, Random, Logarithmic] {
                for sorted in [false, true] {
                    for queries in [10_000, 1_000_000, 10_000_000] {
                        all.push(Self::interp(Type::F32, knots, spacing, sorted, queries));
                    }
                    if (knots, spacing, sorted) == (1_024, Random, false) {
                        all.insert(all.len() - 2, Self::interp(Type::F32, knots, spacing, sorted, 100_000));
                    }
                }
            }
        }
        for knots in [1_024, 65_536] {
            for queries in [1_000_000, 10_000_000] {
                all.push(Self::interp(Type::F64, knots, Random, false, queries));
            }
        }
        all.push(Self::many_tables());
        for full in [false, true] {
            for axis in [1, 0] {
                for (rows, columns) in SHAPES {
                    all.push(Self::Average { ty: Type::F32, rows, columns, axis, full });
                }
            }
        }
        for axis in [1, 0] {
            for (rows, columns) in [(10_000, 1_000), (1_000, 1_000)] {
                all.push(Self::Average { ty: Type::F64, rows, columns, axis, full: false });
            }
        }
        all.extend(Self::overheads());
        all
    }

    /// Something of everything, for a run of less than three minutes.
    pub fn quick() -> Vec<Self> {
        use Spacing::{Even, Logarithmic, Random};
        let mut all = Vec::new();
        for queries in [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
            all.push(Self::interp(Type::F32, 1_024, Random, false, queries));
        }
        let million = 1_000_000;
        all.push(Self::interp(Type::F32, 16, Random, false, million));
        all.push(Self::interp(Type::F32, 65_536, Random, false, million));
        all.push(Self::interp(Type::F32, 65_536, Even, false, million));
        all.push(Self::interp(Type::F32, 65_536, Logarithmic, false, million));
        all.push(Self::interp(Type::F32, million, Random, false, million));
        all.push(Self::interp(Type::F32, million, Random, true, million));
        all.push(Self::interp(Type::F64, 65_536, Random, false, million));
        for (rows, columns) in SHAPES {
            all.push(Self::Average { ty: Type::F32, rows, columns, axis: 1, full: false });
        }
        for (rows, columns) in [(10_000, 1_000), (1_000, 1_000)] {
            all.push(Self::Average { ty: Type::F32, rows, columns, axis: 0, full: false });
        }
        all.push(Self::Average { ty: Type::F32, rows: 10_000, columns: 1_000, axis: 1, full: true });
        all.extend(Self::overheads());
        all
    }

    fn many_tables() -> Self {
        Self::Interp {
            ty: Type::F32,
            tables: 1_000,
            knots: 256,
            spacing: Spacing::Random,
            sorted: false,
            queries: 10_000,
        }
    }

    fn overheads() -> impl Iterator<Item = Self> {
        use Overhead::{Dispatch, Dispatches, IntoReadback, Readback, Upload};
        [Dispatch, Dispatches, Upload, Readback, IntoReadback].into_iter().map(|what| Self::Overhead { what })
    }
}

/// `1e6` for a power of ten, else the digits.
fn short(count: usize) -> String {
    let power = count.ilog10();
    if count == 10_usize.pow(power) { format!("1e{power}") } else { count.to_string() }
}

/// `1,000,000`.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Workload, grouped};

    #[test]
    fn names_are_unique_and_short_runs_are_part_of_long_ones() {
        let all: Vec<_> = Workload::all().iter().map(Workload::name).collect();
        let unique: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), unique.len());
        assert_eq!(grouped(1_234_567), "1,234,567");
        for workload in Workload::quick() {
            assert!(all.contains(&workload.name()), "{}", workload.name());
        }
    }
}
