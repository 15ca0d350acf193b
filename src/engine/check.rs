//! Errors that arrive with the data.
//!
//! Some checks can only be made where the data are: whether a sum of weights is zero, whether a table that was computed
//! on the device is in order. No call waits for the outcome: the kernel leaves it in a word of device memory, every
//! array derived from the result carries the [`Check`], and a readback copies the word along with the data and turns it
//! into an `Err`. The CPU engine has the outcome at once and defers it all the same, so that code which handles errors
//! on one engine handles them on the other.
//!
//! The memory of a plan is overwritten by each replay, and its errors with it. Arrays over such memory refer to its
//! [`Latest`] findings; an array computed from them takes the findings as they are at that moment ([`Checks::now`]), as
//! it takes the values.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Result};

/// The word of a check that passed. Otherwise the word is the complement of the first offender's index, so that a
/// kernel needs no more than `atomicMax` and memory that starts as zero.
pub(crate) const PASSED: u32 = 0;

/// One check and where its outcome will be found.
pub(crate) struct Check {
    kind: CheckKind,
    outcome: Outcome,
}

/// What was checked, with what its message needs.
#[derive(Clone)]
pub(crate) enum CheckKind {
    /// Is a sum of weights zero? The index is that of the output element.
    ZeroWeights { output: Vec<usize> },
    /// None yet: this stands for whatever is wrong with the input of a plan.
    Input,
    /// Are the knots in order? The index is that of the knot in `xp`, flattened.
    Sorted { knots: usize },
    /// Are the knots in descending order? Likewise.
    Descending { knots: usize },
    /// None: the values could not be written, for this reason.
    Unwritten(Error),
}

/// Where the outcome is.
pub(crate) enum Outcome {
    /// Known to the host.
    Known(AtomicU32),
    /// In a word of this buffer, at this index.
    Word { buffer: wgpu::Buffer, index: u32 },
}

impl Check {
    pub fn new(kind: CheckKind, outcome: Outcome) -> Arc<Self> {
        Arc::new(Self { kind, outcome })
    }

    /// A check whose outcome the CPU engine is about to find.
    pub fn on_host(kind: CheckKind) -> Arc<Self> {
        Self::new(kind, Outcome::Known(AtomicU32::new(PASSED)))
    }

    /// The same question with its outcome elsewhere.
    pub fn with_outcome(&self, outcome: Outcome) -> Arc<Self> {
        Self::new(self.kind.clone(), outcome)
    }

    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Notes an offender found by the CPU engine; the smallest index wins, in whichever order they come.
    pub fn flag(&self, index: usize) {
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
        Err(match &self.kind {
            CheckKind::ZeroWeights { output } => Error::new(
                ErrorKind::ZeroWeights,
                format!(
                    "the sum of the weights is zero at element {index} of the averages (shape {output:?}), so that no \
                     average exists; leave such rows out, give a value for them (average_axis_or), or use \
                     weighted_sum_axis, which does not divide"
                ),
            ),
            CheckKind::Sorted { knots } => not_sorted(index, *knots, SORT),
            CheckKind::Descending { knots } => not_descending(index, *knots, SORT),
            CheckKind::Unwritten(error) => error.clone(),
            CheckKind::Input => return Ok(()),
        })
    }
}

/// What to do about knots of the device that are out of order.
const SORT: &str = "sort it, or build the table with Order::Sort";

/// The error for a knot that is NaN or smaller than the one before it, and what to do about it.
pub(crate) fn not_sorted(index: usize, knots: usize, remedy: &str) -> Error {
    disorder(index, knots, ["decrease", "smaller"], remedy)
}

/// The error for a knot that is NaN or larger than the one before it, where knots are to descend.
pub(crate) fn not_descending(index: usize, knots: usize, remedy: &str) -> Error {
    disorder(index, knots, ["increase", "larger"], remedy)
}

fn disorder(index: usize, knots: usize, [turns, than]: [&str; 2], remedy: &str) -> Error {
    let (table, knot) = (index / knots.max(1), index % knots.max(1));
    Error::new(
        ErrorKind::NotSorted { index },
        format!(
            "xp must not {turns} and must not hold NaN, but knot {knot} of table {table} (index {index} of xp) is NaN \
             or {than} than the knot before it; {remedy}"
        ),
    )
}

/// Checks that have been made, or will have been when the device gets there: what they found never changes.
#[derive(Clone, Default)]
pub(crate) struct Findings(Option<Arc<[Arc<Check>]>>);

impl Findings {
    /// For values that could not be written.
    pub fn unwritten(error: Error) -> Self {
        Check::new(CheckKind::Unwritten(error), Outcome::Known(AtomicU32::new(!PASSED))).into()
    }

    /// These and those, each once.
    fn and(&self, others: &Self) -> Self {
        match (&self.0, &others.0) {
            (_, None) => self.clone(),
            (None, _) => others.clone(),
            _ => others.iter().fold(self.clone(), |all, check| all.with(check.clone())),
        }
    }

