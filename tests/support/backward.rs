//! Backward passes by the name of their reduction, on a device and by the oracle.

use ndarray::{ArrayD, Axis, IxDyn};
use ndgpu::{DeviceArray, Float, Result};

use super::arrays::read;
use super::compare::near;
use super::numbers::{value, wide};
use super::oracle::{Cotangents, Reduced};
use super::random::Random;
use super::ways::Operand;

/// What is reduced over.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    Axis(usize),
    /// In the order in which they are named.
    Axes(Vec<usize>),
    Everything,
}

impl Over {
    /// The axes that go, in the order in which the weights have them.
    pub fn axes(&self, ndim: usize) -> Vec<usize> {
        match self {
            Self::Axis(axis) => vec![*axis],
            Self::Axes(axes) => axes.clone(),
            Self::Everything => (0..ndim).collect(),
        }
    }

    /// The axes that stay.
    fn kept(&self, ndim: usize) -> Vec<usize> {
        let gone = self.axes(ndim);
        (0..ndim).filter(|axis| !gone.contains(axis)).collect()
    }

    /// The shape of a reduction's result.
    pub fn result(&self, reduced: Reduced, shape: &[usize]) -> Vec<usize> {
        if reduced.keeps_elements() {
            return shape.to_vec();
        }
        self.kept(shape.len()).iter().map(|&axis| shape[axis]).collect()
    }

    /// The shape of weights that all rows share.
    pub fn along(&self, shape: &[usize]) -> Vec<usize> {
        self.axes(shape.len()).iter().map(|&axis| shape[axis]).collect()
    }
}

/// The cotangents of the array and, for those with weights, of the weights.
pub fn vjp<T: Float>(
    reduced: Reduced,
    over: &Over,
    a: &Operand<T>,
    w: &Operand<T>,
    g: &Operand<T>,
) -> Result<Vec<Operand<T>>> {
    let pair = |(of_array, of_weights): (DeviceArray<T, IxDyn>, DeviceArray<T, IxDyn>)| vec![of_array, of_weights];
    match over {
        Over::Axis(axis) => {
            let axis = Axis(*axis);
            match reduced {
                Reduced::Sum => a.sum_axis_vjp(axis, g),
                Reduced::Mean => a.mean_axis_vjp(axis, g),
                Reduced::Var(ddof) => a.var_axis_vjp(axis, value(ddof), g),
                Reduced::Std(ddof) => a.std_axis_vjp(axis, value(ddof), g),
                Reduced::Standardize(ddof) => a.standardize_axis_vjp(axis, value(ddof), g),
                Reduced::Average => return a.average_axis_vjp(axis, w, g).map(pair),
                Reduced::WeightedSum => return a.weighted_sum_axis_vjp(axis, w, g).map(pair),
            }
        }
        Over::Axes(axes) => {
            let axes: Vec<Axis> = axes.iter().map(|&axis| Axis(axis)).collect();
            match reduced {
                Reduced::Sum => a.sum_axes_vjp(&axes, g),
                Reduced::Mean => a.mean_axes_vjp(&axes, g),
                Reduced::Var(ddof) => a.var_axes_vjp(&axes, value(ddof), g),
                Reduced::Std(ddof) => a.std_axes_vjp(&axes, value(ddof), g),
                Reduced::Standardize(ddof) => a.standardize_axes_vjp(&axes, value(ddof), g),
                Reduced::Average => return a.average_axes_vjp(&axes, w, g).map(pair),
                Reduced::WeightedSum => return a.weighted_sum_axes_vjp(&axes, w, g).map(pair),
            }
        }
        Over::Everything => {
            let g = &match reduced {
                // There is no such method: all axes stand for it.
                Reduced::Standardize(_) => return vjp(reduced, &Over::Axes((0..a.ndim()).collect()), a, w, g),
                _ => g.reshape(())?,
            };
            match reduced {
                Reduced::Sum | Reduced::Standardize(_) => a.sum_vjp(g),
                Reduced::Mean => a.mean_vjp(g),
                Reduced::Var(ddof) => a.var_vjp(value(ddof), g),
                Reduced::Std(ddof) => a.std_vjp(value(ddof), g),
                Reduced::Average => return a.average_vjp(w, g).map(pair),
                Reduced::WeightedSum => return a.weighted_sum_vjp(w, g).map(pair),
            }
        }
    }
    .map(|of_array| vec![of_array])
}

/// A backward pass with its operands on the host.
#[derive(Clone, Debug)]
pub struct Pass<T> {
    pub reduced: Reduced,
    pub over: Over,
    pub a: ArrayD<T>,
    pub w: ArrayD<T>,
    pub g: ArrayD<T>,
}

