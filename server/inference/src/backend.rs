//! What a backend and the code above it agree on: how a sequence is decoded step by step, and how a backend fails.

/// Decides the steps of one sequence.
pub(crate) trait LogitsStep: Send + 'static {
    /// Returns the next token, or `None` to end the sequence. `logits` has one entry per token of the vocabulary.
    /// `evaluated` is meaningful at the first step only: the number of prompt tokens that the backend had to evaluate.
    fn step(&mut self, logits: Vec<f32>, evaluated: usize) -> Option<u32>;
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
