//! One setting as [`Options`] declares it: what its values may be, and what an editor may say about it.

use std::sync::LazyLock;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use serde_json::{Map, Value};

use super::schema::Options;

/// Says how a setting differs in an editor. See [`Options`].
pub(super) const EDITOR: &str = "x-editor";

#[derive(Debug)]
pub(super) struct Setting {
    /// In snake case.
    pub(super) name: String,
    /// The JSON schema of its values.
    pub(super) schema: Value,
}

/// All settings, in the order of their declaration.
pub(super) static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let properties = json_schema().remove("properties");
    let Some(Value::Object(properties)) = properties else { return Vec::new() };
    properties.into_iter().map(|(name, schema)| Setting { name, schema }).collect()
});

impl Setting {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// The setting whose name is nearest to `name`, if that may be what the user meant.
    pub(super) fn nearest(name: &str) -> Option<&'static Self> {
        // With the same threshold, clap suggests arguments.
        const SIMILAR: f64 = 0.7;
        let candidates = SETTINGS.iter().map(|setting| (strsim::jaro(&setting.name, name), setting));
        let nearest = candidates.filter(|(similarity, _)| *similarity > SIMILAR);
        nearest.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, setting)| setting)
    }

    /// The values that an editor may set: `None` is any value, and an empty list is no value.
    pub(super) fn editor_values(&self) -> Option<&[Value]> {
        match self.schema.get(EDITOR) {
            Some(Value::Bool(false)) => Some(&[]),
            Some(editor) => editor.get("enum").and_then(Value::as_array).map(Vec::as_slice),
            None => None,
        }
    }

    /// Whether the setting has entries, so that one bad entry leaves the others valid.
    pub(super) fn is_collection(&self) -> bool {
        self.entries().is_object()
    }

    /// The schema of each entry of a list or table.
    pub(super) fn entries(&self) -> &Value {
        ["items", "additionalProperties"].iter().find_map(|name| self.schema.get(*name)).unwrap_or(&Value::Null)
    }
}

/// The values that `schema` allows, in words that complete the sentence "it must be ...".
pub(super) fn expected(schema: &Value) -> String {
    let choices = choices(schema);
    if let [others @ .., (last, _)] = choices.as_slice() {
        let others: Vec<String> = others.iter().map(|(value, _)| format!("`{value}`")).collect();
        return if others.is_empty() { format!("`{last}`") } else { format!("{} or `{last}`", others.join(", ")) };
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("integer") => match range(schema) {
            (Some(least), Some(most)) => format!("a whole number from {least} to {most}"),
            _ => "a whole number".to_owned(),
        },
        Some("array") => "a list of strings".to_owned(),
        Some("object") => match schema.get("additionalProperties").filter(|entries| entries.is_object()) {
            Some(entries) => format!("a table of names with {}", expected(entries)),
            None => "a table".to_owned(),
        },
        _ => "a string".to_owned(),
    }
}

/// The values of an enumeration with their descriptions, and nothing for other schemas.
pub(super) fn choices(schema: &Value) -> Vec<(&str, &str)> {
    let variants = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    variants
        .filter_map(|variant| {
            let description = variant.get("description").and_then(Value::as_str).unwrap_or_default();
            Some((variant.get("const")?.as_str()?, description.trim_end_matches('.')))
        })
        .collect()
}

/// The least and the greatest value.
pub(super) fn range(schema: &Value) -> (Option<u64>, Option<u64>) {
    let bound = |name| schema.get(name).and_then(Value::as_u64);
    (bound("minimum"), bound("maximum"))
}

/// The JSON schema of [`Options`], without what only Rust needs.
pub(super) fn json_schema() -> Map<String, Value> {
    let mut settings = SchemaSettings::draft07().with_transform(RecursiveTransform(simplify));
    settings.inline_subschemas = true;
    let mut schema = settings.into_generator().into_root_schema_for::<Options>();
    std::mem::take(schema.ensure_object())
}

/// Removes `null`, which stands for a setting that is left out, the names of Rust's number types, and the line breaks of
/// doc comments.
fn simplify(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    object.remove("format");
    if let Some(Value::String(text)) = object.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(alternatives)) = object.remove("anyOf") {
        let not_null = |schema: &Value| schema.get("type").is_none_or(|name| name != "null");
        for alternative in alternatives.into_iter().filter(not_null) {
            let Value::Object(alternative) = alternative else { continue };
            for (name, value) in alternative {
                object.entry(name).or_insert(value);
            }
        }
    }
}