    /// These and one more.
    fn with(&self, check: Arc<Check>) -> Self {
        if self.iter().any(|known| Arc::ptr_eq(known, &check)) {
            return self.clone();
        }
        Self(Some(self.iter().cloned().chain([check]).collect()))
    }

    /// Whether nothing was looked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
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

    /// The first failure, given the words that came with the data, in the order of [`Findings::on_device`].
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

impl From<Arc<Check>> for Findings {
    fn from(check: Arc<Check>) -> Self {
        Self(Some(Arc::new([check])))
    }
}

/// What is wrong with values in memory that is written again and again, as they are now.
#[derive(Default)]
pub(crate) struct Latest(Mutex<Findings>);

impl Latest {
    pub fn new(findings: Findings) -> Arc<Self> {
        Arc::new(Self(Mutex::new(findings)))
    }

    pub fn now(&self) -> Findings {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is there now has been written, and this is what is wrong with it.
    pub fn set(&self, findings: Findings) {
        let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), findings);
        drop(before);
    }

    /// The memory is about to be written. If that ends in a panic, or another thread looks meanwhile, what is there is
    /// neither the old nor the new.
    pub fn begin(&self) {
        static UNFINISHED: LazyLock<Findings> = LazyLock::new(|| {
            Findings::unwritten(Error::new(
                ErrorKind::NotCapturable,
                "this array lies in memory of a plan that is being written or computed, or was when something \
                 panicked; use it before the next write or replay begins, or after that",
            ))
        });
        self.set(UNFINISHED.clone());
    }
}

/// The checks that concern an array. Cheap to clone; empty for most arrays.
#[derive(Clone, Default)]
pub(crate) struct Checks {
    made: Findings,
    /// Those of values in memory of plans.
    latest: Option<Arc<[Arc<Latest>]>>,
}

impl Checks {
    /// The checks of all these, each once.
    pub fn union<'a>(all: impl IntoIterator<Item = &'a Checks>) -> Self {
        all.into_iter().fold(Self::default(), |union, set| {
            let made = union.made.and(&set.made);
            set.latest().iter().fold(Self { made, ..union }, |union, latest| union.with_latest(latest.clone()))
        })
    }

    /// These and one more.
    pub fn with(&self, check: Arc<Check>) -> Self {
        Self { made: self.made.with(check), latest: self.latest.clone() }
    }

    /// These, and whatever is wrong with some memory of a plan.
    pub fn with_latest(&self, latest: Arc<Latest>) -> Self {
        if self.latest().iter().any(|known| Arc::ptr_eq(known, &latest)) {
            return self.clone();
        }
        let all = self.latest().iter().cloned().chain([latest]).collect();
        Self { made: self.made.clone(), latest: Some(all) }
    }

    /// Those that have been made.
    pub fn made(&self) -> &Findings {
        &self.made
    }

    /// Those that change with memory of plans.
    pub fn latest(&self) -> &[Arc<Latest>] {
        self.latest.as_deref().unwrap_or_default()
    }

    /// What is wrong with the values as they are now.
    pub fn now(&self) -> Findings {
        self.latest().iter().fold(self.made.clone(), |all, latest| all.and(&latest.now()))
    }

    /// The checks of what is made of the values: those of the values as they are now, unless it is recorded. What a
    /// plan will compute while it is replayed is no better than the values are then.
    pub fn of_result(self, is_recorded: bool) -> Self {
        if self.latest.is_none() || is_recorded { self } else { self.now().into() }
    }
}

impl From<Findings> for Checks {
    fn from(made: Findings) -> Self {
        Self { made, latest: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_offender_is_named_however_they_come_in() {
        let check = Check::on_host(CheckKind::Sorted { knots: 10 });
        let findings = Checks::default().with(check.clone()).with(check.clone()).now();
        assert_eq!(findings.iter().count(), 1, "the same check counts once");
        assert!(findings.verdict(&[]).is_ok());
        check.flag(17);
        check.flag(12);
        check.flag(30);
        let error = findings.verdict(&[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSorted { index: 12 });
        assert!(error.to_string().contains("knot 2 of table 1"), "{error}");
    }

    #[test]
    fn what_is_made_of_values_keeps_what_was_wrong_with_them() {
        let failed = |text: &str| Findings::unwritten(Error::other(text));
        let kind = |checks: &Checks| checks.now().verdict(&[]).map_err(|error| error.to_string());
        let latest = Latest::new(failed("first"));
        let handle = Checks::default().with_latest(latest.clone()).with_latest(latest.clone());
        assert_eq!(handle.latest().len(), 1, "the same memory counts once");
        let made = Checks::union([&Checks::default(), &handle]).of_result(false);
        latest.begin();
        assert!(kind(&handle).unwrap_err().contains("being written"));
        latest.set(Findings::default());
        assert_eq!((kind(&handle), kind(&made)), (Ok(()), Err("first".into())));
        latest.set(failed("second"));
        assert_eq!((kind(&handle), kind(&made)), (Err("second".into()), Err("first".into())));
    }
}
