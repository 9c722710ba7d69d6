//! Applies a client's edits to a document.

use fimble_completion::document::{Document, EditError};

use super::position::{Position, PositionEncoding, PositionError, offset_at};

/// One replacement as a client sends it (`TextDocumentContentChangeEvent`, LSP 3.17).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Start and end in the text before this change; `None` replaces the whole text.
    pub range: Option<(Position, Position)>,
    pub text: String,
}

/// Why changes were refused. The document is then as it was before the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyncError {
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error(transparent)]
    Position(#[from] PositionError),
}

/// Applies all `changes` in order, or none of them. Each one's positions are in the text that the one before left
/// (`DidChangeTextDocumentParams`, LSP 3.17), and count characters in `encoding`. A start on a line beyond the text is an
/// error; an end there is the end of the text.
pub fn apply_changes(
    document: &mut Document,
    version: i32,
    changes: impl IntoIterator<Item = Change>,
    encoding: PositionEncoding,
) -> Result<(), SyncError> {
    document.edit(version, |draft| {
        for change in changes {
            let Some((start, end)) = change.range else {
                draft.replace(&change.text);
                continue;
            };
            let start = offset_at(draft.text(), start, encoding)?;
            // "Position" clamps a line beyond the last one, which is how some clients say "to the end".
            let end = offset_at(draft.text(), end, encoding).unwrap_or(draft.text().len_bytes());
            draft.splice(start..end, &change.text)?;
        }
        Ok(())
    })
}
