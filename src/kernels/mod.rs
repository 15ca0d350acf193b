//! The operations: a folder per family, with the kernels of both engines side by side.
//!
//! An operation is plain data: its element type, operands, output and parameters, already validated and allocated.
//! Eager mode runs one immediately; a plan stores it and runs it later. There is no separate code path for plans, and
//! an engine is one of the two matches in [`Op`].

pub(crate) mod adjoint;
pub(crate) mod arrange;
pub(crate) mod broadcast_rows;
pub(crate) mod door;
pub(crate) mod footprint;
pub(crate) mod interp;
pub(crate) mod interp_reduce;
pub(crate) mod locate;
pub(crate) mod reduce;
pub(crate) mod search;
pub(crate) mod slope;
pub(crate) mod standardize;
pub(crate) mod sum_over_rows;
pub(crate) mod tiles;
pub(crate) mod transpose;

use crate::engine::gpu::encoder::Encoder;
use crate::error::Result;
use crate::float::dtype::for_float;
use crate::kernels::adjoint::op::{Adjoint, Csr};
use crate::kernels::arrange::op::ArrangeKnots;
use crate::kernels::broadcast_rows::op::{BroadcastRows, RowFactors};
use crate::kernels::footprint::Footprint;
use crate::kernels::interp::op::{BuildTable, Interp};
use crate::kernels::interp_reduce::op::InterpReduce;
use crate::kernels::locate::op::Locate;
use crate::kernels::reduce::op::Reduce;
use crate::kernels::search::op::{IndexKnots, PrepareKnots, Search};
use crate::kernels::slope::op::Slope;
use crate::kernels::standardize::op::{Standardize, StandardizeRows};
use crate::kernels::sum_over_rows::op::SumOverRows;
use crate::kernels::transpose::op::Transpose;

/// An operation of any family.
pub(crate) enum Op {
    Adjoint(Adjoint),
    BroadcastRows(BroadcastRows),
    BuildTable(BuildTable),
    Csr(Csr),
    ArrangeKnots(ArrangeKnots),
    IndexKnots(IndexKnots),
    Interp(Interp),
    InterpReduce(InterpReduce),
    Locate(Locate),
    PrepareKnots(PrepareKnots),
    Reduce(Reduce),
    RowFactors(RowFactors),
    Search(Search),
    Slope(Slope),
    Standardize(Standardize),
    StandardizeRows(StandardizeRows),
    SumOverRows(SumOverRows),
    Transpose(Transpose),
    /// Declares a footprint and computes nothing.
    #[cfg(test)]
    Touch(Footprint),
}

impl Op {
    /// Computes the output now, on the CPU engine. The one match over operations and types: every CPU kernel is
    /// compiled for each type here.
    pub fn run(&self) -> Result<()> {
        match self {
            Self::Adjoint(op) => for_float!(op.args.table.dtype, T => adjoint::cpu::adjoint::<T>(op)),
            Self::BroadcastRows(op) => for_float!(op.dtype, T => broadcast_rows::cpu::broadcast_rows::<T>(op)),
            Self::BuildTable(op) => for_float!(op.table.dtype, T => interp::cpu::build_table::<T>(op)),
            Self::Csr(op) => for_float!(op.args.table.dtype, T => adjoint::csr::csr::<T>(op)),
            Self::ArrangeKnots(op) => for_float!(op.dtype, T => arrange::cpu::arrange_knots::<T>(op)),
            // Its own index is built when there were queries enough.
            Self::IndexKnots(_) => Ok(()),
            Self::Interp(op) => for_float!(op.args.table.dtype, T => interp::cpu::interp::<T>(op)),
            Self::InterpReduce(op) => for_float!(op.reduce.dtype, T => interp_reduce::cpu::interp_reduce::<T>(op)),
            Self::Locate(op) => for_float!(op.args.table.dtype, T => locate::cpu::locate::<T>(op)),
            Self::PrepareKnots(op) => for_float!(op.dtype, T => search::cpu::prepare_knots::<T>(op)),
            Self::Reduce(op) => for_float!(op.dtype, T => reduce::cpu::reduce::<T>(op, None)),
            Self::RowFactors(op) => for_float!(op.dtype, T => broadcast_rows::cpu::row_factors::<T>(op)),
            Self::Search(op) => for_float!(op.axis.dtype, T => search::cpu::search::<T>(op)),
            Self::Slope(op) => for_float!(op.args.table.dtype, T => slope::cpu::slope::<T>(op)),
            Self::Standardize(op) => for_float!(op.dtype, T => standardize::cpu::standardize::<T>(op)),
            Self::StandardizeRows(op) => for_float!(op.dtype, T => standardize::cpu::standardize_rows::<T>(op)),
            Self::SumOverRows(op) => for_float!(op.dtype, T => sum_over_rows::cpu::sum_over_rows::<T>(op)),
            Self::Transpose(op) => for_float!(op.dtype, T => transpose::cpu::transpose::<T>(op)),
            #[cfg(test)]
            Self::Touch(_) => Ok(()),
        }
    }

