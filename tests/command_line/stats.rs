//! `fimble stats`.

use std::path::Path;

use serde_json::{Value, json};

use crate::{fimble, outcome};

fn stats(home: &Path, arguments: &[&str]) -> (String, String, i32) {
    outcome(fimble().env("HOME", home).arg("stats").args(arguments).output().unwrap())
}

/// A home folder in which something was counted.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".local/state/fimble");
    std::fs::create_dir_all(&folder).unwrap();
    let counts = |shown, accepted| {
        json!({"shown": shown, "accepted": accepted, "partly_accepted": 1, "typed_over": 2,
                                          "characters": 30, "latencies": [0, 0, 0, 0, 9, 0, 0, 1]})
    };
    let weeks = json!({
        "2026-W46": {"rust": {"embedded": counts(10, 1)}},
        "2026-W47": {"rust": {"embedded": counts(10, 3)}, "python": {"embedded": counts(20, 4), "other": counts(5, 0)}},
    });
    std::fs::write(folder.join("statistics.json"), json!({ "weeks": weeks }).to_string()).unwrap();
    home
}

#[test]
fn a_table_by_language_and_model_and_one_by_week() {
    let home = home();
    let (table, errors, status) = stats(home.path(), &[]);
    assert_eq!((errors.as_str(), status), ("", 0));
    let expected = "\
language  model     shown  accepted  in part  typed over   taken  p50 ms  p95 ms
python    embedded     20         4        1           2  25.0 %     2.6     8.5
python    other         5         0        1           2  20.0 %     2.6     8.5
rust      embedded     20         4        2           4  30.0 %     2.6     8.5

week                       shown  accepted  in part  typed over   taken  p50 ms  p95 ms
2026-W46  ██████▌             10         1        1           2  20.0 %     2.6     8.5
2026-W47  █████████▌          35         7        3           6  28.6 %     2.6     8.5
";
    let columns = |table: &str| {
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(columns(&table), columns(expected), "{table}");
}

#[test]
fn rows_as_json() {
    let home = home();
    let (report, _, _) = stats(home.path(), &["--json", "--weeks", "1"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["file"].as_str().unwrap().ends_with("statistics.json"));
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    let expected = json!({
        "week": "2026-W47", "language": "rust", "model": "embedded", "shown": 10, "accepted": 3, "partly_accepted": 1,
        "typed_over": 2, "characters": 30, "latency_ms": {"p50": 2.6, "p95": 8.5},
    });
    assert_eq!(rows[2], expected);
}

#[test]
fn a_plot() {
    let home = home();
    let path = home.path().join("plot.svg");
    assert_eq!(stats(home.path(), &["--plot", path.to_str().unwrap()]).2, 0);
    let plot = std::fs::read_to_string(&path).unwrap();
    assert!(plot.starts_with("<svg") && plot.contains("2026-W46") && plot.contains("2026-W47"), "{plot}");

    let (_, errors, status) = stats(home.path(), &["--plot", "plot.bmp"]);
    assert_eq!(status, 1);
    assert!(errors.contains("a name that ends in .svg"), "{errors}");
}

#[test]
fn without_counts_and_with_a_broken_file() {
    let home = tempfile::tempdir().unwrap();
    let (text, _, status) = stats(home.path(), &[]);
    assert_eq!(status, 0);
    assert!(text.starts_with("Nothing is counted yet"), "{text}");

    let folder = home.path().join(".local/state/fimble");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("statistics.json"), "[").unwrap();
    let (_, errors, status) = stats(home.path(), &[]);
    assert_eq!(status, 1);
    assert!(errors.contains("move the file away") && errors.contains("cannot be read"), "{errors}");
}
