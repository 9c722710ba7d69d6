//! `fimble eval`: measures a model on fill-in-the-middle cases, on the same path as an editor's requests.

mod answers;
mod cases;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use fimble::settings::Options;
use fimble_completion::ablations::Mechanism;
use fimble_completion::complete::{Completion, Cursor, Timing, warm_up};
use fimble_completion::cursor_kind::{CursorKind, cursor_kind};
use fimble_completion::document::Document;
use fimble_completion::engine::{Cancel, Engine, ModelInfo, Priority, Usage};
use fimble_completion::language::Language;
use fimble_completion::settings::{CompletionSettings, ContextScope, Multiline};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::Common;
use super::ablation::{MechanismName, filter};
use super::arguments::{ContextArgument, RoutingArgument};
use super::engine::{LoadedEngine, Stages, check_routing, load, milliseconds};
use answers::Answers;
use cases::{Case, EditorView, Repositories, read};

#[derive(Args)]
pub(super) struct Arguments {
    /// Cases in the format of HumanEval-Infilling: JSON lines, gzipped or not
    #[arg(required = true, value_name = "DATASET")]
    datasets: Vec<PathBuf>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Time each case as the last key of a user who types there. The model has evaluated the text before that key, and
    /// the `deadline_ms` setting applies
    #[arg(long)]
    typed: bool,
    /// Only build the prompts; report whether they show the names that the solution needs, and how many tokens they
    /// have
    #[arg(long, conflicts_with = "typed")]
    prompts: bool,
    /// Before the figures, print a line of JSON for each case: the answer, its token counts and its timing
    #[arg(long)]
    each: bool,
    /// Code that a prompt may contain [default: the `context` setting]
    #[arg(long, value_name = "SCOPE")]
    context: Option<ContextArgument>,
    /// With `--each`, also print each case without this filter
    #[arg(long, value_name = "FILTER", hide = true, value_parser = filter)]
    without: Vec<MechanismName>,
    /// Folder of the repositories that cases name [default: `../repositories`, relative to the dataset's folder]
    #[arg(long, value_name = "FOLDER")]
    repositories: Option<PathBuf>,
    /// Engine that answers
    #[arg(long, value_enum, default_value_t, conflicts_with_all = ["typed", "prompts"])]
    routing: RoutingArgument,
    /// Suppress answers with a lower confidence, in percent
    #[arg(long, value_name = "PERCENT", default_value_t, value_parser = clap::value_parser!(u8).range(..=100))]
    min_confidence: u8,
    /// Skip the first N cases of each dataset
    #[arg(long, value_name = "N", default_value_t)]
    skip: usize,
    /// Use at most N cases of each dataset
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// The time within which an answer to a key feels instant.
const BUDGET: Duration = Duration::from_millis(50);

/// The figures of a set of cases. Shares are from 0 to 1.
#[derive(Serialize)]
struct Figures<'a> {
    n: usize,
    exact_match: f64,
    edit_similarity: f64,
    empty: f64,
    /// The share of answers that were complete within [`BUDGET`].
    in_50_ms: f64,
    /// The share of cases with an exact match within [`BUDGET`].
    right_in_50_ms: f64,
    p50_ms: f64,
    p95_ms: f64,
    /// The mean length of a prompt.
    mean_tokens: f64,
    /// The share of prompts that show all names that the solution needs and does not define.
    names_shown: f64,
    /// The share of answers that use all of these names.
    names_used: f64,
    /// The share of cases that sent no request to a server.
    kept_local: f64,
    /// The token counts of all cases together.
    tokens: Usage,
    model: &'a str,
    /// See [`ModelInfo::engine`].
    engine: &'static str,
}

struct CaseResult {
    exact: bool,
    similarity: f64,
    kind: CursorKind,
    answer: String,
    names_shown: bool,
    names_used: bool,
    asked_remote: bool,
    completion: Completion,
}

