//! [`PendingMap`]: a buffer mapping in flight. Holds the waker and the condvar that its completion signals.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// A buffer that will be mapped once the commands before have been executed.
#[derive(Default)]
pub(crate) struct PendingMap {
    state: Mutex<State>,
    pub(crate) condvar: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    pub submission: Option<wgpu::SubmissionIndex>,
    pub completed: Option<bool>,
    pub waker: Option<std::task::Waker>,
    pub watched: bool,
}

impl PendingMap {
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
    pub(crate) fn complete(&self, ok: bool) {
        self.state().completed.get_or_insert(ok);
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

    pub fn outcome(&self) -> Option<bool> {
        self.state().completed
    }
}
