//! The GPU's half: dispatches the kernels of `shaders/reduce/`. `variant` says which there are, `launch` how many
//! invocations share the work, `calibrate` how sums are kept.

pub(crate) mod calibrate;
pub(crate) mod launch;
pub(crate) mod variant;

use bytemuck::bytes_of;

use crate::engine::check::Outcome;
use crate::engine::gpu::binding::{Binding, Placeholder};
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::wgsl::word;
use crate::error::Result;
use crate::kernels::reduce::gpu::launch::{BLOCK, LANES, LaunchConfig};
use crate::kernels::reduce::gpu::variant::{Accumulation, Ahead, ReduceKernel, ReduceParameters, StateKind};
use crate::kernels::reduce::op::{Output, Reduce, Weights};
use crate::kernels::tiles::{Tile, tiles};

pub(crate) fn reduce(operation: &Reduce, encoder: &Encoder<'_>) -> Result<()> {
    let view = operation.view;
    let state = StateKind::of(operation);
    let sums = state.sums(Accumulation::of(operation.dtype, encoder));
    let state_bytes = state.state_bytes(operation.dtype, sums);
    let window = encoder.window_bytes() / operation.dtype.size();
    let widest = encoder.window_bytes() / state_bytes;
    let all = tiles(view.outer as u64, view.len as u64, view.inner as u64, window, widest);
    // Tiles of the same rows follow one another.
    for tiles in all.chunk_by(|one, next| one.outer == next.outer && one.inner == next.inner) {
        RowsOfTiles { operation, encoder, sums, state, state_bytes }.run(tiles)?;
    }
    Ok(())
}

/// The reduction of the rows that some tiles share.
struct RowsOfTiles<'a> {
    operation: &'a Reduce,
    encoder: &'a Encoder<'a>,
    sums: Accumulation,
    state: StateKind,
    state_bytes: u64,
}

/// One dispatch of it.
struct TileDispatch<'a> {
    tile: &'a Tile,
    launch: LaunchConfig,
    outputs: u64,
    continue_partial: bool,
    single_pass: bool,
    partials: Binding<'a>,
}

/// The distance of two rows, or of two indices along the axis, for a kernel that sees `count` of them: it steps from
/// one to the next only where there are several, and those are within a window.
fn stride(count: u64, elements: usize) -> Result<u32> {
    if count > 1 { word(elements) } else { Ok(u32::try_from(elements).unwrap_or_default()) }
}

