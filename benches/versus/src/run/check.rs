//! Whether a result is right: compared place by place with what plain f64 arithmetic says.

use std::path::Path;

use ndarray::Array1;
use ndarray_npy::ReadNpyExt;
use rayon::prelude::*;

use crate::outcome::{Outcome, told};
use crate::results::Verdict;
use crate::workload::Type;

/// A result as a peer wrote it.
pub enum Found {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Found {
    pub fn read(path: &Path) -> Outcome<Self> {
        let open = || std::fs::File::open(path).map(|file| std::io::BufReader::with_capacity(1 << 20, file));
        // The header says which of the two it is.
        match Array1::<f32>::read_npy(open().map_err(told)?) {
            Ok(values) => Ok(Self::F32(values.into_raw_vec_and_offset().0)),
            Err(_) => {
                let values = Array1::<f64>::read_npy(open().map_err(told)?).map_err(told)?;
                Ok(Self::F64(values.into_raw_vec_and_offset().0))
            }
        }
    }

    pub fn same_bits(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::F64(ours), Self::F64(theirs)) => {
                let equal = ours.par_iter().zip(theirs).all(|(ours, theirs)| ours.to_bits() == theirs.to_bits());
                Some(ours.len() == theirs.len() && equal)
            }
            _ => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    fn at(&self, place: usize) -> f64 {
        match self {
            Self::F32(values) => values[place].into(),
            Self::F64(values) => values[place],
        }
    }
}

/// The verdict, and the largest error: relative, or absolute where less than 1 is expected.
pub fn judge(found: &Found, expected: &[f64], ty: Type) -> (Verdict, Option<f64>) {
    if found.len() != expected.len() {
        return (Verdict::Wrong(format!("{} results instead of {}", found.len(), expected.len())), None);
    }
    let error = |place: usize| {
        let error = (found.at(place) - expected[place]).abs() / expected[place].abs().max(1.0);
        if error.is_nan() { f64::INFINITY } else { error }
    };
    let worst = (0..expected.len()).into_par_iter().map(|place| (error(place), place));
    let Some((error, place)) = worst.max_by(|a, b| a.0.total_cmp(&b.0)) else { return (Verdict::Right, None) };
    let (right, coarse) = match ty {
        Type::F32 => (1e-5, 1e-3),
        Type::F64 => (1e-12, 1e-9),
    };
    let verdict = if error <= right {
        Verdict::Right
    } else if error <= coarse {
        Verdict::Coarse
    } else {
        let (found, expected) = (found.at(place), expected[place]);
        Verdict::Wrong(format!("{found:.7} instead of {expected:.7} at {place}"))
    };
    (verdict, Some(error))
}

#[cfg(test)]
mod tests {
    use super::{Found, judge};
    use crate::results::Verdict;
    use crate::workload::Type;

    #[test]
    fn results_are_judged_by_their_worst_place() {
        let verdict = |values: Vec<f32>| judge(&Found::F32(values), &[1.0, 200.0], Type::F32).0;
        assert!(verdict(vec![1.0, 200.001]) == Verdict::Right);
        assert!(verdict(vec![1.0, 200.01]) == Verdict::Coarse);
        for wrong in [vec![1.0, 201.0], vec![1.0, f32::NAN], vec![1.0]] {
            assert!(matches!(verdict(wrong), Verdict::Wrong(_)));
        }
    }
}
