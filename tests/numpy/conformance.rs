//! Every case of `tests/conformance/*.jsonl`, in every manner. A case passes, fails, or is in [`DIFFERENCES`]; none is
//! left out. `NDGPU_CONFORMANCE_DIR` names more directories of cases, as `PATH` does.

use std::path::{Path, PathBuf};

use ndarray::arr1;
use ndgpu::{ErrorKind, Order};

use crate::support::corpus::case::{Case, Expect};
use crate::support::corpus::judge::{judge, judge_against, same};
use crate::support::corpus::perform::{Manner, Outcome, TableFrom, When, perform};
use crate::support::corpus::tally::Verdict;
use crate::support::corpus::{data_folder, run_cases};
use crate::support::engines::{Configuration, configurations};
use crate::support::layout::Layout;
use crate::support::ways::Way;

/// A case in which the crate does not do what NumPy does, on purpose.
struct Difference {
    /// The case's name, or what the names of several begin with.
    id: &'static str,
    instead: Instead,
    reason: &'static str,
}

/// What it does instead. That it does so, and that this is not NumPy's answer, is checked for every case.
enum Instead {
    /// The other answer that the case records.
    Alternative,
    /// `Order::Check`, the default, refuses the table. Trusted (`Order::Assume`), it gives NumPy's answer.
    NotSorted,
    /// NumPy raises an error. Here the types leave no way to make the call.
    CannotBeSaid,
}

/// All deliberate differences.
const DIFFERENCES: &[Difference] = &[
    Difference {
        id: "interp/issue/np13555",
        instead: Instead::Alternative,
        reason: "a NaN query gives NaN, also in a table of one point, where NumPy gives that point's value",
    },
    Difference {
        id: "interp/np/empty/all_period",
        instead: Instead::Alternative,
        reason: "an empty table is an error, also if nothing is asked of it; NumPy before 2.5 said so too",
    },
    Difference {
        id: "avg/own/empty/0x3_axis1",
        instead: Instead::Alternative,
        reason: "the mean along a row of an array without rows is an empty array; NumPy divides 0 by 0 and raises",
    },
    Difference {
        id: "interp/own/unsorted/",
        instead: Instead::NotSorted,
        reason: "unsorted knots are an error unless the caller vouches for them; NumPy returns nonsense in silence",
    },
    Difference {
        id: "interp/np/non_finite_any_nan/1",
        instead: Instead::NotSorted,
        reason: "a NaN among the knots is an error unless the caller vouches for them; NumPy does not look",
    },
    Difference {
        id: "ss/own/bad_side",
        instead: Instead::CannotBeSaid,
        reason: "Side is Left or Right, so that there is no wrong one to be refused",
    },
    Difference {
        id: "ss/np/sorter_",
        instead: Instead::CannotBeSaid,
        reason: "Knots take no sorter: the caller sorts, once, and an index that is out of range fails there",
    },
];

/// Cases whose arithmetic meets numbers below the smallest normal one, on the way if not at either end. A device that
/// takes those for zero gives something else: right in shape, no error, and not NumPy's answer.
const NEEDS_SUBNORMALS: &[(&str, &str)] = &[
    ("interp/own/denorm/", "knots, values or slopes are subnormal"),
    ("interp/own/huge/span_ok", "the slope, of values of 1 on knots 1e38 apart, is subnormal"),
];

#[test]
fn answers_are_those_of_numpy() {
    let cases = read_cases();
    let listed = DIFFERENCES.iter().map(|difference| difference.id).chain(NEEDS_SUBNORMALS.iter().map(|(id, _)| *id));
    for id in listed {
        assert!(cases.iter().any(|case| case.id.starts_with(id)), "no case is named {id}, but it is listed");
    }
    run_cases("conformance", &cases, |configuration, case| {
        verdict(configuration, case, &perform(configuration, case, Manner::default()))
    });
}

/// Runs all cases in another manner, which must not show in any bit.
fn unchanged(title: &str, manner: Manner) {
    run_cases(title, &read_cases(), |configuration, case| {
        let plain = perform(configuration, case, Manner::default());
        same(&plain, &perform(configuration, case, manner)).into()
    });
}

#[test]
fn layouts_and_ways_back_change_nothing() {
    let manner = Manner { layout: Layout::Scattered, give_up: true, ..Manner::default() };
    unchanged("conformance, scattered host arrays and results given up", manner);
}

/// Captured over other values and replayed over those of the case.
#[test]
fn plans_change_nothing() {
    unchanged("conformance, in plans", Manner { way: Way::Plan, ..Manner::default() });
}

