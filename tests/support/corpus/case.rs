//! A recorded case: what to compute, and what NumPy answered. The format is described in `tests/conformance/README.md`.

use std::collections::BTreeMap;

use ndarray::{ArrayD, IxDyn};
use ndgpu::{AnyArray, DeviceArray, Element, Float};
use serde_json::{Map, Value};

use super::super::engines::Precision;

/// Types of results, which come back as f64, which loses nothing.
pub trait Answer: Element + Into<f64> {
    fn any(array: DeviceArray<Self, IxDyn>) -> AnyArray;
}

/// f32 and f64, and how the recorded numbers become them.
pub trait Real: Float + Answer {
    fn of(number: f64) -> Self;
}

macro_rules! answer {
    ($($T:ty),*) => {
        $(impl Answer for $T {
            fn any(array: DeviceArray<Self, IxDyn>) -> AnyArray {
                array.into()
            }
        })*
    };
}

answer!(f32, f64, u32);

impl Real for f32 {
    fn of(number: f64) -> Self {
        number as f32
    }
}

impl Real for f64 {
    fn of(number: f64) -> Self {
        number
    }
}

/// `|got - want| <= absolute + relative * |want|`.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    pub relative: f64,
    pub absolute: f64,
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Expect {
    /// These values, in row-major order.
    Values(Vec<f64>),
    /// An error of this name.
    Error(String),
    /// Any values, but no error.
    Unspecified,
}

/// The axis argument of a reduction, as NumPy takes it.
pub enum AxisArgument {
    Everything,
    One(i64),
    Several(Vec<i64>),
}

/// What a table says beyond one of its ends.
#[derive(Clone, Copy, Debug)]
pub enum End<T> {
    /// The value there.
    Default,
    Value(T),
    /// The straight line of the segment there goes on.
    Extrapolated,
}

/// One case.
pub struct Case {
    pub id: String,
    pub op: String,
    pub tier: String,
    /// An extension that NumPy does not have.
    pub feature: Option<String>,
    pub arrays: BTreeMap<String, ArrayD<f64>>,
    /// Arguments that are not arrays.
    pub args: Map<String, Value>,
    pub expect: Expect,
    /// What the same formula gives in f32, where that is something else: as good an answer in f32.
    pub expect_f32: Option<Expect>,
    /// Another answer that can be defended; accepted only where a deliberate difference says so.
    pub alternative: Option<Expect>,
    pub expect_shape: Vec<usize>,
    /// `average(..., returned=True)`: the sums of the weights.
    pub expect_weights: Option<Vec<f64>>,
    pub tolerance_f32: Tolerance,
    pub tolerance_f64: Tolerance,
}

impl Case {
    /// Reads a record of the conformance corpus.
    pub fn from_record(record: &Value) -> Result<Self, String> {
        let text = |key: &str| {
            let value = record[key].as_str();
            value.map(str::to_owned).ok_or_else(|| format!("no \"{key}\""))
        };
        let args = record["args"].as_object().ok_or("no \"args\"")?;
        let shapes = record["shapes"].as_object().ok_or("no \"shapes\"")?;
        let mut arrays = BTreeMap::new();
        for (name, dimensions) in shapes {
            let values = numbers(args.get(name).unwrap_or(&Value::Null))?;
            let array = ArrayD::from_shape_vec(IxDyn(&shape(dimensions)?), values);
            arrays.insert(name.clone(), array.map_err(|error| format!("{name}: {error}"))?);
        }
        let expect_of = |key: &str| record.get(key).map(Expect::from_record).transpose();
        let expect = expect_of("expect")?.ok_or("no \"expect\"")?;
        let expect_shape = match (&expect, record.get("expect_shape")) {
            (Expect::Error(_), None) => Vec::new(),
            (_, None) => return Err("no \"expect_shape\"".into()),
            (_, Some(dimensions)) => shape(dimensions)?,
        };
        let tolerance = |relative: &str, absolute: &str| Tolerance {
            // Cases that expect an error have none.
            relative: record.get(relative).or(record.get("rtol")).and_then(Value::as_f64).unwrap_or(0.0),
            absolute: record.get(absolute).or(record.get("atol")).and_then(Value::as_f64).unwrap_or(0.0),
        };
        Ok(Self {
            id: text("id")?,
            op: text("op")?,
            tier: text("tier")?,
            feature: record["feature"].as_str().map(str::to_owned),
            args: args.iter().filter(|(name, _)| !shapes.contains_key(*name)).map(cloned).collect(),
            arrays,
            expect,
            expect_f32: expect_of("expect_f32")?,
            alternative: expect_of("expect_alt")?,
            expect_shape,
            expect_weights: record.get("expect_scl").map(numbers).transpose()?,
            tolerance_f32: tolerance("rtol", "atol"),
            tolerance_f64: tolerance("rtol64", "atol64"),
        })
    }

