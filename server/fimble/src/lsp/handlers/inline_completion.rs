//! `textDocument/inlineCompletion`: the suggestion as ghost text.

use fimble_completion::engine::Cancel;
use serde::Deserialize;
use tower_lsp::ls_types::{
    InlineCompletionContext, InlineCompletionList, InlineCompletionTriggerKind, TextDocumentPositionParams,
};

use crate::lsp::event::CompletionCall;
use crate::lsp::position::PositionEncoding;
use crate::lsp::to_proto;
use crate::request::{CompletionReply, ReplySender, Surface};

/// As in LSP 3.18, except that a client may leave out the context.
#[derive(Debug, Deserialize)]
pub(crate) struct InlineCompletionParams {
    #[serde(flatten)]
    text_document_position: TextDocumentPositionParams,
    context: Option<InlineCompletionContext>,
}

pub(crate) fn call(params: InlineCompletionParams, cancel: Cancel, reply: ReplySender) -> CompletionCall {
    let trigger = params.context.map(|context| context.trigger_kind);
    CompletionCall {
        position: params.text_document_position,
        surface: Surface::GhostText,
        invoked: trigger == Some(InlineCompletionTriggerKind::INVOKED),
        cancel,
        reply,
    }
}

pub(crate) fn render(reply: Option<&CompletionReply>, encoding: PositionEncoding) -> InlineCompletionList {
    InlineCompletionList { items: reply.map(|reply| to_proto::inline_items(reply, encoding)).unwrap_or_default() }
}
