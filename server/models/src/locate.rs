//! From what the user calls a model to its files: the embedded one, a name from a manifest, or a path.

use std::path::{Path, PathBuf};
use std::{fs, io};

use etcetera::BaseStrategy;

use crate::adapter::LocatedAdapter;
use crate::embedded;
use crate::lock::{Lock, LockError, is_plain_name};
use crate::manifest::{ADAPTER_CONFIG, ADAPTER_WEIGHTS, Manifest, ManifestError};
use crate::signature::{SignatureError, trusted_signature};
use crate::verify::{DamagedModel, Pinned};

/// The name of the model that comes with the binary.
pub const EMBEDDED: &str = "embedded";

/// In a model's folder, this file is its manifest.
pub const MANIFEST_FILE: &str = "fimble-model.toml";

/// A model whose files are on this machine.
#[derive(Debug, Clone)]
pub struct LocatedModel {
    pub manifest: Manifest,
    pub files: ModelFiles,
    /// What the files have to be; none for the embedded model, which is verified as it is unpacked, and for files that
    /// nobody has pinned.
    pub pinned: Option<Pinned>,
    /// Changes the model's weights; see [`LocatedModel::with_adapter`].
    pub adapter: Option<LocatedAdapter>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelFiles {
    /// Hugging Face layout: `config.json`, `tokenizer.json`, `*.safetensors`.
    Safetensors { folder: PathBuf },
    /// One GGUF file; a `tokenizer.json` beside it goes before the tokenizer inside it.
    Gguf { file: PathBuf },
}

impl ModelFiles {
    pub fn folder(&self) -> &Path {
        match self {
            Self::Safetensors { folder } => folder,
            Self::Gguf { file } => file.parent().unwrap_or(Path::new(".")),
        }
    }

    /// The files that hold weights, in the order of their names.
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

/// A model that has a manifest, in the binary or added by the user.
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
    #[error("no adapter is called `{name}` and there is no such folder; {}", adapters(names))]
    UnknownAdapter { name: String, names: String },
    #[error("`{name}` is an adapter of the model `{base}`: set `adapter` to it, or --adapter, and `model` to `{base}`")]
    IsAdapter { name: String, base: String },
    #[error("`{name}` is a model, not an adapter: set `model` to it, or --model")]
    IsModel { name: String },
    #[error(
        "the model `{name}` is not on this machine; `fimble models pull {name}` fetches it, or put its files into `{}` \
         ({wanted})", folder.display()
    )]
    NotInstalled { name: String, folder: PathBuf, wanted: String },
    #[error(transparent)]
    Damaged(DamagedModel),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("`{}` {problem}", path.display())]
    Unusable { path: PathBuf, problem: String },
    #[error("the manifest `{}`: {error}", path.display())]
    Manifest { path: PathBuf, error: ManifestError },
}

/// Finds the model that a user calls `name_or_path`; `None` means the embedded one. Whether its files are whole is for
/// [`LocatedModel::verify`] to say, as that may take a while.
pub fn locate(name_or_path: Option<&str>) -> Result<LocatedModel, LocateError> {
    let name = name_or_path.unwrap_or(EMBEDDED);
    if name == EMBEDDED {
        let manifest = built_in_manifest(name).expect("the embedded model's manifest is in the binary");
        let folder = embedded::unpack(&cache_folder()?)?;
        return Ok(LocatedModel { manifest, files: files_at(&folder)?, pinned: None, adapter: None });
    }
    let Found { manifest, path, pinned } = find(name, Kind::Model)?;
    Ok(LocatedModel { files: explained(files_at(&path), pinned.as_ref())?, manifest, pinned, adapter: None })
}

/// Finds the adapter that a user calls `name_or_path`.
pub(crate) fn locate_adapter(name_or_path: &str) -> Result<LocatedAdapter, LocateError> {
    let Found { manifest, path, pinned } = find(name_or_path, Kind::Adapter)?;
    if !path.join(ADAPTER_CONFIG).exists() && files_at(&path).is_ok() {
        return Err(LocateError::IsModel { name: name_or_path.to_owned() });
    }
    explained(adapter_at(&path), pinned.as_ref())?;
    Ok(LocatedAdapter { manifest, folder: path, pinned })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Adapter,
}

