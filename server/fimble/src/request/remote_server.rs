//! The server that the settings name: what this session knows of it, and the one way to it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fimble_completion::complete::Completion;
use fimble_completion::engine::{Cancel, Engine, EngineError, Generation, GenerationRequest, ModelInfo};
use fimble_completion::prompt::{Excerpt, FimText};
use fimble_remote::{RemoteSettings, Router, Routing};
use serde::Serialize;

use super::daily_quota::today;
use super::task::TaskError;
use crate::workspace::EgressPolicy;

/// Makes the engine that asks a server. It opens no connection yet.
pub type Connect = Arc<dyn Fn(&RemoteSettings) -> Arc<dyn Engine> + Send + Sync>;

pub(super) struct RemoteServer {
    engine: Arc<dyn Engine>,
    pub(super) settings: RemoteSettings,
    pub(super) router: Router,
    /// The latest request, which may still be under way.
    latest: Option<Cancel>,
    /// Names of documents that the egress policy has turned out to deny.
    denied: HashSet<String>,
    /// Requests since the start.
    asked: u64,
    failed: u64,
}

/// Part of `fimble/status`.
#[derive(Debug, Serialize)]
pub(crate) struct RemoteStatus {
    pub(crate) host: String,
    pub(crate) routing: Routing,
    asked: u64,
    failed: u64,
    /// The server has failed and is not asked for a while.
    #[serde(rename = "left_alone")]
    pub(crate) is_backing_off: bool,
    /// The expected latency of an answer.
    expected_ms: u64,
}

impl RemoteServer {
    pub(super) fn new(settings: &RemoteSettings, routing: Routing, connect: &Connect) -> Self {
        Self {
            engine: connect(settings),
            settings: settings.clone(),
            router: Router::new(routing, settings),
            latest: None,
            denied: HashSet::new(),
            asked: 0,
            failed: 0,
        }
    }

    pub(super) fn model(&self) -> &ModelInfo {
        self.engine.model()
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.settings.timeout_ms)
    }

    /// The server, behind `policy`.
    pub(super) fn engine(&self, policy: EgressPolicy) -> Arc<dyn Engine> {
        Arc::new(GuardedEngine { engine: self.engine.clone(), policy })
    }

    /// Whether one more request may be made.
    pub(super) fn allows(&mut self) -> bool {
        self.router.allows(Instant::now(), today())
    }

    /// Notes that a request is made. It makes the request before it useless.
    pub(super) fn asked(&mut self, cancel: &Cancel) {
        self.router.sent(Instant::now(), today());
        self.asked += 1;
        if let Some(earlier) = self.latest.replace(cancel.clone()) {
            earlier.cancel();
        }
    }

    /// Notes the result of a request about `document`; returns why it failed, if it did.
    pub(super) fn completed(
        &mut self,
        document: &str,
        result: &Result<Completion, TaskError>,
        latency: Duration,
    ) -> Option<String> {
        match result {
            Ok(completion) if completion.completed => self.router.succeeded(latency),
            Err(TaskError::Engine(EngineError::Unavailable { problem, retry_after })) => {
                self.failed += 1;
                self.router.failed(Instant::now(), *retry_after);
                return Some(problem.clone());
            }
            other => {
                if let Err(TaskError::Engine(EngineError::Forbidden)) = other {
                    self.denied.insert(document.to_owned());
                }
                // The request never reached the server, or nobody waited for it.
                self.router.abandoned(Instant::now());
            }
        }
        None
    }

    /// Whether the document of this name must not be sent.
    pub(super) fn denies(&self, document: &str) -> bool {
        self.denied.contains(document)
    }

    /// Asks the egress policy again, because it has changed.
    pub(super) fn clear_denied(&mut self) {
        self.denied.clear();
    }

    pub(super) fn is_backing_off(&self) -> bool {
        self.router.backing_off_until().is_some_and(|until| Instant::now() < until)
    }

    pub(super) fn status(&self) -> RemoteStatus {
        RemoteStatus {
            host: self.settings.host().to_owned(),
            routing: self.router.routing(),
            asked: self.asked,
            failed: self.failed,
            is_backing_off: self.is_backing_off(),
            expected_ms: u64::try_from(self.router.expected().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// An engine that nothing reaches without the egress policy's consent. Everything that leaves the machine passes here.
struct GuardedEngine {
    engine: Arc<dyn Engine>,
    policy: EgressPolicy,
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
        if !self.policy.allows(&file.path) {
            return Err(EngineError::Forbidden);
        }
        let allowed = |excerpt: &&Excerpt| self.policy.allows(&excerpt.path);
        let excerpts = excerpts.iter().filter(allowed).cloned().collect();
        self.engine.generate(GenerationRequest { text: FimText { excerpts, ..request.text }, ..request })
    }
}
