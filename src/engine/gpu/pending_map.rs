//! [`Landing`]: a buffer mapping in flight. Holds the waker and the condvar that its completion signals.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll};

use crate::engine::gpu::GpuContext;
use crate::error::Result;

/// A buffer that will be mapped once the commands before have been executed.
#[derive(Default)]
pub(crate) struct Landing {
    state: Mutex<State>,
    pub(crate) condvar: Condvar,
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

    /// The mapping is part of this submission.
    pub(crate) fn submitted(&self, submission: wgpu::SubmissionIndex) {
        self.state().submission = Some(submission);
    }

    /// The mapping needs no submission: the commands it waits for are in this one or earlier ones.
    pub(crate) fn submitted_before(&self, submission: Option<wgpu::SubmissionIndex>) {
        self.state().submission = submission;
    }

    /// The buffer is mapped, or never will be. The first call counts.
    ///
    /// Wakes no task: wgpu may call back during a submission, while locks are held that the task might take. Only in a
    /// browser, which calls back between tasks, the task is woken here.
    pub(crate) fn arrive(&self, ok: bool) {
        self.state().arrived.get_or_insert(ok);
        self.condvar.notify_all();
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

    /// Checks for completion without blocking; the waker is called after completion. Submission is left to another
    /// thread, too: with some drivers it takes as long as the work itself.
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
