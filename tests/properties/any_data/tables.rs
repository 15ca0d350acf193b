//! Tables of any kind and size, and what is asked of them.

use ndgpu::{Device, DeviceKind, Float};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::select;

use super::inputs::{Input, input, number};
use crate::support::compare::all_near;
use crate::support::numbers::{value, wide};
use crate::support::random::Random;

/// How the knots of a table lie.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Even,
    /// A logarithmic axis.
    Logarithmic,
    /// A thousandth of the range holds all but two of them.
    Clustered,
    /// Each three times.
    Ties,
    Scattered,
    /// Few different ones, special ones among them.
    Few,
}

/// A table or an axis of knots, and what is looked up there.
#[derive(Clone, Debug)]
pub struct Table {
    pub kind: Kind,
    pub knots: usize,
    /// Which knots there are if there are few, which values, and what is asked besides the knots.
    pub palette: Vec<f64>,
    pub queries: Input,
    /// How many tables, and whether each has its own knots.
    pub tables: usize,
    pub own_knots: bool,
    pub seed: u64,
}

pub fn table() -> impl Strategy<Value = Table> {
    use Kind::*;
    let kind = select(vec![Even, Logarithmic, Clustered, Ties, Scattered, Few]);
    let knots = prop_oneof![1..=20_usize, 1..=2000_usize];
    (kind, knots, vec(number(), 1..=24), input(), 1..=4_usize, any::<bool>(), any::<u64>()).prop_map(
        |(kind, knots, palette, queries, tables, own_knots, seed)| Table {
            kind,
            knots,
            palette,
            queries,
            tables,
            own_knots,
            seed,
        },
    )
}

impl Table {
    /// The same for a device that takes numbers below the smallest normal one for zero: nothing in it is so small that
    /// differences or slopes might be.
    pub fn without_subnormals(&self) -> Self {
        let large = |&v: &f64| if v.abs() < 1e-30 { 0.0 } else { v };
        let palette: Vec<f64> = self.palette.iter().map(large).collect();
        let queries = Input { palette: self.queries.palette.iter().map(large).collect(), ..self.queries.clone() };
        Self { palette, queries, ..self.clone() }
    }

    /// The knots of one of the tables in order, NaN last.
    pub fn knots<T: Float>(&self, table: usize) -> Vec<T> {
        let n = self.knots;
        let mut random = Random::new(self.seed.wrapping_add(table as u64));
        let shift = random.unit() * 10.0;
        let mut knots: Vec<T> = (0..n)
            .map(|i| match self.kind {
                Kind::Even => i as f64 * 0.1 - shift,
                Kind::Logarithmic => 10_f64.powf(i as f64 / n as f64 * 30.0 - 15.0),
                Kind::Clustered if i + 2 < n => i as f64 / n as f64 * 1e-3,
                Kind::Clustered => 1e6 + i as f64,
                Kind::Ties => (i / 3) as f64 - shift,
                Kind::Scattered => random.unit() * 200.0 - 100.0,
                Kind::Few => self.palette[random.below(self.palette.len())],
            })
            .map(value)
            .collect();
        knots.sort_by(|a, b| a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())));
        knots
    }

    /// Knots, what is next to them, what lies between, and what the palette has.
    pub fn query<T: Float>(&self, knots: &[T], random: &mut Random) -> T {
        let close = T::one() + T::epsilon();
        let at = random.below(knots.len());
        let (knot, next) = (knots[at], knots[(at + 1).min(knots.len() - 1)]);
        match random.below(8) {
            0 | 1 => knot,
            2 => knot * close,
            3 => knot / close,
            4 | 5 => knot + (next - knot) * value(random.unit()),
            6 => value(self.queries.palette[random.below(self.queries.palette.len())]),
            _ => value(random.unit() * 300.0 - 150.0),
        }
    }
}

/// To the bit on the CPU engine; elsewhere to what one rounding of each step allows.
pub fn interpolated<T: Float>(device: &Device, got: &[T], want: &[T], scale: f64, what: &str) {
    let room = match device.info().kind {
        DeviceKind::Cpu => 0.0,
        _ => 8.0 * wide(T::epsilon()) * scale + 4.0 * wide(T::min_positive_value()),
    };
    all_near(got, want, |_| room, what);
}
