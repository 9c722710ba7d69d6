//! A trie of the token sequences that the model has seen. It remembers the model's distribution after a sequence, and
//! whether the backend keeps the KV of a sequence.
//!
//! mistral.rs 0.8 misses its prefix cache entirely if a cached sequence covers the whole prompt. Backspace, an accepted
//! suggestion and a half-typed word all lead to such a prompt. Replaying the known tokens either answers the request
//! without the backend, or extends the prompt beyond what any cached sequence covers. One case stays slow: the cursor
//! returns to a place inside an earlier prompt, and the model was never asked there.

use std::collections::HashMap;
use std::sync::Arc;

use crate::distribution::Distribution;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct LogitCache {
    /// The first node is the root, which stands for the empty sequence.
    nodes: Vec<Node>,
    /// Bytes of all distributions.
    distribution_bytes: usize,
}

#[derive(Debug, Default)]
struct Node {
    /// From the next token to that node's index.
    children: HashMap<u32, usize>,
    next: Option<Arc<Distribution>>,
    has_kv: bool,
}

impl Default for LogitCache {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], distribution_bytes: 0 }
    }
}

impl LogitCache {
    /// The distribution after `tokens`, if the model has computed it.
    pub(crate) fn next(&self, tokens: &[u32]) -> Option<Arc<Distribution>> {
        self.nodes[self.find(tokens)?].next.clone()
    }

    /// Remembers the distribution after `tokens`. A compacted one never replaces another.
    pub(crate) fn remember(&mut self, tokens: &[u32], next: Distribution) {
        let node = self.insert(tokens);
        if matches!((&self.nodes[node].next, &next), (Some(_), Distribution::Likeliest(_))) {
            return;
        }
        self.distribution_bytes += next.size();
        if let Some(before) = self.nodes[node].next.replace(Arc::new(next)) {
            self.distribution_bytes -= before.size();
        }
    }

    /// Notes that the backend keeps the KV of all `tokens`.
    pub(crate) fn mark_kv(&mut self, tokens: &[u32]) {
        let mut node = 0;
        for token in tokens {
            node = self.child(node, *token);
            self.nodes[node].has_kv = true;
        }
    }

    /// How many of `tokens`, counted from the first, the backend keeps the KV of.
    pub(crate) fn kv_prefix(&self, tokens: &[u32]) -> usize {
        let mut node = 0;
        for (length, token) in tokens.iter().enumerate() {
            match self.nodes[node].children.get(token) {
                Some(child) if self.nodes[*child].has_kv => node = *child,
                _ => return length,
            }
        }
        tokens.len()
    }

    /// Approximate bytes of memory.
    pub(crate) fn size(&self) -> usize {
        self.distribution_bytes + self.nodes.len() * (size_of::<Node>() + 2 * size_of::<(u32, usize)>())
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
    fn a_remembered_distribution_is_found() {
        let mut cache = LogitCache::default();
        cache.remember(&[1, 2, 4], Distribution::from_logits(&[0.0, 1.0]).unwrap());
        assert_eq!(cache.next(&[1, 2, 4]).unwrap().likeliest(1, |_| true)[0].0, 1);
        assert!(cache.next(&[1, 2]).is_none());
        assert!(cache.next(&[1, 2, 4, 5]).is_none());
    }

    #[test]
    fn kv_counts_up_to_the_first_token_that_differs() {
        let mut cache = LogitCache::default();
        cache.mark_kv(&[1, 2, 3]);
        cache.remember(&[1, 2, 4], Distribution::from_logits(&[0.0, 1.0]).unwrap());
        assert_eq!(cache.kv_prefix(&[1, 2, 3, 5]), 3);
        assert_eq!(cache.kv_prefix(&[1, 2, 4]), 2);
        assert_eq!(cache.kv_prefix(&[2]), 0);
    }
}
