//! Model manifests, `models/<name>.toml`: what fimble must know of a model that its files do not say.

use fimble_completion::prompt::{self, FimTemplate, TemplateError};
use serde::Deserialize;

/// One manifest. Every field but the name may be missing: the rest is then read off the model's own files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub name: String,
    pub description: Option<String>,
    /// SPDX expression, or the licence's usual name.
    pub licence: Option<String>,
    /// A row of [`prompt::FAMILIES`].
    pub family: Option<String>,
    /// Overrides the family's format.
    pub fim: Option<Fim>,
    /// Tokens. Lowers what the model's configuration says; it cannot raise it.
    pub context_length: Option<usize>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
    pub revision: Option<String>,
}

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

fn family_names() -> String {
    prompt::FAMILIES.iter().map(|family| family.name).collect::<Vec<_>>().join(", ")
}
