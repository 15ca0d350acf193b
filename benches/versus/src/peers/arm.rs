//! What a peer in this program looks like: a library that says which arms it has for a workload, and arms, whose parts
//! are timed and whose results are compared.

use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::protocol::{ArmInfo, Part, Task};

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
    pub fn info(&self) -> &ArmInfo {
        &self.info
    }

    /// Computes once: what came out, and the seconds that it took.
    pub fn compute(&mut self) -> Outcome<(Values, f64)> {
        let result = self.result.as_mut().ok_or("this arm has no result")?;
        let start = Instant::now();
        let values = result()?;
        Ok((values, start.elapsed().as_secs_f64()))
    }

    /// The seconds of so many calls of a part, after so many that do not count.
    pub fn time(&mut self, part: Part, warm: usize, calls: usize) -> Outcome<Vec<f64>> {
        let place = self.info.parts.iter().position(|&known| known == part).ok_or("no such part")?;
        let step = &mut self.parts[place];
        for _ in 0..warm {
            step()?;
        }
        (0..calls).map(|_| step().map(|took| took.as_secs_f64())).collect()
    }
}
