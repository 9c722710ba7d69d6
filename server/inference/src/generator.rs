//! Runs one generation: replays what the logit cache knows, evaluates the rest of the prompt in chunks, lets the
//! backend generate, and then searches for a likelier answer.

use std::collections::BinaryHeap;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use fimble_completion::engine::{EngineError, Generation, Search, Usage};

use crate::backend::BackendError;
use crate::byte_budget::ByteBudget;
use crate::decoder::{Choice, Decoder};
use crate::hypothesis::{Bounds, Hypothesis};
use crate::interrupt::Interrupt;
use crate::logit_cache::LogitCache;
use crate::mistralrs::MistralrsBackend;
use crate::ngrams::Mixture;
use crate::sequence::Sequence;
use crate::task::GenerationTask;

/// Tokens per prefill of a foreground prompt. A prefill cannot be interrupted, so a longer prompt is evaluated in
/// chunks. An interrupt takes effect between two chunks, and the KV of the chunks before it stays. Each chunk copies
/// the KV of all tokens before it, so there should be few chunks.
const PREFILL_CHUNK: usize = 256;

/// Tokens per prefill of a background prompt. A foreground request waits for at most one such chunk.
const BACKGROUND_PREFILL_CHUNK: usize = 64;

/// A prompt's KV is kept if at least this many of its tokens have none yet. Keeping it copies the KV of the whole
/// prompt; not keeping it means that the next request evaluates these tokens again.
const MIN_TOKENS_TO_KEEP: usize = 8;

/// See the [module](self).
pub(crate) struct Generator {
    backend: MistralrsBackend,
    logit_cache: LogitCache,
    budget: ByteBudget,
    mixture: Option<Arc<Mixture>>,
    uses_logit_cache: bool,
}

/// The result of a prefill.
struct Prefill {
    /// How many tokens the model had to evaluate.
    evaluated: usize,
    /// An interrupt or the budget stopped the prefill.
    is_stopped: bool,
}

/// The result of greedy decoding.
struct Greedy {
    decoder: Decoder,
    /// How many tokens of the prompt the model had to evaluate.
    evaluated: usize,
    /// The prefill was stopped.
    is_stopped: bool,
}

impl Generator {
    pub(crate) fn new(
        backend: MistralrsBackend,
        budget: ByteBudget,
        mixture: Option<Arc<Mixture>>,
        uses_logit_cache: bool,
    ) -> Self {
        Self { backend, logit_cache: LogitCache::default(), budget, mixture, uses_logit_cache }
    }

    pub(crate) fn generate(&mut self, task: GenerationTask) -> Result<Generation, EngineError> {
        let is_background = task.is_background();
        let GenerationTask { prompt, mut decoder, search, interrupt, waiting, .. } = task;
        let waited = decoder.elapsed();
        drop(waiting);
        // A search starts from here for each branch.
        let start = (search.branches > 0).then(|| decoder.clone());
        if start.is_some() {
            decoder = decoder.following(&Hypothesis::default(), Bounds::NONE);
        }
        let Greedy { mut decoder, evaluated, is_stopped } =
            self.decode_greedily(&prompt, decoder, is_background, &interrupt)?;
        let first_token = decoder.first_token();
        let mut searched = 0;
        if let Some(start) = start.filter(|_| decoder.is_complete() && !is_stopped) {
            (decoder, searched) = self.search_branches(&prompt, &start, decoder, search)?;
        }
        tracing::debug!(kept_bytes = self.budget.used(self.logit_cache.size()), "generated");

        let decoded = decoder.finish();
        let completed = decoded.completed && !is_stopped;
        let generated = decoded.tokens.len() + searched;
        // The backend may have evaluated the prompt more than once.
        let evaluated = evaluated.min(prompt.len());
        // A generation that was stopped before its first token does not know what it would have reused.
        let reused = if completed || generated > 0 { prompt.len() - evaluated } else { 0 };
        Ok(Generation {
            text: decoded.text,
            tokens: decoded.tokens,
            usage: Usage { prompt: prompt.len(), reused, evaluated, generated, ..Usage::default() },
            waited,
            first_token,
            cut: decoded.cut,
            completed,
        })
    }

