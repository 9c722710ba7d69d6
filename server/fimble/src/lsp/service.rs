//! The protocol's methods, each turned into an event before anything is awaited: events are then in the order of messages,
//! whatever the methods wait for afterwards.
//!
//! Requests go through tower-lsp's service, which knows the protocol's states. Notifications about documents and the
//! workspace skip it: it drops the ones whose parameters it cannot read without a word, and a lost `didChange` leaves a
//! document that differs from the client's.

use std::sync::OnceLock;

use fimble_completion::engine::Cancel;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::oneshot;
use tower_lsp::jsonrpc::{Error, Request, Result};
use tower_lsp::ls_types::{
    CompletionParams, CompletionResponse, DidChangeConfigurationParams, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams, DidSaveTextDocumentParams, ExecuteCommandParams,
    InitializeParams, InitializeResult, InitializedParams, InlineCompletionList, Uri,
};
use tower_lsp::{Client, ClientSocket, LanguageServer, LspService};

use super::event::{ClientEvent, CompletionCall, Event, EventSender, Reply};
use super::from_proto;
use super::handlers::inline_completion::InlineCompletionParams;
use super::handlers::models::Models;
use super::handlers::status::Status;
use super::handlers::{completion, inline_completion};
use super::position::PositionEncoding;
use crate::request::{CompletionReply, ReplySender};

/// The service that sends `events`, its socket, and the client to talk to.
pub(crate) fn service(events: EventSender) -> (LspService<Service>, ClientSocket, Client) {
    let (service, socket) = LspService::build(|client| Service { events, client, encoding: OnceLock::new() })
        .custom_method("textDocument/inlineCompletion", Service::inline_completion)
        .custom_method("fimble/status", Service::status)
        .custom_method("fimble/models", Service::models)
        .finish();
    let client = service.inner().client.clone();
    (service, socket, client)
}

/// Sends the event of a notification; gives every other message back.
pub(crate) fn notify(message: Request, events: &EventSender) -> Option<Request> {
    let is_notification = message.id().is_none();
    let event = match message.method() {
        _ if !is_notification => return Some(message),
        "textDocument/didOpen" => read(&message).map(ClientEvent::DidOpen),
        "textDocument/didChange" => read::<DidChangeTextDocumentParams>(&message)
            .map(ClientEvent::DidChange)
            .or_else(|| changed_document(&message).map(ClientEvent::UnreadableChange)),
        "textDocument/didClose" => read(&message).map(ClientEvent::DidClose),
        "textDocument/didSave" => read(&message)
            .map(|params: DidSaveTextDocumentParams| ClientEvent::FilesChanged(vec![params.text_document.uri])),
        "workspace/didChangeWatchedFiles" => read(&message).map(|params: DidChangeWatchedFilesParams| {
            ClientEvent::FilesChanged(params.changes.into_iter().map(|change| change.uri).collect())
        }),
        "workspace/didChangeWorkspaceFolders" => {
            read(&message).map(|params: DidChangeWorkspaceFoldersParams| ClientEvent::FoldersChanged(params.event))
        }
        "workspace/didChangeConfiguration" => read(&message)
            .map(|params: DidChangeConfigurationParams| ClientEvent::DidChangeConfiguration(params.settings)),
        _ => return Some(message),
    };
    if let Some(event) = event {
        // The main loop ends only when the server does.
        let _ = events.send(Event::Client(event));
    }
    None
}

fn read<T: DeserializeOwned>(message: &Request) -> Option<T> {
    let params = message.params().unwrap_or(&Value::Null);
    T::deserialize(params)
        .inspect_err(|error| tracing::warn!("a {} that cannot be read: {error}", message.method()))
        .ok()
}

/// The document of a `didChange` whose parameters are wrong otherwise.
fn changed_document(message: &Request) -> Option<Uri> {
    Uri::deserialize(message.params()?.pointer("/textDocument/uri")?).ok()
}

pub(crate) struct Service {
    events: EventSender,
    client: Client,
    /// As `initialize` has agreed on it.
    encoding: OnceLock<PositionEncoding>,
}

impl LanguageServer for Service {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let _ = self.encoding.set(from_proto::negotiate_encoding(&params.capabilities));
        self.ask(|reply| ClientEvent::Initialize(Box::new(params), reply)).await
    }

    async fn initialized(&self, _: InitializedParams) {
        self.tell(ClientEvent::Initialized);
    }

    async fn shutdown(&self) -> Result<()> {
        self.tell(ClientEvent::Shutdown);
        Ok(())
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let reply = self.complete(|cancel, reply| completion::call(params, cancel, reply)).await?;
        Ok(Some(completion::render(reply.as_ref(), self.encoding())))
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        self.ask(|reply| ClientEvent::ExecuteCommand(params, reply)).await?.map(|()| None)
    }
}

impl Service {
    async fn inline_completion(&self, params: InlineCompletionParams) -> Result<InlineCompletionList> {
        let reply = self.complete(|cancel, reply| inline_completion::call(params, cancel, reply)).await?;
        Ok(inline_completion::render(reply.as_ref(), self.encoding()))
    }

    async fn status(&self) -> Result<Status> {
        self.ask(ClientEvent::Status).await
    }

    async fn models(&self) -> Result<Models> {
        self.ask(ClientEvent::Models).await
    }

    async fn complete(
        &self,
        call: impl FnOnce(Cancel, ReplySender) -> CompletionCall,
    ) -> Result<Option<CompletionReply>> {
        let cancel = CancelOnDrop::default();
        self.ask(|reply| ClientEvent::Complete(call(cancel.0.clone(), reply))).await
    }

    fn encoding(&self) -> PositionEncoding {
        self.encoding.get().copied().unwrap_or_default()
    }

    fn tell(&self, event: ClientEvent) {
        // The main loop ends only when the server does.
        let _ = self.events.send(Event::Client(event));
    }

    async fn ask<T>(&self, event: impl FnOnce(Reply<T>) -> ClientEvent) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(event(reply));
        answer.await.map_err(|_| Error::internal_error())
    }
}

/// tower-lsp drops the handler of a request that the client cancels. This tells the engine.
#[derive(Default)]
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
