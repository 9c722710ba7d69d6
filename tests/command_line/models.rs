//! `fimble models`. Each test has its own home folder and hub.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fimble_inference::EngineChoice;
use serde_json::Value;
use tempfile::TempDir;

use crate::hub::{self, Fault, Hub, REPOSITORY, REVISION};
use crate::{adapter, assert_completes, fimble, outcome};

/// A model with a manifest, whose files the hub has.
const MODEL: &str = "qwen2.5-coder-0.5b";
const WEIGHTS: &str = "model.safetensors";
const FILES: [&str; 4] = ["config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json"];
/// The output of a pull that fetches every file.
const ALL_FETCHED: &str = "kept: nothing\n";

struct Machine {
    home: TempDir,
    hub: Hub,
}

impl Machine {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), hub: Hub::start() }
    }

    fn environment<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        for name in ["HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "NO_PROXY", "no_proxy"] {
            command.env_remove(name);
        }
        for name in ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
            command.env_remove(name);
        }
        command.env("HOME", self.home.path()).env("HF_ENDPOINT", self.hub.address());
        command.env("HF_HOME", self.home.path().join("huggingface"))
    }

    /// `fimble models` with these arguments.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = fimble();
        self.environment(&mut command).arg("models").args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> (String, String, i32) {
        outcome(self.command(arguments).output().unwrap())
    }

    /// Standard output of a command that succeeds.
    fn succeed(&self, arguments: &[&str]) -> String {
        let (output, errors, status) = self.run(arguments);
        assert_eq!(status, 0, "{arguments:?}: {errors}");
        output
    }

    /// Standard error of a command that fails.
    fn fail(&self, arguments: &[&str]) -> String {
        let (output, errors, status) = self.run(arguments);
        assert_eq!(status, 1, "{arguments:?}: {output}{errors}");
        errors
    }

    fn complete(&self, model: &str) -> (String, String, i32) {
        let code = self.file("code.py", "def read_lines(path):\n    with open(path) as file:\n        ret");
        let mut command = fimble();
        let place = format!("{}:3:12", code.display());
        outcome(self.environment(&mut command).args(["complete", &place, "--json", "--model", model]).output().unwrap())
    }

    fn complete_with(&self, settings: &[&str]) -> (String, String, i32) {
        let place = format!("{}:1:4", self.file("code.rs", "pub").display());
        let mut command = fimble();
        outcome(self.environment(&mut command).args(["complete", &place, "--json"]).args(settings).output().unwrap())
    }

    #[track_caller]
    fn assert_completes(&self, model: &str) {
        assert_completes(&self.complete(model), model);
    }

    /// A file in the home folder.
    fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }

    /// The folder of a model's files.
    fn folder(&self, model: &str) -> PathBuf {
        PathBuf::from(self.succeed(&["path", model]).trim_end())
    }

    fn store(&self) -> PathBuf {
        PathBuf::from(self.succeed(&["path"]).trim_end())
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.store().join("models.lock")).unwrap()
    }

    fn listed(&self, model: &str) -> Value {
        let list: Vec<Value> = serde_json::from_str(&self.succeed(&["list", "--json"])).unwrap();
        list.into_iter().find(|row| row["name"] == model).unwrap()
    }

    #[track_caller]
    fn assert_not_installed(&self) {
        let row = self.listed(MODEL);
        assert_eq!((&row["installed"], &row["pinned"]), (&Value::Bool(false), &Value::Bool(false)));
        assert!(!self.store().join("models.lock").exists());
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn models_are_listed_and_shown() {
    let machine = Machine::new();
    let list = machine.succeed(&["list"]);
    assert!(list.lines().any(|line| line.starts_with("* embedded ") && line.contains("in use")), "{list}");
    assert_eq!(list.matches("recommended for this machine").count(), 1, "{list}");
    let row = machine.listed(MODEL);
    assert_eq!((row["licence"].as_str(), row["repository"].as_str()), (Some("Apache-2.0"), Some(REPOSITORY)));
    assert!(row["memory"].as_u64().unwrap() > 500_000_000 && row["installed"] == false);

    let shown = machine.succeed(&["show", MODEL]);
    assert!(shown.contains("0.5 billion weights") && shown.contains("context      8192 tokens"), "{shown}");
    let shown: Value = serde_json::from_str(&machine.succeed(&["show", MODEL, "--json"])).unwrap();
    assert_eq!(shown, row);
    assert!(machine.folder(MODEL).starts_with(machine.store()));
    assert!(machine.folder("embedded").join(WEIGHTS).is_file());

    for command in ["show", "path", "verify", "remove", "pull", "use"] {
        let errors = machine.fail(&[command, "no-such-model"]);
        assert!(errors.contains("no model is called `no-such-model`") && errors.contains(MODEL), "{command}: {errors}");
    }
    assert!(machine.hub.requests().is_empty());
}

#[test]
fn a_pull_follows_redirects_and_resumes_after_a_broken_connection() {
    let machine = Machine::new();
    machine.hub.next(WEIGHTS, Fault::Status(503, "Retry-After: 0"));
    machine.hub.next("downloads/model.safetensors", Fault::CutAfter(5_000_000));
    machine.hub.next("downloads/model.safetensors", Fault::CutAfter(3_000_000));
    let output = machine.command(&["pull", MODEL]).env("HF_TOKEN", "secret").output().unwrap();
    let (text, errors, status) = outcome(output);
    assert_eq!(status, 0, "{errors}");
    assert!(text.contains(REVISION) && text.contains(ALL_FETCHED), "{text}");
    assert!(errors.contains("Apache-2.0") && errors.contains("the connection broke off"), "{errors}");
    assert_eq!(machine.hub.starts_of(WEIGHTS), [0, 5_000_000, 8_000_000]);
    for request in machine.hub.requests() {
        let expected = (!request.path.starts_with("/downloads/")).then_some("Bearer secret");
        assert_eq!(request.authorization.as_deref(), expected, "{}", request.path);
    }

    let folder = machine.folder(MODEL);
    let lock = machine.lock();
    assert!(lock.contains(&format!("revision = \"{REVISION}\"")), "{lock}");
    for name in FILES {
        assert_eq!(fs::read(folder.join(name)).unwrap(), hub::contents(name), "{name}");
        assert!(lock.contains(&hub::sha256(hub::contents(name))), "{name}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), FILES.len());
    assert!(machine.succeed(&["list"]).lines().any(|line| line.contains(MODEL) && line.contains("  installed")));
    assert_eq!(machine.listed(MODEL)["revision"], REVISION);

    // An intact file is not requested again.
    let asked = machine.hub.requests().len();
    assert!(machine.succeed(&["pull", MODEL]).contains("is here and intact"));
    assert_eq!(machine.hub.requests().len(), asked);
    assert!(machine.succeed(&["pull", MODEL, "--update"]).contains("fetched: nothing"));
    assert!(machine.succeed(&["verify"]).contains("4 files, intact"));

    assert!(machine.fail(&["pull", "embedded"]).contains("comes with fimble"));
    assert!(machine.succeed(&["remove", MODEL]).contains("is removed"));
    assert!(!folder.exists());
    assert!(machine.fail(&["remove", MODEL]).contains("is not installed"));
    assert!(machine.fail(&["remove", "embedded"]).contains("part of fimble"));
}

#[test]
fn a_refusal_of_the_hub_is_reported_with_the_next_step() {
    let machine = Machine::new();
    for status in [401, 403] {
        machine.hub.next("/api/", Fault::Status(status, ""));
        let errors = machine.fail(&["pull", MODEL]);
        assert!(errors.contains(&format!("HTTP {status}")) && errors.contains("set HF_TOKEN"), "{errors}");
    }
    let errors = machine.fail(&["pull", "starcoder2-3b"]);
    assert!(errors.contains("does not exist (HTTP 404)") && errors.contains("HF_ENDPOINT"), "{errors}");
    machine.hub.next("/api/", Fault::Status(429, "Retry-After: 3600"));
    let errors = machine.fail(&["pull", MODEL]);
    assert!(errors.contains("HTTP 429") && errors.contains("for another 3600 s"), "{errors}");
    assert_eq!(machine.hub.requests().len(), 4);
    machine.assert_not_installed();

    machine.hub.next("/api/", Fault::Status(429, "Retry-After: 0"));
    machine.hub.next("/resolve/", Fault::Status(429, "Retry-After: 0"));
    assert!(machine.succeed(&["pull", MODEL]).contains(ALL_FETCHED));
}

#[test]
fn a_file_that_differs_from_the_published_one_is_not_installed() {
    let machine = Machine::new();
    for file in ["downloads/config.json", "downloads/model.safetensors"] {
        machine.hub.next(file, Fault::Flipped(100));
        let errors = machine.fail(&["pull", MODEL]);
        let name = file.rsplit('/').next().unwrap();
        assert!(errors.contains(&format!("`{name}` from {REPOSITORY} is not what the hub says")), "{errors}");
        assert!(errors.contains("nothing was installed"), "{errors}");
        machine.assert_not_installed();
    }
    // A file that arrived intact is not fetched again.
    machine.succeed(&["pull", MODEL]);
    assert_eq!(machine.hub.starts_of(WEIGHTS), [0, 0]);
    assert_eq!(machine.hub.starts_of("tokenizer.json"), [0]);
}

#[test]
fn a_damaged_file_is_refused_and_repaired() {
    let machine = Machine::new();
    machine.succeed(&["pull", MODEL]);
    machine.assert_completes(MODEL);
    let weights = machine.folder(MODEL).join(WEIGHTS);
    let folder = machine.folder(MODEL);
    flip(&weights, 5_000_000);

    // The model is refused by its name and by its path.
    for model in [MODEL, folder.to_str().unwrap()] {
        let (text, errors, status) = machine.complete(model);
        assert_eq!((text.as_str(), status), ("", 1));
        assert!(
            errors.contains("`model.safetensors` has other contents") && errors.contains("is not loaded"),
            "{errors}"
        );
        assert!(errors.contains(&format!("`fimble models pull {MODEL}`")), "{errors}");
    }
    assert!(machine.fail(&["use", MODEL]).contains("`model.safetensors` has other contents"));
    let errors = machine.fail(&["verify"]);
    assert!(errors.contains("`model.safetensors` has other contents") && !errors.contains("config"), "{errors}");

    // If the hub has another file by now, the repair fails.
    machine.hub.next("downloads/model.safetensors", Fault::Flipped(7));
    let errors = machine.fail(&["pull", MODEL]);
    assert!(errors.contains("is not what models.lock says") && errors.contains("--update"), "{errors}");

    let repaired = machine.succeed(&["pull", MODEL]);
    let kept = "fetched: model.safetensors; kept: config.json, tokenizer.json, tokenizer_config.json\n";
    assert!(repaired.contains(kept), "{repaired}");
    assert!(machine.succeed(&["verify", MODEL]).contains("4 files, intact"));
    machine.assert_completes(MODEL);

    let weights = machine.folder(MODEL).join(WEIGHTS);
    fs::OpenOptions::new().write(true).open(&weights).unwrap().set_len(1_000_000).unwrap();
    let (_, errors, status) = machine.complete(MODEL);
    assert!(status == 1 && errors.contains("`model.safetensors` has 1000000 bytes instead of"), "{errors}");
    fs::remove_file(machine.folder(MODEL).join("tokenizer.json")).unwrap();
    assert!(machine.fail(&["verify"]).contains("`tokenizer.json` is missing"));
    assert!(machine.succeed(&["pull", MODEL]).contains("kept: config.json, tokenizer_config.json\n"));

    // A loader could take an extra file for a part of the model.
    let unknown = machine.folder(MODEL).join("model-00002-of-00002.safetensors");
    fs::write(&unknown, b"x").unwrap();
    let (_, errors, status) = machine.complete(MODEL);
    assert!(status == 1 && errors.contains("is not one of its files") && errors.contains("--record"), "{errors}");
    fs::remove_file(unknown).unwrap();
    machine.assert_completes(MODEL);
}

#[test]
fn the_next_pull_finishes_one_that_was_killed() {
    let machine = Machine::new();
    // When it requests the rest, the first part is on the disk.
    machine.hub.next("downloads/model.safetensors", Fault::CutAfter(5_000_000));
    let mut pull = machine.command(&["pull", MODEL]);
    let mut pull = pull.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(pull.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("the connection broke off")));
    pull.kill().unwrap();
    pull.wait().unwrap();
    machine.assert_not_installed();
    assert!(machine.complete(MODEL).1.contains(&format!("`fimble models pull {MODEL}`")));

    machine.succeed(&["pull", MODEL]);
    assert_eq!(machine.hub.starts_of(WEIGHTS).last(), Some(&5_000_000));
    assert!(machine.succeed(&["verify"]).contains("4 files, intact"));
}

#[test]
fn one_of_two_simultaneous_pulls_waits_for_the_other() {
    let machine = Machine::new();
    let held = machine.hub.hold_next("downloads/model.safetensors");
    let start = || {
        let mut command = machine.command(&["pull", MODEL]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let first = start();
    held.wait();
    let mut second = start();
    let mut lines = BufReader::new(second.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("waiting for it")));
    // A command that only reads does not wait.
    machine.assert_not_installed();
    drop(held);
    let (text, errors, status) = outcome(first.wait_with_output().unwrap());
    assert!(status == 0 && text.contains(ALL_FETCHED), "{errors}");
    let (text, _, status) = outcome(second.wait_with_output().unwrap());
    assert!(status == 0 && text.contains("is here and intact"), "{text}");
    assert_eq!(machine.hub.starts_of(WEIGHTS), [0]);
}

/// A limit on file sizes makes a write fail in the middle, as a full disk does.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_old_model_in_place() {
    let machine = Machine::new();
    machine.succeed(&["pull", MODEL]);
    let (folder, lock) = (machine.folder(MODEL), machine.lock());
    flip(&folder.join(WEIGHTS), 77);
    let damaged = fs::read(folder.join(WEIGHTS)).unwrap();
    let pull = || {
        let mut command = Command::new("sh");
        // The limit is in blocks of 512 bytes. The trap ignores the signal that precedes the error.
        command.args(["-c", "trap '' XFSZ; ulimit -f 4000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_fimble")]);
        outcome(machine.environment(&mut command).args(["models", "pull", MODEL, "--update"]).output().unwrap())
    };
    for _ in 0..2 {
        let (_, errors, status) = pull();
        assert_eq!(status, 1);
        assert!(errors.contains("the disk is full") && errors.contains("run this again"), "{errors}");
        assert_eq!((machine.folder(MODEL), machine.lock()), (folder.clone(), lock.clone()));
        assert!(fs::read(folder.join(WEIGHTS)).unwrap() == damaged);
    }
    machine.succeed(&["pull", MODEL]);
    assert_eq!(machine.hub.starts_of(WEIGHTS), [0, 0, 2_048_000, 2_048_000]);
    assert!(machine.succeed(&["verify"]).contains("4 files, intact"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let machine = Machine::new();
    fs::create_dir(machine.home.path().join("disk")).unwrap();
    let script = "mount -t tmpfs -o size=8m none \"$HOME/disk\" && XDG_DATA_HOME=\"$HOME/disk\" exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_fimble"), "models", "pull", MODEL]);
    let (_, errors, status) = outcome(machine.environment(&mut command).output().unwrap());
    assert!(status == 1 && errors.contains("the disk is full"), "{errors}");
}

