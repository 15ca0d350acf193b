//! The adjoint of an interpolation and its matrix, as plain data.

use crate::engine::storage::{MemoryAccess, Storage};
use crate::kernels::broadcast_rows::op::{BroadcastRows, Elements};
use crate::kernels::footprint::Footprint;
use crate::kernels::interp::op::InterpArgs;
use crate::kernels::reduce::op::Weights;

/// The cotangents of results.
#[derive(Clone)]
pub(crate) enum Cotangents {
    /// One for each result.
    Elements(Storage),
    /// Those of the results' weighted sums: for each row of `len` results a factor, times the weight of the result.
    /// What a reduction of rows hands back, without the memory for it.
    Rows { factors: Storage, len: usize, weights: Weights },
}

/// Sums the shares of cotangents for the values, the knots and the fills of a table.
#[derive(Clone)]
pub(crate) struct Adjoint {
    /// Queries that have been located.
    pub args: InterpArgs,
    pub cotangents: Cotangents,
    /// How many sets of values get sums: one, or one for each row.
    pub sets: usize,
    /// Memory of the CPU engine for undivided sums, see [`scratch_len`](crate::kernels::adjoint::cpu::scratch_len).
    pub scratch: Option<Storage>,
    /// Of the values: `[sets, given knots]`.
    pub fp: Option<Storage>,
    /// Of the knots, of the value to the left and of that to the right: of one set.
    pub xp: Option<Storage>,
    pub left: Option<Storage>,
    pub right: Option<Storage>,
}

impl Adjoint {
    /// The same with cotangents that are never written: factors of rows, times weights.
    pub fn of_rows(&self, rows: &BroadcastRows) -> Option<Self> {
        let (Cotangents::Elements(values), Elements::Weights(weights)) = (&self.cotangents, &rows.elements) else {
            return None;
        };
        let is_read_otherwise = |storage: &Storage| storage.id() == rows.output.id();
        let weighs_itself = match weights {
            Weights::None => false,
            Weights::Shared(weights) | Weights::PerElement(weights) => is_read_otherwise(weights),
        };
        if values.id() != rows.output.id() || rows.view.inner != 1 || weighs_itself || is_read_otherwise(&self.args.x) {
            return None;
        }
        let (factors, weights) = (rows.factors.clone(), weights.clone());
        let cotangents = Cotangents::Rows { factors, len: rows.view.len, weights };
        Some(Self { cotangents, ..self.clone() })
    }

    /// Queries whose shares go to the same sums.
    pub fn results_per_set(&self) -> usize {
        self.args.results() / self.sets.max(1)
    }

    pub fn footprint(&self) -> Footprint {
        let Self { args, cotangents, sets, fp, xp, left, right, .. } = self;
        let dtype = args.table.dtype;
        let mut reads = args.reads();
        reads.extend(args.table.order_access());
        match cotangents {
            Cotangents::Elements(values) => reads.push(values.access(dtype.bytes(args.results()))),
            Cotangents::Rows { factors, len, weights } => {
                reads.push(factors.access(dtype.bytes(args.results() / len.max(&1))));
                match weights {
                    Weights::None => {}
                    Weights::Shared(weights) => reads.push(weights.access(dtype.bytes(*len))),
                    Weights::PerElement(weights) => reads.push(weights.access(dtype.bytes(args.results()))),
                }
            }
        }
        let access = |storage: &Option<Storage>, len: usize| -> Option<MemoryAccess> {
            storage.as_ref().map(|storage| storage.access(dtype.bytes(len)))
        };
        let knots = args.table.given_knots;
        let writes = [access(fp, sets * knots), access(xp, knots), access(left, 1), access(right, 1)];
        Footprint {
            name: format!("transposed interp of {} x {}", args.rows, args.columns),
            reads,
            writes: writes.into_iter().flatten().collect(),
        }
    }
}

/// Writes the matrix of an interpolation as SciPy keeps sparse ones: for each result the columns of its knots and
/// their weights.
pub(crate) struct Csr {
    /// Queries that have been located.
    pub args: InterpArgs,
    /// Where each row begins: one more than there are results.
    pub indptr: Storage,
    pub indices: Storage,
    pub data: Storage,
}

impl Csr {
    /// How many knots a result has: two, of a table of one knot one.
    pub fn entries_per_result(args: &InterpArgs) -> usize {
        args.table.given_knots.min(2)
    }

    pub fn footprint(&self) -> Footprint {
        let Self { args, indptr, indices, data } = self;
        let (results, entries) = (args.results(), args.results() * Self::entries_per_result(args));
        Footprint {
            name: format!("matrix of {} x {}", args.rows, args.columns),
            reads: args.reads().into_iter().chain(args.table.order_access()).collect(),
            writes: vec![
                indptr.access(4 * (results as u64 + 1)),
                indices.access(4 * entries as u64),
                data.access(args.table.dtype.bytes(entries)),
            ],
        }
    }
}
