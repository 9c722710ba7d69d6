//! Safe calls of llama.cpp. This is the only unsafe code of the project. The crate `llama-cpp-2` offers a safe layer over the
//! same bindings, but it can neither change the number of threads of a context nor interrupt a step, and latency needs both.

#![expect(unsafe_code, reason = "llama.cpp is a C library")]

use std::ffi::{CStr, CString, c_char, c_void};
use std::marker::PhantomData;
use std::path::Path;
use std::ptr::NonNull;
use std::slice;
use std::sync::{Mutex, Once, PoisonError};

use llama_cpp_sys_2 as sys;

/// The latest error that llama.cpp logged.
static LATEST_ERROR: Mutex<Option<String>> = Mutex::new(None);

/// A loaded model.
pub(super) struct Model(NonNull<sys::llama_model>);

/// The KV of a model's sequences, and the buffers of a step.
pub(super) struct Context<'model> {
    raw: NonNull<sys::llama_context>,
    pool: NonNull<sys::ggml_threadpool>,
    batch: sys::llama_batch,
    /// Tokens that `batch` has room for.
    batch_size: usize,
    vocabulary_size: usize,
    model: PhantomData<&'model Model>,
}

/// The sizes of a context.
pub(super) struct Sizes {
    /// Tokens of all sequences together.
    pub(super) tokens: u32,
    pub(super) sequences: u32,
    /// Tokens of one step.
    pub(super) step: u32,
    /// Tokens of one step with logits.
    pub(super) logits: u32,
}

/// Why a step gave no logits.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum StepError {
    Interrupted,
    /// The context holds too many tokens already.
    NoRoom,
    /// llama.cpp's status.
    Failed(i32),
}

impl Model {
    /// Loads a GGUF file, onto a GPU if this build and the machine have one.
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        static INIT: Once = Once::new();
        // SAFETY: both functions may be called at any time, the second one once before all others.
        INIT.call_once(|| unsafe {
            sys::llama_log_set(Some(log), std::ptr::null_mut());
            sys::llama_backend_init();
        });
        let path = path.to_str().and_then(|path| CString::new(path).ok());
        let path = path.ok_or("llama.cpp needs a path in UTF-8")?;
        take_latest_error();
        // SAFETY: the parameters are valid, and the path ends with a zero.
        let model = unsafe {
            let mut parameters = sys::llama_model_default_params();
            parameters.n_gpu_layers = if sys::llama_supports_gpu_offload() { -1 } else { 0 };
            sys::llama_model_load_from_file(path.as_ptr(), parameters)
        };
        NonNull::new(model)
            .map(Self)
            .ok_or_else(|| take_latest_error().unwrap_or_else(|| "llama.cpp does not say why".to_owned()))
    }

    pub(super) fn vocabulary_size(&self) -> usize {
        // SAFETY: the model is valid, and so is its vocabulary.
        size(unsafe { sys::llama_vocab_n_tokens(sys::llama_model_get_vocab(self.0.as_ptr())) })
    }

    /// The most tokens that a sequence had in training.
    pub(super) fn context_length(&self) -> usize {
        // SAFETY: the model is valid.
        size(unsafe { sys::llama_model_n_ctx_train(self.0.as_ptr()) })
    }

    /// Whether the KV of a sequence can be cut anywhere. That of a recurrent model cannot.
    pub(super) fn can_cut(&self) -> bool {
        // SAFETY: the model is valid.
        unsafe { !sys::llama_model_is_recurrent(self.0.as_ptr()) && !sys::llama_model_is_hybrid(self.0.as_ptr()) }
    }

    /// Elements of K and of V that one token has in all layers together.
    pub(super) fn kv_elements(&self) -> usize {
        let model = self.0.as_ptr();
        // SAFETY: the model is valid.
        let (layers, heads, kv_heads, width) = unsafe {
            (
                size(sys::llama_model_n_layer(model)),
                size(sys::llama_model_n_head(model)),
                size(sys::llama_model_n_head_kv(model)),
                size(sys::llama_model_n_embd(model)),
            )
        };
        let head = |kind: &str| self.metadata(&format!("attention.{kind}_length"));
        let usual = width / heads.max(1);
        layers * kv_heads * (head("key").unwrap_or(usual) + head("value").unwrap_or(usual))
    }

    /// A number from the file's metadata, by its name after that of the architecture.
    fn metadata(&self, name: &str) -> Option<usize> {
        self.text(&format!("{}.{name}", self.text("general.architecture")?))?.parse().ok()
    }

    fn text(&self, key: &str) -> Option<String> {
        let key = CString::new(key).ok()?;
        let mut buffer = [0u8; 128];
        // SAFETY: llama.cpp writes at most as many bytes as the buffer has, and ends them with a zero.
        let length = unsafe {
            let start = buffer.as_mut_ptr().cast::<c_char>();
            sys::llama_model_meta_val_str(self.0.as_ptr(), key.as_ptr(), start, buffer.len())
        };
        (length >= 0).then(|| CStr::from_bytes_until_nul(&buffer).ok())??.to_str().ok().map(str::to_owned)
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: every context borrows the model, so none is left.
        unsafe { sys::llama_model_free(self.0.as_ptr()) }
    }
}