    /// Encodes the commands that compute the output on a GPU.
    pub fn encode(&self, encoder: &Encoder<'_>) -> Result<()> {
        match self {
            Self::Adjoint(op) => adjoint::gpu::adjoint(op, encoder),
            Self::BroadcastRows(op) => broadcast_rows::gpu::broadcast_rows(op, encoder),
            Self::BuildTable(op) => interp::gpu::build_table(op, encoder),
            Self::Csr(op) => adjoint::gpu::csr(op, encoder),
            Self::ArrangeKnots(op) => arrange::gpu::arrange_knots(op, encoder),
            Self::IndexKnots(op) => search::gpu_index::index_knots(op, encoder),
            Self::Interp(op) => interp::gpu::interp(op, encoder),
            Self::InterpReduce(op) => interp_reduce::gpu::interp_reduce(op, encoder),
            Self::Locate(op) => locate::gpu::locate(op, encoder),
            Self::PrepareKnots(op) => search::gpu::prepare_knots(op, encoder),
            Self::Reduce(op) => reduce::gpu::reduce(op, encoder),
            Self::RowFactors(op) => broadcast_rows::gpu::row_factors(op, encoder),
            Self::Search(op) => search::gpu::search(op, encoder),
            Self::Slope(op) => slope::gpu::slope(op, encoder),
            Self::Standardize(op) => standardize::gpu::standardize(op, encoder),
            Self::StandardizeRows(op) => standardize::gpu::standardize_rows(op, encoder),
            Self::SumOverRows(op) => sum_over_rows::gpu::sum_over_rows(op, encoder),
            Self::Transpose(op) => transpose::gpu::transpose(op, encoder),
            #[cfg(test)]
            Self::Touch(_) => Ok(()),
        }
    }

    /// Its name, and the memory that it touches.
    pub fn footprint(&self) -> Footprint {
        match self {
            Self::Adjoint(op) => op.footprint(),
            Self::BroadcastRows(op) => op.footprint(),
            Self::BuildTable(op) => op.footprint(),
            Self::Csr(op) => op.footprint(),
            Self::ArrangeKnots(op) => op.footprint(),
            Self::IndexKnots(op) => op.footprint(),
            Self::Interp(op) => op.footprint(),
            Self::InterpReduce(op) => op.footprint(),
            Self::Locate(op) => op.footprint(),
            Self::PrepareKnots(op) => op.footprint(),
            Self::Reduce(op) => op.footprint(),
            Self::RowFactors(op) => op.footprint(),
            Self::Search(op) => op.footprint(),
            Self::Slope(op) => op.footprint(),
            Self::Standardize(op) => op.footprint(),
            Self::StandardizeRows(op) => op.footprint(),
            Self::SumOverRows(op) => op.footprint(),
            Self::Transpose(op) => op.footprint(),
            #[cfg(test)]
            Self::Touch(footprint) => footprint.clone(),
        }
    }
}

macro_rules! from_op {
    ($($op:ident,)*) => {
        $(impl From<$op> for Op {
            fn from(op: $op) -> Self {
                Self::$op(op)
            }
        })*
    };
}

from_op! {
    Adjoint,
    BroadcastRows,
    BuildTable,
    Csr,
    ArrangeKnots,
    IndexKnots,
    Interp,
    InterpReduce,
    Locate,
    PrepareKnots,
    Reduce,
    RowFactors,
    Search,
    Slope,
    Standardize,
    StandardizeRows,
    SumOverRows,
    Transpose,
}
