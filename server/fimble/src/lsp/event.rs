//! What can happen to the server: the client has sent something, or a task has ended. Each room owns the payload of its
//! events.

use fimble_completion::engine::Cancel;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, ExecuteCommandParams,
    InitializeParams, InitializeResult, TextDocumentPositionParams, Uri, WorkspaceFoldersChangeEvent,
};

use super::handlers::models::Models;
use super::handlers::status::Status;
use crate::engine_slot::Loaded;
use crate::request::{self, ReplySender, Surface};
use crate::usage;
use crate::workspace::Reading;

/// Sends without waiting. The main loop applies events in the order of sending.
pub(crate) type EventSender = mpsc::UnboundedSender<Event>;

/// Where the result of one request goes. Nobody receives it if the client has cancelled the request.
pub(crate) type Reply<T> = oneshot::Sender<T>;

pub(crate) enum Event {
    Client(ClientEvent),
    /// Boxed, since it is much larger than the others.
    Request(Box<request::Event>),
    Usage(usage::Event),
    /// How far the workspace has been read.
    Workspace(Reading),
    EngineLoaded(Loaded),
    /// The client's answer to `workspace/configuration`.
    Configuration(Value),
}

/// What the client has sent.
pub(crate) enum ClientEvent {
    Initialize(Box<InitializeParams>, Reply<InitializeResult>),
    Initialized,
    DidOpen(DidOpenTextDocumentParams),
    DidChange(DidChangeTextDocumentParams),
    /// A `didChange` that could not be read, such as one at a negative position.
    UnreadableChange(Uri),
    DidClose(DidCloseTextDocumentParams),
    /// These files were changed, created or deleted.
    FilesChanged(Vec<Uri>),
    FoldersChanged(WorkspaceFoldersChangeEvent),
    DidChangeConfiguration(Value),
    Complete(CompletionCall),
    ExecuteCommand(ExecuteCommandParams, Reply<jsonrpc::Result<()>>),
    Status(Reply<Status>),
    Models(Reply<Models>),
    Shutdown,
    /// The client has sent its last message.
    Ended,
}

/// A request for a completion, by either method.
pub(crate) struct CompletionCall {
    pub(crate) position: TextDocumentPositionParams,
    pub(crate) surface: Surface,
    /// The user pressed a key for it.
    pub(crate) invoked: bool,
    /// Set when the client cancels the request.
    pub(crate) cancel: Cancel,
    pub(crate) reply: ReplySender,
}
