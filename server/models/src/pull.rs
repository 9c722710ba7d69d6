//! Fetching a model. A pull resumes where an earlier one stopped, and installs nothing that differs from what was
//! published.

mod encryption;
mod error;
mod hub;
mod hub_cache;
mod origin;
mod plan;
mod transfer;
mod wanted;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

pub use encryption::DecryptError;
pub use error::{PullError, WrongFile};
pub use hub::HubError;
pub use transfer::Progress;

use crate::catalog::{find_manifest, model_names};
use crate::digest::PublishedDigest;
use crate::embedded::EMBEDDED;
use crate::folders::models_folder;
use crate::layout::check_layout;
use crate::lock::{LockEntry, LockedFile};
use crate::store::{Store, StoreError};
use crate::verify::LockedModel;
use plan::{Plan, Preferences};
use wanted::{Wanted, reuse};

/// A request to fetch a model.
#[derive(Debug, Clone, Default)]
pub struct PullRequest {
    /// The model's name.
    pub name: String,
    /// A folder, a file, or the address of a folder or a file on a web server. `None` is the hub.
    pub from: Option<String>,
    /// Use only files on this machine.
    pub offline: bool,
    /// Fetch the revision that the manifest names now, even if another one is pinned.
    pub update: bool,
    /// The file with the age identity that decrypts `.age` files.
    pub identity: Option<PathBuf>,
    /// The minisign public key that must have signed the model's manifest, unless that is built in.
    pub trusted_key: Option<String>,
}

/// What a pull did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The model was installed already. Every file was read and is right.
    Intact {
        /// The folder that holds the files.
        folder: PathBuf,
    },
    /// The model is installed now.
    Installed {
        /// The folder that holds the files.
        folder: PathBuf,
        /// The commit of the hub's repository, if the files came from there.
        revision: Option<String>,
        /// The names of the files that were fetched.
        fetched: Vec<String>,
        /// The names of the files that were right already.
        kept: Vec<String>,
    },
}

/// Fetches the files of a model that are missing or wrong, and installs the model.
pub fn pull(request: &PullRequest, progress: &dyn Progress) -> Result<Outcome, PullError> {
    let name = request.name.as_str();
    if name == EMBEDDED {
        return Err(PullError::Embedded);
    }
    let unknown = || PullError::Unknown { name: name.to_owned(), names: model_names().join(", ") };
    let manifest = find_manifest(name, request.trusted_key.as_deref())?.ok_or_else(unknown)?;
    let models = models_folder()?;
    let store = Store::open(&models, &|text| progress.say(text))?;
    let mut lock = store.lock()?;
    store.sweep(name, &lock);
    let installed = lock.models.remove(name).map(|entry| LockedModel::new(&models, name.to_owned(), entry));
    let pinned = installed.as_ref().filter(|_| !request.update);
    if let Some(model) = pinned {
        match model.verify_anew() {
            Ok(()) => return Ok(Outcome::Intact { folder: model.folder.clone() }),
            Err(damaged) => {
                progress.say(&damaged.damages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
        }
    }

    let pinned = pinned.map(|model| &model.entry);
    let preferences = Preferences { from: request.from.as_deref(), offline: request.offline };
    let Plan { origin, wanted, revision } = Plan::new(&preferences, &manifest, pinned)?;
    let incoming = store.incoming(name)?;
    if let Some(Ok(folder)) = installed.as_ref().map(|model| fs::metadata(&model.folder)) {
        // A model that only its user may read stays that way.
        fs::set_permissions(&incoming, folder.permissions()).map_err(|error| StoreError::io(&incoming, error))?;
    }
    keep_only(&incoming, &wanted)?;
    let mut files = Vec::new();
    let (mut fetched, mut kept) = (Vec::new(), Vec::new());
    for file in &wanted {
        let path = incoming.join(&file.name);
        let digest = match file.found_at(&path).or_else(|| reuse(installed.as_ref(), &path, file)) {
            Some(digest) => {
                kept.push(file.name.clone());
                digest
            }
            None => {
                fetched.push(file.name.clone());
                origin.bring(file, &path, request.identity.as_deref(), progress)?
            }
        };
        if let Some(expected) = manifest.source.as_ref().and_then(|source| source.sha256.get(&file.name)) {
            let expected = PublishedDigest::Sha256(expected.to_lowercase());
            file.check(&path, &digest, &expected, "its manifest", &origin)?;
        }
        File::open(&path).and_then(|file| file.sync_all()).map_err(|error| StoreError::io(&path, error))?;
        files.push(LockedFile::new(file.name.clone(), digest));
    }
    check_layout(&manifest, &incoming)?;
    files.sort_by(|one, other| one.name.cmp(&other.name));
    let folder = store.next_folder(name);
    let source = pinned.and_then(|entry| entry.source.clone()).or_else(|| Some(origin.to_string()));
    let revision = revision.or_else(|| pinned.and_then(|entry| entry.revision.clone()));
    let entry = LockEntry { folder: folder.clone(), source, revision: revision.clone(), files };
    store.commit(name, &incoming, entry)?;
    Ok(Outcome::Installed { folder: models.join(folder), revision, fetched, kept })
}

/// Removes the files that an earlier pull left and that this pull cannot use, because the folder becomes the model.
fn keep_only(incoming: &Path, wanted: &[Wanted]) -> Result<(), StoreError> {
    let failed = |error| StoreError::io(incoming, error);
    for child in fs::read_dir(incoming).map_err(failed)? {
        let child = child.map_err(failed)?;
        let is_wanted = wanted.iter().any(|file| child.file_name() == file.name.as_str() && file.digest.is_some());
        if !is_wanted {
            fs::remove_file(child.path()).map_err(failed)?;
        }
    }
    Ok(())
}
