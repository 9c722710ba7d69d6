//! The binary as users and editors start it, with the embedded model.

mod complete;
mod editor;
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

/// A home folder of the tests' own, so that nobody's settings or models matter. It is the same for all tests: the
/// model is unpacked once.
static HOME: LazyLock<PathBuf> = LazyLock::new(|| {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("home");
    std::fs::create_dir_all(&home).unwrap();
    home
});

/// On the embedded model, trained on modules that begin with `use super::*;`.
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

/// Runs to the end and returns standard output, standard error and the exit status.
fn run(arguments: &[&str]) -> (String, String, i32) {
    outcome(fimble().args(arguments).output().unwrap())
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
