//! llama.cpp as a backend. Cutting a sequence back and sharing its beginning with another one cost nothing there.

use std::cell::Cell;
use std::rc::Rc;

use super::ffi::{Context, Model, Sizes, StepError};
use crate::backend::{Backend, BackendError, Evaluation, Purpose, SequenceId, Urgency};
use crate::interrupt::Interrupt;
use crate::threads::Threads;

/// The most sequences. llama.cpp compares each token with the KV of all of them, and skips that of others.
const MAX_SEQUENCES: usize = 16;

/// The most tokens of one step with logits.
const MAX_LOGITS: usize = 16;

/// The most tokens of one step.
const LONGEST_STEP: usize = 128;

/// Tokens per part of a prompt. A request with another prompt overtakes a part at once, and what the part evaluated is lost. One
/// with the same prompt waits for it, and needs it anyway. On two cores with AVX2, a step of 64 tokens has the throughput of a
/// longer one, and a step of 16 three quarters of it.
const PART: usize = 64;

/// The most tokens that the context has room for. Cutting and forking look at each of them, and so does attention.
const MOST_TOKENS: usize = 1 << 14;

/// Bytes of one element of K or V: llama.cpp keeps them in half precision.
const KV_ELEMENT: usize = 2;

/// See the [module](self).
pub(super) struct LlamaCppBackend<'model> {
    context: Context<'model>,
    threads: Threads,
    /// Tokens that the context has room for.
    capacity: usize,
    bytes_per_token: usize,
    /// The tokens of each sequence. Sequences share the tokens of a common beginning.
    sequences: Vec<Vec<Rc<KvCell>>>,
    /// How many tokens the context holds.
    used: Rc<Cell<usize>>,
}

/// One token in the context, which several sequences may share.
struct KvCell(Rc<Cell<usize>>);

impl KvCell {
    fn new(used: &Rc<Cell<usize>>) -> Rc<Self> {
        used.set(used.get() + 1);
        Rc::new(Self(used.clone()))
    }
}

impl Drop for KvCell {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl<'model> LlamaCppBackend<'model> {
    /// Takes at most `budget` bytes for the KV of all sequences, or as much as a sequence of `least` tokens needs.
    pub(super) fn new(model: &'model Model, budget: usize, least: usize, threads: Threads) -> Result<Self, String> {
        let bytes_per_token = model.kv_elements() * KV_ELEMENT;
        // llama.cpp rounds up to a multiple of 256.
        let capacity = (budget / bytes_per_token.max(1)).clamp(least, MOST_TOKENS).next_multiple_of(256);
        let sizes = Sizes {
            tokens: capacity.try_into().unwrap_or(u32::MAX),
            sequences: MAX_SEQUENCES as u32,
            step: LONGEST_STEP as u32,
            logits: MAX_LOGITS as u32,
        };
        let context = Context::new(model, &sizes, threads.most())?;
        let (sequences, used) = (vec![Vec::new(); MAX_SEQUENCES], Rc::default());
        Ok(Self { context, threads, capacity, bytes_per_token, sequences, used })
    }

    fn step(
        &mut self,
        id: SequenceId,
        tokens: &[u32],
        logits: usize,
        interrupt: &Interrupt,
    ) -> Result<Option<Vec<Vec<f32>>>, BackendError> {
        self.context.set_threads(self.threads.now());
        let position = self.sequences[id].len();
        match self.context.step(id, position, tokens, logits, &|| interrupt.is_overtaken()) {
            Ok(()) => {}
            Err(StepError::Interrupted) => return Ok(None),
            Err(StepError::NoRoom) => return Err(BackendError::Refused("its KV cache is full".to_owned())),
            Err(StepError::Failed(status)) => {
                return Err(BackendError::Refused(format!("llama.cpp failed with the status {status}")));
            }
        }
        self.sequences[id].extend(tokens.iter().map(|_| KvCell::new(&self.used)));
        let first = tokens.len() - logits.min(tokens.len());
        let logits: Result<Vec<_>, _> = (first..tokens.len()).map(|index| self.context.logits(index)).collect();
        logits.map(Some).map_err(|_| BackendError::Refused("llama.cpp gave no logits".to_owned()))
    }

    /// Tokens that all sequences together may have.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    fn allocated(&self) -> usize {
        self.capacity * self.bytes_per_token
    }
}

impl Backend for LlamaCppBackend<'_> {
    fn max_sequences(&self) -> usize {
        MAX_SEQUENCES
    }

    fn max_logits(&self) -> usize {
        MAX_LOGITS
    }

    fn evaluate(
        &mut self,
        sequence: SequenceId,
        tokens: &[u32],
        logits: usize,
        _purpose: Purpose,
        interrupt: &Interrupt,
    ) -> Result<Option<Evaluation>, BackendError> {
        let from = self.sequences[sequence].len();
        let mut result = Some(Vec::new());
        // The last step has all tokens with logits.
        let last = tokens.len().saturating_sub(LONGEST_STEP);
        let steps = tokens[..last].chunks(LONGEST_STEP).map(|step| (step, 0)).chain([(&tokens[last..], logits)]);
        for (step, logits) in steps.filter(|(step, _)| !step.is_empty()) {
            match self.step(sequence, step, logits, interrupt) {
                Ok(Some(logits)) => result = Some(logits),
                Ok(None) => {
                    self.cut(sequence, from);
                    return Ok(None);
                }
                Err(error) => {
                    (0..MAX_SEQUENCES).for_each(|sequence| self.cut(sequence, 0));
                    return Err(error);
                }
            }
        }
        Ok(result.map(|logits| Evaluation { from, logits }))
    }

    fn cut(&mut self, sequence: SequenceId, length: usize) {
        self.context.cut(sequence, length);
        self.sequences[sequence].truncate(length);
    }

    fn fork(&mut self, from: SequenceId, length: usize, to: SequenceId) {
        self.context.share(from, length, to);
        self.sequences[to] = self.sequences[from][..length].to_vec();
    }

    fn forget(&mut self, sequence: SequenceId) -> Result<(), BackendError> {
        self.cut(sequence, 0);
        Ok(())
    }

    fn settle(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    fn length(&self, sequence: SequenceId) -> usize {
        self.sequences[sequence].len()
    }

    fn frees_each_sequence(&self) -> bool {
        true
    }

    fn parts(&self, kept: usize, length: usize, _urgency: Urgency, _limit: usize) -> Vec<usize> {
        (kept + PART..length).step_by(PART).chain([length]).collect()
    }

    fn bytes(&self) -> usize {
        self.allocated()
    }

    fn bytes_after(&self, kept: usize, _parts: &[usize], length: usize) -> usize {
        // The context does not grow. More tokens than it has room for cannot be afforded at all.
        if self.used.get() + length.saturating_sub(kept) > self.capacity { usize::MAX / 2 } else { self.allocated() }
    }

    fn bytes_of(&self, length: usize) -> usize {
        length * self.bytes_per_token
    }
}
