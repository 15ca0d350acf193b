//! Interpolation: NumPy's rules, one query at a time, and the rules beyond NumPy's.

mod device_tables;
mod located;
mod methods;
mod missing;
mod recorded;
mod rules;
mod shown;
mod tables;
