//! An engine that asks a remote server. Its callers use it like any other model.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use fimble_completion::engine::{
    Engine, EngineError, GeneratedToken, Generation, GenerationRequest, ModelId, ModelInfo, Priority, StopDecision,
    Usage,
};
use fimble_completion::prompt::{FimTemplate, FimText, family};

use crate::connection::{Connection, ConnectionError, Lines};
use crate::protocol::{AnswerPart, PromptRequest, ProtocolError};
use crate::settings::RemoteSettings;

/// The estimated bytes per token of code. Only the server knows its tokenizer.
const BYTES_PER_TOKEN: usize = 4;

/// How often to check whether the answer is still wanted.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// How many parts of an answer can wait unread before the reader of the connection blocks.
const UNREAD_PARTS: usize = 64;

/// A remote server. Nothing is opened before the first request.
pub struct RemoteEngine {
    info: ModelInfo,
    client: Arc<Client>,
}

/// The part of the engine that is shared with the threads that read answers.
struct Client {
    settings: RemoteSettings,
    template: Option<FimTemplate>,
    /// Created by the first request, and again after a failed request.
    connection: Mutex<Option<Arc<Connection>>>,
    /// Whether to ask for probabilities. Cleared once the server refuses such a request.
    probabilities: AtomicBool,
}

#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("fimble does not understand the answer of {host}: {problem}; see `api` of `remote`")]
    Protocol { host: String, problem: ProtocolError },
    #[error("the connection to {host} broke: {problem}; the next request opens a new one")]
    Broken { host: String, problem: String },
    #[error("{host} did not answer in time; see `timeout_ms` of `remote`")]
    Late { host: String },
}

impl RemoteEngine {
    /// Creates an engine. The settings must have passed [`RemoteSettings::check`].
    pub fn new(settings: RemoteSettings) -> Self {
        let model = settings.model.as_deref().unwrap_or("its model");
        let info = ModelInfo {
            id: Arc::new(ModelId { name: format!("{model} at {}", settings.host()), version: None }),
            // The settings limit what a request shows. The answer may take as much again.
            context_length: 2 * settings.context_tokens,
            uses_excerpts: true,
            engine: "remote",
        };
        let template = settings.family.as_deref().and_then(family).map(|family| family.template());
        let (connection, probabilities) = (Mutex::default(), AtomicBool::new(true));
        Self { info, client: Arc::new(Client { settings, template, connection, probabilities }) }
    }

    /// The settings of this server.
    pub fn settings(&self) -> &RemoteSettings {
        &self.client.settings
    }
}

impl Engine for RemoteEngine {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.len().div_ceil(BYTES_PER_TOKEN)
    }

    /// Requests one answer. Additional candidates and background work are not worth a remote request, so these return
    /// an empty answer.
    fn generate(&self, request: GenerationRequest) -> Result<Generation, EngineError> {
        let GenerationRequest { text, avoid, max_tokens, priority, stopping, cancel, .. } = request;
        if !avoid.is_empty() || max_tokens == 0 || priority == Priority::Background {
            return Ok(Generation { completed: avoid.is_empty(), ..Generation::default() });
        }
        let started = Instant::now();
        let timeout = Duration::from_millis(self.client.settings.timeout_ms);
        let (sender, answer) = mpsc::sync_channel(UNREAD_PARTS);
        let client = self.client.clone();
        // Reading from the network cannot be interrupted, but its thread can be left to end on its own.
        thread::Builder::new()
            .name("fimble-remote".to_owned())
            .spawn(move || client.stream_answer(&text, max_tokens, &sender))
            .map_err(|error| EngineError::Failed(format!("no thread: {error}")))?;

        let mut generation = Generation::default();
        loop {
            if cancel.is_cancelled() {
                return Ok(generation);
            }
            let part = match answer.recv_timeout(POLL_INTERVAL) {
                Ok(part) => part?,
                Err(RecvTimeoutError::Timeout) if started.elapsed() > timeout => {
                    return Err(RequestError::Late { host: self.client.settings.host().to_owned() }.into());
                }
                Err(RecvTimeoutError::Timeout) => continue,
                // Not every server marks the last part.
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let Usage { prompt, reused, .. } = generation.usage;
            let (prompt, reused) = (part.prompt.unwrap_or(prompt), part.reused.unwrap_or(reused));
            let before = generation.text.len();
            if !part.text.is_empty() {
                generation.first_token.get_or_insert_with(|| started.elapsed());
                generation.text.push_str(&part.text);
                // Without probabilities, the answer is assumed to be certain.
                let probability = part.probability.unwrap_or(1.0);
                generation.tokens.push(GeneratedToken { text_end: generation.text.len(), probability });
            }
            let generated = generation.tokens.len();
            generation.usage =
                Usage { prompt, reused, evaluated: prompt.saturating_sub(reused), generated, ..Usage::default() };
            let stopped = self.client.stop_in(&generation.text);
            if let Some(stop) = stopped {
                generation.text.truncate(stop);
                generation.tokens.iter_mut().for_each(|token| token.text_end = token.text_end.min(stop));
            }
            let decision =
                if part.text.is_empty() { StopDecision::Continue } else { stopping(&generation.text, before) };
            if let StopDecision::Truncate(cut) = decision {
                generation.cut = Some(cut);
            }
            if part.is_last || stopped.is_some() || decision != StopDecision::Continue || generated >= max_tokens {
                break;
            }
        }
        generation.completed = true;
        Ok(generation)
    }
}

