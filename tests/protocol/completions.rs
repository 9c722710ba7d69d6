//! Replies to requests for completions.

use std::sync::Arc;

use fimble::ServeOptions;
use fimble_test_support::{FakeEngine, inline_params};
use serde_json::{Value, json};

use crate::server::{URI, loads, ready, ready_with, start};

#[tokio::test(flavor = "multi_thread")]
async fn ghost_text_is_inserted_at_the_cursor_and_its_acceptance_is_counted() {
    let (mut client, _) = ready(FakeEngine::answering("alpha(beta)").named("tiny")).await;
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
async fn a_completion_menu_gets_the_same_text_as_an_item() {
    let (mut client, _) = ready(FakeEngine::answering("pha(beta)").named("tiny")).await;
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
async fn an_invoked_request_gets_several_suggestions() {
    let answers = "alpha\u{c}beta\u{c})\u{c}gamma";
    let (mut client, engine) = ready(FakeEngine::answering(answers)).await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.inline(URI, 0, 4).await.len(), 1);
    let items = client.invoke(URI, 0, 4).await;
    let texts: Vec<&Value> = items.iter().map(|item| &item["insertText"]).collect();
    // The third answer is suppressed, because it breaks the line.
    assert_eq!(texts, ["alpha", "beta"]);
    assert_eq!(engine.calls(), 1 + 3);
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suppressed_answer_is_replaced_by_another_one_if_the_model_is_confident() {
    for (answers, probability, shown, calls) in [
        // The first answer breaks the line.
        (") 1\u{c}beta", 0.6, Some("beta"), 2),
        (") 1\u{c}beta", 0.4, None, 2),
        (") 1\u{c}) 2", 0.6, None, 2),
        // The first answer repeats the line above.
        ("alpha\u{c}beta", 0.6, Some("beta"), 2),
        // An empty answer is not suppressed.
        ("\u{c}beta", 0.6, None, 1),
    ] {
        let engine = FakeEngine::answering(answers).sure(probability);
        let (mut client, engine) = ready(engine).await;
        client.open(URI, "x = alpha\nx = \n").await;
        let items = client.inline(URI, 1, 4).await;
        assert_eq!(items.first().map(|item| item["insertText"].as_str().unwrap()), shown, "{answers}");
        assert_eq!(engine.calls(), calls, "{answers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suppressed_answer_is_not_requested_again() {
    // Every token has a probability of one half.
    for (answer, options, shown, calls) in [
        ("", json!({}), None, 1),
        // The answer breaks the line, so the model is asked for another one at once.
        (") 1", json!({}), None, 2),
        ("alpha(beta)", json!({"min_confidence": 60}), None, 1),
        ("alpha(beta)", json!({"min_confidence": 50}), Some("pha(beta)"), 1),
    ] {
        let (mut client, engine) = ready_with(FakeEngine::answering(answer), options).await;
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
async fn a_line_that_breaks_code_is_suggested_after_the_user_starts_it() {
    let engine = FakeEngine::scripted(|prompt| Ok("if alpha".trim_start_matches(&prompt.tail).to_owned()));
    let (mut client, _) = ready(engine).await;
    client.open(URI, "\nbeta()\n").await;
    assert!(client.inline(URI, 0, 0).await.is_empty());
    client.insert(URI, 2, 0, "if").await;
    assert_eq!(client.inline(URI, 0, 2).await[0]["insertText"], " alpha");
}

/// If an empty list is incomplete, Helix drops the later items of other servers.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_completion_list_is_complete() {
    let (mut client, _) = ready(FakeEngine::answering("")).await;
    client.open(URI, "x = \n").await;
    let params = json!({"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}});
    let list = client.ask("textDocument/completion", params).await;
    assert_eq!(list, json!({"isIncomplete": false, "items": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_a_suggestion_calls_no_model() {
    let (mut client, engine) = ready(FakeEngine::answering("alpha")).await;
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
async fn an_invoked_request_always_calls_the_model_and_its_answer_is_cached() {
    let (mut client, engine) = ready(FakeEngine::answering("alpha")).await;
    client.open(URI, "x = \n").await;
    assert_eq!(client.invoke(URI, 0, 4).await[0]["insertText"], "alpha");
    // A request without a context is not an invoked one.
    let mut params = inline_params(URI, 0, 4);
    params.as_object_mut().unwrap().remove("context");
    assert_eq!(client.ask("textDocument/inlineCompletion", params).await["items"][0]["insertText"], "alpha");
    // The model was called for the answer, and for another one.
    assert_eq!(engine.calls(), 2);
    assert_eq!(client.invoke(URI, 0, 4).await[0]["insertText"], "alpha");
    assert_eq!(engine.calls(), 4);
}

/// The engine gives every token a probability of one half.
#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_below_the_least_confidence_is_for_invoked_requests_only() {
    for (least, automatic) in [(50, 1), (51, 0)] {
        let (mut client, _) = ready_with(FakeEngine::answering("alpha"), json!({"min_confidence": least})).await;
        client.open(URI, "x = \n").await;
        assert_eq!(client.inline(URI, 0, 4).await.len(), automatic);
        assert_eq!(client.invoke(URI, 0, 4).await[0]["insertText"], "alpha");
        // It stays while the user types it.
        client.insert(URI, 2, 4, "al").await;
        assert_eq!(client.inline(URI, 0, 6).await[0]["insertText"], "pha");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_suggested_where_completion_is_switched_off() {
    for (options, state) in [
        (json!({"enabled": false}), "disabled"),
        (json!({"languages": {"python": false}}), "ready"),
        (json!({"languages": {"*": false}}), "ready"),
    ] {
        let engine = Arc::new(FakeEngine::answering("alpha"));
        let mut client = start(loads(&engine), ServeOptions::default());
        client.initialize(json!({}), options).await;
        client.wait_until(state).await;
        client.open(URI, "x = \n").await;
        assert_eq!(client.inline(URI, 0, 4).await, Vec::<Value>::new());
        assert_eq!(engine.calls(), 0);
        assert_eq!(client.quit().await, (0, vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_fails_or_panics_is_reported_once_and_the_reply_is_empty() {
    let engine = FakeEngine::scripted(|prompt| {
        assert!(!prompt.tail.contains("panic"), "on purpose");
        Err(fimble_completion::engine::EngineError::Stopped)
    });
    let (mut client, _) = ready(engine).await;
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
