//! Where settings come from, which of them win, and what is said about bad ones. The settings show in the model that
//! the server asks its loader for, and in whether it completes.

use std::io::Write;
use std::sync::Arc;

use fimble::options::Options;
use fimble::{LoadEngine, ServeOptions};
use fimble_completion::engine::Engine;
use fimble_test_support::FakeEngine;
use serde_json::{Value, json};

use crate::client::{TestClient, URI, ghost_text};

/// A loader whose engines are named as the setting.
fn by_name() -> LoadEngine {
    Arc::new(|choice| {
        let name = choice.model.as_deref().unwrap_or("embedded");
        Ok(Arc::new(FakeEngine::answering("alpha").named(name)) as Arc<dyn Engine>)
    })
}

async fn wait_for_model(client: &mut TestClient, model: &str) {
    let waited = tokio::time::timeout(crate::client::PATIENCE, async {
        loop {
            let status = client.status().await;
            if status["state"] == "ready" && status["model"] == model {
                break;
            }
        }
    });
    assert!(waited.await.is_ok(), "{model} never serves");
}

#[tokio::test(flavor = "multi_thread")]
async fn later_sources_win() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "model = \"file\"\n[languages]\npython = false").unwrap();
    let options = ServeOptions { user_file: Some(file.path().to_owned()), ..ServeOptions::default() };

    let mut client = TestClient::start(by_name(), options.clone());
    client.initialize(ghost_text(), Value::Null).await;
    wait_for_model(&mut client, "file").await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await.len(), 0);
    assert_eq!(client.quit().await, (0, vec![]));

    let mut client = TestClient::start(by_name(), options.clone());
    client.initialize(ghost_text(), json!({"model": "initialization", "languages": {"python": true}})).await;
    wait_for_model(&mut client, "initialization").await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await.len(), 1);
    // Under the server's name, beside those of others, or bare.
    for (settings, model) in [
        (json!({"fimble": {"model": "named"}, "gopls": {"model": "theirs"}}), "named"),
        (json!({"model": "bare"}), "bare"),
        (json!({"gopls": {"model": "theirs"}}), "initialization"),
    ] {
        client.notify("workspace/didChangeConfiguration", json!({"settings": settings})).await;
        wait_for_model(&mut client, model).await;
    }
    assert_eq!(client.quit().await, (0, vec![]));

    let command_line = Options { model: Some("command line".to_owned()), ..Options::default() };
    let mut client = TestClient::start(by_name(), ServeOptions { command_line, ..options });
    client.initialize(ghost_text(), json!({"model": "initialization"})).await;
    client.notify("workspace/didChangeConfiguration", json!({"settings": {"model": "changed"}})).await;
    wait_for_model(&mut client, "command line").await;
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_can_be_asked_is_asked() {
    let mut client = TestClient::start(by_name(), ServeOptions::default());
    let workspace = json!({"configuration": true, "didChangeConfiguration": {"dynamicRegistration": true}});
    client.initialize(json!({"workspace": workspace}), json!({"model": "initialization"})).await;
    let registration = client.message("client/registerCapability").await;
    assert_eq!(registration["params"]["registrations"][0]["method"], "workspace/didChangeConfiguration");
    client.answer(&registration, Value::Null).await;

    let question = client.message("workspace/configuration").await;
    assert_eq!(question["params"], json!({"items": [{"section": "fimble"}]}));
    // While it thinks, everything else goes on.
    wait_for_model(&mut client, "initialization").await;
    client.answer(&question, json!([{"model": "answer"}])).await;
    wait_for_model(&mut client, "answer").await;

    for empty in [Value::Null, json!({}), json!({"fimble": null})] {
        client.notify("workspace/didChangeConfiguration", json!({"settings": empty})).await;
        let question = client.message("workspace/configuration").await;
        client.answer(&question, json!([null])).await;
    }
    client.notify("workspace/didChangeConfiguration", json!({"settings": null})).await;
    let question = client.message("workspace/configuration").await;
    client.answer(&question, json!([{"model": "second answer"}])).await;
    wait_for_model(&mut client, "second answer").await;
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_values_are_named_once_and_the_others_count() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "max_tokens = 0\nmodel = \"file\"").unwrap();
    let path = file.path().to_owned();
    let options = ServeOptions { user_file: Some(path.clone()), ..ServeOptions::default() };
    let mut client = TestClient::start(by_name(), options);
    client.initialize(ghost_text(), json!({"deadlineMs": "soon", "colour": "red"})).await;
    let mut shown = [client.shown().await, client.shown().await, client.shown().await];
    shown.sort();
    assert!(shown[0].starts_with("`colour` in initializationOptions is no setting"), "{shown:?}");
    assert!(shown[1].starts_with("`deadlineMs` in initializationOptions must be a whole number from 0"), "{shown:?}");
    let expected = format!("`max_tokens` in {} must be a whole number from 1 to 1024, not 0", path.display());
    assert!(shown[2].starts_with(&expected), "{shown:?}");
    wait_for_model(&mut client, "file").await;

    for _ in 0..3 {
        let settings = json!({"settings": {"fimble": {"multiline": "sometimes", "model": "client"}}});
        client.notify("workspace/didChangeConfiguration", settings).await;
    }
    assert!(client.shown().await.starts_with("`multiline` in the editor's settings must be auto, always or never"));
    wait_for_model(&mut client, "client").await;
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_file_that_is_missing_or_broken_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fimble.toml");
    let options = ServeOptions { user_file: Some(path.clone()), ..ServeOptions::default() };
    let mut client = TestClient::start(by_name(), options.clone());
    client.initialize(ghost_text(), Value::Null).await;
    wait_for_model(&mut client, "embedded").await;
    assert_eq!(client.quit().await, (0, vec![]));

    std::fs::write(&path, "model = ").unwrap();
    let mut client = TestClient::start(by_name(), options);
    client.initialize(ghost_text(), Value::Null).await;
    let shown = client.shown().await;
    assert!(shown.contains("fimble.toml is not TOML"), "{shown}");
    wait_for_model(&mut client, "embedded").await;
    assert_eq!(client.quit().await, (0, vec![]));
}
