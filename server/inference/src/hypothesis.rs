//! Candidate answers of a search, ordered by how likely they are as a whole.

use std::cmp::Ordering;
use std::time::Instant;

/// The first tokens of an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hypothesis {
    /// Each token with its log-probability.
    pub(crate) tokens: Vec<(u32, f32)>,
    /// The natural logarithm of the probability of all tokens together.
    pub(crate) log_probability: f32,
}

/// When a search abandons an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// An answer is abandoned once its log-probability is no higher than this.
    pub(crate) log_probability: f32,
    pub(crate) deadline: Option<Instant>,
}

impl Hypothesis {
    pub(crate) fn push(&mut self, token: u32, log_probability: f32) {
        self.tokens.push((token, log_probability));
        self.log_probability += log_probability;
    }

    /// This hypothesis with one more token.
    pub(crate) fn and(&self, token: u32, log_probability: f32) -> Self {
        let mut tokens = Vec::with_capacity(self.tokens.len() + 1);
        tokens.extend_from_slice(&self.tokens);
        tokens.push((token, log_probability));
        Self { tokens, log_probability: self.log_probability + log_probability }
    }
}

/// The likelier hypothesis is the greater one.
impl Ord for Hypothesis {
    fn cmp(&self, other: &Self) -> Ordering {
        self.log_probability.total_cmp(&other.log_probability)
    }
}

impl PartialOrd for Hypothesis {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Hypothesis {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Hypothesis {}

impl Bounds {
    pub(crate) const NONE: Self = Self { log_probability: f32::NEG_INFINITY, deadline: None };

    pub(crate) fn exclude(&self, hypothesis: &Hypothesis) -> bool {
        hypothesis.log_probability <= self.log_probability
            || self.deadline.is_some_and(|deadline| Instant::now() > deadline)
    }
}
