//! Everything the server knows. The main loop owns it and is the only one to change it; tasks get snapshots.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use fimble_completion::ablations::Ablations;
use fimble_completion::context::{OpenFile, Surroundings};
use fimble_completion::settings::ContextScope;

use crate::documents::{DocumentId, OpenDocument};
use crate::engine_slot::EngineSlot;
use crate::notices::Notices;
use crate::settings::{MachinePolicy, Options, Problem, Settings};
use crate::usage::Usage;
use crate::workspace::Workspace;

/// Excerpts come from this many open documents, the most recently used first.
const OPEN_DOCUMENTS: usize = 20;

pub(crate) struct Session {
    pub(crate) documents: HashMap<DocumentId, OpenDocument>,
    pub(crate) workspace: Workspace,
    pub(crate) sources: Sources,
    pub(crate) settings: Settings,
    pub(crate) engine: EngineSlot,
    pub(crate) usage: Usage,
    pub(crate) notices: Notices,
    pub(crate) ablations: Ablations,
}

/// What each source of settings says. Later fields override earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) user_file: Options,
    pub(crate) initialization: Options,
    pub(crate) configuration: Options,
    pub(crate) command_line: Options,
    pub(crate) machine: Arc<MachinePolicy>,
}

impl Session {
    /// Resolves the settings again after a source has changed. Returns whether any setting has changed, and what the
    /// machine's policy objects to.
    pub(crate) fn resolve_settings(&mut self) -> (bool, Vec<Problem>) {
        let Sources { user_file, initialization, configuration, command_line, machine } = &self.sources;
        let (mut settings, problems) = machine.resolve([user_file, initialization, configuration, command_line]);
        settings.completion.ablations = self.ablations;
        (std::mem::replace(&mut self.settings, settings) != self.settings, problems)
    }

    /// What a prompt in the document `id` may show beside that document.
    pub(crate) fn surroundings(&mut self, id: &DocumentId) -> Surroundings {
        let exclusions = self.workspace.exclusions();
        let scope = self.settings.context;
        let mut open: Vec<&OpenDocument> = self
            .documents
            .iter()
            .filter(|(other, open)| {
                scope >= ContextScope::Open && *other != id && !exclusions.contain(open.document.name())
            })
            .map(|(_, open)| open)
            .collect();
        open.sort_by_key(|open| Reverse(open.used));
        open.truncate(OPEN_DOCUMENTS);
        let file = |open: &OpenDocument| OpenFile { document: open.document.clone(), edited: open.edited };
        Surroundings {
            project: self.workspace.name(),
            same_file: scope >= ContextScope::File,
            open: open.into_iter().map(file).collect(),
            workspace: self.workspace.index().filter(|_| scope >= ContextScope::Workspace),
        }
    }

    /// Drops every pin, because there is more to choose excerpts from.
    pub(crate) fn clear_pins(&mut self) {
        self.documents.values_mut().for_each(OpenDocument::clear_pins);
    }

    /// The version of the document `id`; `None` if it is not open.
    pub(crate) fn version(&self, id: &DocumentId) -> Option<i32> {
        self.documents.get(id).map(|open| open.document.version())
    }
}
