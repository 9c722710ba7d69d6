//! What is kept of evaluated tokens: their KV in the backend, and the distributions that the model computed. Finds the kept
//! sequence that a request can continue, and forgets the least recently used ones when the budget is full.

use fimble_completion::ablations::{Ablations, Mechanism};

use crate::backend::{Backend, BackendError, Purpose, SequenceId, Urgency};
use crate::interrupt::Interrupt;
use crate::logit_cache::LogitCache;
use crate::prefix::common_prefix;

/// If fewer tokens of a prompt are new, they are evaluated in one step with what follows them.
const SHORT_PROMPT: usize = 8;

/// See the [module](self).
pub(crate) struct KvCache<'model> {
    backend: Box<dyn Backend + 'model>,
    /// The sequences that the backend keeps, by their numbers.
    sequences: Vec<Kept>,
    /// The sequence of a generation that was not settled.
    running: Option<SequenceId>,
    pub(crate) logits: LogitCache,
    /// Bytes of resident memory that everything kept may take.
    limit: usize,
    /// Counts uses, to order them.
    clock: u64,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    tokens: Vec<u32>,
    last_use: u64,
}

/// The result of [`KvCache::evaluate`].
pub(crate) struct Outcome {
    /// How many tokens of the prompt the model evaluated.
    pub(crate) evaluated: usize,
    /// The logits after each of the last tokens, at least as many as were asked for. `None` if an interrupt or the budget
    /// stopped the evaluation.
    pub(crate) logits: Option<Vec<Vec<f32>>>,
}

impl<'model> KvCache<'model> {
    pub(crate) fn new(backend: Box<dyn Backend + 'model>, limit: usize, ablations: Ablations) -> Self {
        let sequences = vec![Kept::default(); backend.max_sequences()];
        let logits = LogitCache::new(limit / 8, ablations.keeps(Mechanism::LogitCache));
        Self { backend, sequences, running: None, logits, limit, clock: 0 }
    }

    /// Evaluates what is not kept of `tokens`, of which the first `prompt` tokens are a prompt and the others an answer.
    /// Gives the logits after each of the last `wanted` tokens. An interrupt takes effect between two parts of the prompt.
    pub(crate) fn evaluate(
        &mut self,
        tokens: &[u32],
        prompt: usize,
        wanted: usize,
        urgency: Urgency,
        interrupt: &Interrupt,
    ) -> Result<Outcome, BackendError> {
        let stopped = |evaluated| Ok(Outcome { evaluated, logits: None });
        let result = self.find_room(tokens, prompt, wanted, urgency);
        let Some((id, ends)) = self.or_forgotten(result)? else { return stopped(0) };
        if self.running != Some(id) {
            self.settle()?;
            self.running = Some(id);
        }
        let mut evaluated = 0;
        let mut logits = Vec::new();
        for end in ends {
            if interrupt.is_set() {
                return stopped(evaluated);
            }
            let purpose = if end <= prompt { Purpose::Prompt } else { Purpose::Answer };
            let wanted = if end == tokens.len() { wanted } else { 0 };
            let start = self.sequences[id].tokens.len();
            let new = &tokens[start..end];
            interrupt.evaluates(&tokens[..end], start);
            let result = self.backend.evaluate(id, new, wanted, purpose, interrupt);
            let Some(evaluation) = self.or_forgotten(result)? else { return stopped(evaluated) };
            self.sequences[id].tokens.extend(new);
            evaluated += prompt.min(end).saturating_sub(evaluation.from);
            logits = evaluation.logits;
        }
        Ok(Outcome { evaluated, logits: Some(logits) })
    }

    /// How many draft tokens the backend can verify in one step.
    pub(crate) fn max_drafts(&self) -> usize {
        self.backend.max_logits().saturating_sub(1)
    }

