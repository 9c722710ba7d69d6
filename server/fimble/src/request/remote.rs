//! The server elsewhere that the user has named: what a session knows of it, and the one way to it.

mod spent;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use fimble_completion::complete::Completion;
use fimble_completion::engine::{Cancel, Engine, EngineError, Generation, GenerationRequest, ModelInfo};
use fimble_completion::prompt::{Excerpt, FimText};
use fimble_remote::{RemoteSettings, Router, Routing};
use serde::Serialize;

use crate::session::{PendingRequest, TaskError};
use crate::workspace::EgressPolicy;

pub use spent::daily_quota_file;
pub(crate) use spent::{spend, spent};

/// Makes the engine that asks a server. Opens nothing.
pub type Connect = Arc<dyn Fn(&RemoteSettings) -> Arc<dyn Engine> + Send + Sync>;

pub(crate) struct Remote {
    engine: Arc<dyn Engine>,
    pub(crate) settings: RemoteSettings,
    pub(crate) router: Router,
    /// The latest request, as long as it may be on its way.
    pub(crate) asking: Option<Cancel>,
    /// Names of documents that were found to stay on this machine.
    stay: HashSet<String>,
    /// Requests since the start.
    asked: u64,
    failed: u64,
}

/// A request that goes elsewhere.
pub(crate) struct RemoteRequest {
    pub(crate) job: PendingRequest,
    /// What the local model has said; `None` where it was not asked.
    pub(crate) local: Option<Completion>,
    /// How long the local answer is held back.
    pub(crate) hold: Duration,
}

/// For the status of a server.
#[derive(Debug, Serialize)]
pub(crate) struct RemoteStatus {
    host: String,
    routing: Routing,
    asked: u64,
    failed: u64,
    /// It has failed, and is not asked for a while.
    left_alone: bool,
    /// What an answer is expected to take.
    expected_ms: u64,
}

impl Remote {
    pub(crate) fn new(settings: &RemoteSettings, routing: Routing, connect: &Connect) -> Self {
        let (engine, router) = (connect(settings), Router::new(routing, settings));
        Self { engine, settings: settings.clone(), router, asking: None, stay: HashSet::new(), asked: 0, failed: 0 }
    }

    pub(crate) fn model(&self) -> &ModelInfo {
        self.engine.model()
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.settings.timeout_ms)
    }

    /// The server, for text that `egress` allows.
    pub(crate) fn door(&self, egress: EgressPolicy) -> Arc<dyn Engine> {
        Arc::new(GuardedEngine { engine: self.engine.clone(), egress })
    }

    /// Whether one request more may be made.
    pub(crate) fn allows(&mut self) -> bool {
        self.router.allows(Instant::now(), today())
    }

    /// A request is made, and the one before it is not wanted any more.
    pub(crate) fn ask(&mut self, cancel: &Cancel) {
        self.router.asked(Instant::now(), today());
        self.asked += 1;
        if let Some(earlier) = self.asking.replace(cancel.clone()) {
            earlier.cancel();
        }
    }

    /// Notes what came of a request about `document`; returns why it failed, if it did.
    pub(crate) fn answered(
        &mut self,
        document: &str,
        result: &Result<Completion, TaskError>,
        latency: Duration,
    ) -> Option<String> {
        match result {
            Ok(completion) if completion.completed => self.router.succeeded(latency),
            Err(TaskError::Engine(EngineError::Unavailable { problem, retry_after })) => {
                self.failed += 1;
                self.router.failed(Instant::now(), *pause);
                return Some(problem.clone());
            }
            other => {
                if let Err(TaskError::Engine(EngineError::Forbidden)) = other {
                    self.stay.insert(document.to_owned());
                }
                // It never came so far as to the server, or was not waited for.
                self.router.given_up(Instant::now());
            }
        }
        None
    }

    /// Whether the document of this name was found to stay on this machine.
    pub(crate) fn stays(&self, document: &str) -> bool {
        self.stay.contains(document)
    }

    /// What may go has changed.
    pub(crate) fn permit_anew(&mut self) {
        self.stay.clear();
    }

    pub(crate) fn is_left_alone(&self) -> bool {
        self.router.left_alone_until().is_some_and(|until| Instant::now() < until)
    }

    pub(crate) fn status(&self) -> RemoteStatus {
        RemoteStatus {
            host: self.settings.host().to_owned(),
            routing: self.router.routing(),
            asked: self.asked,
            failed: self.failed,
            left_alone: self.is_left_alone(),
            expected_ms: u64::try_from(self.router.expected().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl RemoteRequest {
    /// Somebody waits for what comes of it.
    pub(crate) fn is_held(&self) -> bool {
        !self.hold.is_zero()
    }
}

/// All that goes elsewhere goes through here.
struct GuardedEngine {
    engine: Arc<dyn Engine>,
    egress: EgressPolicy,
}

impl Engine for GuardedEngine {
    fn model(&self) -> &ModelInfo {
        self.engine.model()
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.engine.count_tokens(text)
    }

    fn generate(&self, request: GenerationRequest) -> Result<Generation, EngineError> {
        let FimText { excerpts, file, .. } = &request.text;
        if !self.egress.allows(&file.path) {
            return Err(EngineError::Forbidden);
        }
        let allowed = |excerpt: &&Excerpt| self.egress.allows(&excerpt.path);
        let excerpts = excerpts.iter().filter(allowed).cloned().collect();
        self.engine.generate(GenerationRequest { text: FimText { excerpts, ..request.text }, ..request })
    }
}

/// Days since 1970, in UTC.
pub(crate) fn today() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_secs() / (24 * 60 * 60)
}
