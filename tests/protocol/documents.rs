//! Unusual documents, positions outside the text, and edits that cannot be applied.

use fimble_test_support::{FakeEngine, Gate};
use serde_json::{Value, json};

use crate::server::{URI, ready};

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_document_gets_an_empty_reply() {
    let (mut client, engine) = ready(FakeEngine::answering("alpha")).await;
    assert_eq!(client.inline(URI, 0, 0).await, Vec::<Value>::new());
    client.insert(URI, 2, 0, "x").await;
    client.open(URI, "x = \n").await;
    client.close(URI).await;
    client.close(URI).await;
    assert_eq!(client.inline(URI, 0, 4).await, Vec::<Value>::new());
    assert_eq!(engine.calls(), 0);
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_character_beyond_the_line_means_its_end_and_a_line_beyond_the_text_gets_an_empty_reply() {
    let (mut client, _) = ready(FakeEngine::answering("alpha")).await;
    client.open(URI, "x = \ny").await;
    // LSP 3.17, "Position": a character beyond the length of the line defaults to the length of the line.
    let items = client.inline(URI, 0, i64::from(u32::MAX)).await;
    assert_eq!(items[0]["range"]["start"], json!({"line": 0, "character": 4}));
    assert_eq!(client.inline(URI, i64::from(u32::MAX), 0).await, Vec::<Value>::new());
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_four_million_characters() {
    const LENGTH: usize = 4_000_000;
    let (mut client, _) = ready(FakeEngine::answering("alpha")).await;
    let uri = "file:///project/long.json";
    client.open_as(uri, "json", &"é".repeat(LENGTH)).await;
    client.insert(uri, 2, LENGTH, " = ").await;
    let items = client.inline(uri, 0, LENGTH as i64 + 3).await;
    assert_eq!(items[0]["insertText"], "alpha");
    assert_eq!(items[0]["range"]["start"], json!({"line": 0, "character": LENGTH + 3}));
    client.insert(uri, 3, LENGTH / 2, "\n").await;
    client.inline(uri, 0, 1_000_000).await;
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_cannot_be_applied_is_reported_once_and_the_document_stays_usable() {
    let stale = json!({"text": "gone"});
    let far = json!({"line": 100, "character": 0});
    let outside = json!({"range": {"start": far, "end": far}, "text": "x"});
    let late = json!({"line": 0, "character": 3});
    let early = json!({"line": 0, "character": 1});
    let reversed = json!({"range": {"start": late, "end": early}, "text": "x"});
    let negative = json!({"range": {"start": {"line": 0, "character": -1}, "end": early}, "text": "x"});
    for (version, change) in [(1, stale), (2, outside), (2, reversed), (2, negative)] {
        let (mut client, _) = ready(FakeEngine::answering("alpha")).await;
        client.open(URI, "x = \n").await;
        for _ in 0..3 {
            client.change(URI, version, change.clone()).await;
        }
        let shown = client.shown().await;
        assert!(shown.contains("src/test.py") && shown.contains("open it again to fix this"), "{shown}");
        assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "alpha", "{change}");
        client.insert(URI, 3, 4, "al").await;
        assert_eq!(client.inline(URI, 0, 6).await[0]["insertText"], "pha", "{change}");

        // After the document is opened again, the next lost edit is reported again.
        client.close(URI).await;
        client.open(URI, "x = \n").await;
        client.change(URI, version, change.clone()).await;
        assert_eq!(client.shown().await, shown);
        assert_eq!(client.quit().await, (0, vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unescaped_uri_names_the_same_document_as_the_escaped_one() {
    let (mut client, _) = ready(FakeEngine::answering("alpha")).await;
    let uri = "file:///project/pages/[id] ü.py";
    client.open(uri, "x = \n").await;
    client.insert(uri, 2, 0, "ab").await;
    assert_eq!(client.inline(uri, 0, 6).await[0]["insertText"], "alpha");
    assert_eq!(client.inline("file:///project/pages/%5Bid%5D%20%C3%BC.py", 0, 6).await.len(), 1);
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_document_answers_its_pending_requests() {
    let gate = Gate::default();
    let (mut client, _) = ready(FakeEngine::answering("alpha").behind(&gate)).await;
    client.open(URI, "x = \n").await;
    gate.close();
    let id = client.request_inline(URI, 0, 4).await;
    client.close(URI).await;
    assert_eq!(client.suggestion(id).await, "");
    assert_eq!(client.quit().await, (0, vec![]));
}
