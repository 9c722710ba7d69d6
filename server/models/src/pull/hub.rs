//! The Hugging Face hub, or a mirror with the same API. It obeys the environment variables of the hub's own clients.

use std::env;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use serde::Deserialize;
use ureq::{Agent, AgentBuilder, Response};

use crate::digest::PublishedDigest;

const ENDPOINT: &str = "https://huggingface.co";
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// If a server asks for a longer pause, the request fails.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest time without a byte.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The client of the hub, and of plain web servers.
pub(super) struct Hub {
    agent: Agent,
    /// Uses no proxy.
    direct: Agent,
    endpoint: String,
    token: Option<String>,
}

/// The files of a repository at one commit.
#[derive(Debug)]
pub(super) struct Listing {
    /// The commit.
    pub(super) revision: String,
    pub(super) files: Vec<RemoteFile>,
}

/// One file in a [`Listing`].
#[derive(Debug, Clone)]
pub(super) struct RemoteFile {
    pub(super) name: String,
    /// Bytes.
    pub(super) size: Option<u64>,
    pub(super) digest: Option<PublishedDigest>,
}

/// The rest of a file, as the server sends it.
pub(super) struct Body {
    pub(super) reader: Box<dyn Read + Send + Sync>,
    /// The first byte. This is 0 if the server ignores ranges and sends the whole file.
    pub(super) start: u64,
    /// Bytes of the whole file, if the server says so.
    pub(super) size: Option<u64>,
}

/// Why a server cannot be asked, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The system's certificates cannot be read.
    #[error("cannot read this system's certificates: {0}; install them (Debian's package is `ca-certificates`)")]
    Certificates(rustls::Error),
    /// The repository is for users who have accepted its licence.
    #[error(
        "{url} requires an account (HTTP {status}); accept the model's licence on its page, then set HF_TOKEN to a \
         token of your account"
    )]
    Unauthorized {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The repository, the revision or the file does not exist.
    #[error("{url} does not exist (HTTP 404); check the repository, the revision and HF_ENDPOINT")]
    NotFound {
        /// The address.
        url: String,
    },
    /// The server asks for patience.
    #[error("{url} is too busy (HTTP {status}, for another {} s); try again later", pause.as_secs())]
    Busy {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The time that the server asks for.
        pause: Duration,
    },
    /// Any other HTTP status.
    #[error("{url} answers with HTTP {status}; try again later, or take the model from elsewhere with --from")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The connection failed.
    #[error("cannot reach {url}: {problem}; fimble keeps the bytes that came, so run this again to resume")]
    Unreachable {
        /// The address.
        url: String,
        /// What went wrong.
        problem: String,
    },
    /// The answer is not one that the hub gives.
    #[error("{url} does not answer as the hub does: {problem}; check HF_ENDPOINT")]
    Answer {
        /// The address.
        url: String,
        /// What is wrong with the answer.
        problem: String,
    },
}

/// The hub's answer about a repository, as far as fimble reads it.
#[derive(Deserialize)]
struct ModelInfo {
    /// The commit.
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    blob_id: Option<String>,
    lfs: Option<LargeFile>,
}

/// A file that the hub keeps outside git.
#[derive(Deserialize)]
struct LargeFile {
    sha256: String,
    size: u64,
}

impl Hub {
    /// The hub that the environment variables name.
    pub(super) fn from_environment() -> Result<Self, HubError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.and_then(BuilderVerifierExt::with_platform_verifier).map_err(HubError::Certificates)?;
        let tls = Arc::new(tls.with_no_client_auth());
        let agent = |with_proxy| {
            AgentBuilder::new()
                .tls_config(tls.clone())
                .try_proxy_from_env(with_proxy)
                .timeout_connect(CONNECT_TIMEOUT)
                .timeout_read(READ_TIMEOUT)
                .user_agent(concat!("fimble/", env!("CARGO_PKG_VERSION")))
                .build()
        };
        let endpoint = variable("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Ok(Self { agent: agent(true), direct: agent(false), endpoint, token: token() })
    }

