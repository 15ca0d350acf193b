//! One word for one thing: names that were given up for the field's own do not come back.

use std::fs;
use std::path::Path;

/// Each with what is said instead; the glossary in docs/DESIGN.md has what the words mean.
const RETIRED: &[(&str, &str)] = &[
    ("places", "indices along an axis, elements, positions"),
    ("lines", "rows, and outputs for their number"),
    ("Finish", "Reduction"),
    ("spread", "variance"),
    ("Weighing", "Weights"),
    ("WeightLayout", "Weights"),
    ("Looked", "PreparedQueries"),
    ("Regime", "Strategy"),
    ("regime", "strategy"),
    ("Facts", "DeviceCaps"),
    ("Landing", "PendingMap"),
    ("Watched", "ScopedDevice"),
    ("Shelf", "LruPool"),
    ("Tape", "DispatchLog"),
    ("Taped", "LoggedDispatch"),
    ("Commands", "Encoder"),
    ("Account", "Footprint"),
    ("share", "parallel_for"),
    ("room_for", "try_with_capacity"),
    ("ExtremePlace", "ExtremeIndex"),
];

/// The names in the code of a line: what comes before a comment, without strings, and without what comes after a dot,
/// which may be the name of a method of somebody else's.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    let outside_strings = code.split('"').step_by(2);
    let names = outside_strings.flat_map(|code| code.split(|one: char| !one.is_alphanumeric() && !"_.".contains(one)));
    names.map(|name| name.split('.').next().unwrap_or_default())
}

fn retired(text: &str) -> Vec<(usize, &str)> {
    let numbered = text.lines().enumerate();
    numbered
        .flat_map(|(index, line)| words(line).map(move |word| (index + 1, word)))
        .filter(|(_, word)| RETIRED.iter().any(|(name, _)| name == word))
        .collect()
}

fn visit(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "wgsl") {
            let text = fs::read_to_string(&path).unwrap();
            found.extend(retired(&text).into_iter().map(|(line, word)| format!("{}:{line}: {word}", path.display())));
        }
    }
}

#[test]
fn retired_names_do_not_come_back() {
    let (root, mut found) = (Path::new(env!("CARGO_MANIFEST_DIR")), Vec::new());
    ["src", "shaders"].iter().for_each(|folder| visit(&root.join(folder), &mut found));
    assert!(found.is_empty(), "names that have others now ({RETIRED:?}):\n{}", found.join("\n"));
}

#[test]
fn retired_names_are_found_in_code_alone() {
    let text = ["let lines = 3; // lines", "let text = \"lines\";", "fn Looked() {}", "for line in text.lines() {"];
    assert_eq!(retired(&text.join("\n")), [(1, "lines"), (3, "Looked")]);
}
