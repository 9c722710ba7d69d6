//! Runs one generation: replays what the logit cache knows, evaluates the rest, lets a decoder choose token by token, and
//! then searches for a likelier answer.

use std::collections::BinaryHeap;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use fimble_completion::engine::{EngineError, Generation, Search, Usage};

use crate::backend::{BackendError, Urgency};
use crate::decoder::{Choice, Decoder};
use crate::distribution::Distribution;
use crate::drafts::Drafter;
use crate::hypothesis::{Bounds, Hypothesis};
use crate::interrupt::Interrupt;
use crate::kv_cache::{KvCache, Outcome};
use crate::ngrams::Mixture;
use crate::task::GenerationTask;

/// See the [module](self).
pub(crate) struct Generator<'model> {
    cache: KvCache<'model>,
    drafter: Drafter,
    mixture: Option<Arc<Mixture>>,
}

/// A prompt, and how it is evaluated.
struct Job {
    prompt: Vec<u32>,
    urgency: Urgency,
    interrupt: Interrupt,
    /// What was spent on it so far.
    spent: Spent,
}

#[derive(Default)]
struct Spent {
    /// Tokens of the prompt that the model evaluated.
    evaluated: usize,
    /// Steps that gave a decoder something to choose from.
    steps: usize,
    drafted: usize,
    accepted: usize,
    /// An interrupt or the budget stopped an evaluation.
    is_stopped: bool,
}

impl<'model> Generator<'model> {
    pub(crate) fn new(cache: KvCache<'model>, drafter: Drafter, mixture: Option<Arc<Mixture>>) -> Self {
        Self { cache, drafter, mixture }
    }

