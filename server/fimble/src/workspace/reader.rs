//! A thread that reads what the files of a workspace define: all of them once, then those that change. It reads what
//! version control does not ignore, within limits, and only while nobody waits for a completion.

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

/// A larger file is generated, or data.
const LARGEST_FILE: u64 = 256 << 10;

/// Where reading ends, whatever is left.
const MOST_FILES: usize = 50_000;
const MOST_BYTES: usize = 96 << 20;
const LONGEST_READING: Duration = Duration::from_secs(300);

/// Between two reports of how far it is.
const REPORT_EVERY: Duration = Duration::from_millis(500);

/// Between two looks at whether somebody still waits.
const MOMENT: Duration = Duration::from_millis(2);

/// Ends its thread when it is dropped, after the file that is being read.
pub(super) struct Reader {
    pub(super) index: Arc<WorkspaceIndex>,
    changes: Sender<Vec<PathBuf>>,
}

impl Reader {
    /// `None` where there is no thread to be had.
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
                tracing::warn!("no thread to read the workspace: {error}");
                None
            }
        }
    }

    pub(super) fn changed(&self, files: Vec<PathBuf>) {
        let _ = self.changes.send(files);
    }
}

/// What all files of `folder` define, called by their paths in it, as a server would know it after a while. Takes as long
/// as reading them.
pub fn read_workspace(folder: &Path) -> WorkspaceIndex {
    let index = WorkspaceIndex::default();
    let folders = Folders(vec![folder.to_owned()]);
    let exclusions = Exclusions::new([], &ExcludePatterns::default());
    walk(folder).build().filter_map(Result::ok).for_each(|entry| read(&entry, &folders, &exclusions, &index));
    index
}

/// What the thread has.
struct Pass {
    folders: Folders,
    exclusions: Exclusions,
    foreground: Foreground,
    tasks: Tasks<Reading>,
    index: Arc<WorkspaceIndex>,
    changes: Receiver<Vec<PathBuf>>,
}

/// Nobody needs what is being read any more.
struct Dropped;

impl Pass {
    fn run(self) -> Result<(), Dropped> {
        let mut entered = HashSet::new();
        // What comes in while everything is read is read after it.
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

    /// Reads all files, and notes the folders it has `entered` and the `changes` that came in meanwhile.
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
                    () if self.index.file_count() >= MOST_FILES => Some("the most files that are looked at"),
                    () if self.index.bytes() >= MOST_BYTES => Some("the most memory that is given to them"),
                    () if started.elapsed() > LONGEST_READING => Some("the most time that is given to them"),
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
        tracing::info!(files, bytes, time = ?started.elapsed(), limit, "the workspace was read");
        self.report(true, limit);
        Ok(())
    }

    fn report(&self, ended: bool, limit: Option<&'static str>) {
        let reading = Reading { files: self.index.file_count(), bytes: self.index.bytes(), ended, limit };
        self.tasks.send(reading)
    }

    /// Reads what has changed at `paths`, which may be files or folders, if it is not ignored.
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
                if self.index.file_count() < MOST_FILES && self.index.bytes() < MOST_BYTES {
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
            thread::sleep(MOMENT);
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
    // What is not UTF-8 is no code that fimble completes.
    let Ok(text) = std::fs::read_to_string(entry.path()) else { return };
    let text = Rope::from_str(&text);
    if let Some(tree) = SyntaxTree::parse(language, &text) {
        index.insert(&name, Outline::new(language, &tree, &text));
    }
}

/// Hidden files, links and what is ignored are left out.
fn walk(folder: &Path) -> WalkBuilder {
    let mut walk = WalkBuilder::new(folder);
    walk.add_custom_ignore_filename(IGNORE_FILE).require_git(false).follow_links(false);
    walk
}
