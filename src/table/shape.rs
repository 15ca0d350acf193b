//! The number of tables, and of knots in each, that the shapes of knots and values define.

use crate::error::{Error, ErrorKind, Result};

/// The number of tables, and of knots in each.
#[derive(Clone, Copy)]
pub(crate) struct TableShape {
    /// Knots of a table as the caller gave them.
    pub given_knots: usize,
    /// Sets of values: 1, or the number of tables.
    pub tables: usize,
}

impl TableShape {
    /// `xp` is `[n]` or `[tables, n]`, and so is `fp`; knots may be shared. `[1, n]` is as good as `[n]`.
    pub fn of(xp: &[usize], fp: &[usize]) -> Result<Self> {
        let (knot_tables, knots) = rows("xp", xp)?;
        let (value_tables, values) = rows("fp", fp)?;
        let fits = knots == values && (knot_tables == value_tables || xp.len() == 1);
        if !fits {
            return Err(Error::shape(format!(
                "xp of shape {xp:?} and fp of shape {fp:?} do not make a table; both are [n], or xp is [n] or \
                 [tables, n] and fp is [tables, n]"
            )));
        }
        if knots == 0 || value_tables == 0 {
            return Err(Error::new(
                ErrorKind::EmptyTable,
                format!("a table needs at least one knot, but xp has shape {xp:?} and fp {fp:?}"),
            ));
        }
        let cells = (value_tables as u64).saturating_mul(values as u64);
        if cells >= u64::from(u32::MAX) {
            return Err(Error::new(
                ErrorKind::TooLarge { bytes: cells.saturating_mul(4), limit: u64::from(u32::MAX) * 4 },
                format!("fp of shape {fp:?} has {cells} values, but tables hold fewer than 2^32; split them"),
            ));
        }
        Ok(Self { given_knots: knots, tables: value_tables })
    }
}

/// The number of tables that a shape means, and of knots in each.
pub(crate) fn rows(name: &str, shape: &[usize]) -> Result<(usize, usize)> {
    match *shape {
        [knots] => Ok((1, knots)),
        [tables, knots] => Ok((tables, knots)),
        _ => Err(Error::dimensions(format!("{name} has shape {shape:?}, but it must be [n] or [tables, n]"))),
    }
}
