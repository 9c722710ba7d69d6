//! The language server as a process, on the embedded model, as an editor talks to it.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::fimble;

struct Editor {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next_id: i64,
}

impl Editor {
    fn start(arguments: &[&str]) -> Self {
        let mut process = fimble()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut editor = Self { process, input, output, next_id: 0 };
        let capabilities = json!({
            "general": {"positionEncodings": ["utf-8", "utf-16"]},
            "textDocument": {"inlineCompletion": {}},
            "window": {"workDoneProgress": true},
        });
        let result =
            editor.ask("initialize", json!({"processId": null, "rootUri": null, "capabilities": capabilities}));
        assert_eq!(result["capabilities"]["inlineCompletionProvider"], json!(true));
        assert_eq!(result["capabilities"]["positionEncoding"], "utf-8");
        editor.tell("initialized", json!({}));
        editor
    }

    fn write(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn send(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        self.write(&json!({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}));
        self.next_id
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the server has closed its output");
            match line.trim().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().unwrap(),
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap();
        // A request of the server's, for progress say, wants an answer.
        if message.get("method").is_some() && message.get("id").is_some() {
            self.write(&json!({"jsonrpc": "2.0", "id": message["id"], "result": null}));
        }
        message
    }

    fn reply_to(&mut self, id: i64) -> Value {
        loop {
            let message = self.read();
            if message["id"] == json!(id) && message.get("method").is_none() {
                return message;
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        let reply = self.reply_to(id);
        assert!(reply.get("error").is_none(), "{reply}");
        reply["result"].clone()
    }

    fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "python", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
    }

    fn wait_until_ready(&mut self) {
        while self.ask("fimble/status", json!(null))["state"] != "ready" {
            std::thread::yield_now();
        }
    }

    fn exit(mut self) -> i32 {
        self.ask("shutdown", json!(null));
        self.tell("exit", json!(null));
        self.process.wait().unwrap().code().unwrap()
    }
}

fn inline(uri: &str, line: i64, character: i64) -> Value {
    json!({
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 2},
    })
}

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

const URI: &str = "file:///a.py";
const CODE: &str = "def read_lines(path):\n    with open(path) as file:\n        ret";

#[test]
fn an_editor_gets_a_suggestion_of_the_embedded_model() {
    let mut editor = Editor::start(&["--stdio"]);
    editor.open(URI, CODE);
    editor.wait_until_ready();
    let mut by_hand = inline(URI, 2, 11);
    by_hand["context"] = json!({"triggerKind": 1});
    let result = editor.ask("textDocument/inlineCompletion", by_hand);
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
