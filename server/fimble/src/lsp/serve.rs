//! The language server, from its first byte to its exit status.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::dispatch::Dispatch;
use super::event::{ClientEvent, Event};
use super::options::ServeOptions;
use super::{service, transport};
use crate::engine_slot::LoadEngine;

/// Speaks LSP on two byte streams until the client sends `exit` or goes away. Returns the process's exit status: 0 after a
/// `shutdown` request, else 1.
///
/// The caller should drop its runtime with `shutdown_background`: a running generation ends by itself a moment later, and a
/// standard input that was not read to its end keeps a thread.
pub async fn serve(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin,
    load: LoadEngine,
    options: ServeOptions,
) -> u8 {
    let (events, received) = mpsc::unbounded_channel();
    let (service, socket, client) = service::service(events.clone());
    let mut main_loop = tokio::spawn(Dispatch::new(client, load, options, events.clone()).run(received));

    let notify = |message| service::notify(message, &events);
    let ended = || drop(events.send(Event::Client(ClientEvent::Ended)));
    let speaking = async {
        if let Err(error) = transport::run(input, output, service, socket, notify, ended).await {
            tracing::warn!("the client does not read any more: {error}");
            ended();
        }
    };
    tokio::pin!(speaking);
    let shut_down = tokio::select! {
        () = &mut speaking => main_loop.await,
        result = &mut main_loop => {
            // The last replies are still to be written. After a panic there are none, and a server that answers nothing
            // must end.
            if result.is_ok() {
                speaking.await;
            }
            result
        }
    };
    match shut_down {
        Ok(true) => 0,
        Ok(false) => {
            tracing::warn!("the client went away without a shutdown request");
            1
        }
        Err(error) => {
            tracing::error!("fimble has crashed: {error}");
            1
        }
    }
}
