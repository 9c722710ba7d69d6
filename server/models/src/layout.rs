//! The files that a model or an adapter consists of, and what is missing from a folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::manifest::{ADAPTER_CONFIG, ADAPTER_WEIGHTS, Manifest};

/// The files of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelFiles {
    /// Hugging Face layout: `config.json`, `tokenizer.json` and `*.safetensors`.
    Safetensors {
        /// The folder with these files.
        folder: PathBuf,
    },
    /// One GGUF file. A `tokenizer.json` beside it takes precedence over the tokenizer inside it.
    Gguf {
        /// The file.
        file: PathBuf,
    },
}

/// Why a path is not a model or an adapter.
#[derive(Debug, thiserror::Error)]
#[error("`{}` {problem}", path.display())]
pub struct LayoutError {
    path: PathBuf,
    problem: String,
}

impl ModelFiles {
    /// Finds the model at `path`: a folder, or a GGUF file. mistral.rs would ask the network for a missing file, so this
    /// reports the file by name instead.
    pub(crate) fn at(path: &Path) -> Result<Self, LayoutError> {
        if !path.is_dir() {
            return match path.extension() {
                Some(extension) if extension.eq_ignore_ascii_case("gguf") => Ok(Self::Gguf { file: path.to_owned() }),
                _ => Err(LayoutError::new(path, "is neither a folder nor a .gguf file")),
            };
        }
        let entries = fs::read_dir(path).map_err(|error| LayoutError::new(path, format!("cannot be read: {error}")))?;
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        let has_extension = |file: &Path, wanted: &str| file.extension().is_some_and(|extension| extension == wanted);
        if files.iter().any(|file| file.ends_with(ADAPTER_CONFIG)) {
            let problem = "is a LoRA adapter; set `adapter` to it, or use --adapter, and set `model` to its base";
            return Err(LayoutError::new(path, problem));
        }
        if files.iter().any(|file| has_extension(file, "safetensors")) {
            for wanted in ["config.json", "tokenizer.json"] {
                if !path.join(wanted).is_file() {
                    return Err(LayoutError::new(path, format!("has weights, but no `{wanted}`")));
                }
            }
            return Ok(Self::Safetensors { folder: path.to_owned() });
        }
        files.retain(|file| has_extension(file, "gguf"));
        match &files[..] {
            [file] => Ok(Self::Gguf { file: file.clone() }),
            [] => Err(LayoutError::new(path, "holds neither .safetensors nor .gguf files")),
            _ => Err(LayoutError::new(path, "holds several .gguf files; give the path of one of them")),
        }
    }

    /// The folder that holds the files.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Safetensors { folder } => folder,
            Self::Gguf { file } => file.parent().unwrap_or(Path::new(".")),
        }
    }

    /// The files that hold weights, sorted by name.
    pub fn weights(&self) -> io::Result<Vec<PathBuf>> {
        match self {
            Self::Safetensors { folder } => {
                let mut files: Vec<_> =
                    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
                files.retain(|file| file.extension().is_some_and(|extension| extension == "safetensors"));
                files.sort();
                Ok(files)
            }
            Self::Gguf { file } => Ok(vec![file.clone()]),
        }
    }
}

impl LayoutError {
    fn new(path: &Path, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }
}

/// Checks that `folder` holds the files of an adapter in peft's layout.
pub(crate) fn check_adapter_files(folder: &Path) -> Result<(), LayoutError> {
    match [ADAPTER_CONFIG, ADAPTER_WEIGHTS].into_iter().find(|wanted| !folder.join(wanted).is_file()) {
        Some(missing) => Err(LayoutError::new(folder, format!("is not a LoRA adapter: it has no `{missing}`"))),
        None => Ok(()),
    }
}

/// Checks that `folder` holds a model or an adapter, whichever `manifest` describes.
pub(crate) fn check_layout(manifest: &Manifest, folder: &Path) -> Result<(), LayoutError> {
    match manifest.base {
        Some(_) => check_adapter_files(folder),
        None => ModelFiles::at(folder).map(|_| ()),
    }
}
