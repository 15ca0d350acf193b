//! [`Compiled`]: the code of every operation for one type of float, compiled here and not where it is used.
//!
//! A generic function is compiled in each program that calls it, with that program's settings: tens of seconds of every
//! build of whoever depends on this crate, and kernels without optimisation in their debug builds, whatever their profile
//! says about dependencies. What takes long to compile is therefore reached through a table of functions, of which this
//! crate holds one for `f32` and one for `f64`. The price is a call through a pointer and a box for each operation, some
//! ten nanoseconds.

use crate::device::Device;
use crate::element::Float;
use crate::error::Result;
use crate::kernels::footprint::Operation;
use crate::kernels::interp::op::{BuildSegments, Interp};
use crate::kernels::interp_reduce::op::InterpReduce;
use crate::kernels::reduce::op::Reduce;
use crate::kernels::search::axis::{PrepareKnots, SortedAxis};
use crate::kernels::standardize::op::{Standardize, StandardizeRows};
use crate::kernels::transpose::op::Transpose;
use crate::table::InterpTable;
use crate::table::builder::InterpTableBuilder;
use crate::table::knots::Search;

/// An operation whose code is in this crate.
pub(crate) trait CompiledOperation {
    /// The operation with its code.
    fn into_compiled(self) -> Box<dyn Operation>;
}

macro_rules! compiled {
    ($($field:ident: $operation:ident,)*) => {
        /// Ways to what is compiled here. Not part of the public API.
        pub struct Compiled<T: Float> {
            $($field: fn($operation<T>) -> Box<dyn Operation>,)*
            pub(crate) index_knots: fn(&Device, &[T], usize, &mut u64) -> Result<SortedAxis<T>>,
            pub(crate) build_table: fn(InterpTableBuilder<'_, T>, &Device) -> Result<InterpTable<T>>,
        }

        impl<T: Float> Compiled<T> {
            pub(crate) const fn new() -> Self {
                Self {
                    $($field: |operation| Box::new(operation),)*
                    index_knots: SortedAxis::from_host,
                    build_table: |builder, device| builder.upload(device),
                }
            }
        }

        $(impl<T: Float> CompiledOperation for $operation<T> {
            fn into_compiled(self) -> Box<dyn Operation> {
                (T::compiled().$field)(self)
            }
        })*
    };
}

compiled! {
    build_segments: BuildSegments,
    interp: Interp,
    interp_reduce: InterpReduce,
    prepare_knots: PrepareKnots,
    reduce: Reduce,
    search: Search,
    standardize: Standardize,
    standardize_rows: StandardizeRows,
    transpose: Transpose,
}
