//! The memory that mistral.rs's prefix cache takes, and prefills that take little of it.

/// mistral.rs allocates KV in steps of this many tokens (`NormalCache::CACHE_GROW_SIZE`).
pub(super) const KV_STEP: usize = 512;

/// Tokens per part of a foreground prompt. A prefill cannot be interrupted, so a longer prompt is evaluated in parts. An
/// interrupt takes effect between two parts, and the KV of the parts before it stays. Each part copies the KV of all
/// tokens before it, so there should be few.
const FOREGROUND_PART: usize = 256;

/// Tokens per part of a background prompt. A foreground request waits for at most one such part.
const BACKGROUND_PART: usize = 64;

/// See the [module](self).
pub(super) struct KvMemory {
    bytes_per_token: usize,
    /// Bytes of the KV of all kept sequences.
    kept: usize,
}

impl KvMemory {
    pub(super) fn new(bytes_per_token: usize) -> Self {
        Self { bytes_per_token, kept: 0 }
    }

    /// Counts the KV of one kept sequence of `tokens` tokens.
    pub(super) fn add(&mut self, tokens: usize) {
        self.kept += self.sequence(tokens);
    }

    /// Counts no KV any more.
    pub(super) fn clear(&mut self) {
        self.kept = 0;
    }

    /// Bytes of resident memory of all kept sequences.
    pub(super) fn resident(&self) -> usize {
        resident(self.kept)
    }

    /// Bytes of resident memory of one kept sequence of `tokens` tokens.
    pub(super) fn resident_of(&self, tokens: usize) -> usize {
        resident(self.sequence(tokens))
    }

    /// Bytes of resident memory after `parts` were kept and a generation ran on a sequence of `tokens` tokens. The
    /// generation may add one step of KV.
    pub(super) fn resident_after(&self, parts: &[usize], tokens: usize) -> usize {
        resident(self.kept + self.all(parts) + self.sequence(tokens + KV_STEP))
    }

    /// The lengths to evaluate one after the other, of which the first `kept` tokens have KV. Each part has the usual
    /// length, or a longer one where the copies of the KV would take more than a quarter of `limit` bytes. Each length goes
    /// beyond the KV kept before it, which mistral.rs requires for a cache hit.
    pub(super) fn parts(&self, kept: usize, length: usize, is_background: bool, limit: usize) -> Vec<usize> {
        let mut size = if is_background { BACKGROUND_PART } else { FOREGROUND_PART };
        loop {
            // A remainder shorter than half a part joins the last part.
            let inner = (kept + size..length.saturating_sub(size / 2)).step_by(size);
            let parts: Vec<usize> = inner.chain([length]).collect();
            if parts.len() < 2 || resident(self.all(&parts)) <= limit / 4 {
                return parts;
            }
            size *= 2;
        }
    }

    fn sequence(&self, tokens: usize) -> usize {
        tokens.div_ceil(KV_STEP) * KV_STEP * self.bytes_per_token
    }

    fn all(&self, lengths: &[usize]) -> usize {
        lengths.iter().map(|length| self.sequence(*length)).sum()
    }
}

/// The resident memory that `bytes` of tensors take. The allocator rounds such sizes up; the factor was measured over a
/// hundred prompts of the embedded model.
fn resident(bytes: usize) -> usize {
    bytes + bytes / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_get_longer_where_their_copies_would_fill_the_budget() {
        let memory = KvMemory::new(1 << 10);
        assert_eq!(memory.parts(0, 600, false, 1 << 30), [256, 600]);
        assert_eq!(memory.parts(100, 140, true, 1 << 30), [140]);
        assert_eq!(memory.parts(0, 2000, true, 1 << 24).last(), Some(&2000));
        assert!(memory.parts(0, 2000, true, 1 << 24).len() < memory.parts(0, 2000, true, 1 << 30).len());
    }
}
