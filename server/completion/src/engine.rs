//! The interface to a model. The caller provides text; tokens, caches and libraries are details of the implementation.

use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::prompt::FimText;

/// A loaded model. `fimble-inference` implements this trait with mistral.rs, and `fimble-remote` with a server.
pub trait Engine: Send + Sync {
    /// The properties of the model.
    fn model(&self) -> &ModelInfo;

    /// The number of tokens in `text`, tokenized as ordinary text.
    fn count_tokens(&self, text: &str) -> usize;

    /// Generates text after the prompt's tail, on the calling thread. Generation is greedy, followed by an optional
    /// search. It ends at a stop token of the model, after `max_tokens`, or when `stopping` or `cancel` ends it.
    ///
    /// Returns an error if the engine fails. Being cancelled, or giving way to another request, is not an error: the
    /// result then contains the text so far.
    fn generate(&self, request: GenerationRequest) -> Result<Generation, EngineError>;
}

/// The properties of a model that its callers need.
#[derive(Debug, Clone)]
pub struct ModelInfo {
    /// The model's name and version.
    pub id: Arc<ModelId>,
    /// The most tokens that a prompt and its answer can have together.
    pub context_length: usize,
    /// Whether excerpts help this model. For a model that ignores them, they only take up space.
    pub uses_excerpts: bool,
    /// What runs the model, for people: `mistral.rs`, `llama.cpp` or `remote`.
    pub engine: &'static str,
}

/// The name of a model and the version of its weights, for example `embedded@1f0c2d3e`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ModelId {
    pub name: String,
    /// Hexadecimal digits that identify the weights, so that statistics of different versions are kept apart. `None` if
    /// the version is unknown.
    pub version: Option<String>,
}

impl From<String> for ModelId {
    fn from(text: String) -> Self {
        let is_version = |version: &str| version.bytes().all(|byte| byte.is_ascii_hexdigit());
        match text.rsplit_once('@') {
            Some((name, version)) if is_version(version) => {
                let version = (!version.is_empty()).then(|| version.to_owned());
                Self { name: name.to_owned(), version }
            }
            _ => Self { name: text, version: None },
        }
    }
}

impl From<ModelId> for String {
    fn from(model: ModelId) -> Self {
        model.to_string()
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(formatter, "{}@{version}", self.name),
            // Without the final `@`, parsing the text again would read a part of the name as the version.
            None if self.name.contains('@') => write!(formatter, "{}@", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// The input of one generation.
pub struct GenerationRequest {
    /// The code around the cursor.
    pub text: FimText,
    /// Earlier answers. The new answer must start differently.
    pub avoid: Vec<String>,
    /// The most tokens to generate. 0 only evaluates the prompt, so that later requests can reuse it.
    pub max_tokens: usize,
    /// Whether a user is waiting.
    pub priority: Priority,
    /// Decides after each token whether to continue.
    pub stopping: StoppingCriteria,
    /// How to search for an answer that is better than the greedy one.
    pub search: Search,
    /// Ends the generation from another thread.
    pub cancel: Cancel,
}

/// The urgency of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A user is waiting.
    Foreground,
    /// Nobody is waiting. The request starts when the engine is idle and ends as soon as another request arrives.
    Background,
}

/// Called after each token that completes a character, with the text generated so far and the length in bytes before
/// that token. It must not keep state, because a search generates several answers.
pub type StoppingCriteria = Arc<dyn Fn(&str, usize) -> StopDecision + Send + Sync>;

/// Whether a generation continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopDecision {
    Continue,
    /// The text is complete.
    Complete,
    /// The time is up. The value is the length in bytes of the part worth showing.
    Truncate(usize),
}

/// How to search for an answer whose probability as a whole is higher than that of the greedy answer. Engines that
/// cannot search return the greedy answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Search {
    /// The most additional answers to try.
    pub branches: usize,
    /// When to stop searching.
    pub until: Option<Instant>,
}

/// The result of one generation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Generation {
    /// The text generated after the prompt's tail, without stop tokens.
    pub text: String,
    /// The generated tokens, in order.
    pub tokens: Vec<GeneratedToken>,
    /// Token counts.
    pub usage: Usage,
    /// The time from the call until the engine started.
    pub waited: Duration,
    /// The time from the call to the first generated token; `None` if no token was generated.
    pub first_token: Option<Duration>,
    /// The length in bytes of the part worth showing, if [`StopDecision::Truncate`] ended the generation.
    pub cut: Option<usize>,
    /// False if `cancel` or a more urgent request ended the generation.
    pub completed: bool,
}

/// One token of a generation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneratedToken {
    /// The length of [`Generation::text`] in bytes after this token. It does not grow for a token that only matches
    /// text the user already typed (token healing), or that only starts a multi-byte character.
    pub text_end: usize,
    /// The model's probability of this token, from 0 to 1, before any constraint is applied.
    pub probability: f32,
}

/// The exact token counts of one generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// The tokens in the prompt.
    pub prompt: usize,
    /// The prompt tokens that came from the KV cache or the logit cache.
    pub reused: usize,
    /// The prompt tokens that the model evaluated: `prompt - reused`.
    pub evaluated: usize,
    /// The generated tokens, including those of rejected answers and excluding stop tokens.
    pub generated: usize,
    /// The steps of the model that generated tokens. A step evaluates one token, or several if it verifies draft tokens.
    pub steps: usize,
    /// The draft tokens that the model verified.
    pub drafted: usize,
    /// The draft tokens that were right.
    pub accepted: usize,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        self.prompt += more.prompt;
        self.reused += more.reused;
        self.evaluated += more.evaluated;
        self.generated += more.generated;
        self.steps += more.steps;
        self.drafted += more.drafted;
        self.accepted += more.accepted;
    }
}

/// A flag that the caller and the engine share. Setting it twice, or after the end, has no effect.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the engine to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether [`Cancel::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Why a generation failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(
        "the prompt has {prompt} tokens, but the model's context holds {context_length}; lower the context size setting"
    )]
    PromptTooLong { prompt: usize, context_length: usize },
    #[error("the model failed: {0}")]
    Failed(String),
    /// The engine cannot be reached at the moment. `retry_after` is the delay that the server asked for, if any.
    #[error("{problem}")]
    Unavailable { problem: String, retry_after: Option<Duration> },
    /// A policy forbids sending this file to this engine.
    #[error("a policy keeps this file on this machine")]
    Forbidden,
    #[error("the engine has stopped; restart fimble to load the model again")]
    Stopped,
}
