//! The smallest and the largest, and where they are.

use ndgpu::Float;

/// The smallest or largest value, NaN before anything else, and the first index at which it is.
pub fn extreme<'a, T: Float>(row: impl IntoIterator<Item = &'a T>, is_min: bool) -> (T, u32) {
    let mut values = row.into_iter().copied().zip(0..);
    let first = values.next().expect("at least one value");
    values.fold(first, |best, (value, index)| {
        let wins = if is_min { value < best.0 } else { value > best.0 };
        if !best.0.is_nan() && (value.is_nan() || wins) { (value, index) } else { best }
    })
}
