//! Answers requests one at a time, urgent ones first: from what is known already and, where that ends, by mistral.rs.

use std::collections::{BinaryHeap, VecDeque};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use fimble_completion::engine::{EngineError, Generation, Search, Usage};
use fimble_completion::foreground::ForegroundGuard;

use crate::cache::Cache;
use crate::decoder::{Bounds, Choice, Decoder, Path};
use crate::interrupt::Interrupt;
use crate::logit_cache::Distribution;
use crate::mistralrs_backend::{BackendError, LogitsStep, MistralrsBackend};
use crate::ngrams::Mixture;

/// A prefill cannot be interrupted. A longer one goes in parts of so many tokens, between which an interrupt takes
/// effect; what was evaluated until then stays. Each part copies the KV before it, so there should be few.
const PART: usize = 256;

/// The same where nobody waits: so much at most is in the way of a request that comes.
const BACKGROUND_PART: usize = 64;

/// A prompt that is this much longer than what is held of it is held too. Holding costs a copy of the whole KV; not holding,
/// that these tokens are evaluated with the next key again.
const WORTH_HOLDING: usize = 8;

/// After so long without a request the user is not typing: the time to make room.
const PAUSE: Duration = Duration::from_secs(2);

/// A request on its way to the model.
pub(crate) struct GenerationTask {
    pub(crate) tokens: Vec<u32>,
    /// Its limit of tokens is 0 where only the prompt is to be evaluated.
    pub(crate) decoder: Decoder,
    pub(crate) search: Search,
    pub(crate) interrupt: Interrupt,
    /// What tells others to give way until this one's turn comes; `None` in the background.
    pub(crate) waiting: Option<ForegroundGuard>,
    pub(crate) reply: Sender<Result<Generation, EngineError>>,
}

pub(crate) struct Scheduler {
    backend: MistralrsBackend,
    cache: Cache,
    mixture: Option<Arc<Mixture>>,
    background: VecDeque<GenerationTask>,
    /// The prompt of the latest request that somebody waited for.
    latest: Vec<u32>,
    uses_logit_cache: bool,
}

impl Scheduler {
    pub(crate) fn new(
        backend: MistralrsBackend,
        cache: Cache,
        mixture: Option<Arc<Mixture>>,
        uses_logit_cache: bool,
    ) -> Self {
        Self { backend, cache, mixture, background: VecDeque::new(), latest: Vec::new(), uses_logit_cache }
    }

    /// Until nobody can ask any more.
    pub(crate) fn serve(&mut self, tasks: &Receiver<GenerationTask>) {
        while let Some(task) = self.next(tasks) {
            let reply = task.reply.clone();
            // A bug in one generation should not be the end of all.
            let answer = catch_unwind(AssertUnwindSafe(|| self.generate(task))).unwrap_or_else(|_| {
                self.make_room()?;
                Err(EngineError::Failed("fimble failed at a generation; this is a bug".to_owned()))
            });
            // Whoever asked may have gone; what was evaluated stays useful.
            drop(reply.send(answer));
        }
    }

