//! Tests that need the internals of several modules.

mod faults;
mod pipelines;
mod shaders;
