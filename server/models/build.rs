//! Puts the manifests and the embedded model from `models/` into the binary. To change them, change only those files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest, Sha256};

/// The extensions of the files in `models/embedded/` that the engine loads. Others, such as the model card, stay out of
/// the binary.
const MODEL_FILES: [&str; 5] = ["json", "ngrams", "safetensors", "gguf", "uqff"];

fn main() {
    let models = Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../models");
    let models = models.canonicalize().expect("the folder `models` is beside `server`");
    let mut code = String::new();

    writeln!(code, "pub(crate) static MANIFESTS: &[(&str, &str)] = &[").unwrap();
    for path in files_with(&models, &["toml"]) {
        writeln!(code, "    ({:?}, include_str!({path:?})),", stem(&path)).unwrap();
    }
    writeln!(code, "];\n\npub(crate) static EMBEDDED_FILES: &[EmbeddedFile] = &[").unwrap();
    for path in files_with(&models.join("embedded"), &MODEL_FILES) {
        let digest = Sha256::digest(fs::read(&path).expect("the file was just listed"));
        writeln!(
            code,
            "    EmbeddedFile {{ name: {:?}, sha256: \"{digest:x}\", bytes: include_bytes!({path:?}) }},",
            path.file_name().unwrap().to_str().unwrap(),
        )
        .unwrap();
    }
    writeln!(code, "];").unwrap();

    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("models.rs"), code).expect("OUT_DIR is writable");
}

/// The files in `folder` with one of these extensions, sorted. cargo runs this script again when they change.
fn files_with(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e)))
        .collect();
    files.sort();
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("manifests have plain names")
}
