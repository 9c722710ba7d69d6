//! A remote model beside the local one: when it is asked, when its answer is shown, and what is never sent to it.

use std::fs;
use std::sync::Arc;

use fimble::ServeOptions;
use fimble::settings::MachinePolicy;
use fimble_completion::engine::{Engine, EngineError};
use fimble_test_support::{FakeEngine, Gate, PATIENCE, TestClient, ghost_text, inline_params};
use serde_json::{Value, json};

use crate::server::{self, URI, loads, wait_for_held};

const HYBRID: &str = "[remote]\nurl = \"http://localhost:1\"\n";

struct Session {
    client: TestClient,
    local: Arc<FakeEngine>,
    remote: Arc<FakeEngine>,
    _folder: tempfile::TempDir,
}

impl Session {
    /// `settings` is the text of the user's file, and `policy` that of the machine's policy.
    async fn start(settings: &str, policy: &str, local: FakeEngine, remote: FakeEngine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [user_file, policy_file] = [("fimble.toml", settings), ("policy.toml", policy)].map(|(name, text)| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        });
        let (local, remote) = (Arc::new(local), Arc::new(remote.named("big at localhost:1")));
        let connected: Arc<dyn Engine> = remote.clone();
        let options = ServeOptions {
            user_file: Some(user_file),
            machine_policy: Arc::new(MachinePolicy::read(&policy_file)),
            connect: Arc::new(move |_| connected.clone()),
            daily_quota_file: Some(folder.path().join("remote.json")),
            ..ServeOptions::default()
        };
        let mut client = server::start(loads(&local), options);
        client.initialize(ghost_text(), Value::Null).await;
        client.wait_until("ready").await;
        Self { client, local, remote, _folder: folder }
    }

    async fn text(&mut self, uri: &str, line: i64, character: i64) -> String {
        let id = self.client.request_inline(uri, line, character).await;
        self.client.suggestion(id).await
    }

    async fn wait_for_remote(&mut self, field: &str, count: u64) {
        self.client.wait_for(field, |status| status["remote"][field] == count).await;
    }

    /// The number of requests to the local and to the remote model.
    fn calls(&self) -> (usize, usize) {
        (self.local.calls(), self.remote.calls())
    }
}

/// A local model whose confidence is so low that the remote model is asked, too.
fn unsure(answer: &str) -> FakeEngine {
    FakeEngine::answering(answer).sure(0.3)
}

