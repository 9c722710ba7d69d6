//! The model: loading, failing, and taking the place of another.

use std::sync::{Arc, Mutex};

use fimble::{LoadEngine, ServeOptions};
use fimble_completion::engine::Engine;
use fimble_test_support::FakeEngine;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::client::{TestClient, URI, ghost_text};

/// A loader that waits for what the test hands it, load by load.
struct Loads {
    load: LoadEngine,
    asked: std::sync::mpsc::Receiver<Load>,
}

struct Load {
    model: Option<String>,
    adapter: Option<String>,
    finish: oneshot::Sender<Result<&'static str, String>>,
}

impl Loads {
    fn new() -> Self {
        let (sender, asked) = std::sync::mpsc::channel();
        let sender = Mutex::new(sender);
        let load: LoadEngine = Arc::new(move |choice| {
            let (finish, finished) = oneshot::channel();
            let load = Load { model: choice.model.clone(), adapter: choice.adapter.clone(), finish };
            sender.lock().expect("no load panics").send(load).expect("the test waits for loads");
            let name = finished.blocking_recv().expect("the test finishes the load")?;
            Ok(Arc::new(FakeEngine::answering(name).named(name)) as Arc<dyn Engine>)
        });
        Self { load, asked }
    }

    /// The next load that the server begins.
    fn next(&self) -> Load {
        tokio::task::block_in_place(|| self.asked.recv_timeout(crate::client::PATIENCE)).expect("a load begins")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_before_the_model_is_ready_get_nothing() {
    let loads = Loads::new();
    let mut client = TestClient::start(loads.load.clone(), ServeOptions::default());
    client.initialize(ghost_text(), Value::Null).await;
    let load = loads.next();
    assert_eq!(load.model, None);
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await, Vec::<Value>::new());
    assert_eq!(client.status().await["state"], "loading");
    load.finish.send(Ok("alpha")).unwrap();
    client.wait_until("ready").await;
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "alpha");
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_cannot_load_is_reported_once() {
    let loads = Loads::new();
    let mut client = TestClient::start(loads.load.clone(), ServeOptions::default());
    client.initialize(ghost_text(), json!({"model": "qwen"})).await;
    loads.next().finish.send(Err("There is no model qwen; fimble models lists them.".to_owned())).unwrap();
    let shown = client.message("window/showMessage").await;
    assert_eq!(
        shown["params"],
        json!({"type": 1, "message": "fimble: There is no model qwen; fimble models lists them."})
    );
    client.open(URI, "x = \n").await;
    for _ in 0..3 {
        assert_eq!(client.inline(URI, 0, 4).await, Vec::<Value>::new());
    }
    let status = client.status().await;
    assert_eq!((&status["state"], &status["model"]), (&json!("failed"), &json!("qwen")));
    assert_eq!(status["message"], "There is no model qwen; fimble models lists them.");
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loader_that_panics_is_a_model_that_cannot_load() {
    let mut client = TestClient::start(Arc::new(|_| panic!("as the test wants it")), ServeOptions::default());
    client.initialize(ghost_text(), Value::Null).await;
    assert!(client.shown().await.contains("cannot be loaded"));
    client.wait_until("failed").await;
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_model_takes_over_when_it_is_ready() {
    let loads = Loads::new();
    let mut client = TestClient::start(loads.load.clone(), ServeOptions::default());
    client.initialize(ghost_text(), Value::Null).await;
    loads.next().finish.send(Ok("first")).unwrap();
    client.wait_until("ready").await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "first");

    let settings = |model| json!({"settings": {"fimble": {"model": model}}});
    client.notify("workspace/didChangeConfiguration", settings("second")).await;
    let second = loads.next();
    assert_eq!(second.model.as_deref(), Some("second"));
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "first");

    // Changed again while the second loads: that one is not wanted any more, in whatever order they are done.
    client.notify("workspace/didChangeConfiguration", settings("third")).await;
    let third = loads.next();
    third.finish.send(Ok("third")).unwrap();
    while client.status().await["model"] != "third" {}
    second.finish.send(Ok("second")).unwrap();
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "third", "what the first suggested is forgotten");
    assert_eq!(client.status().await["model"], "third");

