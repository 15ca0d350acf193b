//! Memory that Rust and NumPy share: [`Lent`], NumPy's as the crate sees it, and arrays of NumPy's over what landed.
//!
//! Its `unsafe` code rests on two promises of NumPy's: an array's memory stays where it is while somebody holds a
//! reference to the array, and a contiguous, aligned array of a dtype is a slice of that type. As with every call of
//! NumPy's that releases the interpreter's lock, an array that another thread writes to meanwhile is read as it happens
//! to be; any bits make a number.

use ndgpu::ndarray::{ArrayView, IxDyn};
use ndgpu::{AnyArray, Element, HostArray, TransferPath};
use numpy::{PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::error::exception;
use crate::numbers::{Rounding, numbers, refuse_others};

/// The memory of a NumPy array, for as long as this lives.
pub struct Lent<T> {
    /// Keeps the memory.
    _array: Py<PyArrayDyn<T>>,
    start: *const T,
    shape: Vec<usize>,
}

// SAFETY: the memory belongs to no thread, and the array is only let go, which pyo3 does when the lock is held.
unsafe impl<T: Send> Send for Lent<T> {}
// SAFETY: it is only read.
unsafe impl<T: Sync> Sync for Lent<T> {}

impl<T> AsRef<[T]> for Lent<T> {
    fn as_ref(&self) -> &[T] {
        let len = self.shape.iter().product();
        if len == 0 {
            return &[];
        }
        // SAFETY: the array is contiguous, aligned and kept alive, and nobody reshapes it in place: that needs the only
        // reference to it.
        unsafe { std::slice::from_raw_parts(self.start, len) }
    }
}

impl<T: numpy::Element> Lent<T> {
    /// The memory of an array that is of this type, contiguous in row-major order and aligned; `None` for any other
    /// object.
    pub fn of(object: &Bound<'_, PyAny>) -> Option<Self> {
        let array = object.cast::<PyArrayDyn<T>>().ok()?;
        let start = array.data().cast_const();
        let is_slice = array.is_c_contiguous() && start.is_aligned();
        is_slice.then(|| Self { _array: array.clone().unbind(), start, shape: array.shape().to_vec() })
    }

    /// The same for an array of any dtype and layout, converted as NumPy converts it where it is not so.
    pub fn required(array: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Some(lent) = Self::of(array) {
            return Ok(lent);
        }
        static REQUIRE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = array.py();
        let dtype = numpy::dtype::<T>(py);
        let required = REQUIRE.import(py, "numpy", "require")?.call1((array, &dtype, ("C", "A")))?;
        Self::of(&required).ok_or_else(|| {
            pyo3::exceptions::PyTypeError::new_err(format!(
                "{} cannot be read as an array of {dtype}",
                array.get_type()
            ))
        })
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
}

impl<T: numpy::Element + Element> Lent<T> {
    /// The same for an array that is of this type but lies in memory in another way, which is copied.
    pub fn in_order(object: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        match Self::of(object) {
            None if object.is_instance_of::<PyArrayDyn<T>>() => Self::required(object).map(Some),
            lent => Ok(lent),
        }
    }

    /// The memory of an object that holds numbers, converted to this type, which is its own if it needs no conversion.
    pub fn converted(object: &Bound<'_, PyAny>, rounding: Rounding) -> PyResult<Self> {
        let array = numbers(object)?;
        refuse_others::<T>(&array, rounding)?;
        Self::required(array.as_any())
    }

    pub fn view(&self) -> ArrayView<'_, T, IxDyn> {
        ArrayView::from_shape(self.shape(), self.as_ref()).expect("as many values as the shape says")
    }

    /// An array of the device's over this memory, on the CPU engine; a copy on a GPU.
    pub fn onto(self, device: &ndgpu::Device) -> ndgpu::Result<AnyArray>
    where
        AnyArray: From<ndgpu::DeviceArray<T, IxDyn>>,
    {
        let shape = IxDyn(self.shape());
        Ok(device.upload_owned(self, shape)?.into())
    }
}

/// What landed on the host and is looked at by a NumPy array, which holds this.
#[pyclass(frozen, module = "ndgpu._ndgpu")]
struct Landed {
    // Sync, where HostArray need not be; nobody asks for it after it has been put here.
    _kept: Box<dyn Send + Sync>,
}

/// Copying so many elements takes less time than making an object to hold their memory.
const WORTH_SHARING: usize = 256;

/// A NumPy array of what nobody else has: a few elements are copied.
pub fn into_numpy<T>(py: Python<'_>, landed: HostArray<T, IxDyn>) -> PyResult<Bound<'_, PyArrayDyn<T>>>
where
    T: numpy::Element + Element,
{
    if landed.view().len() <= WORTH_SHARING {
        return Ok(PyArrayDyn::from_array(py, &landed.view()));
    }
    as_numpy(py, landed)
}

/// A NumPy array over what landed. It can be written to if it alone has that memory.
pub fn as_numpy<'py, T>(py: Python<'py>, mut landed: HostArray<T, IxDyn>) -> PyResult<Bound<'py, PyArrayDyn<T>>>
where
    T: numpy::Element + Element,
{
    // Mapped memory of a GPU's ends with its device, which NumPy could not know.
    if landed.cost().path != TransferPath::Shared {
        return copied(py, landed);
    }
    let own = landed.view_mut().map(|mut view| (view.as_mut_ptr(), view.raw_dim()));
    let is_own = own.is_some();
    let (start, shape) = own.unwrap_or_else(|| (landed.view().as_ptr().cast_mut(), landed.view().raw_dim()));
    let container = Bound::new(py, Landed { _kept: Box::new(landed) })?;
    // SAFETY: the memory is on the heap, stays there while the container lives, and has as many elements as the shape
    // says. If others may read it the array is not writeable.
    let array = unsafe {
        let view = ndgpu::ndarray::RawArrayViewMut::from_shape_ptr(shape, start).deref_into_view_mut();
        PyArrayDyn::borrow_from_array(&view, container.into_any())
    };
    if !is_own {
        forbid_writing(array.as_any())?;
    }
    Ok(array)
}

/// A NumPy array that can be written to, over a copy of what landed, if it is not a copy already.
pub fn copied<T>(py: Python<'_>, landed: HostArray<T, IxDyn>) -> PyResult<Bound<'_, PyArrayDyn<T>>>
where
    T: numpy::Element + Element,
{
    let array = py.detach(|| landed.try_into_array()).map_err(exception)?;
    Ok(PyArrayDyn::from_owned_array(py, array))
}

pub fn forbid_writing(array: &Bound<'_, PyAny>) -> PyResult<()> {
    array.call_method1("setflags", (false,)).map(drop)
}
