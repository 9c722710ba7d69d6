//! mistral.rs (0.8) as a backend. Its prefix cache has rules of its own, which everything here follows:
//!
//! | Rule of mistral.rs | What follows |
//! |---|---|
//! | It keeps the KV of a sequence that ends with an end-of-text token forced by the logits processor. If the sequence ends by length, reusing its KV gives wrong results. | Every sequence ends with a forced token. |
//! | It drops a sequence and its KV if the receiver of its responses is gone before the sequence ends. It notices that only if the sequence streams. | Answers stream and are dropped; their last forced token ends nothing. |
//! | A kept sequence costs a copy of its whole KV. | Only a prompt with [`MIN_TOKENS_TO_KEEP`] new tokens is kept. |
//! | A prompt that a kept sequence covers entirely is evaluated from its start. The result is right, but slow. | Such a prompt is evaluated only for logits that [`crate::logit_cache`] does not know, which is rare. |
//! | A sequence that ends at its first step, the step after the prompt, still runs another step. It is then kept twice, or delays the next sequence. | A sequence that ends at its first step gets a filler token, and ends at its second. |
//! | On a CPU it never evicts anything. Only a new engine around the same loaded model frees the memory. | Memory is freed when all sequences are forgotten. |
//! | It batches two concurrent sequences, and copies both KV caches at each switch. | Sequences run one at a time. |
//! | A prefill cannot be interrupted, and each part of one copies the KV before it. | Parts are few and long. |

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

use super::kv_memory::KvMemory;
use crate::backend::{Backend, BackendError, Evaluation, Purpose, SequenceId, Urgency};
use crate::interrupt::Interrupt;
use crate::prefix::common_prefix;

/// A prompt's KV is kept if at least this many of its tokens have none yet. Keeping it copies the KV of the whole
/// prompt; not keeping it means that the next request evaluates these tokens again.
const MIN_TOKENS_TO_KEEP: usize = 8;

/// A sequence costs nothing here but the list of its tokens.
const MAX_SEQUENCES: usize = 1024;

/// Room for the responses of one sequence, which has one per step. More than any sequence has steps.
const RESPONSE_CAPACITY: usize = 1 << 12;

/// How often a running sequence is checked for errors.
const ERROR_POLL_INTERVAL: Duration = Duration::from_millis(20);

pub(super) type LoadedPipeline = Arc<tokio::sync::Mutex<dyn Pipeline>>;

/// See the [module](self).
pub(super) struct MistralrsBackend {
    pipeline: LoadedPipeline,
    scheduler: SchedulerConfig,
    end_of_text: u32,
    /// A token that ends no sequence.
    filler: u32,
    runtime: Runtime,
    /// `None` after a failed [`Self::rebuild`].
    engine: Option<Arc<MistralRs>>,
    memory: KvMemory,
    /// The tokens of each sequence.
    sequences: Vec<Vec<u32>>,
    /// The tokens of each sequence that mistral.rs keeps the KV of.
    kept: Vec<Vec<u32>>,
    running: Option<Running>,
}

/// A sequence that waits in the engine for its next token.
struct Running {
    id: SequenceId,
    stepper: Stepper,
    receiver: SharedReceiver,
}

impl MistralrsBackend {
    /// `end_of_text` must be a token at which mistral.rs ends a sequence, and `filler` one at which it does not.
    pub(super) fn new(
        pipeline: LoadedPipeline,
        scheduler: SchedulerConfig,
        end_of_text: u32,
        filler: u32,
        runtime: Runtime,
        memory: KvMemory,
    ) -> Result<Self, BackendError> {
        let (sequences, kept) = (vec![Vec::new(); MAX_SEQUENCES], Vec::new());
        let (engine, running) = (None, None);
        let mut backend =
            Self { pipeline, scheduler, end_of_text, filler, runtime, engine, memory, sequences, kept, running };
        backend.rebuild()?;
        Ok(backend)
    }

