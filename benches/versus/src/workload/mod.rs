//! What is measured: every workload has a name, the bytes that must move for it, and says which inputs it needs.

mod grid;
pub mod name;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    F32,
    F64,
}

impl Type {
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

/// How the knots lie, and the queries with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spacing {
    /// As far apart as floats allow; queries anywhere in 0..1.
    Even,
    /// Anywhere in 0..1, and so the queries.
    Random,
    /// Over six decades, as many knots in each, and as many queries.
    Logarithmic,
}

impl Spacing {
    pub fn name(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Random => "random",
            Self::Logarithmic => "log",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overhead {
    /// One operation on a tiny array, and waiting for it.
    Dispatch,
    /// A hundred of them, and waiting once.
    Dispatches,
    /// 64 MB to the device.
    Upload,
    /// 64 MB to where the host can look at them.
    Readback,
    /// The same with the array given up.
    IntoReadback,
}

impl Overhead {
    pub fn moves_much(self) -> bool {
        matches!(self, Self::Upload | Self::Readback | Self::IntoReadback)
    }
}

/// Workloads that are shown together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Interp,
    Average,
    Overhead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Workload {
    /// `tables` rows of `queries` each; one table is the plain case.
    Interp {
        ty: Type,
        tables: usize,
        knots: usize,
        spacing: Spacing,
        sorted: bool,
        queries: usize,
    },
    Average {
        ty: Type,
        rows: usize,
        columns: usize,
        axis: usize,
        full: bool,
    },
    Overhead {
        what: Overhead,
    },
}

/// Bytes of the large transfers.
pub const TRANSFER: usize = 64_000_000;
/// How many operations `Overhead::Dispatches` asks for.
pub const DISPATCHES: usize = 100;

pub const SHAPES: [(usize, usize); 5] =
    [(1_000_000, 8), (10_000, 1_000), (100, 100_000), (4, 4_000_000), (1_000, 1_000)];

impl Workload {
    pub fn family(&self) -> Family {
        match self {
            Self::Interp { .. } => Family::Interp,
            Self::Average { .. } => Family::Average,
            Self::Overhead { .. } => Family::Overhead,
        }
    }

    /// Each input read once and each output written once. Nothing for what is not about memory.
    pub fn bytes(&self) -> usize {
        match *self {
            Self::Interp { ty, tables, knots, queries, .. } => tables * (2 * queries + 2 * knots) * ty.bytes(),
            Self::Average { ty, rows, columns, axis, full } => {
                let (lines, places) = if axis == 1 { (rows, columns) } else { (columns, rows) };
                let weights = if full { rows * columns } else { places };
                (rows * columns + weights + lines) * ty.bytes()
            }
            Self::Overhead { what: Overhead::Dispatch | Overhead::Dispatches } => 0,
            Self::Overhead { .. } => TRANSFER,
        }
    }

    /// Queries, or elements of the matrix.
    pub fn elements(&self) -> usize {
        match *self {
            Self::Interp { tables, queries, .. } => tables * queries,
            Self::Average { rows, columns, .. } => rows * columns,
            Self::Overhead { what: Overhead::Dispatches } => DISPATCHES,
            Self::Overhead { what: Overhead::Dispatch } => 1,
            Self::Overhead { .. } => TRANSFER / 4,
        }
    }

    pub fn ty(&self) -> Type {
        match *self {
            Self::Interp { ty, .. } | Self::Average { ty, .. } => ty,
            Self::Overhead { .. } => Type::F32,
        }
    }
}
