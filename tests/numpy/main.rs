//! NumPy's answers, recorded: the conformance corpus and real workloads, on every engine, by calls and in plans.

mod conformance;
mod real_data;
#[path = "../support/mod.rs"]
mod support;
