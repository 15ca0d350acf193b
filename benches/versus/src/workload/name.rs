//! What workloads are called: everything that names one, for whomever, is here.
//!
//! The name is a path, such as `interp/f32/1024/random/sorted/1e6` (knots, their spacing, order of the queries,
//! queries) or `average/f32/10000x1000/axis1/full`: results are looked up by it, and `--workloads` matches it. Titles
//! and labels say the same in words, for headings and for the lanes of charts.

use super::{DISPATCHES, Overhead, Spacing, Type, Workload};

impl Workload {
    /// The name by which a workload is asked for, found in the results, and written about.
    pub fn name(&self) -> String {
        match *self {
            Self::Interp { ty, tables: 1, knots, spacing, sorted, queries } => {
                let order = if sorted { "sorted" } else { "random" };
                format!("interp/{}/{knots}/{}/{order}/{}", ty.name(), spacing.name(), short(queries))
            }
            Self::Interp { ty, tables, knots, queries, .. } => {
                format!("tables/{}/{tables}x{knots}/{}", ty.name(), short(queries))
            }
            Self::Average { ty, rows, columns, axis, full } => {
                let weights = if full { "full" } else { "1d" };
                format!("average/{}/{rows}x{columns}/axis{axis}/{weights}", ty.name())
            }
            Self::Overhead { what } => match what {
                Overhead::Dispatch => "overhead/operation".into(),
                Overhead::Dispatches => "overhead/100-operations".into(),
                Overhead::Upload => "overhead/upload-64MB".into(),
                Overhead::Readback => "overhead/readback-64MB".into(),
                Overhead::IntoReadback => "overhead/into_readback-64MB".into(),
            },
        }
    }

    /// The name as a heading, in words.
    pub fn title(&self) -> String {
        match *self {
            Self::Interp { ty, tables: 1, knots, spacing, sorted, queries } => format!(
                "interp, {}: {} {} queries, {} {} knots",
                ty.name(),
                grouped(queries),
                if sorted { "sorted" } else { "random" },
                grouped(knots),
                match spacing {
                    Spacing::Even => "even",
                    Spacing::Random => "random",
                    Spacing::Logarithmic => "logarithmic",
                }
            ),
            Self::Interp { ty, tables, knots, queries, .. } => format!(
                "interp, {}: {} tables of {} random knots, {} queries each",
                ty.name(),
                grouped(tables),
                grouped(knots),
                grouped(queries)
            ),
            Self::Average { ty, rows, columns, axis, full } => format!(
                "average, {}: {} x {} along axis {axis}, weights {}",
                ty.name(),
                grouped(rows),
                grouped(columns),
                if full { "of the matrix's shape" } else { "1-D" }
            ),
            Self::Overhead { what } => match what {
                Overhead::Dispatch => "overhead: an operation on a tiny array, and waiting for it".into(),
                Overhead::Dispatches => format!("overhead: {DISPATCHES} operations on tiny arrays, and waiting once"),
                Overhead::Upload => "overhead: 64 MB to the device".into(),
                Overhead::Readback => "overhead: 64 MB to where the host can look at them".into(),
                Overhead::IntoReadback => "overhead: 64 MB to the host, the array given up".into(),
            },
        }
    }

    /// What its memory is called beside its times.
    pub fn memory_name(&self) -> String {
        format!("memory/{}", self.name())
    }

    /// The name without the number of queries of one table: workloads that differ in that alone share it.
    pub fn name_without_queries(&self) -> String {
        let name = self.name();
        match (self, name.rsplit_once('/')) {
            (Self::Interp { .. }, Some((rest, _))) => rest.to_owned(),
            _ => name,
        }
    }

    /// The title as short as a lane of a chart takes it.
    pub fn label(&self) -> String {
        match *self {
            Self::Interp { ty, tables: 1, knots, spacing, sorted, queries } => {
                let order = if sorted { ", sorted" } else { "" };
                let ty = if ty == Type::F64 { "f64, " } else { "" };
                format!("{ty}{} {} knots, {}{order}", grouped(knots), spacing.name(), queries_short(queries))
            }
            Self::Interp { tables, knots, queries, .. } => {
                format!("{} tables of {}, {} each", grouped(tables), grouped(knots), queries_short(queries))
            }
            Self::Average { ty, rows, columns, axis, full } => {
                let ty = if ty == Type::F64 { "f64, " } else { "" };
                let weights = if full { ", full weights" } else { "" };
                format!("{ty}{} × {}, axis {axis}{weights}", grouped(rows), grouped(columns))
            }
            Self::Overhead { .. } => self.name(),
        }
    }
}

fn queries_short(queries: usize) -> String {
    match queries {
        queries if queries >= 1_000_000 => format!("{} M queries", queries / 1_000_000),
        queries if queries >= 1_000 => format!("{} k queries", queries / 1_000),
        queries => format!("{queries} queries"),
    }
}

/// `1e6` for a power of ten, else the digits.
fn short(count: usize) -> String {
    let power = count.ilog10();
    if count == 10_usize.pow(power) { format!("1e{power}") } else { count.to_string() }
}

/// `1,000,000`.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Workload, grouped};

    #[test]
    fn names_are_unique_and_short_runs_are_part_of_long_ones() {
        let all: Vec<_> = Workload::all().iter().map(Workload::name).collect();
        let unique: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(all.len(), unique.len());
        assert_eq!(grouped(1_234_567), "1,234,567");
        for workload in Workload::quick() {
            assert!(all.contains(&workload.name()), "{}", workload.name());
        }
    }
}
