//! The CPU engine's half: folds lines over all cores, in blocks of lines and, where lines are few and long, in parts of
//! their length too.
//!
//! How the work is cut depends on the shape alone, so results do not depend on how many cores there are.

pub(crate) mod columns;
pub(crate) mod extremes;
pub(crate) mod fold;
pub(crate) mod rows;
pub(crate) mod sums;

use std::ops::Range;

use crate::element::Float;
use crate::engine::host::memory::Values;
use crate::engine::host::parallel::share;
use crate::engine::storage::Storage;
use crate::error::Result;
use crate::float::Sum;
use crate::kernels::reduce::cpu::columns::PLACES;
use crate::kernels::reduce::cpu::extremes::{Extreme, Place};
use crate::kernels::reduce::cpu::fold::{
    At, Fold, Moments, OfZero, Plain, PlainWithoutNan, SideBySide, Weighted, WeightedAlike,
};
use crate::kernels::reduce::cpu::rows::ROWS;
use crate::kernels::reduce::cpu::sums::{LANES, Sums, Totals, Weighing, Widest};
use crate::kernels::reduce::op::{Finish, Output, Reduce, View, Weights};
use crate::kernels::tiles::steps;

/// Elements that one task folds: some 40 µs of work. Waking a thread that sleeps takes 10 to 100 µs, so that what is less
/// than two tasks is done sooner by the thread that asks.
const ELEMENTS_PER_TASK: usize = 128 << 10;
/// Lines that one task holds states for, so that they stay in the cache.
const LINES_PER_TASK: usize = 16 << 10;
/// Lines side by side that one task folds: a page of f32 at a time from each place, sums that stay in the first cache.
const COLUMNS_PER_TASK: usize = 1024;
/// Values that are made at a time, if they are not in memory.
const MADE_AT_ONCE: usize = 4096;
/// Such values that one task makes and folds: making one takes several times as long as folding it.
const MADE_PER_TASK: usize = 16 << 10;
/// With at least this many tasks there is no need to split lines.
const ENOUGH_TASKS: usize = 64;
/// Elements of a part of some lines: parts are merged, and should be few.
const ELEMENTS_PER_PART: usize = 64 << 10;

/// Values of an array that is not there, from an index on.
type Make<'a, T> = &'a (dyn Fn(usize, &mut [T]) + Sync);

/// Reduces the operation's values, or those that are made.
pub(crate) fn reduce<T: Float>(operation: &Reduce, made: Option<Make<'_, T>>) -> Result<()> {
    if operation.skip_nan { reduce_by::<T, true>(operation, made) } else { reduce_by::<T, false>(operation, made) }
}

/// Chooses the fold.
fn reduce_by<T: Float, const SKIP_NAN: bool>(operation: &Reduce, made: Option<Make<'_, T>>) -> Result<()> {
    let Reduce { finish, weights, ddof, .. } = operation;
    let wants_small = finish.wants_small();
    match (finish, weights) {
        (Finish::Var | Finish::Std, _) => {
            let means = match &operation.means {
                Some(means) => means.host::<T>()?.snapshot(),
                None => Values::default(),
            };
            run(operation, made, &Moments::<T, SKIP_NAN> { means: &means, ddof: *ddof, root: *finish == Finish::Std })
        }
        (Finish::Min | Finish::Max, _) => run(operation, made, &Extreme::<SKIP_NAN> { wants_small }),
        (Finish::ArgMin | Finish::ArgMax, _) => locate::<T, _>(operation, &Place(Extreme { wants_small })),
        (Finish::Sum | Finish::Mean | Finish::Average, Weights::None) => {
            let mean = *finish == Finish::Mean;
            if SKIP_NAN {
                run(operation, made, &PlainWithoutNan { mean })
            } else {
                run(operation, made, &Plain { mean, count: operation.view.len })
            }
        }
        (Finish::Sum | Finish::Mean | Finish::Average, weights) => {
            let average = *finish == Finish::Average;
            let offend = |line| operation.check.iter().for_each(|check| check.offend(line));
            let of_zero = operation.fill.map_or(OfZero::Note(&offend), |fill| OfZero::Fill(fill.get()));
            match weights {
                // The weights of many lines are added up before, once; those of a few along with their values, so that
                // they are not read again.
                Weights::Along(weights) if !SKIP_NAN && operation.view.lines() > LANES => {
                    let sum_of_weights = sum_in_parts(&weights.host::<T>()?.snapshot());
                    run(operation, made, &WeightedAlike { average, sum_of_weights, of_zero })
                }
                _ => run(operation, made, &Weighted::<T, SKIP_NAN> { average, of_zero }),
            }
        }
    }
}

