//! The GPU's half: dispatches `shaders/slope/slope.wgsl`.

use bytemuck::bytes_of;

use crate::engine::gpu::binding::{Bindings, Placeholder};
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, QUAD, WORKGROUP, params, word};
use crate::error::Result;
use crate::kernels::interp::gpu::{QueryWindow, result_tiles, table_bindings};
use crate::kernels::interp::gpu_params::RuleParameters;
use crate::kernels::interp::gpu_variant::{InterpVariant, methods};
use crate::kernels::search::gpu::TableParameters;
use crate::kernels::slope::op::Slope;

params! {
    struct SlopeParameters {
        table: TableParameters,
        rules: RuleParameters,
        /// Of this dispatch.
        rows: u32,
        /// Queries a row in this dispatch.
        columns: u32,
        /// The table of the first row.
        first_row: u32,
        method: u32,
        /// Where queries, operands and results begin in their windows.
        query_offset: u32,
        operand_offset: u32,
        output_offset: u32,
        unused: u32,
    }
    needs TableParameters, RuleParameters
}

/// How Rust lays out what the kernel reads.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 1] = [SlopeParameters::LAYOUT];

/// A kernel that computes slopes. Whether a table is finite does not matter: slopes that are not are looked at anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct SlopeKernel {
    variant: InterpVariant,
    /// Factor, shift and base.
    operands: [bool; 3],
}

impl SlopeKernel {
    fn new(variant: InterpVariant, operands: [bool; 3]) -> Self {
        Self { variant: variant.of_any_rules(), operands }
    }
}

impl KernelKey for SlopeKernel {
    fn source(self) -> KernelSource {
        use Access::{Absent, Read, ReadWrite};
        let Self { variant, operands } = self;
        let mut fragments = variant.beginning(SlopeParameters::DECLARED);
        fragments.extend(variant.find_fragments());
        fragments.extend([methods(), wgsl::results(variant.quads), wgsl::workgroup(), wgsl::GRID]);
        fragments.push(include_str!("../../../shaders/slope/slope.wgsl"));
        let mut constants = variant.lookup_constants();
        let names = ["HAS_FACTOR", "HAS_SHIFT", "HAS_BASE"];
        constants.extend(names.into_iter().zip(operands.map(|operand| f64::from(u8::from(operand)))));
        let [factor, shift, base] = operands.map(u8::from);
        KernelSource {
            name: format!("slope_{factor}{shift}{base}_{}", variant.name()),
            fragments,
            constants,
            access: match variant.located {
                true => &[Read, Absent, ReadWrite, Read, Read, Read, Read],
                false => &[Read, Absent, ReadWrite, Read, Read, Read],
            },
            shared: variant.shared(),
        }
    }
}

/// Every specialisation of finding, and some with every choice of operands, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let mut all = Vec::new();
    for (number, variant) in
        crate::kernels::interp::gpu_variant::variants().into_iter().filter(|variant| !variant.finite).enumerate()
    {
        let operands = [1, 2, 4].map(|flag| number & flag != 0);
        all.push(SlopeKernel::new(variant, operands).source());
    }
    all
}

pub(crate) fn slope(op: &Slope, encoder: &Encoder<'_>) -> Result<()> {
    let Slope { args, factor, shift, base, output } = op;
    let table = &args.table;
    let size = table.dtype.size();
    for tile in result_tiles(args, encoder) {
        let first = tile.outer.start * args.columns as u64 + tile.len.start;
        let (tile_rows, tile_columns) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        let count = tile_rows * tile_columns;
        let window = QueryWindow::of(args, encoder, &tile)?;
        let (mut output, output_offset) = encoder.window(output.gpu()?, first, count, size);
        let quads = window.quads && u64::from(output_offset).is_multiple_of(QUAD) && output.round_up(QUAD * size);
        let operands = [factor, shift, base];
        let kernel = SlopeKernel::new(window.choose(args, encoder, quads), operands.map(Option::is_some));
        let mut own = vec![window.x, output];
        let mut operand_offset = 0;
        let placeholders = [Placeholder::Partials, Placeholder::WeightSums, Placeholder::Checks];
        for (operand, placeholder) in operands.into_iter().zip(placeholders) {
            match operand {
                // All begin at the same element, and so at the same place in their windows.
                Some(operand) => {
                    let (window, offset) = encoder.window(operand.gpu()?, first, count, size);
                    own.push(window);
                    operand_offset = offset;
                }
                None => own.push(encoder.placeholder(placeholder)),
            }
        }
        own.extend(window.cells);
        let parameters = SlopeParameters {
            table: window.table_parameters(args)?,
            rules: RuleParameters::of(table),
            rows: word(tile_rows)?,
            columns: word(tile_columns)?,
            first_row: word(tile.outer.start)?,
            method: table.rules.method as u32,
            query_offset: window.query_offset,
            operand_offset,
            output_offset,
            unused: 0,
        };
        let shared = table_bindings(table, kernel.variant)?;
        let bindings = Bindings { own: &own, shared: Some((&table.bind_group, &shared)) };
        let items = tile_rows * tile_columns.div_ceil(QUAD);
        encoder.dispatch(kernel, bytes_of(&parameters), bindings, items.div_ceil(WORKGROUP))?;
    }
    Ok(())
}
