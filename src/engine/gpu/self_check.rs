//! What a driver's compiler makes of arithmetic, found out when a device is opened: one invocation of one small kernel
//! computes what IEEE 754 leaves no choice about, and the host compares bits.

use crate::element::Float;
use crate::engine::gpu::binding::Binding;
use crate::engine::gpu::buffers::Purpose;
use crate::engine::gpu::encoder::Encoder;
use crate::engine::gpu::pipelines::{Access, KernelKey, KernelSource};
use crate::engine::gpu::wgsl::params;
use crate::engine::gpu::{GpuContext, wgsl};
use crate::engine::info::Arithmetic;
use crate::error::Result;
use crate::float::dtype::FloatType;

/// How many numbers the kernel computes with, and how many it computes.
const OPERANDS: usize = 23;
const RESULTS: usize = 22;

params! {
    struct SelfCheckParameters {
        /// A zero that the compiler cannot know.
        opaque_zero: u32,
    }
}

/// How Rust lays out what the kernel reads.
#[cfg(test)]
pub(crate) const LAYOUTS: [wgsl::Layout; 1] = [SelfCheckParameters::LAYOUT];

/// The check in an element type, of sums that are compensated in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SelfCheckKernel(pub FloatType, pub Compensation);

/// How the rounding error of a product is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Compensation {
    /// From halves of its factors.
    Split,
    /// By a fused multiply-add.
    Fused,
}