#[test]
fn offline_a_pull_uses_the_hub_s_cache_and_requests_nothing() {
    let machine = Machine::new();
    let offline = |arguments: &[&str]| outcome(machine.command(arguments).env("HF_HUB_OFFLINE", "1").output().unwrap());
    let errors = machine.fail(&["pull", MODEL, "--offline"]);
    assert!(errors.contains("is not in the hub's cache") && errors.contains("--from"), "{errors}");
    assert_eq!(offline(&["pull", MODEL]), (String::new(), errors, 1));
    let (_, errors, status) = offline(&["pull", MODEL, "--from", &machine.hub.folder_address()]);
    assert!(status == 1 && errors.contains("offline"), "{errors}");

    // The layout of the hub's own tools.
    let cached = format!("huggingface/hub/models--{}", REPOSITORY.replace('/', "--"));
    machine.file(&format!("{cached}/refs/main"), REVISION);
    for name in FILES {
        machine.file(&format!("{cached}/snapshots/{REVISION}/{name}"), hub::contents(name));
    }
    let pulled = machine.succeed(&["pull", MODEL, "--offline"]);
    assert!(pulled.contains(REVISION) && pulled.contains(ALL_FETCHED), "{pulled}");
    assert!(machine.hub.requests().is_empty());
    machine.assert_completes(MODEL);
}

