//! Background work: what the server makes its engine do while the user pauses.

use std::sync::Arc;
use std::time::Duration;

use fimble::ServeOptions;
use fimble_test_support::{FakeEngine, Gate, TestClient, ghost_text};
use serde_json::{Value, json};

use crate::server::{URI, loads, ready, start, wait_for_held};

/// An engine that continues `text`, whose lines all differ.
fn knows(text: &'static str) -> FakeEngine {
    FakeEngine::scripted(move |prompt| {
        let start = text.find(&prompt.tail).map_or(text.len(), |start| start + prompt.tail.len());
        Ok(text[start..].to_owned())
    })
}

/// Waits until background work has read more than `tokens` tokens of prompts, and returns their number.
async fn background_tokens_after(client: &mut TestClient, tokens: u64) -> u64 {
    let read = |status: &Value| status["background_tokens"]["prompt"].as_u64().expect("a count");
    let status = client.wait_for("any background work", |status| read(status) > tokens).await;
    read(&status)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_after_an_accepted_suggestion_is_prefetched() {
    let (mut client, engine) = ready(knows("total = sum(prices)\naverage = total / 2\n")).await;
    client.open(URI, "total = \n").await;
    assert_eq!(client.inline(URI, 0, 8).await[0]["insertText"], "sum(prices)");
    background_tokens_after(&mut client, 0).await;
    client.insert(URI, 2, 8, "sum(prices)\n").await;
    assert_eq!(client.inline(URI, 1, 0).await[0]["insertText"], "average = total / 2");
    assert_eq!((engine.calls(), &client.status().await["hits"]["prefetched"]), (1, &json!(1)));
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_that_the_deadline_truncates_is_finished() {
    let gate = Gate::default();
    let engine = Arc::new(FakeEngine::answering("alpha + beta").behind(&gate));
    let mut client = start(loads(&engine), ServeOptions::default());
    client.initialize(ghost_text(), json!({"deadlineMs": 1})).await;
    client.wait_until("ready").await;
    client.open(URI, "x = \n").await;
    let read = background_tokens_after(&mut client, 0).await;
    gate.close();
    let cut = client.request_inline(URI, 0, 4).await;
    wait_for_held(&gate, 1);
    tokio::time::sleep(Duration::from_millis(5)).await;
    gate.open();
    assert_eq!(client.suggestion(cut).await, "alpha");
    background_tokens_after(&mut client, read).await;
    client.insert(URI, 2, 4, "al").await;
    assert_eq!(client.inline(URI, 0, 6).await[0]["insertText"], "pha + beta");
    assert_eq!(engine.calls(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_a_document_evaluates_its_prompt() {
    let (mut client, engine) = ready(FakeEngine::answering("alpha")).await;
    client.open(URI, "x = \n").await;
    background_tokens_after(&mut client, 0).await;
    assert_eq!((engine.calls(), engine.background_calls()), (0, 1));
    assert_eq!(client.status().await["background_tokens"]["generated"], 0);
    assert_eq!(client.quit().await, (0, vec![]));
}
