//! `textDocument/didOpen`.

use std::time::Instant;

use fimble_completion::document::Document;
use fimble_completion::pin::Pins;
use tower_lsp::ls_types::DidOpenTextDocumentParams;

use crate::lsp::proto;
use crate::session::{OpenDocument, Session};

pub(crate) fn did_open(session: &mut Session, params: DidOpenTextDocumentParams) {
    let opened = params.text_document;
    let name = session.workspace.name_of(&opened.uri);
    let language = proto::language(&opened);
    // A second open without a close replaces the text, which is what a client that lost count means by it.
    session.in_flight.end_document(&opened.uri);
    let document = Document::new(name, language, opened.version, &opened.text);
    let pins = || Pins::new(session.mechanisms.pins);
    let (language_id, pins, remote_pins) = (opened.language_id, pins(), pins());
    let used = Instant::now();
    let (edited, on_screen, reported) = (None, None, false);
    let open = OpenDocument { document, pins, remote_pins, language_id, used, edited, on_screen, reported };
    session.documents.insert(opened.uri, open);
}
