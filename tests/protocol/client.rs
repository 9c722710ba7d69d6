//! A language client that sends what it is told to, and keeps whatever arrives until it is asked for.

use std::sync::Arc;
use std::time::Duration;

use fimble::{LoadEngine, ServeOptions};
use fimble_completion::engine::Engine;
use fimble_test_support::{FakeEngine, Gate};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Nothing takes this long; a test that waits for something that never comes should fail rather than hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The document that most tests use.
pub(crate) const URI: &str = "file:///project/src/test.py";

pub(crate) struct TestClient {
    to_server: Option<DuplexStream>,
    from_server: mpsc::UnboundedReceiver<Value>,
    /// What has arrived and nobody has asked for yet.
    kept: Vec<Value>,
    latest_id: i64,
    server: JoinHandle<u8>,
}

impl TestClient {
    /// A server that has not been greeted yet.
    pub(crate) fn start(load: LoadEngine, options: ServeOptions) -> Self {
        // One pipe for each direction, so that either can be closed alone.
        let (server_input, to_server) = duplex(64 * 1024);
        let (from_server, server_output) = duplex(64 * 1024);
        let server = tokio::spawn(fimble::serve(server_input, server_output, load, options));
        let (arrived, kept) = mpsc::unbounded_channel();
        tokio::spawn(receive(from_server, arrived));
        Self { to_server: Some(to_server), from_server: kept, kept: Vec::new(), latest_id: 0, server }
    }

    /// A server that completes with `engine`, for a client with ghost text that counts in UTF-16.
    pub(crate) async fn ready(engine: FakeEngine) -> (Self, Arc<FakeEngine>) {
        let engine = Arc::new(engine);
        let mut client = Self::start(loads(&engine), ServeOptions::default());
        client.initialize(ghost_text(), Value::Null).await;
        client.wait_until("ready").await;
        (client, engine)
    }

    /// `initialize` and `initialized`; returns the server's capabilities.
    pub(crate) async fn initialize(&mut self, capabilities: Value, options: Value) -> Value {
        let params = json!({
            "processId": null,
            "rootUri": "file:///project",
            "capabilities": capabilities,
            "initializationOptions": options,
        });
        let result = self.ask("initialize", params).await;
        self.notify("initialized", json!({})).await;
        result["capabilities"].clone()
    }

