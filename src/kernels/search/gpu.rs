//! Dispatches `shaders/knots.wgsl` and `shaders/searchsorted.wgsl`.

use bytemuck::{Pod, Zeroable, bytes_of};

use crate::element::{ElementType, Float};
use crate::engine::check::Outcome;
use crate::engine::gpu::encoder::{Binding, Commands};
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::{self, WORKGROUP};
use crate::engine::host::alloc::collected;
use crate::error::Result;
use crate::index::gpu_index::{Bucketing, KnotIndex};
use crate::kernels::search::axis::SortedAxis;
use crate::kernels::search::op::{PrepareKnots, Search};
use crate::kernels::tiles::steps;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Parameters {
    knots: u32,
    total: u32,
    check: u32,
    unused: u32,
}

/// Turns knots into keys and checks their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct KnotsKernel(ElementType);

impl KernelKey for KnotsKernel {
    fn source(self) -> KernelSource {
        let Self(element) = self;
        KernelSource {
            name: format!("knots_{element}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                wgsl::GRID,
                include_str!("../../../shaders/search/knots.wgsl"),
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::ReadWrite, Access::ReadWrite],
        }
    }
}

/// Every specialisation, for the test that translates them all.
#[cfg(test)]
pub(crate) fn kernels() -> Vec<KernelSource> {
    let elements = [ElementType::F32, ElementType::F64].into_iter();
    elements.flat_map(|e| [KnotsKernel(e).source(), SearchsortedKernel(e).source()]).collect()
}

/// How far a search has to go in an axis, so that it can be written out without a loop.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reach {
    /// Whether the knots are numbers whose distances within a table do not overflow. False where nobody has looked.
    pub finite: bool,
    /// Steps from the first knot of a table.
    pub from_first: u32,
    /// Steps from the last knot before the bucket that comes before a query's own to the end of the one that comes after,
    /// at the most; none without buckets, or where rounding could mislead by more than one.
    pub from_bucket: Option<u32>,
    /// Of the bucket function of the first table.
    pub origin: [u32; 2],
    /// Of the bucket function of the first table.
    pub scale: [u32; 2],
}

impl Reach {
    /// Of an axis that nobody has looked at.
    pub fn unknown(knots: usize) -> Self {
        Self { from_first: steps_among(knots), ..Self::default() }
    }

    /// Of an axis that the host has.
    pub fn of<T: Float>(index: &KnotIndex<T>) -> Self {
        let distance = |table: &[T::Key]| T::from_key(table[table.len() - 1]) - T::from_key(table[0]);
        let finite = index.keys.chunks_exact(index.knots.max(1)).all(|table| distance(table).is_finite());
        let unknown = Self::unknown(index.knots);
        if index.bucketing == Bucketing::None {
            return Self { finite, ..unknown };
        }
        // A device may take what is subnormal for zero: that moves a query by less than a bucket if so steep a function is
        // left alone.
        let steepest = T::one() / T::min_positive_value();
        let too_steep = |pair: &[T::Key]| index.bucketing == Bucketing::Linear && T::of_bits(pair[1]) > steepest;
        let [origin, scale] = [0, 1].map(|place| T::of_bits(index.origins[place]).words());
        let widest = index.starts.chunks_exact(index.buckets + 1).map(widest_window).max().unwrap_or(index.knots);
        let from_bucket = (!index.origins.chunks_exact(2).any(too_steep)).then(|| steps_among(widest));
        Self { finite, from_bucket, origin, scale, ..unknown }
    }
}

/// The index as a GPU wants it: half as many buckets, as often as that makes no search longer. The host makes as many as
/// its caches like; here fewer steps do not follow from more buckets, but more misses do: at 65,536 knots half of them
/// made a query 15 % faster on llvmpipe.
pub(crate) fn coarsened<T: Float>(mut index: KnotIndex<T>) -> Result<KnotIndex<T>> {
    if index.bucketing == Bucketing::None {
        return Ok(index);
    }
    let steps = |starts: &[u32], buckets: usize| {
        let windows = starts.chunks_exact(buckets + 1).map(widest_window);
        steps_among(windows.max().unwrap_or(1))
    };
    let wanted = steps(&index.starts, index.buckets);
    while index.buckets >= 4 && index.buckets.is_multiple_of(2) {
        let (tables, buckets) = (index.starts.len() / (index.buckets + 1), index.buckets / 2);
        let every_other = index.starts.chunks_exact(index.buckets + 1).flat_map(|starts| starts.iter().step_by(2));
        let starts = collected(every_other.copied(), tables * (buckets + 1))?;
        if steps(&starts, buckets) > wanted {
            break;
        }
        for scale in index.origins.iter_mut().skip(1).step_by(2) {
            *scale = match index.bucketing {
                Bucketing::Linear => (T::of_bits(*scale) * T::narrow(0.5)).bits(),
                _ => T::key_of(T::small_number(*scale) + 1),
            };
        }
        (index.starts, index.buckets) = (starts, buckets);
    }
    Ok(index)
}

/// How many steps find one of so many knots.
fn steps_among(knots: usize) -> u32 {
    knots.next_power_of_two().trailing_zeros()
}

/// Among how many knots a search has to look at the most that knows its bucket but for one.
fn widest_window(starts: &[u32]) -> usize {
    let buckets = starts.len() - 1;
    let window = |bucket: usize| {
        let first = starts[bucket.max(1) - 1].max(1) - 1;
        (starts[(bucket + 2).min(buckets)].max(first + 1) - first) as usize
    };
    (0..buckets).map(window).max().unwrap_or(1)
}

