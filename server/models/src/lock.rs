//! `models.lock`, in the models folder, records the files of every installed model. Replacing the lock is the step that
//! installs a model, so a crash leaves either the old model or the new one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::digest::FileDigest;
use crate::durable::replace_file;
use crate::folders::{NoHomeError, is_plain_name};

/// The lock's name in the models folder.
pub const LOCK_FILE: &str = "models.lock";

const HEAD: &str = "# Written by `fimble models`. It lists the files of every installed model; a model that differs is not loaded.\n\n";

/// The contents of `models.lock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The locked models, by name.
    #[serde(default)]
    pub models: BTreeMap<String, LockEntry>,
}

/// What the lock says about one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockEntry {
    /// The name of the model's folder in the models folder.
    pub folder: String,
    /// The address that the files came from. `None` for files that the user copied there.
    pub source: Option<String>,
    /// The commit of the hub's repository.
    pub revision: Option<String>,
    /// Every file of the model.
    pub files: Vec<LockedFile>,
}

/// What the lock says about one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedFile {
    /// The file's name in the model's folder.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

impl LockedFile {
    pub(crate) fn new(name: String, FileDigest { size, sha256 }: FileDigest) -> Self {
        Self { name, size, sha256 }
    }
}

/// Why `models.lock` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The models folder is unknown.
    #[error(transparent)]
    NoHome(#[from] NoHomeError),
    /// The file exists, but cannot be read.
    #[error("cannot read `{}`: {error}; fimble loads no model without it, so make it readable", path.display())]
    Read {
        /// The lock.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The file is not a lock.
    #[error(
        "`{}` is damaged: {problem}; restore it, or remove it and pin the models again with \
         `fimble models pull NAME` or `fimble models verify --record NAME`", path.display()
    )]
    Syntax {
        /// The lock.
        path: PathBuf,
        /// The first error.
        problem: String,
    },
    /// The file cannot be replaced.
    #[error("cannot write `{}`: {error}; check that the disk has space and that you own the folder", path.display())]
    Write {
        /// The lock.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

impl Lock {
    /// Reads the lock in the folder `models`. A missing file is an empty lock.
    pub fn read(models: &Path) -> Result<Self, LockError> {
        let path = models.join(LOCK_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(LockError::Read { path, error }),
        };
        let lock: Self = match toml::from_str(&text) {
            Ok(lock) => lock,
            Err(error) => return Err(LockError::Syntax { path, problem: error.message().to_owned() }),
        };
        let names = lock.models.values().flat_map(|model| {
            std::iter::once(model.folder.as_str()).chain(model.files.iter().map(|file| file.name.as_str()))
        });
        match names.into_iter().find(|name| !is_plain_name(name)) {
            Some(name) => Err(LockError::Syntax { path, problem: format!("`{name}` is not the name of a file") }),
            None => Ok(lock),
        }
    }

    /// Replaces the lock in the folder `models`.
    pub(crate) fn write(&self, models: &Path) -> Result<(), LockError> {
        let path = models.join(LOCK_FILE);
        let text = toml::to_string(self).map_err(|error| io::Error::other(error.to_string()));
        text.and_then(|text| replace_file(&path, format!("{HEAD}{text}").as_bytes()))
            .map_err(|error| LockError::Write { path, error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_as_it_was_written_and_a_broken_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Lock::read(folder.path()).unwrap(), Lock::default());
        let file = LockedFile { name: "a.gguf".to_owned(), size: 3, sha256: "0".repeat(64) };
        let model = LockEntry { folder: "m@1".to_owned(), source: None, revision: None, files: vec![file] };
        let mut lock = Lock { models: BTreeMap::from([("m.1".to_owned(), model)]) };
        lock.write(folder.path()).unwrap();
        assert_eq!(Lock::read(folder.path()).unwrap(), lock);

        lock.models.get_mut("m.1").unwrap().folder = "../elsewhere".to_owned();
        lock.write(folder.path()).unwrap();
        assert!(Lock::read(folder.path()).unwrap_err().to_string().contains("`../elsewhere` is not the name"));
        fs::write(folder.path().join(LOCK_FILE), "[models").unwrap();
        assert!(Lock::read(folder.path()).unwrap_err().to_string().contains("is damaged"));
    }
}
