//! Nothing leaves the machine, and nothing of the source text is written down.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::editor::{Editor, inline};

/// In every text that the sessions below handle, and in nothing else.
const MARKER: &str = "zyxwvu_marker";

/// A home folder of its own, and a project.
struct Machine {
    _folder: tempfile::TempDir,
    home: PathBuf,
    project: PathBuf,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (home, project) = (folder.path().join("home"), folder.path().join("project"));
        fs::create_dir(&home).unwrap();
        fs::create_dir(&project).unwrap();
        fs::write(project.join("a.py"), format!("def {MARKER}_of(path):\n    return path\n")).unwrap();
        Self { _folder: folder, home, project }
    }

    /// fimble, started by `wrapper` if there is one.
    fn command(&self, wrapper: &[&str], arguments: &[&str]) -> Command {
        let words: Vec<&str> =
            wrapper.iter().copied().chain([env!("CARGO_BIN_EXE_fimble")]).chain(arguments.iter().copied()).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("HOME", &self.home);
        for variable in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
            command.env_remove(variable);
        }
        command
    }

    /// All that an editor asks of a server in a day: typing, accepting, settings, saving, status and models.
    fn session(&self, wrapper: &[&str], arguments: &[&str]) {
        let mut editor = Editor::of(self.command(wrapper, arguments), Some(&self.project));
        editor.wait_until_ready();
        let uri = format!("file://{}", self.project.join("b.py").display());
        editor.open(&uri, &format!("# {MARKER}\nx = \n"));
        for (version, key) in (2..).zip("max(len(".chars()) {
            let place = json!({"line": 1, "character": version + 2});
            let change = json!({"range": {"start": place, "end": place}, "text": key.to_string()});
            let document = json!({"uri": uri, "version": version});
            editor.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]}));
            let list = editor.ask("textDocument/inlineCompletion", inline(&uri, 1, version + 3));
            if let Some(item) = list["items"].get(0) {
                let accepted = json!({"command": "fimble.accepted", "arguments": item["command"]["arguments"]});
                editor.ask("workspace/executeCommand", accepted);
            }
        }
        let mut by_hand = inline(&uri, 1, 12);
        by_hand["context"]["triggerKind"] = json!(1);
        editor.ask("textDocument/inlineCompletion", by_hand);
        editor.tell("textDocument/didSave", json!({"textDocument": {"uri": uri}}));
        let settings = json!({"settings": {"fimble": {"deadlineMs": 50}}});
        editor.tell("workspace/didChangeConfiguration", settings);
        for method in ["fimble/status", "fimble/models"] {
            editor.ask(method, Value::Null);
        }
        editor.tell("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
        assert_eq!(editor.exit(), 0);
    }

    fn run(&self, wrapper: &[&str], arguments: &[&str]) {
        let output = self.command(wrapper, arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Everything that the subcommands do, too.
    fn day(&self, wrapper: &[&str]) {
        self.session(wrapper, &["lsp"]);
        let file = self.project.join("a.py").display().to_string();
        self.run(wrapper, &["complete", &format!("{file}:2:12")]);
        self.run(wrapper, &["replay", &format!("{file}:2-2"), "--interval-ms", "1"]);
        let cases = self.project.join("cases.jsonl");
        let case = json!({"prompt": "x = ", "suffix": "\n", "canonical_solution": "1"});
        fs::write(&cases, case.to_string()).unwrap();
        self.run(wrapper, &["eval", &cases.display().to_string()]);
        self.run(wrapper, &["stats"]);
        self.run(wrapper, &["stats", "--export", "openmetrics"]);
        self.run(wrapper, &["models", "list"]);
        self.run(wrapper, &["models", "use", "embedded"]);
        self.run(wrapper, &["models", "verify"]);
        self.run(wrapper, &["forget", "--dry-run"]);
    }
}

/// What `strace` says of calls for the network, of a program and all its threads and children. A pair of sockets that are
/// connected to each other leads nowhere: the runtime wakes itself with one when a signal comes.
#[cfg(target_os = "linux")]
fn calls(run: impl FnOnce(&[&str])) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    run(&["strace", "-f", "-qq", "-e", "trace=network", "-e", "signal=none", "-A", "-o", trace.to_str().unwrap()]);
    let trace = fs::read_to_string(trace).expect("strace is installed: tests/run does that");
    let leads_nowhere = |line: &str| line.contains(" socketpair(AF_UNIX, ");
    trace.lines().filter(|line| line.contains('(') && !leads_nowhere(line)).map(str::to_owned).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_day_s_work_opens_no_socket() {
    let machine = Machine::new();
    assert_eq!(calls(|wrapper| machine.day(wrapper)), Vec::<String>::new());
    assert_eq!(calls(|wrapper| machine.run(wrapper, &["forget", "--yes"])), Vec::<String>::new());
    // Of a program that does open one it is said.
    let opens = calls(|wrapper| {
        let script = ["bash", "-c", "exec 3<>/dev/udp/127.0.0.1/9"];
        assert!(Command::new(wrapper[0]).args(&wrapper[1..]).args(script).status().unwrap().success());
    });
    assert!(opens.iter().any(|call| call.contains("socket(")), "{opens:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_day_s_work_needs_no_network() {
    Machine::new().day(&["unshare", "-rn"]);
}

#[test]
fn source_text_is_not_written_down() {
    let machine = Machine::new();
    let log = machine.home.join("log");
    machine.session(&[], &["lsp", "--log-level", "debug", "--log-file", log.to_str().unwrap()]);
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.contains("completed"), "there is a log to look into: {text}");
    for file in files(&machine.home) {
        let found = fs::read(&file).unwrap().windows(MARKER.len()).any(|bytes| bytes == MARKER.as_bytes());
        assert!(!found, "{}", file.display());
    }
    // At the level that says so it is.
    machine.session(&[], &["lsp", "--log-level", "trace", "--log-file", log.to_str().unwrap()]);
    assert!(fs::read_to_string(&log).unwrap().contains(MARKER));
}

/// All that is stored is known of, and can be deleted; but settings are the user's.
#[test]
fn what_a_day_leaves_can_be_forgotten() {
    let machine = Machine::new();
    machine.day(&[]);
    let settings = machine.home.join(".config/fimble/fimble.toml");
    assert!(files(&machine.home).len() > 1);
    machine.run(&[], &["forget", "--yes"]);
    assert_eq!(files(&machine.home), [settings]);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
