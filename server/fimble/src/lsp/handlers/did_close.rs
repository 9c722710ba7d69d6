//! `textDocument/didClose`.

use tower_lsp::ls_types::DidCloseTextDocumentParams;

use crate::session::Session;

pub(crate) fn did_close(session: &mut Session, params: &DidCloseTextDocumentParams) {
    let uri = &params.text_document.uri;
    session.in_flight.end_document(uri);
    match session.documents.remove(uri) {
        Some(mut closed) => closed.leave(&mut session.statistics),
        None => tracing::warn!("a document was closed that is not open"),
    }
}
