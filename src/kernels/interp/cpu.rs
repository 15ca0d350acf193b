//! The CPU engine's half: tables as it keeps them, and queries shared out over all cores.
//!
//! A table is pairs of a knot and its value, so that what a query needs lies in one place. Slopes are computed when
//! they are needed: dividing costs less than loading them would. Four pairs of padding follow, whose knots are NaN, so
//! that the four pairs from any knot on can be gathered without a check; NaN compares with no query. Ragged tables,
//! which have fewer knots than places for them, have such pairs in the places that are left, too.
//!
//! ```text
//! |<--------------- table 0 --------------->|<---- table 1 ---- ...
//! |   knots            |      padding       |
//! | x0 y0 | ... | xn yn | NaN yn | 4 times  | x0 y0 | x1 y1 | ...
//!                  ^-- a query that starts here gathers xn yn NaN yn NaN yn NaN yn
//! ```

use crate::element::Float;
use crate::engine::host::memory::Values;
use crate::engine::host::parallel::parallel_for;
use crate::error::Result;
use crate::index::bucket_fn::BLOCK;
use crate::index::cpu_index::ByteIndex;
use crate::kernels::interp::cpu_block::Queries;
use crate::kernels::interp::few_knots::FEW_KNOTS;
use crate::kernels::interp::lookup::{Lookup, PADDING};
use crate::kernels::interp::op::{BuildTable, Interp, InterpArgs, Rules, modulo};

/// Queries that one task looks up: enough to pay for a task, few enough to share out.
const QUERIES_PER_TASK: usize = 16 << 10;
/// How many times as long a query takes that is bisected, in a table that no cache holds.
const DEARER_WITHOUT_INDEX: usize = 16;
/// Numbers of a table that one task puts in place.
const NUMBERS_PER_TASK: usize = 32 << 10;

/// How many numbers the tables take.
pub(crate) fn table_len(tables: usize, knots: usize) -> usize {
    2 * tables * (knots + PADDING)
}

pub(crate) fn build_table<T: Float>(operation: &BuildTable) -> Result<()> {
    let table = &operation.table;
    let keys = table.axis.keys.host::<T::Key>()?.snapshot();
    let (knots, given_knots) = (table.axis.knots, table.given_knots);
    let values = operation.values.host::<T>()?.snapshot();
    let order = table.order.as_ref().map(|order| Ok(order.host::<u32>()?.snapshot())).transpose()?;
    let (values, order) = (&*values, order.as_deref());
    let own_knots = table.axis.tables > 1;
    let stride = knots + PADDING;

    let pair = |cell: usize| -> [T; 2] {
        let (number, knot) = (cell / stride, cell % stride);
        let key_table = if own_knots { number } else { 0 };
        let last = knot.min(knots - 1);
        let place = order.map_or(last, |order| order[key_table * knots + last] as usize);
        let x = if knot < knots { T::from_key(keys[key_table * knots + knot]) } else { T::nan() };
        [x, values[number * given_knots + place]]
    };
    table.segments.host::<T>()?.write(|pairs| {
        let (pairs, _) = pairs.as_chunks_mut::<2>();
        parallel_for(pairs.chunks_mut(NUMBERS_PER_TASK / 2).enumerate(), |(task, chunk)| {
            for (cell, target) in chunk.iter_mut().enumerate() {
                *target = pair(task * (NUMBERS_PER_TASK / 2) + cell);
            }
        });
    })
}

pub(crate) fn interp<T: Float>(operation: &Interp) -> Result<()> {
    let queries = PreparedQueries::<T>::new(&operation.args)?;
    operation.output.host::<T>()?.write(|output| {
        let bisects = queries.indexes.is_none() && operation.args.table.axis.knots > FEW_KNOTS;
        let at_once = if bisects { QUERIES_PER_TASK / DEARER_WITHOUT_INDEX } else { QUERIES_PER_TASK };
        parallel_for(output.chunks_mut(at_once).enumerate(), |(task, chunk)| queries.fill(task * at_once, chunk));
    })
}

/// The operands of a lookup, as snapshots, for whichever part of the results is wanted.
pub(crate) struct PreparedQueries<'a, T: Float> {
    args: &'a InterpArgs,
    x: Values<T>,
    pairs: Values<T>,
    rules: Rules<T>,
    /// Of each set of knots.
    indexes: Option<&'a [ByteIndex<T>]>,
}

impl<'a, T: Float> PreparedQueries<'a, T> {
    pub fn new(args: &'a InterpArgs) -> Result<Self> {
        let axis = &args.table.axis;
        let keys = axis.keys.host::<T::Key>()?.snapshot();
        Ok(Self {
            args,
            x: args.x.host::<T>()?.snapshot(),
            pairs: args.table.segments.host::<T>()?.snapshot(),
            rules: args.table.rules.of(),
            indexes: axis.index_for(args.rows * args.columns, &keys),
        })
    }

    /// The results from this one on, all rows one after another. They may begin and end inside a row, and span several.
    pub fn fill(&self, first: usize, results: &mut [T]) {
        let InterpArgs { columns, shared_queries, .. } = self.args;
        let (mut start, mut rest) = (first, results);
        while !rest.is_empty() {
            let (row, column) = (start / columns, start % columns);
            let (part, later) = rest.split_at_mut(rest.len().min(columns - column));
            let first = if *shared_queries { column } else { start };
            let x = &self.x[first..first + part.len()];
            match self.rules.period {
                Some(period) => in_period(&self.lookup(row), period, x, part),
                None => T::vectorize(Queries { lookup: &self.lookup(row), x, output: part }),
            }
            start += x.len();
            rest = later;
        }
    }

    fn lookup(&self, row: usize) -> Lookup<'_, T> {
        let table = &self.args.table;
        let stride = table_len(1, table.axis.knots);
        let first = if table.tables > 1 { row * stride } else { 0 };
        let (pairs, _) = self.pairs[first..first + stride].as_chunks::<2>();
        let index = self.indexes.map(|indexes| &indexes[if table.axis.tables > 1 { row } else { 0 }]);
        Lookup::new(pairs, index, &self.rules)
    }
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
