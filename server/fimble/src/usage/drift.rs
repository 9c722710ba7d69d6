//! Detects that users accept suggestions less often than before. [`drifts`] compares the recent weeks of each model in
//! use with its earlier weeks. It compares a new model with its predecessor.
//!
//! The test is that of Mantel and Haenszel ("Statistical aspects of the analysis of data from retrospective studies of
//! disease", 1959), with its continuity correction. It compares two proportions within each language, so that writing
//! more in another language is no drift. Weeks differ by more than chance, because the work differs. The variance is
//! therefore multiplied by the dispersion between the earlier weeks (McCullagh and Nelder, "Generalized Linear Models",
//! 1989, section 4.5).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use fimble_completion::engine::ModelId;
use serde::Serialize;

use super::stats::{Counts, UsageStats};

/// How many suggestions must be shown, recently and before, for a comparison.
const MIN_RECENT: u64 = 200;
const MIN_EARLIER: u64 = 400;

/// Older weeks are left out of the comparison.
const MAX_EARLIER_WEEKS: usize = 26;

/// In standard deviations: a one-sided level of 0.1 percent. It is this strict because the test is repeated often.
const MIN_DEVIATION: f64 = 3.09;

/// The smallest relative loss of acceptance that is worth a warning, however significant it is.
const MIN_LOSS: f64 = 0.15;

/// A drop in a model's acceptance rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    pub model: ModelId,
    /// The model that it is compared with: itself in earlier weeks, or its predecessor.
    pub before: ModelId,
    /// The first of the recent weeks.
    pub since: String,
    /// Suggestions shown in the recent weeks.
    pub shown: u64,
    /// The share of these suggestions that was accepted in whole or in part, from 0 to 1.
    pub acceptance: f64,
    /// The share that the earlier acceptance rates of the same languages would have given.
    pub acceptance_before: f64,
}

impl fmt::Display for Drift {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, before, since, shown, .. } = self;
        let [recent, earlier] = [self.acceptance, self.acceptance_before].map(|share| 100.0 * share);
        write!(formatter, "{model}: {recent:.1} % of the {shown} suggestions shown since {since} were taken, ")?;
        match before == model {
            true => write!(formatter, "compared with {earlier:.1} % in the weeks before"),
            false => write!(formatter, "compared with {earlier:.1} % for its predecessor {before}"),
        }
    }
}

/// Finds the drifts of the models that were used in the latest week of `record`.
pub fn drifts(record: &UsageStats) -> Vec<Drift> {
    let Some(latest) = record.rows().map(|(week, _, _)| week.to_owned()).last() else { return Vec::new() };
    let in_use = record.rows().filter(|(week, _, counts)| *week == latest && counts.shown > 0);
    let models: BTreeSet<ModelId> = in_use.map(|(_, subject, _)| subject.model).collect();
    models.iter().filter_map(|model| drift(record, model)).collect()
}

fn drift(record: &UsageStats, model: &ModelId) -> Option<Drift> {
    let mut earlier = AcceptanceRates::of(record, model);
    let mut recent = AcceptanceRates::default();
    while recent.shown() < MIN_RECENT {
        recent.0.extend(earlier.0.pop_last());
        if earlier.0.is_empty() && recent.shown() < MIN_RECENT {
            return None;
        }
    }
    earlier.keep_latest();
    if earlier.shown() >= MIN_EARLIER {
        return compare(model, &recent, model, &earlier);
    }
    // This model is too new to be compared with itself.
    let recent = AcceptanceRates::of(record, model);
    let first = recent.0.keys().next()?;
    let others: BTreeSet<ModelId> =
        record.rows().map(|(_, subject, _)| subject.model).filter(|other| other != model).collect();
    let candidates = others.into_iter().map(|other| {
        let mut rates = AcceptanceRates::of(record, &other);
        rates.0.retain(|week, _| week <= first);
        rates.keep_latest();
        (other, rates)
    });
    let (predecessor, earlier) = candidates.max_by_key(|(_, rates)| rates.shown())?;
    (earlier.shown() >= MIN_EARLIER).then(|| compare(model, &recent, &predecessor, &earlier))?
}

/// The acceptance of one model's suggestions, by week and language.
#[derive(Debug, Default)]
struct AcceptanceRates<'a>(BTreeMap<&'a str, BTreeMap<String, Acceptance>>);

