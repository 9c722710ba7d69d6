//! JSON-RPC over two byte streams, around tower-lsp's service.
//!
//! This replaces tower-lsp's own transport, which runs a limited number of handlers at once (so that slow requests hold back
//! edits and `$/cancelRequest`), ends with the first malformed message, and tells nobody that the input has ended. Here
//! each message is handled up to its first await as soon as it is read, so that events are in the order of messages, and
//! any number of requests may wait.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;
use tower_lsp::jsonrpc::{Error, Id, Request, Response};
use tower_lsp::{ClientSocket, LanguageServer, LspService};
use tower_service::Service;

use super::from_proto;

/// Serves until `exit` or the end of the input, and then until every request has its reply. `notify` gets each request and
/// notification first and gives back the ones for the service. `ended` is called when no more messages will come.
pub(crate) async fn run<S: LanguageServer>(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin,
    service: LspService<S>,
    socket: ClientSocket,
    notify: impl Fn(Request) -> Option<Request>,
    ended: impl FnOnce(),
) -> io::Result<()> {
    // Unbounded, so that a client that is slow to read its replies does not keep its own edits from being read. It
    // holds at most a reply for each request the client has sent.
    let (outbox, messages) = mpsc::unbounded_channel();
    let (mut requests, mut responses) = socket.split();
    let forward = {
        let outbox = outbox.clone();
        tokio::spawn(async move {
            while let Some(request) = requests.next().await {
                send(&outbox, &request);
            }
        })
    };

    let read = async move {
        let mut input = BufReader::new(input);
        let mut calls = Calls { service, outbox, exited: false };
        loop {
            let body = match read_body(&mut input).await {
                Ok(Some(body)) => body,
                Ok(None) => break,
                Err(error) => {
                    tracing::error!("the client's messages cannot be read any more: {error}");
                    break;
                }
            };
            match parse(&body) {
                Message::Request(request) => {
                    if let Some(request) = notify(request) {
                        calls.call(request).await;
                    }
                    if calls.exited {
                        break;
                    }
                }
                Message::Response(response) => {
                    if let Err(error) = responses.send(response).await {
                        tracing::debug!("a reply of the client comes too late: {error}");
                    }
                }
                Message::Malformed(id, error) => {
                    tracing::warn!("a malformed message: {}", error.message);
                    send(&calls.outbox, &Response::from_error(id, error));
                }
            }
        }
        ended();
        forward.abort();
    };

    let write = write(messages, output);
    tokio::pin!(write);
    tokio::select! {
        // Without an output there is nobody to serve.
        written = &mut write => return written,
        () = read => {}
    }
    // The outbox closes with the last request that still waits.
    write.await
}

struct Calls<S> {
    service: LspService<S>,
    outbox: Outbox,
    exited: bool,
}

type Outbox = mpsc::UnboundedSender<Vec<u8>>;

impl<S: LanguageServer> Calls<S> {
    async fn call(&mut self, request: Request) {
        if poll_fn(|context| self.service.poll_ready(context)).await.is_err() {
            self.exited = true;
            return;
        }
        self.exited = request.method() == "exit";
        let mut reply = self.service.call(request);
        // The first step is taken here and not in a task, so that no later message can overtake this one.
        match poll_fn(|context| Poll::Ready(reply.as_mut().poll(context))).await {
            Poll::Ready(Ok(Some(response))) => send(&self.outbox, &response),
            Poll::Ready(_) => {}
            Poll::Pending => {
                let outbox = self.outbox.clone();
                tokio::spawn(async move {
                    if let Ok(Some(response)) = reply.await {
                        send(&outbox, &response);
                    }
                });
            }
        }
    }
}

enum Message {
    Request(Request),
    Response(Response),
    /// What is neither, with the id and the error to reply with.
    Malformed(Id, Error),
}