/// The means and standard deviations of rows, on the thread that asks.
pub(crate) fn statistics_of_rows<T: Float>(values: &[T], len: usize, ddof: f64) -> (Vec<T>, Vec<T>) {
    let view = View { outer: values.len() / len, len, inner: 1 };
    let block = Block { first_line: 0, outer: 0..view.outer, inner: 0..1 };
    let means = of_block(view, values, &block, &Plain { mean: true, count: len });
    let deviations = of_block(view, values, &block, &Moments::<T, false> { means: &means, ddof, root: true });
    (means, deviations)
}

fn of_block<T: Float, F: Fold<T, Output = T>>(view: View, values: &[T], block: &Block, fold: &F) -> Vec<T> {
    let lines = Lines { view, values, made: None, weights: Weighing::None, fold };
    let states = lines.states_of_part(block, &(0..view.len)).into_iter();
    states.enumerate().map(|(line, state)| fold.finish(state, line).0).collect()
}

/// The sum of a long slice, over all cores.
fn sum_in_parts<T: Float>(values: &[T]) -> Sum<T> {
    let fold = Plain { mean: false, count: values.len() };
    let view = View { outer: 1, len: values.len(), inner: 1 };
    let lines = Lines { view, values, made: None, weights: Weighing::None, fold: &fold };
    let block = Block { first_line: 0, outer: 0..1, inner: 0..1 };
    lines.states(&block, &lines.parts(1)).first().copied().unwrap_or_default()
}

fn run<T: Float, F: Fold<T, Output = T>>(operation: &Reduce, made: Option<Make<'_, T>>, fold: &F) -> Result<()> {
    match &operation.output {
        Output::Values(output) => write::<T, F>(operation, made, fold, output),
        Output::Places(_) => Ok(()),
    }
}

fn locate<T: Float, F: Fold<T, Output = u32>>(operation: &Reduce, fold: &F) -> Result<()> {
    match &operation.output {
        Output::Places(output) => write::<T, F>(operation, None, fold, output),
        Output::Values(_) => Ok(()),
    }
}

fn write<T, F>(operation: &Reduce, made: Option<Make<'_, T>>, fold: &F, output: &Storage) -> Result<()>
where
    T: Float,
    F: Fold<T, Output: bytemuck::Pod + Send + Sync>,
{
    let values = operation.values.host::<T>()?.snapshot();
    let weights = match &operation.weights {
        Weights::None => None,
        Weights::Along(weights) | Weights::Full(weights) => Some(weights.host::<T>()?.snapshot()),
    };
    let weights = match (&operation.weights, &weights) {
        (Weights::Along(_), Some(weights)) => Weighing::Along(weights),
        (Weights::Full(_), Some(weights)) => Weighing::Full(weights),
        _ => Weighing::None,
    };
    let lines = Lines { view: operation.view, values: &values, made, weights, fold };
    output.host::<F::Output>()?.write(|output| match &operation.weight_sums {
        None => {
            lines.reduce(output, None);
            Ok(())
        }
        Some(sums) => sums.host::<T>()?.write(|sums| lines.reduce(output, Some(sums))),
    })?
}

/// The lines of an array, with what weighs and folds them.
struct Lines<'a, T: Float, F: Fold<T>> {
    view: View,
    values: &'a [T],
    /// Where values come from that are not in memory; only for sums of rows.
    made: Option<Make<'a, T>>,
    weights: Weighing<'a, T>,
    fold: &'a F,
}

/// Lines whose outputs lie side by side: several outer rows with all of the inner axis, or part of one.
struct Block {
    first_line: usize,
    outer: Range<usize>,
    inner: Range<usize>,
}

impl Block {
    fn lines(&self) -> usize {
        self.outer.len() * self.inner.len()
    }
}

