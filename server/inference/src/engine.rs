//! The engine that the rest of fimble sees: a queue in front of one model, answered one generation at a time from what
//! is known already and, where that ends, by mistral.rs.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use fimble_completion::engine::{Engine, EngineError, Generation, GenerationRequest, ModelInfo, Usage};

use crate::decoder::{Choice, Decoder};
use crate::known_tokens::{Distribution, KnownTokens};
use crate::load::{self, LoadError, Loaded};
use crate::locate::{LocatedModel, locate};
use crate::runner::{KV_STEP, RunError, Runner, Steps};
use crate::vocabulary::Vocabulary;

/// A prefill cannot be interrupted. A longer one goes in parts of so many tokens, between which a cancel takes effect;
/// what was evaluated until then stays. Each part copies the KV before it, so there should be few.
const PREFILL_PART: usize = 256;

/// After so long without a request the user is not typing: the time to make room.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Bytes that kept KV and known distributions may take together.
    pub cache_budget: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { cache_budget: 256 << 20 }
    }
}

/// A model in memory, with a thread of its own that ends when the engine is dropped.
pub struct MistralEngine {
    info: ModelInfo,
    vocabulary: Arc<Vocabulary>,
    stops: Arc<HashSet<u32>>,
    jobs: Sender<Job>,
}

struct Job {
    tokens: Vec<u32>,
    decoder: Decoder,
    reply: Sender<Result<Generation, EngineError>>,
}

impl MistralEngine {
    /// Loads the model that the user calls `name_or_path` (`None`: the embedded one). Takes as long as reading the
    /// weights does.
    pub fn load(name_or_path: Option<&str>, options: EngineOptions) -> Result<Self, LoadError> {
        Self::start(locate(name_or_path)?, options)
    }

    pub fn start(model: LocatedModel, options: EngineOptions) -> Result<Self, LoadError> {
        let name = model.manifest.name.clone();
        let (loaded_sender, loaded) = mpsc::channel();
        let (jobs, job_receiver) = mpsc::channel();
        let failed = |message: String| LoadError::Load { name: name.clone(), message };
        // mistral.rs wants a runtime that is not inside another one, so the model is loaded where it will run.
        let run = move || match load::load(model) {
            Ok(Loaded { info, vocabulary, stops, runner, kv_bytes_per_token }) => {
                if loaded_sender.send(Ok((info, vocabulary, stops))).is_ok() {
                    let cache = Cache::new(options.cache_budget, kv_bytes_per_token);
                    Worker { runner, cache }.serve(&job_receiver);
                }
            }
            Err(error) => drop(loaded_sender.send(Err(error))),
        };
        thread::Builder::new()
            .name("fimble-engine".to_owned())
            .spawn(run)
            .map_err(|error| failed(format!("no thread: {error}")))?;
        let (info, vocabulary, stops) =
            loaded.recv().map_err(|_| failed("its loading ended unexpectedly".to_owned()))??;
        Ok(Self { info, vocabulary, stops, jobs })
    }
}

impl Engine for MistralEngine {
    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn count_tokens(&self, text: &str) -> usize {
        // Text that cannot be tokenized cannot be generated from either, which says so in its error.
        self.vocabulary.encode(text).map_or(usize::MAX, |tokens| tokens.len())
    }

    fn generate(&self, request: GenerationRequest) -> Result<Generation, EngineError> {
        let GenerationRequest { prompt, max_tokens, watch, cancel } = request;
        let prompt = self.vocabulary.encode_prompt(&prompt).map_err(EngineError::Failed)?;
        let length = prompt.tokens.len();
        if length + max_tokens > self.info.context_length {
            return Err(EngineError::PromptTooLong { prompt: length, context_length: self.info.context_length });
        }
        let decoder =
            Decoder::new(self.vocabulary.clone(), self.stops.clone(), prompt.typed, max_tokens, watch, cancel);
        let (reply, answer) = mpsc::channel();
        let job = Job { tokens: prompt.tokens, decoder, reply };
        self.jobs.send(job).map_err(|_| EngineError::Stopped)?;
        answer.recv().map_err(|_| EngineError::Stopped)?
    }
}

