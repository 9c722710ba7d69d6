//! The two protocols for requesting a completion: llama.cpp's `/infill`
//! (<https://github.com/ggml-org/llama.cpp/tree/master/tools/server>) and OpenAI's completions API
//! (<https://platform.openai.com/docs/api-reference/completions>), which vLLM, Ollama, TGI, mistral.rs, llama.cpp and
//! llama-cpp-python also implement. This module does no I/O; it only converts to and from JSON.

use fimble_completion::prompt::{FimTemplate, FimText, Piece};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The protocol of a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// llama.cpp's `/infill`. The server knows the prompt format of its model.
    Infill,
    /// OpenAI's completions API, which vLLM, Ollama, TGI, mistral.rs, llama-cpp-python and others also implement.
    #[default]
    OpenAi,
}

/// The input of one request.
pub struct PromptRequest<'a> {
    pub text: &'a FimText,
    pub model: Option<&'a str>,
    /// The template for the prompt, for [`Api::OpenAi`] only. Without it, the request contains prefix and suffix.
    pub template: Option<&'a FimTemplate>,
    pub max_tokens: usize,
    /// Whether to ask for probabilities. Not every server supports that.
    pub probabilities: bool,
}

/// A part of an answer: one token, or several that the server sent together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnswerPart {
    pub text: String,
    /// The geometric mean of the probabilities of the tokens, from 0 to 1; `None` if the server does not report them.
    pub probability: Option<f32>,
    /// The number of tokens in the prompt, and how many of them came from the server's cache, if the server reports
    /// that.
    pub prompt: Option<usize>,
    pub reused: Option<usize>,
    /// Whether the answer ends here.
    pub is_last: bool,
}

/// Why a request cannot be written or an answer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    #[error(
        "the text contains a special token of the model's format, which the server would mistake for the token itself"
    )]
    SpecialText,
    #[error("it is not a completion")]
    NoCompletion,
    #[error("the server reports a failure")]
    Failed,
}

impl Api {
    /// The path of the endpoint below the base URL.
    pub fn path(self) -> &'static str {
        match self {
            Self::Infill => "/infill",
            Self::OpenAi => "/v1/completions",
        }
    }

    /// The JSON body of a request.
    ///
    /// Returns an error if the text spells a special token of the template.
    pub fn request(self, request: &PromptRequest<'_>) -> Result<Value, ProtocolError> {
        let PromptRequest { text, model, max_tokens, probabilities, .. } = *request;
        let mut body = match self {
            Self::Infill => {
                let extra = |excerpt: &fimble_completion::prompt::Excerpt| json!({"filename": &*excerpt.path, "text": excerpt.text});
                json!({
                    "input_extra": text.excerpts.iter().map(extra).collect::<Vec<_>>(),
                    "input_prefix": text.prefix,
                    "input_suffix": text.suffix,
                    "prompt": text.tail,
                    "n_predict": max_tokens,
                    "cache_prompt": true,
                })
            }
            Self::OpenAi => {
                let mut body = match request.template {
                    Some(template) => json!({"prompt": prompt_text(text, template)?}),
                    None => {
                        let text = text.with_excerpts_as_comments();
                        json!({"prompt": text.prefix + &text.tail, "suffix": text.suffix})
                    }
                };
                body["max_tokens"] = json!(max_tokens);
                body
            }
        };
        body["stream"] = json!(true);
        body["temperature"] = json!(0);
        if let Some(model) = model {
            body["model"] = json!(model);
        }
        if probabilities {
            let name = if self == Self::Infill { "n_probs" } else { "logprobs" };
            body[name] = json!(1);
        }
        Ok(body)
    }

    /// Parses a line of an answer. Returns `None` for a line without content.
    ///
    /// Returns an error if the line is not a completion, or if the server reports a failure.
    pub fn parse_line(self, line: &str) -> Result<Option<AnswerPart>, ProtocolError> {
        // A server that does not stream sends plain JSON.
        let data = match line.trim().strip_prefix("data:") {
            Some(data) => data.trim(),
            None if line.trim_start().starts_with('{') => line.trim(),
            None => return Ok(None),
        };
        if data == "[DONE]" {
            return Ok(Some(AnswerPart { is_last: true, ..AnswerPart::default() }));
        }
        let value: Value = serde_json::from_str(data).map_err(|_| ProtocolError::NoCompletion)?;
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(ProtocolError::Failed);
        }
        match self {
            Self::Infill => infill(&value),
            Self::OpenAi => openai(&value),
        }
        .map(Some)
    }
}

