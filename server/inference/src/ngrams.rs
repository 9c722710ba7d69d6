//! What follows what, counted: a second and a third opinion beside a small model's.
//!
//! A model's folder may hold `model.ngrams`, a table of what followed short contexts in the model's training set. At each
//! token the model is asked, the table, and the prompt itself, for what followed where its text was the same; how much each
//! counts depends on how sure it is, by weights that the table brings along. The mixture depends on nothing but the tokens,
//! so what is known of one prompt stays true. `models/train/ngrams.py` writes the table, and says what is in the file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::logit_cache::Distribution;
use crate::vocabulary::Vocabulary;

/// In a model's folder.
pub(crate) const TABLE_FILE: &str = "model.ngrams";

const MAGIC: &[u8] = b"fimble-ngrams-1\n";
const BUCKETS: usize = 1 << 16;

/// Tokens. What is the same for longer is no surer.
const LONGEST_MATCH: usize = 16;

/// What a source says comes next: probabilities of some tokens.
type Guess = BTreeMap<u32, f32>;

/// Of the model, the table and the prompt.
type Row = [f32; 3];

pub(crate) struct Mixture {
    table: Table,
    gate: Gate,
    /// For each token that ends a line, the one without the line's end, or the end of text where nothing is left; for others
    /// themselves.
    without_line_end: Vec<u32>,
    marks: Marks,
}

/// The special tokens that tell a prompt's parts apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marks {
    pub(crate) prefix: u32,
    pub(crate) suffix: u32,
    pub(crate) middle: u32,
    pub(crate) end_of_text: u32,
}

/// How much each source counts: the softmax of the sums of three rows, each for how sure one of the sources is. Logits on
/// reused KV differ a little from a cold engine's, so the model's row is interpolated between two: a border would be a jump.
#[derive(Deserialize)]
struct Gate {
    model: Vec<Row>,
    table: Vec<Row>,
    prompt: Vec<Row>,
}

#[derive(Deserialize)]
struct Header {
    vocabulary: usize,
    /// Tokens of a context.
    shortest: usize,
    longest: usize,
    gate: Gate,
}

struct Table {
    shortest: usize,
    longest: usize,
    /// Where each bucket's entries begin, and the last one's end.
    buckets: Vec<u32>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The part of its context's hash that the bucket does not say.
    check: u16,
    follower: u16,
    /// In 255ths.
    probability: u8,
}

/// A prompt's texts.
struct Parts {
    /// What stands before the next token: the file up to the pin and what was typed since.
    history: Vec<u32>,
    others: Vec<Vec<u32>>,
}

impl Gate {
    /// Probabilities of the likeliest token that a row is for.
    const MODEL: [f32; 7] = [0.0, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0];
    /// The same, for each length of context.
    const TABLE: [f32; 3] = [0.3, 0.6, 0.9];
    /// Tokens that are the same, and
    const MATCHES: [f32; 7] = [2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 16.0];
    /// how much of what followed them is one token.
    const SHARES: [f32; 2] = [0.5, 0.95];

    fn model_row(&self, likeliest: f32) -> Row {
        let below = place(&Self::MODEL, likeliest).clamp(1, Self::MODEL.len() - 1) - 1;
        let [from, to] = [Self::MODEL[below], Self::MODEL[below + 1]];
        let further = ((likeliest - from) / (to - from)).clamp(0.0, 1.0);
        [0, 1, 2].map(|source| (1.0 - further) * self.model[below][source] + further * self.model[below + 1][source])
    }

    fn fits(&self, lengths: usize) -> bool {
        self.model.len() == Self::MODEL.len()
            && self.table.len() == 1 + lengths * (Self::TABLE.len() + 1)
            && self.prompt.len() == 1 + (Self::MATCHES.len() + 1) * (Self::SHARES.len() + 1)
    }
}

