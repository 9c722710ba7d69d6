//! All that fimble keeps on the machine: what is stored anywhere has to be named here.

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::usage_record::user_record;

/// One kind of thing that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub what: &'static str,
    /// Files and folders; not all of them need exist.
    pub paths: Vec<PathBuf>,
    /// The user has put it there.
    pub is_the_users: bool,
}

/// What there may be of this user's; nothing on a machine without a home folder.
pub fn stored() -> Vec<Stored> {
    let Ok(folders) = etcetera::choose_base_strategy() else { return Vec::new() };
    let ours = |folder: PathBuf| folder.join("fimble");
    let statistics = user_record().into_iter().flat_map(|file| {
        let others = ["lock", "broken.json"].map(|extension| file.with_extension(extension));
        std::iter::once(file).chain(others)
    });
    let models = ["models", "manifests", "previous-model.toml"].map(|name| ours(folders.data_dir()).join(name));
    vec![
        Stored { what: "statistics", paths: statistics.collect(), is_the_users: false },
        Stored { what: "the embedded model, unpacked", paths: vec![ours(folders.cache_dir())], is_the_users: false },
        Stored { what: "models", paths: models.to_vec(), is_the_users: true },
    ]
}

impl Stored {
    /// The size of what exists; `None` if nothing does.
    pub fn bytes(&self) -> Option<u64> {
        let sizes: Vec<u64> = self.paths.iter().filter(|path| path.exists()).map(|path| size(path)).collect();
        (!sizes.is_empty()).then(|| sizes.iter().sum())
    }

    /// Deletes it, and the folders that are empty then and fimble's own.
    pub fn delete(&self) -> io::Result<()> {
        for path in self.paths.iter().filter(|path| path.exists()) {
            if path.is_dir() {
                std::fs::remove_dir_all(path)?;
            } else {
                std::fs::remove_file(path)?;
            }
            if let Some(folder) = path.parent().filter(|folder| folder.ends_with("fimble")) {
                // Something else may be in it.
                let _ = std::fs::remove_dir(folder);
            }
        }
        Ok(())
    }
}

fn size(path: &Path) -> u64 {
    let Ok(metadata) = path.symlink_metadata() else { return 0 };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}