/// The line of JSON for one case.
#[derive(Serialize)]
struct Line<'a> {
    task_id: &'a str,
    /// The filter that was switched off.
    without: Option<Mechanism>,
    kind: CursorKind,
    exact: bool,
    answer: &'a str,
    expected: &'a str,
    /// See [`Suggestion::confidence`](fimble_completion::suggestion::Suggestion); `null` for an empty answer.
    confidence: Option<f32>,
    asked_remote: bool,
    tokens: Usage,
    timing: Stages,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> anyhow::Result<ExitCode> {
    let limit = arguments.limit.unwrap_or(usize::MAX);
    let datasets: Vec<Vec<Case>> =
        arguments.datasets.iter().map(|path| read(path, arguments.skip, limit)).collect::<anyhow::Result<_>>()?;
    let from_arguments = Options {
        routing: Some(arguments.routing.into()),
        context: arguments.context.map(ContextScope::from),
        ..Options::default()
    };
    let LoadedEngine { engine, mut settings, deadline, .. } = load(common, from_arguments)?;
    check_routing(arguments.routing.into(), &settings)?;
    settings.completion.min_confidence = arguments.min_confidence;
    if arguments.typed {
        settings.completion.deadline = deadline;
    }
    let model = engine.model().clone();
    let mut answers = Answers::new(&engine, settings.routing, settings.remote.clone(), deadline)?;

    let progress = ProgressBar::new(datasets.iter().map(|cases| cases.len() as u64).sum()).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} cases, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    // The logit cache makes generating the same text again almost free.
    let filters: Vec<_> = std::iter::once(None).chain(arguments.without.iter().map(|name| Some(name.0))).collect();
    let mut all = Vec::new();
    let mut rows = Vec::new();
    let mut stdout = io::stdout().lock();
    let scope = settings.context;
    for (path, cases) in arguments.datasets.iter().zip(&datasets) {
        let default_folder = || path.parent().unwrap_or(Path::new("")).join("..").join("repositories");
        let mut repositories = Repositories::new(arguments.repositories.clone().unwrap_or_else(default_folder), scope);
        let mut results = Vec::new();
        for case in cases {
            let view = repositories.view(case)?;
            for without in filters.iter().copied() {
                let settings =
                    CompletionSettings { ablations: without.into_iter().collect(), ..settings.completion.clone() };
                let result = evaluate(case, view.clone(), arguments, &settings, &mut answers)?;
                if arguments.each {
                    writeln!(stdout, "{}", serde_json::to_string(&line(case, without, &result))?)?;
                }
                if without.is_none() {
                    results.push(result);
                }
            }
            progress.inc(1);
        }
        rows.push((path.display().to_string(), figures(&results, &model)));
        all.extend(results);
    }
    progress.finish_and_clear();

    let figures = figures(&all, &model);
    if arguments.json {
        writeln!(stdout, "{}", serde_json::to_string(&figures)?)?;
    } else {
        if rows.len() > 1 {
            rows.push(("all".to_owned(), figures));
        }
        print_table(&mut stdout, &rows, &model)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn evaluate(
    case: &Case,
    view: EditorView,
    arguments: &Arguments,
    settings: &CompletionSettings,
    answers: &mut Answers<'_>,
) -> anyhow::Result<CaseResult> {
    let engine = answers.local();
    let EditorView { name, before, after, surroundings } = view;
    let expected = case.canonical_solution.trim_end();
    let multiline = if expected.trim_start_matches('\n').contains('\n') { Multiline::Always } else { Multiline::Never };
    let settings = CompletionSettings { multiline, ..settings.clone() };
    let language = Language::from_id(&case.language);
    let latest =
        if arguments.typed { before.char_indices().next_back().map_or(0, |(start, _)| start) } else { before.len() };
    let text = format!("{}{after}", &before[..latest]);
    let mut cursor = Cursor::new(Document::new(name, language, 0, &text), latest, surroundings);
    if arguments.typed {
        warm_up(&cursor, &settings, engine, Priority::Foreground, &Cancel::default())?;
        cursor = cursor.after(&before[latest..]);
    }
    let started = Instant::now();
    let text = cursor.text(&settings, engine);
    let preparing = started.elapsed();
    let excerpts = text.excerpts.iter().map(|excerpt| excerpt.text.as_str());
    let shown: String = excerpts.chain([&*text.prefix, &text.suffix, &text.tail]).collect();
    let mut asked_remote = false;
    let completion = if arguments.prompts {
        let usage = Usage { prompt: engine.count_tokens(&shown), ..Usage::default() };
        let timing = Timing { preparing, total: preparing, ..Timing::default() };
        Completion::without_suggestion(true, usage, timing)
    } else {
        let answer = answers.to(&cursor, &settings)?;
        asked_remote = answer.asked_remote;
        answer.shown
    };
    let answer = completion.suggestion.as_ref().map(|suggestion| suggestion.text.clone()).unwrap_or_default();
    Ok(CaseResult {
        exact: answer.trim_end() == expected,
        similarity: strsim::normalized_levenshtein(answer.trim_end(), expected),
        names_shown: case.names.iter().all(|name| has_word(&shown, name)),
        names_used: case.names.iter().all(|name| has_word(&answer, name)),
        kind: cursor_kind(&cursor.document, cursor.offset, &settings),
        asked_remote,
        answer,
        completion,
    })
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|character: char| !(character.is_alphanumeric() || character == '_')).any(|other| other == word)
}

