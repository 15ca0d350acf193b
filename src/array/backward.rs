//! Backward passes of reductions: from the cotangents of the results to those of the operands. They are composed of
//! reductions, of factors of rows, and of what those factors multiply.

use ndarray::{Axis, Dimension, IxDyn, RemoveAxis};

use crate::array::DeviceArray;
use crate::array::arrange::arrange_back;
use crate::array::operands::Operands;
use crate::array::reduce_axes::Arranged;
use crate::element::Float;
use crate::engine::check::Checks;
use crate::engine::storage::Storage;
use crate::error::{Error, Result};
use crate::kernels::broadcast_rows::op::{BroadcastRows, Elements, Quotients, RowFactors};
use crate::kernels::reduce::op::{AxisSplit, Reduction, Weights};
use crate::kernels::sum_over_rows::op::SumOverRows;

/// What a backward pass begins with: the operands of the reduction, and the cotangents of its results.
pub(crate) struct Backward {
    operands: Operands,
    /// One for each row; where the results have the array's shape, one for each element, in the order of the operands.
    cotangents: Storage,
    /// The checks of the operands and of the cotangents.
    checks: Checks,
    /// Of the reduction's result.
    shape: IxDyn,
    /// Which axis lies at each position, of the array and of its weights.
    order: Vec<usize>,
    weight_order: Vec<usize>,
}

/// The cotangents of an array and of its weights, in the order of the operands.
pub(crate) struct ArrayCotangents {
    array: Storage,
    weights: Storage,
    /// What the pass checked besides.
    checks: Checks,
}

/// The cotangents of an array before they are written: for each row a factor, times the weight of the element.
pub(crate) struct BackwardRows {
    pub view: AxisSplit,
    pub factors: Storage,
    pub weights: Weights,
}

/// What errors call the argument.
const COTANGENTS: &str = "g, the cotangents of the result,";

impl<T: Float, D: RemoveAxis> DeviceArray<T, D> {
    pub(crate) fn backward_along(&self, axis: Axis, g: &DeviceArray<T, D::Smaller>) -> Result<Backward> {
        let (operands, shape) = self.along(axis)?;
        Backward::in_place(operands, self.ndim(), 0, shape.slice(), g)
    }

    pub(crate) fn weighted_backward_along<E: Dimension>(
        &self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
        g: &DeviceArray<T, D::Smaller>,
    ) -> Result<Backward> {
        let (operands, shape) = self.weighted_along(axis, weights)?;
        Backward::in_place(operands, self.ndim(), weights.ndim(), shape.slice(), g)
    }

    /// What averages along an axis hand back to the array, and its checks. The array itself is not read.
    pub(crate) fn average_backward_rows<E: Dimension>(
        &self,
        axis: Axis,
        weights: &DeviceArray<T, E>,
        g: &DeviceArray<T, D::Smaller>,
    ) -> Result<(BackwardRows, Checks)> {
        self.weighted_backward_along(axis, weights, g)?.average_rows::<T>()
    }

    /// For results in the shape of the array.
    pub(crate) fn elementwise_backward_along(&self, axis: Axis, g: &Self) -> Result<Backward> {
        let (operands, _) = self.along(axis)?;
        Backward::in_place(operands, self.ndim(), 0, self.shape(), g)
    }
}

impl<T: Float, D: Dimension> DeviceArray<T, D> {
    pub(crate) fn backward_whole(&self, g: &DeviceArray<T, ndarray::Ix0>) -> Result<Backward> {
        Backward::in_place(self.whole(), self.ndim(), 0, &[], g)
    }

    pub(crate) fn weighted_backward_whole<E: Dimension>(
        &self,
        weights: &DeviceArray<T, E>,
        g: &DeviceArray<T, ndarray::Ix0>,
    ) -> Result<Backward> {
        Backward::in_place(self.weighted_whole(weights)?, self.ndim(), weights.ndim(), &[], g)
    }

