//! The CPU engine's half: sums over all cores, in blocks of lines and, where lines are few and long, in parts of their
//! length too.
//!
//! How the work is cut depends on the shape alone, so results do not depend on how many cores there are.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::operation::{Finish, Reduce, View, Weights};
use crate::accumulate::Accumulate;
use crate::device::host::HostPool;
use crate::element::Float;
use crate::error::Result;
use crate::tiles::steps;

/// Elements that one task sums up: enough to pay for a task.
const ELEMENTS_PER_TASK: usize = 32 << 10;
/// Lines that one task holds sums for, so that they stay in the cache.
const LINES_PER_TASK: usize = 1024;
/// With at least this many tasks there is no need to split lines.
const ENOUGH_TASKS: usize = 64;
/// Sums that run side by side along a row: enough for the widest vectors and to hide the latency of an addition.
const LANES: usize = 16;

type Sum<T> = <T as crate::element::FloatParts>::Accumulator;

pub(super) fn reduce<T: Float>(operation: &Reduce<T>, _: &Arc<HostPool>) -> Result<()> {
    let values = operation.values.host()?.snapshot();
    let weights = match &operation.weights {
        Weights::None => None,
        Weights::Along(weights) | Weights::Full(weights) => Some(weights.host()?.snapshot()),
    };
    let weights = weights.as_ref().map(|weights| weights.as_slice());
    let mut lines = Lines { view: operation.view, values: &values, weights: Weighing::None, sum_of_weights: None };
    match (&operation.weights, weights) {
        (Weights::Along(_), Some(weights)) => {
            lines.weights = Weighing::Along(weights);
            lines.sum_of_weights = Some(sum_in_parts::<T>(weights));
        }
        (Weights::Full(_), Some(weights)) => lines.weights = Weighing::Full(weights),
        _ => {}
    }
    operation.output.host()?.write(|output| match &operation.weight_sums {
        None => {
            lines.reduce(operation, output, None);
            Ok(())
        }
        Some(sums) => sums.host()?.write(|sums| lines.reduce(operation, output, Some(sums))),
    })?
}

#[derive(Clone, Copy)]
enum Weighing<'a, T> {
    None,
    Along(&'a [T]),
    Full(&'a [T]),
}

/// The lines of an array, with what weighs them.
struct Lines<'a, T: Float> {
    view: View,
    values: &'a [T],
    weights: Weighing<'a, T>,
    /// Known beforehand if all lines share their weights.
    sum_of_weights: Option<Sum<T>>,
}

/// Lines whose outputs lie side by side: several outer rows with all of the inner axis, or part of one.
struct Block {
    outer: Range<usize>,
    inner: Range<usize>,
}

impl Block {
    fn lines(&self) -> usize {
        self.outer.len() * self.inner.len()
    }
}

/// The sums of the lines of a block.
#[derive(Clone)]
struct Sums<T: Float> {
    values: Vec<Sum<T>>,
    /// Of full weights; else empty.
    weights: Vec<Sum<T>>,
}

