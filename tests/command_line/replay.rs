//! `fimble replay`.

use std::fs;

use serde_json::Value;

use crate::{ENGINE, run};

const CODE: &str = "import os


def size(path):
    return os.stat(path).st_size


print(size('x'))


for path in paths:
    print(size(path))


if __name__ == '__main__':
    main()
";

#[test]
fn every_character_is_typed_or_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code.py");
    fs::write(&path, CODE).unwrap();
    let stretch = format!("{}:11-16", path.display());
    let (report, errors, status) = run(&["replay", &stretch, "--json", "--interval-ms", "0", "--deadline-ms", "1000"]);
    assert_eq!((errors.as_str(), status), ("", 0));
    let report: Value = serde_json::from_str(&report).unwrap();
    let typed = CODE.lines().skip(10).take(6).collect::<Vec<_>>().join("\n").len() as u64;
    assert_eq!(report["characters"], typed);
    assert_eq!((report["model"].as_str(), report["engine"].as_str()), (Some("embedded"), Some(ENGINE)));
    assert!(report["tokens"]["steps"].is_u64() && report["background_tokens"]["drafted"].is_u64(), "{report}");
    let keystrokes = report["keystrokes"].as_array().unwrap();
    let accepted = keystrokes.iter().filter(|keystroke| keystroke["accepted"] == true).count();
    assert_eq!(report["keys"], keystrokes.len() + accepted);
    let saved = 1.0 - report["keys"].as_f64().unwrap() / typed as f64;
    assert!((report["keystrokes_saved"].as_f64().unwrap() - saved).abs() < 1e-9);
    // The first key evaluates the prompt, and half of the others nearly nothing.
    let first = keystrokes[0]["evaluated"].as_f64().unwrap();
    assert!(first > 10.0 && report["evaluated_tokens"]["p50"].as_f64().unwrap() < first / 10.0, "{report}");
    for keystroke in keystrokes {
        let kind = keystroke["kind"].as_str().unwrap();
        assert!(["model", "typed_through", "returned", "prefetched"].contains(&kind), "{kind}");
    }

    fs::write(&path, CODE.replace('\n', "\r\n")).unwrap();
    let (report, _, _) = run(&["replay", &stretch, "--json", "--interval-ms", "0"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["characters"], typed);

    let (table, _, _) = run(&["replay", &stretch, "--interval-ms", "0"]);
    assert!(table.contains("keystrokes saved") && table.contains(&format!("for {typed} characters")), "{table}");
}

#[test]
fn invalid_stretches_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code.py");
    fs::write(&path, CODE).unwrap();
    let path = path.display();
    assert!(run(&["replay", &format!("{path}:4-17")]).1.contains("has 16 lines; there is no line 17"));
    assert!(run(&["replay", &format!("{path}:2-2")]).1.contains("nothing to type in line 2"));
    assert!(run(&["replay", &format!("{path}:5-4")]).1.contains("such as src/main.rs:10-25"));
    assert!(run(&["replay", "no-such-file:1-2"]).1.contains("cannot read `no-such-file`"));
    assert!(run(&["replay", &format!("{path}:1-2"), "--model", "/no/such"]).1.contains("/no/such"));
}
