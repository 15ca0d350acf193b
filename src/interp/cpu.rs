//! The CPU engine's half: tables as it keeps them, and queries shared out over all cores.
//!
//! A table is its knots and values side by side, `x0 y0 x1 y1 ...`, so that what a query needs lies in one place. Slopes
//! are computed when they are needed: dividing costs less than loading them would.

use rayon::prelude::*;

use super::builder::modulo;
use super::lookup::{Lookup, PADDING, Queries, Table};
use super::operation::{BuildSegments, Interp};
use crate::element::Float;
use crate::error::Result;
use crate::knots::axis::HostAxis;
use crate::knots::buckets::BLOCK;

/// Queries that one task looks up: enough to pay for a task, few enough to share out.
const QUERIES_PER_TASK: usize = 16 << 10;
/// Numbers of a table that one task puts in place.
const NUMBERS_PER_TASK: usize = 32 << 10;

/// How many numbers the tables take.
pub(super) fn table_len(tables: usize, knots: usize) -> usize {
    2 * tables * (knots + PADDING)
}

pub(super) fn build_segments<T: Float>(operation: &BuildSegments<T>) -> Result<()> {
    let table = &operation.table;
    let axis = HostAxis::of(table.axis())?;
    let index = axis.view();
    let (knots, points) = (index.knots, table.knots());
    let values = operation.values.host()?.snapshot();
    let order = table.order().map(|order| Ok(order.host()?.snapshot())).transpose()?;
    let own_knots = table.axis().tables > 1;
    let stride = knots + PADDING;

    let pair = |cell: usize| -> [T; 2] {
        let (number, knot) = (cell / stride, cell % stride);
        let key_table = if own_knots { number } else { 0 };
        let last = knot.min(knots - 1);
        let place = order.as_ref().map_or(last, |order| order[key_table * knots + last] as usize);
        let x = if knot < knots { T::from_key(index.table(key_table)[knot]) } else { T::nan() };
        [x, values[number * points + place]]
    };
    table.segments().host()?.write(|pairs| {
        let (pairs, _) = pairs.as_chunks_mut::<2>();
        pairs.par_chunks_mut(NUMBERS_PER_TASK / 2).enumerate().for_each(|(task, chunk)| {
            for (cell, target) in chunk.iter_mut().enumerate() {
                *target = pair(task * (NUMBERS_PER_TASK / 2) + cell);
            }
        });
    })
}

pub(super) fn interp<T: Float>(operation: &Interp<T>) -> Result<()> {
    let Interp { table, columns, shared_queries, rows, .. } = operation;
    let axis = HostAxis::of(table.axis())?;
    let keys = axis.view().keys;
    let buckets = table.axis().buckets_for(rows * columns, keys);
    let pairs = table.segments().host()?.snapshot();
    let stride = table_len(1, table.axis().knots);
    let rules = table.rules();
    let lookup = |row: usize| {
        let first = if table.tables() > 1 { row * stride } else { 0 };
        let (pairs, _) = pairs[first..first + stride].as_chunks::<2>();
        let buckets = buckets.map(|buckets| &buckets[if table.axis().tables > 1 { row } else { 0 }]);
        Lookup::new(Table { pairs, buckets }, rules)
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
                let x = &x[first..first + part.len()];
                match rules.period {
                    Some(period) => in_period(&lookup(row), period, x, part),
                    None => T::vectorize(Queries { lookup: &lookup(row), x, output: part }),
                }
                start += x.len();
                rest = later;
            }
        });
    })
}

/// Looks up queries modulo the period.
fn in_period<T: Float>(lookup: &Lookup<'_, T>, period: T, x: &[T], output: &mut [T]) {
    let mut wrapped = [T::zero(); BLOCK];
    for (x, output) in x.chunks(BLOCK).zip(output.chunks_mut(BLOCK)) {
        let wrapped = &mut wrapped[..x.len()];
        wrapped.iter_mut().zip(x).for_each(|(wrapped, &x)| *wrapped = modulo(x, period));
        T::vectorize(Queries { lookup, x: wrapped, output });
    }
}
