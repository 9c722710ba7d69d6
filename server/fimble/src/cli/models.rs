//! `fimble models`: lists, fetches, checks, chooses and removes models and adapters.

mod listing;

use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use fimble::settings::{MachinePolicy, ModelChoice, Options, Settings};
use fimble_models::{
    EMBEDDED, Lock, LockedModel, MANIFEST_FILE, Manifest, Outcome, Progress, PullRequest, Selected, find_manifest,
    installed_folder, locate, models_folder,
};
use indicatif::{ProgressBar, ProgressStyle};

use super::settings::settings;
use listing::{description, size, table};

/// List, fetch, verify and choose models
///
/// Only `pull` uses the network, and only when you run it. The language server loads what is on this machine, or says what
/// is missing. fimble pins the files that it pulls in `models.lock`, and never loads a model whose files differ from that.
/// All commands also work for LoRA adapters; the setting `adapter` or --adapter puts an adapter on its base model.
#[derive(clap::Args)]
#[command(
    after_help = "Try it: fimble models list\n        fimble models pull qwen2.5-coder-0.5b && fimble models use \
                        qwen2.5-coder-0.5b"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List all models: which are installed, in use (*), and recommended for this machine
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the details of one model
    Show {
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    Pull(Pull),
    /// Compare every file of the installed models with models.lock
    ///
    /// fimble also does this at every load, for files that have changed since it last read them.
    Verify {
        /// Verify only this model, instead of all pinned models
        name: Option<String>,
        /// Pin the model's present files, if you put them there yourself and trust them
        #[arg(long, requires = "name")]
        record: bool,
    },
    /// Choose a model: set `model` in your fimble.toml, and leave the rest of the file as it is
    Use {
        /// The name of an installed model, `embedded`, or a path
        #[arg(required_unless_present = "previous")]
        name: Option<String>,
        /// Go back to the previous model
        #[arg(long, conflicts_with = "name")]
        previous: bool,
    },
    /// Remove a model from this machine
    Remove {
        name: String,
    },
    /// Print the folder of one model, or of all models
    Path {
        name: Option<String>,
    },
    /// Add a model or an adapter by a manifest that somebody gave you
    ///
    /// If you give a folder, fimble reads the `fimble-model.toml` in it, and installs and pins the folder's files at once.
    /// With --key, or the setting `manifest_key`, that minisign key must have signed the manifest, in FILE.minisig.
    Add {
        /// The manifest, a .toml file, or a folder that holds one
        #[arg(value_name = "FILE|DIR")]
        path: PathBuf,
        /// A minisign public key: the second line of `minisign.pub`
        #[arg(long)]
        key: Option<String>,
    },
}