impl<'model> Context<'model> {
    pub(super) fn new(model: &'model Model, sizes: &Sizes, threads: usize) -> Result<Self, String> {
        take_latest_error();
        // SAFETY: the model outlives the context, and the parameters are valid.
        let raw = unsafe {
            let mut parameters = sys::llama_context_default_params();
            parameters.n_ctx = sizes.tokens;
            parameters.n_batch = sizes.step;
            parameters.n_ubatch = sizes.step;
            parameters.n_seq_max = sizes.sequences;
            parameters.n_outputs_max = sizes.logits;
            parameters.n_outputs_max_per_seq = sizes.logits;
            parameters.n_threads = threads.try_into().unwrap_or(i32::MAX);
            parameters.n_threads_batch = parameters.n_threads;
            // Sequences with the same beginning share its KV.
            parameters.kv_unified = true;
            parameters.no_perf = true;
            sys::llama_init_from_model(model.0.as_ptr(), parameters)
        };
        let raw = NonNull::new(raw).ok_or_else(|| {
            take_latest_error().unwrap_or_else(|| "there is not enough memory for its KV cache".to_owned())
        })?;
        // Without a pool, llama.cpp starts threads for every step. Such a thread often waits for its turn on the core of the one
        // that started it: a step of the embedded model then took 20 ms instead of 2.
        // SAFETY: the parameters are valid, and the pool is freed after the context.
        let pool = unsafe {
            let mut parameters = sys::ggml_threadpool_params_default(threads.try_into().unwrap_or(i32::MAX));
            // Threads without work sleep. Spinning gained nothing, and would look like load.
            parameters.poll = 0;
            let pool = sys::ggml_threadpool_new(&raw mut parameters);
            sys::llama_attach_threadpool(raw.as_ptr(), pool, pool);
            pool
        };
        let pool = NonNull::new(pool).ok_or("its threads cannot be started")?;
        // SAFETY: allocates arrays for that many tokens, with one sequence each.
        let batch = unsafe { sys::llama_batch_init(sizes.step.try_into().unwrap_or(i32::MAX), 0, 1) };
        let (batch_size, vocabulary_size) = (sizes.step as usize, model.vocabulary_size());
        Ok(Self { raw, pool, batch, batch_size, vocabulary_size, model: PhantomData })
    }

    /// Sets how many threads the next steps use.
    pub(super) fn set_threads(&mut self, threads: usize) {
        let threads = threads.try_into().unwrap_or(i32::MAX);
        // SAFETY: the context is valid.
        unsafe { sys::llama_set_n_threads(self.raw.as_ptr(), threads, threads) }
    }

