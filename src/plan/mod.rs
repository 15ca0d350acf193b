//! Capture once, replay many times: [`Device::capture`] runs ordinary eager code without data and keeps what it asked for
//! as a [`Plan`].
//!
//! - [`arrays`]: what a plan takes and gives: an array, or a tuple of them; `any`: arrays known only as the program runs
//! - [`fusion`]: which operations become one
//! - [`interp_reduce`]: the reduction of rows that are looked up when they are needed; `interp_reduce_gpu` is the GPU's half
//! - [`program`]: the operations made ready for an engine, and how they are replayed
//! - [`verdicts`]: what is wrong with inputs and outputs
//!
//! While the closure runs, the arrays it sees carry a recorder in their device handle (`device::recorder`), so every
//! operation on them is kept instead of run. An operation is a value that has been checked and has memory for its output,
//! so there is nothing left to do but to look for what can be fused, and, on a GPU, to bind the buffers.

pub(crate) mod any;
pub(crate) mod arrays;
pub(crate) mod fusion;
pub(crate) mod program;
pub(crate) mod verdicts;

use std::sync::Arc;

use crate::device::Device;
use crate::device::recorder::{Recorder, not_capturable};
use crate::error::Result;
use crate::plan::arrays::{Adoption, Exit, Outside, PlanArrays, PlanData, PlanInputs, Target};
use crate::plan::program::Program;
use crate::plan::verdicts::Verdicts;

/// Operations that were captured once, to be replayed on new data: the same kernels in the same memory.
///
/// `I` and `O` are the arrays it takes and gives: a [`DeviceArray`](crate::DeviceArray), or a tuple of them. Made by
/// [`Device::capture`]. Printing it tells what a replay does: operations, passes, bytes, and what was fused.
///
/// ```
/// use ndarray::{Axis, arr1, arr2};
/// use ndgpu::{Device, InterpTable};
///
/// let device = Device::new()?;
/// let table = InterpTable::new(&device, &[0.0_f32, 1.0, 2.0], &[0.0, 10.0, 40.0])?;
/// let weights = device.upload(&arr1(&[1.0_f32, 3.0]))?;
/// let readings = device.upload(&arr2(&[[0.5_f32, 1.0], [1.5, 2.0]]))?;
///
/// // ordinary eager code, captured
/// let mut plan = device.capture(&readings, |x| table.interp_rows(x)?.average_axis(Axis(1), &weights))?;
/// println!("{plan}");
///
/// assert_eq!(plan.replay()?.readback().wait()?.view(), arr1(&[8.75, 36.25]));
/// plan.write(&arr2(&[[0.0_f32, 0.0], [2.0, 1.0]]))?;
/// assert_eq!(plan.replay()?.readback().wait()?.view(), arr1(&[0.0, 17.5]));
/// # Ok::<(), ndgpu::Error>(())
/// ```
pub struct Plan<I: PlanArrays, O: PlanArrays> {
    device: Device,
    inputs: I,
    /// What each replay writes over.
    outputs: O,
    verdicts: Verdicts,
    program: Program,
}

impl Device {
    /// Runs a closure once, without data, and keeps what it asked for as a [`Plan`].
    ///
    /// `inputs` is an array of this device, or a tuple of them; the closure gets a reference to each (or a tuple of
    /// references), computes as ever, and returns an array or a tuple of arrays. Shapes are checked now, memory is
    /// allocated and bound to kernels now, and what can be fused is fused: interpolation of rows whose only use is a sum,
    /// mean or weighted average of each row never writes what it looked up.
    ///
    /// The plan has memory of its own for its inputs, which begins with the values of `inputs`. Everything else that the
    /// closure uses (tables, weights) is kept as it is now, whatever is written over it later; only outputs of another plan
    /// are memory of that plan, so that each replay computes from what they hold then. What is computed in the closure
    /// without the inputs is computed once, now.
    ///
    /// Costs a copy of the inputs on the device, memory for every intermediate result that is not fused away, and nothing
    /// else until it is replayed.
    ///
    /// # Errors
    ///
    /// Those of the closure. [`NotCapturable`](crate::ErrorKind::NotCapturable) for what a plan cannot hold: a readback, an
    /// `overwrite`, an array of another plan. [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch) for an input or an output
    /// of another device.
    pub fn capture<I, O, F>(&self, inputs: I, closure: F) -> Result<Plan<I::Arrays, O>>
    where
        I: PlanInputs,
        O: PlanArrays,
        F: for<'a> FnOnce(<I::Arrays as PlanArrays>::Refs<'a>) -> Result<O>,
    {
        if self.recorder().is_some() {
            return Err(not_capturable(
                "a plan cannot be captured inside a closure that is being captured itself; capture it before, or call \
                 the inner closure directly",
            ));
        }
        let recorder = Arc::new(Recorder::default());
        let mut adoption = Adoption { device: self, recorder: &recorder, inputs: Vec::new() };
        let inputs = inputs.adopt(&mut adoption)?;
        let adopted = adoption.inputs;
        // Also if the closure panics: what it leaves behind must not go on recording.
        let recording = OnDrop(&recorder);
        let captured = closure(inputs.refs())?;
        drop(recording);
        let recording = recorder.take();

        let mut exit = Exit { device: self, recorder: &recorder, needed: Vec::new() };
        captured.check_out(&mut exit)?;
        let program = Program::new(self, recording, &exit.needed)?;
        let mut verdicts = Verdicts::new(adopted, program.checks());
        let outputs = captured.outside(&mut Outside { device: self, verdicts: &mut verdicts });
        Ok(Plan { device: self.clone(), inputs, outputs, verdicts, program })
    }
}

