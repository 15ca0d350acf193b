//! Lines fit on a screen: none is longer than `rustfmt.toml` allows. rustfmt itself wraps neither comments nor strings.
//!
//! Rows of tables and raw strings, which cannot be broken, may be longer.

use std::fs;
use std::path::Path;

const FOLDERS: [&str; 6] = ["src", "tests", "benches", "examples", "python/src", "shaders"];

fn max_width(root: &Path) -> usize {
    let text = fs::read_to_string(root.join("rustfmt.toml")).unwrap();
    let setting = text.lines().find_map(|line| line.strip_prefix("max_width = ")).expect("a maximal width");
    setting.trim().parse().unwrap()
}

/// The numbers of the lines that are too long.
fn long_lines(text: &str, width: usize) -> Vec<usize> {
    let may_be_long = |line: &str| {
        let content = line.trim_start_matches([' ', '/', '!', '"']);
        content.starts_with('|') || line.contains("r#\"")
    };
    let numbered = text.lines().enumerate();
    numbered
        .filter(|(_, line)| line.chars().count() > width && !may_be_long(line))
        .map(|(index, _)| index + 1)
        .collect()
}

fn visit(folder: &Path, width: usize, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") {
                visit(&path, width, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "wgsl") {
            let lines = long_lines(&fs::read_to_string(&path).unwrap(), width);
            found.extend(lines.iter().map(|line| format!("{}:{line}", path.display())));
        }
    }
}

#[test]
fn no_line_is_longer_than_rustfmt_allows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (width, mut found) = (max_width(root), Vec::new());
    FOLDERS.iter().for_each(|folder| visit(&root.join(folder), width, &mut found));
    assert!(found.is_empty(), "lines of more than {width} columns:\n{}", found.join("\n"));
}

#[test]
fn long_lines_are_found_unless_they_cannot_be_broken() {
    let long = "x".repeat(11);
    let text = format!("short\n// {long}\n/// | {long} |\n\"{long}\"\nr#\"{long}\"#\nµµµµµµµµµµ\n");
    assert_eq!(long_lines(&text, 10), [2, 4]);
}
