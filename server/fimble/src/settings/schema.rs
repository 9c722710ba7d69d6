//! The declaration of every setting: its name, type, range and description, and its default. Errors and documents are
//! made from it.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use fimble_completion::language::Language;
use fimble_completion::settings::{CompletionSettings, ContextScope, Multiline};
use fimble_inference::EngineChoice;
use fimble_remote::{RemoteSettings, Routing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one source says. A setting that is `None` or empty is left to the sources before it.
///
/// The doc comments of the fields are the descriptions in every document. The extension `x-editor` declares how a
/// setting differs in an editor: `false` forbids it there, `enum` restricts its values, `description` replaces its
/// description, and `scope` and `link` are for VS Code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(default = "Options::defaults")]
pub struct Options {
    /// Make suggestions. If this is `false`, fimble suggests nothing and loads no model.
    pub enabled: Option<bool>,
    /// Languages to switch on or off, by their LSP identifiers: `markdown = false` switches Markdown off. `*` stands for
    /// every language that is not named. Sources add to each other, language by language.
    pub languages: BTreeMap<String, bool>,
    /// The model to run: the name of an installed model, the path of a folder in Hugging Face layout, or the path of a
    /// `.gguf` file. Empty is the model that comes with fimble.
    #[schemars(extend("x-editor" = { "scope": "machine", "link": "[Choose a model](command:fimble.chooseModel)" }))]
    pub model: Option<String>,
    /// A LoRA adapter to put on the model: the name of an installed adapter, or the path of a folder with
    /// `adapter_config.json` and `adapter_model.safetensors`. Empty is none.
    #[schemars(extend("x-editor" = { "scope": "machine" }))]
    pub adapter: Option<String>,
    /// The library that runs the model.
    #[schemars(extend("x-editor" = { "scope": "machine" }))]
    pub engine: Option<EngineChoice>,
    /// How many threads llama.cpp computes with. 0 is one per physical core. mistral.rs takes all cores.
    #[schemars(range(min = 0, max = 256), extend("x-editor" = { "scope": "machine" }))]
    pub threads: Option<usize>,
    /// Where completions come from: this machine, the server in `remote`, or both. The default is `hybrid` if a server
    /// is named. An editor can only set `local`, because a repository can bring editor settings.
    #[schemars(extend("x-editor" = {
        "enum": ["local"],
        "description": "Set this to `local` to ask no server, even if your `fimble.toml` names one.",
    }))]
    pub routing: Option<Routing>,
    /// A server of your own that fimble may send code to.
    #[schemars(extend("x-editor" = false))]
    pub remote: Option<RemoteSettings>,
    /// When to suggest more than the rest of the line.
    pub multiline: Option<Multiline>,
    /// The longest suggestion, in tokens of the model. 64 tokens are about six lines.
    #[schemars(range(min = 1, max = 1024))]
    pub max_tokens: Option<usize>,
    /// How much of the file to show to the model, in its tokens. 1024 tokens are about a hundred lines.
    #[schemars(range(min = 16, max = 131_072))]
    pub context_tokens: Option<usize>,
    /// fimble cuts a suggestion short after this many milliseconds. 0 waits for as long as the model takes.
    #[schemars(range(min = 0, max = 60_000))]
    pub deadline_ms: Option<u64>,
    /// The least confidence of a suggestion, in per cent. fimble shows what the model is less sure of only if you ask
    /// with a key. 0 shows everything.
    #[schemars(range(min = 0, max = 100))]
    pub min_confidence: Option<u8>,
    /// Where the definitions and similar code that fimble shows to the model come from.
    pub context: Option<ContextScope>,
    /// Files that the model sees only while you edit them, as `.gitignore` patterns. A `.fimbleignore` file in the
    /// workspace does the same. fimble always leaves out files whose names say that they hold secrets. Sources add to
    /// each other.
    pub exclude: Vec<String>,
    /// Also offer suggestions in the completion menu of editors that show ghost text.
    pub completion_items: Option<bool>,
    /// Count how suggestions are received, for `fimble stats`. The counts stay on this machine and hold no text.
    #[schemars(extend("x-editor" = { "scope": "machine", "link": "[Show statistics](command:fimble.showStatistics)" }))]
    pub statistics: Option<bool>,
    /// The minisign public key that must have signed every manifest that you add with `fimble models add`. Empty accepts
    /// unsigned manifests.
    #[schemars(extend("x-editor" = false))]
    pub manifest_key: Option<String>,
    /// The least severe messages to write to the log: standard error, or the file that `--log-file` names.
    #[schemars(extend("x-editor" = { "scope": "machine", "link": "[Open the log](command:fimble.openLog)" }))]
    pub log_level: Option<LogLevel>,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Only failures.
    Error,
    /// Also what fimble ignored or repaired.
    Warn,
    /// Also the client, the model and the settings.
    #[default]
    Info,
    /// Also every request, with its timing.
    Debug,
    /// Also the text of messages, which includes your source code.
    Trace,
}

