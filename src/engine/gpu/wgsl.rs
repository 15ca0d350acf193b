//! How kernels are put together: fragments of WGSL, what they share, and what Rust tells them.
//!
//! A fragment begins with its manifest: the names that it `provides`, and the names that it `needs` of others. What
//! both languages have to know is written once, in Rust: [`params!`] makes the struct of a kernel's parameters and its
//! WGSL, [`constants!`] a fragment of numbers.

use std::fmt::Write;

use crate::error::{Error, ErrorKind, Result};
use crate::float::dtype::FloatType;

/// Invocations a workgroup.
pub(crate) const WORKGROUP: u64 = 64;
/// Queries, or values, that one invocation loads at once.
pub(crate) const QUAD: u64 = 4;

pub(crate) const SPECIAL: &str = include_str!("../../../shaders/lib/special.wgsl");
pub(crate) const GRID: &str = include_str!("../../../shaders/lib/grid.wgsl");
/// Compensated sums, with rounding errors by plain operations or by fused multiply-adds.
pub(crate) const COMPENSATED: [&str; 2] = [ACCUMULATE, include_str!("../../../shaders/lib/errors_split.wgsl")];
pub(crate) const FUSED: [&str; 2] = [ACCUMULATE, include_str!("../../../shaders/lib/errors_fused.wgsl")];
const ACCUMULATE: &str = include_str!("../../../shaders/lib/accumulate_compensated.wgsl");

/// The element type's names.
pub(crate) fn element(element: FloatType) -> &'static str {
    match element {
        FloatType::F64 => include_str!("../../../shaders/lib/f64.wgsl"),
        FloatType::F32 => include_str!("../../../shaders/lib/f32.wgsl"),
    }
}

/// The size of workgroups.
pub(crate) fn workgroup() -> &'static str {
    constants! { WORKGROUP = WORKGROUP }
}

/// Four queries a load, where rows begin at multiples of four, or one by one.
pub(crate) fn queries(quads: bool) -> &'static str {
    match quads {
        true => include_str!("../../../shaders/lib/queries_by_four.wgsl"),
        false => include_str!("../../../shaders/lib/queries_by_one.wgsl"),
    }
}

/// The segments of four queries a load, likewise.
pub(crate) fn cells(quads: bool) -> &'static str {
    match quads {
        true => include_str!("../../../shaders/lib/cells_by_four.wgsl"),
        false => include_str!("../../../shaders/lib/cells_by_one.wgsl"),
    }
}

/// Four results a store, likewise.
pub(crate) fn results(quads: bool) -> &'static str {
    match quads {
        true => include_str!("../../../shaders/lib/results_by_four.wgsl"),
        false => include_str!("../../../shaders/lib/results_by_one.wgsl"),
    }
}

/// The text of [`constants!`].
pub(crate) fn constants_text(constants: &[(&str, u32)]) -> String {
    let names: Vec<_> = constants.iter().map(|(name, _)| *name).collect();
    let mut text = format!("// provides: {}\n", names.join(", "));
    for (name, value) in constants {
        let _ = writeln!(text, "const {name}: u32 = {value}u;");
    }
    text
}

/// A fragment that gives numbers of Rust their names in WGSL: `constants! { REDUCTION_SUM = Reduction::Sum }`.
macro_rules! constants {
    ($($name:ident = $value:expr),+ $(,)?) => {{
        static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
            $crate::engine::gpu::wgsl::constants_text(&[$((stringify!($name), $value as u32)),+])
        });
        TEXT.as_str()
    }};
}
pub(crate) use constants;

/// A length or an index of an array as shaders count: in 32 bits. Windows keep what a dispatch sees below that;
/// whatever does not fit is an error, and no other number.
pub(crate) fn word<N: TryInto<u32>>(number: N) -> Result<u32> {
    number.try_into().map_err(|_| {
        Error::new(
            ErrorKind::TooLarge { bytes: u64::MAX, limit: u32::MAX.into() },
            "a length of the array does not fit into the 32 bits that shaders count in; work on it in pieces",
        )
    })
}

/// A struct that both languages lay out alike: of words, pairs of words (`[u32; 2]`, aligned to 8 bytes in WGSL) and
/// other such structs (at multiples of 16 bytes). Its WGSL is a fragment, `WGSL`. That the layouts agree is tested for
/// every kernel.
macro_rules! shared_struct {
    (
        $(#[$meta:meta])* $visibility:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $kind:tt),+ $(,)?
        }
    ) => {
        $crate::engine::gpu::wgsl::shared_struct! {
            @struct $(#[$meta])* $visibility struct $name { $($(#[$field_meta])* $field: $kind),+ }
        }

        impl $name {
            $visibility const WGSL: &str = concat!(
                "// provides: ", stringify!($name), "\n",
                $crate::engine::gpu::wgsl::shared_struct!(@text $name { $($field: $kind),+ }),
            );
        }
    };
    (
        @struct $(#[$meta:meta])* $visibility:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $kind:tt),+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
        #[repr(C)]
        $visibility struct $name { $($(#[$field_meta])* pub $field: $kind),+ }

        #[cfg(test)]
        impl $name {
            pub(crate) const LAYOUT: $crate::engine::gpu::wgsl::Layout = $crate::engine::gpu::wgsl::Layout {
                name: stringify!($name),
                bytes: size_of::<$name>(),
                offsets: &[$((stringify!($field), std::mem::offset_of!($name, $field))),+],
            };
        }
    };
    (@text $name:ident { $($field:ident: $kind:tt),+ }) => {
        concat!(
            "struct ", stringify!($name), " {\n",
            $("    ", stringify!($field), ": ", $crate::engine::gpu::wgsl::shared_struct!(@type $kind), ",\n"),+,
            "}\n",
        )
    };
    (@type u32) => { "u32" };
    (@type [u32; 2]) => { "vec2<u32>" };
    (@type $nested:ident) => { stringify!($nested) };
}
pub(crate) use shared_struct;

/// The parameters of a kernel: a [`shared_struct!`], declared in WGSL as `parameters`. Structs inside it are named
/// behind it: `params! { struct Parameters { table: TableParameters, .. } needs TableParameters }`.
macro_rules! params {
    (
        $(#[$meta:meta])* $visibility:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $kind:tt),+ $(,)?
        }
        $(needs $($needed:ident),+)?
    ) => {
        $crate::engine::gpu::wgsl::shared_struct! {
            @struct $(#[$meta])* $visibility struct $name { $($(#[$field_meta])* $field: $kind),+ }
        }

        impl $name {
            $visibility const DECLARED: &str = concat!(
                "// provides: ", stringify!($name), ", Parameters, parameters\n",
                $("// needs: ", $(stringify!($needed), ", ",)+ "\n",)?
                $crate::engine::gpu::wgsl::shared_struct!(@text $name { $($field: $kind),+ }),
                "alias Parameters = ", stringify!($name), ";\n",
                "@group(0) @binding(0) var<uniform> parameters: Parameters;\n",
            );
        }
    };
}
pub(crate) use params;

/// How Rust lays a struct out.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub name: &'static str,
    pub bytes: usize,
    pub offsets: &'static [(&'static str, usize)],
}
