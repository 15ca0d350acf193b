//! [`FloatType`]: the type of floats as a value, and [`for_float!`], the one place where the value becomes a type
//! again.
//!
//! What is generic is compiled where it is used: in the crate of whoever calls it, again in each, at that crate's level
//! of optimisation. Operations therefore carry their type as a value, and the match over it is in this crate, so that
//! every kernel is compiled here, once, with this crate's settings.

/// The types that can be computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FloatType {
    /// 32-bit floats.
    F32,
    /// 64-bit floats.
    F64,
}

/// Evaluates an expression with `$T` standing for the type that a [`FloatType`] names.
macro_rules! for_float {
    ($dtype:expr, $T:ident => $result:expr) => {
        match $dtype {
            $crate::float::dtype::FloatType::F32 => {
                type $T = f32;
                $result
            }
            $crate::float::dtype::FloatType::F64 => {
                type $T = f64;
                $result
            }
        }
    };
}
pub(crate) use for_float;

impl std::fmt::Display for FloatType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

impl FloatType {
    /// Bytes of one element.
    pub(crate) fn size(self) -> u64 {
        for_float!(self, T => size_of::<T>() as u64)
    }

    /// Bytes of so many elements, or the most there are.
    pub(crate) fn bytes(self, len: usize) -> u64 {
        (len as u64).saturating_mul(self.size())
    }
}
