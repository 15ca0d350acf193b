//! `Located` in Python: queries whose segments are known, and the linear operator that they are.

use ndgpu::ndarray::IxDyn;
use numpy::PyArrayDescr;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::axes::single_axis;
use crate::dtype::{ByFloat, with_float};
use crate::error::exception;
use crate::handles::{Device, DeviceArray};
use crate::operand::operand;

/// Where queries lie in a table, found once by `InterpTable.locate` or `locate_rows`: interpolation as a linear
/// operator on the values, `y = A fp`, and what `left` and `right` add.
///
/// Takes 4 bytes a query on the device, and with a period as much as the queries again.
///
/// Examples
/// --------
/// >>> import ndgpu
/// >>> table = ndgpu.InterpTable([0.0, 1.0, 2.0], [0.0, 0.0, 0.0], device="cpu")
/// >>> at = table.locate([0.25, 1.0, 1.5])
/// >>> at.apply([[0.0, 4.0, 8.0], [1.0, 1.0, 3.0]]).numpy()  # two fields on the same levels
/// array([[1., 4., 6.],
///        [1., 1., 2.]])
/// >>> at.transpose_apply([1.0, 1.0, 1.0]).numpy()
/// array([0.75, 1.75, 0.5 ])
#[pyclass(frozen, module = "ndgpu")]
pub struct Located(pub ByFloat<ndgpu::Located<f32, IxDyn>, ndgpu::Located<f64, IxDyn>>);

#[pymethods]
impl Located {
    /// Interpolates in these values, `[n]`, or `[fields, n]` for results of `[fields, m]`; rows of several tables take
    /// `[tables, n]`. To the bit what `table.with_values(fp).interp(x)` gives. One pass, without a search.
    ///
    /// Raises
    /// ------
    /// ValueError
    ///     If the values have another shape.
    fn apply(&self, py: Python<'_>, fp: &Bound<'_, PyAny>) -> PyResult<DeviceArray> {
        with_float!(&self.0, at => {
            let fp = operand(py, "fp", fp, at.device())?;
            DeviceArray::computed(py, || at.apply(&fp))
        })
    }

    /// The weighted average of `apply(fp)` along an axis of its result. Along the last axis the interpolated values are
    /// averaged as they are computed and never written.
    ///
    /// Raises
    /// ------
    /// ZeroDivisionError
    ///     From `.numpy()`, if the weights sum to zero.
    ///
    /// >>> import ndgpu
    /// >>> table = ndgpu.InterpTable([0.0, 2.0], [0.0, 0.0], device="cpu")
    /// >>> table.locate([0.5, 1.5]).apply_average([0.0, 8.0], 0, [3.0, 1.0]).numpy()
    /// array(3.)
    fn apply_average(
        &self,
        py: Python<'_>,
        fp: &Bound<'_, PyAny>,
        axis: &Bound<'_, PyAny>,
        weights: &Bound<'_, PyAny>,
    ) -> PyResult<DeviceArray> {
        with_float!(&self.0, at => {
            let fp = operand(py, "fp", fp, at.device())?;
            let has_fields = at.table().tables() == 1 && fp.shape().len() == 2;
            let axis = single_axis(axis, if has_fields { 2 } else { at.shape().len() })?;
            let weights = operand(py, "weights", weights, at.device())?;
            DeviceArray::computed(py, || at.apply_average(&fp, axis, &weights))
        })
    }

    /// Multiplies by the transpose: from cotangents `g` in the shape of `apply`'s result those of the values, `[n]`, or
    /// `[fields, n]`. Sums are kept in twice the precision and rounded once. One pass, on a GPU two.
    fn transpose_apply(&self, py: Python<'_>, g: &Bound<'_, PyAny>) -> PyResult<DeviceArray> {
        with_float!(&self.0, at => {
            let g = operand(py, "g", g, at.device())?;
            DeviceArray::computed(py, || at.transpose_apply(&g))
        })
    }

    /// Multiplies by the transpose of `apply_average` for one set of values: from cotangents `g` of the averages those
    /// of the values, without the array of what was averaged.
    fn transpose_apply_average(
        &self,
        py: Python<'_>,
        axis: &Bound<'_, PyAny>,
        weights: &Bound<'_, PyAny>,
        g: &Bound<'_, PyAny>,
    ) -> PyResult<DeviceArray> {
        with_float!(&self.0, at => {
            let axis = single_axis(axis, at.shape().len())?;
            let weights = operand(py, "weights", weights, at.device())?;
            let g = operand(py, "g", g, at.device())?;
            DeviceArray::computed(py, || at.transpose_apply_average(axis, &weights, &g))
        })
    }

    /// The index of the last knot that is not above each query, 0 for those below all knots and for NaN, as uint32.
    fn cells(&self, py: Python<'_>) -> PyResult<DeviceArray> {
        with_float!(&self.0, at => DeviceArray::computed(py, || at.cells()))
    }

    /// The matrix as `scipy.sparse.csr_matrix((data, indices, indptr))` takes it: a tuple `(indptr, indices, data)` of
    /// `[m + 1]`, `[2 m]` and `[2 m]`. One pass.
    fn to_csr(&self, py: Python<'_>) -> PyResult<(DeviceArray, DeviceArray, DeviceArray)> {
        with_float!(&self.0, at => {
            let (indptr, indices, data) = py.detach(|| at.to_csr()).map_err(exception)?;
            Ok((DeviceArray::new(indptr), DeviceArray::new(indices), DeviceArray::new(data)))
        })
    }

    /// The shape of the results for one set of values.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        with_float!(&self.0, at => PyTuple::new(py, at.shape()))
    }

    /// float32 or float64.
    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> Bound<'py, PyArrayDescr> {
        self.0.dtype().to_numpy(py)
    }

    /// The device it is on.
    #[getter]
    fn device(&self) -> Device {
        with_float!(&self.0, at => Device(at.device().clone()))
    }

    fn __repr__(&self) -> String {
        with_float!(&self.0, at => format!(
            "<ndgpu.Located: queries of shape {:?} in {} x {} {} knots on {}>",
            at.shape(),
            at.table().tables(),
            at.table().knots(),
            self.0.dtype().name(),
            at.device().info().name
        ))
    }
}
