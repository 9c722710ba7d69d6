//! The manifests that fimble finds: built into the binary, added by the user, or beside a model's files.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::durable::replace_file;
use crate::embedded::{EMBEDDED, MANIFESTS};
use crate::folders::{NoHomeError, is_plain_name, manifests_folder};
use crate::manifest::{Manifest, ManifestError};
use crate::signature::{SignatureError, signature_of, verify_signature};

/// The name of the manifest in a model's own folder.
pub const MANIFEST_FILE: &str = "fimble-model.toml";

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The folder of added manifests is unknown.
    #[error(transparent)]
    NoHome(#[from] NoHomeError),
    /// The file cannot be read.
    #[error("cannot read the manifest `{}`: {error}", path.display())]
    Read {
        /// The manifest.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The trusted key did not sign the manifest.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The file is not a manifest.
    #[error("the manifest `{}`: {error}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        error: ManifestError,
    },
    /// An added manifest was changed to another name.
    #[error("the manifest `{}` has another name than its file; add it again with `fimble models add`", path.display())]
    WrongName {
        /// The manifest.
        path: PathBuf,
    },
}

/// Why a manifest cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The manifest itself cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Its name cannot be the name of a model.
    #[error("`{name}` cannot be a model's name: {problem}")]
    Name {
        /// The name in the manifest.
        name: String,
        /// What is wrong with the name.
        problem: &'static str,
    },
    /// The copy cannot be written.
    #[error("cannot write `{}`: {error}", path.display())]
    Write {
        /// The copy.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

/// A manifest with the texts that its author distributes.
struct Distributed {
    manifest: Manifest,
    text: String,
    /// `None` if nobody asked for a signature.
    signature: Option<String>,
}

/// Finds the manifest of the model called `name`. The signature of an added manifest is verified every time, because
/// anybody who can change the file could do so after it was added.
pub fn find_manifest(name: &str, trusted_key: Option<&str>) -> Result<Option<Manifest>, CatalogError> {
    if let Some((_, text)) = MANIFESTS.iter().find(|(other, _)| *other == name) {
        return Ok(Some(Manifest::parse(text).expect("a test parses every manifest in the binary")));
    }
    if !is_plain_name(name) {
        return Ok(None);
    }
    let path = manifests_folder()?.join(format!("{name}.toml"));
    match Distributed::read(&path, trusted_key) {
        Ok(Distributed { manifest, .. }) if manifest.name == name => Ok(Some(manifest)),
        Ok(_) => Err(CatalogError::WrongName { path }),
        Err(CatalogError::Read { error, .. }) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The names of all built-in and added manifests, sorted, with the embedded model first.
pub fn model_names() -> Vec<String> {
    let mut names: Vec<_> = MANIFESTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let added = manifests_folder().ok().and_then(|folder| fs::read_dir(folder).ok());
    for entry in added.into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().strip_suffix(".toml").map(str::to_owned);
        names.extend(name.filter(|name| is_plain_name(name) && !is_built_in(name)));
    }
    names.sort_by_key(|name| (name != EMBEDDED, name.clone()));
    names
}

/// Adds the manifest in `file`, so that its name works as the name of a model. If `trusted_key` is given, that key must
/// have signed the manifest.
pub fn add_manifest(file: &Path, trusted_key: Option<&str>) -> Result<Manifest, AddError> {
    let Distributed { manifest, text, signature } = Distributed::read(file, trusted_key)?;
    let problem = |problem| AddError::Name { name: manifest.name.clone(), problem };
    if !is_plain_name(&manifest.name) || manifest.name.starts_with('.') || manifest.name.contains('@') {
        return Err(problem("it has to be plain, because it names a folder"));
    }
    if is_built_in(&manifest.name) {
        return Err(problem("a model that comes with fimble has it"));
    }
    let target = manifests_folder().map_err(CatalogError::from)?.join(format!("{}.toml", manifest.name));
    let write = |path: &Path, text: &str| {
        replace_file(path, text.as_bytes()).map_err(|error| AddError::Write { path: path.to_owned(), error })
    };
    if let Some(signature) = signature {
        write(&signature_of(&target), &signature)?;
    }
    write(&target, &text)?;
    Ok(manifest)
}

/// The manifest of the model at `path`, a folder or a file. A model without a `fimble-model.toml` is named after its path.
pub(crate) fn manifest_beside(path: &Path) -> Result<Manifest, CatalogError> {
    // A folder's name may contain dots that do not start an extension, as in `Qwen2.5-Coder-0.5B`.
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    let name = name.unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    match Distributed::read(&folder.join(MANIFEST_FILE), None) {
        Ok(Distributed { manifest, .. }) => Ok(manifest),
        Err(CatalogError::Read { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Manifest { name, ..Manifest::default() })
        }
        Err(error) => Err(error),
    }
}

fn is_built_in(name: &str) -> bool {
    MANIFESTS.iter().any(|(other, _)| *other == name)
}

impl Distributed {
    fn read(path: &Path, trusted_key: Option<&str>) -> Result<Self, CatalogError> {
        let text = fs::read_to_string(path).map_err(|error| CatalogError::Read { path: path.to_owned(), error })?;
        let signature = trusted_key.map(|key| verify_signature(path, text.as_bytes(), key)).transpose()?;
        let manifest =
            Manifest::parse(&text).map_err(|error| CatalogError::Manifest { path: path.to_owned(), error })?;
        Ok(Self { manifest, text, signature })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_manifest_parses_and_is_named_after_its_file() {
        for (name, text) in MANIFESTS {
            let manifest = Manifest::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(manifest.name, *name);
        }
        assert_eq!(model_names()[0], EMBEDDED);
    }
}
