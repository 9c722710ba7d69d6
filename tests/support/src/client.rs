//! A language client that sends what a test tells it to send, and keeps each message until the test asks for it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The longest wait for anything. It is far beyond what a busy machine needs, so only a test that waits in vain gets here.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// See the [module](self). All methods that wait panic after [`PATIENCE`].
///
/// When the client is dropped, it checks that the server has answered each of its requests exactly once, and panics
/// otherwise. It does not check while the thread is panicking, or after [`TestClient::skip_reply_check`]. Call
/// [`TestClient::quit`] or [`TestClient::gone`] at the end of a test to check the replies that come with the server's end,
/// too.
pub struct TestClient {
    /// `None` after the client has hung up.
    to_server: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    from_server: mpsc::UnboundedReceiver<Value>,
    /// Messages that have arrived, and that the test has not asked for yet.
    kept: Vec<Value>,
    latest_id: i64,
    /// By the id of a request.
    exchanges: BTreeMap<i64, Exchange>,
    answers_requests: bool,
    checks_replies: bool,
    /// Ends with the server, with its exit status.
    server: Option<ServerEnd>,
}

type ServerEnd = Pin<Box<dyn Future<Output = u8> + Send>>;

#[derive(Debug, Default, PartialEq, Eq)]
struct Exchange {
    requests: usize,
    replies: usize,
}

impl TestClient {
    /// A client of the server that reads `to_server`'s bytes and writes `from_server`'s. `server` ends when the server does,
    /// and returns its exit status.
    pub fn connect(
        to_server: impl AsyncWrite + Send + Unpin + 'static,
        from_server: impl AsyncRead + Send + Unpin + 'static,
        server: impl Future<Output = u8> + Send + 'static,
    ) -> Self {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        tokio::spawn(receive(from_server, arrived));
        Self {
            to_server: Some(Box::new(to_server)),
            from_server: arrivals,
            kept: Vec::new(),
            latest_id: 0,
            exchanges: BTreeMap::new(),
            answers_requests: false,
            checks_replies: true,
            server: Some(Box::pin(server)),
        }
    }

    /// A client of a server in this process. `serve` gets the server's input and output.
    pub fn in_process<S>(serve: impl FnOnce(DuplexStream, DuplexStream) -> S) -> Self
    where
        S: Future<Output = u8> + Send + 'static,
    {
        // One pipe for each direction, so that the client can close its own alone.
        let (server_input, to_server) = duplex(64 * 1024);
        let (from_server, server_output) = duplex(64 * 1024);
        let server = tokio::spawn(serve(server_input, server_output));
        Self::connect(to_server, from_server, async { server.await.expect("the server does not panic") })
    }

    /// A client of the server that `command` starts. The process is killed with the client if it still runs.
    pub fn of_process(command: Command) -> Self {
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().expect("the command starts");
        let to_server = process.stdin.take().expect("its input is a pipe");
        let from_server = process.stdout.take().expect("its output is a pipe");
        Self::connect(to_server, from_server, async move {
            let status = process.wait().await.expect("the process can be waited for");
            let code = status.code().unwrap_or_else(|| panic!("a signal ended the server: {status}"));
            u8::try_from(code).expect("an exit status is a byte")
        })
    }

    /// From now on, answers each of the server's requests with `null` when it arrives, as an editor does.
    pub fn answer_requests(&mut self) {
        self.answers_requests = true;
    }

    /// Does not check replies when the client is dropped. For tests that kill the server, or that hang up and expect that
    /// replies are lost.
    pub fn skip_reply_check(&mut self) {
        self.checks_replies = false;
    }

    /// Sends `initialize` and `initialized`, and returns the server's capabilities.
    pub async fn initialize(&mut self, capabilities: Value, options: Value) -> Value {
        let params = json!({
            "processId": null,
            "rootUri": "file:///project",
            "capabilities": capabilities,
            "initializationOptions": options,
        });
        self.initialize_with(params).await
    }

    /// The same with any parameters.
    pub async fn initialize_with(&mut self, params: Value) -> Value {
        let result = self.ask("initialize", params).await;
        self.notify("initialized", json!({})).await;
        result["capabilities"].clone()
    }

    /// Opens a Python file.
    pub async fn open(&mut self, uri: &str, text: &str) {
        self.open_as(uri, "python", text).await;
    }

    /// Opens a file of any language.
    pub async fn open_as(&mut self, uri: &str, language: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": language, "version": 1, "text": text});
        self.notify("textDocument/didOpen", json!({"textDocument": document})).await;
    }

