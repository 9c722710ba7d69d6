//! The cases of `fimble eval`. A case is a gap in a text of its own, or a gap in a file of a repository.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use fimble_completion::context::workspace_index::WorkspaceIndex;
use fimble_completion::context::{OpenFile, Surroundings};
use fimble_completion::document::Document;
use fimble_completion::language::Language;
use fimble_completion::settings::ContextScope;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

/// How many other files of a repository count as open. These are the nearest files in the folder tree.
const OPEN: usize = 5;

/// One line of a dataset. A missing field has the value that HumanEval-Infilling implies.
#[derive(Deserialize)]
pub(super) struct Case {
    #[serde(default)]
    pub(super) task_id: String,
    pub(super) canonical_solution: String,
    #[serde(default = "python")]
    pub(super) language: String,
    /// The names that the solution uses and does not define.
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(flatten)]
    gap: Gap,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Gap {
    /// The text before and after the gap.
    Between { prompt: String, suffix: String },
    /// The bytes of a file that form the gap.
    Within { repository: String, path: String, start: usize, end: usize },
}

fn python() -> String {
    "python".to_owned()
}

/// A case as an editor presents it.
#[derive(Clone)]
pub(super) struct EditorView {
    pub(super) name: Arc<str>,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) surroundings: Surroundings,
}

/// The repositories that cases name. Each is read once.
pub(super) struct Repositories {
    folder: PathBuf,
    scope: ContextScope,
    known: HashMap<String, Repository>,
}

struct Repository {
    index: Arc<WorkspaceIndex>,
    files: Vec<Document>,
}

impl Repositories {
    /// The repositories in `folder`. Prompts may contain the code in `scope`.
    pub(super) fn new(folder: PathBuf, scope: ContextScope) -> Self {
        Self { folder, scope, known: HashMap::new() }
    }

    pub(super) fn view(&mut self, case: &Case) -> anyhow::Result<EditorView> {
        let same_file = self.scope >= ContextScope::File;
        match &case.gap {
            Gap::Between { prompt, suffix } => Ok(EditorView {
                name: "case".into(),
                before: prompt.clone(),
                // HumanEval-Infilling removes the line break with the line. In an editor, it stays after the cursor.
                after: if case.canonical_solution.ends_with('\n') { format!("\n{suffix}") } else { suffix.clone() },
                surroundings: Surroundings { same_file, ..Surroundings::default() },
            }),
            Gap::Within { repository: name, path, start, end } => {
                let repository = match self.known.entry(name.clone()) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(unknown) => unknown.insert(Repository::read(&self.folder.join(name))?),
                };
                let file = repository.files.iter().find(|file| file.name() == path);
                let file = file.with_context(|| format!("`{name}` has no file `{path}`"))?;
                let text = |range: Range<usize>| file.text().get_byte_slice(range).map(|text| text.to_string());
                let before = text(0..*start);
                let (Some(before), Some(after)) = (before, text(*end..file.text().len_bytes())) else {
                    bail!("`{path}` of `{name}` has no bytes {start}..{end}");
                };
                let near = |other: &&Document| std::cmp::Reverse(common_folders(other.name(), path));
                let mut others: Vec<&Document> = repository.files.iter().filter(|other| other.name() != path).collect();
                others.sort_by_key(near);
                let open = others.into_iter().take(OPEN).filter(|_| self.scope >= ContextScope::Open);
                let surroundings = Surroundings {
                    project: name.as_str().into(),
                    same_file,
                    open: open.map(|document| OpenFile { document: document.clone(), edited: None }).collect(),
                    workspace: (self.scope >= ContextScope::Workspace).then(|| repository.index.clone()),
                };
                Ok(EditorView { name: path.as_str().into(), before, after, surroundings })
            }
        }
    }
}

impl Repository {
    fn read(folder: &Path) -> anyhow::Result<Self> {
        if !folder.is_dir() {
            bail!(
                "there is no repository `{}`; name the folder of the repositories with --repositories",
                folder.display()
            );
        }
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            let entries = fs::read_dir(&next).with_context(|| format!("cannot read `{}`", next.display()))?;
            let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.sort();
            for path in paths {
                let language = Language::from_path(&path);
                if path.is_dir() {
                    folders.push(path);
                } else if language.has_grammar()
                    && let Ok(text) = fs::read_to_string(&path)
                {
                    let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                    files.push(Document::new(name, language, 0, &text));
                }
            }
        }
        Ok(Self { index: Arc::new(fimble::read_workspace(folder)), files })
    }
}

/// The number of leading folders that two paths have in common.
fn common_folders(path: &str, other: &str) -> usize {
    path.split(['/', '\\']).zip(other.split(['/', '\\'])).take_while(|(part, other)| part == other).count()
}

/// Reads at most `limit` cases of a dataset, after the first `skip` cases.
pub(super) fn read(path: &Path, skip: usize, limit: usize) -> anyhow::Result<Vec<Case>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot open `{name}`"))?;
    let is_gzip = path.extension().is_some_and(|extension| extension == "gz");
    let reader: Box<dyn Read> = if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut cases = Vec::new();
    for (number, line) in (1..).zip(BufReader::new(reader).lines()) {
        if cases.len() == skip.saturating_add(limit) {
            break;
        }
        let line = line.with_context(|| format!("cannot read `{name}`"))?;
        if line.trim().is_empty() {
            continue;
        }
        let case = serde_json::from_str(&line).with_context(|| {
            format!(
                "line {number} of `{name}` is not a case; a case needs `canonical_solution`, and either `prompt` and `suffix`, or \
                 `repository`, `path`, `start` and `end`"
            )
        })?;
        cases.push(case);
    }
    cases.drain(..skip.min(cases.len()));
    if cases.is_empty() {
        bail!("`{name}` has no cases{}", if skip > 0 { " after those that --skip leaves out" } else { "" });
    }
    Ok(cases)
}
