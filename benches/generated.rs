//! Generates source files of any length from templates and changing names. They are the same in every run.

/// A generated file.
pub(crate) struct Generated {
    pub(crate) text: String,
    /// The byte offset of the end of an unfinished statement, near the middle of `text`.
    pub(crate) statement: usize,
    /// The byte offset of an empty line near the statement, outside all blocks.
    pub(crate) top_level: usize,
}

/// Nouns and verbs for names. The lengths of the two lists share no factor, so pairs repeat late.
const NOUNS: [&str; 11] =
    ["account", "order", "parser", "route", "session", "vector", "token", "window", "record", "sensor", "invoice"];
const VERBS: [&str; 7] = ["update", "resolve", "collect", "validate", "merge", "render", "schedule"];

const RUST: &str = r#"
/// Keeps what is known of one {noun}, and what it has cost so far.
#[derive(Debug, Clone, PartialEq)]
pub struct {Noun}{n} {
    pub name: String,
    entries: Vec<(u32, f64)>,
    limit: Option<usize>,
}

impl {Noun}{n} {
    pub fn new(name: impl Into<String>, limit: Option<usize>) -> Self {
        Self { name: name.into(), entries: Vec::new(), limit }
    }

    /// Adds `value` unless the {noun} is full. Returns the number of entries.
    pub fn {verb}(&mut self, key: u32, value: f64) -> Result<usize, {Noun}{n}Error> {
        if self.limit.is_some_and(|limit| self.entries.len() >= limit) {
            return Err({Noun}{n}Error::Full { name: self.name.clone() });
        }
        match self.entries.iter_mut().find(|(other, _)| *other == key) {
            Some((_, old)) => *old += value,
            None => self.entries.push((key, value)),
        }
        Ok(self.entries.len())
    }

    pub fn total(&self) -> f64 {
        let mut sum = 0.0;
        for (key, value) in &self.entries {
            // Every {n}th key is a correction.
            sum += if key % {n} == 0 { -value } else { *value };
        }
        sum
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum {Noun}{n}Error {
    Full { name: String },
    Unknown(u32),
}

pub fn {verb}_all_{n}(items: &mut [{Noun}{n}], keys: &HashMap<String, u32>) -> Result<f64, {Noun}{n}Error> {
    let mut total = 0.0;
    for item in items.iter_mut() {
        let key = keys.get(&item.name).copied().unwrap_or({n});
        item.{verb}(key, f64::from(key) * 1.5)?;
        println!("{:>8}: {key} → {:.2}", item.name, item.total());
        total += item.total();
    }
    Ok(total)
}
"#;

const RUST_TYPED: &str = r#"
fn describe(items: &[String]) -> String {
    let naïve = items.j
}
"#;

const PYTHON: &str = r#"

class {Noun}{n}Error(Exception):
    """Raised where a {noun} has no room left."""


class {Noun}{n}:
    """Keeps what is known of one {noun}, and what it has cost so far."""

    def __init__(self, name: str, limit: int | None = None) -> None:
        self.name = name
        self.limit = limit
        self.entries: dict[int, float] = {}

    def {verb}(self, key: int, value: float) -> int:
        """Adds `value` unless the {noun} is full. Returns the number of entries."""
        if self.limit is not None and len(self.entries) >= self.limit:
            raise {Noun}{n}Error(f"{self.name} is full")
        if key in self.entries:
            self.entries[key] += value
        else:
            self.entries[key] = value
        return len(self.entries)

    @property
    def total(self) -> float:
        total = 0.0
        for key, value in self.entries.items():
            # Every {n}th key is a correction.
            total += -value if key % {n} == 0 else value
        return total


def {verb}_all_{n}(items: list[{Noun}{n}], keys: dict[str, int]) -> float:
    total = 0.0
    for item in items:
        key = keys.get(item.name, {n})
        try:
            item.{verb}(key, key * 1.5)
        except {Noun}{n}Error as error:
            print(f"{item.name:>8}: {key} → {error}")
            continue
        total += item.total
    return total
"#;

const PYTHON_TYPED: &str = r#"

def describe(items):
    naïve = items.j
"#;

/// Generates a Rust file of at least `lines` lines, and less than one template more.
pub(crate) fn rust(lines: usize) -> Generated {
    generate("use std::collections::HashMap;\n", RUST, RUST_TYPED, lines)
}

/// Generates a Python file. See [`rust`].
pub(crate) fn python(lines: usize) -> Generated {
    generate("from __future__ import annotations\n", PYTHON, PYTHON_TYPED, lines)
}

fn generate(head: &str, template: &str, typed: &str, lines: usize) -> Generated {
    let copies = lines.div_ceil(template.matches('\n').count());
    let copy = |number: usize| {
        let (noun, verb) = (NOUNS[number % NOUNS.len()], VERBS[number % VERBS.len()]);
        let capitalized = format!("{}{}", noun[..1].to_uppercase(), &noun[1..]);
        template
            .replace("{noun}", noun)
            .replace("{Noun}", &capitalized)
            .replace("{verb}", verb)
            .replace("{n}", &(number + 2).to_string())
    };
    let mut text = head.to_owned();
    text.extend((0..copies / 2).map(copy));
    text.push_str(typed);
    let statement = text.trim_end_matches(['}', '\n']).len();
    let top_level = text.len();
    text.push('\n');
    text.extend((copies / 2..copies).map(copy));
    Generated { text, statement, top_level }
}
