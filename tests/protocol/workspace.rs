//! Excerpts in the prompt from other open files and from the workspace.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, io};

use fimble::ServeOptions;
use fimble_completion::prompt::{Piece, Prompt};
use fimble_test_support::{FakeEngine, PATIENCE, TestClient, ghost_text};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{loads, ready, start};

/// A client with an open folder, and the latest prompt of its server.
struct Project {
    client: TestClient,
    folder: TempDir,
    asked: Arc<Mutex<String>>,
    opened: usize,
}

impl Project {
    async fn new(files: &[(&str, &str)], options: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        files.iter().try_for_each(|(name, text)| write(folder.path(), name, text)).unwrap();
        let asked = Arc::new(Mutex::new(String::new()));
        let note = asked.clone();
        let engine = Arc::new(FakeEngine::scripted(move |prompt| {
            *note.lock().unwrap() = whole(prompt);
            Ok("1".to_owned())
        }));
        let mut client = start(loads(&engine), ServeOptions::default());
        let params = json!({
            "processId": null,
            "workspaceFolders": [{"uri": uri(folder.path(), ""), "name": "project"}],
            "capabilities": ghost_text(),
            "initializationOptions": options,
        });
        client.initialize_with(params).await;
        client.wait_until("ready").await;
        let mut project = Self { client, folder, asked, opened: 0 };
        let is_read = |status: &Value| status["workspace"].is_null() || status["workspace"]["ended"] == true;
        project.client.wait_for("read", is_read).await;
        project
    }

    /// The prompt at the end of a new document with this text.
    async fn prompt(&mut self, text: &str) -> String {
        self.opened += 1;
        let uri = uri(self.folder.path(), &format!("new{}.py", self.opened));
        self.client.open(&uri, text).await;
        let last = text.lines().next_back().unwrap();
        let line = text.lines().count() as i64 - 1;
        self.client.inline(&uri, line, last.len() as i64).await;
        self.client.close(&uri).await;
        self.asked.lock().unwrap().clone()
    }

    /// Waits until the prompt contains `part`, or does not contain it any more. The server reads changed files with a delay.
    async fn wait_for_prompt(&mut self, text: &str, part: &str, contains: bool) {
        let waited =
            tokio::time::timeout(PATIENCE, async { while self.prompt(text).await.contains(part) != contains {} });
        assert!(waited.await.is_ok(), "{part} never changed: {}", self.asked.lock().unwrap());
    }

    async fn changed(&mut self, name: &str) {
        let change = json!({"uri": uri(self.folder.path(), name), "type": 2});
        self.client.notify("workspace/didChangeWatchedFiles", json!({"changes": [change]})).await;
    }
}

fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap())?;
    fs::write(path, text)
}

fn uri(folder: &Path, name: &str) -> String {
    let path = folder.canonicalize().unwrap().join(name);
    format!("file://{}", path.display())
}

/// The whole prompt, special tokens included.
fn whole(prompt: &Prompt) -> String {
    let pieces = prompt.pieces.iter().map(|piece| match piece {
        Piece::Special(token) => token.as_str(),
        Piece::Text(text) => text,
    });
    pieces.collect::<String>() + &prompt.tail
}

const AREA: (&str, &str) = ("shapes/area.py", "def area_of(width, height):\n    return width * height\n");
const CALL: &str = "x = area_of(";