/// Closes a recorder when its time is over.
struct OnDrop<'a>(&'a Recorder);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<I: PlanArrays, O: PlanArrays> Plan<I, O> {
    /// Writes new values into the inputs: an array of the host's of the same shape, an array of this device, or a tuple of
    /// them where there are several inputs. `()` in a tuple leaves an input as it is.
    ///
    /// Costs what [`Device::upload`] costs, into memory that is already there; from an array of the device a copy on it.
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch), and those
    /// of [`Device::upload`]. After one of the latter nobody knows what the input holds: what is computed from it gives the
    /// same error until it is written.
    pub fn write<W: PlanData<I>>(&mut self, values: W) -> Result<()> {
        let mut target = Target { device: &self.device, inputs: self.verdicts.inputs() };
        values.write_to(&self.inputs, &mut target)
    }

    /// Computes the outputs from the values that the inputs have now.
    ///
    /// They lie in memory that belongs to the plan: the next replay writes over them. An array that an earlier replay gave
    /// has the values of the latest one from then on, and the errors that belong to those. Readbacks that were asked for
    /// before that, host arrays that have landed, and what was computed from the outputs keep what they have, values and
    /// errors. So does the input of a plan that outputs of another were written into. An input that the closure returned as it is
    /// has the values that were written last.
    ///
    /// Other threads have to use the outputs before the next replay begins or after it: what is read meanwhile is of neither.
    ///
    /// Costs one submission on a GPU (one more for each 64 kernels where a device does not carry parameters in its
    /// commands), and no memory for arrays.
    ///
    /// # Errors
    ///
    /// [`DeviceLost`](crate::ErrorKind::DeviceLost), [`Driver`](crate::ErrorKind::Driver); what only the data can show (a
    /// sum of weights that is zero) comes with the data, for each replay anew. After a replay that failed the outputs give
    /// its error until there is another.
    pub fn replay(&mut self) -> Result<O> {
        self.verdicts.replay(|| self.program.replay(&self.device))?;
        Ok(self.outputs.clone())
    }

    /// The device it runs on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// How many kernels a replay runs on a GPU, or passes over memory on the CPU engine.
    pub fn passes(&self) -> usize {
        self.program.steps().iter().map(|step| step.passes).sum()
    }

    /// The bytes that a replay reads and writes, each array counted once for every operation that touches it.
    pub fn bytes(&self) -> u64 {
        self.program.steps().iter().map(|step| step.reads + step.writes).sum()
    }

    /// How many operations were fused into others.
    pub fn fused(&self) -> usize {
        self.program.steps().iter().map(|step| step.fused).sum()
    }
}

impl<I: PlanArrays, O: PlanArrays> std::fmt::Display for Plan<I, O> {
    /// What a replay does, an operation a line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let steps = self.program.steps();
        write!(
            f,
            "plan on {}: {} in {}, {} moved",
            self.device.info().name,
            counted(steps.len(), "operation"),
            counted(self.passes(), "pass"),
            Bytes(self.bytes())
        )?;
        for (number, step) in steps.iter().enumerate() {
            write!(
                f,
                "\n{:>3}. {}: {}, reads {}, writes {}",
                number + 1,
                step.name,
                counted(step.passes, "pass"),
                Bytes(step.reads),
                Bytes(step.writes)
            )?;
            if step.fused > 0 {
                write!(f, "; fused, {} stay out of memory", Bytes(step.saved))?;
            }
        }
        Ok(())
    }
}

impl<I: PlanArrays, O: PlanArrays> std::fmt::Debug for Plan<I, O> {
    /// As [`Display`](std::fmt::Display).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

fn counted(count: usize, what: &str) -> String {
    let plural = match (count, what.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {what}{plural}")
}

/// Bytes, as people read them.
struct Bytes(u64);

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{:.1} kB", bytes / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", bytes / 1e6),
            _ => write!(f, "{:.2} GB", bytes / 1e9),
        }
    }
}