impl RowsOfTiles<'_> {
    fn run(&self, tiles: &[Tile]) -> Result<()> {
        let Some(deepest) = tiles.first() else { return Ok(()) };
        let outputs = (deepest.outer.end - deepest.outer.start) * (deepest.inner.end - deepest.inner.start);
        let reduce_len = deepest.len.end - deepest.len.start;
        let lanes = self.encoder.info().kernels_for.is_hardware_gpu()
            && self.encoder.takes_workgroups(LANES, 2 * LANES * self.state_bytes);
        let by_four = tiles.iter().try_fold(true, |all, tile| self.takes_blocks(tile).map(|takes| all && takes))?;
        let launch = LaunchConfig::choose(self.operation.view, outputs, reduce_len, lanes, by_four);
        let single_pass = launch.parts == 1 && tiles.len() == 1;
        let partial_bytes = outputs * launch.parts * self.state_bytes;
        let scratch = if single_pass { None } else { Some(self.encoder.scratch(partial_bytes)?) };
        let partials = match &scratch {
            Some(scratch) => Binding::start(scratch, partial_bytes),
            None => self.encoder.placeholder(Placeholder::Partials),
        };

        for (number, tile) in tiles.iter().enumerate() {
            self.dispatch(&TileDispatch {
                tile,
                launch,
                outputs,
                continue_partial: number > 0,
                single_pass,
                partials,
            })?;
        }
        if !single_pass {
            let launch = launch.merge(outputs);
            self.dispatch(&TileDispatch {
                tile: deepest,
                launch,
                outputs,
                continue_partial: false,
                single_pass,
                partials,
            })?;
        }
        Ok(())
    }

    /// Whether every load of four values, or weights, of a tile begins at a multiple of four and has the memory it
    /// needs.
    fn takes_blocks(&self, tile: &Tile) -> Result<bool> {
        let Reduce { view, weights, .. } = self.operation;
        let (len, inner) = (view.len as u64, view.inner as u64);
        let is_whole = |count: u64| count.is_multiple_of(BLOCK);
        let values = match inner {
            1 => is_whole(len) && is_whole(tile.len.start) && is_whole(tile.len.end),
            _ => is_whole(inner) && is_whole(tile.inner.start) && is_whole(tile.inner.end),
        };
        let weights = match weights {
            Weights::Shared(weights) => {
                let needed = tile.len.end.next_multiple_of(BLOCK) * self.operation.dtype.size();
                is_whole(tile.len.start) && needed <= weights.gpu()?.room()
            }
            Weights::None | Weights::PerElement(_) => true,
        };
        Ok(values && weights)
    }

    fn parameters(&self, step: &TileDispatch<'_>) -> Result<ReduceParameters> {
        let Reduce { view, reduction, weights, weight_sums, .. } = self.operation;
        let TileDispatch { tile, launch, outputs, continue_partial, single_pass, .. } = step;
        let (rows, reduce_len) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        Ok(ReduceParameters {
            outputs: word(*outputs)?,
            inner: word(tile.inner.end - tile.inner.start)?,
            reduce_len: word(reduce_len)?,
            parts: word(launch.parts)?,
            part_len: word(launch.part_len)?,
            row_stride: stride(rows, view.len * view.inner)?,
            axis_stride: stride(reduce_len, view.inner)?,
            value_offset: 0,
            weight_offset: 0,
            output_offset: 0,
            mean_offset: 0,
            // For checks, which report the largest index for those beyond.
            first_output: u32::try_from(self.first_output(tile)).unwrap_or(u32::MAX),
            // For indices, which are refused along longer axes.
            first_index: u32::try_from(tile.len.start).unwrap_or(u32::MAX),
            reduction: *reduction as u32,
            continue_partial: (*continue_partial).into(),
            single_pass: (*single_pass).into(),
            weights_along: matches!(weights, Weights::Shared(_)).into(),
            has_sums: weight_sums.is_some().into(),
            skip_nan: self.operation.skip_nan.into(),
            check: match self.operation.check.as_ref().map(|check| check.outcome()) {
                Some(Outcome::Word { index, .. }) => *index,
                _ => 0,
            },
            opaque_zero: 0,
            has_fill: self.operation.fill.is_some().into(),
            lane_bits: launch.lane_bits,
            padding: 0,
            nan: self.operation.dtype.nan(),
            infinity: self.operation.dtype.infinity(),
            ddof: self.operation.dtype.words(self.operation.ddof),
            fill: self.operation.fill.unwrap_or_default().0,
        })
    }

    fn first_output(&self, tile: &Tile) -> u64 {
        tile.outer.start * self.operation.view.inner as u64 + tile.inner.start
    }

    fn dispatch(&self, step: &TileDispatch<'_>) -> Result<()> {
        let Self { encoder, operation, .. } = self;
        let TileDispatch { tile, launch, outputs, partials, .. } = step;
        let Reduce { view, values, weights, output, weight_sums, means, check, .. } = operation;
        let (len, inner) = (view.len as u64, view.inner as u64);
        let size = operation.dtype.size();
        let first_output = self.first_output(tile);
        let reduce_len = tile.len.end - tile.len.start;
        let rows = tile.outer.end - tile.outer.start;
        let (first, count) = match (len, rows) {
            // Without places there are no elements to point at.
            (0, _) => (0, 0),
            (_, 1) => {
                let first = (tile.outer.start * len + tile.len.start) * inner + tile.inner.start;
                (first, (reduce_len - 1) * inner + (tile.inner.end - tile.inner.start))
            }
            _ => (tile.outer.start * len * inner, rows * len * inner),
        };
        let mut parameters = self.parameters(step)?;
        let values = bind(&mut parameters.value_offset, encoder.window(values.gpu()?, first, count, size));
        let result = match output {
            Output::Values(output) => encoder.window(output.gpu()?, first_output, *outputs, size),
            Output::Indices(output) => encoder.window(output.gpu()?, first_output, *outputs, size_of::<u32>() as u64),
        };
        let is_merge = launch.strategy.is_merge();
        let mut bindings = if is_merge { vec![] } else { vec![values] };
        bindings.extend([*partials, bind(&mut parameters.output_offset, result)]);

        if let Some(means) = means {
            let means = encoder.window(means.gpu()?, first_output, *outputs, size);
            bindings.push(bind(&mut parameters.mean_offset, means));
        }
        let weights = match weights {
            Weights::None => None,
            Weights::Shared(weights) => {
                let mut window = encoder.window(weights.gpu()?, tile.len.start, reduce_len, size);
                window.0.round_up(BLOCK * size);
                Some(window)
            }
            Weights::PerElement(weights) => Some(encoder.window(weights.gpu()?, first, count, size)),
        };
        if let (Some(weights), StateKind::Weighted) = (weights, self.state) {
            let weights = bind(&mut parameters.weight_offset, weights);
            if !is_merge {
                bindings.push(weights);
            }
            bindings.push(match weight_sums {
                Some(sums) => encoder.window(sums.gpu()?, first_output, *outputs, size).0,
                None => encoder.placeholder(Placeholder::WeightSums),
            });
            bindings.push(match check.as_ref().map(|check| check.outcome()) {
                Some(Outcome::Word { buffer, .. }) => Binding::checks(buffer),
                _ => encoder.placeholder(Placeholder::Checks),
            });
        }
        let (element, sums, state, strategy) = (operation.dtype, self.sums, self.state, launch.strategy);
        let kernel = ReduceKernel { element, sums, state, strategy, ahead: self.ahead(step) };
        encoder.dispatch(kernel, bytes_of(&parameters), &bindings, launch.groups(*outputs))
    }
}

impl RowsOfTiles<'_> {
    /// What the kernel of a dispatch is compiled for.
    fn ahead(&self, step: &TileDispatch<'_>) -> Ahead {
        let TileDispatch { launch, single_pass, .. } = step;
        let weights_along = matches!(self.operation.weights, Weights::Shared(_)) && self.state == StateKind::Weighted;
        if launch.strategy.is_block() {
            return Ahead { weights_along, single_pass: *single_pass, ..Ahead::default() };
        }
        if launch.strategy.is_lanes() {
            let LaunchConfig { four_rows, by_four, .. } = *launch;
            return Ahead { weights_along, skip_nan: self.operation.skip_nan, four_rows, by_four, single_pass: false };
        }
        Ahead::default()
    }
}

/// Notes where the elements begin in a window.
fn bind<'a>(offset: &mut u32, (binding, before): (Binding<'a>, u32)) -> Binding<'a> {
    *offset = before;
    binding
}
