//! [`Poller`]: the threads that wake whoever awaits a copy, and how a thread waits for one.
//!
//! wgpu tells that a copy is done only to a thread that asks. Who blocks in `wait` asks itself; for futures one thread a
//! device asks, and another submits.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::engine::gpu::GpuContext;
use crate::engine::gpu::error_scope::Watched;
use crate::engine::gpu::pending_map::Landing;
use crate::error::Result;

/// How long somebody waits, once a submission has been executed, for word of the copy in it.
const PATIENCE: Duration = Duration::from_secs(10);

impl Landing {
    /// Blocks until the copy is mapped.
    pub fn wait(&self, context: &GpuContext) -> Result<()> {
        if self.state().submission.is_none() {
            context.flush()?;
        }
        let submission = self.state().submission.clone();
        self.ask(&context.device, submission.as_ref());
        self.verdict(context)
    }

    /// Asks until there is an answer. A wait for the submission brings it, or finds that another thread is about to; only
    /// a device that was lost without a word lets all waits end without.
    fn ask(&self, device: &Watched, submission: Option<&wgpu::SubmissionIndex>) {
        device.wait_for(submission.cloned());
        let executed = Instant::now();
        while device.health().is_ok() && executed.elapsed() < PATIENCE {
            let state = self.state();
            if state.arrived.is_some() {
                return;
            }
            drop(self.noticed.wait_timeout(state, Duration::from_millis(1)));
            device.wait_for(submission.cloned());
        }
        self.arrive(false);
    }
}

/// The threads that ask wgpu, and submit, on behalf of futures and streams. Each is started by the first that needs it,
/// sleeps while there is nothing to do, and ends with the device.
pub(crate) struct Poller {
    device: Arc<Watched>,
    watching: Requests<(Weak<Landing>, Arc<GpuContext>)>,
    submitting: Requests<Arc<GpuContext>>,
}

type Requests<R> = Mutex<Option<Sender<R>>>;

impl Poller {
    pub fn new(device: &Arc<Watched>) -> Self {
        Self { device: device.clone(), watching: Mutex::default(), submitting: Mutex::default() }
    }

    /// Sees to it that a copy lands, as long as somebody waits for it.
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

    /// Leaves a request to a thread; false if there can be none.
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
    /// Submits what has been recorded, without waiting for that either. A fault is kept by the device.
    pub fn flush_soon(self: &Arc<Self>) {
        self.poller.ask("ndgpu submitter", &self.poller.submitting, self.clone(), |context| drop(context.flush()));
    }
}
