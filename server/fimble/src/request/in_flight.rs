//! The requests that wait for a reply, by document. Each one is taken out once, and that is when it is answered.

use std::collections::HashMap;

use fimble_completion::engine::Cancel;

use super::task::{CompletionRequest, CompletionTask, ReplySender, Surface};
use crate::documents::DocumentId;

#[derive(Default)]
pub(super) struct InFlight {
    by_document: HashMap<DocumentId, Vec<Waiting>>,
    /// Numbers the requests.
    latest: u64,
}

struct Waiting {
    number: u64,
    version: i32,
    offset: usize,
    surface: Surface,
    cancel: Cancel,
    reply: ReplySender,
}

impl InFlight {
    /// Ends the older requests of the document that `newer` is for, which is now at `version`. A request for the same
    /// position on the other surface goes on: a client that shows both ghost text and a menu sends the two together.
    pub(super) fn supersede(&mut self, newer: &CompletionRequest, version: Option<i32>) {
        let Some(waiting) = self.by_document.remove(&newer.document) else { return };
        for older in waiting {
            let is_same_position = Some(older.version) == version && older.offset == newer.offset;
            if is_same_position && older.surface != newer.surface {
                self.by_document.entry(newer.document.clone()).or_default().push(older);
            } else {
                older.end();
            }
        }
    }

    /// Returns the number that takes the request out again.
    pub(super) fn insert(
        &mut self,
        id: &DocumentId,
        task: &CompletionTask,
        surface: Surface,
        cancel: Cancel,
        reply: ReplySender,
    ) -> u64 {
        self.latest += 1;
        let (version, offset) = (task.cursor.document.version(), task.cursor.offset);
        let waiting = Waiting { number: self.latest, version, offset, surface, cancel, reply };
        self.by_document.entry(id.clone()).or_default().push(waiting);
        self.latest
    }

    /// `None` if the request was ended in the meantime.
    pub(super) fn take(&mut self, id: &DocumentId, number: u64) -> Option<(Surface, ReplySender)> {
        let waiting = self.by_document.get_mut(id)?;
        let index = waiting.iter().position(|waiting| waiting.number == number)?;
        let taken = waiting.swap_remove(index);
        if waiting.is_empty() {
            self.by_document.remove(id);
        }
        Some((taken.surface, taken.reply))
    }

    pub(super) fn end_document(&mut self, id: &DocumentId) {
        self.by_document.remove(id).into_iter().flatten().for_each(Waiting::end);
    }

    pub(super) fn end_all(&mut self) {
        self.by_document.drain().flat_map(|(_, waiting)| waiting).for_each(Waiting::end);
    }
}

impl Waiting {
    /// Stops the engine and answers with nothing.
    fn end(self) {
        self.cancel.cancel();
        let _ = self.reply.send(None);
    }
}
