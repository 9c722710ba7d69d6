//! What users and clients configure: [`Options`] is what one source says, [`Settings`] what holds after all of them.
//! The only place with names of settings, their ranges and their defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use fimble_completion::language::Language;
use fimble_completion::settings::{CompletionSettings, ContextScope, Multiline};
use fimble_remote::{RemoteSettings, Routing};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::workspace::exclusions::problem;

/// What holds, for the whole session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `false` answers every request with nothing and loads no model.
    pub enabled: bool,
    /// Languages switched on and off by their LSP identifiers; `*` stands for those not named.
    pub languages: BTreeMap<String, bool>,
    /// A name or a path, as the model loader understands it; `None` for the embedded model.
    pub model: Option<String>,
    /// A LoRA adapter on the model, by a name or a path.
    pub adapter: Option<String>,
    /// Who is asked, if there is a [remote](Self::remote).
    pub routing: Routing,
    /// A server elsewhere.
    pub remote: Option<RemoteSettings>,
    /// What bears on one completion.
    pub completion: CompletionSettings,
    /// Where the model is shown code from.
    pub context: ContextScope,
    /// Files that are not shown but while they are edited, as patterns of `.gitignore`.
    pub exclude: Vec<String>,
    /// Whether clients with inline completion are offered items in their completion menus too.
    pub completion_items: bool,
    /// Whether it is kept how suggestions are received, in a file of the user's.
    pub statistics: bool,
    /// The least severe messages that are still logged.
    pub log_level: LogLevel,
}

/// What the settings ask the model loader for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelChoice {
    /// See [`Settings::model`].
    pub model: Option<String>,
    /// See [`Settings::adapter`].
    pub adapter: Option<String>,
}

impl fmt::Display for ModelChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.model.as_deref().unwrap_or("the embedded model"))?;
        self.adapter.iter().try_for_each(|adapter| write!(formatter, " with {adapter}"))
    }
}

/// How much is logged. Only `Trace` may log source text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what broke.
    Error,
    /// And what was ignored or repaired.
    Warn,
    /// And what a user may want to know: the client, the model, the settings.
    #[default]
    Info,
    /// And every request with its timing.
    Debug,
    /// And messages with their text.
    Trace,
}

/// What one source says. `None` leaves a setting to the sources before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// See [`Settings::enabled`].
    pub enabled: Option<bool>,
    /// See [`Settings::languages`]; added to what earlier sources say, language by language.
    pub languages: BTreeMap<String, bool>,
    /// See [`Settings::model`]. Empty means the embedded model.
    pub model: Option<String>,
    /// See [`Settings::adapter`]. Empty means none.
    pub adapter: Option<String>,
    /// See [`Settings::routing`].
    pub routing: Option<Routing>,
    /// See [`Settings::remote`].
    pub remote: Option<RemoteSettings>,
    /// See [`CompletionSettings::multiline`].
    pub multiline: Option<Multiline>,
    /// See [`CompletionSettings::max_tokens`].
    pub max_tokens: Option<usize>,
    /// See [`CompletionSettings::context_tokens`].
    pub context_tokens: Option<usize>,
    /// See [`CompletionSettings::deadline`]; in milliseconds, 0 for none.
    pub deadline_ms: Option<u64>,
    /// See [`CompletionSettings::min_confidence`].
    pub min_confidence: Option<u8>,
    /// See [`Settings::context`].
    pub context: Option<ContextScope>,
    /// See [`Settings::exclude`]; added to what earlier sources say.
    pub exclude: Vec<String>,
    /// See [`Settings::completion_items`].
    pub completion_items: Option<bool>,
    /// See [`Settings::statistics`].
    pub statistics: Option<bool>,
    /// See [`Settings::log_level`].
    pub log_level: Option<LogLevel>,
}

/// A sentence about something a source says that is not followed, fit to be shown to the user.
pub type Problem = String;

const NAMES: [&str; 17] = [
    "enabled",
    "languages",
    "model",
    "adapter",
    "routing",
    "remote",
    "multiline",
    "max_tokens",
    "context_tokens",
    "deadline_ms",
    "min_confidence",
    "context",
    "exclude",
    "completion_items",
    "statistics",
    "log_level",
    "manifest_key",
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            languages: BTreeMap::new(),
            model: None,
            adapter: None,
            routing: Routing::Local,
            remote: None,
            completion: CompletionSettings::default(),
            context: ContextScope::Workspace,
            exclude: Vec::new(),
            completion_items: false,
            statistics: true,
            log_level: LogLevel::Info,
        }
    }
}

