//! What can happen to a session: a message of the client's, or the end of something the session began.

use std::sync::Arc;
use std::time::Duration;

use fimble_completion::complete::Completion;
use fimble_completion::engine::{Cancel, Engine};
use fimble_remote::router::DailyQuota;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tower_lsp::jsonrpc;
use tower_lsp::ls_types::{
    CompletionParams, CompletionResponse, DidChangeTextDocumentParams, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, ExecuteCommandParams, InitializeParams, InitializeResult,
    InlineCompletionList, Uri,
};

use crate::usage::drift::Drift;
use crate::lsp::handlers::inline_completion::InlineCompletionParams;
use crate::lsp::handlers::models::Models;
use crate::lsp::handlers::status::Status;
use crate::remote::RemoteRequest;
use crate::session::{PendingRequest, TaskError, CompletionTask};
use crate::usage::{RecordError, UsageStats};
use crate::workspace::Reading;

/// Sends without waiting; the order of sending is the order in which the main loop applies.
pub(crate) type EventSender = mpsc::UnboundedSender<Event>;

/// Where the answer to one request goes. Nobody receives it if the request was cancelled.
pub(crate) type Reply<T> = oneshot::Sender<T>;

pub(crate) enum Event {
    // From the client:
    Initialize(Box<InitializeParams>, Reply<InitializeResult>),
    Initialized,
    DidOpen(DidOpenTextDocumentParams),
    DidChange(DidChangeTextDocumentParams),
    /// A change that no text could be made of, such as one at a negative position.
    UnreadableChange(Uri),
    DidClose(DidCloseTextDocumentParams),
    /// These files have changed, come or gone.
    FilesChanged(Vec<Uri>),
    FoldersChanged(DidChangeWorkspaceFoldersParams),
    DidChangeConfiguration(Value),
    /// The flag is set when the client cancels the request.
    InlineCompletion(InlineCompletionParams, Cancel, Reply<InlineCompletionList>),
    /// As above.
    Completion(CompletionParams, Cancel, Reply<CompletionResponse>),
    ExecuteCommand(ExecuteCommandParams, Reply<jsonrpc::Result<()>>),
    Status(Reply<Status>),
    Models(Reply<Models>),
    Shutdown,
    /// The client has sent its last message.
    Ended,

    // From what the session began:
    /// The client's answer to `workspace/configuration`.
    Configuration(Value),
    EngineLoaded(u64, Result<Arc<dyn Engine>, String>),
    /// How far the workspace has been read.
    WorkspaceRead(Reading),
    /// It is time to save what is to be kept.
    Save,
    /// The models that do worse than before.
    Drifted(Vec<Drift>),
    /// It could not be saved.
    Unsaved(UsageStats, RecordError),
    JobEnded(PendingRequest, Result<Completion, TaskError>),
    /// The user has paused, or need not: it may be asked elsewhere now.
    RemoteDue(Box<RemoteRequest>),
    /// The local answer is not held back any longer.
    HeldLongEnough(PendingRequest, Completion),
    /// What came from elsewhere, and how long that took.
    RemoteEnded(Box<RemoteRequest>, CompletionTask, Result<Completion, TaskError>, Duration),
    /// What all of the user's processes have asked elsewhere today.
    RemoteSpent(DailyQuota),
    /// The user has done nothing for a moment, unless they have since the activity of this number.
    Paused(u64),
    /// A step of what is done ahead, and what would have stopped it.
    AheadEnded(CompletionTask, Cancel, Result<Completion, TaskError>),
}
