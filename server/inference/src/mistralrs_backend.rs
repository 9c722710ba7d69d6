//! The only code that talks to mistral.rs's engine. Its cache has rules of its own, which everything here follows:
//!
//! - A sequence's KV is kept if it ends by an end-of-text token that the logits processor forces. Ended by length, a later
//!   reuse is wrong.
//! - It is dropped if the receiver of its answers goes before the step at which it would end, with a token that ends nothing.
//!   Only a sequence whose answers stream notices.
//! - A prompt that a kept sequence covers whole is evaluated from its start. It is right, but slow: [`super::logit_cache`]
//!   keeps it rare.
//! - A sequence that ends at its first step, the prompt's, goes on for another all the same: kept twice, or in the way of
//!   the next. So every sequence has two steps at least, and what it says at the first of a last two means nothing.
//! - On a CPU nothing is ever evicted: only a new engine around the same loaded model frees the memory.
//! - Two sequences at once are batched and each switch copies every KV: one at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use mistralrs::core::{MistralRsBuilder, Pipeline};
use mistralrs::{
    Constraint, CustomLogitsProcessor, MistralRs, NormalRequest, Request, RequestMessage, Response, SamplingParams,
    SchedulerConfig, StopTokens, Tensor,
};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::Receiver;
use tokio::sync::mpsc::error::TryRecvError;

/// KV is allocated in steps of so many tokens (`NormalCache::CACHE_GROW_SIZE` in mistral.rs).
pub(crate) const KV_STEP: usize = 512;

/// More answers than any sequence has steps.
const MOST_ANSWERS: usize = 1 << 12;

/// How long an error of mistral.rs may go unnoticed.
const LOOK_FOR_ERRORS: Duration = Duration::from_millis(20);

pub(crate) type LoadedPipeline = Arc<tokio::sync::Mutex<dyn Pipeline>>;

pub(crate) struct MistralrsBackend {
    pipeline: LoadedPipeline,
    scheduler: SchedulerConfig,
    end_of_text: u32,
    /// Ends nothing.
    ordinary: u32,
    runtime: Runtime,
    engine: Option<Arc<MistralRs>>,
}

/// Decides one step of a sequence: gets the logits and, at the first step, how many prompt tokens were evaluated.
pub(crate) trait LogitsStep: Send + 'static {
    /// `None` ends the sequence.
    fn step(&mut self, logits: Vec<f32>, evaluated: usize) -> Option<u32>;
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BackendError {
    #[error("{0}")]
    Refused(String),
    /// The engine's thread is gone, and its cache with it.
    #[error("mistral.rs's engine has died")]
    Died,
}

impl MistralrsBackend {
    /// `end_of_text` must be a token at which mistral.rs ends a sequence, `ordinary` one at which it does not.
    pub(crate) fn new(
        pipeline: LoadedPipeline,
        scheduler: SchedulerConfig,
        end_of_text: u32,
        ordinary: u32,
        runtime: Runtime,
    ) -> Result<Self, BackendError> {
        let mut backend = Self { pipeline, scheduler, end_of_text, ordinary, runtime, engine: None };
        backend.rebuild()?;
        Ok(backend)
    }

