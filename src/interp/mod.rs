//! Piecewise interpolation: NumPy's `interp`, one table or many at once.
//!
//! [`table`] says what a table is and how it is queried, [`builder`] takes host data and options, `arrange` leaves out what
//! is missing, sorts, and closes periods. `gpu` and `cpu` are the two engines' halves of the operations in [`operation`];
//! `paths` chooses among the GPU's kernels, `lookup` is the CPU's.
//!
//! The formula for a query `x` between knots `j` and `j + 1` is NumPy's, `slope[j] * (x - xp[j]) + fp[j]` with
//! `slope[j] = (fp[j+1] - fp[j]) / (xp[j+1] - xp[j])`, and so are the rules around it: at a knot the value is `fp[j]` bit
//! for bit, of repeated knots the last wins, outside it is `left` or `right`, a NaN query gives NaN.

mod arrange;
mod builder;
mod cpu;
mod gpu;
mod lookup;
mod operation;
pub(crate) mod paths;
mod table;

pub use builder::{InterpTableBuilder, Method, Order};
pub(crate) use cpu::Looked;
#[cfg(test)]
pub(crate) use gpu::kernels;
pub(crate) use gpu::{RuleParameters, facts, flags_of, segments_binding};
pub(crate) use operation::{BuildSegments, Interp, Lookups};
pub use table::InterpTable;