    // One that cannot load leaves the one that serves.
    client.notify("workspace/didChangeConfiguration", settings("fourth")).await;
    loads.next().finish.send(Err("No such model.".to_owned())).unwrap();
    assert_eq!(client.shown().await, "fimble: No such model. It goes on with the model third.");
    let status = client.status().await;
    assert_eq!((&status["state"], &status["message"]), (&json!("ready"), &json!("No such model.")));
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "third");

    // The same setting again is no change.
    client.notify("workspace/didChangeConfiguration", settings("fourth")).await;
    client.status().await;
    assert!(loads.asked.try_recv().is_err());
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_adapter_takes_over_and_goes_again() {
    let loads = Loads::new();
    let mut client = TestClient::start(loads.load.clone(), ServeOptions::default());
    client.initialize(ghost_text(), json!({"model": "base"})).await;
    loads.next().finish.send(Ok("plain")).unwrap();
    client.wait_until("ready").await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "plain");

    for (setting, adapter, name) in [("style", Some("style"), "adapted"), ("", None, "plain_again")] {
        let settings = json!({"settings": {"fimble": {"model": "base", "adapter": setting}}});
        client.notify("workspace/didChangeConfiguration", settings.clone()).await;
        let load = loads.next();
        assert_eq!((load.model.as_deref(), load.adapter.as_deref()), (Some("base"), adapter));
        load.finish.send(Ok(name)).unwrap();
        while client.status().await["model"] != name {}
        assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], name);
        // The same setting again is no change.
        client.notify("workspace/didChangeConfiguration", settings).await;
        client.status().await;
        assert!(loads.asked.try_recv().is_err());
    }
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_shows_progress_sees_the_model_load() {
    for (result, end) in [(Ok("alpha"), "ready"), (Err("It is broken.".to_owned()), "failed")] {
        let loads = Loads::new();
        let mut client = TestClient::start(loads.load.clone(), ServeOptions::default());
        client.initialize(json!({"window": {"workDoneProgress": true}}), json!({"model": "qwen"})).await;
        let create = client.message("window/workDoneProgress/create").await;
        // The load does not wait for the client, nor does anything else.
        let load = loads.next();
        client.open(URI, "x = \n").await;
        assert_eq!(client.inline(URI, 0, 4).await, Vec::<Value>::new());

        client.answer(&create, Value::Null).await;
        let begin = client.message("$/progress").await;
        assert_eq!(begin["params"]["token"], create["params"]["token"]);
        assert_eq!(begin["params"]["value"]["kind"], "begin");
        assert_eq!(begin["params"]["value"]["title"], "Loading qwen");
        load.finish.send(result).unwrap();
        let value = client.message("$/progress").await["params"]["value"].take();
        assert_eq!(value, json!({"kind": "end", "message": end}));
        assert_eq!(client.quit().await.0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_still_loads_does_not_keep_the_server() {
    let loads = Loads::new();
    let mut client = TestClient::start(loads.load.clone(), ServeOptions::default());
    client.initialize(ghost_text(), Value::Null).await;
    let load = loads.next();
    assert_eq!(client.quit().await, (0, vec![]));
    load.finish.send(Ok("late")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_it_loads_nothing_until_it_is_enabled() {
    let loads = Loads::new();
    let mut client = TestClient::start(loads.load.clone(), ServeOptions::default());
    client.initialize(ghost_text(), json!({"enabled": false})).await;
    assert_eq!(client.status().await["state"], "disabled");
    assert!(loads.asked.try_recv().is_err());
    client.notify("workspace/didChangeConfiguration", json!({"settings": {"fimble": {"enabled": true}}})).await;
    loads.next().finish.send(Ok("alpha")).unwrap();
    client.wait_until("ready").await;
    assert_eq!(client.quit().await, (0, vec![]));
}