    pub(crate) fn backward_over(&self, axes: &[Axis], g: &DeviceArray<T, IxDyn>) -> Result<Backward> {
        let device = self.device().common_device(g.device(), COTANGENTS)?;
        Backward::arranged(self.over_on(axes, &device)?, g)
    }

    pub(crate) fn weighted_backward_over<E: Dimension>(
        &self,
        axes: &[Axis],
        weights: &DeviceArray<T, E>,
        g: &DeviceArray<T, IxDyn>,
    ) -> Result<Backward> {
        let device = self.device().common_device(weights.device(), "the weights")?;
        let device = device.common_device(g.device(), COTANGENTS)?;
        Backward::arranged(self.weighted_over_on(axes, weights, &device)?, g)
    }

    /// For results in the shape of the array.
    pub(crate) fn elementwise_backward_over(&self, axes: &[Axis], g: &Self) -> Result<Backward> {
        let device = self.device().common_device(g.device(), COTANGENTS)?;
        let arranged = self.over_on(axes, &device)?;
        expect_shape(g, self.shape())?;
        let cotangents = g.in_order(&arranged.order, &device)?;
        let backward = Backward::arranged_as(arranged, IxDyn(self.shape()), g)?;
        Ok(Backward { cotangents, ..backward })
    }

    /// The cotangents of the array, as a pass computes them.
    pub(crate) fn cotangents(
        &self,
        backward: Backward,
        pass: impl FnOnce(&Backward) -> Result<Storage>,
    ) -> Result<Self> {
        let Backward { operands, checks, order, .. } = &backward;
        let output = arrange_back(&operands.device, T::FLOAT, &pass(&backward)?, self.shape(), order)?;
        Ok(DeviceArray::new(operands.device.clone(), output, self.raw_dim(), checks.clone()))
    }

    /// The cotangents of the array and of its weights, as a pass computes them.
    pub(crate) fn cotangents_with<E: Dimension>(
        &self,
        weights: &DeviceArray<T, E>,
        backward: Backward,
        pass: impl FnOnce(&Backward) -> Result<ArrayCotangents>,
    ) -> Result<(Self, DeviceArray<T, E>)> {
        let ArrayCotangents { array, weights: of_weights, checks } = pass(&backward)?;
        let Backward { operands: Operands { device, .. }, order, weight_order, .. } = &backward;
        let array = arrange_back(device, T::FLOAT, &array, self.shape(), order)?;
        let of_weights = arrange_back(device, T::FLOAT, &of_weights, weights.shape(), weight_order)?;
        let checks = Checks::union([&backward.checks, &checks]);
        let array = DeviceArray::new(device.clone(), array, self.raw_dim(), checks.clone());
        Ok((array, DeviceArray::new(device.clone(), of_weights, weights.raw_dim(), checks)))
    }
}

/// An error unless the cotangents have the shape of the result.
fn expect_shape<T: Float, G: Dimension>(g: &DeviceArray<T, G>, shape: &[usize]) -> Result<()> {
    if g.shape() == shape {
        return Ok(());
    }
    Err(Error::shape(format!(
        "{COTANGENTS} has shape {:?}, but the result has shape {shape:?}; give a cotangent for each element of the \
         result",
        g.shape()
    )))
}

impl Backward {
    /// Of operands that lie as the array does.
    fn in_place<T: Float, G: Dimension>(
        operands: Operands,
        ndim: usize,
        weights_ndim: usize,
        shape: &[usize],
        g: &DeviceArray<T, G>,
    ) -> Result<Self> {
        let (order, weight_order) = ((0..ndim).collect(), (0..weights_ndim).collect());
        Self::arranged_as(Arranged { operands, shape: IxDyn(shape), order, weight_order }, IxDyn(shape), g)
    }

    /// Of operands whose reduced axes were brought together.
    fn arranged<T: Float>(arranged: Arranged, g: &DeviceArray<T, IxDyn>) -> Result<Self> {
        let shape = arranged.shape.clone();
        Self::arranged_as(arranged, shape, g)
    }

