//! Tests that need the internals of several modules.

mod calibration;
mod device_index;
mod faults;
mod pipelines;
mod shaders;
