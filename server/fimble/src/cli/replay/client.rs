//! An editor without a window: speaks LSP to a server in the same process.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use fimble::{LoadEngine, ServeOptions, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// More than any message of a replay, so that neither side waits for the other to read.
const PIPE: usize = 1 << 20;

pub(super) struct Client {
    to_server: DuplexStream,
    waiting: Waiting,
    latest: u64,
    server: JoinHandle<u8>,
}

/// Where the answers to requests go, by their numbers.
type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

impl Client {
    /// Starts a server and greets it, with a folder open if one is given.
    pub(super) async fn start(
        load: LoadEngine,
        options: ServeOptions,
        workspace: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let (to_server, input) = tokio::io::duplex(PIPE);
        let (output, from_server) = tokio::io::duplex(PIPE);
        let server = tokio::spawn(serve(input, output, load, options));
        let waiting = Waiting::default();
        let answers = waiting.clone();
        tokio::spawn(async move {
            let mut from_server = BufReader::new(from_server);
            while let Ok(message) = read(&mut from_server).await {
                let Some(number) = message["id"].as_u64() else { continue };
                let asked = answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
                if let Some(asked) = asked {
                    let _ = asked.send(message);
                }
            }
        });
        let mut client = Self { to_server, waiting, latest: 0, server };
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
        self.latest += 1;
        let (asked, answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(self.latest, asked);
        self.send(&json!({ "jsonrpc": "2.0", "id": self.latest, "method": method, "params": params })).await?;
        let mut answer = answer.await.context("the server has ended")?;
        match answer["error"].take() {
            Value::Null => Ok(answer["result"].take()),
            error => bail!("the server refuses {method}: {error}"),
        }
    }

    /// Lets the server end as it should.
    pub(super) async fn quit(mut self) -> anyhow::Result<()> {
        self.request("shutdown", Value::Null).await?;
        self.notify("exit", Value::Null).await?;
        self.server.await.context("the server has failed")?;
        Ok(())
    }

    async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        let body = message.to_string();
        let framed = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.to_server.write_all(framed.as_bytes()).await.context("the server does not read")
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
