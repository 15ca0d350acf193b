//! Every public method of the types that data go through is in the list of operations, or among those that are none.
//!
//! The methods are read from the crate's source, wherever its files lie: those of `impl` blocks, and those whose names
//! are given to a macro that writes such blocks.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::flows::{OTHERS, flows};

/// The types whose methods have to be listed.
const TYPES: [&str; 4] = ["DeviceArray", "SkipNan", "InterpTable", "Knots"];

#[test]
fn no_operation_is_left_out() {
    let mut public = BTreeSet::new();
    methods_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut public);
    let mut listed: BTreeSet<String> =
        flows::<f32>().iter().flat_map(|flow| flow.methods.split(' ')).map(str::to_owned).collect();
    // An implementation of a trait.
    assert!(listed.remove("DeviceArray::clone"));
    for (methods, _) in OTHERS {
        let (of, methods) = methods.split_once("::").unwrap();
        listed.extend(methods.split(' ').map(|method| format!("{of}::{method}")));
    }
    let missing: Vec<_> = public.difference(&listed).collect();
    assert!(missing.is_empty(), "add these to the operations of tests/support/flows.rs: {missing:?}");
    let gone: Vec<_> = listed.difference(&public).collect();
    assert!(gone.is_empty(), "these are not in the crate any more: {gone:?}");
}

fn methods_in(folder: &Path, public: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            methods_in(&path, public);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            methods_of(&std::fs::read_to_string(&path).unwrap(), public);
        }
    }
}

/// Adds the public methods of inherent implementations, as `Type::method`.
///
/// A macro that writes such an implementation says so by the block in its definition, `impl<..> Type<..> {`, in which
/// the name of a method is a variable, `$(pub fn $name`; the names are then those that follow `fn` where the macro is
/// called in the same file.
fn methods_of(text: &str, public: &mut BTreeSet<String>) {
    let (mut block, mut writes) = (None, None);
    let mut calls = false;
    for line in text.lines() {
        let (indent, code) = (line.len() - line.trim_start().len(), line.trim_start().trim_start_matches("$("));
        if code.starts_with("impl") {
            block = inherent(code).map(|of| (of, indent));
        } else if code == "}" && block.is_some_and(|(_, begin)| begin == indent) {
            block = None;
        }
        calls = if indent > 0 {
            calls
        } else {
            writes.is_some() && code.contains("! {") && !code.starts_with("macro_rules")
        };
        let Some(name) = code.split_once("fn ").map(|(_, rest)| rest.split(['<', '(', ' ']).next().unwrap_or(rest))
        else {
            continue;
        };
        match block {
            Some((of, _)) if code.starts_with("pub fn $") => writes = Some(of),
            Some((of, begin)) if code.starts_with("pub fn ") && indent == begin + 4 => {
                public.insert(format!("{of}::{name}"));
            }
            None if calls && (code.starts_with("fn ") || code.starts_with("pub fn ")) => {
                let of = writes.expect("a macro that writes methods");
                public.insert(format!("{of}::{name}"));
            }
            _ => {}
        }
    }
}

/// The type of which this line begins an inherent implementation, if it is one of ours.
fn inherent(code: &str) -> Option<&'static str> {
    let is_ours = |of: &&str| code.contains(&format!("{of}<")) && !code.contains(" for ");
    TYPES.into_iter().find(is_ours)
}

#[test]
fn methods_are_found_wherever_they_are_written() {
    let text = "
impl<T: Float> Knots<T> {
    /// Not `fn this`.
    pub fn len(&self) -> usize {
        fn inner() {}
        0
    }
    fn hidden(&self) {}
}
impl<T> Clone for Knots<T> {
    pub fn clone(&self) {}
}
impl<T> Other<T> {
    pub fn other(&self) {}
}
macro_rules! reductions {
    ($($name:ident)*) => {
        impl<T: Float, D: Dimension> SkipNan<'_, T, D> {
            $(pub fn $name(&self) -> Result<()> { todo!() })*
            pub fn written(&self) {}
        }
    };
}
reductions! {
    /// The sum.
    fn sum_axis(axis: Axis);
    pub fn mean(ddof: T);
}
";
    let mut found = BTreeSet::new();
    methods_of(text, &mut found);
    let found: Vec<_> = found.iter().map(String::as_str).collect();
    assert_eq!(found, ["Knots::len", "SkipNan::mean", "SkipNan::sum_axis", "SkipNan::written"]);
}
