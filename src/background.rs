//! [`in_background`]: runs long work off the threads of an executor.
//!
//! It has separate threads. On rayon's, which compute for the CPU engine, work that waits for other tasks steals
//! unrelated work meanwhile, on top of its own stack and of the locks that it holds.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use futures::channel::oneshot;

/// Runs `work` on another thread and returns a future of its result, for any executor: a task can compute on the CPU
/// engine, upload or build tables without delaying other tasks, timers and connections. See
/// [`async_services`](crate::async_services).
///
/// It starts at the call, or when a thread is free: as many run at a time as the CPU engine has threads, and the others
/// wait in a queue. Dropping the future cancels work that has not started, and discards the result of work that has. A
/// panic resumes in the task that awaits. `work` may block, but must not wait for other work in the background: there
/// may be no thread left for that.
///
/// Costs two thread switches, 10 to 100 µs.
///
/// Not on wasm32, which has no threads here.
///
/// ```
/// use ndarray::Array2;
/// use ndgpu::{Device, in_background};
///
/// # pollster::block_on(async {
/// let device = Device::cpu();
/// let a = Array2::<f32>::ones((1000, 1000));
/// let sum = in_background(move || device.upload(&a)?.sum()?.readback().wait()).await?;
/// assert_eq!(sum.into_array().into_scalar(), 1e6);
/// # Ok::<(), ndgpu::Error>(())
/// # })?;
/// # Ok::<(), ndgpu::Error>(())
/// ```
pub fn in_background<R, F>(work: F) -> Background<R>
where
    R: Send + 'static,
    F: FnOnce() -> R + Send + 'static,
{
    let (result, arrives) = oneshot::channel();
    Crew::get().take_on(Box::new(move || {
        if result.is_canceled() {
            return;
        }
        // Only the receiver of a panic can see what it left half done. If there is no receiver any more, nothing is
        // lost.
        let _ = result.send(catch_unwind(AssertUnwindSafe(work)));
    }));
    Background { arrives }
}

/// The future that [`in_background`] returns. Dropping it cancels work that has not started.
#[must_use = "dropping it gives the work up; await it"]
#[derive(Debug)]
pub struct Background<R> {
    arrives: oneshot::Receiver<thread::Result<R>>,
}

impl<R> Future for Background<R> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<R> {
        match std::task::ready!(Pin::new(&mut self.arrives).poll(task)) {
            Ok(Ok(result)) => Poll::Ready(result),
            Ok(Err(panic)) => resume_unwind(panic),
            // Polled again after completion, which no executor does.
            Err(oneshot::Canceled) => Poll::Pending,
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// The threads and their queue of jobs.
#[derive(Default)]
struct Crew {
    state: Mutex<State>,
    job_waits: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    /// Threads that wait for a job, or are about to take one that is there.
    idle: usize,
}

impl Crew {
    fn get() -> &'static Self {
        static CREW: LazyLock<Crew> = LazyLock::new(Crew::default);
        &CREW
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_on(&'static self, job: Job) {
        let mut state = self.state();
        state.jobs.push_back(job);
        if state.jobs.len() > state.idle && state.threads < rayon::current_num_threads() {
            let hired = thread::Builder::new().name("ndgpu background".into()).spawn(|| self.work());
            state.threads += usize::from(hired.is_ok());
            if state.threads == 0 {
                // The system provides no thread: running the job late and on the caller's thread is better than never.
                let job = state.jobs.pop_back();
                drop(state);
                job.into_iter().for_each(|job| job());
                return;
            }
        }
        drop(state);
        self.job_waits.notify_one();
    }

    fn work(&self) {
        let mut state = self.state();
        loop {
            while let Some(job) = state.jobs.pop_front() {
                drop(state);
                job();
                state = self.state();
            }
            state.idle += 1;
            state = self.job_waits.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use pollster::block_on;

    use super::*;

    #[test]
    fn work_is_done_elsewhere_and_its_result_arrives() {
        let here = thread::current().id();
        let all: Vec<_> = (0..100).map(|number| in_background(move || (number, thread::current().id()))).collect();
        for (number, work) in all.into_iter().enumerate() {
            let (arrived, place) = block_on(work);
            assert_eq!(arrived, number);
            assert_ne!(place, here);
        }
        assert!((1..=rayon::current_num_threads()).contains(&Crew::get().state().threads));
    }

    #[test]
    fn a_panic_goes_on_in_whoever_awaits() {
        let panics = || -> u32 { std::panic::panic_any(7_u32) };
        let caught = catch_unwind(|| block_on(in_background(panics))).unwrap_err();
        assert_eq!(caught.downcast_ref(), Some(&7_u32));
        drop(in_background(panics));
        assert_eq!(block_on(in_background(|| 8)), 8, "the threads go on");
    }

    #[test]
    fn what_was_given_up_before_it_began_is_not_done() {
        // All threads are blocked until this test releases them.
        let (let_go, kept) = mpsc::channel::<()>();
        let kept = std::sync::Arc::new(Mutex::new(kept));
        let (begun, begins) = mpsc::channel();
        let blockers: Vec<_> = (0..rayon::current_num_threads())
            .map(|_| {
                let (kept, begun) = (kept.clone(), begun.clone());
                in_background(move || {
                    begun.send(()).unwrap();
                    kept.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
                })
            })
            .collect();
        blockers.iter().for_each(|_| begins.recv().unwrap());
        let (done, is_done) = mpsc::channel();
        let (given_up, stays) = (done.clone(), done);
        drop(in_background(move || given_up.send("given up")));
        let stays = in_background(move || stays.send("stays"));
        drop(let_go);
        block_on(stays).unwrap();
        blockers.into_iter().for_each(|blocker| assert_eq!(block_on(blocker), None));
        assert_eq!(is_done.iter().collect::<Vec<_>>(), ["stays"]);
    }
}
