//! The folders that the client has open: what files in them are called, and what the files define.

mod egress_policy;
pub(crate) mod exclusions;
mod reader;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fimble_completion::context::workspace_index::WorkspaceIndex;
use fimble_completion::foreground::{Foreground, ForegroundGuard};
use fimble_remote::RemoteSettings;
use serde::Serialize;

use crate::settings::ExcludePatterns;
use crate::tasks::Tasks;
pub(crate) use egress_policy::EgressPolicy;
use exclusions::{Exclusions, IGNORE_FILE};
use reader::Reader;

pub use reader::read_workspace;

/// The folder of a file that is in none of the workspace's, as far as anybody else is concerned.
const OUTSIDE: &str = "..";

pub(crate) struct Workspace {
    folders: Folders,
    exclude: ExcludePatterns,
    exclusions: Option<Exclusions>,
    reader: Option<Reader>,
    foreground: Foreground,
    tasks: Tasks<Reading>,
    /// As the reader said last.
    reading: Reading,
}

/// Workspace folders. The first one is what people mean by the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Folders(Vec<PathBuf>);

/// How far the files have been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Reading {
    /// Files that define something.
    pub(crate) files: usize,
    /// What is known of them, in memory.
    pub(crate) bytes: usize,
    /// All files were read, or as many as will be.
    pub(crate) ended: bool,
    /// Why not all of them were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<&'static str>,
}

impl Workspace {
    /// `tasks` gets word of how far reading has come.
    pub(crate) fn new(tasks: Tasks<Reading>) -> Self {
        Self {
            folders: Folders::default(),
            exclude: ExcludePatterns::default(),
            exclusions: None,
            reader: None,
            foreground: Foreground::default(),
            tasks,
            reading: Reading::default(),
        }
    }

    pub(crate) fn set_folders(&mut self, folders: Vec<PathBuf>) {
        self.folders = Folders(folders);
        self.close();
    }

    /// Leaves out the files that `patterns` name.
    pub(crate) fn exclude(&mut self, patterns: &ExcludePatterns) {
        if self.exclude != *patterns {
            self.exclude.clone_from(patterns);
            self.close();
        }
    }

    /// What is shown only while it is edited itself.
    pub(crate) fn exclusions(&mut self) -> &Exclusions {
        self.exclusions
            .get_or_insert_with(|| Exclusions::new(self.folders.0.iter().map(PathBuf::as_path), &self.exclude))
    }

    pub(crate) fn change_folders(&mut self, added: Vec<PathBuf>, removed: &[PathBuf]) {
        let mut folders = self.folders.0.clone();
        folders.retain(|folder| !removed.contains(folder));
        folders.extend(added);
        self.set_folders(folders);
    }

    /// What the project is called.
    pub(crate) fn name(&self) -> Arc<str> {
        let name = self.folders.0.first().and_then(|folder| folder.file_name());
        name.map(|name| name.to_string_lossy()).unwrap_or_default().into()
    }

    /// The name of the document at `path`, as models and people see it.
    pub(crate) fn name_of(&self, path: &Path) -> String {
        self.folders.name_of(path)
    }

    /// Begins to read the folders; returns whether it does, and had not begun.
    pub(crate) fn open(&mut self) -> bool {
        if self.reader.is_some() || !self.folders.0.iter().any(|folder| is_project(folder)) {
            return false;
        }
        self.reading = Reading::default();
        // It finds each folder's ignore files itself.
        let exclusions = Exclusions::new([], &self.exclude);
        self.reader = Reader::start(self.folders.clone(), exclusions, self.foreground.clone(), self.tasks.clone());
        self.reader.is_some()
    }

    /// Ends reading, and forgets what was read.
    pub(crate) fn close(&mut self) {
        self.reader = None;
        self.exclusions = None;
        self.reading = Reading::default();
    }

    /// Files of the workspace, or others, have changed, come or gone.
    pub(crate) fn changed(&mut self, files: Vec<PathBuf>) {
        if files.iter().any(|file| file.file_name().is_some_and(|name| name == IGNORE_FILE)) {
            self.exclusions = None;
        }
        if let Some(reader) = &self.reader {
            reader.changed(files);
        }
    }

    pub(crate) fn index(&self) -> Option<Arc<WorkspaceIndex>> {
        self.reader.as_ref().map(|reader| reader.index.clone())
    }

    /// `None` while nothing is to be read. Files go on changing after the reader's last word.
    pub(crate) fn reading(&self) -> Option<Reading> {
        let index = &self.reader.as_ref()?.index;
        Some(Reading { files: index.file_count(), bytes: index.bytes(), ..self.reading.clone() })
    }

    /// Returns whether it is the end of the first pass through the files.
    pub(crate) fn note(&mut self, reading: Reading) -> bool {
        let ends = reading.ended && !self.reading.ended && self.reader.is_some();
        self.reading = reading;
        ends
    }

    /// What of its files may go to `remote`.
    pub(crate) fn egress_policy(&self, remote: &RemoteSettings) -> EgressPolicy {
        let mut exclude = self.exclude.clone();
        exclude.patterns.extend(remote.exclude.iter().cloned());
        EgressPolicy::new(self.folders.clone(), exclude, remote.languages.clone())
    }

    /// Reading pauses until the guard is dropped.
    pub(crate) fn enter_foreground(&self) -> ForegroundGuard {
        self.foreground.enter()
    }
}

impl Folders {
    /// The path within a folder; those of the second folder and further begin with its name. What is in none of them is
    /// called by its last part, in a way that nothing in a folder is.
    fn name_of(&self, path: &Path) -> String {
        for (number, folder) in self.0.iter().enumerate() {
            if let Ok(within) = path.strip_prefix(folder) {
                let prefix = folder.file_name().filter(|_| number > 0).map(Path::new).unwrap_or(Path::new(""));
                return prefix.join(within).display().to_string();
            }
        }
        let name = path.file_name().map(Path::new).unwrap_or(path);
        if self.0.is_empty() { name.display().to_string() } else { Path::new(OUTSIDE).join(name).display().to_string() }
    }

    /// Where the file called `name` may be; several folders may have one.
    fn places_of<'a>(&'a self, name: &'a Path) -> impl Iterator<Item = (&'a Path, PathBuf)> {
        self.0.iter().enumerate().filter_map(move |(number, folder)| {
            let within = match number {
                0 => name,
                _ => name.strip_prefix(folder.file_name()?).ok()?,
            };
            Some((folder.as_path(), folder.join(within)))
        })
    }
}

/// Not somebody's home, and not the whole disk: who opens those has no project in mind, but much that is nobody's
/// business.
fn is_project(folder: &Path) -> bool {
    let home = etcetera::home_dir().ok();
    folder.parent().is_some() && home.as_deref() != Some(folder) && folder.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_by_their_path_within_a_folder() {
        let folders = Folders(vec!["/a/b".into(), "/a/c".into()]);
        let name = |path: &str| folders.name_of(Path::new(path)).replace('\\', "/");
        assert_eq!(name("/a/b/src/d.rs"), "src/d.rs");
        assert_eq!(name("/a/c/src/d.rs"), "c/src/d.rs");
        assert_eq!(name("/a/bc/d.rs"), "../d.rs");
        assert_eq!(Folders::default().name_of(Path::new("Untitled-1")), "Untitled-1");
    }
}
