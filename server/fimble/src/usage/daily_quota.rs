//! What was asked of a server elsewhere today, by all of a user's processes: a number in a file, kept where there is a budget
//! for the day.

use std::io;
use std::path::{Path, PathBuf};

use fimble_remote::router::DailyQuota;

use crate::usage::shared_file;
use crate::usage::user_stats_file;

/// Where the user's file is; `None` on a machine without a home folder.
pub fn daily_quota_file() -> Option<PathBuf> {
    Some(user_stats_file()?.with_file_name("remote.json"))
}

/// What the file says; nothing where it cannot be read.
pub(crate) fn spent(path: &Path) -> DailyQuota {
    shared_file::read(path).unwrap_or_default()
}

/// Counts one request of `day`, and returns the sum.
pub(crate) fn spend(path: &Path, day: u64) -> io::Result<DailyQuota> {
    shared_file::update(path, |today: &mut DailyQuota| *today = today.and_one(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_counted_over_restarts_and_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state").join("remote.json");
        let asked = |day| spend(&path, day).unwrap().asked;
        assert_eq!([asked(5), asked(5), asked(6)], [1, 2, 1]);
        std::fs::write(&path, "{").unwrap();
        assert_eq!(asked(6), 1, "what cannot be read is begun anew");
    }
}
