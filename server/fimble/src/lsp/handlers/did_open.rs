//! `textDocument/didOpen`.

use fimble_completion::document::Document;
use tower_lsp::ls_types::TextDocumentItem;

use crate::documents::{DocumentId, OpenDocument};
use crate::lsp::from_proto;
use crate::session::Session;

/// Opening an open document again replaces its text, which is what a client that lost count means by it.
pub(crate) fn did_open(session: &mut Session, id: DocumentId, opened: TextDocumentItem) {
    let name = session.workspace.name_of(&from_proto::document_path(&opened.uri));
    let document = Document::new(name, from_proto::language(&opened), opened.version, &opened.text);
    session.usage.forget(&id);
    session.documents.insert(id, OpenDocument::new(document, opened.language_id, session.ablations));
}