#[test]
fn a_model_is_pulled_from_a_folder_or_a_plain_web_server() {
    let machine = Machine::new();
    let folder = machine.home.path().join("given");
    for name in FILES {
        machine.file(&format!("given/{name}"), hub::contents(name));
    }
    machine.succeed(&["pull", MODEL, "--from", folder.to_str().unwrap()]);
    assert!(machine.hub.requests().is_empty());
    machine.succeed(&["pull", MODEL, "--from", &machine.hub.folder_address(), "--update"]);
    assert_eq!(machine.hub.starts_of(WEIGHTS), [0]);
    assert!(machine.succeed(&["verify"]).contains("4 files, intact"));
    let errors = machine.fail(&["pull", MODEL, "--from", "no-such-folder", "--update"]);
    assert!(errors.contains("`no-such-folder` is neither a folder nor a file"), "{errors}");
    assert!(machine.fail(&["pull", "mellum-4b", "--from", "."]).contains("holds neither .safetensors nor .gguf"));

    // If the manifest does not name a repository, a repair uses the source of the first pull.
    let manifest = machine.file("mine.toml", "name = \"mine\"\nfamily = \"qwen2.5-coder\"\n");
    machine.succeed(&["add", manifest.to_str().unwrap()]);
    assert!(machine.fail(&["pull", "mine"]).contains("give --from"));
    let mut pull = machine.command(&["pull", "mine", "--from", "given"]);
    assert!(pull.current_dir(machine.home.path()).output().unwrap().status.success());
    flip(&machine.folder("mine").join("config.json"), 9);
    assert!(machine.fail(&["verify", "mine"]).contains("`fimble models pull mine`"));
    assert!(machine.succeed(&["pull", "mine"]).contains("fetched: config.json;"));
}

