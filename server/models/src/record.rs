//! Pinning the files of a model that the user copied into the models folder.

use std::fs;

use crate::catalog::{CatalogError, find_manifest};
use crate::digest::FileDigest;
use crate::folders::{NoHomeError, models_folder};
use crate::layout::{LayoutError, check_layout};
use crate::lock::{LockEntry, LockError, LockedFile};
use crate::store::{Store, StoreError};

/// Why a model cannot be pinned.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The models folder is unknown.
    #[error(transparent)]
    NoHome(#[from] NoHomeError),
    /// The models folder cannot be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `models.lock` cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The model's manifest cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The folder holds no model.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// Pins the files of the model `name` as they are now, and returns its entry in the lock.
pub fn record(name: &str, trusted_key: Option<&str>) -> Result<LockEntry, RecordError> {
    let models = models_folder()?;
    let store = Store::open(&models, &|_| ())?;
    let mut lock = store.lock()?;
    let folder_name = lock.models.get(name).map_or(name, |entry| &entry.folder).to_owned();
    let folder = models.join(&folder_name);
    if let Some(manifest) = find_manifest(name, trusted_key)? {
        check_layout(&manifest, &folder)?;
    }
    let mut files = Vec::new();
    let failed = |error| StoreError::io(&folder, error);
    for child in fs::read_dir(&folder).map_err(failed)? {
        let child = child.map_err(failed)?;
        let file_name = child.file_name().to_string_lossy().into_owned();
        if !file_name.starts_with('.') && child.path().is_file() {
            files.push(LockedFile::new(file_name, FileDigest::of(&child.path()).map_err(failed)?));
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    let unchanged = lock.models.remove(name).filter(|entry| entry.files == files);
    let entry = unchanged.unwrap_or(LockEntry { folder: folder_name, source: None, revision: None, files });
    lock.models.insert(name.to_owned(), entry.clone());
    lock.write(&models)?;
    Ok(entry)
}
