//! Files that are encrypted with age. fimble runs the `age` program, because the library would add eighty crates.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The end of an encrypted file's name.
pub(super) const EXTENSION: &str = ".age";

/// Why a file cannot be decrypted.
#[derive(Debug, thiserror::Error)]
pub enum DecryptError {
    /// The user gave no identity.
    #[error("`{}` is encrypted; give the file with your age identity: --identity FILE", file.display())]
    NoIdentity {
        /// The encrypted file.
        file: PathBuf,
    },
    /// The program `age` does not start.
    #[error(
        "cannot decrypt `{}`, because the program `age` does not start: {error}; install it \
         (https://age-encryption.org)", file.display()
    )]
    NoProgram {
        /// The encrypted file.
        file: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The program `age` refused the identity or the file.
    #[error("`{}` cannot be decrypted with this identity: {message}", file.display())]
    Failed {
        /// The encrypted file.
        file: PathBuf,
        /// What `age` said.
        message: String,
    },
}

/// Decrypts `file` with the identity in the file `identity`, and writes the result to `to`.
pub(super) fn decrypt(file: &Path, identity: Option<&Path>, to: &Path) -> Result<(), DecryptError> {
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
