//! Whether suggestions are taken less often than they were: [`drifts`] compares what each model in use has done of late with
//! what it did before, or where it is new, with what the model before it did.
//!
//! The test is that of Mantel and Haenszel ("Statistical aspects of the analysis of data from retrospective studies of
//! disease", 1959), with its continuity correction: a test of two proportions within each language, so that writing more of
//! another language is no drift. Weeks differ by more than chance, since work does; the variance is therefore multiplied
//! by the dispersion between the earlier weeks (McCullagh and Nelder, "Generalized Linear Models", 1989, section 4.5).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use fimble_completion::engine::ModelId;
use serde::Serialize;

use super::stats::{Counts, UsageStats};

/// Suggestions that have to be shown before anything is said of them.
const LEAST_OF_LATE: u64 = 200;
const LEAST_BEFORE: u64 = 400;

/// What is older is not compared with.
const MOST_WEEKS_BEFORE: usize = 26;

/// One-sided 0.1 per cent: it is looked at again and again.
const LEAST_DEVIATION: f64 = 3.09;

/// A smaller part of what was taken, lost, is not worth a word, however sure it is.
const LEAST_LOSS: f64 = 0.15;

/// Suggestions are taken less often than before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    pub model: ModelId,
    /// What it is compared with: itself in earlier weeks, or the model before it.
    pub before: ModelId,
    /// The first week that counts as of late.
    pub since: String,
    /// Suggestions shown since.
    pub shown: u64,
    /// The share of them that was taken, and that would have been as things were before, in the same languages.
    pub acceptance: f64,
    pub acceptance_before: f64,
}

impl fmt::Display for Drift {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, before, since, shown, .. } = self;
        let [of_late, once] = [self.acceptance, self.acceptance_before].map(|share| 100.0 * share);
        write!(formatter, "{model}: {of_late:.1} % of the {shown} suggestions shown since {since} were taken, ")?;
        match before == model {
            true => write!(formatter, "{once:.1} % in the weeks before"),
            false => write!(formatter, "{once:.1} % with {before} before it"),
        }
    }
}

/// Of the models used in the latest week of `record`, those that do worse than before.
pub fn drifts(record: &UsageStats) -> Vec<Drift> {
    let Some(latest) = record.rows().map(|(week, _, _)| week.to_owned()).last() else { return Vec::new() };
    let in_use = record.rows().filter(|(week, _, counts)| *week == latest && counts.shown > 0);
    let models: BTreeSet<ModelId> = in_use.map(|(_, subject, _)| subject.model).collect();
    models.iter().filter_map(|model| drift(record, model)).collect()
}

fn drift(record: &UsageStats, model: &ModelId) -> Option<Drift> {
    let mut before = Received::of(record, model);
    let mut of_late = Received::default();
    while of_late.shown() < LEAST_OF_LATE {
        of_late.0.extend(before.0.pop_last());
        if before.0.is_empty() && of_late.shown() < LEAST_OF_LATE {
            return None;
        }
    }
    before.keep_latest();
    if before.shown() >= LEAST_BEFORE {
        return compare(model, &of_late, model, &before);
    }
    // A model that has no past yet is compared with its predecessor.
    let of_late = Received::of(record, model);
    let first = of_late.0.keys().next()?;
    let others: BTreeSet<ModelId> =
        record.rows().map(|(_, subject, _)| subject.model).filter(|other| other != model).collect();
    let earlier = others.into_iter().map(|other| {
        let mut received = Received::of(record, &other);
        received.0.retain(|week, _| week <= first);
        received.keep_latest();
        (other, received)
    });
    let (other, before) = earlier.max_by_key(|(_, received)| received.shown())?;
    (before.shown() >= LEAST_BEFORE).then(|| compare(model, &of_late, &other, &before))?
}

/// How the suggestions of one model were received, by week and language.
#[derive(Debug, Default)]
struct Received<'a>(BTreeMap<&'a str, BTreeMap<String, Shares>>);

