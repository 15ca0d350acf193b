//! The other end of the protocol: a peer in a process of its own, `versus --worker NAME`.
//!
//! A panic of a peer becomes an answer that says so; the runner then ends the process, because nobody knows what state the
//! library is in.

use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use ndarray::Array1;
use ndarray_npy::WriteNpyExt;

use crate::data::{Outcome, told};
use crate::peers;
use crate::protocol::{ArmInfo, MARK, Part, Reply, Request, Task};

/// A library, ready to be asked.
pub trait Peer {
    /// Version, threads, device.
    fn about(&self) -> String;
    /// What it can do with this workload, inputs loaded.
    fn prepare(&mut self, task: &Task) -> Outcome<Vec<Arm>>;
    /// Resident bytes that this workload adds at its peak.
    fn memory(&mut self, _task: &Task) -> Outcome<u64> {
        Err("not measured of this peer".into())
    }
}

pub enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

/// Runs once and says how long it took.
type Timed = Box<dyn FnMut() -> Outcome<Duration>>;

pub struct Arm {
    info: ArmInfo,
    parts: Vec<Timed>,
    result: Option<Box<dyn FnMut() -> Outcome<Values>>>,
}

impl Arm {
    pub fn new(name: &str, call: impl Into<String>) -> Self {
        let info = ArmInfo { name: name.into(), call: call.into(), ..ArmInfo::default() };
        Self { info, parts: Vec::new(), result: None }
    }

    pub fn refusing(name: &str, reason: impl Into<String>) -> Self {
        let mut arm = Self::new(name, "");
        arm.info.refuses = Some(reason.into());
        arm
    }

    /// A physical limit rather than a peer, with the bytes that it moves.
    pub fn floor(mut self, bytes: usize) -> Self {
        self.info.floor = Some(bytes as u64);
        self
    }

    /// Times a step. What it returns is dropped after the clock has stopped.
    pub fn part<R>(self, part: Part, mut step: impl FnMut() -> Outcome<R> + 'static) -> Self {
        self.part_timed(part, move || {
            let start = Instant::now();
            let result = std::hint::black_box(step()?);
            let took = start.elapsed();
            drop(result);
            Ok(took)
        })
    }

    /// A step that looks at the clock itself, for what has to be made ready before each call.
    pub fn part_timed(mut self, part: Part, step: impl FnMut() -> Outcome<Duration> + 'static) -> Self {
        self.info.parts.push(part);
        self.parts.push(Box::new(step));
        self
    }

    pub fn result(mut self, result: impl FnMut() -> Outcome<Values> + 'static) -> Self {
        self.result = Some(Box::new(result));
        self
    }
}

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
                let arms = self.arms.iter().map(|arm| arm.info.clone()).collect();
                Ok(Reply { arms, ..Reply::default() })
            }
            Request::Check { arm, out } => {
                let arm = self.arms.get_mut(arm).ok_or("no such arm")?;
                let start = Instant::now();
                let values = arm.result.as_mut().ok_or("this arm has no result")?()?;
                let seconds = vec![start.elapsed().as_secs_f64()];
                write(&values, &out)?;
                Ok(Reply { seconds, ..Reply::default() })
            }
            Request::Time { arm, part, calls, warm } => {
                let arm = self.arms.get_mut(arm).ok_or("no such arm")?;
                let place = arm.info.parts.iter().position(|&known| known == part).ok_or("no such part")?;
                let step = &mut arm.parts[place];
                for _ in 0..warm {
                    step()?;
                }
                let seconds = (0..calls).map(|_| step().map(|took| took.as_secs_f64())).collect::<Outcome<_>>()?;
                Ok(Reply { seconds, ..Reply::default() })
            }
            Request::Memory { task } => Ok(Reply { bytes: self.peer()?.memory(&task)?, ..Reply::default() }),
            Request::Release => {
                self.arms.clear();
                Ok(Reply::default())
            }
        }
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
