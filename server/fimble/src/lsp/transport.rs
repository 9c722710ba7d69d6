//! JSON-RPC over two byte streams, around tower-lsp's service.
//!
//! This replaces tower-lsp's own transport. That one runs a limited number of handlers at once, so that slow requests
//! delay edits and `$/cancelRequest`. It also ends at the first malformed message, and does not report the end of the
//! input. This transport runs each handler up to its first await as soon as the message is read. So events are in the
//! order of messages, and any number of requests may wait.

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

/// Serves until `exit` or the end of the input, and then until every request has its reply. `notify` receives each
/// request and notification first, and returns those that the service should handle. `ended` is called after the last
/// message.
pub(crate) async fn run<S: LanguageServer>(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin,
    service: LspService<S>,
    socket: ClientSocket,
    notify: impl Fn(Request) -> Option<Request>,
    ended: impl FnOnce(),
) -> io::Result<()> {
    // Unbounded, so that a client that is slow to read replies does not block its own edits. The queue holds at most
    // one reply for each request of the client.
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
                    tracing::error!("stopped reading the client's messages: {error}");
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
                        tracing::debug!("a reply from the client arrived too late: {error}");
                    }
                }
                Message::Malformed(id, error) => {
                    tracing::warn!("received a malformed message: {}", error.message);
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
        // The output is closed, so replies cannot reach the client any more.
        written = &mut write => return written,
        () = read => {}
    }
    // The outbox closes when the last waiting request ends.
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
        // The first poll happens here and not in a task, so that no later message can overtake this one.
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
    /// Neither a request nor a response. Holds the ID and the error of the reply.
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

/// Reads the body of the next message; `None` at the end of the input. Skips invalid data up to the next header, to
/// recover after a client sent a wrong length.
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
                // The buffer grows with the data that arrives, because the announced length may be wrong.
                let mut body = Vec::new();
                input.take(length).read_to_end(&mut body).await?;
                return Ok((body.len() as u64 == length).then_some(body));
            }
        }
    }
}

/// The length in a header line, even if the end of a body with a wrong length precedes the header.
fn content_length(line: &[u8]) -> Option<u64> {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let (_, length) = line.rsplit_once("content-length:")?;
    length.trim().parse().ok()
}

fn send(outbox: &Outbox, message: &impl Serialize) {
    match serde_json::to_vec(message) {
        // Sending fails only after the output is closed, when no client waits for the message.
        Ok(body) => drop(outbox.send(body)),
        Err(error) => tracing::error!("cannot write a message as JSON: {error}"),
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
    async fn recovers_after_invalid_data() {
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
    fn a_malformed_message_gets_the_matching_error() {
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