#[derive(Debug, Clone, Copy, Default)]
struct Acceptance {
    shown: f64,
    taken: f64,
}

impl<'a> AcceptanceRates<'a> {
    fn of(record: &'a UsageStats, model: &ModelId) -> Self {
        let mut rates = Self::default();
        for (week, subject, counts) in
            record.rows().filter(|(_, subject, counts)| subject.model == *model && counts.shown > 0)
        {
            rates.0.entry(week).or_default().insert(subject.language, Acceptance::from(counts));
        }
        rates
    }

    fn shown(&self) -> u64 {
        self.0.values().flat_map(BTreeMap::values).map(|acceptance| acceptance.shown).sum::<f64>() as u64
    }

    fn keep_latest(&mut self) {
        while self.0.len() > MAX_EARLIER_WEEKS {
            self.0.pop_first();
        }
    }

    fn by_language(&self) -> BTreeMap<&str, Acceptance> {
        let mut languages = BTreeMap::<&str, Acceptance>::new();
        for (language, week) in self.0.values().flatten() {
            let sum = languages.entry(language).or_default();
            *sum = Acceptance { shown: sum.shown + week.shown, taken: sum.taken + week.taken };
        }
        languages
    }

    /// The variance between the weeks, as a multiple of the variance that chance alone gives; at least 1.
    fn dispersion(&self) -> f64 {
        let languages = self.by_language();
        let mut freedom = -(languages.len() as f64);
        let mut deviation = 0.0;
        for (language, week) in self.0.values().flatten() {
            let rate = languages[&**language].rate();
            freedom += 1.0;
            let variance = week.shown * rate * (1.0 - rate);
            if variance > 0.0 {
                deviation += (week.taken - week.shown * rate).powi(2) / variance;
            }
        }
        if freedom > 0.0 { f64::max(1.0, deviation / freedom) } else { 1.0 }
    }
}

impl From<&Counts> for Acceptance {
    fn from(counts: &Counts) -> Self {
        Self { shown: counts.shown as f64, taken: counts.taken() as f64 }
    }
}

impl Acceptance {
    fn rate(self) -> f64 {
        self.taken / self.shown
    }
}