impl Settings {
    /// The defaults, changed by each source in turn.
    pub fn resolve<'a>(sources: impl IntoIterator<Item = &'a Options>) -> Self {
        let mut settings = Self::default();
        for options in sources {
            settings.languages.extend(options.languages.clone());
            settings.exclude.extend(options.exclude.clone());
            replace(&mut settings.enabled, options.enabled);
            replace(&mut settings.completion.multiline, options.multiline);
            replace(&mut settings.completion.max_tokens, options.max_tokens);
            replace(&mut settings.completion.context_tokens, options.context_tokens);
            replace(&mut settings.completion.min_confidence, options.min_confidence);
            replace(&mut settings.context, options.context);
            replace(&mut settings.completion_items, options.completion_items);
            replace(&mut settings.statistics, options.statistics);
            replace(&mut settings.log_level, options.log_level);
            if let Some(milliseconds) = options.deadline_ms {
                settings.completion.deadline = (milliseconds > 0).then(|| Duration::from_millis(milliseconds));
            }
            if let Some(model) = &options.model {
                settings.model = (!model.is_empty()).then(|| model.clone());
            }
            if let Some(adapter) = &options.adapter {
                settings.adapter = (!adapter.is_empty()).then(|| adapter.clone());
            }
            if let Some(remote) = &options.remote {
                settings.remote = Some(remote.clone());
                // Who names a server means it to be asked.
                settings.routing = Routing::Hybrid;
            }
            replace(&mut settings.routing, options.routing);
        }
        settings
    }

    /// What is to be loaded.
    pub fn choice(&self) -> ModelChoice {
        ModelChoice { model: self.model.clone(), adapter: self.adapter.clone() }
    }

    /// Whether a document gets completions that the client says is in `language_id`, and fimble in `language`.
    pub fn completes(&self, language_id: &str, language: Language) -> bool {
        let on = [language_id, language.id(), "*"].iter().find_map(|name| self.languages.get(*name));
        self.enabled && on.copied().unwrap_or(true)
    }
}

impl Options {
    /// What `value`, sent by a client, says: settings as an object, bare or under the key `fimble`. Names may be in
    /// camel case or snake case. `source` names the sender in problems.
    pub fn from_client(value: &Value, source: &str) -> (Self, Vec<Problem>) {
        match value {
            Value::Null => Default::default(),
            Value::Object(object) => match object.get("fimble") {
                Some(Value::Null) => Default::default(),
                Some(Value::Object(section)) => Self::from_object(section, source, Trust::Nobody),
                Some(other) => (Self::default(), vec![unexpected("fimble", other, "an object", source)]),
                None if is_about_others(object) => Default::default(),
                None => Self::from_object(object, source, Trust::Nobody),
            },
            other => (Self::default(), vec![unexpected("settings", other, "an object", source)]),
        }
    }

    /// What the user's file says; nothing where it does not exist.
    pub fn from_file(path: &Path) -> (Self, Vec<Problem>) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Default::default(),
            Err(error) => {
                return (Self::default(), vec![format!("{} cannot be read: {error}", path.display())]);
            }
        };
        match toml::from_str::<Map<String, Value>>(&text) {
            Ok(object) => Self::from_user(&object, &path.display().to_string()),
            Err(error) => {
                let problem = format!("{} is not TOML and is not used: {}", path.display(), error.message());
                (Self::default(), vec![problem])
            }
        }
    }

    /// What `object` says, in the words of the user or of whoever looks after the machine.
    pub(crate) fn from_user(object: &Map<String, Value>, source: &str) -> (Self, Vec<Problem>) {
        Self::from_object(object, source, Trust::User)
    }

    fn from_object(object: &Map<String, Value>, source: &str, trust: Trust) -> (Self, Vec<Problem>) {
        let mut options = Self::default();
        let mut problems = Vec::new();
        for (name, value) in object {
            // Clients whose users cannot leave a setting out send null for it.
            if value.is_null() {
                continue;
            }
            let mut set = Setter { name, value, source, trust, problems: &mut problems };
            match snake_case(name).as_str() {
                "enabled" => set.boolean(&mut options.enabled),
                "languages" => set.languages(&mut options.languages),
                "model" => set.text(&mut options.model),
                "adapter" => set.text(&mut options.adapter),
                "routing" => set.routing(&mut options.routing),
                "remote" => set.remote(&mut options.remote),
                "multiline" => set.multiline(&mut options.multiline),
                "max_tokens" => set.number(&mut options.max_tokens, 1, 1024),
                "context_tokens" => set.number(&mut options.context_tokens, 16, 131_072),
                "deadline_ms" => set.number(&mut options.deadline_ms, 0, 60_000),
                "min_confidence" => set.number(&mut options.min_confidence, 0, 100),
                "context" => set.context(&mut options.context),
                "exclude" => set.patterns(&mut options.exclude),
                "completion_items" => set.boolean(&mut options.completion_items),
                "statistics" => set.boolean(&mut options.statistics),
                "log_level" => set.log_level(&mut options.log_level),
                // Read where manifests are, and from the user's own file only: a client cannot say whom to trust.
                "manifest_key" => set.text(&mut None),
                _ => problems.push(format!(
                    "`{name}` in {source} is no setting of fimble and is not used; there are: {}",
                    NAMES.join(", ")
                )),
            }
        }
        (options, problems)
    }
}

