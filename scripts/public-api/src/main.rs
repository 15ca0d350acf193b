//! Lists the public API of a crate, a line an item, from the JSON that rustdoc writes: `ndgpu-public-api FILE.json`.
//!
//! The listing is the same wherever items are defined and however many `impl` blocks methods are spread over.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::env;
use std::error::Error;
use std::fs;
use std::process::ExitCode;

use public_api::{Builder, PublicApi};
use serde_json::Value;

/// The exit status for JSON of a version that this program cannot read.
const OTHER_FORMAT: u8 = 3;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("the JSON of rustdoc is to be named")?;
    let json: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
    let format = json["format_version"].as_u64();
    if format != Some(rustdoc_types::FORMAT_VERSION.into()) {
        let format = format.map_or("unknown".to_owned(), |format| format.to_string());
        eprintln!(
            "This compiler's rustdoc writes JSON of format {format}; scripts/public-api reads format {}.",
            rustdoc_types::FORMAT_VERSION
        );
        return Ok(ExitCode::from(OTHER_FORMAT));
    }
    // Every type has the same blanket implementations, and whether it is Send is for a test to say.
    let api = Builder::from_rustdoc_json(&file).omit_blanket_impls(true).omit_auto_trait_impls(true).build()?;
    for (block, members) in blocks(&api) {
        println!("{block}");
        for member in members {
            println!("    {member}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Types, traits, modules and `impl` headers, each with what is in it. Headers that read the same are one block.
fn blocks(api: &PublicApi) -> BTreeMap<String, BTreeSet<String>> {
    let modules: Vec<String> =
        api.items().filter_map(|item| item.to_string().strip_prefix("pub mod ").map(str::to_owned)).collect();
    let lines: HashMap<_, _> =
        api.items().map(|item| (item.id(), without_private_modules(&item.to_string(), &modules))).collect();
    let mut blocks = BTreeMap::<String, BTreeSet<String>>::new();
    for item in api.items() {
        let line = lines[&item.id()].clone();
        match item.parent_id().and_then(|parent| lines.get(&parent)).filter(|parent| !parent.starts_with("pub mod ")) {
            Some(parent) => blocks.entry(parent.clone()).or_default().insert(line),
            None => blocks.entry(line).or_default().is_empty(),
        };
    }
    blocks
}

/// Replaces the private modules in paths: a sealed trait is named by its place, which is nobody's business.
fn without_private_modules(line: &str, modules: &[String]) -> String {
    let is_path = |character: char| character.is_alphanumeric() || character == '_' || character == ':';
    let mut shown = String::new();
    let mut rest = line;
    while let Some(start) = rest.find("ndgpu::") {
        let (before, path) = rest.split_at(start);
        let (path, after) = path.split_at(path.find(|character| !is_path(character)).unwrap_or(path.len()));
        shown += before;
        let names: Vec<_> = path.trim_end_matches(':').split("::").collect();
        let is_private = names.len() > 2
            && names[1].starts_with(char::is_lowercase)
            && !modules.contains(&format!("{}::{}", names[0], names[1]));
        if is_private {
            shown += &format!("(private) {}", names[names.len() - 1]);
        } else {
            shown += path;
        }
        rest = after;
    }
    shown + rest
}