#[test]
fn a_model_in_gguf_is_one_file() {
    const GGUF: &str = "qwen2.5-coder-0.5b-instruct-q4_k_m-gguf";
    let machine = Machine::new();
    let row = machine.listed(GGUF);
    let engine = if EngineChoice::HAS_LLAMA_CPP { "llama.cpp" } else { "mistral.rs" };
    assert_eq!((row["engine"].as_str(), row["quantize"].as_str()), (Some(engine), None));
    // The estimate is the file's size, and 512 MiB.
    assert_eq!(row["memory"], 491_400_000 + (512 << 20));
    assert!(machine.complete(GGUF).1.contains(&format!("{} of Qwen/", hub::GGUF_FILE)));

    let pulled = machine.succeed(&["pull", GGUF]);
    assert!(pulled.contains(&format!("fetched: {}; kept: nothing\n", hub::GGUF_FILE)), "{pulled}");
    assert_eq!(fs::read_dir(machine.folder(GGUF)).unwrap().count(), 1);
    assert!(machine.succeed(&["verify"]).contains("1 files, intact"));
    machine.assert_completes(GGUF);
    assert!(machine.succeed(&["show", GGUF]).contains(&format!("engine       {engine}\n")));

    machine.file(".config/fimble/fimble.toml", "engine = \"mistralrs\"\n");
    assert_eq!(machine.listed(GGUF)["engine"], "mistral.rs");
    machine.file(".config/fimble/fimble.toml", "engine = \"llama.cpp\"\n");
    assert_eq!(machine.listed(MODEL)["engine"], Value::Null);

    let manifest = format!("name = \"wrong\"\n[source]\nrepository = \"{REPOSITORY}\"\nfiles = [\"no.gguf\"]\n");
    machine.succeed(&["add", machine.file("wrong.toml", manifest).to_str().unwrap()]);
    let errors = machine.fail(&["pull", "wrong"]);
    assert!(errors.contains("has none of the files") && errors.contains("no.gguf"), "{errors}");
}

