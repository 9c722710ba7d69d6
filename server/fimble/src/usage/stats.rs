//! How users receive suggestions over the weeks: counts by week, language and model version, in a small file of the
//! user's. The file never contains text.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use fimble_completion::engine::ModelId;
use fimble_completion::suggestion::Reason;
use fimble_completion::suggestion::acceptance::Acceptance;
use serde::{Deserialize, Serialize};

use crate::shared_file;

/// How many weeks are kept.
const MAX_WEEKS: usize = 104;

/// Upper bounds of the latency buckets, in milliseconds. One more bucket holds all longer latencies.
const BOUNDS: [f64; 24] = [
    0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 70.0, 100.0, 150.0, 200.0, 300.0, 500.0, 700.0,
    1000.0, 1500.0, 2000.0, 3000.0, 5000.0,
];

/// Counts by week. A week is named like `2026-W47` (ISO 8601, in UTC).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UsageStats {
    weeks: BTreeMap<String, Week>,
}

/// By language, then by model.
type Week = BTreeMap<String, BTreeMap<ModelId, Counts>>;

/// A language and a model. Each pair has its own counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The LSP language identifier.
    pub language: String,
    pub model: ModelId,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Suggestions shown. A suggestion that the user types along counts once.
    pub shown: u64,
    pub accepted: u64,
    /// Suggestions accepted in part, by words or lines, and then left.
    pub partly_accepted: u64,
    pub typed_over: u64,
    /// Characters in suggestions that were accepted whole.
    pub characters: u64,
    /// Requests that the model itself completed.
    pub asked: u64,
    /// Those of these answers that are not shown, by [`Reason`].
    pub empty: u64,
    pub broken: u64,
    pub unsure: u64,
    /// The latencies of all answers, including those with nothing to show.
    pub latencies: Latencies,
    /// Counts of later versions of fimble, which may use the same file.
    #[serde(flatten)]
    others: BTreeMap<String, u64>,
}

/// A histogram of latencies: the number of answers in each bucket of [`BOUNDS`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latencies(Vec<u64>);

/// Why the statistics cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StatsError {
    #[error("the statistics in `{}` cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("the statistics cannot be written to `{}`: {error}", path.display())]
    Unwritable { path: PathBuf, error: io::Error },
}

/// The path of the user's file; `None` on a machine without a home folder.
pub fn user_stats_file() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    let folder = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    Some(folder.join("fimble").join("statistics.json"))
}

impl UsageStats {
    /// Reads the file. A missing file has no counts.
    pub fn read(path: &Path) -> Result<Self, StatsError> {
        shared_file::read(path).map_err(|error| StatsError::Unreadable { path: path.to_owned(), error })
    }

    /// Adds these counts to the file. Several processes may do so at the same time. On an error, the file keeps its old
    /// content.
    pub fn add_to(&self, path: &Path) -> Result<(), StatsError> {
        let sum = shared_file::update(path, |sum: &mut Self| sum.add(self));
        sum.map(drop).map_err(|error| StatsError::Unwritable { path: path.to_owned(), error })
    }

    pub fn is_empty(&self) -> bool {
        self.weeks.is_empty()
    }

    pub fn count_shown(&mut self, subject: &Subject) {
        self.now(subject).shown += 1;
    }

    /// `characters` is the length of the suggestion.
    pub fn count_acceptance(&mut self, subject: &Subject, acceptance: Acceptance, characters: usize) {
        let counts = self.now(subject);
        match acceptance {
            Acceptance::Accepted => {
                counts.accepted += 1;
                counts.characters += characters as u64;
            }
            Acceptance::PartlyAccepted => counts.partly_accepted += 1,
            Acceptance::TypedOver => counts.typed_over += 1,
        }
    }

    pub fn count_answer(&mut self, subject: &Subject, latency: Duration) {
        self.now(subject).latencies.count(latency);
    }

    /// Counts an answer of the model. `suppressed` is the reason if it is not shown.
    pub fn count_model_answer(&mut self, subject: &Subject, suppressed: Option<Reason>) {
        let counts = self.now(subject);
        counts.asked += 1;
        match suppressed {
            None => {}
            Some(Reason::Empty | Reason::Repeated) => counts.empty += 1,
            Some(Reason::Broken | Reason::Unfinished) => counts.broken += 1,
            Some(Reason::Unsure) => counts.unsure += 1,
        }
    }

    /// The counts of every week and subject, from the earliest week to the latest.
    pub fn rows(&self) -> impl Iterator<Item = (&str, Subject, &Counts)> {
        self.weeks.iter().flat_map(|(week, languages)| {
            languages.iter().flat_map(move |(language, models)| {
                models.iter().map(move |(model, counts)| {
                    let subject = Subject { language: language.clone(), model: model.clone() };
                    (week.as_str(), subject, counts)
                })
            })
        })
    }

