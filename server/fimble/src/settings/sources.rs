//! What each source says: the settings that an editor sends, and TOML files. A value that cannot be used is named and
//! left out; the others hold.

use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use ignore::gitignore::GitignoreBuilder;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use super::schema::Options;
use super::setting::{SETTINGS, Setting, expected, range};

/// The setting that can send code to another machine.
const REMOTE: &str = "remote";

/// The setting whose loss would let fimble trust every manifest.
const MANIFEST_KEY: &str = "manifest_key";
/// Takes the place of a key that cannot be read. No manifest is signed by it, and errors quote it.
const UNREADABLE_KEY: &str = "unreadable manifest_key in fimble.toml";

/// A sentence for the user about something that a source says and fimble does not follow.
pub type Problem = String;

/// Who wrote a source.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Anybody: a repository can bring settings that an editor sends as if they were its user's.
    Editor,
    /// The user, or the administrator of the machine.
    User,
}

/// A value that cannot be used.
struct Rejected {
    /// The setting, and the entry in it if only that entry is bad.
    path: Vec<String>,
    problem: Problem,
}

impl Options {
    /// Reads the settings that a client sends: an object with the settings, or with the settings under the key `fimble`.
    /// Names are in camel case or snake case. `source` names the sender in problems.
    pub fn from_client(value: &Value, source: &str) -> (Self, Vec<Problem>) {
        let no_object = |name: &str, value: &Value| {
            (Self::default(), vec![format!("{} must be a table, not {}", place(name, source), shortened(value))])
        };
        match value {
            Value::Null => Default::default(),
            Value::Object(object) => match object.get("fimble") {
                Some(Value::Null) => Default::default(),
                Some(Value::Object(section)) => Self::from_object(section, source, Trust::Editor),
                Some(other) => no_object("fimble", other),
                None if is_about_others(object) => Default::default(),
                None => Self::from_object(object, source, Trust::Editor),
            },
            other => no_object("settings", other),
        }
    }

    /// Reads the user's file. A missing file says nothing. A file that cannot be read may have named a key, so fimble then
    /// trusts no added manifest.
    pub fn from_file(path: &Path) -> (Self, Vec<Problem>) {
        let unreadable =
            |problem| (Self { manifest_key: Some(UNREADABLE_KEY.to_owned()), ..Self::default() }, vec![problem]);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Default::default(),
            Err(error) => return unreadable(format!("cannot read `{}`: {error}", path.display())),
        };
        match toml::from_str::<Map<String, Value>>(&text) {
            Ok(object) => Self::from_user(&object, &format!("`{}`", path.display())),
            Err(error) => {
                unreadable(format!("fimble ignores `{}`, which is not TOML: {}", path.display(), error.message()))
            }
        }
    }

    /// Reads settings that the user or the administrator of the machine wrote.
    pub(crate) fn from_user(object: &Map<String, Value>, source: &str) -> (Self, Vec<Problem>) {
        Self::from_object(object, source, Trust::User)
    }

    fn from_object(object: &Map<String, Value>, source: &str, trust: Trust) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut accepted = Map::new();
        // Clients whose users cannot leave a setting out send null for it.
        for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
            let snake_name = snake_case(name);
            let Some(setting) = Setting::named(&snake_name) else {
                problems.push(unknown(name, source));
                continue;
            };
            let allowed = setting.editor_values().filter(|_| trust == Trust::Editor);
            // A value that is wrong in itself is named as such below.
            let is_refused = |allowed: &[Value]| {
                !allowed.contains(value) && (allowed.is_empty() || read(&single(&snake_name, value)).is_ok())
            };
            if allowed.is_some_and(is_refused) {
                problems.push(refused(name, source, allowed.unwrap_or_default()));
                continue;
            }
            accepted.insert(snake_name, value.clone());
        }
        loop {
            let Rejected { path, problem } = match read(&accepted) {
                Ok(options) => return (options, problems),
                Err(rejected) => rejected,
            };
            problems.push(format!("{} {problem}", place(&spelled(&path, object), source)));
            remove(&mut accepted, &path);
            if path.first().is_some_and(|name| name == MANIFEST_KEY) {
                accepted.insert(MANIFEST_KEY.to_owned(), UNREADABLE_KEY.into());
            }
        }
    }
}

