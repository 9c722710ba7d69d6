//! A server that behaves like the Hugging Face hub. It has one repository with the embedded model's files and one with GGUF
//! files, and redirects downloads to another host. Tests tell it what goes wrong.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use fimble_inference::export_gguf;
use fimble_test_support::PATIENCE;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

pub(crate) const REPOSITORY: &str = "Qwen/Qwen2.5-Coder-0.5B";
/// The repository with GGUF files.
const GGUF_REPOSITORY: &str = "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF";
/// The embedded model as a GGUF file, and the name of another one.
pub(crate) const GGUF_FILE: &str = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";
const OTHER_GGUF_FILE: &str = "qwen2.5-coder-0.5b-instruct-q8_0.gguf";
pub(crate) const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";
/// The folder that the hub redirects downloads to.
const DOWNLOADS: &str = "/downloads/";
/// Serves until the test process ends.
pub(crate) struct Hub {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The path with its query.
    pub(crate) path: String,
    /// The first byte that is requested; `None` for the whole file.
    pub(crate) start: Option<usize>,
    pub(crate) authorization: Option<String>,
}

/// A fault in the answer to one request.
pub(crate) enum Fault {
    /// A status and one header line, without a body.
    Status(u16, &'static str),
    /// The connection ends after this many bytes of the body.
    CutAfter(usize),
    /// The byte at this offset of the file has a flipped bit.
    Flipped(usize),
    /// The hub announces the request and waits for the test.
    Held { reached: Sender<()>, go_on: Receiver<()> },
}

/// A request that the hub holds until this is dropped.
pub(crate) struct Held {
    reached: Receiver<()>,
    _go_on: Sender<()>,
}

struct State {
    /// Each fault happens once, to a request whose path contains the text.
    faults: Mutex<Vec<(&'static str, Fault)>>,
    requests: Mutex<Vec<Request>>,
}

struct PublishedFile {
    name: &'static str,
    contents: Vec<u8>,
    /// The file's entry in the hub's listing.
    entry: Value,
}

/// The last file is one that no model needs.
static FILES: LazyLock<Vec<PublishedFile>> = LazyLock::new(|| {
    let names = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "MODEL_CARD.md"];
    names.map(|name| PublishedFile::new(name, fs::read(embedded_model().join(name)).unwrap())).into()
});

static GGUF_FILES: LazyLock<Vec<PublishedFile>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(GGUF_FILE);
    export_gguf(&embedded_model(), &path).unwrap();
    let other = PublishedFile::new(OTHER_GGUF_FILE, b"GGUF".to_vec());
    vec![PublishedFile::new(GGUF_FILE, fs::read(path).unwrap()), other]
});

fn embedded_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/embedded")
}

/// The files of the repository `name`.
fn repository(name: &str) -> Option<&'static [PublishedFile]> {
    match name {
        REPOSITORY => Some(&FILES),
        GGUF_REPOSITORY => Some(&GGUF_FILES),
        _ => None,
    }
}

impl PublishedFile {
    fn new(name: &'static str, contents: Vec<u8>) -> Self {
        let size = contents.len();
        let blob = Sha1::new().chain_update(format!("blob {size}\0")).chain_update(&contents).finalize();
        let mut entry = json!({"rfilename": name, "size": size, "blobId": format!("{blob:x}")});
        if name.ends_with(".safetensors") || name.ends_with(".gguf") {
            entry["lfs"] = json!({"sha256": sha256(&contents), "size": size, "pointerSize": 134});
        }
        Self { name, contents, entry }
    }
}

pub(crate) fn sha256(contents: &[u8]) -> String {
    format!("{:x}", Sha256::digest(contents))
}

/// The published contents of this file.
pub(crate) fn contents(name: &str) -> &'static [u8] {
    &FILES.iter().find(|file| file.name == name).unwrap().contents
}

impl Hub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State { faults: Mutex::default(), requests: Mutex::default() });
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = shared.clone();
                // Errors are ignored: tests kill clients, and clients end connections early.
                thread::spawn(move || stream.and_then(|stream| state.answer(stream, port)));
            }
        });
        Self { port, state }
    }

    /// The address for `HF_ENDPOINT`.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of a plain folder with the same files.
    pub(crate) fn folder_address(&self) -> String {
        format!("http://localhost:{}{DOWNLOADS}", self.port)
    }

    /// Lets `fault` happen to the next request whose path contains `place`, after the faults added before.
    pub(crate) fn next(&self, place: &'static str, fault: Fault) {
        self.state.faults.lock().unwrap().push((place, fault));
    }

    /// Holds the next request whose path contains `place`.
    pub(crate) fn hold_next(&self, place: &'static str) -> Held {
        let (reached, held) = mpsc::channel();
        let (release, go_on) = mpsc::channel();
        self.next(place, Fault::Held { reached, go_on });
        Held { reached: held, _go_on: release }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    /// The first bytes of the requests for this file, in order.
    pub(crate) fn starts_of(&self, file: &str) -> Vec<usize> {
        let path = format!("{DOWNLOADS}{file}");
        self.requests()
            .iter()
            .filter(|request| request.path == path)
            .map(|request| request.start.unwrap_or(0))
            .collect()
    }
}

