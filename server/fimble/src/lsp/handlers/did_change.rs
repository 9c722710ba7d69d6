//! `textDocument/didChange`.

use tower_lsp::ls_types::{DidChangeTextDocumentParams, Uri};

use crate::lsp::proto;
use crate::session::Session;

/// Returns what to tell the user where an edit cannot be applied. The document then stays as it was.
pub(crate) fn did_change(session: &mut Session, params: DidChangeTextDocumentParams) -> Option<String> {
    let uri = params.text_document.uri;
    let Some(open) = session.documents.get_mut(&uri) else {
        tracing::warn!("an edit of a document that is not open");
        return None;
    };
    let changes: Vec<_> = params.content_changes.into_iter().map(proto::change).collect();
    let encoding = session.client.encoding;
    let start = changes.first().and_then(|first| open.start_of(first, encoding));
    match open.document.apply_changes(params.text_document.version, changes, encoding) {
        Ok(()) => {
            session.edited(&uri, start);
            None
        }
        Err(error) => lost_edit(session, &uri, &error.to_string()),
    }
}

/// Returns what to tell the user about an edit that was lost; `None` if that was said since the document was opened.
pub(crate) fn lost_edit(session: &mut Session, uri: &Uri, reason: &str) -> Option<String> {
    let open = session.documents.get_mut(uri)?;
    let name = open.document.name();
    tracing::warn!("an edit of {name} is lost: {reason}");
    let message = format!(
        "fimble has missed an edit of {name}, and its suggestions there may be off: {reason}. Closing the file and \
         opening it again heals this."
    );
    (!std::mem::replace(&mut open.reported, true)).then_some(message)
}
