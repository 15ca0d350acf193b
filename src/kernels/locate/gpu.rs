//! The GPU's half: dispatches `shaders/locate/locate.wgsl`.

use bytemuck::bytes_of;

use crate::engine::gpu::binding::Bindings;
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, QUAD, WORKGROUP, params, word};
use crate::error::Result;
use crate::kernels::interp::gpu::{QueryWindow, result_tiles, table_bindings};
use crate::kernels::interp::gpu_params::RuleParameters;
use crate::kernels::interp::gpu_variant::InterpVariant;
use crate::kernels::locate::op::Locate;
use crate::kernels::search::gpu::TableParameters;

params! {
    struct LocateParameters {
        table: TableParameters,
        rules: RuleParameters,
        /// Of this dispatch.
        rows: u32,
        /// Queries a row in this dispatch.
        columns: u32,
        /// The table of the first row.
        first_row: u32,
        /// Where queries, segments and the queries in the period begin in their windows.
        query_offset: u32,
        output_offset: u32,
        wrapped_offset: u32,
    }
    needs TableParameters, RuleParameters
}

/// How Rust lays out what the kernel reads.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 1] = [LocateParameters::LAYOUT];

/// Queries that are kept as they are.
const NOT_WRAPPED: &str = "// provides: store_wrapped
// needs: Bits
fn store_wrapped(row: u32, index: u32, remaining: u32, queries: vec4<Bits>) {}
";

/// A kernel that finds segments. What a variant says of evaluating does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct LocateKernel(InterpVariant);

impl LocateKernel {
    fn new(variant: InterpVariant) -> Self {
        Self(variant.of_any_rules())
    }
}

impl KernelKey for LocateKernel {
    fn source(self) -> KernelSource {
        use Access::{Absent, Read, ReadWrite};
        let Self(variant) = self;
        let mut fragments = variant.beginning(LocateParameters::DECLARED);
        fragments.extend(variant.find_fragments());
        fragments.extend([
            match variant.period {
                true => include_str!("../../../shaders/locate/wrapped.wgsl"),
                false => NOT_WRAPPED,
            },
            wgsl::results(variant.quads),
            wgsl::workgroup(),
            wgsl::GRID,
            include_str!("../../../shaders/locate/locate.wgsl"),
        ]);
        KernelSource {
            name: format!("locate_{}", variant.name()),
            fragments,
            constants: variant.lookup_constants(),
            access: if variant.period { &[Read, ReadWrite, ReadWrite] } else { &[Read, Absent, ReadWrite] },
            shared: variant.shared(),
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let variants = crate::kernels::interp::gpu_variant::variants().into_iter();
    variants
        .filter(|variant| !variant.finite && !variant.located)
        .map(|variant| LocateKernel::new(variant).source())
        .collect()
}

pub(crate) fn locate(op: &Locate, encoder: &Encoder<'_>) -> Result<()> {
    let Locate { args, wrapped, cells } = op;
    let table = &args.table;
    let size = table.dtype.size();
    for tile in result_tiles(args, encoder) {
        let first = tile.outer.start * args.columns as u64 + tile.len.start;
        let (tile_rows, tile_columns) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        let window = QueryWindow::of(args, encoder, &tile)?;
        let (mut output, output_offset) = encoder.window(cells.gpu()?, first, tile_rows * tile_columns, 4);
        let quads = window.quads && u64::from(output_offset).is_multiple_of(QUAD) && output.round_up(QUAD * 4);
        let kernel = LocateKernel::new(window.choose(args, encoder, quads));
        let (first, count) = match args.shared_queries {
            true => (tile.len.start, tile_columns),
            false => (first, tile_rows * tile_columns),
        };
        let wrapped = match (wrapped, kernel.0.period) {
            (Some(wrapped), true) => Some(encoder.window(wrapped.gpu()?, first, count, size)),
            _ => None,
        };
        let parameters = LocateParameters {
            table: window.table_parameters(args)?,
            rules: RuleParameters::of(table),
            rows: word(tile_rows)?,
            columns: word(tile_columns)?,
            first_row: word(tile.outer.start)?,
            query_offset: window.query_offset,
            output_offset,
            wrapped_offset: wrapped.map_or(0, |(_, offset)| offset),
        };
        let shared = table_bindings(table, kernel.0)?;
        let own: Vec<_> = [window.x].into_iter().chain(wrapped.map(|(window, _)| window)).chain([output]).collect();
        let bindings = Bindings { own: &own, shared: Some((&table.bind_group, &shared)) };
        let items = tile_rows * tile_columns.div_ceil(QUAD);
        encoder.dispatch(kernel, bytes_of(&parameters), bindings, items.div_ceil(WORKGROUP))?;
    }
    Ok(())
}