    /// Adds the counts of `other`, and drops the oldest weeks beyond [`MAX_WEEKS`].
    pub fn add(&mut self, other: &Self) {
        for (week, subject, counts) in other.rows() {
            self.at(week, &subject).add(counts);
        }
        while self.weeks.len() > MAX_WEEKS {
            self.weeks.pop_first();
        }
    }

    fn now(&mut self, subject: &Subject) -> &mut Counts {
        let week = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().iso_week_date();
        self.at(&format!("{}-W{:02}", week.year(), week.week()), subject)
    }

    fn at(&mut self, week: &str, subject: &Subject) -> &mut Counts {
        let languages = self.weeks.entry(week.to_owned()).or_default();
        let models = languages.entry(subject.language.clone()).or_default();
        models.entry(subject.model.clone()).or_default()
    }
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in [
            (&mut self.shown, other.shown),
            (&mut self.accepted, other.accepted),
            (&mut self.partly_accepted, other.partly_accepted),
            (&mut self.typed_over, other.typed_over),
            (&mut self.characters, other.characters),
            (&mut self.asked, other.asked),
            (&mut self.empty, other.empty),
            (&mut self.broken, other.broken),
            (&mut self.unsure, other.unsure),
        ] {
            *sum = sum.saturating_add(count);
        }
        self.latencies.add(&other.latencies);
        for (name, count) in &other.others {
            let sum = self.others.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// Suggestions accepted in whole or in part.
    pub fn taken(&self) -> u64 {
        // A client may report an accept of a suggestion that was not counted as shown.
        self.accepted.saturating_add(self.partly_accepted).min(self.shown)
    }

    /// The share of shown suggestions that were accepted in whole or in part; `None` if none was shown.
    pub fn acceptance(&self) -> Option<f64> {
        (self.shown > 0).then(|| self.taken() as f64 / self.shown as f64)
    }

    /// Answers with text that were not shown.
    pub fn suppressed(&self) -> u64 {
        self.broken.saturating_add(self.unsure)
    }
}

impl Latencies {
    fn count(&mut self, latency: Duration) {
        let milliseconds = latency.as_secs_f64() * 1e3;
        let bucket = BOUNDS.partition_point(|bound| *bound < milliseconds);
        self.grow_to(bucket + 1);
        self.0[bucket] += 1;
    }

    fn add(&mut self, other: &Self) {
        self.grow_to(other.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(sum, count)| *sum = sum.saturating_add(*count));
    }

    fn grow_to(&mut self, buckets: usize) {
        if self.0.len() < buckets {
            self.0.resize(buckets, 0);
        }
    }

    /// Each bucket's upper bound in milliseconds and its number of answers. The last bound is infinite.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
        bounds.enumerate().map(|(bucket, bound)| (bound, self.0.get(bucket).copied().unwrap_or_default()))
    }

