//! Loading a model, failing to load it, and replacing it.

use std::sync::{Arc, Mutex};

use fimble::{LoadEngine, ServeOptions};
use fimble_completion::engine::Engine;
use fimble_test_support::{FakeEngine, PATIENCE, ghost_text};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::server::{URI, start};

/// A loader that waits until the test finishes each load.
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

    /// Waits for the next load.
    fn next(&self) -> Load {
        tokio::task::block_in_place(|| self.asked.recv_timeout(PATIENCE)).expect("a load begins")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_before_the_model_is_ready_get_an_empty_reply() {
    let loads = Loads::new();
    let mut client = start(loads.load.clone(), ServeOptions::default());
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
async fn a_model_that_fails_to_load_is_reported_once() {
    let loads = Loads::new();
    let mut client = start(loads.load.clone(), ServeOptions::default());
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
async fn a_panic_while_loading_is_reported_as_a_failure() {
    let mut client = start(Arc::new(|_| panic!("on purpose")), ServeOptions::default());
    client.initialize(ghost_text(), Value::Null).await;
    assert!(client.shown().await.contains("cannot be loaded"));
    client.wait_until("failed").await;
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_model_replaces_the_old_one_when_it_is_ready() {
    let loads = Loads::new();
    let mut client = start(loads.load.clone(), ServeOptions::default());
    client.initialize(ghost_text(), Value::Null).await;
    loads.next().finish.send(Ok("first")).unwrap();
    client.wait_until("ready").await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "first");

    let settings = |model| json!({"fimble": {"model": model}});
    client.configure(settings("second")).await;
    let second = loads.next();
    assert_eq!(second.model.as_deref(), Some("second"));
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "first");

    // The setting changes again while the second model loads. Then the second model is not used, even if it is ready last.
    client.configure(settings("third")).await;
    let third = loads.next();
    third.finish.send(Ok("third")).unwrap();
    client.wait_for("third", |status| status["model"] == "third").await;
    second.finish.send(Ok("second")).unwrap();
    assert_eq!(
        client.inline(URI, 0, 4).await[0]["insertText"],
        "third",
        "the suggestions of the first model are dropped"
    );
    assert_eq!(client.status().await["model"], "third");

    // A model that fails to load leaves the current one in use.
    client.configure(settings("fourth")).await;
    loads.next().finish.send(Err("No such model.".to_owned())).unwrap();
    assert_eq!(client.shown().await, "fimble: No such model. The model third stays in use.");
    let status = client.status().await;
    assert_eq!((&status["state"], &status["message"]), (&json!("ready"), &json!("No such model.")));
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "third");

    // Sending the same setting again loads nothing.
    client.configure(settings("fourth")).await;
    client.status().await;
    assert!(loads.asked.try_recv().is_err());
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_is_switched_on_and_off() {
    let loads = Loads::new();
    let mut client = start(loads.load.clone(), ServeOptions::default());
    client.initialize(ghost_text(), json!({"model": "base"})).await;
    loads.next().finish.send(Ok("plain")).unwrap();
    client.wait_until("ready").await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "plain");

    for (setting, adapter, name) in [("style", Some("style"), "adapted"), ("", None, "plain_again")] {
        let settings = json!({"fimble": {"model": "base", "adapter": setting}});
        client.configure(settings.clone()).await;
        let load = loads.next();
        assert_eq!((load.model.as_deref(), load.adapter.as_deref()), (Some("base"), adapter));
        load.finish.send(Ok(name)).unwrap();
        client.wait_for(name, |status| status["model"] == name).await;
        assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], name);
        // Sending the same setting again loads nothing.
        client.configure(settings).await;
        client.status().await;
        assert!(loads.asked.try_recv().is_err());
    }
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn loading_is_shown_as_progress() {
    for (result, end) in [(Ok("alpha"), "ready"), (Err("It is broken.".to_owned()), "failed")] {
        let loads = Loads::new();
        let mut client = start(loads.load.clone(), ServeOptions::default());
        client.initialize(json!({"window": {"workDoneProgress": true}}), json!({"model": "qwen"})).await;
        let create = client.message("window/workDoneProgress/create").await;
        // Neither the load nor a request waits for the client's answer.
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
async fn the_server_ends_while_a_model_loads() {
    let loads = Loads::new();
    let mut client = start(loads.load.clone(), ServeOptions::default());
    client.initialize(ghost_text(), Value::Null).await;
    let load = loads.next();
    assert_eq!(client.quit().await, (0, vec![]));
    load.finish.send(Ok("late")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_server_loads_the_model_when_it_is_enabled() {
    let loads = Loads::new();
    let mut client = start(loads.load.clone(), ServeOptions::default());
    client.initialize(ghost_text(), json!({"enabled": false})).await;
    assert_eq!(client.status().await["state"], "disabled");
    assert!(loads.asked.try_recv().is_err());
    client.configure(json!({"fimble": {"enabled": true}})).await;
    loads.next().finish.send(Ok("alpha")).unwrap();
    client.wait_until("ready").await;
    assert_eq!(client.quit().await, (0, vec![]));
}