impl Client {
    /// Sends the parts of an answer until it ends or nobody receives them.
    fn stream_answer(&self, text: &FimText, max_tokens: usize, parts: &SyncSender<Result<AnswerPart, RequestError>>) {
        let host = || self.settings.host().to_owned();
        let lines = match self.request(text, max_tokens) {
            Ok(lines) => lines,
            Err(error) => return drop(parts.send(Err(error))),
        };
        for line in lines {
            let part = match line {
                Ok(line) => self
                    .settings
                    .api
                    .parse_line(&line)
                    .map_err(|problem| RequestError::Protocol { host: host(), problem }),
                Err(error) => Err(RequestError::Broken { host: host(), problem: error.to_string() }),
            };
            let failed = part.is_err();
            let gone = part.transpose().is_some_and(|part| parts.send(part).is_err());
            if failed || gone {
                return;
            }
        }
    }

    fn request(&self, text: &FimText, max_tokens: usize) -> Result<Lines, RequestError> {
        let RemoteSettings { api, model, .. } = &self.settings;
        let send = |probabilities| {
            let (model, template) = (model.as_deref(), self.template.as_ref());
            let request = PromptRequest { text, model, template, max_tokens, probabilities };
            let host = || self.settings.host().to_owned();
            let body = api.request(&request).map_err(|problem| RequestError::Protocol { host: host(), problem })?;
            Ok::<_, RequestError>(self.connection()?.post(api.path(), &body)?)
        };
        let probabilities = self.probabilities.load(Ordering::Relaxed);
        match send(probabilities) {
            // Some servers reject requests with unknown options.
            Err(RequestError::Connection(ConnectionError::Status { .. })) if probabilities => {
                let lines = send(false)?;
                tracing::info!("{} does not tell probabilities", self.settings.host());
                self.probabilities.store(false, Ordering::Relaxed);
                Ok(lines)
            }
            Err(error @ RequestError::Connection(_)) => {
                // The key may have been renewed, so read it again for the next request.
                *self.lock_connection() = None;
                Err(error)
            }
            other => other,
        }
    }

    fn connection(&self) -> Result<Arc<Connection>, ConnectionError> {
        let mut connection = self.lock_connection();
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        Ok(connection.insert(Arc::new(Connection::new(&self.settings)?)).clone())
    }

    fn lock_connection(&self) -> MutexGuard<'_, Option<Arc<Connection>>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The offset of the first stop token spelled out in `text`. Not every server removes stop tokens.
    fn stop_in(&self, text: &str) -> Option<usize> {
        let stops = self.template.iter().flat_map(FimTemplate::stops);
        stops.filter_map(|stop| text.find(stop.as_str())).min()
    }
}

impl From<RequestError> for EngineError {
    fn from(error: RequestError) -> Self {
        let retry_after = match &error {
            RequestError::Connection(ConnectionError::Busy { retry_after, .. }) => *retry_after,
            _ => None,
        };
        Self::Unavailable { problem: error.to_string(), retry_after }
    }
}
