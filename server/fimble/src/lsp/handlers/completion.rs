//! `textDocument/completion`: the same suggestion as an item of the completion menu.

use tower_lsp::ls_types::{CompletionList, CompletionParams, CompletionResponse};

use crate::lsp::proto;
use crate::session::{CompletionReply, CompletionRequest};

pub(crate) fn question(params: CompletionParams) -> CompletionRequest {
    CompletionRequest {
        uri: params.text_document_position.text_document.uri,
        position: proto::position(params.text_document_position.position),
        // Clients say "invoked" for every letter typed ("CompletionTriggerKind", LSP 3.17).
        invoked: false,
    }
}

pub(crate) fn answer(offer: Option<&CompletionReply>) -> CompletionResponse {
    CompletionResponse::List(CompletionList {
        // The next key may call for another suggestion: the client has to ask again rather than filter this one. But
        // Helix takes an empty list with more to come for an answer, and then drops what slower servers bring.
        is_incomplete: offer.is_some(),
        items: offer.map(proto::menu_item).into_iter().collect(),
    })
}
