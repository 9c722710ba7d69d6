//! The setting `model` in the user's fimble.toml, changed with everything else in the file left as it is.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::locate::EMBEDDED;
use crate::lock::replace_file;

/// What [`select`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    pub model: String,
    pub before: String,
    /// The settings file.
    pub file: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum SelectionError {
    #[error("cannot tell where this platform keeps settings: {0}; set HOME")]
    NoHome(#[from] etcetera::HomeDirError),
    #[error("`{}`: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("`{}` is not TOML ({problem}); correct it first, nothing was changed", path.display())]
    Syntax { path: PathBuf, problem: String },
    #[error("there is no model before this one: `fimble models use NAME` has not been run yet")]
    NoPrevious,
}

/// Of the settings file, what concerns models.
#[derive(Default, Deserialize)]
struct Settings {
    model: Option<Spanned<String>>,
    manifest_key: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Previous {
    model: String,
}

/// Makes `model` the user's, and remembers the one before.
pub fn select(model: &str) -> Result<Selected, SelectionError> {
    let file = settings_file()?;
    let (text, settings) = read(&file)?;
    let before = settings.model.as_ref().map_or(EMBEDDED, |model| model.get_ref()).to_owned();
    let before = if before.is_empty() { EMBEDDED.to_owned() } else { before };
    let text = with_model(&text, settings.model.map(|model| model.span()), model);
    // What was edited is read again: a file that says something else than was meant is worse than an error.
    let (_, edited) = parse(&file, text.clone())?;
    if edited.model.is_none_or(|edited| edited.get_ref() != model) {
        return Err(SelectionError::Syntax { path: file, problem: "its `model` cannot be changed".to_owned() });
    }
    let write = |path: &Path, text: &str| {
        // A settings file may be a link into somebody's collection of such files.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        replace_file(&target, text.as_bytes()).map_err(|error| SelectionError::Io { path: target, error })
    };
    if before != model {
        let previous = toml::to_string(&Previous { model: before.clone() });
        write(&previous_file()?, &previous.expect("a text is TOML"))?;
    }
    write(&file, &text)?;
    Ok(Selected { model: model.to_owned(), before, file })
}

/// Goes back to the model before; twice comes back.
pub fn select_previous() -> Result<Selected, SelectionError> {
    let path = previous_file()?;
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(SelectionError::NoPrevious),
        Err(error) => return Err(SelectionError::Io { path, error }),
    };
    let previous: Previous =
        toml::from_str(&text).map_err(|error| SelectionError::Syntax { path, problem: error.message().to_owned() })?;
    select(&previous.model)
}

/// Whose manifests the user trusts: a minisign public key.
pub(crate) fn manifest_key() -> Result<Option<String>, SelectionError> {
    Ok(read(&settings_file()?)?.1.manifest_key)
}

fn with_model(text: &str, span: Option<Range<usize>>, model: &str) -> String {
    let value = toml::Value::from(model).to_string();
    match span {
        Some(span) => format!("{}{value}{}", &text[..span.start], &text[span.end..]),
        // Before any table, whose it would be else.
        None => format!("model = {value}\n{text}"),
    }
}

fn read(path: &Path) -> Result<(String, Settings), SelectionError> {
    match fs::read_to_string(path) {
        Ok(text) => parse(path, text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Default::default()),
        Err(error) => Err(SelectionError::Io { path: path.to_owned(), error }),
    }
}

fn parse(path: &Path, text: String) -> Result<(String, Settings), SelectionError> {
    match toml::from_str(&text) {
        Ok(settings) => Ok((text, settings)),
        Err(error) => Err(SelectionError::Syntax { path: path.to_owned(), problem: error.message().to_owned() }),
    }
}

fn settings_file() -> Result<PathBuf, etcetera::HomeDirError> {
    Ok(etcetera::choose_base_strategy()?.config_dir().join("fimble").join("fimble.toml"))
}

fn previous_file() -> Result<PathBuf, etcetera::HomeDirError> {
    Ok(etcetera::choose_base_strategy()?.data_dir().join("fimble").join("previous-model.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_model_changes_in_a_settings_file() {
        let edited = |text: &str| {
            let settings: Settings = toml::from_str(text).unwrap();
            with_model(text, settings.model.map(|model| model.span()), "new \"one\"")
        };
        assert_eq!(
            edited("# mine\n[languages]\nc = false\n"),
            "model = 'new \"one\"'\n# mine\n[languages]\nc = false\n"
        );
        assert_eq!(edited("max_tokens = 3\nmodel = \"old\" # why\n"), "max_tokens = 3\nmodel = 'new \"one\"' # why\n");
    }
}