#[tokio::test(flavor = "multi_thread")]
async fn definitions_of_the_workspace_are_in_the_prompt() {
    let mut project = Project::new(&[AREA], Value::Null).await;
    let prompt = project.prompt(CALL).await;
    assert!(
        prompt.contains("<|file_sep|>shapes/area.py\ndef area_of(width, height):\n<|file_sep|>new1.py\n<|fim_prefix|>"),
        "{prompt}"
    );
    assert_eq!(project.client.status().await["workspace"]["files"], 1);
    assert_eq!(project.client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn ignored_hidden_and_excluded_files_are_not_in_the_prompt() {
    let files = |ignore, rules| [AREA, (ignore, rules)];
    for (ignore, rules) in [(".gitignore", "shapes/\n"), (".fimbleignore", "area.py\n")] {
        let mut project = Project::new(&files(ignore, rules), Value::Null).await;
        assert!(!project.prompt(CALL).await.contains("width"), "{ignore}");
        fs::remove_file(project.folder.path().join(ignore)).unwrap();
        project.changed(ignore).await;
        project.wait_for_prompt(CALL, "width", true).await;
    }
    let mut project = Project::new(&[(".secret/area.py", AREA.1)], Value::Null).await;
    assert!(!project.prompt(CALL).await.contains("width"));
    let mut project = Project::new(&[AREA], json!({"exclude": ["shapes/*"]})).await;
    assert!(!project.prompt(CALL).await.contains("width"));
    let mut project = Project::new(&[("secrets.py", AREA.1)], Value::Null).await;
    assert!(!project.prompt(CALL).await.contains("width"));
    // An open file is excluded, too.
    let secret = uri(project.folder.path(), "secrets.py");
    project.client.open(&secret, AREA.1).await;
    assert!(!project.prompt(CALL).await.contains("width"));
    let mut project = Project::new(&[AREA], json!({"context": "open"})).await;
    assert!(!project.prompt(CALL).await.contains("width"));
    assert!(project.client.status().await["workspace"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_files_are_read_again() {
    let mut project = Project::new(&[AREA], Value::Null).await;
    let folder = project.folder.path().to_owned();
    write(&folder, AREA.0, "def area_of(radius):\n    return radius\n").unwrap();
    let saved = json!({"textDocument": {"uri": uri(&folder, AREA.0)}});
    project.client.notify("textDocument/didSave", saved).await;
    project.wait_for_prompt(CALL, "radius", true).await;

    write(&folder, "more/deeper/volume.py", "def volume_of(depth):\n    return depth\n").unwrap();
    project.changed("more/deeper/volume.py").await;
    project.wait_for_prompt("x = volume_of(", "depth", true).await;
    assert_eq!(project.client.status().await["workspace"]["files"], 2);

    fs::remove_dir_all(folder.join("more")).unwrap();
    project.changed("more").await;
    project.wait_for_prompt("x = volume_of(", "depth", false).await;

    // Files outside the folder are not read.
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "far.py", "def far_of(distance): pass\n").unwrap();
    project.changed(&outside.path().join("far.py").display().to_string()).await;
    assert!(!project.prompt("x = far_of(").await.contains("distance"));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_during_a_full_read_are_not_lost() {
    let names: Vec<String> = (0..600).map(|number| format!("shapes/a{number}.py")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), AREA.1)).collect();
    let mut project = Project::new(&files, Value::Null).await;
    let folder = project.folder.path().to_owned();
    for round in 0..4 {
        project.changed(".gitignore").await;
        // The read has begun by now.
        tokio::time::sleep(Duration::from_millis(10)).await;
        for (number, name) in names.iter().enumerate().step_by(100) {
            write(&folder, name, &format!("def volume{number}_of(depth{round}): pass\n")).unwrap();
            project.changed(name).await;
        }
        for number in (0..names.len()).step_by(100) {
            project.wait_for_prompt(&format!("x = volume{number}_of("), &format!("depth{round}"), true).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_file_is_in_the_prompt_without_being_saved_or_in_a_folder() {
    let engine = FakeEngine::scripted(|prompt| Ok(format!("{}", whole(prompt).matches("def area_of(side)").count())));
    let (mut client, _) = ready(engine).await;
    client.open("file:///other/area.py", "def area_of(side):\n    return side\n").await;
    client.open("file:///other/use.py", CALL).await;
    assert_eq!(client.inline("file:///other/use.py", 0, CALL.len() as i64).await[0]["insertText"], "1");
    client.close("file:///other/area.py").await;
    client.open("file:///other/again.py", CALL).await;
    assert_eq!(client.inline("file:///other/again.py", 0, CALL.len() as i64).await[0]["insertText"], "0");
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_added_and_removed() {
    let mut project = Project::new(&[], Value::Null).await;
    let other = tempfile::tempdir().unwrap();
    write(other.path(), AREA.0, AREA.1).unwrap();
    let folder = json!({"uri": uri(other.path(), ""), "name": "other"});
    let change = |added: &Value, removed: &Value| json!({"event": {"added": added, "removed": removed}});
    project.client.notify("workspace/didChangeWorkspaceFolders", change(&json!([folder]), &json!([]))).await;
    project.wait_for_prompt(CALL, "width", true).await;
    project.client.notify("workspace/didChangeWorkspaceFolders", change(&json!([]), &json!([folder]))).await;
    project.wait_for_prompt(CALL, "width", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_the_workspace_is_shown_as_progress() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), AREA.0, AREA.1).unwrap();
    let engine = Arc::new(FakeEngine::answering("1"));
    let mut client = start(loads(&engine), ServeOptions::default());
    let params = json!({
        "processId": null,
        "rootUri": uri(folder.path(), ""),
        "capabilities": {"window": {"workDoneProgress": true}},
    });
    client.answer_requests();
    client.initialize_with(params).await;
    // The progress of loading the model may come before, after or between.
    while client.message("$/progress").await["params"]["value"]["title"] != "Reading the workspace" {}
}
