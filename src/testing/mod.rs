//! Tests that need the internals of several modules.

mod device_index;
mod faults;
mod pipelines;
mod shaders;
