//! Tests that need the inside of several families.

mod shaders;
