//! Interpolation: NumPy's rules, one query at a time, and the rules beyond NumPy's.

mod methods;
mod missing;
mod rules;
mod tables;
