//! What the KV cache needs of a library that runs a model.

use crate::interrupt::Interrupt;

/// A place for one sequence. The numbers start at 0 and stay below [`Backend::max_sequences`].
pub(crate) type SequenceId = usize;

/// What a caller evaluates tokens for. Keeping KV costs some backends a copy, which only a prompt is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Later requests begin with the same tokens.
    Prompt,
    /// Most of an answer is never accepted.
    Answer,
}

/// How soon somebody needs an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// A user waits for it.
    Foreground,
    /// Nobody waits, and a user may want the model at any moment.
    Background,
}

/// The result of one evaluation.
#[derive(Debug)]
pub(crate) struct Evaluation {
    /// The index in the sequence of the first token that the model evaluated. Lower than where the new tokens begin if the
    /// backend had lost the KV of tokens before them.
    pub(crate) from: usize,
    /// The logits after each of the last tokens, at least as many as were asked for. Each has one entry per token of the
    /// vocabulary.
    pub(crate) logits: Vec<Vec<f32>>,
}

/// Runs a model and keeps the KV of sequences. A sequence that was never evaluated, or was forgotten, is empty.
///
/// All calls come from one thread.
pub(crate) trait Backend {
    /// How many sequences the backend keeps at most.
    fn max_sequences(&self) -> usize;

    /// After how many tokens of one evaluation the backend can give logits.
    fn max_logits(&self) -> usize;

    /// Appends `tokens` to a sequence and evaluates them. Gives the logits after each of the last `logits` tokens. `None` if
    /// the step was overtaken; the sequence is then as it was before. After an error, all sequences are empty.
    fn evaluate(
        &mut self,
        sequence: SequenceId,
        tokens: &[u32],
        logits: usize,
        purpose: Purpose,
        interrupt: &Interrupt,
    ) -> Result<Option<Evaluation>, BackendError>;

    /// Removes the tokens of a sequence from the index `length` on.
    fn cut(&mut self, sequence: SequenceId, length: usize);

    /// Makes the empty sequence `to` begin with the first `length` tokens of `from`.
    fn fork(&mut self, from: SequenceId, length: usize, to: SequenceId);

    /// Empties a sequence.
    fn forget(&mut self, sequence: SequenceId) -> Result<(), BackendError>;

    /// Ends the generation that was evaluated last. A backend that does not keep answers removes their tokens.
    fn settle(&mut self) -> Result<(), BackendError>;

    /// How many tokens a sequence has.
    fn length(&self, sequence: SequenceId) -> usize;

    /// Whether forgetting one sequence frees its memory. Otherwise memory is freed when all sequences are forgotten.
    fn frees_each_sequence(&self) -> bool;

    /// The lengths to which to evaluate a prompt of `length` tokens, one after the other, where the KV of `kept` tokens
    /// exists. The last one is `length`. A user may have to wait for one part; `limit` are the bytes that a cache may take.
    fn parts(&self, kept: usize, length: usize, urgency: Urgency, limit: usize) -> Vec<usize>;

    /// The bytes of resident memory of all KV.
    fn bytes(&self) -> usize;

    /// The bytes of resident memory of all KV after a sequence of `kept` tokens was evaluated up to each of `parts`, and
    /// then to `length`.
    fn bytes_after(&self, kept: usize, parts: &[usize], length: usize) -> usize;

    /// The bytes of resident memory that a single sequence of `length` tokens takes.
    fn bytes_of(&self, length: usize) -> usize;
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BackendError {
    /// The backend reported an error for this sequence.
    #[error("{0}")]
    Refused(String),
    /// The backend's thread has ended, and its KV cache is lost.
    #[error("mistral.rs stopped unexpectedly")]
    Died,
}