impl KernelKey for SelfCheckKernel {
    fn source(self) -> KernelSource {
        let Self(element, compensation) = self;
        KernelSource {
            name: format!("self_check_{element}_{compensation:?}"),
            fragments: [wgsl::element(element), wgsl::SPECIAL, SelfCheckParameters::DECLARED]
                .into_iter()
                .chain(match compensation {
                    Compensation::Split => wgsl::COMPENSATED,
                    Compensation::Fused => wgsl::FUSED,
                })
                .chain([include_str!("../../../shaders/self_check.wgsl")])
                .collect(),
            constants: Vec::new(),
            access: &[Access::Read, Access::ReadWrite],
            shared: &[],
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Whether the compensation of sums survives, in the type in which this device has to compensate.
    pub compensated_sums: bool,
    /// What holds in every element type.
    pub arithmetic: Arithmetic,
}

impl GpuContext {
    /// Finds out what arithmetic is here. Compiles and runs a small kernel for each float type, and waits for it; for
    /// hardware two, since its kernels may rely on fused multiply-adds.
    pub(crate) fn check_arithmetic(&mut self) -> Result<()> {
        let mut found = self.findings::<f32>(Compensation::Split)?;
        if self.info.supports_f64 {
            let wide = self.findings::<f64>(Compensation::Split)?;
            found = Findings { arithmetic: in_both(found.arithmetic, wide.arithmetic), ..wide };
        }
        let mut fuses_f32 = false;
        if self.info.kernels_for.is_hardware_gpu() {
            fuses_f32 = self.findings::<f32>(Compensation::Fused)?.compensated_sums;
            self.info.fuses_f64 = self.info.supports_f64 && self.findings::<f64>(Compensation::Fused)?.compensated_sums;
        }
        self.info.compensated_sums =
            found.compensated_sums || if self.info.supports_f64 { self.info.fuses_f64 } else { fuses_f32 };
        self.info.fuses_f32 = fuses_f32;
        self.info.arithmetic = Some(found.arithmetic);
        Ok(())
    }

    fn findings<T: Float>(&self, compensation: Compensation) -> Result<Findings> {
        let values = operands::<T>();
        let bytes = size_of_val(&values) as u64;
        let result_bytes = (RESULTS * size_of::<T>()) as u64;

        let input = self.storage(bytes)?;
        self.upload(&input, bytes, |_, mut staging| staging.copy_from_slice(bytemuck::cast_slice(&values)))?;
        let output = self.storage(result_bytes)?;
        let bindings = [Binding::start(&input, bytes), Binding::start(&output, result_bytes)];
        let parameters = SelfCheckParameters { opaque_zero: 0 };
        let kernel = SelfCheckKernel(T::FLOAT, compensation);
        Encoder::immediate(self).dispatch(kernel, bytemuck::bytes_of(&parameters), &bindings, 1)?;

        let staging = self.buffer(Purpose::Readback, result_bytes)?;
        self.queue_readback(&[(output.raw(), 0, result_bytes)], staging.raw())?.wait(self)?;
        let landed = staging.mapped(result_bytes)?;
        let found = judge::<T>(bytemuck::cast_slice(&landed));
        drop(landed);
        staging.unmap();
        Ok(found)
    }
}

/// What holds in two types.
fn in_both(one: Arithmetic, other: Arithmetic) -> Arithmetic {
    Arithmetic {
        subnormals: one.subnormals && other.subnormals,
        separate_rounding: one.separate_rounding && other.separate_rounding,
        infinities: one.infinities && other.infinities,
        nan: one.nan && other.nan,
        rounded_division: one.rounded_division && other.rounded_division,
    }
}

/// What the kernel computes with, in the order in which it takes it.
fn operands<T: Float>() -> [T; OPERANDS] {
    let (zero, one) = (T::zero(), T::one());
    let [two, three, seven, half] = [2.0, 3.0, 7.0, 0.5].map(T::narrow);
    let (epsilon, smallest) = (T::epsilon(), T::min_positive_value());
    // So large that adding 1 changes nothing.
    let large = two * two / epsilon;
    let factor = one + epsilon;
    [
        [large, one, one, -large, factor, -(factor + epsilon)].as_slice(),
        &[smallest, smallest + smallest * half, half, smallest * half, zero],
        &[T::max_value(), T::infinity(), T::nan()],
        // Numerators; denominators, the last two of which are also the squares.
        &[one, two, seven, large - one],
        &[three, seven, three * seven, seven * seven + one],
        &[T::neg_infinity()],
    ]
    .concat()
    .try_into()
    .unwrap_or([zero; OPERANDS])
}

/// What the kernel's numbers say. The bits of NaN are a driver's own choice, and are not among them.
fn judge<T: Float>(results: &[T::Key]) -> Findings {
    let operands = operands::<T>();
    let are =
        |from: usize, want: &[T]| results[from..from + want.len()].iter().copied().eq(want.iter().map(|w| w.bits()));
    let say = |place: usize, truth: bool| results[place] == T::key_from_u32(truth.into());
    let (zero, one, epsilon) = (T::zero(), T::one(), T::epsilon());
    let [smallest, subnormal] = [operands[6], operands[9]];
    let quotients: [T; 4] = std::array::from_fn(|i| operands[14 + i] / operands[18 + i]);
    let roots = [operands[20].sqrt(), operands[21].sqrt()];
    Findings {
        compensated_sums: are(0, &[one + one, epsilon * epsilon]),
        arithmetic: Arithmetic {
            separate_rounding: are(2, &[zero]),
            subnormals: are(3, &[subnormal, subnormal, smallest]) && say(6, true),
            infinities: are(7, &[T::infinity(), T::infinity(), zero]) && say(10, true),
            nan: (11..15).all(|place| say(place, true)) && say(15, false),
            rounded_division: are(16, &quotients) && are(20, &roots),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel computes, on the host.
    fn computed<T: Float>() -> Vec<T::Key> {
        let at = operands::<T>();
        let (one, epsilon) = (T::one(), T::epsilon());
        let truth = |it_is: bool| T::key_from_u32(it_is.into());
        let mut results = [one + one, epsilon * epsilon, at[4] * at[4] + at[5]].map(T::bits).to_vec();
        results.extend([at[7] - at[6], at[6] * at[8], at[9] + at[9]].map(T::bits));
        results.push(truth(at[9] > at[10]));
        results.extend([at[11] * at[11], at[12] - at[11], at[11] / at[12]].map(T::bits));
        results.push(truth(at[11] < at[12]));
        // Whatever makes NaN of infinities, or goes on with one.
        results.extend([truth(true); 4]);
        results.push(truth(at[13].partial_cmp(&at[11]).is_some()));
        results.extend((0..4).map(|i| (at[14 + i] / at[18 + i]).bits()));
        results.extend((0..2).map(|i| at[20 + i].sqrt().bits()));
        results
    }

    /// Each finding is lost with any one of its numbers, and with no other.
    fn each_number_counts<T: Float>() {
        let right = computed::<T>();
        assert_eq!(right.len(), RESULTS);
        let found = judge::<T>(&right);
        assert!(found.compensated_sums && found.arithmetic.is_ieee(), "{found:?}");
        for place in 0..RESULTS {
            let mut results = right.clone();
            results[place] = T::key_from_u32(77);
            let Findings { compensated_sums, arithmetic } = judge::<T>(&results);
            let Arithmetic { separate_rounding, subnormals, infinities, nan, rounded_division } = arithmetic;
            let held = [compensated_sums, separate_rounding, subnormals, infinities, nan, rounded_division];
            let group = [2, 3, 7, 11, 16, 22].iter().position(|&end| place < end);
            for (number, held) in held.into_iter().enumerate() {
                assert_eq!(held, Some(number) != group, "result {place}, finding {number}");
            }
        }
    }

    #[test]
    fn a_driver_that_gets_one_number_wrong_is_found_out() {
        each_number_counts::<f32>();
        each_number_counts::<f64>();
    }

    #[test]
    fn what_drivers_do_to_numbers_is_told_apart() {
        let at = operands::<f32>();
        let flush = |mut results: Vec<u32>| {
            results[3..=6].fill(0);
            results
        };
        let flushed = judge::<f32>(&flush(computed::<f32>())).arithmetic;
        assert!(!flushed.subnormals && flushed.separate_rounding && flushed.nan, "{flushed:?}");
        let mut fused = computed::<f32>();
        fused[2] = at[4].mul_add(at[4], at[5]).to_bits();
        let fused = judge::<f32>(&fused).arithmetic;
        assert!(!fused.separate_rounding && fused.subnormals, "{fused:?}");
    }
}
