//! The user's settings for a remote server.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use fimble_completion::prompt::{FAMILIES, family};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::protocol::Api;

/// The `remote` table of the user's settings. The comments on the fields are their descriptions in the documents.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoteSettings {
    /// The server's address, which is required: `https://host:port`, with or without `/v1`. `http` to another machine
    /// also needs `insecure = true`.
    pub url: String,
    /// The protocol of the server.
    #[serde(default)]
    pub api: Api,
    /// The server's name for the model. Servers with a single model do not need it.
    #[serde(default)]
    pub model: Option<String>,
    /// The model's family, such as `qwen2.5-coder`. fimble then writes the prompt in the family's format, for `openai`
    /// servers that do not support `suffix`, such as vLLM.
    #[serde(default)]
    pub family: Option<String>,
    /// The environment variable that holds the server's key.
    #[serde(default)]
    pub key_env: Option<String>,
    /// The file that holds the server's key. Only its owner may be able to read it.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Allow `http` to another machine, where everybody in between can read your code.
    #[serde(default)]
    pub insecure: bool,
    /// The most code that a request shows, in tokens; fimble counts four bytes as a token.
    #[serde(default = "context_tokens")]
    #[schemars(range(min = 64, max = 131_072))]
    pub context_tokens: usize,
    /// A request fails after this many milliseconds.
    #[serde(default = "timeout_ms")]
    #[schemars(range(min = 50, max = 60_000))]
    pub timeout_ms: u64,
    /// The most requests in a minute.
    #[serde(default = "per_minute")]
    pub per_minute: Option<u32>,
    /// The most requests in a day (UTC). There is no limit by default.
    #[serde(default)]
    pub per_day: Option<u32>,
    /// Languages whose files may or may not go to the server, by their LSP identifiers. `*` stands for every language
    /// that is not named.
    #[serde(default)]
    pub languages: BTreeMap<String, bool>,
    /// Files that never go to the server, as `.gitignore` patterns.
    #[serde(default)]
    pub exclude: Vec<String>,
}

fn context_tokens() -> usize {
    2048
}

fn timeout_ms() -> u64 {
    3000
}

#[expect(clippy::unnecessary_wraps, reason = "it is the default of an option")]
fn per_minute() -> Option<u32> {
    Some(60)
}

/// Why settings were rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("`url` must start with http:// or https:// and name a host, without a user or password; it is `{0}`")]
    Url(String),
    #[error(
        "`url` uses http to another machine, so anyone on the network can read your code; use https, or set \
         `insecure = true` if the network is trusted"
    )]
    Insecure,
    #[error("`family` is `{0}`, which fimble does not know; choose one of: {families}", families = family_names())]
    Family(String),
    #[error(
        "`family` is only for `api = \"openai\"`; with `infill`, the server knows its model's format; remove `family`"
    )]
    FamilyOfInfill,
    #[error("only one of `key_env` and `key_file` may be set; remove the other")]
    TwoKeys,
    #[error("`{name}` must be a whole number from {least} to {most}")]
    Number { name: &'static str, least: u64, most: u64 },
}

impl RemoteSettings {
    /// Checks the settings.
    ///
    /// Returns the first problem as an error.
    pub fn check(&self) -> Result<(), SettingsError> {
        let (scheme, host) = self.scheme_and_host().ok_or_else(|| SettingsError::Url(self.url.clone()))?;
        if scheme == "http" && !self.insecure && !is_this_machine(host) {
            return Err(SettingsError::Insecure);
        }
        if let Some(name) = &self.family {
            family(name).ok_or_else(|| SettingsError::Family(name.clone()))?;
            if self.api == Api::Infill {
                return Err(SettingsError::FamilyOfInfill);
            }
        }
        if self.key_env.is_some() && self.key_file.is_some() {
            return Err(SettingsError::TwoKeys);
        }
        let in_range = |name, value: u64, least, most| {
            if (least..=most).contains(&value) { Ok(()) } else { Err(SettingsError::Number { name, least, most }) }
        };
        in_range("context_tokens", self.context_tokens as u64, 64, 131_072)?;
        in_range("timeout_ms", self.timeout_ms, 50, 60_000)
    }

    /// The host and port in the URL.
    pub fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or(&*self.url, |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }

    /// The URL without the path that the protocol adds.
    pub(crate) fn base(&self) -> &str {
        let base = self.url.trim_end_matches('/');
        base.strip_suffix("/v1").unwrap_or(base)
    }

    /// Whether files in the language with the identifier `id` may be sent.
    pub fn allows_language(&self, id: &str) -> bool {
        [id, "*"].iter().find_map(|name| self.languages.get(*name)).copied().unwrap_or(true)
    }

    fn scheme_and_host(&self) -> Option<(&str, &str)> {
        let (scheme, rest) = self.url.split_once("://")?;
        // A password in the URL would show up in status lines and error messages. Keys have their own settings.
        let named = !self.host().is_empty() && !rest.contains(char::is_whitespace) && !rest.contains('@');
        (matches!(scheme, "http" | "https") && named).then(|| (scheme, self.host()))
    }
}

fn family_names() -> String {
    FAMILIES.iter().map(|family| family.name).collect::<Vec<_>>().join(", ")
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(value: serde_json::Value) -> RemoteSettings {
        serde_json::from_value(value).expect("the settings are valid")
    }

    #[test]
    fn http_to_another_machine_must_be_allowed_explicitly() {
        for (url, allowed) in [
            ("https://gpu.example", true),
            ("http://localhost:8012", true),
            ("http://127.0.0.1:8012/v1", true),
            ("http://[::1]:8012", true),
            ("http://gpu.example:8012", false),
            ("http://127.0.0.1.example", false),
            ("http://[2001:db8::1]:8012", false),
        ] {
            assert_eq!(settings(json!({ "url": url })).check().is_ok(), allowed, "{url}");
            assert_eq!(settings(json!({ "url": url, "insecure": true })).check(), Ok(()), "{url}");
        }
    }

    #[test]
    fn invalid_settings_are_named() {
        for (value, problem) in [
            (json!({"url": "gpu.example"}), "`url` must start"),
            (json!({"url": "ftp://gpu.example"}), "`url` must start"),
            (json!({"url": "https://"}), "`url` must start"),
            (json!({"url": "http://localhost@gpu.example"}), "`url` must start"),
            (
                json!({"url": "https://a", "family": "gpt"}),
                "`family` is `gpt`, which fimble does not know; choose one of: qwen",
            ),
            (
                json!({"url": "https://a", "api": "infill", "family": "mellum"}),
                "`family` is only for `api = \"openai\"`",
            ),
            (json!({"url": "https://a", "key_env": "A", "key_file": "b"}), "only one of"),
            (json!({"url": "https://a", "timeout_ms": 1}), "`timeout_ms` must be a whole number from 50 to 60000"),
        ] {
            let error = settings(value).check().expect_err(problem).to_string();
            assert!(error.starts_with(problem), "{error}");
        }
    }

    #[test]
    fn a_url_may_end_with_the_version_of_the_api() {
        assert_eq!(settings(json!({"url": "https://gpu.example:8012/v1"})).host(), "gpu.example:8012");
        assert_eq!(settings(json!({"url": "https://gpu.example/v1/"})).base(), "https://gpu.example");
    }
}
