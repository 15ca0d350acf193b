//! Capture once, replay many times: [`Device::capture`] runs ordinary eager code without data and stores the operations
//! it requests as a [`Plan`].
//!
//! - [`arrays`]: the inputs and outputs of a plan: an array, or a tuple of them; `any`: arrays known only at run time
//! - [`fusion`]: fuses operations
//! - [`program`]: the operations prepared for an engine, and their replay
//! - [`verdicts`]: the findings about inputs and outputs
//!
//! While the closure runs, the device handles of its arrays carry a recorder (`device::recorder`), so every operation
//! on them is recorded instead of run. A recorded operation is validated and has memory for its output; what remains is
//! to fuse operations and, on a GPU, to bind the buffers.

pub(crate) mod any;
pub(crate) mod arrays;
pub(crate) mod fusion;
pub(crate) mod program;
pub(crate) mod verdicts;

use std::sync::Arc;

use crate::device::Device;
use crate::device::recorder::{Recorder, not_capturable};
use crate::error::Result;
use crate::plan::arrays::{Inputs, Outputs, PlanArrays, PlanData, PlanInputs, Publisher, Target};
use crate::plan::program::Program;
use crate::plan::verdicts::Verdicts;

/// Operations captured once, to be replayed on new data: the same kernels in the same memory.
///
/// `I` and `O` are its inputs and outputs: a [`DeviceArray`](crate::DeviceArray), or a tuple of them. Created by
/// [`Device::capture`]. Printing it shows what a replay does: operations, passes, bytes, and fusions.
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
    /// Overwritten by each replay.
    outputs: O,
    verdicts: Verdicts,
    program: Program,
}

impl Device {
    /// Runs a closure once, without data, and stores the operations it requests as a [`Plan`].
    ///
    /// `inputs` is an array of this device, or a tuple of them; the closure receives a reference to each (or a tuple of
    /// references), computes as usual, and returns an array or a tuple of arrays. At this point shapes are checked,
    /// memory is allocated and bound to kernels, and operations are fused: an interpolation of rows whose only use is a
    /// sum, mean or weighted average of each row never writes the values it looks up.
    ///
    /// The plan has separate memory for its inputs, which starts with the values of `inputs`. Everything else that the
    /// closure uses (tables, weights) is captured as it is now, whatever is written over it later; only outputs of
    /// another plan are memory of that plan, so that each replay reads their current values. Results that do not depend
    /// on the inputs are computed once, now.
    ///
    /// Costs a copy of the inputs on the device, memory for every intermediate result that is not fused away, and
    /// nothing else until it is replayed.
    ///
    /// # Errors
    ///
    /// Those of the closure. [`NotCapturable`](crate::ErrorKind::NotCapturable) for operations that a plan cannot hold:
    /// a readback, an `overwrite`, an array of another plan. [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch) for
    /// an input or an output of another device.
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
        let mut bound = Inputs { device: self, recorder: &recorder, inputs: Vec::new() };
        let inputs = inputs.bind_input(&mut bound)?;
        let bound_inputs = bound.inputs;
        // Closed even if the closure panics: arrays that it leaves behind must not go on recording.
        let recording = OnDrop(&recorder);
        let captured = closure(inputs.refs())?;
        drop(recording);
        let recording = recorder.take();

        let mut collected = Outputs { device: self, recorder: &recorder, needed: Vec::new() };
        captured.collect_outputs(&mut collected)?;
        let program = Program::new(self, recording, &collected.needed)?;
        let mut verdicts = Verdicts::new(bound_inputs, program.checks());
        let outputs = captured.publish(&mut Publisher { device: self, verdicts: &mut verdicts });
        Ok(Plan { device: self.clone(), inputs, outputs, verdicts, program })
    }
}

/// Closes a recorder when dropped.
struct OnDrop<'a>(&'a Recorder);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<I: PlanArrays, O: PlanArrays> Plan<I, O> {
    /// Writes new values into the inputs: a host array of the same shape, an array of this device, or a tuple of them
    /// for several inputs. `()` in a tuple leaves an input as it is.
    ///
    /// Costs as much as [`Device::upload`], into existing memory; from an array of the device, a copy on it.
    ///
    /// # Errors
    ///
    /// [`ShapeMismatch`](crate::ErrorKind::ShapeMismatch), [`DeviceMismatch`](crate::ErrorKind::DeviceMismatch), and
    /// those of [`Device::upload`]. After one of the latter the contents of the input are unspecified: results computed
    /// from it return the same error until it is written again.
    pub fn write<W: PlanData<I>>(&mut self, values: W) -> Result<()> {
        let mut target = Target { device: &self.device, inputs: self.verdicts.inputs() };
        values.write_to(&self.inputs, &mut target)
    }

    /// Computes the outputs from the current values of the inputs.
    ///
    /// The outputs are memory of the plan: the next replay overwrites them. An array that an earlier replay returned
    /// has the values of the latest one from then on, and its errors. Readbacks requested before that, host arrays that
    /// have arrived, and results computed from the outputs keep their values and errors. So does an input of a plan
    /// into which outputs of another were written. An input that the closure returned unchanged has the values written
    /// last.
    ///
    /// Other threads have to use the outputs before the next replay begins or after it ends: a read during a replay
    /// belongs to neither.
    ///
    /// Costs one submission on a GPU (one more for each 64 kernels where a device does not carry parameters in its
    /// commands), and no memory for arrays.
    ///
    /// # Errors
    ///
    /// [`DeviceLost`](crate::ErrorKind::DeviceLost), [`Driver`](crate::ErrorKind::Driver); errors that only the data
    /// can show (a sum of weights that is zero) arrive with the data of each replay. After a failed replay the outputs
    /// return its error until the next one.
    pub fn replay(&mut self) -> Result<O> {
        self.verdicts.replay(|| self.program.replay(&self.device))?;
        Ok(self.outputs.clone())
    }

    /// The device it runs on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The number of kernels that a replay runs on a GPU, or of passes over memory on the CPU engine.
    pub fn passes(&self) -> usize {
        self.program.steps().iter().map(|step| step.passes).sum()
    }

    /// The bytes that a replay reads and writes, each array counted once per operation that touches it.
    pub fn bytes(&self) -> u64 {
        self.program.steps().iter().map(|step| step.reads + step.writes).sum()
    }

    /// The number of operations fused into others.
    pub fn fused(&self) -> usize {
        self.program.steps().iter().map(|step| step.fused).sum()
    }
}

impl<I: PlanArrays, O: PlanArrays> std::fmt::Display for Plan<I, O> {
    /// Lists the operations of a replay, one per line.
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

/// Bytes in human-readable form.
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
