//! Whether a model's files are those that the lock pins.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::install::{InstallError, Store};
use crate::locate::{self, LocateError};
use crate::lock::{LockedFile, LockedModel, replace_file};

/// A file changed twice within this keeps its time on some file systems.
const TIME_RESOLUTION: Duration = Duration::from_secs(2);

/// A model with an entry in the lock.
#[derive(Debug, Clone)]
pub struct Pinned {
    pub name: String,
    /// Of the model's files.
    pub folder: PathBuf,
    pub locked: LockedModel,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub file: String,
    pub problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    Missing,
    Unreadable(String),
    /// In bytes.
    Size {
        expected: u64,
        found: u64,
    },
    Contents,
    /// The lock does not know it, and a loader might.
    Unknown,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the model `{name}` is not what models.lock pins, and is not loaded: {}; {}", list(damages), self.remedy()
)]
pub struct DamagedModel {
    pub name: String,
    pub damages: Vec<Damage>,
    /// It can be fetched again.
    pub has_source: bool,
}

/// A file as it was when its digest was computed. Who changes a file changes one of these, unless he sets the clock back or
/// writes to the disk behind the file system's back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fingerprint {
    size: u64,
    /// Nanoseconds since 1970, of the contents' last change and, on Unix, of the file's: no program can choose the latter.
    modified: u64,
    changed: u64,
    inode: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Digests(BTreeMap<PathBuf, (Fingerprint, String)>);

impl Pinned {
    /// Reads the files that have changed since they were last read.
    pub fn verify(&self) -> Result<(), DamagedModel> {
        self.result(self.damages(true))
    }

    /// Reads every file.
    pub fn verify_anew(&self) -> Result<(), DamagedModel> {
        self.result(self.damages(false))
    }

    fn result(&self, damages: Vec<Damage>) -> Result<(), DamagedModel> {
        if damages.is_empty() {
            return Ok(());
        }
        Err(DamagedModel { name: self.name.clone(), damages, has_source: self.locked.source.is_some() })
    }

    fn damages(&self, trust_cache: bool) -> Vec<Damage> {
        let cache_file = locate::cache_folder().ok().map(|folder| folder.join("verified.json"));
        let mut digests = cache_file.as_deref().map(Digests::read).unwrap_or_default();
        let mut is_new = false;
        let mut damages = Vec::new();
        for file in &self.locked.files {
            let path = self.folder.join(&file.name);
            let problem = match digests.problem(&path, file, trust_cache, &mut is_new) {
                Ok(None) => continue,
                Ok(Some(problem)) => problem,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Problem::Missing,
                Err(error) => Problem::Unreadable(error.to_string()),
            };
            damages.push(Damage { file: file.name.clone(), problem });
        }
        damages.extend(self.unknown_files());
        if let Some(cache_file) = cache_file.filter(|_| is_new) {
            // Without it the next start reads the files again, no more.
            let _ =
                serde_json::to_vec(&digests).map_err(io::Error::from).and_then(|json| replace_file(&cache_file, &json));
        }
        damages
    }

    fn unknown_files(&self) -> Vec<Damage> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.starts_with('.') && !self.locked.files.iter().any(|file| file.name == *name));
        names.sort();
        names.into_iter().map(|file| Damage { file, problem: Problem::Unknown }).collect()
    }
}

/// Pins the model `name` as it lies there now.
pub fn record(name: &str) -> Result<LockedModel, InstallError> {
    let models = locate::models_folder().map_err(LocateError::from)?;
    let store = Store::open(&models, &|_| ())?;
    let mut lock = store.lock()?;
    let folder_name = lock.models.get(name).map_or(name, |model| &model.folder).to_owned();
    let folder = models.join(&folder_name);
    if let Some(manifest) = locate::find_manifest(name)? {
        locate::check_layout(&manifest, &folder)?;
    }
    let mut files = Vec::new();
    let failed = |error| InstallError::Io { path: folder.clone(), error };
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if !file_name.starts_with('.') && entry.path().is_file() {
            let (size, sha256) = digest_of(&entry.path()).map_err(failed)?;
            files.push(LockedFile { name: file_name, size, sha256 });
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    let previous = lock.models.remove(name).filter(|model| model.files == files);
    let locked = previous.unwrap_or(LockedModel { folder: folder_name, source: None, revision: None, files });
    lock.models.insert(name.to_owned(), locked.clone());
    lock.write(&models)?;
    Ok(locked)
}

/// Bytes, and SHA-256 in hexadecimal.
/// SHA-256 of a file, in lower-case hexadecimal. Reads it whole.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    Ok(digest_of(path)?.1)
}

pub(crate) fn digest_of(path: &Path) -> io::Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let size = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok((size, format!("{:x}", hasher.finalize())))
}

impl Digests {
    fn read(path: &Path) -> Self {
        let text = fs::read(path).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn problem(
        &mut self,
        path: &Path,
        expected: &LockedFile,
        trust_cache: bool,
        is_new: &mut bool,
    ) -> io::Result<Option<Problem>> {
        let before = Fingerprint::of(&fs::metadata(path)?);
        if before.size != expected.size {
            return Ok(Some(Problem::Size { expected: expected.size, found: before.size }));
        }
        let known = self.0.get(path).filter(|(fingerprint, _)| trust_cache && *fingerprint == before);
        let digest = match known {
            Some((_, digest)) => digest.clone(),
            None => {
                let (_, digest) = digest_of(path)?;
                if before == Fingerprint::of(&fs::metadata(path)?) && before.is_settled() {
                    self.0.insert(path.to_owned(), (before, digest.clone()));
                    *is_new = true;
                }
                digest
            }
        };
        Ok((digest != expected.sha256).then_some(Problem::Contents))
    }
}

impl Fingerprint {
    fn of(metadata: &Metadata) -> Self {
        let modified = nanoseconds(metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
        #[cfg(unix)]
        let (changed, inode) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ctime() as u64 * 1_000_000_000 + metadata.ctime_nsec() as u64, metadata.ino())
        };
        #[cfg(not(unix))]
        let (changed, inode) = (nanoseconds(metadata.created().unwrap_or(SystemTime::UNIX_EPOCH)), 0);
        Self { size: metadata.len(), modified, changed, inode }
    }

    fn is_settled(&self) -> bool {
        let now = nanoseconds(SystemTime::now());
        self.modified.max(self.changed) + TIME_RESOLUTION.as_nanos() as u64 <= now
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
}

impl DamagedModel {
    fn remedy(&self) -> String {
        let name = &self.name;
        if self.damages.iter().all(|damage| damage.problem == Problem::Unknown) {
            format!("remove what does not belong there, or pin it with `fimble models verify --record {name}`")
        } else if self.has_source {
            format!("`fimble models pull {name}` fetches again what is wrong")
        } else {
            format!("put the right file back, or pin this one with `fimble models verify --record {name}`")
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = &self.file;
        match &self.problem {
            Problem::Missing => write!(formatter, "`{file}` is missing"),
            Problem::Unreadable(error) => write!(formatter, "`{file}` cannot be read ({error})"),
            Problem::Size { expected, found } => write!(formatter, "`{file}` has {found} bytes instead of {expected}"),
            Problem::Contents => write!(formatter, "`{file}` has other contents (its SHA-256 differs)"),
            Problem::Unknown => write!(formatter, "`{file}` is not one of its files"),
        }
    }
}

fn list(damages: &[Damage]) -> String {
    damages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
