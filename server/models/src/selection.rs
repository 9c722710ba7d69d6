//! The setting `model` in the user's `fimble.toml`. Everything else in the file stays as it is.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, Item, TomlError, Value};

use crate::durable::replace_file;
use crate::embedded::EMBEDDED;
use crate::folders::{NoHomeError, previous_model_file, settings_file};

/// What [`select`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The new model.
    pub model: String,
    /// The model before.
    pub before: String,
    /// The settings file.
    pub file: PathBuf,
}

/// Why the model cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    /// The settings file is unknown.
    #[error(transparent)]
    NoHome(#[from] NoHomeError),
    /// A file cannot be read or written.
    #[error("`{}`: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The settings file, or the file that remembers the previous model, is not TOML.
    #[error("`{}` is not TOML ({problem}); correct it first; nothing was changed", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The first error.
        problem: String,
    },
    /// The setting `model` is not a string.
    #[error("`model` in `{}` is not a string; correct it first; nothing was changed", path.display())]
    NotAString {
        /// The settings file.
        path: PathBuf,
    },
    /// [`select`] was never called.
    #[error("there is no model before this one: `fimble models use NAME` has not been run yet")]
    NoPrevious,
}

/// The contents of the file that remembers the previous model.
#[derive(Serialize, Deserialize)]
struct Previous {
    model: String,
}

/// Sets `model` in the user's settings file to `model`, and remembers the model before.
pub fn select(model: &str) -> Result<Selected, SelectionError> {
    let file = settings_file()?;
    let text = read(&file)?.unwrap_or_default();
    let (text, before) = with_model(&text, model).map_err(|problem| match problem {
        EditError::Syntax(error) => SelectionError::Syntax { path: file.clone(), problem: error.message().to_owned() },
        EditError::NotAString => SelectionError::NotAString { path: file.clone() },
    })?;
    let before = before.filter(|before| !before.is_empty()).unwrap_or_else(|| EMBEDDED.to_owned());
    if before != model {
        let previous = toml::to_string(&Previous { model: before.clone() });
        write(&previous_model_file()?, &previous.expect("a struct of strings is TOML"))?;
    }
    write(&file, &text)?;
    Ok(Selected { model: model.to_owned(), before, file })
}

/// Goes back to the model before. Calling this twice changes nothing.
pub fn select_previous() -> Result<Selected, SelectionError> {
    let path = previous_model_file()?;
    let text = read(&path)?.ok_or(SelectionError::NoPrevious)?;
    let previous: Previous =
        toml::from_str(&text).map_err(|error| SelectionError::Syntax { path, problem: error.message().to_owned() })?;
    select(&previous.model)
}

enum EditError {
    Syntax(TomlError),
    NotAString,
}

/// Returns `text` with its `model` set to `model`, and the value before.
fn with_model(text: &str, model: &str) -> Result<(String, Option<String>), EditError> {
    let mut document: DocumentMut = text.parse().map_err(EditError::Syntax)?;
    let before = match document.get_mut("model") {
        Some(Item::Value(value @ Value::String(_))) => {
            let before = value.as_str().map(str::to_owned);
            let decor = value.decor().clone();
            *value = model.into();
            *value.decor_mut() = decor;
            before
        }
        Some(_) => return Err(EditError::NotAString),
        None => {
            document.insert("model", model.into());
            None
        }
    };
    let text = match text.contains("\r\n") {
        // toml_edit writes `\n` alone.
        true => document.to_string().replace("\r\n", "\n").replace('\n', "\r\n"),
        false => document.to_string(),
    };
    Ok((text, before))
}

/// The text of the file, or `None` if there is no file.
fn read(path: &Path) -> Result<Option<String>, SelectionError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SelectionError::Io { path: path.to_owned(), error }),
    }
}

fn write(path: &Path, text: &str) -> Result<(), SelectionError> {
    // A settings file may be a link into a collection of such files, and stays one.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    replace_file(&target, text.as_bytes()).map_err(|error| SelectionError::Io { path: target, error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edited(text: &str) -> String {
        with_model(text, "new \"one\"").ok().expect("the text is a settings file").0
    }

    #[test]
    fn only_the_model_changes_in_a_settings_file() {
        for (text, expected) in [
            ("", "model = 'new \"one\"'\n"),
            ("# mine\n[languages]\nc = false\n", "model = 'new \"one\"'\n# mine\n[languages]\nc = false\n"),
            (
                "# mine\nmax_tokens = 32 # few\n\n[languages]\nc = false # never\n",
                "# mine\nmax_tokens = 32 # few\nmodel = 'new \"one\"'\n\n[languages]\nc = false # never\n",
            ),
            ("max_tokens = 3\nmodel   =  \"old\" # why\n", "max_tokens = 3\nmodel   =  'new \"one\"' # why\n"),
            ("max_tokens = 3\r\n# a\r\nmodel = 'old'\r\n", "max_tokens = 3\r\n# a\r\nmodel = 'new \"one\"'\r\n"),
        ] {
            assert_eq!(edited(text), expected);
        }
        assert!(matches!(with_model("model = ", "m"), Err(EditError::Syntax(_))));
        assert!(matches!(with_model("[model]\nname = 'm'\n", "m"), Err(EditError::NotAString)));
    }

    /// Settings files with comments, odd spaces and blank lines, in which every key is unique.
    fn settings_file() -> impl Strategy<Value = String> {
        let line = |name: &'static str| {
            (0..5_usize, "[ -~]{0,12}", 0..100_i64).prop_map(move |(kind, comment, number)| match kind {
                0 => format!("# {comment}\n"),
                1 => "\n".to_owned(),
                2 => format!("  {name}_%  =   {number}  # {comment}\n"),
                3 => format!("{name}_% = [ {number}, # {comment}\n  1 ]\n"),
                _ => format!("\"{name} %\" = {{ a.b = {number} }}\n"),
            })
        };
        let lines = |name| prop::collection::vec(line(name), 0..6);
        let model = prop::option::of((any::<prop::sample::Index>(), "model *= *'[a-z.]{0,9}' *(#[ -~]{0,9})?\n"));
        let table = prop::option::of(lines("inner"));
        (lines("outer"), model, table).prop_map(|(mut lines, model, table)| {
            if let Some((at, model)) = model {
                lines.insert(at.index(lines.len() + 1), model);
            }
            if let Some(table) = table {
                lines.push("[ table ] # of others\n".to_owned());
                lines.extend(table);
            }
            let numbered = lines.into_iter().enumerate();
            numbered.map(|(number, line)| line.replacen('%', &number.to_string(), 1)).collect()
        })
    }

    proptest! {
        #[test]
        fn every_other_line_survives(text in settings_file()) {
            let edited = edited(&text);
            let others = |text: &str| {
                let lines = text.lines().filter(|line| !line.starts_with("model"));
                lines.map(str::to_owned).collect::<Vec<_>>()
            };
            prop_assert_eq!(others(&edited), others(&text));
            let comment = |text: &str| {
                let line = text.lines().find(|line| line.starts_with("model"))?;
                line.split_once('#').map(|(_, comment)| comment.to_owned())
            };
            prop_assert_eq!(comment(&edited), comment(&text));
            let settings: toml::Table = toml::from_str(&edited).unwrap();
            prop_assert_eq!(settings["model"].as_str(), Some("new \"one\""));
        }
    }
}
