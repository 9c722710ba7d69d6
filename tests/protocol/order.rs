//! Many messages at once. The server applies them in order, none waits for another, and each request gets one reply.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use fimble_completion::prompt::{Piece, Prompt};
use fimble_test_support::{FakeEngine, Gate, inline_params};
use serde_json::json;

use crate::server::{URI, ready, wait_for_cancelled, wait_for_held};

/// The text before the cursor in a prompt, without special tokens.
fn text_before(prompt: &Prompt) -> String {
    let text = prompt.pieces.iter().find_map(|piece| match piece {
        Piece::Text(text) => Some(text.as_str()),
        Piece::Special(_) => None,
    });
    text.unwrap_or_default().to_owned() + &prompt.tail
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_and_requests_are_applied_in_the_order_of_arrival() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let script = {
        let seen = seen.clone();
        move |prompt: &Prompt| {
            seen.lock().unwrap().push(text_before(prompt));
            Ok(".z".to_owned())
        }
    };
    let (mut client, _) = ready(FakeEngine::scripted(script)).await;
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
    client.open(URI, "").await;
    let mut messages = Vec::new();
    for (index, letter) in LETTERS.char_indices() {
        let place = json!({"line": 0, "character": index});
        let change = json!({"range": {"start": place, "end": place}, "text": letter});
        let params = json!({"textDocument": {"uri": URI, "version": index + 2}, "contentChanges": [change]});
        messages.push(json!({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params}));
        let params = inline_params(URI, 0, index as i64 + 1);
        let id = 1000 + index;
        messages.push(json!({
            "jsonrpc": "2.0", "id": id, "method": "textDocument/inlineCompletion", "params": params
        }));
    }
    client.send_all(&messages).await;

    let last = 1000 + LETTERS.len() as i64 - 1;
    assert_eq!(client.suggestion(last).await, ".z");
    for id in 1000..last {
        // Most are superseded, but some may be answered in time.
        client.items(id).await;
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(seen.iter().all(|text| LETTERS.starts_with(text.as_str())), "{seen:?}");
    assert!(seen.iter().any(|text| text == LETTERS), "{seen:?}");
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_request_supersedes_the_older_one_of_its_document() {
    let gate = Gate::default();
    let engine = FakeEngine::scripted(|prompt| Ok(text_before(prompt).to_uppercase())).behind(&gate);
    let (mut client, engine) = ready(engine).await;
    client.open(URI, "").await;
    gate.close();
    client.insert(URI, 2, 0, "one").await;
    let older = client.request_inline(URI, 0, 3).await;
    wait_for_held(&gate, 1);
    client.insert(URI, 3, 3, "two").await;
    let newer = client.request_inline(URI, 0, 6).await;
    assert_eq!(client.suggestion(older).await, "", "it is answered while the newer one waits");
    wait_for_cancelled(&engine, 1).await;
    gate.open();
    assert_eq!(client.suggestion(newer).await, "ONETWO");
    assert_eq!((engine.calls(), engine.cancelled()), (2, 1));
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_for_older_text_is_cached_until_it_fits() {
    let gate = Gate::default();
    let (mut client, engine) = ready(FakeEngine::answering("alpha").behind(&gate)).await;
    client.open(URI, "x = \n").await;
    gate.close();
    let early = client.request_inline(URI, 0, 4).await;
    wait_for_held(&gate, 1);
    client.insert(URI, 2, 4, "al").await;
    // The reply to this request shows that the edit was applied.
    client.status().await;
    gate.open();
    assert_eq!(client.suggestion(early).await, "");
    assert_eq!(client.inline(URI, 0, 6).await[0]["insertText"], "pha");
    assert_eq!(engine.calls(), 1);
}

/// Helix does not request again for a letter typed meanwhile: it inserts the answer where it requested it, and filters.
#[tokio::test(flavor = "multi_thread")]
async fn a_completion_menu_is_answered_for_the_position_of_its_request() {
    let gate = Gate::default();
    let (mut client, _) = ready(FakeEngine::answering("alpha").behind(&gate)).await;
    client.open(URI, "x = \n").await;
    gate.close();
    let position = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}});
    let menu = client.request("textDocument/completion", position).await;
    wait_for_held(&gate, 1);
    client.insert(URI, 2, 4, "a").await;
    client.status().await;
    gate.open();
    let item = &client.items(menu).await[0];
    assert_eq!(item["textEdit"]["newText"], "alpha");
    assert_eq!(item["textEdit"]["range"]["start"], json!({"line": 0, "character": 4}));
}