/// Fetch or repair a model; fimble fetches only the files that are missing or wrong
///
/// An interrupted pull continues where it stopped. HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE,
/// HTTPS_PROXY and NO_PROXY mean the same as for the hub's own tools.
#[derive(clap::Args)]
struct Pull {
    name: String,
    /// Take the files from a folder, a .gguf file, or the address of one, instead of the hub
    #[arg(long, value_name = "DIR|FILE|URL")]
    from: Option<String>,
    /// Use no network: take the files from the cache of the hub's own tools
    #[arg(long)]
    offline: bool,
    /// Fetch the newest version, and pin it
    #[arg(long)]
    update: bool,
    /// The age identity that decrypts .age files
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

/// The settings that the language server would start with.
struct Configuration {
    policy: MachinePolicy,
    settings: Settings,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    let configuration = Configuration::read();
    match arguments.command {
        Command::List { json } => {
            let rows = configuration.rows()?;
            match json {
                true => writeln!(output, "{}", serde_json::to_string_pretty(&rows)?)?,
                false => write!(output, "{}", table(&rows))?,
            }
        }
        Command::Show { name, json } => {
            configuration.manifest(&name)?;
            let row = configuration.rows()?.into_iter().find(|row| row.name == name);
            let row = row.with_context(|| format!("somebody removed the manifest of `{name}` just now"))?;
            match json {
                true => writeln!(output, "{}", serde_json::to_string_pretty(&row)?)?,
                false => write!(output, "{}", description(&row))?,
            }
        }
        Command::Pull(arguments) => {
            let key = configuration.key(None)?;
            configuration.pull(arguments, key, &mut output)?;
        }
        Command::Verify { name: Some(name), record: true } => {
            configuration.manifest(&name)?;
            if name == EMBEDDED {
                bail!("the embedded model comes with fimble, which already pins its files");
            }
            let locked = fimble_models::record(&name, configuration.trusted_key())?;
            writeln!(output, "{name}: {} files pinned as they are", locked.files.len())?;
        }
        Command::Verify { name, record: _ } => return configuration.verify(name, &mut output),
        Command::Use { name: Some(name), previous: _ } => {
            configuration.check_usable(&name)?;
            say_selected(&fimble_models::select(&name)?, &mut output)?;
        }
        Command::Use { name: None, previous: _ } => {
            configuration.check_free()?;
            say_selected(&fimble_models::select_previous()?, &mut output)?;
        }
        Command::Remove { name } => {
            configuration.check_removable(&name)?;
            configuration.manifest(&name)?;
            let freed = fimble_models::remove(&name)?;
            writeln!(output, "{name} is removed ({} freed)", size(freed))?;
        }
        Command::Path { name: None } => writeln!(output, "{}", models_folder()?.display())?,
        Command::Path { name: Some(name) } => {
            configuration.manifest(&name)?;
            let folder = match name == EMBEDDED {
                true => locate(None, None)?.files.folder().to_owned(),
                false => installed_folder(&name)?,
            };
            writeln!(output, "{}", folder.display())?;
        }
        Command::Add { path, key } => {
            let key = configuration.key(key)?;
            if !path.is_dir() {
                let manifest = fimble_models::add_manifest(&path, key.as_deref())?;
                writeln!(output, "{0} is added; `fimble models pull {0}` fetches it", manifest.name)?;
                return Ok(ExitCode::SUCCESS);
            }
            let manifest = fimble_models::add_manifest(&path.join(MANIFEST_FILE), key.as_deref())?;
            let from = path.to_str().context("the folder's path is not Unicode; rename the folder")?.to_owned();
            // The folder's files replace those of a model that was installed by this name before.
            let arguments = Pull { name: manifest.name, from: Some(from), offline: true, update: true, identity: None };
            configuration.pull(arguments, key, &mut output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Configuration {
    fn read() -> Self {
        let policy = MachinePolicy::read(MachinePolicy::path());
        let settings = settings(&policy, &Options::default());
        Self { policy, settings }
    }

    /// The key that must have signed the manifests on this machine.
    fn trusted_key(&self) -> Option<&str> {
        self.settings.manifest_key.as_deref()
    }

    /// The key that must have signed a manifest to add or to fetch by, where `asked` is from the command line.
    fn key(&self, asked: Option<String>) -> anyhow::Result<Option<String>> {
        self.policy.manifest_key(asked, &self.settings).map_err(anyhow::Error::msg)
    }

    /// The name or path of the model in use.
    fn model(&self) -> &str {
        self.settings.model.as_deref().unwrap_or(EMBEDDED)
    }

    fn is_in_use(&self, name: &str) -> bool {
        name == self.model() || Some(name) == self.settings.adapter.as_deref()
    }

    fn manifest(&self, name: &str) -> anyhow::Result<Manifest> {
        let names = || fimble_models::model_names().join(", ");
        find_manifest(name, self.trusted_key())?
            .with_context(|| format!("no model is called `{name}`; the names are {}", names()))
    }

    /// Fails if the policy chooses the model, so that the user's choice would have no effect.
    fn check_free(&self) -> anyhow::Result<()> {
        if self.policy.fixed().model.is_some() {
            let path = MachinePolicy::path().display();
            bail!("the policy of this machine, `{path}`, makes every user run the model `{}`", self.model());
        }
        Ok(())
    }

    /// Fails if `name` cannot be the user's model: every editor would then be without completions.
    fn check_usable(&self, name: &str) -> anyhow::Result<()> {
        self.check_free()?;
        let mut model = locate(Some(name), self.trusted_key())?;
        model.verify()?;
        if let Some(adapter) = &self.settings.adapter {
            model = model.with_adapter(adapter, self.trusted_key())?;
            model.check_adapter()?;
        }
        let choice = ModelChoice { model: Some(name.to_owned()), ..self.settings.choice() };
        self.policy.check(&choice, &model).map_err(anyhow::Error::msg)
    }

    /// Fails if fimble needs the model or adapter `name`.
    fn check_removable(&self, name: &str) -> anyhow::Result<()> {
        if name == EMBEDDED {
            bail!("the embedded model is part of fimble and cannot be removed");
        }
        let fixed = self.policy.fixed();
        if self.is_in_use(name) && [&fixed.model, &fixed.adapter].into_iter().flatten().any(|fixed| fixed == name) {
            let path = MachinePolicy::path().display();
            bail!("`{name}` is in use: the policy of this machine, `{path}`, makes every user run it");
        }
        if name == self.model() {
            bail!("`{name}` is in use; choose another model first, such as `fimble models use {EMBEDDED}`");
        }
        if self.is_in_use(name) {
            bail!("`{name}` is in use; take it out of the setting `adapter` first");
        }
        Ok(())
    }

    fn pull(&self, arguments: Pull, trusted_key: Option<String>, output: &mut impl Write) -> anyhow::Result<()> {
        let Pull { name, from, offline, update, identity } = arguments;
        let manifest = find_manifest(&name, trusted_key.as_deref())?;
        if let Some(licence) = manifest.as_ref().and_then(|manifest| manifest.licence.as_ref()) {
            eprintln!("the licence of {name}, from its authors: {licence}");
        }
        let request = PullRequest { name: name.clone(), from, offline, update, identity, trusted_key };
        match fimble_models::pull(&request, &Bar::default())? {
            Outcome::Intact { folder } => writeln!(output, "{name} is here and intact: {}", folder.display())?,
            Outcome::Installed { folder, revision, fetched, kept } => {
                let revision = revision.map(|revision| format!(" at {revision}")).unwrap_or_default();
                writeln!(output, "{name}{revision} is in {}", folder.display())?;
                writeln!(output, "fetched: {}; kept: {}", names(&fetched), names(&kept))?;
                match manifest.and_then(|manifest| manifest.base) {
                    Some(base) => writeln!(output, "the setting `adapter = \"{name}\"` puts it on the model {base}")?,
                    None if name == self.model() || self.check_free().is_err() => (),
                    None => writeln!(output, "`fimble models use {name}` makes it your model")?,
                }
            }
        }
        Ok(())
    }

    fn verify(&self, name: Option<String>, output: &mut impl Write) -> anyhow::Result<ExitCode> {
        let models = models_folder()?;
        let mut lock = Lock::read(&models)?;
        if let Some(name) = name {
            self.manifest(&name)?;
            if name == EMBEDDED {
                // This unpacks every file that differs again.
                locate(None, None)?;
                writeln!(output, "{EMBEDDED}: intact")?;
                return Ok(ExitCode::SUCCESS);
            }
            lock.models.retain(|other, _| *other == name);
            if lock.models.is_empty() {
                bail!(
                    "`{name}` is not pinned; pin it with `fimble models pull {name}` or `fimble models verify --record \
                     {name}`"
                );
            }
        }
        let mut status = ExitCode::SUCCESS;
        for (name, entry) in lock.models {
            let files = entry.files.len();
            match LockedModel::new(&models, name.clone(), entry).verify_anew() {
                Ok(()) => writeln!(output, "{name}: {files} files, intact")?,
                Err(damaged) => {
                    eprintln!("fimble: {damaged}");
                    status = ExitCode::FAILURE;
                }
            }
        }
        Ok(status)
    }
}

fn say_selected(selected: &Selected, output: &mut impl Write) -> anyhow::Result<()> {
    let Selected { model, before, file } = selected;
    writeln!(output, "{model} is your model now (before: {before}), set in {}", file.display())?;
    writeln!(output, "editors use it when they next start fimble; `fimble models use --previous` goes back")?;
    Ok(())
}

fn names(files: &[String]) -> String {
    if files.is_empty() { "nothing".to_owned() } else { files.join(", ") }
}

/// A progress bar for each file, on standard error. It is hidden if standard error is not a terminal.
#[derive(Default)]
struct Bar(RefCell<Option<ProgressBar>>);

impl Progress for Bar {
    fn say(&self, text: &str) {
        match &*self.0.borrow() {
            Some(bar) if !bar.is_hidden() => bar.println(text),
            _ => eprintln!("{text}"),
        }
    }

    fn begin(&self, file: &str, size: Option<u64>, done: u64) {
        let template = "{msg}  {wide_bar}  {bytes} of {total_bytes}  {bytes_per_sec}  {eta}";
        let style = ProgressStyle::with_template(template).expect("the template is valid");
        let bar = size.map_or_else(ProgressBar::new_spinner, ProgressBar::new).with_style(style);
        bar.set_message(file.to_owned());
        bar.set_position(done);
        bar.reset_eta();
        self.0.replace(Some(bar));
    }

    fn advance(&self, bytes: i64) {
        if let Some(bar) = &*self.0.borrow() {
            match u64::try_from(bytes) {
                Ok(bytes) => bar.inc(bytes),
                Err(_) => bar.dec(bytes.unsigned_abs()),
            }
        }
    }

    fn end(&self) {
        if let Some(bar) = self.0.take() {
            bar.finish();
        }
    }
}
