//! The capabilities that the server announces to different clients.

use std::sync::Arc;

use fimble::ServeOptions;
use fimble_test_support::{FakeEngine, ghost_text};
use serde_json::{Value, json};

use crate::server::{URI, loads, start};

async fn announced(capabilities: Value, options: Value) -> Value {
    let engine = Arc::new(FakeEngine::answering("x"));
    let mut client = start(loads(&engine), ServeOptions::default());
    let announced = client.initialize(capabilities, options).await;
    assert_eq!(client.quit().await.0, 0);
    announced
}

#[tokio::test(flavor = "multi_thread")]
async fn ghost_text_is_announced_statically() {
    let capabilities = announced(ghost_text(), Value::Null).await;
    assert_eq!(capabilities["inlineCompletionProvider"], true);
    assert_eq!(capabilities["textDocumentSync"], json!({"openClose": true, "change": 2, "save": true}));
    assert_eq!(capabilities["executeCommandProvider"]["commands"], json!(["fimble.accepted"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn completion_items_are_for_clients_without_ghost_text_and_clients_that_ask_for_them() {
    for (capabilities, options, offers) in [
        (json!({}), json!({}), true),
        (json!({"textDocument": {"completion": {}}}), json!({}), true),
        (ghost_text(), json!({}), false),
        (json!({"textDocument": {"inlineCompletion": null}}), json!({}), false),
        (ghost_text(), json!({"completionItems": true}), true),
    ] {
        let provider = announced(capabilities, options).await["completionProvider"].clone();
        assert_eq!(provider.is_object(), offers);
        assert_eq!(provider["triggerCharacters"].is_array(), offers);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_position_encoding_is_the_best_that_both_sides_know() {
    for (offered, agreed, character) in [
        (json!(["utf-16", "utf-8"]), "utf-8", 5),
        (json!(["utf-32", "utf-16"]), "utf-32", 2),
        (json!(["utf-16"]), "utf-16", 3),
        (json!(["utf-32"]), "utf-32", 2),
        (json!(["utf-7"]), "utf-16", 3),
        (json!([]), "utf-16", 3),
        (Value::Null, "utf-16", 3),
    ] {
        let engine = Arc::new(FakeEngine::answering("alpha"));
        let mut client = start(loads(&engine), ServeOptions::default());
        let capabilities = json!({"general": {"positionEncodings": offered}});
        let announced = client.initialize(capabilities, Value::Null).await;
        assert_eq!(announced["positionEncoding"], agreed, "{offered}");

        // A blank and a character outside the Basic Multilingual Plane stand before the cursor.
        client.wait_until("ready").await;
        client.open(URI, " 😀\n").await;
        let items = client.inline(URI, 0, character).await;
        assert_eq!(items[0]["range"]["start"], json!({"line": 0, "character": character}), "{agreed}");
        assert_eq!(client.quit().await.0, 0);
    }
}
