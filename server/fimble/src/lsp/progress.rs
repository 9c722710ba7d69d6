//! CompletionTask that takes a while, as the client shows it (`$/progress`, LSP 3.17).

use tokio::sync::watch;
use tower_lsp::Client;
use tower_lsp::ls_types::NumberOrString;

/// Shown until it ends, or is dropped because something else has taken its place.
pub(crate) struct Progress(watch::Sender<Word>);

#[derive(Clone)]
enum Word {
    Begun,
    Report(String),
    End(String),
}

impl Progress {
    pub(crate) fn begin(client: Client, title: String) -> Self {
        let (sender, mut said) = watch::channel(Word::Begun);
        tokio::spawn(async move {
            // Not a number: clients take those for their own requests.
            let token = NumberOrString::String(format!("fimble/{title}"));
            if client.create_work_done_progress(token.clone()).await.is_err() {
                return;
            }
            let progress = client.progress(token, title).begin().await;
            let last = loop {
                if said.changed().await.is_err() {
                    break "replaced".to_owned();
                }
                let word = said.borrow_and_update().clone();
                match word {
                    Word::Begun => {}
                    Word::Report(message) => progress.report(message).await,
                    Word::End(message) => break message,
                }
            };
            progress.finish_with_message(last).await;
        });
        Self(sender)
    }

    pub(crate) fn report(&self, message: String) {
        self.0.send_replace(Word::Report(message));
    }

    pub(crate) fn end(self, message: impl Into<String>) {
        self.0.send_replace(Word::End(message.into()));
    }
}