    pub fn tolerance(&self, precision: Precision) -> Tolerance {
        match precision {
            Precision::F32 => self.tolerance_f32,
            Precision::F64 => self.tolerance_f64,
        }
    }

    /// An array argument; whatever its recorded type, as `T`.
    pub fn array<T: Real>(&self, name: &str) -> Result<ArrayD<T>, String> {
        let array = self.arrays.get(name).ok_or_else(|| format!("no array \"{name}\""))?;
        Ok(array.mapv(T::of))
    }

    /// A number, if the argument is there.
    pub fn number<T: Real>(&self, name: &str) -> Result<Option<T>, String> {
        self.args.get(name).map(|value| number(value).map(T::of)).transpose()
    }

    /// A word.
    pub fn text(&self, name: &str) -> Result<&str, String> {
        self.args.get(name).and_then(Value::as_str).ok_or_else(|| format!("no \"{name}\""))
    }

    /// What a table says beyond the end of this name.
    pub fn end<T: Real>(&self, name: &str) -> Result<End<T>, String> {
        match self.args.get(name).and_then(Value::as_str) {
            Some("extrapolate") => Ok(End::Extrapolated),
            _ => Ok(self.number(name)?.map_or(End::Default, End::Value)),
        }
    }

    /// A flag; one that is not there is false.
    pub fn flag(&self, name: &str) -> Result<bool, String> {
        match self.args.get(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| format!("\"{name}\" is no flag: {value}")),
        }
    }

    pub fn axis(&self) -> Result<AxisArgument, String> {
        let value = self.args.get("axis").unwrap_or(&Value::Null);
        let integer = |value: &Value| value.as_i64().ok_or_else(|| format!("no axis: {value}"));
        match value {
            Value::Null => Ok(AxisArgument::Everything),
            Value::Array(axes) => Ok(AxisArgument::Several(axes.iter().map(integer).collect::<Result<_, _>>()?)),
            _ => Ok(AxisArgument::One(integer(value)?)),
        }
    }
}

impl Expect {
    fn from_record(value: &Value) -> Result<Self, String> {
        if let Some(name) = value["error"].as_str() {
            Ok(Self::Error(name.into()))
        } else if value["unspecified"].as_bool() == Some(true) {
            Ok(Self::Unspecified)
        } else {
            numbers(value).map(Self::Values)
        }
    }
}

fn cloned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn shape(dimensions: &Value) -> Result<Vec<usize>, String> {
    let lengths = dimensions.as_array().ok_or_else(|| format!("no shape: {dimensions}"))?;
    let length = |value: &Value| value.as_u64().map(|len| len as usize).ok_or_else(|| format!("no length: {value}"));
    lengths.iter().map(length).collect()
}

/// All numbers of nested lists, in row-major order.
fn numbers(value: &Value) -> Result<Vec<f64>, String> {
    fn collect(value: &Value, into: &mut Vec<f64>) -> Result<(), String> {
        match value {
            Value::Array(rows) => rows.iter().try_for_each(|row| collect(row, into)),
            _ => number(value).map(|number| into.push(number)),
        }
    }
    let mut all = Vec::new();
    collect(value, &mut all)?;
    Ok(all)
}

/// A number, where JSON has none also by name.
fn number(value: &Value) -> Result<f64, String> {
    let named = match value {
        Value::String(name) => match name.as_str() {
            "nan" => Some(f64::NAN),
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        _ => value.as_f64(),
    };
    named.ok_or_else(|| format!("no number: {value}"))
}
