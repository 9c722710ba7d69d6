//! Everything the server knows, owned by the main loop alone. Work gets a snapshot of it, a [`Job`], and comes back as
//! an event.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use fimble_completion::complete::{Completion, Suggestion, complete};
use fimble_completion::document::Document;
use fimble_completion::engine::{Cancel, Engine, EngineError};
use fimble_completion::position::{Position, PositionEncoding, offset_at};
use fimble_completion::settings::CompletionSettings;
use fimble_completion::suggestion_cache::SuggestionCache;
use tower_lsp::ls_types::Uri;

use crate::engine_slot::{EngineSlot, EngineState};
use crate::in_flight::{InFlight, Place};
use crate::options::{Options, Settings};

/// Enough for the places a user goes back to within minutes; a suggestion takes a few hundred bytes.
const SUGGESTIONS: NonZeroUsize = NonZeroUsize::new(256).expect("it is not zero");

pub(crate) struct Session {
    pub(crate) client: ClientFeatures,
    /// The folder that documents are named relative to.
    pub(crate) root: Option<PathBuf>,
    pub(crate) documents: HashMap<Uri, OpenDocument>,
    pub(crate) sources: Sources,
    pub(crate) settings: Settings,
    pub(crate) in_flight: InFlight,
    pub(crate) suggestions: SuggestionCache,
    pub(crate) engine: EngineSlot,
    pub(crate) statistics: Statistics,
}

/// What the client can do, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientFeatures {
    pub(crate) encoding: PositionEncoding,
    /// It can be asked for settings.
    pub(crate) configuration: bool,
    /// It tells of changed settings once it is asked to.
    pub(crate) registers_configuration: bool,
    pub(crate) progress: bool,
}

pub(crate) struct OpenDocument {
    pub(crate) document: Document,
    /// As the client calls it, which may be more exact than what the document knows, or unknown to it.
    pub(crate) language_id: String,
    /// The user knows that an edit was lost; once for each time a document is opened is enough.
    pub(crate) reported: bool,
}

/// What each source says, in the order in which they win.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) user_file: Options,
    pub(crate) initialization: Options,
    pub(crate) configuration: Options,
    pub(crate) command_line: Options,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Statistics {
    pub(crate) requests: u64,
    pub(crate) shown: u64,
    pub(crate) accepted: u64,
    pub(crate) cache_hits: u64,
}

/// A request for a completion, however it was asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) uri: Uri,
    pub(crate) position: Position,
    /// The user asked with a key of its own, and waits for an answer.
    pub(crate) by_hand: bool,
}

/// A suggestion, and what is needed to put it into a client's words.
pub(crate) struct Offer {
    pub(crate) document: Document,
    pub(crate) offset: usize,
    pub(crate) encoding: PositionEncoding,
    pub(crate) suggestion: Suggestion,
    pub(crate) model: String,
}

/// What becomes of a question.
pub(crate) enum Prepared {
    /// There is nothing to offer, for the reason given.
    Nothing(&'static str),
    /// It was suggested before.
    Known(Offer),
    /// An engine has to work on it.
    Work(Work),
}

/// Everything a completion needs, fixed at the time of the request.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) place: Place,
    document: Document,
    offset: usize,
    settings: CompletionSettings,
    engine: Arc<dyn Engine>,
}

/// Work that was begun for a request in flight.
pub(crate) struct Job {
    pub(crate) uri: Uri,
    pub(crate) number: u64,
    pub(crate) work: Work,
}

pub(crate) enum JobError {
    Engine(EngineError),
    Panicked,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            client: ClientFeatures::default(),
            root: None,
            documents: HashMap::new(),
            sources: Sources::default(),
            settings: Settings::default(),
            in_flight: InFlight::default(),
            suggestions: SuggestionCache::new(SUGGESTIONS),
            engine: EngineSlot::default(),
            statistics: Statistics::default(),
        }
    }

    pub(crate) fn prepare(&mut self, question: &Question) -> Prepared {
        self.statistics.requests += 1;
        let Some(OpenDocument { document, language_id, .. }) = self.documents.get(&question.uri) else {
            tracing::warn!("a completion was asked for in a document that is not open");
            return Prepared::Nothing("the document is not open");
        };
        if !self.settings.completes(language_id, document.language()) {
            return Prepared::Nothing("switched off");
        }
        let EngineState::Ready(engine) = self.engine.state() else {
            return Prepared::Nothing("no model is loaded");
        };
        let Ok(offset) = offset_at(document.text(), question.position, self.client.encoding) else {
            return Prepared::Nothing("the position is outside the document");
        };

        let mut settings = self.settings.completion.clone();
        if question.by_hand {
            settings.deadline = None;
        }
        let place = Place { version: document.version(), position: question.position };
        let work = Work { place, document: document.clone(), offset, settings, engine: engine.clone() };
        match self.suggestions.get(document, offset, &work.settings) {
            Some(suggestion) => {
                self.statistics.cache_hits += 1;
                Prepared::Known(work.offer(suggestion, self.client.encoding))
            }
            None => Prepared::Work(work),
        }
    }

    /// Where `question` asks to complete; `None` in a document that is not open.
    pub(crate) fn place(&self, question: &Question) -> Option<Place> {
        let version = self.documents.get(&question.uri)?.document.version();
        Some(Place { version, position: question.position })
    }

    /// What a job that has ended offers where it was asked to, and for later.
    pub(crate) fn accept(&mut self, job: &Job, completion: Completion) -> Option<Offer> {
        let suggestion = completion.suggestion?;
        let work = &job.work;
        if self.engine.serves(&work.engine) {
            // One that was asked for by hand goes on being offered while the user types along.
            let deadline = self.settings.completion.deadline;
            let settings = CompletionSettings { deadline, ..work.settings.clone() };
            self.suggestions.insert(&work.document, work.offset, &settings, suggestion.clone());
        }
        Some(work.offer(suggestion, self.client.encoding))
    }

    /// Whether the document of `job` still is as it was at the request.
    pub(crate) fn is_current(&self, job: &Job) -> bool {
        let open = self.documents.get(&job.uri);
        open.is_some_and(|open| open.document.version() == job.work.document.version())
    }

    /// Resolves the settings anew, after a source has changed; returns whether any setting has.
    pub(crate) fn resolve_settings(&mut self) -> bool {
        let Sources { user_file, initialization, configuration, command_line } = &self.sources;
        let settings = Settings::resolve([user_file, initialization, configuration, command_line]);
        std::mem::replace(&mut self.settings, settings) != self.settings
    }
}

impl Work {
    /// Runs the engine on the calling thread.
    pub(crate) fn run(&self, cancel: &Cancel) -> Result<Completion, JobError> {
        complete(&self.document, self.offset, &self.settings, &*self.engine, cancel).map_err(JobError::Engine)
    }

    fn offer(&self, suggestion: Suggestion, encoding: PositionEncoding) -> Offer {
        let model = self.engine.model().name.clone();
        Offer { document: self.document.clone(), offset: self.offset, encoding, suggestion, model }
    }
}
