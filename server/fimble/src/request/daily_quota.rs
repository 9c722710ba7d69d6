//! The number of remote requests that all of a user's processes have made today, in a small file. It exists only if the
//! settings name a daily quota.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fimble_remote::router::DailyUsage;

use crate::shared_file;
use crate::usage::user_stats_file;

/// The user's file; `None` on a machine without a home folder.
pub fn daily_quota_file() -> Option<PathBuf> {
    Some(user_stats_file()?.with_file_name("remote.json"))
}

/// An unreadable file counts as empty.
pub(super) fn read_quota(file: &Path) -> DailyUsage {
    shared_file::read(file).unwrap_or_default()
}

/// Adds one request on `day` and returns the sum.
pub(super) fn record_request(file: &Path, day: u64) -> io::Result<DailyUsage> {
    shared_file::update(file, |quota: &mut DailyUsage| *quota = quota.plus_one(day))
}

/// Days since 1970, in UTC.
pub(super) fn today() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_secs() / (24 * 60 * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_survives_restarts_and_starts_anew_each_day() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state").join("remote.json");
        let asked = |day| record_request(&file, day).unwrap().requests;
        assert_eq!([asked(5), asked(5), asked(6)], [1, 2, 1]);
        std::fs::write(&file, "{").unwrap();
        assert_eq!(asked(6), 1, "an unreadable file is replaced");
    }
}
