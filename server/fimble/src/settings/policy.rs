//! What whoever looks after the machine has decided for all of its users: a file in a place that only they can write to. It
//! fixes settings, and says which models may be loaded and which servers may be asked.

use std::io;
use std::path::{Path, PathBuf};

use fimble_models::{EMBEDDED, LocatedModel, model_names, sha256_of};
use serde_json::{Map, Value};

use crate::settings::{ModelChoice, Options, Problem, Settings};

/// Begins the digest of a file of weights in `allowed_models`.
const DIGEST: &str = "sha256:";

/// Nothing is decided by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachinePolicy {
    path: PathBuf,
    /// They win over every other source.
    options: Options,
    /// Names, and digests of weights; `None` for any model.
    allowed_models: Option<Vec<String>>,
    /// Beginnings of URLs; `None` for any server.
    allowed_remotes: Option<Vec<String>>,
    /// What is wrong with the file. It is not known then what was decided, and nothing but the embedded model is used.
    problem: Option<Problem>,
}

impl MachinePolicy {
    /// Where the file is: no variable of a user's can lead elsewhere.
    pub fn path() -> &'static Path {
        Path::new(if cfg!(windows) {
            r"C:\ProgramData\fimble\policy.toml"
        } else if cfg!(target_os = "macos") {
            "/Library/Application Support/fimble/policy.toml"
        } else {
            "/etc/fimble/policy.toml"
        })
    }

    /// What the file `path` says; nothing is decided where there is none.
    pub fn read(path: &Path) -> Self {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::default(),
            Err(error) => return Self::broken(path, &error.to_string()),
        };
        match toml::from_str::<Map<String, Value>>(&text) {
            Ok(object) => Self::from_object(path, object),
            Err(error) => Self::broken(path, &format!("it is not TOML: {}", error.message())),
        }
    }

    fn from_object(path: &Path, mut object: Map<String, Value>) -> Self {
        let mut list = |name: &str| match object.remove(name) {
            None => Ok(None),
            Some(value) => serde_json::from_value::<Vec<String>>(value)
                .map(Some)
                .map_err(|_| format!("`{name}` must be a list of texts")),
        };
        let lists = list("allowed_models").and_then(|models| Ok((models, list("allowed_remotes")?)));
        let (allowed_models, allowed_remotes) = match lists {
            Ok(lists) => lists,
            Err(problem) => return Self::broken(path, &problem),
        };
        let (options, problems) = Options::from_user(&object, &path.display().to_string());
        match problems.first() {
            Some(problem) => Self::broken(path, problem),
            None => Self { path: path.to_owned(), options, allowed_models, allowed_remotes, problem: None },
        }
    }

    fn broken(path: &Path, problem: &str) -> Self {
        let problem = format!(
            "The policy of this machine, `{}`, cannot be followed, so nothing but the embedded model is used, and no \
             server is asked; whoever looks after the machine can repair it: {problem}",
            path.display()
        );
        Self {
            path: path.to_owned(),
            options: Options { model: Some(String::new()), ..Options::default() },
            allowed_models: Some(vec![EMBEDDED.to_owned()]),
            allowed_remotes: Some(Vec::new()),
            problem: Some(problem),
        }
    }

    /// What all `sources` and this come to, the later winning; and what the user ought to know of it.
    pub fn resolve<'a>(&'a self, sources: impl IntoIterator<Item = &'a Options>) -> (Settings, Vec<Problem>) {
        let mut settings = Settings::resolve(sources.into_iter().chain([&self.options]));
        let mut problems: Vec<Problem> = self.problem.iter().cloned().collect();
        let is_allowed = |url: &str| {
            self.allowed_remotes.as_ref().is_none_or(|allowed| allowed.iter().any(|allowed| begins(url, allowed)))
        };
        if let Some(remote) = settings.remote.take_if(|remote| !is_allowed(&remote.url))
            && self.problem.is_none()
        {
            problems.push(format!(
                "The policy of this machine, `{}`, does not allow the server {}; nothing is sent there.",
                self.path.display(),
                remote.host()
            ));
        }
        (settings, problems)
    }

    /// Whether `model`, which was found for `choice`, may be loaded, and its adapter: by the name that the user has chosen, if
    /// it is one, or by the digests of all weights. The error is a sentence for the user.
    pub fn check(&self, choice: &ModelChoice, model: &LocatedModel) -> Result<(), Problem> {
        self.check_weights(choice.model.as_deref().unwrap_or(EMBEDDED), || model.files.weights())?;
        match (&choice.adapter, &model.adapter) {
            (Some(name), Some(adapter)) => self.check_weights(name, || Ok(vec![adapter.weights()])),
            _ => Ok(()),
        }
    }

    fn check_weights(&self, name: &str, weights: impl FnOnce() -> io::Result<Vec<PathBuf>>) -> Result<(), Problem> {
        let Some(allowed) = &self.allowed_models else { return Ok(()) };
        // What a folder says that it is called means nothing.
        if allowed.iter().any(|allowed| allowed == name) && model_names().iter().any(|known| known == name) {
            return Ok(());
        }
        let refused = |why: &str| {
            let path = self.path.display();
            Err(format!(
                "The policy of this machine, `{path}`, does not allow the model `{name}`{why}; allowed are: {}",
                allowed.join(", ")
            ))
        };
        if !allowed.iter().any(|allowed| allowed.starts_with(DIGEST)) {
            return refused("");
        }
        let digests =
            weights().and_then(|files| files.iter().map(|file| sha256_of(file)).collect::<io::Result<Vec<_>>>());
        match digests {
            Err(error) => refused(&format!(", and its weights cannot be read: {error}")),
            Ok(digests) => {
                let is_allowed = |digest: &String| allowed.contains(&format!("{DIGEST}{digest}"));
                if !digests.is_empty() && digests.iter().all(is_allowed) { Ok(()) } else { refused("") }
            }
        }
    }
}

/// Whether `url` leads to what `allowed` does, and not to a host whose name only begins alike.
fn begins(url: &str, allowed: &str) -> bool {
    let allowed = allowed.trim_end_matches('/');
    url.strip_prefix(allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fimble_remote::Routing;
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
        let user = user(json!({"remote": {"url": "https://gpu.example"}, "model": "qwen2.5-coder-0.5b"}));
        for text in ["routing = ", "routnig = \"local\"", "allowed_models = \"embedded\"", "max_tokens = 0"] {
            let policy = policy(text);
            let (settings, problems) = policy.resolve([&user]);
            assert_eq!((settings.remote, settings.model), (None, None), "{text}");
            assert!(problems[0].starts_with("The policy of this machine"), "{problems:?}");
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
        let choice = |model: Option<&str>| ModelChoice { model: model.map(str::to_owned), adapter: None };
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
}
