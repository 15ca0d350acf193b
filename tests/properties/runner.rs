//! Runs properties over inputs that are the same in every run.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Checks a property on so many inputs, which follow from the seed.
pub fn holds<S: Strategy>(cases: u32, seed: u64, inputs: S, property: impl Fn(&S::Value)) {
    let config = Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(seed), ..Config::default() };
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        property(&input);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// The seed of all properties of data.
pub const SEED: u64 = 2025;
