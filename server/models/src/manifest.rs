//! Model manifests, `models/<name>.toml`: what fimble must know of a model that its files do not say.

use std::collections::BTreeMap;

use fimble_completion::prompt::{self, FimTemplate, TemplateError};
use serde::{Deserialize, Serialize};

/// One manifest. Every field but the name may be missing: the rest is then read off the model's own files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: String,
    pub description: Option<String>,
    /// SPDX expression, or the licence's usual name.
    pub licence: Option<String>,
    /// It is a LoRA adapter of the model with this name.
    pub base: Option<String>,
    /// The weights that the adapter was trained on, by their digest. Missing: any of the base's name and shape.
    pub base_weights: Option<String>,
    /// A row of [`prompt::FAMILIES`].
    pub family: Option<String>,
    /// Overrides the family's format.
    pub fim: Option<Fim>,
    /// Tokens. Lowers what the model's configuration says; it cannot raise it.
    pub context_length: Option<usize>,
    /// Whether it makes use of excerpts from other files. Missing: it does.
    pub excerpts: Option<bool>,
    /// How many weights the model has, by its authors.
    pub parameters: Option<u64>,
    /// How unquantized weights are quantized as they are loaded. Missing: not at all.
    pub quantize: Option<Quantization>,
    /// Where the files come from, for whoever fetches them.
    pub source: Option<Source>,
}

/// See [`FimTemplate::parse`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fim {
    pub template: String,
    pub special: Vec<String>,
    pub stops: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quantization {
    #[serde(rename = "q8_0")]
    Q8_0,
    Q4k,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// On the Hugging Face hub, `owner/name`.
    pub repository: String,
    /// A branch, a tag or a commit; `main` if missing. The first pull pins the commit it finds.
    pub revision: Option<String>,
    /// Names, with `*` for anything; those of a model in safetensors, or of an adapter, if missing.
    pub files: Option<Vec<String>>,
    /// The contents a file has to have, for whoever distributes a manifest with a signature.
    #[serde(default)]
    pub sha256: BTreeMap<String, String>,
}

/// What mistral.rs reads of a model in Hugging Face layout.
const FILES: [&str; 6] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "model*.safetensors",
];

/// What mistral.rs reads of an adapter in peft's layout.
pub(crate) const ADAPTER_CONFIG: &str = "adapter_config.json";
pub(crate) const ADAPTER_WEIGHTS: &str = "adapter_model.safetensors";

/// Beside the weights: fimble itself and its budget for the KV cache (`inference/cache.rs`), in bytes.
const MEMORY_BESIDE_WEIGHTS: u64 = 512 << 20;

#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    #[error("no family is called `{0}`; there are {names}", names = family_names())]
    UnknownFamily(String),
    #[error("`fim.template`: {0}")]
    Template(#[from] TemplateError),
}

impl Manifest {
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.template()?;
        Ok(manifest)
    }

    /// Whether the file `name`, wherever it lies, is one of this model.
    pub(crate) fn wants(&self, name: &str) -> bool {
        match (self.source.as_ref().and_then(|source| source.files.as_ref()), &self.base) {
            (Some(patterns), _) => patterns.iter().any(|pattern| matches(pattern, name)),
            (None, Some(_)) => [ADAPTER_CONFIG, ADAPTER_WEIGHTS].contains(&name),
            (None, None) => FILES.iter().any(|pattern| matches(pattern, name)),
        }
    }

    /// What to ask a web server for, which lists nothing.
    pub(crate) fn names(&self) -> Vec<String> {
        let patterns = self.source.as_ref().and_then(|source| source.files.clone()).unwrap_or_default();
        let names: Vec<String> = patterns.into_iter().filter(|name| !name.contains('*')).collect();
        let usual = || match self.base {
            Some(_) => vec![ADAPTER_CONFIG, ADAPTER_WEIGHTS],
            None => vec!["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"],
        };
        if names.is_empty() { usual().into_iter().map(str::to_owned).collect() } else { names }
    }

    /// Bytes, as they are quantized.
    pub fn weights_in_memory(&self) -> Option<u64> {
        // GGML's blocks: 32 weights and a scale of 16 bits; 256 weights, their scales and minimums in 144 bytes.
        let bits_per_thousand = match self.quantize {
            Some(Quantization::Q8_0) => 8_500,
            Some(Quantization::Q4k) => 4_500,
            None => 32_000,
        };
        Some(self.parameters? * bits_per_thousand / 8_000)
    }

    /// Bytes that a running model takes, estimated: the weights, a tenth for those that are not quantized, fimble itself
    /// and the budget of the KV cache.
    pub fn memory(&self) -> Option<u64> {
        Some(self.weights_in_memory()? * 11 / 10 + MEMORY_BESIDE_WEIGHTS)
    }

    /// `None` where the manifest leaves it to detection.
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

/// `*` stands for anything.
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
    }
}