    fn arranged_as<T: Float, G: Dimension>(arranged: Arranged, shape: IxDyn, g: &DeviceArray<T, G>) -> Result<Self> {
        let Arranged { mut operands, order, weight_order, .. } = arranged;
        expect_shape(g, shape.slice())?;
        operands.device = operands.device.common_device(g.device(), COTANGENTS)?;
        let checks = Checks::union([&operands.checks, g.checks()]);
        Ok(Self { operands, cotangents: g.storage().clone(), checks, shape, order, weight_order })
    }

    /// `g`, for each element.
    pub fn sum(&self) -> Result<Storage> {
        self.broadcast(&self.cotangents, Elements::Weights(Weights::None))
    }

    /// `g / n`.
    pub fn mean(&self) -> Result<Storage> {
        let factors = self.factors(Quotients::Undivided(self.cotangents.clone()), 1.0, self.degrees(0.0))?;
        self.broadcast(&factors, Elements::Weights(Weights::None))
    }

    /// `2 g (a - mean) / (n - ddof)`.
    pub fn var(&self, ddof: f64) -> Result<Storage> {
        let means = self.operands.reduced(Reduction::Mean)?;
        let factors = self.factors(Quotients::Undivided(self.cotangents.clone()), 2.0, self.degrees(ddof))?;
        self.broadcast(&factors, Elements::Deviations { values: self.operands.values.clone(), means })
    }

    /// `g (a - mean) / (std (n - ddof))`, and 0 where the deviation is.
    pub fn std(&self, ddof: f64) -> Result<Storage> {
        let [means, divisors] = self.operands.statistics(Reduction::Std, ddof)?;
        let quotients = Quotients::OrZero { numerators: self.cotangents.clone(), divisors };
        let factors = self.factors(quotients, 1.0, self.degrees(ddof))?;
        self.broadcast(&factors, Elements::Deviations { values: self.operands.values.clone(), means })
    }

    /// `(g - mean(g) - z Σ g z / (n - ddof)) / std` with the scores `z`. They are NaN where the deviation is 0, and so
    /// is this.
    pub fn standardize(&self, ddof: f64) -> Result<Storage> {
        let values = self.operands.values.clone();
        let [means, deviations] = self.operands.statistics(Reduction::Std, ddof)?;
        let factors = self.factors(Quotients::Reciprocals(deviations), 1.0, 1.0)?;
        let scores = self.broadcast(&factors, Elements::Deviations { values, means })?;
        // The same reductions, of the cotangents.
        let values = self.cotangents.clone();
        let weighted = Operands {
            device: self.operands.device.clone(),
            values: values.clone(),
            produced_by: None,
            weights: Weights::PerElement(scores.clone()),
            checks: Checks::default(),
            ..self.operands
        };
        let products = weighted.reduced(Reduction::Sum)?;
        let means = Operands { weights: Weights::None, ..weighted }.reduced(Reduction::Mean)?;
        let slopes = self.factors(Quotients::Undivided(products), 1.0, self.degrees(ddof))?;
        self.broadcast(&factors, Elements::Residuals { values, means, scores, slopes })
    }

    /// `g w`, and `g a` summed over what shares the weight.
    pub fn weighted_sum(&self) -> Result<ArrayCotangents> {
        let Operands { values, weights, .. } = &self.operands;
        let array = self.broadcast(&self.cotangents, Elements::Weights(weights.clone()))?;
        let weights = match weights {
            Weights::PerElement(_) => {
                self.broadcast(&self.cotangents, Elements::Weights(Weights::PerElement(values.clone())))?
            }
            Weights::Shared(_) | Weights::None => self.sum_over_rows(&self.cotangents, None)?,
        };
        Ok(ArrayCotangents { array, weights, checks: Checks::default() })
    }