/// The path of the user's file, or `None` on a machine without a home folder.
pub fn user_file() -> Option<PathBuf> {
    let folders = etcetera::choose_base_strategy().ok()?;
    Some(folders.config_dir().join("fimble").join("fimble.toml"))
}

/// Reads settings by their names in snake case, or returns the first value that cannot be used.
fn read(object: &Map<String, Value>) -> Result<Options, Rejected> {
    let options: Options = serde_path_to_error::deserialize(Value::Object(object.clone())).map_err(|error| {
        let path: Vec<String> = error.path().iter().filter_map(segment).collect();
        rejected_type(object, path, &error.inner().to_string())
    })?;
    for (name, value) in object {
        let (least, most) = Setting::named(name).map_or((None, None), |setting| range(&setting.schema));
        let number = value.as_u64().unwrap_or_default();
        if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
            return Err(rejected_type(object, vec![name.clone()], ""));
        }
    }
    let bad_pattern =
        |patterns: &[String]| patterns.iter().enumerate().find_map(|(at, text)| Some((at, pattern_problem(text)?)));
    if let Some((at, problem)) = bad_pattern(&options.exclude) {
        let problem = format!("has the bad pattern `{}`, which fimble ignores: {problem}", options.exclude[at]);
        return Err(Rejected { path: vec!["exclude".to_owned(), at.to_string()], problem });
    }
    if let Some(remote) = &options.remote {
        let pattern =
            bad_pattern(&remote.exclude).map(|(_, problem)| format!("`exclude` has a bad pattern: {problem}"));
        if let Some(problem) = remote.check().err().map(|error| error.to_string()).or(pattern) {
            return Err(Rejected { path: vec![REMOTE.to_owned()], problem: unusable_remote(&problem) });
        }
    }
    Ok(options)
}

/// The value at `path` has the wrong type, or is out of range. `error` says so in serde's words.
fn rejected_type(object: &Map<String, Value>, mut path: Vec<String>, error: &str) -> Rejected {
    let Some((setting, value)) = path.first().and_then(|name| Some((Setting::named(name)?, object.get(name)?))) else {
        return Rejected { path, problem: format!("cannot be used: {error}") };
    };
    if setting.name == REMOTE {
        return Rejected { path, problem: unusable_remote(error) };
    }
    let entry = path.get(1).and_then(|key| value.get(key));
    path.truncate(if entry.is_some() { 2 } else { 1 });
    let (schema, value) = entry.map_or((&setting.schema, value), |entry| (setting.entries(), entry));
    let problem = format!("must be {}, not {}; fimble ignores it", expected(schema), shortened(value));
    Rejected { path, problem }
}

/// A remote with a part left out could send more than its author wants, so it is left out as a whole.
fn unusable_remote(problem: &str) -> Problem {
    format!("cannot be used, so nothing is sent anywhere: {problem}")
}

/// Removes the setting at `path`, or only the bad entry of a collection.
fn remove(object: &mut Map<String, Value>, path: &[String]) {
    let Some(name) = path.first() else {
        // Which setting is bad is unknown, so none is good.
        object.clear();
        return;
    };
    let is_collection = Setting::named(name).is_some_and(Setting::is_collection);
    match (object.get_mut(name), path.get(1).map(|key| (key, key.parse::<usize>()))) {
        (Some(Value::Object(entries)), Some((key, _))) if is_collection && entries.contains_key(key) => {
            entries.remove(key);
        }
        (Some(Value::Array(entries)), Some((_, Ok(at)))) if is_collection && at < entries.len() => {
            entries.remove(at);
        }
        _ => {
            object.remove(name);
        }
    }
}

fn segment(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

fn single(name: &str, value: &Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value.clone())])
}

fn unknown(name: &str, source: &str) -> Problem {
    let nearest = Setting::nearest(&snake_case(name));
    let hint = nearest.map_or_else(|| ".".to_owned(), |setting| format!("; did you mean `{}`?", setting.name));
    let names: Vec<&str> = SETTINGS.iter().map(|setting| setting.name.as_str()).collect();
    format!("{} is not a setting{hint} The settings are: {}", place(name, source), names.join(", "))
}

