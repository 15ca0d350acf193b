//! Tables as the engines have them, and the operations of a table as values: each names its operands and its output.

use std::sync::Arc;

use crate::element::Float;
use crate::engine::storage::Storage;
use crate::float::dtype::FloatType;
use crate::float::scalar::Scalar;
use crate::kernels::footprint::Footprint;
use crate::kernels::search::axis::SortedAxis;

/// What the value is between two knots. At a knot it is always that knot's (of repeated ones the last).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// On the line from one to the other.
    #[default]
    Linear = 0,
    /// That of the nearer knot, halfway that of the left one.
    Nearest = 1,
    /// That of the left knot.
    Previous = 2,
    /// That of the right knot.
    Next = 3,
}

/// What happens outside the knots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<T> {
    pub left: Option<T>,
    pub right: Option<T>,
    /// Positive, or NaN.
    pub period: Option<T>,
    pub method: Method,
    pub extrapolate: bool,
    /// A table may have fewer knots than places for them, NaN being in the others: its knots end before the first NaN.
    pub ragged: bool,
    /// Which knots there are depends on which values were NaN.
    pub skips_missing: bool,
}

impl<T: Copy> Rules<T> {
    fn map<U>(&self, to: impl Fn(T) -> U) -> Rules<U> {
        let Self { left, right, period, method, extrapolate, ragged, skips_missing } = *self;
        let (left, right, period) = (left.map(&to), right.map(&to), period.map(&to));
        Rules { left, right, period, method, extrapolate, ragged, skips_missing }
    }

    /// Whether the line of the first segment goes on to the left, and that of the last to the right.
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
    /// The same without a type.
    pub fn erased(&self) -> Rules<Scalar> {
        self.map(Scalar::of)
    }
}

impl Rules<Scalar> {
    /// The same in the type that they were made of.
    pub fn of<T: Float>(&self) -> Rules<T> {
        self.map(Scalar::get)
    }
}

/// One table or several, on a device.
#[derive(Clone)]
pub(crate) struct TableData {
    pub dtype: FloatType,
    pub axis: Arc<SortedAxis>,
    /// Where the value of each knot is among those given, if the knots were arranged.
    pub order: Option<Storage>,
    pub rules: Rules<Scalar>,
    /// Points of a table as the caller gave them, without padding.
    pub points: usize,
    /// Sets of values.
    pub tables: usize,
    /// Knots and values as the engine's kernels want them: pairs on the CPU, segments of four numbers on a GPU.
    pub segments: Storage,
    /// How much of it holds something.
    pub segment_bytes: u64,
}

/// Puts values beside the knots, into the table's segments.
pub(crate) struct BuildTable {
    pub table: TableData,
    pub values: Storage,
}

/// Looks queries up.
pub(crate) struct Interp {
    pub lookups: Lookups,
    pub output: Storage,
}

/// What is looked up.
#[derive(Clone)]
pub(crate) struct Lookups {
    pub table: Arc<TableData>,
    pub x: Storage,
    /// Rows of the output, a table each (or all of one table).
    pub rows: usize,
    /// Queries a row.
    pub columns: usize,
    /// Every row has the same queries, and `x` holds them once.
    pub shared_queries: bool,
}

impl BuildTable {
    pub fn footprint(&self) -> Footprint {
        let Self { table, values } = self;
        let TableData { dtype, axis, points, tables, .. } = table;
        Footprint {
            name: format!("table of {tables} x {points} knots"),
            reads: vec![
                axis.keys.used(dtype.bytes(axis.tables * axis.knots)),
                values.used(dtype.bytes(tables * points)),
            ],
            writes: vec![table.segments.used(table.segment_bytes)],
        }
    }
}

impl Interp {
    pub fn footprint(&self) -> Footprint {
        let Lookups { table, x, rows, columns, shared_queries } = &self.lookups;
        let dtype = table.dtype;
        let queries = if *shared_queries { *columns } else { rows * columns };
        let mut reads = vec![x.used(dtype.bytes(queries)), table.segments.used(table.segment_bytes)];
        reads.extend(table.axis.index.iter().map(|(starts, _)| starts.used(4 * table.axis.buckets as u64)));
        Footprint {
            name: format!("interp of {rows} x {columns}"),
            reads,
            writes: vec![self.output.used(dtype.bytes(rows * columns))],
        }
    }
}

/// `x mod period` with the sign of the period, as Python and NumPy have it: exact but for the addition that brings
/// negative rests up, which may round to the period itself.
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
