//! A thread that reads the definitions in a workspace: first in all files, then in files that change. It skips ignored
//! files, stops at limits, and pauses while a user waits for a completion.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use fimble_completion::context::workspace_index::WorkspaceIndex;
use fimble_completion::document::outline::Outline;
use fimble_completion::document::syntax::SyntaxTree;
use fimble_completion::foreground::Foreground;
use fimble_completion::language::Language;
use ignore::{DirEntry, WalkBuilder};
use ropey::Rope;

use super::exclusions::{Exclusions, IGNORE_FILE};
use super::{Folders, Reading};
use crate::settings::ExcludePatterns;
use crate::tasks::Tasks;

/// In bytes. Larger files are usually generated or data.
const LARGEST_FILE: u64 = 256 << 10;

/// Reading stops at the first of these limits.
const MAX_FILES: usize = 50_000;
const MAX_INDEX_BYTES: usize = 96 << 20;
const MAX_READING_TIME: Duration = Duration::from_secs(300);

/// The time between two progress reports.
const REPORT_EVERY: Duration = Duration::from_millis(500);

/// The time between two checks whether a user still waits for a completion.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// The handle of the thread. When it is dropped, the thread finishes the current file and ends.
pub(super) struct Reader {
    pub(super) index: Arc<WorkspaceIndex>,
    changes: Sender<Vec<PathBuf>>,
}

impl Reader {
    /// Starts the thread. `None` if the operating system cannot start one.
    pub(super) fn start(
        folders: Folders,
        exclusions: Exclusions,
        foreground: Foreground,
        tasks: Tasks<Reading>,
    ) -> Option<Self> {
        let index = Arc::new(WorkspaceIndex::default());
        let (changes, received) = mpsc::channel();
        let pass = Pass { folders, exclusions, foreground, tasks, index: index.clone(), changes: received };
        match thread::Builder::new().name("read workspace".to_owned()).spawn(move || pass.run()) {
            Ok(_) => Some(Self { index, changes }),
            Err(error) => {
                tracing::warn!("cannot start a thread to read the workspace: {error}");
                None
            }
        }
    }

    pub(super) fn changed(&self, files: Vec<PathBuf>) {
        let _ = self.changes.send(files);
    }
}

/// Reads all files of `folder` on the calling thread. The index is the one that a server has after its first pass; it
/// names files by their paths relative to `folder`.
pub fn read_workspace(folder: &Path) -> WorkspaceIndex {
    let index = WorkspaceIndex::default();
    let folders = Folders(vec![folder.to_owned()]);
    let exclusions = Exclusions::new([], &ExcludePatterns::default());
    walk(folder).build().filter_map(Result::ok).for_each(|entry| read(&entry, &folders, &exclusions, &index));
    index
}

/// The state of the thread.
struct Pass {
    folders: Folders,
    exclusions: Exclusions,
    foreground: Foreground,
    tasks: Tasks<Reading>,
    index: Arc<WorkspaceIndex>,
    changes: Receiver<Vec<PathBuf>>,
}

/// The [`Reader`] was dropped, so the thread must end.
struct Dropped;

impl Pass {
    fn run(self) -> Result<(), Dropped> {
        let mut entered = HashSet::new();
        // Changes that arrive during a full pass are read after it.
        let mut changes = VecDeque::new();
        self.read_all(&mut entered, &mut changes)?;
        loop {
            let files = match changes.pop_front() {
                Some(files) => files,
                None => self.changes.recv().map_err(|_| Dropped)?,
            };
            let rules =
                |file: &PathBuf| file.file_name().is_some_and(|name| name == ".gitignore" || name == IGNORE_FILE);
            if files.iter().any(rules) {
                self.folders.0.iter().for_each(|folder| self.index.remove(&self.folders.name_of(folder)));
                entered.clear();
                self.read_all(&mut entered, &mut changes)?;
            } else {
                self.read_again(&files, &mut entered);
            }
        }
    }

