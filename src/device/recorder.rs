//! [`Recorder`]: where operations go while a plan is captured, instead of to an engine.
//!
//! It travels in the device handles of the arrays that a plan's closure is given, and from there into those of everything
//! computed from them. So it makes no difference which thread computes, and what does not depend on the plan's inputs is
//! computed at once. When the closure has returned the recorder is closed, and arrays that escaped from it are of no use:
//! their values are those of a replay, and only the plan knows when that is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::check::{Check, Outcome, Question};
use crate::engine::gpu::GpuContext;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::Op;

/// What a closure asked for so far.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<State>);

#[derive(Default)]
struct State {
    recording: Recording,
    is_closed: bool,
}

/// What a closure asked for.
#[derive(Default)]
pub(crate) struct Recording {
    pub ops: Vec<Op>,
    pub checks: Vec<Arc<Check>>,
    /// Where the outcomes of the checks are, on a GPU: one word after another.
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

    /// Keeps an operation for the plan.
    pub fn record(&self, op: Op) -> Result<()> {
        self.open()?.recording.ops.push(op);
        Ok(())
    }

    /// A check that each replay makes anew. Its outcome is the plan's to look after.
    pub fn check(&self, question: Question, context: Option<&GpuContext>) -> Result<Arc<Check>> {
        let mut state = self.open()?;
        let recording = &mut state.recording;
        let check = match context {
            None => Check::on_host(question),
            Some(context) => {
                let buffer = match &recording.words {
                    Some(buffer) => buffer.clone(),
                    None => recording.words.insert(context.check_buffer()?).clone(),
                };
                let index = recording.checks.len() as u32;
                if u64::from(index) * 4 >= buffer.size() {
                    return Err(not_capturable(format!(
                        "a plan can make {index} checks (averages, tables built inside), and this closure asks for more; \
                         make several plans of it"
                    )));
                }
                Check::new(question, Outcome::Word { buffer, index })
            }
        };
        recording.checks.push(check.clone());
        Ok(check)
    }

    /// The closure has returned.
    pub fn close(&self) {
        self.state().is_closed = true;
    }

    /// What it asked for.
    pub fn take(&self) -> Recording {
        std::mem::take(&mut self.state().recording)
    }

    /// Why nothing can be brought to the host, or from there, at this point.
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
        "this array was made while a plan was captured, and has values only inside the plan; return it from the closure \
         and use what replay gives",
    )
}
