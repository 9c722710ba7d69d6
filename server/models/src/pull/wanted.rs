//! A file that the model must have, and the check of what came.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use super::error::{PullError, WrongFile};
use super::hub::RemoteFile;
use crate::digest::{FileDigest, PublishedDigest};
use crate::lock::LockedFile;
use crate::store::StoreError;
use crate::verify::LockedModel;

const LOCK: &str = "models.lock";

/// A file that the model must have.
pub(super) struct Wanted {
    pub(super) name: String,
    /// Bytes, if known.
    pub(super) size: Option<u64>,
    /// The digest that the file must have. `None` means that any contents will do.
    pub(super) digest: Option<PublishedDigest>,
    /// What gives the digest, for error messages.
    authority: &'static str,
}

impl Wanted {
    /// A file that the lock pins.
    pub(super) fn pinned(file: &LockedFile) -> Self {
        let digest = Some(PublishedDigest::Sha256(file.sha256.clone()));
        Self { name: file.name.clone(), size: Some(file.size), digest, authority: LOCK }
    }

    /// A file that the hub lists.
    pub(super) fn published(file: RemoteFile) -> Self {
        Self { name: file.name, size: file.size, digest: file.digest, authority: "the hub" }
    }

    /// A file of which only the name is known.
    pub(super) fn named(name: String) -> Self {
        Self { name, size: None, digest: None, authority: "" }
    }

    /// The digest of the file at `path`, if it is the wanted one. The file is not read when its size differs.
    pub(super) fn found_at(&self, path: &Path) -> Option<FileDigest> {
        let expected = self.digest.as_ref()?;
        let size = fs::metadata(path).ok()?.len();
        if self.size.is_some_and(|expected| expected != size) {
            return None;
        }
        let digest = FileDigest::of(path).ok()?;
        expected.same_kind_of(path, &digest).is_ok_and(|found| found == *expected).then_some(digest)
    }

    /// Reads the file that came to `path` from `origin`, and checks it.
    pub(super) fn accept(&self, path: &Path, origin: &dyn Display) -> Result<FileDigest, PullError> {
        let digest = FileDigest::of(path).map_err(|error| StoreError::io(path, error))?;
        if let Some(expected) = &self.digest {
            self.check(path, &digest, expected, self.authority, origin)?;
        }
        Ok(digest)
    }

    /// Compares the file at `path`, which has the SHA-256 in `digest`, with what `authority` says. A wrong file is
    /// removed, so that the next pull starts anew.
    pub(super) fn check(
        &self,
        path: &Path,
        digest: &FileDigest,
        expected: &PublishedDigest,
        authority: &'static str,
        origin: &dyn Display,
    ) -> Result<(), PullError> {
        let failed = |error| StoreError::io(path, error);
        let found = expected.same_kind_of(path, digest).map_err(failed)?;
        if found == *expected {
            return Ok(());
        }
        fs::remove_file(path).map_err(failed)?;
        Err(PullError::Wrong(Box::new(WrongFile {
            file: self.name.clone(),
            from: origin.to_string(),
            authority,
            found,
            expected: expected.clone(),
            hint: if authority == LOCK { "; if you want its new version, use --update" } else { "" },
        })))
    }
}

/// Takes `file` from the installed model to `path`, without a copy if the file system can do that.
pub(super) fn reuse(installed: Option<&LockedModel>, path: &Path, file: &Wanted) -> Option<FileDigest> {
    let from = installed?.folder.join(&file.name);
    let digest = file.found_at(&from)?;
    let _ = fs::remove_file(path);
    if fs::hard_link(&from, path).is_ok() {
        return Some(digest);
    }
    fs::copy(&from, path).ok()?;
    file.found_at(path)
}