fn infill(value: &Value) -> Result<AnswerPart, ProtocolError> {
    let text = value["content"].as_str().ok_or(ProtocolError::NoCompletion)?;
    let tokens = value["completion_probabilities"].as_array();
    let probability = |token: &Value| {
        // llama.cpp reported probabilities until 2025, and reports logarithms since then.
        let of_candidates = || token["probs"][0]["prob"].as_f64().map(f64::ln);
        token["logprob"].as_f64().or_else(of_candidates)
    };
    let count = |value: &Value| value.as_u64().map(|count| count as usize);
    let evaluated = count(&value["timings"]["prompt_n"]);
    let prompt = count(&value["tokens_evaluated"]);
    Ok(AnswerPart {
        text: text.to_owned(),
        probability: tokens.and_then(|tokens| mean(tokens.iter().filter_map(probability))),
        prompt,
        reused: prompt.zip(evaluated).map(|(prompt, evaluated)| prompt.saturating_sub(evaluated)),
        is_last: value["stop"].as_bool().unwrap_or(false),
    })
}

fn openai(value: &Value) -> Result<AnswerPart, ProtocolError> {
    let count = |value: &Value| value.as_u64().map(|count| count as usize);
    let (prompt, reused) =
        (count(&value["usage"]["prompt_tokens"]), count(&value["usage"]["prompt_tokens_details"]["cached_tokens"]));
    let choices = value["choices"].as_array().ok_or(ProtocolError::NoCompletion)?;
    // The last part of a stream may only contain usage.
    let Some(choice) = choices.first() else { return Ok(AnswerPart { prompt, reused, ..AnswerPart::default() }) };
    let logprobs = &choice["logprobs"];
    // llama.cpp's server reports them in the format of chat completions.
    let of_chat = || Some(logprobs["content"].as_array()?.iter().map(|token| &token["logprob"]).collect());
    let logarithms: Option<Vec<&Value>> =
        logprobs["token_logprobs"].as_array().map(|all| all.iter().collect()).or_else(of_chat);
    Ok(AnswerPart {
        text: choice["text"].as_str().unwrap_or_default().to_owned(),
        probability: logarithms.and_then(|logarithms| mean(logarithms.into_iter().filter_map(Value::as_f64))),
        prompt,
        reused,
        is_last: choice["finish_reason"].is_string(),
    })
}

/// The geometric mean of probabilities, given their logarithms.
fn mean(logarithms: impl Iterator<Item = f64>) -> Option<f32> {
    let (sum, count) = logarithms.fold((0.0, 0u32), |(sum, count), logarithm| (sum + logarithm, count + 1));
    (count > 0).then(|| (sum / f64::from(count)).exp().clamp(0.0, 1.0) as f32)
}

/// The prompt as one string. The server recognizes special tokens by their spelling, so ordinary text must not contain
/// any.
fn prompt_text(text: &FimText, template: &FimTemplate) -> Result<String, ProtocolError> {
    let special = template.all_special_tokens();
    let spells_one = |text: &str| special.iter().any(|token| text.contains(token.trim_start_matches(WORD_START)));
    let prompt = template.fill(text);
    let mut written = String::new();
    for piece in &prompt.pieces {
        match piece {
            // SentencePiece writes a space as `▁`.
            Piece::Special(token) => match token.strip_prefix(WORD_START) {
                Some(token) => written.extend([" ", token]),
                None => written.push_str(token),
            },
            Piece::Text(text) if spells_one(text) => return Err(ProtocolError::SpecialText),
            Piece::Text(text) => written.push_str(text),
        }
    }
    if spells_one(&prompt.tail) {
        return Err(ProtocolError::SpecialText);
    }
    Ok(written + &prompt.tail)
}

const WORD_START: char = '▁';

#[cfg(test)]
mod tests {
    use super::*;
    use fimble_completion::prompt::{Excerpt, FileName, family};

    fn text() -> FimText {
        FimText {
            excerpts: [Excerpt { path: "b.py".into(), text: "def b(): ...".to_owned() }].into(),
            file: FileName { project: "p".into(), path: "a.py".into(), line_comment: Some("#") },
            prefix: "import b\n".to_owned(),
            suffix: "\nc()\n".to_owned(),
            tail: "b.".to_owned(),
        }
    }

    fn request<'a>(text: &'a FimText, template: Option<&'a FimTemplate>) -> PromptRequest<'a> {
        PromptRequest { text, model: Some("m"), template, max_tokens: 9, probabilities: true }
    }