    /// Whether an idle moment should be used to evict everything and evaluate the latest prompt again; see
    /// [`ByteBudget::is_worth_evicting`].
    pub(crate) fn is_worth_evicting(&self, latest_prompt: &[u32]) -> bool {
        self.budget.is_worth_evicting(latest_prompt.len(), self.logit_cache.size())
    }

    /// Evaluates `prompt` chunk by chunk, for as long as `is_idle` is true before a chunk.
    pub(crate) fn prefill_when_idle(
        &mut self,
        prompt: &[u32],
        mut is_idle: impl FnMut() -> bool,
    ) -> Result<(), EngineError> {
        for length in self.prefill_chunks(prompt, BACKGROUND_PREFILL_CHUNK, 1) {
            if !is_idle() {
                break;
            }
            self.run(Sequence::prefill(prompt[..length].to_vec(), self.mixture.clone()))?;
        }
        Ok(())
    }

    /// Evicts everything from both caches. mistral.rs cannot drop a single sequence. The logit cache is emptied too,
    /// because replaying it would lead to prompts without KV.
    pub(crate) fn evict_all(&mut self) -> Result<(), EngineError> {
        self.logit_cache = LogitCache::default();
        self.budget.clear();
        Ok(self.backend.rebuild()?)
    }

    /// Evaluates `prompt` and decodes the answer that is likeliest token by token. If `decoder` has ended from the start,
    /// only evaluates the prompt.
    fn decode_greedily(
        &mut self,
        prompt: &[u32],
        mut decoder: Decoder,
        is_background: bool,
        interrupt: &Interrupt,
    ) -> Result<Greedy, EngineError> {
        let only_prefill = decoder.has_ended();
        let mut tokens = prompt.to_vec();
        self.replay_known(&mut tokens, &mut decoder);
        let mut prefill = Prefill { evaluated: 0, is_stopped: false };
        if only_prefill || !decoder.must_stop() {
            // The replayed tokens are not part of the prefill. The next request may leave them halfway, and a kept
            // sequence that covers its prompt would cost that request a whole evaluation.
            let min_new = if only_prefill { 1 } else { MIN_TOKENS_TO_KEEP };
            prefill = self.prefill(prompt, tokens.len(), min_new, is_background, interrupt)?;
            self.replay_known(&mut tokens, &mut decoder);
        }
        let Prefill { mut evaluated, is_stopped } = prefill;
        if !decoder.must_stop() && !is_stopped {
            let replayed = tokens.len() - prompt.len();
            let sequence = self.run(Sequence::generation(tokens, decoder, self.mixture.clone()))?;
            // The backend also evaluates replayed tokens, which are not part of the prompt.
            evaluated += sequence.evaluated.saturating_sub(replayed);
            decoder = sequence.decoder.ok_or(EngineError::Stopped)?;
        }
        Ok(Greedy { decoder, evaluated, is_stopped })
    }

    /// Evaluates `prompt` in chunks and keeps its KV. `sequence` is the length of the prompt with the replayed tokens
    /// after it. If the budget is full, a foreground prompt evicts everything and a background prompt is not evaluated.
    fn prefill(
        &mut self,
        prompt: &[u32],
        sequence: usize,
        min_new: usize,
        is_background: bool,
        interrupt: &Interrupt,
    ) -> Result<Prefill, EngineError> {
        let size = if is_background { BACKGROUND_PREFILL_CHUNK } else { PREFILL_CHUNK };
        let mut chunks = self.prefill_chunks(prompt, size, min_new);
        if self.budget.would_exceed(&chunks, sequence, self.logit_cache.size()) {
            if is_background {
                return Ok(Prefill { evaluated: 0, is_stopped: true });
            }
            if self.budget.has_kv() {
                self.evict_all()?;
                chunks = self.prefill_chunks(prompt, size, min_new);
            }
        }
        let mut evaluated = 0;
        for length in chunks {
            if interrupt.is_set() {
                return Ok(Prefill { evaluated, is_stopped: true });
            }
            evaluated += self.run(Sequence::prefill(prompt[..length].to_vec(), self.mixture.clone()))?.evaluated;
        }
        Ok(Prefill { evaluated, is_stopped: false })
    }

