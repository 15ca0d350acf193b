//! Copies on their way to the host: [`Landing`] is where one will be noticed, and [`Poller`] is the thread that wakes
//! whoever awaits one.
//!
//! wgpu tells that a copy is done only to a thread that asks. Who blocks in `wait` asks itself; for futures one thread a
//! device asks, and another submits.

use std::sync::mpsc::{Sender, channel};
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
    fn watch(&self, landing: &Arc<Landing>, context: &Arc<GpuContext>) {
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
                self.device.lose(&format!("no thread to wait for it could be started: {error}"));
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
