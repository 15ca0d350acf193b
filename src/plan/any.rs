//! Plans whose arrays are known only when the program runs: [`AnyArray`] as an input and an output, [`AnyData`] to write
//! one from, and vectors of both.

use ndarray::{ArrayView, IxDyn};

use crate::array::any::{AnyArray, on_any};
use crate::element::ElementType;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::arrays::sealed::Sealed;
use crate::plan::arrays::{Adoption, Exit, Outside, PlanArrays, PlanData, PlanInputs, Target};

/// New values for an input of a plan that is an [`AnyArray`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyData<'a> {
    /// 32-bit floats of the host's.
    F32(ArrayView<'a, f32, IxDyn>),
    /// 64-bit floats of the host's.
    F64(ArrayView<'a, f64, IxDyn>),
    /// 32-bit unsigned integers of the host's.
    U32(ArrayView<'a, u32, IxDyn>),
    /// An array on the plan's device.
    Device(AnyArray),
    /// None: the input stays as it is.
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

    fn adopt(self, adoption: &mut Adoption<'_>) -> Result<AnyArray> {
        on_any!(self, array => Ok(array.adopt(adoption)?.into()))
    }
}

impl PlanArrays for AnyArray {
    type Refs<'a> = &'a Self;

    fn refs(&self) -> &Self {
        self
    }

    fn check_out(&self, exit: &mut Exit<'_>) -> Result<()> {
        on_any!(self, array => array.check_out(exit))
    }

    fn outside(&self, outside: &mut Outside<'_>) -> Self {
        on_any!(self, array => array.outside(outside).into())
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

    fn adopt(self, adoption: &mut Adoption<'_>) -> Result<Self::Arrays> {
        self.into_iter().map(|input| input.adopt(adoption)).collect()
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

    fn check_out(&self, exit: &mut Exit<'_>) -> Result<()> {
        self.iter().try_for_each(|array| array.check_out(exit))
    }

    fn outside(&self, outside: &mut Outside<'_>) -> Self {
        self.iter().map(|array| array.outside(outside)).collect()
    }
}

impl<A: PlanArrays, W: PlanData<A>> PlanData<Vec<A>> for Vec<W> {
    fn write_to(self, inputs: &Vec<A>, target: &mut Target<'_>) -> Result<()> {
        if self.len() != inputs.len() {
            return Err(Error::shape(format!(
                "the plan was captured for {} inputs and cannot take {}; give one for each, AnyData::Unchanged for those \
                 that stay",
                inputs.len(),
                self.len()
            )));
        }
        self.into_iter().zip(inputs).try_for_each(|(values, input)| values.write_to(input, target))
    }
}