    /// The files of `repository`, `owner/name`, at `revision`.
    pub(super) fn listing(&self, repository: &str, revision: &str) -> Result<Listing, HubError> {
        let url = format!("{}/api/models/{repository}/revision/{revision}?blobs=true", self.endpoint);
        let response = self.get(&url, 0)?;
        let answer = |problem: String| HubError::Answer { url: url.clone(), problem };
        let info: ModelInfo = response.into_json().map_err(|error| answer(error.to_string()))?;
        if info.sha.len() != 40 || !info.sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(answer(format!("`{}` is not a commit", info.sha)));
        }
        let file = |sibling: Sibling| {
            let small = sibling.blob_id.map(PublishedDigest::GitBlob);
            let (size, digest) = match sibling.lfs {
                Some(large) => (Some(large.size), Some(PublishedDigest::Sha256(large.sha256))),
                None => (sibling.size, small),
            };
            RemoteFile { name: sibling.rfilename, size, digest }
        };
        Ok(Listing { revision: info.sha, files: info.siblings.into_iter().map(file).collect() })
    }

    /// The address of the file `name`.
    pub(super) fn file_url(&self, repository: &str, revision: &str, name: &str) -> String {
        format!("{}/{repository}/resolve/{revision}/{name}", self.endpoint)
    }

    /// Requests the file at `url` from byte `start` on.
    pub(super) fn fetch(&self, url: &str, start: u64) -> Result<Body, HubError> {
        let response = match self.get(url, start) {
            // The file has no byte at `start`: too many bytes are here already.
            Err(HubError::Status { status: 416, .. }) if start > 0 => self.get(url, 0)?,
            response => response?,
        };
        let length: Option<u64> = response.header("content-length").and_then(|length| length.parse().ok());
        let range = response.header("content-range").and_then(|range| range.strip_prefix("bytes "));
        let begin = range.and_then(|range| range.split_once('-')).and_then(|(begin, _)| begin.parse().ok());
        let start = if response.status() == 206 { begin.unwrap_or(start) } else { 0 };
        Ok(Body { reader: response.into_reader(), start, size: length.map(|length| start + length) })
    }

    /// Retries after a pause if that may help.
    fn get(&self, url: &str, start: u64) -> Result<Response, HubError> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let mut request = self.agent.get(url);
            if request.request_url().is_ok_and(|url| is_direct(url.host())) {
                request = self.direct.get(url);
            }
            if let Some(token) = self.token.as_ref().filter(|_| url.starts_with(&format!("{}/", self.endpoint))) {
                // ureq does not pass this header on to another host that the hub redirects to.
                request = request.set("authorization", &format!("Bearer {token}"));
            }
            // With compression, a range would count compressed bytes.
            request = request.set("accept-encoding", "identity");
            if start > 0 {
                request = request.set("range", &format!("bytes={start}-"));
            }
            let url = url.to_owned();
            let error = match request.call() {
                Ok(response) => return Ok(response),
                Err(ureq::Error::Status(status @ (401 | 403), _)) => {
                    return Err(HubError::Unauthorized { url, status });
                }
                Err(ureq::Error::Status(404, _)) => return Err(HubError::NotFound { url }),
                Err(ureq::Error::Status(status @ (429 | 503), response)) => {
                    let asked = response.header("retry-after").and_then(|seconds| seconds.parse().ok());
                    pause = asked.map_or(pause, Duration::from_secs);
                    HubError::Busy { url, status, pause }
                }
                Err(ureq::Error::Status(status @ 500.., _)) => HubError::Status { url, status },
                Err(ureq::Error::Status(status, _)) => return Err(HubError::Status { url, status }),
                Err(ureq::Error::Transport(error)) => HubError::Unreachable { url, problem: error.to_string() },
            };
            if attempt == ATTEMPTS || pause > LONGEST_PAUSE {
                return Err(error);
            }
            thread::sleep(pause);
            pause *= 2;
        }
        unreachable!("the last attempt returns")
    }
}

/// The folder in which the hub's own clients keep files.
pub(super) fn cache_folder() -> Option<PathBuf> {
    variable("HF_HUB_CACHE").map(PathBuf::from).or_else(|| Some(home()?.join("hub")))
}

/// Whether the user forbids network use.
pub(super) fn is_offline() -> bool {
    variable("HF_HUB_OFFLINE").is_some_and(|value| ["1", "true", "yes", "on"].contains(&value.to_lowercase().as_str()))
}

/// Whether NO_PROXY names the host or a domain above it. A redirect is followed with the proxy of the first request.
fn is_direct(host: &str) -> bool {
    let names = variable("NO_PROXY").or_else(|| variable("no_proxy")).unwrap_or_default();
    let mut names = names.split(',').map(|name| name.trim().trim_start_matches('.')).filter(|name| !name.is_empty());
    names.any(|name| {
        let is_above = || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
        name == "*" || name == host || is_above()
    })
}

fn token() -> Option<String> {
    let file = || {
        let path = variable("HF_TOKEN_PATH").map(PathBuf::from).or_else(|| Some(home()?.join("token")))?;
        std::fs::read_to_string(path).ok()
    };
    let token = variable("HF_TOKEN").or_else(file)?;
    Some(token.trim().to_owned()).filter(|token| !token.is_empty())
}

fn home() -> Option<PathBuf> {
    let default = || {
        let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(etcetera::home_dir().ok()?.join(".cache")))?;
        Some(cache.join("huggingface"))
    };
    variable("HF_HOME").map(PathBuf::from).or_else(default)
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