    #[test]
    fn a_request_contains_the_code_around_the_cursor() {
        let text = text();
        let body = Api::Infill.request(&request(&text, None)).expect("the request is valid");
        assert_eq!(
            body,
            json!({"input_extra": [{"filename": "b.py", "text": "def b(): ..."}], "input_prefix": "import b\n",
                   "input_suffix": "\nc()\n", "prompt": "b.", "n_predict": 9, "cache_prompt": true, "stream": true,
                   "temperature": 0, "model": "m", "n_probs": 1})
        );
        let body = Api::OpenAi.request(&request(&text, None)).expect("the request is valid");
        assert_eq!(
            body,
            json!({"prompt": "# b.py\n# def b(): ...\nimport b\nb.", "suffix": "\nc()\n", "max_tokens": 9,
                   "stream": true, "temperature": 0, "model": "m", "logprobs": 1})
        );
        let template = family("codellama").map(|family| family.template());
        let body = Api::OpenAi.request(&request(&text, template.as_ref())).expect("the request is valid");
        let prompt = " <PRE># b.py\n# def b(): ...\nimport b\n <SUF>\nc()\n <MID>b.";
        assert_eq!(body["prompt"], prompt);
    }

    #[test]
    fn text_with_a_special_token_is_not_sent() {
        let template = family("qwen2.5-coder").map(|family| family.template());
        for spelt in ["<|fim_middle|>", "a<|file_sep|>b"] {
            for text in [
                FimText { tail: spelt.to_owned(), ..text() },
                FimText { prefix: spelt.to_owned(), ..text() },
                FimText { excerpts: [Excerpt { path: "b".into(), text: spelt.to_owned() }].into(), ..text() },
            ] {
                let refused = Api::OpenAi.request(&request(&text, template.as_ref()));
                assert_eq!(refused, Err(ProtocolError::SpecialText));
                // `/infill` does not look for special tokens in prefix and suffix.
                assert!(Api::Infill.request(&request(&text, None)).is_ok());
            }
        }
    }

    #[test]
    fn answers_of_several_servers_are_parsed() {
        let read = |api: Api, line: &str| api.parse_line(line);
        let some = |text: &str, probability, is_last| {
            Ok(Some(AnswerPart { text: text.to_owned(), probability, is_last, ..AnswerPart::default() }))
        };
        let line =
            r#"data: {"content":"a","stop":false,"completion_probabilities":[{"token":"a","logprob":-0.6931472}]}"#;
        assert_eq!(read(Api::Infill, line), some("a", Some(0.5), false));
        let line = r#"data: {"content":"a","completion_probabilities":[{"content":"a","probs":[{"tok_str":"a","prob":0.25}]}]}"#;
        assert_eq!(read(Api::Infill, line), some("a", Some(0.25), false));
        let line = r#"data: {"content":"","stop":true,"tokens_evaluated":10,"timings":{"prompt_n":3}}"#;
        let last = AnswerPart { is_last: true, prompt: Some(10), reused: Some(7), ..AnswerPart::default() };
        assert_eq!(read(Api::Infill, line), Ok(Some(last)));

        let line =
            r#"data: {"choices":[{"text":"a","logprobs":{"token_logprobs":[-0.6931472]},"finish_reason":null}]}"#;
        assert_eq!(read(Api::OpenAi, line), some("a", Some(0.5), false));
        let line = r#"data: {"choices":[{"text":"a","logprobs":{"content":[{"token":"a","logprob":-0.6931472}]}}]}"#;
        assert_eq!(read(Api::OpenAi, line), some("a", Some(0.5), false));
        let line = r#"{"choices":[{"text":"a","logprobs":null,"finish_reason":"stop"}]}"#;
        assert_eq!(read(Api::OpenAi, line), some("a", None, true));
        assert_eq!(read(Api::OpenAi, "data: [DONE]"), some("", None, true));
        let line = r#"data: {"choices":[],"usage":{"prompt_tokens":4}}"#;
        assert_eq!(read(Api::OpenAi, line), Ok(Some(AnswerPart { prompt: Some(4), ..AnswerPart::default() })));

        for api in [Api::Infill, Api::OpenAi] {
            for line in ["", ": ping", "event: message", "id: 3"] {
                assert_eq!(read(api, line), Ok(None), "{line}");
            }
            for line in ["data: {", "data: {}", "data: []", "data: 3", r#"{"object":"list"}"#] {
                assert_eq!(read(api, line), Err(ProtocolError::NoCompletion), "{line}");
            }
            let line = r#"data: {"error":{"message":"out of memory","code":500}}"#;
            assert_eq!(read(api, line), Err(ProtocolError::Failed));
        }
    }
}
