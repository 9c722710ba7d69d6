//! `fimble replay`: types lines of a file through the language server and reports the cost of each key.

mod client;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use fimble::settings::{LogLevel, MachinePolicy, Options, user_file};
use fimble::{LoadEngine, ServeOptions};
use fimble_completion::language::Language;
use fimble_completion::settings::ContextScope;
use fimble_inference::EngineOptions;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::{Value, json};

use super::Common;
use super::ablation::{MechanismName, ablations};
use super::arguments::{ContextArgument, RoutingArgument};
use super::engine::{check_routing, milliseconds, start_log};
use super::lsp::load_engine;
use super::settings::settings;
use client::Client;

/// Type lines of a file and report the cost of each key
///
/// A simulated user types the lines one character at a time and requests a completion after each character. The rest of
/// the file is in the document from the start. The user accepts a suggestion if it matches the file up to the end of a
/// line and arrived within the deadline. Accepting counts as one key.
#[derive(Args)]
pub(super) struct Arguments {
    /// Lines to type: a file, the first line and the last line, counted from 1
    #[arg(required = true, value_name = "FILE:START-END")]
    stretches: Vec<Stretch>,
    /// Print the figures and the cost of every key as JSON
    #[arg(long)]
    json: bool,
    /// Minimum time between two keys, in milliseconds
    #[arg(long, value_name = "N", default_value_t = 120)]
    interval_ms: u64,
    /// Time in which a suggestion must arrive, in milliseconds [default: the `deadline_ms` setting]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=60_000))]
    deadline_ms: Option<u64>,
    /// Code that a prompt may contain [default: the `context` setting]
    #[arg(long, value_name = "SCOPE")]
    context: Option<ContextArgument>,
    /// Engine that answers
    #[arg(long, value_enum, default_value_t)]
    routing: RoutingArgument,
    /// Folder that the simulated editor has open [default: none]
    #[arg(long, value_name = "FOLDER")]
    workspace: Option<PathBuf>,
    /// Switch off a mechanism, to measure how much it contributes
    #[arg(long, value_name = "MECHANISM")]
    without: Vec<MechanismName>,
}

#[derive(Clone)]
struct Stretch {
    file: PathBuf,
    first: usize,
    last: usize,
}

impl FromStr for Stretch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (file, lines) = text.rsplit_once(':')?;
            let (first, last) = lines.split_once('-')?;
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            (!file.is_empty() && 1 <= first && first <= last).then(|| Self { file: file.into(), first, last })
        };
        parse().ok_or_else(|| "expected FILE:START-END, such as src/main.rs:10-25".to_owned())
    }
}

/// One key and the answer to it.
#[derive(Serialize)]
struct Keystroke {
    /// The latency of the answer.
    ms: f64,
    /// The number of prompt tokens that the model evaluated.
    evaluated: u64,
    /// The number of steps in which the model generated tokens.
    steps: u64,
    /// Where the answer came from: `model`, or the way in which the suggestion cache had it (see
    /// [`Hit`](fimble_completion::suggestion::cache::Hit)).
    kind: &'static str,
    shown: bool,
    accepted: bool,
}

#[derive(Serialize)]
struct Report {
    model: String,
    /// See [`ModelInfo::engine`](fimble_completion::engine::ModelInfo).
    engine: String,
    characters: usize,
    keys: usize,
    /// The share of the characters that needed no key, from 0 to 1.
    keystrokes_saved: f64,
    latency_ms: Percentiles,
    evaluated_tokens: Percentiles,
    /// The number of tokens that prefetching evaluated, in total.
    background_evaluated_tokens: u64,
    /// The [`Usage`](fimble_completion::engine::Usage) of all requests together.
    tokens: Value,
    /// The same for prefetching.
    background_tokens: Value,
    keystrokes: Vec<Keystroke>,
}

