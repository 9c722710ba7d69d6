//! A simulated user types long texts. The tests check the number of tokens that the model evaluates, and that the server's
//! text stays the same as the client's.

use std::sync::Arc;

use fimble::{LoadEngine, ServeOptions};
use fimble_completion::engine::Engine;
use fimble_completion::prompt::{Piece, Prompt};
use fimble_inference::{EngineOptions, LocalEngine};
use fimble_test_support::typist::{Random, Typist, stretches};
use fimble_test_support::{FakeEngine, TestClient, ghost_text};
use serde_json::{Value, json};

/// The tokens that foreground requests have cost so far.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    /// The tokens in all prompts, which a server without any reuse would evaluate.
    prompt: u64,
    evaluated: u64,
}

impl Cost {
    async fn of(client: &mut TestClient) -> Self {
        let tokens = client.status().await["tokens"].take();
        let count = |name: &str| tokens[name].as_u64().expect("a count");
        Self { prompt: count("prompt"), evaluated: count("evaluated") }
    }
}

async fn start(load: LoadEngine, settings: Value) -> TestClient {
    let mut client =
        TestClient::in_process(|input, output| fimble::serve(input, output, load, ServeOptions::default()));
    client.initialize(ghost_text(), settings).await;
    client.wait_until("ready").await;
    client
}

/// The user types on in one place. Brackets close themselves, and the user mistypes and accepts suggestions or words of them.
/// What the model says decides which suggestions are accepted, so the bounds are shares of the prompts.
#[tokio::test(flavor = "multi_thread")]
async fn typing_in_one_place_reuses_nearly_all_of_each_prompt() {
    let load: LoadEngine = Arc::new(|_| {
        let engine = LocalEngine::load(None, EngineOptions::default()).map_err(|error| error.to_string())?;
        Ok(Arc::new(engine))
    });
    let mut client = start(load, Value::Null).await;
    let mut keys = 0;
    let mut total = Cost::default();
    let mut shares = Vec::new();
    for (number, (text, cursor, typed)) in stretches(8).into_iter().enumerate() {
        let uri = format!("file:///project/{number}.py");
        let mut typist = Typist::open(&mut client, &uri, &text, cursor, number as u64).await;
        // The first key evaluates the text around it.
        let mut left = typist.press(&mut client, &typed).await;
        let mut before = Cost::of(&mut client).await;
        while !left.is_empty() {
            left = typist.press(&mut client, left).await;
            let now = Cost::of(&mut client).await;
            let key = Cost { prompt: now.prompt - before.prompt, evaluated: now.evaluated - before.evaluated };
            before = now;
            keys += 1;
            total = Cost { prompt: total.prompt + key.prompt, evaluated: total.evaluated + key.evaluated };
            // The suggestion cache answers the other keys without a prompt.
            if key.prompt > 0 {
                shares.push(key.evaluated as f64 / key.prompt as f64);
            }
        }
    }
    shares.sort_unstable_by(f64::total_cmp);
    let percentile = |percent: usize| shares[shares.len() * percent / 100];
    let share = total.evaluated as f64 / total.prompt as f64;
    println!(
        "{keys} keys, {} prompts, {total:?}: {share:.4} in all, median {:.4}, p95 {:.4}",
        shares.len(),
        percentile(50),
        percentile(95)
    );
    assert!(keys > 1000 && shares.len() > keys / 4, "{keys} keys, {} prompts", shares.len());
    assert!(share < 0.04, "the model evaluated {share} of all prompts");
    assert!(percentile(50) < 0.015 && percentile(95) < 0.06, "median {}, p95 {}", percentile(50), percentile(95));
    assert_eq!(client.quit().await, (0, vec![]));
}

/// Every request is answered, and every prompt agrees with the client's text.
#[tokio::test(flavor = "multi_thread")]
async fn after_ten_thousand_keys_the_server_has_the_clients_text() {
    const KEYS: usize = 10_000;
    let engine = Arc::new(FakeEngine::scripted(|prompt| {
        Ok(["value(", "name, other)\nnext", " + 1;\n", "é = 語"][prompt.tail.len() % 4].to_owned())
    }));
    let loaded: Arc<dyn Engine> = engine.clone();
    let mut client = start(Arc::new(move |_| Ok(loaded.clone())), json!({"deadlineMs": 0})).await;

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
            engine.take_foreground_prompt();
            left = typist.press(&mut client, left).await;
            keys += 1;
            if let Some(prompt) = engine.take_foreground_prompt().filter(|_| engine.calls() == before + 1) {
                assert_shows(&prompt, typist);
                checked += 1;
            }
        }
    }
    assert!(checked > KEYS / 4, "{checked}");
    assert_eq!(client.quit().await, (0, vec![]));
}

fn assert_shows(prompt: &Prompt, typist: &Typist) {
    // Excerpts from other places stand before the prefix.
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
    // A prompt has no piece for an empty prefix or suffix.
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