/// Tables made of device arrays answer as those made of host arrays, and knots out of order are refused, with the data.
#[test]
fn tables_from_the_device_answer_alike() {
    let from_device = Manner { table: TableFrom::Device, ..Manner::default() };
    let cases = read_cases();
    let interpolates = |case: &&Case| case.op == "interp";
    run_cases("conformance, tables from device arrays", cases.iter().filter(interpolates), |configuration, case| {
        let outcome = perform(configuration, case, from_device);
        match difference_of(case) {
            Some(Difference { instead: Instead::NotSorted, .. }) => match refused_as_unsorted(&outcome) {
                Some(When::WithTheData) => Verdict::Differs,
                _ => Verdict::Failed(format!("expected NotSorted with the data, got {outcome:?}")),
            },
            _ => verdict(configuration, case, &outcome),
        }
    });
}

/// The configuration without f64 is what it says.
#[test]
fn a_device_without_f64_refuses_it() {
    let devices = configurations().iter().map(Configuration::device);
    let without_f64: Vec<_> = devices.filter(|device| !device.info().supports_f64).collect();
    assert!(!without_f64.is_empty(), "one configuration is meant to have no f64");
    for device in without_f64 {
        let refused = device.upload(&arr1(&[1.0_f64])).map(|_| ()).map_err(|error| error.kind());
        assert_eq!(refused, Err(ErrorKind::UnsupportedElement), "{device:?}");
    }
}

fn verdict(configuration: &Configuration, case: &Case, outcome: &Outcome) -> Verdict {
    let judged = judge(case, configuration.precision, outcome);
    let needs_subnormals = NEEDS_SUBNORMALS.iter().any(|(id, _)| case.id.starts_with(id));
    if judged.is_err() && needs_subnormals && configuration.flushes_subnormals() {
        let any = judge_against(&[&Expect::Unspecified], case, configuration.precision, outcome);
        return any.map_or_else(Verdict::Failed, |()| Verdict::Differs);
    }
    let Some(difference) = difference_of(case) else { return judged.into() };
    if judged.is_ok() {
        return Verdict::Failed(format!(
            "is as in NumPy, but listed as a difference ({}): take it out of the list",
            difference.reason
        ));
    }
    let instead = match difference.instead {
        Instead::Alternative => match &case.alternative {
            Some(alternative) => judge_against(&[alternative], case, configuration.precision, outcome),
            None => Err("the case records no alternative".into()),
        },
        Instead::NotSorted => match refused_as_unsorted(outcome) {
            Some(When::InTheCall) => {
                let trusting = Manner { table: TableFrom::Host(Order::Assume), ..Manner::default() };
                judge(case, configuration.precision, &perform(configuration, case, trusting))
                    .map_err(|why| format!("with Order::Assume: {why}"))
            }
            _ => Err(format!("expected NotSorted in the call, got {outcome:?}")),
        },
        Instead::CannotBeSaid => match outcome {
            Outcome::CannotBeSaid(_) => Ok(()),
            _ => Err(format!("expected that there is no such call, got {outcome:?}")),
        },
    };
    match instead {
        Ok(()) => Verdict::Differs,
        Err(why) => Verdict::Failed(format!("a difference, but not the one that is listed: {why}")),
    }
}

fn difference_of(case: &Case) -> Option<&'static Difference> {
    DIFFERENCES.iter().find(|difference| case.id.starts_with(difference.id))
}

fn refused_as_unsorted(outcome: &Outcome) -> Option<When> {
    match outcome {
        Outcome::Refused { error, when } if matches!(error.kind(), ErrorKind::NotSorted { .. }) => Some(*when),
        _ => None,
    }
}

/// All cases of the directories, in the order of their files' names.
fn read_cases() -> Vec<Case> {
    let mut directories = vec![data_folder("conformance")];
    if let Some(more) = std::env::var_os("NDGPU_CONFORMANCE_DIR") {
        directories.extend(std::env::split_paths(&more));
    }
    directories.iter().flat_map(|directory| read_directory(directory)).collect()
}

fn read_directory(directory: &Path) -> Vec<Case> {
    let shown = directory.display();
    let entries =
        std::fs::read_dir(directory).unwrap_or_else(|error| panic!("no conformance cases in {shown}: {error}"));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap_or_else(|error| panic!("{shown}: {error}")).path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no conformance cases in {shown}: there is no *.jsonl");
    files.iter().flat_map(|file| read_file(file)).collect()
}

fn read_file(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |line: &str| Case::from_record(&serde_json::from_str(line).map_err(|error| error.to_string())?);
    lines
        .map(|(number, line)| read(line).unwrap_or_else(|why| panic!("{}:{}: {why}", path.display(), number + 1)))
        .collect()
}