    /// Evaluates `tokens`, no more than one step has, at the positions from `position` on of a sequence. Afterwards,
    /// [`Self::logits`] has those of the last `logits` tokens. If `is_interrupted` becomes true, the step ends soon. After an
    /// error, the sequence is as it was.
    pub(super) fn step(
        &mut self,
        sequence: usize,
        position: usize,
        tokens: &[u32],
        logits: usize,
        is_interrupted: &dyn Fn() -> bool,
    ) -> Result<(), StepError> {
        assert!(tokens.len() <= self.batch_size, "a step has at most {} tokens", self.batch_size);
        let first_with_logits = tokens.len().saturating_sub(logits);
        for (index, token) in tokens.iter().enumerate() {
            // SAFETY: the arrays of the batch have room for `batch_size` tokens with one sequence each.
            unsafe {
                self.batch.token.add(index).write(token.cast_signed());
                self.batch.pos.add(index).write((position + index).try_into().unwrap_or(i32::MAX));
                self.batch.n_seq_id.add(index).write(1);
                self.batch.seq_id.add(index).read().write(sequence.try_into().unwrap_or(i32::MAX));
                self.batch.logits.add(index).write((index >= first_with_logits).into());
            }
        }
        self.batch.n_tokens = tokens.len().try_into().unwrap_or(i32::MAX);
        let data = (&raw const is_interrupted).cast_mut().cast::<c_void>();
        // SAFETY: the batch is filled, and the callback and its data live until the call returns.
        let status = unsafe {
            sys::llama_set_abort_callback(self.raw.as_ptr(), Some(interrupted), data);
            let status = sys::llama_decode(self.raw.as_ptr(), self.batch);
            sys::llama_set_abort_callback(self.raw.as_ptr(), None, std::ptr::null_mut());
            status
        };
        let error = match status {
            0 => return Ok(()),
            1 => StepError::NoRoom,
            2 => StepError::Interrupted,
            other => StepError::Failed(other),
        };
        self.cut(sequence, position);
        Err(error)
    }

    /// The logits after the token at this index of the latest step, one per token of the vocabulary. The token must be one of
    /// the last ones that the step was asked logits for.
    pub(super) fn logits(&self, index: usize) -> Result<Vec<f32>, StepError> {
        // SAFETY: llama.cpp checks the index, and gives as many values as the vocabulary has tokens, which stay valid until
        // the next step.
        unsafe {
            let logits = sys::llama_get_logits_ith(self.raw.as_ptr(), index.try_into().unwrap_or(i32::MAX));
            let logits = NonNull::new(logits).ok_or(StepError::Failed(0))?;
            Ok(slice::from_raw_parts(logits.as_ptr(), self.vocabulary_size).to_vec())
        }
    }

    /// Removes the tokens of a sequence at the positions from `length` on.
    pub(super) fn cut(&mut self, sequence: usize, length: usize) {
        let [sequence, length] = [sequence, length].map(|number| number.try_into().unwrap_or(i32::MAX));
        // SAFETY: the context is valid.
        unsafe { sys::llama_memory_seq_rm(sys::llama_get_memory(self.raw.as_ptr()), sequence, length, -1) };
    }

    /// Lets the empty sequence `to` share the first `length` tokens of `from`.
    pub(super) fn share(&mut self, from: usize, length: usize, to: usize) {
        let [from, length, to] = [from, length, to].map(|number| number.try_into().unwrap_or(i32::MAX));
        // SAFETY: the context is valid.
        unsafe { sys::llama_memory_seq_cp(sys::llama_get_memory(self.raw.as_ptr()), from, to, 0, length) };
    }
}

impl Drop for Context<'_> {
    fn drop(&mut self) {
        // SAFETY: all are valid, and nothing uses them any more.
        unsafe {
            sys::llama_batch_free(self.batch);
            sys::llama_free(self.raw.as_ptr());
            sys::ggml_threadpool_free(self.pool.as_ptr());
        }
    }
}

/// llama.cpp asks between two operations whether to abandon the step. `data` points to a `&dyn Fn() -> bool`.
unsafe extern "C" fn interrupted(data: *mut c_void) -> bool {
    // SAFETY: `step` passes a pointer that is valid while llama.cpp runs the step.
    let is_interrupted = unsafe { *data.cast::<&dyn Fn() -> bool>() };
    is_interrupted()
}

/// Passes llama.cpp's messages to the log, and remembers errors. They hold no text of the user.
unsafe extern "C" fn log(level: sys::ggml_log_level, text: *const c_char, _data: *mut c_void) {
    if text.is_null() {
        return;
    }
    // SAFETY: llama.cpp passes a text that ends with a zero.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let text = text.trim();
    if level == sys::GGML_LOG_LEVEL_ERROR {
        tracing::debug!(target: "llama.cpp", "{text}");
        *LATEST_ERROR.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_owned());
    } else {
        tracing::trace!(target: "llama.cpp", "{text}");
    }
}

fn take_latest_error() -> Option<String> {
    LATEST_ERROR.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A number that llama.cpp gives as an `int` and is never negative.
fn size(number: i32) -> usize {
    number.try_into().unwrap_or_default()
}