#[derive(Debug, Clone, Copy, Default)]
struct Shares {
    shown: f64,
    taken: f64,
}

impl<'a> Received<'a> {
    fn of(record: &'a UsageStats, model: &ModelId) -> Self {
        let mut received = Self::default();
        for (week, subject, counts) in
            record.rows().filter(|(_, subject, counts)| subject.model == *model && counts.shown > 0)
        {
            received.0.entry(week).or_default().insert(subject.language, Shares::from(counts));
        }
        received
    }

    fn shown(&self) -> u64 {
        self.0.values().flat_map(BTreeMap::values).map(|shares| shares.shown).sum::<f64>() as u64
    }

    fn keep_latest(&mut self) {
        while self.0.len() > MOST_WEEKS_BEFORE {
            self.0.pop_first();
        }
    }

    fn by_language(&self) -> BTreeMap<&str, Shares> {
        let mut languages = BTreeMap::<&str, Shares>::new();
        for (language, shares) in self.0.values().flatten() {
            let sum = languages.entry(language).or_default();
            *sum = Shares { shown: sum.shown + shares.shown, taken: sum.taken + shares.taken };
        }
        languages
    }

    /// How much more the weeks differ than chance would have it; 1 at least.
    fn dispersion(&self) -> f64 {
        let languages = self.by_language();
        let mut freedom = -(languages.len() as f64);
        let mut deviation = 0.0;
        for (language, week) in self.0.values().flatten() {
            let share = languages[&**language].share();
            freedom += 1.0;
            let variance = week.shown * share * (1.0 - share);
            if variance > 0.0 {
                deviation += (week.taken - week.shown * share).powi(2) / variance;
            }
        }
        if freedom > 0.0 { f64::max(1.0, deviation / freedom) } else { 1.0 }
    }
}

impl From<&Counts> for Shares {
    fn from(counts: &Counts) -> Self {
        Self { shown: counts.shown as f64, taken: counts.taken() as f64 }
    }
}

impl Shares {
    fn share(self) -> f64 {
        self.taken / self.shown
    }
}

