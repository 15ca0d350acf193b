//! XLA's foreign function interface: the parts of its C ABI (`xla/ffi/api/c_api.h`) that a handler on the host needs,
//! decoded into a [`Call`] that is safe to use.
//!
//! The `unsafe` code relies on what XLA promises of a call: arguments, results and attributes are what their types and
//! sizes say, row-major, and stay there until the handler returns. [`Lent`] memory is given back before that: the
//! handler waits for it.

use std::any::Any;
use std::ffi::{CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// The latest version of the interface that was read for what is here. Minor versions add fields at the ends of
/// structures, and all that is read has been there since 0.1.
const VERSION: (c_int, c_int) = (0, 3);

/// The minor version that handlers say they are of: XLA registers none of a later version than its own.
static ANSWER: AtomicI32 = AtomicI32::new(VERSION.1);

/// Makes handlers ones of this version of XLA's, if they can be.
pub fn speak((major, minor): (c_int, c_int)) -> PyResult<()> {
    if major != VERSION.0 || minor < 1 {
        return Err(PyValueError::new_err(format!(
            "XLA's foreign function interface has version {major}.{minor}, but ndgpu speaks {}.1 and later ones with \
             the same first number",
            VERSION.0
        )));
    }
    ANSWER.store(minor.min(VERSION.1), Ordering::Relaxed);
    Ok(())
}

/// What every structure begins with.
#[repr(C)]
struct Head {
    size: usize,
    extension: *mut Extension,
}

#[repr(C)]
struct Extension {
    size: usize,
    kind: c_int,
    next: *mut Extension,
}

const METADATA: c_int = 1;

#[repr(C)]
struct MetadataExtension {
    base: Extension,
    metadata: *mut Metadata,
}

#[repr(C)]
struct Metadata {
    size: usize,
    version: Version,
    traits: u32,
}

#[repr(C)]
struct Version {
    head: Head,
    major: c_int,
    minor: c_int,
}

#[repr(C)]
struct Api {
    head: Head,
    version: Version,
    internal: *const c_void,
    error_create: Option<unsafe extern "C" fn(*mut ErrorCreate) -> *mut c_void>,
}

#[repr(C)]
struct ErrorCreate {
    head: Head,
    message: *const c_char,
    code: c_int,
}

/// `XLA_FFI_CallFrame`, up to what is read of it.
#[repr(C)]
pub struct Frame {
    head: Head,
    api: *const Api,
    context: *mut c_void,
    stage: c_int,
    args: List,
    rets: List,
    attrs: Attrs,
}

const EXECUTE: c_int = 3;

/// Arguments or results.
#[repr(C)]
struct List {
    head: Head,
    len: i64,
    kinds: *const c_int,
    items: *const *const c_void,
}

/// The kind of an argument or a result that is a buffer.
const BUFFER: c_int = 1;

#[repr(C)]
struct Buffer {
    head: Head,
    dtype: c_int,
    data: *mut c_void,
    rank: i64,
    dims: *const i64,
}

#[repr(C)]
struct Attrs {
    head: Head,
    len: i64,
    kinds: *const c_int,
    names: *const *const Bytes,
    items: *const *const c_void,
}

#[repr(C)]
struct Bytes {
    start: *const u8,
    len: usize,
}

const ARRAY: c_int = 1;
const SCALAR: c_int = 3;

#[repr(C)]
struct ScalarAttr {
    dtype: c_int,
    value: *const c_void,
}

#[repr(C)]
struct ArrayAttr {
    dtype: c_int,
    len: usize,
    data: *const c_void,
}

const S64: c_int = 5;

/// An element type of XLA's.
pub trait XlaElement: Copy + Send + Sync + 'static {
    const DTYPE: c_int;
}

impl XlaElement for f32 {
    const DTYPE: c_int = 11;
}

impl XlaElement for f64 {
    const DTYPE: c_int = 12;
}

/// What a handler returns instead of a result.
pub struct Failure {
    pub code: Code,
    pub message: String,
}

/// Those of `XLA_FFI_Error_Code` that are needed.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum Code {
    InvalidArgument = 3,
    ResourceExhausted = 8,
    Internal = 13,
}

impl Failure {
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { code: Code::InvalidArgument, message: message.into() }
    }

    /// For what the Python half of this package would have to have done wrong.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { code: Code::Internal, message: format!("{}; this is a bug in ndgpu, please report it", message.into()) }
    }
}

