//! Fetching a model: what is wanted, from where, piece by piece, and nothing installed that is not what was published.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sha1::Sha1;
use sha2::Digest;

use crate::encryption::{self, DecryptError};
use crate::hub::{self, Hub, HubError, PublishedDigest, RemoteFile};
use crate::install::{InstallError, Store};
use crate::locate::{self, EMBEDDED, LocateError};
use crate::lock::{LockError, LockedFile, LockedModel, is_plain_name};
use crate::manifest::Manifest;
use crate::verify::{Pinned, digest_of};

const PIECE: usize = 1 << 16;
/// Connections that break off one after the other, without a byte in between.
const BREAKS: u32 = 5;
const PAUSE_AFTER_BREAK: Duration = Duration::from_millis(500);
const MAIN: &str = "main";

/// What a user asks for.
#[derive(Debug, Clone, Default)]
pub struct PullRequest {
    pub name: String,
    /// A folder, a file, or the address of a folder or a file on a web server; the hub, if missing.
    pub from: Option<String>,
    /// Only what is on this machine.
    pub offline: bool,
    /// Not the revision that is pinned but the one that the manifest names now.
    pub update: bool,
    /// The file with the age identity that decrypts `.age` files.
    pub identity: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every file was read and is right.
    Intact {
        folder: PathBuf,
    },
    Installed {
        folder: PathBuf,
        revision: Option<String>,
        fetched: Vec<String>,
        kept: Vec<String>,
    },
}

/// Told of what happens.
pub trait Progress {
    fn say(&self, text: &str);
    /// `size` in bytes, of which `done` are here already.
    fn begin(&self, file: &str, size: Option<u64>, done: u64);
    /// So many bytes more; negative when they have to be fetched again.
    fn advance(&self, bytes: i64);
    fn end(&self);
}

#[derive(Debug, thiserror::Error)]
pub enum PullError {
    #[error(transparent)]
    Locate(#[from] LocateError),
    #[error(transparent)]
    Install(#[from] InstallError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
    #[error("the embedded model comes with fimble; there is nothing to fetch")]
    Embedded,
    #[error("no model is called `{name}`; the names are {names}")]
    Unknown { name: String, names: String },
    #[error("the manifest of `{0}` does not say where its files are; give --from a folder, a file or an address")]
    NoSource(String),
    #[error(
        "`{name}` is not in the hub's cache on this machine, and offline nothing is fetched; give --from a folder, or run \
         this without --offline and HF_HUB_OFFLINE"
    )]
    Offline { name: String },
    #[error("`{from}` {problem}")]
    From { from: String, problem: String },
    #[error(transparent)]
    Wrong(Box<WrongFile>),
}

/// What a server or a folder gave is not what was published or pinned.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{file}` from {from} is not what {authority} says: {found} instead of {expected}; nothing was installed. Ask whoever \
     runs the server, or take the model from elsewhere with --from{hint}"
)]
pub struct WrongFile {
    file: String,
    from: String,
    authority: &'static str,
    found: PublishedDigest,
    expected: PublishedDigest,
    hint: &'static str,
}

/// A file that the model has to have.
struct Wanted {
    name: String,
    size: Option<u64>,
    digest: Option<PublishedDigest>,
    authority: &'static str,
}

enum Origin {
    Folder {
        folder: PathBuf,
        only: Option<String>,
    },
    /// Files lie at the address and a name.
    Web {
        hub: Hub,
        address: String,
    },
    Hub {
        hub: Hub,
        repository: String,
        revision: String,
    },
}

