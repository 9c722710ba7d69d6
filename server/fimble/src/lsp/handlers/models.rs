//! The request `fimble/models`, an extension of LSP: the models that an editor may offer for the setting `model`.

use std::path::PathBuf;

use serde::Serialize;

/// A model with a name.
#[derive(Debug, Clone, Serialize)]
pub struct KnownModel {
    /// The value of the setting `model` that selects this model.
    pub name: String,
    pub summary: String,
    /// The model's files are on this machine.
    pub installed: bool,
    /// The folder for these files; `None` for the model that is built into the binary.
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Models {
    /// The value of the setting, or the embedded model's name if the setting is absent.
    pub(crate) current: String,
    pub(crate) models: Vec<KnownModel>,
}
