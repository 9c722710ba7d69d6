//! A model with a LoRA adapter, which mistral.rs adds to the weights before it quantizes them: it costs nothing afterwards.
//! Its own builder would ask the network for an adapter's files wherever they lie, so its loader is told the paths.

use std::fs;
use std::path::{Path, PathBuf};

use fimble_models::LocatedAdapter;
use mistralrs::core::{
    AdapterPaths, DefaultSchedulerMethod, LocalModelPaths, LoraAdapterPaths, ModelPaths, NormalLoaderBuilder,
    NormalSpecificConfig,
};
use mistralrs::{AutoDeviceMapParams, DeviceMapSetting, IsqType, ModelDType, SchedulerConfig, best_device};

use crate::mistralrs_backend::LoadedPipeline;

/// The model with its weights and the other files in `base`. The adapter has to fit: mistral.rs passes over what does not.
pub(crate) fn build(
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
    // As for a model without an adapter.
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
