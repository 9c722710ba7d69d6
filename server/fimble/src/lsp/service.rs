//! The protocol's methods, each turned into an [`Event`] before anything is awaited: the order of events is then the
//! order of messages, whatever the handlers wait for afterwards.

use fimble_completion::engine::Cancel;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{Error, Request, Result};
use tower_lsp::ls_types::{
    CompletionParams, CompletionResponse, DidChangeConfigurationParams, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, ExecuteCommandParams, InitializeParams, InitializeResult,
    InitializedParams, InlineCompletionList, Uri,
};
use tower_lsp::{Client, ClientSocket, LanguageServer, LspService};

use crate::event::{Event, EventSender, Reply};
use crate::lsp::handlers::inline_completion::InlineCompletionParams;
use crate::lsp::handlers::models::Models;
use crate::lsp::handlers::status::Status;

/// The service that sends `events`, its socket, and the client to talk to.
pub(crate) fn service(events: EventSender) -> (LspService<Backend>, ClientSocket, Client) {
    let (service, socket) = LspService::build(|client| Backend { events, client })
        .custom_method("textDocument/inlineCompletion", Backend::inline_completion)
        .custom_method("fimble/status", Backend::status)
        .custom_method("fimble/models", Backend::models)
        .finish();
    let client = service.inner().client.clone();
    (service, socket, client)
}

/// tower-lsp drops a notification whose parameters it cannot read, silently. For a change that would leave a document
/// different from the client's without a word.
pub(crate) fn unreadable_change(request: &Request) -> Option<Event> {
    let params = request.params().filter(|_| request.method() == "textDocument/didChange")?;
    let unreadable = DidChangeTextDocumentParams::deserialize(params).is_err();
    let uri = || Uri::deserialize(params.pointer("/textDocument/uri")?).ok();
    unreadable.then(uri).flatten().map(Event::UnreadableChange)
}

pub(crate) struct Backend {
    events: EventSender,
    client: Client,
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        self.ask(|reply| Event::Initialize(Box::new(params), reply)).await
    }

    async fn initialized(&self, _: InitializedParams) {
        self.tell(Event::Initialized);
    }

    async fn shutdown(&self) -> Result<()> {
        self.tell(Event::Shutdown);
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        self.tell(Event::DidOpen(params));
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        self.tell(Event::DidChange(params));
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.tell(Event::DidClose(params));
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        self.tell(Event::FilesChanged(vec![params.text_document.uri]));
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        self.tell(Event::FilesChanged(params.changes.into_iter().map(|change| change.uri).collect()));
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        self.tell(Event::FoldersChanged(params));
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        self.tell(Event::DidChangeConfiguration(params.settings));
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let cancel = CancelOnDrop::default();
        self.ask(|reply| Event::Completion(params, cancel.0.clone(), reply)).await.map(Some)
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        self.ask(|reply| Event::ExecuteCommand(params, reply)).await?.map(|()| None)
    }
}

impl Backend {
    async fn inline_completion(&self, params: InlineCompletionParams) -> Result<InlineCompletionList> {
        let cancel = CancelOnDrop::default();
        self.ask(|reply| Event::InlineCompletion(params, cancel.0.clone(), reply)).await
    }

    async fn status(&self) -> Result<Status> {
        self.ask(Event::Status).await
    }

    async fn models(&self) -> Result<Models> {
        self.ask(Event::Models).await
    }

    fn tell(&self, event: Event) {
        // The main loop ends only when the server does.
        let _ = self.events.send(event);
    }

    async fn ask<T>(&self, event: impl FnOnce(Reply<T>) -> Event) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(event(reply));
        answer.await.map_err(|_| Error::internal_error())
    }
}

/// tower-lsp drops a handler whose request the client cancels; this takes the news to the engine.
#[derive(Default)]
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
