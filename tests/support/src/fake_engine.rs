//! An engine without a model. It answers with a script, token by token, and a test can hold its generations.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fimble_completion::engine::{
    Engine, EngineError, GeneratedToken, Generation, GenerationRequest, ModelId, ModelInfo, Priority, StopDecision,
    Usage,
};
use fimble_completion::prompt::{Family, FimTemplate, Piece, Prompt, family};
use fimble_completion::text::is_word;

/// The default probability of every token. It is the same for all, so that confidences are easy to predict.
const PROBABILITY: f32 = 0.5;

/// See the [module](self). Its prompts have Qwen's format. A token is a word with the blank before it, or any other
/// character.
pub struct FakeEngine {
    model: ModelInfo,
    template: FimTemplate,
    script: Script,
    probability: f32,
    gate: Gate,
    calls: AtomicUsize,
    cancelled: AtomicUsize,
    background: AtomicUsize,
    foreground_prompt: Mutex<Option<Prompt>>,
}

type Script = Box<dyn Fn(&Prompt) -> Result<String, EngineError> + Send + Sync>;

/// Holds foreground generations before their first token. All clones are the same gate.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<(Mutex<Held>, Condvar)>);

#[derive(Debug, Default)]
struct Held {
    closed: bool,
    waiting: usize,
}

impl FakeEngine {
    /// Answers every prompt with `text`.
    pub fn answering(text: &str) -> Self {
        let text = text.to_owned();
        Self::scripted(move |_| Ok(text.clone()))
    }

    /// Answers each prompt with the text that `script` returns. Form feeds separate several answers to the same prompt.
    pub fn scripted(script: impl Fn(&Prompt) -> Result<String, EngineError> + Send + Sync + 'static) -> Self {
        let template = family("qwen2.5-coder").map(Family::template).expect("the table has it");
        Self {
            model: ModelInfo {
                id: Arc::new(ModelId { name: "fake".to_owned(), version: None }),
                context_length: 32_768,
                uses_excerpts: true,
                engine: "fake",
            },
            template,
            script: Box::new(script),
            probability: PROBABILITY,
            gate: Gate::default(),
            calls: AtomicUsize::new(0),
            cancelled: AtomicUsize::new(0),
            background: AtomicUsize::new(0),
            foreground_prompt: Mutex::default(),
        }
    }

    /// Sets the model's name.
    pub fn named(mut self, name: &str) -> Self {
        Arc::make_mut(&mut self.model.id).name = name.to_owned();
        self
    }

    /// Sets the version of the weights.
    pub fn of_version(mut self, version: &str) -> Self {
        Arc::make_mut(&mut self.model.id).version = Some(version.to_owned());
        self
    }

    /// Sets the probability of every token.
    pub fn sure(mut self, probability: f32) -> Self {
        self.probability = probability;
        self
    }

    /// Lets `gate` hold the generations.
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = gate.clone();
        self
    }

    /// The number of foreground generations that have started.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// The number of foreground generations that were cancelled.
    pub fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// The prompt of the latest foreground generation since the last call of this method.
    pub fn take_foreground_prompt(&self) -> Option<Prompt> {
        self.foreground_prompt.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The number of background generations that have ended.
    pub fn background_calls(&self) -> usize {
        self.background.load(Ordering::SeqCst)
    }
}

impl Engine for FakeEngine {
    fn model(&self) -> &ModelInfo {
        &self.model
    }

    fn count_tokens(&self, text: &str) -> usize {
        tokens(text).count()
    }

    fn generate(&self, request: GenerationRequest) -> Result<Generation, EngineError> {
        let started = Instant::now();
        let is_background = request.priority == Priority::Background;
        if !is_background {
            self.calls.fetch_add(1, Ordering::SeqCst);
            self.gate.pass(|| request.cancel.is_cancelled());
        }

        let prompt = self.template.fill(&request.text);
        if !is_background {
            *self.foreground_prompt.lock().unwrap_or_else(PoisonError::into_inner) = Some(prompt.clone());
        }
        let answer = (self.script)(&prompt)?;
        let answer = answer.split('\u{c}').find(|answer| !request.avoid.iter().any(|other| other == answer));
        let answer = answer.unwrap_or_default().to_owned();
        let mut generation = Generation { usage: usage(&prompt), ..Generation::default() };
        for token in tokens(&answer).take(request.max_tokens) {
            if request.cancel.is_cancelled() {
                break;
            }
            generation.first_token.get_or_insert_with(|| started.elapsed());
            let before = generation.text.len();
            generation.text.push_str(token);
            let text_end = generation.text.len();
            generation.tokens.push(GeneratedToken { text_end, probability: self.probability });
            match (request.stopping)(&generation.text, before) {
                StopDecision::Continue => {}
                StopDecision::Complete => break,
                StopDecision::Truncate(cut) => {
                    generation.cut = Some(cut);
                    break;
                }
            }
        }
        if is_background {
            self.background.fetch_add(1, Ordering::SeqCst);
        } else if request.cancel.is_cancelled() {
            self.cancelled.fetch_add(1, Ordering::SeqCst);
        }
        generation.usage.generated = generation.tokens.len();
        generation.completed = !request.cancel.is_cancelled();
        Ok(generation)
    }
}

