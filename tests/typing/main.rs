//! People type: whole stretches of text, through the protocol; what that takes of the model, and whether the server's idea
//! of the text is right.

#[expect(dead_code, reason = "other tests use more of the client")]
#[path = "../protocol/client.rs"]
mod client;
mod typist;

use std::sync::{Arc, Mutex};

use fimble::ServeOptions;
use fimble_completion::prompt::{Piece, Prompt};
use fimble_test_support::FakeEngine;
use serde_json::{Value, json};

use client::{TestClient, ghost_text};
use typist::{Random, Typist, stretches, with_embedded_model};

fn evaluated(status: &Value) -> u64 {
    status["tokens"]["evaluated"].as_u64().expect("a count")
}

/// In one place a key costs the model the tokens it adds, if that: with brackets that close themselves, slips,
/// suggestions taken whole and by word.
#[tokio::test(flavor = "multi_thread")]
async fn typing_in_one_place_evaluates_what_is_typed() {
    let mut client = with_embedded_model(256 << 20).await;
    let mut costs = Vec::new();
    for (number, (text, cursor, typed)) in stretches(8).into_iter().enumerate() {
        let uri = format!("file:///project/{number}.py");
        let mut typist = Typist::open(&mut client, &uri, &text, cursor, number as u64).await;
        let mut before = evaluated(&client.status().await);
        let mut left = &*typed;
        // The first key reads the place.
        let mut is_first = true;
        while !left.is_empty() {
            left = typist.press(&mut client, left).await;
            let now = evaluated(&client.status().await);
            if !std::mem::take(&mut is_first) {
                costs.push(now - before);
            }
            before = now;
        }
    }
    costs.sort_unstable();
    let (median, p95) = (costs[costs.len() / 2], costs[costs.len() * 95 / 100]);
    println!(
        "{} keys: median {median}, p95 {p95}, mean {:.1}",
        costs.len(),
        costs.iter().sum::<u64>() as f64 / costs.len() as f64
    );
    assert!(costs.len() > 1000, "{}", costs.len());
    assert!(median <= 3 && p95 <= 24, "median {median}, p95 {p95} tokens a key");
}

/// Every request is answered, and what the model is shown is the client's text: nothing is lost or invented on the way.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_keys_leave_the_server_with_the_clients_text() {
    const KEYS: usize = 10_000;
    let latest: Arc<Mutex<Option<Prompt>>> = Arc::default();
    let noted = latest.clone();
    let engine = Arc::new(FakeEngine::scripted(move |prompt| {
        *noted.lock().expect("nobody panics") = Some(prompt.clone());
        Ok(["value(", "name, other)\nnext", " + 1;\n", "é = 語"][prompt.tail.len() % 4].to_owned())
    }));
    let mut client = TestClient::start(client::loads(&engine), ServeOptions::default());
    client.initialize(ghost_text(), json!({"deadlineMs": 0})).await;
    client.wait_until("ready").await;

    let mut random = Random(7);
    let mut files = Vec::new();
    for (number, (text, cursor, typed)) in stretches(40).into_iter().enumerate() {
        let uri = format!("file:///project/{number}.py");
        files.push((Typist::open(&mut client, &uri, &text, cursor, number as u64).await, typed));
    }
    let mut keys = 0;
    let mut checked = 0;
    while keys < KEYS {
        let file = random.below(files.len());
        let (typist, typed) = &mut files[file];
        if random.below(3) == 0 {
            typist.jump();
        }
        let mut left = &**typed;
        for _ in 0..random.below(100) {
            if left.is_empty() {
                break;
            }
            let before = engine.calls();
            latest.lock().expect("nobody panics").take();
            left = typist.press(&mut client, left).await;
            keys += 1;
            let prompt = latest.lock().expect("nobody panics").take();
            if let Some(prompt) = prompt.filter(|_| engine.calls() == before + 1) {
                assert_shows(&prompt, typist);
                checked += 1;
            }
        }
    }
    assert!(checked > KEYS / 4, "{checked}");
    assert_eq!(client.quit().await, (0, vec![]));
}

fn assert_shows(prompt: &Prompt, typist: &Typist) {
    // What stands before it is of other places.
    let texts: Vec<&str> = prompt
        .pieces
        .iter()
        .skip_while(|piece| **piece != Piece::Special("<|fim_prefix|>".to_owned()))
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(&**text),
            Piece::Special(_) => None,
        })
        .collect();
    let (before, after) = typist.text.split_at(typist.cursor);
    let is_suffix = |text: &str| {
        after
            .match_indices(text)
            .any(|(start, _)| after[..start].chars().all(|c| ")]}>\"'`".contains(c) || c.is_whitespace()))
    };
    // An empty prefix or suffix is no piece.
    let shown = match texts[..] {
        [] => before.ends_with(&prompt.tail),
        [one] => {
            before.ends_with(&format!("{one}{}", prompt.tail)) || (before.ends_with(&prompt.tail) && is_suffix(one))
        }
        [prefix, suffix] => before.ends_with(&format!("{prefix}{}", prompt.tail)) && is_suffix(suffix),
        _ => false,
    };
    assert!(shown, "{prompt:?} at {} of {:?}", typist.cursor, typist.text);
}
