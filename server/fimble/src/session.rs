//! Everything the server knows, owned by the main loop alone. CompletionTask gets a snapshot of it, a [`PendingRequest`], and comes back as
//! an event.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use fimble_completion::complete::{Completion, Cursor, Suggestion, complete, warm_up};
use fimble_completion::context::{OpenFile, Surroundings};
use fimble_completion::document::Document;
use fimble_completion::engine::{Cancel, Engine, EngineError, Priority};
use fimble_completion::pin::Pins;
use fimble_completion::plan::is_blank;
use fimble_completion::position::{Position, PositionEncoding, offset_at};
use fimble_completion::settings::{CompletionSettings, ContextScope, Multiline};
use fimble_completion::suggestion_cache::{CachedAnswer, Origin, SuggestionCache};
use fimble_remote::router::{LocalAnswer, SecondOpinion};
use tower_lsp::ls_types::Uri;

use crate::usage::drift::Drift;
use crate::engine_slot::{EngineSlot, EngineState};
use crate::in_flight::{InFlight, Place};
use crate::settings::MachinePolicy;
use crate::settings::{Options, Problem, Settings};
use crate::outcomes::OnScreen;
use crate::remote::Remote;
use crate::serve::Mechanisms;
use crate::usage::counters::Statistics;
use crate::usage::{Model, Subject};
use crate::work_ahead::after_accepting;
use crate::workspace::Workspace;

/// Who asks by hand may choose from so many.
const CANDIDATES: usize = 3;

/// Of those that are open, the ones used last are looked into.
const OPEN_DOCUMENTS: usize = 20;

/// Enough for the places a user goes back to within minutes; a suggestion takes a few hundred bytes.
const SUGGESTIONS: NonZeroUsize = NonZeroUsize::new(256).expect("it is not zero");

pub(crate) struct Session {
    pub(crate) client: ClientFeatures,
    pub(crate) workspace: Workspace,
    pub(crate) documents: HashMap<Uri, OpenDocument>,
    pub(crate) sources: Sources,
    pub(crate) settings: Settings,
    pub(crate) in_flight: InFlight,
    pub(crate) suggestions: SuggestionCache,
    pub(crate) engine: EngineSlot,
    /// As the settings say.
    pub(crate) remote: Option<Remote>,
    pub(crate) statistics: Statistics,
    /// What the user's record said when the model was loaded.
    pub(crate) drifts: Vec<Drift>,
    /// The document in which a suggestion was shown last.
    pub(crate) shown_last: Option<Uri>,
    /// Accepts read off edits for which the client has not sent its command yet, if it does.
    pub(crate) accepts_seen: u32,
    pub(crate) mechanisms: Mechanisms,
}

/// What the client can do, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientFeatures {
    pub(crate) encoding: PositionEncoding,
    /// It can be asked for settings.
    pub(crate) configuration: bool,
    /// It tells of changed settings once it is asked to.
    pub(crate) registers_configuration: bool,
    /// It tells of changed files once it is asked to.
    pub(crate) registers_watchers: bool,
    pub(crate) progress: bool,
    /// It shows what `experimental/serverStatus` says.
    pub(crate) server_status: bool,
    /// It says what was accepted, in whole and in part, and may send several keys as one edit.
    pub(crate) reports_accepts: bool,
}

pub(crate) struct OpenDocument {
    pub(crate) document: Document,
    pub(crate) pins: Pins,
    /// For requests that go elsewhere, which show more.
    pub(crate) remote_pins: Pins,
    pub(crate) on_screen: Option<OnScreen>,
    /// As the client calls it, which may be more exact than what the document knows, or unknown to it.
    pub(crate) language_id: String,
    /// When the user was last in it.
    pub(crate) used: Instant,
    /// Where it was edited last, in bytes.
    pub(crate) edited: Option<usize>,
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
    pub(crate) machine: Arc<MachinePolicy>,
}

/// A request for a completion, however it was asked.
#[derive(Debug, Clone)]
pub(crate) struct CompletionRequest {
    pub(crate) uri: Uri,
    pub(crate) position: Position,
    /// The user asked with a key of its own, and waits for an answer.
    pub(crate) invoked: bool,
}

/// A suggestion, and what is needed to put it into a client's words.
pub(crate) struct CompletionReply {
    pub(crate) document: Document,
    pub(crate) offset: usize,
    pub(crate) encoding: PositionEncoding,
    pub(crate) suggestion: Suggestion,
    /// What else might be meant.
    pub(crate) others: Vec<Suggestion>,
    pub(crate) model: Model,
}

