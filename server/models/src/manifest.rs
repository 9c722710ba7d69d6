//! The format of model manifests, `models/<name>.toml`. A manifest tells fimble what a model's own files do not say.

use std::collections::BTreeMap;

use fimble_completion::prompt::{self, FimTemplate, TemplateError};
use serde::{Deserialize, Serialize};

/// One manifest. Only the name is required. fimble reads everything else from the model's own files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The name that users give to `--model` and to the setting `model`.
    pub name: String,
    /// One line for people.
    pub description: Option<String>,
    /// An SPDX expression, or the licence's usual name.
    pub licence: Option<String>,
    /// Set for a LoRA adapter: the name of the model that it changes.
    pub base: Option<String>,
    /// Set for a LoRA adapter: the digest of the weights that it was trained on, as [`LocatedModel::version`] computes it
    /// without an adapter. If missing, any weights of the base's name and shape will do.
    ///
    /// [`LocatedModel::version`]: crate::LocatedModel::version
    pub base_weights: Option<String>,
    /// The name of one of [`prompt::FAMILIES`]. If missing, fimble detects the family from the special tokens.
    pub family: Option<String>,
    /// A fill-in-the-middle format. It overrides the family's.
    pub fim: Option<Fim>,
    /// The most tokens of context to use. It can lower the value in the model's configuration, but not raise it.
    pub context_length: Option<usize>,
    /// Whether the prompt may contain excerpts from other files. The default is `true`.
    pub excerpts: Option<bool>,
    /// The number of weights, as the model's authors give it.
    pub parameters: Option<u64>,
    /// How to quantize unquantized weights while they load. If missing, they stay as they are.
    pub quantize: Option<Quantization>,
    /// Bytes of the file with the weights, if they are quantized in their file, as in GGUF. They stay as they are.
    pub file_size: Option<u64>,
    /// Whether fimble may recommend the model. The default is `true`.
    pub recommend: Option<bool>,
    /// Where `fimble models pull` fetches the files.
    pub source: Option<Source>,
}

/// A fill-in-the-middle format. See [`FimTemplate::parse`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fim {
    /// The prompt, with `{prefix}`, `{suffix}` and `{tail}`.
    pub template: String,
    /// The special tokens in the template.
    pub special: Vec<String>,
    /// The tokens that end a completion.
    pub stops: Vec<String>,
}

/// A quantization that mistral.rs applies while it loads weights. The names are GGML's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantization {
    /// 8.5 bits per weight.
    #[serde(rename = "q8_0")]
    Q8_0,
    /// 4.5 bits per weight.
    Q4k,
}

/// Where a model's files come from. A model in GGUF is one file, which `files` names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// A repository on the Hugging Face hub, as `owner/name`.
    pub repository: String,
    /// A branch, a tag or a commit. The default is `main`. The first pull pins the commit that it finds.
    pub revision: Option<String>,
    /// The names of the files, with `*` for any text. The default is the usual files of a model in safetensors, or of an
    /// adapter.
    pub files: Option<Vec<String>>,
    /// The SHA-256 that a file must have, by the file's name. A signed manifest vouches for the files in this way.
    #[serde(default)]
    pub sha256: BTreeMap<String, String>,
}

/// The files that mistral.rs reads from a model in Hugging Face layout.
const FILES: [&str; 6] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "model*.safetensors",
];

/// The files that mistral.rs reads from an adapter in peft's layout.
pub(crate) const ADAPTER_CONFIG: &str = "adapter_config.json";
pub(crate) const ADAPTER_WEIGHTS: &str = "adapter_model.safetensors";

/// Bytes that a running model needs in addition to its weights: fimble itself, and the budget of its KV cache (set in
/// `server/inference`).
const MEMORY_BESIDE_WEIGHTS: u64 = 512 << 20;

/// Why a text is not a manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The text is not TOML, or a field is unknown or has the wrong type.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// `family` is not one of [`prompt::FAMILIES`].
    #[error("no family is called `{0}`; there are {names}", names = family_names())]
    UnknownFamily(String),
    /// The format in `fim` cannot be used.
    #[error("`fim.template`: {0}")]
    Template(#[from] TemplateError),
}