    /// Runs one sequence to its end. What was evaluated is kept in the engine's cache, or dropped.
    pub(crate) fn run<S: LogitsStep>(&mut self, tokens: Vec<u32>, steps: S, kept: bool) -> Result<S, BackendError> {
        let Some(engine) = &self.engine else { return Err(BackendError::Died) };
        // Nobody takes the answers out while a sequence goes on, and the engine must not wait for room.
        let (response, receiver) = tokio::sync::mpsc::channel(MOST_ANSWERS);
        let (ended, has_ended) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(Some(receiver)));
        let processor = Arc::new(Processor {
            steps: Mutex::new(Some(steps)),
            ordinary: self.ordinary,
            last_token: if kept { self.end_of_text } else { self.ordinary },
            ends: Mutex::new(Some(ended)),
            receiver: receiver.clone(),
            kept,
            phase: Mutex::new(Phase::Prompt),
        });
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
            is_streaming: !kept,
            constraint: Constraint::None,
            suffix: None,
            tools: None,
            tool_choice: None,
            logits_processors: Some(vec![processor.clone()]),
            return_raw_logits: false,
            web_search_options: None,
            model_id: None,
            truncate_sequence: false,
        }));
        let sender = engine.get_sender(None).map_err(|_| BackendError::Died)?;
        self.runtime.block_on(sender.send(request)).map_err(|_| BackendError::Died)?;
        if kept {
            // It is in the cache when its one answer is there.
            let receiver = lock(&receiver).take();
            let answer = receiver.and_then(|mut receiver| self.runtime.block_on(receiver.recv()));
            match answer.ok_or(BackendError::Died)? {
                Response::CompletionDone(_) => {}
                other => return Err(failure(other)),
            }
        } else {
            while has_ended.recv_timeout(LOOK_FOR_ERRORS) == Err(RecvTimeoutError::Timeout) {
                while let Some(receiver) = lock(&receiver).as_mut() {
                    match receiver.try_recv() {
                        Ok(Response::CompletionChunk(_)) => {}
                        Ok(other) => return Err(failure(other)),
                        Err(TryRecvError::Empty) => break,
                        Err(TryRecvError::Disconnected) => return Err(BackendError::Died),
                    }
                }
            }
        }
        let steps = lock(&processor.steps).take();
        steps.ok_or_else(|| BackendError::Refused("fimble failed while it chose a token; this is a bug".to_owned()))
    }

    /// Replaces the engine by a new one around the same model, which frees all KV.
    pub(crate) fn rebuild(&mut self) -> Result<(), BackendError> {
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
        Err(BackendError::Died)
    }
}

/// What mistral.rs says of a sequence that came to no end.
fn failure(response: Response) -> BackendError {
    match response {
        Response::CompletionModelError(message, _) => BackendError::Refused(message),
        Response::InternalError(error) | Response::ValidationError(error) => BackendError::Refused(error.to_string()),
        _ => BackendError::Refused("an answer of an unexpected kind".to_owned()),
    }
}

struct Processor<S> {
    steps: Mutex<Option<S>>,
    phase: Mutex<Phase>,
    ordinary: u32,
    /// What is chosen at the last step.
    last_token: u32,
    /// Told, and let go, at the last step.
    ends: Mutex<Option<mpsc::Sender<()>>>,
    receiver: Arc<Mutex<Option<Receiver<Response>>>>,
    kept: bool,
}

/// Where a sequence is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// At its first step.
    Prompt,
    Generation,
    /// At its last step, for which nobody is asked.
    End,
}

impl<S> Processor<S> {
    fn end(&self) {
        if !self.kept {
            drop(lock(&self.receiver).take());
        }
        if let Some(ended) = lock(&self.ends).take() {
            let _ = ended.send(());
        }
    }
}

impl<S: LogitsStep> CustomLogitsProcessor for Processor<S> {
    fn apply(&self, logits: &Tensor, context: &[u32]) -> mistralrs::Result<Tensor> {
        let values = logits.to_vec1::<f32>()?;
        let size = values.len();
        let mut phase = lock(&self.phase);
        let token = if *phase == Phase::End {
            None
        } else {
            let mut steps = lock(&self.steps);
            // A panic here would kill the engine's thread: it ends the sequence instead, and `run` reports it.
            let step = steps.as_mut().map(|steps| catch_unwind(AssertUnwindSafe(|| steps.step(values, context.len()))));
            match step {
                Some(Ok(token)) => token,
                Some(Err(_)) => {
                    *steps = None;
                    None
                }
                None => None,
            }
        };
        let token = match (token, *phase) {
            (Some(token), _) => {
                *phase = Phase::Generation;
                token
            }
            (None, Phase::Prompt) => {
                *phase = Phase::End;
                self.ordinary
            }
            (None, Phase::Generation | Phase::End) => {
                self.end();
                self.last_token
            }
        };
        let mut forced = vec![f32::MIN; size];
        if let Some(place) = forced.get_mut(token as usize) {
            *place = 0.0;
        }
        Tensor::from_vec(forced, size, logits.device())
    }
}

/// A panic is reported by [`MistralrsBackend::run`]; the lock itself protects nothing that it could leave half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
