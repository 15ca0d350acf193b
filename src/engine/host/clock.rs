//! [`Instant`]: the standard library's clock, or the page's in a browser, where the former panics.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use std::time::Instant;

#[cfg(target_arch = "wasm32")]
pub(crate) use web_time::Instant;
