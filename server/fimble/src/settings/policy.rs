//! The machine's policy: a file that only administrators can write. It fixes settings for every user, and says which
//! models may be loaded and which servers may be asked.

use std::io;
use std::path::{Path, PathBuf};

use fimble_inference::EngineChoice;
use fimble_models::{EMBEDDED, LocatedModel, model_names, sha256_of};
use fimble_remote::Routing;
use serde_json::{Map, Value};

use super::{ModelChoice, Options, Problem, Settings};

/// The start of an entry of `allowed_models` that is the SHA-256 digest of a file of weights.
const DIGEST: &str = "sha256:";

/// The default fixes and forbids nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachinePolicy {
    path: PathBuf,
    /// They win over every other source.
    options: Options,
    /// Names, and digests of weights. `None` allows every model.
    allowed_models: Option<Vec<String>>,
    /// The starts of URLs. `None` allows every server.
    allowed_remotes: Option<Vec<String>>,
    /// What is wrong with the file. What the administrator wants is then unknown, so only the embedded model is used.
    problem: Option<Problem>,
}

impl MachinePolicy {
    /// Where the file is. No environment variable changes this, because users could set one.
    pub fn path() -> &'static Path {
        Path::new(if cfg!(windows) {
            r"C:\ProgramData\fimble\policy.toml"
        } else if cfg!(target_os = "macos") {
            "/Library/Application Support/fimble/policy.toml"
        } else {
            "/etc/fimble/policy.toml"
        })
    }

    /// Reads the file `path`. There is no policy if it does not exist.
    pub fn read(path: &Path) -> Self {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            // A link that leads nowhere is a policy that cannot be read.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => return Self::default(),
            Err(error) => return Self::broken(path, &error.to_string()),
        };
        match toml::from_str::<Map<String, Value>>(&text) {
            Ok(object) => Self::from_object(path, object),
            Err(error) => Self::broken(path, &format!("the file is not TOML: {}", error.message())),
        }
    }

    /// What the settings of `sources` come to under this policy, where later sources win, and what to tell the user.
    pub fn resolve<'a>(&'a self, sources: impl IntoIterator<Item = &'a Options>) -> (Settings, Vec<Problem>) {
        let mut settings = Settings::resolve(sources.into_iter().chain([&self.options]));
        settings.fixed_languages.clone_from(&self.options.languages);
        settings.exclude.fixed.clone_from(&self.options.exclude);
        let mut problems: Vec<Problem> = self.problem.iter().cloned().collect();
        let is_allowed = |url: &str| {
            self.allowed_remotes.as_ref().is_none_or(|allowed| allowed.iter().any(|start| begins(url, start)))
        };
        if let Some(remote) = settings.remote.take_if(|remote| !is_allowed(&remote.url))
            && self.problem.is_none()
        {
            problems.push(format!(
                "The policy of this machine, `{}`, does not allow the server {}; fimble sends nothing there.",
                self.path.display(),
                remote.host()
            ));
        }
        (settings, problems)
    }

    /// Fails if `model`, which was located for `choice`, or its adapter may not be loaded. A model is allowed by its
    /// name, if that is the name of a model and not a path, or by the digests of all its weights.
    pub fn check(&self, choice: &ModelChoice, model: &LocatedModel) -> Result<(), Problem> {
        self.check_weights(choice.model.as_deref().unwrap_or(EMBEDDED), || model.files.weights())?;
        match (&choice.adapter, &model.adapter) {
            (Some(name), Some(adapter)) => self.check_weights(name, || Ok(vec![adapter.weights()])),
            _ => Ok(()),
        }
    }

    /// The settings that this policy fixes.
    pub fn fixed(&self) -> &Options {
        &self.options
    }

    /// The key that must have signed the manifests to add or fetch now: `asked`, from the command line, or the one in
    /// `settings`. Fails if the policy cannot be followed or fixes a key other than `asked`.
    pub fn manifest_key(&self, asked: Option<String>, settings: &Settings) -> Result<Option<String>, Problem> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        match (&self.options.manifest_key, asked) {
            (Some(fixed), Some(asked)) if fixed.trim() != asked.trim() => Err(format!(
                "The policy of this machine, `{}`, fixes the setting `manifest_key`, and --key is another key; leave out \
                 --key.",
                self.path.display()
            )),
            (_, asked) => Ok(asked.or_else(|| settings.manifest_key.clone())),
        }
    }

    fn from_object(path: &Path, mut object: Map<String, Value>) -> Self {
        let mut list = |name: &str| match object.remove(name) {
            None => Ok(None),
            Some(value) => serde_json::from_value::<Vec<String>>(value)
                .map(Some)
                .map_err(|_| format!("`{name}` must be a list of strings")),
        };
        let lists = list("allowed_models").and_then(|models| Ok((models, list("allowed_remotes")?)));
        let (allowed_models, allowed_remotes) = match lists {
            Ok(lists) => lists,
            Err(problem) => return Self::broken(path, &problem),
        };
        let (options, problems) = Options::from_user(&object, "the policy");
        match problems.first() {
            Some(problem) => Self::broken(path, problem),
            None => Self { path: path.to_owned(), options, allowed_models, allowed_remotes, problem: None },
        }
    }

    fn broken(path: &Path, problem: &str) -> Self {
        let problem = format!(
            "fimble cannot follow the policy of this machine, `{}`, so it uses only the embedded model and asks no server; \
             ask the administrator of this machine to repair the policy: {problem}",
            path.display()
        );
        let options = Options {
            model: Some(String::new()),
            adapter: Some(String::new()),
            // Another engine may not run the embedded model.
            engine: Some(EngineChoice::Auto),
            routing: Some(Routing::Local),
            ..Options::default()
        };
        Self {
            path: path.to_owned(),
            options,
            allowed_models: Some(vec![EMBEDDED.to_owned()]),
            allowed_remotes: Some(Vec::new()),
            problem: Some(problem),
        }
    }

    fn check_weights(&self, name: &str, weights: impl FnOnce() -> io::Result<Vec<PathBuf>>) -> Result<(), Problem> {
        let Some(allowed) = &self.allowed_models else { return Ok(()) };
        // The name that a folder's own manifest claims proves nothing.
        let is_name = || model_names().iter().any(|known| known == name);
        if allowed.iter().any(|allowed| allowed == name) && is_name() {
            return Ok(());
        }
        let refused = |why: &str| {
            let path = self.path.display();
            Err(format!(
                "The policy of this machine, `{path}`, does not allow the model `{name}`{why}; it allows: {}",
                allowed.join(", ")
            ))
        };
        if !allowed.iter().any(|allowed| allowed.starts_with(DIGEST)) {
            return refused("");
        }
        let digests =
            weights().and_then(|files| files.iter().map(|file| sha256_of(file)).collect::<io::Result<Vec<_>>>());
        match digests {
            Err(error) => refused(&format!(", whose weights cannot be read: {error}")),
            Ok(digests) => {
                let is_allowed = |digest: &String| allowed.contains(&format!("{DIGEST}{digest}"));
                if !digests.is_empty() && digests.iter().all(is_allowed) { Ok(()) } else { refused("") }
            }
        }
    }
}

