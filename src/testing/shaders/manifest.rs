//! Fragments say what they provide and need, and kernels list those that fit together.

use std::collections::{BTreeMap, BTreeSet};

/// What a fragment says of itself.
struct Fragment<'a> {
    provides: BTreeSet<&'a str>,
    needs: BTreeSet<&'a str>,
    /// Without comments.
    code: String,
}

impl<'a> Fragment<'a> {
    fn of(text: &'a str) -> Self {
        let names = |tag: &str| -> BTreeSet<&'a str> {
            let head =
                text.lines().take_while(|line| ["// provides: ", "// needs: "].iter().any(|t| line.starts_with(t)));
            let lists = head.filter_map(|line| line.strip_prefix(tag));
            lists.flat_map(|list| list.split(',')).map(str::trim).filter(|name| !name.is_empty()).collect()
        };
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        Self { provides: names("// provides: "), needs: names("// needs: "), code }
    }

    /// What it declares outside of functions.
    fn declares(&self) -> BTreeSet<&str> {
        let (mut names, mut depth) = (BTreeSet::new(), 0);
        for line in self.code.lines() {
            let mut rest = line.trim_start();
            if depth == 0 {
                while rest.starts_with('@') {
                    rest = rest.split_once(')').map_or("", |(_, rest)| rest.trim_start());
                }
                let keywords = ["const ", "override ", "alias ", "struct ", "fn "];
                let declared = match rest.strip_prefix("var<") {
                    Some(variable) => variable.split_once("> ").map(|(_, rest)| rest),
                    None => keywords.iter().find_map(|keyword| rest.strip_prefix(keyword)),
                };
                names.extend(declared.map(|rest| rest.split(|c| !is_part_of_a_name(c)).next().unwrap_or_default()));
            }
            depth += line.matches('{').count() as i32 - line.matches('}').count() as i32;
        }
        names
    }

    /// The names that it uses: not members, attributes, and what it declares itself with a type.
    fn uses(&self) -> BTreeSet<&str> {
        let code = self.code.as_str();
        let mut names = BTreeSet::new();
        let mut end = 0;
        while let Some(start) = code[end..].find(is_part_of_a_name).map(|start| end + start) {
            end = code[start..].find(|c| !is_part_of_a_name(c)).map_or(code.len(), |length| start + length);
            let is_member = code[..start].ends_with(['.', '@']);
            if !is_member && !code[end..].starts_with(':') {
                names.insert(&code[start..end]);
            }
        }
        names
    }
}

fn is_part_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[test]
fn kernels_are_put_together_from_what_their_fragments_provide_and_need() {
    let mut seen = BTreeSet::new();
    for kernel in super::kernels() {
        let name = &kernel.name;
        if !seen.insert(kernel.fragments.clone()) {
            continue;
        }
        let fragments: Vec<_> = kernel.fragments.iter().map(|text| Fragment::of(text)).collect();
        let mut provider = BTreeMap::new();
        for (number, fragment) in fragments.iter().enumerate() {
            assert_eq!(fragment.declares(), fragment.provides, "{name}, fragment {number} provides something else");
            for provided in &fragment.provides {
                assert_eq!(provider.insert(*provided, number), None, "{name}: {provided} is provided twice");
            }
        }
        let mut needed = BTreeSet::new();
        for (number, fragment) in fragments.iter().enumerate() {
            let is_of_others = |used: &&str| provider.get(used).is_some_and(|provider| *provider != number);
            let used: BTreeSet<_> = fragment.uses().into_iter().filter(is_of_others).collect();
            assert_eq!(used, fragment.needs, "{name}, fragment {number}:\n{}", fragment.code);
            needed.extend(used.iter().map(|used| provider[used]));
        }
        let unused = (0..fragments.len()).filter(|number| !needed.contains(number));
        let unused: Vec<_> = unused.filter(|&number| !fragments[number].provides.contains("main")).collect();
        assert!(unused.is_empty(), "{name}: nothing needs the fragments {unused:?}");
    }
}
