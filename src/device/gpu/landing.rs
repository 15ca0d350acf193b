//! Copies on their way to the host: [`Landing`] is where one will be noticed, and [`Poller`] is the thread that wakes
//! whoever awaits one.
//!
//! wgpu tells that a copy is done only to a thread that asks. Who blocks in `wait` asks itself; for futures one thread a
//! device asks, started by the first that is awaited and asleep while none is pending.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::GpuContext;
use super::watched::Watched;
use crate::error::Result;

/// How long somebody waits, once a submission has been executed, for word of the copy in it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A copy that will be mapped when it has arrived.
#[derive(Default)]
pub(crate) struct Landing {
    state: Mutex<State>,
    noticed: Condvar,
}

#[derive(Default)]
struct State {
    submission: Option<wgpu::SubmissionIndex>,
    arrived: Option<bool>,
    waker: Option<std::task::Waker>,
    watched: bool,
}

impl Landing {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The copy is on its way, in this submission.
    pub(super) fn submitted(&self, submission: wgpu::SubmissionIndex) {
        self.state().submission = Some(submission);
    }

    /// Nothing has to be submitted any more: what it waits for was, in this submission at the latest.
    pub(super) fn submitted_before(&self, submission: Option<wgpu::SubmissionIndex>) {
        self.state().submission = submission;
    }

    /// The copy is there and mapped, or never will be. The first word counts.
    ///
    /// Wakes nobody: wgpu may say so in the middle of a submission, while locks are held that a woken task might want.
    pub(super) fn arrive(&self, ok: bool) {
        self.state().arrived.get_or_insert(ok);
        self.noticed.notify_all();
    }

    fn wake(&self) {
        let waker = self.state().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn outcome(&self) -> Option<bool> {
        self.state().arrived
    }

    /// Blocks until the copy is mapped.
    pub fn wait(&self, context: &GpuContext) -> Result<()> {
        if self.state().submission.is_none() {
            context.flush()?;
        }
        let submission = self.state().submission.clone();
        self.ask(&context.device, submission.as_ref());
        self.verdict(context)
    }

    /// Asks for the copy without blocking; the waker is called once there is an answer.
    pub fn poll(self: &Arc<Self>, context: &Arc<GpuContext>, task: &mut Context<'_>) -> Poll<Result<()>> {
        if self.outcome().is_none() && self.state().submission.is_none() {
            context.flush()?;
        }
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
            context.poller.watch(self);
        }
        Poll::Pending
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

    fn verdict(&self, context: &GpuContext) -> Result<()> {
        if self.outcome() != Some(true) {
            context.health()?;
            context.device.lose("a copy to the host was given up");
        }
        context.health()
    }
}

/// The thread that asks wgpu on behalf of futures.
pub(crate) struct Poller {
    device: Arc<Watched>,
    queue: Mutex<Option<Sender<Weak<Landing>>>>,
}

impl Poller {
    pub fn new(device: &Arc<Watched>) -> Self {
        Self { device: device.clone(), queue: Mutex::default() }
    }

    fn watch(&self, landing: &Arc<Landing>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = queue.get_or_insert_with(|| {
            let (sender, receiver) = channel();
            let device = self.device.clone();
            let named = std::thread::Builder::new().name("ndgpu poller".into());
            if let Err(error) = named.spawn(move || watch_all(&device, &receiver)) {
                self.device.lose(&format!("no thread to wait for it could be started: {error}"));
            }
            sender
        });
        if sender.send(Arc::downgrade(landing)).is_err() {
            // The thread is gone: it only ends early if it could not be started.
            landing.arrive(false);
            landing.wake();
        }
    }
}

/// Ends when the device's context is dropped, which closes the channel.
fn watch_all(device: &Watched, pending: &Receiver<Weak<Landing>>) {
    while let Ok(landing) = pending.recv() {
        // A future that was dropped meanwhile waits for nothing.
        let Some(landing) = landing.upgrade() else { continue };
        let submission = landing.state().submission.clone();
        landing.ask(device, submission.as_ref());
        landing.wake();
    }
}
