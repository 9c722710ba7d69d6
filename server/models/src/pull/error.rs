//! Why a model cannot be fetched.

use super::encryption::DecryptError;
use super::hub::HubError;
use crate::catalog::CatalogError;
use crate::digest::PublishedDigest;
use crate::folders::NoHomeError;
use crate::layout::LayoutError;
use crate::lock::LockError;
use crate::store::StoreError;

/// Why a model cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The models folder is unknown.
    #[error(transparent)]
    NoHome(#[from] NoHomeError),
    /// The model's manifest cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The files that came do not form a model.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The models folder cannot be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// `models.lock` cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The hub or a web server failed.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A file cannot be decrypted.
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
    /// The embedded model was named.
    #[error("the embedded model comes with fimble; there is nothing to fetch")]
    Embedded,
    /// No manifest has the name.
    #[error("no model is called `{name}`; the names are {names}")]
    Unknown {
        /// The name that the user gave.
        name: String,
        /// The names of all models.
        names: String,
    },
    /// The manifest names no source.
    #[error("the manifest of `{0}` does not say where its files are; give --from a folder, a file or an address")]
    NoSource(String),
    /// The repository has no file that the manifest wants.
    #[error(
        "{repository} has none of the files that the manifest of `{name}` names ({wanted}); take them from elsewhere with \
         --from"
    )]
    NoFiles {
        /// The model's name.
        name: String,
        /// The repository on the hub.
        repository: String,
        /// The names of the files.
        wanted: String,
    },
    /// The network is needed, but must not be used.
    #[error(
        "`{name}` is not in the hub's cache on this machine, and nothing is fetched offline; give --from a folder, or \
         run this without --offline and HF_HUB_OFFLINE"
    )]
    Offline {
        /// The model's name.
        name: String,
    },
    /// The argument of `--from` cannot be used.
    #[error("`{from}` {problem}")]
    From {
        /// The argument.
        from: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file differs from what was published.
    #[error(transparent)]
    Wrong(Box<WrongFile>),
}

/// A file from a server or a folder differs from what was published or pinned.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{file}` from {from} is not what {authority} says: {found} instead of {expected}; nothing was installed. Ask \
     whoever runs the server, or take the model from elsewhere with --from{hint}"
)]
pub struct WrongFile {
    pub(super) file: String,
    pub(super) from: String,
    pub(super) authority: &'static str,
    pub(super) found: PublishedDigest,
    pub(super) expected: PublishedDigest,
    pub(super) hint: &'static str,
}

impl PullError {
    pub(super) fn from_argument(from: &str, problem: impl Into<String>) -> Self {
        Self::From { from: from.to_owned(), problem: problem.into() }
    }
}
