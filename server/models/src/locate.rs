//! The way from a model's name or path to its files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::catalog::{CatalogError, find_manifest, manifest_beside, model_names};
use crate::embedded::{self, EMBEDDED};
use crate::folders::{NoHomeError, cache_folder, models_folder};
use crate::installed::{locked_model, locked_model_at};
use crate::layout::{LayoutError, ModelFiles, check_adapter_files};
use crate::lock::LockError;
use crate::manifest::{ADAPTER_CONFIG, ADAPTER_WEIGHTS, Manifest};
use crate::verify::{DamagedModel, LockedModel};

/// A model whose files are on this machine.
#[derive(Debug, Clone)]
pub struct LocatedModel {
    /// The manifest with the model's name, or the one beside its files.
    pub manifest: Manifest,
    /// The files to load.
    pub files: ModelFiles,
    /// What the lock says about the files. `None` for the embedded model, which is verified when it is unpacked, and
    /// for files that are not pinned.
    pub locked: Option<LockedModel>,
    /// The adapter on the model. See [`LocatedModel::with_adapter`].
    pub adapter: Option<LocatedAdapter>,
}

/// A LoRA adapter whose files are on this machine.
#[derive(Debug, Clone)]
pub struct LocatedAdapter {
    /// The manifest with the adapter's name, or the one beside its files.
    pub manifest: Manifest,
    /// The folder that holds the adapter's files.
    pub folder: PathBuf,
    /// What the lock says about the files. `None` for files that are not pinned.
    pub locked: Option<LockedModel>,
    /// The name of the model that the adapter changes: `base` in its manifest, or else the model that peft recorded, if
    /// fimble knows that model.
    pub(crate) base: Option<String>,
}

