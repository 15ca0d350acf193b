//! What is wrong with data arrives with everything that depends on them: a table of every operation, with each of its
//! operands wrong in turn, in one way or several, on every way that data take. `tests/support/flows.rs` lists the
//! operations.

use ndarray::{ArrayD, Axis, arr1, arr2};
use ndgpu::{AnyArray, Device, DeviceArray, ErrorKind, Float, InterpTable, Plan, Result};

use crate::support::engines::{configurations, engines_named, on_every_engine};
use crate::support::flows::{Flow, Kind, flows};
use crate::support::ways::Operand;

/// What one check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    ZeroWeights,
    NotSorted,
}
use Found::{NotSorted, Nothing, ZeroWeights};

/// What the checks of an operand found, one after the other.
const VERDICTS: [&[Found]; 5] =
    [&[ZeroWeights], &[NotSorted], &[NotSorted, Nothing], &[Nothing, Nothing, ZeroWeights], &[NotSorted, ZeroWeights]];

/// The error that belongs to them.
fn expected(found: &[Found]) -> Option<ErrorKind> {
    found.iter().find_map(|found| match found {
        Nothing => None,
        ZeroWeights => Some(ErrorKind::ZeroWeights),
        NotSorted => Some(ErrorKind::NotSorted { index: 3 }),
    })
}

/// An array of a single one, with a check that found this.
fn carrier<T: Float>(device: &Device, found: Found) -> Result<DeviceArray<T, ndarray::Ix1>> {
    let (zero, one) = (T::zero(), T::one());
    match found {
        Nothing => device.upload(&arr2(&[[one]]))?.average_axis(Axis(1), &device.upload(&arr1(&[one]))?),
        // The average that does not exist is NaN, and left out of the sum.
        ZeroWeights => {
            let averages = device.upload(&arr2(&[[one], [zero]]))?;
            let weights = device.upload(&arr2(&[[one], [zero]]))?;
            averages.average_axis(Axis(1), &weights)?.reshape((2, 1))?.skip_nan().sum_axis(Axis(0))
        }
        // All values of the table that is out of order are zero.
        NotSorted => {
            let xp = device.upload(&arr2(&[[zero, one], [one, zero]]))?;
            let fp = device.upload(&arr2(&[[one, one], [zero, zero]]))?;
            InterpTable::from_device(&xp, &fp)?.interp_rows(&device.upload(&arr1(&[zero]))?)?.sum_axis(Axis(0))
        }
    }
}

/// The same values, by way of a product with one, whose checks come along.
fn times<T: Float>(array: &Operand<T>, one: &DeviceArray<T, ndarray::Ix1>) -> Result<Operand<T>> {
    array.reshape((array.len(), 1))?.weighted_sum_axis(Axis(1), one)?.reshape(array.raw_dim())
}

/// The same values, by way of a sum of each with nothing.
fn through<T: Float>(array: &Operand<T>) -> Result<Operand<T>> {
    array.reshape((array.len(), 1))?.sum_axis(Axis(1))?.reshape(array.raw_dim())
}

/// An operand with checks that found this.
fn operand<T: Float>(device: &Device, kind: Kind, found: &[Found]) -> Result<Operand<T>> {
    found.iter().try_fold(device.upload(&kind.host::<T>())?, |array, &found| times(&array, &carrier(device, found)?))
}

/// What is on its way to the host, and what has to come of it: asked for together, so that it travels together.
#[derive(Default)]
struct Awaited(Vec<(String, Option<ErrorKind>, Outcome)>);

type Outcome = Box<dyn FnOnce() -> Option<ErrorKind>>;

impl Awaited {
    /// Reads arrays back, their memory mapped where it lies where it can be.
    fn read(&mut self, arrays: Vec<AnyArray>, expected: Option<ErrorKind>, what: &str) {
        macro_rules! ask {
            ($array:ident) => {{
                let (copied, mapped) = ($array.readback(), $array.into_readback());
                let copied: Outcome = Box::new(|| copied.wait().err().map(|error| error.kind()));
                let mapped: Outcome = Box::new(|| mapped.wait().err().map(|error| error.kind()));
                [copied, mapped]
            }};
        }
        for array in arrays {
            let asked = match array {
                AnyArray::F32(array) => ask!(array),
                AnyArray::F64(array) => ask!(array),
                AnyArray::U32(array) => ask!(array),
                other => unreachable!("{other:?}"),
            };
            self.0.extend(asked.map(|outcome| (what.to_owned(), expected, outcome)));
        }
    }

