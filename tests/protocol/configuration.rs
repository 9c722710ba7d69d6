//! The sources of settings, their order, and the messages about invalid values. The tests observe the settings in the model
//! that the server loads, and in whether it completes.

use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::Arc;

use fimble::settings::Options;
use fimble::{LoadEngine, ServeOptions};
use fimble_completion::engine::Engine;
use fimble_test_support::{FakeEngine, TestClient, ghost_text};
use serde_json::{Value, json};

use crate::server::{URI, start};

/// A loader that names each engine after the `model` setting.
fn by_name() -> LoadEngine {
    Arc::new(|choice| {
        let name = choice.model.as_deref().unwrap_or("embedded");
        Ok(Arc::new(FakeEngine::answering("alpha").named(name)) as Arc<dyn Engine>)
    })
}

async fn wait_for_model(client: &mut TestClient, model: &str) {
    client.wait_for(model, |status| status["state"] == "ready" && status["model"] == model).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn later_sources_override_earlier_ones() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "model = \"file\"\n[languages]\npython = false").unwrap();
    let options = ServeOptions { user_file: Some(file.path().to_owned()), ..ServeOptions::default() };

    let mut client = start(by_name(), options.clone());
    client.initialize(ghost_text(), Value::Null).await;
    wait_for_model(&mut client, "file").await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await.len(), 0);
    assert_eq!(client.quit().await, (0, vec![]));

    let mut client = start(by_name(), options.clone());
    client.initialize(ghost_text(), json!({"model": "initialization", "languages": {"python": true}})).await;
    wait_for_model(&mut client, "initialization").await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await.len(), 1);
    // Settings may stand under the name `fimble`, beside those of other servers, or alone.
    for (settings, model) in [
        (json!({"fimble": {"model": "named"}, "gopls": {"model": "theirs"}}), "named"),
        (json!({"model": "bare"}), "bare"),
        (json!({"gopls": {"model": "theirs"}}), "initialization"),
    ] {
        client.configure(settings).await;
        wait_for_model(&mut client, model).await;
    }
    assert_eq!(client.quit().await, (0, vec![]));

    let command_line = Options { model: Some("command line".to_owned()), ..Options::default() };
    let mut client = start(by_name(), ServeOptions { command_line, ..options });
    client.initialize(ghost_text(), json!({"model": "initialization"})).await;
    client.configure(json!({"model": "changed"})).await;
    wait_for_model(&mut client, "command line").await;
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_the_model_is_a_setting_too() {
    let load: LoadEngine = Arc::new(|choice| {
        let threads = choice.threads.map_or(0, NonZeroUsize::get);
        let name = format!("{:?} with {threads} threads", choice.engine);
        Ok(Arc::new(FakeEngine::answering("alpha").named(&name)) as Arc<dyn Engine>)
    });
    let mut client = start(load, ServeOptions::default());
    client.initialize(ghost_text(), Value::Null).await;
    wait_for_model(&mut client, "Auto with 0 threads").await;
    assert_eq!(client.status().await["engine"], "fake");
    for (settings, model) in [
        (json!({"engine": "llama.cpp", "threads": 4}), "LlamaCpp with 4 threads"),
        (json!({"engine": "mistralrs", "threads": 4}), "MistralRs with 4 threads"),
        (json!({"engine": "mistralrs", "threads": 0}), "MistralRs with 0 threads"),
    ] {
        client.configure(json!({ "fimble": settings })).await;
        wait_for_model(&mut client, model).await;
    }
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_requests_the_configuration_from_a_client_that_supports_it() {
    let mut client = start(by_name(), ServeOptions::default());
    let workspace = json!({"configuration": true, "didChangeConfiguration": {"dynamicRegistration": true}});
    client.initialize(json!({"workspace": workspace}), json!({"model": "initialization"})).await;
    let registration = client.message("client/registerCapability").await;
    assert_eq!(registration["params"]["registrations"][0]["method"], "workspace/didChangeConfiguration");
    client.answer(&registration, Value::Null).await;

    let question = client.message("workspace/configuration").await;
    assert_eq!(question["params"], json!({"items": [{"section": "fimble"}]}));
    // The server does not wait for the answer.
    wait_for_model(&mut client, "initialization").await;
    client.answer(&question, json!([{"model": "answer"}])).await;
    wait_for_model(&mut client, "answer").await;

    for empty in [Value::Null, json!({}), json!({"fimble": null})] {
        client.configure(empty).await;
        let question = client.message("workspace/configuration").await;
        client.answer(&question, json!([null])).await;
    }
    client.configure(Value::Null).await;
    let question = client.message("workspace/configuration").await;
    client.answer(&question, json!([{"model": "second answer"}])).await;
    wait_for_model(&mut client, "second answer").await;
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_values_are_reported_once_and_the_others_apply() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "max_tokens = 0\nmodel = \"file\"").unwrap();
    let path = file.path().to_owned();
    let options = ServeOptions { user_file: Some(path.clone()), ..ServeOptions::default() };
    let mut client = start(by_name(), options);
    client.initialize(ghost_text(), json!({"deadlineMs": "soon", "colour": "red"})).await;
    let mut shown = [client.shown().await, client.shown().await, client.shown().await];
    shown.sort();
    assert!(shown[0].starts_with("`colour` in initializationOptions is not a setting"), "{shown:?}");
    assert!(shown[1].starts_with("`deadlineMs` in initializationOptions must be a whole number from 0"), "{shown:?}");
    let expected = format!("`max_tokens` in `{}` must be a whole number from 1 to 1024, not 0", path.display());
    assert!(shown[2].starts_with(&expected), "{shown:?}");
    wait_for_model(&mut client, "file").await;

    for _ in 0..3 {
        client.configure(json!({"fimble": {"multiline": "sometimes", "model": "client"}})).await;
    }
    assert!(
        client.shown().await.starts_with("`multiline` in the editor's settings must be `auto`, `always` or `never`")
    );
    wait_for_model(&mut client, "client").await;
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_works_without_a_user_file_and_with_an_invalid_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fimble.toml");
    let options = ServeOptions { user_file: Some(path.clone()), ..ServeOptions::default() };
    let mut client = start(by_name(), options.clone());
    client.initialize(ghost_text(), Value::Null).await;
    wait_for_model(&mut client, "embedded").await;
    assert_eq!(client.quit().await, (0, vec![]));

    std::fs::write(&path, "model = ").unwrap();
    let mut client = start(by_name(), options);
    client.initialize(ghost_text(), Value::Null).await;
    let shown = client.shown().await;
    assert!(shown.contains("fimble.toml`, which is not TOML"), "{shown}");
    wait_for_model(&mut client, "embedded").await;
    assert_eq!(client.quit().await, (0, vec![]));
}
