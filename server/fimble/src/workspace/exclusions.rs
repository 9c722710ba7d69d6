//! Files that are shown to the model only while they are edited themselves: those that hold secrets, by their names, and
//! those that the user excludes, by a setting or in a file `.fimbleignore`.

use std::path::Path;

use fimble_completion::secrets::is_secret;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Says, as `.gitignore` does, what fimble is not to look at.
pub(crate) const IGNORE_FILE: &str = ".fimbleignore";

#[derive(Debug)]
pub(crate) struct Exclusions {
    rules: Gitignore,
    /// Matched apart, so that no other pattern includes what these exclude.
    fixed: Gitignore,
}

impl Exclusions {
    /// Reads the ignore files of `folders`, which the patterns of the settings follow. The machine's policy has fixed the
    /// patterns `fixed`. Patterns are checked when they are set.
    pub(crate) fn new<'a>(folders: impl IntoIterator<Item = &'a Path>, patterns: &[String], fixed: &[String]) -> Self {
        let mut rules = GitignoreBuilder::new("");
        for folder in folders {
            if let Some(error) = rules.add(folder.join(IGNORE_FILE)).filter(|error| !error.is_io()) {
                tracing::warn!("{error}");
            }
        }
        Self { rules: with_patterns(rules, patterns), fixed: with_patterns(GitignoreBuilder::new(""), fixed) }
    }

    /// Whether the file called `name` within its folder is excluded.
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

/// What is wrong with a pattern.
pub(crate) fn problem(pattern: &str) -> Option<String> {
    GitignoreBuilder::new("").add_line(None, pattern).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_excluded_is_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(IGNORE_FILE), "private/\n").unwrap();
        let exclusions = Exclusions::new([folder.path()], &["*.gen.rs".to_owned(), "!keep.gen.rs".to_owned()], &[]);
        for name in ["private/a.rs", "src/b.gen.rs", ".env"] {
            assert!(exclusions.contain(name), "{name}");
        }
        for name in ["src/a.rs", "keep.gen.rs", "privately/a.rs"] {
            assert!(!exclusions.contain(name), "{name}");
        }
        assert!(problem("a{b").is_some() && problem("*.rs").is_none());
    }
}