/// The settings of a session, after all sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `false` answers every request with nothing and loads no model.
    pub enabled: bool,
    /// Languages that users switch on or off, by their LSP identifiers. `*` stands for those not named.
    pub languages: BTreeMap<String, bool>,
    /// Languages that the machine's policy switches on or off. They win over [`languages`](Self::languages).
    pub fixed_languages: BTreeMap<String, bool>,
    /// A name or a path, as the model loader understands it; `None` is the embedded model.
    pub model: Option<String>,
    /// A LoRA adapter for the model, by a name or a path.
    pub adapter: Option<String>,
    /// The library that runs the model.
    pub engine: EngineChoice,
    /// How many threads llama.cpp computes with; `None` is one per physical core.
    pub threads: Option<NonZeroUsize>,
    /// Which engines answer, if there is a [remote](Self::remote).
    pub routing: Routing,
    /// A server that code may be sent to.
    pub remote: Option<RemoteSettings>,
    /// The settings of one completion.
    pub completion: CompletionSettings,
    /// Where the code that the model sees comes from.
    pub context: ContextScope,
    /// Files that are shown only while they are edited.
    pub exclude: ExcludePatterns,
    /// Whether clients with inline completion are offered items in their completion menus too.
    pub completion_items: bool,
    /// Whether to keep counts of how suggestions are received.
    pub statistics: bool,
    /// The minisign public key that must have signed every added manifest.
    pub manifest_key: Option<String>,
    /// The least severe messages to log.
    pub log_level: LogLevel,
}

/// Files to leave out, as `.gitignore` patterns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExcludePatterns {
    /// The patterns of all sources, in their order.
    pub patterns: Vec<String>,
    /// The patterns of the machine's policy. No other pattern and no ignore file may include what they exclude, so match
    /// them by themselves.
    pub fixed: Vec<String>,
}

/// What the settings ask the model loader for. fimble loads the model again when a part of it changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelChoice {
    /// See [`Settings::model`].
    pub model: Option<String>,
    /// See [`Settings::adapter`].
    pub adapter: Option<String>,
    /// See [`Settings::engine`].
    pub engine: EngineChoice,
    /// See [`Settings::threads`].
    pub threads: Option<NonZeroUsize>,
    /// See [`Settings::manifest_key`]: the manifests of the model and the adapter must be signed by it.
    pub manifest_key: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            languages: BTreeMap::new(),
            fixed_languages: BTreeMap::new(),
            model: None,
            adapter: None,
            engine: EngineChoice::default(),
            threads: None,
            routing: Routing::Local,
            remote: None,
            completion: CompletionSettings::default(),
            context: ContextScope::Workspace,
            exclude: ExcludePatterns::default(),
            completion_items: false,
            statistics: true,
            manifest_key: None,
            log_level: LogLevel::Info,
        }
    }
}

impl Settings {
    /// The defaults, changed by each source in turn.
    pub fn resolve<'a>(sources: impl IntoIterator<Item = &'a Options>) -> Self {
        let mut settings = Self::default();
        let mut routing = None;
        for options in sources {
            settings.languages.extend(options.languages.clone());
            settings.exclude.patterns.extend(options.exclude.clone());
            replace(&mut settings.enabled, options.enabled);
            replace_text(&mut settings.model, options.model.as_deref());
            replace_text(&mut settings.adapter, options.adapter.as_deref());
            replace(&mut settings.engine, options.engine);
            replace(&mut settings.threads, options.threads.map(NonZeroUsize::new));
            replace_text(&mut settings.manifest_key, options.manifest_key.as_deref());
            replace(&mut settings.completion.multiline, options.multiline);
            replace(&mut settings.completion.max_tokens, options.max_tokens);
            replace(&mut settings.completion.context_tokens, options.context_tokens);
            let deadline = |ms| (ms > 0).then(|| Duration::from_millis(ms));
            replace(&mut settings.completion.deadline, options.deadline_ms.map(deadline));
            replace(&mut settings.completion.min_confidence, options.min_confidence);
            replace(&mut settings.context, options.context);
            replace(&mut settings.completion_items, options.completion_items);
            replace(&mut settings.statistics, options.statistics);
            replace(&mut settings.log_level, options.log_level);
            settings.remote = options.remote.clone().or(settings.remote);
            routing = options.routing.or(routing);
        }
        // Naming a server means asking it, unless a source says otherwise.
        let default = if settings.remote.is_some() { Routing::Hybrid } else { Routing::Local };
        settings.routing = routing.unwrap_or(default);
        settings
    }

    /// The model and adapter to load, and what runs them.
    pub fn choice(&self) -> ModelChoice {
        ModelChoice {
            model: self.model.clone(),
            adapter: self.adapter.clone(),
            engine: self.engine,
            threads: self.threads,
            manifest_key: self.manifest_key.clone(),
        }
    }

    /// Whether to complete a document. The client calls its language `language_id`; fimble calls it `language`.
    pub fn completes(&self, language_id: &str, language: Language) -> bool {
        let names = [language_id, language.id(), "*"];
        let mut entries = [&self.fixed_languages, &self.languages]
            .into_iter()
            .flat_map(|languages| names.iter().filter_map(|name| languages.get(*name)));
        self.enabled && entries.next().copied().unwrap_or(true)
    }
}