/// Why a model or an adapter cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// The embedded model cannot be unpacked.
    #[error(transparent)]
    Embedded(#[from] embedded::UnpackError),
    /// The folders of models and caches are unknown.
    #[error(transparent)]
    NoHome(#[from] NoHomeError),
    /// No model has the name, and no file or folder has the path.
    #[error(
        "no model is called `{name}` and there is no such path; the names are {names}, or give the path of a folder or \
         a .gguf file"
    )]
    Unknown {
        /// The name that the user gave.
        name: String,
        /// The names of all models.
        names: String,
    },
    /// No adapter has the name, and no folder has the path.
    #[error("no adapter is called `{name}` and there is no such folder; {}", adapters(names))]
    UnknownAdapter {
        /// The name that the user gave.
        name: String,
        /// The names of all adapters.
        names: String,
    },
    /// An adapter was named as a model.
    #[error(
        "`{name}` is an adapter of the model `{base}`; set `adapter` to it, or use --adapter, and set `model` to \
         `{base}`"
    )]
    IsAdapter {
        /// The adapter's name.
        name: String,
        /// The name of the model that it changes.
        base: String,
    },
    /// A model was named as an adapter.
    #[error("`{name}` is a model, not an adapter; set `model` to it, or use --model")]
    IsModel {
        /// The model's name or path.
        name: String,
    },
    /// The name is known, but the files are missing.
    #[error(
        "the model `{name}` is not on this machine; `fimble models pull {name}` fetches it, or put its files into `{}` \
         ({wanted})", folder.display()
    )]
    NotInstalled {
        /// The model's name.
        name: String,
        /// The folder for its files.
        folder: PathBuf,
        /// The files to put there.
        wanted: String,
    },
    /// Files are missing, and the lock says which.
    #[error(transparent)]
    Damaged(DamagedModel),
    /// `models.lock` cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The manifest cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The path is not a model or an adapter.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The path exists, but cannot be opened.
    #[error("cannot open `{}`: {error}", path.display())]
    Open {
        /// The path that the user gave.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

/// Finds the model that the user calls `name_or_path`; `None` is the embedded model. This does not check the files,
/// because that can take a while: call [`LocatedModel::verify`] before you load them.
pub fn locate(name_or_path: Option<&str>, trusted_key: Option<&str>) -> Result<LocatedModel, LocateError> {
    let name = name_or_path.unwrap_or(EMBEDDED);
    if name == EMBEDDED {
        let manifest = find_manifest(EMBEDDED, None)?.expect("the embedded model's manifest is in the binary");
        let folder = embedded::unpack(&cache_folder()?)?;
        return Ok(LocatedModel { manifest, files: ModelFiles::at(&folder)?, locked: None, adapter: None });
    }
    let Found { manifest, path, locked } = find(name, Kind::Model, trusted_key)?;
    Ok(LocatedModel { files: explained(ModelFiles::at(&path), locked.as_ref())?, manifest, locked, adapter: None })
}

impl LocatedModel {
    /// Whether this is the model in the binary.
    pub fn is_embedded(&self) -> bool {
        embedded::version_in(self.files.folder()).is_some()
    }

    /// Puts the adapter that the user calls `name_or_path` on the model. This does not check whether the adapter fits:
    /// call [`LocatedModel::check_adapter`] before you load it.
    pub fn with_adapter(self, name_or_path: &str, trusted_key: Option<&str>) -> Result<Self, LocateError> {
        Ok(Self { adapter: Some(locate_adapter(name_or_path, trusted_key)?), ..self })
    }

    /// The model's name, followed by the adapter's.
    pub fn name(&self) -> String {
        let name = &self.manifest.name;
        self.adapter.as_ref().map_or_else(|| name.clone(), |adapter| format!("{name} + {}", adapter.manifest.name))
    }

    /// Checks the model and its adapter against `models.lock`. Call this before every load.
    pub fn verify(&self) -> Result<(), DamagedModel> {
        let adapter = self.adapter.as_ref().and_then(|adapter| adapter.locked.as_ref());
        self.locked.iter().chain(adapter).try_for_each(LockedModel::verify)
    }
}

impl LocatedAdapter {
    /// The file with peft's description of the adapter.
    pub fn configuration(&self) -> PathBuf {
        self.folder.join(ADAPTER_CONFIG)
    }

    /// The file with the adapter's weights.
    pub fn weights(&self) -> PathBuf {
        self.folder.join(ADAPTER_WEIGHTS)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Adapter,
}

impl Kind {
    fn of(manifest: &Manifest) -> Self {
        if manifest.base.is_some() { Self::Adapter } else { Self::Model }
    }

    /// The error for a name that nothing has.
    fn unknown(self, name: &str, trusted_key: Option<&str>) -> LocateError {
        let names: Vec<String> = manifests_of(self, trusted_key).map(|manifest| manifest.name).collect();
        let (name, names) = (name.to_owned(), names.join(", "));
        match self {
            Self::Model => LocateError::Unknown { name, names },
            Self::Adapter => LocateError::UnknownAdapter { name, names },
        }
    }
}

/// What [`find`] finds.
struct Found {
    manifest: Manifest,
    path: PathBuf,
    locked: Option<LockedModel>,
}

/// Finds the model or adapter by its name, or else by its path.
fn find(name: &str, kind: Kind, trusted_key: Option<&str>) -> Result<Found, LocateError> {
    if let Some(manifest) = find_manifest(name, trusted_key)? {
        if Kind::of(&manifest) != kind {
            let name = manifest.name;
            return Err(match manifest.base {
                Some(base) => LocateError::IsAdapter { name, base },
                None => LocateError::IsModel { name },
            });
        }
        let (models, locked) = (models_folder()?, locked_model(name)?);
        let path = locked.as_ref().map_or_else(|| models.join(name), |model| model.folder.clone());
        return match path.exists() {
            true => Ok(Found { manifest, path, locked }),
            false => Err(not_installed(manifest, path)),
        };
    }
    let path = Path::new(name);
    if !path.exists() {
        return Err(kind.unknown(name, trusted_key));
    }
    let path = path.canonicalize().map_err(|error| LocateError::Open { path: path.to_owned(), error })?;
    Ok(Found { manifest: manifest_beside(&path)?, locked: locked_model_at(&path)?, path })
}

fn locate_adapter(name_or_path: &str, trusted_key: Option<&str>) -> Result<LocatedAdapter, LocateError> {
    let Found { manifest, path: folder, locked } = find(name_or_path, Kind::Adapter, trusted_key)?;
    if !folder.join(ADAPTER_CONFIG).exists() && ModelFiles::at(&folder).is_ok() {
        return Err(LocateError::IsModel { name: name_or_path.to_owned() });
    }
    explained(check_adapter_files(&folder), locked.as_ref())?;
    let base = manifest.base.clone().or_else(|| base_by_peft(&folder, trusted_key));
    Ok(LocatedAdapter { manifest, folder, locked, base })
}

/// The model that peft recorded as the adapter's base, if fimble knows it. peft records the repository on the hub, or
/// the path that it trained from.
fn base_by_peft(folder: &Path, trusted_key: Option<&str>) -> Option<String> {
    let configuration: Value = serde_json::from_slice(&fs::read(folder.join(ADAPTER_CONFIG)).ok()?).ok()?;
    let recorded = configuration["base_model_name_or_path"].as_str()?;
    let is_recorded = |manifest: &Manifest| {
        let repository = manifest.source.as_ref().map(|source| source.repository.as_str());
        [Some(manifest.name.as_str()), repository].contains(&Some(recorded))
    };
    Some(manifests_of(Kind::Model, trusted_key).find(is_recorded)?.name)
}

fn manifests_of(kind: Kind, trusted_key: Option<&str>) -> impl Iterator<Item = Manifest> {
    let manifests = model_names().into_iter().filter_map(move |name| find_manifest(&name, trusted_key).ok().flatten());
    manifests.filter(move |manifest| Kind::of(manifest) == kind)
}

/// The lock knows more about missing files than the layout does, so its error takes precedence.
fn explained<T>(layout: Result<T, LayoutError>, locked: Option<&LockedModel>) -> Result<T, LocateError> {
    layout.map_err(|error| {
        locked.and_then(|model| model.verify().err()).map_or(LocateError::Layout(error), LocateError::Damaged)
    })
}

fn not_installed(manifest: Manifest, folder: PathBuf) -> LocateError {
    let wanted = match &manifest.source {
        Some(source) => {
            let files = source.files.as_ref().map_or("the files".to_owned(), |files| files.join(", "));
            format!("{files} of {} on the Hugging Face hub", source.repository)
        }
        None if manifest.base.is_some() => format!("{ADAPTER_CONFIG} and {ADAPTER_WEIGHTS}"),
        None => "a .gguf file, or config.json, tokenizer.json and .safetensors".to_owned(),
    };
    LocateError::NotInstalled { name: manifest.name, folder, wanted }
}

fn adapters(names: &str) -> String {
    match names {
        "" => "give the path of a folder in peft's layout, or `fimble models add` it".to_owned(),
        names => format!("the names are {names}, or give the path of a folder in peft's layout"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::MANIFEST_FILE;

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| locate(path.to_str(), None).unwrap_err().to_string();

        assert!(message(folder.path()).contains("neither .safetensors nor .gguf"));
        fs::write(folder.path().join("model.safetensors"), b"").unwrap();
        assert!(message(folder.path()).contains("no `config.json`"));
        fs::write(folder.path().join("config.json"), b"{}").unwrap();
        assert!(message(folder.path()).contains("no `tokenizer.json`"));
        assert!(message(&folder.path().join("config.json")).contains("neither a folder nor"));
        assert!(message(Path::new("no-such-model")).contains("the names are embedded, "));
    }

    #[test]
    fn a_manifest_beside_the_weights_counts() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("model.gguf"), b"").unwrap();
        fs::write(folder.path().join(MANIFEST_FILE), "name = \"mine\"\nfamily = \"starcoder\"\n").unwrap();
        let located = locate(folder.path().to_str(), None).unwrap();
        assert_eq!(located.manifest.name, "mine");
        assert!(matches!(located.files, ModelFiles::Gguf { .. }));

        fs::write(folder.path().join(MANIFEST_FILE), "name = \"mine\"\nfamily = \"starcraft\"\n").unwrap();
        let error = locate(folder.path().to_str(), None).unwrap_err();
        assert!(error.to_string().contains("no family is called `starcraft`"));
    }
}
