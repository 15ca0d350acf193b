//! Waiting for a mapping: a thread that blocks polls itself; a task that awaits leaves that to the [`Poller`]'s
//! threads, or, in a browser, to the callback.
//!
//! [`Poller`]: crate::engine::gpu::poller::Poller

use std::sync::Arc;
use std::task::{Context, Poll};
#[cfg(not(target_arch = "wasm32"))]
use std::time::{Duration, Instant};

use crate::engine::gpu::GpuContext;
#[cfg(not(target_arch = "wasm32"))]
use crate::engine::gpu::error_scope::ScopedDevice;
use crate::engine::gpu::pending_map::PendingMap;
use crate::error::Result;

/// The longest wait for the completion of a mapping after its submission has been executed.
#[cfg(not(target_arch = "wasm32"))]
const PATIENCE: Duration = Duration::from_secs(10);

impl PendingMap {
    /// Checks for completion without blocking; the waker is called after completion. Submission is left to another
    /// thread, too: with some drivers it takes as long as the work itself.
    pub fn poll(self: &Arc<Self>, context: &Arc<GpuContext>, task: &mut Context<'_>) -> Poll<Result<()>> {
        let watch = {
            let mut state = self.state();
            if state.completed.is_some() {
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
            self.watch(context);
        }
        Poll::Pending
    }

    fn verdict(&self, context: &GpuContext) -> Result<()> {
        if self.outcome() != Some(true) {
            context.health()?;
            context.device.lose("a copy to the host was given up");
        }
        context.health()
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl PendingMap {
    /// Blocks until the buffer is mapped.
    pub fn wait(&self, context: &GpuContext) -> Result<()> {
        if self.state().submission.is_none() {
            context.flush()?;
        }
        let submission = self.state().submission.clone();
        self.ask(&context.device, submission.as_ref());
        self.verdict(context)
    }

    /// Polls until the mapping is complete. Waiting for the submission completes it, or another thread that polls is
    /// about to; only on a device that was lost without notice all waits end without.
    fn ask(&self, device: &ScopedDevice, submission: Option<&wgpu::SubmissionIndex>) {
        device.wait_for(submission.cloned());
        let executed = Instant::now();
        while device.health().is_ok() && executed.elapsed() < PATIENCE {
            let state = self.state();
            if state.completed.is_some() {
                return;
            }
            drop(self.condvar.wait_timeout(state, Duration::from_millis(1)));
            device.wait_for(submission.cloned());
        }
        self.complete(false);
    }

    /// Drives the mapping to completion on another thread, unless its last owner drops it.
    fn watch(self: &Arc<Self>, context: &Arc<GpuContext>) {
        let (pending, context_then, device) = (Arc::downgrade(self), context.clone(), context.device.clone());
        let has_thread = context.poller.poll(move || {
            let Some(pending) = pending.upgrade() else { return };
            if pending.state().submission.is_none() && context_then.flush().is_err() {
                pending.complete(false);
            }
            // While it waits the device may end.
            drop(context_then);
            let submission = pending.state().submission.clone();
            pending.ask(&device, submission.as_ref());
            pending.wake();
        });
        if !has_thread {
            self.complete(false);
            self.wake();
        }
    }
}

#[cfg(target_arch = "wasm32")]
impl PendingMap {
    /// The callback drives the mapping to completion, which takes no more than its submission.
    fn watch(self: &Arc<Self>, _context: &Arc<GpuContext>) {}
}

impl GpuContext {
    /// Submits the batch from another thread. The device stores an error.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn flush_soon(self: &Arc<Self>) {
        let context = self.clone();
        self.poller.submit(move || drop(context.flush()));
    }

    /// Submits the batch. A browser executes nothing during the call.
    #[cfg(target_arch = "wasm32")]
    pub fn flush_soon(self: &Arc<Self>) {
        // The device stores an error.
        let _ = self.flush();
    }

    /// Left unknown: nothing here can wait for the answer.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn check_arithmetic(&mut self) -> Result<()> {
        Ok(())
    }
}
