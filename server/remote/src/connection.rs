//! HTTP with one server, and with no other: redirects are not followed, and no proxy is used.

use std::error::Error as _;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;
use ureq::{Agent, AgentBuilder, Response};

use crate::settings::RemoteSettings;

/// Of an answer; a suggestion has some hundred bytes, and each of its tokens comes in an envelope.
const MAX_ANSWER_BYTES: u64 = 4 << 20;

/// How long a request may outlive the time that was given to it.
const TIMEOUT_GRACE: Duration = Duration::from_secs(1);

pub(crate) struct Connection {
    agent: Agent,
    url: String,
    host: String,
    key: Option<String>,
}

/// The lines of an answer, as they come.
pub(crate) type Lines = Box<dyn Iterator<Item = std::io::Result<String>> + Send>;

/// Sentences that say what to do. None holds what the server said, which may be source text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConnectionError {
    #[error("no certificates can be read from this system: {0}")]
    Certificates(String),
    #[error("the key for {host} cannot be read: {problem}")]
    Key { host: String, problem: String },
    #[error("{host} cannot be reached: {problem}")]
    Unreachable { host: String, problem: String },
    #[error("{host} wants another key (HTTP {status}); see `key_env` and `key_file` of `remote`")]
    Unauthorized { host: String, status: u16 },
    #[error("{host} has no {path} (HTTP 404); see `url` and `api` of `remote`, and `model` if it serves several")]
    NotFound { host: String, path: &'static str },
    #[error("{host} is busy (HTTP {status})")]
    Busy { host: String, status: u16, retry_after: Option<Duration> },
    #[error(
        "{host} sends requests on to another place (HTTP {status}), which fimble does not follow; set `url` to that place"
    )]
    Redirect { host: String, status: u16 },
    #[error("{host} answers with HTTP {status}; its log says why")]
    Status { host: String, status: u16 },
}

impl Connection {
    /// Opens nothing yet.
    pub(crate) fn new(settings: &RemoteSettings) -> Result<Self, ConnectionError> {
        let host = settings.host().to_owned();
        let certificates = |error: rustls::Error| ConnectionError::Certificates(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.and_then(BuilderVerifierExt::with_platform_verifier).map_err(certificates)?;
        // Whoever waits has a clock of his own, and says it better; this ends what nobody waits for any more.
        let timeout = Duration::from_millis(settings.timeout_ms) + TIMEOUT_GRACE;
        let agent = AgentBuilder::new()
            .tls_config(Arc::new(tls.with_no_client_auth()))
            .try_proxy_from_env(false)
            .redirects(0)
            .timeout(timeout)
            .user_agent(concat!("fimble/", env!("CARGO_PKG_VERSION")))
            .build();
        let key = key(settings).map_err(|problem| ConnectionError::Key { host: host.clone(), problem })?;
        Ok(Self { agent, url: settings.base().to_owned(), host, key })
    }

    pub(crate) fn post(&self, path: &'static str, body: &Value) -> Result<Lines, ConnectionError> {
        let mut request = self.agent.post(&format!("{}{path}", self.url));
        if let Some(key) = &self.key {
            request = request.set("Authorization", &format!("Bearer {key}"));
        }
        match request.send_json(body) {
            Ok(response) if response.status() < 300 => Ok(lines(response)),
            Ok(response) | Err(ureq::Error::Status(_, response)) => Err(self.refused(path, &response)),
            Err(ureq::Error::Transport(transport)) => {
                let problem = match (transport.message(), transport.source()) {
                    (_, Some(source)) => source.to_string(),
                    (Some(message), None) => message.to_owned(),
                    (None, None) => transport.kind().to_string(),
                };
                Err(ConnectionError::Unreachable { host: self.host.clone(), problem })
            }
        }
    }

    fn refused(&self, path: &'static str, response: &Response) -> ConnectionError {
        let (host, status) = (self.host.clone(), response.status());
        match status {
            300..=399 => ConnectionError::Redirect { host, status },
            401 | 403 => ConnectionError::Unauthorized { host, status },
            404 => ConnectionError::NotFound { host, path },
            429 | 503 => {
                let seconds = response.header("Retry-After").and_then(|after| after.parse().ok());
                ConnectionError::Busy { host, status, retry_after: seconds.map(Duration::from_secs) }
            }
            _ => ConnectionError::Status { host, status },
        }
    }
}

fn lines(response: Response) -> Lines {
    Box::new(BufReader::new(response.into_reader().take(MAX_ANSWER_BYTES)).lines())
}

/// Read anew for every connection: a key is renewed without a restart.
fn key(settings: &RemoteSettings) -> Result<Option<String>, String> {
    let key = match (&settings.key_env, &settings.key_file) {
        (Some(name), _) => std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?,
        (None, Some(path)) => {
            let problem = |error| format!("`{}`: {error}", path.display());
            if !is_private(path).map_err(problem)? {
                return Err(format!("`{0}` can be read by others; `chmod 600 {0}` helps", path.display()));
            }
            std::fs::read_to_string(path).map_err(problem)?
        }
        (None, None) => return Ok(None),
    };
    let key = key.trim();
    if key.is_empty() || !key.chars().all(|character| character.is_ascii_graphic()) {
        return Err("it must be one word of ASCII characters".to_owned());
    }
    Ok(Some(key.to_owned()))
}

#[cfg(unix)]
fn is_private(path: &std::path::Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(path.metadata()?.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(_: &std::path::Path) -> std::io::Result<bool> {
    Ok(true)
}
