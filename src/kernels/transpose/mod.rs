//! Two neighbouring axes exchanged.

pub(crate) mod op;