impl Kind {
    fn of(manifest: &Manifest) -> Self {
        if manifest.base.is_some() { Self::Adapter } else { Self::Model }
    }

    /// Nothing has the name.
    fn unknown(self, name: &str) -> LocateError {
        let manifests = model_names().into_iter().filter_map(|name| find_manifest(&name).ok().flatten());
        let names: Vec<String> =
            manifests.filter(|manifest| Self::of(manifest) == self).map(|manifest| manifest.name).collect();
        let (name, names) = (name.to_owned(), names.join(", "));
        match self {
            Self::Model => LocateError::Unknown { name, names },
            Self::Adapter => LocateError::UnknownAdapter { name, names },
        }
    }
}

struct Found {
    manifest: Manifest,
    path: PathBuf,
    pinned: Option<Pinned>,
}

/// What goes by a name, or lies at a path.
fn find(name: &str, kind: Kind) -> Result<Found, LocateError> {
    if let Some(manifest) = find_manifest(name)? {
        if Kind::of(&manifest) != kind {
            let name = manifest.name;
            return Err(match manifest.base {
                Some(base) => LocateError::IsAdapter { name, base },
                None => LocateError::IsModel { name },
            });
        }
        let (path, pinned) = installed(name)?;
        return match path.exists() {
            true => Ok(Found { manifest, path, pinned }),
            false => Err(not_installed(manifest, path)),
        };
    }
    let path = Path::new(name);
    if !path.exists() {
        return Err(kind.unknown(name));
    }
    let path = path.canonicalize().map_err(|error| unusable(path, format!("cannot be opened: {error}")))?;
    Ok(Found { manifest: manifest_at(&path)?, pinned: pinned_at(&path)?, path })
}

/// Of what is missing the lock knows more than the layout does.
fn explained<T>(layout: Result<T, LocateError>, pinned: Option<&Pinned>) -> Result<T, LocateError> {
    layout.map_err(|error| pinned.and_then(|pinned| pinned.verify().err()).map_or(error, LocateError::Damaged))
}

impl LocatedModel {
    /// What it is called, with its adapter.
    pub fn name(&self) -> String {
        let name = &self.manifest.name;
        self.adapter.as_ref().map_or_else(|| name.clone(), |adapter| format!("{name} + {}", adapter.manifest.name))
    }

    /// Before every load.
    pub fn verify(&self) -> Result<(), DamagedModel> {
        let adapter = self.adapter.as_ref().and_then(|adapter| adapter.pinned.as_ref());
        self.pinned.iter().chain(adapter).try_for_each(Pinned::verify)
    }
}

/// What is known of the model called `name`.
pub fn find_manifest(name: &str) -> Result<Option<Manifest>, LocateError> {
    match built_in_manifest(name) {
        Some(manifest) => Ok(Some(manifest)),
        None => added_manifest(name),
    }
}

/// Where the files of the model called `name` are, or have to be put; and what they have to be, if that is known.
pub fn installed_folder(name: &str) -> Result<PathBuf, LocateError> {
    Ok(installed(name)?.0)
}

pub(crate) fn installed(name: &str) -> Result<(PathBuf, Option<Pinned>), LocateError> {
    let models = models_folder()?;
    let pinned = Lock::read(&models)?.models.remove(name).map(|locked| Pinned {
        name: name.to_owned(),
        folder: models.join(&locked.folder),
        locked,
    });
    let folder = pinned.as_ref().map_or_else(|| models.join(name), |pinned| pinned.folder.clone());
    Ok((folder, pinned))
}

/// A path into the models folder does not lead around the lock.
fn pinned_at(path: &Path) -> Result<Option<Pinned>, LocateError> {
    let models = models_folder()?;
    let Ok(canonical) = models.canonicalize() else { return Ok(None) };
    let Ok(inside) = path.strip_prefix(&canonical) else { return Ok(None) };
    let lock = Lock::read(&models)?;
    let mut pinned = lock.models.into_iter().filter(|(_, locked)| inside.starts_with(&locked.folder));
    Ok(pinned.next().map(|(name, locked)| Pinned { name, folder: canonical.join(&locked.folder), locked }))
}

