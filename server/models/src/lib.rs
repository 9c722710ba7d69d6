//! The models that fimble can run: what is known of each ([`manifest`]), where it lies ([`locate`]), how it gets there
//! ([`pull`]) and whether it is what it was ([`verify`]). Only [`pull`] uses the network; a language server never calls it.

#![warn(clippy::unwrap_used)]

mod adapter;
mod embedded;
mod encryption;
mod hub;
mod install;
mod locate;
mod lock;
mod machine;
mod manifest;
mod pull;
mod selection;
mod signature;
mod verify;
mod version;

pub use adapter::{AdapterError, LocatedAdapter};
pub use install::{InstallError, remove};
pub use locate::{
    EMBEDDED, LocateError, LocatedModel, MANIFEST_FILE, ModelFiles, NamedModel, find_manifest, installed_folder,
    locate, model_names, models_folder, named_models,
};
pub use lock::{LOCK_FILE, Lock, LockError, LockedFile, LockedModel};
pub use machine::{Machine, recommended};
pub use manifest::{Manifest, Quantization, Source};
pub use pull::{Outcome, Progress, PullError, PullRequest, pull};
pub use selection::{Selected, SelectionError, select, select_previous};
pub use signature::{AddError, add_manifest};
pub use verify::{Damage, DamagedModel, Pinned, record, sha256_of};
