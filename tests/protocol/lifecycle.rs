//! How a session ends.

use fimble_test_support::{FakeEngine, Gate};
use serde_json::Value;

use crate::client::{TestClient, URI, wait_for_held};

/// A client with a request that nobody will ever complete, and its id.
async fn waiting() -> (TestClient, i64) {
    let gate = Gate::default();
    let (mut client, _) = TestClient::ready(FakeEngine::answering("alpha").behind(&gate)).await;
    client.open(URI, "x = \n").await;
    gate.close();
    let id = client.request_inline(URI, 0, 4).await;
    wait_for_held(&gate, 1);
    (client, id)
}

/// The replies to `id` among what arrived.
fn replies(messages: &[Value], id: i64) -> usize {
    messages.iter().filter(|message| message["id"] == id && message["method"].is_null()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_answers_who_waits_and_exit_ends_with_success() {
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
async fn a_client_in_a_hurry_need_not_wait_for_the_reply_to_shutdown() {
    let (mut client, id) = waiting().await;
    let shutdown = client.request("shutdown", Value::Null).await;
    client.notify("exit", Value::Null).await;
    let (status, messages) = client.gone().await;
    assert_eq!((status, replies(&messages, id), replies(&messages, shutdown)), (0, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_without_shutdown_is_a_failure() {
    let (mut client, id) = waiting().await;
    client.notify("exit", Value::Null).await;
    let (status, messages) = client.gone().await;
    assert_eq!((status, replies(&messages, id)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_ends_the_server() {
    let (mut client, id) = waiting().await;
    client.hang_up();
    let (status, messages) = client.gone().await;
    assert_eq!((status, replies(&messages, id)), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_in_the_middle_of_a_message_ends_the_server() {
    let (mut client, _) = waiting().await;
    client.send_bytes(b"Content-Length: 100\r\n\r\n{").await;
    client.hang_up();
    assert_eq!(client.gone().await.0, 1);
}