impl Gate {
    /// Holds every later generation.
    pub fn close(&self) {
        self.held().closed = true;
    }

    /// Releases all generations.
    pub fn open(&self) {
        self.held().closed = false;
        self.0.1.notify_all();
    }

    /// Waits until at least `count` generations are held. Returns `false` if that takes longer than `patience`.
    pub fn wait_for(&self, count: usize, patience: Duration) -> bool {
        let fewer = |held: &mut Held| held.waiting < count;
        let result = self.0.1.wait_timeout_while(self.held(), patience, fewer);
        let (held, _) = result.unwrap_or_else(PoisonError::into_inner);
        held.waiting >= count
    }

    fn pass(&self, cancelled: impl Fn() -> bool) {
        // Cancelling sets a flag and notifies nobody, so the flag is polled.
        const POLL_INTERVAL: Duration = Duration::from_millis(1);
        let mut held = self.held();
        held.waiting += 1;
        self.0.1.notify_all();
        while held.closed && !cancelled() {
            held = self.0.1.wait_timeout(held, POLL_INTERVAL).unwrap_or_else(PoisonError::into_inner).0;
        }
        held.waiting -= 1;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn usage(prompt: &Prompt) -> Usage {
    let pieces = prompt.pieces.iter().map(|piece| match piece {
        Piece::Special(_) => 1,
        Piece::Text(text) => tokens(text).count(),
    });
    let prompt = pieces.sum::<usize>() + tokens(&prompt.tail).count();
    Usage { prompt, evaluated: prompt, ..Usage::default() }
}

/// Splits text into words, each with at most one blank before it, and single other characters.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let blank = rest.len() - rest.strip_prefix(' ').unwrap_or(rest).len();
        let word = rest[blank..].find(|character| !is_word(character)).unwrap_or(rest.len() - blank);
        let length = if word > 0 { blank + word } else { rest.chars().next()?.len_utf8() };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fimble_completion::engine::{Cancel, Search};
    use fimble_completion::prompt::FimText;

    fn request(cancel: &Cancel) -> GenerationRequest {
        let text = FimText::of_file("let a", ";", " =");
        GenerationRequest {
            text,
            avoid: Vec::new(),
            max_tokens: 3,
            priority: Priority::Foreground,
            stopping: Arc::new(|_, _| StopDecision::Continue),
            search: Search::default(),
            cancel: cancel.clone(),
        }
    }

    #[test]
    fn the_answer_is_split_into_tokens() {
        assert_eq!(
            tokens("let été_1  = f(x)\n").collect::<Vec<_>>(),
            ["let", " été_1", " ", " ", "=", " f", "(", "x", ")", "\n"]
        );
        let engine = FakeEngine::answering(" one two");
        let generation = engine.generate(request(&Cancel::default())).unwrap();
        assert_eq!(generation.text, " one two");
        assert_eq!(generation.tokens.iter().map(|token| token.text_end).collect::<Vec<_>>(), [4, 8]);
        // Three special tokens, `let`, ` a`, `;`, a blank and `=`.
        assert_eq!(generation.usage, Usage { prompt: 8, evaluated: 8, generated: 2, ..Usage::default() });
        assert_eq!((engine.calls(), engine.cancelled()), (1, 0));
        assert_eq!(engine.take_foreground_prompt().unwrap().tail, " =");
        let background = GenerationRequest { priority: Priority::Background, ..request(&Cancel::default()) };
        engine.generate(background).unwrap();
        assert_eq!((engine.take_foreground_prompt(), engine.background_calls()), (None, 1));
    }

    #[test]
    fn opening_the_gate_or_cancelling_releases_a_generation() {
        const PATIENCE: Duration = Duration::from_secs(10);
        let gate = Gate::default();
        let engine = FakeEngine::answering("one").behind(&gate);
        let cancel = Cancel::default();
        std::thread::scope(|scope| {
            gate.close();
            let held = scope.spawn(|| engine.generate(request(&cancel)));
            assert!(gate.wait_for(1, PATIENCE));
            cancel.cancel();
            assert_eq!(held.join().unwrap().unwrap().text, "");

            let held = scope.spawn(|| engine.generate(request(&Cancel::default())));
            assert!(gate.wait_for(1, PATIENCE));
            gate.open();
            assert_eq!(held.join().unwrap().unwrap().text, "one");
        });
        assert_eq!((engine.calls(), engine.cancelled()), (2, 1));
    }
}
