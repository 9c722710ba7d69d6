//! The policy of the machine, where the command finds it.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::outcome;

/// A machine with a policy. Its home folder is empty at first.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new(policy: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let machine = Self { folder };
        machine.file("etc/fimble/policy.toml", policy);
        machine
    }

    fn file(&self, path: &str, text: &str) -> String {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn settings(&self, text: &str) {
        self.file(".config/fimble/fimble.toml", text);
    }

    /// Runs `fimble` to the end: standard output and error, and the exit status. In a namespace of its own, a folder of
    /// the test takes the place of `/etc`, because nothing else leads fimble to another policy.
    fn fimble(&self, arguments: &[&str]) -> (String, String, i32) {
        let mut command = Command::new("unshare");
        command
            .args(["-rm", "sh", "-c", "mount --bind \"$0\" /etc && exec \"$@\""])
            .arg(self.folder.path().join("etc"))
            .arg(env!("CARGO_BIN_EXE_fimble"))
            .args(arguments)
            .env("HOME", self.folder.path());
        for variable in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
            command.env_remove(variable);
        }
        outcome(command.output().unwrap())
    }

    /// Standard error of a command that fails.
    fn fail(&self, arguments: &[&str]) -> String {
        let (output, errors, status) = self.fimble(arguments);
        assert_eq!(status, 1, "{arguments:?}: {output}{errors}");
        errors
    }
}

/// Runs `fimble complete` on a machine with this policy.
fn complete(policy: &str, arguments: &[&str]) -> (String, String, Option<i32>) {
    let machine = Machine::new(policy);
    let file = machine.file("a.py", "def main():\n    pass\n\n\nif __name__ == \n");
    let (output, errors, status) = machine.fimble(&[&["complete", &format!("{file}:5:16")], arguments].concat());
    (output, errors, Some(status))
}

#[test]
fn only_allowed_models_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/embedded");
    let (stdout, stderr, status) = complete("allowed_models = [\"embedded\"]", &[]);
    assert_eq!((status, stderr.as_str()), (Some(0), ""), "{stdout}");

    let (stdout, stderr, status) = complete("allowed_models = [\"embedded\"]", &["--model", folder]);
    assert_eq!((status, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("`/etc/fimble/policy.toml`, does not allow the model"), "{stderr}");

    let digest = fimble_models::sha256_of(format!("{folder}/model.safetensors").as_ref()).unwrap();
    let policy = format!("allowed_models = [\"sha256:{digest}\"]");
    assert_eq!(complete(&policy, &["--model", folder]).2, Some(0));
    // The policy also wins over the command line.
    let (_, stderr, status) = complete("model = \"embedded\"\nallowed_models = [\"embedded\"]", &["--model", folder]);
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_policy_that_cannot_be_followed_leaves_the_embedded_model() {
    let (_, stderr, status) = complete("allowed_modles = []", &["--model", "no-such-model"]);
    assert_eq!(status, Some(0));
    assert!(stderr.contains("cannot follow the policy") && stderr.contains("allowed_modles"), "{stderr}");
}

#[test]
fn models_are_in_use_as_the_policy_says() {
    let machine = Machine::new("model = \"mine\"\nadapter = \"fixed\"\n");
    machine.settings("model = \"embedded\"\nadapter = \"other\"\n");
    let manifest = machine.file("mine.toml", "name = \"mine\"\n");
    assert_eq!(machine.fimble(&["models", "add", &manifest]).2, 0);
    let (list, errors, status) = machine.fimble(&["models", "list"]);
    assert_eq!((errors.as_str(), status), ("", 0));
    let in_use: Vec<&str> = list.lines().filter(|line| line.contains("in use")).collect();
    assert!(matches!(in_use[..], [line] if line.starts_with("* mine ")), "{list}");

    for name in ["mine", "fixed"] {
        assert!(machine.fail(&["models", "remove", name]).contains("makes every user run it"));
    }
    // The user's own choice has no effect, so its files may go.
    assert!(machine.fail(&["models", "remove", "other"]).contains("no model is called `other`"));
    for arguments in [["models", "use", "embedded"], ["models", "use", "--previous"]] {
        let errors = machine.fail(&arguments);
        assert!(errors.contains("`/etc/fimble/policy.toml`, makes every user run the model `mine`"), "{errors}");
    }
}

#[test]
fn a_model_that_the_policy_forbids_cannot_be_chosen() {
    let machine = Machine::new("allowed_models = [\"embedded\"]\n");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/embedded");
    assert!(machine.fail(&["models", "use", folder]).contains("does not allow the model"));
    assert_eq!(machine.fimble(&["models", "use", "embedded"]).2, 0);
}

#[test]
fn manifests_are_signed_by_the_key_of_the_policy() {
    const TRUSTED_KEY: &str = "RWTfiqE7XR1IiaI58UQC/rxckKLn3fFBLj9qrqF7bhFro07xU/OeHoOH";
    const OTHER_KEY: &str = "RWTbOb9OWRbkN3ra0/hntyciB5l9QmXI/+eeAw2onITs5gbCJJgN9eRi";
    let machine = Machine::new(&format!("manifest_key = \"{TRUSTED_KEY}\"\n"));
    machine.settings(&format!("manifest_key = \"{OTHER_KEY}\"\n"));
    let unsigned = machine.file("unsigned.toml", "name = \"unsigned\"\n");
    assert!(machine.fail(&["models", "add", &unsigned]).contains("has no signature beside it"));
    let signed = machine.file("signed.toml", include_str!("signed/signed.toml"));
    machine.file("signed.toml.minisig", include_str!("signed/signed.toml.minisig"));
    let errors = machine.fail(&["models", "add", &signed, "--key", OTHER_KEY]);
    assert!(errors.contains("fixes the setting `manifest_key`, and --key is another key"), "{errors}");
    assert_eq!(machine.fimble(&["models", "add", &signed, "--key", TRUSTED_KEY]).2, 0);
    assert_eq!(machine.fimble(&["models", "show", "signed"]).2, 0);

    machine.file("etc/fimble/policy.toml", "manifest_kye = \"\"\n");
    assert!(machine.fail(&["models", "add", &signed]).contains("fimble cannot follow the policy of this machine"));
}