impl<T: Float, F: Fold<T>> Lines<'_, T, F> {
    fn reduce(&self, output: &mut [F::Output], weight_sums: Option<&mut [T]>) {
        let blocks = self.blocks();
        let parts = self.parts(blocks.len());
        let outputs = cut(output, &blocks);
        let weight_sums = match weight_sums {
            Some(sums) => cut(sums, &blocks).into_iter().map(Some).collect(),
            None => Vec::from_iter(blocks.iter().map(|_| None)),
        };
        share(blocks.iter().zip(outputs).zip(weight_sums), |((block, output), weight_sums)| {
            if let ([whole], None) = (&parts[..], &weight_sums)
                && let Some(sums) = self.sums(block, whole)
                && self.fold.answer(sums, block.first_line, output)
            {
                return;
            }
            let states = self.states(block, &parts);
            let mut weight_sums = weight_sums.into_iter().flatten();
            for (line, (&state, output)) in states.iter().zip(output).enumerate() {
                let (answer, sum) = self.fold.finish(state, block.first_line + line);
                *output = answer;
                weight_sums.next().into_iter().for_each(|place| *place = sum);
            }
        });
    }

    fn blocks(&self) -> Vec<Block> {
        let View { outer, len, inner } = self.view;
        // Rows that lie one after the other are taken in together.
        let fewest = if inner == 1 { ROWS } else { 1 };
        let elements = if self.made.is_some() { MADE_PER_TASK } else { ELEMENTS_PER_TASK };
        let lines = (elements / len.max(1)).clamp(fewest, LINES_PER_TASK);
        if inner <= lines {
            let rows = steps(outer as u64, (lines / inner.max(1)) as u64).map(range);
            return rows.map(|outer| Block { first_line: outer.start * inner, outer, inner: 0..inner }).collect();
        }
        let most = lines.max(COLUMNS_PER_TASK);
        let width = inner.div_ceil(inner.div_ceil(most)).next_multiple_of(LANES);
        let columns = || steps(inner as u64, width as u64).map(range);
        let blocks_of = |row: usize| {
            columns().map(move |columns| Block {
                first_line: row * inner + columns.start,
                outer: row..row + 1,
                inner: columns,
            })
        };
        (0..outer).flat_map(blocks_of).collect()
    }

    /// The parts into which each line is split.
    fn parts(&self, blocks: usize) -> Vec<Range<usize>> {
        let View { len, .. } = self.view;
        let lines_per_block = self.view.lines().div_ceil(blocks.max(1)).max(1);
        let places = (ELEMENTS_PER_PART / lines_per_block).max(len / ENOUGH_TASKS).next_multiple_of(LANES.max(PLACES));
        if blocks >= ENOUGH_TASKS || len < 4 * places {
            return vec![Range { start: 0, end: len }];
        }
        steps(len as u64, places as u64).map(range).collect()
    }

    fn states(&self, block: &Block, parts: &[Range<usize>]) -> Vec<F::State> {
        if let [whole] = parts {
            return self.states_of_part(block, whole);
        }
        let mut of_parts = vec![Vec::new(); parts.len()];
        share(of_parts.iter_mut().zip(parts), |(states, part)| *states = self.states_of_part(block, part));
        let mut of_parts = of_parts.into_iter();
        let mut merged = of_parts.next().unwrap_or_else(|| vec![F::State::default(); block.lines()]);
        for part in of_parts {
            merged.iter_mut().zip(part).for_each(|(state, part)| self.fold.merge(state, part));
        }
        merged
    }

    /// What the fast way has to do, if there is one.
    fn sums(&self, block: &Block, part: &Range<usize>) -> Option<Sums<'_, T>> {
        let Block { outer, inner, .. } = block;
        let (outer, inner, part) = (outer.clone(), inner.clone(), part.clone());
        let Self { view, values, weights, fold, made } = *self;
        if made.is_some() {
            return None;
        }
        Some(Sums { view, values, weights, wants_weights: fold.sums()?, outer, part, inner })
    }

    fn states_of_part(&self, block: &Block, part: &Range<usize>) -> Vec<F::State> {
        if let Some(make) = self.made {
            return self.states_of_made(make, block, part);
        }
        if let Some(sums) = self.sums(block, part) {
            let (fold, Totals { products, weights }) = (self.fold, sums.totals(&Widest));
            if weights.is_empty() {
                return products.into_iter().map(|sum| fold.state(sum, Sum::<T>::default())).collect();
            }
            return products.into_iter().zip(weights).map(|(sum, weights)| fold.state(sum, weights)).collect();
        }
        let View { len, inner, .. } = self.view;
        let width = block.inner.len();
        let mut states = vec![F::State::default(); block.lines()];
        if part.is_empty() {
            // No places are nowhere: the array has no element that any of the lines could begin with.
            return states;
        }
        for (row, outer) in block.outer.clone().enumerate() {
            let first = row * width;
            if inner == 1 {
                let stretch = outer * len + part.start..outer * len + part.end;
                let values = &self.values[stretch.clone()];
                let line = block.first_line + row;
                states[first] = match self.weights {
                    Weighing::None => match self.fold.along(part.start, values) {
                        Some(state) => state,
                        None => self.fold_row(line, part.start, values, |_| T::one()),
                    },
                    Weighing::Along(weights) => {
                        let weights = &weights[part.clone()];
                        self.fold_row(line, part.start, values, |place| weights[place])
                    }
                    Weighing::Full(weights) => {
                        let weights = &weights[stretch];
                        self.fold_row(line, part.start, values, |place| weights[place])
                    }
                };
                continue;
            }
            let start = (outer * len + part.start) * inner + block.inner.start;
            let side_by_side =
                SideBySide { values: &self.values[start..], lines: width, places: part.len(), stride: inner };
            if let Weighing::None = self.weights
                && let Some(folded) = self.fold.across(side_by_side)
            {
                states[first..first + width].copy_from_slice(&folded);
                continue;
            }
            let states = &mut states[first..first + width];
            let first_line = block.first_line + first;
            for place in part.clone() {
                let start = (outer * len + place) * inner;
                let stretch = start + block.inner.start..start + block.inner.end;
                let values = &self.values[stretch.clone()];
                match self.weights {
                    Weighing::None => self.fold_across(states, first_line, place, values, |_| T::one()),
                    Weighing::Along(weights) => {
                        let weight = weights[place];
                        self.fold_across(states, first_line, place, values, |_| weight);
                    }
                    Weighing::Full(weights) => {
                        let weights = &weights[stretch];
                        self.fold_across(states, first_line, place, values, |column| weights[column]);
                    }
                }
            }
        }
        states
    }

    /// The same for values that are made, as many at a time as the fastest cache holds.
    fn states_of_made(&self, make: Make<'_, T>, block: &Block, part: &Range<usize>) -> Vec<F::State> {
        let mut made = [T::zero(); MADE_AT_ONCE];
        let len = self.view.len;
        let mut states = Vec::with_capacity(block.lines());
        // Whole rows as many as fit, or each row in pieces.
        let rows_at_once = if part.len() == len { (MADE_AT_ONCE / len.max(1)).max(1) } else { 1 };
        for rows in steps(block.outer.len() as u64, rows_at_once as u64).map(range) {
            let (first_row, rows) = (block.outer.start + rows.start, rows.len());
            let mut of_rows: Option<Vec<F::State>> = None;
            for piece in steps(part.len() as u64, MADE_AT_ONCE as u64).map(range) {
                let places = part.start + piece.start..part.start + piece.end;
                let first = first_row * len + places.start;
                let values = &mut made[..rows * places.len()];
                make(first, values);
                let weights = match self.weights {
                    Weighing::None => Weighing::None,
                    Weighing::Along(weights) => Weighing::Along(&weights[places.clone()]),
                    Weighing::Full(weights) => Weighing::Full(&weights[first..first + values.len()]),
                };
                let view = View { outer: rows, len: places.len(), inner: 1 };
                let lines = Lines { view, values, made: None, weights, fold: self.fold };
                let first_line = block.first_line + first_row - block.outer.start;
                let states =
                    lines.states_of_part(&Block { first_line, outer: 0..rows, inner: 0..1 }, &(0..places.len()));
                match &mut of_rows {
                    None => of_rows = Some(states),
                    Some(merged) => {
                        merged.iter_mut().zip(states).for_each(|(merged, state)| self.fold.merge(merged, state));
                    }
                }
            }
            states.extend(of_rows.unwrap_or_else(|| vec![F::State::default(); rows]));
        }
        states
    }

    /// Folds a stretch of one row.
    #[inline(always)]
    fn fold_row(&self, line: usize, first: usize, values: &[T], weight: impl Fn(usize) -> T) -> F::State {
        let mut lanes = [F::State::default(); LANES];
        let (chunks, rest) = values.as_chunks::<LANES>();
        for (number, chunk) in chunks.iter().enumerate() {
            for lane in 0..LANES {
                let place = number * LANES + lane;
                let at = At { line, place: first + place };
                self.fold.step(&mut lanes[lane], at, chunk[lane], weight(place));
            }
        }
        let [mut state, others @ ..] = lanes;
        others.into_iter().for_each(|lane| self.fold.merge(&mut state, lane));
        let done = chunks.len() * LANES;
        let mut tail = F::State::default();
        for (place, &value) in rest.iter().enumerate() {
            let at = At { line, place: first + done + place };
            self.fold.step(&mut tail, at, value, weight(done + place));
        }
        self.fold.merge(&mut state, tail);
        state
    }

    /// Folds one place of lines that lie side by side.
    #[inline(always)]
    fn fold_across(
        &self,
        states: &mut [F::State],
        first_line: usize,
        place: usize,
        values: &[T],
        weight: impl Fn(usize) -> T,
    ) {
        for (column, (state, &value)) in states.iter_mut().zip(values).enumerate() {
            let at = At { line: first_line + column, place };
            self.fold.step(state, at, value, weight(column));
        }
    }
}

fn range(wide: Range<u64>) -> Range<usize> {
    wide.start as usize..wide.end as usize
}

/// Cuts outputs into those of each block; blocks come in the order of their outputs.
fn cut<'a, T>(mut output: &'a mut [T], blocks: &[Block]) -> Vec<&'a mut [T]> {
    let mut pieces = Vec::with_capacity(blocks.len());
    for block in blocks {
        let (piece, rest) = output.split_at_mut(block.lines());
        pieces.push(piece);
        output = rest;
    }
    pieces
}
