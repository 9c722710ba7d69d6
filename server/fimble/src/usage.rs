//! Counts how users receive suggestions: for this session, over the weeks, and compared with earlier weeks. None of
//! this contains text.

mod acceptance;
pub(crate) mod counters;
pub mod drift;
mod stats;

use std::path::PathBuf;
use std::time::Duration;

use crate::notices::Notices;
use crate::tasks::Tasks;
use crate::usage::acceptance::OnScreen;
use crate::usage::counters::Counters;
use crate::usage::drift::{Drift, drifts};

pub(crate) use acceptance::Accepted;
pub use stats::{Counts, Latencies, StatsError, Subject, UsageStats, user_stats_file};

/// The delay between a change and saving it. A crash loses at most the counts of this time.
const SAVE_AFTER: Duration = Duration::from_secs(1);

/// The delay after a failed save. A problem such as a full disk does not go away in a second.
const SAVE_AGAIN_AFTER: Duration = Duration::from_secs(60);

pub(crate) struct Usage {
    pub(crate) counters: Counters,
    on_screen: OnScreen,
    /// The drifts found in the user's file when the model was loaded.
    pub(crate) drifts: Vec<Drift>,
    /// Where counts are stored over the weeks; `None` stores nothing.
    file: Option<PathBuf>,
    /// The setting `statistics`. If it is off, nothing is written or compared.
    is_kept: bool,
    tasks: Tasks<Event>,
    save_planned: bool,
    save_failed: bool,
}

pub(crate) enum Event {
    SaveDue,
    SaveFailed(UsageStats, StatsError),
    DriftsFound(Vec<Drift>),
}

impl Usage {
    pub(crate) fn new(file: Option<PathBuf>, tasks: Tasks<Event>) -> Self {
        Self {
            counters: Counters::default(),
            on_screen: OnScreen::default(),
            drifts: Vec::new(),
            file,
            is_kept: true,
            tasks,
            save_planned: false,
            save_failed: false,
        }
    }

    pub(crate) fn set_kept(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
    }

    pub(crate) fn handle(&mut self, event: Event, notices: &mut Notices) {
        match event {
            Event::SaveDue => self.save(),
            Event::SaveFailed(unsaved, error) => {
                self.counters.unsaved.add(&unsaved);
                self.save_failed = true;
                notices.warn_once(format!("fimble: {error}. Suggestions work without them."));
            }
            Event::DriftsFound(drifts) => {
                drifts.iter().for_each(|drift| tracing::info!("{drift}"));
                self.drifts = drifts;
            }
        }
    }

    /// Schedules a save, unless there is nothing to save or one is already scheduled.
    pub(crate) fn plan_save(&mut self) {
        if !self.save_planned && !self.counters.unsaved.is_empty() && self.file.is_some() {
            self.save_planned = true;
            self.tasks.later(if self.save_failed { SAVE_AGAIN_AFTER } else { SAVE_AFTER }, Event::SaveDue);
        }
    }

    /// Saves the last counts at the end of the session. The process waits for this.
    pub(crate) async fn save_last(&mut self) {
        self.leave_all();
        if let Some((unsaved, file)) = self.take_unsaved() {
            let saved = tokio::task::spawn_blocking(move || unsaved.add_to(&file)).await;
            if let Ok(Err(error)) = saved {
                tracing::warn!("{error}");
            }
        }
    }

    /// Looks for models that users accept less often than before.
    pub(crate) fn look_for_drift(&self) {
        if let Some(file) = self.file.clone().filter(|_| self.is_kept) {
            self.tasks.spawn_blocking(move || {
                // The next save renames an unreadable file and reports it.
                Event::DriftsFound(UsageStats::read(&file).map(|stats| drifts(&stats)).unwrap_or_default())
            });
        }
    }

    fn save(&mut self) {
        self.save_planned = false;
        if let Some((unsaved, file)) = self.take_unsaved() {
            let tasks = self.tasks.clone();
            tokio::task::spawn_blocking(move || {
                if let Err(error) = unsaved.add_to(&file) {
                    tasks.send(Event::SaveFailed(unsaved, error));
                }
            });
        }
    }

    fn take_unsaved(&mut self) -> Option<(UsageStats, PathBuf)> {
        let unsaved = std::mem::take(&mut self.counters.unsaved);
        let file = self.file.clone().filter(|_| self.is_kept && !unsaved.is_empty())?;
        Some((unsaved, file))
    }
}
