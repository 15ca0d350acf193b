//! Averages whose weights sum to zero.

use crate::engine::check::Check;

/// What becomes of them.
#[derive(Clone, Copy)]
pub(crate) enum ZeroWeights<'a, T> {
    /// An error, which the check reports later; without one nothing.
    Flag(Option<&'a Check>),
    /// This value in place of the quotient.
    Fill(T),
}

impl<T> ZeroWeights<'_, T> {
    /// Reports an output, if that is what becomes of it.
    pub fn flag(&self, output: usize) {
        if let Self::Flag(Some(check)) = self {
            check.flag(output);
        }
    }
}
