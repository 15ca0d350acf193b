//! [`Landing`]: a copy on its way to the host, and where it will be noticed.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll};

use crate::engine::gpu::GpuContext;
use crate::error::Result;

/// A copy that will be mapped when it has arrived.
#[derive(Default)]
pub(crate) struct Landing {
    state: Mutex<State>,
    pub(crate) noticed: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    pub submission: Option<wgpu::SubmissionIndex>,
    pub arrived: Option<bool>,
    waker: Option<std::task::Waker>,
    watched: bool,
}

impl Landing {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The copy is on its way, in this submission.
    pub(crate) fn submitted(&self, submission: wgpu::SubmissionIndex) {
        self.state().submission = Some(submission);
    }

    /// Nothing has to be submitted any more: what it waits for was, in this submission at the latest.
    pub(crate) fn submitted_before(&self, submission: Option<wgpu::SubmissionIndex>) {
        self.state().submission = submission;
    }

    /// The copy is there and mapped, or never will be. The first word counts.
    ///
    /// Wakes nobody: wgpu may say so in the middle of a submission, while locks are held that a woken task might want. Only
    /// in a browser, which calls back between tasks, this is also who wakes.
    pub(crate) fn arrive(&self, ok: bool) {
        self.state().arrived.get_or_insert(ok);
        self.noticed.notify_all();
        if cfg!(target_arch = "wasm32") {
            self.wake();
        }
    }

    pub(crate) fn wake(&self) {
        let waker = self.state().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn outcome(&self) -> Option<bool> {
        self.state().arrived
    }

    /// Asks for the copy without blocking; the waker is called once there is an answer. Submitting, too, is left to
    /// another thread: with some drivers it takes as long as the work itself.
    pub fn poll(self: &Arc<Self>, context: &Arc<GpuContext>, task: &mut Context<'_>) -> Poll<Result<()>> {
        let watch = {
            let mut state = self.state();
            if state.arrived.is_some() {
                drop(state);
                return Poll::Ready(self.verdict(context));
            }
            if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(task.waker())) {
                state.waker = Some(task.waker().clone());
            }
            !std::mem::replace(&mut state.watched, true)
        };
        if watch {
            if self.state().submission.is_none() {
                context.flush_soon();
            }
            context.poller.watch(self, context);
        }
        Poll::Pending
    }

    pub(crate) fn verdict(&self, context: &GpuContext) -> Result<()> {
        if self.outcome() != Some(true) {
            context.health()?;
            context.device.lose("a copy to the host was given up");
        }
        context.health()
    }
}
