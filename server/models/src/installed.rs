//! Installed models: the folder and the lock entry that belong to a name or a path.

use std::path::{Path, PathBuf};

use crate::catalog::{find_manifest, model_names};
use crate::embedded::EMBEDDED;
use crate::folders::models_folder;
use crate::layout::ModelFiles;
use crate::lock::{Lock, LockError};
use crate::manifest::Manifest;
use crate::verify::LockedModel;

/// A model with a manifest that is built in or that the user added.
#[derive(Debug, Clone)]
pub struct NamedModel {
    /// The manifest.
    pub manifest: Manifest,
    /// The folder for the model's files, whether or not it exists. `None` for the embedded model.
    pub folder: Option<PathBuf>,
    /// Whether the folder exists. Always `true` for the embedded model.
    pub installed: bool,
    /// Whether the model is in GGUF: the installed one, or the one that the manifest names.
    pub is_gguf: bool,
}

/// All models with a usable manifest, sorted by name, with the embedded model first.
pub fn named_models(trusted_key: Option<&str>) -> Vec<NamedModel> {
    let manifests = model_names().into_iter().filter_map(|name| find_manifest(&name, trusted_key).ok().flatten());
    let named = |manifest: Manifest| {
        let folder = installed_folder(&manifest.name).ok().filter(|_| manifest.name != EMBEDDED);
        let installed = manifest.name == EMBEDDED || folder.as_ref().is_some_and(|folder| folder.exists());
        let files = folder.as_ref().and_then(|folder| ModelFiles::at(folder).ok());
        let is_gguf = files.map_or(manifest.is_gguf(), |files| matches!(files, ModelFiles::Gguf { .. }));
        NamedModel { manifest, folder, installed, is_gguf }
    };
    manifests.map(named).collect()
}

/// The folder for the files of the model called `name`, whether or not it exists.
pub fn installed_folder(name: &str) -> Result<PathBuf, LockError> {
    match locked_model(name)? {
        Some(model) => Ok(model.folder),
        None => Ok(models_folder()?.join(name)),
    }
}

/// The model that the lock records as `name`.
pub(crate) fn locked_model(name: &str) -> Result<Option<LockedModel>, LockError> {
    let models = models_folder()?;
    let entry = Lock::read(&models)?.models.remove(name);
    Ok(entry.map(|entry| LockedModel::new(&models, name.to_owned(), entry)))
}

/// The locked model that `path`, a canonical path, leads into. Giving a path does not avoid the lock.
pub(crate) fn locked_model_at(path: &Path) -> Result<Option<LockedModel>, LockError> {
    let models = models_folder()?;
    let Ok(models) = models.canonicalize() else { return Ok(None) };
    let Ok(inside) = path.strip_prefix(&models) else { return Ok(None) };
    let mut entries = Lock::read(&models)?.models.into_iter().filter(|(_, entry)| inside.starts_with(&entry.folder));
    Ok(entries.next().map(|(name, entry)| LockedModel::new(&models, name, entry)))
}
