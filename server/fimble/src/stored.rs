//! Lists every file that fimble stores on this machine. Code that stores a new kind of file must add it here.

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::request::daily_quota::daily_quota_file;
use crate::usage::user_stats_file;

/// One kind of stored data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// A description, for people.
    pub name: &'static str,
    /// Files and folders. Some of them may not exist.
    pub paths: Vec<PathBuf>,
    /// The user installed it, so it is deleted only on request.
    pub is_user_provided: bool,
}

/// Everything that fimble may have stored for this user; nothing on a machine without a home folder.
pub fn stored() -> Vec<Stored> {
    let Ok(folders) = etcetera::choose_base_strategy() else { return Vec::new() };
    let ours = |folder: PathBuf| folder.join("fimble");
    // Includes the lock, a broken file that was set aside, and drafts that a crash left behind.
    let with_siblings = |file: Option<PathBuf>| -> Vec<PathBuf> {
        let Some((folder, name)) = file.as_deref().and_then(|file| file.parent().zip(file.file_stem())) else {
            return Vec::new();
        };
        let siblings = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        siblings
            .filter(|path| {
                path.file_name()
                    .and_then(|it| Path::new(it).to_str())
                    .is_some_and(|it| it.split('.').next() == name.to_str())
            })
            .collect()
    };
    let models = ["models", "manifests", "previous-model.toml"].map(|name| ours(folders.data_dir()).join(name));
    vec![
        Stored { name: "statistics", paths: with_siblings(user_stats_file()), is_user_provided: false },
        Stored {
            name: "the number of remote requests today",
            paths: with_siblings(daily_quota_file()),
            is_user_provided: false,
        },
        Stored {
            name: "the embedded model, unpacked",
            paths: vec![ours(folders.cache_dir())],
            is_user_provided: false,
        },
        Stored { name: "models", paths: models.to_vec(), is_user_provided: true },
    ]
}

impl Stored {
    /// The total size in bytes; `None` if none of the paths exists.
    pub fn bytes(&self) -> Option<u64> {
        let sizes: Vec<u64> = self.paths.iter().filter(|path| path.exists()).map(|path| size(path)).collect();
        (!sizes.is_empty()).then(|| sizes.iter().sum())
    }

    /// Deletes all paths, and fimble's own folders that become empty.
    pub fn delete(&self) -> io::Result<()> {
        for path in self.paths.iter().filter(|path| path.exists()) {
            if path.is_dir() {
                std::fs::remove_dir_all(path)?;
            } else {
                std::fs::remove_file(path)?;
            }
            if let Some(folder) = path.parent().filter(|folder| folder.ends_with("fimble")) {
                // This fails if the folder still holds other files, which must stay.
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
