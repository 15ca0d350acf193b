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

use std::ops::Range;

use crate::element::Float;
use crate::engine::host::memory::Values;
use crate::engine::host::parallel::parallel_for;
use crate::error::Result;
use crate::index::bucket_fn::BLOCK;
use crate::index::cpu_index::ByteIndex;
use crate::kernels::interp::cpu_block::Queries;
use crate::kernels::interp::few_knots::FEW_KNOTS;
use crate::kernels::interp::halves::{Evaluate, FindSegments};
use crate::kernels::interp::lookup::Lookup;
use crate::kernels::interp::op::{BuildTable, Interp, InterpArgs, Rules, modulo};
use crate::kernels::search::axis::PADDING;

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
        let at_once = queries.results_per_task();
        parallel_for(output.chunks_mut(at_once).enumerate(), |(task, chunk)| queries.fill(task * at_once, chunk));
    })
}

/// The operands of a lookup, as snapshots, for whichever part of the results is wanted.
pub(crate) struct PreparedQueries<'a, T: Float> {
    args: &'a InterpArgs,
    x: Values<T>,
    /// The segment of each query, where it is known.
    cells: Option<Values<u32>>,
    pairs: Values<T>,
    rules: Rules<T>,
    /// Of each set of knots.
    indexes: Option<&'a [ByteIndex<T>]>,
    /// The knots of each set without values, where segments are to be found by an index.
    positions: Option<&'a [T]>,
}

/// Queries of one row that follow each other, and where they lie.
pub(crate) struct LocatedRun<'a, T: Float> {
    pub lookup: &'a Lookup<'a, T>,
    pub row: usize,
    /// Its first result, among all.
    pub first: usize,
    /// Taken into the period.
    pub x: &'a [T],
    pub segments: &'a [u32],
}

impl<'a, T: Float> PreparedQueries<'a, T> {
    pub fn new(args: &'a InterpArgs) -> Result<Self> {
        let axis = &args.table.axis;
        let cells = args.cells.as_ref().map(|cells| Ok(cells.storage.host::<u32>()?.snapshot())).transpose()?;
        let indexes = match cells {
            Some(_) => None,
            None => axis.index_for(args.results(), &axis.keys.host::<T::Key>()?.snapshot()),
        };
        Ok(Self {
            args,
            x: args.x.host::<T>()?.snapshot(),
            cells,
            pairs: args.table.segments.host::<T>()?.snapshot(),
            rules: args.table.rules.of(),
            indexes,
            positions: None,
        })
    }

    /// For those who want to know segments.
    pub fn to_be_located(args: &'a InterpArgs) -> Result<Self> {
        let queries = Self::new(args)?;
        let positions = match queries.indexes {
            Some(_) => args.table.axis.positions::<T>(&args.table.axis.keys.host::<T::Key>()?.snapshot()),
            None => None,
        };
        Ok(Self { positions, ..queries })
    }

    /// How many results one task computes: fewer where each has to be bisected.
    pub fn results_per_task(&self) -> usize {
        let bisects = self.cells.is_none() && self.indexes.is_none() && self.args.table.axis.knots > FEW_KNOTS;
        if bisects { QUERIES_PER_TASK / DEARER_WITHOUT_INDEX } else { QUERIES_PER_TASK }
    }

    /// The results from this one on, all rows one after another. They may begin and end inside a row, and span several.
    pub fn fill(&self, first: usize, results: &mut [T]) {
        let mut rest = results;
        for (row, queries, range) in self.pieces(first, rest.len()) {
            let (output, later) = std::mem::take(&mut rest).split_at_mut(range.len());
            let (lookup, x) = (self.lookup(row), &self.x[queries]);
            match (&self.cells, self.rules.period) {
                (Some(cells), _) => {
                    let segments = &cells[self.located(&range)];
                    T::vectorize(Evaluate { table: &lookup.evaluator, x, segments, output });
                }
                (None, Some(period)) => in_period(&lookup, period, x, output),
                (None, None) => T::vectorize(Queries { lookup: &lookup, x, output }),
            }
            rest = later;
        }
    }

    /// The segments of the results from this one on.
    pub fn find(&self, first: usize, segments: &mut [u32]) {
        if self.rules.period.is_some() {
            return self.for_each_run(first, segments.len(), |run| {
                segments[run.first - first..][..run.segments.len()].copy_from_slice(run.segments);
            });
        }
        let mut rest = segments;
        for (row, queries, range) in self.pieces(first, rest.len()) {
            let (segments, later) = std::mem::take(&mut rest).split_at_mut(range.len());
            self.find_in(&self.lookup(row), row, &self.x[queries], segments);
            rest = later;
        }
    }

    fn find_in(&self, lookup: &Lookup<'_, T>, row: usize, x: &[T], segments: &mut [u32]) {
        let axis = &self.args.table.axis;
        let stride = axis.knots + PADDING;
        let first = if axis.tables > 1 { row * stride } else { 0 };
        let positions = self.positions.map(|positions| &positions[first..first + stride]);
        T::vectorize(FindSegments { finder: &lookup.finder, positions, x, segments });
    }

    /// Visits the results from this one on, `len` of them, with the segments of their queries: a few hundred of one row
    /// at a time.
    pub fn for_each_run(&self, first: usize, len: usize, mut visit: impl FnMut(LocatedRun<'_, T>)) {
        let (mut wrapped, mut found) = ([T::zero(); BLOCK], [0; BLOCK]);
        for (row, queries, range) in self.pieces(first, len) {
            let (lookup, x) = (&self.lookup(row), &self.x[queries]);
            if let Some(cells) = &self.cells {
                let segments = &cells[self.located(&range)];
                for (number, (x, segments)) in x.chunks(BLOCK).zip(segments.chunks(BLOCK)).enumerate() {
                    visit(LocatedRun { lookup, row, first: range.start + number * BLOCK, x, segments });
                }
                continue;
            }
            for (number, x) in x.chunks(BLOCK).enumerate() {
                let (wrapped, segments) = (&mut wrapped[..x.len()], &mut found[..x.len()]);
                match self.rules.period {
                    Some(period) => wrapped.iter_mut().zip(x).for_each(|(to, &x)| *to = modulo(x, period)),
                    None => wrapped.copy_from_slice(x),
                }
                self.find_in(lookup, row, wrapped, segments);
                visit(LocatedRun { lookup, row, first: range.start + number * BLOCK, x: wrapped, segments });
            }
        }
    }

    /// The results from this one on, row by row: the row, its queries among those in memory, and its results.
    fn pieces(&self, first: usize, len: usize) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>)> {
        let InterpArgs { columns, shared_queries, .. } = *self.args;
        let (mut start, end) = (first, first + len);
        std::iter::from_fn(move || {
            if start == end {
                return None;
            }
            let (row, column) = (start / columns, start % columns);
            let range = start..end.min(start + columns - column);
            let from = if shared_queries { column } else { start };
            start = range.end;
            Some((row, from..from + range.len(), range))
        })
    }

    /// Where the segments of these results, which are in one row, lie among those in memory.
    fn located(&self, results: &Range<usize>) -> Range<usize> {
        let start = if self.args.shares_cells() { results.start % self.args.columns } else { results.start };
        start..start + results.len()
    }

    pub fn lookup(&self, row: usize) -> Lookup<'_, T> {
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
