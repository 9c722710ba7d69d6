//! What is kept of earlier generations, and what it takes of the machine's memory.

use crate::logit_cache::{Distribution, LogitCache};
use crate::mistralrs_backend::KV_STEP;

/// See the [module](self).
pub(crate) struct Cache {
    pub(crate) known: LogitCache,
    budget: usize,
    kv_bytes_per_token: usize,
    kv_bytes: usize,
}

impl Cache {
    pub(crate) fn new(budget: usize, kv_bytes_per_token: usize) -> Self {
        Self { known: LogitCache::default(), budget, kv_bytes_per_token, kv_bytes: 0 }
    }

    pub(crate) fn add(&mut self, seen: Vec<(usize, Distribution)>, tokens: &[u32]) {
        for (length, next) in seen {
            self.known.remember(&tokens[..length], next);
        }
    }

    /// Notes that mistral.rs keeps the KV of `tokens`.
    pub(crate) fn hold(&mut self, tokens: &[u32]) {
        self.known.hold(tokens);
        self.kv_bytes += self.kv_of(tokens.len());
    }

    /// The lengths up to which `tokens` are to be evaluated and held, in parts of `size` tokens or, where these would take
    /// much of the budget, more. Each goes beyond what is held before it, as a prompt that mistral.rs is to find its KV for
    /// has to; less than `least` tokens are no part.
    pub(crate) fn parts(&self, tokens: &[u32], mut size: usize, least: usize) -> Vec<usize> {
        let held = self.known.held(tokens);
        let last = (tokens.len() - held >= least).then_some(tokens.len());
        loop {
            // A short rest goes with the last part.
            let inner = (held + size..tokens.len().saturating_sub(size / 2)).step_by(size);
            let parts: Vec<usize> = inner.chain(last).collect();
            if parts.len() < 2 || resident(self.kv_of_all(&parts)) <= self.budget / 4 {
                return parts;
            }
            size *= 2;
        }
    }

    /// Whether prompts of these lengths, the last of which may grow by one step, would go beyond the budget.
    pub(crate) fn is_full_with(&self, parts: &[usize], prompt: usize) -> bool {
        self.size() + resident(self.kv_of_all(parts) + self.kv_of(prompt + KV_STEP)) > self.budget
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kv_bytes == 0
    }

    /// Whether it is time to drop what is kept, at a moment when nobody notices, and go on with a prompt of `latest`
    /// tokens: not where that alone takes most of it.
    pub(crate) fn wants_room(&self, latest: usize) -> bool {
        let size = self.size();
        self.kv_bytes > 0 && size > self.budget / 2 && size > 2 * resident(self.kv_of(latest))
    }

    /// The KV goes as a whole, since mistral.rs cannot drop one sequence; what is known goes with it, because it would
    /// lead to prompts whose KV is gone.
    pub(crate) fn forget(&mut self) {
        self.known = LogitCache::default();
        self.kv_bytes = 0;
    }

    /// In bytes of the machine's memory.
    pub(crate) fn size(&self) -> usize {
        resident(self.kv_bytes + self.known.size())
    }

    fn kv_of_all(&self, parts: &[usize]) -> usize {
        parts.iter().map(|length| self.kv_of(*length)).sum()
    }

    fn kv_of(&self, tokens: usize) -> usize {
        tokens.div_ceil(KV_STEP) * KV_STEP * self.kv_bytes_per_token
    }
}

/// What `bytes` of tensors take of the machine's memory, as measured over a hundred prompts of the embedded model: an
/// allocator keeps sizes like these in larger slots.
fn resident(bytes: usize) -> usize {
    bytes + bytes / 2
}
