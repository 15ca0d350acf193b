//! The operations: a folder per family, with the kernels of both engines side by side.
//!
//! An operation is plain data: its element type, operands, output and parameters, already validated and allocated.
//! Eager mode runs one immediately; a plan stores it and runs it later. There is no separate code path for plans, and
//! an engine is one of the two matches in [`Op`].

pub(crate) mod arrange;
pub(crate) mod door;
pub(crate) mod footprint;
pub(crate) mod interp;
pub(crate) mod interp_reduce;
pub(crate) mod reduce;
pub(crate) mod search;
pub(crate) mod standardize;
pub(crate) mod tiles;
pub(crate) mod transpose;

use crate::engine::gpu::encoder::Encoder;
use crate::error::Result;
use crate::float::dtype::for_float;
use crate::kernels::arrange::op::ArrangeKnots;
use crate::kernels::footprint::Footprint;
use crate::kernels::interp::op::{BuildTable, Interp};
use crate::kernels::interp_reduce::op::InterpReduce;
use crate::kernels::reduce::op::Reduce;
use crate::kernels::search::op::{IndexKnots, PrepareKnots, Search};
use crate::kernels::standardize::op::{Standardize, StandardizeRows};
use crate::kernels::transpose::op::Transpose;

/// An operation of any family.
pub(crate) enum Op {
    ArrangeKnots(ArrangeKnots),
    BuildTable(BuildTable),
    IndexKnots(IndexKnots),
    Interp(Interp),
    InterpReduce(InterpReduce),
    PrepareKnots(PrepareKnots),
    Reduce(Reduce),
    Search(Search),
    Standardize(Standardize),
    StandardizeRows(StandardizeRows),
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
            Self::ArrangeKnots(op) => for_float!(op.dtype, T => arrange::cpu::arrange_knots::<T>(op)),
            Self::BuildTable(op) => for_float!(op.table.dtype, T => interp::cpu::build_table::<T>(op)),
            // Its own index is built when there were queries enough.
            Self::IndexKnots(_) => Ok(()),
            Self::Interp(op) => for_float!(op.args.table.dtype, T => interp::cpu::interp::<T>(op)),
            Self::InterpReduce(op) => for_float!(op.reduce.dtype, T => interp_reduce::cpu::interp_reduce::<T>(op)),
            Self::PrepareKnots(op) => for_float!(op.dtype, T => search::cpu::prepare_knots::<T>(op)),
            Self::Reduce(op) => for_float!(op.dtype, T => reduce::cpu::reduce::<T>(op, None)),
            Self::Search(op) => for_float!(op.axis.dtype, T => search::cpu::search::<T>(op)),
            Self::Standardize(op) => for_float!(op.dtype, T => standardize::cpu::standardize::<T>(op)),
            Self::StandardizeRows(op) => for_float!(op.dtype, T => standardize::cpu::standardize_rows::<T>(op)),
            Self::Transpose(op) => for_float!(op.dtype, T => transpose::cpu::transpose::<T>(op)),
            #[cfg(test)]
            Self::Touch(_) => Ok(()),
        }
    }

    /// Encodes the commands that compute the output on a GPU.
    pub fn encode(&self, encoder: &Encoder<'_>) -> Result<()> {
        match self {
            Self::ArrangeKnots(op) => arrange::gpu::arrange_knots(op, encoder),
            Self::BuildTable(op) => interp::gpu::build_table(op, encoder),
            Self::IndexKnots(op) => search::gpu_index::index_knots(op, encoder),
            Self::Interp(op) => interp::gpu::interp(op, encoder),
            Self::InterpReduce(op) => interp_reduce::gpu::interp_reduce(op, encoder),
            Self::PrepareKnots(op) => search::gpu::prepare_knots(op, encoder),
            Self::Reduce(op) => reduce::gpu::reduce(op, encoder),
            Self::Search(op) => search::gpu::search(op, encoder),
            Self::Standardize(op) => standardize::gpu::standardize(op, encoder),
            Self::StandardizeRows(op) => standardize::gpu::standardize_rows(op, encoder),
            Self::Transpose(op) => transpose::gpu::transpose(op, encoder),
            #[cfg(test)]
            Self::Touch(_) => Ok(()),
        }
    }

    /// Its name, and the memory that it touches.
    pub fn footprint(&self) -> Footprint {
        match self {
            Self::ArrangeKnots(op) => op.footprint(),
            Self::BuildTable(op) => op.footprint(),
            Self::IndexKnots(op) => op.footprint(),
            Self::Interp(op) => op.footprint(),
            Self::InterpReduce(op) => op.footprint(),
            Self::PrepareKnots(op) => op.footprint(),
            Self::Reduce(op) => op.footprint(),
            Self::Search(op) => op.footprint(),
            Self::Standardize(op) => op.footprint(),
            Self::StandardizeRows(op) => op.footprint(),
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
    ArrangeKnots,
    BuildTable,
    IndexKnots,
    Interp,
    InterpReduce,
    PrepareKnots,
    Reduce,
    Search,
    Standardize,
    StandardizeRows,
    Transpose,
}
