//! The table of n-grams: for short contexts in the training set, the tokens that followed them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::gate::Gate;

const MAGIC: &[u8] = b"fimble-ngrams-1\n";

/// The first 16 bits of a context's hash are its bucket.
const BUCKETS: usize = 1 << 16;

/// Tokens that may come next, with their probabilities. Ordered, because the order of float additions changes their
/// sum.
pub(super) type Continuations = BTreeMap<u32, f32>;

/// The content of a `model.ngrams` file.
pub(super) struct NgramsFile {
    /// The size of the vocabulary that the table was counted with.
    pub(super) vocabulary: usize,
    pub(super) table: Table,
    pub(super) gate: Gate,
}

/// See the [module](self).
pub(super) struct Table {
    /// Tokens of the shortest context, 1 or more.
    shortest: usize,
    /// Tokens of the longest context.
    longest: usize,
    /// Bucket `i` consists of the entries from `buckets[i]` to `buckets[i + 1]`, ordered by their checks.
    buckets: Vec<u32>,
    entries: Vec<Entry>,
}

/// One token that followed one context.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The 16 bits of the context's hash after those of the bucket.
    check: u16,
    follower: u16,
    /// In 255ths.
    probability: u8,
}

#[derive(Deserialize)]
struct Header {
    vocabulary: usize,
    shortest: usize,
    longest: usize,
    gate: Gate,
}

impl Table {
    /// What followed the longest context that the table knows, and that context's length in tokens. The probability
    /// that a longer context leaves open goes to the followers of shorter ones.
    pub(super) fn continuations(&self, history: &[u32]) -> (Continuations, usize) {
        let mut found = (Continuations::new(), 0);
        let mut hash = 0;
        for (length, token) in (1..).zip(history.iter().rev().take(self.longest)) {
            hash = extend_hash(hash, *token);
            let entries = self.entries(hash);
            if length >= self.shortest && !entries.is_empty() {
                let followers =
                    entries.iter().map(|entry| (entry.follower.into(), f32::from(entry.probability) / 255.0));
                let followers: Continuations = followers.collect();
                let left = (1.0 - followers.values().sum::<f32>()).max(0.0);
                let (mut continuations, _) = found;
                continuations.values_mut().for_each(|probability| *probability *= left);
                continuations.extend(followers);
                found = (continuations, length);
            }
        }
        found
    }

    pub(super) fn shortest_context(&self) -> usize {
        self.shortest
    }

    /// The entries of the context with this hash.
    fn entries(&self, hash: u64) -> &[Entry] {
        let (bucket, check) = ((hash >> 48) as usize, (hash >> 32) as u16);
        let range = self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize;
        let entries = self.entries.get(range).unwrap_or_default();
        let from = &entries[entries.partition_point(|entry| entry.check < check)..];
        &from[..from.partition_point(|entry| entry.check == check)]
    }
}

/// Reads a `model.ngrams` file. `None` if it is damaged.
pub(super) fn parse(bytes: &[u8]) -> Option<NgramsFile> {
    let (header, rest) = parse_header(bytes.strip_prefix(MAGIC)?)?;
    let (buckets, rest) = parse_buckets(rest)?;
    let entries = parse_entries(rest, *buckets.last()? as usize)?;
    let Header { vocabulary, shortest, longest, gate } = header;
    Some(NgramsFile { vocabulary, table: Table { shortest, longest, buckets, entries }, gate })
}

/// One line of JSON.
fn parse_header(bytes: &[u8]) -> Option<(Header, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let header: Header = serde_json::from_slice(&bytes[..end]).ok()?;
    let is_valid = header.shortest > 0
        && header.longest >= header.shortest
        && header.gate.fits(header.longest - header.shortest + 1);
    is_valid.then_some((header, &bytes[end + 1..]))
}

/// Where each bucket begins, and where the last one ends, as little-endian 32-bit numbers.
fn parse_buckets(bytes: &[u8]) -> Option<(Vec<u32>, &[u8])> {
    let (buckets, rest) = bytes.split_at_checked(4 * (BUCKETS + 1))?;
    let buckets: Vec<u32> = buckets.as_chunks().0.iter().map(|four| u32::from_le_bytes(*four)).collect();
    buckets.is_sorted().then_some((buckets, rest))
}

