//! The door to a model. Everything above it speaks of text; tokens, caches and libraries are the implementation's.

use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::prompt::FimText;

/// A loaded model. `fimble-inference` implements it with mistral.rs, `fimble-remote` with a server.
pub trait Engine: Send + Sync {
    fn model(&self) -> &ModelInfo;

    /// The number of tokens `text` becomes, as ordinary text.
    fn count_tokens(&self, text: &str) -> usize;

    /// Generates after the text's tail, on the calling thread, until a stop token of the model, `max_tokens`, `stopping` or
    /// `cancel` ends it: greedily, and then as far as `search` goes. One that is cancelled, or that gave way, is no error:
    /// it returns what there was.
    fn generate(&self, request: GenerationRequest) -> Result<Generation, EngineError>;
}

/// What the layers above need to know about a model.
#[derive(Debug, Clone)]
pub struct ModelInfo {
    pub id: Arc<ModelId>,
    /// Tokens that prompt and answer may take together.
    pub context_length: usize,
    /// Whether it makes use of excerpts from elsewhere, or only loses by what they leave less room for.
    pub uses_excerpts: bool,
}

/// A model's name and the version of its weights, as in `embedded@1f0c2d3e`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ModelId {
    pub name: String,
    /// Hexadecimal digits that differ between weights, so that counts of one version never mix with another's; `None`
    /// where the version is unknown.
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
            // The last `@` would otherwise start a version when this is read again.
            None if self.name.contains('@') => write!(formatter, "{}@", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

pub struct GenerationRequest {
    pub text: FimText,
    /// Earlier answers: this one is to begin otherwise.
    pub avoid: Vec<String>,
    /// Upper bound on generated tokens. 0 evaluates the prompt for those that come after.
    pub max_tokens: usize,
    pub priority: Priority,
    pub stopping: StoppingCriteria,
    pub search: Search,
    pub cancel: Cancel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for it.
    Foreground,
    /// Nobody does: it begins when nothing else is asked, and ends as soon as something is.
    Background,
}

/// Called after each token that completes a character, with all text generated so far and its length before that token.
/// It remembers nothing: a search tries several answers.
pub type StoppingCriteria = Arc<dyn Fn(&str, usize) -> StopDecision + Send + Sync>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopDecision {
    Continue,
    /// The text is whole.
    Complete,
    /// There is no more time, and so many bytes of the text are worth showing.
    Truncate(usize),
}

/// How far to look for an answer that is likelier as a whole than the greedy one, whose tokens are likeliest one by one. An
/// engine that cannot look leaves it at the greedy one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Search {
    /// How many other answers may be tried.
    pub branches: usize,
    /// When to be done.
    pub until: Option<Instant>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Generation {
    /// The generated text after the prompt's tail, without stop tokens.
    pub text: String,
    /// One entry per generated token, in order.
    pub tokens: Vec<GeneratedToken>,
    pub usage: Usage,
    /// From the call until its turn came.
    pub waited: Duration,
    /// From the call to the first generated token; `None` where nothing was generated.
    pub first_token: Option<Duration>,
    /// How many bytes of the text are worth showing, where [`StopDecision::Truncate`] ended it.
    pub cut: Option<usize>,
    /// Whether neither `cancel` nor a more urgent request ended it.
    pub completed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneratedToken {
    /// Length in bytes of [`Generation::text`] with this token included. A token that healing matched against typed
    /// text, and one that only begins a multi-byte character, adds nothing.
    pub text_end: usize,
    /// The model's probability of the token at its place, 0 to 1, before any constraint.
    pub probability: f32,
}

/// Exact token counts of one generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Prompt tokens whose KV (or logits) were there already.
    pub reused: usize,
    /// Prompt tokens the model had to evaluate: `prompt - reused`.
    pub evaluated: usize,
    /// Tokens generated, those of answers that were tried and not taken among them, stop tokens not.
    pub generated: usize,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        self.prompt += more.prompt;
        self.reused += more.reused;
        self.evaluated += more.evaluated;
        self.generated += more.generated;
    }
}

/// A flag shared by whoever asked and whoever computes. Cancelling twice, or after the end, is harmless.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(
        "the prompt has {prompt} tokens and the model's context holds {context_length}; lower the context size setting"
    )]
    PromptTooLong { prompt: usize, context_length: usize },
    #[error("the model failed: {0}")]
    Failed(String),
    /// The engine cannot be reached for now. `retry_after` is how long it asked to be left alone.
    #[error("{problem}")]
    Unavailable { problem: String, retry_after: Option<Duration> },
    /// A policy keeps this file from this engine.
    #[error("this file stays on this machine")]
    Forbidden,
    #[error("the engine has stopped; restart fimble to load the model again")]
    Stopped,
}