/// The proxy cannot be reached, and `NO_PROXY` lists the mirror.
#[test]
fn a_mirror_in_no_proxy_is_reached_directly() {
    let machine = Machine::new();
    let mut pull = machine.command(&["pull", MODEL]);
    pull.env("HTTPS_PROXY", "http://127.0.0.1:1").env("NO_PROXY", "example.com, 127.0.0.1");
    let (_, errors, status) = outcome(pull.output().unwrap());
    assert_eq!(status, 0, "{errors}");
}

#[test]
fn use_changes_the_setting_and_previous_restores_it() {
    let machine = Machine::new();
    assert!(machine.fail(&["use", "--previous"]).contains("no model before this one"));
    let settings = "# mine\nmax_tokens = 32 # few\n\n[languages]\nc = false # never\n";
    let with_model = |model: &str| settings.replace("\n\n", &format!("\nmodel = \"{model}\"\n\n"));
    let file = machine.file(".config/fimble/fimble.toml", settings);
    let read = || fs::read_to_string(&file).unwrap();
    let errors = machine.fail(&["use", MODEL]);
    assert!(errors.contains("is not on this machine") && errors.contains("models pull"), "{errors}");
    assert_eq!(read(), settings);

    machine.succeed(&["pull", MODEL]);
    let chosen = machine.succeed(&["use", MODEL]);
    assert!(chosen.contains("(before: embedded)") && chosen.contains("--previous"), "{chosen}");
    assert_eq!(read(), with_model(MODEL));
    assert_eq!(machine.listed(MODEL)["in_use"], true);
    assert!(machine.fail(&["remove", MODEL]).contains("is in use"));

    machine.succeed(&["use", "--previous"]);
    assert_eq!(read(), with_model("embedded"));
    machine.succeed(&["use", "--previous"]);
    assert_eq!(read(), with_model(MODEL));

    machine.file(".config/fimble/fimble.toml", "model = \n");
    assert!(machine.fail(&["use", "embedded"]).contains("is not TOML"));
    assert_eq!(read(), "model = \n");
}

