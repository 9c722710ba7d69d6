//! From what the user calls a model to its files: the embedded one, a name from a manifest, or a path.

use std::path::{Path, PathBuf};
use std::{fs, io};

use etcetera::BaseStrategy;

use crate::embedded;
use crate::manifest::{Manifest, ManifestError};

/// The name of the model that comes with the binary.
pub const EMBEDDED: &str = "embedded";

/// In a model's folder, this file is its manifest.
const MANIFEST_FILE: &str = "fimble-model.toml";

/// A model whose files are on this machine.
#[derive(Debug, Clone)]
pub struct LocatedModel {
    pub manifest: Manifest,
    pub files: ModelFiles,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelFiles {
    /// Hugging Face layout: `config.json`, `tokenizer.json`, `*.safetensors`.
    Safetensors { folder: PathBuf },
    /// One GGUF file; a `tokenizer.json` beside it goes before the tokenizer inside it.
    Gguf { file: PathBuf },
}

/// A model with a manifest in the binary.
#[derive(Debug, Clone)]
pub struct NamedModel {
    pub manifest: Manifest,
    /// Where its files are, or have to be put; `None` for the embedded model.
    pub folder: Option<PathBuf>,
    /// Something is there.
    pub installed: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    #[error(transparent)]
    Embedded(#[from] embedded::UnpackError),
    #[error("cannot tell where this platform keeps caches and data: {0}; set HOME")]
    NoHome(#[from] etcetera::HomeDirError),
    #[error(
        "no model is called `{name}` and there is no such path; the names are {names}, or give the path of a \
             folder or a .gguf file"
    )]
    Unknown { name: String, names: String },
    #[error("the model `{name}` is not on this machine; put its files into `{}` ({wanted})", folder.display())]
    NotInstalled { name: String, folder: PathBuf, wanted: String },
    #[error("`{}` {problem}", path.display())]
    Unusable { path: PathBuf, problem: String },
    #[error("the manifest `{}`: {error}", path.display())]
    Manifest { path: PathBuf, error: ManifestError },
}

/// Finds the model that a user calls `name_or_path`; `None` means the embedded one.
pub fn locate(name_or_path: Option<&str>) -> Result<LocatedModel, LocateError> {
    let name = name_or_path.unwrap_or(EMBEDDED);
    if let Some(manifest) = built_in_manifest(name) {
        return if name == EMBEDDED {
            let folder = embedded::unpack(&cache_folder()?)?;
            Ok(LocatedModel { manifest, files: files_at(&folder)? })
        } else {
            let folder = models_folder()?.join(name);
            if !folder.exists() {
                return Err(not_installed(manifest, folder));
            }
            Ok(LocatedModel { manifest, files: files_at(&folder)? })
        };
    }
    let path = Path::new(name);
    if !path.exists() {
        return Err(LocateError::Unknown { name: name.to_owned(), names: model_names().join(", ") });
    }
    let path = path.canonicalize().map_err(|error| unusable(path, format!("cannot be opened: {error}")))?;
    Ok(LocatedModel { manifest: manifest_at(&path)?, files: files_at(&path)? })
}

/// Where models that are not embedded are looked for, one folder a name.
pub fn models_folder() -> Result<PathBuf, etcetera::HomeDirError> {
    Ok(etcetera::choose_base_strategy()?.data_dir().join("fimble").join("models"))
}

/// What [`locate`] finds by a name, the embedded model first.
pub fn named_models() -> Vec<NamedModel> {
    let manifests = model_names().into_iter().filter_map(built_in_manifest);
    let named = |manifest: Manifest| {
        let folder = models_folder().ok().filter(|_| manifest.name != EMBEDDED).map(|all| all.join(&manifest.name));
        let installed = manifest.name == EMBEDDED || folder.as_ref().is_some_and(|folder| folder.exists());
        NamedModel { manifest, folder, installed }
    };
    manifests.map(named).collect()
}

/// The names that [`locate`] knows, the embedded model first.
pub fn model_names() -> Vec<&'static str> {
    let mut names: Vec<_> = embedded::MANIFESTS.iter().map(|(name, _)| *name).collect();
    names.sort_by_key(|name| (*name != EMBEDDED, *name));
    names
}