    /// The tokens of all kept sequences.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &[u32]> {
        self.sequences.iter().map(|sequence| &*sequence.tokens).filter(|tokens| !tokens.is_empty())
    }

    /// Ends a generation.
    pub(crate) fn settle(&mut self) -> Result<(), BackendError> {
        let Some(id) = self.running.take() else { return Ok(()) };
        let result = self.backend.settle();
        self.or_forgotten(result)?;
        self.sequences[id].tokens.truncate(self.backend.length(id));
        Ok(())
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) -> Result<(), BackendError> {
        self.logits.clear();
        self.running = None;
        for (id, sequence) in self.sequences.iter_mut().enumerate() {
            sequence.tokens.clear();
            self.backend.forget(id)?;
        }
        Ok(())
    }

    /// Whether an idle moment should be used to forget everything and evaluate the latest prompt, of `latest` tokens, again.
    /// True if the backend cannot free single sequences, more than half the budget is used, and the latest prompt takes less
    /// than half of what is used.
    pub(crate) fn is_worth_clearing(&self, latest: usize) -> bool {
        let used = self.bytes();
        let needed = self.backend.bytes_of(latest);
        !self.backend.frees_each_sequence() && self.backend.bytes() > 0 && used > self.limit / 2 && used > 2 * needed
    }

    /// Bytes of resident memory of everything kept.
    pub(crate) fn bytes(&self) -> usize {
        self.backend.bytes() + self.logits.size()
    }

    /// Finds the sequence to continue and the lengths to evaluate it to, one after the other. `None` if there is no room for
    /// a background request.
    fn find_room(
        &mut self,
        tokens: &[u32],
        prompt: usize,
        wanted: usize,
        urgency: Urgency,
    ) -> Result<Option<(SequenceId, Vec<usize>)>, BackendError> {
        let id = self.seat(tokens, wanted)?;
        loop {
            let kept = self.sequences[id].tokens.len();
            let ends = self.ends(kept, tokens.len(), prompt, wanted, urgency);
            if self.backend.bytes_after(kept, &ends, tokens.len()) + self.logits.size() <= self.limit {
                return Ok(Some((id, ends)));
            }
            if urgency == Urgency::Background && !self.backend.frees_each_sequence() {
                return Ok(None);
            }
            let oldest = self.oldest(id).or((kept > 0 && !self.backend.frees_each_sequence()).then_some(id));
            if !self.logits.is_empty() && (self.logits.size() > self.limit / 4 || oldest.is_none()) {
                self.logits.clear();
            } else if let Some(oldest) = oldest {
                self.sequences[oldest].tokens.clear();
                self.backend.forget(oldest)?;
            } else {
                // Nothing is left to forget, so the request takes what it needs.
                return Ok(Some((id, ends)));
            }
        }
    }

    /// The lengths to evaluate a sequence to: the parts of the prompt, and then everything.
    fn ends(&self, kept: usize, length: usize, prompt: usize, wanted: usize, urgency: Urgency) -> Vec<usize> {
        let mut ends = match prompt.saturating_sub(kept) {
            new if new >= SHORT_PROMPT => self.backend.parts(kept, prompt, urgency, self.limit),
            _ => Vec::new(),
        };
        // One evaluation gives all wanted logits.
        ends.retain(|end| *end + wanted <= length);
        if length > kept && ends.last() != Some(&length) {
            ends.push(length);
        }
        ends
    }

    /// Makes a sequence whose tokens are the first ones of `tokens`, as many as are kept. At least the last `wanted` tokens
    /// are left to evaluate.
    fn seat(&mut self, tokens: &[u32], wanted: usize) -> Result<SequenceId, BackendError> {
        let common = |kept: &Kept| common_prefix(&kept.tokens, tokens);
        let lengths = self.sequences.iter().map(common).enumerate();
        let (best, length) = lengths.max_by_key(|(_, length)| *length).unwrap_or_default();
        let length = length.min(tokens.len().saturating_sub(wanted));
        self.clock += 1;
        self.sequences[best].last_use = self.clock;
        let id = if length == self.sequences[best].tokens.len() {
            best
        } else {
            let free = self.sequences.iter().position(|kept| kept.tokens.is_empty());
            match free.or_else(|| self.oldest(best)) {
                Some(id) => {
                    self.backend.forget(id)?;
                    self.backend.fork(best, length, id);
                    self.sequences[id].tokens = self.sequences[best].tokens[..length].to_vec();
                    id
                }
                None => {
                    self.backend.cut(best, length);
                    self.sequences[best].tokens.truncate(length);
                    best
                }
            }
        };
        self.sequences[id].last_use = self.clock;
        Ok(id)
    }

    /// The least recently used sequence that is not empty, other than `id`.
    fn oldest(&self, id: SequenceId) -> Option<SequenceId> {
        let others = self.sequences.iter().enumerate().filter(|(other, kept)| *other != id && !kept.tokens.is_empty());
        others.min_by_key(|(_, kept)| kept.last_use).map(|(other, _)| other)
    }

    /// Passes a result on. After an error, the backend keeps nothing.
    fn or_forgotten<T>(&mut self, result: Result<T, BackendError>) -> Result<T, BackendError> {
        if result.is_err() {
            self.logits.clear();
            self.running = None;
            self.sequences.iter_mut().for_each(|sequence| sequence.tokens.clear());
        }
        result
    }
}

#[cfg(test)]
mod tests;
