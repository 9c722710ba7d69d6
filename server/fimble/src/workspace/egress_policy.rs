//! Decides which files may be sent to another machine: only files in the open folders. Files that hold secrets, that
//! `.gitignore` or `.fimbleignore` names, that the user excludes, or that are links out of their folder stay on this
//! machine.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use fimble_completion::language::Language;
use ignore::gitignore::Gitignore;

use super::Folders;
use super::exclusions::Exclusions;
use crate::settings::ExcludePatterns;

#[derive(Debug)]
pub(crate) struct EgressPolicy {
    folders: Folders,
    exclude: ExcludePatterns,
    /// By language identifier; `*` stands for those not named.
    languages: BTreeMap<String, bool>,
}

impl EgressPolicy {
    pub(super) fn new(folders: Folders, exclude: ExcludePatterns, languages: BTreeMap<String, bool>) -> Self {
        Self { folders, exclude, languages }
    }

    /// Whether the file called `name` may be sent. Reads the ignore files each time, so that changes apply at once.
    pub(crate) fn allows(&self, name: &str) -> bool {
        let path = Path::new(name);
        let language = Language::from_path(path).id();
        let by_language = [language, "*"].iter().find_map(|id| self.languages.get(*id)).copied();
        let is_within =
            path.file_name().is_some() && path.components().all(|component| matches!(component, Component::Normal(_)));
        // If several folders have a file of this name, the policy must allow all of these files.
        let mut candidates = self.folders.candidates(path).peekable();
        let exclusions = Exclusions::new(self.folders.0.iter().map(AsRef::as_ref), &self.exclude);
        by_language.unwrap_or(true)
            && is_within
            && candidates.peek().is_some()
            && !exclusions.contain(name)
            && candidates.all(|(folder, file)| !leads_out(folder, &file) && !is_ignored(folder, &file))
    }
}

/// Whether `file` is, or is behind, a link that leaves `folder`.
fn leads_out(folder: &Path, file: &Path) -> bool {
    match (folder.canonicalize(), file.canonicalize()) {
        (Ok(folder), Ok(file)) => !file.starts_with(folder),
        // A file that was never saved cannot be a link. A link that cannot be resolved is refused.
        _ => file.symlink_metadata().is_ok(),
    }
}

/// Whether git's ignore rules name `file`, even if the folder is not a repository. Rules of inner folders take
/// precedence.
fn is_ignored(folder: &Path, file: &Path) -> bool {
    let rules_of = |directory: &Path| Gitignore::new(directory.join(".gitignore")).0;
    let directories = file.ancestors().skip(1).take_while(|directory| directory.starts_with(folder));
    let general_rules = || [Gitignore::new(folder.join(".git/info/exclude")).0, Gitignore::global().0];
    let rules = directories.map(rules_of).chain(std::iter::once_with(general_rules).flatten());
    let verdict = rules.filter(|rules| !rules.is_empty()).find_map(|rules| {
        let within = file.strip_prefix(rules.path()).or_else(|_| file.strip_prefix(folder)).unwrap_or(file);
        let verdict = rules.matched_path_or_any_parents(within, false);
        (!verdict.is_none()).then(|| verdict.is_ignore())
    });
    verdict.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn allows_only_files_of_the_project_that_no_rule_excludes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        let file = |name: &str, text: &str| {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file(".gitignore", "build/\n/local.py\n*.log.py\n");
        file("src/.gitignore", "!kept.log.py\nmade_*.py\n");
        file(".git/info/exclude", "mine.py\n");
        file(".fimbleignore", "private/\n");
        for name in
            ["src/a.py", "build/a.py", "local.py", "src/local.py", "a.log.py", "src/kept.log.py", "src/made_b.py"]
        {
            file(name, "");
        }
        for name in ["mine.py", "private/a.py", "credentials.py", "clients/a.py", "a.rs"] {
            file(name, "");
        }
        fs::write(folder.path().join("outside.py"), "").unwrap();

        let egress = EgressPolicy::new(
            Folders(vec![root.clone()]),
            ExcludePatterns { patterns: vec!["clients/".to_owned()], ..ExcludePatterns::default() },
            [("rust".to_owned(), false)].into(),
        );
        for name in ["src/a.py", "src/local.py", "src/kept.log.py", "never_saved.py", "Makefile"] {
            assert!(egress.allows(name), "{name}");
        }
        for name in [
            "build/a.py",
            "local.py",
            "a.log.py",
            "src/made_b.py",
            "mine.py",
            "private/a.py",
            "credentials.py",
            ".env",
            "clients/a.py",
            "a.rs",
            "../outside.py",
            "../a.py",
            "src/../../outside.py",
            "/etc/passwd",
            "",
        ] {
            assert!(!egress.allows(name), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("outside.py"), root.join("link.py")).unwrap();
            assert!(!egress.allows("link.py"));
        }
        let nowhere = EgressPolicy::new(Folders::default(), ExcludePatterns::default(), BTreeMap::new());
        assert!(!nowhere.allows("a.py"), "without a folder nobody knows what is the project's");
    }
}
