//! The GPU's half: dispatches the kernels of `shaders/broadcast_rows/`.

use bytemuck::bytes_of;

use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP, params, word};
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::kernels::broadcast_rows::op::{BroadcastRows, Elements, RowFactors};
use crate::kernels::reduce::op::Weights;
use crate::kernels::tiles::{chunk_ranges, tiles};

params! {
    struct BroadcastRowsParameters {
        /// Of this tile.
        total: u32,
        len: u32,
        inner: u32,
        /// Where the tile begins in the windows of everything that has its shape.
        element_offset: u32,
        /// Where its rows begin in theirs.
        row_offset: u32,
        /// Where the weights of its indices along the axis begin in theirs.
        weight_offset: u32,
        /// 1: a weight for each index along the axis, 0: one for each element.
        weights_along: u32,
    }
}

params! {
    struct RowFactorsParameters {
        /// Of this dispatch.
        rows: u32,
        /// Where they begin in their windows.
        row_offset: u32,
        /// 1: the numerators are read, 0: they are ones.
        has_numerators: u32,
        /// 1: the divisors are read, 0: nothing divides.
        has_divisors: u32,
        /// 1: `where_zero` is the factor of a row whose divisor is zero.
        has_where_zero: u32,
        unused: u32,
        scale: [u32; 2],
        count: [u32; 2],
        where_zero: [u32; 2],
    }
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 2] = [BroadcastRowsParameters::LAYOUT, RowFactorsParameters::LAYOUT];

/// What the factors are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Product {
    Ones,
    Weights,
    Deviations,
    Residuals,
}

impl Product {
    fn of(elements: &Elements) -> Self {
        match elements {
            Elements::Weights(Weights::None) => Self::Ones,
            Elements::Weights(Weights::Shared(_) | Weights::PerElement(_)) => Self::Weights,
            Elements::Deviations { .. } => Self::Deviations,
            Elements::Residuals { .. } => Self::Residuals,
        }
    }

