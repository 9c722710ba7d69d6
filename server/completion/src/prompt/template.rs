//! A template is a string such as `<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>{tail}` and the list of
//! its special tokens. Filling one yields pieces, never one string: a source file may contain the text of a special
//! token, and only the template may produce the token itself.

use std::collections::BTreeSet;
use std::sync::Arc;

/// How a model family wants its prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FimTemplate {
    body: Vec<Element>,
    files: Option<Files>,
    stops: Vec<String>,
}

/// How other files stand before the body: what begins them, each of them, and what begins the file of the body.
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

/// What a model is to see, before it is put into the model's format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FimText {
    /// Of other files, or far-off places of this one, in the order in which they are read.
    pub excerpts: Arc<[Excerpt]>,
    pub file: FileName,
    /// The file up to the pin.
    pub prefix: String,
    /// The file after the cursor.
    pub suffix: String,
    /// What was typed since the pin.
    pub tail: String,
}

/// What a file is called where others are shown beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileName {
    /// The folder that is being worked on.
    pub project: Arc<str>,
    /// Relative to that folder.
    pub path: Arc<str>,
    /// What begins a comment in it.
    pub line_comment: Option<&'static str>,
}

/// A part of a file that is worth knowing elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    pub path: Arc<str>,
    /// Whole lines, without the last line break.
    pub text: String,
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

impl FimText {
    /// Of a file by itself.
    pub fn of_file(prefix: impl Into<String>, suffix: impl Into<String>, tail: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), suffix: suffix.into(), tail: tail.into(), ..Self::default() }
    }

    /// The same where nothing but one file can be shown: excerpts are comments at its beginning. Where the language has no
    /// comments they are left out.
    pub fn with_excerpts_as_comments(&self) -> Self {
        let comments = |marker| self.excerpts.iter().map(|excerpt| commented(excerpt, marker)).collect();
        let comments: String = self.file.line_comment.map_or_else(String::new, comments);
        Self { excerpts: Arc::default(), prefix: comments + &self.prefix, ..self.clone() }
    }
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
        Ok(Self { body, files: None, stops: stops.iter().map(ToString::to_string).collect() })
    }

    /// The same for a model that was trained with other files before the body: `head` begins them (`{project}`), `each` is
    /// one (`{path}`, `{excerpt}`), and `here` begins the file of the body (`{path}`).
    pub fn with_files(self, [head, each, here]: [&str; 3], special: &[&str]) -> Self {
        let [head, each, here] = [head, each, here].map(|part| elements(part, special));
        Self { files: Some(Files { head, each, here }), ..self }
    }

    /// The same for a vocabulary: without the format of other files if that lacks one of its tokens.
    pub fn fitted_to(self, has_token: impl Fn(&str) -> bool) -> Self {
        let fits = |files: &Files| {
            special_tokens([&files.head, &files.each, &files.here].into_iter().flatten()).iter().all(|it| has_token(it))
        };
        Self { files: self.files.filter(fits), ..self }
    }

    /// Where the format has no place for other files, they are comments at the beginning of this one.
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

    /// The special tokens that the vocabulary must have for this template to work.
    pub fn special_tokens(&self) -> BTreeSet<&str> {
        special_tokens(&self.body)
    }

    /// The same, and those that are only used where there are other files.
    pub fn all_special_tokens(&self) -> BTreeSet<&str> {
        let files = self.files.iter().flat_map(|files| files.head.iter().chain(&files.each).chain(&files.here));
        special_tokens(self.body.iter().chain(files))
    }

    /// Tokens that end a generation. The vocabulary need not have all of them.
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

/// Pushes `elements`, with what `slot` says of each that is to be filled.
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
