//! A trie of token sequences with the model's distribution after each of them. Backspace, an accepted suggestion, a half-typed
//! word and a repeated request lead to a sequence that the model has seen; its distribution is then known without a step.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::distribution::Distribution;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct LogitCache {
    /// The first node is the root, which stands for the empty sequence.
    nodes: Vec<Node>,
    /// Bytes of all distributions.
    distribution_bytes: usize,
    /// The nodes with a whole distribution, the oldest first.
    whole: VecDeque<usize>,
    /// Bytes of all whole distributions.
    whole_bytes: usize,
    /// Bytes that whole distributions may take. That of a large vocabulary takes 600 kB.
    whole_limit: usize,
    /// `false` in a measurement without this cache.
    is_on: bool,
}

#[derive(Debug, Default)]
struct Node {
    /// From the next token to that node's index.
    children: HashMap<u32, usize>,
    next: Option<Arc<Distribution>>,
}

impl LogitCache {
    pub(crate) fn new(whole_limit: usize, is_on: bool) -> Self {
        let nodes = vec![Node::default()];
        Self { nodes, distribution_bytes: 0, whole: VecDeque::new(), whole_bytes: 0, whole_limit, is_on }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.whole_limit, self.is_on);
    }

    /// The distribution after `tokens`, if the model has computed it.
    pub(crate) fn next(&self, tokens: &[u32]) -> Option<Arc<Distribution>> {
        let node = tokens.iter().try_fold(0, |node, token| self.nodes[node].children.get(token).copied())?;
        self.nodes[node].next.clone()
    }

    /// Remembers the distribution after `tokens`. A compacted one never replaces another.
    pub(crate) fn remember(&mut self, tokens: &[u32], next: Arc<Distribution>) {
        if !self.is_on {
            return;
        }
        let node = tokens.iter().fold(0, |node, token| self.child(node, *token));
        match &self.nodes[node].next {
            Some(before) if before.is_whole() || !next.is_whole() => return,
            _ => {}
        }
        if next.is_whole() {
            self.whole.push_back(node);
            self.whole_bytes += next.size();
        }
        self.set(node, next);
        while self.whole_bytes > self.whole_limit && self.whole.len() > 1 {
            self.compact_oldest();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// Approximate bytes of memory.
    pub(crate) fn size(&self) -> usize {
        self.distribution_bytes + self.nodes.len() * (size_of::<Node>() + 2 * size_of::<(u32, usize)>())
    }

    fn compact_oldest(&mut self) {
        let Some(node) = self.whole.pop_front() else { return };
        let Some(whole) = self.nodes[node].next.clone() else { return };
        self.whole_bytes -= whole.size();
        self.set(node, Arc::new(whole.compacted()));
    }

    fn set(&mut self, node: usize, next: Arc<Distribution>) {
        self.distribution_bytes += next.size();
        if let Some(before) = self.nodes[node].next.replace(next) {
            self.distribution_bytes -= before.size();
        }
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

    fn distribution() -> Arc<Distribution> {
        let logits: Vec<f32> = (0..1000).map(|token| token as f32 / 1000.0).collect();
        Arc::new(Distribution::from_logits(&logits).unwrap())
    }

    #[test]
    fn a_remembered_distribution_is_found() {
        let mut cache = LogitCache::new(1 << 20, true);
        cache.remember(&[1, 2, 4], distribution());
        assert_eq!(cache.next(&[1, 2, 4]).unwrap().likeliest(1, |_| true)[0].0, 999);
        assert!(cache.next(&[1, 2]).is_none());
        assert!(cache.next(&[1, 2, 4, 5]).is_none());
    }

    #[test]
    fn the_oldest_whole_distributions_are_compacted() {
        let mut cache = LogitCache::new(10_000, true);
        (0..10).for_each(|token| cache.remember(&[token], distribution()));
        let is_whole = |token| cache.next(&[token]).unwrap().is_whole();
        assert!(is_whole(9) && is_whole(8) && !is_whole(7) && !is_whole(0));
        assert!(cache.size() < 20_000);
    }
}