/// What becomes of a question.
pub(crate) enum Prepared {
    /// There is nothing to offer, for the reason given.
    Nothing(&'static str),
    /// It was asked before, and that is left of the answer. The work would have been to find it.
    Known(CompletionTask, Option<Suggestion>),
    /// An engine has to work on it.
    CompletionTask(CompletionTask),
}

/// Everything a completion needs, fixed at the time of the request.
#[derive(Clone)]
pub(crate) struct CompletionTask {
    pub(crate) place: Place,
    pub(crate) purpose: Purpose,
    cursor: Cursor,
    settings: CompletionSettings,
    engine: Arc<dyn Engine>,
}

/// What work is for. All but the first is done in pauses, with nobody waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Answer,
    /// Saying to its end what the deadline has cut short.
    Finish,
    /// Completing where the user will be after accepting.
    Follow,
    /// Reading the surroundings of a place, and nothing more.
    WarmUp,
}

/// CompletionTask that was begun for a request in flight.
#[derive(Clone)]
pub(crate) struct PendingRequest {
    pub(crate) uri: Uri,
    pub(crate) number: u64,
    pub(crate) asked: Instant,
    pub(crate) invoked: bool,
    /// Nobody waits for it any more.
    pub(crate) cancel: Cancel,
    pub(crate) work: CompletionTask,
}

pub(crate) enum TaskError {
    Engine(EngineError),
    Panicked,
}

impl Session {
    pub(crate) fn new(mechanisms: Mechanisms) -> Self {
        Self {
            client: ClientFeatures::default(),
            workspace: Workspace::default(),
            documents: HashMap::new(),
            sources: Sources::default(),
            settings: Settings::default(),
            in_flight: InFlight::default(),
            suggestions: SuggestionCache::new(SUGGESTIONS),
            engine: EngineSlot::default(),
            remote: None,
            statistics: Statistics::default(),
            drifts: Vec::new(),
            shown_last: None,
            accepts_seen: 0,
            mechanisms,
        }
    }

    pub(crate) fn prepare(&mut self, question: &CompletionRequest) -> Prepared {
        self.statistics.requests += 1;
        let surroundings = self.surroundings(&question.uri);
        let Some(open) = self.documents.get_mut(&question.uri) else {
            tracing::warn!("a completion was asked for in a document that is not open");
            return Prepared::Nothing("the document is not open");
        };
        open.used = Instant::now();
        let document = open.document.clone();
        if !self.settings.completes(&open.language_id, document.language()) {
            return Prepared::Nothing("switched off");
        }
        let EngineState::Ready(engine) = self.engine.state() else {
            return Prepared::Nothing("no model is loaded");
        };
        let Ok(offset) = offset_at(document.text(), question.position, self.client.encoding) else {
            return Prepared::Nothing("the position is outside the document");
        };

        let settings = &self.settings.completion;
        let invoked = || {
            // On a blank line, who asks for something and has typed nothing is not after one line of many.
            let multiline = match settings.multiline {
                Multiline::Auto if is_blank(&document, offset) => Multiline::Always,
                multiline => multiline,
            };
            CompletionSettings { candidates: CANDIDATES, multiline, ..settings.for_invoked() }
        };
        let settings = if question.invoked { invoked() } else { settings.clone() };
        let place = Place { version: document.version(), position: question.position };
        let known = self.suggestions.get(&document, offset, &settings).filter(|_| self.mechanisms.suggestion_cache);
        let pin = open.pins.at(&document, offset, surroundings);
        let cursor = Cursor { document, offset, pin };
        let work = CompletionTask { place, purpose: Purpose::Answer, cursor, settings, engine: engine.clone() };
        match known {
            Some((suggestion, hit)) => {
                self.statistics.count_hit(hit);
                Prepared::Known(work, suggestion)
            }
            None => Prepared::CompletionTask(work),
        }
    }

    /// What may be shown beside the document `uri`.
    fn surroundings(&mut self, uri: &Uri) -> Surroundings {
        let exclusions = self.workspace.exclusions();
        let is_shown = |open: &OpenDocument| !exclusions.contain(open.document.name());
        let scope = self.settings.context;
        let others = self.documents.iter().filter(|(other, _)| *other != uri && scope >= ContextScope::Open);
        let mut open: Vec<&OpenDocument> = others.map(|(_, open)| open).filter(|open| is_shown(open)).collect();
        open.sort_by_key(|open| Reverse(open.used));
        open.truncate(OPEN_DOCUMENTS);
        let file = |open: &OpenDocument| OpenFile { document: open.document.clone(), edited: open.edited };
        Surroundings {
            project: self.workspace.name(),
            same_file: scope >= ContextScope::File,
            open: open.into_iter().map(file).collect(),
            workspace: self.workspace.index().filter(|_| scope >= ContextScope::Workspace),
        }
    }

