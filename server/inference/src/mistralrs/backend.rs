//! The only code that talks to mistral.rs's engine. mistral.rs (0.8) has a prefix cache with rules of its own, which
//! everything here follows:
//!
//! - mistral.rs keeps the KV of a sequence that ends with an end-of-text token forced by the logits processor. If the
//!   sequence ends by length instead, reusing its KV gives wrong results.
//! - mistral.rs drops a sequence and its KV if the receiver of its responses is gone before the sequence ends. The last
//!   forced token must therefore end nothing. mistral.rs notices a missing receiver only if the sequence streams its
//!   responses.
//! - A prompt that a kept sequence covers entirely is evaluated from its start. The result is right, but slow;
//!   [`crate::logit_cache`] makes this rare.
//! - A sequence that ends at its first step, the step after the prompt, still runs another step. It is then kept twice,
//!   or delays the next sequence. So every sequence here has at least two steps. If the caller ends a sequence at its
//!   first step, the token chosen there is a filler and the second step ends the sequence.
//! - On a CPU mistral.rs never evicts anything. Only a new engine around the same loaded model frees the memory.
//! - mistral.rs batches two concurrent sequences, and copies both KV caches at each switch. So sequences run one at a
//!   time.

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

use crate::backend::{BackendError, LogitsStep};

/// mistral.rs allocates KV in steps of this many tokens (`NormalCache::CACHE_GROW_SIZE`).
pub(crate) const KV_STEP: usize = 512;

/// Room for the responses of one sequence, which has one per step. More than any sequence has steps.
const RESPONSE_CAPACITY: usize = 1 << 12;

/// How often a running sequence is checked for errors.
const ERROR_POLL_INTERVAL: Duration = Duration::from_millis(20);

pub(crate) type LoadedPipeline = Arc<tokio::sync::Mutex<dyn Pipeline>>;

/// A loaded model and the mistral.rs engine that runs it.
pub(crate) struct MistralrsBackend {
    pipeline: LoadedPipeline,
    scheduler: SchedulerConfig,
    end_of_text: u32,
    /// A token that ends no sequence.
    filler: u32,
    runtime: Runtime,
    /// `None` after a failed [`Self::rebuild`].
    engine: Option<Arc<MistralRs>>,
}

impl MistralrsBackend {
    /// `end_of_text` must be a token at which mistral.rs ends a sequence, and `filler` one at which it does not.
    pub(crate) fn new(
        pipeline: LoadedPipeline,
        scheduler: SchedulerConfig,
        end_of_text: u32,
        filler: u32,
        runtime: Runtime,
    ) -> Result<Self, BackendError> {
        let mut backend = Self { pipeline, scheduler, end_of_text, filler, runtime, engine: None };
        backend.rebuild()?;
        Ok(backend)
    }

