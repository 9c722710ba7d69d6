//! `textDocument/didChange`.

use tower_lsp::ls_types::DidChangeTextDocumentParams;

use crate::documents::DocumentId;
use crate::lsp::capabilities::ClientFeatures;
use crate::lsp::from_proto;
use crate::lsp::position::offset_at;
use crate::lsp::text_sync::apply_changes;
use crate::session::Session;

/// Leaves the document as it was, and tells the user, if an edit cannot be applied.
pub(crate) fn did_change(session: &mut Session, params: DidChangeTextDocumentParams, client: &ClientFeatures) {
    let id = from_proto::document_id(&params.text_document.uri);
    let Some(open) = session.documents.get_mut(&id) else {
        tracing::warn!("an edit of a document that is not open");
        return;
    };
    let changes: Vec<_> = params.content_changes.into_iter().map(from_proto::change).collect();
    let start = changes.first().and_then(|first| {
        let (start, _) = first.range?;
        Some(offset_at(open.document.text(), start, client.encoding).unwrap_or(usize::MAX))
    });
    match apply_changes(&mut open.document, params.text_document.version, changes, client.encoding) {
        Ok(()) => {
            open.edited = start.or(open.edited);
            session.usage.edited(&id, &open.document, start, client.reports_accepts);
        }
        Err(error) => lost_edit(session, &id, &error.to_string()),
    }
}

/// Tells the user about an edit that was lost, once for each time the document is opened.
pub(crate) fn lost_edit(session: &mut Session, id: &DocumentId, reason: &str) {
    let Some(open) = session.documents.get_mut(id) else { return };
    let name = open.document.name();
    tracing::warn!("an edit of {name} is lost: {reason}");
    if !std::mem::replace(&mut open.lost_edit_reported, true) {
        session.notices.warn(format!(
            "fimble has missed an edit of {name}, and its suggestions there may be off: {reason}. Close the file and \
             open it again to fix this."
        ));
    }
}