impl<T: Float> Lines<'_, T> {
    fn reduce(&self, operation: &Reduce<T>, output: &mut [T], weight_sums: Option<&mut [T]>) {
        let blocks = self.blocks();
        let parts = self.parts(blocks.len());
        let first_lines = blocks.iter().scan(0, |line, block| {
            let first = *line;
            *line += block.lines();
            Some(first)
        });
        let outputs = cut(output, &blocks);
        let weight_sums = match weight_sums {
            Some(sums) => cut(sums, &blocks).into_iter().map(Some).collect(),
            None => Vec::from_iter(blocks.iter().map(|_| None)),
        };
        let first_lines: Vec<_> = first_lines.collect();
        let work = blocks.par_iter().zip(first_lines).zip(outputs).zip(weight_sums);
        work.for_each(|(((block, first_line), output), weight_sums)| {
            let sums = self.sums(block, &parts);
            self.finish(operation, &sums, first_line, output, weight_sums);
        });
    }

    fn blocks(&self) -> Vec<Block> {
        let View { outer, len, inner } = self.view;
        let lines = (ELEMENTS_PER_TASK / len.max(1)).clamp(1, LINES_PER_TASK);
        if inner <= lines {
            let rows = steps(outer as u64, (lines / inner.max(1)) as u64);
            return rows.map(|outer| Block { outer: range(outer), inner: 0..inner }).collect();
        }
        // Where lines lie side by side, a stretch of them is read at a time, and it should be worth it.
        let width = lines.max(LINES_PER_TASK / 4);
        let columns = || steps(inner as u64, width as u64);
        (0..outer)
            .flat_map(|row| columns().map(move |inner| Block { outer: row..row + 1, inner: range(inner) }))
            .collect()
    }

    /// The parts into which each line is split.
    fn parts(&self, blocks: usize) -> Vec<Range<usize>> {
        let View { len, .. } = self.view;
        let whole = 0..len;
        let lines_per_block = self.view.lines().div_ceil(blocks.max(1)).max(1);
        if blocks >= ENOUGH_TASKS || len * lines_per_block < 2 * ELEMENTS_PER_TASK {
            return vec![whole];
        }
        let places = (ELEMENTS_PER_TASK / lines_per_block).max(LANES);
        steps(len as u64, places as u64).map(range).collect()
    }

    fn sums(&self, block: &Block, parts: &[Range<usize>]) -> Sums<T> {
        if let [whole] = parts {
            return self.sums_of_part(block, whole);
        }
        let of_parts: Vec<_> = parts.par_iter().map(|part| self.sums_of_part(block, part)).collect();
        let mut merged = self.no_sums(block);
        for part in of_parts {
            let values = merged.values.iter_mut().zip(part.values);
            let weights = merged.weights.iter_mut().zip(part.weights);
            values.chain(weights).for_each(|(sum, part)| sum.merge(part));
        }
        merged
    }

    fn no_sums(&self, block: &Block) -> Sums<T> {
        let weighted = if matches!(self.weights, Weighing::Full(_)) { block.lines() } else { 0 };
        Sums { values: vec![Default::default(); block.lines()], weights: vec![Default::default(); weighted] }
    }

    fn sums_of_part(&self, block: &Block, part: &Range<usize>) -> Sums<T> {
        let mut sums = self.no_sums(block);
        let View { len, inner, .. } = self.view;
        let width = block.inner.len();
        for (row, outer) in block.outer.clone().enumerate() {
            let line = row * width;
            if inner == 1 {
                let stretch = outer * len + part.start..outer * len + part.end;
                let values = &self.values[stretch.clone()];
                match self.weights {
                    Weighing::None => sums.values[line] = sum::<T>(values),
                    Weighing::Along(weights) => sums.values[line] = dot::<T>(&weights[part.clone()], values).0,
                    Weighing::Full(weights) => {
                        (sums.values[line], sums.weights[line]) = dot::<T>(&weights[stretch], values);
                    }
                }
                continue;
            }
            let totals = &mut sums.values[line..line + width];
            for place in part.clone() {
                let first = (outer * len + place) * inner;
                let stretch = first + block.inner.start..first + block.inner.end;
                let values = totals.iter_mut().zip(&self.values[stretch.clone()]);
                match self.weights {
                    Weighing::None => values.for_each(|(sum, &value)| sum.add(value)),
                    Weighing::Along(weights) => {
                        let weight = weights[place];
                        values.for_each(|(sum, &value)| sum.add_product(weight, value));
                    }
                    Weighing::Full(weights) => {
                        let weights = &weights[stretch];
                        values.zip(weights).for_each(|((sum, &value), &weight)| sum.add_product(weight, value));
                        let sums = sums.weights[line..line + width].iter_mut();
                        sums.zip(weights).for_each(|(sum, &weight)| sum.add(weight));
                    }
                }
            }
        }
        sums
    }

    fn finish(
        &self,
        operation: &Reduce<T>,
        sums: &Sums<T>,
        first_line: usize,
        output: &mut [T],
        mut weight_sums: Option<&mut [T]>,
    ) {
        let count = Sum::<T>::of_count(self.view.len);
        for (line, (&values, output)) in sums.values.iter().zip(output).enumerate() {
            let weights = self.sum_of_weights.or_else(|| sums.weights.get(line).copied()).unwrap_or_default();
            *output = match operation.finish {
                Finish::Sum => values.round(),
                Finish::Mean => values.ratio(count),
                Finish::Average => values.ratio(weights),
            };
            if let (Some(check), true) = (&operation.check, weights.is_zero()) {
                check.offend(first_line + line);
            }
            if let Some(sums) = &mut weight_sums {
                sums[line] = weights.round();
            }
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

/// The sum of a long slice, over all cores.
fn sum_in_parts<T: Float>(values: &[T]) -> Sum<T> {
    let of_parts: Vec<_> = values.par_chunks(ELEMENTS_PER_TASK).map(|part| sum::<T>(part)).collect();
    merge::<T>(&of_parts)
}

fn merge<T: Float>(sums: &[Sum<T>]) -> Sum<T> {
    let mut merged = Sum::<T>::default();
    sums.iter().for_each(|&sum| merged.merge(sum));
    merged
}

fn sum<T: Float>(values: &[T]) -> Sum<T> {
    let mut lanes = [Sum::<T>::default(); LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane].add(chunk[lane]);
        }
    }
    let mut total = merge::<T>(&lanes);
    rest.iter().for_each(|&value| total.add(value));
    total
}

/// The sum of the products, and that of the weights.
fn dot<T: Float>(weights: &[T], values: &[T]) -> (Sum<T>, Sum<T>) {
    let mut lanes = [Sum::<T>::default(); LANES];
    let mut weight_lanes = [Sum::<T>::default(); LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    let (weight_chunks, weight_rest) = weights.as_chunks::<LANES>();
    for (values, weights) in chunks.iter().zip(weight_chunks) {
        for lane in 0..LANES {
            lanes[lane].add_product(weights[lane], values[lane]);
            weight_lanes[lane].add(weights[lane]);
        }
    }
    let (mut total, mut weight) = (merge::<T>(&lanes), merge::<T>(&weight_lanes));
    for (&value, &w) in rest.iter().zip(weight_rest) {
        total.add_product(w, value);
        weight.add(w);
    }
    (total, weight)
}