    /// The percentile in milliseconds, interpolated within its bucket; `None` without answers.
    pub fn percentile(&self, percent: u32) -> Option<f64> {
        let total: u64 = self.0.iter().sum();
        let rank = (total as f64 * f64::from(percent) / 100.0).max(1.0);
        let mut below = 0;
        for (bucket, count) in self.0.iter().enumerate().filter(|(_, count)| **count > 0) {
            if (below + count) as f64 >= rank {
                let lower = if bucket == 0 { 0.0 } else { BOUNDS[(bucket - 1).min(BOUNDS.len() - 1)] };
                let upper = BOUNDS.get(bucket).copied().unwrap_or(lower);
                return Some(lower + (upper - lower) * (rank - below as f64) / *count as f64);
            }
            below += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::fs;

    fn rust() -> Subject {
        Subject { language: "rust".to_owned(), model: "m".to_owned().into() }
    }

    fn accepted(count: usize) -> UsageStats {
        let mut record = UsageStats::default();
        (0..count).for_each(|_| record.count_acceptance(&rust(), Acceptance::Accepted, 3));
        record
    }

    fn counts(path: &Path) -> Counts {
        total(&UsageStats::read(path).unwrap())
    }

    #[test]
    fn several_processes_add_to_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("statistics.json");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..5).for_each(|_| accepted(2).add_to(&path).unwrap()));
            }
        });
        let counts = counts(&path);
        assert_eq!((counts.accepted, counts.characters), (80, 240));
    }

    #[test]
    fn a_broken_file_is_renamed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statistics.json");
        fs::write(&path, "{\"weeks\": 7}").unwrap();
        assert!(UsageStats::read(&path).is_err());
        accepted(1).add_to(&path).unwrap();
        assert_eq!(counts(&path).accepted, 1);
        assert_eq!(fs::read(path.with_extension("broken.json")).unwrap(), b"{\"weeks\": 7}");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = accepted(1).add_to(&folder.path().join("file").join("statistics.json")).unwrap_err();
        assert!(error.to_string().starts_with("the statistics cannot be written to `"), "{error}");
    }

    #[test]
    fn percentiles_are_within_their_bucket() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(50), None);
        (1..=100).for_each(|milliseconds| latencies.count(Duration::from_millis(milliseconds)));
        for percent in [1, 25, 50, 95, 100] {
            let (found, exact) = (latencies.percentile(percent).unwrap(), f64::from(percent));
            assert!((found - exact).abs() <= exact * 0.2, "{percent}: {found}");
        }
        latencies = Latencies::default();
        latencies.count(Duration::from_secs(3600));
        assert_eq!(latencies.percentile(50), Some(5000.0));
    }

    #[test]
    fn old_weeks_are_dropped() {
        let mut record = UsageStats::default();
        (0..120).for_each(|week| record.at(&format!("{}-W{:02}", 2020 + week / 50, week % 50 + 1), &rust()).shown = 1);
        record.add(&UsageStats::default());
        assert_eq!(record.rows().count(), MAX_WEEKS);
        assert_eq!(record.rows().next().unwrap().0, "2020-W17");
    }

    /// Counts of random events, over several weeks, languages and models.
    fn records() -> impl Strategy<Value = UsageStats> {
        let event = (0..130u32, 0..3u8, 0..3u8, 0..9u8, 0..5000u64);
        vec(event, 0..60).prop_map(|events| {
            let mut record = UsageStats::default();
            for (week, language, model, event, number) in events {
                let model = ["m", "m@1f0c2d3e", "a@b@"][usize::from(model)].to_owned().into();
                let subject = Subject { language: language.to_string(), model };
                let counts = record.at(&format!("{}-W{:02}", 2020 + week / 50, week % 50 + 1), &subject);
                match event {
                    0 => counts.shown += number,
                    1 => counts.accepted += 1,
                    2 => counts.partly_accepted += 1,
                    3 => counts.typed_over += 1,
                    4 => counts.characters += number,
                    5 => counts.asked += number,
                    6 => counts.unsure += number,
                    7 => counts.latencies.count(Duration::from_millis(number)),
                    _ => *counts.others.entry("later".to_owned()).or_default() += number,
                }
            }
            record
        })
    }

    fn sum<'a>(records: impl IntoIterator<Item = &'a UsageStats>) -> UsageStats {
        records.into_iter().fold(UsageStats::default(), |mut sum, record| {
            sum.add(record);
            sum
        })
    }

    fn total(record: &UsageStats) -> Counts {
        record.rows().fold(Counts::default(), |mut sum, (_, _, counts)| {
            sum.add(counts);
            sum
        })
    }

    proptest! {
        #[test]
        fn the_order_of_adding_does_not_matter(a in records(), b in records(), c in records()) {
            prop_assert_eq!(sum([&a, &b]), sum([&b, &a]));
            prop_assert_eq!(sum([&sum([&a, &b]), &c]), sum([&a, &sum([&b, &c])]));
        }

        #[test]
        fn adding_loses_no_count_of_the_kept_weeks(a in records(), b in records()) {
            let both = sum([&a, &b]);
            let first = both.rows().next().map(|(week, _, _)| week.to_owned()).unwrap_or_default();
            let kept = |record: &UsageStats| {
                UsageStats { weeks: record.weeks.clone().split_off(&first) }
            };
            let mut counts = total(&kept(&a));
            counts.add(&total(&kept(&b)));
            prop_assert_eq!(total(&both), counts);
        }

        #[test]
        fn a_file_is_read_as_it_was_written(record in records()) {
            let text = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<UsageStats>(&text).unwrap(), record);
        }

        #[test]
        fn a_model_id_survives_formatting_and_parsing(name in "[a-f@.]{0,6}", version in proptest::option::of("[0-9a-f]{8}")) {
            let model = ModelId { name, version };
            prop_assert_eq!(ModelId::from(model.to_string()), model);
        }
    }

    #[test]
    fn files_of_earlier_and_later_versions_are_read_and_unknown_counts_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statistics.json");
        let counts = "{\"shown\": 4, \"accepted\": 1, \"latencies\": [0, 2], \"by_carrier_pigeon\": 3}";
        fs::write(&path, format!("{{\"weeks\": {{\"2026-W40\": {{\"rust\": {{\"m\": {counts}}}}}}}}}")).unwrap();
        accepted(1).add_to(&path).unwrap();
        let record = UsageStats::read(&path).unwrap();
        let (_, subject, counts) = record.rows().next().unwrap();
        assert_eq!((subject, counts.shown, counts.asked), (rust(), 4, 0));
        assert!(fs::read_to_string(&path).unwrap().contains("\"by_carrier_pigeon\":3"));
    }
}