impl Mixture {
    /// `None` where the model has no table. The table has to be of this vocabulary.
    pub(crate) fn load(folder: &Path, vocabulary: &Vocabulary, marks: Marks) -> Result<Option<Self>, String> {
        let path = folder.join(TABLE_FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let bytes = fs::read(&path).map_err(|error| format!("cannot read `{TABLE_FILE}`: {error}"))?;
        let (header, table) = parse(&bytes).ok_or_else(|| format!("`{TABLE_FILE}` is damaged"))?;
        if header.vocabulary != vocabulary.size() {
            return Err(format!("`{TABLE_FILE}` belongs to a model with another vocabulary"));
        }
        let without_line_end = without_line_ends(vocabulary, marks.end_of_text);
        Ok(Some(Self { table, gate: header.gate, without_line_end, marks }))
    }

    /// What model, table and prompt say together after `tokens`. What the model says has to be known whole.
    pub(crate) fn mix(&self, tokens: &[u32], model: Distribution) -> Distribution {
        let Distribution::Whole(mut mixed) = model else { return model };
        let parts = self.parts(tokens);
        let (known, context) = self.table.guess(&parts.history);
        let (same, length) = parts.repeated();
        let surest = mixed.iter().copied().fold(f32::NEG_INFINITY, f32::max).exp();
        let table_row = likeliest(&known).map_or(0, |likeliest| {
            1 + (context - self.table.shortest) * (Gate::TABLE.len() + 1) + place(&Gate::TABLE, likeliest)
        });
        let prompt_row = likeliest(&same).map_or(0, |likeliest| {
            1 + place(&Gate::MATCHES, length as f32) * (Gate::SHARES.len() + 1) + place(&Gate::SHARES, likeliest)
        });
        let rows = [self.gate.model_row(surest), self.gate.table[table_row], self.gate.prompt[prompt_row]];
        let counts = [true, !known.is_empty(), !same.is_empty()];
        let sums = [0, 1, 2].map(|source| rows.iter().map(|row| row[source]).sum::<f32>());
        let mut weights = [0, 1, 2].map(|source| if counts[source] { sums[source].exp() } else { 0.0 });
        let total: f32 = weights.iter().sum();
        weights = weights.map(|weight| weight / total);

        let mut added = Guess::new();
        for (guess, weight) in [(known, weights[1]), (same, weights[2])] {
            let total: f32 = guess.values().sum();
            for (token, probability) in guess {
                self.share(token, weight * probability / total, &mixed, &mut added);
            }
        }
        let model_weight = weights[0].ln();
        mixed.iter_mut().for_each(|log_probability| *log_probability += model_weight);
        for (token, probability) in added {
            if let Some(log_probability) = mixed.get_mut(token as usize) {
                *log_probability = (log_probability.exp() + probability).ln();
            }
        }
        Distribution::Whole(mixed)
    }

    /// Whether the answer ends with a line is for the model to say: the others do not know of ends.
    fn share(&self, token: u32, probability: f32, model: &[f32], added: &mut Guess) {
        let other = self.without_line_end.get(token as usize).copied().unwrap_or(token);
        let of_model = |token: u32| model.get(token as usize).map_or(0.0, |log_probability| log_probability.exp());
        let goes_on =
            if other == token { 1.0 } else { of_model(token) / (of_model(token) + of_model(other)).max(1e-30) };
        *added.entry(token).or_default() += probability * goes_on;
        *added.entry(other).or_default() += probability * (1.0 - goes_on);
    }

    fn parts(&self, tokens: &[u32]) -> Parts {
        let Marks { prefix, suffix, middle, .. } = self.marks;
        let mut parts = Parts { history: Vec::new(), others: Vec::new() };
        let mut tail = Vec::new();
        for part in tokens.split_inclusive(|token| self.is_mark(*token)).scan(None, |mark, part| {
            let before = *mark;
            *mark = part.last().copied().filter(|token| self.is_mark(*token));
            Some((before, &part[..part.len() - usize::from(mark.is_some())]))
        }) {
            match part {
                (Some(mark), text) if mark == prefix => parts.history = text.to_vec(),
                (Some(mark), text) if mark == middle => tail = text.to_vec(),
                (Some(mark), text) if mark == suffix => parts.others.push(text.to_vec()),
                (_, text) => parts.others.push(text.to_vec()),
            }
        }
        parts.history.append(&mut tail);
        parts
    }

    fn is_mark(&self, token: u32) -> bool {
        self.without_line_end.get(token as usize) == Some(&SPECIAL)
    }
}

/// Stands for special tokens in [`Mixture::without_line_end`].
const SPECIAL: u32 = u32::MAX;

impl Parts {
    /// What followed where a text of the prompt was the same as the last tokens, the longer the same the more it counts, and
    /// how many tokens were the same at most.
    fn repeated(&self) -> (Guess, usize) {
        let mut votes = Guess::new();
        let mut longest = 0;
        for source in self.others.iter().chain([&self.history]) {
            for (end, follower) in source.iter().enumerate().skip(1) {
                let same = source[..end].iter().rev().zip(self.history.iter().rev());
                let length = same.take(LONGEST_MATCH).take_while(|(a, b)| a == b).count();
                if length > 0 {
                    *votes.entry(*follower).or_default() += 4f32.powi(length as i32);
                    longest = longest.max(length);
                }
            }
        }
        let total: f32 = votes.values().sum();
        votes.values_mut().for_each(|vote| *vote /= total);
        (votes, longest)
    }
}

impl Table {
    /// What followed the longest context that is known, and that one's length. What it leaves open is the shorter ones' to say.
    fn guess(&self, history: &[u32]) -> (Guess, usize) {
        let mut found = (Guess::new(), 0);
        let mut state = 0;
        for (length, token) in history.iter().rev().take(self.longest).enumerate().map(|(at, token)| (at + 1, token)) {
            state = hashed(state, *token);
            let entries = self.entries(state);
            if length >= self.shortest && !entries.is_empty() {
                let said = entries.iter().map(|entry| (entry.follower.into(), f32::from(entry.probability) / 255.0));
                let said: Guess = said.collect();
                let left = (1.0 - said.values().sum::<f32>()).max(0.0);
                let (mut guess, _) = found;
                guess.values_mut().for_each(|probability| *probability *= left);
                guess.extend(said);
                found = (guess, length);
            }
        }
        found
    }

