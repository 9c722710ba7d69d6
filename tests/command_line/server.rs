//! The language server as a process, as editors start it, with the embedded model.

use fimble_test_support::TestClient;
use serde_json::{Value, json};

use crate::{adapter, editor, fimble};

const URI: &str = "file:///a.py";
const CODE: &str = "class Point:\n    def name(self):\n        ret";

async fn start(arguments: &[&str]) -> TestClient {
    let mut command = fimble();
    command.args(arguments);
    editor(command, None).await
}

/// The model has something to suggest here; what it says is not tested.
#[tokio::test(flavor = "multi_thread")]
async fn an_editor_gets_a_suggestion_at_the_cursor() {
    let mut client = start(&["--stdio"]).await;
    client.open(URI, CODE).await;
    client.wait_until("ready").await;
    let item = client.invoke(URI, 2, 11).await.swap_remove(0);
    assert_ne!(item["insertText"].as_str().unwrap(), "");
    let place = json!({"line": 2, "character": 11});
    assert_eq!(item["range"], json!({"start": place, "end": place}));
    assert_eq!(item["command"]["command"], "fimble.accepted");
    assert_eq!(client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_to_load_is_reported_in_the_editor() {
    let mut client = start(&["--model", "no-such-model"]).await;
    let message = client.shown().await;
    assert!(message.starts_with("fimble: no model is called `no-such-model`"), "{message}");
    client.open(URI, CODE).await;
    assert_eq!(client.inline(URI, 2, 11).await, Vec::<Value>::new());
    assert_eq!(client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_is_switched_on_and_off_in_the_editor() {
    let mut client = start(&[]).await;
    client.wait_until("ready").await;
    let uri = "file:///module.rs";
    client.open_as(uri, "rust", "pub").await;
    let adapter = adapter();
    for (setting, model) in [("", "embedded"), (adapter.to_str().unwrap(), "embedded + just"), ("", "embedded")] {
        client.configure(json!({"fimble": {"adapter": setting}})).await;
        client.wait_for(model, |status| status["model"] == model).await;
        for item in client.invoke(uri, 0, 3).await {
            let answered_by = item["command"]["arguments"][0]["model"].as_str().unwrap();
            assert_eq!(answered_by.split('@').next().unwrap(), model, "{item}");
        }
    }
    client.configure(json!({"fimble": {"adapter": "no-such"}})).await;
    let message = client.shown().await;
    assert!(message.starts_with("fimble: no adapter is called `no-such`"), "{message}");
    assert!(message.ends_with("The model embedded stays in use."), "{message}");
    assert_eq!(client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn eighty_requests_are_answered_while_an_edit_goes_through() {
    let mut client = start(&["lsp"]).await;
    let uris: Vec<String> = (0..80).map(|number| format!("file:///{number}.py")).collect();
    client.wait_until("ready").await;
    for uri in &uris {
        client.open(uri, CODE).await;
    }
    let mut requests = Vec::new();
    for uri in &uris {
        requests.push(client.request_inline(uri, 2, 11).await);
    }
    client.open(URI, CODE).await;
    let end = json!({"line": 2, "character": 11});
    client.change(URI, 2, json!({"range": {"start": end, "end": end}, "text": "urn file.read"})).await;
    requests.push(client.request_inline(URI, 2, 24).await);
    for id in requests {
        client.items(id).await;
    }
    assert_eq!(client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_four_million_characters_does_no_harm() {
    let mut client = start(&[]).await;
    client.wait_until("ready").await;
    client.open(URI, &"x = 1; ".repeat(600_000)).await;
    client.inline(URI, 0, 4_200_000).await;
    let middle = json!({"line": 0, "character": 2_000_000});
    client.change(URI, 2, json!({"range": {"start": middle, "end": middle}, "text": "y"})).await;
    client.inline(URI, 0, 2_000_001).await;
    assert_eq!(client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_requests_do_not_end_the_server() {
    let mut client = start(&[]).await;
    client.open(URI, CODE).await;
    for (line, character) in [(-1, 0), (0, -5), (1_000_000, 0), (4_294_967_295, 4_294_967_295), (0, 1_000_000_000)] {
        let id = client.request_inline(URI, line, character).await;
        let reply = client.reply(id).await;
        assert!(reply.get("error").is_some() != reply.get("result").is_some(), "{reply}");
    }
    assert_eq!(client.inline("file:///unknown.py", 0, 0).await, Vec::<Value>::new());
    let id = client.request("textDocument/noSuchMethod", json!({})).await;
    assert_eq!(client.reply(id).await["error"]["code"], -32601);
    assert_eq!(client.quit().await.0, 0);
}
