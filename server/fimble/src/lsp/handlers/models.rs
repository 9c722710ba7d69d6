//! `fimble/models`, a request of fimble's own: what an editor may offer for the setting `model`.

use std::path::PathBuf;

use serde::Serialize;

/// A model that has a name.
#[derive(Debug, Clone, Serialize)]
pub struct KnownModel {
    /// As the setting takes it.
    pub name: String,
    pub summary: String,
    /// Its files are on this machine.
    pub installed: bool,
    /// Where they have to be; `None` for what comes with the binary.
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Models {
    /// What the setting says; the embedded model's name where it says nothing.
    pub(crate) current: String,
    pub(crate) models: Vec<KnownModel>,
}
