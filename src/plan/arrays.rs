//! The inputs and outputs of a plan: an array, or a tuple of arrays. [`PlanInputs`] is the argument of
//! [`Device::capture`], [`PlanArrays`] the arrays inside and the outputs, [`PlanData`] the values that an input can be
//! written from.
//!
//! The traits are sealed; tuples have up to six members. Arrays of any type, in any number, are in `any`.

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

/// Arrays of a plan: a [`DeviceArray`], an [`AnyArray`](crate::AnyArray), a tuple of up to six, or a vector of any
/// length.
pub trait PlanArrays: Clone + Sealed {
    /// A reference to each.
    type Refs<'a>
    where
        Self: 'a;

    /// A reference to each.
    fn refs(&self) -> Self::Refs<'_>;

    #[doc(hidden)]
    fn collect_outputs(&self, collected: &mut Outputs<'_>) -> Result<()>;

    #[doc(hidden)]
    fn publish(&self, publisher: &mut Publisher<'_>) -> Self;
}

/// The inputs that a plan can be captured over: a reference to a [`DeviceArray`] or an [`AnyArray`](crate::AnyArray), a
/// tuple of up to six, or a vector.
pub trait PlanInputs: Sealed {
    /// The arrays themselves.
    type Arrays: PlanArrays;

    #[doc(hidden)]
    fn bind_input(self, bound: &mut Inputs<'_>) -> Result<Self::Arrays>;
}

/// New values for the inputs of a plan: a reference to a host array or view, a reference to an array on the same
/// device, `()` for no change, [`AnyData`](crate::AnyData) where the plan takes an [`AnyArray`](crate::AnyArray), or a
/// tuple or vector of these where the plan takes one.
pub trait PlanData<I: PlanArrays> {
    #[doc(hidden)]
    fn write_to(self, inputs: &I, target: &mut Target<'_>) -> Result<()>;
}

/// The inputs bound to a plan so far.
#[doc(hidden)]
pub struct Inputs<'a> {
    pub(crate) device: &'a Device,
    pub(crate) recorder: &'a Arc<Recorder>,
    pub(crate) inputs: Vec<Input>,
}

/// The outputs of a closure collected so far.
#[doc(hidden)]
pub struct Outputs<'a> {
    pub(crate) device: &'a Device,
    pub(crate) recorder: &'a Arc<Recorder>,
    /// The memory of the outputs.
    pub(crate) needed: Vec<MemoryId>,
}

/// Attaches a plan's verdicts to its output arrays.
#[doc(hidden)]
pub struct Publisher<'a> {
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

    fn bind_input(self, bound: &mut Inputs<'_>) -> Result<DeviceArray<T, D>> {
        let device = bound.device;
        device.ensure_same_device(self.device(), "an input of the plan")?;
        if let Some(recorder) = self.device().recorder() {
            return Err(recorder.refusal("captured"));
        }
        let storage = device.allocate::<T>(self.len())?;
        device.engine().copy::<T>(self.storage(), &storage, self.len())?;
        let input = Input::new(storage.id(), self.checks().now());
        let checks = Checks::default().with(input.marker.clone());
        bound.inputs.push(input);
        Ok(DeviceArray::new(device.recording(bound.recorder), storage, self.raw_dim(), checks))
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

    fn collect_outputs(&self, collected: &mut Outputs<'_>) -> Result<()> {
        collected.device.ensure_same_device(self.device(), "an output of the plan")?;
        if self.device().recorder().is_some_and(|other| !Arc::ptr_eq(collected.recorder, other)) {
            return Err(not_capturable("the closure returned an array of another plan"));
        }
        collected.needed.push(self.storage().id());
        Ok(())
    }

    fn publish(&self, publisher: &mut Publisher<'_>) -> Self {
        // An array not computed from the inputs belongs to no plan, or to another one.
        let checks = match self.device().recorder() {
            Some(_) => publisher.verdicts.of_output(self.checks(), self.storage().id()),
            None => self.checks().clone(),
        };
        self.handed_out(publisher.device, checks)
    }
}

impl<T: Element, D: Dimension, S: Data<Elem = T>> PlanData<DeviceArray<T, D>> for &ArrayBase<S, D> {
    fn write_to(self, input: &DeviceArray<T, D>, target: &mut Target<'_>) -> Result<()> {
        expect_shape(input, self.shape())?;
        target.replace(Findings::default(), || input.write_through(self))
    }
}

impl<T: Element, D: Dimension> PlanData<DeviceArray<T, D>> for &DeviceArray<T, D> {
    fn write_to(self, input: &DeviceArray<T, D>, target: &mut Target<'_>) -> Result<()> {
        expect_shape(input, self.shape())?;
        target.device.ensure_same_device(self.device(), "the new input")?;
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
    /// Replaces the values of the next input; `findings` replace those about the old ones.
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
        "the plan was captured for an input of shape {:?} and cannot take {shape:?}; capture another plan for that \
         shape",
        input.shape()
    )))
}

macro_rules! tuples {
    ($($array:ident $data:ident $place:tt),+) => {
        impl<$($array: Sealed),+> Sealed for ($($array,)+) {}

        impl<$($array: PlanInputs),+> PlanInputs for ($($array,)+) {
            type Arrays = ($($array::Arrays,)+);

            fn bind_input(self, bound: &mut Inputs<'_>) -> Result<Self::Arrays> {
                Ok(($(self.$place.bind_input(bound)?,)+))
            }
        }

        impl<$($array: PlanArrays),+> PlanArrays for ($($array,)+) {
            type Refs<'a> = ($($array::Refs<'a>,)+) where Self: 'a;

            fn refs(&self) -> Self::Refs<'_> {
                ($(self.$place.refs(),)+)
            }

            fn collect_outputs(&self, collected: &mut Outputs<'_>) -> Result<()> {
                $(self.$place.collect_outputs(collected)?;)+
                Ok(())
            }

            fn publish(&self, publisher: &mut Publisher<'_>) -> Self {
                ($(self.$place.publish(publisher),)+)
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
tuples!(A P 0, B Q 1, C R 2, E S 3, F T 4);
tuples!(A P 0, B Q 1, C R 2, E S 3, F T 4, G U 5);
