//! The end of a session.

use fimble_test_support::{FakeEngine, Gate, TestClient};
use serde_json::Value;

use crate::server::{URI, ready, wait_for_held};

/// A client whose request the engine never completes, and the id of the request.
async fn waiting() -> (TestClient, i64) {
    let gate = Gate::default();
    let (mut client, _) = ready(FakeEngine::answering("alpha").behind(&gate)).await;
    client.open(URI, "x = \n").await;
    gate.close();
    let id = client.request_inline(URI, 0, 4).await;
    wait_for_held(&gate, 1);
    (client, id)
}

/// The number of replies to request `id`.
fn replies(messages: &[Value], id: i64) -> usize {
    messages.iter().filter(|message| message["id"] == id && message["method"].is_null()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_answers_pending_requests_and_exit_returns_success() {
    let (mut client, id) = waiting().await;
    let shutdown = client.request("shutdown", Value::Null).await;
    assert_eq!(client.suggestion(id).await, "");
    assert_eq!(client.reply(shutdown).await["result"], Value::Null);
    let late = client.request_inline(URI, 0, 4).await;
    assert_eq!(client.reply(late).await["error"]["code"], -32600);
    client.notify("exit", Value::Null).await;
    assert_eq!(client.gone().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_may_follow_shutdown_at_once() {
    let (mut client, id) = waiting().await;
    let shutdown = client.request("shutdown", Value::Null).await;
    client.notify("exit", Value::Null).await;
    let (status, messages) = client.gone().await;
    assert_eq!((status, replies(&messages, id), replies(&messages, shutdown)), (0, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_without_shutdown_returns_failure() {
    let (mut client, id) = waiting().await;
    client.notify("exit", Value::Null).await;
    let (status, messages) = client.gone().await;
    assert_eq!((status, replies(&messages, id)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_ends_the_server() {
    let (mut client, id) = waiting().await;
    client.hang_up();
    let (status, messages) = client.gone().await;
    assert_eq!((status, replies(&messages, id)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_in_the_middle_of_a_message_ends_the_server() {
    let (mut client, _) = waiting().await;
    client.send_bytes(b"Content-Length: 100\r\n\r\n{").await;
    client.hang_up();
    assert_eq!(client.gone().await.0, 1);
}
