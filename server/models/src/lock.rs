//! `models.lock`, in the models folder: which files a model has to consist of. Replacing it is what installs a model, so
//! that a crash leaves either the old model or the new one.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::{fs, str};

use serde::{Deserialize, Serialize};

pub const LOCK_FILE: &str = "models.lock";

const HEAD: &str = "# Written by `fimble models`: the files that each model has to consist of. A model that differs is not loaded.\n\n";

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    #[serde(default)]
    pub models: BTreeMap<String, LockedModel>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedModel {
    /// In the models folder.
    pub folder: String,
    /// The address that the files came from; none for files that the user put there.
    pub source: Option<String>,
    /// Of the hub's repository: a commit.
    pub revision: Option<String>,
    pub files: Vec<LockedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedFile {
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("`{}` cannot be read: {error}; nothing is loaded on the word of a lock that cannot be read", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error(
        "`{}` is damaged: {problem}; restore it, or remove it and pin the models again with \
         `fimble models pull NAME` or `fimble models verify --record NAME`", path.display()
    )]
    Syntax { path: PathBuf, problem: String },
    #[error("`{}` cannot be written: {error}; see that there is space and that the folder is yours", path.display())]
    Write { path: PathBuf, error: io::Error },
}

impl Lock {
    /// An empty lock where there is none.
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

    pub(crate) fn write(&self, models: &Path) -> Result<(), LockError> {
        let path = models.join(LOCK_FILE);
        let text = toml::to_string(self).map_err(|error| io::Error::other(error.to_string()));
        text.and_then(|text| replace_file(&path, format!("{HEAD}{text}").as_bytes()))
            .map_err(|error| LockError::Write { path, error })
    }
}

/// Whether `name` stays in the folder that it is joined to.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(only)), None) if only == name)
        && !name.contains(['\\', ':'])
}

/// Other processes see the old contents or the new; what is there survives a full disk.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut whole = tempfile::NamedTempFile::new_in(folder)?;
    whole.write_all(bytes)?;
    whole.as_file().sync_all()?;
    whole.persist(path)?;
    sync_folder(folder)
}

/// A rename is durable only when its folder is.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_as_it_was_written_and_a_broken_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Lock::read(folder.path()).unwrap(), Lock::default());
        let file = LockedFile { name: "a.gguf".to_owned(), size: 3, sha256: "0".repeat(64) };
        let model = LockedModel { folder: "m@1".to_owned(), source: None, revision: None, files: vec![file] };
        let mut lock = Lock { models: BTreeMap::from([("m.1".to_owned(), model)]) };
        lock.write(folder.path()).unwrap();
        assert_eq!(Lock::read(folder.path()).unwrap(), lock);

        lock.models.get_mut("m.1").unwrap().folder = "../elsewhere".to_owned();
        lock.write(folder.path()).unwrap();
        assert!(Lock::read(folder.path()).unwrap_err().to_string().contains("`../elsewhere` is not the name"));
        fs::write(folder.path().join(LOCK_FILE), "[models").unwrap();
        assert!(Lock::read(folder.path()).unwrap_err().to_string().contains("is damaged"));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["", ".", "..", "/etc/passwd", "a/b", "a/", "./a", "a\\b", "c:x"] {
            assert!(!is_plain_name(name), "{name}");
        }
        assert!(is_plain_name("model-00001-of-00002.safetensors") && is_plain_name("m@1"));
    }
}
