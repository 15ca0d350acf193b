//! The clock: calls in batches, medians of batches, and an end to both.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;

/// How long a batch lasts: far longer than the clock is coarse, far shorter than anybody waits.
const BATCH: Duration = Duration::from_millis(15);
const MOST_CALLS: usize = 500;
const ROUNDS: usize = 9;
/// Fewer make no median.
const LEAST_ROUNDS: usize = 3;

/// Seconds a call.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Times {
    pub median: f64,
    pub lower_quartile: f64,
    pub upper_quartile: f64,
    pub rounds: usize,
    /// In each round.
    pub calls: usize,
}

impl Times {
    /// Of none there is none.
    pub fn of(mut samples: Vec<f64>, calls: usize) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        let last = samples.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let (below, above) = (samples[place.floor() as usize], samples[place.ceil() as usize]);
            below + (above - below) * place.fract()
        };
        let (median, lower_quartile, upper_quartile) = (at(0.5), at(0.25), at(0.75));
        Some(Self { median, lower_quartile, upper_quartile, rounds: samples.len(), calls })
    }
}

/// Until when.
#[derive(Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    pub fn after(seconds: f64) -> Self {
        Self(Instant::now() + Duration::from_secs_f64(seconds.max(0.0)))
    }

    pub fn sooner(self, seconds: f64) -> Self {
        Self(self.0.min(Self::after(seconds).0))
    }

    pub fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

/// Seconds of one go.
pub fn once<R>(go: impl FnOnce() -> Outcome<R>) -> Outcome<f64> {
    let start = Instant::now();
    let result = std::hint::black_box(go()?);
    let took = start.elapsed().as_secs_f64();
    drop(result);
    Ok(took)
}

/// Calls in batches, each waited for once by `finish`: seconds a call. Two calls before do not count.
pub fn batched(
    deadline: Deadline,
    mut call: impl FnMut() -> Outcome<()>,
    mut finish: impl FnMut() -> Outcome<()>,
) -> Outcome<Times> {
    let mut batch = |calls: usize| {
        let seconds = once(|| {
            (0..calls).try_for_each(|_| call())?;
            finish()
        })?;
        Ok::<_, String>(seconds / calls as f64)
    };
    // A call alone carries the wait; a few tell how many fill a batch.
    let alone = batch(1)?.min(batch(1)?);
    let fitting = |seconds: f64| ((BATCH.as_secs_f64() / seconds.max(1e-9)) as usize).clamp(1, MOST_CALLS);
    let calls = if fitting(alone) > 4 { fitting(batch(fitting(alone) / 4)?) } else { fitting(alone) };
    let mut samples = Vec::new();
    while samples.len() < ROUNDS && (samples.len() < LEAST_ROUNDS || !deadline.is_over()) {
        samples.push(batch(calls)?);
        // What takes longer than it may is measured once.
        if deadline.is_over() && samples[0] * calls as f64 > 1.0 {
            break;
        }
    }
    Times::of(samples, calls).ok_or_else(|| "nothing was measured".to_owned())
}

/// One go after another, each timed; one before does not count.
pub fn singly(deadline: Deadline, goes: usize, mut go: impl FnMut() -> Outcome<()>) -> Outcome<Times> {
    let mut samples = Vec::new();
    go()?;
    while samples.len() < goes && (samples.len() < LEAST_ROUNDS || !deadline.is_over()) {
        samples.push(once(&mut go)?);
        if deadline.is_over() && samples[0] > 1.0 {
            break;
        }
    }
    Times::of(samples, 1).ok_or_else(|| "nothing was measured".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Deadline, Times, batched, singly};

    #[test]
    fn medians_lie_between_quartiles() {
        let times = Times::of(vec![5.0, 1.0, 4.0, 2.0, 3.0], 7).unwrap();
        assert_eq!((times.lower_quartile, times.median, times.upper_quartile), (2.0, 3.0, 4.0));
        assert_eq!((times.rounds, times.calls), (5, 7));
        assert_eq!(Times::of(vec![1.0, 2.0], 1).unwrap().median, 1.5);
        assert!(Times::of(Vec::new(), 1).is_none());
    }

    #[test]
    fn every_batch_is_waited_for_and_a_deadline_ends_it() {
        let (mut calls, mut waits) = (0, 0);
        let count = |counted: &mut i32| {
            *counted += 1;
            Ok(())
        };
        let times = batched(Deadline::after(0.0), || count(&mut calls), || count(&mut waits)).unwrap();
        assert_eq!(times.rounds, 3);
        assert!(waits >= 5 && calls > waits);
        assert_eq!(singly(Deadline::after(1.0), 4, || Ok(())).unwrap().rounds, 4);
        assert!(singly(Deadline::after(1.0), 4, || Err("no".into())).is_err());
    }
}
