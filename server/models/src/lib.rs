//! The models that fimble can run: their manifests, their files, and every way to install or check them.
//!
//! The modules form layers. Each module uses only the layers above its own, and modules named before it in its layer:
//!
//! 1. `folders`, `digest` and `durable`: where files belong, what they contain, and how to replace them safely.
//! 2. `manifest`, `signature`, `lock` and `layout`: one format each.
//! 3. `embedded`, `catalog` and `verify`: the model in the binary, the manifests with a name, and the check of a model
//!    against `models.lock`.
//! 4. `store`, `installed` and `locate`: the models folder, and the way from a name to a model's files.
//! 5. `adapter`, `version`, `machine`, `selection`, `record`, `remove` and `pull`: what the commands do.
//!
//! Only `pull` uses the network. The language server never calls it.
//!
//! Functions that read manifests take the `trusted_key`: the minisign public key that must have signed every manifest
//! that is not built in, or `None` to accept unsigned manifests. This crate reads no settings, so the caller decides.

#![warn(clippy::unwrap_used, missing_docs)]

mod adapter;
mod catalog;
mod digest;
mod durable;
mod embedded;
mod folders;
mod installed;
mod layout;
mod locate;
mod lock;
mod machine;
mod manifest;
mod pull;
mod record;
mod remove;
mod selection;
mod signature;
mod store;
mod verify;
mod version;

pub use adapter::AdapterError;
pub use catalog::{AddError, CatalogError, MANIFEST_FILE, add_manifest, find_manifest, model_names};
pub use digest::sha256_of;
pub use embedded::{EMBEDDED, UnpackError};
pub use folders::{NoHomeError, models_folder};
pub use installed::{NamedModel, installed_folder, named_models};
pub use layout::{LayoutError, ModelFiles};
pub use locate::{LocateError, LocatedAdapter, LocatedModel, locate};
pub use lock::{LOCK_FILE, Lock, LockEntry, LockError, LockedFile};
pub use machine::{Machine, Processor, recommended};
pub use manifest::{Fim, Manifest, ManifestError, Quantization, Source};
pub use pull::{DecryptError, HubError, Outcome, Progress, PullError, PullRequest, WrongFile, pull};
pub use record::{RecordError, record};
pub use remove::{RemoveError, remove};
pub use selection::{Selected, SelectionError, select, select_previous};
pub use signature::SignatureError;
pub use store::StoreError;
pub use verify::{Damage, DamagedModel, LockedModel, Problem};
