//! What requests for completions are answered with.

use std::sync::Arc;

use fimble::ServeOptions;
use fimble_test_support::FakeEngine;
use serde_json::{Value, json};

use crate::client::{TestClient, URI, ghost_text, inline_params, loads};

#[tokio::test(flavor = "multi_thread")]
async fn ghost_text_stands_at_the_cursor_and_reports_its_accept() {
    let (mut client, _) = TestClient::ready(FakeEngine::answering("alpha(beta)").named("tiny")).await;
    client.open(URI, "first = 1\nsecond = \n").await;
    let items = client.inline(URI, 1, 9).await;
    let cursor = json!({"line": 1, "character": 9});
    let argument = json!({"language": "python", "model": "tiny", "characters": 11, "lines": 1});
    assert_eq!(
        items,
        [json!({
            "insertText": "alpha(beta)",
            "range": {"start": cursor, "end": cursor},
            "command": {
                "title": "Accepted a fimble suggestion",
                "command": "fimble.accepted",
                "arguments": [argument],
            },
        })]
    );

    let accept = json!({"command": "fimble.accepted", "arguments": [argument]});
    assert_eq!(client.ask("workspace/executeCommand", accept).await, Value::Null);
    let status = client.status().await;
    assert_eq!((&status["shown"], &status["accepted"]), (&json!(1), &json!(1)));
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_menu_gets_the_same_text_as_an_item() {
    let (mut client, _) = TestClient::ready(FakeEngine::answering("pha(beta)").named("tiny")).await;
    client.open(URI, "x = al\n").await;
    let params = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 6}});
    let list = client.ask("textDocument/completion", params).await;
    assert_eq!(list["isIncomplete"], true);
    let cursor = json!({"line": 0, "character": 6});
    let item = &list["items"][0];
    assert_eq!(item["label"], "alpha(beta)");
    assert_eq!(item["filterText"], "alpha(beta)");
    assert_eq!(item["detail"], "fimble (tiny)");
    assert_eq!(item["documentation"], json!({"kind": "markdown", "value": "```python\nx = alpha(beta)\n```"}));
    let word = json!({"line": 0, "character": 4});
    assert_eq!(item["textEdit"], json!({"range": {"start": word, "end": cursor}, "newText": "alpha(beta)"}));
    assert_eq!((&item["insertTextFormat"], &item["insertTextMode"]), (&json!(1), &json!(1)));
    assert_eq!(item["command"]["command"], "fimble.accepted");
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_by_hand_may_choose() {
    let answers = "alpha\u{c}beta\u{c})\u{c}gamma";
    let (mut client, engine) = TestClient::ready(FakeEngine::answering(answers)).await;
    client.open(URI, "x = \n").await;
    let mut params = inline_params(URI, 0, 4);
    assert_eq!(client.ask("textDocument/inlineCompletion", params.clone()).await["items"].as_array().unwrap().len(), 1);
    params["context"]["triggerKind"] = json!(1);
    let list = client.ask("textDocument/inlineCompletion", params).await;
    let texts: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|item| &item["insertText"]).collect();
    // The third answer would break the line.
    assert_eq!(texts, ["alpha", "beta"]);
    assert_eq!(engine.calls(), 1 + 3);
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_place_of_what_is_not_to_be_shown_another_answer_is_if_the_model_is_sure_of_it() {
    for (answers, probability, shown, calls) in [
        // Would break the line.
        (") 1\u{c}beta", 0.6, Some("beta"), 2),
        (") 1\u{c}beta", 0.4, None, 2),
        (") 1\u{c}) 2", 0.6, None, 2),
        // The line above.
        ("alpha\u{c}beta", 0.6, Some("beta"), 2),
        // Nothing is meant.
        ("\u{c}beta", 0.6, None, 1),
    ] {
        let engine = FakeEngine::answering(answers).sure(probability);
        let (mut client, engine) = TestClient::ready(engine).await;
        client.open(URI, "x = alpha\nx = \n").await;
        let items = client.inline(URI, 1, 4).await;
        assert_eq!(items.first().map(|item| item["insertText"].as_str().unwrap()), shown, "{answers}");
        assert_eq!(engine.calls(), calls, "{answers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_shown_is_not_asked_for_again() {
    // Every token has a probability of one half, and what would break the line is not shown.
    for (answer, options, shown, calls) in [
        ("", json!({}), None, 1),
        // And another answer is asked for at once.
        (") 1", json!({}), None, 2),
        ("alpha(beta)", json!({"min_confidence": 60}), None, 1),
        ("alpha(beta)", json!({"min_confidence": 50}), Some("pha(beta)"), 1),
    ] {
        let engine = Arc::new(FakeEngine::answering(answer));
        let mut client = TestClient::start(loads(&engine), ServeOptions::default());
        client.initialize(ghost_text(), options).await;
        client.wait_until("ready").await;
        client.open(URI, "x = \n").await;
        client.inline(URI, 0, 4).await;
        let typed = answer.get(..2).unwrap_or_default();
        client.insert(URI, 2, 4, typed).await;
        let items = client.inline(URI, 0, 4 + typed.len() as i64).await;
        assert_eq!(items.first().map(|item| item["insertText"].as_str().unwrap()), shown, "{answer}");
        assert_eq!(engine.calls(), calls, "{answer}");
        client.insert(URI, 3, 4 + typed.len(), "y").await;
        client.inline(URI, 0, 5 + typed.len() as i64).await;
        assert_eq!(engine.calls(), 2 * calls, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_would_break_code_is_offered_once_it_is_begun() {
    let engine = FakeEngine::scripted(|prompt| Ok("if alpha".trim_start_matches(&prompt.tail).to_owned()));
    let (mut client, _) = TestClient::ready(engine).await;
    client.open(URI, "\nbeta()\n").await;
    assert!(client.inline(URI, 0, 0).await.is_empty());
    client.insert(URI, 2, 0, "if").await;
    assert_eq!(client.inline(URI, 0, 2).await[0]["insertText"], " alpha");
}

/// Helix takes an empty list with more to come for an answer, and drops what other servers bring later.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_menu_is_complete() {
    let (mut client, _) = TestClient::ready(FakeEngine::answering("")).await;
    client.open(URI, "x = \n").await;
    let params = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}});
    let list = client.ask("textDocument/completion", params).await;
    assert_eq!(list, json!({"isIncomplete": false, "items": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_along_needs_no_model() {
    let (mut client, engine) = TestClient::ready(FakeEngine::answering("alpha")).await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await[0]["insertText"], "alpha");
    client.insert(URI, 2, 4, "al").await;
    let items = client.inline(URI, 0, 6).await;
    assert_eq!(items[0]["insertText"], "pha");
    assert_eq!(items[0]["range"]["end"], json!({"line": 0, "character": 6}));
    assert_eq!(engine.calls(), 1);
    let status = client.status().await;
    assert_eq!(status["hits"], json!({"typed_through": 1, "returned": 0, "prefetched": 0}));
    assert_eq!(status["requests"], 2);
    assert_eq!(status["model"], "fake");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_by_hand_asks_the_model_and_what_it_brings_is_kept() {
    let (mut client, engine) = TestClient::ready(FakeEngine::answering("alpha")).await;
    client.open(URI, "x = \n").await;
    let mut params = inline_params(URI, 0, 4);
    params["context"]["triggerKind"] = json!(1);
    assert_eq!(client.ask("textDocument/inlineCompletion", params.clone()).await["items"][0]["insertText"], "alpha");
    // A client may leave out the context, and then it is no request by hand.
    params.as_object_mut().unwrap().remove("context");
    assert_eq!(client.ask("textDocument/inlineCompletion", params.clone()).await["items"][0]["insertText"], "alpha");
    // Once for the answer, and once more for another.
    assert_eq!(engine.calls(), 2);
    params["context"] = json!({"triggerKind": 1});
    assert_eq!(client.ask("textDocument/inlineCompletion", params).await["items"][0]["insertText"], "alpha");
    assert_eq!(engine.calls(), 4);
}

/// The scripted engine is sure of every token by half.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_model_is_not_sure_of_is_for_who_asks_by_hand() {
    for (least, automatic) in [(50, 1), (51, 0)] {
        let engine = Arc::new(FakeEngine::answering("alpha"));
        let mut client = TestClient::start(loads(&engine), ServeOptions::default());
        client.initialize(ghost_text(), json!({"min_confidence": least})).await;
        client.wait_until("ready").await;
        client.open(URI, "x = \n").await;
        assert_eq!(client.inline(URI, 0, 4).await.len(), automatic);
        let mut params = inline_params(URI, 0, 4);
        params["context"]["triggerKind"] = json!(1);
        let invoked = client.ask("textDocument/inlineCompletion", params).await;
        assert_eq!(invoked["items"][0]["insertText"], "alpha");
        // It stays while the user types along.
        client.insert(URI, 2, 4, "al").await;
        assert_eq!(client.inline(URI, 0, 6).await[0]["insertText"], "pha");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_offered_where_completion_is_switched_off() {
    for (options, state) in [
        (json!({"enabled": false}), "disabled"),
        (json!({"languages": {"python": false}}), "ready"),
        (json!({"languages": {"*": false}}), "ready"),
    ] {
        let engine = Arc::new(FakeEngine::answering("alpha"));
        let mut client = TestClient::start(loads(&engine), ServeOptions::default());
        client.initialize(json!({}), options).await;
        client.wait_until(state).await;
        client.open(URI, "x = \n").await;
        assert_eq!(client.inline(URI, 0, 4).await, Vec::<Value>::new());
        assert_eq!(engine.calls(), 0);
        assert_eq!(client.quit().await, (0, vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_fails_or_panics_is_reported_once_and_not_as_an_error() {
    let engine = FakeEngine::scripted(|prompt| {
        assert!(!prompt.tail.contains("panic"), "as the test wants it");
        Err(fimble_completion::engine::EngineError::Stopped)
    });
    let (mut client, _) = TestClient::ready(engine).await;
    client.open(URI, "x = \n").await;
    for _ in 0..3 {
        assert_eq!(client.inline(URI, 0, 4).await, Vec::<Value>::new());
    }
    assert!(client.shown().await.contains("restart fimble"));
    client.insert(URI, 2, 4, "panic").await;
    assert_eq!(client.inline(URI, 0, 9).await, Vec::<Value>::new());
    assert!(client.shown().await.contains("log"));
    assert_eq!(client.quit().await, (0, vec![]));
}
