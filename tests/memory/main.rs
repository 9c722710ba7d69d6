//! What the engine keeps stays within its budget.

#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "other tests use more of the client")]
#[path = "../protocol/client.rs"]
mod client;
#[expect(dead_code, reason = "other tests use more of the typist")]
#[path = "../typing/typist.rs"]
mod typist;

use std::sync::{Arc, Mutex};

use fimble_completion::engine::{Cancel, Engine, Generation, GenerationRequest, Priority, Search, StopDecision};
use fimble_completion::prompt::FimText;
use fimble_inference::{EngineOptions, MistralEngine};

use typist::{Typist, stretches, with_embedded_model};

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BUDGET: usize = 64 << 20;

/// The memory of one test is not to be counted by another.
static ALONE: Mutex<()> = Mutex::new(());

/// mistral.rs itself evicts nothing: 600 requests keep 900 MiB of KV if nobody frees it.
#[test]
fn six_hundred_requests_stay_within_the_budget() {
    let _alone = ALONE.lock();
    let engine = MistralEngine::load(None, EngineOptions { cache_budget: BUDGET, ..EngineOptions::default() })
        .expect("the embedded model loads");
    // Buffers that the model needs once are no part of what it keeps.
    (0..30).for_each(|number| drop(uncached_request(&engine, number)));
    let before = resident_memory();
    let evaluated: usize = (30..630).map(|number| uncached_request(&engine, number).usage.evaluated).sum();
    assert!(evaluated > 600 * 10, "{evaluated}");
    let grown = resident_memory().saturating_sub(before);
    assert!(grown < BUDGET + BUDGET / 4, "{} MiB", grown >> 20);
}

#[test]
fn typing_in_many_files_stays_within_the_budget() {
    let _alone = ALONE.lock();
    let runtime = tokio::runtime::Runtime::new().expect("there are threads");
    runtime.block_on(async {
        let mut client = with_embedded_model(BUDGET).await;
        let mut before = 0;
        for (number, (text, cursor, typed)) in stretches(20).into_iter().enumerate() {
            let uri = format!("file:///project/{number}.py");
            let mut typist = Typist::open(&mut client, &uri, &text, cursor, number as u64).await;
            let mut left = &*typed;
            for _ in 0..40 {
                left = if left.is_empty() { &typed } else { left };
                left = typist.press(&mut client, left).await;
            }
            if number == 1 {
                before = resident_memory();
            }
        }
        let grown = resident_memory().saturating_sub(before);
        assert!(grown < BUDGET + BUDGET / 4, "{} MiB", grown >> 20);
    });
}

fn uncached_request(engine: &MistralEngine, number: usize) -> Generation {
    let prefix = format!("# {number}\n");
    let request = GenerationRequest {
        text: FimText::of_file(prefix, "\n\nprint(f(1))\n", "def f("),
        avoid: Vec::new(),
        max_tokens: 1,
        priority: Priority::Foreground,
        stopping: Arc::new(|_, _| StopDecision::Continue),
        search: Search::default(),
        cancel: Cancel::default(),
    };
    engine.generate(request).expect("the embedded model generates")
}

fn resident_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}