impl Manifest {
    /// Reads a manifest and checks that its prompt format can be used.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.template()?;
        Ok(manifest)
    }

    /// Whether a file called `name` belongs to this model.
    pub(crate) fn wants(&self, name: &str) -> bool {
        match (self.source.as_ref().and_then(|source| source.files.as_ref()), &self.base) {
            (Some(patterns), _) => patterns.iter().any(|pattern| matches(pattern, name)),
            (None, Some(_)) => [ADAPTER_CONFIG, ADAPTER_WEIGHTS].contains(&name),
            (None, None) => FILES.iter().any(|pattern| matches(pattern, name)),
        }
    }

    /// The files to request from a plain web server, which cannot list its files.
    pub(crate) fn names(&self) -> Vec<String> {
        let patterns = self.source.as_ref().and_then(|source| source.files.clone()).unwrap_or_default();
        let names: Vec<String> = patterns.into_iter().filter(|name| !name.contains('*')).collect();
        let usual = || match self.base {
            Some(_) => vec![ADAPTER_CONFIG, ADAPTER_WEIGHTS],
            None => vec!["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"],
        };
        if names.is_empty() { usual().into_iter().map(str::to_owned).collect() } else { names }
    }

    /// Whether `fimble models pull` fetches a GGUF file.
    pub fn is_gguf(&self) -> bool {
        let files = self.source.as_ref().and_then(|source| source.files.as_ref());
        files.is_some_and(|files| files.iter().any(|name| name.ends_with(".gguf")))
    }

    /// Bytes of the weights in memory after quantization, or `None` if the manifest gives neither the size of their file nor
    /// their number.
    pub fn weights_in_memory(&self) -> Option<u64> {
        if self.file_size.is_some() {
            return self.file_size;
        }
        // A GGML block of q8_0 holds 32 weights and a 16-bit scale. A block of q4_k holds 256 weights in 144 bytes.
        let bits_per_thousand = match self.quantize {
            Some(Quantization::Q8_0) => 8_500,
            Some(Quantization::Q4k) => 4_500,
            None => 32_000,
        };
        Some(self.parameters? * bits_per_thousand / 8_000)
    }

    /// An estimate of the bytes that the running model needs: the weights, fimble itself and its KV cache. Weights that fimble
    /// quantizes take a tenth more, because some stay unquantized.
    pub fn memory(&self) -> Option<u64> {
        let weights = self.weights_in_memory()?;
        let weights = if self.file_size.is_some() { weights } else { weights * 11 / 10 };
        Some(weights + MEMORY_BESIDE_WEIGHTS)
    }

    /// The prompt format, or `None` if fimble has to detect it.
    pub fn template(&self) -> Result<Option<FimTemplate>, ManifestError> {
        if let Some(fim) = &self.fim {
            let special: Vec<&str> = fim.special.iter().map(String::as_str).collect();
            let stops: Vec<&str> = fim.stops.iter().map(String::as_str).collect();
            return Ok(Some(FimTemplate::parse(&fim.template, &special, &stops)?));
        }
        match &self.family {
            Some(name) => match prompt::family(name) {
                Some(family) => Ok(Some(family.template())),
                None => Err(ManifestError::UnknownFamily(name.clone())),
            },
            None => Ok(None),
        }
    }
}

/// Whether `name` matches `pattern`, in which each `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            name.char_indices().map(|(at, _)| at).chain([name.len()]).any(|at| matches(rest, &name[at..]))
        }),
    }
}

fn family_names() -> String {
    prompt::FAMILIES.iter().map(|family| family.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_names() {
        assert!(matches("model*.safetensors", "model-00001-of-00002.safetensors"));
        assert!(matches("model*.safetensors", "model.safetensors") && matches("*", "") && matches("*a*", "bab"));
        assert!(
            !matches("model*.safetensors", "consolidated.safetensors") && !matches("a", "ab") && !matches("*a", "b")
        );
    }

    #[test]
    fn memory_follows_the_quantization() {
        let model = |quantize| Manifest { parameters: Some(1_000_000_000), quantize, ..Manifest::default() };
        let gigabytes =
            [None, Some(Quantization::Q8_0), Some(Quantization::Q4k)].map(|quantize| model(quantize).memory());
        assert_eq!(gigabytes, [Some(4_936_870_912), Some(1_705_620_912), Some(1_155_620_912)]);
        assert_eq!(Manifest::default().memory(), None);
        let gguf = Manifest { file_size: Some(1_000_000_000), ..model(None) };
        assert_eq!(gguf.memory(), Some(1_536_870_912));
    }
}
