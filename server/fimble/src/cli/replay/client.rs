//! An LSP client that talks to a server in the same process.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use fimble::{LoadEngine, ServeOptions, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The size of a pipe in bytes. It is larger than any message of a replay, so a side that writes never waits for the
/// other side to read.
const PIPE: usize = 1 << 20;

pub(super) struct Client {
    to_server: DuplexStream,
    waiting: Waiting,
    latest_id: u64,
    server: JoinHandle<u8>,
}

/// The requests that wait for an answer, by request ID.
type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

impl Client {
    /// Starts and initializes a server, with `workspace` as its only folder.
    pub(super) async fn start(
        load: LoadEngine,
        options: ServeOptions,
        workspace: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let (to_server, input) = tokio::io::duplex(PIPE);
        let (output, from_server) = tokio::io::duplex(PIPE);
        let server = tokio::spawn(serve(input, output, load, options));
        let waiting = Waiting::default();
        let requests = waiting.clone();
        tokio::spawn(async move {
            let mut from_server = BufReader::new(from_server);
            while let Ok(message) = read(&mut from_server).await {
                let Some(id) = message["id"].as_u64() else { continue };
                let request = requests.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                if let Some(request) = request {
                    let _ = request.send(message);
                }
            }
        });
        let mut client = Self { to_server, waiting, latest_id: 0, server };
        let capabilities = json!({
            "general": { "positionEncodings": ["utf-8"] },
            "textDocument": { "inlineCompletion": {} },
        });
        let folder = |folder: &Path| json!({ "uri": format!("file://{}", folder.display()), "name": "workspace" });
        let folders: Vec<Value> = workspace.map(folder).into_iter().collect();
        let params = json!({ "capabilities": capabilities, "workspaceFolders": folders });
        client.request("initialize", params).await?;
        client.notify("initialized", json!({})).await?;
        Ok(client)
    }

    pub(super) async fn notify(&mut self, method: &str, params: Value) -> anyhow::Result<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params })).await
    }

    pub(super) async fn request(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.latest_id += 1;
        let (request, answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(self.latest_id, request);
        self.send(&json!({ "jsonrpc": "2.0", "id": self.latest_id, "method": method, "params": params })).await?;
        let mut answer = answer.await.context("the server has ended")?;
        match answer["error"].take() {
            Value::Null => Ok(answer["result"].take()),
            error => bail!("the server answered {method} with an error: {error}"),
        }
    }

    /// Shuts the server down and waits for its end.
    pub(super) async fn quit(mut self) -> anyhow::Result<()> {
        self.request("shutdown", Value::Null).await?;
        self.notify("exit", Value::Null).await?;
        self.server.await.context("the server panicked")?;
        Ok(())
    }

    async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        let body = message.to_string();
        let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.to_server.write_all(framed.as_bytes()).await.context("the server has closed its input")
    }
}

async fn read(from_server: &mut BufReader<DuplexStream>) -> anyhow::Result<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from_server.read_line(&mut line).await? == 0 {
            bail!("the server has ended");
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    from_server.read_exact(&mut body).await?;
    Ok(serde_json::from_slice(&body)?)
}
