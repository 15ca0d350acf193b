//! [`Instant`]: the standard library's clock, which panics in a browser, and the page's clock there.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use std::time::Instant;

#[cfg(target_arch = "wasm32")]
pub(crate) use web_time::Instant;
