//! A short digest that tells versions of a model apart.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::embedded;
use crate::layout::ModelFiles;
use crate::locate::LocatedModel;

/// The number of pieces of each file of weights that count. Training changes all weights, so pieces are enough, and
/// reading all of a large model would take as long as loading it.
const PIECES: u64 = 64;
/// Bytes.
const PIECE: u64 = 4096;

impl LocatedModel {
    /// The first eight hexadecimal digits of a SHA-256: over the embedded model's files, or over the sizes of other
    /// models' weights and pieces spread evenly over them. With an adapter, they are over both. `None` if the files cannot be
    /// read. To check that files are intact, use [`LocatedModel::verify`].
    pub fn version(&self) -> Option<String> {
        let version = version_of(&self.files)?;
        let Some(adapter) = &self.adapter else { return Some(version) };
        let mut digest = Sha256::new_with_prefix(version);
        add_pieces(&adapter.weights(), &mut digest).ok()?;
        Some(in_short(digest))
    }

    /// The digest of the weights alone, so that a copy of the embedded model has the same one.
    pub(crate) fn weights_digest(&self) -> Option<String> {
        digest_of_weights(&self.files)
    }
}

fn version_of(files: &ModelFiles) -> Option<String> {
    match files {
        ModelFiles::Safetensors { folder } => embedded::version_in(folder).or_else(|| digest_of_weights(files)),
        ModelFiles::Gguf { .. } => digest_of_weights(files),
    }
}

fn digest_of_weights(files: &ModelFiles) -> Option<String> {
    let mut digest = Sha256::new();
    files.weights().ok()?.iter().try_for_each(|file| add_pieces(file, &mut digest)).ok()?;
    Some(in_short(digest))
}

fn in_short(digest: Sha256) -> String {
    format!("{:.8}", format!("{:x}", digest.finalize()))
}

/// Adds the size of `file` and its pieces to `digest`.
fn add_pieces(file: &Path, digest: &mut Sha256) -> io::Result<()> {
    let mut file = File::open(file)?;
    let size = file.metadata()?.len();
    digest.update(size.to_le_bytes());
    let last = size.saturating_sub(PIECE);
    let mut piece = Vec::new();
    for number in 0..PIECES {
        // The product fits in 64 bits for files of up to 2^58 bytes.
        file.seek(SeekFrom::Start(last * number / (PIECES - 1)))?;
        piece.clear();
        (&mut file).take(PIECE).read_to_end(&mut piece)?;
        digest.update(&piece);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(folder: &Path, files: &[(&str, Vec<u8>)]) -> Option<String> {
        std::fs::create_dir_all(folder).unwrap();
        files.iter().for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes).unwrap());
        version_of(&ModelFiles::Safetensors { folder: folder.to_owned() })
    }

    #[test]
    fn it_is_of_the_weights_wherever_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let trained =
            |seed: u32| (0..500_000u32).flat_map(|i| (i.wrapping_mul(seed)).to_le_bytes()).collect::<Vec<u8>>();
        let [first, second] = [trained(7), trained(9)];
        let at = |name: &str| folder.path().join(name);
        let one = version(&at("a"), &[("model.safetensors", first.clone()), ("README.md", vec![1])]);
        assert_eq!(one.as_ref().map(String::len), Some(8));
        assert_eq!(version(&at("b"), &[("model.safetensors", first.clone())]), one);
        assert_ne!(version(&at("c"), &[("model.safetensors", second)]), one);
        assert_ne!(version(&at("d"), &[("model.safetensors", [first, vec![0]].concat())]), one);
        assert_eq!(version_of(&ModelFiles::Gguf { file: at("no.gguf") }), None);
        assert!(version(&at("e"), &[("model.safetensors", vec![])]).is_some());
    }
}
