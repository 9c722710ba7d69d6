//! `workspace/didChangeConfiguration`, and the client's answer to `workspace/configuration`.

use serde_json::Value;

use crate::session::Session;
use crate::settings::{Options, Problem};

/// Whether the client sent no settings with its notification, and has to be asked for them.
pub(crate) fn is_empty(settings: &Value) -> bool {
    match settings {
        Value::Object(object) => object.get("fimble").map_or(object.is_empty(), Value::is_null),
        other => other.is_null(),
    }
}

/// Replaces all settings that came this way before. Null changes nothing: a client without settings named `fimble` answers
/// with it. Returns what is wrong with the settings.
pub(crate) fn configuration(session: &mut Session, settings: &Value) -> Vec<Problem> {
    if settings.is_null() {
        return Vec::new();
    }
    let (options, problems) = Options::from_client(settings, "the editor's settings");
    session.sources.configuration = options;
    problems
}
