//! Tests that need the inside of several families.

mod faults;
mod pipelines;
mod shaders;
