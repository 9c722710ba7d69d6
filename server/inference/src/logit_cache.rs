//! The tokens the model has seen, as a trie: what it would say after them where that was computed, and whether the
//! engine holds their KV.
//!
//! mistral.rs 0.8 misses its cache entirely when an entry covers a prompt whole, which is what backspace, an accepted
//! suggestion and a half-typed word come down to. Walking the known tokens answers such a request without the engine,
//! or at least brings it to a place that no entry covers; but for a return to a place inside an earlier prompt where
//! nothing was ever asked.

use std::collections::HashMap;
use std::sync::Arc;

/// How many tokens are kept of a distribution that is not kept whole: one of 150,000 takes 600 kB.
const LIKELIEST: usize = 64;

/// What the model says after a sequence of tokens, as natural logarithms of probabilities.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Distribution {
    /// One entry per token of the vocabulary.
    Whole(Box<[f32]>),
    /// The likeliest tokens, likeliest first.
    Likeliest(Box<[(u32, f32)]>),
}

impl Distribution {
    /// `None` if the model's output is not finite.
    pub(crate) fn from_logits(logits: &[f32]) -> Option<Self> {
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        if !max.is_finite() || logits.iter().any(|logit| logit.is_nan()) {
            return None;
        }
        let sum: f32 = logits.iter().map(|logit| (logit - max).exp()).sum();
        let normalizer = max + sum.ln();
        Some(Self::Whole(logits.iter().map(|logit| logit - normalizer).collect()))
    }

    /// Keeps the likeliest tokens, which greedy decoding and accepted text are among.
    pub(crate) fn compacted(self) -> Self {
        match self {
            Self::Whole(all) if all.len() > LIKELIEST => {
                let mut tokens: Vec<(u32, f32)> = (0u32..).zip(all).collect();
                tokens.select_nth_unstable_by(LIKELIEST, likelier);
                tokens.truncate(LIKELIEST);
                tokens.sort_unstable_by(likelier);
                Self::Likeliest(tokens.into())
            }
            other => other,
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// The likeliest tokens that are `allowed` and their log-probabilities, likeliest first; of equals the one with the
    /// lowest id. Fewer than `count` if no more such were kept.
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

    /// `None` where it was not kept.
    pub(crate) fn log_probability(&self, token: u32) -> Option<f32> {
        match self {
            Self::Whole(all) => Some(all.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY)),
            Self::Likeliest(tokens) => tokens.iter().find(|(other, _)| *other == token).map(|(_, p)| *p),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Whole(all) => size_of_val(&**all),
            Self::Likeliest(tokens) => size_of_val(&**tokens),
        }
    }
}

/// Orders tokens by their log-probability, the likeliest first; of equals the one with the lowest id.
pub(crate) fn likelier(a: &(u32, f32), b: &(u32, f32)) -> std::cmp::Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

#[derive(Debug)]
pub(crate) struct LogitCache {
    /// The root, which stands for no token at all, is the first.
    nodes: Vec<Node>,
    /// Bytes of all distributions.
    distributions: usize,
}

#[derive(Debug, Default)]
struct Node {
    children: HashMap<u32, usize>,
    next: Option<Arc<Distribution>>,
    held: bool,
}

impl Default for LogitCache {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], distributions: 0 }
    }
}

impl LogitCache {
    /// What the model says after `tokens`, if that was computed.
    pub(crate) fn next(&self, tokens: &[u32]) -> Option<Arc<Distribution>> {
        self.nodes[self.find(tokens)?].next.clone()
    }

    /// What was kept whole stays so.
    pub(crate) fn remember(&mut self, tokens: &[u32], next: Distribution) {
        let node = self.insert(tokens);
        if matches!((&self.nodes[node].next, &next), (Some(_), Distribution::Likeliest(_))) {
            return;
        }
        self.distributions += next.size();
        if let Some(before) = self.nodes[node].next.replace(Arc::new(next)) {
            self.distributions -= before.size();
        }
    }

    /// Notes that the engine holds the KV of all of `tokens`.
    pub(crate) fn hold(&mut self, tokens: &[u32]) {
        let mut node = 0;
        for token in tokens {
            node = self.child(node, *token);
            self.nodes[node].held = true;
        }
    }

    /// How many of `tokens`, from the first on, the engine holds.
    pub(crate) fn held(&self, tokens: &[u32]) -> usize {
        let mut node = 0;
        for (length, token) in tokens.iter().enumerate() {
            match self.nodes[node].children.get(token) {
                Some(child) if self.nodes[*child].held => node = *child,
                _ => return length,
            }
        }
        tokens.len()
    }

    /// Bytes of memory, roughly.
    pub(crate) fn size(&self) -> usize {
        self.distributions + self.nodes.len() * (size_of::<Node>() + 2 * size_of::<(u32, usize)>())
    }

    fn find(&self, tokens: &[u32]) -> Option<usize> {
        tokens.iter().try_fold(0, |node, token| self.nodes[node].children.get(token).copied())
    }

    fn insert(&mut self, tokens: &[u32]) -> usize {
        tokens.iter().fold(0, |node, token| self.child(node, *token))
    }

    fn child(&mut self, node: usize, token: u32) -> usize {
        let new = self.nodes.len();
        let child = *self.nodes[node].children.entry(token).or_insert(new);
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_is_found() {
        let mut known = LogitCache::default();
        known.remember(&[1, 2, 4], Distribution::from_logits(&[0.0, 1.0]).unwrap());
        assert_eq!(known.next(&[1, 2, 4]).unwrap().likeliest(1, |_| true)[0].0, 1);
        assert!(known.next(&[1, 2]).is_none());
        assert!(known.next(&[1, 2, 4, 5]).is_none());
    }

    #[test]
    fn what_is_held_is_known_up_to_where_it_differs() {
        let mut known = LogitCache::default();
        known.hold(&[1, 2, 3]);
        known.remember(&[1, 2, 4], Distribution::from_logits(&[0.0, 1.0]).unwrap());
        assert_eq!(known.held(&[1, 2, 3, 5]), 3);
        assert_eq!(known.held(&[1, 2, 4]), 2);
        assert_eq!(known.held(&[2]), 0);
    }

    #[test]
    fn a_compacted_distribution_keeps_the_likeliest_with_their_probabilities() {
        let logits: Vec<f32> = (0..40_000).map(|id| if id == 31_000 { 9.0 } else { (id % 97) as f32 / 97.0 }).collect();
        let whole = Distribution::from_logits(&logits).unwrap();
        let compacted = whole.clone().compacted();
        assert_eq!(compacted.likeliest(9, |_| true), whole.likeliest(9, |_| true));
        assert_eq!(compacted.likeliest(1, |_| true)[0].0, 31_000);
        assert_eq!(compacted.likeliest(3, |_| true)[1].0, 96);
        assert_eq!(compacted.likeliest(1, |token| token == 97), []);
        assert_eq!(compacted.log_probability(31_000), whole.log_probability(31_000));
        assert_eq!(compacted.log_probability(97), None);
    }

    #[test]
    fn output_that_is_not_finite_is_refused() {
        assert!(Distribution::from_logits(&[0.0, f32::NAN]).is_none());
        assert!(Distribution::from_logits(&[f32::INFINITY, 0.0]).is_none());
    }
}
