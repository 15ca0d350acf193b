//! [`Poller`]: the threads that poll and submit on behalf of futures and streams.
//!
//! wgpu reports the completion of a mapping only to a thread that polls. Each device has one thread that polls and one
//! that submits; each is started when it is first needed, sleeps while there is nothing to do, and ends with the
//! device.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::gpu::error_scope::ScopedDevice;

/// What a thread is asked to do.
type Job = Box<dyn FnOnce() + Send>;

/// The two threads of a device.
pub(crate) struct Poller {
    device: Arc<ScopedDevice>,
    polling: Mutex<Option<Sender<Job>>>,
    submitting: Mutex<Option<Sender<Job>>>,
}

impl Poller {
    pub fn new(device: &Arc<ScopedDevice>) -> Self {
        Self { device: device.clone(), polling: Mutex::default(), submitting: Mutex::default() }
    }

    /// Runs a job that polls; false if there is no thread for it.
    pub fn poll(&self, job: impl FnOnce() + Send + 'static) -> bool {
        self.ask("ndgpu poller", &self.polling, Box::new(job))
    }

    /// Runs a job that submits; false if there is no thread for it.
    pub fn submit(&self, job: impl FnOnce() + Send + 'static) -> bool {
        self.ask("ndgpu submitter", &self.submitting, Box::new(job))
    }

    fn ask(&self, name: &str, jobs: &Mutex<Option<Sender<Job>>>, job: Job) -> bool {
        let mut jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = jobs.get_or_insert_with(|| {
            let (sender, receiver) = channel::<Job>();
            let named = std::thread::Builder::new().name(name.into());
            if let Err(error) = named.spawn(move || receiver.iter().for_each(|job| job())) {
                self.device.lose_saying(&format!("no thread to wait for it could be started: {error}"), error);
            }
            sender
        });
        sender.send(job).is_ok()
    }
}
