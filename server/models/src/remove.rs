//! Removing an installed model.

use std::fs;
use std::path::PathBuf;

use crate::folders::{NoHomeError, models_folder};
use crate::lock::LockError;
use crate::store::{Store, StoreError};

/// Why a model cannot be removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// The models folder is unknown.
    #[error(transparent)]
    NoHome(#[from] NoHomeError),
    /// The models folder cannot be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `models.lock` cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// There is nothing to remove.
    #[error("the model `{0}` is not installed; `fimble models list` shows which are")]
    NotInstalled(String),
}

/// Removes the files of the model `name` and its entry in the lock. Returns the number of bytes freed.
pub fn remove(name: &str) -> Result<u64, RemoveError> {
    let models = models_folder()?;
    let store = Store::open(&models, &|_| ())?;
    let mut lock = store.lock()?;
    let locked = lock.models.get(name).map(|entry| models.join(&entry.folder));
    let unlocked = [models.join(name), models.join(".incoming").join(name)];
    let mut folders: Vec<PathBuf> = locked.into_iter().chain(unlocked).filter(|folder| folder.is_dir()).collect();
    folders.dedup();
    if lock.models.remove(name).is_some() {
        // First the lock: files without an entry do less harm than an entry without files.
        lock.write(&models)?;
    } else if folders.is_empty() {
        return Err(RemoveError::NotInstalled(name.to_owned()));
    }
    let mut freed = 0;
    for folder in folders {
        let children = fs::read_dir(&folder).into_iter().flatten().flatten();
        freed += children.filter_map(|child| Some(child.metadata().ok()?.len())).sum::<u64>();
        fs::remove_dir_all(&folder).map_err(|error| StoreError::io(&folder, error))?;
    }
    Ok(freed)
}
