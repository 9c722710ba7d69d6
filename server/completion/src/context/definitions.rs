//! The definitions of what is mentioned around the cursor: in the same file outside the window, in open documents, and in
//! the workspace.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::context::Surroundings;
use crate::context::mentions::Mentions;
use crate::document::Document;
use crate::outline::{Definition, Kind, Outline};

/// A name with more definitions than this means none of them, unless its file is imported.
const MOST_DEFINITIONS: usize = 8;

/// Members are shown of types that weigh at least this, each a little less than the one before.
const TYPE_WORTH_MEMBERS: f32 = 0.25;
const MEMBER: f32 = 0.5;
const NEXT_MEMBER: f32 = 0.95;

/// What a file is worth that the cursor's file imports, and one in another folder.
const IMPORTED: f32 = 1.5;
const ELSEWHERE: f32 = 0.7;

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
    let mut candidates = Vec::new();
    let mut seen: HashSet<(Arc<str>, usize)> = HashSet::new();
    let mut names: Vec<_> = mentions.weights.iter().collect();
    names.sort_by(|(name, weight), (other, other_weight)| other_weight.total_cmp(weight).then(name.cmp(other)));
    for (name, weight) in names {
        let defining = files.defining(name);
        let count: usize = defining.iter().map(|(_, outline)| outline.named(name).count()).sum();
        for (path, outline) in &defining {
            let worth = worth(path, document.name(), &mentions.imported);
            if count > MOST_DEFINITIONS && worth < IMPORTED {
                continue;
            }
            let weight = weight * worth / (count as f32).sqrt();
            for definition in outline.named(name) {
                let members =
                    outline.members(name).filter(|_| definition.kind == Kind::Type && weight > TYPE_WORTH_MEMBERS);
                let mut member_weight = weight * MEMBER;
                let members = members.map(|member| {
                    member_weight *= NEXT_MEMBER;
                    (member, member_weight)
                });
                for (definition, score) in std::iter::once((definition, weight)).chain(members) {
                    let is_visible = **path == *document.name()
                        && definition.range.start < visible.end
                        && visible.start < definition.range.end;
                    if !is_visible && seen.insert((path.clone(), definition.range.start)) {
                        candidates.push(Candidate { path: path.clone(), definition: definition.clone(), score });
                    }
                }
            }
        }
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates
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
fn worth(path: &str, from: &str, imported: &HashSet<String>) -> f32 {
    let mut parts = path.rsplit(['/', '\\']);
    let stem = parts.next().and_then(|name| name.split('.').next()).unwrap_or_default();
    let folder = parts.next().unwrap_or_default();
    // The file that stands for its folder.
    let module = if ["mod", "lib", "__init__", "index", "main"].contains(&stem) { folder } else { stem };
    let folder_of = |path: &str| path.rsplit_once(['/', '\\']).map(|(folder, _)| folder.to_owned());
    if imported.contains(module) {
        IMPORTED
    } else if folder_of(path) == folder_of(from) {
        1.0
    } else {
        ELSEWHERE
    }
}
