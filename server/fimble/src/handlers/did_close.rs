//! `textDocument/didClose`.

use tower_lsp::ls_types::DidCloseTextDocumentParams;

use crate::session::Session;

pub(crate) fn did_close(session: &mut Session, params: &DidCloseTextDocumentParams) {
    let uri = &params.text_document.uri;
    session.in_flight.end_document(uri);
    if session.documents.remove(uri).is_none() {
        tracing::warn!("a document was closed that is not open");
    }
}
