//! `fimble forget`.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::{fimble, outcome};

fn forget(home: &Path, arguments: &[&str]) -> (String, String, i32) {
    let output = fimble().env("HOME", home).arg("forget").args(arguments).stdin(Stdio::null()).output().unwrap();
    outcome(output)
}

#[test]
fn stored_files_are_listed_and_deleted_and_models_only_on_request() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(forget(home.path(), &[]), ("Nothing is stored.\n".to_owned(), String::new(), 0));

    let [statistics, draft, cache, model, own] = [
        ".local/state/fimble/statistics.json",
        // A process that was killed while it wrote leaves such a file.
        ".local/state/fimble/statistics.AbCdEf",
        ".cache/fimble/models/embedded-1/config.json",
        ".local/share/fimble/models/mine/model.gguf",
        ".config/fimble/fimble.toml",
    ]
    .map(|path| home.path().join(path));
    for file in [&statistics, &draft, &cache, &model, &own] {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "0123456789").unwrap();
    }
    let (listed, errors, status) = forget(home.path(), &["--dry-run"]);
    assert!(listed.contains("statistics") && listed.contains("10 bytes") && !listed.contains("model.gguf"), "{listed}");
    assert_eq!((errors.as_str(), status), ("", 0));
    assert!(statistics.exists() && cache.exists());

    // Without a terminal to ask on, --yes is required.
    let (_, errors, status) = forget(home.path(), &[]);
    assert!(errors.contains("--yes"), "{errors}");
    assert_eq!(status, 1);

    assert_eq!(forget(home.path(), &["--yes"]).2, 0);
    assert!(!statistics.exists() && !draft.exists() && !cache.exists() && model.exists() && own.exists());
    assert_eq!(forget(home.path(), &["--yes", "--models"]).2, 0);
    assert!(!model.exists() && own.exists());
}
