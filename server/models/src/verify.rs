//! The check of a model's files against `models.lock`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::digest::sha256_of;
use crate::durable::replace_file;
use crate::folders::cache_folder;
use crate::lock::{LockEntry, LockedFile};

/// Some file systems give a file the same time of change when it changes twice within this.
const TIME_RESOLUTION: Duration = Duration::from_secs(2);

/// An installed model that `models.lock` records.
#[derive(Debug, Clone)]
pub struct LockedModel {
    /// The model's name in the lock.
    pub name: String,
    /// The folder that holds the model's files.
    pub folder: PathBuf,
    /// What the lock says.
    pub entry: LockEntry,
}

/// One file that differs from the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file's name in the model's folder.
    pub file: String,
    /// How it differs.
    pub problem: Problem,
}

/// How a file differs from the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The lock records the file, but it does not exist.
    Missing,
    /// The file cannot be read; the text is the system's error.
    Unreadable(String),
    /// The size differs.
    Size {
        /// Bytes, as the lock says.
        expected: u64,
        /// Bytes in the folder.
        found: u64,
    },
    /// The SHA-256 differs.
    Contents,
    /// The lock does not record the file, and mistral.rs might load it.
    Unknown,
}

/// A model that differs from the lock.
#[derive(Debug, thiserror::Error)]
#[error("the model `{name}` differs from models.lock and is not loaded: {}; {}", list(damages), self.remedy())]
pub struct DamagedModel {
    /// The model's name in the lock.
    pub name: String,
    /// Every file that differs. Not empty.
    pub damages: Vec<Damage>,
    /// Whether `fimble models pull` can fetch the files again.
    pub has_source: bool,
}

/// What the file system says about a file. It changes whenever the file changes, unless somebody sets the clock back or
/// writes to the disk without the file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Fingerprint {
    /// Bytes.
    size: u64,
    /// When the contents last changed, in nanoseconds since 1970.
    modified: u64,
    /// On Unix, when the inode last changed, which no program can choose. Elsewhere, when the file was created.
    changed: u64,
    inode: u64,
}

/// The SHA-256 of every file that was verified, so that the next start need not read it again.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Digests(BTreeMap<PathBuf, (Fingerprint, String)>);

impl LockedModel {
    /// The model `name` in the folder `models`.
    pub fn new(models: &Path, name: String, entry: LockEntry) -> Self {
        Self { name, folder: models.join(&entry.folder), entry }
    }

    /// Checks the model, and reads only the files that changed since the last check.
    pub fn verify(&self) -> Result<(), DamagedModel> {
        self.result(self.damages(true))
    }

    /// Checks the model and reads every file.
    pub fn verify_anew(&self) -> Result<(), DamagedModel> {
        self.result(self.damages(false))
    }

    fn result(&self, damages: Vec<Damage>) -> Result<(), DamagedModel> {
        if damages.is_empty() {
            return Ok(());
        }
        Err(DamagedModel { name: self.name.clone(), damages, has_source: self.entry.source.is_some() })
    }

    fn damages(&self, trust_cache: bool) -> Vec<Damage> {
        let cache_file = cache_folder().ok().map(|folder| folder.join("verified.json"));
        let mut digests = cache_file.as_deref().map(Digests::read).unwrap_or_default();
        let mut is_new = false;
        let mut damages = Vec::new();
        for file in &self.entry.files {
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
            // If this fails, the next check reads the files again.
            let _ =
                serde_json::to_vec(&digests).map_err(io::Error::from).and_then(|json| replace_file(&cache_file, &json));
        }
        damages
    }

    fn unknown_files(&self) -> Vec<Damage> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.starts_with('.') && !self.entry.files.iter().any(|file| file.name == *name));
        names.sort();
        names.into_iter().map(|file| Damage { file, problem: Problem::Unknown }).collect()
    }
}

impl Digests {
    /// A missing or damaged cache is an empty one.
    fn read(path: &Path) -> Self {
        let text = fs::read(path).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Compares the file at `path` with `expected`. `is_new` becomes `true` when a digest was added.
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
                let digest = sha256_of(path)?;
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

    /// Whether any later change will change the fingerprint.
    fn is_settled(&self) -> bool {
        let now = nanoseconds(SystemTime::now());
        self.modified.max(self.changed) + TIME_RESOLUTION.as_nanos() as u64 <= now
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
}

impl DamagedModel {
    /// The next step.
    fn remedy(&self) -> String {
        let name = &self.name;
        if self.damages.iter().all(|damage| damage.problem == Problem::Unknown) {
            format!("remove those files, or pin them with `fimble models verify --record {name}`")
        } else if self.has_source {
            format!("`fimble models pull {name}` repairs it")
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
