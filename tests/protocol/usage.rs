//! Usage statistics, and the status line.

use std::path::Path;
use std::sync::Arc;

use fimble::usage::UsageStats;
use fimble::{KnownModel, ServeOptions};
use fimble_test_support::{FakeEngine, TestClient, ghost_text};
use serde_json::{Value, json};

use crate::server::{self, URI, loads};

/// A server that keeps its counts in `file`, with a document open.
async fn start(file: &Path, options: Value) -> TestClient {
    let engine = Arc::new(FakeEngine::answering("alpha(beta)").named("tiny"));
    let serve = ServeOptions { usage_stats: Some(file.to_owned()), ..ServeOptions::default() };
    let mut client = server::start(loads(&engine), serve);
    client.initialize(ghost_text(), options).await;
    client.wait_until("ready").await;
    client.open(URI, "x = \n").await;
    client
}

/// The language, model and counts in `file`: shown, accepted, partly accepted, typed over, characters.
fn kept(file: &Path) -> Vec<(String, String, [u64; 5])> {
    let stats = UsageStats::read(file).unwrap();
    let rows = stats.rows().map(|(_, subject, counts)| {
        let figures = [counts.shown, counts.accepted, counts.partly_accepted, counts.typed_over, counts.characters];
        (subject.language, subject.model.to_string(), figures)
    });
    rows.collect()
}