#[test]
fn files_that_the_user_put_there_can_be_pinned() {
    let machine = Machine::new();
    let folder = machine.folder(MODEL);
    fs::create_dir_all(&folder).unwrap();
    for name in FILES {
        fs::write(folder.join(name), hub::contents(name)).unwrap();
    }
    assert!(machine.succeed(&["list"]).contains("installed, not pinned"));
    assert!(machine.fail(&["verify", MODEL]).contains("--record"));
    machine.assert_completes(MODEL);
    assert!(machine.succeed(&["verify", "--record", MODEL]).contains("4 files pinned"));
    flip(&folder.join("tokenizer.json"), 1000);
    let (_, errors, status) = machine.complete(MODEL);
    assert!(status == 1 && errors.contains("`tokenizer.json` has other contents"), "{errors}");
    assert!(errors.contains("put the right file back, or pin this one"), "{errors}");
    fs::write(folder.join("tokenizer.json"), hub::contents("tokenizer.json")).unwrap();
    machine.assert_completes(MODEL);

    // A lock with an invalid name would keep every model from loading.
    fs::create_dir_all(machine.store().join("../other")).unwrap();
    for name in FILES {
        fs::copy(folder.join(name), machine.store().join("../other").join(name)).unwrap();
    }
    assert!(machine.fail(&["verify", "--record", "../other"]).contains("no model is called"));
    assert!(machine.fail(&["verify", "--record", "embedded"]).contains("comes with fimble"));
    assert!(machine.succeed(&["verify", "embedded"]).contains("intact"));
    assert!(machine.succeed(&["verify"]).contains("4 files, intact"));
}

const TRUSTED_KEY: &str = "RWTfiqE7XR1IiaI58UQC/rxckKLn3fFBLj9qrqF7bhFro07xU/OeHoOH";
const OTHER_KEY: &str = "RWTbOb9OWRbkN3ra0/hntyciB5l9QmXI/+eeAw2onITs5gbCJJgN9eRi";

