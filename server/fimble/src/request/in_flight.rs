//! Completion requests that an engine is working on, by document. Each is taken out once, and that is when it is
//! answered.

use std::collections::HashMap;

use fimble_completion::engine::Cancel;
use fimble_completion::position::Position;
use tower_lsp::ls_types::{CompletionResponse, InlineCompletionList, Uri};

use crate::event::Reply;
use crate::lsp::handlers::{completion, inline_completion};
use crate::session::CompletionReply;

#[derive(Default)]
pub(crate) struct InFlight {
    by_document: HashMap<Uri, Vec<Waiting>>,
    /// Numbers the requests.
    latest: u64,
}

struct Waiting {
    number: u64,
    place: Place,
    cancel: Cancel,
    reply: CompletionReply,
}

/// Where a document was to be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) version: i32,
    pub(crate) position: Position,
}

/// The two ways to ask for a completion.
pub(crate) enum CompletionReply {
    Inline(Reply<InlineCompletionList>),
    Menu(Reply<CompletionResponse>),
}

impl InFlight {
    /// Ends the document's older requests. One that asks the other way for the same place may go on: a client that
    /// shows both ghost text and a menu sends the two together.
    pub(crate) fn supersede(&mut self, uri: &Uri, place: Option<Place>, newer: &CompletionReply) {
        let Some(waiting) = self.by_document.remove(uri) else { return };
        for older in waiting {
            let other_way = std::mem::discriminant(&older.reply) != std::mem::discriminant(newer);
            if other_way && Some(older.place) == place {
                self.by_document.entry(uri.clone()).or_default().push(older);
            } else {
                older.end();
            }
        }
    }

    /// Returns the number to take the request out with.
    pub(crate) fn insert(&mut self, uri: &Uri, place: Place, cancel: Cancel, reply: CompletionReply) -> u64 {
        self.latest += 1;
        let waiting = Waiting { number: self.latest, place, cancel, reply };
        self.by_document.entry(uri.clone()).or_default().push(waiting);
        self.latest
    }

    /// `None` if the request was ended in the meantime.
    pub(crate) fn take(&mut self, uri: &Uri, number: u64) -> Option<CompletionReply> {
        let waiting = self.by_document.get_mut(uri)?;
        let index = waiting.iter().position(|waiting| waiting.number == number)?;
        let taken = waiting.swap_remove(index);
        if waiting.is_empty() {
            self.by_document.remove(uri);
        }
        Some(taken.reply)
    }

    /// Ends the requests of a document.
    pub(crate) fn end_document(&mut self, uri: &Uri) {
        self.by_document.remove(uri).into_iter().flatten().for_each(Waiting::end);
    }

    /// Ends every request.
    pub(crate) fn end_all(&mut self) {
        self.by_document.drain().flat_map(|(_, waiting)| waiting).for_each(Waiting::end);
    }
}

impl Waiting {
    /// Stops the engine and answers with nothing.
    fn end(self) {
        self.cancel.cancel();
        self.reply.send(None);
    }
}

impl CompletionReply {
    /// Returns whether anybody still waited for it.
    pub(crate) fn send(self, offer: Option<&CompletionReply>) -> bool {
        match self {
            Self::Inline(reply) => reply.send(inline_completion::answer(offer)).is_ok(),
            Self::Menu(reply) => reply.send(completion::answer(offer)).is_ok(),
        }
    }
}
