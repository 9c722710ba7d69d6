//! The arguments that say what the model is shown and who is asked, for the subcommands that measure.

use clap::ValueEnum;
use fimble_completion::settings::ContextScope;
use fimble_remote::Routing;

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Scope {
    /// Only what is around the cursor
    Window,
    /// Other places of the same file
    File,
    /// And other files that are open; of a repository the five nearest
    Open,
    /// And all files of the workspace
    Workspace,
}

impl From<Scope> for ContextScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Window => Self::Window,
            Scope::File => Self::File,
            Scope::Open => Self::Open,
            Scope::Workspace => Self::Workspace,
        }
    }
}

/// Who answers, for the subcommands that measure.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Who {
    /// The model on this machine
    #[default]
    Local,
    /// The server that `remote` names in your fimble.toml
    Remote,
    /// The model on this machine and, where it is not sure, that server too
    Hybrid,
}

impl From<Who> for Routing {
    fn from(who: Who) -> Self {
        match who {
            Who::Local => Self::Local,
            Who::Remote => Self::Remote,
            Who::Hybrid => Self::Hybrid,
        }
    }
}