fn refused(name: &str, source: &str, allowed: &[Value]) -> Problem {
    let file = user_file().map_or_else(|| "fimble.toml".to_owned(), |file| file.display().to_string());
    let values: Vec<String> = allowed.iter().map(|value| format!("`{}`", value.as_str().unwrap_or_default())).collect();
    let values = if values.is_empty() { String::new() } else { format!(" to anything but {}", values.join(" or ")) };
    format!(
        "{} is ignored: only your own `{file}` can set it{values}, because a repository can bring editor settings",
        place(name, source)
    )
}

/// The name of the value at `path`, as it is written in `object`.
fn spelled(path: &[String], object: &Map<String, Value>) -> String {
    let name = |name: &String| object.keys().find(|key| snake_case(key) == *name).unwrap_or(name).clone();
    let Some((first, rest)) = path.split_first() else { return "settings".to_owned() };
    // Earlier entries of a list may have been removed, so their number says nothing.
    let keys = rest.iter().filter(|key| key.parse::<usize>().is_err());
    [name(first)].into_iter().chain(keys.cloned()).collect::<Vec<_>>().join(".")
}

fn place(name: &str, source: &str) -> String {
    format!("`{name}` in {source}")
}

fn shortened(value: &Value) -> String {
    const LONGEST: usize = 60;
    let value = value.to_string();
    match value.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value,
    }
}

