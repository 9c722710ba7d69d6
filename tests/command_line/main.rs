//! The binary, with the embedded model. Only `complete::the_embedded_model_finishes_a_word` depends on what its weights say.

mod complete;
mod eval;
mod forget;
mod hub;
mod models;
#[cfg(target_os = "linux")]
mod policy;
mod privacy;
mod replay;
mod server;
mod stats;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use fimble_inference::EngineChoice;
use fimble_test_support::TestClient;
use serde_json::{Value, json};

/// A home folder for the tests, so that the user's settings and models have no effect. All tests share it, so the model is
/// unpacked once.
static HOME: LazyLock<PathBuf> = LazyLock::new(|| {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("home");
    std::fs::create_dir_all(&home).unwrap();
    home
});

/// What runs the embedded model in this build.
const ENGINE: &str = if EngineChoice::HAS_LLAMA_CPP { "llama.cpp" } else { "mistral.rs" };

/// A LoRA adapter on the embedded model.
fn adapter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/adapters/just")
}

fn fimble() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fimble"));
    command.env("HOME", &*HOME);
    for variable in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
        command.env_remove(variable);
    }
    command
}

/// Runs `fimble` to the end, and returns standard output, standard error and the exit status.
fn run(arguments: &[&str]) -> (String, String, i32) {
    outcome(fimble().args(arguments).output().unwrap())
}

/// An editor that has started its server with `command`, and opened `folder` if there is one.
async fn editor(command: Command, folder: Option<&Path>) -> TestClient {
    let mut client = TestClient::of_process(command);
    client.answer_requests();
    let capabilities = json!({
        "general": {"positionEncodings": ["utf-8", "utf-16"]},
        "textDocument": {"inlineCompletion": {}},
        "window": {"workDoneProgress": true},
    });
    let root = folder.map(|folder| format!("file://{}", folder.display()));
    let params = json!({"processId": null, "rootUri": root, "capabilities": capabilities});
    let announced = client.initialize_with(params).await;
    assert_eq!(announced["inlineCompletionProvider"], json!(true));
    assert_eq!(announced["positionEncoding"], "utf-8");
    client
}

/// Checks the report of `fimble complete --json`: `model` has generated something. What it says depends on the weights.
#[track_caller]
fn assert_completes((report, errors, status): &(String, String, i32), model: &str) {
    assert_eq!((errors.as_str(), *status), ("", 0));
    let report: Value = serde_json::from_str(report).unwrap();
    assert_eq!(report["model"], model);
    assert!(report["tokens"]["generated"].as_u64() > Some(0), "{report}");
}

fn outcome(output: Output) -> (String, String, i32) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

#[test]
fn help_and_version_go_to_standard_output() {
    let (help, errors, status) = run(&["--help"]);
    assert!(help.contains("language server") && help.contains("complete") && help.contains("eval"));
    assert_eq!((errors.as_str(), status), ("", 0));
    assert!(run(&["--version"]).0.starts_with("fimble 0."));
    assert_eq!(run(&["no-such-command"]).2, 2);
}