#[tokio::test(flavor = "multi_thread")]
async fn ghost_text_and_menu_at_one_position_do_not_supersede_each_other() {
    let gate = Gate::default();
    let (mut client, _) = ready(FakeEngine::answering("alpha").behind(&gate)).await;
    client.open(URI, "x = \n").await;
    gate.close();
    let position = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}});
    let inline = client.request_inline(URI, 0, 4).await;
    let menu = client.request("textDocument/completion", position.clone()).await;
    wait_for_held(&gate, 2);
    gate.open();
    assert_eq!(client.suggestion(inline).await, "alpha");
    assert_eq!(client.items(menu).await[0]["textEdit"]["newText"], "alpha");

    // At another position they do.
    gate.close();
    client.insert(URI, 2, 4, "f(").await;
    let inline = client.request_inline(URI, 0, 6).await;
    let menu = client.request("textDocument/completion", position).await;
    assert_eq!(client.suggestion(inline).await, "");
    gate.open();
    assert_eq!(client.items(menu).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_and_cancellations_take_effect_while_many_requests_wait() {
    const DOCUMENTS: usize = 200;
    let gate = Gate::default();
    let (mut client, engine) = ready(FakeEngine::answering("alpha").behind(&gate)).await;
    gate.close();
    let uri = |number: usize| format!("file:///project/{number}.py");
    let mut requests = Vec::new();
    for number in 0..DOCUMENTS {
        client.open(&uri(number), "x = \n").await;
        requests.push(client.request_inline(&uri(number), 0, 4).await);
    }
    wait_for_held(&gate, DOCUMENTS);

    // A cancelled request is answered with `RequestCancelled`.
    client.notify("$/cancelRequest", json!({"id": requests[7]})).await;
    let reply = client.reply(requests[7]).await;
    assert_eq!(reply["error"]["code"], -32800, "{reply}");
    // The edit is applied: the request after it supersedes the one before.
    client.insert(&uri(9), 2, 0, "yes = 1; ").await;
    let after_edit = client.request_inline(&uri(9), 0, 13).await;
    assert_eq!(client.suggestion(requests[9]).await, "");
    wait_for_cancelled(&engine, 2).await;

    gate.open();
    assert_eq!(client.suggestion(after_edit).await, "alpha");
    for (number, id) in requests.iter().enumerate().filter(|(number, _)| ![7, 9].contains(number)) {
        assert_eq!(client.suggestion(*id).await, "alpha", "{number}");
    }
    assert_eq!((engine.calls(), engine.cancelled()), (DOCUMENTS + 1, 2));
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn eighty_requests_for_one_document_are_each_answered_once() {
    let gate = Gate::default();
    let (mut client, _) = ready(FakeEngine::answering("alpha").behind(&gate)).await;
    gate.close();
    client.open(URI, "x = \n").await;
    let mut requests = BTreeSet::new();
    for number in 0..80 {
        requests.insert(client.request_inline(URI, 0, number % 5).await);
        if number == 40 {
            let place = json!({"line": 1, "character": 0});
            client.change(URI, 2, json!({"range": {"start": place, "end": place}, "text": "y = 2"})).await;
        }
    }
    // 79 are superseded while the gate holds the engine.
    let last = *requests.last().unwrap();
    for id in &requests {
        if *id != last {
            assert_eq!(client.suggestion(*id).await, "");
        }
    }
    gate.open();
    assert_eq!(client.suggestion(last).await, "alpha");
    assert_eq!(client.quit().await, (0, vec![]));
}
