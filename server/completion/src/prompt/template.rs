//! A template is a string such as `<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>{tail}` and the list of
//! its special tokens. Filling one yields pieces, never one string: a source file may contain the text of a special
//! token, and only the template may produce the token itself.

use std::collections::BTreeSet;

/// How a model family wants its prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FimTemplate {
    body: Vec<Element>,
    stops: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    Special(String),
    Literal(String),
    Prefix,
    Suffix,
    Tail,
}

/// The text of the file, as the model is to see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FimText<'a> {
    /// The file up to the pin.
    pub prefix: &'a str,
    /// The file after the cursor.
    pub suffix: &'a str,
    /// What was typed since the pin.
    pub tail: &'a str,
}

/// A filled template: what changes seldom in `pieces`, what changes with each key in `tail`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    pub pieces: Vec<Piece>,
    /// Typed text that the generation continues. It stands behind all pieces, and may end in the middle of a token.
    pub tail: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// One token of the vocabulary, by its text.
    Special(String),
    /// Ordinary text, also where it happens to spell a special token.
    Text(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("`{{{0}}}` must occur exactly once")]
    Placeholder(&'static str),
    #[error("nothing may follow `{{tail}}`")]
    TailNotLast,
    #[error("an empty special token")]
    EmptySpecial,
}

impl FimTemplate {
    /// `special` are the tokens of `body` (which may list more than occur in it), `stops` the tokens that end a
    /// generation.
    pub fn parse(body: &str, special: &[&str], stops: &[&str]) -> Result<Self, TemplateError> {
        if special.iter().chain(stops).any(|token| token.is_empty()) {
            return Err(TemplateError::EmptySpecial);
        }
        let body = elements(body, special);
        for (element, name) in [(Element::Prefix, "prefix"), (Element::Suffix, "suffix"), (Element::Tail, "tail")] {
            if body.iter().filter(|other| **other == element).count() != 1 {
                return Err(TemplateError::Placeholder(name));
            }
        }
        if body.last() != Some(&Element::Tail) {
            return Err(TemplateError::TailNotLast);
        }
        Ok(Self { body, stops: stops.iter().map(ToString::to_string).collect() })
    }

    pub fn fill(&self, text: FimText<'_>) -> Prompt {
        let mut pieces: Vec<Piece> = Vec::new();
        for element in &self.body {
            match element {
                Element::Special(token) => pieces.push(Piece::Special(token.clone())),
                Element::Literal(literal) => push_text(&mut pieces, literal),
                Element::Prefix => push_text(&mut pieces, text.prefix),
                Element::Suffix => push_text(&mut pieces, text.suffix),
                Element::Tail => {}
            }
        }
        Prompt { pieces, tail: text.tail.to_owned() }
    }

    /// The special tokens that the vocabulary must have for this template to work.
    pub fn special_tokens(&self) -> BTreeSet<&str> {
        self.body
            .iter()
            .filter_map(|element| match element {
                Element::Special(token) => Some(token.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Tokens that end a generation. The vocabulary need not have all of them.
    pub fn stops(&self) -> &[String] {
        &self.stops
    }
}

/// Adjacent texts become one piece, so that a literal space and the file's text are tokenized together.
fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(Piece::Text(before)) => before.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

fn elements(mut body: &str, special: &[&str]) -> Vec<Element> {
    let placeholders = [("{prefix}", Element::Prefix), ("{suffix}", Element::Suffix), ("{tail}", Element::Tail)];
    let mut elements = Vec::new();
    let mut literal = String::new();
    while let Some(first) = body.chars().next() {
        let placeholder = placeholders.iter().find(|(name, _)| body.starts_with(name));
        let token = special.iter().filter(|token| body.starts_with(**token)).max_by_key(|token| token.len());
        let (length, element) = match (placeholder, token) {
            (Some((name, element)), _) => (name.len(), Some(element.clone())),
            (None, Some(token)) => (token.len(), Some(Element::Special((*token).to_owned()))),
            (None, None) => {
                literal.push(first);
                (first.len_utf8(), None)
            }
        };
        if let Some(element) = element {
            if !literal.is_empty() {
                elements.push(Element::Literal(std::mem::take(&mut literal)));
            }
            elements.push(element);
        }
        body = &body[length..];
    }
    if !literal.is_empty() {
        elements.push(Element::Literal(literal));
    }
    elements
}
