//! What moves between host and device: every layout arrives as it was, every copy is counted, readbacks may be dropped,
//! and whoever looks at old values keeps them.

mod in_place;
mod layouts;
mod ledger;
mod shapes;
#[path = "../support/mod.rs"]
mod support;
mod values;
