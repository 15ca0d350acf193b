//! [`Recorder`]: stores operations while a plan is captured, instead of running them.
//!
//! It is part of the device handles of the arrays that a plan's closure receives, and passes from there to everything
//! computed from them. So any thread may compute, and results that do not depend on the plan's inputs are computed at
//! once. When the closure has returned the recorder is closed, and arrays that escaped from it are useless: their
//! values are those of a replay, and only the plan knows when that is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::check::{Check, CheckKind, Outcome};
use crate::engine::gpu::GpuContext;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::Op;

/// The recording of a closure so far.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<State>);

#[derive(Default)]
struct State {
    recording: Recording,
    is_closed: bool,
}

/// The operations and checks that a closure requested.
#[derive(Default)]
pub(crate) struct Recording {
    pub ops: Vec<Op>,
    pub checks: Vec<Arc<Check>>,
    /// The outcomes of the checks on a GPU: one word each.
    pub words: Option<wgpu::Buffer>,
}

impl Recorder {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.is_closed { Err(escaped()) } else { Ok(state) }
    }

    /// Records an operation.
    pub fn record(&self, op: Op) -> Result<()> {
        self.open()?.recording.ops.push(op);
        Ok(())
    }

    /// A check that each replay repeats. The plan keeps track of its outcome.
    pub fn check(&self, kind: CheckKind, context: Option<&GpuContext>) -> Result<Arc<Check>> {
        let mut state = self.open()?;
        let recording = &mut state.recording;
        let check = match context {
            None => Check::on_host(kind),
            Some(context) => {
                let buffer = match &recording.words {
                    Some(buffer) => buffer.clone(),
                    None => recording.words.insert(context.check_buffer()?).clone(),
                };
                let index = u32::try_from(recording.checks.len()).unwrap_or(u32::MAX);
                if u64::from(index) * 4 >= buffer.size() {
                    return Err(not_capturable(format!(
                        "this plan would need more than {index} deferred checks (one per average and per table built \
                         inside); split the closure into several plans"
                    )));
                }
                Check::new(kind, Outcome::Word { buffer, index })
            }
        };
        recording.checks.push(check.clone());
        Ok(check)
    }

    /// The closure has returned.
    pub fn close(&self) {
        self.state().is_closed = true;
    }

    /// Takes the recording out.
    pub fn take(&self) -> Recording {
        std::mem::take(&mut self.state().recording)
    }

    /// The error for moving data to or from the host during a capture.
    pub fn refusal(&self, what: &str) -> Error {
        if self.state().is_closed {
            return escaped();
        }
        not_capturable(format!(
            "nothing can be {what} inside a closure that is being captured: there are no data yet, only shapes; return \
             the array from the closure and use what replay gives"
        ))
    }
}

pub(crate) fn not_capturable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::NotCapturable, message)
}

fn escaped() -> Error {
    not_capturable(
        "this array was made while a plan was captured, and has values only inside the plan; return it from the \
         closure and use what replay gives",
    )
}
