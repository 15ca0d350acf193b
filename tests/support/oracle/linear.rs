//! Interpolation as a matrix: for one query the knots it depends on, their weights, and the slope.

use ndgpu::{Float, Method};

use super::interp::Asked;
use crate::support::numbers::wide;

/// The knots of a table in order, with their places among those given.
pub struct Matrix<T> {
    knots: Vec<(T, usize)>,
    asked: Asked<T>,
}

/// What a query depends on.
#[derive(Debug, Default)]
pub struct Row {
    /// The last knot that is not above the query.
    pub cell: usize,
    /// Knots as they were given, and their weights.
    pub weights: Vec<(usize, f64)>,
    /// The segment on whose line it is, by its two knots as they were given.
    pub line: Option<[usize; 2]>,
    /// The value on either side is what the result is.
    pub fills: [bool; 2],
    /// The result is NaN whatever the values.
    pub undefined: bool,
}

impl<T: Float> Matrix<T> {
    pub fn of(xp: &[T], mut asked: Asked<T>) -> Self {
        let numbers = xp.iter().map(|&x| asked.wrap(x)).zip(0..).filter(|(x, _)| !x.is_nan());
        let mut knots: Vec<(T, usize)> = numbers.collect();
        knots.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap());
        if let (Some(period), Some(&first), Some(&last)) = (asked.period.map(T::abs), knots.first(), knots.last()) {
            knots.insert(0, (last.0 - period, last.1));
            knots.push((first.0 + period, first.1));
            (asked.left, asked.right, asked.extrapolate) = (None, None, false);
        }
        Self { knots, asked }
    }

    pub fn row(&self, x: T) -> Row {
        let Self { knots, asked } = self;
        let x = asked.wrap(x);
        if x.is_nan() || knots.is_empty() {
            return Row { undefined: true, ..Row::default() };
        }
        let last = knots.len() - 1;
        let cell = knots.partition_point(|knot| knot.0 <= x).saturating_sub(1);
        let only = |knot: usize| Row { cell, weights: vec![(knots[knot].1, 1.0)], ..Row::default() };
        let extends = asked.extrapolate && asked.method == Method::Linear && last > 0;
        if x < knots[0].0 {
            return match (asked.left, extends) {
                (Some(_), _) => Row { cell, fills: [true, false], ..Row::default() },
                (None, true) => self.on_line(x, cell, 0, 0),
                (None, false) => only(0),
            };
        }
        if x > knots[last].0 {
            return match (asked.right, extends) {
                (Some(_), _) => Row { cell, fills: [false, true], ..Row::default() },
                (None, true) => self.on_line(x, cell, last - 1, last),
                (None, false) => only(last),
            };
        }
        let is_linear = asked.method == Method::Linear;
        let line = |segment: usize| (is_linear && last > 0).then(|| [knots[segment].1, knots[segment + 1].1]);
        if cell == last || knots[cell].0 == x {
            return Row { line: line(cell.min(last.max(1) - 1)), ..only(cell) };
        }
        match asked.method {
            Method::Linear => self.on_line(x, cell, cell, cell),
            Method::Next => only(cell + 1),
            Method::Nearest if x - knots[cell].0 > knots[cell + 1].0 - x => only(cell + 1),
            _ => only(cell),
        }
    }

    fn on_line(&self, x: T, cell: usize, segment: usize, through: usize) -> Row {
        let [(x0, first), (x1, second)] = [self.knots[segment], self.knots[segment + 1]];
        let line = Some([first, second]);
        let width = x1 - x0;
        if width > T::zero() && width.is_finite() && x.is_infinite() {
            // Infinitely far out it depends on no value any more.
            return Row { cell, line, undefined: true, ..Row::default() };
        }
        if width > T::zero() && width.is_finite() {
            let width = wide(x1) - wide(x0);
            let (left, right) = ((wide(x1) - wide(x)) / width, (wide(x) - wide(x0)) / width);
            return Row { cell, weights: vec![(first, left), (second, right)], line, ..Row::default() };
        }
        let (to_first, to_second) = ((x - x0).is_finite(), (x - x1).is_finite());
        let weights = match (width.is_infinite(), to_first && !(through > segment && to_second), to_second) {
            (false, ..) | (_, false, false) => return Row { cell, undefined: true, ..Row::default() },
            (_, true, _) => vec![(first, 1.0)],
            _ => vec![(second, 1.0)],
        };
        Row { cell, weights, line, ..Row::default() }
    }

    /// The slope where a query is, of these values.
    pub fn slope(&self, x: T, fp: &[T]) -> f64 {
        let row = self.row(x);
        let knots = &self.knots;
        if self.asked.wrap(x).is_nan() || knots.is_empty() {
            return f64::NAN;
        }
        let last = knots.len() - 1;
        if row.line.is_none() || last == 0 {
            return 0.0;
        }
        let segment = row.cell.min(last - 1);
        let [(x0, first), (x1, second)] = [knots[segment], knots[segment + 1]];
        let width = wide(x1 - x0);
        if width == 0.0 { 0.0 } else { (wide(fp[second]) - wide(fp[first])) / width }
    }
}
