//! Plans whose arrays are known only at run time: [`AnyArray`] as an input and an output, [`AnyData`] to write one
//! from, and vectors of both.

use ndarray::{ArrayView, IxDyn};

use crate::array::any::{AnyArray, on_any};
use crate::element::ElementType;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::arrays::sealed::Sealed;
use crate::plan::arrays::{Inputs, Outputs, PlanArrays, PlanData, PlanInputs, Publisher, Target};

/// New values for an input of a plan that is an [`AnyArray`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyData<'a> {
    /// 32-bit floats on the host.
    F32(ArrayView<'a, f32, IxDyn>),
    /// 64-bit floats on the host.
    F64(ArrayView<'a, f64, IxDyn>),
    /// 32-bit unsigned integers on the host.
    U32(ArrayView<'a, u32, IxDyn>),
    /// An array on the plan's device.
    Device(AnyArray),
    /// No values: the input stays as it is.
    Unchanged,
}

impl AnyData<'_> {
    fn element_type(&self) -> Option<ElementType> {
        match self {
            Self::F32(_) => Some(ElementType::F32),
            Self::F64(_) => Some(ElementType::F64),
            Self::U32(_) => Some(ElementType::U32),
            Self::Device(array) => Some(array.element_type()),
            Self::Unchanged => None,
        }
    }
}

impl Sealed for AnyArray {}
impl Sealed for &AnyArray {}
impl<A: Sealed> Sealed for Vec<A> {}

impl PlanInputs for &AnyArray {
    type Arrays = AnyArray;

    fn bind_input(self, bound: &mut Inputs<'_>) -> Result<AnyArray> {
        on_any!(self, array => Ok(array.bind_input(bound)?.into()))
    }
}

impl PlanArrays for AnyArray {
    type Refs<'a> = &'a Self;

    fn refs(&self) -> &Self {
        self
    }

    fn collect_outputs(&self, collected: &mut Outputs<'_>) -> Result<()> {
        on_any!(self, array => array.collect_outputs(collected))
    }

    fn publish(&self, publisher: &mut Publisher<'_>) -> Self {
        on_any!(self, array => array.publish(publisher).into())
    }
}

impl PlanData<AnyArray> for AnyData<'_> {
    fn write_to(self, input: &AnyArray, target: &mut Target<'_>) -> Result<()> {
        match (self, input) {
            (AnyData::F32(values), AnyArray::F32(input)) => (&values).write_to(input, target),
            (AnyData::F64(values), AnyArray::F64(input)) => (&values).write_to(input, target),
            (AnyData::U32(values), AnyArray::U32(input)) => (&values).write_to(input, target),
            (AnyData::Device(AnyArray::F32(values)), AnyArray::F32(input)) => (&values).write_to(input, target),
            (AnyData::Device(AnyArray::F64(values)), AnyArray::F64(input)) => (&values).write_to(input, target),
            (AnyData::Device(AnyArray::U32(values)), AnyArray::U32(input)) => (&values).write_to(input, target),
            (AnyData::Unchanged, input) => on_any!(input, input => ().write_to(input, target)),
            (values, input) => Err(Error::new(
                ErrorKind::InvalidOption,
                format!(
                    "the plan was captured for an input of {} and cannot take {}; convert the values",
                    input.element_type(),
                    values.element_type().map_or("nothing", ElementType::name)
                ),
            )),
        }
    }
}

impl<P: PlanInputs> PlanInputs for Vec<P> {
    type Arrays = Vec<P::Arrays>;

    fn bind_input(self, bound: &mut Inputs<'_>) -> Result<Self::Arrays> {
        self.into_iter().map(|input| input.bind_input(bound)).collect()
    }
}

impl<A: PlanArrays> PlanArrays for Vec<A> {
    type Refs<'a>
        = Vec<A::Refs<'a>>
    where
        Self: 'a;

    fn refs(&self) -> Self::Refs<'_> {
        self.iter().map(A::refs).collect()
    }

    fn collect_outputs(&self, collected: &mut Outputs<'_>) -> Result<()> {
        self.iter().try_for_each(|array| array.collect_outputs(collected))
    }

    fn publish(&self, publisher: &mut Publisher<'_>) -> Self {
        self.iter().map(|array| array.publish(publisher)).collect()
    }
}

impl<A: PlanArrays, W: PlanData<A>> PlanData<Vec<A>> for Vec<W> {
    fn write_to(self, inputs: &Vec<A>, target: &mut Target<'_>) -> Result<()> {
        if self.len() != inputs.len() {
            return Err(Error::shape(format!(
                "the plan was captured for {} inputs and cannot take {}; give one for each, AnyData::Unchanged for \
                 those that stay",
                inputs.len(),
                self.len()
            )));
        }
        self.into_iter().zip(inputs).try_for_each(|(values, input)| values.write_to(input, target))
    }
}