/// Where models that are not embedded are looked for, one folder a name.
pub fn models_folder() -> Result<PathBuf, etcetera::HomeDirError> {
    Ok(etcetera::choose_base_strategy()?.data_dir().join("fimble").join("models"))
}

/// What [`locate`] finds by a name, the embedded model first. A manifest that cannot be used is left out here.
pub fn named_models() -> Vec<NamedModel> {
    let manifests = model_names().into_iter().filter_map(|name| find_manifest(&name).ok().flatten());
    let named = |manifest: Manifest| {
        let folder = installed_folder(&manifest.name).ok().filter(|_| manifest.name != EMBEDDED);
        let installed = manifest.name == EMBEDDED || folder.as_ref().is_some_and(|folder| folder.exists());
        NamedModel { manifest, folder, installed }
    };
    manifests.map(named).collect()
}

/// The names that [`locate`] knows, the embedded model first.
pub fn model_names() -> Vec<String> {
    let mut names: Vec<_> = embedded::MANIFESTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let added = manifests_folder().ok().and_then(|folder| fs::read_dir(folder).ok());
    for entry in added.into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().strip_suffix(".toml").map(str::to_owned);
        names.extend(name.filter(|name| !is_built_in(name)));
    }
    names.sort_by_key(|name| (name != EMBEDDED, name.clone()));
    names
}

fn adapters(names: &str) -> String {
    match names {
        "" => "give the path of a folder in peft's layout, or `fimble models add` it".to_owned(),
        names => format!("the names are {names}, or give the path of a folder in peft's layout"),
    }
}

/// Where manifests lie that the user has added.
pub(crate) fn manifests_folder() -> Result<PathBuf, etcetera::HomeDirError> {
    Ok(etcetera::choose_base_strategy()?.data_dir().join("fimble").join("manifests"))
}

pub(crate) fn cache_folder() -> Result<PathBuf, etcetera::HomeDirError> {
    Ok(etcetera::choose_base_strategy()?.cache_dir().join("fimble").join("models"))
}

pub(crate) fn is_built_in(name: &str) -> bool {
    embedded::MANIFESTS.iter().any(|(other, _)| *other == name)
}

fn built_in_manifest(name: &str) -> Option<Manifest> {
    let (_, text) = embedded::MANIFESTS.iter().find(|(other, _)| *other == name)?;
    Some(Manifest::parse(text).expect("every manifest in the binary is tested to parse"))
}

/// Its signature is verified each time: whoever can change the file could change it after it was added.
fn added_manifest(name: &str) -> Result<Option<Manifest>, LocateError> {
    if !is_plain_name(name) {
        return Ok(None);
    }
    let path = manifests_folder()?.join(format!("{name}.toml"));
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(&path, format!("cannot be read: {error}"))),
    };
    trusted_signature(&path, text.as_bytes(), None)?;
    match Manifest::parse(&text) {
        Ok(manifest) if manifest.name == name => Ok(Some(manifest)),
        Ok(_) => Err(unusable(&path, "is the manifest of a model with another name".to_owned())),
        Err(error) => Err(LocateError::Manifest { path, error }),
    }
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

/// Whether the folder holds what the manifest says it is.
pub(crate) fn check_layout(manifest: &Manifest, folder: &Path) -> Result<(), LocateError> {
    match manifest.base {
        Some(_) => adapter_at(folder),
        None => files_at(folder).map(|_| ()),
    }
}

fn adapter_at(folder: &Path) -> Result<(), LocateError> {
    match [ADAPTER_CONFIG, ADAPTER_WEIGHTS].into_iter().find(|wanted| !folder.join(wanted).is_file()) {
        Some(missing) => Err(unusable(folder, format!("is no LoRA adapter: it has no `{missing}`"))),
        None => Ok(()),
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
    if files.iter().any(|file| file.ends_with(ADAPTER_CONFIG)) {
        return Err(unusable(
            path,
            "is a LoRA adapter: set `adapter` to it, or --adapter, and `model` to its base".to_owned(),
        ));
    }
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
        None if manifest.base.is_some() => format!("{ADAPTER_CONFIG} and {ADAPTER_WEIGHTS}"),
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