fn cache_folder() -> Result<PathBuf, etcetera::HomeDirError> {
    Ok(etcetera::choose_base_strategy()?.cache_dir().join("fimble").join("models"))
}

fn built_in_manifest(name: &str) -> Option<Manifest> {
    let (_, text) = embedded::MANIFESTS.iter().find(|(other, _)| *other == name)?;
    Some(Manifest::parse(text).expect("every manifest in the binary is tested to parse"))
}

fn manifest_at(path: &Path) -> Result<Manifest, LocateError> {
    // What looks like an extension of a folder is part of its name: `Qwen2.5-Coder-0.5B`.
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    let name = name.unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let file = folder.join(MANIFEST_FILE);
    match fs::read_to_string(&file) {
        Ok(text) => Manifest::parse(&text).map_err(|error| LocateError::Manifest { path: file, error }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Manifest { name, ..Manifest::default() }),
        Err(error) => Err(unusable(&file, format!("cannot be read: {error}"))),
    }
}

/// What is missing is said here, by name: mistral.rs would go and ask the network.
fn files_at(path: &Path) -> Result<ModelFiles, LocateError> {
    if !path.is_dir() {
        return match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("gguf") => Ok(ModelFiles::Gguf { file: path.to_owned() }),
            _ => Err(unusable(path, "is neither a folder nor a .gguf file".to_owned())),
        };
    }
    let entries = fs::read_dir(path).map_err(|error| unusable(path, format!("cannot be read: {error}")))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let has_extension = |file: &Path, wanted: &str| file.extension().is_some_and(|extension| extension == wanted);
    if files.iter().any(|file| has_extension(file, "safetensors")) {
        for wanted in ["config.json", "tokenizer.json"] {
            if !path.join(wanted).is_file() {
                return Err(unusable(path, format!("has weights, but no `{wanted}`")));
            }
        }
        return Ok(ModelFiles::Safetensors { folder: path.to_owned() });
    }
    files.retain(|file| has_extension(file, "gguf"));
    match &files[..] {
        [file] => Ok(ModelFiles::Gguf { file: file.clone() }),
        [] => Err(unusable(path, "holds neither .safetensors nor .gguf files".to_owned())),
        _ => Err(unusable(path, "holds several .gguf files; give the path of one".to_owned())),
    }
}

fn not_installed(manifest: Manifest, folder: PathBuf) -> LocateError {
    let wanted = match &manifest.source {
        Some(source) => format!("the files of {} on the Hugging Face hub", source.repository),
        None => "a .gguf file, or config.json, tokenizer.json and .safetensors".to_owned(),
    };
    LocateError::NotInstalled { name: manifest.name, folder, wanted }
}

fn unusable(path: &Path, problem: String) -> LocateError {
    LocateError::Unusable { path: path.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_manifest_parses_and_is_named_after_its_file() {
        for (name, text) in embedded::MANIFESTS {
            let manifest = Manifest::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(manifest.name, *name);
        }
        assert_eq!(model_names()[0], EMBEDDED);
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| locate(path.to_str()).unwrap_err().to_string();

        assert!(message(folder.path()).contains("neither .safetensors nor .gguf"));
        fs::write(folder.path().join("model.safetensors"), b"").unwrap();
        assert!(message(folder.path()).contains("no `config.json`"));
        fs::write(folder.path().join("config.json"), b"{}").unwrap();
        assert!(message(folder.path()).contains("no `tokenizer.json`"));
        assert!(message(&folder.path().join("config.json")).contains("neither a folder nor"));
        assert!(message(Path::new("no-such-model")).contains("the names are embedded, "));
    }

    #[test]
    fn a_manifest_beside_the_weights_counts() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("model.gguf"), b"").unwrap();
        fs::write(folder.path().join(MANIFEST_FILE), "name = \"mine\"\nfamily = \"starcoder\"\n").unwrap();
        let located = locate(folder.path().to_str()).unwrap();
        assert_eq!(located.manifest.name, "mine");
        assert!(matches!(located.files, ModelFiles::Gguf { .. }));

        fs::write(folder.path().join(MANIFEST_FILE), "name = \"mine\"\nfamily = \"starcraft\"\n").unwrap();
        assert!(locate(folder.path().to_str()).unwrap_err().to_string().contains("no family is called `starcraft`"));
    }
}
