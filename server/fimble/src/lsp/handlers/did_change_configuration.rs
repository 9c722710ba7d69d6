//! `workspace/didChangeConfiguration`, and the client's answer to `workspace/configuration`.

use serde_json::Value;

use crate::settings::{Options, Problem};
use crate::session::Session;

/// Returns what is wrong with the settings, or `None` if the client sent none and has to be asked for them.
pub(crate) fn did_change_configuration(session: &mut Session, settings: &Value) -> Option<Vec<Problem>> {
    let silent = match settings {
        Value::Object(object) => object.get("fimble").map_or(object.is_empty(), Value::is_null),
        other => other.is_null(),
    };
    if silent && session.client.configuration {
        return None;
    }
    Some(configuration(session, settings))
}

/// Takes the place of all settings that came this way before, unless it is null, which is what a client answers that
/// has no settings by fimble's name. Returns what is wrong with them.
pub(crate) fn configuration(session: &mut Session, settings: &Value) -> Vec<Problem> {
    if settings.is_null() {
        return Vec::new();
    }
    let (options, problems) = Options::from_client(settings, "the editor's settings");
    session.sources.configuration = options;
    problems
}
