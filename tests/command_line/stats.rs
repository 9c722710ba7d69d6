//! `fimble stats`.

use std::path::Path;

use serde_json::{Value, json};

use crate::{fimble, outcome};

fn stats(home: &Path, arguments: &[&str]) -> (String, String, i32) {
    outcome(fimble().env("HOME", home).arg("stats").args(arguments).output().unwrap())
}

/// A home folder with statistics.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".local/state/fimble");
    std::fs::create_dir_all(&folder).unwrap();
    let counts = |shown, accepted| {
        json!({"shown": shown, "accepted": accepted, "partly_accepted": 1, "typed_over": 2,
                                          "characters": 30, "latencies": [0, 0, 0, 0, 9, 0, 0, 1]})
    };
    let mut judged = counts(20, 4);
    judged.as_object_mut().unwrap().extend(
        [("asked", 50), ("empty", 10), ("broken", 2), ("unsure", 3)]
            .map(|(name, count)| (name.to_owned(), json!(count))),
    );
    let weeks = json!({
        "2026-W46": {"rust": {"embedded": counts(10, 1)}},
        "2026-W47": {"rust": {"embedded": counts(10, 3)}, "python": {"embedded@1f0c2d3e": judged, "other": counts(5, 0)}},
    });
    std::fs::write(folder.join("statistics.json"), json!({ "weeks": weeks }).to_string()).unwrap();
    home
}

#[test]
fn one_table_is_by_language_and_model_and_one_by_week() {
    let home = home();
    let (table, errors, status) = stats(home.path(), &[]);
    assert_eq!((errors.as_str(), status), ("", 0));
    let expected = "\
language  model              shown  accepted  in part  typed over   taken   empty  suppressed  p50 ms  p95 ms
python    embedded@1f0c2d3e     20         4        1           2  25.0 %  20.0 %    10.0 %     2.6     8.5
python    other                  5         0        1           2  20.0 %       -         -     2.6     8.5
rust      embedded              20         4        2           4  30.0 %       -         -     2.6     8.5

week                       shown  accepted  in part  typed over   taken   empty  suppressed  p50 ms  p95 ms
2026-W46  ██████▌             10         1        1           2  20.0 %       -         -     2.6     8.5
2026-W47  █████████▌          35         7        3           6  28.6 %  20.0 %    10.0 %     2.6     8.5
";
    let columns = |table: &str| {
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(columns(&table), columns(expected), "{table}");
}

#[test]
fn rows_are_printed_as_json() {
    let home = home();
    let (report, _, _) = stats(home.path(), &["--json", "--weeks", "1"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["file"].as_str().unwrap().ends_with("statistics.json"));
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    let expected = json!({
        "week": "2026-W47", "language": "rust", "model": "embedded", "shown": 10, "accepted": 3, "partly_accepted": 1,
        "typed_over": 2, "characters": 30, "version": null, "asked": 0, "empty": 0, "broken": 0, "unsure": 0,
        "latency_ms": {"p50": 2.6, "p95": 8.5, "buckets": [{"le": 3.0, "count": 9}, {"le": 10.0, "count": 1}]},
    });
    assert_eq!(rows[2], expected);

    // An export has the same rows, but not the path of the file.
    let (exported, _, _) = stats(home.path(), &["--export", "json", "--weeks", "1"]);
    let exported: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!((&exported["rows"], exported.get("file")), (&report["rows"], None));
    assert_eq!(rows[0]["version"], "1f0c2d3e");
}

#[test]
fn rows_are_exported_as_openmetrics() {
    let home = home();
    let (text, errors, status) = stats(home.path(), &["--export", "openmetrics"]);
    assert_eq!((errors.as_str(), status), ("", 0));
    let python = "language=\"python\",model=\"embedded\",version=\"1f0c2d3e\"";
    let rust = "language=\"rust\",model=\"embedded\",version=\"\"";
    for line in [
        "# TYPE fimble_suggestions_shown counter".to_owned(),
        // The sum of both weeks.
        format!("fimble_suggestions_shown_total{{{rust}}} 20"),
        format!("fimble_suggestions_judged_total{{{python},outcome=\"accepted\"}} 4"),
        format!("fimble_model_answers_withheld_total{{{python},reason=\"unsure\"}} 3"),
        format!("fimble_answer_latency_seconds_bucket{{{rust},le=\"0.002\"}} 0"),
        format!("fimble_answer_latency_seconds_bucket{{{rust},le=\"0.003\"}} 18"),
        format!("fimble_answer_latency_seconds_bucket{{{rust},le=\"+Inf\"}} 20"),
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("\n# EOF\n"));
    // A model can have the name of any folder.
    let file = home.path().join(".local/state/fimble/statistics.json");
    let counted = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, counted.replace("other", "a\\\"b\\\\c")).unwrap();
    let (text, _, _) = stats(home.path(), &["--export", "openmetrics"]);
    assert!(text.contains("model=\"a\\\"b\\\\c\""), "{text}");
}

#[test]
fn a_drop_of_the_acceptance_rate_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".local/state/fimble");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |latest: u64| {
        let week = |taken| json!({"rust": {"embedded@1f0c2d3e": {"shown": 600, "accepted": taken}}});
        let weeks = json!({"2026-W45": week(200), "2026-W46": week(190), "2026-W47": week(latest)});
        std::fs::write(folder.join("statistics.json"), json!({ "weeks": weeks }).to_string()).unwrap();
    };
    write(90);
    let (text, _, _) = stats(home.path(), &[]);
    let warning = "Acceptance has dropped. embedded@1f0c2d3e: 15.0 % of the 600 suggestions shown since 2026-W47 were taken, \
                compared with 32.5 % in the weeks before.\n";
    assert!(text.ends_with(warning), "{text}");
    let (report, _, _) = stats(home.path(), &["--json"]);
    assert_eq!(serde_json::from_str::<Value>(&report).unwrap()["drifts"][0]["model"], "embedded@1f0c2d3e");
    write(180);
    assert!(!stats(home.path(), &[]).0.contains("Acceptance has dropped"));
}

#[test]
fn the_weeks_are_plotted() {
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
fn no_statistics_are_a_success_and_a_broken_file_is_an_error() {
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
