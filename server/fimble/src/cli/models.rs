//! `fimble models`: which models and adapters there are, and getting, checking, choosing and removing them.

use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, io};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use fimble::settings::{Options, Settings, user_file};
use fimble_models::{
    EMBEDDED, Lock, LockedModel, MANIFEST_FILE, Machine, Manifest, NamedModel, Outcome, Progress, PullRequest,
    Selected, find_manifest, installed_folder, locate, models_folder, named_models,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// List, fetch, verify and choose models
///
/// Only `pull` uses the network, and only when you run it: a language server loads what is on this machine, or says what is
/// missing. What is pulled is pinned in `models.lock`, and a model whose files differ from that is never loaded. All of this goes
/// for LoRA adapters too; the setting `adapter` or --adapter puts one on its base.
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
    /// Show every model with a name: what is installed, in use (*), and recommended for this machine
    List {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what is known of one model
    Show {
        name: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    Pull(Pull),
    /// Read every file of the installed models and compare it with models.lock
    ///
    /// Every load does so too, for files that have changed since they were last read.
    Verify {
        /// All that are pinned, without a name
        name: Option<String>,
        /// Pin the model as it lies there now: for files that you have put there yourself, and trust
        #[arg(long, requires = "name")]
        record: bool,
    },
    /// Choose a model: sets `model` in your fimble.toml and leaves the rest of the file as it is
    Use {
        /// The name of an installed model, `embedded`, or a path
        #[arg(required_unless_present = "previous")]
        name: Option<String>,
        /// Go back to the model before this one
        #[arg(long, conflicts_with = "name")]
        previous: bool,
    },
    /// Take a model off this machine
    Remove {
        name: String,
    },
    /// Print the folder of a model's files, or of all models
    Path {
        name: Option<String>,
    },
    /// Make a model or an adapter known by a manifest that somebody gave you
    ///
    /// Of a folder, by the `fimble-model.toml` in it, and its files are installed and pinned at once. With --key, or the setting
    /// `manifest_key`, only if the manifest's minisign signature, FILE.minisig, is of that key.
    Add {
        /// The manifest, a .toml file, or a folder with one
        #[arg(value_name = "FILE|DIR")]
        path: PathBuf,
        /// A minisign public key: the second line of `minisign.pub`
        #[arg(long)]
        key: Option<String>,
    },
}

/// Fetch a model, or repair it: only what is missing or wrong is fetched
///
/// An interrupted pull goes on where it stopped. HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE mean what they
/// mean to the hub's own tools, and so do HTTPS_PROXY and NO_PROXY.
#[derive(clap::Args)]
struct Pull {
    name: String,
    /// Take the files from a folder, a .gguf file, or the address of either, instead of the hub
    #[arg(long, value_name = "DIR|FILE|URL")]
    from: Option<String>,
    /// Never try the network: take what the hub's own tools have left in their cache
    #[arg(long)]
    offline: bool,
    /// Fetch the newest version, and pin that
    #[arg(long)]
    update: bool,
    /// The age identity that decrypts files ending in .age
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    description: Option<String>,
    /// Of an adapter: the model that it is for.
    base: Option<String>,
    licence: Option<String>,
    parameters: Option<u64>,
    quantize: Option<fimble_models::Quantization>,
    context_length: Option<usize>,
    /// Bytes, estimated.
    memory: Option<u64>,
    repository: Option<String>,
    /// The pinned commit, or what the manifest names.
    revision: Option<String>,
    installed: bool,
    pinned: bool,
    in_use: bool,
    recommended: bool,
    folder: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    match arguments.command {
        Command::List { json } => {
            let rows = rows()?;
            match json {
                true => writeln!(output, "{}", serde_json::to_string_pretty(&rows)?)?,
                false => write!(output, "{}", table(&rows))?,
            }
        }
        Command::Show { name, json } => {
            known(&name)?;
            let row = rows()?.into_iter().find(|row| row.name == name).context("its manifest has gone")?;
            match json {
                true => writeln!(output, "{}", serde_json::to_string_pretty(&row)?)?,
                false => write!(output, "{}", description(&row))?,
            }
        }
        Command::Pull(arguments) => pull(arguments, &mut output)?,
        Command::Verify { name: Some(name), record: true } => {
            known(&name)?;
            if name == EMBEDDED {
                bail!("the embedded model comes with fimble, which knows what its files have to be");
            }
            let entry = fimble_models::record(&name, trusted_key()?.as_deref())?;
            writeln!(output, "{name}: {} files pinned as they are", entry.files.len())?;
        }
        Command::Verify { name, record: _ } => return verify(name, &mut output),
        Command::Use { name: Some(name), previous: _ } => {
            // A setting that names what is not there would leave every editor without completions.
            let key = trusted_key()?;
            let model = locate(Some(&name), key.as_deref())?;
            model.verify()?;
            if let Some(adapter) = in_use().adapter {
                model.with_adapter(&adapter, key.as_deref())?.check_adapter()?;
            }
            say_selected(&fimble_models::select(&name)?, &mut output)?;
        }
        Command::Use { name: None, previous: _ } => say_selected(&fimble_models::select_previous()?, &mut output)?,
        Command::Remove { name } => {
            if name == EMBEDDED {
                bail!("the embedded model is part of fimble and cannot be removed");
            }
            let in_use = in_use();
            if name == in_use.model {
                bail!("`{name}` is in use; choose another first, such as `fimble models use {EMBEDDED}`");
            }
            if Some(&name) == in_use.adapter.as_ref() {
                bail!("`{name}` is in use; take it out of the setting `adapter` first");
            }
            known(&name)?;
            let freed = fimble_models::remove(&name)?;
            writeln!(output, "{name} is removed ({} freed)", size(freed))?;
        }
        Command::Path { name: None } => writeln!(output, "{}", models_folder()?.display())?,
        Command::Path { name: Some(name) } => {
            known(&name)?;
            let folder = match name == EMBEDDED {
                true => locate(None, None)?.files.folder().to_owned(),
                false => installed_folder(&name)?,
            };
            writeln!(output, "{}", folder.display())?;
        }
        Command::Add { path, key } if path.is_dir() => {
            let key = key.map_or_else(trusted_key, |key| Ok(Some(key)))?;
            let manifest = fimble_models::add_manifest(&path.join(MANIFEST_FILE), key.as_deref())?;
            let from = path.to_str().context("the folder's path has to be Unicode")?.to_owned();
            // What was installed by this name before is replaced by what the folder holds now.
            let arguments = Pull { name: manifest.name, from: Some(from), offline: true, update: true, identity: None };
            pull(arguments, &mut output)?;
        }
        Command::Add { path, key } => {
            let key = key.map_or_else(trusted_key, |key| Ok(Some(key)))?;
            let manifest = fimble_models::add_manifest(&path, key.as_deref())?;
            writeln!(output, "{0} is known now; `fimble models pull {0}` fetches it", manifest.name)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn pull(arguments: Pull, output: &mut impl Write) -> anyhow::Result<()> {
    let Pull { name, from, offline, update, identity } = arguments;
    let trusted_key = trusted_key()?;
    let manifest = find_manifest(&name, trusted_key.as_deref())?;
    if let Some(licence) = manifest.as_ref().and_then(|manifest| manifest.licence.as_ref()) {
        eprintln!("{name} is licensed by its authors: {licence}");
    }
    let request = PullRequest { name: name.clone(), from, offline, update, identity, trusted_key };
    let outcome = fimble_models::pull(&request, &Bar::default());
    match outcome? {
        Outcome::Intact { folder } => writeln!(output, "{name} is here and intact: {}", folder.display())?,
        Outcome::Installed { folder, revision, fetched, kept } => {
            let revision = revision.map(|revision| format!(" at {revision}")).unwrap_or_default();
            writeln!(output, "{name}{revision} is in {}", folder.display())?;
            writeln!(output, "fetched: {}; kept: {}", names(&fetched), names(&kept))?;
            match manifest.and_then(|manifest| manifest.base) {
                Some(base) => writeln!(output, "the setting `adapter = \"{name}\"` puts it on the model {base}")?,
                None if name == in_use().model => (),
                None => writeln!(output, "`fimble models use {name}` makes it yours")?,
            }
        }
    }
    Ok(())
}

fn verify(name: Option<String>, output: &mut impl Write) -> anyhow::Result<ExitCode> {
    let models = models_folder()?;
    let mut lock = Lock::read(&models)?;
    if let Some(name) = name {
        known(&name)?;
        if name == EMBEDDED {
            // Whatever differs is written anew.
            locate(None, None)?;
            writeln!(output, "{EMBEDDED}: intact")?;
            return Ok(ExitCode::SUCCESS);
        }
        lock.models.retain(|other, _| *other == name);
        if lock.models.is_empty() {
            bail!(
                "`{name}` is not pinned; `fimble models pull {name}` or `fimble models verify --record {name}` does that"
            );
        }
    }
    let mut status = ExitCode::SUCCESS;
    for (name, entry) in lock.models {
        let model = LockedModel::new(&models, name, entry);
        match model.verify_anew() {
            Ok(()) => writeln!(output, "{}: {} files, intact", model.name, model.entry.files.len())?,
            Err(damaged) => {
                eprintln!("fimble: {damaged}");
                status = ExitCode::FAILURE;
            }
        }
    }
    Ok(status)
}

fn say_selected(selected: &Selected, output: &mut impl Write) -> anyhow::Result<()> {
    let Selected { model, before, file } = selected;
    writeln!(output, "{model} is your model now (before: {before}), by {}", file.display())?;
    writeln!(output, "editors take it when they start fimble next; `fimble models use --previous` goes back")?;
    Ok(())
}

fn known(name: &str) -> anyhow::Result<Manifest> {
    let names = || fimble_models::model_names().join(", ");
    find_manifest(name, trusted_key()?.as_deref())?
        .with_context(|| format!("no model is called `{name}`; the names are {}", names()))
}

/// The minisign public key that must have signed every added manifest. For now, only `manifest_key` in the user's own
/// settings file is read: a setting that is resolved together with the machine's policy belongs here.
pub(super) fn trusted_key() -> anyhow::Result<Option<String>> {
    let Some(path) = user_file() else { return Ok(None) };
    let shown = path.display();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => bail!("cannot read `{shown}`: {error}"),
    };
    let settings: toml::Table = match toml::from_str(&text) {
        Ok(settings) => settings,
        Err(error) => bail!("`{shown}` is not TOML ({}); correct it first", error.message()),
    };
    let Some(key) = settings.get("manifest_key") else { return Ok(None) };
    let key = key.as_str().with_context(|| format!("`manifest_key` in `{shown}` is not a string; correct it first"))?;
    Ok(Some(key.to_owned()))
}

/// What the user's settings say.
struct InUse {
    model: String,
    adapter: Option<String>,
}

fn in_use() -> InUse {
    let (options, _) = user_file().map(|path| Options::from_file(&path)).unwrap_or_default();
    let Settings { model, adapter, .. } = Settings::resolve([&options]);
    InUse { model: model.unwrap_or_else(|| EMBEDDED.to_owned()), adapter }
}

fn rows() -> anyhow::Result<Vec<Row>> {
    let models = named_models(trusted_key()?.as_deref());
    let lock = Lock::read(&models_folder()?)?;
    let in_use = in_use();
    let machine = Machine::this(cfg!(any(feature = "cuda", feature = "metal")));
    let recommended = fimble_models::recommended(&machine, models.iter().map(|model| &model.manifest));
    let recommended = recommended.map_or_else(|| EMBEDDED.to_owned(), |manifest| manifest.name.clone());
    let row = |NamedModel { manifest, folder, installed }: NamedModel| {
        let pinned = lock.models.get(&manifest.name);
        let memory = manifest.memory();
        let named = manifest.source.as_ref().and_then(|source| source.revision.clone());
        Row {
            installed,
            pinned: pinned.is_some(),
            in_use: manifest.name == in_use.model || Some(&manifest.name) == in_use.adapter.as_ref(),
            recommended: manifest.name == recommended,
            revision: pinned.and_then(|pinned| pinned.revision.clone()).or(named),
            folder,
            memory,
            repository: manifest.source.map(|source| source.repository),
            name: manifest.name,
            description: manifest.description,
            base: manifest.base,
            licence: manifest.licence,
            parameters: manifest.parameters,
            quantize: manifest.quantize,
            context_length: manifest.context_length,
        }
    };
    Ok(models.into_iter().map(row).collect())
}

fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let mut text = format!("  {:<width$}  {:>8}  {:<20}  state\n", "name", "memory", "licence");
    for row in rows {
        let states = [
            (row.in_use, "in use"),
            (row.installed && row.pinned, "installed"),
            (row.installed && !row.pinned && row.name != EMBEDDED, "installed, not pinned"),
            (row.recommended, "recommended for this machine"),
        ];
        let states = states.iter().filter(|(holds, _)| *holds).map(|(_, state)| (*state).to_owned());
        let base = row.base.as_ref().map(|base| format!("adapter of {base}"));
        let states: Vec<String> = base.into_iter().chain(states).collect();
        let line = format!(
            "{} {:<width$}  {:>8}  {:<20}  {}",
            if row.in_use { "*" } else { " " },
            row.name,
            row.memory.map_or("-".to_owned(), size),
            row.licence.as_deref().unwrap_or("-"),
            states.join(", "),
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn description(row: &Row) -> String {
    let weights = row.parameters.map(|parameters| format!("{:.1} billion weights", parameters as f64 / 1e9));
    let fields = [
        ("name", Some(row.name.clone())),
        ("description", row.description.clone()),
        ("adapter of", row.base.clone()),
        ("licence", row.licence.clone()),
        ("size", weights),
        ("memory", row.memory.map(|memory| format!("{} (estimated)", size(memory)))),
        ("context", row.context_length.map(|tokens| format!("{tokens} tokens"))),
        ("repository", row.repository.clone()),
        ("revision", row.revision.clone()),
        ("folder", row.folder.as_ref().map(|folder| folder.display().to_string())),
        ("installed", Some(if row.installed { "yes" } else { "no" }.to_owned())),
        ("pinned", Some(if row.pinned { "yes" } else { "no" }.to_owned())),
        ("recommended", Some(if row.recommended { "yes" } else { "no" }.to_owned())),
    ];
    fields.into_iter().filter_map(|(name, value)| Some(format!("{name:<12} {}\n", value?))).collect()
}

fn names(files: &[String]) -> String {
    if files.is_empty() { "nothing".to_owned() } else { files.join(", ") }
}

fn size(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// One bar a file, on standard error; hidden where that is no terminal.
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
        let style = ProgressStyle::with_template(template).expect("the template is right");
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
