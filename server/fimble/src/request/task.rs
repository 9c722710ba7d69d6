//! A request as work for an engine, with everything it needs fixed at the time of the request.

use std::sync::Arc;
use std::time::Instant;

use fimble_completion::complete::{Completion, Cursor, complete, warm_up};
use fimble_completion::document::Document;
use fimble_completion::engine::{Cancel, Engine, EngineError, ModelId, Priority};
use fimble_completion::foreground::ForegroundGuard;
use fimble_completion::plan::is_blank;
use fimble_completion::settings::{CompletionSettings, Multiline};
use fimble_completion::suggestion::Suggestion;
use tokio::sync::oneshot;

use crate::documents::DocumentId;
use crate::session::Session;
use crate::usage::Subject;

/// A user who invokes a completion may choose from this many.
const CANDIDATES: usize = 3;

/// Where a reply goes. Nobody receives it if the client has cancelled the request.
pub(crate) type ReplySender = oneshot::Sender<Option<CompletionReply>>;

#[derive(Debug, Clone)]
pub(crate) struct CompletionRequest {
    pub(crate) document: DocumentId,
    /// In bytes, within the document as it is now.
    pub(crate) offset: usize,
    pub(crate) surface: Surface,
    /// The user pressed a key for it and waits.
    pub(crate) invoked: bool,
}

/// Where the editor shows the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    GhostText,
    Menu,
}

/// A suggestion, and the snapshot it belongs to.
#[derive(Debug)]
pub(crate) struct CompletionReply {
    pub(crate) document: Document,
    /// In bytes.
    pub(crate) offset: usize,
    pub(crate) suggestion: Suggestion,
    /// Alternatives, if the user invoked the completion.
    pub(crate) others: Vec<Suggestion>,
}

/// Work for an engine.
#[derive(Clone)]
pub(crate) struct CompletionTask {
    pub(super) purpose: Purpose,
    pub(super) cursor: Cursor,
    pub(super) settings: CompletionSettings,
    pub(super) engine: Arc<dyn Engine>,
}

/// All purposes but the first are for pauses, when nobody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Answer,
    /// Generate the rest of a suggestion that the deadline cut short.
    Finish,
    /// Complete where the cursor will be after an accept.
    Follow,
    /// Evaluate the prompt of a place, and generate nothing.
    WarmUp,
}

/// A request that a task was started for.
#[derive(Clone)]
pub(crate) struct PendingRequest {
    pub(super) document: DocumentId,
    /// See [`InFlight`](super::in_flight::InFlight).
    pub(super) number: u64,
    pub(super) asked: Instant,
    pub(super) invoked: bool,
    pub(super) cancel: Cancel,
    pub(super) task: CompletionTask,
}

pub(crate) enum TaskError {
    Engine(EngineError),
    Panicked,
}

impl PendingRequest {
    /// Whether the document is still as it was at the time of the request.
    pub(super) fn is_current(&self, session: &Session) -> bool {
        session.version(&self.document) == Some(self.task.cursor.document.version())
    }
}

impl CompletionTask {
    /// The error says, for the log, why there is nothing to complete.
    pub(super) fn prepare(session: &mut Session, request: &CompletionRequest) -> Result<Self, &'static str> {
        let surroundings = session.surroundings(&request.document);
        let open = session.documents.get_mut(&request.document).ok_or("the document is not open")?;
        open.used = Instant::now();
        let (document, offset) = (open.document.clone(), request.offset);
        if !session.settings.completes(&open.language_id, document.language()) {
            return Err("switched off");
        }
        let engine = session.engine.ready().ok_or("no model is loaded")?.clone();
        let mut settings = session.settings.completion.clone();
        if request.invoked {
            settings = CompletionSettings { candidates: CANDIDATES, ..settings.for_invoked() };
            // On a blank line, a user who invokes a completion without typing wants more than one line.
            if settings.multiline == Multiline::Auto && is_blank(&document, offset) {
                settings.multiline = Multiline::Always;
            }
        }
        let pin = open.pins.at(&document, offset, surroundings);
        Ok(Self { purpose: Purpose::Answer, cursor: Cursor { document, offset, pin }, settings, engine })
    }

    /// Reads a document that was just opened; `None` if it gets no completions, or no model is loaded yet.
    pub(super) fn opening(session: &mut Session, id: &DocumentId) -> Option<Self> {
        let surroundings = session.surroundings(id);
        let open = session.documents.get(id)?;
        let engine = session.engine.ready()?.clone();
        if !session.settings.completes(&open.language_id, open.document.language()) {
            return None;
        }
        // Nobody knows where the cursor is. A prompt at the end reads everything before it, which serves any place in a
        // file that the window holds.
        let document = open.document.clone();
        let offset = document.text().len_bytes();
        let cursor = Cursor::new(document, offset, surroundings);
        Some(Self { purpose: Purpose::WarmUp, cursor, settings: session.settings.completion.clone(), engine })
    }

    /// Runs the engine on a thread that may block. Background work elsewhere pauses while `guard` lives.
    pub(super) async fn run(self, cancel: Cancel, guard: Option<ForegroundGuard>) -> Result<Completion, TaskError> {
        let run = move || {
            let _guard = guard;
            let Self { purpose, cursor, settings, engine } = self;
            match purpose {
                Purpose::Answer => complete(&cursor, &settings, &*engine, Priority::Foreground, &cancel),
                Purpose::Finish | Purpose::Follow => {
                    complete(&cursor, &settings, &*engine, Priority::Background, &cancel)
                }
                Purpose::WarmUp => warm_up(&cursor, &settings, &*engine, Priority::Background, &cancel),
            }
        };
        match tokio::task::spawn_blocking(run).await {
            Ok(result) => result.map_err(TaskError::Engine),
            Err(_) => Err(TaskError::Panicked),
        }
    }

    /// Evaluates the prompt of the next pin; `None` while this pin has room.
    pub(super) fn next_pin(&self) -> Option<Self> {
        let Cursor { document, offset, pin } = &self.cursor;
        let pin = Arc::new(pin.is_worn(*offset).then(|| pin.moved_to(document, *offset))?);
        let cursor = Cursor { pin, ..self.cursor.clone() };
        Some(Self { purpose: Purpose::WarmUp, cursor, ..self.clone() })
    }

    /// The same task for a pause, in which nothing is due.
    pub(super) fn without_deadline(&self) -> Self {
        let settings = CompletionSettings { deadline: None, ..self.settings.clone() };
        Self { purpose: Purpose::Finish, settings, ..self.clone() }
    }

    /// What an answer of this task's engine counts for.
    pub(super) fn subject(&self) -> Subject {
        self.subject_of(&self.engine.model().id)
    }

    /// What an answer of `model` in this task's document counts for.
    pub(super) fn subject_of(&self, model: &ModelId) -> Subject {
        Subject { language: self.cursor.document.language().id().to_owned(), model: model.clone() }
    }

    pub(super) fn reply(&self, suggestion: Suggestion, others: Vec<Suggestion>) -> CompletionReply {
        let Cursor { document, offset, .. } = &self.cursor;
        CompletionReply { document: document.clone(), offset: *offset, suggestion, others }
    }

    /// The name of the task's document.
    pub(super) fn document_name(&self) -> &str {
        self.cursor.document.name()
    }
}
