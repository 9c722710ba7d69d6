//! Manifests that somebody distributes, with a minisign signature where the user has said whose to trust.

use std::path::{Path, PathBuf};
use std::{fs, io};

use minisign_verify::{PublicKey, Signature};

use crate::locate::{self, LocateError};
use crate::lock::{is_plain_name, replace_file};
use crate::manifest::{Manifest, ManifestError};
use crate::selection;

#[derive(Debug, thiserror::Error)]
pub enum AddError {
    #[error(transparent)]
    Locate(#[from] LocateError),
    #[error("`{}` cannot be read: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    #[error("`{}` cannot be written: {error}", path.display())]
    Write { path: PathBuf, error: io::Error },
    #[error("the manifest `{}`: {error}", path.display())]
    Manifest { path: PathBuf, error: ManifestError },
    #[error("`{name}` cannot be a model's name: {problem}")]
    Name { name: String, problem: &'static str },
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    #[error("`{key}` is no minisign public key: {problem}; it is the second line of `minisign.pub`")]
    Key { key: String, problem: String },
    #[error(
        "the manifest `{}` has no signature beside it (`{}`), and `manifest_key` in fimble.toml or --key asks for one; \
         ask whoever gave it to you", path.display(), signature.display()
    )]
    Missing { path: PathBuf, signature: PathBuf },
    #[error("the signature of the manifest `{}` is not of the trusted key: {problem}; do not use it", path.display())]
    Wrong { path: PathBuf, problem: String },
    #[error("{0}")]
    Settings(String),
}

/// Makes the manifest in `file` known by its name, after verifying it with `key` or, without one, the user's setting
/// `manifest_key`.
pub fn add_manifest(file: &Path, key: Option<&str>) -> Result<Manifest, AddError> {
    let text = fs::read_to_string(file).map_err(|error| AddError::Read { path: file.to_owned(), error })?;
    let signature = trusted_signature(file, text.as_bytes(), key)?;
    let manifest = Manifest::parse(&text).map_err(|error| AddError::Manifest { path: file.to_owned(), error })?;
    let problem = |problem| AddError::Name { name: manifest.name.clone(), problem };
    if !is_plain_name(&manifest.name) || manifest.name.starts_with('.') || manifest.name.contains('@') {
        return Err(problem("it has to be plain, as it names a folder"));
    }
    if locate::is_built_in(&manifest.name) {
        return Err(problem("a model that comes with fimble has it"));
    }
    let target = locate::manifests_folder().map_err(LocateError::from)?.join(format!("{}.toml", manifest.name));
    let write = |path: &Path, bytes: &[u8]| {
        replace_file(path, bytes).map_err(|error| AddError::Write { path: path.to_owned(), error })
    };
    if let Some(signature) = signature {
        write(&signature_of(&target), signature.as_bytes())?;
    }
    write(&target, text.as_bytes())?;
    Ok(manifest)
}

/// The text of the signature of the manifest in `path`; nothing where neither `key` nor the user's settings ask for one.
pub(crate) fn trusted_signature(path: &Path, text: &[u8], key: Option<&str>) -> Result<Option<String>, SignatureError> {
    let configured = || selection::manifest_key().map_err(|error| SignatureError::Settings(error.to_string()));
    let Some(key) = key.map(str::to_owned).map_or_else(configured, |key| Ok(Some(key)))? else { return Ok(None) };
    let public_key = PublicKey::from_base64(key.trim())
        .map_err(|error| SignatureError::Key { key: key.clone(), problem: error.to_string() })?;
    let signature_path = signature_of(path);
    let Ok(signature) = fs::read_to_string(&signature_path) else {
        return Err(SignatureError::Missing { path: path.to_owned(), signature: signature_path });
    };
    let wrong =
        |error: minisign_verify::Error| SignatureError::Wrong { path: path.to_owned(), problem: error.to_string() };
    let decoded = Signature::decode(&signature).map_err(wrong)?;
    public_key.verify(text, &decoded, false).map_err(wrong)?;
    Ok(Some(signature))
}

fn signature_of(manifest: &Path) -> PathBuf {
    let mut path = manifest.as_os_str().to_owned();
    path.push(".minisig");
    path.into()
}
