//! The memory of the engine's caches, against their budget.

#![cfg(target_os = "linux")]

use std::sync::{Arc, Mutex};

use fimble::{LoadEngine, ServeOptions};
use fimble_completion::engine::{Cancel, Engine, Generation, GenerationRequest, Priority, Search, StopDecision};
use fimble_completion::prompt::FimText;
use fimble_inference::{EngineOptions, LocalEngine};
use fimble_test_support::typist::{Typist, stretches};
use fimble_test_support::{TestClient, ghost_text};
use serde_json::Value;

/// The same allocator as the binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BUDGET: usize = 64 << 20;

/// Runs one test at a time, so that none counts the memory of another.
static ALONE: Mutex<()> = Mutex::new(());

/// mistral.rs itself evicts nothing. Without the budget, 600 requests keep 900 MiB of KV.
#[test]
fn six_hundred_requests_stay_within_the_budget() {
    let _alone = ALONE.lock();
    let engine = load();
    // The first requests allocate buffers that are not part of the caches.
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
        let load: LoadEngine = Arc::new(|_| Ok(Arc::new(load())));
        let mut client =
            TestClient::in_process(|input, output| fimble::serve(input, output, load, ServeOptions::default()));
        client.initialize(ghost_text(), Value::Null).await;
        client.wait_until("ready").await;
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

fn load() -> LocalEngine {
    let options = EngineOptions { cache_budget: BUDGET, ..EngineOptions::default() };
    LocalEngine::load(None, options).expect("the embedded model loads")
}

fn uncached_request(engine: &LocalEngine, number: usize) -> Generation {
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
