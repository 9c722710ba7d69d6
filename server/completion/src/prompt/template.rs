//! Prompt templates. A template is a string such as `<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>{tail}`
//! together with a list of its special tokens. Filling it returns pieces instead of one string, because a source file
//! may contain the text of a special token, and only the template may produce the token itself.

use std::collections::BTreeSet;
use std::sync::Arc;

/// The prompt format of a model family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FimTemplate {
    body: Vec<Element>,
    files: Option<Files>,
    stops: Vec<String>,
}

/// How other files are placed before the body: a head, the format of each file, and the start of the file that the body
/// belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Files {
    head: Vec<Element>,
    each: Vec<Element>,
    here: Vec<Element>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    Special(String),
    Literal(String),
    Prefix,
    Suffix,
    Tail,
    Project,
    Path,
    Excerpt,
}

/// What the model sees, before it is put into the format of the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FimText {
    /// Code from other files, or from other places in this file, in prompt order.
    pub excerpts: Arc<[Excerpt]>,
    /// The file that is completed.
    pub file: FileName,
    /// The file up to the pin.
    pub prefix: String,
    /// The file after the cursor.
    pub suffix: String,
    /// The text typed since the pin.
    pub tail: String,
}

/// The names that identify a file when other files are shown with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileName {
    /// The name of the workspace folder.
    pub project: Arc<str>,
    /// The path relative to that folder.
    pub path: Arc<str>,
    /// The marker of a line comment in this file's language.
    pub line_comment: Option<&'static str>,
}

/// A part of a file that is relevant in another place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    pub path: Arc<str>,
    /// Complete lines, without the final line break.
    pub text: String,
}

/// A filled template. `pieces` rarely changes while the user types; `tail` changes with every key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    pub pieces: Vec<Piece>,
    /// Typed text that the generation continues. It comes after all pieces and may end within a token.
    pub tail: String,
}

/// A part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A single token of the vocabulary, given by its text.
    Special(String),
    /// Ordinary text, even if it spells a special token.
    Text(String),
}

/// Why a template was rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("`{{{0}}}` must occur exactly once")]
    Placeholder(&'static str),
    #[error("nothing may follow `{{tail}}`")]
    TailNotLast,
    #[error("an empty special token")]
    EmptySpecial,
}

impl FimText {
    /// The text of a single file.
    pub fn of_file(prefix: impl Into<String>, suffix: impl Into<String>, tail: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), suffix: suffix.into(), tail: tail.into(), ..Self::default() }
    }

    /// Moves the excerpts into comments at the start of the file, for formats that can only show one file. Without a
    /// comment marker, the excerpts are dropped.
    pub fn with_excerpts_as_comments(&self) -> Self {
        let comments = |marker| self.excerpts.iter().map(|excerpt| commented(excerpt, marker)).collect();
        let comments: String = self.file.line_comment.map_or_else(String::new, comments);
        Self { excerpts: Arc::default(), prefix: comments + &self.prefix, ..self.clone() }
    }
}

impl FimTemplate {
    /// Parses a template. `special` lists the special tokens in `body`, and may list more. `stops` lists the tokens
    /// that end a generation.
    ///
    /// Returns an error if `body` does not contain each placeholder exactly once, if anything follows `{tail}`, or if a
    /// token is empty.
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
        Ok(Self { body, files: None, stops: stops.iter().map(ToString::to_string).collect() })
    }

    /// Adds the format of other files, for models that were trained with them. `head` comes first and may contain
    /// `{project}`. `each` is repeated for each file, with `{path}` and `{excerpt}`. `here` starts the file of the body
    /// and may contain `{path}`.
    pub fn with_files(self, [head, each, here]: [&str; 3], special: &[&str]) -> Self {
        let [head, each, here] = [head, each, here].map(|part| elements(part, special));
        Self { files: Some(Files { head, each, here }), ..self }
    }

    /// Drops the format of other files if the vocabulary lacks one of its special tokens.
    pub fn fitted_to(self, has_token: impl Fn(&str) -> bool) -> Self {
        let fits = |files: &Files| {
            special_tokens([&files.head, &files.each, &files.here].into_iter().flatten()).iter().all(|it| has_token(it))
        };
        Self { files: self.files.filter(fits), ..self }
    }

    /// Fills the template. If the format cannot show other files, the excerpts become comments at the start of this
    /// file.
    pub fn fill(&self, text: &FimText) -> Prompt {
        let mut pieces: Vec<Piece> = Vec::new();
        let FileName { project, path, .. } = &text.file;
        let commented;
        let FimText { prefix, suffix, .. } = match &self.files {
            _ if text.excerpts.is_empty() => text,
            Some(files) => {
                push(&mut pieces, &files.head, |_| project);
                for excerpt in &*text.excerpts {
                    let slot = |slot: &Element| if *slot == Element::Path { &*excerpt.path } else { &*excerpt.text };
                    push(&mut pieces, &files.each, slot);
                }
                push(&mut pieces, &files.here, |_| path);
                text
            }
            None => {
                commented = text.with_excerpts_as_comments();
                &commented
            }
        };
        push(&mut pieces, &self.body, |slot| match slot {
            Element::Prefix => prefix,
            Element::Suffix => suffix,
            _ => "",
        });
        Prompt { pieces, tail: text.tail.clone() }
    }

    /// The special tokens that the vocabulary must contain.
    pub fn special_tokens(&self) -> BTreeSet<&str> {
        special_tokens(&self.body)
    }

    /// All special tokens, including those that are only used for other files.
    pub fn all_special_tokens(&self) -> BTreeSet<&str> {
        let files = self.files.iter().flat_map(|files| files.head.iter().chain(&files.each).chain(&files.here));
        special_tokens(self.body.iter().chain(files))
    }

    /// The tokens that end a generation. The vocabulary need not contain all of them.
    pub fn stops(&self) -> &[String] {
        &self.stops
    }
}

fn special_tokens<'a>(elements: impl IntoIterator<Item = &'a Element>) -> BTreeSet<&'a str> {
    let special = |element: &'a Element| match element {
        Element::Special(token) => Some(token.as_str()),
        _ => None,
    };
    elements.into_iter().filter_map(special).collect()
}

/// Appends `elements`, calling `slot` for the text of each placeholder.
fn push<'a>(pieces: &mut Vec<Piece>, elements: &[Element], slot: impl Fn(&Element) -> &'a str) {
    for element in elements {
        match element {
            Element::Special(token) => pieces.push(Piece::Special(token.clone())),
            Element::Literal(literal) => push_text(pieces, literal),
            _ => push_text(pieces, slot(element)),
        }
    }
}

fn commented(excerpt: &Excerpt, marker: &str) -> String {
    let lines = std::iter::once(&*excerpt.path).chain(excerpt.text.lines());
    lines.map(|line| format!("{marker} {line}").trim_end().to_owned() + "\n").collect()
}

/// Joins adjacent texts into one piece, so that they are tokenized together.
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
    let placeholders = [
        ("{prefix}", Element::Prefix),
        ("{suffix}", Element::Suffix),
        ("{tail}", Element::Tail),
        ("{project}", Element::Project),
        ("{path}", Element::Path),
        ("{excerpt}", Element::Excerpt),
    ];
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
