//! The other end of the protocol: a peer in a process of its own, `versus --worker NAME`.
//!
//! A panic of a peer becomes an answer that says so; the runner then ends the process, because nobody knows what state
//! the library is in.

use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ndarray::Array1;
use ndarray_npy::WriteNpyExt;

use crate::outcome::{Outcome, told};
use crate::peers::{self, Arm, Peer, Values};
use crate::protocol::{MARK, Reply, Request};

/// Answers until the runner closes the pipe.
pub fn serve(name: &str, options: &peers::Options) {
    // A worker that is stopped would not notice that the pipe is closed, and keep its memory for ever.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let mut worker = Worker { name, options, peer: None, arms: Vec::new() };
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let answer = match serde_json::from_str(&line) {
            Ok(request) => catch_unwind(AssertUnwindSafe(|| worker.answer(request)))
                .unwrap_or_else(|panic| Err(format!("panics: {}", panic_message(&*panic)))),
            Err(error) => Err(format!("a request that makes no sense: {error}")),
        };
        let reply = answer.unwrap_or_else(|error| Reply { error: Some(error), ..Reply::default() });
        let text = serde_json::to_string(&reply).expect("replies are plain data");
        let mut stdout = std::io::stdout().lock();
        if writeln!(stdout, "{MARK}{text}").and_then(|()| stdout.flush()).is_err() {
            return;
        }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let message = panic.downcast_ref::<String>().cloned();
    message.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.into())).unwrap_or_else(|| "no message".into())
}

struct Worker<'a> {
    name: &'a str,
    options: &'a peers::Options,
    peer: Option<Box<dyn Peer>>,
    arms: Vec<Arm>,
}

impl Worker<'_> {
    fn answer(&mut self, request: Request) -> Outcome<Reply> {
        match request {
            Request::Hello => {
                let peer = peers::open(self.name, self.options)?;
                let about = peer.about();
                self.peer = Some(peer);
                Ok(Reply { about, ..Reply::default() })
            }
            Request::Prepare { task } => {
                self.arms.clear();
                self.arms = self.peer()?.prepare(&task)?;
                let arms = self.arms.iter().map(|arm| arm.info().clone()).collect();
                Ok(Reply { arms, ..Reply::default() })
            }
            Request::Check { arm, out } => {
                let (values, seconds) = self.arm(arm)?.compute()?;
                write(&values, &out)?;
                Ok(Reply { seconds: vec![seconds], ..Reply::default() })
            }
            Request::Time { arm, part, calls, warm } => {
                Ok(Reply { seconds: self.arm(arm)?.time(part, warm, calls)?, ..Reply::default() })
            }
            Request::Memory { task } => Ok(Reply { bytes: self.peer()?.memory(&task)?, ..Reply::default() }),
            Request::Release => {
                self.arms.clear();
                Ok(Reply::default())
            }
        }
    }

    fn arm(&mut self, place: usize) -> Outcome<&mut Arm> {
        self.arms.get_mut(place).ok_or_else(|| "no such arm".into())
    }

    fn peer(&mut self) -> Outcome<&mut Box<dyn Peer>> {
        self.peer.as_mut().ok_or_else(|| "has not been opened".into())
    }
}

fn write(values: &Values, path: &Path) -> Outcome<()> {
    let file = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path).map_err(told)?);
    match values {
        Values::F32(values) => Array1::from(values.clone()).write_npy(file).map_err(told),
        Values::F64(values) => Array1::from(values.clone()).write_npy(file).map_err(told),
    }
}
