//! The argument that says what the model is shown, for the subcommands that measure it.

use clap::ValueEnum;
use fimble_completion::settings::ContextScope;

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
