//! Memory that Rust and NumPy share: [`Borrowed`], a NumPy array's as Rust sees it, and NumPy arrays over values that
//! were read back.
//!
//! The `unsafe` code relies on two guarantees of NumPy: an array's memory does not move while there is a reference to
//! the array, and a contiguous, aligned array of a dtype is a slice of that type. As in every NumPy call that releases
//! the interpreter's lock, writes by another thread meanwhile are a race; whatever bits are read, they are a valid
//! number.

use ndgpu::ndarray::{ArrayView, IxDyn};
use ndgpu::{Element, HostArray, TransferPath};
use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::error::exception;

/// The memory of a NumPy array, which this keeps alive.
pub struct Borrowed<T> {
    /// Keeps the memory alive.
    _array: Py<PyArrayDyn<T>>,
    start: *const T,
    shape: Vec<usize>,
}

// SAFETY: the memory belongs to no thread. Of the array only the reference is dropped, which pyo3 does under the lock.
unsafe impl<T: Send> Send for Borrowed<T> {}
// SAFETY: it is only read.
unsafe impl<T: Sync> Sync for Borrowed<T> {}

impl<T> AsRef<[T]> for Borrowed<T> {
    fn as_ref(&self) -> &[T] {
        let len = self.shape.iter().product();
        if len == 0 {
            return &[];
        }
        // SAFETY: the array is contiguous, aligned and kept alive, and is not resized in place: NumPy requires the only
        // reference for that.
        unsafe { std::slice::from_raw_parts(self.start, len) }
    }
}

impl<T: numpy::Element> Borrowed<T> {
    /// The memory of an array of this type that is C-contiguous and aligned; `None` for any other object.
    pub fn of(object: &Bound<'_, PyAny>) -> Option<Self> {
        let array = object.cast::<PyArrayDyn<T>>().ok()?;
        let start = array.data().cast_const();
        let is_slice = array.is_c_contiguous() && start.is_aligned();
        is_slice.then(|| Self { _array: array.clone().unbind(), start, shape: array.shape().to_vec() })
    }

    /// The same for an array of any dtype and layout, which `numpy.require` converts if needed.
    pub fn require(array: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Some(lent) = Self::of(array) {
            return Ok(lent);
        }
        static REQUIRE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = array.py();
        let dtype = numpy::dtype::<T>(py);
        let required = REQUIRE.import(py, "numpy", "require")?.call1((array, &dtype, ("C", "A")))?;
        Self::of(&required)
            .ok_or_else(|| PyTypeError::new_err(format!("{} cannot be read as an array of {dtype}", array.get_type())))
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

impl<T: numpy::Element + Element> Borrowed<T> {
    /// The same for an array of this type in any layout, which is copied if it is not C-contiguous.
    pub fn contiguous(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        match Self::of(object) {
            None if object.is_instance_of::<PyArrayDyn<T>>() => Self::require(object).map(Some),
            lent => Ok(lent),
        }
    }

    pub fn view(&self) -> ArrayView<'_, T, IxDyn> {
        ArrayView::from_shape(self.shape(), self.as_ref()).expect("as many values as the shape says")
    }
}

/// The base object of a NumPy array over values that were read back: owns their memory.
#[pyclass(frozen, module = "ndgpu._ndgpu")]
struct KeepAlive {
    // As Python objects are Sync; nothing reads it once it is here.
    _values: Box<dyn Send + Sync>,
}

/// Up to so many elements are copied sooner than a base object is made.
const MAX_COPIED: usize = 256;

/// A NumPy array of values that nobody else refers to: few elements are copied, many share their memory.
pub fn into_numpy<T>(py: Python<'_>, values: HostArray<T, IxDyn>) -> PyResult<Bound<'_, PyArrayDyn<T>>>
where
    T: numpy::Element + Element,
{
    if values.view().len() <= MAX_COPIED {
        return Ok(PyArrayDyn::from_array(py, &values.view()));
    }
    shared(py, values)
}

/// A NumPy array over the values' own memory, writeable if nobody else refers to that.
pub fn shared<'py, T>(py: Python<'py>, mut values: HostArray<T, IxDyn>) -> PyResult<Bound<'py, PyArrayDyn<T>>>
where
    T: numpy::Element + Element,
{
    // Mapped GPU memory is gone with its device, which NumPy would not notice.
    if values.cost().path != TransferPath::Shared {
        return copied(py, values);
    }
    let own = values.view_mut().map(|mut view| (view.as_mut_ptr(), view.raw_dim()));
    let is_own = own.is_some();
    let (start, shape) = own.unwrap_or_else(|| (values.view().as_ptr().cast_mut(), values.view().raw_dim()));
    let base = Bound::new(py, KeepAlive { _values: Box::new(values) })?;
    // SAFETY: the memory is on the heap, stays there while the base object lives, and has as many elements as the shape
    // says. If others may read it the array is made read-only.
    let array = unsafe {
        let view = ndgpu::ndarray::RawArrayViewMut::from_shape_ptr(shape, start).deref_into_view_mut();
        PyArrayDyn::borrow_from_array(&view, base.into_any())
    };
    if !is_own {
        forbid_writing(array.as_any())?;
    }
    Ok(array)
}

/// A writeable NumPy array of the values, which are copied unless they are a copy already.
pub fn copied<T>(py: Python<'_>, values: HostArray<T, IxDyn>) -> PyResult<Bound<'_, PyArrayDyn<T>>>
where
    T: numpy::Element + Element,
{
    let array = py.detach(|| values.try_into_array()).map_err(exception)?;
    Ok(PyArrayDyn::from_owned_array(py, array))
}

pub fn forbid_writing(array: &Bound<'_, PyAny>) -> PyResult<()> {
    array.call_method1("setflags", (false,)).map(drop)
}
