//! The import graph of a crate, read from its sources: who names whom, where the names run in circles, and which of
//! them a table of allowed directions does not allow.
//!
//! A module imports from another where its text has a path to it: in a `use`, or in an expression such as
//! `crate::report::write(..)`. The path leads to the last module in it, so an import of a re-exported name leads to the
//! module that re-exports. Code under `#[cfg(test)]` is left out: a test may look at anything. Macros that paste paths
//! together are not seen through.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// A module by its names, without `crate`: empty for the root.
type Module = Vec<String>;

/// One import, with a place where it is written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    from: Module,
    to: Module,
    file: PathBuf,
    line: usize,
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, file, line } = self;
        write!(f, "{} -> {} ({}:{line})", shown(from), shown(to), file.display())
    }
}

fn shown(module: &Module) -> String {
    if module.is_empty() { "the root".into() } else { module.join("::") }
}

/// A room and the rooms that it may import from, which the table has in lines before: it begins with those that import
/// from nobody. A room is a module below the root with everything in it; the root itself is called `crate`.
pub type Room = (&'static str, &'static [&'static str]);

pub struct Imports {
    arrows: Vec<Arrow>,
}

impl Imports {
    /// Of the crate whose root is this file, and of the files that its `mod` items name.
    pub fn of(root: &Path) -> Self {
        let mut files = Vec::new();
        read(root, root.parent().expect("a file"), Vec::new(), &mut files);
        let modules: BTreeSet<Module> = files.iter().flat_map(|file| file.modules.iter().cloned()).collect();
        let mut arrows = Vec::new();
        for file in &files {
            for (from, path, line) in &file.paths {
                if let Some(to) = target(from, path, &modules).filter(|to| to != from) {
                    arrows.push(Arrow { from: from.clone(), to, file: file.name.clone(), line: *line });
                }
            }
        }
        arrows.sort();
        arrows.dedup_by(|a, b| (&a.from, &a.to) == (&b.from, &b.to));
        Self { arrows }
    }

    /// The imports that stay inside a room, as if it were a crate: the module itself is its root.
    pub fn inside(&self, room: &str) -> Self {
        let stays = |arrow: &&Arrow| room_of(&arrow.from) == room && room_of(&arrow.to) == room;
        let within = |module: &Module| module[1..].to_vec();
        let arrows = self.arrows.iter().filter(stays);
        let arrows = arrows.map(|arrow| Arrow { from: within(&arrow.from), to: within(&arrow.to), ..arrow.clone() });
        Self { arrows: arrows.collect() }
    }

    /// Modules that reach each other, each circle once, with the arrows in it.
    pub fn circles(&self) -> Vec<Vec<&Arrow>> {
        let mut next: BTreeMap<&Module, Vec<&Module>> = BTreeMap::new();
        for arrow in &self.arrows {
            next.entry(&arrow.from).or_default().push(&arrow.to);
        }
        let reached = |from| {
            let mut reached = BTreeSet::new();
            let mut open = vec![from];
            while let Some(module) = open.pop() {
                open.extend(next.get(module).into_iter().flatten().filter(|&&module| reached.insert(module)));
            }
            reached
        };
        let reach: BTreeMap<&Module, BTreeSet<&Module>> = next.keys().map(|&from| (from, reached(from))).collect();
        let mut circles: BTreeMap<BTreeSet<&Module>, Vec<&Arrow>> = BTreeMap::new();
        for arrow in &self.arrows {
            if reach.get(&arrow.to).is_some_and(|reached| reached.contains(&arrow.from)) {
                let back = |module: &&Module| reach.get(*module).is_some_and(|reached| reached.contains(&arrow.from));
                let members = reach[&arrow.from].iter().copied().filter(back).collect();
                circles.entry(members).or_default().push(arrow);
            }
        }
        circles.into_values().collect()
    }

    /// Everything that the table does not say: imports that it does not allow, rooms that it does not list, and what it
    /// allows although nobody imports it, so that it stays a picture of the sources.
    pub fn unlike(&self, table: &[Room]) -> Vec<String> {
        let mut unlike = Vec::new();
        for (place, (room, allowed)) in table.iter().enumerate() {
            for other in *allowed {
                if !table[..place].iter().any(|(before, _)| before == other) {
                    unlike.push(format!("the table: {room} may import from {other}, which is not in a line before"));
                }
                let used =
                    self.arrows.iter().any(|arrow| room_of(&arrow.from) == *room && room_of(&arrow.to) == *other);
                if !used {
                    unlike.push(format!("the table: {room} may import from {other}, and does not"));
                }
            }
        }
        for arrow in &self.arrows {
            let (from, to) = (room_of(&arrow.from), room_of(&arrow.to));
            match table.iter().find(|(room, _)| *room == from) {
                None => unlike.push(format!("{from} is not in the table: {arrow}")),
                Some((_, allowed)) if from != to && !allowed.contains(&to) => {
                    unlike.push(format!("{from} may not import from {to}: {arrow}"));
                }
                Some(_) => {}
            }
        }
        unlike
    }

    /// Panics with every circle and with everything that is unlike the table.
    pub fn must_follow(&self, table: &[Room]) {
        let circle = |arrows: &Vec<&Arrow>| {
            let lines: Vec<_> = arrows.iter().map(|arrow| format!("\n    {arrow}")).collect();
            format!("a circle:{}", lines.concat())
        };
        let mut found: Vec<String> = self.circles().iter().map(circle).collect();
        found.extend(self.unlike(table));
        assert!(found.is_empty(), "{} things are not as the table has them:\n{}", found.len(), found.join("\n"));
    }
}

fn room_of(module: &Module) -> &str {
    module.first().map_or("crate", String::as_str)
}

/// Where a path leads, as a module of this crate. Nowhere if it begins with another crate.
fn target(from: &Module, path: &[String], modules: &BTreeSet<Module>) -> Option<Module> {
    let mut place = from.clone();
    let mut rest = path.iter().map(String::as_str).peekable();
    match rest.peek().copied()? {
        "crate" => {
            place.clear();
            rest.next();
        }
        "self" => {
            rest.next();
        }
        "super" => {
            while rest.next_if_eq(&"super").is_some() {
                place.pop()?;
            }
        }
        name => {
            // As in `mod args; use args::Args;`.
            let child: Module = place.iter().cloned().chain([name.to_owned()]).collect();
            modules.contains(&child).then_some(())?;
        }
    }
    for name in rest {
        let child: Module = place.iter().cloned().chain([name.to_owned()]).collect();
        if !modules.contains(&child) {
            break;
        }
        place = child;
    }
    Some(place)
}

/// What one file has: its modules, and the paths in them with their lines.
struct File {
    name: PathBuf,
    modules: Vec<Module>,
    paths: Vec<(Module, Vec<String>, usize)>,
}

/// Reads a file and then the files that it declares, which lie in `folder`.
fn read(name: &Path, folder: &Path, module: Module, files: &mut Vec<File>) {
    let text = std::fs::read_to_string(name).unwrap_or_else(|error| panic!("{}: {error}", name.display()));
    let tokens = tokens(&text);
    let mut reader =
        Reader { tokens: &tokens, place: 0, modules: vec![module.clone()], paths: Vec::new(), declared: Vec::new() };
    reader.module(&module);
    let Reader { modules, paths, declared, .. } = reader;
    files.push(File { name: name.to_owned(), modules, paths });
    for (child, path) in declared {
        // Inline modules are folders on the way.
        let inside =
            child[module.len()..child.len() - 1].iter().fold(folder.to_owned(), |folder, name| folder.join(name));
        let last = child.last().expect("below the root");
        let own = inside.join(last);
        let (found, children) = match path {
            // As rustc has it: the modules of a file that is named lie beside it.
            Some(path) => {
                let found = name.parent().expect("a file").join(path);
                let beside = found.parent().expect("a file").to_owned();
                (found, beside)
            }
            None if own.join("mod.rs").exists() => (own.join("mod.rs"), own),
            None => (own.with_extension("rs"), own),
        };
        read(&found, &children, child, files);
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

/// Names, texts and signs with their lines; comments and literals of other kinds are left out.
fn tokens(text: &str) -> Vec<(Token, usize)> {
    let text: Vec<char> = text.chars().collect();
    let at = |place: usize| text.get(place).copied().unwrap_or('\0');
    let (mut tokens, mut place, mut line) = (Vec::new(), 0, 1);
    while place < text.len() {
        let start = place;
        match at(place) {
            '/' if at(place + 1) == '/' => {
                while place < text.len() && at(place) != '\n' {
                    place += 1;
                }
            }
            '/' if at(place + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (at(place), at(place + 1)) {
                        ('/', '*') => (depth, place) = (depth + 1, place + 2),
                        ('*', '/') => (depth, place) = (depth - 1, place + 2),
                        _ => place += 1,
                    }
                    if depth == 0 || place >= text.len() {
                        break;
                    }
                }
            }
            '"' => {
                place += 1;
                while place < text.len() && at(place) != '"' {
                    place += if at(place) == '\\' { 2 } else { 1 };
                }
                place = (place + 1).min(text.len());
                tokens.push((Token::Text(text[start + 1..place - 1].iter().collect()), line));
            }
            'r' if at(place + 1) == '"' || (at(place + 1) == '#' && matches!(at(place + 2), '"' | '#')) => {
                let hashes = (place + 1..).take_while(|&place| at(place) == '#').count();
                place += hashes + 2;
                while place < text.len() && !(at(place) == '"' && (1..=hashes).all(|more| at(place + more) == '#')) {
                    place += 1;
                }
                place += hashes + 1;
            }
            // A character; anything else behind a quote is a lifetime.
            '\'' if at(place + 1) == '\\' || at(place + 2) == '\'' => {
                place += if at(place + 1) == '\\' { 3 } else { 2 };
                while place < text.len() && at(place) != '\'' {
                    place += 1;
                }
                place += 1;
            }
            letter if letter.is_alphanumeric() || letter == '_' => {
                while at(place).is_alphanumeric() || at(place) == '_' {
                    place += 1;
                }
                tokens.push((Token::Name(text[start..place].iter().collect()), line));
            }
            sign => {
                if !sign.is_whitespace() {
                    tokens.push((Token::Sign(sign), line));
                }
                place += 1;
            }
        }
        place = place.min(text.len());
        line += text[start..place].iter().filter(|&&letter| letter == '\n').count();
    }
    tokens
}

struct Reader<'a> {
    tokens: &'a [(Token, usize)],
    place: usize,
    modules: Vec<Module>,
    paths: Vec<(Module, Vec<String>, usize)>,
    /// `mod name;`, with what a `#[path]` says.
    declared: Vec<(Module, Option<String>)>,
}

impl Reader<'_> {
    /// Reads to the end of the module, which is the `}` that nothing here has opened, or the end of the file.
    fn module(&mut self, module: &Module) {
        let (mut depth, mut path, mut test) = (0, None, false);
        while self.place < self.tokens.len() {
            if self.is("#") && self.sign(1, '[') {
                let attribute = self.attribute();
                path = path.or_else(|| attribute.0.clone());
                test |= attribute.1;
                continue;
            }
            if test {
                // What is for tests only ends with its block or its semicolon.
                self.skip_item();
                (path, test) = (None, false);
                continue;
            }
            match self.word(0) {
                Some("mod") if self.word(1).is_some() && (self.sign(2, ';') || self.sign(2, '{')) => {
                    let child: Module = module.iter().cloned().chain(self.word(1).map(str::to_owned)).collect();
                    let inline = self.sign(2, '{');
                    self.place += 3;
                    if inline {
                        self.modules.push(child.clone());
                        self.module(&child);
                    } else {
                        self.declared.push((child, path.clone()));
                    }
                }
                Some("use") => {
                    self.place += 1;
                    self.tree(module, &[]);
                }
                Some(_) => self.path(module),
                None if self.is("{") => (self.place, depth) = (self.place + 1, depth + 1),
                None if self.is("}") => {
                    self.place += 1;
                    if depth == 0 {
                        return;
                    }
                    depth -= 1;
                }
                None => self.place += 1,
            }
            path = None;
        }
    }

    /// `a::b::{c, d::*}`, at its first name or brace.
    fn tree(&mut self, module: &Module, before: &[String]) {
        let mut path = before.to_vec();
        let line = self.line();
        loop {
            if self.is("{") {
                self.place += 1;
                while !self.is("}") && self.place < self.tokens.len() {
                    self.tree(module, &path);
                    if self.is(",") {
                        self.place += 1;
                    }
                }
                self.place += 1;
                return;
            }
            match self.word(0) {
                // The `self` of `a::{self, b}` is `a`.
                Some("self") if !before.is_empty() => {}
                Some(name) => path.push(name.to_owned()),
                None => {}
            }
            self.place += 1;
            if !self.colons() {
                break;
            }
            self.place += 2;
        }
        if self.word(0) == Some("as") {
            self.place += 2;
        }
        self.paths.push((module.clone(), path, line));
    }

    /// `crate::report::write` in an expression, a type, a bound.
    fn path(&mut self, module: &Module) {
        // The middle of a path that began with `<T as Trait>`, a field, a method, a path of `$crate`, `pub(in ..)`.
        let before = self.place.checked_sub(1).map(|place| &self.tokens[place].0);
        let is_start = match before {
            Some(Token::Sign(':')) => {
                !matches!(self.place.checked_sub(2).map(|place| &self.tokens[place].0), Some(Token::Sign(':')))
            }
            Some(Token::Sign('.' | '$')) => false,
            Some(Token::Name(name)) if name == "in" => {
                !matches!(self.place.checked_sub(2).map(|place| &self.tokens[place].0), Some(Token::Sign('(')))
            }
            _ => true,
        };
        let line = self.line();
        let mut path = Vec::new();
        while let Some(name) = self.word(0) {
            path.push(name.to_owned());
            self.place += 1;
            if !self.colons() {
                break;
            }
            self.place += 2;
        }
        if is_start && path.len() > 1 {
            self.paths.push((module.clone(), path, line));
        }
    }

    /// `#[..]`: the path that it gives a module, and whether what follows is for tests only.
    fn attribute(&mut self) -> (Option<String>, bool) {
        let start = self.place;
        let mut depth = 0;
        loop {
            match self.tokens.get(self.place).map(|token| &token.0) {
                Some(Token::Sign('[')) => depth += 1,
                Some(Token::Sign(']')) if depth == 1 => break,
                Some(Token::Sign(']')) => depth -= 1,
                None => break,
                _ => {}
            }
            self.place += 1;
        }
        self.place += 1;
        let inside: Vec<&Token> = self.tokens[start + 2..self.place - 1].iter().map(|token| &token.0).collect();
        let name = |place: usize| match inside.get(place) {
            Some(Token::Name(name)) => name.as_str(),
            _ => "",
        };
        let path = match (name(0), inside.last()) {
            ("path", Some(Token::Text(path))) => Some(path.clone()),
            _ => None,
        };
        (path, inside.len() == 4 && name(0) == "cfg" && name(2) == "test")
    }

    fn skip_item(&mut self) {
        let mut depth = 0;
        while let Some((token, _)) = self.tokens.get(self.place) {
            self.place += 1;
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') if depth == 1 => return,
                Token::Sign('}') => depth -= 1,
                Token::Sign(';') if depth == 0 => return,
                _ => {}
            }
        }
    }

    fn word(&self, ahead: usize) -> Option<&str> {
        match self.tokens.get(self.place + ahead) {
            Some((Token::Name(name), _)) => Some(name),
            _ => None,
        }
    }

    fn sign(&self, ahead: usize, sign: char) -> bool {
        matches!(self.tokens.get(self.place + ahead), Some((Token::Sign(found), _)) if *found == sign)
    }

    fn is(&self, sign: &str) -> bool {
        self.sign(0, sign.chars().next().expect("a sign"))
    }

    fn colons(&self) -> bool {
        self.sign(0, ':') && self.sign(1, ':')
    }

    fn line(&self) -> usize {
        self.tokens.get(self.place).map_or(0, |token| token.1)
    }
}

