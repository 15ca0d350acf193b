//! Results are right past every limit of a device: small limits, of devices that share an application's, and the
//! largest there are.

mod beyond;
mod largest;
mod small;
#[path = "../support/mod.rs"]
mod support;
