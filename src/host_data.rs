//! [`HostData`]: what may stand where knots and values of a table are wanted.

use ndarray::{Array1, ArrayBase, ArrayView, CowArray, Data, Dimension, IxDyn, OwnedRepr, ViewRepr};

/// Host data of one or two dimensions, borrowed or owned: a view, a reference to an array, a slice, a vector, an array.
///
/// Implemented for what a call might have at hand; there is no need to implement it elsewhere.
pub trait HostData<'a> {
    /// What it holds.
    type Elem: Clone + 'a;

    /// The data with their shape.
    fn into_cow(self) -> CowArray<'a, Self::Elem, IxDyn>;
}

impl<'a, S: Data<Elem: Clone>, D: Dimension> HostData<'a> for &'a ArrayBase<S, D> {
    type Elem = S::Elem;

    fn into_cow(self) -> CowArray<'a, S::Elem, IxDyn> {
        self.view().into_dyn().into()
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

impl<'a, T: Clone> HostData<'a> for &'a [T] {
    type Elem = T;

    fn into_cow(self) -> CowArray<'a, T, IxDyn> {
        ArrayView::from(self).into_dyn().into()
    }
}

impl<'a, T: Clone, const N: usize> HostData<'a> for &'a [T; N] {
    type Elem = T;

    fn into_cow(self) -> CowArray<'a, T, IxDyn> {
        self.as_slice().into_cow()
    }
}

impl<'a, T: Clone> HostData<'a> for &'a Vec<T> {
    type Elem = T;

    fn into_cow(self) -> CowArray<'a, T, IxDyn> {
        self.as_slice().into_cow()
    }
}

impl<'a, T: Clone + 'a> HostData<'a> for Vec<T> {
    type Elem = T;

    fn into_cow(self) -> CowArray<'a, T, IxDyn> {
        Array1::from_vec(self).into_cow()
    }
}
