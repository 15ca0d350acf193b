//! What holds for any input: random shapes, layouts, tables, values and programs of calls, with everything special that
//! a float can be, on every engine, against plain oracles; and how exact sums are. A failure is shrunk to the smallest
//! input that shows it. The inputs are the same in every run.

mod accuracy;
mod any_data;
mod any_input;
#[path = "../support/mod.rs"]
mod support;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Checks a property on so many inputs, which follow from the seed.
fn holds<S: Strategy>(cases: u32, seed: u64, inputs: S, property: impl Fn(&S::Value)) {
    let config = Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..Config::default() };
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        property(&input);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// The seed of all properties of data.
const SEED: u64 = 2025;
