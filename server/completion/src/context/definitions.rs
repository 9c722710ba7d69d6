//! Finds definitions that are relevant at the cursor: in the same file outside the window, in open documents and in the
//! workspace. These are the definitions of names that the code around the cursor mentions, the members of the types it
//! mentions, and similarly named definitions in the files it refers to most.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::context::Surroundings;
use crate::context::mentions::{Mentions, subwords};
use crate::document::Document;
use crate::document::outline::{Definition, Kind, Outline};

/// A name with more definitions is ambiguous, and all of them are ignored unless its file is imported.
const MAX_DEFINITIONS: usize = 8;

/// The least weight of a type whose members are candidates too.
const MIN_TYPE_WEIGHT: f32 = 0.25;

/// Factors for a member relative to its type, and for another definition in a file relative to the file.
const MEMBER: f32 = 0.4;
const NEIGHBOR: f32 = 0.25;

/// How much the words of a name count, if the same words occur around the cursor.
const SIMILARITY_WEIGHT: f32 = 3.0;

/// Definitions that are not mentioned need at least this similarity.
const MIN_SIMILARITY: f32 = 1.5;

/// The weight of the same file or an imported file, and of a file in another folder. A file in the same folder has
/// weight 1.
const SAME_OR_IMPORTED: f32 = 1.5;
const OTHER_FOLDER: f32 = 0.7;

/// How many of the most referenced files are searched for similarly named definitions.
const MAX_FILES: usize = 4;

/// A definition that may become part of the prompt.
pub(super) struct Candidate {
    pub(super) path: Arc<str>,
    pub(super) definition: Definition,
    pub(super) score: f32,
}

/// Ranks the definitions, best first. `visible` is the byte range of `document` that the model sees anyway.
pub(super) fn candidates(
    document: &Document,
    visible: &Range<usize>,
    mentions: &Mentions,
    surroundings: &Surroundings,
) -> Vec<Candidate> {
    let files = Files { document, surroundings };
    let mut ranking = Ranking { document, visible, mentions, scores: HashMap::new() };
    let mut referenced: HashMap<Arc<str>, (f32, Arc<Outline>)> = HashMap::new();
    for (name, weight) in &mentions.weights {
        let defining = files.defining(name);
        let count: usize = defining.iter().map(|(_, outline)| outline.named(name).count()).sum();
        for (path, outline) in defining {
            let file_weight = file_weight(&path, document.name(), &mentions.imported);
            if count > MAX_DEFINITIONS && file_weight < SAME_OR_IMPORTED {
                continue;
            }
            let weight = weight * file_weight / (count as f32).sqrt();
            for definition in outline.named(name) {
                ranking.add(&path, definition, weight);
                if definition.kind == Kind::Type && weight > MIN_TYPE_WEIGHT {
                    for member in outline.members(name) {
                        let similarity = ranking.similarity(member);
                        ranking.add(&path, member, weight * MEMBER * similarity);
                    }
                }
            }
            referenced.entry(path).or_insert((0.0, outline)).0 += weight;
        }
    }
    let mut referenced: Vec<_> = referenced.into_iter().collect();
    referenced.sort_by(|(path, (weight, _)), (other, (more, _))| more.total_cmp(weight).then(path.cmp(other)));
    for (path, (weight, outline)) in referenced.into_iter().take(MAX_FILES) {
        let weight = weight.min(1.0) * NEIGHBOR;
        for definition in outline.definitions() {
            let similarity = ranking.similarity(definition);
            if similarity > MIN_SIMILARITY {
                ranking.add(&path, definition, weight * similarity);
            }
        }
    }
    ranking.best()
}

struct Ranking<'a> {
    document: &'a Document,
    visible: &'a Range<usize>,
    mentions: &'a Mentions,
    scores: HashMap<(Arc<str>, usize), Candidate>,
}

impl Ranking<'_> {
    /// Adds `definition` unless it is visible anyway. A definition keeps its highest score.
    fn add(&mut self, path: &Arc<str>, definition: &Definition, score: f32) {
        let Range { start, end } = definition.range;
        let is_visible = **path == *self.document.name() && start < self.visible.end && self.visible.start < end;
        if is_visible {
            return;
        }
        let new = || Candidate { path: path.clone(), definition: definition.clone(), score };
        let known = self.scores.entry((path.clone(), start)).or_insert_with(new);
        known.score = known.score.max(score);
    }

    /// How similar the name of `definition` is to the words around the cursor. At least 1.
    fn similarity(&self, definition: &Definition) -> f32 {
        let words = subwords(&definition.name);
        let weight = |word: &String| self.mentions.subwords.get(word).copied().unwrap_or_default();
        1.0 + SIMILARITY_WEIGHT * words.iter().map(weight).sum::<f32>() / words.len().max(1) as f32
    }

    fn best(self) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> = self.scores.into_values().collect();
        let place = |candidate: &Candidate| (candidate.path.clone(), candidate.definition.range.start);
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| place(a).cmp(&place(b))));
        candidates
    }
}

/// All files that definitions may come from.
struct Files<'a> {
    document: &'a Document,
    surroundings: &'a Surroundings,
}

impl Files<'_> {
    /// The files that define `name`. An open document takes precedence over the same file on disk.
    fn defining(&self, name: &str) -> Vec<(Arc<str>, Arc<Outline>)> {
        let same = std::iter::once(self.document).filter(|_| self.surroundings.same_file);
        let open = same.chain(self.surroundings.open.iter().map(|file| &file.document));
        let open = open.filter_map(|document| Some((document.name().into(), document.outline()?.clone())));
        let indexed = self.surroundings.workspace.iter().flat_map(|workspace| workspace.defining(name));
        let is_open = |path: &str| {
            path == self.document.name() || self.surroundings.open.iter().any(|file| file.document.name() == path)
        };
        open.filter(|(_, outline): &(_, Arc<Outline>)| outline.named(name).next().is_some())
            .chain(indexed.filter(|(path, _)| !is_open(path)))
            .collect()
    }
}

/// How relevant a file is, judged by its path and the imports.
fn file_weight(path: &str, from: &str, imported: &HashSet<String>) -> f32 {
    let mut parts = path.rsplit(['/', '\\']);
    let stem = parts.next().and_then(|name| name.split('.').next()).unwrap_or_default();
    let folder = parts.next().unwrap_or_default();
    // These files represent their folder, so the folder has the name that imports use.
    let module = if ["mod", "lib", "__init__", "index", "main"].contains(&stem) { folder } else { stem };
    let folder_of = |path: &str| path.rsplit_once(['/', '\\']).map(|(folder, _)| folder.to_owned());
    if path == from || imported.contains(module) {
        SAME_OR_IMPORTED
    } else if folder_of(path) == folder_of(from) {
        1.0
    } else {
        OTHER_FOLDER
    }
}
