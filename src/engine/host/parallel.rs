//! [`parallel_for`]: runs tasks on the rayon pool; the calling thread takes part instead of waiting.
//!
//! A parallel iterator hands everything to the pool and sleeps until it is done. Waking a worker costs as much as a
//! small operation (notebook 2026-11: the calling thread begins), so the caller starts immediately and workers join
//! when they wake.

use std::sync::{Mutex, PoisonError};

/// Runs each task once, in any order, and returns when all are done. A single task runs on the calling thread.
pub(crate) fn parallel_for<I>(tasks: I, work: impl Fn(I::Item) + Sync)
where
    I: ExactSizeIterator + Send,
{
    let helpers = rayon::current_num_threads().min(tasks.len()).saturating_sub(1);
    if helpers == 0 {
        return tasks.for_each(work);
    }
    let tasks = Mutex::new(tasks);
    let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || std::iter::from_fn(next).for_each(&work);
    rayon::in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| run());
        }
        run();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once() {
        for count in [0, 1, 2, 3, 1000] {
            let mut done = vec![0; count];
            parallel_for(done.iter_mut().enumerate(), |(place, done)| *done += place);
            assert!(done.into_iter().eq(0..count));
        }
    }

    #[test]
    fn tasks_may_share_out_tasks_of_their_own() {
        let mut done = vec![[0; 10]; 100];
        parallel_for(done.iter_mut(), |row| parallel_for(row.iter_mut(), |place| *place += 1));
        assert!(done.iter().flatten().all(|&times| times == 1));
    }

    #[test]
    fn a_panic_reaches_whoever_asked() {
        let outcome = std::panic::catch_unwind(|| parallel_for(0..100, |task| assert_ne!(task, 50)));
        assert!(outcome.is_err());
        parallel_for(0..100, |_| ());
    }
}
