//! Types accepted as host data: [`HostView`], anything that can be viewed by reference, and [`HostData`], for knots and
//! values, which may also be moved in.

use std::cell::{Ref, RefMut};
use std::rc::Rc;
use std::sync::{Arc, LazyLock, MutexGuard, RwLockReadGuard, RwLockWriteGuard};

use ndarray::{Array1, ArrayBase, ArrayRef, ArrayView, CowArray, Data, Dimension, Ix1, IxDyn, OwnedRepr, ViewRepr};

/// Host data that can be viewed as an array: an array or view of any layout, a slice, a fixed-size array or a vector
/// (one-dimensional each), or any pointer to one of these.
///
/// [`Device::upload`](crate::Device::upload) and the tables take a reference to any of these. A type of your own that
/// holds an array may implement it, or pass a reference to that array (`&*image` where it derefs to it).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be viewed as an array of numbers",
    label = "neither an array, a view, a slice nor a vector",
    note = "give a reference to an ndarray array or view, a slice, or a vector; \
            a type that derefs to an array goes as `&*it`"
)]
pub trait HostView {
    /// The element type.
    type Elem;
    /// The dimension type.
    type Dim: Dimension;

    /// A view of the data in place.
    fn host_view(&self) -> ArrayView<'_, Self::Elem, Self::Dim>;
}

impl<S: Data, D: Dimension> HostView for ArrayBase<S, D> {
    type Elem = S::Elem;
    type Dim = D;

    fn host_view(&self) -> ArrayView<'_, S::Elem, D> {
        self.view()
    }
}

impl<T, D: Dimension> HostView for ArrayRef<T, D> {
    type Elem = T;
    type Dim = D;

    fn host_view(&self) -> ArrayView<'_, T, D> {
        self.view()
    }
}

impl<T> HostView for [T] {
    type Elem = T;
    type Dim = Ix1;

    fn host_view(&self) -> ArrayView<'_, T, Ix1> {
        self.into()
    }
}

impl<T, const N: usize> HostView for [T; N] {
    type Elem = T;
    type Dim = Ix1;

    fn host_view(&self) -> ArrayView<'_, T, Ix1> {
        self.as_slice().into()
    }
}

impl<T> HostView for Vec<T> {
    type Elem = T;
    type Dim = Ix1;

    fn host_view(&self) -> ArrayView<'_, T, Ix1> {
        self.as_slice().into()
    }
}

macro_rules! pointers {
    ($($pointer:ty),+) => {$(
        impl<H: HostView + ?Sized> HostView for $pointer {
            type Elem = H::Elem;
            type Dim = H::Dim;

            fn host_view(&self) -> ArrayView<'_, H::Elem, H::Dim> {
                (**self).host_view()
            }
        }
    )+};
}

pointers!(&H, &mut H, Box<H>, Rc<H>, Arc<H>);
pointers!(Ref<'_, H>, RefMut<'_, H>, MutexGuard<'_, H>, RwLockReadGuard<'_, H>, RwLockWriteGuard<'_, H>);

impl<H: HostView, F: FnOnce() -> H> HostView for LazyLock<H, F> {
    type Elem = H::Elem;
    type Dim = H::Dim;

    fn host_view(&self) -> ArrayView<'_, H::Elem, H::Dim> {
        (**self).host_view()
    }
}

/// Host data for a table, borrowed or owned: a reference to any [`HostView`], a view, an array or a vector.
///
/// Implemented for every type a caller is likely to have; there is no need to implement it elsewhere.
pub trait HostData<'a> {
    /// The element type.
    type Elem: Clone + 'a;

    /// The data with their shape.
    fn into_cow(self) -> CowArray<'a, Self::Elem, IxDyn>;
}

impl<'a, H: HostView<Elem: Clone> + ?Sized> HostData<'a> for &'a H {
    type Elem = H::Elem;

    fn into_cow(self) -> CowArray<'a, H::Elem, IxDyn> {
        self.host_view().into_dyn().into()
    }
}

impl<'a, T: Clone, D: Dimension> HostData<'a> for ArrayBase<ViewRepr<&'a T>, D> {
    type Elem = T;

    fn into_cow(self) -> CowArray<'a, T, IxDyn> {
        self.into_dyn().into()
    }
}

impl<'a, T: Clone + 'a, D: Dimension> HostData<'a> for ArrayBase<OwnedRepr<T>, D> {
    type Elem = T;

    fn into_cow(self) -> CowArray<'a, T, IxDyn> {
        self.into_dyn().into()
    }
}

impl<'a, T: Clone + 'a> HostData<'a> for Vec<T> {
    type Elem = T;

    fn into_cow(self) -> CowArray<'a, T, IxDyn> {
        Array1::from_vec(self).into_cow()
    }
}
