//! `textDocument/didOpen`.

use fimble_completion::document::Document;
use fimble_completion::pin::Pins;
use tower_lsp::ls_types::DidOpenTextDocumentParams;

use crate::proto;
use crate::session::{OpenDocument, Session};

pub(crate) fn did_open(session: &mut Session, params: DidOpenTextDocumentParams) {
    let opened = params.text_document;
    let name = proto::document_name(&opened.uri, session.root.as_deref());
    let language = proto::language(&opened);
    // A second open without a close replaces the text, which is what a client that lost count means by it.
    session.in_flight.end_document(&opened.uri);
    let document = Document::new(name, language, opened.version, &opened.text);
    let (language_id, pins) = (opened.language_id, Pins::new(session.mechanisms.pins));
    session
        .documents
        .insert(opened.uri, OpenDocument { document, pins, language_id, on_screen: None, reported: false });
}
