//! The documents that list the settings, made from the declaration. The test at the end keeps them up to date.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::setting::{EDITOR, SETTINGS, Setting, choices, expected, json_schema};

const COMMAND: &str = "UPDATE_DOCUMENTS=1 cargo test --release -p fimble settings_documents";
/// The width of a line of Neovim's help.
const HELP_WIDTH: usize = 78;

/// Makes the new text of a document from its present text.
type Generate = fn(&str) -> String;

const DOCUMENTS: [(&str, Generate); 4] = [
    ("docs/settings.md", settings_page),
    ("docs/fimble.schema.json", schema_file),
    ("editors/vscode/package.json", vscode_manifest),
    ("editors/neovim/doc/fimble.txt", neovim_help),
];

/// The tables of the settings and of the table `remote`.
fn settings_page(page: &str) -> String {
    let remote = Setting::named("remote").expect("`remote` is a setting").schema["properties"].clone();
    let remote = remote.as_object().expect("`remote` is a table");
    let settings = SETTINGS.iter().map(|setting| (setting.name.as_str(), &setting.schema));
    let page = between_markers(page, "settings", &markdown_table(settings));
    between_markers(&page, "remote", &markdown_table(remote.iter().map(|(name, schema)| (name.as_str(), schema))))
}

fn markdown_table<'a>(settings: impl Iterator<Item = (&'a str, &'a Value)>) -> String {
    let row = |(name, schema): (&str, &Value)| {
        let default = schema.get("default").map(|default| format!("`{}`", toml(default))).unwrap_or_default();
        let choices: Vec<String> = choices(schema)
            .iter()
            .map(|(value, description)| format!("`\"{value}\"`: {}.", uncapitalised(description)))
            .collect();
        let values = if choices.is_empty() { expected(schema) } else { choices.join("<br>") };
        format!("| `{name}` | {values} | {default} | {} |\n", description(schema))
    };
    format!("| setting | values | default | meaning |\n|---|---|---|---|\n{}", settings.map(row).collect::<String>())
}