/// Fetches a model, or what is wrong or missing of it, and installs it.
pub fn pull(request: &PullRequest, progress: &dyn Progress) -> Result<Outcome, PullError> {
    let name = request.name.as_str();
    if name == EMBEDDED {
        return Err(PullError::Embedded);
    }
    let unknown = || PullError::Unknown { name: name.to_owned(), names: locate::model_names().join(", ") };
    let manifest = locate::find_manifest(name)?.ok_or_else(unknown)?;
    let models = locate::models_folder().map_err(LocateError::from)?;
    let store = Store::open(&models, &|text| progress.say(text))?;
    let lock = store.lock()?;
    store.sweep(name, &lock);
    let pinned = lock.models.get(name).map(|locked| Pinned {
        name: name.to_owned(),
        folder: models.join(&locked.folder),
        locked: locked.clone(),
    });
    if let Some(pinned) = pinned.as_ref().filter(|_| !request.update) {
        match pinned.verify_anew() {
            Ok(()) => return Ok(Outcome::Intact { folder: pinned.folder.clone() }),
            Err(damaged) => {
                progress.say(&damaged.damages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
        }
    }

    let pins = pinned.as_ref().filter(|_| !request.update).map(|pinned| &pinned.locked);
    let (origin, wanted, revision) = plan(request, &manifest, pins)?;
    let incoming = store.incoming(name)?;
    if let Some(Ok(installed)) = pinned.as_ref().map(|pinned| fs::metadata(&pinned.folder)) {
        // What was unpacked for its user alone stays so.
        fs::set_permissions(&incoming, installed.permissions()).map_err(|error| InstallError::io(&incoming, error))?;
    }
    keep_only(&incoming, &wanted)?;
    let mut files = Vec::new();
    let (mut fetched, mut kept) = (Vec::new(), Vec::new());
    for file in &wanted {
        let path = incoming.join(&file.name);
        let is_here = file.digest.is_some() && (is_right(&path, file) || reuse(pinned.as_ref(), &path, file));
        if is_here {
            kept.push(file.name.clone());
        } else {
            origin.bring(file, &path, request.identity.as_deref(), progress)?;
            fetched.push(file.name.clone());
        }
        let io_error = |error| InstallError::io(&path, error);
        let (size, sha256) = digest_of(&path).map_err(io_error)?;
        if let Some(expected) = manifest.source.as_ref().and_then(|source| source.sha256.get(&file.name)) {
            check(file, &path, &PublishedDigest::Sha256(expected.to_lowercase()), "its manifest", &origin)?;
        }
        File::open(&path).and_then(|file| file.sync_all()).map_err(io_error)?;
        files.push(LockedFile { name: file.name.clone(), size, sha256 });
    }
    locate::check_layout(&manifest, &incoming)?;
    files.sort_by(|one, other| one.name.cmp(&other.name));
    let folder = store.next_folder(name);
    let source = pins.and_then(|pins| pins.source.clone()).or_else(|| Some(origin.to_string()));
    let revision = revision.or_else(|| pins.and_then(|pins| pins.revision.clone()));
    let locked = LockedModel { folder: folder.clone(), source, revision: revision.clone(), files };
    store.commit(name, &incoming, locked)?;
    Ok(Outcome::Installed { folder: models.join(folder), revision, fetched, kept })
}

/// From where, which files, and of which commit.
fn plan(
    request: &PullRequest,
    manifest: &Manifest,
    pins: Option<&LockedModel>,
) -> Result<(Origin, Vec<Wanted>, Option<String>), PullError> {
    let pinned_files = pins.map(|pins| pins.files.iter().map(Wanted::pinned).collect::<Vec<_>>());
    let offline = request.offline || hub::is_offline();
    let source = manifest.source.as_ref();
    // What the manifest does not name, the lock may.
    let recorded = || pins.filter(|_| source.is_none()).and_then(|pins| pins.source.as_ref());
    if let Some(from) = request.from.as_ref().or_else(recorded) {
        let is_web = from.starts_with("http://") || from.starts_with("https://");
        if is_web && offline {
            return Err(PullError::Offline { name: manifest.name.clone() });
        }
        let origin = if is_web { Origin::web(from)? } else { Origin::folder(from)? };
        let wanted = match pinned_files {
            Some(files) => files,
            None => origin.files(from, manifest)?,
        };
        return Ok((origin, wanted, None));
    }
    let source = source.ok_or_else(|| PullError::NoSource(manifest.name.clone()))?;
    let revision = pins.and_then(|pins| pins.revision.as_deref()).or(source.revision.as_deref()).unwrap_or(MAIN);
    if offline {
        let cached = cached_snapshot(&source.repository, revision);
        let (folder, commit) = cached.ok_or_else(|| PullError::Offline { name: manifest.name.clone() })?;
        let from = folder.display().to_string();
        let origin = Origin::Folder { folder, only: None };
        let wanted = match pinned_files {
            Some(files) => files,
            None => origin.files(&from, manifest)?,
        };
        return Ok((origin, wanted, Some(commit)));
    }
    let hub = Hub::from_environment()?;
    let (wanted, revision) = match pinned_files {
        Some(files) => (files, revision.to_owned()),
        None => {
            let listing = hub.listing(&source.repository, revision)?;
            let wanted =
                listing.files.into_iter().filter(|file| manifest.wants(&file.name) && is_plain_name(&file.name));
            (wanted.map(Wanted::published).collect(), listing.revision)
        }
    };
    let commit = Some(revision.clone());
    Ok((Origin::Hub { hub, repository: source.repository.clone(), revision }, wanted, commit))
}

impl Wanted {
    fn pinned(file: &LockedFile) -> Self {
        Self {
            name: file.name.clone(),
            size: Some(file.size),
            digest: Some(PublishedDigest::Sha256(file.sha256.clone())),
            authority: "models.lock",
        }
    }

    fn published(file: RemoteFile) -> Self {
        Self { name: file.name, size: file.size, digest: file.digest, authority: "the hub" }
    }

    fn named(name: String) -> Self {
        Self { name, size: None, digest: None, authority: "" }
    }
}

impl Origin {
    fn folder(from: &str) -> Result<Self, PullError> {
        // The lock keeps it for whoever repairs the model, wherever that is done.
        let path = std::path::absolute(from).unwrap_or_else(|_| from.into());
        if path.is_dir() {
            return Ok(Self::Folder { folder: path, only: None });
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        match name.filter(|_| path.is_file()) {
            Some(name) => {
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                let only = Some(name.strip_suffix(encryption::EXTENSION).unwrap_or(&name).to_owned());
                Ok(Self::Folder { folder, only })
            }
            None => Err(from_problem(from, "is neither a folder nor a file here; an address begins with https://")),
        }
    }

    fn web(from: &str) -> Result<Self, PullError> {
        Ok(Self::Web { hub: Hub::from_environment()?, address: from.trim_end_matches('/').to_owned() })
    }

    /// The files of a model of which only the place is known.
    fn files(&self, from: &str, manifest: &Manifest) -> Result<Vec<Wanted>, PullError> {
        match self {
            Self::Folder { only: Some(only), .. } => Ok(vec![Wanted::named(only.clone())]),
            Self::Folder { folder, .. } => {
                let entries =
                    fs::read_dir(folder).map_err(|error| from_problem(from, &format!("cannot be read: {error}")))?;
                let names = entries.flatten().filter(|entry| entry.path().is_file());
                let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
                let names = names.map(|name| name.strip_suffix(encryption::EXTENSION).unwrap_or(&name).to_owned());
                let names_files = manifest.source.as_ref().is_some_and(|source| source.files.is_some());
                let may_be_gguf = manifest.base.is_none() && !names_files;
                let wants = |name: &String| manifest.wants(name) || (may_be_gguf && name.ends_with(".gguf"));
                Ok(names.filter(wants).map(Wanted::named).collect())
            }
            Self::Web { address, .. } if address.ends_with(".gguf") => {
                Ok(vec![Wanted::named(address.rsplit('/').next().unwrap_or_default().to_owned())])
            }
            Self::Web { .. } => Ok(manifest.names().into_iter().map(Wanted::named).collect()),
            Self::Hub { .. } => Ok(Vec::new()),
        }
    }

    /// Brings `file` to `path`, going on with what is there, and checks it.
    fn bring(
        &self,
        file: &Wanted,
        path: &Path,
        identity: Option<&Path>,
        progress: &dyn Progress,
    ) -> Result<(), PullError> {
        let (hub, url) = match self {
            Self::Folder { folder, .. } => {
                copy(&folder.join(&file.name), path, identity, progress)?;
                return self.accept(file, path);
            }
            Self::Web { hub, address } if address.ends_with(&format!("/{}", file.name)) => (hub, address.clone()),
            Self::Web { hub, address } => (hub, format!("{address}/{}", file.name)),
            Self::Hub { hub, repository, revision } => (hub, hub.file_url(repository, revision, &file.name)),
        };
        if let Self::Hub { repository, .. } = self
            && let Some(blob) = cached_blob(repository, file)
        {
            copy(&blob, path, None, progress)?;
            if self.accept(file, path).is_ok() {
                return Ok(());
            }
        }
        let had_some = path.exists();
        download(hub, &url, file, path, progress)?;
        match self.accept(file, path) {
            // What an earlier run left may be the wrong part.
            Err(_) if had_some => {
                download(hub, &url, file, path, progress)?;
                self.accept(file, path)
            }
            result => result,
        }
    }

    fn accept(&self, file: &Wanted, path: &Path) -> Result<(), PullError> {
        match &file.digest {
            Some(digest) => check(file, path, digest, file.authority, self),
            None => Ok(()),
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder { folder, only: None } => write!(formatter, "{}", folder.display()),
            Self::Folder { folder, only: Some(file) } => write!(formatter, "{}", folder.join(file).display()),
            Self::Web { address, .. } => formatter.write_str(address),
            Self::Hub { repository, .. } => formatter.write_str(repository),
        }
    }
}

/// A file that is wrong is removed, so that the next run begins anew.
fn check(
    file: &Wanted,
    path: &Path,
    digest: &PublishedDigest,
    authority: &'static str,
    origin: &Origin,
) -> Result<(), PullError> {
    let found = digest_like(path, digest).map_err(|error| InstallError::io(path, error))?;
    if found == *digest {
        return Ok(());
    }
    fs::remove_file(path).map_err(|error| InstallError::io(path, error))?;
    let hint = match authority {
        "models.lock" => "; if it has a new version that you want, --update",
        _ => "",
    };
    let (file, from, expected) = (file.name.clone(), origin.to_string(), digest.clone());
    Err(PullError::Wrong(Box::new(WrongFile { file, from, authority, found, expected, hint })))
}

fn is_right(path: &Path, file: &Wanted) -> bool {
    file.digest.as_ref().is_some_and(|digest| digest_like(path, digest).is_ok_and(|found| found == *digest))
}

/// Takes `file` over from the model that is installed, without another copy where the file system can.
fn reuse(installed: Option<&Pinned>, path: &Path, file: &Wanted) -> bool {
    let Some(from) = installed.map(|pinned| pinned.folder.join(&file.name)).filter(|from| is_right(from, file)) else {
        return false;
    };
    let _ = fs::remove_file(path);
    let taken = fs::hard_link(&from, path).or_else(|_| fs::copy(&from, path).map(|_| ()));
    taken.is_ok() && is_right(path, file)
}

/// Removes what an earlier pull left and this one does not want: the folder becomes the model.
fn keep_only(incoming: &Path, wanted: &[Wanted]) -> Result<(), InstallError> {
    let failed = |error| InstallError::io(incoming, error);
    for entry in fs::read_dir(incoming).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_wanted = wanted.iter().any(|file| entry.file_name() == file.name.as_str() && file.digest.is_some());
        if !is_wanted {
            fs::remove_file(entry.path()).map_err(failed)?;
        }
    }
    Ok(())
}

fn download(hub: &Hub, url: &str, file: &Wanted, path: &Path, progress: &dyn Progress) -> Result<(), PullError> {
    let io_error = |error| InstallError::io(path, error);
    let mut target = OpenOptions::new().create(true).append(true).open(path).map_err(io_error)?;
    let mut done = target.metadata().map_err(io_error)?.len();
    progress.begin(&file.name, file.size, done);
    let mut breaks = 0;
    loop {
        let body = hub.fetch(url, done)?;
        if body.start != done {
            progress.advance(body.start as i64 - done as i64);
            target.set_len(body.start).map_err(io_error)?;
            done = body.start;
        }
        let size = file.size.or(body.size);
        let before = done;
        let ended = receive(body.reader, &mut target, &mut done, progress, path)?;
        match ended {
            Ok(()) if size.is_none_or(|size| done >= size) => break,
            _ if done == before && breaks == BREAKS => {
                let problem = ended.map_or_else(|error| error.to_string(), |()| "it ends too early".to_owned());
                return Err(HubError::Unreachable { url: url.to_owned(), problem }.into());
            }
            _ => {
                breaks = if done == before { breaks + 1 } else { 0 };
                progress.say("the connection broke off; going on");
                thread::sleep(PAUSE_AFTER_BREAK);
            }
        }
    }
    progress.end();
    Ok(())
}

/// The outer error is this machine's, the inner one the connection's.
fn receive(
    mut reader: impl Read,
    target: &mut File,
    done: &mut u64,
    progress: &dyn Progress,
    path: &Path,
) -> Result<io::Result<()>, InstallError> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = match reader.read(&mut piece) {
            Ok(0) => return Ok(Ok(())),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Err(error)),
        };
        target.write_all(&piece[..length]).map_err(|error| InstallError::io(path, error))?;
        *done += length as u64;
        progress.advance(length as i64);
    }
}

