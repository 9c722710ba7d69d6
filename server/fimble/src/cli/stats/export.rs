//! The counts in formats for other programs: JSON by week, and OpenMetrics text.

use std::fmt::Write as _;
use std::path::Path;

use fimble::usage::drift::{Drift, drifts};
use fimble::usage::{Counts, Latencies, Subject, UsageStats};
use serde::Serialize;
use serde_json::{Value, json};

use super::by_subject;

/// The counts as JSON.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    /// Exports omit the file, because its path may contain the user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a Path>,
    fimble: &'static str,
    rows: Vec<Row<'a>>,
    drifts: Vec<Drift>,
}

#[derive(Serialize)]
struct Row<'a> {
    week: &'a str,
    language: String,
    model: String,
    version: Option<String>,
    shown: u64,
    accepted: u64,
    partly_accepted: u64,
    typed_over: u64,
    characters: u64,
    asked: u64,
    empty: u64,
    broken: u64,
    unsure: u64,
    latency_ms: Latency,
}

#[derive(Serialize)]
struct Latency {
    p50: Option<f64>,
    p95: Option<f64>,
    /// The number of answers in each bucket. A bucket ends at `le` and starts where the bucket before it ends. Unlike
    /// percentiles, buckets of several machines can be added up.
    buckets: Vec<Value>,
}

impl<'a> Report<'a> {
    /// Reports all weeks from `first` on.
    pub(super) fn new(file: Option<&'a Path>, record: &'a UsageStats, first: &str) -> Self {
        let rows = record.rows().filter(|(week, _, _)| *week >= first);
        let row = |(week, subject, counts): (&'a str, Subject, &Counts)| Row {
            week,
            language: subject.language,
            model: subject.model.name,
            version: subject.model.version,
            shown: counts.shown,
            accepted: counts.accepted,
            partly_accepted: counts.partly_accepted,
            typed_over: counts.typed_over,
            characters: counts.characters,
            asked: counts.asked,
            empty: counts.empty,
            broken: counts.broken,
            unsure: counts.unsure,
            latency_ms: latency(&counts.latencies),
        };
        Self { file, fimble: env!("CARGO_PKG_VERSION"), rows: rows.map(row).collect(), drifts: drifts(record) }
    }
}

fn latency(latencies: &Latencies) -> Latency {
    let rounded = |percent| latencies.percentile(percent).map(|milliseconds| (milliseconds * 10.0).round() / 10.0);
    let used = latencies.buckets().filter(|(_, count)| *count > 0);
    let bound = |bound: f64| if bound.is_finite() { json!(bound) } else { json!("+Inf") };
    let buckets = used.map(|(le, count)| json!({"le": bound(le), "count": count})).collect();
    Latency { p50: rounded(50), p95: rounded(95), buckets }
}

/// An OpenMetrics counter.
struct Counter {
    name: &'static str,
    help: &'static str,
    /// The label that only this counter has.
    label: Option<&'static str>,
    /// The counts for each value of `label`.
    values: fn(&Counts) -> Vec<(&'static str, u64)>,
}

static COUNTERS: [Counter; 5] = [
    Counter {
        name: "fimble_suggestions_shown",
        help: "Suggestions shown. A suggestion that the user types along counts once.",
        label: None,
        values: |counts| vec![("", counts.shown)],
    },
    Counter {
        name: "fimble_suggestions_judged",
        help: "What users did with suggestions.",
        label: Some("outcome"),
        values: |counts| {
            vec![
                ("accepted", counts.accepted),
                ("partly_accepted", counts.partly_accepted),
                ("typed_over", counts.typed_over),
            ]
        },
    },
    Counter {
        name: "fimble_accepted_characters",
        help: "Characters in suggestions that were accepted whole.",
        label: None,
        values: |counts| vec![("", counts.characters)],
    },
    Counter {
        name: "fimble_model_answers",
        help: "Requests answered by the model itself, not by a cache.",
        label: None,
        values: |counts| vec![("", counts.asked)],
    },
    Counter {
        name: "fimble_model_answers_withheld",
        help: "Answers of the model that were not shown because they were empty, would break the code, or were unsure.",
        label: Some("reason"),
        values: |counts| vec![("empty", counts.empty), ("broken", counts.broken), ("unsure", counts.unsure)],
    },
];

/// The totals of all weeks from `first` on, as OpenMetrics 1.0 text
/// (<https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>). The histogram has no sum,
/// because the statistics do not store one.
pub(super) fn openmetrics(record: &UsageStats, first: &str) -> String {
    let subjects = by_subject(record, first);
    let labels = |subject: &Subject, own: &[(&str, &str)]| {
        let version = subject.model.version.as_deref().unwrap_or_default();
        let shared = [("language", &*subject.language), ("model", &*subject.model.name), ("version", version)];
        let labels = shared.iter().chain(own).map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
        labels.collect::<Vec<_>>().join(",")
    };
    let mut text =
        "# TYPE fimble_build info\n# HELP fimble_build The version of fimble that exported these metrics.\n".to_owned();
    let _ = writeln!(text, "fimble_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    for Counter { name, help, label, values } in &COUNTERS {
        let _ = writeln!(text, "# TYPE {name} counter\n# HELP {name} {help}");
        for (subject, counts) in &subjects {
            for (value, count) in values(counts) {
                let own: Vec<_> = label.iter().map(|label| (*label, value)).collect();
                let _ = writeln!(text, "{name}_total{{{}}} {count}", labels(subject, &own));
            }
        }
    }
    text.push_str("# TYPE fimble_answer_latency_seconds histogram\n# UNIT fimble_answer_latency_seconds seconds\n");
    text.push_str("# HELP fimble_answer_latency_seconds Time from a request to its answer.\n");
    for (subject, counts) in &subjects {
        let mut total: u64 = 0;
        for (milliseconds, count) in counts.latencies.buckets() {
            total = total.saturating_add(count);
            let bound = if milliseconds.is_finite() { format!("{:?}", milliseconds / 1e3) } else { "+Inf".to_owned() };
            let labels = labels(subject, &[("le", &bound)]);
            let _ = writeln!(text, "fimble_answer_latency_seconds_bucket{{{labels}}} {total}");
        }
    }
    text.push_str("# EOF\n");
    text
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