#[derive(Serialize)]
struct Percentiles {
    p50: f64,
    p95: f64,
    p99: f64,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<ExitCode> {
    let machine_policy = Arc::new(MachinePolicy::read(MachinePolicy::path()));
    let (log, level) = start_log(common, &machine_policy, LogLevel::Error)?;
    let texts = arguments.stretches.iter().map(Text::read).collect::<anyhow::Result<Vec<_>>>()?;

    let command_line = common.options(Options {
        deadline_ms: arguments.deadline_ms,
        context: arguments.context.map(ContextScope::from),
        routing: Some(arguments.routing.into()),
        log_level: Some(level),
        ..Options::default()
    });
    let settings = settings(&machine_policy, &command_line);
    check_routing(arguments.routing.into(), &settings)?;
    let pace = Pace {
        interval: Duration::from_millis(arguments.interval_ms),
        deadline: settings.completion.deadline.unwrap_or(Duration::MAX),
    };
    let ablations = ablations(&arguments.without);
    // The options name no file for statistics, so that a simulated user does not change a real user's.
    let options = ServeOptions {
        command_line,
        user_file: user_file(),
        machine_policy: machine_policy.clone(),
        log,
        ablations,
        ..ServeOptions::default()
    };
    let engine = EngineOptions { ablations, ..EngineOptions::default() };
    let workspace = match &arguments.workspace {
        Some(folder) => Some(folder.canonicalize().with_context(|| format!("cannot open `{}`", folder.display()))?),
        None => None,
    };
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads")?;
    let report = runtime.block_on(replay(&texts, pace, workspace, load_engine(engine, machine_policy), options))?;
    runtime.shutdown_background();

    let mut stdout = io::stdout().lock();
    if arguments.json {
        writeln!(stdout, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(stdout, "{}", report.table())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A file, split into the lines to type and the text around them.
struct Text {
    file: PathBuf,
    before: String,
    typed: String,
    after: String,
}

impl Text {
    fn read(stretch: &Stretch) -> anyhow::Result<Self> {
        let name = stretch.file.display();
        let text = std::fs::read_to_string(&stretch.file).with_context(|| format!("cannot read `{name}`"))?;
        // One key types one line break.
        let text = text.replace("\r\n", "\n");
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        if stretch.last > lines.len() {
            bail!("`{name}` has {} lines; there is no line {}", lines.len(), stretch.last);
        }
        let typed = lines[stretch.first - 1..stretch.last].concat();
        let (typed, line_break) = typed.strip_suffix('\n').map_or((&*typed, ""), |typed| (typed, "\n"));
        if typed.is_empty() {
            bail!("there is nothing to type in line {} of `{name}`", stretch.first);
        }
        Ok(Self {
            file: stretch.file.clone(),
            before: lines[..stretch.first - 1].concat(),
            typed: typed.to_owned(),
            after: line_break.to_owned() + &lines[stretch.last..].concat(),
        })
    }
}

#[derive(Clone, Copy)]
struct Pace {
    interval: Duration,
    deadline: Duration,
}

async fn replay(
    texts: &[Text],
    pace: Pace,
    workspace: Option<PathBuf>,
    load: LoadEngine,
    options: ServeOptions,
) -> anyhow::Result<Report> {
    let mut client = Client::start(load, options, workspace.as_deref()).await?;
    let (model, engine) = wait_for_model(&mut client).await?;
    let characters = texts.iter().map(|text| text.typed.chars().count()).sum();
    let progress = ProgressBar::new(characters as u64).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} characters, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut keystrokes = Vec::new();
    for text in texts {
        type_text(&mut client, text, pace, &mut keystrokes, &progress).await?;
    }
    progress.finish_and_clear();
    let mut status = client.request("fimble/status", Value::Null).await?;
    client.quit().await?;

    let keys = keystrokes.len() + keystrokes.iter().filter(|keystroke| keystroke.accepted).count();
    Ok(Report {
        model,
        engine,
        characters,
        keys,
        keystrokes_saved: 1.0 - keys as f64 / characters as f64,
        latency_ms: percentiles(keystrokes.iter().map(|keystroke| keystroke.ms)),
        evaluated_tokens: percentiles(keystrokes.iter().map(|keystroke| keystroke.evaluated as f64)),
        background_evaluated_tokens: status["background_tokens"]["evaluated"].as_u64().unwrap_or_default(),
        tokens: status["tokens"].take(),
        background_tokens: status["background_tokens"].take(),
        keystrokes,
    })
}

/// The names of the model and of what runs it.
async fn wait_for_model(client: &mut Client) -> anyhow::Result<(String, String)> {
    loop {
        let status = client.request("fimble/status", Value::Null).await?;
        if status["workspace"]["ended"] == false {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        match (status["state"].as_str(), status["model"].as_str()) {
            (Some("ready"), Some(model)) => {
                return Ok((model.to_owned(), status["engine"].as_str().unwrap_or_default().to_owned()));
            }
            (Some("loading"), _) => tokio::time::sleep(Duration::from_millis(20)).await,
            (Some("disabled"), _) => bail!("your settings switch fimble off; set `enabled = true`"),
            _ => bail!("{}", status["message"].as_str().unwrap_or("cannot load the model")),
        }
    }
}

async fn type_text(
    client: &mut Client,
    text: &Text,
    pace: Pace,
    keystrokes: &mut Vec<Keystroke>,
    progress: &ProgressBar,
) -> anyhow::Result<()> {
    let mut buffer = Buffer::open(client, text).await?;
    let mut before = Counters::read(client).await?;
    while let Some(next) = buffer.rest().chars().next() {
        let pressed = Instant::now();
        buffer.insert(client, next.len_utf8()).await?;
        let suggestion = buffer.complete(client).await?;
        let latency = pressed.elapsed();
        let now = Counters::read(client).await?;
        let right = suggestion.as_deref().filter(|text| latency <= pace.deadline && buffer.is_right(text));
        keystrokes.push(Keystroke {
            ms: milliseconds(latency),
            evaluated: now.evaluated - before.evaluated,
            steps: now.steps - before.steps,
            kind: now.answered_since(&before),
            shown: suggestion.is_some(),
            accepted: right.is_some(),
        });
        before = now;
        let typed = next.len_utf8() + right.map_or(0, str::len);
        progress.inc(buffer.typed[buffer.done - next.len_utf8()..][..typed].chars().count() as u64);
        tokio::time::sleep(pace.interval.saturating_sub(pressed.elapsed())).await;
        if let Some(length) = right.map(str::len) {
            let pressed = Instant::now();
            buffer.insert(client, length).await?;
            tokio::time::sleep(pace.interval.saturating_sub(pressed.elapsed())).await;
        }
    }
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": buffer.uri } })).await
}

/// The simulated editor's copy of a document.
struct Buffer<'a> {
    uri: String,
    version: i32,
    typed: &'a str,
    /// How many bytes of `typed` are in the document.
    done: usize,
    /// The cursor's line, counted from 0.
    line: usize,
    /// The cursor's column in bytes, counted from 0.
    column: usize,
}

impl<'a> Buffer<'a> {
    async fn open(client: &mut Client, text: &'a Text) -> anyhow::Result<Self> {
        let path = std::path::absolute(&text.file)?;
        let uri = format!("file://{}", path.display());
        let language = Language::from_path(&text.file).id();
        let content = format!("{}{}", text.before, text.after);
        let document = json!({ "uri": uri, "languageId": language, "version": 0, "text": content });
        client.notify("textDocument/didOpen", json!({ "textDocument": document })).await?;
        let line = text.before.matches('\n').count();
        Ok(Self { uri, version: 0, typed: &text.typed, done: 0, line, column: 0 })
    }

    /// The text that is not typed yet.
    fn rest(&self) -> &'a str {
        &self.typed[self.done..]
    }

    /// Whether `suggestion` matches the next text, up to the end of a line.
    fn is_right(&self, suggestion: &str) -> bool {
        let rest = self.rest().strip_prefix(suggestion);
        !suggestion.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('\n'))
    }

    async fn insert(&mut self, client: &mut Client, length: usize) -> anyhow::Result<()> {
        let text = &self.rest()[..length];
        let position = self.position();
        self.version += 1;
        let change = json!({ "range": { "start": position, "end": position }, "text": text });
        let document = json!({ "uri": self.uri, "version": self.version });
        client
            .notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }))
            .await?;
        self.done += length;
        self.line += text.matches('\n').count();
        self.column = text.rfind('\n').map_or(self.column + length, |newline| length - newline - 1);
        Ok(())
    }

    async fn complete(&self, client: &mut Client) -> anyhow::Result<Option<String>> {
        let params = json!({
            "textDocument": { "uri": self.uri },
            "position": self.position(),
            "context": { "triggerKind": 2 },
        });
        let answer = client.request("textDocument/inlineCompletion", params).await?;
        Ok(answer["items"][0]["insertText"].as_str().map(str::to_owned))
    }

    fn position(&self) -> Value {
        json!({ "line": self.line, "character": self.column })
    }
}