/// Reports that the user accepted the suggestion, or a part of it.
async fn report_accept(client: &mut TestClient, part: bool) {
    let argument = json!({"language": "python", "model": "tiny", "characters": 11, "lines": 1, "part": part});
    let params = json!({"command": "fimble.accepted", "arguments": [argument]});
    assert_eq!(client.ask("workspace/executeCommand", params).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptance_is_counted_once_whether_seen_in_an_edit_or_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statistics.json");
    // Some editors insert the suggestion and report it, some only insert it, and some only report it.
    for (round, (inserts, reports)) in [(true, true), (true, false), (false, true)].into_iter().enumerate() {
        let mut client = start(&file, Value::Null).await;
        assert_eq!(client.inline(URI, 0, 4).await.len(), 1);
        if inserts {
            client.insert(URI, 2, 4, "alpha(beta)").await;
        }
        if reports {
            report_accept(&mut client, false).await;
        }
        let status = client.status().await;
        assert_eq!((&status["shown"], &status["accepted"]), (&json!(1), &json!(1)), "{inserts} {reports}");
        assert_eq!(client.quit().await, (0, vec![]));
        let count = round as u64 + 1;
        assert_eq!(kept(&file), [("python".to_owned(), "tiny".to_owned(), [count, count, 0, 0, 11 * count])]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_that_the_user_types_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statistics.json");
    let mut client = start(&file, Value::Null).await;
    for (typed, letter) in "alp".char_indices() {
        assert_eq!(client.inline(URI, 0, 4 + typed as i64).await.len(), 1);
        client.insert(URI, 2 + typed as i32, 4 + typed, &letter.to_string()).await;
    }
    // The user accepts a part of the rest, then types something else.
    client.insert(URI, 5, 7, "ha(").await;
    client.insert(URI, 6, 10, "x").await;
    let status = client.status().await;
    assert_eq!((&status["shown"], &status["partly_accepted"]), (&json!(1), &json!(1)));
    // The next suggestion is typed over at once.
    client.inline(URI, 0, 11).await;
    client.insert(URI, 7, 11, "y").await;
    assert_eq!(client.status().await["typed_over"], 1);
    assert_eq!(client.quit().await, (0, vec![]));
    assert_eq!(kept(&file), [("python".to_owned(), "tiny".to_owned(), [2, 0, 1, 1, 0])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_override_edits_if_the_editor_reports() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statistics.json");
    let mut client = start(&file, json!({"reports_accepts": true})).await;
    client.inline(URI, 0, 4).await;
    // Several characters in one edit are not a partial acceptance.
    client.insert(URI, 2, 4, "alpha").await;
    assert_eq!(client.status().await["partly_accepted"], 0);
    client.insert(URI, 3, 9, "(").await;
    report_accept(&mut client, true).await;
    client.insert(URI, 4, 10, "beta)").await;
    report_accept(&mut client, false).await;
    let status = client.status().await;
    assert_eq!((&status["accepted"], &status["partly_accepted"]), (&json!(1), &json!(0)));
    assert_eq!(client.quit().await, (0, vec![]));
    assert_eq!(kept(&file), [("python".to_owned(), "tiny".to_owned(), [1, 1, 0, 0, 11])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_if_the_statistics_are_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statistics.json");
    let mut client = start(&file, json!({"statistics": false})).await;
    client.inline(URI, 0, 4).await;
    report_accept(&mut client, false).await;
    assert_eq!(client.quit().await, (0, vec![]));
    assert!(!file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_writable_is_reported_once_and_no_count_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("state");
    std::fs::write(&blocked, "").unwrap();
    let file = blocked.join("statistics.json");
    let mut client = start(&file, Value::Null).await;
    client.inline(URI, 0, 4).await;
    let message = client.shown().await;
    assert!(message.starts_with("fimble: the statistics cannot be written to `"), "{message}");
    std::fs::remove_file(&blocked).unwrap();
    report_accept(&mut client, false).await;
    assert_eq!(client.quit().await, (0, vec![]));
    assert_eq!(kept(&file), [("python".to_owned(), "tiny".to_owned(), [1, 1, 0, 0, 11])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_command_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = start(&folder.path().join("statistics.json"), Value::Null).await;
    for arguments in [json!([]), json!([7]), json!([{"language": "rust"}])] {
        let params = json!({"command": "fimble.accepted", "arguments": arguments});
        let id = client.request("workspace/executeCommand", params).await;
        assert_eq!(client.reply(id).await["error"]["code"], -32602);
    }
    assert_eq!(client.status().await["accepted"], 0);
    assert_eq!(client.quit().await, (0, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn suppressed_answers_are_counted_by_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statistics.json");
    let engine = Arc::new(FakeEngine::scripted(|prompt| {
        // One answer is empty, the other breaks the code.
        let nothing = format!("{prompt:?}").contains("nothing");
        Ok(if nothing { "" } else { ")]" }.to_owned())
    }));
    let serve = ServeOptions { usage_stats: Some(file.clone()), ..ServeOptions::default() };
    let mut client = server::start(loads(&engine), serve);
    client.initialize(ghost_text(), Value::Null).await;
    client.wait_until("ready").await;
    for (uri, text) in [("file:///a.py", "nothing = \n"), ("file:///b.py", "something = \n")] {
        client.open(uri, text).await;
        assert!(client.inline(uri, 0, text.len() as i64 - 1).await.is_empty());
    }
    assert_eq!(client.quit().await, (0, vec![]));
    let stats = UsageStats::read(&file).unwrap();
    let (_, _, counts) = stats.rows().next().unwrap();
    assert_eq!((counts.asked, counts.empty, counts.broken, counts.unsure, counts.shown), (2, 1, 1, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_counted_apart_and_a_worse_one_is_reported_in_the_status_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("statistics.json");
    let week = |taken| json!({"python": {"tiny": {"shown": 600, "accepted": taken}}});
    let weeks = json!({"weeks": {"2026-W01": week(200), "2026-W02": week(190)}});
    std::fs::write(&file, weeks.to_string()).unwrap();
    let engine = Arc::new(FakeEngine::answering("alpha(beta)").named("tiny").of_version("1f0c2d3e"));
    let capabilities = json!({
        "textDocument": {"inlineCompletion": {}},
        "experimental": {"serverStatusNotification": true},
    });
    let start = async || {
        let serve = ServeOptions { usage_stats: Some(file.clone()), ..ServeOptions::default() };
        let mut client = server::start(loads(&engine), serve);
        client.initialize(capabilities.clone(), Value::Null).await;
        client.wait_until("ready").await;
        client
    };

    let mut client = start().await;
    assert_eq!(client.status().await["version"], "1f0c2d3e");
    client.open(URI, "x = \n").await;
    let items = client.inline(URI, 0, 4).await;
    let accepted = &items[0]["command"]["arguments"];
    assert_eq!(accepted[0]["model"], "tiny@1f0c2d3e");
    client.ask("workspace/executeCommand", json!({"command": "fimble.accepted", "arguments": accepted})).await;
    assert_eq!(client.quit().await.0, 0);
    let counts = kept(&file).pop().unwrap();
    assert_eq!(counts, ("python".to_owned(), "tiny@1f0c2d3e".to_owned(), [1, 1, 0, 0, 11]));

    // After 300 suggestions of the new version, few were accepted.
    let mut lately = UsageStats::read(&file).unwrap();
    let (week, ..) = lately.rows().last().unwrap();
    let weeks = json!({"weeks": {week: {"python": {"tiny@1f0c2d3e": {"shown": 299, "accepted": 29}}}}});
    lately.add(&serde_json::from_value(weeks).unwrap());
    std::fs::write(&file, serde_json::to_string(&lately).unwrap()).unwrap();
    let mut client = start().await;
    let reported = loop {
        let status = client.message("experimental/serverStatus").await["params"].take();
        if status["message"].as_str().unwrap().contains("shown since") {
            break status;
        }
    };
    assert_eq!((&reported["health"], &reported["quiescent"]), (&json!("ok"), &json!(true)));
    let message = reported["message"].as_str().unwrap();
    assert!(message.starts_with("Model: tiny (fake). tiny@1f0c2d3e: 10.0 % of the 300 suggestions"), "{message}");
    assert!(
        message.ends_with("were taken, compared with 32.5 % for its predecessor tiny; see `fimble stats`"),
        "{message}"
    );
    assert_eq!(client.quit().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_line_is_kept_up_to_date() {
    let engine = Arc::new(FakeEngine::answering("alpha").named("tiny"));
    let load: fimble::LoadEngine = {
        let engine: Arc<dyn fimble_completion::engine::Engine> = engine;
        Arc::new(move |choice| match &choice.model {
            None => Ok(engine.clone()),
            Some(name) => Err(format!("No model is called {name}.")),
        })
    };
    let mut client = server::start(load, ServeOptions::default());
    client.initialize(json!({"experimental": {"serverStatusNotification": true}}), Value::Null).await;
    let mut statuses = Vec::new();
    async fn next(client: &mut TestClient, statuses: &mut Vec<Value>, message: &str) {
        loop {
            let status = client.message("experimental/serverStatus").await["params"].take();
            let arrived = status["message"].as_str().unwrap().starts_with(message);
            statuses.push(status);
            if arrived {
                return;
            }
        }
    }
    next(&mut client, &mut statuses, "Model: tiny (fake)").await;
    assert_eq!(statuses.last().unwrap(), &json!({"health": "ok", "quiescent": true, "message": "Model: tiny (fake)"}));
    assert!(statuses.iter().all(|status| status["health"] == "ok"), "{statuses:?}");

    for (settings, message, health) in [
        (json!({"model": "x"}), "No model is called x. The model tiny stays in use.", "warning"),
        (json!({"enabled": false}), "fimble is switched off", "ok"),
        (json!({"model": "embedded?"}), "No model is called embedded?.", "warning"),
    ] {
        client.configure(settings).await;
        next(&mut client, &mut statuses, message).await;
        assert_eq!(
            (&statuses.last().unwrap()["health"], statuses.last().unwrap()["quiescent"].as_bool()),
            (&json!(health), Some(true))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_listed() {
    let known =
        KnownModel { name: "n".to_owned(), summary: "s".to_owned(), installed: false, folder: Some("/f".into()) };
    let options = ServeOptions { models: Arc::new(move || vec![known.clone()]), ..ServeOptions::default() };
    let mut client = server::start(loads(&Arc::new(FakeEngine::answering("alpha"))), options);
    client.initialize(ghost_text(), Value::Null).await;
    let models = client.ask("fimble/models", json!({})).await;
    let listed = json!({"name": "n", "summary": "s", "installed": false, "folder": "/f"});
    assert_eq!(models, json!({"current": "embedded", "models": [listed]}));
}
