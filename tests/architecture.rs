//! The form of the sources: which module may import from which, the names in them, and the width of lines.
//!
//! Imports are held against tables that a reader understands. A table lists the rooms of a program, those that import
//! from nobody first, each with the rooms it may import from. A new import that no table allows is either a mistake
//! or a decision, and a decision is written into the table.

#[path = "architecture/imports.rs"]
mod imports;

#[path = "architecture/benches.rs"]
mod benches;

#[path = "architecture/library.rs"]
mod library;

#[path = "architecture/lines.rs"]
mod lines;

#[path = "architecture/names.rs"]
mod names;

#[path = "architecture/python.rs"]
mod python;
