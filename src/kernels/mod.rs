//! What the engines compute: a folder a family, the twins of both engines side by side.

pub(crate) mod compiled;
pub(crate) mod footprint;
pub(crate) mod interp;
pub(crate) mod interp_reduce;
pub(crate) mod reduce;
pub(crate) mod search;
pub(crate) mod standardize;
pub(crate) mod tiles;
pub(crate) mod transpose;
