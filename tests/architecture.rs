//! Which module may import from which: tables that a reader understands, held against what the sources say.
//!
//! A table lists the rooms of a program, those that import from nobody first, each with the rooms it may import from. A
//! new import that no table allows is either a mistake or a decision, and a decision is written into the table.

#[path = "architecture/imports.rs"]
mod imports;

#[path = "architecture/benches.rs"]
mod benches;

#[path = "architecture/python.rs"]
mod python;
