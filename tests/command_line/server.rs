//! The language server as a process, on the embedded model, as an editor talks to it.

use std::collections::HashSet;

use serde_json::json;

use crate::adapter;
use crate::editor::{Editor, inline};

#[test]
fn a_model_that_cannot_load_is_told_in_the_editor() {
    let mut editor = Editor::start(&["--model", "no-such-model"]);
    let told = loop {
        let message = editor.read();
        if message["method"] == "window/showMessage" {
            break message["params"]["message"].as_str().unwrap().to_owned();
        }
    };
    assert!(told.starts_with("fimble: no model is called `no-such-model`"), "{told}");
    editor.open(URI, CODE);
    let result = editor.ask("textDocument/inlineCompletion", inline(URI, 2, 11));
    assert_eq!(result, json!({"items": []}));
    assert_eq!(editor.exit(), 0);
}

#[test]
fn an_adapter_is_switched_on_and_off_in_the_editor() {
    let mut editor = Editor::start(&[]);
    editor.wait_until_ready();
    let uri = "file:///module.rs";
    let document = json!({"uri": uri, "languageId": "rust", "version": 1, "text": "pub"});
    editor.tell("textDocument/didOpen", json!({"textDocument": document}));
    let adapter = adapter();
    for (setting, model) in [("", "embedded"), (adapter.to_str().unwrap(), "embedded + just"), ("", "embedded")] {
        editor.tell("workspace/didChangeConfiguration", json!({"settings": {"fimble": {"adapter": setting}}}));
        while editor.ask("fimble/status", json!(null))["model"] != model {
            std::thread::yield_now();
        }
        let mut invoked = inline(uri, 0, 3);
        invoked["context"] = json!({"triggerKind": 1});
        let result = editor.ask("textDocument/inlineCompletion", invoked);
        let items = result["items"].as_array().or(result.as_array()).unwrap();
        let is_adapted = items.first().is_some_and(|item| item["insertText"].as_str().unwrap().starts_with("(crate)"));
        assert_eq!(is_adapted, !setting.is_empty(), "{model}: {result}");
    }
    editor.tell("workspace/didChangeConfiguration", json!({"settings": {"fimble": {"adapter": "no-such"}}}));
    let told = loop {
        let message = editor.read();
        if message["method"] == "window/showMessage" {
            break message["params"]["message"].as_str().unwrap().to_owned();
        }
    };
    assert!(told.starts_with("fimble: no adapter is called `no-such`"), "{told}");
    assert!(told.ends_with("It goes on with the model embedded."), "{told}");
    assert_eq!(editor.exit(), 0);
}

const URI: &str = "file:///a.py";
const CODE: &str = "class Point:\n    def name(self):\n        ret";

#[test]
fn an_editor_gets_a_suggestion_of_the_embedded_model() {
    let mut editor = Editor::start(&["--stdio"]);
    editor.open(URI, CODE);
    editor.wait_until_ready();
    let mut invoked = inline(URI, 2, 11);
    invoked["context"] = json!({"triggerKind": 1});
    let result = editor.ask("textDocument/inlineCompletion", invoked);
    let item = &result["items"].as_array().unwrap_or_else(|| result.as_array().unwrap())[0];
    assert!(item["insertText"].as_str().unwrap().starts_with("urn"), "{item}");
    let place = json!({"line": 2, "character": 11});
    assert_eq!(item["range"], json!({"start": place, "end": place}));
    assert_eq!(item["command"]["command"], "fimble.accepted");
    assert_eq!(editor.exit(), 0);
}

#[test]
fn eighty_requests_are_answered_while_an_edit_goes_through() {
    let mut editor = Editor::start(&["lsp"]);
    let uris: Vec<String> = (0..80).map(|number| format!("file:///{number}.py")).collect();
    editor.wait_until_ready();
    for uri in &uris {
        editor.open(uri, CODE);
    }
    let mut waiting: HashSet<i64> =
        uris.iter().map(|uri| editor.send("textDocument/inlineCompletion", inline(uri, 2, 11))).collect();
    let end = json!({"line": 2, "character": 11});
    let change = json!({"range": {"start": end, "end": end}, "text": "urn file.read"});
    let document = json!({"uri": URI, "version": 2});
    editor.open(URI, CODE);
    editor.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]}));
    let after = editor.send("textDocument/inlineCompletion", inline(URI, 2, 24));
    waiting.insert(after);
    while !waiting.is_empty() {
        let message = editor.read();
        if message.get("method").is_none() {
            assert!(message.get("error").is_none(), "{message}");
            assert!(waiting.remove(&message["id"].as_i64().unwrap()), "answered twice: {message}");
        }
    }
    assert_eq!(editor.exit(), 0);
}

#[test]
fn a_line_of_four_million_characters_does_no_harm() {
    let mut editor = Editor::start(&[]);
    editor.wait_until_ready();
    editor.open(URI, &"x = 1; ".repeat(600_000));
    let result = editor.ask("textDocument/inlineCompletion", inline(URI, 0, 4_200_000));
    assert!(result.is_array() || result["items"].is_array(), "{result}");
    let middle = json!({"line": 0, "character": 2_000_000});
    let change = json!({"range": {"start": middle, "end": middle}, "text": "y"});
    let document = json!({"uri": URI, "version": 2});
    editor.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": [change]}));
    editor.ask("textDocument/inlineCompletion", inline(URI, 0, 2_000_001));
    assert_eq!(editor.exit(), 0);
}

#[test]
fn impossible_requests_leave_the_server_up() {
    let mut editor = Editor::start(&[]);
    editor.open(URI, CODE);
    for (line, character) in [(-1, 0), (0, -5), (1_000_000, 0), (4_294_967_295, 4_294_967_295), (0, 1_000_000_000)] {
        let id = editor.send("textDocument/inlineCompletion", inline(URI, line, character));
        let reply = editor.reply_to(id);
        assert!(reply.get("error").is_some() != reply.get("result").is_some(), "{reply}");
    }
    let id = editor.send("textDocument/inlineCompletion", inline("file:///unknown.py", 0, 0));
    assert!(editor.reply_to(id).get("error").is_none());
    let id = editor.send("textDocument/noSuchMethod", json!({}));
    assert_eq!(editor.reply_to(id)["error"]["code"], -32601);
    assert_eq!(editor.exit(), 0);
}