    fn fragment(self) -> &'static str {
        match self {
            Self::Ones => include_str!("../../../shaders/broadcast_rows/ones.wgsl"),
            Self::Weights => include_str!("../../../shaders/broadcast_rows/weights.wgsl"),
            Self::Deviations => include_str!("../../../shaders/broadcast_rows/deviations.wgsl"),
            Self::Residuals => include_str!("../../../shaders/broadcast_rows/residuals.wgsl"),
        }
    }

    fn access(self) -> &'static [Access] {
        use Access::{Read, ReadWrite};
        match self {
            Self::Ones => &[ReadWrite, Read],
            Self::Weights => &[ReadWrite, Read, Read],
            Self::Deviations => &[ReadWrite, Read, Read, Read],
            Self::Residuals => &[ReadWrite, Read, Read, Read, Read, Read],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct BroadcastRowsKernel {
    element: FloatType,
    product: Product,
}

impl KernelKey for BroadcastRowsKernel {
    fn source(self) -> KernelSource {
        let Self { element, product } = self;
        KernelSource {
            name: format!("broadcast_rows_{element}_{product:?}"),
            fragments: vec![
                wgsl::element(element),
                BroadcastRowsParameters::DECLARED,
                wgsl::workgroup(),
                wgsl::GRID,
                product.fragment(),
                include_str!("../../../shaders/broadcast_rows/broadcast_rows.wgsl"),
            ],
            constants: Vec::new(),
            access: product.access(),
            shared: &[],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RowFactorsKernel(FloatType);

impl KernelKey for RowFactorsKernel {
    fn source(self) -> KernelSource {
        let Self(element) = self;
        KernelSource {
            name: format!("row_factors_{element}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                RowFactorsParameters::DECLARED,
                wgsl::workgroup(),
                wgsl::GRID,
                include_str!("../../../shaders/broadcast_rows/row_factors.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::Read, Access::ReadWrite],
            shared: &[],
        }
    }
}

#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let mut all = Vec::new();
    for element in [FloatType::F32, FloatType::F64] {
        all.push(RowFactorsKernel(element).source());
        for product in [Product::Ones, Product::Weights, Product::Deviations, Product::Residuals] {
            all.push(BroadcastRowsKernel { element, product }.source());
        }
    }
    all
}

pub(crate) fn broadcast_rows(op: &BroadcastRows, encoder: &Encoder<'_>) -> Result<()> {
    let (len, inner) = (op.view.len as u64, op.view.inner as u64);
    let size = op.dtype.size();
    let window = encoder.window_bytes() / size;
    for tile in tiles(op.view.outer as u64, len, inner, window, window) {
        let (outer, along) = (tile.outer.end - tile.outer.start, tile.len.end - tile.len.start);
        let columns = tile.inner.end - tile.inner.start;
        // Without gaps: a tile has more than one index only if it has all of the inner axis.
        let first = (tile.outer.start * len + tile.len.start) * inner + tile.inner.start;
        let first_row = tile.outer.start * inner + tile.inner.start;
        let total = outer * along * columns;
        let elements = |storage| encoder.window(storage, first, total, size);
        let rows = |storage| encoder.window(storage, first_row, outer * columns, size);
        let (output, element_offset) = elements(op.output.gpu()?);
        let (factors, row_offset) = rows(op.factors.gpu()?);
        let (mut bindings, mut weight_offset) = (vec![output, factors], 0);
        match &op.elements {
            Elements::Weights(Weights::None) => {}
            Elements::Weights(Weights::Shared(weights)) => {
                let (weights, before) = encoder.window(weights.gpu()?, tile.len.start, along, size);
                bindings.push(weights);
                weight_offset = before;
            }
            Elements::Weights(Weights::PerElement(weights)) => bindings.push(elements(weights.gpu()?).0),
            Elements::Deviations { values, means } => {
                bindings.extend([elements(values.gpu()?).0, rows(means.gpu()?).0]);
            }
            Elements::Residuals { values, means, scores, slopes } => bindings.extend([
                elements(values.gpu()?).0,
                rows(means.gpu()?).0,
                elements(scores.gpu()?).0,
                rows(slopes.gpu()?).0,
            ]),
        }
        let parameters = BroadcastRowsParameters {
            total: word(total)?,
            len: word(along)?,
            inner: word(columns)?,
            element_offset,
            row_offset,
            weight_offset,
            weights_along: matches!(op.elements, Elements::Weights(Weights::Shared(_))).into(),
        };
        let kernel = BroadcastRowsKernel { element: op.dtype, product: Product::of(&op.elements) };
        encoder.dispatch(kernel, bytes_of(&parameters), &bindings, total.div_ceil(WORKGROUP))?;
    }
    Ok(())
}

pub(crate) fn row_factors(op: &RowFactors, encoder: &Encoder<'_>) -> Result<()> {
    let size = op.dtype.size();
    // In place of an operand that there is none of stands the other: it is bound, and not read.
    let [numerators, divisors] = op.quotients.operands();
    let where_zero = op.quotients.where_zero();
    let Some(either) = numerators.or(divisors) else { return Ok(()) };
    for rows in chunk_ranges(op.rows as u64, encoder.window_bytes() / size) {
        let count = rows.end - rows.start;
        let window = |storage| encoder.window(storage, rows.start, count, size);
        let (output, row_offset) = window(op.output.gpu()?);
        let parameters = RowFactorsParameters {
            rows: word(count)?,
            row_offset,
            has_numerators: numerators.is_some().into(),
            has_divisors: divisors.is_some().into(),
            has_where_zero: where_zero.is_some().into(),
            unused: 0,
            scale: op.dtype.words(op.scale),
            count: op.dtype.words(op.count),
            where_zero: op.dtype.words(where_zero.unwrap_or_default()),
        };
        let bindings =
            [window(numerators.unwrap_or(either).gpu()?).0, window(divisors.unwrap_or(either).gpu()?).0, output];
        encoder.dispatch(RowFactorsKernel(op.dtype), bytes_of(&parameters), &bindings, count.div_ceil(WORKGROUP))?;
    }
    Ok(())
}