/// The bindings of a whole axis: keys, starts, origins.
pub(crate) fn axis_bindings(axis: &SortedAxis) -> Result<[Binding<'_>; 3]> {
    let keys = Binding::start(axis.keys.gpu()?, axis.dtype.bytes(axis.tables * axis.knots));
    let Some((starts, origins)) = &axis.index else {
        // Without buckets nothing reads them, but something has to be bound.
        return Ok([keys; 3]);
    };
    Ok([
        keys,
        Binding::start(starts.gpu()?, 4 * (axis.tables * (axis.buckets + 1)) as u64),
        Binding::start(origins.gpu()?, axis.dtype.bytes(axis.tables * 2)),
    ])
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct SearchParameters {
    total: u32,
    knots: u32,
    buckets: u32,
    bucketing: u32,
    left: u32,
    flip: u32,
    query_shift: u32,
    output_shift: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct SearchsortedKernel(ElementType);

impl KernelKey for SearchsortedKernel {
    fn source(self) -> KernelSource {
        let Self(element) = self;
        KernelSource {
            name: format!("searchsorted_{element}"),
            fragments: vec![
                wgsl::element(element),
                wgsl::SPECIAL,
                wgsl::GRID,
                include_str!("../../../shaders/search/searchsorted.wgsl"),
                wgsl::SEARCH,
            ],
            constants: Vec::new(),
            access: &[Access::Read, Access::Read, Access::Read, Access::Read, Access::ReadWrite],
        }
    }
}

pub(crate) fn search(operation: &Search, commands: &Commands<'_>) -> Result<()> {
    let axis = &operation.axis;
    let [keys, starts, origins] = axis_bindings(axis)?;
    let size = axis.dtype.size();
    for queries in steps(operation.total as u64, commands.window_bytes() / size) {
        let total = queries.end - queries.start;
        let (x, query_shift) = commands.window(operation.x.gpu()?, queries.start, total, size);
        let (output, output_shift) = commands.window(operation.output.gpu()?, queries.start, total, 4);
        let parameters = SearchParameters {
            total: total as u32,
            knots: axis.knots as u32,
            buckets: axis.buckets as u32,
            bucketing: axis.bucketing as u32,
            left: operation.left.into(),
            flip: operation.flip.into(),
            query_shift,
            output_shift,
        };
        let bindings = [x, keys, starts, origins, output];
        commands.dispatch(
            SearchsortedKernel(axis.dtype.element()),
            bytes_of(&parameters),
            &bindings,
            total.div_ceil(WORKGROUP),
        )?;
    }
    Ok(())
}

pub(crate) fn prepare_knots(op: &PrepareKnots, commands: &Commands<'_>) -> Result<()> {
    let bytes = op.dtype.bytes(op.total);
    let Outcome::Word { buffer, index } = op.check.outcome() else { return Ok(()) };
    let parameters = Parameters { knots: op.knots as u32, total: op.total as u32, check: *index, unused: 0 };
    commands.dispatch(
        KnotsKernel(op.dtype.element()),
        bytes_of(&parameters),
        &[Binding::start(op.xp.gpu()?, bytes), Binding::start(op.keys.gpu()?, bytes), Binding::checks(buffer)],
        (op.total as u64).div_ceil(WORKGROUP),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every candidate of a query that is taken for one of a neighbouring bucket is within the steps that are written out.
    fn reaches_what_it_must<T: Float>(xp: &[T]) {
        let fine = KnotIndex::new(xp, xp.len()).unwrap();
        let index = coarsened(KnotIndex::new(xp, xp.len()).unwrap()).unwrap();
        let reach = Reach::of(&index);
        assert!(index.buckets <= fine.buckets);
        assert_eq!(reach.from_bucket, Reach::of(&fine).from_bucket, "coarser buckets make no search longer");
        let Some(steps) = reach.from_bucket else { return };
        for bucket in 0..index.buckets {
            for taken_for in bucket.saturating_sub(1)..=(bucket + 1).min(index.buckets - 1) {
                let from = index.starts[taken_for.max(1) - 1].max(1) - 1;
                let (first, end) = (index.starts[bucket].max(1) - 1, index.starts[bucket + 1].max(1));
                assert!(from <= first && end <= from + (1 << steps), "{bucket} taken for {taken_for}");
            }
        }
    }

    #[test]
    fn a_search_reaches_past_the_neighbouring_buckets() {
        for n in [8_u32, 9, 100, 1000, 4097] {
            let even: Vec<f32> = (0..n).map(|i| i as f32 * 0.1 - 20.0).collect();
            reaches_what_it_must(&even);
            let logarithmic: Vec<f64> = (0..n).map(|i| 10_f64.powf(f64::from(i) * 0.05 - 20.0)).collect();
            reaches_what_it_must(&logarithmic);
            let ties: Vec<f64> = (0..n).map(|i| f64::from(i / 7)).collect();
            reaches_what_it_must(&ties);
            let clustered: Vec<f32> = (0..n).map(|i| if i < n / 2 { i as f32 * 1e-6 } else { i as f32 }).collect();
            reaches_what_it_must(&clustered);
        }
    }

    #[test]
    fn what_is_beyond_the_range_of_floats_is_not_called_finite() {
        let finite = |xp: &[f32]| Reach::of(&KnotIndex::new(xp, xp.len()).unwrap()).finite;
        assert!(finite(&[-1e38, 1e38]) && finite(&[7.0]));
        assert!(!finite(&[-3e38, 3e38]) && !finite(&[0.0, f32::INFINITY]) && !finite(&[0.0, f32::NAN]));
        let steep: Vec<f32> = (0..32).map(|i| i as f32 * f32::MIN_POSITIVE / 8.0).collect();
        assert_eq!(
            Reach::of(&KnotIndex::new(&steep, 32).unwrap()).from_bucket.is_some(),
            KnotIndex::new(&steep, 32).unwrap().bucketing != Bucketing::Linear
        );
    }
}
