//! `textDocument/completion`: the suggestion as an item of the completion menu.

use fimble_completion::engine::Cancel;
use tower_lsp::ls_types::{CompletionList, CompletionParams, CompletionResponse};

use crate::lsp::event::CompletionCall;
use crate::lsp::position::PositionEncoding;
use crate::lsp::to_proto;
use crate::request::{CompletionReply, ReplySender, Surface};

pub(crate) fn call(params: CompletionParams, cancel: Cancel, reply: ReplySender) -> CompletionCall {
    CompletionCall {
        position: params.text_document_position,
        surface: Surface::Menu,
        // Clients say "invoked" for every letter typed ("CompletionTriggerKind", LSP 3.17).
        invoked: false,
        cancel,
        reply,
    }
}

pub(crate) fn render(reply: Option<&CompletionReply>, encoding: PositionEncoding) -> CompletionResponse {
    CompletionResponse::List(CompletionList {
        // The next key may call for another suggestion, so the client has to ask again rather than filter this one. But
        // Helix takes an empty incomplete list for an answer, and then drops what slower servers send.
        is_incomplete: reply.is_some(),
        items: reply.map(|reply| to_proto::menu_item(reply, encoding)).into_iter().collect(),
    })
}
