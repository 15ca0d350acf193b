//! Compares an outcome with what was recorded, by the rules of the corpus: shapes equal, then
//! `|got - want| <= atol + rtol * |want|`, where NaN equals NaN, infinities are equal by sign, and -0.0 equals 0.0.

use ndarray::ArrayD;
use ndgpu::ErrorKind;

use super::super::compare::is_within;
use super::super::engines::Precision;
use super::case::{Case, Expect, Tolerance};
use super::perform::{Landed, Outcome, When};

/// Sums of weights are recorded with one tolerance for all.
const WEIGHTS: Tolerance = Tolerance { relative: 1e-5, absolute: 1e-30 };

/// Whether an outcome is NumPy's answer. In f32 what the same formula gives in f32 is as good, element by element.
pub fn judge(case: &Case, precision: Precision, outcome: &Outcome) -> Result<(), String> {
    let in_f32 = case.expect_f32.as_ref().filter(|_| precision == Precision::F32);
    let accepted: Vec<&Expect> = std::iter::once(&case.expect).chain(in_f32).collect();
    judge_against(&accepted, case, precision, outcome)
}

/// Whether an outcome is one of these answers.
pub fn judge_against(accepted: &[&Expect], case: &Case, precision: Precision, outcome: &Outcome) -> Result<(), String> {
    match outcome {
        Outcome::Landed(landed) => judge_values(accepted, case, precision, landed),
        Outcome::Refused { error, when } => {
            let is_this = |name: &str| is_error(&case.op, name, error.kind(), *when);
            let expected = |expect: &&Expect| matches!(expect, Expect::Error(name) if is_this(name));
            if accepted.iter().any(expected) {
                Ok(())
            } else {
                Err(format!("expected {}, got {when:?} {error:?}", describe(accepted)))
            }
        }
        Outcome::CannotBeSaid(why) => Err(format!("expected {}, but there is no such call: {why}", describe(accepted))),
        Outcome::Broken(why) => Err(why.clone()),
    }
}

/// Whether two outcomes are the same to the last bit. All NaN are alike.
pub fn same(one: &Outcome, other: &Outcome) -> Result<(), String> {
    let bits = |array: &ArrayD<f64>| array.mapv(|value| if value.is_nan() { u64::MAX } else { value.to_bits() });
    let equal = match (one, other) {
        (Outcome::Landed(one), Outcome::Landed(other)) => {
            bits(&one.values) == bits(&other.values)
                && one.weights.as_ref().map(bits) == other.weights.as_ref().map(bits)
        }
        (Outcome::Refused { error: one, when }, Outcome::Refused { error: other, when: other_when }) => {
            one.kind() == other.kind() && when == other_when
        }
        (Outcome::CannotBeSaid(one), Outcome::CannotBeSaid(other)) => one == other,
        _ => false,
    };
    if equal { Ok(()) } else { Err(format!("expected {one:?}, got {other:?}")) }
}

fn judge_values(accepted: &[&Expect], case: &Case, precision: Precision, landed: &Landed) -> Result<(), String> {
    let right_shape = || {
        let shape = landed.values.shape();
        if shape == case.expect_shape {
            Ok(())
        } else {
            Err(format!("expected shape {:?}, got {shape:?}", case.expect_shape))
        }
    };
    if accepted.iter().any(|expect| matches!(expect, Expect::Unspecified)) {
        return right_shape();
    }
    let answers: Vec<&[f64]> = accepted.iter().filter_map(|expect| expect.values()).collect();
    if answers.is_empty() {
        return Err(format!("expected {}, got values {:?}", describe(accepted), landed.values));
    }
    // An alternative may have a shape where NumPy has an error: it records none then, and its length has to do.
    if case.expect.values().is_some() {
        right_shape()?;
    }
    compare(&landed.values, &answers, case.tolerance(precision))?;
    match (&case.expect_weights, &landed.weights) {
        (None, _) => Ok(()),
        (Some(_), None) => Err("expected sums of weights, got none".into()),
        (Some(_), Some(sums)) if sums.shape() != case.expect_shape => {
            Err(format!("expected sums of weights of shape {:?}, got {:?}", case.expect_shape, sums.shape()))
        }
        (Some(want), Some(sums)) => compare(sums, &[want], WEIGHTS).map_err(|why| format!("sums of weights: {why}")),
    }
}

/// Each element has to be close to that of one of the answers.
fn compare(got: &ArrayD<f64>, answers: &[&[f64]], tolerance: Tolerance) -> Result<(), String> {
    if let Some(answer) = answers.iter().find(|answer| answer.len() != got.len()) {
        return Err(format!("expected {} values, got {}", answer.len(), got.len()));
    }
    let wrong: Vec<usize> = (got.iter().enumerate())
        .filter(|&(index, &got)| !answers.iter().any(|answer| close(got, answer[index], tolerance)))
        .map(|(index, _)| index)
        .collect();
    let Some(&first) = wrong.first() else { return Ok(()) };
    let want: Vec<f64> = answers.iter().map(|answer| answer[first]).collect();
    let got = got.iter().nth(first).copied().unwrap_or(f64::NAN);
    let (relative, absolute, count) = (tolerance.relative, tolerance.absolute, wrong.len());
    Err(format!(
        "{count} wrong, first at {first}: expected {want:?}, got {got:?} (rtol {relative:e}, atol {absolute:e})"
    ))
}

fn close(got: f64, want: f64, tolerance: Tolerance) -> bool {
    is_within(got, want, tolerance.absolute + tolerance.relative * want.abs())
}

/// Whether this is the crate's error for a name of the corpus, at the time at which it has to come: what only the
/// values on the device can tell comes with the data, all else in the call.
fn is_error(op: &str, name: &str, kind: ErrorKind, when: When) -> bool {
    let (right, time) = match name {
        "empty" if op == "interp" => (kind == ErrorKind::EmptyTable, When::InTheCall),
        "empty" => (kind == ErrorKind::EmptyReduction, When::InTheCall),
        "shape_mismatch" | "axis_required" => (kind == ErrorKind::ShapeMismatch, When::InTheCall),
        "not_1d" => (kind == ErrorKind::WrongDimensions, When::InTheCall),
        "bad_period" => (kind == ErrorKind::ZeroPeriod, When::InTheCall),
        "axis_out_of_range" => (matches!(kind, ErrorKind::AxisOutOfRange { .. }), When::InTheCall),
        "repeated_axis" => (matches!(kind, ErrorKind::RepeatedAxis { .. }), When::InTheCall),
        "not_monotonic" => (matches!(kind, ErrorKind::NotSorted { .. }), When::InTheCall),
        "zero_weights" => (kind == ErrorKind::ZeroWeights, When::WithTheData),
        _ => (false, when),
    };
    right && when == time
}

fn describe(accepted: &[&Expect]) -> String {
    let each = accepted.iter().map(|expect| match expect {
        Expect::Values(values) => {
            let shown = &values[..values.len().min(8)];
            format!("values {shown:?}{}", if shown.len() < values.len() { ".." } else { "" })
        }
        Expect::Error(name) => format!("error {name}"),
        Expect::Unspecified => "any values".into(),
    });
    each.collect::<Vec<_>>().join(" or ")
}

impl Expect {
    fn values(&self) -> Option<&[f64]> {
        match self {
            Self::Values(values) => Some(values),
            Self::Error(_) | Self::Unspecified => None,
        }
    }
}
