//! An editor without a window: it starts a server as a process and speaks its protocol.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::fimble;

pub(crate) struct Editor {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next_id: i64,
}

impl Editor {
    /// Of a server with these arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = fimble();
        command.args(arguments);
        Self::of(command, None)
    }

    /// Of the server that `command` starts, with a folder open if one is given.
    pub(crate) fn of(mut command: Command, folder: Option<&Path>) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut editor = Self { process, input, output, next_id: 0 };
        let root = folder.map(|folder| format!("file://{}", folder.display()));
        let capabilities = json!({
            "general": {"positionEncodings": ["utf-8", "utf-16"]},
            "textDocument": {"inlineCompletion": {}},
            "window": {"workDoneProgress": true},
        });
        let result =
            editor.ask("initialize", json!({"processId": null, "rootUri": root, "capabilities": capabilities}));
        assert_eq!(result["capabilities"]["inlineCompletionProvider"], json!(true));
        assert_eq!(result["capabilities"]["positionEncoding"], "utf-8");
        editor.tell("initialized", json!({}));
        editor
    }

    pub(crate) fn write(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.input.flush().unwrap();
    }

    pub(crate) fn tell(&mut self, method: &str, params: Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    pub(crate) fn send(&mut self, method: &str, params: Value) -> i64 {
        self.next_id += 1;
        self.write(&json!({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}));
        self.next_id
    }

    pub(crate) fn read(&mut self) -> Value {
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

    pub(crate) fn reply_to(&mut self, id: i64) -> Value {
        loop {
            let message = self.read();
            if message["id"] == json!(id) && message.get("method").is_none() {
                return message;
            }
        }
    }

    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        let reply = self.reply_to(id);
        assert!(reply.get("error").is_none(), "{reply}");
        reply["result"].clone()
    }

    pub(crate) fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "python", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
    }

    pub(crate) fn wait_until_ready(&mut self) {
        while self.ask("fimble/status", json!(null))["state"] != "ready" {
            std::thread::yield_now();
        }
    }

    pub(crate) fn exit(mut self) -> i32 {
        self.ask("shutdown", json!(null));
        self.tell("exit", json!(null));
        self.process.wait().unwrap().code().unwrap()
    }
}

pub(crate) fn inline(uri: &str, line: i64, character: i64) -> Value {
    json!({
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 2},
    })
}
