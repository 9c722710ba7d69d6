//! What becomes of the suggestions that are shown, counted: by the edits that follow, and by what clients say.

use fimble_completion::acceptance::{Acceptance, Shown, Step};
use fimble_completion::document::Change;
use fimble_completion::position::{PositionEncoding, offset_at};
use tower_lsp::ls_types::Uri;

use crate::lsp::proto::Accepted;
use crate::session::{CompletionReply, OpenDocument, Session};
use crate::usage::counters::Statistics;
use crate::usage::Subject;

/// A suggestion on the user's screen.
pub(crate) struct OnScreen {
    shown: Shown,
    subject: Subject,
    characters: usize,
}

impl Session {
    /// Notes that `offer`, to be counted under `subject`, was sent to a client that waited for it.
    pub(crate) fn shown(&mut self, uri: &Uri, offer: &CompletionReply, subject: &Subject) {
        let Some(open) = self.documents.get_mut(uri) else { return };
        let text = &offer.suggestion.text;
        if open.on_screen.as_mut().is_some_and(|on_screen| on_screen.shown.goes_on(offer.offset, text)) {
            return;
        }
        open.leave(&mut self.statistics);
        self.statistics.count_shown(subject);
        let shown = Shown::new(&offer.document, offer.offset, text);
        open.on_screen = Some(OnScreen { shown, subject: subject.clone(), characters: text.chars().count() });
        self.shown_last = Some(uri.clone());
    }

    /// Counts what an edit meant that began at byte `start` of the text before it; `None` if all of it was replaced.
    pub(crate) fn edited(&mut self, uri: &Uri, start: Option<usize>) {
        let pieces = !self.client.reports_accepts;
        let Some(open) = self.documents.get_mut(uri) else { return };
        open.edited = start.or(open.edited);
        let Some(on_screen) = &mut open.on_screen else { return };
        if let Step::Gone(outcome) = on_screen.shown.edited(&open.document, start, pieces) {
            // The command of the item, if the client sends it, comes after the edit.
            self.accepts_seen += u32::from(outcome == Some(Acceptance::Accepted));
            on_screen.count(outcome, &mut self.statistics);
            open.on_screen = None;
        }
    }

    /// Counts what the client says was accepted, unless its edit told already.
    pub(crate) fn accepted(&mut self, accepted: &Accepted) {
        if self.accepts_seen > 0 && !accepted.part {
            self.accepts_seen -= 1;
            return;
        }
        let latest = self.shown_last.as_ref().and_then(|uri| self.documents.get_mut(uri));
        let subject = Subject { language: accepted.language.clone(), model: accepted.model.clone() };
        let same = latest.filter(|open| open.on_screen.as_ref().is_some_and(|on_screen| on_screen.subject == subject));
        match (same, accepted.part) {
            (Some(OpenDocument { on_screen: Some(on_screen), .. }), true) => on_screen.shown.take_part(),
            (same, false) => {
                self.statistics.count_outcome(&subject, Acceptance::Accepted, accepted.characters);
                if let Some(open) = same {
                    open.on_screen = None;
                }
            }
            (_, true) => self.statistics.count_outcome(&subject, Acceptance::PartlyAccepted, accepted.characters),
        }
    }
}

impl OpenDocument {
    /// What was on the screen is not any more, and the user has not judged it.
    pub(crate) fn leave(&mut self, statistics: &mut Statistics) {
        if let Some(on_screen) = self.on_screen.take() {
            on_screen.count(on_screen.shown.left(), statistics);
        }
    }

    /// The byte at which a change begins that is about to be made; `None` if it replaces everything.
    pub(crate) fn start_of(&self, change: &Change, encoding: PositionEncoding) -> Option<usize> {
        let (start, _) = change.range?;
        Some(offset_at(self.document.text(), start, encoding).unwrap_or(usize::MAX))
    }
}

impl OnScreen {
    fn count(&self, outcome: Option<Acceptance>, statistics: &mut Statistics) {
        if let Some(outcome) = outcome {
            statistics.count_outcome(&self.subject, outcome, self.characters);
        }
    }
}
