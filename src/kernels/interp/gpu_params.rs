//! What the kernels that look queries up are told: parameters and flags, whoever wants the results.

use crate::engine::gpu::wgsl::{constants, params, shared_struct};
use crate::float::scalar::Scalar;
use crate::kernels::interp::op::{InterpArgs, TableData};
use crate::kernels::search::gpu::TableParameters;

params! {
    pub(crate) struct InterpParameters {
        table: TableParameters,
        rules: RuleParameters,
        /// Of this dispatch.
        rows: u32,
        /// Queries a row in this dispatch.
        columns: u32,
        /// The table of the first row.
        first_row: u32,
        method: u32,
        /// Where the queries and the output begin in their windows.
        query_offset: u32,
        output_offset: u32,
    }
    needs TableParameters, RuleParameters
}

shared_struct! {
    /// What a table returns beside its values, and its period.
    pub(crate) struct RuleParameters {
        left: [u32; 2],
        right: [u32; 2],
        period: [u32; 2],
        nan: [u32; 2],
    }
}

impl RuleParameters {
    pub fn of(table: &TableData) -> Self {
        let rules = &table.rules;
        let words = |value: Option<Scalar>| value.unwrap_or_default().0;
        Self { left: words(rules.left), right: words(rules.right), period: words(rules.period), nan: table.dtype.nan() }
    }
}

const FLAG_LEFT: u32 = 1;
const FLAG_RIGHT: u32 = 2;
const FLAG_SHARED_QUERIES: u32 = 4;
const FLAG_EXTENDED_LEFT: u32 = 8;
const FLAG_EXTENDED_RIGHT: u32 = 16;
/// The knots of a table end before the first NaN behind them, if there is one.
const FLAG_RAGGED: u32 = 32;
/// Every row has its queries in the same segments.
const FLAG_SHARED_CELLS: u32 = 64;

/// The flags of a lookup, as shaders know them.
pub(crate) fn flags() -> &'static str {
    constants! {
        FLAG_LEFT = FLAG_LEFT,
        FLAG_RIGHT = FLAG_RIGHT,
        FLAG_SHARED_QUERIES = FLAG_SHARED_QUERIES,
        FLAG_EXTENDED_LEFT = FLAG_EXTENDED_LEFT,
        FLAG_EXTENDED_RIGHT = FLAG_EXTENDED_RIGHT,
        FLAG_RAGGED = FLAG_RAGGED,
        FLAG_SHARED_CELLS = FLAG_SHARED_CELLS,
    }
}

/// What the shaders of a table's lookups are told of their rules.
pub(crate) fn flags_of(args: &InterpArgs) -> u32 {
    let rules = &args.table.rules;
    let flags = [
        (rules.left.is_some(), FLAG_LEFT),
        (rules.right.is_some(), FLAG_RIGHT),
        (args.shared_queries, FLAG_SHARED_QUERIES),
        (rules.extended().0, FLAG_EXTENDED_LEFT),
        (rules.extended().1, FLAG_EXTENDED_RIGHT),
        (rules.ragged, FLAG_RAGGED),
        (args.shares_cells(), FLAG_SHARED_CELLS),
    ];
    flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum()
}
