//! The folders that the client has open: the names of their files, and the definitions in those files.

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

/// Stands for the folder of a file that is in no workspace folder. Prompts must not reveal the real folder.
const OUTSIDE: &str = "..";

pub(crate) struct Workspace {
    folders: Folders,
    exclude: ExcludePatterns,
    exclusions: Option<Exclusions>,
    reader: Option<Reader>,
    foreground: Foreground,
    tasks: Tasks<Reading>,
    /// The reader's latest report.
    reading: Reading,
}

/// Workspace folders. The first one is the project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Folders(Vec<PathBuf>);

/// The progress of reading the files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Reading {
    /// The number of files with definitions.
    pub(crate) files: usize,
    /// The memory that the index of definitions takes.
    pub(crate) bytes: usize,
    /// All files were read, or reading stopped at a limit.
    pub(crate) ended: bool,
    /// The limit that reading stopped at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<&'static str>,
}

impl Workspace {
    /// Creates a workspace without folders. Progress reports go to `tasks`.
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

    /// The files that the model sees only while the user edits them.
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

    /// The project's name.
    pub(crate) fn name(&self) -> Arc<str> {
        let name = self.folders.0.first().and_then(|folder| folder.file_name());
        name.map(|name| name.to_string_lossy()).unwrap_or_default().into()
    }

    /// The name of the document at `path`, as prompts and messages use it.
    pub(crate) fn name_of(&self, path: &Path) -> String {
        self.folders.name_of(path)
    }

    /// Starts to read the folders. Returns false if there is nothing to read or reading has already started.
    pub(crate) fn open(&mut self) -> bool {
        if self.reader.is_some() || !self.folders.0.iter().any(|folder| is_project(folder)) {
            return false;
        }
        self.reading = Reading::default();
        // The reader finds each folder's ignore files itself, so these exclusions need no folders.
        let exclusions = Exclusions::new([], &self.exclude);
        self.reader = Reader::start(self.folders.clone(), exclusions, self.foreground.clone(), self.tasks.clone());
        self.reader.is_some()
    }

    /// Stops reading and drops the index.
    pub(crate) fn close(&mut self) {
        self.reader = None;
        self.exclusions = None;
        self.reading = Reading::default();
    }

    /// Handles files that were changed, created or deleted, in the workspace or outside it.
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

    /// The current progress; `None` if there is nothing to read. Files still change after the reader's latest report,
    /// so the counts come from the index.
    pub(crate) fn reading(&self) -> Option<Reading> {
        let index = &self.reader.as_ref()?.index;
        Some(Reading { files: index.file_count(), bytes: index.bytes(), ..self.reading.clone() })
    }

    /// Stores a report of the reader. Returns whether the first pass over all files has ended with it.
    pub(crate) fn note(&mut self, reading: Reading) -> bool {
        let ends = reading.ended && !self.reading.ended && self.reader.is_some();
        self.reading = reading;
        ends
    }

    /// Decides which of its files may be sent to `remote`.
    pub(crate) fn egress_policy(&self, remote: &RemoteSettings) -> EgressPolicy {
        let mut exclude = self.exclude.clone();
        exclude.patterns.extend(remote.exclude.iter().cloned());
        EgressPolicy::new(self.folders.clone(), exclude, remote.languages.clone())
    }

    /// Pauses reading until the guard is dropped.
    pub(crate) fn enter_foreground(&self) -> ForegroundGuard {
        self.foreground.enter()
    }
}

impl Folders {
    /// The path relative to its folder, with the folder's name in front unless it is the first folder. A file outside
    /// all folders gets [`OUTSIDE`] and its file name, which no file inside a folder can have.
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

    /// The folders and paths that `name` may stand for. Several folders may have a file of this name.
    fn candidates<'a>(&'a self, name: &'a Path) -> impl Iterator<Item = (&'a Path, PathBuf)> {
        self.0.iter().enumerate().filter_map(move |(number, folder)| {
            let within = match number {
                0 => name,
                _ => name.strip_prefix(folder.file_name()?).ok()?,
            };
            Some((folder.as_path(), folder.join(within)))
        })
    }
}

/// Whether to read `folder`. A home folder or a whole disk is not a project, and holds many private files.
fn is_project(folder: &Path) -> bool {
    let home = etcetera::home_dir().ok();
    folder.parent().is_some() && home.as_deref() != Some(folder) && folder.is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_path_relative_to_its_folder() {
        let folders = Folders(vec!["/a/b".into(), "/a/c".into()]);
        let name = |path: &str| folders.name_of(Path::new(path)).replace('\\', "/");
        assert_eq!(name("/a/b/src/d.rs"), "src/d.rs");
        assert_eq!(name("/a/c/src/d.rs"), "c/src/d.rs");
        assert_eq!(name("/a/bc/d.rs"), "../d.rs");
        assert_eq!(Folders::default().name_of(Path::new("Untitled-1")), "Untitled-1");
    }
}
