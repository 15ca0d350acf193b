//! What has to come out, computed plainly, one value at a time.

// Each test binary uses its own part of it.
#![allow(unused_imports)]

mod extremes;
mod interp;
mod linear;
mod pair;
mod search;
mod sums;
mod vjp;

pub use extremes::extreme;
pub use interp::{Asked, Sorted, interp};
pub use linear::{Matrix, Row};
pub use pair::{Pair, two_product};
pub use search::{Bins, index_among, less};
pub use sums::{Exact, moments, total, variance};
pub use vjp::{Cotangents, Reduced};
