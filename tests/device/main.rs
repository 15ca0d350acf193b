//! Which device one gets, what is said when there is none, sharing the application's own, and what
//! becomes of a device that is lost. A process of its own: its tests look at the environment, at what is loaded, and
//! open devices by the dozen.

mod application;
mod buffers;
mod handles;
mod selection;
#[path = "../support/mod.rs"]
mod support;