#[test]
fn a_manifest_needs_the_signature_of_the_trusted_key() {
    let machine = Machine::new();
    let text = include_str!("signed/signed.toml");
    let signature = include_str!("signed/signed.toml.minisig");
    let path = machine.file("signed.toml", text);
    let file = path.to_str().unwrap();
    let manifests = machine.home.path().join(".local/share/fimble/manifests");

    let errors = machine.fail(&["add", file, "--key", TRUSTED_KEY]);
    assert!(errors.contains("has no signature beside it") && errors.contains("signed.toml.minisig"), "{errors}");
    machine.file("signed.toml.minisig", signature);
    assert!(machine.fail(&["add", file, "--key", OTHER_KEY]).contains("the trusted key did not sign"));
    assert!(machine.fail(&["add", file, "--key", "RW"]).contains("is not a minisign public key"));
    machine.file("signed.toml", text.replace("somebody/", "nobody/"));
    assert!(machine.fail(&["add", file, "--key", TRUSTED_KEY]).contains("the trusted key did not sign"));
    assert!(!manifests.exists());

    // A key in the settings applies to every command.
    machine.file("signed.toml", text);
    machine.file(".config/fimble/fimble.toml", format!("manifest_key = \"{TRUSTED_KEY}\"\n"));
    assert!(machine.succeed(&["add", file]).contains("`fimble models pull signed`"));
    assert!(machine.succeed(&["show", "signed"]).contains("A model that somebody distributes"));
    let unsigned = machine.file("unsigned.toml", "name = \"unsigned\"\n");
    assert!(machine.fail(&["add", unsigned.to_str().unwrap()]).contains("has no signature beside it"));
    fs::write(manifests.join("signed.toml"), text.replace("somebody/", "nobody/")).unwrap();
    assert!(machine.fail(&["show", "signed"]).contains("the trusted key did not sign"));
    assert!(machine.fail(&["pull", "signed"]).contains("the trusted key did not sign"));
    assert!(machine.hub.requests().is_empty());
}

#[test]
fn files_must_match_the_digests_in_the_manifest() {
    let machine = Machine::new();
    let manifest = |config: &str| {
        let text = format!(
            "name = \"strict\"\n[source]\nrepository = \"{REPOSITORY}\"\n[source.sha256]\n\"config.json\" = \"{config}\"\n"
        );
        let path = machine.file("strict.toml", text);
        machine.succeed(&["add", path.to_str().unwrap()]);
    };
    manifest(&"0".repeat(64));
    let errors = machine.fail(&["pull", "strict"]);
    assert!(errors.contains("`config.json`") && errors.contains("is not what its manifest says"), "{errors}");
    manifest(&hub::sha256(hub::contents("config.json")).to_uppercase());
    machine.succeed(&["pull", "strict"]);

    for (name, problem) in [("../up", "has to be plain"), ("embedded", "a model that comes with fimble has it")] {
        let path = machine.file("named.toml", format!("name = \"{name}\"\n"));
        assert!(machine.fail(&["add", path.to_str().unwrap()]).contains(problem));
    }
    let path = machine.file("unknown.toml", "name = \"mine\"\nfamily = \"unknown\"\n");
    assert!(machine.fail(&["add", path.to_str().unwrap()]).contains("no family is called `unknown`"));
}

#[cfg(target_os = "linux")]
#[test]
fn an_encrypted_model_is_readable_only_by_its_user() {
    use std::os::unix::fs::PermissionsExt;

    let age = |program: &str, arguments: &[&Path]| {
        let output = Command::new(program).args(arguments).output().expect("age is installed: tests/run does that");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let machine = Machine::new();
    let [key, other] = ["key", "other"].map(|name| machine.home.path().join(name));
    for key in [&key, &other] {
        age("age-keygen", &["-o".as_ref(), key]);
    }
    for name in FILES {
        let plain = machine.file(&format!("given/{name}"), hub::contents(name));
        if name == WEIGHTS || name == "config.json" {
            let encrypted = machine.home.path().join(format!("given/{name}.age"));
            age("age", &["-e".as_ref(), "-i".as_ref(), &key, "-o".as_ref(), &encrypted, &plain]);
            fs::remove_file(plain).unwrap();
        }
    }
    let [given, key, other] = [machine.home.path().join("given"), key, other].map(|path| path.display().to_string());
    let errors = machine.fail(&["pull", MODEL, "--from", &given]);
    assert!(errors.contains("is encrypted") && errors.contains("--identity FILE"), "{errors}");
    let errors = machine.fail(&["pull", MODEL, "--from", &given, "--identity", &other]);
    assert!(errors.contains("cannot be decrypted with this identity"), "{errors}");
    let mut without_age = machine.command(&["pull", MODEL, "--from", &given, "--identity", &key]);
    let (_, errors, status) = outcome(without_age.env("PATH", "").output().unwrap());
    assert!(status == 1 && errors.contains("install it"), "{errors}");
    machine.assert_not_installed();

    machine.succeed(&["pull", MODEL, "--from", &given, "--identity", &key]);
    let assert_private = || {
        let folder = machine.folder(MODEL);
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.clone()), 0o700);
        assert_eq!([WEIGHTS, "config.json"].map(|name| mode(folder.join(name))), [0o600; 2]);
    };
    assert_private();
    machine.assert_completes(MODEL);

    // A repair keeps the permissions.
    flip(&machine.folder(MODEL).join("tokenizer.json"), 0);
    machine.succeed(&["pull", MODEL, "--from", &given]);
    assert_private();
    flip(&machine.folder(MODEL).join(WEIGHTS), 0);
    machine.succeed(&["pull", MODEL, "--from", &given, "--identity", &key]);
    assert_private();
    assert!(machine.succeed(&["verify"]).contains("4 files, intact"));
}

