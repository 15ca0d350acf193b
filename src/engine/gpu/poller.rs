//! [`Poller`]: the threads that wake tasks that await a mapping, and how a thread blocks on one.
//!
//! wgpu reports the completion of a mapping only to a thread that polls. A thread that blocks in `wait` polls itself;
//! for futures, each device has one thread that polls and one that submits.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::error_scope::ScopedDevice;
use crate::engine::gpu::pending_map::Landing;
use crate::error::Result;

/// The longest wait for the completion of a mapping after its submission has been executed.
const PATIENCE: Duration = Duration::from_secs(10);

impl Landing {
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
            if state.arrived.is_some() {
                return;
            }
            drop(self.condvar.wait_timeout(state, Duration::from_millis(1)));
            device.wait_for(submission.cloned());
        }
        self.arrive(false);
    }
}

/// The threads that poll and submit on behalf of futures and streams. Each is started when it is first needed, sleeps
/// while there is nothing to do, and ends with the device.
pub(crate) struct Poller {
    device: Arc<ScopedDevice>,
    watching: Requests<(Weak<Landing>, Arc<GpuContext>)>,
    submitting: Requests<Arc<GpuContext>>,
}

type Requests<R> = Mutex<Option<Sender<R>>>;

impl Poller {
    pub fn new(device: &Arc<ScopedDevice>) -> Self {
        Self { device: device.clone(), watching: Mutex::default(), submitting: Mutex::default() }
    }

    /// Drives a mapping to completion, unless its last owner drops it.
    pub(crate) fn watch(&self, landing: &Arc<Landing>, context: &Arc<GpuContext>) {
        let device = self.device.clone();
        let serve = move |(landing, context): (Weak<Landing>, Arc<GpuContext>)| {
            let Some(landing) = landing.upgrade() else { return };
            if landing.state().submission.is_none() && context.flush().is_err() {
                landing.arrive(false);
            }
            drop(context);
            let submission = landing.state().submission.clone();
            landing.ask(&device, submission.as_ref());
            landing.wake();
        };
        if !self.ask("ndgpu poller", &self.watching, (Arc::downgrade(landing), context.clone()), serve) {
            landing.arrive(false);
            landing.wake();
        }
    }

    /// Sends a request to a thread, started if need be; false if it cannot be.
    fn ask<R: Send + 'static>(
        &self,
        name: &str,
        requests: &Requests<R>,
        request: R,
        serve: impl Fn(R) + Send + 'static,
    ) -> bool {
        let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = requests.get_or_insert_with(|| {
            let (sender, receiver) = channel::<R>();
            let named = std::thread::Builder::new().name(name.into());
            if let Err(error) = named.spawn(move || receiver.iter().for_each(serve)) {
                self.device.lose_saying(&format!("no thread to wait for it could be started: {error}"), error);
            }
            sender
        });
        sender.send(request).is_ok()
    }
}

impl GpuContext {
    /// Submits the batch from another thread. The device stores an error.
    pub fn flush_soon(self: &Arc<Self>) {
        self.poller.ask("ndgpu submitter", &self.poller.submitting, self.clone(), |context| drop(context.flush()));
    }
}
