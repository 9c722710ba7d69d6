//! Files that the model sees only while they are edited: files whose names say that they hold secrets, and files that a
//! setting or a `.fimbleignore` file excludes.

use std::path::Path;

use fimble_completion::secrets::is_secret;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::settings::ExcludePatterns;

/// Names the files that fimble does not look at, in the format of `.gitignore`.
pub(crate) const IGNORE_FILE: &str = ".fimbleignore";

#[derive(Debug)]
pub(crate) struct Exclusions {
    rules: Gitignore,
    /// Matched apart, so that no other pattern includes what these exclude.
    fixed: Gitignore,
}

impl Exclusions {
    /// Reads the ignore files of `folders`. The patterns follow them; the settings have checked the patterns.
    pub(crate) fn new<'a>(folders: impl IntoIterator<Item = &'a Path>, exclude: &ExcludePatterns) -> Self {
        let mut rules = GitignoreBuilder::new("");
        for folder in folders {
            if let Some(error) = rules.add(folder.join(IGNORE_FILE)).filter(|error| !error.is_io()) {
                tracing::warn!("{error}");
            }
        }
        let fixed = with_patterns(GitignoreBuilder::new(""), &exclude.fixed);
        Self { rules: with_patterns(rules, &exclude.patterns), fixed }
    }

    /// Whether the file at `name`, relative to its folder, is excluded.
    pub(crate) fn contain(&self, name: &str) -> bool {
        let is_excluded = |rules: &Gitignore| rules.matched_path_or_any_parents(name, false).is_ignore();
        is_secret(name) || is_excluded(&self.rules) || is_excluded(&self.fixed)
    }
}

fn with_patterns(mut rules: GitignoreBuilder, patterns: &[String]) -> Gitignore {
    for pattern in patterns {
        let _ = rules.add_line(None, pattern);
    }
    rules.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_excluded_by_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(IGNORE_FILE), "private/\n").unwrap();
        let patterns = vec!["*.gen.rs".to_owned(), "!keep.gen.rs".to_owned()];
        let exclude = ExcludePatterns { patterns, ..ExcludePatterns::default() };
        let exclusions = Exclusions::new([folder.path()], &exclude);
        for name in ["private/a.rs", "src/b.gen.rs", ".env"] {
            assert!(exclusions.contain(name), "{name}");
        }
        for name in ["src/a.rs", "keep.gen.rs", "privately/a.rs"] {
            assert!(!exclusions.contain(name), "{name}");
        }
    }
}
