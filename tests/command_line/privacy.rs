//! Nothing leaves the machine, and no source text is written to disk.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::{adapter, editor};

/// A word in every text of the sessions below, and in nothing else.
const MARKER: &str = "zyxwvu_marker";

/// A home folder and a project.
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

    /// `fimble`, started through the program `wrapper` if there is one.
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

    /// An editor's whole session: typing, accepting, invoking, saving, settings, status and models.
    fn session(&self, wrapper: &[&str], arguments: &[&str]) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(self.edit(self.command(wrapper, arguments)));
    }

    async fn edit(&self, server: Command) {
        let mut client = editor(server, Some(&self.project)).await;
        client.wait_until("ready").await;
        let uri = format!("file://{}", self.project.join("b.py").display());
        client.open(&uri, &format!("# {MARKER}\nx = \n")).await;
        for (version, key) in (2..).zip("max(len(".chars()) {
            let place = json!({"line": 1, "character": version + 2});
            client
                .change(&uri, version, json!({"range": {"start": place, "end": place}, "text": key.to_string()}))
                .await;
            if let Some(item) = client.inline(&uri, 1, i64::from(version) + 3).await.first() {
                let accepted = json!({"command": "fimble.accepted", "arguments": item["command"]["arguments"]});
                client.ask("workspace/executeCommand", accepted).await;
            }
        }
        client.invoke(&uri, 1, 12).await;
        client.notify("textDocument/didSave", json!({"textDocument": {"uri": uri}})).await;
        client.configure(json!({"fimble": {"deadlineMs": 50}})).await;
        for method in ["fimble/status", "fimble/models"] {
            client.ask(method, Value::Null).await;
        }
        client.close(&uri).await;
        assert_eq!(client.quit().await.0, 0);
    }

    fn run(&self, wrapper: &[&str], arguments: &[&str]) {
        let output = self.command(wrapper, arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// An editor's session, and each subcommand.
    fn day(&self, wrapper: &[&str]) {
        self.session(wrapper, &["lsp"]);
        let file = self.project.join("a.py").display().to_string();
        self.run(wrapper, &["complete", &format!("{file}:2:12")]);
        self.run(wrapper, &["complete", &format!("{file}:2:12"), "--adapter", adapter().to_str().unwrap()]);
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

/// The network calls that `strace` sees in a program and all its threads and children. A pair of connected sockets is left
/// out: the runtime wakes itself through one when a signal comes. So is `???`, a thread that ended before strace had read its
/// call.
#[cfg(target_os = "linux")]
fn calls(run: impl FnOnce(&[&str])) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    run(&["strace", "-f", "-qq", "-e", "trace=network", "-e", "signal=none", "-A", "-o", trace.to_str().unwrap()]);
    let trace = fs::read_to_string(trace).expect("strace is installed: tests/run does that");
    let is_harmless = |line: &str| line.contains(" socketpair(AF_UNIX, ") || line.contains(" ???( <detached ");
    trace.lines().filter(|line| line.contains('(') && !is_harmless(line)).map(str::to_owned).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn all_of_fimble_opens_no_socket() {
    let machine = Machine::new();
    assert_eq!(calls(|wrapper| machine.day(wrapper)), Vec::<String>::new());
    assert_eq!(calls(|wrapper| machine.run(wrapper, &["forget", "--yes"])), Vec::<String>::new());
    // strace does see a socket that is opened.
    let opens = calls(|wrapper| {
        let script = ["bash", "-c", "exec 3<>/dev/udp/127.0.0.1/9"];
        assert!(Command::new(wrapper[0]).args(&wrapper[1..]).args(script).status().unwrap().success());
    });
    assert!(opens.iter().any(|call| call.contains("socket(")), "{opens:?}");
}

/// With a remote server configured, code is sent there and nowhere else, no name is looked up, and excluded files are not
/// sent.
#[cfg(target_os = "linux")]
#[test]
fn a_configured_server_is_the_only_destination() {
    let machine = Machine::new();
    let (port, asked) = completions_server();
    let settings = machine.home.join(".config/fimble");
    fs::create_dir_all(&settings).unwrap();
    let remote = format!("deadline_ms = 0\n[remote]\nurl = \"http://127.0.0.1:{port}\"\n");
    fs::write(settings.join("fimble.toml"), remote).unwrap();

    let calls = calls(|wrapper| machine.day(wrapper));
    let connects: Vec<&String> = calls.iter().filter(|call| call.contains(" connect(")).collect();
    let there = format!("sin_port=htons({port}), sin_addr=inet_addr(\"127.0.0.1\")");
    assert!(!connects.is_empty() && connects.iter().all(|call| call.contains(&there)), "{connects:?}");
    // Data leaves through the connection only: a datagram would name its destination.
    let goes_to_others = |call: &&String| call.contains("sin_addr") && !call.contains(&there);
    let named: Vec<&String> = calls.iter().filter(|call| call.contains("send")).filter(goes_to_others).collect();
    assert!(named.is_empty(), "{named:?}");
    let requests: Vec<String> = asked.try_iter().collect();
    assert!(requests.iter().any(|request| request.contains(MARKER)), "{requests:?}");

    fs::write(machine.project.join(".gitignore"), "*.py\n").unwrap();
    machine.session(&[], &["lsp"]);
    assert_eq!(asked.try_iter().count(), 0);
}

/// A server that answers every request. Returns its port, and the bodies of the requests.
#[cfg(target_os = "linux")]
fn completions_server() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut length = 0;
            let mut header = String::new();
            while reader.read_line(&mut header).unwrap() > 2 {
                length = header.strip_prefix("Content-Length: ").map_or(length, |value| value.trim().parse().unwrap());
                header.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let _ = sender.send(String::from_utf8(body).unwrap());
            let answer = json!({"choices": [{"text": "len(path)\n", "finish_reason": "stop"}]}).to_string();
            let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", answer.len());
            let _ = reader.into_inner().write_all((head + &answer).as_bytes());
        }
    });
    (port, asked)
}

#[cfg(target_os = "linux")]
#[test]
fn all_of_fimble_works_without_a_network() {
    Machine::new().day(&["unshare", "-rn"]);
}

#[test]
fn no_source_text_is_written_to_disk() {
    let machine = Machine::new();
    let log = machine.home.join("log");
    machine.session(&[], &["lsp", "--log-level", "debug", "--log-file", log.to_str().unwrap()]);
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.contains("completed"), "the log has entries: {text}");
    for file in files(&machine.home) {
        let found = fs::read(&file).unwrap().windows(MARKER.len()).any(|bytes| bytes == MARKER.as_bytes());
        assert!(!found, "{}", file.display());
    }
    // The log level `trace` does include source text.
    machine.session(&[], &["lsp", "--log-level", "trace", "--log-file", log.to_str().unwrap()]);
    assert!(fs::read_to_string(&log).unwrap().contains(MARKER));
}

/// `fimble forget` knows every file that fimble writes. Settings are the user's and stay.
#[test]
fn forget_deletes_everything_that_was_stored() {
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