    fn entries(&self, state: u64) -> &[Entry] {
        let (bucket, check) = ((state >> 48) as usize, (state >> 32) as u16);
        let range = self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize;
        let entries = self.entries.get(range).unwrap_or_default();
        let from = &entries[entries.partition_point(|entry| entry.check < check)..];
        &from[..from.partition_point(|entry| entry.check == check)]
    }
}

/// One more token, from the last to the first: a context's hash goes on from that of the shorter one.
fn hashed(state: u64, token: u32) -> u64 {
    let state = (state ^ (u64::from(token) + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    state ^ (state >> 29)
}

fn parse(bytes: &[u8]) -> Option<(Header, Table)> {
    let bytes = bytes.strip_prefix(MAGIC)?;
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let header: Header = serde_json::from_slice(&bytes[..end]).ok()?;
    if header.shortest == 0 || header.longest < header.shortest {
        return None;
    }
    let (buckets, rest) = bytes[end + 1..].split_at_checked(4 * (BUCKETS + 1))?;
    let buckets: Vec<u32> = buckets.as_chunks().0.iter().map(|four| u32::from_le_bytes(*four)).collect();
    let size = *buckets.last()? as usize;
    if rest.len() != 5 * size || !buckets.is_sorted() || !header.gate.fits(header.longest - header.shortest + 1) {
        return None;
    }
    let (checks, rest) = rest.split_at(2 * size);
    let (followers, probabilities) = rest.split_at(2 * size);
    let numbers =
        |bytes: &[u8]| -> Vec<u16> { bytes.as_chunks().0.iter().map(|two| u16::from_le_bytes(*two)).collect() };
    let entries = numbers(checks).into_iter().zip(numbers(followers)).zip(probabilities);
    let entries = entries.map(|((check, follower), probability)| Entry { check, follower, probability: *probability });
    let table = Table { shortest: header.shortest, longest: header.longest, buckets, entries: entries.collect() };
    Some((header, table))
}

fn without_line_ends(vocabulary: &Vocabulary, end_of_text: u32) -> Vec<u32> {
    let size = u32::try_from(vocabulary.size()).unwrap_or(u32::MAX);
    let without = |token| {
        let bytes = vocabulary.bytes(token);
        match bytes {
            [] => SPECIAL,
            [.., b'\n'] => match bytes.trim_ascii_end() {
                [] => end_of_text,
                rest => vocabulary.spelled(rest).unwrap_or(token),
            },
            _ => token,
        }
    };
    (0..size).map(without).collect()
}

/// How many of the limits the value reaches.
fn place(limits: &[f32], value: f32) -> usize {
    limits.iter().filter(|limit| value >= **limit).count()
}

fn likeliest(guess: &Guess) -> Option<f32> {
    guess.values().copied().reduce(f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMBEDDED: &[u8] = include_bytes!("../../../models/embedded/model.ngrams");

    #[test]
    fn a_table_that_is_cut_or_of_something_else_is_refused() {
        assert!(parse(EMBEDDED).is_some());
        for length in [0, MAGIC.len(), 100, EMBEDDED.len() / 2, EMBEDDED.len() - 1] {
            assert!(parse(&EMBEDDED[..length]).is_none(), "{length}");
        }
        assert!(parse(b"fimble-ngrams-1\n{\"vocabulary\":8}\n").is_none());
    }

    /// As `ngrams.hashed` in the recipe: 0, then the tokens 7 and 300.
    #[test]
    fn a_hash_is_what_the_recipe_makes_of_it() {
        assert_eq!(hashed(hashed(0, 7), 300), 0x7aa1b382ce43f8ea);
    }

    #[test]
    fn of_one_context_all_followers_are_found_and_no_others() {
        let (_, table) = parse(EMBEDDED).unwrap();
        let known = |tokens: &[u32]| table.guess(tokens);
        let (followers, length) = known(&[]);
        assert_eq!((followers.len(), length), (0, 0));
        let probabilities: Vec<f32> = table.entries.iter().map(|entry| f32::from(entry.probability)).collect();
        assert!(probabilities.iter().all(|probability| *probability > 0.0));
        for bucket in table.buckets.windows(2) {
            let entries = &table.entries[bucket[0] as usize..bucket[1] as usize];
            assert!(entries.is_sorted_by_key(|entry| entry.check));
            let most = entries.chunk_by(|a, b| a.check == b.check).map(<[Entry]>::len).max();
            // Three of a context, and two contexts that look the same in 32 bits now and then.
            assert!(most.unwrap_or_default() <= 9, "{most:?}");
        }
    }

    #[test]
    fn what_a_long_context_leaves_open_is_a_shorter_ones_to_say() {
        let state = |tokens: &[u32]| tokens.iter().rev().fold(0, |state, token| hashed(state, *token));
        let mut known = [(state(&[10, 11]), 12, 204), (state(&[10, 11]), 13, 51), (state(&[9, 10, 11]), 12, 102)];
        known.sort_by_key(|(state, ..)| *state);
        let bucket = |state: u64| (state >> 48) as usize;
        let waiting = |wanted| known.iter().filter(|(state, ..)| bucket(*state) < wanted).count() as u32;
        let entry = |&(state, follower, probability): &(u64, u16, u8)| Entry {
            check: (state >> 32) as u16,
            follower,
            probability,
        };
        let buckets = (0..=BUCKETS).map(waiting).collect();
        let table = Table { shortest: 2, longest: 6, buckets, entries: known.iter().map(entry).collect() };
        let (guess, length) = table.guess(&[9, 10, 11]);
        assert_eq!(length, 3);
        assert!((guess[&12] - 0.4).abs() < 1e-6 && (guess[&13] - 0.6 * 0.2).abs() < 1e-6, "{guess:?}");
    }

    #[test]
    fn what_was_the_same_for_longer_counts_more() {
        let parts = Parts { history: vec![1, 2, 3, 9, 2, 3], others: vec![vec![3, 8], vec![7, 3, 8]] };
        let (guess, length) = parts.repeated();
        assert_eq!(length, 2);
        assert!(guess[&9] > guess[&8], "{guess:?}");
        assert!((guess.values().sum::<f32>() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_row_is_interpolated_and_the_borders_are_rows() {
        let rows: Vec<Row> = (0..7).map(|number| [number as f32, 0.0, 0.0]).collect();
        let gate = Gate { model: rows, table: Vec::new(), prompt: Vec::new() };
        let at = |likeliest| gate.model_row(likeliest)[0];
        assert_eq!([at(0.0), at(0.2), at(1.0), at(1.1)], [0.0, 1.0, 6.0, 6.0]);
        assert!((at(0.7) - 3.5).abs() < 1e-5);
    }
}
