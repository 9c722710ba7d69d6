//! Changes to the models folder, by one process at a time. New files go to `.incoming/<name>`. When they are complete, the
//! folder becomes `<name>@<n>`, and the lock names it. The next change removes the folders that the lock does not name.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::durable::sync_folder;
use crate::lock::{Lock, LockEntry, LockError};

/// Why the models folder cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `models.lock` cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The disk is full, or the user's quota is used up.
    #[error(
        "cannot write `{}`: the disk is full; free some space and run this again to resume (the installed models are \
         unchanged)", path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Any other failure.
    #[error("`{}`: {error}; check that you own the folder", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

/// The models folder, locked for this process until the value is dropped or the process ends.
pub(crate) struct Store {
    folder: PathBuf,
    _held: File,
}

impl Store {
    /// Locks the folder `models`. If another process has it, this tells the user through `say`, and waits.
    pub(crate) fn open(models: &Path, say: &dyn Fn(&str)) -> Result<Self, StoreError> {
        let path = models.join(".held");
        let opened = fs::create_dir_all(models).and_then(|()| File::create(&path));
        let held = opened.map_err(|error| StoreError::io(&path, error))?;
        match held.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => {
                say("another fimble is changing the models; waiting for it");
                held.lock().map_err(|error| StoreError::io(&path, error))?;
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::io(&path, error)),
        }
        Ok(Self { folder: models.to_owned(), _held: held })
    }

    /// The models that are installed now.
    pub(crate) fn lock(&self) -> Result<Lock, LockError> {
        Lock::read(&self.folder)
    }

    /// The folder for the new files of `name`. It keeps what an interrupted pull left there.
    pub(crate) fn incoming(&self, name: &str) -> Result<PathBuf, StoreError> {
        let folder = self.folder.join(".incoming").join(name);
        fs::create_dir_all(&folder).map_err(|error| StoreError::io(&folder, error))?;
        Ok(folder)
    }

    /// A free folder name for a new version of `name`.
    pub(crate) fn next_folder(&self, name: &str) -> String {
        let free = (1..).map(|number: u32| format!("{name}@{number}"));
        free.into_iter().find(|folder| !self.folder.join(folder).exists()).expect("there is always another number")
    }

    /// Installs the folder `incoming` as the model `name`. `entry.folder` comes from [`Store::next_folder`].
    pub(crate) fn commit(&self, name: &str, incoming: &Path, entry: LockEntry) -> Result<(), StoreError> {
        let folder = self.folder.join(&entry.folder);
        let renamed = sync_folder(incoming).and_then(|()| fs::rename(incoming, &folder));
        renamed.and_then(|()| sync_folder(&self.folder)).map_err(|error| StoreError::io(&folder, error))?;
        let mut lock = self.lock()?;
        lock.models.insert(name.to_owned(), entry);
        lock.write(&self.folder)?;
        self.sweep(name, &lock);
        Ok(())
    }

    /// Removes the versions of `name` that `lock` does not name. A folder that is in use stays until the next sweep.
    pub(crate) fn sweep(&self, name: &str, lock: &Lock) {
        let current = lock.models.get(name).map(|entry| entry.folder.as_str());
        for child in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let child_name = child.file_name().to_string_lossy().into_owned();
            let number = child_name.strip_prefix(name).and_then(|rest| rest.strip_prefix('@'));
            let is_version = number.is_some_and(|number| number.parse::<u32>().is_ok());
            if is_version && current != Some(child_name.as_str()) {
                let _ = fs::remove_dir_all(child.path());
            }
        }
    }
}

impl StoreError {
    /// The error for a failure at `path`.
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        let is_full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge];
        if is_full.contains(&error.kind()) {
            return Self::Full { path: path.to_owned() };
        }
        Self::Io { path: path.to_owned(), error }
    }
}
