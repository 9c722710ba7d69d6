//! What the server has its engine do while nobody waits.

use std::sync::Arc;
use std::time::Duration;

use fimble::ServeOptions;
use fimble_test_support::{FakeEngine, Gate};
use serde_json::json;

use crate::client::{PATIENCE, TestClient, URI, ghost_text, loads, wait_for_held};

/// Answers with what would follow in `text`, whose lines are all different, and never more than its line.
fn knows(text: &'static str) -> FakeEngine {
    FakeEngine::scripted(move |prompt| {
        let start = text.find(&prompt.tail).map_or(text.len(), |start| start + prompt.tail.len());
        Ok(text[start..].to_owned())
    })
}

/// Waits until the server has taken in one more thing that its engine did ahead, after `tokens` had been read for others.
/// Returns how many have been by then.
async fn background_tokens_after(client: &mut TestClient, tokens: u64) -> u64 {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            let now = client.status().await["background_tokens"]["prompt"].as_u64().expect("a count");
            if now > tokens {
                return now;
            }
        }
    });
    waited.await.expect("nothing was done ahead")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_an_accepted_suggestion_is_prepared() {
    let (mut client, engine) = TestClient::ready(knows("total = sum(prices)\naverage = total / 2\n")).await;
    client.open(URI, "total = \n").await;
    assert_eq!(client.inline(URI, 0, 8).await[0]["insertText"], "sum(prices)");
    background_tokens_after(&mut client, 0).await;
    client.insert(URI, 2, 8, "sum(prices)\n").await;
    assert_eq!(client.inline(URI, 1, 0).await[0]["insertText"], "average = total / 2");
    assert_eq!((engine.calls(), &client.status().await["hits"]["prefetched"]), (1, &json!(1)));
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_that_the_deadline_cut_is_finished_in_a_pause() {
    let gate = Gate::default();
    let engine = Arc::new(FakeEngine::answering("alpha + beta").behind(&gate));
    let mut client = TestClient::start(loads(&engine), ServeOptions::default());
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
async fn a_document_is_read_when_it_is_opened() {
    let (mut client, engine) = TestClient::ready(FakeEngine::answering("alpha")).await;
    client.open(URI, "x = \n").await;
    background_tokens_after(&mut client, 0).await;
    assert_eq!((engine.calls(), engine.background_calls()), (0, 1));
    assert_eq!(client.status().await["background_tokens"]["generated"], 0);
    assert_eq!(client.quit().await, (0, vec![]));
}
