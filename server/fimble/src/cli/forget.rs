//! `fimble forget`: deletes what fimble keeps on this machine.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use fimble::stored::{Stored, stored};
use indicatif::HumanBytes;

/// Delete what fimble keeps on this machine
///
/// That is its statistics and the unpacked embedded model, which comes back at the next start. Models that you have put
/// there yourself stay, and so do your settings.
#[derive(Args)]
pub(super) struct Arguments {
    /// Only say what there is
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Delete the models in fimble's folder for models as well
    #[arg(long)]
    models: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let wanted = stored().into_iter().filter(|stored| arguments.models || !stored.is_the_users);
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
            stored.what,
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
        writeln!(output, "Nothing is deleted.")?;
        return Ok(ExitCode::SUCCESS);
    }
    for (stored, _) in &found {
        stored.delete().with_context(|| format!("cannot delete all of it: {}", stored.what))?;
    }
    writeln!(output, "Deleted.")?;
    Ok(ExitCode::SUCCESS)
}

fn is_confirmed(output: &mut impl Write) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nobody is there to be asked; --yes deletes it");
    }
    write!(output, "Delete all that? [y/N] ")?;
    output.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}
