//! Reductions of a row and their backward passes, by the formulas.

use super::{moments, total, variance};

/// A reduction that has a backward pass, with `ddof`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reduced {
    Sum,
    Mean,
    Var(f64),
    Std(f64),
    Standardize(f64),
    Average,
    WeightedSum,
}

/// What a row, or its weights, get back, and how large the terms of each were that may have cancelled out.
#[derive(Clone, Debug, Default)]
pub struct Cotangents {
    pub values: Vec<f64>,
    pub sizes: Vec<f64>,
}

impl Cotangents {
    fn push(&mut self, value: f64, size: f64) {
        self.values.push(value);
        self.sizes.push(size);
    }
}

impl Reduced {
    pub const ALL: [Self; 9] = [
        Self::Sum,
        Self::Mean,
        Self::Var(0.0),
        Self::Var(1.0),
        Self::Std(0.0),
        Self::Std(1.0),
        Self::Standardize(1.0),
        Self::Average,
        Self::WeightedSum,
    ];

    pub fn has_weights(self) -> bool {
        matches!(self, Self::Average | Self::WeightedSum)
    }

    /// Whether there is a result for each element.
    pub fn keeps_elements(self) -> bool {
        matches!(self, Self::Standardize(_))
    }

    /// The results of a row.
    pub fn forward(self, a: &[f64], w: &[f64]) -> Vec<f64> {
        let products = || total(a.iter().zip(w).map(|(a, w)| a * w));
        let (count, mean, squares) = moments(a.iter().copied());
        match self {
            Self::Sum => vec![total(a.iter().copied())],
            Self::Mean => vec![mean],
            Self::Var(ddof) => vec![variance(count, squares, ddof)],
            Self::Std(ddof) => vec![variance(count, squares, ddof).sqrt()],
            Self::Standardize(ddof) => {
                let deviation = variance(count, squares, ddof).sqrt();
                a.iter().map(|a| if deviation == 0.0 { f64::NAN } else { (a - mean) / deviation }).collect()
            }
            Self::Average => vec![products() / total(w.iter().copied())],
            Self::WeightedSum => vec![products()],
        }
    }

    /// What a row and its weights get back for cotangents of its results.
    pub fn backward(self, a: &[f64], w: &[f64], g: &[f64]) -> [Cotangents; 2] {
        let (count, mean, squares) = moments(a.iter().copied());
        // What means and averages are sums of.
        let largest = a.iter().fold(mean.abs(), |largest: f64, a| largest.max(a.abs()));
        let mut of = [Cotangents::default(), Cotangents::default()];
        match self {
            Self::Sum => a.iter().for_each(|_| of[0].push(g[0], g[0].abs())),
            Self::Mean => a.iter().for_each(|_| of[0].push(g[0] / count as f64, g[0].abs() / count as f64)),
            Self::Var(ddof) => {
                let factor = 2.0 * g[0] / (count as f64 - ddof).max(0.0);
                a.iter().for_each(|a| of[0].push(factor * (a - mean), factor.abs() * largest));
            }
            Self::Std(ddof) => {
                let deviation = variance(count, squares, ddof).sqrt();
                let factor = g[0] / deviation / (count as f64 - ddof).max(0.0);
                let factor = if deviation == 0.0 { 0.0 } else { factor };
                a.iter().for_each(|a| of[0].push(factor * (a - mean), factor.abs() * largest));
            }
            Self::Standardize(ddof) => {
                let (deviation, scores) = (variance(count, squares, ddof).sqrt(), self.forward(a, w));
                let (mean, degrees) = (total(g.iter().copied()) / count as f64, (count as f64 - ddof).max(0.0));
                let slope = total(g.iter().zip(&scores).map(|(g, z)| g * z)) / degrees;
                let beside = largest / deviation;
                let steepest = total(g.iter().zip(&scores).map(|(g, z)| g.abs() * (z.abs() + beside))) / degrees;
                let size = total(g.iter().map(|g| g.abs())) / count as f64;
                for (g, z) in g.iter().zip(&scores) {
                    let sizes = g.abs() + size + (z.abs() + beside) * steepest;
                    of[0].push((g - mean - z * slope) / deviation, sizes / deviation);
                }
            }
            Self::Average => {
                let all = total(w.iter().copied());
                let average = self.forward(a, w)[0];
                for (a, w) in a.iter().zip(w) {
                    of[0].push(g[0] * w / all, (g[0] * w / all).abs());
                    of[1].push(g[0] * (a - average) / all, (g[0] / all).abs() * (a.abs() + largest));
                }
            }
            Self::WeightedSum => {
                for (a, w) in a.iter().zip(w) {
                    of[0].push(g[0] * w, (g[0] * w).abs());
                    of[1].push(g[0] * a, (g[0] * a).abs());
                }
            }
        }
        of
    }
}
