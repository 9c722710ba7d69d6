//! The shape of the house: rooms form no circle, the domain knows no protocol, and no file outgrows its subject.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Longer files have more than one subject.
const LONGEST_FILE: usize = 500;

const CRATES: [&str; 5] = ["completion", "fimble", "inference", "models", "remote"];

/// Which rooms of a crate each room imports. A room is a top-level module with everything below it.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_circle_between_rooms() {
    for name in CRATES {
        let imports = imports(&source(name));
        assert!(imports.len() > 3, "{name} has rooms: {imports:?}");
        let mut left = imports.clone();
        // Takes out the rooms that import none of those left, until nothing is left but circles.
        while let Some(room) = left
            .iter()
            .find(|(_, imported)| imported.iter().all(|other| !left.contains_key(other)))
            .map(|(room, _)| room.clone())
        {
            left.remove(&room);
        }
        left.values_mut().for_each(|imported| imported.retain(|other| imports.contains_key(other)));
        assert!(
            left.is_empty(),
            "{name}: these rooms import each other in a circle, or import one that does: {left:#?}"
        );
    }
}

#[test]
fn requests_and_usage_know_no_protocol() {
    let fimble = source("fimble");
    for room in ["request", "usage", "workspace", "settings", "session", "documents"] {
        assert!(!imports(&fimble)[room].contains("lsp"), "{room} imports lsp");
        for (file, text) in files(&fimble).into_iter().filter(|(file, _)| self::room(&fimble, file) == room) {
            assert!(!text.contains("tower_lsp"), "{} names tower-lsp", file.display());
        }
    }
}

#[test]
fn no_file_outgrows_its_subject() {
    for name in CRATES {
        for (file, text) in files(&source(name)) {
            let lines = text.lines().count();
            assert!(lines <= LONGEST_FILE, "{} has {lines} lines; split it by subject", file.display());
        }
    }
}

/// The check itself can fail.
#[test]
fn imports_are_found() {
    assert_eq!(mentioned("use crate::lsp::position;\nlet a = crate::b();"), ["b".to_owned(), "lsp".to_owned()].into());
    assert_eq!(mentioned("use crate::{a::B, c::{D, e}, f};"), ["a", "c", "f"].map(str::to_owned).into());
    assert_eq!(mentioned("//! See [`crate::a`].\n/// crate::b\n// crate::c\nuse other_crate::d;"), BTreeSet::new());
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../server").join(name).join("src")
}

/// The Rust files below `folder`, without their tests.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("it is text");
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
            found.push((path, code));
        }
    }
    found
}

fn room(source: &Path, file: &Path) -> String {
    let within = file.strip_prefix(source).expect("it is below");
    let first = within.iter().next().expect("it has a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn imports(source: &Path) -> Imports {
    let mut imports = Imports::new();
    for (file, text) in files(source) {
        let room = room(source, &file);
        // These join the rooms and belong to none.
        if ["lib", "main"].contains(&room.as_str()) {
            continue;
        }
        let mut mentioned = mentioned(&text);
        mentioned.remove(&room);
        imports.entry(room).or_default().extend(mentioned);
    }
    imports
}

/// The modules of the own crate that `text` names, comments aside.
fn mentioned(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut mentioned = BTreeSet::new();
    for (start, path) in code.match_indices("crate::") {
        let is_own = !code[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let after = &code[start + path.len()..];
        if is_own && let Some(list) = after.strip_prefix('{') {
            mentioned.extend(listed(list));
        } else if is_own {
            mentioned.extend(identifier(after));
        }
    }
    mentioned
}

/// The first identifiers of the paths in a list such as `a::B, c::{D, e}}`, up to the brace that closes it.
fn listed(list: &str) -> Vec<String> {
    let (mut depth, mut expects, mut found) = (0, true, Vec::new());
    for (at, character) in list.char_indices() {
        match character {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => expects = true,
            character if expects && !character.is_whitespace() => {
                found.extend(identifier(&list[at..]));
                expects = false;
            }
            _ => {}
        }
    }
    found
}

fn identifier(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
    // Types and macros at the crate's root are no rooms.
    name.chars().next().is_some_and(|first| first.is_lowercase()).then_some(name)
}