impl Held {
    /// Waits until the request arrives.
    pub(crate) fn wait(&self) {
        self.reached.recv_timeout(PATIENCE).expect("the request arrives");
    }
}

impl State {
    fn answer(&self, stream: TcpStream, port: u16) -> io::Result<()> {
        let request = Request::read(&stream)?;
        self.requests.lock().unwrap().push(request.clone());
        let fault = {
            let mut faults = self.faults.lock().unwrap();
            let struck = faults.iter().position(|(place, _)| request.path.contains(place));
            struck.map(|at| faults.remove(at).1)
        };
        match &fault {
            Some(Fault::Status(status, head)) => return respond(&stream, *status, &[head], b""),
            Some(Fault::Held { reached, go_on }) => {
                let _ = reached.send(());
                let _ = go_on.recv();
            }
            _ => (),
        }
        let path = request.path.trim_start_matches('/');
        let listed = path.strip_prefix("api/models/").and_then(|path| path.strip_suffix("/revision/main?blobs=true"));
        if let Some(files) = listed.and_then(repository) {
            let siblings: Vec<&Value> = files.iter().map(|file| &file.entry).collect();
            let listing = json!({"sha": REVISION, "siblings": siblings}).to_string();
            return respond(&stream, 200, &["content-type: application/json"], listing.as_bytes());
        }
        if let Some((_, name)) = path.split_once(&format!("/resolve/{REVISION}/")) {
            return respond(&stream, 302, &[&format!("location: http://localhost:{port}{DOWNLOADS}{name}")], b"");
        }
        let name = request.path.strip_prefix(DOWNLOADS).unwrap_or_default();
        let files = if name.ends_with(".gguf") { &GGUF_FILES } else { &FILES };
        match files.iter().find(|file| file.name == name) {
            Some(file) => send(&stream, file.contents.clone(), request.start, fault),
            None => respond(&stream, 404, &[], b""),
        }
    }
}

impl Request {
    fn read(stream: &TcpStream) -> io::Result<Self> {
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut request = Self { path, start: None, authorization: None };
        for line in lines {
            let line = line?;
            let Some((name, value)) = line.split_once(": ") else { break };
            match name.to_lowercase().as_str() {
                "range" => request.start = value.trim_start_matches("bytes=").trim_end_matches('-').parse().ok(),
                "authorization" => request.authorization = Some(value.to_owned()),
                _ => (),
            }
        }
        Ok(request)
    }
}

fn send(mut stream: &TcpStream, mut contents: Vec<u8>, start: Option<usize>, fault: Option<Fault>) -> io::Result<()> {
    let size = contents.len();
    if let Some(Fault::Flipped(at)) = fault {
        contents[at] ^= 1;
    }
    let rest = contents.split_off(start.unwrap_or(0).min(size));
    if start.is_some() && rest.is_empty() {
        return respond(stream, 416, &[], b"");
    }
    let range = start.map(|start| format!("content-range: bytes {start}-{}/{size}", size - 1));
    let status = if range.is_some() { 206 } else { 200 };
    let head: Vec<&str> = range.iter().map(String::as_str).collect();
    match fault {
        Some(Fault::CutAfter(length)) => {
            write_head(stream, status, &head, rest.len())?;
            stream.write_all(&rest[..length])
        }
        _ => respond(stream, status, &head, &rest),
    }
}

fn respond(mut stream: &TcpStream, status: u16, head: &[&str], body: &[u8]) -> io::Result<()> {
    write_head(stream, status, head, body.len())?;
    stream.write_all(body)
}

fn write_head(mut stream: &TcpStream, status: u16, head: &[&str], length: usize) -> io::Result<()> {
    let lines: String = head.iter().filter(|line| !line.is_empty()).map(|line| format!("{line}\r\n")).collect();
    write!(stream, "HTTP/1.1 {status} -\r\n{lines}content-length: {length}\r\nconnection: close\r\n\r\n")
}
