//! The policy of the machine, where the command finds it.

use std::fs;
use std::process::Command;

/// `fimble complete` on a machine with this policy: standard output and error, and the exit status. A namespace of its own
/// has a folder of the test's in the place of `/etc`.
fn complete(policy: &str, arguments: &[&str]) -> (String, String, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    let etc = folder.path().join("etc");
    fs::create_dir_all(etc.join("fimble")).unwrap();
    fs::write(etc.join("fimble/policy.toml"), policy).unwrap();
    let file = folder.path().join("a.py");
    fs::write(&file, "def main():\n    pass\n\n\nif __name__ == \n").unwrap();
    let output = Command::new("unshare")
        .args(["-rm", "sh", "-c", "mount --bind \"$0\" /etc && exec \"$@\""])
        .arg(&etc)
        .arg(env!("CARGO_BIN_EXE_fimble"))
        .args(["complete", &format!("{}:5:16", file.display())])
        .args(arguments)
        .env("HOME", folder.path())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
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
    // The command line goes after the policy, too.
    let (_, stderr, status) = complete("model = \"embedded\"\nallowed_models = [\"embedded\"]", &["--model", folder]);
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_policy_that_is_none_leaves_the_embedded_model() {
    let (_, stderr, status) = complete("allowed_modles = []", &["--model", "no-such-model"]);
    assert_eq!(status, Some(0));
    assert!(stderr.contains("cannot be followed") && stderr.contains("allowed_modles"), "{stderr}");
}
