//! Messages that break the protocol.

use std::sync::Arc;

use fimble::ServeOptions;
use fimble_test_support::{FakeEngine, inline_params};
use serde_json::{Value, json};

use crate::server::{URI, loads, ready, start};

#[tokio::test(flavor = "multi_thread")]
async fn malformed_messages_get_an_error_and_do_not_affect_later_ones() {
    let (mut client, _) = ready(FakeEngine::answering("alpha")).await;
    client.open(URI, "x = \n").await;
    for (bytes, code) in [
        (&b"Content-Length: 9\r\n\r\n{\"jsonrpc"[..], -32700),
        (b"Content-Length: 2\r\n\r\n\xff\xfe", -32700),
        (b"Content-Length: 0\r\n\r\n", -32700),
        (b"Content-Length: 2\r\n\r\n[]", -32600),
        (b"Content-Length: 4\r\n\r\nnull", -32600),
        (b"X: 1\r\nY: 2\r\nZ: 3\r\nContent-Length: 2\r\n\r\n{}", -32600),
        (b"Content-Length: 1\r\n\r\n{}", -32700),
    ] {
        client.send_bytes(bytes).await;
        assert_eq!(client.unrelated_error().await["code"], code, "{}", String::from_utf8_lossy(bytes));
        assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "alpha");
    }
    client.send_bytes(b"nonsense\r\n\r\nContent-Length: none\r\n\r\n").await;
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "alpha");

    client.send(&json!({"jsonrpc": "1.0", "id": 77, "method": "fimble/status"})).await;
    assert_eq!(client.reply(77).await["error"]["code"], -32600);
    client.send(&json!({"jsonrpc": "2.0", "id": 4711, "result": "an answer to no request"})).await;
    client.status().await;
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_methods_and_invalid_parameters_get_an_error() {
    let (mut client, _) = ready(FakeEngine::answering("alpha")).await;
    client.open(URI, "x = \n").await;
    for (method, params, code) in [
        ("textDocument/inlineCompletion", json!({"textDocument": {"uri": URI}}), -32602),
        ("textDocument/inlineCompletion", json!(["x"]), -32602),
        ("textDocument/inlineCompletion", inline_params(URI, -1, 0), -32602),
        ("textDocument/completion", inline_params(URI, 0, -1), -32602),
        ("textDocument/inlineCompletion", inline_params("not a uri", 0, 0), -32602),
        ("workspace/executeCommand", json!({"command": "rm"}), -32602),
        ("textDocument/noSuchThing", json!({}), -32601),
        ("initialize", json!({"capabilities": {}}), -32600),
    ] {
        let id = client.request(method, params).await;
        let reply = client.reply(id).await;
        assert_eq!(reply["error"]["code"], code, "{reply}");
    }
    assert_eq!(client.ask("fimble/status", json!({})).await["state"], "ready", "superfluous parameters are ignored");
    client.notify("textDocument/noSuchThing", json!({})).await;
    client.notify("$/setTrace", json!({"value": "off"})).await;
    client.notify("textDocument/didClose", json!({"textDocument": {}})).await;
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "alpha");
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_served_before_initialize() {
    let engine = Arc::new(FakeEngine::answering("alpha"));
    let mut client = start(loads(&engine), ServeOptions::default());
    let id = client.request_inline(URI, 0, 0).await;
    assert_eq!(client.reply(id).await["error"]["code"], -32002);
    client.open(URI, "x = \n").await;
    client.initialize(json!({}), Value::Null).await;
    client.wait_until("ready").await;
    assert_eq!(client.inline(URI, 0, 4).await, Vec::<Value>::new());
    assert_eq!(client.quit().await, (0, vec![]));
}