    fn judge(self) -> usize {
        let count = self.0.len();
        for (what, expected, outcome) in self.0 {
            assert_eq!(outcome(), expected, "{what}");
        }
        count
    }
}

/// An operation with one of its operands wrong.
struct Case<'a, T: Float> {
    device: &'a Device,
    flow: &'a Flow<T>,
    /// Which operand.
    index: usize,
    found: &'a [Found],
    /// All of them, none wrong.
    good: Vec<Operand<T>>,
    bad: Operand<T>,
    expected: Option<ErrorKind>,
}

impl<'a, T: Float> Case<'a, T>
where
    AnyArray: From<Operand<T>>,
{
    fn new(device: &'a Device, flow: &'a Flow<T>, index: usize, found: &'a [Found]) -> Result<Self> {
        let good = flow.operands.iter().map(|&kind| operand(device, kind, &[Nothing])).collect::<Result<_>>()?;
        let bad = operand(device, flow.operands[index], found)?;
        Ok(Self { device, flow, index, found, good, bad, expected: expected(found) })
    }

    /// The operands, with something instead of that which is wrong.
    fn with<'b>(&'b self, array: &'b Operand<T>) -> Vec<&'b Operand<T>> {
        let mut all: Vec<_> = self.good.iter().collect();
        all[self.index] = array;
        all
    }

    fn run(&self, array: &Operand<T>) -> Result<Vec<AnyArray>> {
        (self.flow.run)(self.device, &self.with(array))
    }

    fn eager(&self, awaited: &mut Awaited, what: &str) -> Result<()> {
        let outputs = self.run(&self.bad)?;
        for output in &outputs {
            // And on, through another operation.
            match output {
                AnyArray::F32(array) => awaited.read(vec![AnyArray::F32(array.sum()?.into_dyn())], self.expected, what),
                AnyArray::F64(array) => awaited.read(vec![AnyArray::F64(array.sum()?.into_dyn())], self.expected, what),
                _ => {}
            }
        }
        awaited.read(outputs, self.expected, what);
        awaited.read(self.run(&through(&self.bad)?)?, self.expected, &format!("{what}, chained"));
        awaited.read(self.run(&self.good[self.index])?, None, &format!("{what}, nothing wrong"));
        Ok(())
    }

    /// To another device the values only go by way of the host.
    fn to_device(&self, _: &mut Awaited, what: &str) -> Result<()> {
        let other = Device::cpu();
        let kind = |outcome: Option<ndgpu::Error>| outcome.map(|error| error.kind());
        assert_eq!(kind(self.bad.to_device(&other).err()), self.expected, "{what}: the operand");
        for output in self.run(&self.bad)? {
            let error = match output {
                AnyArray::F32(array) => array.to_device(&other).err(),
                AnyArray::F64(array) => array.to_device(&other).err(),
                AnyArray::U32(array) => array.to_device(&other).err(),
                _ => unreachable!(),
            };
            assert_eq!(kind(error), self.expected, "{what}: a result");
        }
        Ok(())
    }

    /// New values are not what was wrong with the old ones; whatever was made of those is.
    fn overwrite(&self, awaited: &mut Awaited, what: &str) -> Result<()> {
        for shared in [true, false] {
            let mut array = operand(self.device, self.flow.operands[self.index], self.found)?;
            let before = self.run(&array)?;
            let kept = shared.then(|| array.clone());
            array.overwrite(&self.flow.operands[self.index].host())?;
            awaited.read(self.run(&array)?, None, &format!("{what}, after it"));
            awaited.read(before, self.expected, &format!("{what}, before it"));
            if let Some(kept) = kept {
                awaited.read(self.run(&kept)?, self.expected, &format!("{what}, another handle"));
            }
        }
        Ok(())
    }

    /// The chunks are operands beside that which is wrong, as far as there are others.
    fn stream(&self, _: &mut Awaited, what: &str) -> Result<()> {
        let beside = (0..self.good.len()).find(|&index| index != self.index);
        let chunk: ArrayD<T> = self.flow.operands[beside.unwrap_or(self.index)].host();
        let run = |array: &Operand<T>, chunk: &Operand<T>| {
            let mut all = self.with(array);
            if let Some(beside) = beside {
                all[beside] = chunk;
            }
            Ok((self.flow.run)(self.device, &all)?.remove(0))
        };
        macro_rules! kinds {
            ($variant:ident) => {{
                let mut number = 0;
                let results = self.device.stream([&chunk; 3], |chunk: &Operand<T>| {
                    number += 1;
                    match run(if number == 2 { &self.bad } else { &self.good[self.index] }, chunk)? {
                        AnyArray::$variant(array) => Ok(array),
                        other => unreachable!("{other:?}"),
                    }
                });
                results.map(|result| result.err().map(|error| error.kind())).collect::<Vec<_>>()
            }};
        }
        let kinds = match self.run(&self.good[self.index])?.remove(0) {
            AnyArray::F32(_) => kinds!(F32),
            AnyArray::F64(_) => kinds!(F64),
            _ => kinds!(U32),
        };
        assert_eq!(kinds, [None, self.expected], "{what}");
        Ok(())
    }

    fn capture(&self, inputs: &[&Operand<T>], run: impl Fn(&[&Operand<T>]) -> Result<Vec<AnyArray>>) -> Captured<T> {
        self.device.capture(inputs.to_vec(), |inputs: Vec<&Operand<T>>| run(&inputs))
    }

    /// As an input of a plan, there when it is captured or written later.
    fn input(&self, awaited: &mut Awaited, what: &str) -> Result<()> {
        let run = |all: &[&Operand<T>]| (self.flow.run)(self.device, all);
        let mut plan = self.capture(&self.with(&self.bad), run)?;
        let first = plan.replay()?;
        awaited.read(first.clone(), self.expected, &format!("{what}, captured"));
        let good: Vec<_> = self.good.iter().map(|array| array as &Operand<T>).collect();
        for (values, expected) in [(good.clone(), None), (self.with(&self.bad), self.expected), (good, None)] {
            plan.write(values)?;
            let again = plan.replay()?;
            awaited.read(again, expected, &format!("{what}, written"));
            awaited.read(first.clone(), expected, &format!("{what}, an earlier replay's handle"));
        }
        Ok(())
    }

    /// As a constant of a plan over the others.
    fn constant(&self, awaited: &mut Awaited, what: &str) -> Result<()> {
        for (array, expected) in [(&self.bad, self.expected), (&self.good[self.index], None)] {
            let run = |others: &[&Operand<T>]| (self.flow.run)(self.device, &inserted(others, self.index, array));
            awaited.read(self.capture(&self.others(), run)?.replay()?, expected, what);
        }
        Ok(())
    }

    /// All operands but that one.
    fn others(&self) -> Vec<&Operand<T>> {
        self.good.iter().enumerate().filter(|&(index, _)| index != self.index).map(|(_, array)| array).collect()
    }

    /// As an output of another plan, which replays go on writing over.
    fn output(&self, awaited: &mut Awaited, what: &str) -> Result<()> {
        let mut source = self.device.capture(&self.bad, through)?;
        let handle = source.replay()?;
        let run = |others: &[&Operand<T>]| (self.flow.run)(self.device, &inserted(others, self.index, &handle));
        let mut plan = self.capture(&self.others(), run)?;
        let computed = plan.replay()?;
        // What needs no input of the plan is computed as it is captured: everything where there is but one operand, or
        // a step that takes this operand alone.
        let alone: [(&str, &[usize]); 7] = [
            ("InterpTable::interp_rows ", &[0]),
            ("InterpTable::with_values", &[0]),
            ("InterpTable::from_device InterpTable::with", &[0]),
            ("InterpTable::from_device InterpTable::locate Located", &[0]),
            ("InterpTable::locate_rows Located::apply", &[0, 1]),
            ("InterpTable::locate Located::transpose_apply_average", &[0, 2]),
            ("InterpTable::locate Located", &[0, 1]),
        ];
        let methods = self.flow.methods;
        let step = alone.iter().find(|(first, _)| methods.starts_with(first));
        let at_once = self.flow.operands.len() == 1 || step.is_some_and(|(_, operands)| operands.contains(&self.index));
        awaited.read(computed.clone(), self.expected, &format!("{what}, in another plan"));
        awaited.read(self.run(&handle)?, self.expected, &format!("{what}, the handle"));
        let made = self.run(&handle)?;
        // Handles to the same values are no results.
        let is_handle = ["clone", "reshape", "into_dyn", "insert_axis", "to_device"]
            .iter()
            .any(|method| self.flow.methods.ends_with(&format!("::{method}")));
        source.write(&self.good[self.index])?;
        source.replay()?;
        let then = |now| if is_handle { now } else { self.expected };
        awaited.read(self.run(&handle)?, None, &format!("{what}, the handle after a good replay"));
        awaited.read(made, then(None), &format!("{what}, made before it"));
        awaited.read(computed.clone(), then(None), &format!("{what}, computed before it"));
        plan.replay()?;
        let now = if at_once { then(None) } else { None };
        awaited.read(computed.clone(), now, &format!("{what}, computed again"));
        source.write(&self.bad)?;
        source.replay()?;
        plan.replay()?;
        awaited.read(computed, self.expected, &format!("{what}, computed of what is bad again"));
        Ok(())
    }
}