impl<T: Float> Pass<T> {
    /// Of random numbers; the weights are shared or not, and positive.
    pub fn random(reduced: Reduced, over: &Over, shape: &[usize], full: bool, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut numbers = |shape: &[usize], low: f64| {
            ArrayD::from_shape_simple_fn(IxDyn(shape), || value::<T>(random.unit() * 2.0 + low))
        };
        let w = numbers(&if full || *over == Over::Everything { shape.to_vec() } else { over.along(shape) }, 0.25);
        let g = numbers(&over.result(reduced, shape), -1.0);
        Self { reduced, over: over.clone(), a: numbers(shape, -0.75), w, g }
    }

    pub fn is_shared(&self) -> bool {
        self.w.shape() != self.a.shape()
    }

    /// The elements of an array row by row.
    fn rows(&self, array: &ArrayD<T>) -> Vec<Vec<f64>> {
        let ndim = self.a.ndim();
        let mut gone = self.over.axes(ndim);
        gone.sort_unstable();
        let len: usize = gone.iter().map(|&axis| self.a.len_of(Axis(axis))).product();
        let kept = self.over.kept(ndim);
        let count: usize = kept.iter().map(|&axis| self.a.len_of(Axis(axis))).product();
        let order = [kept, gone].concat();
        let mut flat = array.view().permuted_axes(IxDyn(&order)).into_iter().map(|&value| wide(value));
        (0..count).map(|_| flat.by_ref().take(len).collect()).collect()
    }

    /// Shared weights, in the order of the elements of a row.
    fn along(&self, weights: &ArrayD<T>) -> Vec<f64> {
        let axes = self.over.axes(self.a.ndim());
        let mut order: Vec<usize> = (0..axes.len()).collect();
        order.sort_by_key(|&position| axes[position]);
        weights.view().permuted_axes(IxDyn(&order)).iter().map(|&weight| wide(weight)).collect()
    }

    /// The array's rows, with the weights and the cotangents that go with each.
    pub fn by_rows(&self) -> Vec<[Vec<f64>; 3]> {
        let rows = self.rows(&self.a);
        let weights = match self.is_shared() && self.reduced.has_weights() {
            true => vec![self.along(&self.w); rows.len()],
            false if self.reduced.has_weights() => self.rows(&self.w),
            false => vec![Vec::new(); rows.len()],
        };
        let cotangents = match self.reduced.keeps_elements() {
            true => self.rows(&self.g),
            false => self.g.iter().map(|&g| vec![wide(g)]).collect(),
        };
        rows.into_iter().zip(weights).zip(cotangents).map(|((a, w), g)| [a, w, g]).collect()
    }

    /// Compares what a device gave with what the formulas give, to so many roundings of the largest terms.
    pub fn check(&self, got: Vec<Operand<T>>, roundings: f64, what: &str) {
        let rows = self.by_rows();
        let want: Vec<[Cotangents; 2]> = rows.iter().map(|[a, w, g]| self.reduced.backward(a, w, g)).collect();
        let mut got = got.into_iter().map(read);
        let of_array = got.next().expect("the cotangents of the array");
        assert_eq!(of_array.shape(), self.a.shape(), "{what}");
        let compare = |got: &[f64], want: &Cotangents, which: &str| {
            assert_eq!(got.len(), want.values.len(), "{what}: {which}");
            for (index, (&got, (&want, &size))) in got.iter().zip(want.values.iter().zip(&want.sizes)).enumerate() {
                let room = roundings * wide(T::epsilon()) * size + 4.0 * wide(T::min_positive_value());
                near(value::<T>(got), want, room, format_args!("{what}: {which}, {index}"));
            }
        };
        for (got, [want, _]) in self.rows(&of_array).iter().zip(&want) {
            compare(got, want, "of the array");
        }
        if !self.reduced.has_weights() {
            return;
        }
        let of_weights = got.next().expect("the cotangents of the weights");
        assert_eq!(of_weights.shape(), self.w.shape(), "{what}");
        if !self.is_shared() {
            for (got, [_, want]) in self.rows(&of_weights).iter().zip(&want) {
                compare(got, want, "of the weights");
            }
            return;
        }
        let got = self.along(&of_weights);
        let mut all = Cotangents { values: vec![0.0; got.len()], sizes: vec![0.0; got.len()] };
        for [_, want] in &want {
            all.values.iter_mut().zip(&want.values).for_each(|(sum, value)| *sum += value);
            all.sizes.iter_mut().zip(&want.sizes).for_each(|(sum, size)| *sum += size);
        }
        compare(&got, &all, "of the shared weights");
    }
}
