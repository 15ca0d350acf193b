//! How things go wrong here: with a sentence for the table or for the terminal, which nobody takes apart again.

use std::path::Path;

pub type Outcome<T> = Result<T, String>;

pub fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Writes a file and the folders on the way to it.
pub fn write(path: &Path, text: &str) -> Outcome<()> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder.and_then(|()| std::fs::write(path, text)).map_err(|error| format!("{}: {error}", path.display()))
}