/// A function that XLA calls: see [`entry`].
pub trait Handler {
    fn call(call: &Call<'_>) -> Result<(), Failure>;
}

/// What XLA gives to register a [`Handler`]: `XLA_FFI_Handler*`.
pub extern "C" fn entry<H: Handler>(frame: *mut Frame) -> *mut c_void {
    // SAFETY: XLA calls with a frame of its own, or null by mistake.
    let Some(frame) = (unsafe { frame.as_ref() }) else { return null_mut() };
    if answer_metadata(frame) {
        return null_mut();
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let call = Call::of(frame)?;
        H::call(&call)
    }));
    let failure = match outcome {
        Ok(Ok(())) => return null_mut(),
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::internal(format!("a panic: {}", text_of(panic.as_ref()))),
    };
    error(frame, &failure)
}

/// A handler as Python gives it to XLA.
pub fn capsule(py: Python<'_>, handler: extern "C" fn(*mut Frame) -> *mut c_void) -> PyResult<Bound<'_, PyCapsule>> {
    let pointer = NonNull::new(handler as *mut c_void).expect("functions have addresses");
    // SAFETY: a function is there as long as the process is, and of this type XLA expects it.
    unsafe { PyCapsule::new_with_pointer(py, pointer, c"xla._CUSTOM_CALL_TARGET") }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

/// Whether this is no call but the question what the handler is, which is answered here.
fn answer_metadata(frame: &Frame) -> bool {
    let mut extension = frame.head.extension;
    // SAFETY: extensions are a list that ends with null, and that of the metadata has a place for the answer.
    unsafe {
        while let Some(found) = extension.as_ref() {
            if found.kind == METADATA {
                let metadata = &mut *(*extension.cast::<MetadataExtension>()).metadata;
                (metadata.version.major, metadata.version.minor) = (VERSION.0, ANSWER.load(Ordering::Relaxed));
                metadata.traits = 0;
                return true;
            }
            extension = found.next;
        }
    }
    false
}

/// An `XLA_FFI_Error*`.
fn error(frame: &Frame, failure: &Failure) -> *mut c_void {
    let message = CString::new(failure.message.replace('\0', " ")).unwrap_or_default();
    let head = Head { size: size_of::<ErrorCreate>(), extension: null_mut() };
    let mut args = ErrorCreate { head, message: message.as_ptr(), code: failure.code as c_int };
    // SAFETY: the table of functions is XLA's, and it copies the message.
    unsafe {
        match frame.api.as_ref().and_then(|api| api.error_create) {
            Some(create) => create(&mut args),
            // No success that was none, and no error that can be reported.
            None => std::process::abort(),
        }
    }
}

/// A call of a handler.
pub struct Call<'a> {
    frame: &'a Frame,
    lent: Arc<Lendings>,
}

impl<'a> Call<'a> {
    fn of(frame: &'a Frame) -> Result<Self, Failure> {
        if frame.head.size < size_of::<Frame>() || frame.stage != EXECUTE {
            return Err(Failure::internal(format!(
                "XLA calls with {} bytes in stage {}, where {} in stage {EXECUTE} are expected",
                frame.head.size,
                frame.stage,
                size_of::<Frame>(),
            )));
        }
        Ok(Self { frame, lent: Arc::default() })
    }

    /// The element type of the first argument is `T`.
    pub fn is_of<T: XlaElement>(&self) -> bool {
        buffer(&self.frame.args, 0).is_ok_and(|buffer| buffer.dtype == T::DTYPE)
    }

    /// The memory of an argument, and its shape.
    pub fn argument<T: XlaElement>(&self, index: usize) -> Result<(Lent<T>, Vec<usize>), Failure> {
        let (start, shape) = typed::<T>(&self.frame.args, index)?;
        let len = shape.iter().product();
        self.lent.take();
        Ok((Lent { start, len, lendings: self.lent.clone() }, shape))
    }

    /// Copies values into a result, which has as many.
    pub fn write<T: XlaElement>(&self, index: usize, values: &[T]) -> Result<(), Failure> {
        let (start, shape) = typed::<T>(&self.frame.rets, index)?;
        let len: usize = shape.iter().product();
        if len != values.len() {
            return Err(Failure::internal(format!("{} values for a result of shape {shape:?}", values.len())));
        }
        if len > 0 {
            // SAFETY: the result has room for so many elements of this type, and is nobody else's until the handler
            // returns. XLA gives no result the memory of an argument unless it is told that it may.
            unsafe { std::ptr::copy_nonoverlapping(values.as_ptr(), start.cast_mut(), len) };
        }
        Ok(())
    }

    /// An attribute that is a number, if there is one of this name.
    pub fn float(&self, name: &str) -> Result<Option<f64>, Failure> {
        self.scalar::<f64>(name, f64::DTYPE)
    }

    /// An attribute that is an integer.
    pub fn integer(&self, name: &str) -> Result<i64, Failure> {
        self.scalar::<i64>(name, S64)?.ok_or_else(|| Failure::internal(format!("no attribute {name}")))
    }

    fn scalar<T: Copy>(&self, name: &str, dtype: c_int) -> Result<Option<T>, Failure> {
        let Some((kind, item)) = self.attribute(name) else { return Ok(None) };
        // SAFETY: the kind says what it is, and the dtype how its value is stored.
        unsafe {
            let scalar = item.cast::<ScalarAttr>();
            if kind != SCALAR || (*scalar).dtype != dtype {
                return Err(Failure::internal(format!("the attribute {name} has another type")));
            }
            Ok(Some((*scalar).value.cast::<T>().read_unaligned()))
        }
    }

    /// An attribute that is a list of integers.
    pub fn integers(&self, name: &str) -> Result<Vec<usize>, Failure> {
        let missing = || Failure::internal(format!("no attribute {name} of integers from 0 on"));
        let (kind, item) = self.attribute(name).ok_or_else(missing)?;
        // SAFETY: as above.
        unsafe {
            let array = &*item.cast::<ArrayAttr>();
            if kind != ARRAY || array.dtype != S64 {
                return Err(missing());
            }
            let values = (0..array.len).map(|index| array.data.cast::<i64>().add(index).read_unaligned());
            values.map(|value| usize::try_from(value).map_err(|_| missing())).collect()
        }
    }

    fn attribute(&self, name: &str) -> Option<(c_int, *const c_void)> {
        let attrs = &self.frame.attrs;
        // SAFETY: the lists are as long as is said, and names are bytes.
        (0..usize::try_from(attrs.len).ok()?).find_map(|index| unsafe {
            let found = &**attrs.names.add(index);
            let is_it =
                found.len == name.len() && std::slice::from_raw_parts(found.start, found.len) == name.as_bytes();
            is_it.then(|| (*attrs.kinds.add(index), *attrs.items.add(index)))
        })
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.lent.wait();
    }
}

/// A buffer of a list.
fn buffer(list: &List, index: usize) -> Result<&Buffer, Failure> {
    if i64::try_from(index).map_or(true, |index| index >= list.len) {
        return Err(Failure::internal(format!("{} buffers, where one more is expected", list.len)));
    }
    // SAFETY: the list is as long as it says, and what is a buffer is one.
    unsafe {
        match *list.kinds.add(index) {
            BUFFER => Ok(&*(*list.items.add(index)).cast::<Buffer>()),
            kind => Err(Failure::internal(format!("an operand of kind {kind}, where a buffer is expected"))),
        }
    }
}

/// Where the elements of a buffer of this type begin, and its shape.
fn typed<T: XlaElement>(list: &List, index: usize) -> Result<(*const T, Vec<usize>), Failure> {
    let buffer = buffer(list, index)?;
    if buffer.dtype != T::DTYPE {
        return Err(Failure::internal(format!("a buffer of dtype {}, where {} is expected", buffer.dtype, T::DTYPE)));
    }
    let rank = usize::try_from(buffer.rank).unwrap_or(0);
    // SAFETY: there is a length for each axis.
    let dims = (0..rank).map(|axis| unsafe { *buffer.dims.add(axis) });
    let shape: Vec<_> = dims.map(|dim| usize::try_from(dim).unwrap_or(0)).collect();
    let start = buffer.data.cast_const().cast::<T>();
    let is_there = shape.contains(&0) || (!start.is_null() && start.is_aligned());
    if is_there { Ok((start, shape)) } else { Err(Failure::internal("a buffer at no address, or an odd one")) }
}

/// The memory of an argument. The handler does not return before it is dropped.
pub struct Lent<T> {
    start: *const T,
    len: usize,
    lendings: Arc<Lendings>,
}

// SAFETY: the memory belongs to no thread, and is only read.
unsafe impl<T: Send> Send for Lent<T> {}
// SAFETY: it is only read.
unsafe impl<T: Sync> Sync for Lent<T> {}

impl<T> AsRef<[T]> for Lent<T> {
    fn as_ref(&self) -> &[T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: it has so many elements and stays until this is dropped, for which the handler waits.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        self.lendings.give_back();
    }
}

/// How much memory is lent.
#[derive(Default)]
struct Lendings {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Lendings {
    fn take(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    fn give_back(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.changed.notify_all();
    }

    fn wait(&self) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        while *count > 0 {
            count = self.changed.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