fn between_markers(page: &str, name: &str, table: &str) -> String {
    let [start, end] = ["begin", "end"].map(|word| format!("<!-- {word}: {name} -->\n"));
    let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("the page has the marker {start}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("the page has the marker {end}"));
    format!("{before}{start}{table}{end}{after}")
}

/// The JSON schema of `fimble.toml`.
fn schema_file(_: &str) -> String {
    let mut schema = Map::from_iter([
        ("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into()),
        ("title".to_owned(), "fimble.toml".into()),
        ("description".to_owned(), "The settings of fimble.".into()),
    ]);
    for (name, value) in json_schema() {
        schema.entry(name).or_insert(value);
    }
    let properties = schema["properties"].as_object_mut().expect("the settings are properties");
    for setting in properties.values_mut().filter_map(Value::as_object_mut) {
        setting.remove(EDITOR);
    }
    pretty(&Value::Object(schema))
}

/// VS Code's `contributes.configuration`. Other settings than the server's are the extension's own.
fn vscode_manifest(manifest: &str) -> String {
    let mut manifest: Value = serde_json::from_str(manifest).expect("the manifest is JSON");
    let properties = manifest["contributes"]["configuration"]["properties"].as_object_mut();
    let properties = properties.expect("the manifest has properties");
    let servers = editor_settings().map(|setting| (format!("fimble.{}", camel_case(&setting.name)), vscode(setting)));
    let mut generated: Map<String, Value> = servers.collect();
    let own = |name: &str| !SETTINGS.iter().any(|setting| name == format!("fimble.{}", camel_case(&setting.name)));
    generated
        .extend(properties.iter().filter(|(name, _)| own(name)).map(|(name, value)| (name.clone(), value.clone())));
    for (position, property) in generated.values_mut().enumerate() {
        property["order"] = (position + 1).into();
    }
    *properties = generated;
    pretty(&manifest)
}

fn vscode(setting: &Setting) -> Value {
    let Value::Object(mut schema) = setting.schema.clone() else { panic!("a setting has a schema") };
    let editor = schema.remove(EDITOR).unwrap_or_default();
    let mut text = editor_description(setting).to_owned();
    if let Some(link) = editor["link"].as_str() {
        text = format!("{text} {link}");
    }
    let mut property = json!({ "order": 0 });
    if let Some(scope) = editor.get("scope") {
        property["scope"] = scope.clone();
    }
    property["type"] = setting.schema.get("type").cloned().unwrap_or_else(|| "string".into());
    property["default"] = setting.schema["default"].clone();
    for name in ["items", "additionalProperties", "minimum", "maximum"] {
        if let Some(value) = setting.schema.get(name) {
            property[name] = value.clone();
        }
    }
    let (values, descriptions): (Vec<&str>, Vec<&str>) = editor_choices(setting).unzip();
    if !values.is_empty() {
        property["enum"] = json!(values);
        property["enumDescriptions"] = json!(descriptions);
    }
    property["markdownDescription"] = text.into();
    property
}

/// The table of the settings in Neovim's help.
fn neovim_help(help: &str) -> String {
    const HEAD: &str = "    Setting             Default     Meaning ~\n";
    let column = HEAD.find("Meaning").expect("the head has this column");
    let (before, rest) = help.split_once(HEAD).expect("the help has the head of the table");
    let (_, after) = rest.split_once("\n\n").expect("an empty line ends the table");
    let mut table = String::new();
    for setting in editor_settings() {
        let default = setting.schema.get("default").map(toml).unwrap_or_default();
        let default = if default == "[]" { "{}".to_owned() } else { default };
        let values = editor_choices(setting).map(|(value, text)| format!("\"{value}\": {}.", uncapitalised(text)));
        let lines = [editor_description(setting).to_owned()].into_iter().chain(values);
        for (number, line) in lines.flat_map(|text| wrapped(&text, HELP_WIDTH - column)).enumerate() {
            let start = match number {
                0 => format!("    {:<20}{default}", format!("`{}`", setting.name)),
                _ => String::new(),
            };
            table.push_str(&format!("{start:<column$}{line}\n"));
        }
    }
    format!("{before}{HEAD}{table}\n{after}")
}

/// The settings that an editor can set.
fn editor_settings() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| setting.editor_values().is_none_or(|values| !values.is_empty()))
}

/// The values that an editor can choose from, with their descriptions.
fn editor_choices(setting: &Setting) -> impl Iterator<Item = (&str, &str)> {
    let is_allowed = |value: &str| setting.editor_values().is_none_or(|values| values.contains(&value.into()));
    choices(&setting.schema).into_iter().filter(move |(value, _)| is_allowed(value))
}

/// The description for the users of an editor.
fn editor_description(setting: &Setting) -> &str {
    let editor = setting.schema.get(EDITOR).and_then(|editor| editor.get("description"));
    editor.and_then(Value::as_str).unwrap_or_else(|| description(&setting.schema))
}

fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

fn toml(default: &Value) -> String {
    default.to_string()
}

/// A description within a sentence.
fn uncapitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(1);
        name + &initial.to_uppercase() + rest
    })
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("every value is JSON");
    format!("{text}\n")
}

#[test]
fn settings_documents_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut outdated = Vec::new();
    for (path, generate) in DOCUMENTS {
        let file = root.join(path);
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let generated = generate(&text);
        if text == generated {
            continue;
        }
        match std::env::var_os("UPDATE_DOCUMENTS") {
            Some(_) => std::fs::write(&file, generated).expect("the document can be written"),
            None => outdated.push(path),
        }
    }
    assert!(outdated.is_empty(), "the settings have changed since {outdated:?} were made; update them with: {COMMAND}");
}

#[test]
fn every_setting_is_described() {
    for Setting { name, schema } in SETTINGS.iter() {
        assert!(description(schema).ends_with('.'), "`{name}` has a description");
        for (value, text) in choices(schema) {
            assert!(!text.is_empty(), "`{value}` of `{name}` has a description");
        }
        assert!(schema.get("default").is_some() || name == "remote", "`{name}` has a default");
    }
}
