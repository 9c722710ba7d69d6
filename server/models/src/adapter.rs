//! The check whether a LoRA adapter fits its base. An adapter holds small changes to a model's weights, in peft's
//! layout. mistral.rs adds the changes to the weights while it loads the base. It silently ignores what it does not know, so this
//! module refuses those adapters.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use safetensors::tensor::Metadata;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::model_names;
use crate::layout::ModelFiles;
use crate::locate::{LocatedAdapter, LocatedModel};
use crate::manifest::{ADAPTER_CONFIG, ADAPTER_WEIGHTS};

/// Why an adapter cannot be put on a model, with the next step.
#[derive(Debug, thiserror::Error)]
#[error("the adapter `{adapter}` cannot be put on the model `{model}`: {problem}")]
pub struct AdapterError {
    adapter: String,
    model: String,
    problem: String,
}

/// The architectures in which mistral.rs applies adapters to every matrix of the layers. In others it leaves some out.
const ARCHITECTURES: [&str; 9] = [
    "LlamaForCausalLM",
    "MistralForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen3ForCausalLM",
    "SmolLM3ForCausalLM",
    "Starcoder2ForCausalLM",
    "GemmaForCausalLM",
    "Gemma2ForCausalLM",
    "PhiForCausalLM",
];

/// peft's options that change what an adapter does, but that mistral.rs does not read.
const NOT_APPLIED: [&str; 15] = [
    "use_rslora",
    "use_dora",
    "use_qalora",
    "use_bdlora",
    "kasa_config",
    "monteclora_config",
    "alora_invocation_tokens",
    "rank_pattern",
    "alpha_pattern",
    "modules_to_save",
    "layer_replication",
    "trainable_token_indices",
    "target_parameters",
    "lora_bias",
    "fan_in_fan_out",
];

/// The most bytes that the safetensors format allows for a header.
const LONGEST_HEADER: u64 = 100_000_000;

/// The fields of `adapter_config.json` that mistral.rs reads, and all others.
#[derive(Deserialize)]
struct Configuration {
    peft_type: String,
    base_model_name_or_path: Option<String>,
    /// The rank.
    r: usize,
    /// mistral.rs multiplies the change by this and divides it by the rank.
    #[serde(rename = "lora_alpha")]
    _alpha: f64,
    target_modules: Vec<String>,
    bias: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The shape of each tensor, by its name.
type Shapes = BTreeMap<String, Vec<usize>>;

impl LocatedModel {
    /// Checks that the adapter, if there is one, fits the model. Call this before every load, after [`Self::verify`].
    pub fn check_adapter(&self) -> Result<(), AdapterError> {
        let Some(adapter) = &self.adapter else { return Ok(()) };
        adapter.fits(self).map_err(|problem| {
            let (adapter, model) = (adapter.manifest.name.clone(), self.manifest.name.clone());
            AdapterError { adapter, model, problem }
        })
    }
}

impl LocatedAdapter {
    /// Returns what is wrong and the next step, as the end of a sentence.
    fn fits(&self, model: &LocatedModel) -> Result<(), String> {
        let ModelFiles::Safetensors { folder } = &model.files else {
            let problem = "mistral.rs adapts models in safetensors only, and this is a .gguf file";
            return Err(format!("{problem}; set `model` to the folder of its base in safetensors"));
        };
        let text = fs::read_to_string(self.configuration());
        let text = text.map_err(|error| format!("its `{ADAPTER_CONFIG}` cannot be read ({error})"))?;
        let configuration: Configuration = serde_json::from_str(&text).map_err(|error| {
            format!("its `{ADAPTER_CONFIG}` does not describe a LoRA adapter ({error}); export it with peft")
        })?;
        self.check_base(model)?;
        configuration.check()?;
        check_architecture(folder)?;
        let failed = |error| format!("the model's weights cannot be read ({error})");
        let mut base = Shapes::new();
        for file in model.files.weights().map_err(failed)? {
            base.extend(shapes(&file).map_err(failed)?);
        }
        let adapter = shapes(&self.weights())
            .map_err(|error| format!("its `{ADAPTER_WEIGHTS}` is damaged or cut off ({error}); copy it again"))?;
        configuration.check_shapes(&base, adapter, &model.manifest.name)
    }

