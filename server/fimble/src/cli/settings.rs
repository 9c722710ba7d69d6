//! The settings of a subcommand: those that the language server would start with.

use fimble::settings::{MachinePolicy, Options, Settings, user_file};

/// Reads the user's file, and applies `command_line` and then `policy` to it. Prints what is wrong with the sources.
pub(super) fn settings(policy: &MachinePolicy, command_line: &Options) -> Settings {
    let (from_file, problems) = user_file().map(|path| Options::from_file(&path)).unwrap_or_default();
    let (settings, more) = policy.resolve([&from_file, command_line]);
    problems.iter().chain(&more).for_each(|problem| eprintln!("fimble: {problem}"));
    settings
}