/// Compares the languages that both sides have. `predecessor` is the model of `earlier`, which may be `model` itself.
fn compare(
    model: &ModelId,
    recent: &AcceptanceRates,
    predecessor: &ModelId,
    earlier: &AcceptanceRates,
) -> Option<Drift> {
    let earlier_languages = earlier.by_language();
    let languages = recent.by_language();
    let both = languages.iter().filter_map(|(language, late)| Some((*late, *earlier_languages.get(language)?)));
    let (mut shown, mut taken, mut expected, mut missing, mut variance) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (late, early) in both {
        let all = Acceptance { shown: late.shown + early.shown, taken: late.taken + early.taken };
        shown += late.shown;
        taken += late.taken;
        expected += late.shown * early.rate();
        missing += late.shown * all.rate() - late.taken;
        variance +=
            late.shown * early.shown * all.taken * (all.shown - all.taken) / all.shown.powi(2) / (all.shown - 1.0);
    }
    let deviation = (missing - 0.5) / (variance * earlier.dispersion()).sqrt();
    let is_worse = shown >= MIN_RECENT as f64 && deviation >= MIN_DEVIATION && taken <= expected * (1.0 - MIN_LOSS);
    is_worse.then(|| Drift {
        model: model.clone(),
        before: predecessor.clone(),
        since: recent.0.keys().next().map(|week| (*week).to_owned()).unwrap_or_default(),
        shown: shown as u64,
        acceptance: taken / shown,
        acceptance_before: expected / shown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Statistics with rows of week, language, model, suggestions shown and suggestions taken.
    fn record(rows: &[(&str, &str, &str, u64, u64)]) -> UsageStats {
        let mut sum = UsageStats::default();
        for (week, language, model, shown, taken) in rows {
            let weeks = json!({*week: {*language: {*model: {"shown": shown, "accepted": taken}}}});
            sum.add(&serde_json::from_value(json!({"weeks": weeks})).unwrap());
        }
        sum
    }

    fn warnings(rows: &[(&str, &str, &str, u64, u64)]) -> Vec<String> {
        drifts(&record(rows)).iter().map(Drift::to_string).collect()
    }

    #[test]
    fn a_drop_of_a_model_is_a_drift() {
        let steady = [("2026-W40", "rust", "m@1", 500, 150), ("2026-W41", "rust", "m@1", 500, 145)];
        let recent = |taken| [&steady[..], &[("2026-W42", "rust", "m@1", 250, taken)]].concat();
        assert_eq!(warnings(&recent(70)), Vec::<String>::new());
        assert_eq!(
            warnings(&recent(40)),
            [
                "m@1: 16.0 % of the 250 suggestions shown since 2026-W42 were taken, compared with 29.5 % in the weeks before"
            ]
        );
        // Too few suggestions in the latest week alone, and too few before.
        assert_eq!(
            warnings(&[&steady[..], &[("2026-W42", "rust", "m@1", 199, 0)]].concat()).len(),
            1,
            "the week before counts as recent too"
        );
        assert_eq!(
            warnings(&[("2026-W41", "rust", "m@1", 399, 150), ("2026-W42", "rust", "m@1", 250, 0)]),
            Vec::<String>::new()
        );
        // The model is no longer in use.
        assert_eq!(warnings(&[&recent(40)[..], &[("2026-W43", "rust", "n@1", 5, 1)]].concat()), Vec::<String>::new());
    }

    #[test]
    fn a_different_mix_of_languages_is_no_drift() {
        let rows = [
            ("2026-W40", "rust", "m@1", 1000, 300),
            ("2026-W40", "python", "m@1", 1000, 100),
            ("2026-W42", "rust", "m@1", 50, 15),
            ("2026-W42", "python", "m@1", 500, 50),
        ];
        assert_eq!(warnings(&rows), Vec::<String>::new());
        let worse = [&rows[..3], &[("2026-W42", "python", "m@1", 500, 15)]].concat();
        assert_eq!(
            warnings(&worse),
            [
                "m@1: 5.5 % of the 550 suggestions shown since 2026-W42 were taken, compared with 11.8 % in the weeks before"
            ]
        );
    }

    #[test]
    fn ordinary_variation_between_weeks_is_no_drift() {
        let weeks = [("2026-W40", 200), ("2026-W41", 80), ("2026-W42", 210), ("2026-W43", 90), ("2026-W44", 85)];
        let rows: Vec<_> = weeks.iter().map(|(week, taken)| (*week, "rust", "m@1", 500, *taken)).collect();
        assert_eq!(warnings(&rows), Vec::<String>::new());
    }

    #[test]
    fn a_new_model_is_compared_with_its_predecessor() {
        let rows = [
            ("2026-W40", "rust", "m", 600, 180),
            ("2026-W41", "rust", "n", 30, 10),
            ("2026-W42", "rust", "m@2", 300, 45),
        ];
        assert_eq!(
            warnings(&rows),
            [
                "m@2: 15.0 % of the 300 suggestions shown since 2026-W42 were taken, compared with 30.0 % for its predecessor m"
            ]
        );
        assert_eq!(warnings(&rows[2..]), Vec::<String>::new());
        assert_eq!(warnings(&[]), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn an_acceptance_rate_that_stays_or_rises_is_no_drift(
            weeks in proptest::collection::vec((0..800u64, 0.0..1.0f64), 2..8),
            late in 0..2000u64,
            better in 0.0..1.0f64,
        ) {
            let (shown, taken) = weeks.iter().fold((0, 0), |(shown, taken), (week, share)| {
                (shown + week, taken + (*week as f64 * share) as u64)
            });
            let share = taken as f64 / f64::max(1.0, shown as f64);
            let recent = (late as f64 * (share + better * (1.0 - share))).ceil() as u64;
            let names: Vec<String> = (0..=weeks.len()).map(|week| format!("2026-W{}", week + 10)).collect();
            let mut rows: Vec<_> = weeks
                .iter()
                .zip(&names)
                .map(|((week, share), name)| (&**name, "rust", "m@1", *week, (*week as f64 * share) as u64))
                .collect();
            rows.push((&names[weeks.len()], "rust", "m@1", late + 200, recent + 200));
            prop_assert_eq!(warnings(&rows), Vec::<String>::new());
        }
    }
}
