//! SIMD for the CPU engine: the operations that its kernels need of an instruction set, for AVX-512, AVX2 and, on any
//! other processor, scalar code.
//!
//! A [`SimdKernel`] is written once, generic over [`Vector`]; [`Vectorize::vectorize`](dispatch::Vectorize::vectorize)
//! runs it with the widest instruction set of the processor. Results do not depend on which one that is: every
//! operation rounds as IEEE 754 specifies, and none is contracted.
//!
//! ```text
//! dispatch    chooses the instruction set at run time
//! sums        implements Vector<f32> and Vector<f64> for every InstructionSet
//! x86         AVX-512 and AVX2: transposes and horizontal additions by shuffles
//! scalar      one lane
//! ```
//!
//! Another instruction set is one more file that implements [`InstructionSet`](sums::InstructionSet), its `mod` line
//! here, and its line in `dispatch`.
//!
//! Only code that is inlined into pulp's `#[target_feature]` entry point is compiled for the instruction set. Hence
//! everything that a kernel calls is `#[inline(always)]`, and no kernel calls a closure: closures are compiled apart.

pub(crate) mod dispatch;
mod scalar;
mod sums;
#[cfg(target_arch = "x86_64")]
mod x86;

/// A computation over vectors of `T`.
pub trait SimdKernel<T> {
    /// The result.
    type Output;
    /// Runs it with an instruction set.
    fn run<S: Vector<T>>(self, simd: S) -> Self::Output;
}

/// An instruction set that computes with several `T` at once.
pub trait Vector<T>: Copy {
    /// A vector of `T`, one in each lane.
    type V: Copy;
    /// A mask: one boolean in each lane.
    type M: Copy;
    /// The number of lanes: 1, 2, 4, 8 or 16.
    const LANES: usize;
    /// The number of vector registers, which limits the accumulators that a loop can keep in them.
    const REGISTERS: usize;
    /// The same value in each lane.
    fn splat(self, value: T) -> Self::V;
    /// Loads the first [`LANES`](Self::LANES) elements of a slice.
    fn load(self, from: &[T]) -> Self::V;
    /// Stores the lanes to the beginning of a slice.
    fn store(self, to: &mut [T], lanes: Self::V);
    /// `a + b`
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a >= b`
    fn ge(self, a: Self::V, b: Self::V) -> Self::M;
    /// `a < b`
    fn lt(self, a: Self::V, b: Self::V) -> Self::M;
    /// `a == b`
    fn eq(self, a: Self::V, b: Self::V) -> Self::M;
    /// `a & b`
    fn and(self, a: Self::M, b: Self::M) -> Self::M;
    /// `a | b`
    fn or(self, a: Self::M, b: Self::M) -> Self::M;
    /// `!mask`
    fn not(self, mask: Self::M) -> Self::M;
    /// Whether the mask is set in every lane.
    fn all(self, mask: Self::M) -> bool;
    /// `mask ? a : b`
    fn select(self, mask: Self::M, a: Self::V, b: Self::V) -> Self::V;
    /// Loads four consecutive pairs for each lane, from the lane's offset on, transposed: the first numbers of the
    /// first pairs, their second numbers, the first numbers of the second pairs, and so on.
    ///
    /// Implemented by loads of whole rows and shuffles: a gather takes twice as long on many processors.
    fn load_transposed(self, pairs: &[[T; 2]], offsets: &[usize]) -> [Self::V; 8];
    /// Loads four consecutive numbers for each lane, from the lane's offset on, transposed: the first of each, then the
    /// second, and so on. Half as many shuffles.
    fn load_transposed4(self, numbers: &[T], offsets: &[usize]) -> [Self::V; 4];

    /// A vector in the type of the accumulator: f32 widened to f64.
    type Wide: Copy;
    /// Loads the first [`LANES`](Self::LANES) elements of a slice and widens them on the way, which is cheaper than
    /// splitting a vector into halves.
    fn load_wide(self, from: &[T]) -> Self::Wide;
    /// Loads a slice of fewer elements than lanes, and zeros.
    fn load_wide_partial(self, from: &[T]) -> Self::Wide;
    /// The same value in each lane.
    fn splat_wide(self, value: T) -> Self::Wide;
    /// One value in the lower half of sixteen lanes, another in the upper half.
    fn splat_wide_halves(self, lower: T, upper: T) -> Self::Wide;

    /// A sum in each lane, as exact as [`Accumulate`](crate::float::accumulator::Accumulate) promises.
    type Sums: Copy;
    /// Sixteen sums, in as many vectors as that takes.
    type SumBlock: Copy + AsRef<[Self::Sums]> + AsMut<[Self::Sums]>;
    /// Sums of nothing.
    fn zero_sums(self) -> Self::Sums;
    /// Sixteen sums of nothing.
    fn zero_block(self) -> Self::SumBlock;
    /// Adds a value in each lane.
    fn accumulate(self, sums: Self::Sums, values: Self::Wide) -> Self::Sums;
    /// Adds a product in each lane.
    fn accumulate_product(self, sums: Self::Sums, weights: Self::Wide, values: Self::Wide) -> Self::Sums;
    /// Loads sums: their rounded values and their rounding errors.
    fn load_sums(self, high: &[f64], low: &[f64]) -> Self::Sums;
    /// Stores sums likewise.
    fn store_sums(self, sums: Self::Sums, high: &mut [f64], low: &mut [f64]);
    /// The sums of consecutive rows of eight values, one row a lane, and those of their weights where each value has
    /// one.
    fn sum_rows8(self, values: &[T], weights: Weights8<'_, T>) -> [Self::Sums; 2];
}

/// The weights of rows of eight values.
#[derive(Clone, Copy)]
pub enum Weights8<'a, T> {
    None,
    /// The weights of one row, which all share, twice.
    Shared(&'a [T; 16]),
    /// One for each value.
    PerElement(&'a [T]),
}
