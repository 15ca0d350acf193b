//! Which workloads a run has.

use super::{Overhead, SHAPES, Spacing, Type, Workload};

impl Workload {
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

    /// Those of which the memory that ndgpu's CPU engine adds is measured: what the bars of memory are about.
    pub fn memory() -> Vec<Self> {
        let interp = |knots| Self::interp(Type::F32, knots, Spacing::Random, false, 10_000_000);
        let average = |full| Self::Average { ty: Type::F32, rows: 4, columns: 4_000_000, axis: 1, full };
        vec![interp(1_024), interp(1_000_000), average(false), average(true)]
    }

    fn interp(ty: Type, knots: usize, spacing: Spacing, sorted: bool, queries: usize) -> Self {
        Self::Interp { ty, tables: 1, knots, spacing, sorted, queries }
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