/// Decrypts what is encrypted.
fn copy(from: &Path, to: &Path, identity: Option<&Path>, progress: &dyn Progress) -> Result<(), PullError> {
    let io_error = |path: &Path| {
        let path = path.to_owned();
        move |error| InstallError::io(&path, error)
    };
    let _ = fs::remove_file(to);
    let mut encrypted = from.as_os_str().to_owned();
    encrypted.push(encryption::EXTENSION);
    let encrypted = PathBuf::from(encrypted);
    if encrypted.exists() {
        create_private(to).map_err(io_error(to))?;
        return Ok(encryption::decrypt(&encrypted, identity, to)?);
    }
    let source = File::open(from).map_err(io_error(from))?;
    let size = source.metadata().map_err(io_error(from))?.len();
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    progress.begin(&name, Some(size), 0);
    let mut target = File::create(to).map_err(io_error(to))?;
    receive(source, &mut target, &mut 0, progress, to)?.map_err(io_error(from))?;
    progress.end();
    Ok(())
}

/// For its user alone to read, from the first byte on.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        options.mode(0o600);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    options.open(path).map(|_| ())
}

/// What the hub's own clients have fetched.
fn cached_blob(repository: &str, file: &Wanted) -> Option<PathBuf> {
    let digest = match file.digest.as_ref()? {
        PublishedDigest::Sha256(digest) | PublishedDigest::GitBlob(digest) => digest,
    };
    let blob = cached_repository(repository)?.join("blobs").join(digest);
    blob.is_file().then_some(blob)
}