/// The server's counters.
struct Counters {
    evaluated: u64,
    steps: u64,
    typed_through: u64,
    returned: u64,
    prefetched: u64,
}

impl Counters {
    async fn read(client: &mut Client) -> anyhow::Result<Self> {
        let status = client.request("fimble/status", Value::Null).await?;
        let count = |group: &str, name: &str| status[group][name].as_u64().unwrap_or_default();
        Ok(Self {
            evaluated: count("tokens", "evaluated"),
            steps: count("tokens", "steps"),
            typed_through: count("hits", "typed_through"),
            returned: count("hits", "returned"),
            prefetched: count("hits", "prefetched"),
        })
    }

    /// Where the answer since `before` came from.
    fn answered_since(&self, before: &Self) -> &'static str {
        if self.typed_through > before.typed_through {
            "typed_through"
        } else if self.returned > before.returned {
            "returned"
        } else if self.prefetched > before.prefetched {
            "prefetched"
        } else {
            "model"
        }
    }
}

impl Report {
    fn table(&self) -> String {
        let row = |name: &str, values: &Percentiles| {
            format!("{name:24}{:>9.1}{:>9.1}{:>9.1}\n", values.p50, values.p95, values.p99)
        };
        let model = format!("{} ({})", self.model, self.engine);
        let mut table = format!("{model:24}{:>9}{:>9}{:>9}\n", "p50", "p95", "p99");
        table += &row("milliseconds per key", &self.latency_ms);
        table += &row("tokens evaluated per key", &self.evaluated_tokens);
        for kind in ["model", "typed_through", "returned", "prefetched"] {
            let count = self.keystrokes.iter().filter(|keystroke| keystroke.kind == kind).count();
            table += &format!("{:24}{count:>9}\n", format!("answered: {}", kind.replace('_', " ")));
        }
        table += &format!("{:24}{:>9}\n", "tokens prefetched", self.background_evaluated_tokens);
        let saved = 100.0 * self.keystrokes_saved;
        table
            + &format!(
                "{:24}{saved:>8.1}%  ({} keys for {} characters)\n",
                "keystrokes saved", self.keys, self.characters
            )
    }
}

fn percentiles(values: impl Iterator<Item = f64>) -> Percentiles {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    // The nearest rank is a figure that was measured, not an interpolation.
    let at = |percent: usize| {
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(rank).copied().unwrap_or_default()
    };
    Percentiles { p50: at(50), p95: at(95), p99: at(99) }
}
