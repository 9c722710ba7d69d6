//! Chooses the tokens of one answer: greedily, first along what the user has typed, until something ends it. What was
//! nearly chosen is noted for a search.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fimble_completion::engine::{GeneratedToken, StopDecision, StoppingCriteria};

use crate::interrupt::Interrupt;
use crate::logit_cache::{Distribution, likelier};
use crate::vocabulary::Vocabulary;

/// A place takes part in a search with so many tokens: its likeliest, and those after that.
const CANDIDATES: usize = 4;

#[derive(Clone)]
pub(crate) struct Decoder {
    vocabulary: Arc<Vocabulary>,
    stops: Arc<HashSet<u32>>,
    /// Typed bytes that the next tokens have to spell.
    typed: Vec<u8>,
    /// They are white space alone, which is all the user wants of it: what follows waiting with something else.
    indented: bool,
    /// Answers that this one is to differ from in its first token.
    avoid: Vec<String>,
    max_tokens: usize,
    stopping: StoppingCriteria,
    interrupt: Interrupt,
    asked: Instant,
    /// `None` where nothing is searched for.
    bounds: Option<Bounds>,

    /// What was chosen, a token that ends the answer included.
    path: Path,
    branches: Vec<Path>,
    text: String,
    /// The beginning of a character whose other bytes are still to come.
    unfinished: Vec<u8>,
    tokens: Vec<GeneratedToken>,
    first_token: Option<Duration>,
    cut: Option<usize>,
    whole: bool,
    ended: bool,
}

/// Tokens from the start of an answer on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Path {
    /// With the logarithm of the probability of each.
    pub(crate) tokens: Vec<(u32, f32)>,
    /// Of all of them, as a natural logarithm.
    pub(crate) log_probability: f32,
}

/// Where an answer of a search is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// As soon as it is no likelier than this, as a natural logarithm.
    pub(crate) log_probability: f32,
    pub(crate) until: Option<Instant>,
}

impl Bounds {
    pub(crate) const NONE: Self = Self { log_probability: f32::NEG_INFINITY, until: None };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Token(u32),
    End,
    /// The distribution was kept in part, and not the part that is needed.
    NotKept,
}

/// What a decoder has produced.
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) tokens: Vec<GeneratedToken>,
    /// How much of the text is worth showing, where it was cut.
    pub(crate) cut: Option<usize>,
    /// It came to its own end.
    pub(crate) completed: bool,
}

impl Decoder {
    pub(crate) fn new(
        vocabulary: Arc<Vocabulary>,
        stops: Arc<HashSet<u32>>,
        typed: Vec<u8>,
        max_tokens: usize,
        stopping: StoppingCriteria,
        interrupt: Interrupt,
    ) -> Self {
        Self {
            vocabulary,
            stops,
            indented: !typed.is_empty() && typed.iter().all(is_blank),
            typed,
            avoid: Vec::new(),
            max_tokens,
            stopping,
            interrupt,
            asked: Instant::now(),
            bounds: None,
            path: Path::default(),
            branches: Vec::new(),
            text: String::new(),
            unfinished: Vec::new(),
            tokens: Vec::new(),
            first_token: None,
            cut: None,
            whole: false,
            ended: max_tokens == 0,
        }
    }

    /// The same with another answer than those of `avoid`.
    pub(crate) fn avoid(self, avoid: Vec<String>) -> Self {
        Self { avoid, ..self }
    }

    /// Takes the next token. After the one that ends the generation, [`Self::has_ended`] is true.
    pub(crate) fn choose(&mut self, next: &Distribution) -> Choice {
        if self.has_ended() {
            return Choice::End;
        }
        let candidates = if self.typed.is_empty() {
            let indents = self.indented && self.text.is_empty() && self.unfinished.is_empty();
            let is_indent = |token| indents && self.vocabulary.bytes(token).first().is_some_and(is_blank);
            next.likeliest(CANDIDATES, |token| !is_indent(token) && !self.begins_earlier(token))
        } else {
            self.likeliest_along_typed(next)
        };
        let Some(((token, log_probability), others)) = candidates.split_first() else { return Choice::NotKept };
        if self.bounds.is_some() {
            self.branches.extend(others.iter().map(|(token, log_probability)| self.path.and(*token, *log_probability)));
        }
        self.take(*token, *log_probability)
    }

    /// The same for a search, which has chosen the tokens of `path`.
    pub(crate) fn along(self, path: &Path, bounds: Bounds) -> Self {
        let mut decoder = Self { bounds: Some(bounds), ..self };
        for (token, log_probability) in &path.tokens {
            decoder.take(*token, *log_probability);
        }
        decoder
    }

    /// What was chosen so far, a token that ends the answer included.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was nearly chosen.
    pub(crate) fn take_branches(&mut self) -> Vec<Path> {
        mem::take(&mut self.branches)
    }

    /// The answer has an end. Of one that was broken off nobody knows how likely it is.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// It has an end within its bounds, and says something.
    pub(crate) fn is_found(&self) -> bool {
        self.whole && !self.text.trim().is_empty() && !self.is_out_of_bounds()
    }

    /// Tokens of its answer.
    pub(crate) fn length(&self) -> usize {
        self.tokens.len()
    }

    /// From the request to the first token.
    pub(crate) fn first_token(&self) -> Option<Duration> {
        self.first_token
    }