    /// `g w / W` with the sum of the weights `W`, and `g (a - average) / W` summed over what shares the weight.
    pub fn average<T: Float>(&self) -> Result<ArrayCotangents> {
        let Operands { values, weights, .. } = &self.operands;
        let reduced = self.operands.reduce_with_sums::<T, _>(Reduction::Average, true, self.shape.clone())?;
        let (averages, sums) = reduced.pair()?;
        let (numerators, divisors) = (self.cotangents.clone(), sums.storage().clone());
        let factors = self.factors(Quotients::Of { numerators, divisors }, 1.0, 1.0)?;
        let array = self.broadcast(&factors, Elements::Weights(weights.clone()))?;
        let means = averages.storage().clone();
        let weights = match weights {
            Weights::PerElement(_) => {
                self.broadcast(&factors, Elements::Deviations { values: values.clone(), means })?
            }
            Weights::Shared(_) | Weights::None => self.sum_over_rows(&factors, Some(means))?,
        };
        Ok(ArrayCotangents { array, weights, checks: averages.checks().clone() })
    }

    /// `g / W` for each row, with the weights. Their sums, and whether one is zero, are found from the weights alone.
    fn average_rows<T: Float>(&self) -> Result<(BackwardRows, Checks)> {
        let Operands { device, dtype, view, weights, .. } = &self.operands;
        let (values, of_weights) = match weights {
            Weights::PerElement(weights) => (weights.clone(), *view),
            Weights::Shared(weights) => (weights.clone(), AxisSplit { outer: 1, len: view.len, inner: 1 }),
            Weights::None => (self.operands.values.clone(), *view),
        };
        let weighed = Operands {
            device: device.clone(),
            view: of_weights,
            values,
            produced_by: None,
            weights: weights.clone(),
            checks: self.checks.clone(),
            ..self.operands
        };
        let reduced = weighed.reduce_with_sums::<T, _>(Reduction::Average, true, self.shape.clone())?;
        let (averages, sums) = reduced.pair()?;
        let divisors = match weights {
            Weights::Shared(_) if view.outputs() > 0 => {
                // The one sum, for every row.
                let rows = AxisSplit { outer: 1, len: view.outputs(), inner: 1 };
                let output = self.operands.allocate(view.outputs())?;
                let (factors, elements) = (sums.storage().clone(), Elements::Weights(Weights::None));
                device.run(BroadcastRows { dtype: *dtype, view: rows, factors, elements, output: output.clone() })?;
                output
            }
            _ => sums.storage().clone(),
        };
        let numerators = self.cotangents.clone();
        let factors = self.factors(Quotients::Of { numerators, divisors }, 1.0, 1.0)?;
        let rows = BackwardRows { view: *view, factors, weights: weights.clone() };
        Ok((rows, averages.checks().clone()))
    }

    /// How many elements of a row are free to vary; not less than 0, as for the variance.
    fn degrees(&self, ddof: f64) -> f64 {
        let degrees = self.operands.view.len as f64 - ddof;
        if degrees < 0.0 { 0.0 } else { degrees }
    }

    fn factors(&self, quotients: Quotients, scale: f64, count: f64) -> Result<Storage> {
        let rows = self.operands.view.outputs();
        let output = self.operands.allocate(rows)?;
        if rows > 0 {
            let dtype = self.operands.dtype;
            self.operands.device.run(RowFactors { dtype, rows, quotients, scale, count, output: output.clone() })?;
        }
        Ok(output)
    }

    fn broadcast(&self, factors: &Storage, elements: Elements) -> Result<Storage> {
        let Operands { device, dtype, view, .. } = &self.operands;
        let count = view.outputs() * view.len;
        let output = self.operands.allocate(count)?;
        if count > 0 {
            let (factors, output) = (factors.clone(), output.clone());
            device.run(BroadcastRows { dtype: *dtype, view: *view, factors, elements, output })?;
        }
        Ok(output)
    }

    fn sum_over_rows(&self, factors: &Storage, means: Option<Storage>) -> Result<Storage> {
        let Operands { device, dtype, view, values, .. } = &self.operands;
        let output = self.operands.allocate(view.len)?;
        if view.len > 0 {
            device.run(SumOverRows {
                dtype: *dtype,
                view: *view,
                values: values.clone(),
                factors: factors.clone(),
                means,
                output: output.clone(),
            })?;
        }
        Ok(output)
    }
}