/// All checks, then all followers, as little-endian 16-bit numbers; then all probabilities, as bytes.
fn parse_entries(bytes: &[u8], count: usize) -> Option<Vec<Entry>> {
    if bytes.len() != 5 * count {
        return None;
    }
    let (checks, rest) = bytes.split_at(2 * count);
    let (followers, probabilities) = rest.split_at(2 * count);
    let numbers =
        |bytes: &[u8]| -> Vec<u16> { bytes.as_chunks().0.iter().map(|two| u16::from_le_bytes(*two)).collect() };
    let entries = numbers(checks).into_iter().zip(numbers(followers)).zip(probabilities);
    let entries = entries.map(|((check, follower), probability)| Entry { check, follower, probability: *probability });
    Some(entries.collect())
}

/// The hash of a context that begins one token earlier. A context is hashed from its last token to its first, so the
/// hash of a longer context extends that of a shorter one. The same as `hashed` in `models/train/fimble_train/ngrams/table.py`.
fn extend_hash(hash: u64, token: u32) -> u64 {
    let hash = (hash ^ (u64::from(token) + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    hash ^ (hash >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMBEDDED: &[u8] = include_bytes!("../../../../models/embedded/model.ngrams");

    #[test]
    fn a_file_that_is_cut_off_or_of_another_kind_is_refused() {
        assert!(parse(EMBEDDED).is_some());
        for length in [0, MAGIC.len(), 100, EMBEDDED.len() / 2, EMBEDDED.len() - 1] {
            assert!(parse(&EMBEDDED[..length]).is_none(), "{length}");
        }
        assert!(parse(b"fimble-ngrams-1\n{\"vocabulary\":8}\n").is_none());
    }

    /// The recipe's `hashed` gives this number for 0 and then the tokens 7 and 300.
    #[test]
    fn the_hash_is_that_of_the_recipe() {
        assert_eq!(extend_hash(extend_hash(0, 7), 300), 0x7aa1b382ce43f8ea);
    }

    #[test]
    fn a_context_has_all_its_followers_and_no_others() {
        let table = parse(EMBEDDED).unwrap().table;
        let (continuations, length) = table.continuations(&[]);
        assert_eq!((continuations.len(), length), (0, 0));
        let probabilities: Vec<f32> = table.entries.iter().map(|entry| f32::from(entry.probability)).collect();
        assert!(probabilities.iter().all(|probability| *probability > 0.0));
        for bucket in table.buckets.windows(2) {
            let entries = &table.entries[bucket[0] as usize..bucket[1] as usize];
            assert!(entries.is_sorted_by_key(|entry| entry.check));
            let most = entries.chunk_by(|a, b| a.check == b.check).map(<[Entry]>::len).max();
            // A context has at most three followers. Now and then, two contexts share the 32 bits of bucket and check.
            assert!(most.unwrap_or_default() <= 9, "{most:?}");
        }
    }

    #[test]
    fn a_shorter_context_gets_what_a_longer_one_leaves_open() {
        let hash = |tokens: &[u32]| tokens.iter().rev().fold(0, |hash, token| extend_hash(hash, *token));
        let mut counted = [(hash(&[10, 11]), 12, 204), (hash(&[10, 11]), 13, 51), (hash(&[9, 10, 11]), 12, 102)];
        counted.sort_by_key(|(hash, ..)| *hash);
        let bucket = |hash: u64| (hash >> 48) as usize;
        let begin = |wanted| counted.iter().filter(|(hash, ..)| bucket(*hash) < wanted).count() as u32;
        let entry = |&(hash, follower, probability): &(u64, u16, u8)| Entry {
            check: (hash >> 32) as u16,
            follower,
            probability,
        };
        let buckets = (0..=BUCKETS).map(begin).collect();
        let table = Table { shortest: 2, longest: 6, buckets, entries: counted.iter().map(entry).collect() };
        let (continuations, length) = table.continuations(&[9, 10, 11]);
        assert_eq!(length, 3);
        assert!(
            (continuations[&12] - 0.4).abs() < 1e-6 && (continuations[&13] - 0.6 * 0.2).abs() < 1e-6,
            "{continuations:?}"
        );
    }
}
