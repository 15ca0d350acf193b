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
mod vjp;