impl Options {
    /// The default of every setting that has one, for the schema.
    fn defaults() -> Self {
        let Settings {
            enabled,
            languages,
            fixed_languages: _,
            model,
            adapter,
            engine,
            threads,
            routing,
            remote,
            completion,
            context,
            exclude,
            completion_items,
            statistics,
            manifest_key,
            log_level,
        } = Settings::default();
        Self {
            enabled: Some(enabled),
            languages,
            model: Some(model.unwrap_or_default()),
            adapter: Some(adapter.unwrap_or_default()),
            engine: Some(engine),
            threads: Some(threads.map_or(0, NonZeroUsize::get)),
            routing: Some(routing),
            remote,
            multiline: Some(completion.multiline),
            max_tokens: Some(completion.max_tokens),
            context_tokens: Some(completion.context_tokens),
            deadline_ms: completion.deadline.and_then(|deadline| deadline.as_millis().try_into().ok()),
            min_confidence: Some(completion.min_confidence),
            context: Some(context),
            exclude: exclude.patterns,
            completion_items: Some(completion_items),
            statistics: Some(statistics),
            manifest_key: Some(manifest_key.unwrap_or_default()),
            log_level: Some(log_level),
        }
    }
}

impl LogLevel {
    /// As it is written in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for ModelChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.model.as_deref().unwrap_or("the embedded model"))?;
        self.adapter.iter().try_for_each(|adapter| write!(formatter, " with {adapter}"))
    }
}

fn replace<T>(setting: &mut T, option: Option<T>) {
    if let Some(value) = option {
        *setting = value;
    }
}

/// An empty text takes back what an earlier source set.
fn replace_text(setting: &mut Option<String>, option: Option<&str>) {
    replace(setting, option.map(|text| (!text.is_empty()).then(|| text.to_owned())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn later_sources_win_setting_by_setting() {
        let (file, _) =
            Options::from_client(&json!({"max_tokens": 10, "model": "a", "languages": {"rust": false}}), "");
        let (client, _) = Options::from_client(&json!({"maxTokens": 20, "languages": {"*": false, "rust": true}}), "");
        let settings = Settings::resolve([&file, &client]);
        assert_eq!(settings.completion.max_tokens, 20);
        assert_eq!(settings.model.as_deref(), Some("a"));
        let completes = |id| settings.completes(id, Language::from_id(id));
        assert_eq!(["rust", "python", "brainfuck"].map(completes), [true, false, false]);

        let (embedded, _) = Options::from_client(&json!({"fimble": {"model": "", "deadlineMs": 0, "threads": 0}}), "");
        let (threads, _) = Options::from_client(&json!({"threads": 3}), "");
        let settings = Settings::resolve([&file, &client, &threads, &embedded]);
        assert_eq!((settings.model, settings.completion.deadline, settings.threads), (None, None, None));
        assert_eq!(Settings::resolve([&threads]).threads, NonZeroUsize::new(3));
    }

    #[test]
    fn naming_a_server_means_asking_it_unless_a_source_says_otherwise() {
        let remote = json!({"url": "https://gpu.example"});
        let user = |value: serde_json::Value| Options::from_user(value.as_object().expect("an object"), "test").0;
        let local = user(json!({"routing": "local"}));
        let named = user(json!({ "remote": remote }));
        let named_only_remote = user(json!({ "remote": remote, "routing": "remote" }));
        assert_eq!(Settings::resolve([]).routing, Routing::Local);
        assert_eq!(Settings::resolve([&named]).routing, Routing::Hybrid);
        assert_eq!(Settings::resolve([&named_only_remote]).routing, Routing::Remote);
        assert_eq!(Settings::resolve([&named_only_remote, &local]).routing, Routing::Local);
        assert_eq!(Settings::resolve([&local, &named]).routing, Routing::Local);
    }
}
