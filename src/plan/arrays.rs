//! What a plan takes and gives: an array, or a tuple of arrays. [`PlanInputs`] is what [`Device::capture`] is given,
//! [`PlanArrays`] what is inside, and what comes out, [`PlanData`] what an input can be written from.
//!
//! The traits are sealed; tuples have up to four members. Arrays of any type, and any number of them, are in `any`.

use std::sync::Arc;

use ndarray::{ArrayBase, Data, Dimension};

use crate::array::DeviceArray;
use crate::device::Device;
use crate::device::recorder::{Recorder, not_capturable};
use crate::element::Element;
use crate::engine::check::{Checks, Findings};
use crate::engine::storage::MemoryId;
use crate::error::{Error, Result};
use crate::plan::verdicts::{Input, Verdicts};

pub(crate) mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// Arrays of a plan: a [`DeviceArray`], an [`AnyArray`](crate::AnyArray), a tuple of up to four, or a vector of as many as
/// there are.
pub trait PlanArrays: Clone + Sealed {
    /// A reference to each.
    type Refs<'a>
    where
        Self: 'a;

    /// A reference to each.
    fn refs(&self) -> Self::Refs<'_>;

    #[doc(hidden)]
    fn check_out(&self, exit: &mut Exit<'_>) -> Result<()>;

    #[doc(hidden)]
    fn outside(&self, outside: &mut Outside<'_>) -> Self;
}

/// What a plan can be captured over: a reference to a [`DeviceArray`] or an [`AnyArray`](crate::AnyArray), a tuple of up to
/// four, or a vector.
pub trait PlanInputs: Sealed {
    /// The arrays themselves.
    type Arrays: PlanArrays;

    #[doc(hidden)]
    fn adopt(self, adoption: &mut Adoption<'_>) -> Result<Self::Arrays>;
}

/// What the inputs of a plan can be written from: a reference to an array of the host's (or a view), a reference to an array
/// on the same device, `()` for no change, [`AnyData`](crate::AnyData) where the plan takes an
/// [`AnyArray`](crate::AnyArray), or a tuple or vector of these where the plan takes one.
pub trait PlanData<I: PlanArrays> {
    #[doc(hidden)]
    fn write_to(self, inputs: &I, target: &mut Target<'_>) -> Result<()>;
}

/// Inputs on their way into a plan.
#[doc(hidden)]
pub struct Adoption<'a> {
    pub(crate) device: &'a Device,
    pub(crate) recorder: &'a Arc<Recorder>,
    pub(crate) inputs: Vec<Input>,
}

/// Arrays that a closure returned.
#[doc(hidden)]
pub struct Exit<'a> {
    pub(crate) device: &'a Device,
    pub(crate) recorder: &'a Arc<Recorder>,
    /// The memory they lie in.
    pub(crate) needed: Vec<MemoryId>,
}

/// What the arrays of a plan have to know when they come out.
#[doc(hidden)]
pub struct Outside<'a> {
    pub(crate) device: &'a Device,
    pub(crate) verdicts: &'a mut Verdicts,
}

/// The inputs that are being written.
#[doc(hidden)]
pub struct Target<'a> {
    pub(crate) device: &'a Device,
    pub(crate) inputs: std::slice::Iter<'a, Input>,
}

impl<T: Element, D: Dimension> Sealed for DeviceArray<T, D> {}
impl<T: Element, D: Dimension> Sealed for &DeviceArray<T, D> {}

impl<T: Element, D: Dimension> PlanInputs for &DeviceArray<T, D> {
    type Arrays = DeviceArray<T, D>;

    fn adopt(self, adoption: &mut Adoption<'_>) -> Result<DeviceArray<T, D>> {
        let device = adoption.device;
        device.expect(self.device(), "an input of the plan")?;
        if let Some(recorder) = self.device().recorder() {
            return Err(recorder.refusal("captured"));
        }
        let storage = device.allocate::<T>(self.len())?;
        device.engine().copy::<T>(self.storage(), &storage, self.len())?;
        let input = Input::new(storage.id(), self.checks().now());
        let checks = Checks::default().with(input.marker.clone());
        adoption.inputs.push(input);
        Ok(DeviceArray::new(device.recording(adoption.recorder), storage, self.raw_dim(), checks))
    }
}

impl<T: Element, D: Dimension> PlanArrays for DeviceArray<T, D> {
    type Refs<'a>
        = &'a Self
    where
        Self: 'a;

