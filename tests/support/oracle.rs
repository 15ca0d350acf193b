//! What NumPy gives for one query, computed plainly.

use ndgpu::Float;

/// `numpy.interp` for one query, as `numpy/_core/src/multiarray/compiled_base.c` decides it; but NaN is NaN in a table of
/// one knot too.
pub fn interp<T: Float>(x: T, xp: &[T], fp: &[T], left: T, right: T) -> T {
    let n = xp.len();
    if x.is_nan() {
        return T::nan();
    }
    if x > xp[n - 1] {
        return right;
    }
    if x < xp[0] {
        return left;
    }
    let j = xp.partition_point(|&knot| x >= knot).saturating_sub(1);
    if j == n - 1 || xp[j] == x {
        return fp[j];
    }
    let slope = (fp[j + 1] - fp[j]) / (xp[j + 1] - xp[j]);
    let y = slope * (x - xp[j]) + fp[j];
    if !y.is_nan() {
        return y;
    }
    let y = slope * (x - xp[j + 1]) + fp[j + 1];
    if y.is_nan() && fp[j] == fp[j + 1] { fp[j] } else { y }
}
