//! `fimble forget`: deletes the files that fimble stores on this machine.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use fimble::stored::{Stored, stored};
use indicatif::HumanBytes;

/// Delete the files that fimble stores on this machine
///
/// These are the statistics, the count of remote requests, and the unpacked embedded model, which the next start
/// unpacks again. Models that you installed and your settings stay.
#[derive(Args)]
pub(super) struct Arguments {
    /// List the files without deleting them
    #[arg(long)]
    dry_run: bool,
    /// Delete without asking for confirmation
    #[arg(long)]
    yes: bool,
    /// Also delete the models that you installed
    #[arg(long)]
    models: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let wanted = stored().into_iter().filter(|stored| arguments.models || !stored.is_user_provided);
    let found: Vec<(Stored, u64)> = wanted.filter_map(|stored| stored.bytes().map(|bytes| (stored, bytes))).collect();
    let mut output = io::stdout().lock();
    if found.is_empty() {
        writeln!(output, "Nothing is stored.")?;
        return Ok(ExitCode::SUCCESS);
    }
    for (stored, bytes) in &found {
        writeln!(
            output,
            "{} ({})",
            stored.name,
            if *bytes < 1024 { format!("{bytes} bytes") } else { HumanBytes(*bytes).to_string() }
        )?;
        for path in stored.paths.iter().filter(|path| path.exists()) {
            writeln!(output, "    {}", path.display())?;
        }
    }
    if arguments.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.yes && !is_confirmed(&mut output)? {
        writeln!(output, "Nothing was deleted.")?;
        return Ok(ExitCode::SUCCESS);
    }
    for (stored, _) in &found {
        stored.delete().with_context(|| format!("cannot delete all of {}", stored.name))?;
    }
    writeln!(output, "Deleted.")?;
    Ok(ExitCode::SUCCESS)
}

fn is_confirmed(output: &mut impl Write) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("cannot ask for confirmation: standard input is not a terminal; use --yes to delete");
    }
    write!(output, "Delete all of this? [y/N] ")?;
    output.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}
