//! Loads a model with a LoRA adapter. mistral.rs merges the adapter into the weights before it quantizes them, so an
//! adapter costs nothing at inference. mistral.rs's model builder would ask the network for the adapter's files even if
//! they are local, so this module passes their paths to the loader below the builder.

use std::fs;
use std::path::{Path, PathBuf};

use fimble_models::LocatedAdapter;
use mistralrs::core::{
    AdapterPaths, DefaultSchedulerMethod, LocalModelPaths, LoraAdapterPaths, ModelPaths, NormalLoaderBuilder,
    NormalSpecificConfig,
};
use mistralrs::{AutoDeviceMapParams, DeviceMapSetting, IsqType, ModelDType, SchedulerConfig, best_device};

use super::backend::LoadedPipeline;

/// Loads `weights` and the other files in `base`. Check beforehand that the adapter fits the model: mistral.rs ignores
/// tensors that do not fit.
pub(super) fn build(
    base: &Path,
    weights: Vec<PathBuf>,
    adapter: &LocatedAdapter,
    dtype: ModelDType,
    quantization: Option<IsqType>,
) -> anyhow::Result<(LoadedPipeline, SchedulerConfig)> {
    let loader = NormalLoaderBuilder::new(
        NormalSpecificConfig::default(),
        None,
        None,
        Some(base.display().to_string()),
        false,
        None,
    );
    let pipeline = loader.with_lora(Vec::new()).build(None)?.load_model_from_path(
        &paths(base, weights, adapter)?,
        &dtype,
        &best_device(false)?,
        true,
        DeviceMapSetting::Auto(AutoDeviceMapParams::default_text()),
        quantization,
        None,
    )?;
    // The same scheduler that mistral.rs's builders choose for a model without an adapter.
    let scheduler = SchedulerConfig::DefaultScheduler { method: DefaultSchedulerMethod::Fixed(32.try_into()?) };
    Ok((pipeline, scheduler))
}

fn paths(base: &Path, weights: Vec<PathBuf>, adapter: &LocatedAdapter) -> anyhow::Result<Box<dyn ModelPaths>> {
    let optional = |name: &str| Some(base.join(name)).filter(|path| path.is_file());
    let lora = LoraAdapterPaths {
        lora_config: serde_json::from_slice(&fs::read(adapter.configuration())?)?,
        adapter_path: adapter.weights(),
    };
    Ok(Box::new(LocalModelPaths {
        tokenizer_filename: base.join("tokenizer.json"),
        config_filename: base.join("config.json"),
        template_filename: optional("tokenizer_config.json"),
        filenames: weights,
        adapter_paths: AdapterPaths::Lora(vec![lora]),
        gen_conf: optional("generation_config.json"),
        preprocessor_config: None,
        processor_config: None,
        chat_template_json_filename: None,
    }))
}