    /// Runs one sequence that begins with `prompt` until `steps` ends it, and returns `steps`. `keep_kv` says whether
    /// the sequence's KV stays in the prefix cache.
    pub(crate) fn run<S: LogitsStep>(&mut self, prompt: Vec<u32>, steps: S, keep_kv: bool) -> Result<S, BackendError> {
        let Some(engine) = &self.engine else { return Err(BackendError::Died) };
        // Responses stay in the channel while the sequence runs, and the engine must never wait for room in it.
        let (response, receiver) = tokio::sync::mpsc::channel(RESPONSE_CAPACITY);
        let (ended, has_ended) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(Some(receiver)));
        let processor = Arc::new(Processor {
            steps: Mutex::new(Some(steps)),
            phase: Mutex::new(Phase::Prompt),
            filler: self.filler,
            last_token: if keep_kv { self.end_of_text } else { self.filler },
            ended: Mutex::new(Some(ended)),
            receiver: receiver.clone(),
            keep_kv,
        });
        let sender = engine.get_sender(None).map_err(|_| BackendError::Died)?;
        let request = self.request(engine.next_request_id(), prompt, response, processor.clone(), keep_kv);
        self.runtime.block_on(sender.send(request)).map_err(|_| BackendError::Died)?;
        if keep_kv {
            self.wait_for_completion(&receiver)?;
        } else {
            wait_for_last_step(&has_ended, &receiver)?;
        }
        let steps = lock(&processor.steps).take();
        steps.ok_or_else(|| {
            BackendError::Refused("fimble panicked while it chose a token; please report this bug".to_owned())
        })
    }

    fn request<S: LogitsStep>(
        &self,
        id: usize,
        prompt: Vec<u32>,
        response: tokio::sync::mpsc::Sender<Response>,
        processor: Arc<Processor<S>>,
        keep_kv: bool,
    ) -> Request {
        Request::Normal(Box::new(NormalRequest {
            id,
            messages: RequestMessage::CompletionTokens(prompt),
            sampling_params: SamplingParams {
                stop_toks: Some(StopTokens::Ids(vec![self.end_of_text])),
                max_len: None,
                ..SamplingParams::deterministic()
            },
            response,
            return_logprobs: false,
            is_streaming: !keep_kv,
            constraint: Constraint::None,
            suffix: None,
            tools: None,
            tool_choice: None,
            logits_processors: Some(vec![processor]),
            return_raw_logits: false,
            web_search_options: None,
            model_id: None,
            truncate_sequence: false,
        }))
    }

    /// Waits for the one response of a sequence that does not stream. By then its KV is in the prefix cache.
    fn wait_for_completion(&self, receiver: &SharedReceiver) -> Result<(), BackendError> {
        let receiver = lock(receiver).take();
        let response = receiver.and_then(|mut receiver| self.runtime.block_on(receiver.recv()));
        match response.ok_or(BackendError::Died)? {
            Response::CompletionDone(_) => Ok(()),
            other => Err(error_in(other)),
        }
    }

    /// Replaces the engine with a new one around the same model, which frees all KV.
    pub(crate) fn rebuild(&mut self) -> Result<(), BackendError> {
        self.engine = None;
        // mistral.rs panics if the old engine's thread still uses the model. The thread's handle is private, but its
        // reference to the model can be counted.
        for _ in 0..1000 {
            if Arc::strong_count(&self.pipeline) == 1 {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        let build = || {
            let builder = MistralRsBuilder::new(self.pipeline.clone(), self.scheduler.clone(), false, None)
                // On an accelerator mistral.rs would evict by the number of sequences. The caller keeps a budget in
                // bytes.
                .with_prefix_cache_n(1 << 20);
            self.runtime.block_on(builder.build())
        };
        // The new engine's thread locks the model while it starts, and the builder unwraps a `try_lock` on it.
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

/// Waits for the last step of a sequence that streams, and looks for errors among its responses meanwhile.
fn wait_for_last_step(has_ended: &mpsc::Receiver<()>, receiver: &SharedReceiver) -> Result<(), BackendError> {
    while has_ended.recv_timeout(ERROR_POLL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        while let Some(receiver) = lock(receiver).as_mut() {
            match receiver.try_recv() {
                Ok(Response::CompletionChunk(_)) => {}
                Ok(other) => return Err(error_in(other)),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err(BackendError::Died),
            }
        }
    }
    Ok(())
}

/// The error in a response that does not belong to a successful sequence.
fn error_in(response: Response) -> BackendError {
    match response {
        Response::CompletionModelError(message, _) => BackendError::Refused(message),
        Response::InternalError(error) | Response::ValidationError(error) => BackendError::Refused(error.to_string()),
        _ => BackendError::Refused("mistral.rs sent a response of an unexpected kind".to_owned()),
    }
}

/// The responses of one sequence. Dropping the receiver tells mistral.rs to drop the sequence.
type SharedReceiver = Arc<Mutex<Option<Receiver<Response>>>>;

/// Forces the token of each step, which `steps` chooses from the logits.
struct Processor<S> {
    /// `None` after a panic.
    steps: Mutex<Option<S>>,
    phase: Mutex<Phase>,
    filler: u32,
    /// The token forced at the last step.
    last_token: u32,
    /// Signalled at the last step, then dropped.
    ended: Mutex<Option<mpsc::Sender<()>>>,
    receiver: SharedReceiver,
    keep_kv: bool,
}

/// The phase of a sequence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The next step is the first one.
    Prompt,
    Generation,
    /// The next step is the last one. It exists only because mistral.rs needs a second step.
    End,
}

impl<S: LogitsStep> Processor<S> {
    /// The token that the steps choose, or `None` if the sequence ends.
    fn choose(&self, logits: Vec<f32>, context: &[u32]) -> Option<u32> {
        let mut steps = lock(&self.steps);
        // A panic here would end the engine's thread. It ends the sequence instead, and `run` reports it.
        let choice = steps.as_mut().map(|steps| catch_unwind(AssertUnwindSafe(|| steps.step(logits, context.len()))));
        match choice {
            Some(Ok(token)) => token,
            Some(Err(_)) => {
                *steps = None;
                None
            }
            None => None,
        }
    }

    fn end(&self) {
        if !self.keep_kv {
            drop(lock(&self.receiver).take());
        }
        if let Some(ended) = lock(&self.ended).take() {
            let _ = ended.send(());
        }
    }
}

impl<S: LogitsStep> CustomLogitsProcessor for Processor<S> {
    fn apply(&self, logits: &Tensor, context: &[u32]) -> mistralrs::Result<Tensor> {
        let values = logits.to_vec1::<f32>()?;
        let size = values.len();
        let mut phase = lock(&self.phase);
        let choice = if *phase == Phase::End { None } else { self.choose(values, context) };
        let token = match (choice, *phase) {
            (Some(token), _) => {
                *phase = Phase::Generation;
                token
            }
            (None, Phase::Prompt) => {
                *phase = Phase::End;
                self.filler
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

/// Ignores poisoning: [`MistralrsBackend::run`] reports panics, and no value behind these locks can be left half
/// changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