    /// Where `question` asks to complete; `None` in a document that is not open.
    pub(crate) fn place(&self, question: &CompletionRequest) -> Option<Place> {
        let version = self.documents.get(&question.uri)?.document.version();
        Some(Place { version, position: question.position })
    }

    /// For when there is another model, or other settings: nothing that was asked or answered before is worth keeping.
    pub(crate) fn forget_prompts(&mut self) {
        self.suggestions.clear();
        self.forget_pins();
    }

    /// For when there is more to choose from.
    pub(crate) fn forget_pins(&mut self) {
        for open in self.documents.values_mut() {
            open.pins.clear();
            open.remote_pins.clear();
        }
    }

    /// Notes what came of `work` at its place, for later.
    pub(crate) fn remember(&mut self, work: &CompletionTask, completion: &Completion, origin: Origin) {
        let shown = completion.suggestion.clone().map(CachedAnswer::Suggested);
        let Some(answer) = shown.or_else(|| completion.suppressed.clone().map(CachedAnswer::Suppressed)) else {
            return;
        };
        if self.engine.serves(&work.engine) || self.is_asked(&work.engine) {
            // One that was asked for by hand, or finished later, goes on being offered while the user types along.
            let max_tokens = work.settings.max_tokens;
            let settings = CompletionSettings { max_tokens, ..self.settings.completion.clone() };
            let Cursor { document, offset, .. } = &work.cursor;
            self.suggestions.insert(document, *offset, &settings, answer, origin);
        }
    }

    /// The work of completing after `suggestion` was accepted; `None` where nobody knows how it would go on, or that is
    /// done.
    pub(crate) fn follow(&mut self, work: &CompletionTask, suggestion: &Suggestion) -> Option<CompletionTask> {
        let cursor = after_accepting(&work.cursor, suggestion)?;
        let known = self.suggestions.get(&cursor.document, cursor.offset, &self.settings.completion);
        known.is_none().then(|| CompletionTask { purpose: Purpose::Follow, cursor, ..work.without_deadline() })
    }

    /// Goes on at the pin of `work`, which is read by now.
    pub(crate) fn adopt(&mut self, work: &CompletionTask) {
        let Cursor { document, pin, .. } = &work.cursor;
        if !self.engine.serves(&work.engine) {
            return;
        }
        if let Some(open) = self.documents.values_mut().find(|open| open.document.name() == document.name()) {
            open.pins.adopt(pin.clone());
        }
    }

    /// Whether `engine` is the server elsewhere that the settings name.
    fn is_asked(&self, engine: &Arc<dyn Engine>) -> bool {
        let (model, remote) = (engine.model(), self.remote.as_ref());
        model.is_remote && remote.is_some_and(|remote| remote.model().name == model.name)
    }

    /// Whether somebody elsewhere is to be asked what the local model has answered, too, and how.
    pub(crate) fn second_opinion(&mut self, job: &PendingRequest, local: &Completion) -> Option<SecondOpinion> {
        let deadline = self.settings.completion.deadline;
        let document = &job.work.cursor.document;
        let goes =
            |remote: &&mut Remote| remote.settings.takes(document.language().id()) && !remote.stays(document.name());
        let remote = self.remote.as_mut().filter(goes)?;
        // Once the deadline is past, nothing is held back that can be shown.
        let left = deadline.map(|deadline| deadline.saturating_sub(job.asked.elapsed()));
        let answered = Answered { invoked: job.invoked, completion: local, left };
        let opinion = remote.router.second_opinion(answered, remote.timeout())?;
        remote.allows().then_some(opinion)
    }

    /// The work of `job`, for the server elsewhere; `None` where there is none, or the document is closed.
    pub(crate) fn elsewhere(&mut self, job: &PendingRequest) -> Option<CompletionTask> {
        let surroundings = self.surroundings(&job.uri);
        let name = job.work.cursor.document.name();
        let remote = self.remote.as_ref().filter(|remote| !remote.stays(name))?;
        let open = self.documents.get_mut(&job.uri)?;
        let CompletionTask { place, purpose, cursor, settings, .. } = job.work.clone();
        let Cursor { document, offset, .. } = cursor;
        let pin = open.remote_pins.at(&document, offset, surroundings);
        let context_tokens = remote.settings.context_tokens;
        // It has a time limit of its own, and one answer costs enough.
        let settings = CompletionSettings { context_tokens, deadline: None, candidates: 1, ..settings };
        let engine = remote.door(self.workspace.egress(&remote.settings));
        Some(CompletionTask { place, purpose, cursor: Cursor { document, offset, pin }, settings, engine })
    }

