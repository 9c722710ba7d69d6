//! Finds out what users do with suggestions, from the edits that follow and from the reports of clients.

use std::collections::HashMap;

use fimble_completion::document::Document;
use fimble_completion::suggestion::acceptance::{Acceptance, AcceptanceTracker, Verdict};

use super::Usage;
use super::counters::Counters;
use super::stats::Subject;
use crate::documents::DocumentId;

/// The suggestions on the user's screen, at most one per document.
#[derive(Default)]
pub(super) struct OnScreen {
    by_document: HashMap<DocumentId, Shown>,
    /// The document that got the latest suggestion.
    latest: Option<DocumentId>,
    /// The number of accepts that edits have shown and the client has not reported yet. A client that reports accepts
    /// sends the command after the edit.
    seen_in_edits: u32,
}

struct Shown {
    tracker: AcceptanceTracker,
    subject: Subject,
    characters: usize,
}

/// An accept that the client reports.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) subject: Subject,
    pub(crate) characters: usize,
    /// The user accepted a part and may accept more.
    pub(crate) is_part: bool,
}

impl Usage {
    /// Records that the client received `text` for the byte `offset` of `document`.
    pub(crate) fn shown(&mut self, id: &DocumentId, document: &Document, offset: usize, text: &str, subject: &Subject) {
        let continues = |shown: &mut Shown| shown.tracker.goes_on(offset, text);
        if self.on_screen.by_document.get_mut(id).is_some_and(continues) {
            return;
        }
        self.leave(id);
        self.counters.count_shown(subject);
        let tracker = AcceptanceTracker::new(document, offset, text);
        let shown = Shown { tracker, subject: subject.clone(), characters: text.chars().count() };
        self.on_screen.by_document.insert(id.clone(), shown);
        self.on_screen.latest = Some(id.clone());
    }

    /// Counts what an edit means for the suggestion on screen. The edit started at byte `start` of the old text; `None`
    /// means that it replaced the whole text. A client that `reports_accepts` may send several keys as one edit, so
    /// such an edit is not taken for an accept.
    pub(crate) fn edited(&mut self, id: &DocumentId, document: &Document, start: Option<usize>, reports_accepts: bool) {
        let Some(shown) = self.on_screen.by_document.get_mut(id) else { return };
        if let Verdict::Settled(acceptance) = shown.tracker.edited(document, start, !reports_accepts) {
            self.on_screen.seen_in_edits += u32::from(acceptance == Some(Acceptance::Accepted));
            shown.count(acceptance, &mut self.counters);
            self.on_screen.by_document.remove(id);
        }
    }

    /// Counts an accept that the client reports, unless an edit has already shown it.
    pub(crate) fn accepted(&mut self, accepted: &Accepted) {
        let OnScreen { by_document, latest, seen_in_edits } = &mut self.on_screen;
        if *seen_in_edits > 0 && !accepted.is_part {
            *seen_in_edits -= 1;
            return;
        }
        let id = latest.as_ref().filter(|id| by_document.get(id).is_some_and(|it| it.subject == accepted.subject));
        match (id, accepted.is_part) {
            (Some(id), true) => {
                if let Some(shown) = by_document.get_mut(id) {
                    shown.tracker.take_part();
                }
            }
            (id, false) => {
                self.counters.count_acceptance(&accepted.subject, Acceptance::Accepted, accepted.characters);
                if let Some(id) = id {
                    by_document.remove(id);
                }
            }
            (None, true) => {
                self.counters.count_acceptance(&accepted.subject, Acceptance::PartlyAccepted, accepted.characters);
            }
        }
    }

    /// The document's suggestion left the screen. The user neither accepted it nor typed over it.
    pub(crate) fn leave(&mut self, id: &DocumentId) {
        if let Some(shown) = self.on_screen.by_document.remove(id) {
            shown.count(shown.tracker.left(), &mut self.counters);
        }
    }

    /// Forgets the document's suggestion. Opening a document again says nothing about it.
    pub(crate) fn forget(&mut self, id: &DocumentId) {
        self.on_screen.by_document.remove(id);
    }

    pub(super) fn leave_all(&mut self) {
        let ids: Vec<DocumentId> = self.on_screen.by_document.keys().cloned().collect();
        ids.iter().for_each(|id| self.leave(id));
    }
}

impl Shown {
    fn count(&self, acceptance: Option<Acceptance>, counters: &mut Counters) {
        if let Some(acceptance) = acceptance {
            counters.count_acceptance(&self.subject, acceptance, self.characters);
        }
    }
}