    /// Checks that the adapter was made for `model`: by the digest of the weights if the adapter records one, or else by
    /// name. A name that fimble does not know proves nothing, since anybody may copy a model to another folder.
    fn check_base(&self, model: &LocatedModel) -> Result<(), String> {
        let (base, name) = (self.base.as_deref(), &model.manifest.name);
        let other_base =
            |base: &str| Err(format!("it was made for the model `{base}`; set `model` to that, or `adapter` to \"\""));
        if let Some(wanted) = self.manifest.base_weights.as_ref() {
            let found = model.weights_digest();
            return match base {
                _ if found.as_ref() == Some(wanted) => Ok(()),
                Some(base) if base != name => other_base(base),
                _ => Err(format!(
                    "it was trained on weights with the digest {wanted}, and these have {}; train it again on these, or set \
                     `adapter` to \"\"",
                    found.as_deref().unwrap_or("none")
                )),
            };
        }
        match base {
            Some(base) if base != name && model_names().contains(name) => other_base(base),
            _ => Ok(()),
        }
    }
}

impl Configuration {
    /// Checks that mistral.rs applies every option.
    fn check(&self) -> Result<(), String> {
        if self.peft_type != "LORA" || self.r == 0 {
            return Err(format!(
                "it is of the kind {} and rank {}, but mistral.rs runs only adapters of the kind LORA; train one of those",
                self.peft_type, self.r
            ));
        }
        let says_nothing = |value: &Value| match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(object) => object.is_empty(),
            _ => false,
        };
        let not_applied =
            NOT_APPLIED.into_iter().find(|name| self.others.get(*name).is_some_and(|it| !says_nothing(it)));
        let bias = self.bias.as_deref().is_some_and(|bias| bias != "none").then_some("bias");
        match not_applied.or(bias) {
            Some(name) => {
                Err(format!("it was trained with `{name}`, which mistral.rs does not apply; train it without"))
            }
            None => Ok(()),
        }
    }

    /// Checks that every change fits a matrix in the layers of `base`, and that there is a change for every matrix that
    /// mistral.rs will want to change.
    fn check_shapes(&self, base: &Shapes, mut adapter: Shapes, model: &str) -> Result<(), String> {
        let wrong_base = |problem: String| match self.base_model_name_or_path.as_deref() {
            Some(base) if base != model => {
                format!("{problem}; it is for {base}: set `model` to that, or `adapter` to \"\"")
            }
            _ => format!("{problem}; train it again on this model, or set `adapter` to \"\""),
        };
        let matrices = base.iter().filter_map(|(name, shape)| match (name.strip_suffix(".weight"), &shape[..]) {
            (Some(module), &[rows, columns]) if module.contains("layers.") => Some((module, rows, columns)),
            _ => None,
        });
        // mistral.rs treats the target modules as patterns that match anywhere in a module's name.
        for (module, rows, columns) in
            matrices.filter(|(module, ..)| self.target_modules.iter().any(|it| module.contains(it)))
        {
            for (part, wanted) in [("lora_A", [self.r, columns]), ("lora_B", [rows, self.r])] {
                let name = format!("{module}.{part}.weight");
                let found = adapter.remove(&format!("base_model.model.{name}")).or_else(|| adapter.remove(&name));
                match found {
                    Some(found) if found == wanted => (),
                    Some(found) if found.contains(&self.r) => {
                        return Err(wrong_base(format!("`{name}` is of the shape {found:?} instead of {wanted:?}")));
                    }
                    Some(found) => {
                        return Err(format!(
                            "its `{ADAPTER_CONFIG}` says rank {}, and `{name}` is of the shape {found:?}; export it again",
                            self.r
                        ));
                    }
                    None => return Err(wrong_base(format!("it has no `{name}`"))),
                }
            }
        }
        match adapter.into_keys().next() {
            Some(name) => Err(wrong_base(format!("the model has no matrix in its layers that `{name}` could change"))),
            None => Ok(()),
        }
    }
}

fn check_architecture(folder: &Path) -> Result<(), String> {
    let text = fs::read(folder.join("config.json")).unwrap_or_default();
    let config: Value = serde_json::from_slice(&text).unwrap_or_default();
    let architecture = config["architectures"][0].as_str().unwrap_or("unknown");
    if !ARCHITECTURES.contains(&architecture) {
        return Err(format!(
            "mistral.rs does not apply every change in the architecture {architecture}; use a base with one of {}",
            ARCHITECTURES.join(", ")
        ));
    }
    if !config["quantization_config"].is_null() {
        let problem = "mistral.rs does not adapt weights that are quantized in their file";
        return Err(format!("{problem}; use the base with unquantized weights"));
    }
    Ok(())
}

/// Reads the shapes of the tensors in the safetensors file at `path`, and checks that the file is complete.
fn shapes(path: &Path) -> io::Result<Shapes> {
    let mut file = File::open(path)?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER {
        return Err(io::Error::other("it does not start like a safetensors file"));
    }
    let mut header = Vec::new();
    (&mut file).take(length).read_to_end(&mut header)?;
    let metadata: Metadata = serde_json::from_slice(&header)?;
    let (wanted, found) = (8 + length + metadata.data_len() as u64, file.metadata()?.len());
    if wanted != found {
        return Err(io::Error::other(format!("{found} bytes instead of {wanted}")));
    }
    Ok(metadata.tensors().into_iter().map(|(name, tensor)| (name, tensor.shape.clone())).collect())
}