fn cached_snapshot(repository: &str, revision: &str) -> Option<(PathBuf, String)> {
    let cached = cached_repository(repository)?;
    let commit = fs::read_to_string(cached.join("refs").join(revision)).unwrap_or_else(|_| revision.to_owned());
    let commit = commit.trim().to_owned();
    let snapshot = cached.join("snapshots").join(&commit);
    (is_plain_name(&commit) && snapshot.is_dir()).then_some((snapshot, commit))
}

fn cached_repository(repository: &str) -> Option<PathBuf> {
    Some(hub::cache_folder()?.join(format!("models--{}", repository.replace('/', "--"))))
}

fn digest_like(path: &Path, digest: &PublishedDigest) -> io::Result<PublishedDigest> {
    match digest {
        PublishedDigest::Sha256(_) => Ok(PublishedDigest::Sha256(digest_of(path)?.1)),
        PublishedDigest::GitBlob(_) => {
            let mut file = File::open(path)?;
            let mut hasher = Sha1::new();
            hasher.update(format!("blob {}\0", file.metadata()?.len()));
            io::copy(&mut file, &mut hasher)?;
            Ok(PublishedDigest::GitBlob(format!("{:x}", hasher.finalize())))
        }
    }
}

impl std::fmt::Display for PublishedDigest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sha256(digest) => write!(formatter, "SHA-256 {digest:.12}…"),
            Self::GitBlob(digest) => write!(formatter, "git blob {digest:.12}…"),
        }
    }
}

fn from_problem(from: &str, problem: &str) -> PullError {
    PullError::From { from: from.to_owned(), problem: problem.to_owned() }
}