    /// The model that has made `suggestion` for `work`.
    pub(crate) fn author(&self, work: &CompletionTask, suggestion: Option<&Suggestion>) -> Model {
        let remote = self.remote.as_ref().filter(|_| suggestion.is_some_and(|suggestion| suggestion.is_remote));
        remote.map_or_else(|| work.engine.model(), Remote::model).into()
    }

    /// The work of reading a document that was just opened.
    pub(crate) fn opened(&mut self, uri: &Uri) -> Option<CompletionTask> {
        let surroundings = self.surroundings(uri);
        let open = self.documents.get(uri)?;
        let EngineState::Ready(engine) = self.engine.state() else { return None };
        if !self.settings.completes(&open.language_id, open.document.language()) {
            return None;
        }
        // Nobody knows where the cursor is. At the end everything before it is read, which serves any place in a file
        // that the window holds.
        let document = open.document.clone();
        let offset = document.text().len_bytes();
        let place = Place { version: document.version(), position: Position { line: 0, character: 0 } };
        let settings = self.settings.completion.clone();
        let cursor = Cursor::new(document, offset, surroundings);
        Some(CompletionTask { place, purpose: Purpose::WarmUp, cursor, settings, engine: engine.clone() })
    }

    /// Whether the document of `job` still is as it was at the request.
    pub(crate) fn is_current(&self, job: &PendingRequest) -> bool {
        let open = self.documents.get(&job.uri);
        open.is_some_and(|open| open.document.version() == job.work.cursor.document.version())
    }

    /// Resolves the settings anew, after a source has changed; returns whether any setting has, and what the policy of the
    /// machine has against them.
    pub(crate) fn resolve_settings(&mut self) -> (bool, Vec<Problem>) {
        let Sources { user_file, initialization, configuration, command_line, machine } = &self.sources;
        let (settings, problems) = machine.resolve([user_file, initialization, configuration, command_line]);
        (std::mem::replace(&mut self.settings, settings) != self.settings, problems)
    }
}

impl CompletionTask {
    /// Runs the engine on the calling thread.
    pub(crate) fn run(&self, cancel: &Cancel) -> Result<Completion, TaskError> {
        let Self { purpose, cursor, settings, engine, .. } = self;
        let result = match purpose {
            Purpose::Answer => complete(cursor, settings, &**engine, Priority::Foreground, cancel),
            Purpose::Finish | Purpose::Follow => complete(cursor, settings, &**engine, Priority::Background, cancel),
            Purpose::WarmUp => warm_up(cursor, settings, &**engine, Priority::Background, cancel),
        };
        result.map_err(TaskError::Engine)
    }

    /// Reading what the next request near this one will need; `None` where its pin has room for more.
    pub(crate) fn next_place(&self) -> Option<Self> {
        let Cursor { document, offset, pin } = &self.cursor;
        let pin = Arc::new(pin.is_worn(*offset).then(|| pin.moved_to(document, *offset))?);
        let cursor = Cursor { pin, ..self.cursor.clone() };
        Some(Self { purpose: Purpose::WarmUp, cursor, ..self.clone() })
    }

    /// The same, for a pause.
    pub(crate) fn without_deadline(&self) -> Self {
        let settings = CompletionSettings { deadline: None, ..self.settings.clone() };
        Self { purpose: Purpose::Finish, settings, ..self.clone() }
    }

    /// What the answer of its engine is counted under.
    pub(crate) fn subject(&self) -> Subject {
        self.subject_by(self.engine.model().into())
    }

    /// The same for what `model` has said.
    pub(crate) fn subject_by(&self, model: Model) -> Subject {
        Subject { language: self.cursor.document.language().id().to_owned(), model }
    }

    /// The name of its document.
    pub(crate) fn document(&self) -> &str {
        self.cursor.document.name()
    }

    pub(crate) fn offer(
        &self,
        suggestion: Suggestion,
        others: Vec<Suggestion>,
        model: Model,
        encoding: PositionEncoding,
    ) -> CompletionReply {
        let Cursor { document, offset, .. } = &self.cursor;
        CompletionReply { document: document.clone(), offset: *offset, encoding, suggestion, others, model }
    }
}
