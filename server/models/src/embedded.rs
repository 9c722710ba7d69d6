//! The model in the binary. mistral.rs loads files, so fimble unpacks the model once, into the platform's cache folder.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::digest::sha256_of;

/// The name of the model in the binary.
pub const EMBEDDED: &str = "embedded";

/// One file of `models/embedded/`, with its digest at build time.
pub(crate) struct EmbeddedFile {
    name: &'static str,
    sha256: &'static str,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// The embedded model cannot be unpacked.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot unpack the embedded model into `{}`: {error}; free some space there, or set XDG_CACHE_HOME to another \
     cache folder", folder.display()
)]
pub struct UnpackError {
    folder: PathBuf,
    error: io::Error,
}

/// Returns the folder with the embedded model's files, below the folder `cache`. A file whose SHA-256 differs from the one
/// at build time is written again. Two processes may do this at once: a file gets its name only when it is complete.
pub(crate) fn unpack(cache: &Path) -> Result<PathBuf, UnpackError> {
    // The folder's name depends on the contents, so that two versions of fimble never fight over a file.
    let folder = cache.join(format!("embedded-{:.12}", digest()));
    unpack_into(&folder).map_err(|error| UnpackError { folder: folder.clone(), error })?;
    Ok(folder)
}

/// The version of the model in `folder`, or `None` if [`unpack`] did not create the folder.
pub(crate) fn version_in(folder: &Path) -> Option<String> {
    let digest = digest();
    let is_ours = folder.ends_with(format!("embedded-{digest:.12}"));
    is_ours.then(|| format!("{digest:.8}"))
}

/// A digest over the digests of all files.
fn digest() -> String {
    let mut all = Sha256::new();
    EMBEDDED_FILES.iter().for_each(|file| all.update(file.sha256));
    format!("{:x}", all.finalize())
}

fn unpack_into(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for file in EMBEDDED_FILES {
        let path = folder.join(file.name);
        if sha256_of(&path).is_ok_and(|digest| digest == file.sha256) {
            continue;
        }
        let mut whole = tempfile::NamedTempFile::new_in(folder)?;
        whole.write_all(file.bytes)?;
        whole.as_file().sync_all()?;
        whole.persist(&path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_replaced() {
        let cache = tempfile::tempdir().unwrap();
        let folder = unpack(cache.path()).unwrap();
        let weights = folder.join("config.json");
        let whole = fs::read(&weights).unwrap();
        fs::write(&weights, b"{").unwrap();

        assert_eq!(unpack(cache.path()).unwrap(), folder);
        assert_eq!(fs::read(&weights).unwrap(), whole);
    }

    #[test]
    fn nothing_is_left_beside_the_files() {
        let cache = tempfile::tempdir().unwrap();
        let folder = unpack(cache.path()).unwrap();
        unpack(cache.path()).unwrap();
        assert_eq!(fs::read_dir(folder).unwrap().count(), EMBEDDED_FILES.len());
    }
}
