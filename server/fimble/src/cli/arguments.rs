//! The arguments `--context` and `--routing` of the subcommands that measure.

use clap::ValueEnum;
use fimble_completion::settings::ContextScope;
use fimble_remote::Routing;

/// The code that a prompt may contain. Each value includes the ones before it.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ContextArgument {
    /// Only the text around the cursor
    Window,
    /// Also other parts of the same file
    File,
    /// Also other open files; `eval` takes the five files of the repository that are nearest
    Open,
    /// Also all files of the workspace
    Workspace,
}

impl From<ContextArgument> for ContextScope {
    fn from(context: ContextArgument) -> Self {
        match context {
            ContextArgument::Window => Self::Window,
            ContextArgument::File => Self::File,
            ContextArgument::Open => Self::Open,
            ContextArgument::Workspace => Self::Workspace,
        }
    }
}

/// The engine that answers requests.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum RoutingArgument {
    /// The model on this machine
    #[default]
    Local,
    /// The server that `remote` names in your fimble.toml
    Remote,
    /// The model on this machine, and also that server if the model is not sure
    Hybrid,
}

impl From<RoutingArgument> for Routing {
    fn from(routing: RoutingArgument) -> Self {
        match routing {
            RoutingArgument::Local => Self::Local,
            RoutingArgument::Remote => Self::Remote,
            RoutingArgument::Hybrid => Self::Hybrid,
        }
    }
}
