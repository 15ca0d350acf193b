//! Results do not depend on the kernel that was chosen: sizes on each side of every boundary, and everything that makes
//! the GPU engine choose another kernel, against the CPU engine, which knows none of them.

mod reduced;
mod reductions;
mod tables;
mod tiles;
