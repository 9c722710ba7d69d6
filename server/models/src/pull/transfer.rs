//! Moving the bytes of one file: a download that resumes, and a copy that decrypts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::encryption;
use super::error::PullError;
use super::hub::{Hub, HubError};
use super::wanted::Wanted;
use crate::store::StoreError;

/// Bytes per write.
const PIECE: usize = 1 << 17;
/// A download fails after this many broken connections in a row that brought no byte.
const BREAKS: u32 = 5;
const PAUSE_AFTER_BREAK: Duration = Duration::from_millis(500);

/// Hears what a pull does, to tell the user.
pub trait Progress {
    /// Something that the user should read.
    fn say(&self, text: &str);
    /// `file` is being fetched. `size` is its size in bytes, if known; `done` bytes are here already.
    fn begin(&self, file: &str, size: Option<u64>, done: u64);
    /// `bytes` more are here. The number is negative if bytes must be fetched again.
    fn advance(&self, bytes: i64);
    /// The file is complete.
    fn end(&self);
}

/// Downloads `file` from `url` to `path`, and resumes after the bytes that are there.
pub(super) fn download(
    hub: &Hub,
    url: &str,
    file: &Wanted,
    path: &Path,
    progress: &dyn Progress,
) -> Result<(), PullError> {
    let io_error = |error| StoreError::io(path, error);
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
                progress.say("the connection broke off; resuming");
                thread::sleep(PAUSE_AFTER_BREAK);
            }
        }
    }
    progress.end();
    Ok(())
}

/// Copies the file `from` to `to`, or decrypts `from.age` to `to` if that exists.
pub(super) fn copy(from: &Path, to: &Path, identity: Option<&Path>, progress: &dyn Progress) -> Result<(), PullError> {
    let io_error = |path: &Path| {
        let path = path.to_owned();
        move |error| StoreError::io(&path, error)
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

/// Appends what `reader` gives to `target`, and adds its length to `done`. The outer error is this machine's, the inner
/// one is the reader's.
fn receive(
    mut reader: impl Read,
    target: &mut File,
    done: &mut u64,
    progress: &dyn Progress,
    path: &Path,
) -> Result<io::Result<()>, StoreError> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = match reader.read(&mut piece) {
            Ok(0) => return Ok(Ok(())),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Ok(Err(error)),
        };
        target.write_all(&piece[..length]).map_err(|error| StoreError::io(path, error))?;
        *done += length as u64;
        progress.advance(length as i64);
    }
}

/// Creates an empty file that only its user may read, so that no decrypted byte is ever readable by others.
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
