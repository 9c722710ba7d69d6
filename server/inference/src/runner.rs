//! The only code that talks to mistral.rs's engine. Its cache has rules of its own, which everything here follows:
//!
//! - A sequence's KV is kept only if it ends by an end-of-text token that the logits processor forces. Ended by length
//!   or by a dropped receiver, it is lost, or a later reuse is wrong.
//! - A prompt that a kept sequence covers whole is evaluated from its start. It is right, but slow: [`super::known_tokens`]
//!   keeps it rare.
//! - On a CPU nothing is ever evicted: only a new engine around the same loaded model frees the memory.
//! - Two sequences at once are batched and each switch copies every KV: one at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use mistralrs::core::{MistralRsBuilder, Pipeline};
use mistralrs::{
    Constraint, CustomLogitsProcessor, MistralRs, NormalRequest, Request, RequestMessage, Response, SamplingParams,
    SchedulerConfig, StopTokens, Tensor,
};
use tokio::runtime::Runtime;

/// KV is allocated in steps of so many tokens (`NormalCache::CACHE_GROW_SIZE` in mistral.rs).
pub(crate) const KV_STEP: usize = 512;

pub(crate) type LoadedPipeline = Arc<tokio::sync::Mutex<dyn Pipeline>>;

pub(crate) struct Runner {
    pipeline: LoadedPipeline,
    scheduler: SchedulerConfig,
    end_of_text: u32,
    runtime: Runtime,
    engine: Option<Arc<MistralRs>>,
}

/// Decides one step of a sequence: gets the logits and, at the first step, how many prompt tokens were evaluated.
pub(crate) trait Steps: Send + 'static {
    /// `None` ends the sequence.
    fn step(&mut self, logits: Vec<f32>, evaluated: usize) -> Option<u32>;
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("{0}")]
    Refused(String),
    /// The engine's thread is gone, and its cache with it.
    #[error("mistral.rs's engine has died")]
    Died,
}

impl Runner {
    /// `end_of_text` must be a token at which mistral.rs ends a sequence.
    pub(crate) fn new(
        pipeline: LoadedPipeline,
        scheduler: SchedulerConfig,
        end_of_text: u32,
        runtime: Runtime,
    ) -> Result<Self, RunError> {
        let mut runner = Self { pipeline, scheduler, end_of_text, runtime, engine: None };
        runner.rebuild()?;
        Ok(runner)
    }

    /// Runs one sequence to its end. Whatever was evaluated stays in the engine's cache.
    pub(crate) fn run<S: Steps>(&mut self, tokens: Vec<u32>, steps: S) -> Result<S, RunError> {
        let Some(engine) = &self.engine else { return Err(RunError::Died) };
        let steps = Arc::new(Processor { steps: Mutex::new(Some(steps)), end_of_text: self.end_of_text });
        let (response, mut responses) = tokio::sync::mpsc::channel(1);
        let request = Request::Normal(Box::new(NormalRequest {
            id: engine.next_request_id(),
            messages: RequestMessage::CompletionTokens(tokens),
            sampling_params: SamplingParams {
                stop_toks: Some(StopTokens::Ids(vec![self.end_of_text])),
                max_len: None,
                ..SamplingParams::deterministic()
            },
            response,
            return_logprobs: false,
            is_streaming: false,
            constraint: Constraint::None,
            suffix: None,
            tools: None,
            tool_choice: None,
            logits_processors: Some(vec![steps.clone()]),
            return_raw_logits: false,
            web_search_options: None,
            model_id: None,
            truncate_sequence: false,
        }));
        let sender = engine.get_sender(None).map_err(|_| RunError::Died)?;
        let response = self.runtime.block_on(async {
            sender.send(request).await.ok()?;
            responses.recv().await
        });
        match response {
            Some(Response::CompletionDone(_)) => {}
            Some(Response::CompletionModelError(message, _)) => return Err(RunError::Refused(message)),
            Some(Response::InternalError(error) | Response::ValidationError(error)) => {
                return Err(RunError::Refused(error.to_string()));
            }
            Some(_) => return Err(RunError::Refused("an answer of an unexpected kind".to_owned())),
            None => return Err(RunError::Died),
        }
        let steps = lock(&steps.steps).take();
        steps.ok_or_else(|| RunError::Refused("fimble failed while it chose a token; this is a bug".to_owned()))
    }

    /// Replaces the engine by a new one around the same model, which frees all KV.
    pub(crate) fn rebuild(&mut self) -> Result<(), RunError> {
        self.engine = None;
        // mistral.rs panics if the old engine's thread still uses the model; its thread handle is private, its
        // references are not.
        for _ in 0..1000 {
            if Arc::strong_count(&self.pipeline) == 1 {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        let build = || {
            let builder = MistralRsBuilder::new(self.pipeline.clone(), self.scheduler.clone(), false, None)
                // On an accelerator it would evict by count; the budget in bytes is kept by the caller.
                .with_prefix_cache_n(1 << 20);
            self.runtime.block_on(builder.build())
        };
        // The new engine's thread takes the model's lock while it starts, and mistral.rs then unwraps a `try_lock`.
        for _ in 0..3 {
            if let Ok(engine) = catch_unwind(AssertUnwindSafe(build)) {
                self.engine = Some(engine);
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err(RunError::Died)
    }
}

struct Processor<S> {
    steps: Mutex<Option<S>>,
    end_of_text: u32,
}

impl<S: Steps> CustomLogitsProcessor for Processor<S> {
    fn apply(&self, logits: &Tensor, context: &[u32]) -> mistralrs::Result<Tensor> {
        let values = logits.to_vec1::<f32>()?;
        let size = values.len();
        let mut steps = lock(&self.steps);
        // A panic here would kill the engine's thread: it ends the sequence instead, and `run` reports it.
        let step = steps.as_mut().map(|steps| catch_unwind(AssertUnwindSafe(|| steps.step(values, context.len()))));
        let token = match step {
            Some(Ok(token)) => token,
            Some(Err(_)) => {
                *steps = None;
                None
            }
            None => None,
        };
        let mut forced = vec![f32::MIN; size];
        if let Some(place) = forced.get_mut(token.unwrap_or(self.end_of_text) as usize) {
            *place = 0.0;
        }
        Tensor::from_vec(forced, size, logits.device())
    }
}

/// A panic is reported by [`Runner::run`]; the lock itself protects nothing that it could leave half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
