//! The peers that are written in Rust: a module for each, and the door by which a worker gets one.
//!
//! `arm` is what a peer looks like, `inputs` and `adapter` are what they share; no peer knows another.

mod adapter;
mod arm;
mod burn;
mod crates;
mod floors;
mod inputs;
mod ndgpu;
mod numr;
mod plain;
mod wgsl;

pub use adapter::Options;
pub use arm::{Arm, Peer, Values};

use crate::outcome::Outcome;

/// The library of a Rust peer, or why it is not to be had.
pub fn open(name: &str, options: &Options) -> Outcome<Box<dyn Peer>> {
    match name {
        "ndgpu-cpu" => Ok(Box::new(ndgpu::Engine::cpu())),
        "ndgpu-gpu" => Ok(Box::new(ndgpu::Engine::gpu(options)?)),
        "crates" => Ok(Box::new(crates::Crates)),
        "plain" => Ok(Box::new(plain::Plain)),
        "floors" => Ok(Box::new(floors::Floors::new())),
        "wgsl" => Ok(Box::new(wgsl::Wgsl::open(options)?)),
        "numr" => numr::open(),
        "burn" => burn::open(),
        _ => Err(format!("there is no peer called {name}")),
    }
}
