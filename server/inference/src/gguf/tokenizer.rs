//! The tokenizer that a GGUF file describes.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use candle_core::quantized::gguf_file::{Content, Value};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

/// The expressions of Qwen2, of Llama 3 and of this project's own models, as their `tokenizer.json` files have them. They
/// differ in English contractions and in numbers.
const QWEN2: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|",
    r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);
const LLAMA3: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|",
    r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);
const OWN: &str = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// What GGUF says about a token (`tokenizer.ggml.token_type` in ggml's `docs/gguf.md`).
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;

/// How a GGUF file turns text into tokens.
pub(crate) struct GgufText {
    /// `None` if fimble does not know this kind of tokenizer; the value says which.
    pub(crate) tokenizer: Result<Tokenizer, String>,
    /// The tokens that end a text.
    pub(crate) ends: Vec<u32>,
}

/// Reads the tokenizer of the file at `path`. The error says what is wrong with the file.
pub(crate) fn read_text(path: &Path) -> Result<GgufText, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let content =
        Content::read(&mut BufReader::new(file)).map_err(|error| format!("it is no whole GGUF file: {error}"))?;
    let metadata = Metadata(content.metadata);
    let ends = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"];
    let ends = ends.iter().filter_map(|key| metadata.number(key)).filter_map(|id| id.try_into().ok()).collect();
    Ok(GgufText { tokenizer: tokenizer(&metadata), ends })
}

fn tokenizer(metadata: &Metadata) -> Result<Tokenizer, String> {
    match metadata.text("tokenizer.ggml.model") {
        Some("gpt2") => {}
        Some(other) => return Err(format!("its tokenizer is of the kind `{other}`")),
        None => return Err("it describes no tokenizer".to_owned()),
    }
    let pre_tokenizer = pre_tokenizer(metadata.text("tokenizer.ggml.pre").unwrap_or("default"))?;
    let tokens = metadata.texts("tokenizer.ggml.tokens").ok_or("it lists no tokens")?;
    let merges = metadata.texts("tokenizer.ggml.merges").ok_or("it lists no merges")?;
    let pairs = merges.iter().filter_map(|merge| merge.split_once(' '));
    let merges = pairs.map(|(left, right)| (left.to_owned(), right.to_owned())).collect();
    let vocabulary: Vocab = (0u32..).zip(&tokens).map(|(id, token)| ((*token).to_owned(), id)).collect();
    let failed = |error: tokenizers::Error| format!("its tokenizer is damaged: {error}");
    let model = BPE::builder().vocab_and_merges(vocabulary, merges).build().map_err(failed)?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(pre_tokenizer));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    let kinds = metadata.numbers("tokenizer.ggml.token_type").unwrap_or_default();
    for (token, kind) in tokens.iter().zip(kinds) {
        let is_special = match kind {
            CONTROL | UNUSED => true,
            USER_DEFINED => false,
            _ => continue,
        };
        tokenizer.add_tokens(&[AddedToken::from(*token, is_special).normalized(false)]);
    }
    let beginning = metadata.number("tokenizer.ggml.bos_token_id").and_then(|id| u32::try_from(id).ok());
    if metadata.flag("tokenizer.ggml.add_bos_token")
        && let Some(id) = beginning
        && let Some(token) = tokens.get(id as usize)
    {
        let template = TemplateProcessing::builder()
            .try_single(vec![(*token).to_owned(), "$A".to_owned()])
            .map_err(|error| format!("its tokenizer is damaged: {error}"))?
            .special_tokens(vec![((*token).to_owned(), id)])
            .build()
            .map_err(|error| format!("its tokenizer is damaged: {error}"))?;
        tokenizer.with_post_processor(Some(template));
    }
    Ok(tokenizer)
}

/// The pre-tokenizer with this name in GGUF.
fn pre_tokenizer(name: &str) -> Result<PreTokenizerWrapper, String> {
    let failed = |error: tokenizers::Error| error.to_string();
    let bytes = ByteLevel::new(false, true, false);
    let split = |pattern: &str| {
        let pattern = SplitPattern::Regex(pattern.to_owned());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(failed)?;
        Ok(Sequence::new(vec![split.into(), bytes.into()]).into())
    };
    match name {
        "qwen2" => split(QWEN2),
        "ufakzeka" => split(OWN),
        "llama-bpe" | "llama3" | "llama-v3" => split(LLAMA3),
        "default" | "gpt-2" => Ok(ByteLevel::new(false, true, true).into()),
        // Each digit is a token.
        "starcoder" | "refact" | "codeshell" | "smollm" => {
            Ok(Sequence::new(vec![Digits::new(true).into(), ByteLevel::new(false, true, true).into()]).into())
        }
        other => Err(format!("its tokenizer splits text as `{other}`")),
    }
}

struct Metadata(HashMap<String, Value>);

impl Metadata {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_string().ok().map(String::as_str)
    }

    fn number(&self, key: &str) -> Option<i64> {
        number(self.0.get(key)?)
    }

    fn flag(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| value.to_bool().unwrap_or(false))
    }

    fn texts(&self, key: &str) -> Option<Vec<&str>> {
        let values = self.0.get(key)?.to_vec().ok()?;
        values.iter().map(|value| value.to_string().ok().map(String::as_str)).collect()
    }

    fn numbers(&self, key: &str) -> Option<Vec<i64>> {
        self.0.get(key)?.to_vec().ok()?.iter().map(number).collect()
    }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::U8(number) => Some((*number).into()),
        Value::I8(number) => Some((*number).into()),
        Value::U16(number) => Some((*number).into()),
        Value::I16(number) => Some((*number).into()),
        Value::U32(number) => Some((*number).into()),
        Value::I32(number) => Some((*number).into()),
        Value::I64(number) => Some(*number),
        Value::U64(number) => i64::try_from(*number).ok(),
        _ => None,
    }
}
