//! Files that the model sees only while the user edits them: files whose names suggest secrets, and files that the user
//! excludes with a setting or in a `.fimbleignore` file.

use std::path::Path;

use fimble_completion::secrets::is_secret;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Names files that fimble must not read, in the syntax of `.gitignore`.
pub(crate) const IGNORE_FILE: &str = ".fimbleignore";

#[derive(Debug)]
pub(crate) struct Exclusions(Gitignore);

impl Exclusions {
    /// `patterns` use the syntax of `.gitignore`. Skips invalid patterns, because resolving the settings reports them.
    pub(crate) fn new<'a>(folders: impl IntoIterator<Item = &'a Path>, patterns: &[String]) -> Self {
        let mut rules = GitignoreBuilder::new("");
        for folder in folders {
            if let Some(error) = rules.add(folder.join(IGNORE_FILE)).filter(|error| !error.is_io()) {
                tracing::warn!("{error}");
            }
        }
        for pattern in patterns {
            let _ = rules.add_line(None, pattern);
        }
        Self(rules.build().unwrap_or_else(|_| Gitignore::empty()))
    }

    /// Whether the file at `name`, relative to its folder, is excluded.
    pub(crate) fn contain(&self, name: &str) -> bool {
        is_secret(name) || self.0.matched_path_or_any_parents(name, false).is_ignore()
    }
}

/// The error in `pattern`, if it is invalid.
pub(crate) fn problem(pattern: &str) -> Option<String> {
    GitignoreBuilder::new("").add_line(None, pattern).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_excluded_by_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(IGNORE_FILE), "private/\n").unwrap();
        let exclusions = Exclusions::new([folder.path()], &["*.gen.rs".to_owned(), "!keep.gen.rs".to_owned()]);
        for name in ["private/a.rs", "src/b.gen.rs", ".env"] {
            assert!(exclusions.contain(name), "{name}");
        }
        for name in ["src/a.rs", "keep.gen.rs", "privately/a.rs"] {
            assert!(!exclusions.contain(name), "{name}");
        }
        assert!(problem("a{b").is_some() && problem("*.rs").is_none());
    }
}
