//! Errors that arrive with the data.
//!
//! Some checks can only be made where the data are: whether a sum of weights is zero, whether a table that was computed
//! on the device is in order. Nobody waits for their outcome. The kernel leaves it in a word of device memory, every
//! array derived from the result carries the [`Check`], and the readback that brings the data brings the word too, in
//! the same copy, and turns it into an `Err`. The CPU engine knows the outcome at once and keeps it just the same, so
//! that code which handles errors on one engine handles them on the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, ErrorKind, Result};

/// The word of a check that found nothing. Otherwise the word is the complement of the first offender's index, so that
/// a kernel needs `atomicMax` and memory that starts as zero.
pub(crate) const PASSED: u32 = 0;

/// One check and where its outcome will be found.
pub(crate) struct Check {
    question: Question,
    outcome: Outcome,
}

/// What was checked, with what its message needs.
#[derive(Clone)]
pub(crate) enum Question {
    /// Is a sum of weights zero? The index is that of the output element.
    ZeroWeights { output: Vec<usize> },
    /// None yet: this stands for whatever is wrong with the input of a plan.
    OfInput,
    /// Are the knots in order? The index is that of the knot in `xp`, flattened.
    Sorted { knots: usize },
}

/// Where the outcome is.
pub(crate) enum Outcome {
    /// Known to the host.
    Known(AtomicU32),
    /// In a word of this buffer, at this index.
    Word { buffer: wgpu::Buffer, index: u32 },
}

impl Check {
    pub fn new(question: Question, outcome: Outcome) -> Arc<Self> {
        Arc::new(Self { question, outcome })
    }

    /// A check whose outcome the CPU engine is about to find.
    pub fn on_host(question: Question) -> Arc<Self> {
        Self::new(question, Outcome::Known(AtomicU32::new(PASSED)))
    }

    /// The same question with its outcome elsewhere.
    pub fn with_outcome(&self, outcome: Outcome) -> Arc<Self> {
        Self::new(self.question.clone(), outcome)
    }

    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Notes an offender found by the CPU engine; the smallest index wins, in whichever order they come.
    pub fn offend(&self, index: usize) {
        if let Outcome::Known(word) = &self.outcome {
            word.fetch_max(!u32::try_from(index).unwrap_or(u32::MAX - 1), Ordering::Relaxed);
        }
    }

    /// What the word of this check means.
    pub fn verdict(&self, word: u32) -> Result<()> {
        if word == PASSED {
            return Ok(());
        }
        let index = !word as usize;
        Err(match &self.question {
            Question::ZeroWeights { output } => Error::new(
                ErrorKind::ZeroWeights,
                format!(
                    "the sum of the weights is zero at element {index} of the averages (shape {output:?}), so that no \
                     average exists; leave such rows out, give a value for them (average_axis_or), or use \
                     weighted_sum_axis, which does not divide"
                ),
            ),
            Question::Sorted { knots } => not_sorted(index, *knots),
            Question::OfInput => return Ok(()),
        })
    }
}

/// The error for a knot that is NaN or smaller than the one before it.
pub(crate) fn not_sorted(index: usize, knots: usize) -> Error {
    let (table, knot) = (index / knots.max(1), index % knots.max(1));
    Error::new(
        ErrorKind::NotSorted { index },
        format!(
            "xp must not decrease and must not hold NaN, but knot {knot} of table {table} (index {index} of xp) is NaN \
             or smaller than the knot before it; sort it, or build the table with Order::Sort (or Order::Assume)"
        ),
    )
}

/// The checks that concern an array. Cheap to clone; empty for most arrays.
#[derive(Clone, Default)]
pub(crate) struct Checks(Option<Arc<[Arc<Check>]>>);

impl Checks {
    /// The checks of all these, each once.
    pub fn union<'a>(all: impl IntoIterator<Item = &'a Checks>) -> Self {
        let mut sets = all.into_iter().filter(|set| set.0.is_some());
        let Some(first) = sets.next() else { return Self::default() };
        sets.fold(first.clone(), |union, set| set.iter().fold(union, |union, check| union.with(check.clone())))
    }

    /// These and one more.
    pub fn with(&self, check: Arc<Check>) -> Self {
        if self.iter().any(|known| Arc::ptr_eq(known, &check)) {
            return self.clone();
        }
        Self(Some(self.iter().cloned().chain([check]).collect()))
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Arc<Check>> {
        self.0.as_deref().unwrap_or_default().iter()
    }

    /// The checks whose outcome is still on the device.
    pub fn on_device(&self) -> impl Iterator<Item = (&wgpu::Buffer, u32)> {
        self.iter().filter_map(|check| match check.outcome() {
            Outcome::Word { buffer, index } => Some((buffer, *index)),
            Outcome::Known(_) => None,
        })
    }

    /// The first failure, given the words that came with the data, in the order of [`Checks::on_device`].
    pub fn verdict(&self, words: &[u32]) -> Result<()> {
        let mut words = words.iter();
        for check in self.iter() {
            let word = match check.outcome() {
                Outcome::Known(word) => word.load(Ordering::Relaxed),
                Outcome::Word { .. } => words.next().copied().unwrap_or(PASSED),
            };
            check.verdict(word)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_offender_is_named_however_they_come_in() {
        let check = Check::on_host(Question::Sorted { knots: 10 });
        let checks = Checks::default().with(check.clone()).with(check.clone());
        assert_eq!(checks.iter().count(), 1, "the same check counts once");
        assert!(checks.verdict(&[]).is_ok());
        check.offend(17);
        check.offend(12);
        check.offend(30);
        let error = checks.verdict(&[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSorted { index: 12 });
        assert!(error.to_string().contains("knot 2 of table 1"), "{error}");
    }
}