struct Worker {
    runner: Runner,
    cache: Cache,
}

impl Worker {
    fn serve(&mut self, jobs: &Receiver<Job>) {
        loop {
            let job = if self.cache.wants_room() {
                match jobs.recv_timeout(PAUSE) {
                    Ok(job) => job,
                    Err(RecvTimeoutError::Timeout) => {
                        if let Err(error) = self.make_room() {
                            tracing::warn!("the engine could not be rebuilt: {error}");
                        }
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            } else {
                match jobs.recv() {
                    Ok(job) => job,
                    Err(_) => return,
                }
            };
            let reply = job.reply.clone();
            // A bug in one generation should not be the end of all.
            let answer = catch_unwind(AssertUnwindSafe(|| self.generate(job))).unwrap_or_else(|_| {
                self.make_room()?;
                Err(EngineError::Failed("fimble failed at a generation; this is a bug".to_owned()))
            });
            // Whoever asked may have gone; what was evaluated stays useful.
            drop(reply.send(answer));
        }
    }

    fn generate(&mut self, job: Job) -> Result<Generation, EngineError> {
        let Job { mut tokens, mut decoder, .. } = job;
        let prompt = tokens.len();
        let mut evaluated = 0;

        while let Some(next) = self.cache.known.next(&tokens) {
            match decoder.choose(&next) {
                Choice::Token(token) => tokens.push(token),
                Choice::End | Choice::NotKept => break,
            }
        }
        if !decoder.has_ended() {
            let mut parts = self.cache.prefill_parts(&tokens);
            if self.cache.is_full_with(&parts, tokens.len()) {
                self.make_room()?;
                parts = self.cache.prefill_parts(&tokens);
            }
            for length in parts {
                if decoder.has_ended() {
                    break;
                }
                let part = self.run(Sequence::prefill(tokens[..length].to_vec()))?;
                evaluated += part.evaluated;
            }
        }
        if !decoder.has_ended() {
            let sent = tokens.len();
            let sequence = self.run(Sequence::generate(tokens, decoder))?;
            // Known tokens after the prompt are sent along; they are none of its own.
            evaluated += sequence.evaluated.saturating_sub(sent - prompt);
            decoder = sequence.decoder.ok_or(EngineError::Stopped)?;
        }
        let decoded = decoder.finish();
        // A part may reach into known tokens after the prompt.
        let evaluated = evaluated.min(prompt);
        let usage = Usage { prompt, reused: prompt - evaluated, evaluated, generated: decoded.tokens.len() };
        Ok(Generation { text: decoded.text, tokens: decoded.tokens, usage, first_token: decoded.first_token })
    }

    /// Runs `sequence` to its end and remembers what it brought.
    fn run(&mut self, sequence: Sequence) -> Result<Sequence, EngineError> {
        let mut sequence = match self.runner.run(sequence.tokens.clone(), sequence) {
            Ok(sequence) => sequence,
            Err(error) => {
                // Whatever state the engine is in, a new one is in none.
                self.make_room()?;
                return Err(error.into());
            }
        };
        self.cache.add(std::mem::take(&mut sequence.seen), &sequence.tokens);
        if sequence.broken {
            return Err(EngineError::Failed(
                "its output is not a number; the weights may be damaged, or too small a number type".to_owned(),
            ));
        }
        Ok(sequence)
    }

    fn make_room(&mut self) -> Result<(), RunError> {
        self.cache.forget();
        self.runner.rebuild()
    }
}

impl From<RunError> for EngineError {
    fn from(error: RunError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// One sequence in mistral.rs.
struct Sequence {
    /// The prompt and what was generated and evaluated; mistral.rs holds the KV of all of them.
    tokens: Vec<u32>,
    /// `None` ends the sequence at its first step.
    decoder: Option<Decoder>,
    after_prompt: bool,
    evaluated: usize,
    /// The distribution after so many of `tokens`.
    seen: Vec<(usize, Distribution)>,
    /// The model's output was not finite.
    broken: bool,
}

impl Sequence {
    fn generate(tokens: Vec<u32>, decoder: Decoder) -> Self {
        Self { decoder: Some(decoder), ..Self::prefill(tokens) }
    }

    fn prefill(tokens: Vec<u32>) -> Self {
        Self { tokens, decoder: None, after_prompt: true, evaluated: 0, seen: Vec::new(), broken: false }
    }
}

impl Steps for Sequence {
    fn step(&mut self, logits: Vec<f32>, context: usize) -> Option<u32> {
        let after_prompt = std::mem::take(&mut self.after_prompt);
        if after_prompt {
            self.evaluated = context;
        }
        let Some(next) = Distribution::from_logits(&logits) else {
            self.broken = true;
            return None;
        };
        let choice = self.decoder.as_mut().map(|decoder| (decoder.choose(&next), decoder.has_ended()));
        self.seen.push((self.tokens.len(), next.compacted(after_prompt)));
        match choice {
            // The last token need not be evaluated now: whoever goes on from it sends it along.
            Some((Choice::Token(token), false)) => {
                self.tokens.push(token);
                Some(token)
            }
            _ => None,
        }
    }
}

/// What is kept of earlier generations, and what it takes.
struct Cache {
    known: KnownTokens,
    budget: usize,
    kv_bytes_per_token: usize,
    kv_bytes: usize,
}

impl Cache {
    fn new(budget: usize, kv_bytes_per_token: usize) -> Self {
        Self { known: KnownTokens::default(), budget, kv_bytes_per_token, kv_bytes: 0 }
    }

    fn add(&mut self, seen: Vec<(usize, Distribution)>, tokens: &[u32]) {
        for (length, next) in seen {
            self.known.remember(&tokens[..length], next);
        }
        self.known.hold(tokens);
        self.kv_bytes += self.kv_of(tokens.len());
    }

    /// The lengths up to which a prefill of `tokens` goes in parts, the last part not among them. Each goes beyond what
    /// is held, as a prompt that mistral.rs is to find its KV for has to.
    fn prefill_parts(&self, tokens: &[u32]) -> Vec<usize> {
        let first = self.known.held(tokens) + PREFILL_PART;
        // A short rest goes with the last part.
        (first..tokens.len().saturating_sub(PREFILL_PART / 2)).step_by(PREFILL_PART).collect()
    }

    /// Whether prompts of these lengths, the last of which may grow by one step, would go beyond the budget.
    fn is_full_with(&self, parts: &[usize], prompt: usize) -> bool {
        let parts: usize = parts.iter().map(|length| self.kv_of(*length)).sum();
        self.kv_bytes > 0 && self.size() + resident(parts + self.kv_of(prompt + KV_STEP)) > self.budget
    }

    fn wants_room(&self) -> bool {
        self.kv_bytes > 0 && self.size() > self.budget / 2
    }

    /// The KV goes as a whole, since mistral.rs cannot drop one sequence; what is known goes with it, because it would
    /// lead to prompts whose KV is gone.
    fn forget(&mut self) {
        self.known = KnownTokens::default();
        self.kv_bytes = 0;
    }

    fn size(&self) -> usize {
        resident(self.kv_bytes + self.known.size())
    }

    fn kv_of(&self, tokens: usize) -> usize {
        tokens.div_ceil(KV_STEP) * KV_STEP * self.kv_bytes_per_token
    }
}

/// What `bytes` of tensors take of the machine's memory, as measured over a hundred prompts of the embedded model: an
/// allocator keeps sizes like these in larger slots.
fn resident(bytes: usize) -> usize {
    bytes + bytes / 2
}
