//! One sequence in the backend: the prompt, and what a decoder chooses after it.

use std::mem;
use std::sync::Arc;

use crate::backend::LogitsStep;
use crate::decoder::{Choice, Decoder};
use crate::distribution::Distribution;
use crate::ngrams::Mixture;

/// See the [module](self).
pub(crate) struct Sequence {
    /// The prompt, and the generated tokens that the model has evaluated.
    pub(crate) tokens: Vec<u32>,
    /// `None` for a prefill, which ends at its first step.
    pub(crate) decoder: Option<Decoder>,
    mixture: Option<Arc<Mixture>>,
    is_first_step: bool,
    /// How many tokens of the prompt the model had to evaluate.
    pub(crate) evaluated: usize,
    /// Each distribution that the model computed, with the number of `tokens` before it.
    pub(crate) distributions: Vec<(usize, Distribution)>,
    /// The model's logits were not finite, which ended the sequence.
    pub(crate) is_broken: bool,
}

impl Sequence {
    /// Generates after `tokens` until `decoder` ends.
    pub(crate) fn generation(tokens: Vec<u32>, decoder: Decoder, mixture: Option<Arc<Mixture>>) -> Self {
        Self { decoder: Some(decoder), ..Self::prefill(tokens, mixture) }
    }

    /// Evaluates `tokens`.
    pub(crate) fn prefill(tokens: Vec<u32>, mixture: Option<Arc<Mixture>>) -> Self {
        Self {
            tokens,
            decoder: None,
            mixture,
            is_first_step: true,
            evaluated: 0,
            distributions: Vec::new(),
            is_broken: false,
        }
    }
}

impl LogitsStep for Sequence {
    fn step(&mut self, logits: Vec<f32>, evaluated: usize) -> Option<u32> {
        let is_first_step = mem::take(&mut self.is_first_step);
        if is_first_step {
            self.evaluated = evaluated;
        }
        let Some(next) = Distribution::from_logits(&logits) else {
            self.is_broken = true;
            return None;
        };
        let next = match &self.mixture {
            Some(mixture) => mixture.mix(&self.tokens, next),
            None => next,
        };
        let choice = self.decoder.as_mut().map(|decoder| (decoder.choose(&next), decoder.must_stop()));
        // Healing may need any token after a prompt, so that distribution stays whole.
        let next = if is_first_step { next } else { next.compacted() };
        self.distributions.push((self.tokens.len(), next));
        match choice {
            // The last token of an answer is not evaluated. A request that continues from it sends it in its prompt.
            Some((Choice::Token(token), false)) => {
                self.tokens.push(token);
                Some(token)
            }
            _ => None,
        }
    }
}
