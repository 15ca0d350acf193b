//! What holds for any input: random shapes, layouts, tables, values and programs of calls, with everything special that
//! a float can be, on every engine, against plain oracles; and how exact sums are. A failure is shrunk to the smallest
//! input that shows it. The inputs are the same in every run.

mod accuracy;
mod any_data;
mod any_input;
mod runner;
#[path = "../support/mod.rs"]
mod support;