type Captured<T> = Result<Plan<Vec<Operand<T>>, Vec<AnyArray>>>;

/// The others, with an array at its index among them.
fn inserted<'a, T: Float>(others: &[&'a Operand<T>], index: usize, array: &'a Operand<T>) -> Vec<&'a Operand<T>> {
    let mut all = others.to_vec();
    all.insert(index, array);
    all
}

/// A way that data take, by name.
type Way<T> = (&'static str, fn(&Case<'_, T>, &mut Awaited, &str) -> Result<()>);

fn check<T: Float>(device: &Device, name: &str)
where
    AnyArray: From<Operand<T>>,
{
    let ways: [Way<T>; 7] = [
        ("eager", |case, awaited, what| case.eager(awaited, what)),
        ("to_device", |case, awaited, what| case.to_device(awaited, what)),
        ("overwrite", |case, awaited, what| case.overwrite(awaited, what)),
        ("stream", |case, awaited, what| case.stream(awaited, what)),
        ("input of a plan", |case, awaited, what| case.input(awaited, what)),
        ("constant of a plan", |case, awaited, what| case.constant(awaited, what)),
        ("output of another plan", |case, awaited, what| case.output(awaited, what)),
    ];
    let mut arrived = 0;
    for flow in flows::<T>() {
        for index in 0..flow.operands.len() {
            let mut awaited = Awaited::default();
            for found in VERDICTS {
                let case = Case::new(device, &flow, index, found).unwrap();
                for (way, go) in ways {
                    let what = format!("{name}: {way}, {} with {found:?} at {index}", flow.methods);
                    go(&case, &mut awaited, &what).unwrap_or_else(|error| panic!("{what}: {error}"));
                }
            }
            arrived += awaited.judge();
        }
    }
    assert!(arrived > 5000, "{name}: {arrived} readbacks");
}

/// One test a configuration, so that they run side by side.
macro_rules! configured {
    ($($test:ident: $name:literal;)*) => {
        $(#[test]
        fn $test() {
            on_every_engine!(check; on engines_named([$name]));
        })*

        #[test]
        fn every_configuration_is_tested() {
            for configuration in configurations() {
                assert!([$($name),*].contains(&configuration.name), "{}", configuration.name);
            }
        }
    };
}

configured! {
    on_the_cpu_in_f32: "cpu f32";
    on_the_cpu_in_f64: "cpu f64";
    on_the_gpu_in_f32: "gpu f32";
    on_the_gpu_in_f64: "gpu f64";
    on_the_gpu_without_f64: "gpu f32, f64 off";
    as_on_hardware_in_f32: "hardware f32";
    as_on_hardware_in_f64: "hardware f64";
}