    pub(crate) async fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "python", "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document})).await;
    }

    /// Inserts `text` at a place of line 0.
    pub(crate) async fn insert(&mut self, uri: &str, version: i32, character: usize, text: &str) {
        let place = json!({"line": 0, "character": character});
        self.change(uri, version, json!({"range": {"start": place, "end": place}, "text": text})).await;
    }

    pub(crate) async fn change(&mut self, uri: &str, version: i32, change: Value) {
        let params = json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]});
        self.notify("textDocument/didChange", params).await;
    }

    /// Asks for ghost text and returns at once, with the request's id.
    pub(crate) async fn request_inline(&mut self, uri: &str, line: i64, character: i64) -> i64 {
        self.request("textDocument/inlineCompletion", inline_params(uri, line, character)).await
    }

    /// Asks for ghost text and returns its items.
    pub(crate) async fn inline(&mut self, uri: &str, line: i64, character: i64) -> Vec<Value> {
        let id = self.request_inline(uri, line, character).await;
        self.items(id).await
    }

    /// The items that the request was answered with.
    pub(crate) async fn items(&mut self, id: i64) -> Vec<Value> {
        let reply = self.reply(id).await;
        reply["result"]["items"].as_array().unwrap_or_else(|| panic!("no items: {reply}")).clone()
    }

    /// The text of the one item that the request was answered with, empty where there is none.
    pub(crate) async fn suggestion(&mut self, id: i64) -> String {
        let items = self.items(id).await;
        assert!(items.len() <= 1, "{items:?}");
        items.first().map(|item| item["insertText"].as_str().expect("a text").to_owned()).unwrap_or_default()
    }

    pub(crate) async fn status(&mut self) -> Value {
        self.ask("fimble/status", Value::Null).await
    }

    /// Asks for the status until it is `state`.
    pub(crate) async fn wait_until(&mut self, state: &str) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while self.status().await["state"] != state {
                tokio::task::yield_now().await;
            }
        });
        assert!(waited.await.is_ok(), "the server never got {state}");
    }

    /// Sends a request and returns its result.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        let mut reply = self.reply(id).await;
        assert!(reply["error"].is_null(), "{method}: {reply}");
        reply["result"].take()
    }

    /// Sends a request and returns its id.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> i64 {
        self.latest_id += 1;
        let id = self.latest_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        id
    }

    pub(crate) async fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params})).await;
    }

    /// Answers a request of the server's.
    pub(crate) async fn answer(&mut self, request: &Value, result: Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result})).await;
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.send_bytes(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        let to_server = self.to_server.as_mut().expect("the client has not hung up");
        to_server.write_all(bytes).await.expect("the server reads");
    }

    /// The reply to the request `id`, result or error.
    pub(crate) async fn reply(&mut self, id: i64) -> Value {
        self.next(|message| message["method"].is_null() && message["id"] == id).await
    }

    /// The next error that the server could not relate to a request.
    pub(crate) async fn unrelated_error(&mut self) -> Value {
        self.next(|message| message["method"].is_null() && message["id"].is_null()).await["error"].take()
    }

    /// The next notification or request of this method.
    pub(crate) async fn message(&mut self, method: &str) -> Value {
        self.next(|message| message["method"] == method).await
    }

    /// The next message shown to the user.
    pub(crate) async fn shown(&mut self) -> String {
        self.message("window/showMessage").await["params"]["message"].as_str().expect("a text").to_owned()
    }

    /// Ends the session in the proper way and returns the exit status and all that arrived and was not asked for.
    pub(crate) async fn quit(mut self) -> (u8, Vec<Value>) {
        assert_eq!(self.ask("shutdown", Value::Null).await, Value::Null);
        self.notify("exit", Value::Null).await;
        self.gone().await
    }

    /// Closes the pipe to the server without a word.
    pub(crate) fn hang_up(&mut self) {
        self.to_server = None;
    }

    /// Waits for the server's end; returns as [`TestClient::quit`] does.
    pub(crate) async fn gone(mut self) -> (u8, Vec<Value>) {
        let status =
            tokio::time::timeout(PATIENCE, self.server).await.expect("the server ends").expect("it does not panic");
        while let Some(message) = self.from_server.recv().await {
            self.kept.push(message);
        }
        (status, self.kept)
    }

    async fn next(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.kept.iter().position(&wanted) {
            return self.kept.remove(index);
        }
        loop {
            let message = tokio::time::timeout(PATIENCE, self.from_server.recv()).await;
            match message.unwrap_or_else(|_| panic!("never came; there is {:?}", self.kept)) {
                Some(message) if wanted(&message) => return message,
                Some(message) => self.kept.push(message),
                None => panic!("the server has gone; there is {:?}", self.kept),
            }
        }
    }
}

/// A loader that has `engine` at once.
pub(crate) fn loads(engine: &Arc<FakeEngine>) -> LoadEngine {
    let engine: Arc<dyn Engine> = engine.clone();
    Arc::new(move |_| Ok(engine.clone()))
}

/// What a client announces that shows ghost text.
pub(crate) fn ghost_text() -> Value {
    json!({"textDocument": {"inlineCompletion": {}}})
}

pub(crate) fn inline_params(uri: &str, line: i64, character: i64) -> Value {
    json!({
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 2},
    })
}

/// Waits until `count` generations have ended because they were cancelled.
pub(crate) async fn wait_for_cancelled(engine: &FakeEngine, count: usize) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while engine.cancelled() < count {
            tokio::task::yield_now().await;
        }
    });
    assert!(waited.await.is_ok(), "only {} generations are cancelled", engine.cancelled());
}

/// Waits until the gate holds `count` generations.
pub(crate) fn wait_for_held(gate: &Gate, count: usize) {
    assert!(tokio::task::block_in_place(|| gate.wait_for(count, PATIENCE)), "fewer than {count} generations begin");
}

async fn receive(output: DuplexStream, arrived: mpsc::UnboundedSender<Value>) {
    let mut output = BufReader::new(output);
    let mut header = String::new();
    while output.read_line(&mut header).await.is_ok_and(|read| read > 0) {
        let length = header.trim().strip_prefix("Content-Length: ").expect("a header").parse().expect("a length");
        assert_eq!(output.read_line(&mut header).await.expect("a blank line"), 2);
        let mut body = vec![0; length];
        output.read_exact(&mut body).await.expect("a body");
        if arrived.send(serde_json::from_slice(&body).expect("JSON")).is_err() {
            return;
        }
        header.clear();
    }
}
