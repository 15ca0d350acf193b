//! The WGSL fragments that several kernels share.

use crate::element::ElementType;

/// Invocations a workgroup, as `shaders/lib/grid.wgsl` has it.
pub(crate) const WORKGROUP: u64 = 64;

pub(crate) const SPECIAL: &str = include_str!("../../../shaders/lib/special.wgsl");
pub(crate) const GRID: &str = include_str!("../../../shaders/lib/grid.wgsl");
pub(crate) const SEARCH: &str = include_str!("../../../shaders/lib/search.wgsl");
pub(crate) const MODULO: &str = include_str!("../../../shaders/lib/modulo.wgsl");
pub(crate) const COMPENSATED: &str = include_str!("../../../shaders/lib/accumulate_compensated.wgsl");

/// What the element type is called in shaders.
pub(crate) fn element(element: ElementType) -> &'static str {
    match element {
        ElementType::F64 => include_str!("../../../shaders/lib/f64.wgsl"),
        ElementType::F32 | ElementType::U32 => include_str!("../../../shaders/lib/f32.wgsl"),
    }
}