/// Some clients send all of a user's settings, each server's under a name of its own.
fn is_about_others(object: &Map<String, Value>) -> bool {
    object.values().all(Value::is_object) && !object.keys().any(|name| Setting::named(&snake_case(name)).is_some())
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

/// What is wrong with a pattern in the syntax of `.gitignore`; `None` if it is valid.
fn pattern_problem(pattern: &str) -> Option<String> {
    GitignoreBuilder::new("").add_line(None, pattern).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use fimble_completion::settings::{ContextScope, Multiline};
    use fimble_inference::EngineChoice;
    use fimble_remote::Routing;
    use serde_json::json;

    use super::*;
    use crate::settings::LogLevel;

    #[test]
    fn every_setting_is_read_in_both_spellings() {
        for value in [
            json!({"enabled": false, "languages": {"c": false}, "model": "m", "adapter": "a", "engine": "llama.cpp", "threads": 3, "routing": "local", "multiline": "never", "max_tokens": 1,
                   "context_tokens": 64, "deadline_ms": 5, "min_confidence": 6, "context": "open", "exclude": ["*.gen"], "completion_items": true, "statistics": false, "manifest_key": "k", "log_level": "trace"}),
            json!({"enabled": false, "languages": {"c": false}, "model": "m", "adapter": "a", "engine": "llama.cpp", "threads": 3, "routing": "local", "multiline": "never", "maxTokens": 1,
                   "contextTokens": 64, "deadlineMs": 5, "minConfidence": 6, "context": "open", "exclude": ["*.gen"], "completionItems": true, "statistics": false, "manifestKey": "k", "logLevel": "trace"}),
        ] {
            let (options, problems) = Options::from_user(value.as_object().unwrap(), "test");
            assert_eq!(problems, Vec::<String>::new());
            let expected = Options {
                enabled: Some(false),
                languages: BTreeMap::from([("c".to_owned(), false)]),
                model: Some("m".to_owned()),
                adapter: Some("a".to_owned()),
                engine: Some(EngineChoice::LlamaCpp),
                threads: Some(3),
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
                manifest_key: Some("k".to_owned()),
                log_level: Some(LogLevel::Trace),
            };
            assert_eq!(options, expected);
        }
    }

    #[test]
    fn a_bad_value_is_named_and_the_others_count() {
        for (value, problem) in [
            (json!({"enabled": 1}), "`enabled` in test must be `true` or `false`, not 1"),
            (json!({"maxTokens": 0}), "`maxTokens` in test must be a whole number from 1 to 1024, not 0"),
            (json!({"max_tokens": 1.5}), "`max_tokens` in test must be a whole number from 1 to 1024, not 1.5"),
            (json!({"deadline_ms": -1}), "`deadline_ms` in test must be a whole number from 0 to 60000, not -1"),
            (
                json!({"context": "all"}),
                "`context` in test must be `window`, `file`, `open` or `workspace`, not \"all\"",
            ),
            (json!({"exclude": "*.rs"}), "`exclude` in test must be a list of strings, not \"*.rs\""),
            (json!({"exclude": ["a{b"]}), "`exclude` in test has the bad pattern `a{b`, which fimble ignores: "),
            (json!({"multiline": true}), "`multiline` in test must be `auto`, `always` or `never`, not true"),
            (json!({"languages": {"rust": "no"}}), "`languages.rust` in test must be `true` or `false`, not \"no\""),
            (json!({"languages": []}), "`languages` in test must be a table of names with `true` or `false`, not []"),
            (
                json!({"log_level": "loud"}),
                "`log_level` in test must be `error`, `warn`, `info`, `debug` or `trace`, not \"loud\"",
            ),
            (json!({"adapter": 1}), "`adapter` in test must be a string, not 1"),
            (json!({"engine": "vllm"}), "`engine` in test must be `auto`, `mistralrs` or `llama.cpp`, not \"vllm\""),
            (json!({"threads": 257}), "`threads` in test must be a whole number from 0 to 256, not 257"),
            (json!({"model": ["a"]}), "`model` in test must be a string, not [\"a\"]"),
            (
                json!({"enabeld": true}),
                "`enabeld` in test is not a setting; did you mean `enabled`? The settings are: enabled",
            ),
            (json!({"fimble": 3}), "`fimble` in test must be a table, not 3"),
            (json!([1]), "`settings` in test must be a table, not [1]"),
        ] {
            let (_, problems) = Options::from_client(&value, "test");
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with(problem), "{}", problems[0]);
        }
        let (_, problems) = Options::from_client(&json!({"xyz": 1}), "test");
        assert!(problems[0].starts_with("`xyz` in test is not a setting. The settings are: enabled"), "{problems:?}");
        let (options, problems) = Options::from_client(&json!({"maxTokens": "x", "model": "m"}), "test");
        assert_eq!((options.max_tokens, options.model.as_deref(), problems.len()), (None, Some("m"), 1));
        let value = json!({"languages": {"rust": "no", "c": false, "go": 1}, "exclude": ["a{b", "*.gen", "c{d"]});
        let (options, problems) = Options::from_client(&value, "test");
        assert_eq!(options.languages, BTreeMap::from([("c".to_owned(), false)]));
        assert_eq!((options.exclude, problems.len()), (vec!["*.gen".to_owned()], 4), "{problems:?}");
    }

    #[test]
    fn only_the_user_can_name_a_server_or_a_key() {
        let value =
            json!({"remote": {"url": "https://gpu.example"}, "routing": "remote", "manifestKey": "k", "maxTokens": 3});
        let object = value.as_object().unwrap();
        let (options, problems) = Options::from_client(&value, "test");
        assert_eq!(options, Options { max_tokens: Some(3), ..Options::default() });
        assert!(
            problems.iter().all(|problem| problem.contains("only your own `")) && problems.len() == 3,
            "{problems:?}"
        );

        let (user, problems) = Options::from_user(object, "test");
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(user.routing, Some(Routing::Remote));
        // An editor may always keep code on this machine.
        let (client, problems) = Options::from_client(&json!({"routing": "local"}), "test");
        assert_eq!((client.routing, problems), (Some(Routing::Local), Vec::new()));
        // A value that no source may set is named as such.
        let (_, problems) = Options::from_client(&json!({"routing": "elsewhere"}), "test");
        assert!(problems[0].contains("must be `local`, `remote` or `hybrid`, not \"elsewhere\""), "{problems:?}");

        for (remote, problem) in [
            (json!({"url": "http://gpu.example"}), "`url` uses http to another machine"),
            (json!({"api": "openai"}), "missing field `url`"),
            (json!({"url": "https://a", "modle": "b"}), "unknown field `modle`"),
            (json!({"url": "https://a", "exclude": ["a{b"]}), "`exclude` has a bad pattern"),
            (json!("https://a"), "invalid type"),
            (json!({"url": "https://a", "languages": {"rust": "no"}}), "`remote.languages.rust` in test"),
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
        // The file may have named a key.
        let no_manifest = Options { manifest_key: Some(UNREADABLE_KEY.to_owned()), ..Options::default() };
        assert_eq!(options, no_manifest);
        let value = json!({"manifest_key": 1, "max_tokens": 3});
        let (options, _) = Options::from_user(value.as_object().unwrap(), "test");
        assert_eq!(options, Options { max_tokens: Some(3), ..no_manifest });
        assert!(problems[0].contains("which is not TOML"), "{problems:?}");
    }
}