/// A circle and an upward arrow are found in a small crate that has one of each, and nothing in what only looks like
/// them.
#[test]
fn circles_and_upward_arrows_are_found() {
    let folder = std::env::temp_dir().join(format!("ndgpu-imports-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("high")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("main.rs", "mod low;\nmod high;\nfn main() { high::go() }\n");
    write(
        "low.rs",
        "// crate::high::a, in a comment\nconst TEXT: &str = \"crate::high\";\nconst QUOTE: char = '\"';\n\
         #[cfg(test)]\nmod tests { use crate::high::go; }\npub fn low<'a>(_: &'a str) {}\n",
    );
    write("high/mod.rs", "mod left;\nmod right;\npub fn go() { left::go() }\npub(in crate::high) fn own() {}\n");
    write("high/left.rs", "use std::{fmt, path::Path};\nuse super::right::{self, go as other};\npub fn go() {}\n");
    write("high/right.rs", "pub fn go() { crate::low::low(\"\") }\n");
    let table: &[Room] = &[("low", &[]), ("high", &["low"]), ("crate", &["high"])];
    Imports::of(&folder.join("main.rs")).must_follow(table);

    write("high/right.rs", "mod on {\n    pub fn go() { super::super::left::go() }\n}\npub fn go() { on::go() }\n");
    write("low.rs", "use crate::high;\n");
    let imports = Imports::of(&folder.join("main.rs"));
    let circles = imports.circles();
    std::fs::remove_dir_all(&folder).unwrap();
    let members: Vec<String> = circles
        .iter()
        .map(|circle| circle.iter().map(|arrow| shown(&arrow.from)).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(members, ["high::left high::right high::right::on"]);
    let unlike = imports.unlike(table);
    assert_eq!(unlike.len(), 2, "{unlike:?}");
    assert!(unlike[0].contains("high may import from low, and does not"), "{unlike:?}");
    assert!(
        unlike[1].contains("low may not import from high: low -> high (") && unlike[1].contains("low.rs:1"),
        "{unlike:?}"
    );
}
