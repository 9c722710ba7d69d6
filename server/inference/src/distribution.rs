//! The probabilities of the next token, as the decoder chooses from them and the logit cache keeps them.

use std::cmp::Ordering;

/// How many tokens a compacted distribution keeps. A whole distribution over 150,000 tokens takes 600 kB.
const KEPT_TOKENS: usize = 64;

/// The distribution of the next token after a sequence of tokens. Probabilities are natural logarithms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Distribution {
    /// One log-probability per token of the vocabulary, indexed by token id.
    Whole(Box<[f32]>),
    /// The likeliest tokens with their log-probabilities, likeliest first.
    Likeliest(Box<[(u32, f32)]>),
}

impl Distribution {
    /// The softmax of `logits`, which has one entry per token. `None` if the logits are not finite.
    pub(crate) fn from_logits(logits: &[f32]) -> Option<Self> {
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if !max.is_finite() || logits.iter().any(|logit| logit.is_nan()) {
            return None;
        }
        let sum: f32 = logits.iter().map(|logit| (logit - max).exp()).sum();
        let normalizer = max + sum.ln();
        Some(Self::Whole(logits.iter().map(|logit| logit - normalizer).collect()))
    }

    /// Keeps only the likeliest tokens. Greedy decoding and accepted text rarely need any other.
    pub(crate) fn compacted(&self) -> Self {
        match self {
            Self::Whole(all) if all.len() > KEPT_TOKENS => {
                Self::Likeliest(self.likeliest(KEPT_TOKENS, |_| true).into())
            }
            other => other.clone(),
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// The `count` likeliest tokens for which `allowed` is true, with their log-probabilities, likeliest first. The
    /// lower token id wins a tie. Returns fewer tokens if the distribution keeps no more allowed ones.
    pub(crate) fn likeliest(&self, count: usize, allowed: impl Fn(u32) -> bool) -> Vec<(u32, f32)> {
        match self {
            Self::Whole(all) => {
                let mut likeliest: Vec<(u32, f32)> = Vec::with_capacity(count + 1);
                for (token, log_probability) in (0u32..).zip(all.iter().copied()) {
                    let is_among =
                        likeliest.len() < count || likeliest.last().is_some_and(|last| log_probability > last.1);
                    if is_among && allowed(token) {
                        let place = likeliest.partition_point(|(_, other)| *other >= log_probability);
                        likeliest.insert(place, (token, log_probability));
                        likeliest.truncate(count);
                    }
                }
                likeliest
            }
            Self::Likeliest(tokens) => {
                tokens.iter().copied().filter(|(token, _)| allowed(*token)).take(count).collect()
            }
        }
    }

    /// `None` if the distribution was compacted and `token` was not kept.
    pub(crate) fn log_probability(&self, token: u32) -> Option<f32> {
        match self {
            Self::Whole(all) => Some(all.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY)),
            Self::Likeliest(tokens) => tokens.iter().find(|(other, _)| *other == token).map(|(_, p)| *p),
        }
    }

    /// Bytes of memory.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Whole(all) => size_of_val(&**all),
            Self::Likeliest(tokens) => size_of_val(&**tokens),
        }
    }
}

/// Orders `(token, log-probability)` pairs, the likeliest first. The lower token id wins a tie.
pub(crate) fn likeliest_first(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compacted_distribution_keeps_the_likeliest_with_their_probabilities() {
        let logits: Vec<f32> = (0..40_000).map(|id| if id == 31_000 { 9.0 } else { (id % 97) as f32 / 97.0 }).collect();
        let whole = Distribution::from_logits(&logits).unwrap();
        let compacted = whole.compacted();
        assert_eq!(compacted.likeliest(9, |_| true), whole.likeliest(9, |_| true));
        assert_eq!(compacted.likeliest(1, |_| true)[0].0, 31_000);
        assert_eq!(compacted.likeliest(3, |_| true)[1].0, 96);
        assert_eq!(compacted.likeliest(1, |token| token == 97), []);
        assert_eq!(compacted.log_probability(31_000), whole.log_probability(31_000));
        assert_eq!(compacted.log_probability(97), None);
    }

    #[test]
    fn logits_that_are_not_finite_are_refused() {
        assert!(Distribution::from_logits(&[0.0, f32::NAN]).is_none());
        assert!(Distribution::from_logits(&[f32::INFINITY, 0.0]).is_none());
    }
}