fn line<'a>(case: &'a Case, without: Option<Mechanism>, result: &'a CaseResult) -> Line<'a> {
    Line {
        task_id: &case.task_id,
        without,
        kind: result.kind,
        exact: result.exact,
        answer: &result.answer,
        expected: &case.canonical_solution,
        confidence: result.completion.suggestion.as_ref().map(|suggestion| suggestion.confidence),
        asked_remote: result.asked_remote,
        tokens: result.completion.usage,
        timing: result.completion.timing.into(),
    }
}

fn figures<'a>(results: &[CaseResult], model: &'a ModelInfo) -> Figures<'a> {
    let mut times: Vec<Duration> = results.iter().map(|result| result.completion.timing.total).collect();
    times.sort();
    // The nearest rank is a time that was measured, not an interpolation.
    let percentile = |percent: usize| {
        let rank = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(rank).copied().map_or(0.0, milliseconds)
    };
    let mean = |value: &dyn Fn(&CaseResult) -> f64| results.iter().map(value).sum::<f64>() / results.len() as f64;
    let in_time = |result: &CaseResult| result.completion.timing.total <= BUDGET;
    let mut tokens = Usage::default();
    results.iter().for_each(|result| tokens += result.completion.usage);
    Figures {
        n: results.len(),
        exact_match: mean(&|result| f64::from(result.exact)),
        edit_similarity: mean(&|result| result.similarity),
        empty: mean(&|result| f64::from(result.answer.is_empty())),
        in_50_ms: mean(&|result| f64::from(in_time(result))),
        right_in_50_ms: mean(&|result| f64::from(result.exact && in_time(result))),
        p50_ms: percentile(50),
        p95_ms: percentile(95),
        names_shown: mean(&|result| f64::from(result.names_shown)),
        names_used: mean(&|result| f64::from(result.names_used)),
        kept_local: mean(&|result| f64::from(!result.asked_remote)),
        mean_tokens: mean(&|result| result.completion.usage.prompt as f64),
        tokens,
        model: &model.id.name,
        engine: model.engine,
    }
}

fn print_table(out: &mut impl Write, rows: &[(String, Figures<'_>)], model: &ModelInfo) -> io::Result<()> {
    let head = format!("model {} ({})", model.id.name, model.engine);
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(head.chars().count());
    writeln!(
        out,
        "{head:width$}  cases  exact match  edit similarity   empty       p50       p95  in 50 ms  and right  tokens  names shown  used  kept local",
    )?;
    for (name, figures) in rows {
        let Figures { n, p50_ms, p95_ms, mean_tokens, .. } = figures;
        let [exact, similar, empty, in_time, right_in_time, shown, used, local] = [
            figures.exact_match,
            figures.edit_similarity,
            figures.empty,
            figures.in_50_ms,
            figures.right_in_50_ms,
            figures.names_shown,
            figures.names_used,
            figures.kept_local,
        ]
        .map(|share| 100.0 * share);
        writeln!(
            out,
            "{name:width$}  {n:>5}  {exact:>10.1}%  {similar:>14.1}%  {empty:>5.1}%  {p50_ms:>5.0} ms  {p95_ms:>5.0} ms  \
             {in_time:>7.1}%  {right_in_time:>8.1}%  {mean_tokens:>6.0}  {shown:>10.1}%  {used:>3.0}%  {local:>9.1}%"
        )?;
    }
    Ok(())
}
