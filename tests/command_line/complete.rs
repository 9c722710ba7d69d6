//! `fimble complete`.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::{ENGINE, assert_completes, outcome, run};

const CODE: &str = "class Point:\n    def name(self):\n        ret";

fn file(text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a b:c.py");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn complete(text: impl AsRef<[u8]>, place: &str, more: &[&str]) -> (String, String, i32) {
    let (_folder, path) = file(text);
    let place = format!("{}:{place}", path.display());
    run(&[&["complete", &place], more].concat())
}

/// The one test of what the embedded weights say: a small model, too, finishes `ret` in a method as `return`.
#[test]
fn the_embedded_model_finishes_a_word() {
    let (text, errors, status) = complete(CODE, "3:12", &[]);
    assert!(text.starts_with("urn"), "{text:?}");
    // Nothing but the text is printed.
    assert!(!text.ends_with('\n'));
    assert_eq!((errors.as_str(), status), ("", 0));
}

#[test]
fn the_report_has_all_its_fields() {
    let output = complete(CODE, "3:12", &["--json"]);
    assert_completes(&output, "embedded");
    let report: Value = serde_json::from_str(&output.0).unwrap();
    for item in report["items"].as_array().unwrap() {
        assert!(item["insert_text"].is_string());
        let confidence = item["confidence"].as_f64().unwrap();
        assert!(confidence > 0.0 && confidence <= 1.0);
    }
    for field in ["total_ms", "preparing_ms", "evaluating_ms", "generating_ms", "load_ms"] {
        assert!(report["timing"][field].as_f64().unwrap() > 0.0, "{field}");
    }
    let tokens = |field: &str| report["tokens"][field].as_u64().unwrap();
    assert_eq!(tokens("prompt"), tokens("reused") + tokens("evaluated"));
    assert_eq!(report["engine"], ENGINE);
    assert!(tokens("accepted") <= tokens("drafted"), "{report}");
    assert!(report["tokens"]["steps"].is_u64(), "{report}");
}

#[test]
fn no_suggestion_is_a_success() {
    let (report, _, status) = complete("let\n", "1:1", &["--json", "--max-tokens", "1", "--multiline", "never"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["items"].is_array());
    assert_eq!(status, 0);
}

#[test]
fn without_multiline_the_text_is_one_line() {
    let (text, _, _) = complete("def f(path):\n    ", "2:5", &["--multiline", "never"]);
    assert!(!text.contains('\n'), "{text:?}");
}

#[test]
fn columns_count_characters() {
    let (_, errors, status) = complete("s = 'é😀'", "1:9", &[]);
    assert_eq!((errors.as_str(), status), ("", 0));
    let (_, errors, status) = complete("s = 'é😀'", "1:10", &[]);
    assert!(errors.contains("ends at column 9"), "{errors}");
    assert_eq!(status, 1);
}

#[test]
fn invalid_positions_and_files_are_reported() {
    assert!(complete(CODE, "4:1", &[]).1.contains("has 3 lines; there is no line 4"));
    assert!(complete(CODE, "0:1", &[]).1.contains("such as src/main.rs:10:5"));
    assert!(complete([0xff, 0xfe, 0x00], "1:1", &[]).1.contains("not UTF-8"));
    assert!(run(&["complete", "no-such-file.rs:1:1"]).1.contains("cannot read `no-such-file.rs`"));
}

#[test]
fn a_model_that_fails_to_load_is_reported_with_the_next_step() {
    let model = |path: &str| {
        let (_, errors, status) = complete(CODE, "3:12", &["--model", path]);
        assert_eq!(status, 1);
        errors
    };
    assert!(model("no-such-model").contains("the names are embedded, "));
    assert!(model("starcoder2-3b").contains("is not on this machine; `fimble models pull starcoder2-3b` fetches it"));

    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("model.gguf");
    fs::write(&damaged, b"GGUF and then nothing of the kind").unwrap();
    let message = model(damaged.to_str().unwrap());
    assert!(message.contains("cannot load the model `model`"), "{message}");
    assert!(message.contains("may be damaged"), "{message}");

    let truncated = folder.path().join("truncated");
    copy_embedded_model(&truncated);
    let weights = truncated.join("model.safetensors");
    let half = fs::read(&weights).unwrap().len() / 2;
    fs::OpenOptions::new().write(true).open(&weights).unwrap().set_len(half as u64).unwrap();
    let message = model(truncated.to_str().unwrap());
    assert!(message.contains("cannot load the model `truncated`"), "{message}");
}

#[test]
fn a_folder_in_the_hub_s_layout_is_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine");
    copy_embedded_model(&path);
    assert_completes(&complete(CODE, "3:12", &["--json", "--model", path.to_str().unwrap()]), "mine");
}

/// A namespace of its own has no network.
#[cfg(target_os = "linux")]
#[test]
fn completing_needs_no_network_and_no_files_at_home() {
    let (_folder, path) = file(CODE);
    let home = tempfile::tempdir().unwrap();
    let output = std::process::Command::new("unshare")
        .args(["-rn", env!("CARGO_BIN_EXE_fimble"), "complete", &format!("{}:3:12", path.display()), "--json"])
        .env("HOME", home.path())
        .env_remove("XDG_CACHE_HOME")
        .output()
        .expect("unshare is part of util-linux");
    assert_completes(&outcome(output), "embedded");
}

fn copy_embedded_model(to: &std::path::Path) {
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/embedded");
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
