//! Which workloads there are, at which sizes.

use serde_json::{Value, json};

use crate::findings::Bound;
use crate::workload::name::grouped;
use crate::workload::{Family, Spacing, Type, Workload};

/// How large.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    Hardware,
    /// A software rasteriser, which takes a hundred times as long.
    Software,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    Sum,
    Var,
    Min,
}

impl Reduction {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Var => "var",
            Self::Min => "min",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Task {
    /// As benches/versus has it.
    Versus(Workload),
    /// Along the rows.
    Reduce(Reduction, usize, usize),
    /// Of rows.
    Standardize(usize, usize),
    /// Queries among random knots.
    Searchsorted { knots: usize, queries: usize },
    /// Of so many rows and columns, which differ: weights of the shape of what they weigh are not transposed.
    Transpose(usize, usize),
}

#[derive(Clone, Debug)]
pub struct Case {
    /// What the predictions call it.
    pub key: Option<&'static str>,
    pub task: Task,
}

/// Everything, what is predicted first: it is what must not be missing where time is short.
pub fn all(scale: Scale) -> Vec<Case> {
    let mut all = keyed(scale);
    for workload in Workload::all() {
        if workload.family() == Family::Overhead {
            continue;
        }
        let task = Task::Versus(match scale {
            Scale::Hardware => workload,
            Scale::Software => shrunk(workload),
        });
        // Shrunk ones come out alike.
        if all.iter().all(|case| case.task != task) {
            all.push(Case { key: None, task });
        }
    }
    all
}

/// One for each key of the predictions: 256 MB of a matrix, 32 million queries.
pub fn keyed(scale: Scale) -> Vec<Case> {
    let hardware = scale == Scale::Hardware;
    let rows = if hardware { 64_000 } else { 10_000 };
    let queries = if hardware { 32_000_000 } else { 1_000_000 };
    let average = |ty, rows, columns, axis| Task::Versus(Workload::Average { ty, rows, columns, axis, full: false });
    let interp = |ty, knots, spacing, queries| {
        Task::Versus(Workload::Interp { ty, tables: 1, knots, spacing, sorted: false, queries })
    };
    let (even, random) = (Spacing::Even, Spacing::Random);
    let (tall, wide) = if hardware { (16_000, 4_000) } else { (4_000, 1_000) };
    let cases = [
        ("average_f32_rows", average(Type::F32, rows, 1_000, 1)),
        ("average_f32_short_rows", average(Type::F32, 125 * rows, 8, 1)),
        ("average_f32_columns", average(Type::F32, rows, 1_000, 0)),
        ("average_f64_rows", average(Type::F64, rows / 2, 1_000, 1)),
        ("average_f64_columns", average(Type::F64, rows / 2, 1_000, 0)),
        ("sum_f32_rows", Task::Reduce(Reduction::Sum, rows, 1_000)),
        ("var_f32_rows", Task::Reduce(Reduction::Var, rows, 1_000)),
        ("min_f32_rows", Task::Reduce(Reduction::Min, rows, 1_000)),
        ("standardize_f32", Task::Standardize(rows, 1_000)),
        ("interp_f32_even", interp(Type::F32, 1_024, even, queries)),
        ("interp_f32_random_1024", interp(Type::F32, 1_024, random, queries)),
        ("interp_f32_random_65536", interp(Type::F32, 65_536, random, queries)),
        ("interp_f64_random_65536", interp(Type::F64, 65_536, random, queries / 2)),
        ("searchsorted_f32", Task::Searchsorted { knots: 65_536, queries }),
        ("transpose_f32", Task::Transpose(tall, wide)),
    ];
    cases.map(|(key, task)| Case { key: Some(key), task }).into()
}

/// A tenth of ten million, and of the longer side of a matrix.
fn shrunk(workload: Workload) -> Workload {
    match workload {
        Workload::Interp { ty, tables, knots, spacing, sorted, queries } => {
            let most = 1_000_000 / tables;
            Workload::Interp { ty, tables, knots, spacing, sorted, queries: queries.min(most) }
        }
        Workload::Average { ty, rows, columns, axis, full } if rows * columns > 1_000_000 => {
            let (rows, columns) = if rows > columns { (rows / 10, columns) } else { (rows, columns / 10) };
            Workload::Average { ty, rows, columns, axis, full }
        }
        other => other,
    }
}

impl Case {
    pub fn name(&self) -> String {
        match self.task {
            Task::Versus(workload) => workload.name(),
            Task::Reduce(what, rows, columns) => format!("{}/f32/{rows}x{columns}/axis1", what.name()),
            Task::Standardize(rows, columns) => format!("standardize/f32/{rows}x{columns}/axis1"),
            Task::Searchsorted { knots, queries } => format!("searchsorted/f32/{knots}/random/{queries}"),
            Task::Transpose(rows, columns) => format!("transpose/f32/{rows}x{columns}"),
        }
    }

