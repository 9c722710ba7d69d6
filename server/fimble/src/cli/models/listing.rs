//! The models as `fimble models list` and `show` print them.

use std::path::PathBuf;

use fimble_inference::LLAMA_CPP;
use fimble_models::{EMBEDDED, Lock, Machine, NamedModel, Processor, models_folder, named_models};
use serde::Serialize;

use super::Configuration;

#[derive(Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    description: Option<String>,
    /// The model that an adapter is for.
    base: Option<String>,
    licence: Option<String>,
    parameters: Option<u64>,
    quantize: Option<fimble_models::Quantization>,
    context_length: Option<usize>,
    /// In bytes, estimated.
    memory: Option<u64>,
    /// What would run the model. `None` for an adapter, and if the setting `engine` names one that cannot.
    engine: Option<&'static str>,
    repository: Option<String>,
    /// The pinned commit, or the one that the manifest names.
    revision: Option<String>,
    installed: bool,
    pinned: bool,
    in_use: bool,
    recommended: bool,
    folder: Option<PathBuf>,
}

impl Configuration {
    pub(super) fn rows(&self) -> anyhow::Result<Vec<Row>> {
        let models = named_models(self.trusted_key());
        let lock = Lock::read(&models_folder()?)?;
        let machine = self.machine();
        let recommended = fimble_models::recommended(&machine, models.iter().map(|model| &model.manifest));
        let recommended = recommended.map_or_else(|| EMBEDDED.to_owned(), |manifest| manifest.name.clone());
        let row = |NamedModel { manifest, folder, installed, is_gguf }: NamedModel| {
            let entry = lock.models.get(&manifest.name);
            let memory = manifest.memory();
            let named = manifest.source.as_ref().and_then(|source| source.revision.clone());
            Row {
                installed,
                pinned: entry.is_some(),
                in_use: self.is_in_use(&manifest.name),
                recommended: manifest.name == recommended,
                revision: entry.and_then(|entry| entry.revision.clone()).or(named),
                folder,
                memory,
                engine: self
                    .settings
                    .engine
                    .library(is_gguf || manifest.name == EMBEDDED)
                    .filter(|_| manifest.base.is_none()),
                repository: manifest.source.map(|source| source.repository),
                name: manifest.name,
                description: manifest.description,
                base: manifest.base,
                licence: manifest.licence,
                parameters: manifest.parameters,
                quantize: manifest.quantize,
                context_length: manifest.context_length,
            }
        };
        Ok(models.into_iter().map(row).collect())
    }

    /// This machine with the engines that the settings allow.
    fn machine(&self) -> Machine {
        let processor = |gpu| if gpu { Processor::Gpu } else { Processor::Cpu };
        let llama_cpp = processor(cfg!(any(feature = "llama-cuda", feature = "llama-metal", feature = "llama-vulkan")));
        let runs_llama_cpp = self.settings.engine.library(true) == Some(LLAMA_CPP);
        Machine::this(processor(cfg!(any(feature = "cuda", feature = "metal"))), runs_llama_cpp.then_some(llama_cpp))
    }
}

pub(super) fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let mut text = format!("  {:<width$}  {:>8}  {:<20}  state\n", "name", "memory", "licence");
    for row in rows {
        let states = [
            (row.in_use, "in use"),
            (row.installed && row.pinned, "installed"),
            (row.installed && !row.pinned && row.name != EMBEDDED, "installed, not pinned"),
            (row.recommended, "recommended for this machine"),
        ];
        let states = states.iter().filter(|(holds, _)| *holds).map(|(_, state)| (*state).to_owned());
        let base = row.base.as_ref().map(|base| format!("adapter of {base}"));
        let states: Vec<String> = base.into_iter().chain(states).collect();
        let line = format!(
            "{} {:<width$}  {:>8}  {:<20}  {}",
            if row.in_use { "*" } else { " " },
            row.name,
            row.memory.map_or("-".to_owned(), size),
            row.licence.as_deref().unwrap_or("-"),
            states.join(", "),
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

pub(super) fn description(row: &Row) -> String {
    let weights = row.parameters.map(|parameters| format!("{:.1} billion weights", parameters as f64 / 1e9));
    let fields = [
        ("name", Some(row.name.clone())),
        ("description", row.description.clone()),
        ("adapter of", row.base.clone()),
        ("licence", row.licence.clone()),
        ("size", weights),
        ("memory", row.memory.map(|memory| format!("{} (estimated)", size(memory)))),
        ("engine", row.engine.map(str::to_owned)),
        ("context", row.context_length.map(|tokens| format!("{tokens} tokens"))),
        ("repository", row.repository.clone()),
        ("revision", row.revision.clone()),
        ("folder", row.folder.as_ref().map(|folder| folder.display().to_string())),
        ("installed", Some(if row.installed { "yes" } else { "no" }.to_owned())),
        ("pinned", Some(if row.pinned { "yes" } else { "no" }.to_owned())),
        ("recommended", Some(if row.recommended { "yes" } else { "no" }.to_owned())),
    ];
    fields.into_iter().filter_map(|(name, value)| Some(format!("{name:<12} {}\n", value?))).collect()
}

pub(super) fn size(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}
