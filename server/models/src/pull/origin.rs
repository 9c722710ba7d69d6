//! The place that files come from: a folder, a web server, or the hub.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::encryption;
use super::error::PullError;
use super::hub::Hub;
use super::hub_cache::cached_blob;
use super::transfer::{Progress, copy, download};
use super::wanted::Wanted;
use crate::digest::FileDigest;
use crate::manifest::Manifest;

pub(super) enum Origin {
    Folder {
        folder: PathBuf,
        /// The name of the one file to take, if the user named a file.
        only: Option<String>,
    },
    Web {
        hub: Hub,
        /// The address of a file, or of a folder without a slash at its end.
        address: String,
    },
    Hub {
        hub: Hub,
        repository: String,
        /// A commit, or a name for one.
        revision: String,
    },
}

impl Origin {
    /// The place that the user calls `from`: a web address or a path.
    pub(super) fn named(from: &str) -> Result<Self, PullError> {
        if is_address(from) {
            let address = from.trim_end_matches('/').to_owned();
            return Ok(Self::Web { hub: Hub::from_environment()?, address });
        }
        // The lock keeps the path, and a repair may run in another folder.
        let path = std::path::absolute(from).unwrap_or_else(|_| from.into());
        if path.is_dir() {
            return Ok(Self::Folder { folder: path, only: None });
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        match name.filter(|_| path.is_file()) {
            Some(name) => {
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                Ok(Self::Folder { folder, only: Some(decrypted_name(&name).to_owned()) })
            }
            None => {
                let problem = "is neither a folder nor a file here; an address begins with https://";
                Err(PullError::from_argument(from, problem))
            }
        }
    }

    /// The model's files at a place that publishes no list of them.
    pub(super) fn files(&self, manifest: &Manifest) -> Result<Vec<Wanted>, PullError> {
        match self {
            Self::Folder { only: Some(only), .. } => Ok(vec![Wanted::named(only.clone())]),
            Self::Folder { folder, .. } => {
                let entries = fs::read_dir(folder).map_err(|error| {
                    PullError::from_argument(&folder.display().to_string(), format!("cannot be read: {error}"))
                })?;
                let names = entries.flatten().filter(|entry| entry.path().is_file());
                let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
                let names = names.map(|name| decrypted_name(&name).to_owned());
                let names_files = manifest.source.as_ref().is_some_and(|source| source.files.is_some());
                let may_be_gguf = manifest.base.is_none() && !names_files;
                let wants = |name: &String| manifest.wants(name) || (may_be_gguf && name.ends_with(".gguf"));
                Ok(names.filter(wants).map(Wanted::named).collect())
            }
            Self::Web { address, .. } if address.ends_with(".gguf") => {
                Ok(vec![Wanted::named(address.rsplit('/').next().unwrap_or_default().to_owned())])
            }
            Self::Web { .. } | Self::Hub { .. } => Ok(manifest.names().into_iter().map(Wanted::named).collect()),
        }
    }

    /// Fetches `file` to `path`, resuming after the bytes that are there, and checks it.
    pub(super) fn bring(
        &self,
        file: &Wanted,
        path: &Path,
        identity: Option<&Path>,
        progress: &dyn Progress,
    ) -> Result<FileDigest, PullError> {
        let (hub, url) = match self {
            Self::Folder { folder, .. } => {
                copy(&folder.join(&file.name), path, identity, progress)?;
                return file.accept(path, self);
            }
            Self::Web { hub, address } if address.ends_with(&format!("/{}", file.name)) => (hub, address.clone()),
            Self::Web { hub, address } => (hub, format!("{address}/{}", file.name)),
            Self::Hub { hub, repository, revision } => (hub, hub.file_url(repository, revision, &file.name)),
        };
        if let (Self::Hub { repository, .. }, Some(digest)) = (self, &file.digest)
            && let Some(blob) = cached_blob(repository, digest)
        {
            copy(&blob, path, None, progress)?;
            if let Ok(digest) = file.accept(path, self) {
                return Ok(digest);
            }
        }
        let had_some = path.exists();
        download(hub, &url, file, path, progress)?;
        match file.accept(path, self) {
            // The bytes that an earlier pull left may be the wrong ones.
            Err(_) if had_some => {
                download(hub, &url, file, path, progress)?;
                file.accept(path, self)
            }
            result => result,
        }
    }
}

/// Whether `from` is a web address, and not a path.
pub(super) fn is_address(from: &str) -> bool {
    from.starts_with("http://") || from.starts_with("https://")
}

fn decrypted_name(name: &str) -> &str {
    name.strip_suffix(encryption::EXTENSION).unwrap_or(name)
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { folder, only: None } => write!(formatter, "{}", folder.display()),
            Self::Folder { folder, only: Some(file) } => write!(formatter, "{}", folder.join(file).display()),
            Self::Web { address, .. } => formatter.write_str(address),
            Self::Hub { repository, .. } => formatter.write_str(repository),
        }
    }
}