    pub fn title(&self) -> String {
        match self.task {
            Task::Versus(workload) => match workload.family() {
                Family::Average => format!("average, {}", label(workload)),
                _ => format!("interp, {}", label(workload)),
            },
            Task::Reduce(what, rows, columns) => {
                format!("{}, {} × {}, axis 1", what.name(), grouped(rows), grouped(columns))
            }
            Task::Standardize(rows, columns) => format!("standardize, {} × {}", grouped(rows), grouped(columns)),
            Task::Searchsorted { knots, queries } => {
                format!("searchsorted, {} knots, {} queries", grouped(knots), grouped(queries))
            }
            Task::Transpose(rows, columns) => format!("transpose, {} × {}", grouped(rows), grouped(columns)),
        }
    }

    /// Under which heading.
    pub fn group(&self) -> &'static str {
        if self.key.is_some() {
            return "Predicted";
        }
        match self.task {
            Task::Versus(workload) if workload.family() == Family::Average => "Averages",
            _ => "Interpolation",
        }
    }

    pub fn ty(&self) -> Type {
        match self.task {
            Task::Versus(workload) => workload.ty(),
            _ => Type::F32,
        }
    }

    pub fn bytes(&self) -> usize {
        match self.task {
            Task::Versus(workload) => workload.bytes(),
            Task::Reduce(_, rows, columns) => 4 * (rows * columns + rows),
            Task::Standardize(rows, columns) => 2 * 4 * rows * columns,
            Task::Searchsorted { knots, queries } => 4 * (knots + 2 * queries),
            Task::Transpose(rows, columns) => 2 * 4 * rows * columns,
        }
    }

    pub fn elements(&self) -> usize {
        match self.task {
            Task::Versus(workload) => workload.elements(),
            Task::Reduce(_, rows, columns) | Task::Standardize(rows, columns) => rows * columns,
            Task::Searchsorted { queries, .. } => queries,
            Task::Transpose(rows, columns) => rows * columns,
        }
    }

    pub fn bound(&self) -> Bound {
        match self.task {
            Task::Versus(workload) if workload.family() == Family::Average => Bound::Read,
            Task::Reduce(..) => Bound::Read,
            _ => Bound::Copy,
        }
    }

    /// Of a table larger than its queries most may never be looked at.
    pub fn moves_all(&self) -> bool {
        match self.task {
            Task::Versus(Workload::Interp { knots, queries, .. }) => knots < queries,
            Task::Searchsorted { knots, queries } => knots < queries,
            _ => true,
        }
    }

    pub fn note(&self) -> Option<&'static str> {
        match self.task {
            Task::Transpose(..) => {
                Some("an average whose weights are transposed for it, less the same of what lies right")
            }
            _ => None,
        }
    }

    /// For the peers in Python, beside the folder of the inputs.
    pub fn to_json(&self) -> Value {
        match self.task {
            Task::Versus(workload) => json!(workload),
            Task::Reduce(what, ..) => json!({"kind": "reduce", "ty": "f32", "what": what.name(), "axis": 1}),
            Task::Standardize(..) => json!({"kind": "standardize", "ty": "f32", "axis": 1}),
            Task::Searchsorted { .. } => json!({"kind": "searchsorted", "ty": "f32"}),
            Task::Transpose(..) => json!({"kind": "transpose", "ty": "f32"}),
        }
    }
}

/// With the type, which versus leaves out for f32, where it could be taken for the other.
fn label(workload: Workload) -> String {
    let label = workload.label();
    label.strip_prefix("f64, ").map_or(label.clone(), |rest| format!("f64: {rest}"))
}

#[cfg(test)]
mod tests {
    use super::{Scale, all, keyed};

    const KEYS: [&str; 15] = [
        "average_f32_rows",
        "average_f32_short_rows",
        "average_f32_columns",
        "average_f64_rows",
        "average_f64_columns",
        "sum_f32_rows",
        "var_f32_rows",
        "min_f32_rows",
        "standardize_f32",
        "interp_f32_even",
        "interp_f32_random_1024",
        "interp_f32_random_65536",
        "interp_f64_random_65536",
        "searchsorted_f32",
        "transpose_f32",
    ];

    #[test]
    fn every_key_has_a_workload_and_every_workload_a_name() {
        for scale in [Scale::Hardware, Scale::Software] {
            let keys: Vec<_> = keyed(scale).into_iter().filter_map(|case| case.key).collect();
            assert_eq!(keys, KEYS);
            let mut names: Vec<_> = all(scale).iter().map(|case| case.name()).collect();
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count);
        }
        assert!(all(Scale::Software).len() < all(Scale::Hardware).len());
        let small = |case: &super::Case| case.bytes() <= 100_000_000;
        assert!(all(Scale::Software).iter().all(small));
    }
}
