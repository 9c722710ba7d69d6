//! `fimble complete`: prints the completion that an editor would get at one position of a file.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use fimble::settings::Options;
use fimble_completion::complete::{Completion, Cursor, complete};
use fimble_completion::context::Surroundings;
use fimble_completion::document::Document;
use fimble_completion::engine::{Cancel, Engine, Priority, Usage};
use fimble_completion::language::Language;
use fimble_completion::settings::Multiline;
use serde::Serialize;

use super::Common;
use super::engine::{LoadedEngine, Stages, load, milliseconds};

#[derive(Args)]
pub(super) struct Arguments {
    /// Position to complete at; lines and columns are counted from 1, columns in characters
    #[arg(value_name = "FILE:LINE:COLUMN")]
    position: FilePosition,
    /// Print the completion, its timing and its token counts as JSON
    #[arg(long)]
    json: bool,
    /// Maximum number of tokens to generate
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1024))]
    max_tokens: Option<u64>,
    /// Whether to complete more than the rest of the line
    #[arg(long, value_name = "WHEN")]
    multiline: Option<When>,
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
    /// Only where the syntax expects a block
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct FilePosition {
    file: PathBuf,
    line: usize,
    column: usize,
}

impl FromStr for FilePosition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A path may contain colons, so the numbers are parsed from the end.
        let mut parts = text.rsplitn(3, ':');
        let number = |part: Option<&str>| part?.parse::<usize>().ok().filter(|number| *number > 0);
        let column = number(parts.next());
        let line = number(parts.next());
        match (parts.next(), line, column) {
            (Some(file), Some(line), Some(column)) if !file.is_empty() => Ok(Self { file: file.into(), line, column }),
            _ => Err("expected FILE:LINE:COLUMN, such as src/main.rs:10:5".to_owned()),
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    items: Vec<Item<'a>>,
    timing: Times,
    tokens: Usage,
    model: &'a str,
    /// See [`ModelInfo::engine`](fimble_completion::engine::ModelInfo).
    engine: &'static str,
}

#[derive(Serialize)]
struct Item<'a> {
    insert_text: &'a str,
    confidence: f32,
}

#[derive(Serialize)]
struct Times {
    #[serde(flatten)]
    stages: Stages,
    load_ms: f64,
}

pub(super) fn run(arguments: Arguments, common: &Common) -> anyhow::Result<ExitCode> {
    let (document, offset) = open(&arguments.position)?;
    let from_arguments = Options {
        max_tokens: arguments.max_tokens.map(usize::try_from).transpose()?,
        multiline: arguments.multiline.map(|when| match when {
            When::Auto => Multiline::Auto,
            When::Always => Multiline::Always,
            When::Never => Multiline::Never,
        }),
        ..Options::default()
    };
    let LoadedEngine { engine, settings, load_time, .. } = load(common, from_arguments)?;
    let settings = settings.completion;
    let surroundings = Surroundings { same_file: true, ..Surroundings::default() };
    let cursor = Cursor::new(document, offset, surroundings);
    let Completion { suggestion, usage, timing, .. } =
        complete(&cursor, &settings, &engine, Priority::Foreground, &Cancel::default())?;

    let mut stdout = io::stdout().lock();
    if arguments.json {
        let items = suggestion.iter().map(|it| Item { insert_text: &it.text, confidence: it.confidence }).collect();
        let report = Report {
            items,
            timing: Times { stages: timing.into(), load_ms: milliseconds(load_time) },
            tokens: usage,
            model: &engine.model().id.name,
            engine: engine.model().engine,
        };
        writeln!(stdout, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(stdout, "{}", suggestion.map(|suggestion| suggestion.text).unwrap_or_default())?;
        if stdout.is_terminal() {
            writeln!(stdout)?;
        }
    }
    stdout.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn open(position: &FilePosition) -> anyhow::Result<(Document, usize)> {
    let name = position.file.display();
    let bytes = std::fs::read(&position.file).with_context(|| format!("cannot read `{name}`"))?;
    let Ok(text) = String::from_utf8(bytes) else { bail!("`{name}` is not UTF-8; fimble only completes UTF-8 text") };
    let document = Document::new(name.to_string(), Language::from_path(&position.file), 0, &text);

    let rope = document.text();
    let lines = rope.len_lines();
    if position.line > lines {
        bail!("`{name}` has {lines} lines; there is no line {}", position.line);
    }
    let line = rope.line(position.line - 1);
    let line_break = line.chars_at(line.len_chars()).reversed().take_while(|c| matches!(c, '\n' | '\r')).count();
    let columns = line.len_chars() - line_break + 1;
    if position.column > columns {
        bail!("line {} of `{name}` ends at column {columns}; there is no column {}", position.line, position.column);
    }
    let offset = rope.char_to_byte(rope.line_to_char(position.line - 1) + position.column - 1);
    Ok((document, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_the_numbers_from_the_end_of_the_argument() {
        let position = |text: &str| text.parse::<FilePosition>().ok();
        let expected = |file: &str, line, column| Some(FilePosition { file: file.into(), line, column });
        assert_eq!(position("a.rs:3:14"), expected("a.rs", 3, 14));
        assert_eq!(position(r"C:\a b.rs:3:14"), expected(r"C:\a b.rs", 3, 14));
        for invalid in ["a.rs", "a.rs:3", ":3:1", "a.rs:0:1", "a.rs:1:0", "a.rs:-1:2", "a.rs:1:x"] {
            assert_eq!(position(invalid), None, "{invalid}");
        }
    }
}
