//! Prepared tables, and the operations on them as plain data.

use std::sync::Arc;

use crate::element::Float;
use crate::engine::gpu::binding::SharedGroup;
use crate::engine::storage::{MemoryAccess, Storage};
use crate::float::dtype::FloatType;
use crate::float::scalar::Scalar;
use crate::kernels::footprint::Footprint;
use crate::kernels::search::axis::SortedAxis;

/// The method of interpolation between two knots. At a knot the value is always that of the knot (of the last one if it
/// is repeated).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// On the line between the two.
    #[default]
    Linear = 0,
    /// The value of the nearer knot; halfway that of the left one.
    Nearest = 1,
    /// The value of the left knot.
    Previous = 2,
    /// The value of the right knot.
    Next = 3,
}

/// The rules of a table: method, period, and values outside the knots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<T> {
    pub left: Option<T>,
    pub right: Option<T>,
    /// Positive, or NaN.
    pub period: Option<T>,
    pub method: Method,
    pub extrapolate: bool,
    /// Tables may be padded with NaN: the knots end before the first NaN.
    pub ragged: bool,
    /// Knots of NaN values were dropped.
    pub skips_missing: bool,
}

impl<T: Copy> Rules<T> {
    fn map<U>(&self, to: impl Fn(T) -> U) -> Rules<U> {
        let Self { left, right, period, method, extrapolate, ragged, skips_missing } = *self;
        let (left, right, period) = (left.map(&to), right.map(&to), period.map(&to));
        Rules { left, right, period, method, extrapolate, ragged, skips_missing }
    }

    /// Whether the line of the first segment extends to the left, and that of the last to the right.
    pub fn extended(&self) -> (bool, bool) {
        let extended = self.extrapolate && self.method == Method::Linear;
        (extended && self.left.is_none(), extended && self.right.is_none())
    }
}

impl<T> Default for Rules<T> {
    fn default() -> Self {
        Self {
            left: None,
            right: None,
            period: None,
            method: Method::Linear,
            extrapolate: false,
            ragged: false,
            skips_missing: false,
        }
    }
}

impl<T: Float> Rules<T> {
    /// The rules without their type parameter.
    pub fn erased(&self) -> Rules<Scalar> {
        self.map(Scalar::of)
    }
}

impl Rules<Scalar> {
    /// The rules in the type that they were made from.
    pub fn of<T: Float>(&self) -> Rules<T> {
        self.map(Scalar::get)
    }
}

/// One table or several, on a device.
#[derive(Clone)]
pub(crate) struct TableData {
    pub dtype: FloatType,
    pub axis: Arc<SortedAxis>,
    /// The index of each knot's value among those given, if the knots were sorted.
    pub order: Option<Storage>,
    pub rules: Rules<Scalar>,
    /// Knots of a table as the caller gave them, without padding.
    pub given_knots: usize,
    /// Sets of values.
    pub tables: usize,
    /// Knots and values in the layout of the engine's kernels: pairs on the CPU, segments of four numbers on a GPU.
    pub segments: Storage,
    /// The part of it in use.
    pub segment_bytes: u64,
    /// A GPU's bind group of the segments and the axis' index.
    pub bind_group: SharedGroup,
}

impl TableData {
    /// What reading the order of its values takes, if they have one of their own.
    pub fn order_access(&self) -> Option<MemoryAccess> {
        self.order.as_ref().map(|order| order.access(4 * (self.axis.tables * self.axis.knots) as u64))
    }
}

/// Combines knots and values into the table's segments.
pub(crate) struct BuildTable {
    pub table: TableData,
    pub values: Storage,
}

/// Interpolates at queries.
pub(crate) struct Interp {
    pub args: InterpArgs,
    pub output: Storage,
}

/// Queries and their table.
#[derive(Clone)]
pub(crate) struct InterpArgs {
    pub table: Arc<TableData>,
    pub x: Storage,
    /// Rows of the output, with a table each (or one table for all).
    pub rows: usize,
    /// Queries per row.
    pub columns: usize,
    /// Every row has the same queries, and `x` holds them once.
    pub shared_queries: bool,
    /// The segment of each query, where it is known: nothing is searched then, and `x` has been taken into the period.
    pub cells: Option<Cells>,
}

/// The segments of queries.
#[derive(Clone)]
pub(crate) struct Cells {
    pub storage: Storage,
    /// Every row has its queries in the same segments, which are held once.
    pub shared: bool,
}

impl InterpArgs {
    /// The number of results.
    pub fn results(&self) -> usize {
        self.rows * self.columns
    }

    /// The number of queries in memory.
    pub fn queries(&self) -> usize {
        if self.shared_queries { self.columns } else { self.results() }
    }

    /// Whether every row has its queries in the same segments.
    pub fn shares_cells(&self) -> bool {
        self.cells.as_ref().is_some_and(|cells| cells.shared)
    }

    /// What finding and evaluating read: queries, segments of the table, and either the search index or the segments
    /// of queries that are known.
    pub fn reads(&self) -> Vec<MemoryAccess> {
        let Self { table, x, cells, .. } = self;
        let mut reads = vec![x.access(table.dtype.bytes(self.queries())), table.segments.access(table.segment_bytes)];
        match (cells, &table.axis.index) {
            (Some(Cells { storage, shared }), _) => {
                let located = if *shared { self.columns } else { self.results() };
                reads.push(storage.access(4 * located as u64));
            }
            (None, Some((starts, _))) => reads.push(starts.access(4 * table.axis.buckets as u64)),
            (None, None) => {}
        }
        reads
    }
}

impl BuildTable {
    pub fn footprint(&self) -> Footprint {
        let Self { table, values } = self;
        let TableData { dtype, axis, given_knots, tables, .. } = table;
        Footprint {
            name: format!("table of {tables} x {given_knots} knots"),
            reads: [
                Some(axis.keys.access(dtype.bytes(axis.tables * axis.knots))),
                Some(values.access(dtype.bytes(tables * given_knots))),
                table.order_access(),
            ]
            .into_iter()
            .flatten()
            .collect(),
            writes: vec![table.segments.access(table.segment_bytes)],
        }
    }
}

impl Interp {
    pub fn footprint(&self) -> Footprint {
        let InterpArgs { table, rows, columns, cells, .. } = &self.args;
        let located = if cells.is_some() { ", located," } else { "" };
        Footprint {
            name: format!("interp{located} of {rows} x {columns}"),
            reads: self.args.reads(),
            writes: vec![self.output.access(table.dtype.bytes(self.args.results()))],
        }
    }
}

/// `x mod period` with the sign of the period, as in Python and NumPy: exact but for the addition that makes a negative
/// remainder positive, which may round to the period itself.
pub(crate) fn modulo<T: Float>(x: T, period: T) -> T {
    let rest = x % period;
    if rest < T::zero() {
        rest + period
    } else if rest.is_zero() {
        T::zero()
    } else {
        rest
    }
}
