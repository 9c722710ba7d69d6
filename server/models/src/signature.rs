//! minisign signatures of manifests. The signature of `FILE` is in `FILE.minisig`.

use std::fs;
use std::path::{Path, PathBuf};

use minisign_verify::{PublicKey, Signature};

/// Why a manifest is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The trusted key is not a key.
    #[error("`{key}` is not a minisign public key ({problem}); use the second line of `minisign.pub`")]
    Key {
        /// The text that was given as the key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no signature beside the manifest.
    #[error(
        "the manifest `{}` has no signature beside it (`{}`), but `manifest_key` or --key requires one; ask the \
         manifest's author for it", path.display(), signature.display()
    )]
    Missing {
        /// The manifest.
        path: PathBuf,
        /// Where the signature has to be.
        signature: PathBuf,
    },
    /// The signature is damaged, or another key or another text was signed.
    #[error("the trusted key did not sign the manifest `{}` ({problem}); do not use the manifest", path.display())]
    Wrong {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with the signature.
        problem: String,
    },
}

/// Verifies `text`, the contents of the manifest at `path`, and returns the text of its signature.
pub(crate) fn verify_signature(path: &Path, text: &[u8], trusted_key: &str) -> Result<String, SignatureError> {
    let public_key = PublicKey::from_base64(trusted_key.trim())
        .map_err(|error| SignatureError::Key { key: trusted_key.to_owned(), problem: error.to_string() })?;
    let signature_path = signature_of(path);
    let Ok(signature) = fs::read_to_string(&signature_path) else {
        return Err(SignatureError::Missing { path: path.to_owned(), signature: signature_path });
    };
    let wrong =
        |error: minisign_verify::Error| SignatureError::Wrong { path: path.to_owned(), problem: error.to_string() };
    let decoded = Signature::decode(&signature).map_err(wrong)?;
    public_key.verify(text, &decoded, false).map_err(wrong)?;
    Ok(signature)
}

/// The path of the signature of `manifest`.
pub(crate) fn signature_of(manifest: &Path) -> PathBuf {
    let mut path = manifest.as_os_str().to_owned();
    path.push(".minisig");
    path.into()
}
