//! A small JSON file that several processes of one user may change at the same time.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often to try to lock a file that another process is writing, and how long to wait between two attempts.
const LOCK_TRIES: u32 = 50;
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// Reads the file. Returns the default value if the file does not exist.
pub(crate) fn read<T: Default + DeserializeOwned>(path: &Path) -> io::Result<T> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(error),
    }
}

/// Applies `change` to the file's content and returns the new content. A file that cannot be read is renamed, and a new
/// one replaces it. On an error, the file keeps its old content. The names of the lock, the draft and a renamed file
/// all start with the file's stem and a dot, so `fimble forget` finds them.
pub(crate) fn update<T>(path: &Path, change: impl FnOnce(&mut T)) -> io::Result<T>
where
    T: Default + Serialize + DeserializeOwned,
{
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // Each update replaces the file, so a lock on the file itself would be lost.
    let lock = File::create(path.with_extension("lock"))?;
    wait_for(&lock)?;
    let mut content = match read(path) {
        Ok(content) => content,
        Err(error) => {
            let aside = path.with_extension("broken.json");
            fs::rename(path, &aside)?;
            tracing::warn!("{error}; renamed `{}` to `{}` and started a new file", path.display(), aside.display());
            T::default()
        }
    };
    change(&mut content);
    let mut prefix = path.file_stem().unwrap_or(OsStr::new("fimble")).to_owned();
    prefix.push(".");
    let mut draft = tempfile::Builder::new().prefix(&prefix).tempfile_in(folder)?;
    serde_json::to_writer(&mut draft, &content)?;
    draft.flush()?;
    draft.persist(path).map_err(|error| error.error)?;
    Ok(content)
}

fn wait_for(lock: &File) -> io::Result<()> {
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "another fimble is writing to this file"))
}
