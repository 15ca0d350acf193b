//! Comparisons of results with what they should be. Each says how much room there is and why; NaN equals NaN, and what
//! is not finite is compared exactly.

use std::fmt::Display;

use ndgpu::Float;

use super::numbers::wide;

/// Equal, or closer than this.
pub fn is_within(got: f64, want: f64, room: f64) -> bool {
    let close = got.is_finite() && want.is_finite() && (got - want).abs() <= room;
    got == want || (got.is_nan() && want.is_nan()) || close
}

/// One result.
pub fn near<T: Float>(got: T, want: f64, room: f64, what: impl Display) {
    let got = wide(got);
    assert!(is_within(got, want, room), "{what}: got {got:e}, but should be {want:e} to within {room:e}");
}

/// A sum, rounded once to the element type. The sizes of its terms come to `magnitude`: products of f64 are rounded
/// once each.
pub fn near_sum<T: Float>(got: T, want: f64, magnitude: f64, what: impl Display) {
    near(got, want, wide(T::epsilon()) * want.abs() + 4.0 * f64::EPSILON * magnitude, what);
}

/// All sums, to the bound that they keep whatever their order: one rounding, and half a unit more where partial sums
/// were rounded.
pub fn all_near_sums<T: Float>(got: &[T], want: &[T], what: impl Display) {
    all_near(got, want, |want| 2.0 * wide(T::epsilon()) * want.abs(), what);
}

/// All of them, with room that depends on what each should be.
pub fn all_near<T: Float>(got: &[T], want: &[T], room: impl Fn(f64) -> f64, what: impl Display) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (index, (&got, &want)) in got.iter().zip(want).enumerate() {
        let close = is_within(wide(got), wide(want), room(wide(want)));
        assert!(close, "{what}: {got} at {index} instead of {want}");
    }
}
