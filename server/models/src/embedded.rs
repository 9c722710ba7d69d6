//! The model that the binary carries. mistral.rs loads files, so it is unpacked once into the platform's cache folder.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::verify::digest_of;

/// One file of `models/embedded/`, with the digest it had when fimble was built.
pub(crate) struct EmbeddedFile {
    name: &'static str,
    sha256: &'static str,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/models.rs"));

#[derive(Debug, thiserror::Error)]
#[error("cannot unpack the embedded model into `{}`: {error}; free some space there, or name another cache folder \
         with XDG_CACHE_HOME", folder.display())]
pub struct UnpackError {
    folder: PathBuf,
    error: io::Error,
}

/// The folder with the embedded model's files, each verified by its SHA-256 and written anew if it is not what was
/// built in. Two processes may do so at once: a file appears under its name only when it is whole.
pub(crate) fn unpack(cache: &Path) -> Result<PathBuf, UnpackError> {
    // The name changes with the contents, so that two versions of fimble never fight over a file.
    let folder = cache.join(format!("embedded-{:.12}", digest()));
    unpack_into(&folder).map_err(|error| UnpackError { folder: folder.clone(), error })?;
    Ok(folder)
}

/// The version of the model in `folder`; `None` unless [`unpack`] has made it.
pub(crate) fn version_in(folder: &Path) -> Option<String> {
    let digest = digest();
    let is_ours = folder.ends_with(format!("embedded-{digest:.12}"));
    is_ours.then(|| format!("{digest:.8}"))
}

/// Of the digests of all files.
fn digest() -> String {
    let mut all = Sha256::new();
    EMBEDDED_FILES.iter().for_each(|file| all.update(file.sha256));
    format!("{:x}", all.finalize())
}

fn unpack_into(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for file in EMBEDDED_FILES {
        let path = folder.join(file.name);
        if digest_of(&path).is_ok_and(|(_, digest)| digest == file.sha256) {
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