/// Where the user's file is looked for; `None` on a machine without a home folder.
pub fn user_file() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.config_dir().join("fimble").join("fimble.toml"))
}

impl LogLevel {
    const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

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

/// Whose words a source's are. An editor sends what a repository's settings say as if they were its user's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Nobody,
    User,
}

/// One name and value of a source, on the way into its option.
struct Setter<'a> {
    name: &'a str,
    value: &'a Value,
    source: &'a str,
    trust: Trust,
    problems: &'a mut Vec<Problem>,
}

impl Setter<'_> {
    fn set<T>(&mut self, option: &mut Option<T>, value: Option<T>, expected: &str) {
        match value {
            Some(value) => *option = Some(value),
            None => self.problems.push(unexpected(self.name, self.value, expected, self.source)),
        }
    }

    fn boolean(&mut self, option: &mut Option<bool>) {
        self.set(option, self.value.as_bool(), "true or false");
    }

    fn text(&mut self, option: &mut Option<String>) {
        self.set(option, self.value.as_str().map(str::to_owned), "a text");
    }

    fn number<T: TryFrom<u64>>(&mut self, option: &mut Option<T>, least: u64, most: u64) {
        let number = self.value.as_u64().filter(|number| (least..=most).contains(number));
        let number = number.and_then(|number| number.try_into().ok());
        self.set(option, number, &format!("a whole number from {least} to {most}"));
    }

    fn multiline(&mut self, option: &mut Option<Multiline>) {
        let multiline = match self.value.as_str() {
            Some("auto") => Some(Multiline::Auto),
            Some("always") => Some(Multiline::Always),
            Some("never") => Some(Multiline::Never),
            _ => None,
        };
        self.set(option, multiline, "auto, always or never");
    }

    fn context(&mut self, option: &mut Option<ContextScope>) {
        let scope = match self.value.as_str() {
            Some("window") => Some(ContextScope::Window),
            Some("file") => Some(ContextScope::File),
            Some("open") => Some(ContextScope::Open),
            Some("workspace") => Some(ContextScope::Workspace),
            _ => None,
        };
        self.set(option, scope, "window, file, open or workspace");
    }

    /// A repository may keep code on this machine, and nothing else.
    fn routing(&mut self, option: &mut Option<Routing>) {
        let routing = Routing::deserialize(self.value).ok();
        if self.trust == Trust::Nobody && routing.is_some_and(|routing| routing != Routing::Local) {
            self.problems.push(self.untrusted("send code elsewhere"));
        } else {
            self.set(option, routing, "local, remote or hybrid");
        }
    }

    fn remote(&mut self, option: &mut Option<RemoteSettings>) {
        if self.trust == Trust::Nobody {
            self.problems.push(self.untrusted("name a server elsewhere"));
            return;
        }
        let settings = RemoteSettings::deserialize(self.value).map_err(|error| error.to_string());
        let checked =
            settings.and_then(|settings| settings.check().map(|()| settings).map_err(|error| error.to_string()));
        let patterns = |settings: &RemoteSettings| settings.exclude.iter().find_map(|pattern| problem(pattern));
        match checked {
            Ok(settings) => match patterns(&settings) {
                None => *option = Some(settings),
                // Whoever excludes something wants nothing to be sent rather than that.
                Some(problem) => {
                    self.problems.push(self.unusable(&format!("a pattern of `exclude` is none: {problem}")))
                }
            },
            Err(problem) => self.problems.push(self.unusable(&problem)),
        }
    }

    fn untrusted(&self, what: &str) -> Problem {
        let Self { name, source, .. } = self;
        let file = user_file().map_or_else(|| "fimble.toml".to_owned(), |file| file.display().to_string());
        format!(
            "`{name}` in {source} is not followed: only your own `{file}` can {what}, since a repository may have settings too"
        )
    }

    fn unusable(&self, problem: &str) -> Problem {
        let Self { name, source, .. } = self;
        format!("`{name}` in {source} is not used, and nothing is sent anywhere: {problem}")
    }

    fn patterns(&mut self, patterns: &mut Vec<String>) {
        let Some(texts) =
            self.value.as_array().and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>())
        else {
            self.problems.push(unexpected(self.name, self.value, "a list of texts", self.source));
            return;
        };
        for text in texts {
            match problem(text) {
                None => patterns.push(text.to_owned()),
                Some(problem) => self.problems.push(format!(
                    "`{text}` of `{}` in {} is no pattern, and is not used: {problem}",
                    self.name, self.source
                )),
            }
        }
    }

    fn log_level(&mut self, option: &mut Option<LogLevel>) {
        let level = LogLevel::ALL.into_iter().find(|level| self.value.as_str() == Some(level.name()));
        self.set(option, level, "error, warn, info, debug or trace");
    }

    fn languages(&mut self, languages: &mut BTreeMap<String, bool>) {
        let Some(object) = self.value.as_object() else {
            let expected = "an object of language identifiers with true or false";
            self.problems.push(unexpected(self.name, self.value, expected, self.source));
            return;
        };
        for (language, value) in object {
            match value.as_bool() {
                Some(on) => {
                    languages.insert(language.clone(), on);
                }
                None => {
                    let name = format!("{}.{language}", self.name);
                    self.problems.push(unexpected(&name, value, "true or false", self.source));
                }
            }
        }
    }
}

