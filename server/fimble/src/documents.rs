//! The documents that the editor has open.

use std::sync::Arc;
use std::time::Instant;

use fimble_completion::ablations::Ablations;
use fimble_completion::context::pin::Pins;
use fimble_completion::document::Document;

/// What the client calls a document: its URI, as a name without meaning.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DocumentId(Arc<str>);

impl From<&str> for DocumentId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

pub(crate) struct OpenDocument {
    pub(crate) document: Document,
    pub(crate) pins: Pins,
    /// Pins of remote requests, whose windows are larger.
    pub(crate) remote_pins: Pins,
    /// The language as the client names it. The name may be more exact than [`Document::language`], or unknown to it.
    pub(crate) language_id: String,
    /// When the user was last in the document.
    pub(crate) used: Instant,
    /// Where the latest edit was, in bytes.
    pub(crate) edited: Option<usize>,
    /// The user has been told that an edit was lost. Once per opening is enough.
    pub(crate) lost_edit_reported: bool,
}

impl OpenDocument {
    pub(crate) fn new(document: Document, language_id: String, ablations: Ablations) -> Self {
        Self {
            document,
            pins: Pins::new(ablations),
            remote_pins: Pins::new(ablations),
            language_id,
            used: Instant::now(),
            edited: None,
            lost_edit_reported: false,
        }
    }

    /// The next prompts start from scratch.
    pub(crate) fn clear_pins(&mut self) {
        self.pins.clear();
        self.remote_pins.clear();
    }
}