fn parse(body: &[u8]) -> Message {
    tracing::trace!(message = %String::from_utf8_lossy(body), "received");
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else {
        return Message::Malformed(Id::Null, Error::parse_error());
    };
    let id = value.get("id").cloned().and_then(|id| serde_json::from_value(id).ok()).unwrap_or_default();
    let message = if value.get("method").is_some() {
        from_proto::repair(&mut value);
        serde_json::from_value(value).map(Message::Request)
    } else {
        serde_json::from_value(value).map(Message::Response)
    };
    message.unwrap_or_else(|_| Message::Malformed(id, Error::invalid_request()))
}

/// The body of the next message; `None` at the end of the input. What is no message is skipped up to the next header,
/// so that a client which once counted its bytes wrong is understood again.
async fn read_body(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut length = None;
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        match (line.trim_ascii().is_empty(), length) {
            (false, _) => length = content_length(&line).or(length),
            (true, None) => {}
            (true, Some(length)) => {
                // Memory grows with what arrives, not with what is announced.
                let mut body = Vec::new();
                input.take(length).read_to_end(&mut body).await?;
                return Ok((body.len() as u64 == length).then_some(body));
            }
        }
    }
}

/// The length in a header line, also where the end of a miscounted body stands before it.
fn content_length(line: &[u8]) -> Option<u64> {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let (_, length) = line.rsplit_once("content-length:")?;
    length.trim().parse().ok()
}

fn send(outbox: &Outbox, message: &impl Serialize) {
    match serde_json::to_vec(message) {
        // Nobody receives once the output is closed, and then nobody waits either.
        Ok(body) => drop(outbox.send(body)),
        Err(error) => tracing::error!("a message cannot be written as JSON: {error}"),
    }
}

async fn write(mut messages: mpsc::UnboundedReceiver<Vec<u8>>, mut output: impl AsyncWrite + Unpin) -> io::Result<()> {
    while let Some(body) = messages.recv().await {
        tracing::trace!(message = %String::from_utf8_lossy(&body), "sent");
        let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        frame.extend(body);
        output.write_all(&frame).await?;
        output.flush().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn bodies(mut input: &[u8]) -> Vec<String> {
        let mut bodies = Vec::new();
        while let Some(body) = read_body(&mut input).await.unwrap() {
            bodies.push(String::from_utf8(body).unwrap());
        }
        bodies
    }

    #[tokio::test]
    async fn finds_messages_again_after_what_is_none() {
        for (input, expected) in [
            ("Content-Length: 2\r\n\r\n{}", vec!["{}"]),
            ("content-length:2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n{}", vec!["{}"]),
            ("Content-Length: 2\n\n{}Content-Length: 2\r\n\r\n[]", vec!["{}", "[]"]),
            ("Content-Length: 1\r\n\r\n{}Content-Length: 2\r\n\r\n[]", vec!["{", "[]"]),
            ("what?\r\n\r\nContent-Length: many\r\n\r\nContent-Length: 2\r\n\r\n[]", vec!["[]"]),
            ("Content-Length: 0\r\n\r\nContent-Length: 2\r\n\r\n[]", vec!["", "[]"]),
            ("Content-Length: 99999999999999\r\n\r\n[]", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(bodies(input.as_bytes()).await, expected, "{input}");
        }
    }

    #[test]
    fn a_malformed_message_is_answered_with_the_error_that_fits() {
        let error = |body: &str| match parse(body.as_bytes()) {
            Message::Malformed(id, error) => Some((id, error.code.code())),
            Message::Request(_) | Message::Response(_) => None,
        };
        assert_eq!(error(r#"{"jsonrpc":"2.0","#), Some((Id::Null, -32700)));
        assert_eq!(error("\u{fffd}"), Some((Id::Null, -32700)));
        assert_eq!(error("[]"), Some((Id::Null, -32600)));
        assert_eq!(error(r#"{"id":7,"method":"x"}"#), Some((Id::Number(7), -32600)));
        assert_eq!(error(r#"{"jsonrpc":"2.0","id":7,"method":"x"}"#), None);
        assert_eq!(error(r#"{"jsonrpc":"2.0","id":7,"result":null}"#), None);
    }
}