    /// It has come to its own end.
    pub(crate) fn is_done(&self) -> bool {
        self.ended
    }

    /// Also if it was interrupted, at any time.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended || self.interrupt.is_set()
    }

    pub(crate) fn finish(self) -> Decoded {
        let Self { text, tokens, cut, ended: completed, .. } = self;
        Decoded { text, tokens, cut, completed }
    }

    /// Since the request was made.
    pub(crate) fn elapsed(&self) -> Duration {
        self.asked.elapsed()
    }

    /// The likeliest tokens that agree with the typed bytes, with their probability among all that do. None where not all of
    /// these are known.
    fn likeliest_along_typed(&self, next: &Distribution) -> Vec<(u32, f32)> {
        if !next.is_whole() {
            return Vec::new();
        }
        let indents =
            |token: &u32| self.indented && self.vocabulary.bytes(*token).get(self.typed.len()).is_some_and(is_blank);
        let agreeing = self.vocabulary.beginning_with(&self.typed).into_iter();
        let allowed = agreeing.filter(|token| !indents(token) && !self.begins_earlier(*token));
        let mut tokens: Vec<(u32, f32)> =
            allowed.filter_map(|token| Some((token, next.log_probability(token)?))).collect();
        let total = tokens.iter().map(|(_, log_probability)| log_probability.exp()).sum::<f32>().ln();
        tokens.sort_unstable_by(likelier);
        tokens.truncate(CANDIDATES);
        for (_, log_probability) in &mut tokens {
            // Where all are next to impossible, nothing is known of them.
            *log_probability = if total.is_finite() { (*log_probability - total).min(0.0) } else { f32::NEG_INFINITY };
        }
        tokens
    }

    /// Whether `token` would begin this answer as an earlier one began. A token may be an answer with the line's end, which
    /// makes it no other.
    fn begins_earlier(&self, token: u32) -> bool {
        let bytes = self.vocabulary.bytes(token);
        let new = &bytes[self.typed.len().min(bytes.len())..];
        let line = new.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        let new = if line.is_empty() { new } else { line };
        let is_first = self.text.is_empty() && self.unfinished.is_empty() && !new.is_empty();
        is_first && self.avoid.iter().any(|earlier| earlier.as_bytes().starts_with(new))
    }

    fn take(&mut self, token: u32, log_probability: f32) -> Choice {
        self.path.tokens.push((token, log_probability));
        self.path.log_probability += log_probability;
        if self.stops.contains(&token) || self.vocabulary.bytes(token).is_empty() {
            (self.whole, self.ended) = (true, true);
            return Choice::End;
        }
        self.first_token.get_or_insert_with(|| self.asked.elapsed());
        let bytes = self.vocabulary.bytes(token);
        let typed = bytes.len().min(self.typed.len());
        self.typed.drain(..typed);
        self.unfinished.extend_from_slice(&bytes[typed..]);
        let before = self.text.len();
        move_characters(&mut self.unfinished, &mut self.text);
        self.tokens.push(GeneratedToken { text_end: self.text.len(), probability: log_probability.exp() });

        let decision =
            if self.text.len() > before { (self.stopping)(&self.text, before) } else { StopDecision::Continue };
        if let StopDecision::Truncate(cut) = decision {
            self.cut = Some(cut);
        }
        self.whole = decision == StopDecision::Complete;
        self.ended =
            decision != StopDecision::Continue || self.tokens.len() >= self.max_tokens || self.is_out_of_bounds();
        Choice::Token(token)
    }

    fn is_out_of_bounds(&self) -> bool {
        self.bounds.is_some_and(|Bounds { log_probability, until }| {
            self.path.log_probability <= log_probability || until.is_some_and(|until| Instant::now() > until)
        })
    }
}

/// Likelier ones are greater.
impl Ord for Path {
    fn cmp(&self, other: &Self) -> Ordering {
        self.log_probability.total_cmp(&other.log_probability)
    }
}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Path {}

impl Path {
    fn and(&self, token: u32, log_probability: f32) -> Self {
        let mut tokens = Vec::with_capacity(self.tokens.len() + 1);
        tokens.extend_from_slice(&self.tokens);
        tokens.push((token, log_probability));
        Self { tokens, log_probability: self.log_probability + log_probability }
    }
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Moves what is whole; bytes that can be no part of any character become U+FFFD.
fn move_characters(bytes: &mut Vec<u8>, text: &mut String) {
    let mut rest = &bytes[..];
    loop {
        match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                rest = &[];
                break;
            }
            Err(error) => {
                let (valid, after) = rest.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(valid));
                rest = after;
                match error.error_len() {
                    Some(length) => {
                        text.push(char::REPLACEMENT_CHARACTER);
                        rest = &rest[length..];
                    }
                    None => break,
                }
            }
        }
    }
    *bytes = rest.to_vec();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_moved_when_whole() {
        let mut bytes = "é😀".as_bytes()[..4].to_vec();
        let mut text = String::new();
        move_characters(&mut bytes, &mut text);
        assert_eq!((text.as_str(), bytes.len()), ("é", 2));
        bytes.extend(&"😀".as_bytes()[2..]);
        move_characters(&mut bytes, &mut text);
        assert_eq!((text.as_str(), bytes.len()), ("é😀", 0));
        bytes.extend(b"\xffa");
        move_characters(&mut bytes, &mut text);
        assert_eq!(text, "é😀\u{fffd}a");
    }
}
