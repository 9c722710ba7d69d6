//! The folders that hold models, manifests and caches, and the names that are safe to join to them.

use std::path::{Component, Path, PathBuf};

use etcetera::BaseStrategy;

/// The platform names no home folder, so no folder below it can be found.
#[derive(Debug, thiserror::Error)]
#[error("cannot find this user's home folder ({0}); set HOME")]
pub struct NoHomeError(#[from] etcetera::HomeDirError);

/// The folder that holds the installed models and `models.lock`.
pub fn models_folder() -> Result<PathBuf, NoHomeError> {
    Ok(data_folder()?.join("models"))
}

/// The folder that holds the manifests that the user added.
pub(crate) fn manifests_folder() -> Result<PathBuf, NoHomeError> {
    Ok(data_folder()?.join("manifests"))
}

/// The folder that holds the unpacked embedded model and the digests of files that were verified.
pub(crate) fn cache_folder() -> Result<PathBuf, NoHomeError> {
    Ok(etcetera::choose_base_strategy()?.cache_dir().join("fimble").join("models"))
}

/// The user's `fimble.toml`.
pub(crate) fn settings_file() -> Result<PathBuf, NoHomeError> {
    Ok(etcetera::choose_base_strategy()?.config_dir().join("fimble").join("fimble.toml"))
}

/// The file that remembers the model before the current one.
pub(crate) fn previous_model_file() -> Result<PathBuf, NoHomeError> {
    Ok(data_folder()?.join("previous-model.toml"))
}

fn data_folder() -> Result<PathBuf, NoHomeError> {
    Ok(etcetera::choose_base_strategy()?.data_dir().join("fimble"))
}

/// Whether a path made by joining `name` to a folder is a direct child of that folder, on every platform.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(only)), None) if only == name)
        && !name.contains(['\\', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["", ".", "..", "/etc/passwd", "a/b", "a/", "./a", "a\\b", "c:x"] {
            assert!(!is_plain_name(name), "{name}");
        }
        assert!(is_plain_name("model-00001-of-00002.safetensors") && is_plain_name("m@1"));
    }
}
