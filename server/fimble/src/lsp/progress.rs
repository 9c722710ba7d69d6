//! Reports the progress of long tasks to the client (`$/progress`, LSP 3.17).

use tokio::sync::watch;
use tower_lsp::Client;
use tower_lsp::ls_types::NumberOrString;

/// A task whose progress the client shows. Dropping it means that another task replaced it.
pub(crate) struct Progress(watch::Sender<State>);

#[derive(Clone)]
enum State {
    Started,
    Reported(String),
    Ended(String),
}

impl Progress {
    pub(crate) fn begin(client: Client, title: String) -> Self {
        let (sender, mut latest) = watch::channel(State::Started);
        tokio::spawn(async move {
            // A string, because some clients mistake a number for the token of one of their own requests.
            let token = NumberOrString::String(format!("fimble/{title}"));
            if client.create_work_done_progress(token.clone()).await.is_err() {
                return;
            }
            let progress = client.progress(token, title).begin().await;
            let message = loop {
                if latest.changed().await.is_err() {
                    break "replaced".to_owned();
                }
                let state = latest.borrow_and_update().clone();
                match state {
                    State::Started => {}
                    State::Reported(message) => progress.report(message).await,
                    State::Ended(message) => break message,
                }
            };
            progress.finish_with_message(message).await;
        });
        Self(sender)
    }

    pub(crate) fn report(&self, message: String) {
        self.0.send_replace(State::Reported(message));
    }

    pub(crate) fn end(self, message: impl Into<String>) {
        self.0.send_replace(State::Ended(message.into()));
    }
}