/// A remote model that cannot be reached.
fn broken() -> FakeEngine {
    FakeEngine::scripted(|_| {
        Err(EngineError::Unavailable { problem: "big cannot be reached".to_owned(), retry_after: None })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confident_local_answer_is_shown_without_asking_the_remote_model() {
    let (local, remote) = (FakeEngine::answering("alpha").sure(0.9), FakeEngine::answering("beta").sure(1.0));
    let mut session = Session::start(HYBRID, "", local, remote).await;
    session.client.open(URI, "x = \n").await;
    assert_eq!(session.text(URI, 0, 4).await, "alpha");
    assert_eq!(session.calls(), (1, 0));
    assert_eq!(session.client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_more_confident_of_two_timely_answers_is_shown() {
    for (sure, shown) in [(0.8, "beta"), (0.3, "alpha")] {
        let (local, remote) = (FakeEngine::answering("alpha").sure(0.35), FakeEngine::answering("beta").sure(sure));
        let mut session = Session::start(&format!("deadline_ms = 0\n{HYBRID}"), "", local, remote).await;
        session.client.open(URI, "x = \n").await;
        assert_eq!(session.text(URI, 0, 4).await, shown);
        assert_eq!(session.calls(), (1, 1));
        assert_eq!(session.client.quit().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_remote_answer_is_used_for_the_next_key() {
    let gate = Gate::default();
    let (local, remote) = (unsure("alpha"), FakeEngine::answering("beta").sure(0.9).behind(&gate));
    let mut session = Session::start(HYBRID, "", local, remote).await;
    session.client.open(URI, "x = \n").await;
    gate.close();
    // The server has not answered yet, so it is not expected to answer within the deadline.
    assert_eq!(session.text(URI, 0, 4).await, "alpha");
    wait_for_held(&gate, 1);
    gate.open();
    let waited = tokio::time::timeout(PATIENCE, async { while session.text(URI, 0, 4).await != "beta" {} });
    assert!(waited.await.is_ok(), "the remote answer never comes");
    session.client.insert(URI, 2, 4, "be").await;
    assert_eq!(session.text(URI, 0, 6).await, "ta");
    assert_eq!(session.calls(), (1, 1), "the rest was cached");
    let items = session.client.ask("textDocument/inlineCompletion", inline_params(URI, 0, 6)).await;
    assert!(
        items.to_string().contains("big at localhost:1"),
        "the acceptance is counted for the remote model: {items}"
    );
    assert_eq!(session.client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reply_waits_for_the_remote_model_if_the_local_one_has_nothing() {
    let gate = Gate::default();
    let (local, remote) = (FakeEngine::answering(""), FakeEngine::answering("beta").behind(&gate));
    let mut session = Session::start(HYBRID, "", local, remote).await;
    session.client.open(URI, "x = \n").await;
    gate.close();
    let id = session.client.request_inline(URI, 0, 4).await;
    wait_for_held(&gate, 1);
    // A key that makes the answer useless cancels it.
    session.client.insert(URI, 2, 4, "y").await;
    let newer = session.client.request_inline(URI, 0, 5).await;
    assert_eq!(session.client.suggestion(id).await, "");
    wait_for_held(&gate, 1);
    gate.open();
    assert_eq!(session.client.suggestion(newer).await, "beta");
    assert_eq!(session.client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_server_that_fails_is_paused_and_reported() {
    let mut session = Session::start(&format!("deadline_ms = 0\n{HYBRID}"), "", unsure("alpha"), broken()).await;
    session.client.open(URI, "x = \n").await;
    for version in 2..8 {
        session.client.change(URI, version, json!({"text": format!("x{version} = \n")})).await;
        assert_eq!(session.text(URI, 0, 5).await, "alpha");
    }
    assert_eq!(session.calls(), (6, 3));
    let status = session.client.status().await;
    assert_eq!((&status["remote"]["failed"], &status["remote"]["left_alone"]), (&json!(3), &json!(true)));
    let message = session.client.shown().await;
    assert!(message.contains("big cannot be reached. The local model answers alone"), "{message}");
    assert_eq!(session.client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_quota_is_kept() {
    let settings = format!("deadline_ms = 0\n{HYBRID}per_day = 2\n");
    let (local, remote) = (unsure("alpha"), FakeEngine::answering("beta"));
    let mut session = Session::start(&settings, "", local, remote).await;
    session.client.open(URI, "x = \n").await;
    let mut shown = Vec::new();
    for version in 2..6 {
        session.client.change(URI, version, json!({"text": format!("x{version} = \n")})).await;
        shown.push(session.text(URI, 0, 5).await);
    }
    assert_eq!(shown, ["beta", "beta", "alpha", "alpha"]);
    assert_eq!(session.calls(), (4, 2));
    assert_eq!(session.client.quit().await.0, 0);
}

/// Files with secrets, excluded files, languages that are switched off, and files outside the workspace.
#[tokio::test(flavor = "multi_thread")]
async fn excluded_files_are_never_sent() {
    let settings = format!(
        "deadline_ms = 0\nexclude = [\"mine/\"]\n{HYBRID}exclude = [\"clients/\"]\nlanguages = {{ rust = false }}\n"
    );
    let (local, remote) = (unsure("alpha"), FakeEngine::answering("beta"));
    let mut session = Session::start(&settings, "", local, remote).await;
    for name in ["project/.env", "project/mine/a.py", "project/clients/a.py", "project/a.rs", "other/a.py"] {
        let uri = format!("file:///{name}");
        session.client.open(&uri, "x = \n").await;
        assert_eq!(session.text(&uri, 0, 4).await, "alpha", "{name}");
    }
    assert_eq!(session.calls(), (5, 0));
    session.client.open(URI, "x = \n").await;
    assert_eq!(session.text(URI, 0, 4).await, "beta");
    assert_eq!(session.client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn excerpts_of_excluded_files_are_never_sent() {
    let prompts = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = prompts.clone();
    let remote = FakeEngine::scripted(move |prompt| {
        noted.lock().unwrap().push(format!("{prompt:?}"));
        Ok("beta".to_owned())
    });
    let settings = format!("deadline_ms = 0\n{HYBRID}exclude = [\"clients/\"]\n");
    let mut session = Session::start(&settings, "", unsure("alpha"), remote).await;
    let definition = |name: &str| format!("def {name}_total(orders):\n    return sum(orders)\n");
    session.client.open("file:///project/clients/a.py", &definition("secret")).await;
    session.client.open("file:///other/b.py", &definition("outside")).await;
    session.client.open("file:///project/c.py", &definition("public")).await;
    session.client.open(URI, "secret_total([])\noutside_total([])\npublic_total([])\nx = \n").await;
    assert_eq!(session.text(URI, 3, 4).await, "beta");
    let prompts = prompts.lock().unwrap().join("\n");
    assert!(prompts.contains("def public_total"), "{prompts}");
    assert!(!prompts.contains("def secret_total") && !prompts.contains("def outside_total"), "{prompts}");
    assert_eq!(session.client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_remote_routing_the_local_model_answers_only_if_the_remote_one_fails() {
    let settings = format!("routing = \"remote\"\n{HYBRID}");
    let mut session =
        Session::start(&settings, "", FakeEngine::answering("alpha").sure(0.9), FakeEngine::answering("beta")).await;
    session.client.open(URI, "x = \n").await;
    assert_eq!(session.text(URI, 0, 4).await, "beta");
    assert_eq!(session.calls(), (0, 1));
    assert_eq!(session.client.quit().await.0, 0);

    let mut session = Session::start(&settings, "", unsure("alpha"), broken()).await;
    session.client.open(URI, "x = \n").await;
    assert_eq!(session.text(URI, 0, 4).await, "alpha");
    assert_eq!(session.calls(), (1, 1));
    assert_eq!(session.client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_cannot_configure_a_server_but_can_switch_it_off() {
    let (local, remote) = (unsure("alpha"), FakeEngine::answering("beta").sure(0.9));
    let mut session = Session::start("deadline_ms = 0\n", "", local, remote).await;
    let settings = json!({"fimble": {"remote": {"url": "http://localhost:1"}, "routing": "remote"}});
    session.client.configure(settings).await;
    let messages = [session.client.shown().await, session.client.shown().await];
    for name in ["`remote`", "`routing`"] {
        let refused = |message: &String| message.starts_with(name) && message.contains("only your own `");
        assert!(messages.iter().any(refused), "{messages:?}");
    }
    session.client.open(URI, "x = \n").await;
    assert_eq!(session.text(URI, 0, 4).await, "alpha");
    assert_eq!(session.client.status().await["remote"], Value::Null);
    assert_eq!(session.client.quit().await.0, 0);

    let (local, remote) = (unsure("alpha"), FakeEngine::answering("beta").sure(0.9));
    let mut session = Session::start(&format!("deadline_ms = 0\n{HYBRID}"), "", local, remote).await;
    session.client.open(URI, "x = \n").await;
    assert_eq!(session.text(URI, 0, 4).await, "beta");
    session.client.configure(json!({"fimble": {"routing": "local"}})).await;
    assert_eq!(session.text(URI, 0, 4).await, "alpha");
    assert_eq!(session.calls(), (2, 1));
    session.wait_for_remote("asked", 1).await;
    assert_eq!(session.client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_policy_overrides_the_user_s_settings() {
    for (policy, message) in [
        ("routing = \"local\"\n", None),
        ("allowed_remotes = [\"https://gpu.example\"]\n", Some("does not allow the server localhost:1")),
        ("allowed_remotes = \n", Some("so it uses only the embedded model and asks no server")),
    ] {
        let (local, remote) = (unsure("alpha"), FakeEngine::answering("beta").sure(0.9));
        let mut session = Session::start(&format!("deadline_ms = 0\n{HYBRID}"), policy, local, remote).await;
        session.client.open(URI, "x = \n").await;
        assert_eq!(session.text(URI, 0, 4).await, "alpha");
        assert_eq!(session.calls(), (1, 0));
        if let Some(message) = message {
            assert!(session.client.shown().await.contains(message));
        }
        assert_eq!(session.client.quit().await.0, 0);
    }
}
