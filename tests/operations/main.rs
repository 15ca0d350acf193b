//! What the operations compute, against plain oracles: at sizes around every boundary of the kernels, on every kind of
//! table, with everything special that a float can be.

mod interp;
mod kernels;
mod reduce;
mod search;
mod standardize;
#[path = "../support/mod.rs"]
mod support;
mod vjp;