    /// Runs the whole sequence up to the logits after its last token. If `keep` is false, the sequence stays in the engine
    /// and waits for its next token.
    fn start(&mut self, id: SequenceId, tokens: Vec<u32>, keep: bool) -> Result<Evaluation, BackendError> {
        let Some(engine) = &self.engine else { return Err(BackendError::Died) };
        // Responses stay in the channel while the sequence runs, and the engine must never wait for room in it.
        let (response, receiver) = tokio::sync::mpsc::channel(RESPONSE_CAPACITY);
        let (step_sender, steps) = mpsc::channel();
        let (next, next_receiver) = mpsc::channel();
        let (ended_sender, ended) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(Some(receiver)));
        let processor = Arc::new(Processor {
            steps: Mutex::new(step_sender),
            next: Mutex::new(next_receiver),
            phase: Mutex::new(Phase::Prompt),
            filler: self.filler,
            last_token: if keep { self.end_of_text } else { self.filler },
            ended: Mutex::new(Some(ended_sender)),
            receiver: receiver.clone(),
            keep,
        });
        let sender = engine.get_sender(None).map_err(|_| BackendError::Died)?;
        let length = tokens.len();
        let request = self.request(engine.next_request_id(), tokens, response, processor, keep);
        self.runtime.block_on(sender.send(request)).map_err(|_| BackendError::Died)?;
        let stepper = Stepper { steps, next, ended };
        let Step { logits, new } = stepper.wait(&receiver)?;
        let evaluation = Evaluation { from: length.saturating_sub(new), logits: vec![logits] };
        if keep {
            drop(stepper.next);
            self.wait_for_completion(&receiver)?;
        } else {
            self.running = Some(Running { id, stepper, receiver });
        }
        Ok(evaluation)
    }

    fn request(
        &self,
        id: usize,
        prompt: Vec<u32>,
        response: tokio::sync::mpsc::Sender<Response>,
        processor: Arc<Processor>,
        keep: bool,
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
            is_streaming: !keep,
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

    /// How many of `tokens`, counted from the first, mistral.rs keeps the KV of.
    fn kept_prefix(&self, tokens: &[u32]) -> usize {
        self.kept.iter().map(|kept| common_prefix(kept, tokens)).max().unwrap_or_default()
    }

    /// Ends the running sequence if it is this one.
    fn settle_one(&mut self, id: SequenceId) {
        if self.running.as_ref().is_some_and(|running| running.id == id)
            && let Err(error) = self.settle()
        {
            tracing::warn!("cannot end a generation: {error}");
        }
    }

    /// Replaces the engine with a new one around the same model, which frees all KV.
    fn rebuild(&mut self) -> Result<(), BackendError> {
        self.running = None;
        self.sequences.iter_mut().for_each(Vec::clear);
        self.kept.clear();
        self.memory.clear();
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

    fn try_evaluate(
        &mut self,
        id: SequenceId,
        tokens: &[u32],
        logits: usize,
        purpose: Purpose,
    ) -> Result<Evaluation, BackendError> {
        if let ([token], Some(running)) = (tokens, self.running.as_ref())
            && running.id == id
        {
            running.stepper.advance(*token)?;
            let Step { logits, .. } = running.stepper.wait(&running.receiver)?;
            return Ok(Evaluation { from: self.sequences[id].len(), logits: vec![logits] });
        }
        self.settle()?;
        let whole = [&self.sequences[id], tokens].concat();
        let new = whole.len() - self.kept_prefix(&whole);
        if new == 0 && logits == 0 {
            return Ok(Evaluation { from: whole.len(), logits: Vec::new() });
        }
        let keep = purpose == Purpose::Prompt && new >= MIN_TOKENS_TO_KEEP;
        let evaluation = self.start(id, whole.clone(), keep)?;
        if keep {
            self.memory.add(whole.len());
            self.kept.push(whole);
        }
        Ok(evaluation)
    }
}

impl Backend for MistralrsBackend {
    fn max_sequences(&self) -> usize {
        MAX_SEQUENCES
    }

    fn max_logits(&self) -> usize {
        1
    }

    fn evaluate(
        &mut self,
        sequence: SequenceId,
        tokens: &[u32],
        logits: usize,
        purpose: Purpose,
        // mistral.rs cannot abandon a step.
        _interrupt: &Interrupt,
    ) -> Result<Option<Evaluation>, BackendError> {
        match self.try_evaluate(sequence, tokens, logits, purpose) {
            Ok(evaluation) => {
                self.sequences[sequence].extend(tokens);
                Ok(Some(evaluation))
            }
            Err(error) => {
                // The engine may be in any state now. A new one is in a known state.
                self.rebuild()?;
                Err(error)
            }
        }
    }

    fn cut(&mut self, sequence: SequenceId, length: usize) {
        self.settle_one(sequence);
        self.sequences[sequence].truncate(length);
    }

    fn fork(&mut self, from: SequenceId, length: usize, to: SequenceId) {
        self.sequences[to] = self.sequences[from][..length].to_vec();
    }

    fn forget(&mut self, sequence: SequenceId) -> Result<(), BackendError> {
        self.settle_one(sequence);
        self.sequences[sequence].clear();
        let is_empty = self.sequences.iter().all(Vec::is_empty);
        if is_empty && !self.kept.is_empty() { self.rebuild() } else { Ok(()) }
    }

    fn settle(&mut self) -> Result<(), BackendError> {
        let Some(Running { id, stepper, receiver }) = self.running.take() else { return Ok(()) };
        let Stepper { steps, next, ended } = stepper;
        // Without a sender of tokens, the sequence ends.
        drop((steps, next));
        let kept = self.kept_prefix(&self.sequences[id]);
        self.sequences[id].truncate(kept);
        wait(&ended, &receiver)
    }

    fn length(&self, sequence: SequenceId) -> usize {
        self.sequences[sequence].len()
    }

    fn frees_each_sequence(&self) -> bool {
        false
    }

    fn parts(&self, kept: usize, length: usize, urgency: Urgency, limit: usize) -> Vec<usize> {
        self.memory.parts(kept, length, urgency == Urgency::Background, limit)
    }

    fn bytes(&self) -> usize {
        self.memory.resident()
    }

    fn bytes_after(&self, _kept: usize, parts: &[usize], length: usize) -> usize {
        self.memory.resident_after(parts, length)
    }

    fn bytes_of(&self, length: usize) -> usize {
        self.memory.resident_of(length)
    }
}

/// What the processor says at one step.
struct Step {
    logits: Vec<f32>,
    /// How many tokens the engine evaluated. Of the prompt at the first step; meaningless later.
    new: usize,
}

/// The caller's end of a sequence that runs step by step.
struct Stepper {
    steps: mpsc::Receiver<Step>,
    next: mpsc::Sender<u32>,
    /// Signalled at the last step.
    ended: mpsc::Receiver<()>,
}

impl Stepper {
    fn advance(&self, token: u32) -> Result<(), BackendError> {
        self.next.send(token).map_err(|_| BackendError::Died)
    }

    fn wait(&self, receiver: &SharedReceiver) -> Result<Step, BackendError> {
        wait(&self.steps, receiver)
    }
}

/// Waits for a message of the processor, and looks for errors among the engine's responses meanwhile.
fn wait<T>(messages: &mpsc::Receiver<T>, receiver: &SharedReceiver) -> Result<T, BackendError> {
    loop {
        match messages.recv_timeout(ERROR_POLL_INTERVAL) {
            Ok(message) => return Ok(message),
            Err(RecvTimeoutError::Disconnected) => return Err(BackendError::Died),
            Err(RecvTimeoutError::Timeout) => {}
        }
        while let Some(receiver) = lock(receiver).as_mut() {
            match receiver.try_recv() {
                Ok(Response::CompletionChunk(_)) => {}
                Ok(other) => return Err(error_in(other)),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err(BackendError::Died),
            }
        }
    }
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

/// Sends the logits of each step to the caller, and forces the token that the caller sends back.
struct Processor {
    steps: Mutex<mpsc::Sender<Step>>,
    next: Mutex<mpsc::Receiver<u32>>,
    phase: Mutex<Phase>,
    filler: u32,
    /// The token forced at the last step.
    last_token: u32,
    /// Signalled at the last step, then dropped.
    ended: Mutex<Option<mpsc::Sender<()>>>,
    receiver: SharedReceiver,
    keep: bool,
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

impl Processor {
    /// The token that the caller chooses, or `None` if it ends the sequence.
    fn choose(&self, logits: Vec<f32>, new: usize) -> Option<u32> {
        lock(&self.steps).send(Step { logits, new }).ok()?;
        lock(&self.next).recv().ok()
    }

    fn end(&self) {
        if !self.keep {
            drop(lock(&self.receiver).take());
        }
        if let Some(ended) = lock(&self.ended).take() {
            let _ = ended.send(());
        }
    }
}

impl CustomLogitsProcessor for Processor {
    fn apply(&self, logits: &Tensor, context: &[u32]) -> mistralrs::Result<Tensor> {
        let values = logits.to_vec1::<f32>()?;
        let size = values.len();
        let mut phase = lock(&self.phase);
        let choice = if *phase == Phase::End { None } else { self.choose(values, context.len()) };
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

/// Ignores poisoning: no value behind these locks can be left half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