    /// Closes a file.
    pub async fn close(&mut self, uri: &str) {
        self.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}})).await;
    }

    /// Inserts `text` in line 0.
    pub async fn insert(&mut self, uri: &str, version: i32, character: usize, text: &str) {
        let place = json!({"line": 0, "character": character});
        self.change(uri, version, json!({"range": {"start": place, "end": place}, "text": text})).await;
    }

    /// Sends one edit of a file.
    pub async fn change(&mut self, uri: &str, version: i32, change: Value) {
        let params = json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]});
        self.notify("textDocument/didChange", params).await;
    }

    /// Sends settings.
    pub async fn configure(&mut self, settings: Value) {
        self.notify("workspace/didChangeConfiguration", json!({"settings": settings})).await;
    }

    /// Requests ghost text, and returns the request's id without waiting for the reply.
    pub async fn request_inline(&mut self, uri: &str, line: i64, character: i64) -> i64 {
        self.request("textDocument/inlineCompletion", inline_params(uri, line, character)).await
    }

    /// Requests ghost text as a user who types does, and returns its items.
    pub async fn inline(&mut self, uri: &str, line: i64, character: i64) -> Vec<Value> {
        let id = self.request_inline(uri, line, character).await;
        self.items(id).await
    }

    /// Requests ghost text as a user who invokes it does, and returns its items.
    pub async fn invoke(&mut self, uri: &str, line: i64, character: i64) -> Vec<Value> {
        let mut params = inline_params(uri, line, character);
        params["context"]["triggerKind"] = json!(1);
        let id = self.request("textDocument/inlineCompletion", params).await;
        self.items(id).await
    }

    /// Waits for the reply to request `id`, and returns its items.
    pub async fn items(&mut self, id: i64) -> Vec<Value> {
        let reply = self.reply(id).await;
        reply["result"]["items"].as_array().unwrap_or_else(|| panic!("no items: {reply}")).clone()
    }

    /// Waits for the reply to request `id`, and returns the text of its one item, or nothing if it has none.
    pub async fn suggestion(&mut self, id: i64) -> String {
        let items = self.items(id).await;
        assert!(items.len() <= 1, "{items:?}");
        items.first().map(|item| item["insertText"].as_str().expect("a text").to_owned()).unwrap_or_default()
    }

    /// The server's status.
    pub async fn status(&mut self) -> Value {
        self.ask("fimble/status", Value::Null).await
    }

    /// Waits until the status says `state`.
    pub async fn wait_until(&mut self, state: &str) {
        self.wait_for(state, |status| status["state"] == state).await;
    }

    /// Waits for a status that meets `condition`, and returns it. `what` names the condition in the panic's message.
    pub async fn wait_for(&mut self, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let started = tokio::time::Instant::now();
        loop {
            let status = self.status().await;
            if condition(&status) {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "never {what}: {status}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Sends a request, waits for its reply, and returns the result.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        let mut reply = self.reply(id).await;
        assert!(reply["error"].is_null(), "{method}: {reply}");
        reply["result"].take()
    }

    /// Sends a request, and returns its id without waiting for the reply.
    pub async fn request(&mut self, method: &str, params: Value) -> i64 {
        self.latest_id += 1;
        let id = self.latest_id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        id
    }

    /// Sends a notification.
    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params})).await;
    }

    /// Answers a request of the server.
    pub async fn answer(&mut self, request: &Value, result: Value) {
        self.send(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result})).await;
    }

    /// Sends any message.
    pub async fn send(&mut self, message: &Value) {
        self.send_all(std::slice::from_ref(message)).await;
    }

    /// Sends messages in one piece, as a client that had no time to send them earlier.
    pub async fn send_all(&mut self, messages: &[Value]) {
        let mut bytes = String::new();
        for message in messages {
            if let (true, Some(id)) = (message["method"].is_string(), message["id"].as_i64()) {
                self.exchanges.entry(id).or_default().requests += 1;
            }
            let body = message.to_string();
            bytes.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        }
        self.send_bytes(bytes.as_bytes()).await;
    }

    /// Sends bytes that need not be a message. A request among them is not known to the check of replies.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let to_server = self.to_server.as_mut().expect("the client has not hung up");
        to_server.write_all(bytes).await.expect("the server reads");
        to_server.flush().await.expect("the server reads");
    }

    /// Waits for the reply to request `id`, a result or an error.
    pub async fn reply(&mut self, id: i64) -> Value {
        self.next(|message| message["method"].is_null() && message["id"] == id).await
    }

    /// Waits for an error that the server cannot relate to a request.
    pub async fn unrelated_error(&mut self) -> Value {
        self.next(|message| message["method"].is_null() && message["id"].is_null()).await["error"].take()
    }

    /// Waits for a notification or a request of this method.
    pub async fn message(&mut self, method: &str) -> Value {
        self.next(|message| message["method"] == method).await
    }

    /// Waits for a message that is shown to the user, and returns its text.
    pub async fn shown(&mut self) -> String {
        self.message("window/showMessage").await["params"]["message"].as_str().expect("a text").to_owned()
    }

    /// Ends the session with `shutdown` and `exit`. Returns the exit status, and the messages that the test has not asked
    /// for.
    pub async fn quit(mut self) -> (u8, Vec<Value>) {
        assert_eq!(self.ask("shutdown", Value::Null).await, Value::Null);
        self.notify("exit", Value::Null).await;
        self.gone().await
    }

    /// Closes the pipe to the server without a message.
    pub fn hang_up(&mut self) {
        self.to_server = None;
    }

    /// Waits until the server ends. Returns the same as [`TestClient::quit`].
    pub async fn gone(mut self) -> (u8, Vec<Value>) {
        let server = self.server.take().expect("the client waits for the end once");
        let status = timeout(PATIENCE, server).await.expect("the server ends");
        while let Some(message) = self.from_server.recv().await {
            self.count(&message);
            self.kept.push(message);
        }
        (status, std::mem::take(&mut self.kept))
    }

    async fn next(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.kept.iter().position(&wanted) {
            return self.kept.remove(index);
        }
        loop {
            let message = timeout(PATIENCE, self.from_server.recv()).await;
            let message = message.unwrap_or_else(|_| panic!("it never came; there is {:?}", self.kept));
            let message = message.unwrap_or_else(|| panic!("the server has gone; there is {:?}", self.kept));
            self.count(&message);
            if self.answers_requests && message["method"].is_string() && !message["id"].is_null() {
                self.answer(&message, Value::Null).await;
            }
            if wanted(&message) {
                return message;
            }
            self.kept.push(message);
        }
    }

    fn count(&mut self, message: &Value) {
        if let (true, Some(id)) = (message["method"].is_null(), message["id"].as_i64()) {
            self.exchanges.entry(id).or_default().replies += 1;
        }
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        if !self.checks_replies || std::thread::panicking() {
            return;
        }
        while let Ok(message) = self.from_server.try_recv() {
            self.count(&message);
        }
        self.exchanges.retain(|_, exchange| exchange.requests != exchange.replies);
        assert!(self.exchanges.is_empty(), "not one reply to each request, by id: {:?}", self.exchanges);
    }
}

