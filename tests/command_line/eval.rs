//! `fimble eval`.

use std::fs::{self, File};
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::{ENGINE, run};

/// Two cases with a blank line between them.
fn cases() -> String {
    let case = |solution: &str| {
        json!({
            "task_id": "t",
            "prompt": "def f(path):\n",
            "suffix": "print(f('x'))\n",
            "canonical_solution": solution,
            "test": "a field that is not used",
        })
    };
    format!("{}\n\n{}\n", case("    return path\n"), case("    x = 1\n    return x\n"))
}

#[test]
fn plain_and_gzipped_datasets_give_the_same_figures() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("cases.jsonl");
    let zipped = folder.path().join("cases.jsonl.gz");
    fs::write(&plain, cases()).unwrap();
    let mut encoder = GzEncoder::new(File::create(&zipped).unwrap(), Compression::fast());
    encoder.write_all(cases().as_bytes()).unwrap();
    encoder.finish().unwrap();

    let figures = |path: &std::path::Path, more: &[&str]| -> Value {
        let (report, errors, status) = run(&[&["eval", path.to_str().unwrap(), "--json"], more].concat());
        assert_eq!((errors.as_str(), status), ("", 0));
        serde_json::from_str(&report).unwrap()
    };
    let (one, other) = (figures(&plain, &[]), figures(&zipped, &[]));
    assert_eq!(one["n"], 2);
    for share in ["exact_match", "edit_similarity", "empty"] {
        let value = one[share].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&value), "{share}: {value}");
        assert_eq!(one[share], other[share]);
    }
    assert!(one["p95_ms"].as_f64().unwrap() >= one["p50_ms"].as_f64().unwrap());
    assert_eq!((&one["model"], &one["engine"]), (&json!("embedded"), &json!(ENGINE)));
    assert!(one["tokens"]["evaluated"].as_u64() > Some(0) && one["tokens"]["steps"].is_u64(), "{one}");
    assert_eq!(figures(&plain, &["--limit", "1"])["n"], 1);
    let typed = figures(&plain, &["--typed"]);
    assert!(typed["right_in_50_ms"].as_f64().unwrap() <= typed["in_50_ms"].as_f64().unwrap());

    let (lines, _, _) = run(&["eval", plain.to_str().unwrap(), "--each", "--json"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[0]["task_id"], &lines[0]["expected"]), (&json!("t"), &json!("    return path\n")));
    // As in HumanEval-Infilling, the suffix starts with the next line. The cursor is on a line of its own all the same.
    assert_eq!(lines[0]["kind"], "line_end");
    assert!(lines[0]["tokens"]["evaluated"].as_u64() > Some(0) && lines[0]["timing"]["total_ms"].as_f64() > Some(0.0));
    assert_eq!(lines[2]["n"], 2);

    let (table, _, _) = run(&["eval", plain.to_str().unwrap(), zipped.to_str().unwrap()]);
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.starts_with(&format!("model embedded ({ENGINE}) ")) && table.contains("exact match"), "{table}");
    assert!(table.contains("cases.jsonl.gz"));
}

#[test]
fn a_line_that_is_no_case_is_reported_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.jsonl");
    let message = |text: &str| {
        fs::write(&path, text).unwrap();
        let (_, errors, status) = run(&["eval", path.to_str().unwrap()]);
        assert_eq!(status, 1);
        errors
    };
    assert!(message(&format!("{}{{\"prompt\": 1}}\n", cases())).contains("line 4 of"));
    assert!(message("").contains("has no cases"));
    assert!(run(&["eval", "no-such-file"]).1.contains("cannot open `no-such-file`"));
}