    /// Waits for the next request, and makes room if that takes long.
    fn next(&mut self, tasks: &Receiver<GenerationTask>) -> Option<GenerationTask> {
        loop {
            while let Ok(task) = tasks.try_recv() {
                if task.waiting.is_some() {
                    return Some(task);
                }
                self.background.push_back(task);
            }
            if let Some(task) = self.background.pop_front() {
                return Some(task);
            }
            let patience = if self.cache.wants_room(self.latest.len()) { PAUSE } else { Duration::MAX };
            match tasks.recv_timeout(patience) {
                Ok(task) => return Some(task),
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.make_room() {
                        tracing::warn!("the engine could not be rebuilt: {error}");
                    }
                    // The user is likely to go on where they were.
                    let latest = self.latest.clone();
                    for length in self.cache.parts(&latest, BACKGROUND_PART, 1) {
                        if let Ok(task) = tasks.try_recv() {
                            return Some(task);
                        }
                        if let Err(error) = self.run(Sequence::prefill(latest[..length].to_vec())) {
                            tracing::warn!("the latest prompt could not be read again: {error}");
                            break;
                        }
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn generate(&mut self, task: GenerationTask) -> Result<Generation, EngineError> {
        let GenerationTask { mut tokens, mut decoder, search, interrupt, waiting, .. } = task;
        let waited = decoder.elapsed();
        let is_background = waiting.is_none();
        drop(waiting);
        if !is_background {
            self.latest.clone_from(&tokens);
        }
        let prompt = tokens.len();
        let only_evaluates = decoder.is_done();
        let mut evaluated = 0;
        // What a search waiting with again and again.
        let start = (search.branches > 0).then(|| (tokens.clone(), decoder.clone()));
        if start.is_some() {
            decoder = decoder.along(&Path::default(), Bounds::NONE);
        }

        self.go_along(&mut tokens, &mut decoder);
        let mut is_stopped = false;
        if only_evaluates || !decoder.has_ended() {
            let size = if is_background { BACKGROUND_PART } else { PART };
            let least = if only_evaluates { 1 } else { WORTH_HOLDING };
            // What was gone along is not held: the next key may leave it halfway, and a prompt that is covered costs a whole one.
            let mut parts = self.cache.parts(&tokens[..prompt], size, least);
            if self.cache.is_full_with(&parts, tokens.len()) {
                // Nothing is dropped for what nobody waits for.
                is_stopped = is_background;
                if !is_background && !self.cache.is_empty() {
                    self.make_room()?;
                    parts = self.cache.parts(&tokens[..prompt], size, least);
                }
            }
            for length in parts {
                is_stopped |= interrupt.is_set();
                if is_stopped {
                    break;
                }
                let part = self.run(Sequence::prefill(tokens[..length].to_vec()))?;
                evaluated += part.evaluated;
            }
            self.go_along(&mut tokens, &mut decoder);
        }
        if !decoder.has_ended() && !is_stopped {
            let sent = tokens.len();
            let sequence = self.run(Sequence::generate(tokens, decoder))?;
            // Known tokens after the prompt are sent along; they are none of its own.
            evaluated += sequence.evaluated.saturating_sub(sent - prompt);
            decoder = sequence.decoder.ok_or(EngineError::Stopped)?;
        }
        let first_token = decoder.first_token();
        let mut tried = 0;
        if let Some(start) = start.filter(|_| decoder.is_whole() && !is_stopped) {
            (decoder, tried) = self.likeliest(start, decoder, search)?;
        }
        tracing::debug!(kept_bytes = self.cache.size(), "generated");
        let decoded = decoder.finish();
        // However often mistral.rs has read it, it is one prompt.
        let evaluated = evaluated.min(prompt);
        let completed = decoded.completed && !is_stopped;
        let generated = decoded.tokens.len() + tried;
        // Of one that was stopped before its end nobody knows what it would have found.
        let reused = if completed || generated > 0 { prompt - evaluated } else { 0 };
        let usage = Usage { prompt, reused, evaluated, generated };
        Ok(Generation {
            text: decoded.text,
            tokens: decoded.tokens,
            usage,
            waited,
            first_token,
            cut: decoded.cut,
            completed,
        })
    }

    /// Tries what was nearly chosen, the likeliest first, until nothing can be likelier than the best answer found; returns
    /// that one, and the number of tokens generated for others. It starts with a prompt and the decoder of an answer to it.
    fn likeliest(
        &mut self,
        (prompt, start): (Vec<u32>, Decoder),
        greedy: Decoder,
        search: Search,
    ) -> Result<(Decoder, usize), EngineError> {
        let mut best = greedy;
        let mut branches = BinaryHeap::from(best.take_branches());
        let (mut left, mut tried) = (search.branches, 0);
        while left > 0
            && let Some(branch) = branches.pop()
            && branch.log_probability > best.path().log_probability
            && search.until.is_none_or(|until| Instant::now() < until)
        {
            let bounds = Bounds { log_probability: best.path().log_probability, until: search.until };
            let mut decoder = start.clone().along(&branch, bounds);
            if !decoder.has_ended() {
                left -= 1;
                let mut tokens = prompt.clone();
                tokens.extend(branch.tokens.iter().map(|(token, _)| token));
                self.go_along(&mut tokens, &mut decoder);
                if !decoder.has_ended() {
                    decoder = self.run(Sequence::generate(tokens, decoder))?.decoder.ok_or(EngineError::Stopped)?;
                }
                branches.extend(decoder.take_branches());
            }
            let other = if decoder.is_found() { mem::replace(&mut best, decoder) } else { decoder };
            tried += other.length();
        }
        Ok((best, tried))
    }

    /// Lets `decoder` choose for as long as it is known what the model says.
    fn go_along(&self, tokens: &mut Vec<u32>, decoder: &mut Decoder) {
        while let Some(next) = self.cache.known.next(tokens).filter(|_| self.uses_logit_cache) {
            match decoder.choose(&next) {
                Choice::Token(token) => tokens.push(token),
                Choice::End | Choice::NotKept => break,
            }
        }
    }

    /// Runs `sequence` to its end and remembers what it brought.
    fn run(&mut self, sequence: Sequence) -> Result<Sequence, EngineError> {
        let kept = sequence.decoder.is_none();
        let sequence = Sequence { mixture: self.mixture.clone(), ..sequence };
        let mut sequence = match self.backend.run(sequence.tokens.clone(), sequence, kept) {
            Ok(sequence) => sequence,
            Err(error) => {
                // Whatever state the engine is in, a new one is in none.
                self.make_room()?;
                return Err(error.into());
            }
        };
        self.cache.add(mem::take(&mut sequence.seen), &sequence.tokens);
        if kept {
            self.cache.hold(&sequence.tokens);
        }
        if sequence.broken {
            return Err(EngineError::Failed(
                "its output is not a number; the weights may be damaged, or too small a number type".to_owned(),
            ));
        }
        Ok(sequence)
    }

    fn make_room(&mut self) -> Result<(), EngineError> {
        self.cache.forget();
        Ok(self.backend.rebuild()?)
    }
}

impl From<BackendError> for EngineError {
    fn from(error: BackendError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// One sequence in mistral.rs.
struct Sequence {
    /// The prompt, and what was generated and evaluated.
    tokens: Vec<u32>,
    /// `None` ends the sequence at its first step; its KV is kept. That of a generation is not: what is accepted of it is
    /// evaluated again in one go, and the most of it never is.
    decoder: Option<Decoder>,
    /// Asked beside the model.
    mixture: Option<Arc<Mixture>>,
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
        Self { tokens, decoder: None, mixture: None, after_prompt: true, evaluated: 0, seen: Vec::new(), broken: false }
    }
}

impl LogitsStep for Sequence {
    fn step(&mut self, logits: Vec<f32>, context: usize) -> Option<u32> {
        let after_prompt = std::mem::take(&mut self.after_prompt);
        if after_prompt {
            self.evaluated = context;
        }
        let Some(next) = Distribution::from_logits(&logits) else {
            self.broken = true;
            return None;
        };
        let next = match &self.mixture {
            Some(mixture) => mixture.mix(&self.tokens, next),
            None => next,
        };
        let choice = self.decoder.as_mut().map(|decoder| (decoder.choose(&next), decoder.has_ended()));
        // Behind a prompt's end healing may ask for rare tokens.
        let next = if after_prompt { next } else { next.compacted() };
        self.seen.push((self.tokens.len(), next));
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