/// What a client with ghost text announces.
pub fn ghost_text() -> Value {
    json!({"textDocument": {"inlineCompletion": {}}})
}

/// The parameters of a request for ghost text while the user types.
pub fn inline_params(uri: &str, line: i64, character: i64) -> Value {
    json!({
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 2},
    })
}

async fn receive(output: impl AsyncRead + Unpin, arrived: mpsc::UnboundedSender<Value>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that has sent one request to a server that writes `replies` and ends.
    async fn after(replies: &'static [&'static str]) -> TestClient {
        let mut client = TestClient::in_process(|input, mut output| async move {
            let mut input = BufReader::new(input);
            input.read_line(&mut String::new()).await.unwrap();
            for reply in replies {
                let frame = format!("Content-Length: {}\r\n\r\n{reply}", reply.len());
                output.write_all(frame.as_bytes()).await.unwrap();
            }
            0
        });
        assert_eq!(client.request("question", Value::Null).await, 1);
        client
    }

    const ANSWER: &str = r#"{"jsonrpc":"2.0","id":1,"result":7}"#;
    const OTHER_ANSWER: &str = r#"{"jsonrpc":"2.0","id":2,"result":7}"#;

    #[tokio::test]
    async fn one_reply_to_each_request_passes_the_check() {
        let mut client = after(&[ANSWER]).await;
        assert_eq!(client.reply(1).await["result"], 7);
        assert_eq!(client.gone().await, (0, vec![]));
        // The reply counts even if the test never asks for it.
        assert_eq!(after(&[ANSWER]).await.gone().await.1.len(), 1);
    }

    #[tokio::test]
    #[should_panic = "1: Exchange { requests: 1, replies: 0 }"]
    async fn a_missing_reply_panics() {
        after(&[]).await.gone().await;
    }

    #[tokio::test]
    #[should_panic = "1: Exchange { requests: 1, replies: 2 }"]
    async fn a_second_reply_panics() {
        let mut client = after(&[ANSWER, ANSWER]).await;
        client.reply(1).await;
        client.gone().await;
    }

    #[tokio::test]
    #[should_panic = "2: Exchange { requests: 0, replies: 1 }"]
    async fn a_reply_to_no_request_panics() {
        after(&[ANSWER, OTHER_ANSWER]).await.gone().await;
    }

    #[tokio::test]
    async fn a_test_can_skip_the_check() {
        let mut client = after(&[]).await;
        client.skip_reply_check();
        client.gone().await;
    }
}
