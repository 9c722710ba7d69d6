//! `fimble stats`: how suggestions were received, from what the servers of this machine have kept.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use fimble::usage_record::{Counts, Latencies, UsageRecord, user_record};
use serde::Serialize;

use self::plot::plot;

mod plot;

/// Show how suggestions were received, week by week
///
/// The counts are kept on this machine only, in the folder for state (~/.local/state/fimble), and hold no text. The
/// setting `statistics = false` keeps none; deleting the file forgets them.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print every week, language and model as JSON
    #[arg(long)]
    json: bool,
    /// Draw acceptance and latency by week into this file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// How many weeks to go back
    #[arg(long, default_value_t = 12, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    weeks: u16,
}

#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    week: &'a str,
    language: String,
    model: String,
    shown: u64,
    accepted: u64,
    partly_accepted: u64,
    typed_over: u64,
    characters: u64,
    latency_ms: Percentiles,
}

#[derive(Serialize)]
struct Percentiles {
    p50: Option<f64>,
    p95: Option<f64>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let file = user_record().context("cannot tell where this platform keeps state; set HOME")?;
    let record = UsageRecord::read(&file).context("move the file away to begin anew")?;
    let weeks = by_week(&record, usize::from(arguments.weeks));
    if let Some(path) = &arguments.plot {
        plot(&weeks, path).with_context(|| format!("cannot draw `{}`", path.display()))?;
    }
    let mut output = std::io::stdout().lock();
    if arguments.json {
        let first = weeks.first().map_or("", |(week, _)| week);
        let rows = record.rows().filter(|(week, _, _)| *week >= first).map(|(week, subject, counts)| Row {
            week,
            language: subject.language,
            model: subject.model,
            shown: counts.shown,
            accepted: counts.accepted,
            partly_accepted: counts.partly_accepted,
            typed_over: counts.typed_over,
            characters: counts.characters,
            latency_ms: percentiles(&counts.latencies),
        });
        serde_json::to_writer_pretty(&mut output, &Report { file: &file, rows: rows.collect() })?;
        writeln!(output)?;
    } else if weeks.is_empty() {
        writeln!(output, "Nothing is counted yet: start fimble in an editor and type.")?;
    } else {
        write!(output, "{}", tables(&record, &weeks))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The latest weeks, the earliest first.
fn by_week(record: &UsageRecord, most: usize) -> Vec<(&str, Counts)> {
    let mut weeks: BTreeMap<&str, Counts> = BTreeMap::new();
    for (week, _, counts) in record.rows() {
        weeks.entry(week).or_default().add(counts);
    }
    let skipped = weeks.len().saturating_sub(most);
    weeks.into_iter().skip(skipped).collect()
}

fn percentiles(latencies: &Latencies) -> Percentiles {
    let rounded = |percent| latencies.percentile(percent).map(|milliseconds| (milliseconds * 10.0).round() / 10.0);
    Percentiles { p50: rounded(50), p95: rounded(95) }
}

/// Accepted in whole or in part, of those shown.
fn acceptance(counts: &Counts) -> Option<f64> {
    let taken = counts.accepted + counts.partly_accepted;
    (counts.shown > 0).then(|| taken as f64 / counts.shown as f64)
}

fn tables(record: &UsageRecord, weeks: &[(&str, Counts)]) -> String {
    let first = weeks.first().map_or("", |(week, _)| week);
    let mut subjects: BTreeMap<_, Counts> = BTreeMap::new();
    for (_, subject, counts) in record.rows().filter(|(week, _, _)| *week >= first) {
        subjects.entry(subject).or_default().add(counts);
    }
    let head = ["shown", "accepted", "in part", "typed over", "taken", "p50 ms", "p95 ms"];
    let mut by_subject = vec![["language", "model"].iter().chain(&head).map(ToString::to_string).collect()];
    by_subject.extend(subjects.iter().map(|(subject, counts)| {
        [subject.language.clone(), subject.model.clone()].into_iter().chain(figures(counts)).collect()
    }));
    let mut by_week = vec![["week", ""].iter().chain(&head).map(ToString::to_string).collect()];
    by_week.extend(weeks.iter().map(|(week, counts)| {
        [(*week).to_owned(), bar(acceptance(counts).unwrap_or_default())].into_iter().chain(figures(counts)).collect()
    }));
    format!("{}\n{}", aligned(&by_subject), aligned(&by_week))
}

fn figures(counts: &Counts) -> [String; 7] {
    let share = acceptance(counts).map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0));
    let milliseconds = |percent| counts.latencies.percentile(percent).map_or("-".to_owned(), |ms| format!("{ms:.1}"));
    [
        counts.shown.to_string(),
        counts.accepted.to_string(),
        counts.partly_accepted.to_string(),
        counts.typed_over.to_string(),
        share,
        milliseconds(50),
        milliseconds(95),
    ]
}

/// Half a column for each per cent and a half, so that a good week fills it.
fn bar(share: f64) -> String {
    const LONGEST: usize = 24;
    let halves = ((share * 100.0 / 1.5).round() as usize).min(2 * LONGEST);
    "█".repeat(halves / 2) + if halves % 2 == 1 { "▌" } else { "" }
}

/// The first two columns to the left, figures to the right.
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
