//! The CPU engine's half: the rules of `shaders/interp.wgsl`, over all cores.

use rayon::prelude::*;

use super::builder::{Method, modulo};
use super::operation::{BuildSegments, Interp};
use super::table::Rules;
use crate::element::Float;
use crate::error::Result;
use crate::knots::axis::HostAxis;
use crate::knots::index::IndexView;

/// Queries that one task looks up: enough to pay for a task, few enough to share out.
const QUERIES_PER_TASK: usize = 16 << 10;
/// Knots that one task prepares.
const KNOTS_PER_TASK: usize = 16 << 10;

/// What a query needs of the knot left of it: its x, its y, the slope to the next knot, and the next x.
type Segment<T> = [T; 4];

pub(super) fn build_segments<T: Float>(operation: &BuildSegments<T>) -> Result<()> {
    let table = &operation.table;
    let axis = HostAxis::of(table.axis())?;
    let index = axis.view();
    let (knots, points) = (index.knots, table.knots());
    let values = operation.values.host()?.snapshot();
    let order = table.order().map(|order| Ok(order.host()?.snapshot())).transpose()?;
    let own_knots = table.axis().tables > 1;

    let value = |number: usize, knot: usize| {
        let key_table = if own_knots { number } else { 0 };
        let place = order.as_ref().map_or(knot, |order| order[key_table * knots + knot] as usize);
        values[number * points + place]
    };
    let segment = |cell: usize| -> Segment<T> {
        let (number, knot) = (cell / knots, cell % knots);
        let keys = index.table(if own_knots { number } else { 0 });
        let (x, y) = (T::from_key(keys[knot]), value(number, knot));
        if knot + 1 == knots {
            return [x, y, T::zero(), x];
        }
        let next_x = T::from_key(keys[knot + 1]);
        [x, y, (value(number, knot + 1) - y) / (next_x - x), next_x]
    };
    table.segments().host()?.write(|segments| {
        let (segments, _) = segments.as_chunks_mut::<4>();
        segments.par_chunks_mut(KNOTS_PER_TASK).enumerate().for_each(|(task, chunk)| {
            for (cell, target) in chunk.iter_mut().enumerate() {
                *target = segment(task * KNOTS_PER_TASK + cell);
            }
        });
    })
}

pub(super) fn interp<T: Float>(operation: &Interp<T>) -> Result<()> {
    let Interp { table, columns, shared_queries, .. } = operation;
    let axis = HostAxis::of(table.axis())?;
    let segments = table.segments().host()?.snapshot();
    let (segments, _) = segments.as_chunks::<4>();
    let lookup = Lookup {
        index: axis.view(),
        segments,
        rules: *table.rules(),
        own_knots: table.axis().tables > 1,
        own_values: table.tables() > 1,
    };
    let x = operation.x.host()?.snapshot();
    operation.output.host()?.write(|output| {
        output.par_chunks_mut(QUERIES_PER_TASK).enumerate().for_each(|(task, chunk)| {
            // A task may begin and end inside a row, and span several.
            let mut start = task * QUERIES_PER_TASK;
            let mut rest = chunk;
            while !rest.is_empty() {
                let (row, column) = (start / columns, start % columns);
                let (part, later) = rest.split_at_mut(rest.len().min(columns - column));
                let first = if *shared_queries { column } else { start };
                lookup.row(row, &x[first..first + part.len()], part);
                start += part.len();
                rest = later;
            }
        });
    })
}

/// Everything a query needs to know.
struct Lookup<'a, T: Float> {
    index: IndexView<'a, T>,
    segments: &'a [Segment<T>],
    rules: Rules<T>,
    own_knots: bool,
    own_values: bool,
}

impl<T: Float> Lookup<'_, T> {
    fn row(&self, row: usize, x: &[T], output: &mut [T]) {
        let key_table = if self.own_knots { row } else { 0 };
        let first = if self.own_values { row * self.index.knots } else { 0 };
        let table = Row {
            index: &self.index,
            key_table,
            keys: self.index.table(key_table),
            segments: &self.segments[first..first + self.index.knots],
            left: self.rules.left.unwrap_or(self.segments[first][1]),
            right: self.rules.right.unwrap_or(self.segments[first + self.index.knots - 1][1]),
            method: self.rules.method,
            extended: self.rules.extended(),
        };
        match self.rules.period {
            Some(period) => output.iter_mut().zip(x).for_each(|(y, &x)| *y = table.evaluate(modulo(x, period))),
            None => output.iter_mut().zip(x).for_each(|(y, &x)| *y = table.evaluate(x)),
        }
    }
}

/// One table, with its defaults filled in.
struct Row<'a, T: Float> {
    index: &'a IndexView<'a, T>,
    key_table: usize,
    keys: &'a [T::Key],
    segments: &'a [Segment<T>],
    left: T,
    right: T,
    method: Method,
    extended: (bool, bool),
}

impl<T: Float> Row<'_, T> {
    #[inline(always)]
    fn evaluate(&self, x: T) -> T {
        if x.is_nan() {
            return T::nan();
        }
        let key = x.key();
        let last = self.keys.len() - 1;
        // A table of one NaN knot is neither left nor right of anything.
        if last == 0 && self.keys[0] == T::NAN_KEY {
            return self.segments[0][1];
        }
        if key > self.keys[last] {
            return if self.extended.1 { self.beyond(x, last.saturating_sub(1), last) } else { self.right };
        }
        if key < self.keys[0] {
            return if self.extended.0 { self.beyond(x, 0, 0) } else { self.left };
        }
        let knot = self.index.upper_bound(self.key_table, x, key).saturating_sub(1).min(last);
        let [x0, y0, slope, next_x] = self.segments[knot];
        if knot == last || self.keys[knot] == key {
            return y0;
        }
        if self.method != Method::Linear {
            return self.by_knot(x, knot);
        }
        let y = slope * (x - x0) + y0;
        if y.is_nan() { self.by_next_knot(x, knot, slope, next_x) } else { y }
    }

    /// On the line of a segment, drawn through one of its knots, outside the table.
    fn beyond(&self, x: T, segment: usize, knot: usize) -> T {
        let ([_, _, slope, _], [x0, y0, ..]) = (self.segments[segment], self.segments[knot]);
        if self.keys.len() == 1 { y0 } else { slope * (x - x0) + y0 }
    }

    /// The value of one of the knots around x.
    fn by_knot(&self, x: T, knot: usize) -> T {
        let ([x0, left, _, next_x], right) = (self.segments[knot], self.segments[knot + 1][1]);
        match self.method {
            Method::Next => right,
            Method::Nearest if x - x0 > next_x - x => right,
            _ => left,
        }
    }

    /// NumPy's second try, which saves segments that reach to infinity.
    #[cold]
    fn by_next_knot(&self, x: T, knot: usize, slope: T, next_x: T) -> T {
        let (y0, y1) = (self.segments[knot][1], self.segments[knot + 1][1]);
        let y = slope * (x - next_x) + y1;
        if y.is_nan() && y0 == y1 { y0 } else { y }
    }
}