    fn refs(&self) -> &Self {
        self
    }

    fn check_out(&self, exit: &mut Exit<'_>) -> Result<()> {
        exit.device.expect(self.device(), "an output of the plan")?;
        if self.device().recorder().is_some_and(|other| !Arc::ptr_eq(exit.recorder, other)) {
            return Err(not_capturable("the closure returned an array of another plan"));
        }
        exit.needed.push(self.storage().id());
        Ok(())
    }

    fn outside(&self, outside: &mut Outside<'_>) -> Self {
        // What the closure did not compute from the inputs is no plan's, or another's.
        let checks = match self.device().recorder() {
            Some(_) => outside.verdicts.of_output(self.checks(), self.storage().id()),
            None => self.checks().clone(),
        };
        self.handed_out(outside.device, checks)
    }
}

impl<T: Element, D: Dimension, S: Data<Elem = T>> PlanData<DeviceArray<T, D>> for &ArrayBase<S, D> {
    fn write_to(self, input: &DeviceArray<T, D>, target: &mut Target<'_>) -> Result<()> {
        expect_shape(input, self.shape())?;
        target.replace(Findings::default(), || input.write_over(self))
    }
}

impl<T: Element, D: Dimension> PlanData<DeviceArray<T, D>> for &DeviceArray<T, D> {
    fn write_to(self, input: &DeviceArray<T, D>, target: &mut Target<'_>) -> Result<()> {
        expect_shape(input, self.shape())?;
        target.device.expect(self.device(), "the new input")?;
        if let Some(recorder) = self.device().recorder() {
            return Err(recorder.refusal("written into a plan"));
        }
        let device = target.device;
        target.replace(self.checks().now(), || device.engine().copy::<T>(self.storage(), input.storage(), input.len()))
    }
}

impl<T: Element, D: Dimension> PlanData<DeviceArray<T, D>> for () {
    fn write_to(self, _: &DeviceArray<T, D>, target: &mut Target<'_>) -> Result<()> {
        target.inputs.next();
        Ok(())
    }
}

impl Target<'_> {
    /// Replaces the values of the next input, and with them what was wrong with them; `findings` say what is wrong with the
    /// new ones.
    fn replace(&mut self, findings: Findings, write: impl FnOnce() -> Result<()>) -> Result<()> {
        match self.inputs.next() {
            Some(input) => input.write(findings, write),
            None => write(),
        }
    }
}

fn expect_shape<T: Element, D: Dimension>(input: &DeviceArray<T, D>, shape: &[usize]) -> Result<()> {
    if input.shape() == shape {
        return Ok(());
    }
    Err(Error::shape(format!(
        "the plan was captured for an input of shape {:?} and cannot take {shape:?}; capture another plan for that shape",
        input.shape()
    )))
}

macro_rules! tuples {
    ($($array:ident $data:ident $place:tt),+) => {
        impl<$($array: Sealed),+> Sealed for ($($array,)+) {}

        impl<$($array: PlanInputs),+> PlanInputs for ($($array,)+) {
            type Arrays = ($($array::Arrays,)+);

            fn adopt(self, adoption: &mut Adoption<'_>) -> Result<Self::Arrays> {
                Ok(($(self.$place.adopt(adoption)?,)+))
            }
        }

        impl<$($array: PlanArrays),+> PlanArrays for ($($array,)+) {
            type Refs<'a> = ($($array::Refs<'a>,)+) where Self: 'a;

            fn refs(&self) -> Self::Refs<'_> {
                ($(self.$place.refs(),)+)
            }

            fn check_out(&self, exit: &mut Exit<'_>) -> Result<()> {
                $(self.$place.check_out(exit)?;)+
                Ok(())
            }

            fn outside(&self, outside: &mut Outside<'_>) -> Self {
                ($(self.$place.outside(outside),)+)
            }
        }

        impl<$($array: PlanArrays, $data: PlanData<$array>),+> PlanData<($($array,)+)> for ($($data,)+) {
            fn write_to(self, inputs: &($($array,)+), target: &mut Target<'_>) -> Result<()> {
                $(self.$place.write_to(&inputs.$place, target)?;)+
                Ok(())
            }
        }
    };
}

tuples!(A P 0);
tuples!(A P 0, B Q 1);
tuples!(A P 0, B Q 1, C R 2);
tuples!(A P 0, B Q 1, C R 2, E S 3);