    pub(crate) fn generate(&mut self, task: GenerationTask) -> Result<Generation, EngineError> {
        let urgency = if task.is_background() { Urgency::Background } else { Urgency::Foreground };
        let GenerationTask { prompt, mut decoder, search, interrupt, waiting, .. } = task;
        let mut job = Job { prompt, urgency, interrupt, spent: Spent::default() };
        let waited = decoder.elapsed();
        drop(waiting);
        // A search starts from here for each branch.
        let start = (search.branches > 0).then(|| decoder.clone());
        if start.is_some() {
            decoder = decoder.following(&Hypothesis::default(), Bounds::NONE);
        }
        if decoder.has_ended() {
            self.prefill(&mut job)?;
        } else {
            decoder = self.decode(&mut job, &Hypothesis::default(), decoder)?;
        }
        let first_token = decoder.first_token();
        let is_stopped = job.spent.is_stopped;
        let mut searched = 0;
        if let Some(start) = start.filter(|_| decoder.is_complete() && !is_stopped) {
            (decoder, searched) = self.search_branches(&mut job, &start, decoder, search)?;
        }
        self.cache.settle()?;
        tracing::debug!(kept_bytes = self.cache.bytes(), "generated");

        let decoded = decoder.finish();
        let Spent { evaluated, steps, drafted, accepted, .. } = job.spent;
        let completed = decoded.completed && !is_stopped;
        let generated = decoded.tokens.len() + searched;
        // The backend may have evaluated the prompt more than once.
        let evaluated = evaluated.min(job.prompt.len());
        // A generation that was stopped before its first token does not know what it would have reused.
        let reused = if completed || generated > 0 { job.prompt.len() - evaluated } else { 0 };
        let usage = Usage { prompt: job.prompt.len(), reused, evaluated, generated, steps, drafted, accepted };
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

    /// Whether an idle moment should be used to forget everything and evaluate the latest prompt again.
    pub(crate) fn is_worth_clearing(&self, latest_prompt: &[u32]) -> bool {
        self.cache.is_worth_clearing(latest_prompt.len())
    }

    /// Evaluates `prompt` in the background.
    pub(crate) fn prefill_when_idle(&mut self, prompt: Vec<u32>, interrupt: Interrupt) -> Result<(), EngineError> {
        let mut job = Job { prompt, urgency: Urgency::Background, interrupt, spent: Spent::default() };
        self.prefill(&mut job)?;
        Ok(self.cache.settle()?)
    }

    /// Forgets everything that is kept.
    pub(crate) fn clear(&mut self) -> Result<(), EngineError> {
        Ok(self.cache.clear()?)
    }

    /// Evaluates the prompt, and remembers the distribution after it.
    fn prefill(&mut self, job: &mut Job) -> Result<(), EngineError> {
        if job.interrupt.is_set() {
            job.spent.is_stopped = true;
            return Ok(());
        }
        let is_known = self.cache.logits.next(&job.prompt).is_some();
        let tokens = job.prompt.clone();
        if let Some(logits) = self.evaluate(job, &tokens, usize::from(!is_known))? {
            self.distributions(job, &tokens, logits)?;
        }
        Ok(())
    }

    /// Lets `decoder` choose the tokens after the prompt and `branch`, which it has chosen already, until it ends.
    fn decode(&mut self, job: &mut Job, branch: &Hypothesis, mut decoder: Decoder) -> Result<Decoder, EngineError> {
        let mut tokens = job.prompt.clone();
        tokens.extend(branch.tokens.iter().map(|(token, _)| token));
        self.replay_known(&mut tokens, &mut decoder);
        while !decoder.must_stop() {
            let draft = self.drafter.draft(&tokens, &decoder, &self.cache, self.mixture.as_deref());
            let known = tokens.len();
            tokens.extend(&draft);
            let started = Instant::now();
            let Some(logits) = self.evaluate(job, &tokens, 1 + draft.len())? else { break };
            job.spent.steps += 1;
            job.spent.drafted += draft.len();
            if job.spent.evaluated == 0 || job.spent.steps > 1 {
                self.drafter.note_cost(1 + draft.len(), started.elapsed());
            }
            let distributions = self.distributions(job, &tokens, logits)?;
            tokens.truncate(known);
            let is_over = choose(&mut tokens, &mut decoder, &draft, &distributions);
            let accepted = tokens[known..].iter().zip(&draft).take_while(|(chosen, drafted)| chosen == drafted).count();
            job.spent.accepted += accepted;
            self.drafter.note_chosen(&tokens[known..]);
            if is_over {
                break;
            }
            self.replay_known(&mut tokens, &mut decoder);
        }
        self.drafter.note_answer(&tokens, job.prompt.len());
        Ok(decoder)
    }

    /// Evaluates what is new in `tokens`, and gives the logits after each of the last `wanted` of them. `None` if that was
    /// stopped.
    fn evaluate(&mut self, job: &mut Job, tokens: &[u32], wanted: usize) -> Result<Option<Vec<Vec<f32>>>, EngineError> {
        let prompt = job.prompt.len();
        let Outcome { evaluated, logits } = self.cache.evaluate(tokens, prompt, wanted, job.urgency, &job.interrupt)?;
        job.spent.evaluated += evaluated;
        job.spent.is_stopped |= logits.is_none();
        Ok(logits)
    }

    /// Turns the logits after each of the last tokens into distributions, and remembers them.
    fn distributions(
        &mut self,
        job: &Job,
        tokens: &[u32],
        logits: Vec<Vec<f32>>,
    ) -> Result<Vec<Arc<Distribution>>, EngineError> {
        let first = tokens.len() + 1 - logits.len();
        let mut distributions = Vec::with_capacity(logits.len());
        for (length, logits) in (first..).zip(logits) {
            let next = Distribution::from_logits(&logits).ok_or_else(|| {
                let problem =
                    "its output is not a number; its weights may be damaged, or may need a larger number type";
                EngineError::Failed(problem.to_owned())
            })?;
            let next = Arc::new(match &self.mixture {
                Some(mixture) => mixture.mix(&tokens[..length], next),
                None => next,
            });
            // Healing may need any token after a prompt, so that distribution stays whole.
            let kept = if length == job.prompt.len() { next.clone() } else { Arc::new(next.compacted()) };
            self.cache.logits.remember(&tokens[..length], kept);
            distributions.push(next);
        }
        Ok(distributions)
    }

    /// Lets `decoder` choose tokens for as long as the logit cache knows the distribution.
    fn replay_known(&self, tokens: &mut Vec<u32>, decoder: &mut Decoder) {
        while !decoder.must_stop()
            && let Some(next) = self.cache.logits.next(tokens)
            && let Choice::Token(token) = decoder.choose(&next)
        {
            tokens.push(token);
        }
    }

    /// Tries the runners-up of an answer, the likeliest first, until no other can be likelier than the best answer so
    /// far. Returns the best answer, and the number of tokens generated for the others. `start` is the decoder before
    /// its first token.
    fn search_branches(
        &mut self,
        job: &mut Job,
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
                decoder = self.decode(job, &branch, decoder)?;
                branches.extend(decoder.take_branches());
            }
            let other = if decoder.is_search_result() { mem::replace(&mut best, decoder) } else { decoder };
            generated += other.token_count();
        }
        Ok((best, generated))
    }
}

/// Lets `decoder` choose from `distributions`, for as long as its choices are the `draft`. Returns whether the decoder ended,
/// or cannot choose.
fn choose(tokens: &mut Vec<u32>, decoder: &mut Decoder, draft: &[u32], distributions: &[Arc<Distribution>]) -> bool {
    for (number, next) in distributions.iter().enumerate() {
        let Choice::Token(token) = decoder.choose(next) else { return true };
        tokens.push(token);
        if decoder.must_stop() {
            return true;
        }
        if draft.get(number) != Some(&token) {
            return false;
        }
    }
    false
}

impl From<BackendError> for EngineError {
    fn from(error: BackendError) -> Self {
        Self::Failed(error.to_string())
    }
}
