//! Runs a reducer over all cores: blocks and parts as tasks, partial results merged, values produced tile by tile where
//! they are not in memory.

use std::ops::Range;

use crate::element::Float;
use crate::engine::host::parallel::parallel_for;
use crate::kernels::reduce::cpu::reducer::{Block, Input, Partials, Reducer};
use crate::kernels::reduce::cpu::tiling::{Tiling, ranges, split_outputs};
use crate::kernels::reduce::op::{AxisSplit, Weights};

/// Values produced at a time: they are reduced while the L1 cache holds them.
const TILE: usize = 4096;

/// Computes the values of an array that is not in memory, from an index on.
pub(crate) type Producer<'a, T> = &'a (dyn Fn(usize, &mut [T]) + Sync);

/// A reduction ready to run.
pub(crate) struct Job<'a, T, R> {
    pub input: Input<'a, T>,
    /// Where the values come from instead of `input.values`; only for sums of contiguous rows.
    pub producer: Option<Producer<'a, T>>,
    pub reducer: &'a R,
}

impl<T: Float, R: Reducer<T>> Job<'_, T, R> {
    /// Computes all outputs.
    pub fn run(&self, output: &mut [R::Output], weight_sums: Option<&mut [T]>) {
        let Tiling { blocks, parts } = Tiling::new(self.input.view, self.producer.is_some());
        let outputs = split_outputs(output, &blocks);
        let weight_sums = match weight_sums {
            Some(sums) => split_outputs(sums, &blocks).into_iter().map(Some).collect(),
            None => Vec::from_iter(blocks.iter().map(|_| None)),
        };
        parallel_for(blocks.iter().zip(outputs).zip(weight_sums), |((block, output), weight_sums)| {
            if parts.len() == 1 && self.producer.is_none() {
                return self.reducer.reduce(&self.input, block, output, weight_sums);
            }
            let partials = self.partials(block, &parts);
            self.reducer.finalize(partials, block.first_output, output, weight_sums);
        });
    }

    /// The merged results of all parts.
    pub fn partials(&self, block: &Block, parts: &[Range<usize>]) -> R::Partials {
        if let [whole] = parts {
            return self.partials_of_part(block, whole);
        }
        let mut of_parts = Vec::from_iter(parts.iter().map(|_| R::Partials::default()));
        parallel_for(of_parts.iter_mut().zip(parts), |(partials, part)| *partials = self.partials_of_part(block, part));
        let mut of_parts = of_parts.into_iter();
        let mut merged = of_parts.next().unwrap_or_default();
        of_parts.for_each(|later| self.reducer.merge(&mut merged, later));
        merged
    }

    fn partials_of_part(&self, block: &Block, part: &Range<usize>) -> R::Partials {
        match self.producer {
            Some(producer) => self.partials_of_produced(producer, block, part),
            None => self.reducer.partials(&self.input, block, part.clone()),
        }
    }

    /// The same for values that are produced, a tile at a time: as many whole rows as fit, or a piece of one.
    fn partials_of_produced(&self, producer: Producer<'_, T>, block: &Block, part: &Range<usize>) -> R::Partials {
        let mut tile = [T::zero(); TILE];
        let len = self.input.view.len;
        let mut partials = R::Partials::default();
        let rows_at_once = if part.len() == len { (TILE / len.max(1)).max(1) } else { 1 };
        for rows in ranges(block.outer.len(), rows_at_once) {
            let (first_row, rows) = (block.outer.start + rows.start, rows.len());
            let mut of_rows: Option<R::Partials> = None;
            // A row without values has one piece nonetheless, which is empty.
            for piece in ranges(part.len().max(1), TILE) {
                let piece = part.start + piece.start..(part.start + piece.end).min(part.end);
                let first = first_row * len + piece.start;
                let values = &mut tile[..rows * piece.len()];
                if !values.is_empty() {
                    producer(first, values);
                }
                let weights = match self.input.weights {
                    Weights::None => Weights::None,
                    Weights::Shared(weights) => Weights::Shared(&weights[piece.clone()]),
                    Weights::PerElement(weights) => Weights::PerElement(&weights[first..first + values.len()]),
                };
                let view = AxisSplit { outer: rows, len: piece.len(), inner: 1 };
                let first_output = block.first_output + first_row - block.outer.start;
                let block = Block { first_output, outer: 0..rows, inner: 0..1 };
                let of_piece = self.reducer.partials(&Input { view, values, weights }, &block, 0..piece.len());
                match &mut of_rows {
                    None => of_rows = Some(of_piece),
                    Some(merged) => self.reducer.merge(merged, of_piece),
                }
            }
            partials.append(of_rows.unwrap_or_default());
        }
        partials
    }
}
