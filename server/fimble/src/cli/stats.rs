//! `fimble stats`: shows how users received suggestions, from the counts that servers on this machine stored.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum;
use fimble::usage::drift::drifts;
use fimble::usage::{Counts, Subject, UsageStats, user_stats_file};

use self::export::{Report, openmetrics};
use self::plot::plot;

mod export;
mod plot;

const WEEKS: u16 = 12;

/// Show how you receive suggestions, week by week
///
/// The counts contain no text. They are stored on this machine only, in the state folder (~/.local/state/fimble). To
/// store no counts, set `statistics = false`. To delete them, run `fimble forget`.
///
/// Each version of a model has its own counts. `empty` is the share of the model's answers that are empty. `suppressed`
/// is the share of answers that fimble hid because they would break the code or because the model was not sure. Below
/// the tables, fimble warns if a model's acceptance rate dropped significantly.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print the counts of every week, language and model as JSON
    #[arg(long)]
    json: bool,
    /// Print the counts for a program that adds up the counts of several machines, without the path of their file
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    export: Option<Format>,
    /// Plot acceptance rate and latency by week into this file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Number of weeks to go back [default: 12, or all weeks for OpenMetrics, where a counter never decreases]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    weeks: Option<u16>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Format {
    /// Counts by week, with latency histograms
    Json,
    /// Totals as OpenMetrics text, for example for Prometheus
    Openmetrics,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = user_stats_file().context("cannot find the state folder of this platform; set HOME")?;
    let record = UsageStats::read(&file).context("move the file away to start with empty statistics")?;
    let max_weeks = match (arguments.weeks, arguments.export) {
        (Some(weeks), _) => weeks.into(),
        (None, Some(Format::Openmetrics)) => usize::MAX,
        (None, _) => WEEKS.into(),
    };
    let weeks = by_week(&record, max_weeks);
    let first = weeks.first().map_or("", |(week, _)| week);
    if let Some(path) = &arguments.plot {
        plot(&weeks, path).with_context(|| format!("cannot plot `{}`", path.display()))?;
    }
    let mut output = std::io::stdout().lock();
    if arguments.json || arguments.export == Some(Format::Json) {
        let file = Some(&*file).filter(|_| arguments.json);
        serde_json::to_writer_pretty(&mut output, &Report::new(file, &record, first))?;
        writeln!(output)?;
    } else if arguments.export == Some(Format::Openmetrics) {
        write!(output, "{}", openmetrics(&record, first))?;
    } else if weeks.is_empty() {
        writeln!(output, "Nothing is counted yet. Open a file in an editor that runs fimble, and type.")?;
    } else {
        write!(output, "{}", tables(&record, &weeks))?;
        for drift in drifts(&record) {
            writeln!(output, "\nAcceptance has dropped. {drift}.")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The counts of the latest `max_weeks` weeks, from the earliest to the latest.
fn by_week(record: &UsageStats, max_weeks: usize) -> Vec<(&str, Counts)> {
    let mut weeks: BTreeMap<&str, Counts> = BTreeMap::new();
    for (week, _, counts) in record.rows() {
        weeks.entry(week).or_default().add(counts);
    }
    let skipped = weeks.len().saturating_sub(max_weeks);
    weeks.into_iter().skip(skipped).collect()
}

/// The totals of all weeks from `first` on.
fn by_subject(record: &UsageStats, first: &str) -> BTreeMap<Subject, Counts> {
    let mut subjects: BTreeMap<_, Counts> = BTreeMap::new();
    for (_, subject, counts) in record.rows().filter(|(week, _, _)| *week >= first) {
        subjects.entry(subject).or_default().add(counts);
    }
    subjects
}

fn tables(record: &UsageStats, weeks: &[(&str, Counts)]) -> String {
    let subjects = by_subject(record, weeks.first().map_or("", |(week, _)| week));
    let head = ["shown", "accepted", "in part", "typed over", "taken", "empty", "suppressed", "p50 ms", "p95 ms"];
    let mut by_subject = vec![["language", "model"].iter().chain(&head).map(ToString::to_string).collect()];
    by_subject.extend(subjects.iter().map(|(subject, counts)| {
        [subject.language.clone(), subject.model.to_string()].into_iter().chain(figures(counts)).collect()
    }));
    let mut by_week = vec![["week", ""].iter().chain(&head).map(ToString::to_string).collect()];
    by_week.extend(weeks.iter().map(|(week, counts)| {
        [(*week).to_owned(), bar(counts.acceptance().unwrap_or_default())].into_iter().chain(figures(counts)).collect()
    }));
    format!("{}\n{}", aligned(&by_subject), aligned(&by_week))
}

fn figures(counts: &Counts) -> [String; 9] {
    let percent = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0));
    let of_answers = |count: u64| percent((counts.asked > 0).then(|| count as f64 / counts.asked as f64));
    let milliseconds =
        |percentile| counts.latencies.percentile(percentile).map_or("-".to_owned(), |ms| format!("{ms:.1}"));
    [
        counts.shown.to_string(),
        counts.accepted.to_string(),
        counts.partly_accepted.to_string(),
        counts.typed_over.to_string(),
        percent(counts.acceptance()),
        of_answers(counts.empty),
        of_answers(counts.suppressed()),
        milliseconds(50),
        milliseconds(95),
    ]
}

/// A bar of half a column for every 1.5 percent, so that a good week fills it.
fn bar(share: f64) -> String {
    const LONGEST: usize = 24;
    let halves = ((share * 100.0 / 1.5).round() as usize).min(2 * LONGEST);
    "█".repeat(halves / 2) + if halves % 2 == 1 { "▌" } else { "" }
}

/// Aligns the first two columns to the left and the figures to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 | 1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}
