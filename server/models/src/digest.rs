//! Digests of whole files: the SHA-256 that `models.lock` records, and the digests that the hub publishes.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Bytes per read.
const BUFFER: usize = 1 << 17;

/// The size and the digest of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileDigest {
    /// Bytes.
    pub(crate) size: u64,
    /// Lower-case hexadecimal.
    pub(crate) sha256: String,
}

impl FileDigest {
    /// Reads the whole file.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let mut hasher = Sha256::new();
        let size = feed(&File::open(path)?, &mut hasher)?;
        Ok(Self { size, sha256: format!("{:x}", hasher.finalize()) })
    }
}

/// The SHA-256 of the file at `path`, in lower-case hexadecimal. Reads the whole file.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    Ok(FileDigest::of(path)?.sha256)
}

/// A digest that a server or `models.lock` gives for a file, in lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublishedDigest {
    Sha256(String),
    /// SHA-1 over `blob <size>\0` and the contents: git's name for a file. The hub publishes it for small files.
    GitBlob(String),
}

impl PublishedDigest {
    /// The digest of the file at `path`, of the same kind as `self`. `known` is the file's SHA-256, so that a large
    /// file is not read again.
    pub(crate) fn same_kind_of(&self, path: &Path, known: &FileDigest) -> io::Result<Self> {
        match self {
            Self::Sha256(_) => Ok(Self::Sha256(known.sha256.clone())),
            Self::GitBlob(_) => {
                let mut hasher = Sha1::new_with_prefix(format!("blob {}\0", known.size));
                feed(&File::open(path)?, &mut hasher)?;
                Ok(Self::GitBlob(format!("{:x}", hasher.finalize())))
            }
        }
    }
}

impl fmt::Display for PublishedDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => write!(formatter, "SHA-256 {digest:.12}…"),
            Self::GitBlob(digest) => write!(formatter, "git blob {digest:.12}…"),
        }
    }
}

fn feed(file: &File, hasher: &mut impl Write) -> io::Result<u64> {
    io::copy(&mut BufReader::with_capacity(BUFFER, file), hasher)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_sha256sum_and_git() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "hello\n").unwrap();
        let digest = FileDigest::of(&path).unwrap();
        assert_eq!(digest.size, 6);
        assert_eq!(digest.sha256, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
        let blob = PublishedDigest::GitBlob(String::new()).same_kind_of(&path, &digest).unwrap();
        assert_eq!(blob, PublishedDigest::GitBlob("ce013625030ba8dba906f756967f9e9ca394464a".to_owned()));
    }
}