    fn prefill_chunks(&self, prompt: &[u32], size: usize, min_new: usize) -> Vec<usize> {
        self.budget.prefill_chunks(prompt.len(), self.logit_cache.kv_prefix(prompt), size, min_new)
    }

    /// Lets `decoder` choose tokens for as long as the logit cache knows the distribution.
    fn replay_known(&self, tokens: &mut Vec<u32>, decoder: &mut Decoder) {
        while let Some(next) = self.logit_cache.next(tokens).filter(|_| self.uses_logit_cache) {
            match decoder.choose(&next) {
                Choice::Token(token) => tokens.push(token),
                Choice::End | Choice::Unknown => break,
            }
        }
    }

    /// Tries the runners-up of an answer, the likeliest first, until no other can be likelier than the best answer so
    /// far. Returns the best answer, and the number of tokens generated for the others. `start` is the decoder before
    /// its first token.
    fn search_branches(
        &mut self,
        prompt: &[u32],
        start: &Decoder,
        greedy: Decoder,
        search: Search,
    ) -> Result<(Decoder, usize), EngineError> {
        let mut best = greedy;
        let mut branches = BinaryHeap::from(best.take_branches());
        let (mut left, mut generated) = (search.branches, 0);
        while left > 0
            && let Some(branch) = branches.pop()
            && branch.log_probability > best.chosen().log_probability
            && search.until.is_none_or(|until| Instant::now() < until)
        {
            let bounds = Bounds { log_probability: best.chosen().log_probability, deadline: search.until };
            let mut decoder = start.clone().following(&branch, bounds);
            if !decoder.must_stop() {
                left -= 1;
                let mut tokens = prompt.to_vec();
                tokens.extend(branch.tokens.iter().map(|(token, _)| token));
                self.replay_known(&mut tokens, &mut decoder);
                if !decoder.must_stop() {
                    let sequence = self.run(Sequence::generation(tokens, decoder, self.mixture.clone()))?;
                    decoder = sequence.decoder.ok_or(EngineError::Stopped)?;
                }
                branches.extend(decoder.take_branches());
            }
            let other = if decoder.is_search_result() { mem::replace(&mut best, decoder) } else { decoder };
            generated += other.token_count();
        }
        Ok((best, generated))
    }

    /// Runs `sequence` to its end and remembers the distributions that the model computed. Only a prefill keeps its KV.
    /// Most of a generation is never accepted, and the accepted part is evaluated again in one step.
    fn run(&mut self, sequence: Sequence) -> Result<Sequence, EngineError> {
        let keep_kv = sequence.decoder.is_none();
        let mut sequence = match self.backend.run(sequence.tokens.clone(), sequence, keep_kv) {
            Ok(sequence) => sequence,
            Err(error) => {
                // The backend may be in any state now. A new one is in a known state.
                self.evict_all()?;
                return Err(error.into());
            }
        };
        for (length, next) in mem::take(&mut sequence.distributions) {
            self.logit_cache.remember(&sequence.tokens[..length], next);
        }
        if keep_kv {
            self.logit_cache.mark_kv(&sequence.tokens);
            self.budget.add_sequence(sequence.tokens.len());
        }
        if sequence.is_broken {
            return Err(EngineError::Failed(
                "its output is not a number; its weights may be damaged, or may need a larger number type".to_owned(),
            ));
        }
        Ok(sequence)
    }
}

impl From<BackendError> for EngineError {
    fn from(error: BackendError) -> Self {
        Self::Failed(error.to_string())
    }
}
