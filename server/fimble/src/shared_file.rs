//! A small file of JSON that several processes of one user may change at the same time.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often a file is tried that another fimble is writing to, and how long after.
const LOCK_TRIES: u32 = 50;
const LOCK_WAIT: Duration = Duration::from_millis(20);

/// What the file says; the default where there is none yet.
pub(crate) fn read<T: Default + DeserializeOwned>(path: &Path) -> io::Result<T> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(error),
    }
}

/// Makes `change` to what the file says, and returns what it says then. One that cannot be read is put aside. On an error the
/// file is as it was before. All that is ever beside it begins with its name up to the extension's dot.
pub(crate) fn update<T>(path: &Path, change: impl FnOnce(&mut T)) -> io::Result<T>
where
    T: Default + Serialize + DeserializeOwned,
{
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // The file itself is replaced at each writing, and a lock on it with it.
    let lock = File::create(path.with_extension("lock"))?;
    wait_for(&lock)?;
    let mut content = match read(path) {
        Ok(content) => content,
        Err(error) => {
            let aside = path.with_extension("broken.json");
            fs::rename(path, &aside)?;
            tracing::warn!("{error}; `{}` is now `{}`, and begun anew", path.display(), aside.display());
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
    Err(io::Error::new(io::ErrorKind::WouldBlock, "another fimble is writing to it"))
}