    /// Reads all files. Adds the folders that it reads to `entered`, and changes that arrive meanwhile to `changes`.
    fn read_all(&self, entered: &mut HashSet<PathBuf>, changes: &mut VecDeque<Vec<PathBuf>>) -> Result<(), Dropped> {
        let started = Instant::now();
        let mut reported = started;
        let mut limit = None;
        'folders: for folder in self.folders.0.iter().filter(|folder| super::is_project(folder)) {
            for entry in walk(folder).build().filter_map(Result::ok) {
                match self.changes.try_recv() {
                    Ok(files) => changes.push_back(files),
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => return Err(Dropped),
                }
                limit = match () {
                    () if self.index.file_count() >= MAX_FILES => Some("the maximum number of files"),
                    () if self.index.bytes() >= MAX_INDEX_BYTES => Some("the maximum size of the index"),
                    () if started.elapsed() > MAX_READING_TIME => Some("the maximum time"),
                    () => None,
                };
                if limit.is_some() {
                    break 'folders;
                }
                self.read(&entry, entered);
                if reported.elapsed() >= REPORT_EVERY {
                    reported = Instant::now();
                    self.report(false, None);
                }
            }
        }
        let (files, bytes) = (self.index.file_count(), self.index.bytes());
        tracing::info!(files, bytes, time = ?started.elapsed(), limit, "read the workspace");
        self.report(true, limit);
        Ok(())
    }

    fn report(&self, ended: bool, limit: Option<&'static str>) {
        let reading = Reading { files: self.index.file_count(), bytes: self.index.bytes(), ended, limit };
        self.tasks.send(reading)
    }

    /// Reads changed files or folders at `paths`, unless they are ignored.
    fn read_again(&self, paths: &[PathBuf], entered: &mut HashSet<PathBuf>) {
        for path in paths {
            let Some(known) = path.ancestors().skip(1).find(|folder| entered.contains(*folder)).map(Path::to_owned)
            else {
                continue;
            };
            self.index.remove(&self.folders.name_of(path));
            let wanted = path.clone();
            let leads_there =
                move |entry: &DirEntry| wanted.starts_with(entry.path()) || entry.path().starts_with(&wanted);
            for entry in walk(&known).filter_entry(leads_there).build().filter_map(Result::ok) {
                if self.index.file_count() < MAX_FILES && self.index.bytes() < MAX_INDEX_BYTES {
                    self.read(&entry, entered);
                }
            }
        }
    }

    fn read(&self, entry: &DirEntry, entered: &mut HashSet<PathBuf>) {
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            entered.insert(entry.path().to_owned());
        }
        while !self.foreground.is_idle() {
            thread::sleep(POLL_INTERVAL);
        }
        read(entry, &self.folders, &self.exclusions, &self.index);
    }
}

fn read(entry: &DirEntry, folders: &Folders, exclusions: &Exclusions, index: &WorkspaceIndex) {
    let language = Language::from_path(entry.path());
    let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
    let is_small = || entry.metadata().is_ok_and(|metadata| metadata.len() <= LARGEST_FILE);
    let name = folders.name_of(entry.path());
    if !is_file || !language.has_grammar() || exclusions.contain(&name) || !is_small() {
        return;
    }
    // fimble completes only UTF-8 text, so other files are of no use.
    let Ok(text) = std::fs::read_to_string(entry.path()) else { return };
    let text = Rope::from_str(&text);
    if let Some(tree) = SyntaxTree::parse(language, &text) {
        index.insert(&name, Outline::new(language, &tree, &text));
    }
}

/// Walks all files except hidden files, links and ignored files.
fn walk(folder: &Path) -> WalkBuilder {
    let mut walk = WalkBuilder::new(folder);
    walk.add_custom_ignore_filename(IGNORE_FILE).require_git(false).follow_links(false);
    walk
}
