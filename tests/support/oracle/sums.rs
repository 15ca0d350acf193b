//! Sums that lose nothing to speak of, and the moments computed from them.

/// A sum of f64 together with what each addition rounded away (A. Neumaier, ZAMM 54, 1974).
#[derive(Clone, Copy, Default)]
pub struct Exact {
    sum: f64,
    lost: f64,
}

impl Exact {
    pub fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        let rest = if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        // Beside infinities there is nothing to be lost.
        self.lost += if rest.is_finite() { rest } else { 0.0 };
        self.sum = sum;
    }

    pub fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// The sum of some values.
pub fn total(values: impl Iterator<Item = f64>) -> f64 {
    let mut sum = Exact::default();
    values.for_each(|value| sum.add(value));
    sum.value()
}

/// How many values there are, their mean, and the sum of the squares of the deviations from it.
pub fn moments(values: impl Iterator<Item = f64> + Clone) -> (usize, f64, f64) {
    let count = values.clone().count();
    let mean = total(values.clone()) / count as f64;
    // The mean was rounded: what the deviations add up to says by how much.
    let rest = total(values.clone().map(|v| v - mean));
    (count, mean, total(values.map(|v| (v - mean) * (v - mean))) - rest * rest / count as f64)
}

/// NumPy's quotient of squares and degrees of freedom.
pub fn variance(count: usize, squares: f64, ddof: f64) -> f64 {
    let divisor = (count as f64 - ddof).max(0.0);
    if count == 0 { f64::NAN } else { squares / divisor }
}