/// Whether `url` is `allowed` or below it. A host whose name only starts like the allowed host's is not.
fn begins(url: &str, allowed: &str) -> bool {
    let allowed = allowed.trim_end_matches('/');
    url.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::setting::{SETTINGS, Setting};
    use crate::workspace::exclusions::Exclusions;
    use fimble_completion::language::Language;
    use serde_json::json;

    fn policy(text: &str) -> MachinePolicy {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        std::fs::write(&path, text).unwrap();
        MachinePolicy::read(&path)
    }

    fn user(value: serde_json::Value) -> Options {
        let (options, problems) = Options::from_user(value.as_object().unwrap(), "test");
        assert_eq!(problems, Vec::<String>::new());
        options
    }

    #[test]
    fn what_is_decided_for_the_machine_wins() {
        let policy = policy("routing = \"local\"\nmax_tokens = 9\n");
        let user = user(json!({"remote": {"url": "https://gpu.example"}, "routing": "remote", "max_tokens": 20}));
        let (settings, problems) = policy.resolve([&user]);
        assert_eq!((settings.routing, settings.completion.max_tokens, problems), (Routing::Local, 9, Vec::new()));
        assert_eq!(MachinePolicy::read(Path::new("no/such/policy.toml")), MachinePolicy::default());
    }

    #[test]
    fn only_allowed_servers_are_asked() {
        let policy = policy("allowed_remotes = [\"https://gpu.example/\"]");
        for (url, allowed) in [
            ("https://gpu.example", true),
            ("https://gpu.example/v1", true),
            ("https://gpu.example.org", false),
            ("https://gpu.example:8080", false),
            ("http://localhost:1", false),
        ] {
            let (settings, problems) = policy.resolve([&user(json!({"remote": {"url": url}}))]);
            assert_eq!((settings.remote.is_some(), problems.is_empty()), (allowed, allowed), "{url}: {problems:?}");
        }
        // One that the policy itself names is for everybody.
        let policy = self::policy("routing = \"remote\"\n[remote]\nurl = \"https://gpu.example\"\n");
        let (settings, _) =
            policy.resolve([&user(json!({"remote": {"url": "https://mine.example"}, "routing": "local"}))]);
        assert_eq!(settings.remote.map(|remote| remote.url).as_deref(), Some("https://gpu.example"));
        assert_eq!(settings.routing, Routing::Remote);
    }

    #[test]
    fn a_policy_that_cannot_be_read_allows_the_embedded_model_alone() {
        let mine = json!({"url": "https://gpu.example"});
        let user = user(json!({"remote": mine, "model": "qwen2.5-coder-0.5b", "engine": "llama.cpp"}));
        for text in ["routing = ", "routnig = \"local\"", "allowed_models = \"embedded\"", "max_tokens = 0"] {
            let policy = policy(text);
            let (settings, problems) = policy.resolve([&user]);
            assert_eq!((settings.remote, settings.model, settings.engine), (None, None, EngineChoice::Auto), "{text}");
            assert!(problems[0].starts_with("fimble cannot follow the policy"), "{problems:?}");
            assert_eq!(problems.len(), 1);
        }
    }

    #[test]
    fn models_are_allowed_by_name_or_by_weights() {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [("config.json", "{}"), ("tokenizer.json", "{}"), ("model.safetensors", "weights")] {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        let model = fimble_models::locate(folder.path().to_str(), None).unwrap();
        std::fs::write(folder.path().join("fimble-model.toml"), "name = \"embedded\"\nlicense = \"MIT\"\n").unwrap();
        let own = sha256_of(&folder.path().join("model.safetensors")).unwrap();
        let path = folder.path().to_str();
        let choice = |model: Option<&str>| ModelChoice { model: model.map(str::to_owned), ..ModelChoice::default() };
        for (allowed, is_allowed) in [
            (format!("sha256:{own}"), true),
            (format!("sha256:{}", "0".repeat(64)), false),
            ("embedded".to_owned(), false),
            (path.unwrap().to_owned(), false),
        ] {
            let policy = policy(&format!("allowed_models = [{allowed:?}]"));
            assert_eq!(policy.check(&choice(path), &model).is_ok(), is_allowed, "{allowed}");
        }
        assert_eq!(policy("allowed_models = [\"embedded\"]").check(&choice(None), &model), Ok(()));
        assert_eq!(MachinePolicy::default().check(&choice(path), &model), Ok(()));
    }

    /// For each setting a value that a policy fixes, and another that other sources set.
    fn values(name: &str) -> (serde_json::Value, serde_json::Value) {
        match name {
            "enabled" => (json!(false), json!(true)),
            "languages" => (json!({"rust": false}), json!({"rust": true})),
            "model" => (json!("policy"), json!("other")),
            "adapter" => (json!("policy"), json!("other")),
            "engine" => (json!("llama.cpp"), json!("mistralrs")),
            "threads" => (json!(3), json!(5)),
            "routing" => (json!("remote"), json!("local")),
            "remote" => (json!({"url": "https://policy.example"}), json!({"url": "https://other.example"})),
            "multiline" => (json!("never"), json!("always")),
            "max_tokens" => (json!(9), json!(20)),
            "context_tokens" => (json!(99), json!(200)),
            "deadline_ms" => (json!(0), json!(200)),
            "min_confidence" => (json!(90), json!(0)),
            "context" => (json!("window"), json!("open")),
            "exclude" => (json!(["secret.rs"]), json!(["!secret.rs"])),
            "completion_items" => (json!(true), json!(false)),
            "statistics" => (json!(false), json!(true)),
            "manifest_key" => (json!("policy"), json!("other")),
            "log_level" => (json!("warn"), json!("trace")),
            _ => panic!("give `{name}` a value for the policy and another one"),
        }
    }

    fn fixing(name: &str, value: &serde_json::Value) -> MachinePolicy {
        MachinePolicy::from_object(Path::new("policy.toml"), Map::from_iter([(name.to_owned(), value.clone())]))
    }

    #[test]
    fn a_policy_wins_over_every_source_for_every_setting() {
        for Setting { name, .. } in SETTINGS.iter() {
            let (fixed, other) = values(name);
            let policy = fixing(name, &fixed);
            assert_eq!(policy.problem, None, "{name}");
            let alone = policy.resolve([]).0;
            assert_ne!(alone, Settings::default(), "`{name}` changes the settings");
            let other = json!({ name: other });
            let user = self::user(other.clone());
            // An editor may not set all of them.
            let editor = Options::from_client(&other, "test").0;
            for [file, editor, command_line] in [
                [&user, &Options::default(), &Options::default()],
                [&Options::default(), &editor, &Options::default()],
                [&Options::default(), &Options::default(), &user],
                [&user, &editor, &user],
            ] {
                assert_ne!(Settings::resolve([&user]), alone, "{name}");
                let resolved = policy.resolve([file, editor, command_line]).0;
                let same = match name.as_str() {
                    // These collect what all sources say.
                    "exclude" => {
                        let exclusions = Exclusions::new([], &resolved.exclude);
                        exclusions.contain("secret.rs")
                    }
                    "languages" => !resolved.completes("rust", Language::from_id("rust")),
                    _ => resolved == alone,
                };
                assert!(same, "the policy's `{name}` wins: {resolved:?}");
            }
        }
    }

    #[test]
    fn a_policy_with_a_bad_value_of_any_setting_is_not_followed() {
        let user = user(json!({"remote": {"url": "https://gpu.example"}, "model": "mine", "adapter": "mine"}));
        for Setting { name, .. } in SETTINGS.iter() {
            let policy = fixing(name, &json!([["no such value"]]));
            let (settings, problems) = policy.resolve([&user]);
            assert!(problems.len() == 1 && problems[0].contains(&format!("`{name}` in the policy")), "{problems:?}");
            assert_eq!((settings.remote, settings.model, settings.adapter), (None, None, None), "{name}");
            assert_eq!(settings.routing, Routing::Local);
        }
    }

    #[test]
    fn users_can_add_to_what_a_policy_excludes_and_not_take_from_it() {
        let policy = policy("exclude = [\"private/\", \"*.key.rs\", \"!public.key.rs\"]");
        let user = user(json!({"exclude": ["!private/a.rs", "!/private", "!*", "public.key.rs", "mine.rs"]}));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".fimbleignore"), "!private/a.rs\n").unwrap();
        let settings = policy.resolve([&user]).0;
        let exclusions = Exclusions::new([folder.path()], &settings.exclude);
        for (name, excluded) in
            [("private/a.rs", true), ("src/private/b.rs", true), ("a.key.rs", true), ("mine.rs", true), ("a.rs", false)]
        {
            assert_eq!(exclusions.contain(name), excluded, "{name}");
        }
    }

    #[test]
    fn a_language_that_a_policy_covers_cannot_be_switched() {
        // Clients say `javascriptreact` where fimble says `javascript`.
        let user = user(json!({"languages": {"rust": true, "javascriptreact": true, "*": true}}));
        for (languages, expected) in [
            ("\"*\" = false", [false, false, false]),
            ("\"*\" = false\nrust = true", [true, false, false]),
            ("javascript = false", [true, false, true]),
        ] {
            let settings = policy(&format!("[languages]\n{languages}\n")).resolve([&user]).0;
            let completes = |id| settings.completes(id, Language::from_id(id));
            assert_eq!(["rust", "javascriptreact", "python"].map(completes), expected, "{languages}");
        }
    }

    #[test]
    fn a_key_on_the_command_line_is_refused_if_the_policy_fixes_another() {
        let policy = policy("manifest_key = \"fixed\"");
        let (settings, _) = policy.resolve([&user(json!({"manifest_key": "mine"}))]);
        let key = |asked: Option<&str>| policy.manifest_key(asked.map(str::to_owned), &settings);
        assert_eq!(key(None), Ok(Some("fixed".to_owned())));
        assert_eq!(key(Some("fixed")), Ok(Some("fixed".to_owned())));
        assert!(key(Some("mine")).unwrap_err().contains("fixes the setting `manifest_key`"));

        let free = MachinePolicy::default();
        let (settings, _) = free.resolve([&user(json!({"manifest_key": "mine"}))]);
        let key = |asked: Option<&str>| free.manifest_key(asked.map(str::to_owned), &settings);
        assert_eq!([key(None), key(Some("asked"))], ["mine", "asked"].map(|key| Ok(Some(key.to_owned()))));
        let broken = self::policy("manifest_kye = \"fixed\"");
        assert!(broken.manifest_key(Some("asked".to_owned()), &settings).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_policy_that_is_a_link_to_nothing_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        std::os::unix::fs::symlink(folder.path().join("missing"), &path).unwrap();
        assert!(MachinePolicy::read(&path).problem.is_some());
    }
}
