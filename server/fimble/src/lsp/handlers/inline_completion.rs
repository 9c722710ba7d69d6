//! `textDocument/inlineCompletion`: ghost text.

use serde::Deserialize;
use tower_lsp::ls_types::{
    InlineCompletionContext, InlineCompletionList, InlineCompletionTriggerKind, TextDocumentPositionParams,
};

use crate::lsp::proto;
use crate::session::{CompletionReply, CompletionRequest};

/// As in LSP 3.18, except that a client may leave out the context.
#[derive(Debug, Deserialize)]
pub(crate) struct InlineCompletionParams {
    #[serde(flatten)]
    text_document_position: TextDocumentPositionParams,
    context: Option<InlineCompletionContext>,
}

pub(crate) fn question(params: InlineCompletionParams) -> CompletionRequest {
    let trigger = params.context.map(|context| context.trigger_kind);
    CompletionRequest {
        uri: params.text_document_position.text_document.uri,
        position: proto::position(params.text_document_position.position),
        invoked: trigger == Some(InlineCompletionTriggerKind::INVOKED),
    }
}

pub(crate) fn answer(offer: Option<&CompletionReply>) -> InlineCompletionList {
    InlineCompletionList { items: offer.map(proto::inline_items).unwrap_or_default() }
}
