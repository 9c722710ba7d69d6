//! LoRA adapters, small changes to the weights of a base, in peft's layout. mistral.rs adds them to the weights as it loads the
//! base, and passes over in silence what it does not know, so whether an adapter fits is found out here.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use safetensors::tensor::Metadata;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::locate::{LocateError, LocatedModel, ModelFiles, find_manifest, locate_adapter, named_models};
use crate::manifest::{ADAPTER_CONFIG, ADAPTER_WEIGHTS, Manifest};
use crate::verify::Pinned;

/// An adapter whose files are on this machine.
#[derive(Debug, Clone)]
pub struct LocatedAdapter {
    pub manifest: Manifest,
    pub folder: PathBuf,
    /// What the files have to be; none for files that nobody has pinned.
    pub pinned: Option<Pinned>,
}

/// Why an adapter cannot be put on a model, with what to do.
#[derive(Debug, thiserror::Error)]
#[error("the adapter `{adapter}` cannot be put on the model `{model}`: {problem}")]
pub struct AdapterError {
    adapter: String,
    model: String,
    problem: String,
}

/// Where mistral.rs puts adapters on every matrix of the layers. In other architectures it leaves some out.
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

/// Of peft, what changes what an adapter does and mistral.rs does not read.
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

/// Longer headers than the format allows are no headers.
const LONGEST_HEADER: u64 = 100_000_000;

/// `adapter_config.json`, as far as mistral.rs reads it.
#[derive(Deserialize)]
struct Configuration {
    peft_type: String,
    base_model_name_or_path: Option<String>,
    r: usize,
    /// mistral.rs multiplies the change by this and divides it by the rank.
    #[serde(rename = "lora_alpha")]
    _alpha: f64,
    target_modules: Vec<String>,
    bias: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

type Shapes = BTreeMap<String, Vec<usize>>;

impl LocatedModel {
    /// The model with the adapter that a user calls `name_or_path`. Whether it fits is for [`Self::check_adapter`] to say.
    pub fn with_adapter(self, name_or_path: &str) -> Result<Self, LocateError> {
        Ok(Self { adapter: Some(locate_adapter(name_or_path)?), ..self })
    }

    /// Before every load, after [`Self::verify`].
    pub fn check_adapter(&self) -> Result<(), AdapterError> {
        let Some(adapter) = &self.adapter else { return Ok(()) };
        adapter.fits(self).map_err(|problem| {
            let (adapter, model) = (adapter.manifest.name.clone(), self.manifest.name.clone());
            AdapterError { adapter, model, problem }
        })
    }
}

impl LocatedAdapter {
    pub fn configuration(&self) -> PathBuf {
        self.folder.join(ADAPTER_CONFIG)
    }

    pub fn weights(&self) -> PathBuf {
        self.folder.join(ADAPTER_WEIGHTS)
    }

    /// The error says what is wrong, and what to do.
    fn fits(&self, model: &LocatedModel) -> Result<(), String> {
        let ModelFiles::Safetensors { folder } = &model.files else {
            let problem = "mistral.rs adapts models in safetensors only, and this is a .gguf file";
            return Err(format!("{problem}; set `model` to the folder of its base in safetensors"));
        };
        let text = fs::read_to_string(self.configuration());
        let text = text.map_err(|error| format!("its `{ADAPTER_CONFIG}` cannot be read ({error})"))?;
        let configuration: Configuration = serde_json::from_str(&text).map_err(|error| {
            format!("its `{ADAPTER_CONFIG}` is not one of a LoRA adapter ({error}); export it with peft")
        })?;
        self.check_base(model, configuration.base_model_name_or_path.as_deref())?;
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

    /// The digest of the weights decides where the adapter has one, else names that are both known.
    fn check_base(&self, model: &LocatedModel, peft_name: Option<&str>) -> Result<(), String> {
        let base = self.manifest.base.as_deref();
        if let Some(wanted) = self.manifest.base_weights.as_ref() {
            let found = model.weights_digest();
            return match base {
                _ if found.as_ref() == Some(wanted) => Ok(()),
                Some(base) if base != model.manifest.name => Err(other_base(base)),
                _ => Err(format!(
                    "it was trained on weights with the digest {wanted}, and these have {}; train it again on these, or set \
                     `adapter` to \"\"",
                    found.as_deref().unwrap_or("none")
                )),
            };
        }
        let is_known = |name: &str| find_manifest(name).is_ok_and(|manifest| manifest.is_some());
        let base = base.map(str::to_owned).or_else(|| known_model(peft_name?));
        match base {
            Some(base) if base != model.manifest.name && is_known(&model.manifest.name) => Err(other_base(&base)),
            _ => Ok(()),
        }
    }
}

impl Configuration {
    fn check(&self) -> Result<(), String> {
        if self.peft_type != "LORA" || self.r == 0 {
            return Err(format!(
                "it is of the kind {} and rank {}, and mistral.rs runs adapters of the kind LORA; train one",
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

    /// Every change has a matrix in the base's layers that it fits, and every matrix for which mistral.rs looks for one has it.
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
        // mistral.rs takes the names for patterns, which match anywhere in a module's name.
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
            "in the architecture {architecture} mistral.rs does not apply adapters everywhere; take a base with one of {}",
            ARCHITECTURES.join(", ")
        ));
    }
    if !config["quantization_config"].is_null() {
        let problem = "mistral.rs does not adapt weights that are quantized in their file";
        return Err(format!("{problem}; take the base as its authors trained it"));
    }
    Ok(())
}

/// Of the tensors in a file, which is found to be whole.
fn shapes(path: &Path) -> io::Result<Shapes> {
    let mut file = File::open(path)?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER {
        return Err(io::Error::other("it does not begin as such a file does"));
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

/// The model that peft calls by its place on the hub, or by the path that it was trained from.
fn known_model(peft_name: &str) -> Option<String> {
    let models = named_models().into_iter().map(|model| model.manifest);
    let mut models = models.filter(|manifest| {
        let repository = manifest.source.as_ref().map(|source| source.repository.as_str());
        manifest.base.is_none() && [Some(manifest.name.as_str()), repository].contains(&Some(peft_name))
    });
    Some(models.next()?.name)
}

fn other_base(base: &str) -> String {
    format!("it was made for the model `{base}`; set `model` to that, or `adapter` to \"\"")
}
