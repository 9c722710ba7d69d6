//! The decisions before a pull: which files to fetch, from where, and of which commit.

use super::error::PullError;
use super::hub::{self, Hub};
use super::hub_cache::cached_snapshot;
use super::origin::{Origin, is_address};
use super::wanted::Wanted;
use crate::folders::is_plain_name;
use crate::lock::LockEntry;
use crate::manifest::Manifest;

/// The hub's default branch.
const MAIN: &str = "main";

/// The user's say in a plan.
pub(super) struct Preferences<'r> {
    /// A folder, a file or an address. `None` is the hub.
    pub(super) from: Option<&'r str>,
    /// Use only files on this machine.
    pub(super) offline: bool,
}

pub(super) struct Plan {
    pub(super) origin: Origin,
    pub(super) wanted: Vec<Wanted>,
    /// The commit of the hub's repository.
    pub(super) revision: Option<String>,
}

impl Plan {
    /// `pinned` is what the lock says about the model; the plan then fetches exactly those files.
    pub(super) fn new(
        preferences: &Preferences<'_>,
        manifest: &Manifest,
        pinned: Option<&LockEntry>,
    ) -> Result<Self, PullError> {
        let pinned_files = pinned.map(|entry| entry.files.iter().map(Wanted::pinned).collect::<Vec<_>>());
        let offline = preferences.offline || hub::is_offline();
        let is_offline = || PullError::Offline { name: manifest.name.clone() };
        let source = manifest.source.as_ref();
        // Without a source in the manifest, a repair asks the place that the files came from.
        let recorded = || pinned.filter(|_| source.is_none()).and_then(|entry| entry.source.as_deref());
        if let Some(from) = preferences.from.or_else(recorded) {
            if offline && is_address(from) {
                return Err(is_offline());
            }
            let origin = Origin::named(from)?;
            let wanted = pinned_files.map_or_else(|| origin.files(manifest), Ok)?;
            return Ok(Self { origin, wanted, revision: None });
        }
        let source = source.ok_or_else(|| PullError::NoSource(manifest.name.clone()))?;
        let revision = pinned.and_then(|entry| entry.revision.as_deref()).or(source.revision.as_deref());
        let revision = revision.unwrap_or(MAIN);
        if offline {
            let (folder, commit) = cached_snapshot(&source.repository, revision).ok_or_else(is_offline)?;
            let origin = Origin::Folder { folder, only: None };
            let wanted = pinned_files.map_or_else(|| origin.files(manifest), Ok)?;
            return Ok(Self { origin, wanted, revision: Some(commit) });
        }
        let hub = Hub::from_environment()?;
        let (wanted, revision) = match pinned_files {
            Some(files) => (files, revision.to_owned()),
            None => {
                let listing = hub.listing(&source.repository, revision)?;
                let files = listing.files.into_iter();
                let wanted = files.filter(|file| manifest.wants(&file.name) && is_plain_name(&file.name));
                let wanted: Vec<Wanted> = wanted.map(Wanted::published).collect();
                if wanted.is_empty() {
                    return Err(PullError::NoFiles {
                        name: manifest.name.clone(),
                        repository: source.repository.clone(),
                        wanted: manifest.names().join(", "),
                    });
                }
                (wanted, listing.revision)
            }
        };
        let origin = Origin::Hub { hub, repository: source.repository.clone(), revision: revision.clone() };
        Ok(Self { origin, wanted, revision: Some(revision) })
    }
}
