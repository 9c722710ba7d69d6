//! The cache of the hub's own clients, with the files that they fetched. A repository's folder in it holds
//! `blobs/<digest>`, `refs/<branch>` with a commit, and `snapshots/<commit>/<file>`.

use std::fs;
use std::path::PathBuf;

use super::hub;
use crate::digest::PublishedDigest;
use crate::folders::is_plain_name;

/// The cached file of `repository` with this digest.
pub(super) fn cached_blob(repository: &str, digest: &PublishedDigest) -> Option<PathBuf> {
    let (PublishedDigest::Sha256(digest) | PublishedDigest::GitBlob(digest)) = digest;
    let blob = cached_repository(repository)?.join("blobs").join(digest);
    blob.is_file().then_some(blob)
}

/// The folder of `repository` at `revision`, and the commit that this is.
pub(super) fn cached_snapshot(repository: &str, revision: &str) -> Option<(PathBuf, String)> {
    let cached = cached_repository(repository)?;
    let commit = fs::read_to_string(cached.join("refs").join(revision)).unwrap_or_else(|_| revision.to_owned());
    let commit = commit.trim().to_owned();
    let snapshot = cached.join("snapshots").join(&commit);
    (is_plain_name(&commit) && snapshot.is_dir()).then_some((snapshot, commit))
}

fn cached_repository(repository: &str) -> Option<PathBuf> {
    Some(hub::cache_folder()?.join(format!("models--{}", repository.replace('/', "--"))))
}
