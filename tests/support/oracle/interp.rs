//! `numpy.interp` for one query, and what the rules beyond NumPy's give.

use ndgpu::{Float, Method};

/// `numpy.interp` for one query, as `numpy/_core/src/multiarray/compiled_base.c` decides it; but NaN is NaN in a table
/// of one knot too.
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

/// How a table is asked whose knots are put in order first, those that are missing left out.
#[derive(Clone, Copy, Debug)]
pub struct Asked<T> {
    pub left: Option<T>,
    pub right: Option<T>,
    pub period: Option<T>,
    pub method: Method,
    pub extrapolate: bool,
    pub skip_missing: bool,
}

/// A table of knots in any order, NaN among them, put in order.
pub struct Sorted<T> {
    xp: Vec<T>,
    fp: Vec<T>,
    asked: Asked<T>,
}

impl<T: Float> Sorted<T> {
    pub fn of(xp: &[T], fp: &[T], mut asked: Asked<T>) -> Self {
        let is_there = |&(x, y): &(T, T)| !x.is_nan() && (!asked.skip_missing || !y.is_nan());
        let knots = xp.iter().map(|&x| asked.wrap(x));
        let mut points: Vec<(T, T)> = knots.zip(fp.iter().copied()).filter(is_there).collect();
        points.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap());
        if let (Some(period), Some(&first), Some(&last)) = (asked.period.map(T::abs), points.first(), points.last()) {
            points.insert(0, (last.0 - period, last.1));
            points.push((first.0 + period, first.1));
            (asked.left, asked.right, asked.extrapolate) = (None, None, false);
        }
        let (xp, fp) = points.into_iter().unzip();
        Self { xp, fp, asked }
    }

    pub fn interp(&self, x: T) -> T {
        let Self { xp, fp, asked } = self;
        let (x, n) = (asked.wrap(x), xp.len());
        if x.is_nan() || n == 0 {
            return T::nan();
        }
        let line = |from: usize, knot: usize| {
            let slope = (fp[from + 1] - fp[from]) / (xp[from + 1] - xp[from]);
            slope * (x - xp[knot]) + fp[knot]
        };
        let extends = asked.extrapolate && asked.method == Method::Linear && n > 1;
        let left = asked.left.unwrap_or_else(|| if extends { line(0, 0) } else { fp[0] });
        let right = asked.right.unwrap_or_else(|| if extends { line(n - 2, n - 1) } else { fp[n - 1] });
        let at = xp.partition_point(|&knot| x >= knot).saturating_sub(1);
        if asked.method == Method::Linear || x < xp[0] || x >= xp[n - 1] || x == xp[at] {
            return interp(x, xp, fp, left, right);
        }
        match asked.method {
            Method::Previous => fp[at],
            Method::Nearest if x - xp[at] > xp[at + 1] - x => fp[at + 1],
            Method::Nearest => fp[at],
            _ => fp[at + 1],
        }
    }
}

impl<T: Float> Asked<T> {
    pub fn wrap(&self, x: T) -> T {
        match self.period.map(T::abs) {
            Some(period) => match x % period {
                rest if rest < T::zero() => rest + period,
                rest => rest + T::zero(),
            },
            None => x,
        }
    }
}
