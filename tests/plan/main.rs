//! Plans: what is captured once gives what the eager calls give, on any data, on every engine; what cannot be captured
//! is an error; what only the data can show comes with the data of each replay.

mod checks;
mod coverage;
mod fusion;
mod inputs;
mod refusals;
mod replays;
mod rows;
#[path = "../support/mod.rs"]
mod support;
mod verdicts;

use ndgpu::Float;
use support::compare::all_near;
use support::numbers::wide;

/// To the bound that sums keep whatever their order: one rounding, and half a unit more where partial sums were
/// rounded.
fn assert_same<T: Float>(got: &[T], want: &[T], what: &str) {
    all_near(got, want, |want| 2.0 * wide(T::epsilon()) * want.abs(), what);
}
