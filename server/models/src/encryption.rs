//! Files that come encrypted with age. The `age` program decrypts them: its library would bring eighty crates.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What an encrypted file's name ends in.
pub(crate) const EXTENSION: &str = ".age";

#[derive(Debug, thiserror::Error)]
pub enum DecryptError {
    #[error("`{}` is encrypted; name the file with your age identity: --identity FILE", file.display())]
    NoIdentity { file: PathBuf },
    #[error("the program `age` decrypts `{}`, and cannot be started: {error}; install it (https://age-encryption.org)", file.display())]
    NoProgram { file: PathBuf, error: io::Error },
    #[error("`{}` cannot be decrypted with this identity: {message}", file.display())]
    Failed { file: PathBuf, message: String },
}

pub(crate) fn decrypt(file: &Path, identity: Option<&Path>, to: &Path) -> Result<(), DecryptError> {
    let file = || file.to_owned();
    let identity = identity.ok_or_else(|| DecryptError::NoIdentity { file: file() })?;
    let mut command = Command::new("age");
    command.arg("--decrypt").arg("--identity").arg(identity).arg("--output").arg(to).arg(file());
    let output = command.output().map_err(|error| DecryptError::NoProgram { file: file(), error })?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ");
    Err(DecryptError::Failed { file: file(), message })
}
