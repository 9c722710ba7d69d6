//! Counts the memory that the KV cache and the logit cache take, and plans prefills that stay within a byte budget.

/// How a backend stores the KV of one sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KvLayout {
    pub(crate) bytes_per_token: usize,
    /// The backend rounds the length of a sequence up to a multiple of this many tokens.
    pub(crate) tokens_per_step: usize,
}

impl KvLayout {
    fn bytes(self, tokens: usize) -> usize {
        tokens.div_ceil(self.tokens_per_step) * self.tokens_per_step * self.bytes_per_token
    }

    fn bytes_of_all(self, lengths: &[usize]) -> usize {
        lengths.iter().map(|length| self.bytes(*length)).sum()
    }
}

/// See the [module](self). Its methods take the size of the logit cache as `logit_bytes`.
pub(crate) struct ByteBudget {
    /// In bytes of resident memory.
    limit: usize,
    layout: KvLayout,
    kv_bytes: usize,
}

impl ByteBudget {
    pub(crate) fn new(limit: usize, layout: KvLayout) -> Self {
        Self { limit, layout, kv_bytes: 0 }
    }

    /// Counts the KV of one kept sequence of `tokens` tokens.
    pub(crate) fn add_sequence(&mut self, tokens: usize) {
        self.kv_bytes += self.layout.bytes(tokens);
    }

    /// Counts no KV any more.
    pub(crate) fn clear(&mut self) {
        self.kv_bytes = 0;
    }

    pub(crate) fn has_kv(&self) -> bool {
        self.kv_bytes > 0
    }

    /// The prompt lengths to evaluate one after the other so that the KV of all `tokens` is kept, where that of the
    /// first `with_kv` tokens already is. Each chunk is `size` tokens long, or longer where the copies of the KV would
    /// take more than a quarter of the budget. The last chunk is left out if fewer than `min_new` tokens are new. Each
    /// length goes beyond the KV kept before it, which mistral.rs requires for a cache hit.
    pub(crate) fn prefill_chunks(&self, tokens: usize, with_kv: usize, mut size: usize, min_new: usize) -> Vec<usize> {
        let last = (tokens - with_kv >= min_new).then_some(tokens);
        loop {
            // A remainder shorter than half a chunk joins the last chunk.
            let inner = (with_kv + size..tokens.saturating_sub(size / 2)).step_by(size);
            let chunks: Vec<usize> = inner.chain(last).collect();
            if chunks.len() < 2 || resident(self.layout.bytes_of_all(&chunks)) <= self.limit / 4 {
                return chunks;
            }
            size *= 2;
        }
    }

    /// Whether keeping `chunks`, and generating from a sequence of `tokens` tokens, would exceed the budget. The
    /// generation may add one step of KV.
    pub(crate) fn would_exceed(&self, chunks: &[usize], tokens: usize, logit_bytes: usize) -> bool {
        let generation = self.layout.bytes(tokens + self.layout.tokens_per_step);
        self.used(logit_bytes) + resident(self.layout.bytes_of_all(chunks) + generation) > self.limit
    }

    /// Whether an idle moment should be used to evict everything and evaluate the latest prompt again. True if more
    /// than half the budget is used, and the latest prompt, of `latest` tokens, takes less than half of what is used.
    pub(crate) fn is_worth_evicting(&self, latest: usize, logit_bytes: usize) -> bool {
        let used = self.used(logit_bytes);
        self.has_kv() && used > self.limit / 2 && used > 2 * resident(self.layout.bytes(latest))
    }

    /// Bytes of resident memory that both caches take.
    pub(crate) fn used(&self, logit_bytes: usize) -> usize {
        resident(self.kv_bytes + logit_bytes)
    }
}

/// The resident memory that `bytes` of tensors take. The allocator rounds such sizes up; the factor was measured over a
/// hundred prompts of the embedded model.
fn resident(bytes: usize) -> usize {
    bytes + bytes / 2
}
