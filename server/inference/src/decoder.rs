//! Chooses the tokens of one generation: greedily, first along what the user has typed, until something ends it.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fimble_completion::engine::{GeneratedToken, Watch};

use crate::interrupt::Interrupt;
use crate::known_tokens::Distribution;
use crate::vocabulary::Vocabulary;

pub(crate) struct Decoder {
    vocabulary: Arc<Vocabulary>,
    stops: Arc<HashSet<u32>>,
    /// Typed bytes that the next tokens have to spell.
    typed: Vec<u8>,
    /// They are white space alone, which is all the user wants of it: what follows begins with something else.
    indented: bool,
    /// Answers that this one is to differ from in its first token.
    unlike: Vec<String>,
    max_tokens: usize,
    watch: Watch,
    interrupt: Interrupt,
    asked: Instant,

    text: String,
    /// The beginning of a character whose other bytes are still to come.
    unfinished: Vec<u8>,
    tokens: Vec<GeneratedToken>,
    first_token: Option<Duration>,
    ended: bool,
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
    pub(crate) first_token: Option<Duration>,
    /// It came to its own end.
    pub(crate) completed: bool,
}

impl Decoder {
    pub(crate) fn new(
        vocabulary: Arc<Vocabulary>,
        stops: Arc<HashSet<u32>>,
        typed: Vec<u8>,
        max_tokens: usize,
        watch: Watch,
        interrupt: Interrupt,
    ) -> Self {
        Self {
            vocabulary,
            stops,
            indented: !typed.is_empty() && typed.iter().all(is_blank),
            typed,
            unlike: Vec::new(),
            max_tokens,
            watch,
            interrupt,
            asked: Instant::now(),
            text: String::new(),
            unfinished: Vec::new(),
            tokens: Vec::new(),
            first_token: None,
            ended: max_tokens == 0,
        }
    }

    /// The same with another answer than those of `unlike`.
    pub(crate) fn unlike(self, unlike: Vec<String>) -> Self {
        Self { unlike, ..self }
    }

    /// Takes the next token. After the one that ends the generation, [`Self::has_ended`] is true.
    pub(crate) fn choose(&mut self, next: &Distribution) -> Choice {
        if self.has_ended() {
            return Choice::End;
        }
        let best = if self.typed.is_empty() {
            let indents = self.indented && self.text.is_empty() && self.unfinished.is_empty();
            let is_indent = |token| indents && self.vocabulary.bytes(token).first().is_some_and(is_blank);
            let allowed = |token| !is_indent(token) && !self.begins_earlier(token);
            next.best(allowed).map(|(token, log_probability)| (token, log_probability.exp()))
        } else {
            self.best_along_typed(next)
        };
        let Some((token, probability)) = best else { return Choice::NotKept };
        if self.stops.contains(&token) || self.vocabulary.bytes(token).is_empty() {
            self.ended = true;
            return Choice::End;
        }
        self.take(token, probability);
        Choice::Token(token)
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
        let Self { text, tokens, first_token, ended: completed, .. } = self;
        Decoded { text, tokens, first_token, completed }
    }

    /// Since the request was made.
    pub(crate) fn elapsed(&self) -> Duration {
        self.asked.elapsed()
    }

    /// The likeliest token that agrees with the typed bytes, with its probability among all that do. `None` where not all
    /// of these are known.
    fn best_along_typed(&self, next: &Distribution) -> Option<(u32, f32)> {
        let mut best: Option<(u32, f32)> = None;
        let mut total = 0.0;
        if !next.is_whole() {
            return None;
        }
        for token in self.vocabulary.beginning_with(&self.typed) {
            let indents = self.indented && self.vocabulary.bytes(token).get(self.typed.len()).is_some_and(is_blank);
            if indents || self.begins_earlier(token) {
                continue;
            }
            let Some(log_probability) = next.log_probability(token) else { continue };
            let probability = log_probability.exp();
            total += probability;
            if best.is_none_or(|(other, p)| log_probability > p || (log_probability == p && token < other)) {
                best = Some((token, log_probability));
            }
        }
        let (token, log_probability) = best?;
        Some((token, if total > 0.0 { (log_probability.exp() / total).min(1.0) } else { 0.0 }))
    }

    /// Whether `token` would begin this answer as an earlier one began.
    fn begins_earlier(&self, token: u32) -> bool {
        let bytes = self.vocabulary.bytes(token);
        let new = &bytes[self.typed.len().min(bytes.len())..];
        let is_first = self.text.is_empty() && self.unfinished.is_empty() && !new.is_empty();
        is_first && self.unlike.iter().any(|earlier| earlier.as_bytes().starts_with(new))
    }

    fn take(&mut self, token: u32, probability: f32) {
        self.first_token.get_or_insert_with(|| self.asked.elapsed());
        let bytes = self.vocabulary.bytes(token);
        let typed = bytes.len().min(self.typed.len());
        self.typed.drain(..typed);
        self.unfinished.extend_from_slice(&bytes[typed..]);
        let before = self.text.len();
        move_characters(&mut self.unfinished, &mut self.text);
        self.tokens.push(GeneratedToken { text_end: self.text.len(), probability });

        let watched = self.text.len() > before && (self.watch)(&self.text) == ControlFlow::Break(());
        self.ended = watched || self.tokens.len() >= self.max_tokens;
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
