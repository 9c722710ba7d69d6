//! The definitions that bear on the place of the cursor: in the same file outside the window, in open documents, and in
//! the workspace. Those that the code around the cursor mentions, the members of the types it mentions, and what else
//! the files define that it draws on most.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::context::Surroundings;
use crate::context::mentions::{Mentions, subwords};
use crate::document::Document;
use crate::document::outline::{Definition, Kind, Outline};

/// A name with more definitions than this means none of them, unless its file is imported.
const MAX_DEFINITIONS: usize = 8;

/// Members are shown of types that weigh at least this.
const MIN_TYPE_WEIGHT: f32 = 0.25;

/// What a member weighs, beside its type, and another definition of a file that is drawn on, beside the file.
const MEMBER: f32 = 0.4;
const NEIGHBOUR: f32 = 0.25;

/// What it adds that a name is made of words that stand around the cursor.
const SIMILARITY_WEIGHT: f32 = 3.0;

/// Others of a file that is drawn on are not worth a line.
const MIN_SIMILARITY: f32 = 1.5;

/// What the same file is worth, or one that it imports, and one in another folder.
const SAME_OR_IMPORTED: f32 = 1.5;
const OTHER_FOLDER: f32 = 0.7;

/// Files that are drawn on most, of which all definitions are looked at.
const MAX_FILES: usize = 4;

/// A definition that may be worth showing.
pub(super) struct Candidate {
    pub(super) path: Arc<str>,
    pub(super) definition: Definition,
    pub(super) score: f32,
}

/// The best first. `visible` are the bytes of `document` that are shown anyway.
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
        let weight = weight.min(1.0) * NEIGHBOUR;
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
    /// Notes that `definition` is worth `score`, if it is not seen anyway.
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

    /// How much more `definition` is worth, which is not mentioned itself, since its name is like what is. At least 1.
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

/// All that can be looked into.
struct Files<'a> {
    document: &'a Document,
    surroundings: &'a Surroundings,
}

impl Files<'_> {
    /// The files that define `name`. What is open counts as it is there, not as it is on disk.
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

/// How likely a file is to be meant at all, from where it is.
fn file_weight(path: &str, from: &str, imported: &HashSet<String>) -> f32 {
    let mut parts = path.rsplit(['/', '\\']);
    let stem = parts.next().and_then(|name| name.split('.').next()).unwrap_or_default();
    let folder = parts.next().unwrap_or_default();
    // The file that stands for its folder.
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