#[test]
fn an_adapter_is_listed_locked_and_refused_if_it_is_damaged() {
    let machine = Machine::new();
    let source = adapter();
    let added = machine.succeed(&["add", source.to_str().unwrap()]);
    assert!(added.contains("the setting `adapter = \"just\"` puts it on the model embedded"), "{added}");
    let list = machine.succeed(&["list"]);
    assert!(
        list.lines().any(|line| line.contains("just") && line.contains("adapter of embedded, installed")),
        "{list}"
    );
    let row = machine.listed("just");
    assert_eq!((&row["base"], &row["pinned"], &row["in_use"]), (&"embedded".into(), &true.into(), &false.into()));
    assert!(machine.succeed(&["show", "just"]).contains("adapter of   embedded"));
    assert!(machine.succeed(&["verify", "just"]).contains("just: 2 files, intact"));
    let folder = machine.folder("just");
    let names = ["adapter_config.json", "adapter_model.safetensors"];
    let mut found: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    found.sort();
    assert_eq!(found, names);

    assert_completes(&machine.complete_with(&[]), "embedded");
    assert_completes(&machine.complete_with(&["--adapter", "just"]), "embedded + just");
    machine.file(".config/fimble/fimble.toml", "adapter = \"just\"\n");
    assert_completes(&machine.complete_with(&[]), "embedded + just");
    assert_completes(&machine.complete_with(&["--adapter", ""]), "embedded");
    assert_eq!(machine.listed("just")["in_use"], true);
    machine.file("other/model.gguf", "");
    let other = machine.home.path().join("other");
    let errors = machine.fail(&["use", other.to_str().unwrap()]);
    assert!(
        errors.contains("`just` cannot be put on the model `other`: mistral.rs adapts models in safetensors only"),
        "{errors}"
    );
    assert!(machine.fail(&["remove", "just"]).contains("take it out of the setting `adapter` first"));
    fs::remove_file(machine.home.path().join(".config/fimble/fimble.toml")).unwrap();

    flip(&folder.join(names[1]), 200_000);
    for adapter in ["just", folder.to_str().unwrap()] {
        let (_, errors, status) = machine.complete_with(&["--adapter", adapter]);
        assert_eq!(status, 1);
        let expected = "the model `just` differs from models.lock and is not loaded: `adapter_model.safetensors` \
                        has other contents (its SHA-256 differs); `fimble models pull just` repairs it";
        assert!(errors.contains(expected), "{errors}");
    }
    assert!(machine.fail(&["verify"]).contains("`adapter_model.safetensors` has other contents"));
    assert!(
        machine.succeed(&["pull", "just"]).contains("fetched: adapter_model.safetensors; kept: adapter_config.json")
    );
    assert_completes(&machine.complete_with(&["--adapter", "just"]), "embedded + just");

    for (arguments, problem) in [
        (["--model", "just"], "`just` is an adapter of the model `embedded`"),
        (["--adapter", MODEL], "is a model, not an adapter"),
        (["--adapter", "no-such"], "no adapter is called `no-such` and there is no such folder; the names are just,"),
        (["--adapter", "/"], "is not a LoRA adapter: it has no `adapter_config.json`"),
    ] {
        let (_, errors, status) = machine.complete_with(&arguments);
        assert!(errors.contains(problem) && status == 1, "{arguments:?}: {errors}");
    }
    assert!(machine.fail(&["use", "just"]).contains("set `adapter` to it"));

    machine.succeed(&["remove", "just"]);
    assert!(!folder.exists());
    let (_, errors, _) = machine.complete_with(&["--adapter", "just"]);
    assert!(errors.contains("`just` is not on this machine") && errors.contains("adapter_config.json and"), "{errors}");
}
