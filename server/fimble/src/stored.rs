//! All that fimble keeps on the machine: what is stored anywhere has to be named here.

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::request::daily_quota::daily_quota_file;
use crate::usage::user_stats_file;

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
    // With the lock, what was put aside, and what a crash has left half written.
    let with_all_beside = |file: Option<PathBuf>| -> Vec<PathBuf> {
        let Some((folder, name)) = file.as_deref().and_then(|file| file.parent().zip(file.file_stem())) else {
            return Vec::new();
        };
        let beside = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        beside
            .filter(|path| {
                path.file_name()
                    .and_then(|it| Path::new(it).to_str())
                    .is_some_and(|it| it.split('.').next() == name.to_str())
            })
            .collect()
    };
    let models = ["models", "manifests", "previous-model.toml"].map(|name| ours(folders.data_dir()).join(name));
    vec![
        Stored { what: "statistics", paths: with_all_beside(user_stats_file()), is_the_users: false },
        Stored {
            what: "how often the remote was asked today",
            paths: with_all_beside(daily_quota_file()),
            is_the_users: false,
        },
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
