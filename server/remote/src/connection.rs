//! HTTP with the configured server and no other: redirects are not followed, and proxies are not used.

use std::error::Error as _;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;
use ureq::{Agent, AgentBuilder, Response};

use crate::settings::RemoteSettings;

/// The size limit of an answer. A suggestion has a few hundred bytes, but each of its tokens is sent in an envelope.
const MAX_ANSWER_BYTES: u64 = 4 << 20;

/// How much longer than its timeout a request can take before the connection is closed.
const TIMEOUT_GRACE: Duration = Duration::from_secs(1);

/// A connection to one server. It is opened by the first request.
pub(crate) struct Connection {
    agent: Agent,
    url: String,
    host: String,
    key: Option<String>,
}

/// The lines of an answer, in the order of arrival.
pub(crate) type Lines = Box<dyn Iterator<Item = std::io::Result<String>> + Send>;

/// These messages tell the user what to do. They never contain text from the server, because that may be source code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConnectionError {
    #[error("cannot read the system's certificates: {0}; install the package with your system's CA certificates")]
    Certificates(String),
    #[error("cannot read the key for {host}: {problem}; see `key_env` and `key_file` of `remote`")]
    Key { host: String, problem: String },
    #[error("{host} cannot be reached: {problem}; check `url` of `remote` and the network")]
    Unreachable { host: String, problem: String },
    #[error("{host} rejects the key (HTTP {status}); see `key_env` and `key_file` of `remote`")]
    Unauthorized { host: String, status: u16 },
    #[error("{host} has no {path} (HTTP 404); see `url` and `api` of `remote`, and `model` if it serves several")]
    NotFound { host: String, path: &'static str },
    #[error("{host} is busy (HTTP {status})")]
    Busy { host: String, status: u16, retry_after: Option<Duration> },
    #[error(
        "{host} redirects to another address (HTTP {status}), which fimble does not follow; set `url` to that address"
    )]
    Redirect { host: String, status: u16 },
    #[error("{host} failed (HTTP {status}); see the server's log")]
    Status { host: String, status: u16 },
}

impl Connection {
    /// Prepares a connection without opening it.
    ///
    /// Returns an error if the system's certificates or the key cannot be read.
    pub(crate) fn new(settings: &RemoteSettings) -> Result<Self, ConnectionError> {
        let host = settings.host().to_owned();
        let certificates = |error: rustls::Error| ConnectionError::Certificates(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.and_then(BuilderVerifierExt::with_platform_verifier).map_err(certificates)?;
        // The caller has a timeout of its own with a better message. This timeout ends requests that nobody waits for
        // any more.
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

    /// Sends `body` and returns the lines of the answer.
    ///
    /// Returns an error if the server cannot be reached or does not answer with success.
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

/// The key is read for every connection, so that it can be renewed without a restart.
fn key(settings: &RemoteSettings) -> Result<Option<String>, String> {
    let key = match (&settings.key_env, &settings.key_file) {
        (Some(name), _) => std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?,
        (None, Some(path)) => {
            let problem = |error| format!("`{}`: {error}", path.display());
            if !is_private(path).map_err(problem)? {
                return Err(format!("other users can read `{0}`; run `chmod 600 {0}`", path.display()));
            }
            std::fs::read_to_string(path).map_err(problem)?
        }
        (None, None) => return Ok(None),
    };
    let key = key.trim();
    if key.is_empty() || !key.chars().all(|character| character.is_ascii_graphic()) {
        return Err("the key must be one word of ASCII characters".to_owned());
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
