//! Data of any kind: random shapes, layouts, tables and values.

mod gaps;
mod inputs;
mod interpolation;
mod reductions;
mod search;
mod tables;
mod vjp;
