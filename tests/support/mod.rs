//! What the tests share, in layers; a module imports from those above it in this list, and tests import from here,
//! never from each other.
//!
//! | layer | modules | what they are |
//! |---|---|---|
//! | ground | [`random`], [`numbers`], [`report`], [`memory`] | numbers, what is printed, memory in use |
//! | arrays | [`arrays`], [`layout`], [`compare`] | arrays in any layout, read back, compared with room for rounding |
//! | oracles | [`oracle`] | what has to come out, computed plainly |
//! | devices | [`devices`], [`noop`] | the adapter under test, an application's device, devices with small limits |
//! | engines | [`engines`], [`ways`] | **the door**: every engine in every element type, by a call or in a plan |
//! | catalogues | [`backward`], [`calls`], [`flows`], [`program`] | everything that can be asked of a device |
//! | corpus | [`corpus`] | recorded cases: read, run on every engine, judged, counted |
//!
//! The door is [`on_every_engine!`] for a generic function and [`corpus::run_cases`] for recorded cases.

// Each test binary compiles this module for itself and uses its own part of it.
#![allow(dead_code)]

pub mod arrays;
pub mod backward;
pub mod calls;
pub mod compare;
pub mod corpus;
pub mod devices;
pub mod engines;
pub mod flows;
pub mod layout;
pub mod memory;
pub mod noop;
pub mod numbers;
pub mod oracle;
pub mod program;
pub mod random;
pub mod report;
pub mod ways;
