//! Servers in this process, with an engine that follows a script.

use std::sync::Arc;

use fimble::{LoadEngine, ServeOptions};
use fimble_completion::engine::Engine;
use fimble_test_support::{FakeEngine, Gate, PATIENCE, TestClient, ghost_text};
use serde_json::Value;

/// The document that most tests use.
pub(crate) const URI: &str = "file:///project/src/test.py";

/// Starts a server that has not received `initialize` yet.
pub(crate) fn start(load: LoadEngine, options: ServeOptions) -> TestClient {
    TestClient::in_process(|input, output| fimble::serve(input, output, load, options))
}

/// Starts a server that completes with `engine`, for a client with ghost text that counts in UTF-16, and waits until it is
/// ready.
pub(crate) async fn ready(engine: FakeEngine) -> (TestClient, Arc<FakeEngine>) {
    ready_with(engine, Value::Null).await
}

/// The same with the client's settings.
pub(crate) async fn ready_with(engine: FakeEngine, settings: Value) -> (TestClient, Arc<FakeEngine>) {
    let engine = Arc::new(engine);
    let mut client = start(loads(&engine), ServeOptions::default());
    client.initialize(ghost_text(), settings).await;
    client.wait_until("ready").await;
    (client, engine)
}

/// A loader that has `engine` at once.
pub(crate) fn loads(engine: &Arc<FakeEngine>) -> LoadEngine {
    let engine: Arc<dyn Engine> = engine.clone();
    Arc::new(move |_| Ok(engine.clone()))
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
