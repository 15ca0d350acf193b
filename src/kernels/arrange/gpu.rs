//! The GPU's half: the kernels of `shaders/arrange/`. Keys, then a merge sort, a dispatch for every doubling of the
//! runs, then what the table is to have.

use bytemuck::bytes_of;

use crate::engine::check::Outcome;
use crate::engine::gpu::binding::{Binding, Placeholder};
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP, params, word};
use crate::error::Result;
use crate::float::dtype::FloatType;
use crate::kernels::arrange::op::{ArrangeKnots, Order};

params! {
    struct ArrangeParameters {
        period: [u32; 2],
        nan: [u32; 2],
        has_period: u32,
        /// Of one table, as they were given.
        knots: u32,
        /// Of all tables.
        total: u32,
        /// Of the given knots, which all tables may share.
        xp_len: u32,
        has_values: u32,
        descends: u32,
        /// Of the runs that are in order.
        width: u32,
        /// 1: only what is missing goes behind all others.
        partitions: u32,
        is_checked: u32,
        /// Which word of the checks.
        check: u32,
        unused: [u32; 2],
    }
}

/// How Rust lays out what the kernels read.
#[cfg(test)]
pub(crate) const LAYOUT: wgsl::Layout = ArrangeParameters::LAYOUT;

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    /// The keys of the knots, within the period.
    Keys,
    /// Pairs of runs become one.
    Merge,
    /// The knots of the table, closed if it is periodic, and whether they are in order.
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ArrangeKernel {
    element: FloatType,
    part: Part,
}

impl KernelKey for ArrangeKernel {
    fn source(self) -> KernelSource {
        use Access::{Read, ReadWrite};
        let Self { element, part } = self;
        let mut fragments = vec![wgsl::element(element), ArrangeParameters::DECLARED, wgsl::workgroup(), wgsl::GRID];
        fragments.extend(match part {
            Part::Keys => vec![
                wgsl::SPECIAL,
                include_str!("../../../shaders/arrange/nan.wgsl"),
                include_str!("../../../shaders/lib/modulo.wgsl"),
                include_str!("../../../shaders/arrange/keys.wgsl"),
            ],
            Part::Merge => vec![include_str!("../../../shaders/arrange/merge.wgsl")],
            Part::Close => vec![wgsl::SPECIAL, include_str!("../../../shaders/arrange/close.wgsl")],
        });
        KernelSource {
            name: format!("arrange_{part:?}_{element}"),
            fragments,
            constants: Vec::new(),
            access: match part {
                Part::Close => &[Read, Read, ReadWrite, ReadWrite, ReadWrite],
                Part::Keys | Part::Merge => &[Read, Read, ReadWrite, ReadWrite],
            },
            shared: &[],
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let of = |element| [Part::Keys, Part::Merge, Part::Close].map(|part| ArrangeKernel { element, part }.source());
    [FloatType::F32, FloatType::F64].map(of).concat()
}

pub(crate) fn arrange_knots(op: &ArrangeKnots, encoder: &Encoder<'_>) -> Result<()> {
    let ArrangeKnots { dtype, given_knots, tables, options, .. } = op;
    let total = tables * given_knots;
    let (key_bytes, order_bytes) = (dtype.bytes(total), 4 * total as u64);
    let (checks, check) = match op.check.as_ref().map(|check| check.outcome()) {
        Some(Outcome::Word { buffer, index }) => (Binding::checks(buffer), *index),
        _ => (encoder.placeholder(Placeholder::Checks), 0),
    };
    let mut parameters = ArrangeParameters {
        period: options.period.unwrap_or_default().0,
        nan: dtype.nan(),
        has_period: options.period.is_some().into(),
        knots: word(*given_knots)?,
        total: word(total)?,
        xp_len: word(op.xp_len)?,
        has_values: op.values.is_some().into(),
        descends: options.descends().into(),
        width: 1,
        partitions: (options.period.is_none() && options.order != Order::Sort).into(),
        is_checked: op.check.is_some().into(),
        check,
        unused: [0; 2],
    };
    // From one pair of buffers into the other and back.
    let scratch = [(); 2].map(|()| Ok((encoder.scratch(key_bytes)?, encoder.scratch(order_bytes)?)));
    let [one, other] = scratch;
    let (one, other) = (one?, other?);
    let [mut from, mut to] =
        [&one, &other].map(|(keys, order)| [Binding::start(keys, key_bytes), Binding::start(order, order_bytes)]);
    let groups = |cells: usize| (cells as u64).div_ceil(WORKGROUP);

    let xp = Binding::start(op.xp.gpu()?, dtype.bytes(op.xp_len));
    let values = match &op.values {
        Some(values) => Binding::start(values.gpu()?, key_bytes),
        // Nothing reads them, but something has to be bound.
        None => xp,
    };
    let kernel = |part| ArrangeKernel { element: *dtype, part };
    let [keys, order] = from;
    encoder.dispatch(kernel(Part::Keys), bytes_of(&parameters), &[xp, values, keys, order], groups(total))?;
    while (parameters.width as usize) < *given_knots {
        let bindings = [from[0], from[1], to[0], to[1]];
        encoder.dispatch(kernel(Part::Merge), bytes_of(&parameters), &bindings, groups(total))?;
        std::mem::swap(&mut from, &mut to);
        parameters.width *= 2;
    }
    let cells = tables * op.knots();
    let keys = Binding::start(op.keys.gpu()?, dtype.bytes(cells));
    let order = Binding::start(op.order.gpu()?, 4 * cells as u64);
    let bindings = [from[0], from[1], keys, order, checks];
    encoder.dispatch(kernel(Part::Close), bytes_of(&parameters), &bindings, groups(cells))
}