fn compare(model: &ModelId, of_late: &Received, other: &ModelId, before: &Received) -> Option<Drift> {
    let earlier = before.by_language();
    let languages = of_late.by_language();
    let both = languages.iter().filter_map(|(language, late)| Some((*late, *earlier.get(language)?)));
    let (mut shown, mut taken, mut once, mut missing, mut variance) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (late, early) in both {
        let all = Shares { shown: late.shown + early.shown, taken: late.taken + early.taken };
        shown += late.shown;
        taken += late.taken;
        once += late.shown * early.share();
        missing += late.shown * all.share() - late.taken;
        variance +=
            late.shown * early.shown * all.taken * (all.shown - all.taken) / all.shown.powi(2) / (all.shown - 1.0);
    }
    let deviation = (missing - 0.5) / (variance * before.dispersion()).sqrt();
    let is_worse = shown >= LEAST_OF_LATE as f64 && deviation >= LEAST_DEVIATION && taken <= once * (1.0 - LEAST_LOSS);
    is_worse.then(|| Drift {
        model: model.clone(),
        before: other.clone(),
        since: of_late.0.keys().next().map(|week| (*week).to_owned()).unwrap_or_default(),
        shown: shown as u64,
        acceptance: taken / shown,
        acceptance_before: once / shown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Of weeks, languages and models: how many were shown, and how many of them taken.
    fn record(rows: &[(&str, &str, &str, u64, u64)]) -> UsageStats {
        let mut sum = UsageStats::default();
        for (week, language, model, shown, taken) in rows {
            let weeks = json!({*week: {*language: {*model: {"shown": shown, "accepted": taken}}}});
            sum.add(&serde_json::from_value(json!({"weeks": weeks})).unwrap());
        }
        sum
    }

    fn told(rows: &[(&str, &str, &str, u64, u64)]) -> Vec<String> {
        drifts(&record(rows)).iter().map(Drift::to_string).collect()
    }

    #[test]
    fn a_model_that_does_worse_is_told_of() {
        let steady = [("2026-W40", "rust", "m@1", 500, 150), ("2026-W41", "rust", "m@1", 500, 145)];
        let of_late = |taken| [&steady[..], &[("2026-W42", "rust", "m@1", 250, taken)]].concat();
        assert_eq!(told(&of_late(70)), Vec::<String>::new());
        assert_eq!(
            told(&of_late(40)),
            ["m@1: 16.0 % of the 250 suggestions shown since 2026-W42 were taken, 29.5 % in the weeks before"]
        );
        // Too few to tell, of late and before.
        assert_eq!(
            told(&[&steady[..], &[("2026-W42", "rust", "m@1", 199, 0)]].concat()).len(),
            1,
            "with the week before"
        );
        assert_eq!(
            told(&[("2026-W41", "rust", "m@1", 399, 150), ("2026-W42", "rust", "m@1", 250, 0)]),
            Vec::<String>::new()
        );
        // It is in use no more.
        assert_eq!(told(&[&of_late(40)[..], &[("2026-W43", "rust", "n@1", 5, 1)]].concat()), Vec::<String>::new());
    }

    #[test]
    fn another_mix_of_languages_is_no_drift() {
        let rows = [
            ("2026-W40", "rust", "m@1", 1000, 300),
            ("2026-W40", "python", "m@1", 1000, 100),
            ("2026-W42", "rust", "m@1", 50, 15),
            ("2026-W42", "python", "m@1", 500, 50),
        ];
        assert_eq!(told(&rows), Vec::<String>::new());
        let worse = [&rows[..3], &[("2026-W42", "python", "m@1", 500, 15)]].concat();
        assert_eq!(
            told(&worse),
            ["m@1: 5.5 % of the 550 suggestions shown since 2026-W42 were taken, 11.8 % in the weeks before"]
        );
    }

    #[test]
    fn weeks_that_always_differ_are_no_drift() {
        let weeks = [("2026-W40", 200), ("2026-W41", 80), ("2026-W42", 210), ("2026-W43", 90), ("2026-W44", 85)];
        let rows: Vec<_> = weeks.iter().map(|(week, taken)| (*week, "rust", "m@1", 500, *taken)).collect();
        assert_eq!(told(&rows), Vec::<String>::new());
    }

    #[test]
    fn a_new_model_is_compared_with_the_one_before() {
        let rows = [
            ("2026-W40", "rust", "m", 600, 180),
            ("2026-W41", "rust", "n", 30, 10),
            ("2026-W42", "rust", "m@2", 300, 45),
        ];
        assert_eq!(
            told(&rows),
            ["m@2: 15.0 % of the 300 suggestions shown since 2026-W42 were taken, 30.0 % with m before it"]
        );
        assert_eq!(told(&rows[2..]), Vec::<String>::new());
        assert_eq!(told(&[]), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn nobody_who_takes_as_many_as_before_is_told(
            weeks in proptest::collection::vec((0..800u64, 0.0..1.0f64), 2..8),
            late in 0..2000u64,
            better in 0.0..1.0f64,
        ) {
            let (shown, taken) = weeks.iter().fold((0, 0), |(shown, taken), (week, share)| {
                (shown + week, taken + (*week as f64 * share) as u64)
            });
            let share = taken as f64 / f64::max(1.0, shown as f64);
            let of_late = (late as f64 * (share + better * (1.0 - share))).ceil() as u64;
            let names: Vec<String> = (0..=weeks.len()).map(|week| format!("2026-W{}", week + 10)).collect();
            let mut rows: Vec<_> = weeks
                .iter()
                .zip(&names)
                .map(|((week, share), name)| (&**name, "rust", "m@1", *week, (*week as f64 * share) as u64))
                .collect();
            rows.push((&names[weeks.len()], "rust", "m@1", late + 200, of_late + 200));
            prop_assert_eq!(told(&rows), Vec::<String>::new());
        }
    }
}
