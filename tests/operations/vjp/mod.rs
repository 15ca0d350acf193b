//! Backward passes of reductions: against finite differences, in every shape, and where numbers are special.

mod differences;
mod refusals;
mod shapes;
mod special;
