//! Runs kernels with the widest instruction set that the processor has.

use std::marker::PhantomData;

use pulp::{Scalar, Simd};

use crate::simd::{SimdKernel, Vector};

/// A float with vectors of it. Not part of the public API.
#[doc(hidden)]
pub trait Vectorize: Sized {
    /// Runs a kernel with the widest instruction set that the processor has.
    fn vectorize<K: SimdKernel<Self>>(kernel: K) -> K::Output;
    /// The results of a kernel with each instruction set that the processor has, for the tests that compare them.
    #[cfg(test)]
    fn with_every_isa<K: SimdKernel<Self> + Copy>(kernel: K) -> Vec<(&'static str, K::Output)>;
}

/// A kernel over `T`, bound to its instruction set.
struct Bound<S, K, T>(S, K, PhantomData<T>);

impl<S: Vector<T>, K: SimdKernel<T>, T> pulp::WithSimd for Bound<S, K, T> {
    type Output = K::Output;

    #[inline(always)]
    fn with_simd<X: Simd>(self, _: X) -> K::Output {
        self.1.run(self.0)
    }
}

#[inline(always)]
fn run_with<S: Simd + Vector<T>, K: SimdKernel<T>, T>(simd: S, kernel: K) -> K::Output {
    simd.vectorize(Bound(simd, kernel, PhantomData))
}

/// A statement for each instruction set that the processor has, the widest first; scalar code comes after all of them.
macro_rules! for_each_isa {
    (|$simd:ident, $name:ident| $statement:block) => {
        for_each_isa!(|$simd, $name| $statement, "x86_64", pulp::x86::V4, "AVX-512");
        for_each_isa!(|$simd, $name| $statement, "x86_64", pulp::x86::V3, "AVX2");
    };
    (|$simd:ident, $name:ident| $statement:block, $arch:literal, $set:ty, $of:literal) => {
        #[cfg(target_arch = $arch)]
        if let Some($simd) = <$set>::try_new() {
            #[allow(unused_variables)]
            let $name = $of;
            $statement
        }
    };
}

macro_rules! vectorize {
    ($float:ty) => {
        impl Vectorize for $float {
            #[inline(always)]
            fn vectorize<K: SimdKernel<Self>>(kernel: K) -> K::Output {
                for_each_isa!(|simd, name| {
                    return run_with(simd, kernel);
                });
                run_with(Scalar::new(), kernel)
            }

            #[cfg(test)]
            fn with_every_isa<K: SimdKernel<Self> + Copy>(kernel: K) -> Vec<(&'static str, K::Output)> {
                let mut results = vec![("scalar", run_with(Scalar::new(), kernel))];
                for_each_isa!(|simd, name| {
                    results.push((name, run_with(simd, kernel)));
                });
                results
            }
        }
    };
}

vectorize!(f32);
vectorize!(f64);
