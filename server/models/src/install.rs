//! The models folder, changed by one process at a time. Files come into `.incoming/<name>`; when they are whole the folder
//! becomes `<name>@<n>`, and the lock is made to name it. What the lock does not name is swept away by whoever comes next.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::locate::{self, LocateError};
use crate::lock::{Lock, LockError, LockedModel, sync_folder};

#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Locate(#[from] LocateError),
    #[error(
        "the disk is full: `{}` cannot be written; free some space and run this again, it goes on where it stopped \
         (what was installed is as it was)", path.display()
    )]
    Full { path: PathBuf },
    #[error("`{}`: {error}; see that the folder is yours and that there is space", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("the model `{0}` is not installed; `fimble models list` shows which are")]
    NotInstalled(String),
}

/// The models folder, held until this is dropped; the operating system lets go for a process that is killed.
pub(crate) struct Store {
    folder: PathBuf,
    _held: File,
}

impl Store {
    /// Waits for other processes, and says so.
    pub(crate) fn open(models: &Path, say: &dyn Fn(&str)) -> Result<Self, InstallError> {
        let path = models.join(".held");
        let opened = fs::create_dir_all(models).and_then(|()| File::create(&path));
        let held = opened.map_err(|error| InstallError::io(&path, error))?;
        match held.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => {
                say("another fimble changes the models; waiting for it");
                held.lock().map_err(|error| InstallError::io(&path, error))?;
            }
            Err(TryLockError::Error(error)) => return Err(InstallError::io(&path, error)),
        }
        Ok(Self { folder: models.to_owned(), _held: held })
    }

    pub(crate) fn lock(&self) -> Result<Lock, LockError> {
        Lock::read(&self.folder)
    }

    /// Where the files of `name` come in; what an interrupted pull left there is kept.
    pub(crate) fn incoming(&self, name: &str) -> Result<PathBuf, InstallError> {
        let folder = self.folder.join(".incoming").join(name);
        fs::create_dir_all(&folder).map_err(|error| InstallError::io(&folder, error))?;
        Ok(folder)
    }

    /// The folder's name for a new version of `name`.
    pub(crate) fn next_folder(&self, name: &str) -> String {
        let free = (1..).map(|number: u32| format!("{name}@{number}"));
        free.into_iter().find(|folder| !self.folder.join(folder).exists()).expect("there is always another number")
    }

    /// Makes `incoming` the model `name`; `model.folder` is from [`Store::next_folder`].
    pub(crate) fn commit(&self, name: &str, incoming: &Path, model: LockedModel) -> Result<(), InstallError> {
        let folder = self.folder.join(&model.folder);
        let renamed = sync_folder(incoming).and_then(|()| fs::rename(incoming, &folder));
        renamed.and_then(|()| sync_folder(&self.folder)).map_err(|error| InstallError::io(&folder, error))?;
        let mut lock = self.lock()?;
        lock.models.insert(name.to_owned(), model);
        lock.write(&self.folder)?;
        self.sweep(name, &lock);
        Ok(())
    }

    /// Removes the versions of `name` that `lock` does not name. What cannot be removed now, being in use, goes next time.
    pub(crate) fn sweep(&self, name: &str, lock: &Lock) {
        let current = lock.models.get(name).map(|model| model.folder.as_str());
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let entry_name = entry.file_name().to_string_lossy().into_owned();
            let number = entry_name.strip_prefix(name).and_then(|rest| rest.strip_prefix('@'));
            let is_version = number.is_some_and(|number| number.parse::<u32>().is_ok());
            if is_version && current != Some(entry_name.as_str()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Takes the model `name` off this machine; the bytes that were freed.
pub fn remove(name: &str) -> Result<u64, InstallError> {
    let models = locate::models_folder().map_err(LocateError::from)?;
    let store = Store::open(&models, &|_| ())?;
    let mut lock = store.lock()?;
    let folders = [lock.models.get(name).map(|model| model.folder.clone()), Some(name.to_owned())];
    let folders = folders.into_iter().flatten().map(|folder| models.join(folder));
    let mut folders: Vec<PathBuf> = folders.chain([models.join(".incoming").join(name)]).collect();
    folders.retain(|folder| folder.is_dir());
    folders.dedup();
    if lock.models.remove(name).is_some() {
        // Before the files: a lock that names files which are gone would be the worse of the two.
        lock.write(&models)?;
    } else if folders.is_empty() {
        return Err(InstallError::NotInstalled(name.to_owned()));
    }
    let mut freed = 0;
    for folder in folders {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        freed += entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum::<u64>();
        fs::remove_dir_all(&folder).map_err(|error| InstallError::io(&folder, error))?;
    }
    Ok(freed)
}

impl InstallError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        let is_full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge];
        if is_full.contains(&error.kind()) {
            return Self::Full { path: path.to_owned() };
        }
        Self::Io { path: path.to_owned(), error }
    }
}