fn unexpected(name: &str, value: &Value, expected: &str, source: &str) -> Problem {
    const LONGEST: usize = 60;
    let value = value.to_string();
    let value = match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value,
    };
    format!("`{name}` in {source} must be {expected}, not {value}; fimble goes on without it")
}

/// Some clients send all of a user's settings, those of other servers too, each server's under a name of its own.
fn is_about_others(object: &Map<String, Value>) -> bool {
    let ours = |name: &String| NAMES.contains(&snake_case(name).as_str());
    object.values().all(Value::is_object) && !object.keys().any(ours)
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

fn replace<T: Copy>(setting: &mut T, option: Option<T>) {
    if let Some(value) = option {
        *setting = value;
    }
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

        let (embedded, _) = Options::from_client(&json!({"fimble": {"model": "", "deadlineMs": 0}}), "");
        let settings = Settings::resolve([&file, &client, &embedded]);
        assert_eq!((settings.model, settings.completion.deadline), (None, None));
    }

    #[test]
    fn every_setting_is_read_in_both_spellings() {
        for value in [
            json!({"enabled": false, "languages": {"c": false}, "model": "m", "adapter": "a", "routing": "local", "multiline": "never", "max_tokens": 1,
                   "context_tokens": 64, "deadline_ms": 5, "min_confidence": 6, "context": "open", "exclude": ["*.gen"], "completion_items": true, "statistics": false, "log_level": "trace"}),
            json!({"enabled": false, "languages": {"c": false}, "model": "m", "adapter": "a", "routing": "local", "multiline": "never", "maxTokens": 1,
                   "contextTokens": 64, "deadlineMs": 5, "minConfidence": 6, "context": "open", "exclude": ["*.gen"], "completionItems": true, "statistics": false, "logLevel": "trace"}),
        ] {
            let (options, problems) = Options::from_client(&value, "test");
            assert_eq!(problems, Vec::<String>::new());
            let expected = Options {
                enabled: Some(false),
                languages: BTreeMap::from([("c".to_owned(), false)]),
                model: Some("m".to_owned()),
                adapter: Some("a".to_owned()),
                routing: Some(Routing::Local),
                remote: None,
                multiline: Some(Multiline::Never),
                max_tokens: Some(1),
                context_tokens: Some(64),
                deadline_ms: Some(5),
                min_confidence: Some(6),
                context: Some(ContextScope::Open),
                exclude: vec!["*.gen".to_owned()],
                completion_items: Some(true),
                statistics: Some(false),
                log_level: Some(LogLevel::Trace),
            };
            assert_eq!(options, expected);
        }
    }

    #[test]
    fn a_bad_value_is_named_and_the_others_count() {
        for (value, problem) in [
            (json!({"enabled": 1}), "`enabled` in test must be true or false, not 1"),
            (json!({"maxTokens": 0}), "`maxTokens` in test must be a whole number from 1 to 1024, not 0"),
            (json!({"max_tokens": 1.5}), "`max_tokens` in test must be a whole number from 1 to 1024, not 1.5"),
            (json!({"deadline_ms": -1}), "`deadline_ms` in test must be a whole number from 0 to 60000, not -1"),
            (json!({"context": "all"}), "`context` in test must be window, file, open or workspace, not \"all\""),
            (json!({"exclude": "*.rs"}), "`exclude` in test must be a list of texts, not \"*.rs\""),
            (json!({"exclude": ["a{b"]}), "`a{b` of `exclude` in test is no pattern, and is not used: "),
            (json!({"multiline": true}), "`multiline` in test must be auto, always or never, not true"),
            (json!({"languages": {"rust": "no"}}), "`languages.rust` in test must be true or false, not \"no\""),
            (json!({"languages": []}), "`languages` in test must be an object of language identifiers"),
            (json!({"log_level": "loud"}), "`log_level` in test must be error, warn, info, debug or trace"),
            (json!({"adapter": 1}), "`adapter` in test must be a text, not 1"),
            (json!({"model": ["a"]}), "`model` in test must be a text, not [\"a\"]"),
            (json!({"enabeld": true}), "`enabeld` in test is no setting of fimble and is not used; there are: enabled"),
            (json!({"fimble": 3}), "`fimble` in test must be an object, not 3"),
            (json!([1]), "`settings` in test must be an object, not [1]"),
        ] {
            let (_, problems) = Options::from_client(&value, "test");
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with(problem), "{}", problems[0]);
        }
        let (options, problems) = Options::from_client(&json!({"maxTokens": "x", "model": "m"}), "test");
        assert_eq!((options.max_tokens, options.model.as_deref(), problems.len()), (None, Some("m"), 1));
    }

    #[test]
    fn only_the_user_can_name_a_server_elsewhere() {
        let value = json!({"remote": {"url": "https://gpu.example"}, "routing": "remote", "maxTokens": 3});
        let object = value.as_object().unwrap();
        let (options, problems) = Options::from_client(&value, "test");
        assert_eq!((options.remote, options.routing, options.max_tokens), (None, None, Some(3)));
        assert!(
            problems.iter().all(|problem| problem.contains("only your own `")) && problems.len() == 2,
            "{problems:?}"
        );

        let (user, problems) = Options::from_user(object, "test");
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(Settings::resolve([&user]).routing, Routing::Remote);
        let (named, _) = Options::from_user(json!({"remote": {"url": "https://a"}}).as_object().unwrap(), "test");
        assert_eq!(Settings::resolve([&named]).routing, Routing::Hybrid);
        assert_eq!(Settings::resolve([]).routing, Routing::Local);
        // Who keeps code on the machine is always heard.
        let (client, problems) = Options::from_client(&json!({"routing": "local"}), "test");
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(Settings::resolve([&user, &client]).routing, Routing::Local);

        for (remote, problem) in [
            (json!({"url": "http://gpu.example"}), "`url` is http to another machine"),
            (json!({"api": "openai"}), "missing field `url`"),
            (json!({"url": "https://a", "modle": "b"}), "unknown field `modle`"),
            (json!({"url": "https://a", "exclude": ["a{b"]}), "a pattern of `exclude` is none"),
            (json!("https://a"), "invalid type"),
        ] {
            let (options, problems) = Options::from_user(json!({ "remote": remote }).as_object().unwrap(), "test");
            assert_eq!(options.remote, None);
            assert!(problems[0].contains("nothing is sent anywhere") && problems[0].contains(problem), "{problems:?}");
        }
    }

    #[test]
    fn settings_of_other_servers_are_none_of_ours() {
        let value = json!({"rust-analyzer": {"check": {}}, "gopls": {}});
        assert_eq!(Options::from_client(&value, "test"), Default::default());
        let value = json!({"rust-analyzer": {}, "fimble": {"enabled": false}});
        assert_eq!(Options::from_client(&value, "test").0.enabled, Some(false));
    }

    #[test]
    fn a_file_that_is_missing_says_nothing_and_one_that_is_broken_is_named() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(Options::from_file(&folder.join("no-such-file.toml")), Default::default());
        let (options, problems) = Options::from_file(&folder.join("src").join("lib.rs"));
        assert_eq!(options, Options::default());
        assert!(problems[0].contains("is not TOML"), "{problems:?}");
    }
}
