//! Tests the remote engine against servers with the behavior of real servers, good and bad.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use fimble_completion::engine::{
    Cancel, Engine, EngineError, Generation, GenerationRequest, Priority, Search, StopDecision,
};
use fimble_completion::prompt::FimText;
use fimble_remote::{RemoteEngine, RemoteSettings};
use serde_json::{Value, json};

/// Far more than a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request as the server received it.
struct Asked {
    path: String,
    authorization: Option<String>,
    body: Value,
}

/// A server with scripted answers.
struct Server {
    port: u16,
    asked: Receiver<Asked>,
}

impl Server {
    /// Starts a server. `answer` gets the number of the request and the stream to write to.
    fn start(answer: impl Fn(usize, &mut TcpStream) -> std::io::Result<()> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, asked) = mpsc::channel();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&stream) else { continue };
                let _ = sender.send(request);
                // The client closes the connection once it has read enough.
                let _ = answer(number, &mut stream);
            }
        });
        Self { port, asked }
    }

    fn engine(&self, more: Value) -> RemoteEngine {
        let mut settings = json!({"url": format!("http://127.0.0.1:{}", self.port)});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let settings: RemoteSettings = serde_json::from_value(settings).unwrap();
        settings.check().unwrap();
        RemoteEngine::new(settings)
    }

    fn asked(&self) -> Asked {
        self.asked.recv_timeout(PATIENCE).expect("a request arrives")
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        match header.trim().split_once(": ") {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => authorization = Some(value.to_owned()),
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { path, authorization, body: serde_json::from_slice(&body).ok()? })
}

fn status(stream: &mut TcpStream, status: u16, header: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\nConnection: close\r\n{header}\r\n")
}

fn begin(stream: &mut TcpStream) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
}

fn piece(stream: &mut TcpStream, text: &str, logprob: f64) -> std::io::Result<()> {
    let choice = json!({"text": text, "logprobs": {"token_logprobs": [logprob]}, "finish_reason": null});
    write!(stream, "data: {}\n\n", json!({ "choices": [choice] }))?;
    stream.flush()
}

fn request(cancel: &Cancel) -> GenerationRequest {
    GenerationRequest {
        text: FimText::of_file("a = ", "\nb", "f"),
        avoid: Vec::new(),
        max_tokens: 16,
        priority: Priority::Foreground,
        stopping: Arc::new(|text, _| if text.contains('\n') { StopDecision::Complete } else { StopDecision::Continue }),
        search: Search::default(),
        cancel: cancel.clone(),
    }
}

fn generate(engine: &RemoteEngine) -> Result<Generation, EngineError> {
    engine.generate(request(&Cancel::default()))
}

fn problem(engine: &RemoteEngine) -> (String, Option<Duration>) {
    match generate(engine) {
        Err(EngineError::Unavailable { problem, retry_after }) => (problem, retry_after),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_arrives_in_parts_and_ends_at_the_stopping_criteria() {
    let server = Server::start(|_, stream| {
        begin(stream)?;
        piece(stream, "oo", -0.5)?;
        piece(stream, "(1)\nmore", -1.5)?;
        // The client does not wait for the rest.
        loop {
            piece(stream, "and more", 0.0)?;
            thread::sleep(Duration::from_millis(5));
        }
    });
    let engine = server.engine(json!({"model": "m"}));
    assert_eq!(engine.model().id.name, format!("m at 127.0.0.1:{}", server.port));
    let generation = generate(&engine).unwrap();
    assert_eq!(generation.text, "oo(1)\nmore");
    let ends: Vec<usize> = generation.tokens.iter().map(|token| token.text_end).collect();
    assert_eq!((ends, generation.completed), (vec![2, 10], true));
    assert!((generation.tokens[0].probability - (-0.5f32).exp()).abs() < 1e-5);
    let asked = server.asked();
    assert_eq!((asked.path.as_str(), asked.authorization), ("/v1/completions", None));
    assert_eq!((&asked.body["prompt"], &asked.body["suffix"]), (&json!("a = f"), &json!("\nb")));
}

#[test]
fn an_endless_answer_ends_at_the_token_limit() {
    let server = Server::start(|_, stream| {
        begin(stream)?;
        loop {
            piece(stream, "x", 0.0)?;
        }
    });
    let generation = generate(&server.engine(json!({}))).unwrap();
    assert_eq!((generation.text.as_str(), generation.completed), ("xxxxxxxxxxxxxxxx", true));
}

#[test]
fn stop_tokens_in_the_text_end_an_answer() {
    let server = Server::start(|_, stream| {
        begin(stream)?;
        piece(stream, "oo<|endoftext|>x", 0.0)
    });
    let generation = generate(&server.engine(json!({"family": "qwen2.5-coder"}))).unwrap();
    assert_eq!(generation.text, "oo");
    assert_eq!(server.asked().body["prompt"], "<|fim_prefix|>a = <|fim_suffix|>\nb<|fim_middle|>f");
}

#[test]
fn a_server_without_probabilities_is_not_asked_for_them_again() {
    let server = Server::start(|number, stream| {
        if number == 0 {
            return status(stream, 400, "");
        }
        begin(stream)?;
        write!(stream, "data: {}\n\n", json!({"choices": [{"text": "oo", "finish_reason": "stop"}]}))
    });
    let engine = server.engine(json!({}));
    for _ in 0..2 {
        let generation = generate(&engine).unwrap();
        assert_eq!((generation.text.as_str(), generation.tokens[0].probability), ("oo", 1.0));
    }
    let asks: Vec<bool> = server.asked.try_iter().map(|asked| asked.body.get("logprobs").is_some()).collect();
    assert_eq!(asks, [true, false, false]);
}

#[test]
fn errors_tell_what_to_do() {
    for (code, header, expected, pause) in [
        (401, "", "rejects the key (HTTP 401); see `key_env`", None),
        (404, "", "has no /v1/completions (HTTP 404); see `url` and `api`", None),
        (429, "Retry-After: 7\r\n", "is busy (HTTP 429)", Some(7)),
        (500, "", "failed (HTTP 500); see the server's log", None),
    ] {
        let server = Server::start(move |_, stream| status(stream, code, header));
        let (problem, asked_for) = problem(&server.engine(json!({})));
        assert!(problem.contains(expected), "{problem}");
        assert_eq!(asked_for, pause.map(Duration::from_secs));
    }
    let garbage = Server::start(|_, stream| {
        begin(stream)?;
        write!(stream, "data: {{\"choices\": \"secret source text\"}}\n\n")
    });
    let (message, _) = problem(&garbage.engine(json!({})));
    assert!(message.contains("does not understand") && !message.contains("secret"), "{message}");
    let cut = Server::start(|_, stream| {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")?;
        piece(stream, "oo", 0.0)
    });
    assert!(problem(&cut.engine(json!({}))).0.contains("broke"));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (message, _) = problem(&Server { port: nobody, asked: mpsc::channel().1 }.engine(json!({})));
    assert!(message.contains("cannot be reached"), "{message}");
}

/// The user configured one server, and no other may be contacted.
#[test]
fn a_redirect_is_not_followed() {
    let other = Server::start(|_, stream| status(stream, 200, ""));
    let location = format!("Location: http://127.0.0.1:{}/v1/completions\r\n", other.port);
    for code in [301, 302, 307, 308] {
        let location = location.clone();
        let server = Server::start(move |_, stream| status(stream, code, &location));
        let (problem, _) = problem(&server.engine(json!({})));
        assert!(problem.contains("fimble does not follow"), "{problem}");
    }
    assert!(other.asked.try_recv().is_err());
}

/// A server that stops after the first part of an answer, until the sender is dropped.
fn hanging_server() -> (Sender<()>, Server) {
    let (release, held) = mpsc::channel();
    let server = Server::start(move |_, stream| {
        begin(stream)?;
        piece(stream, "oo", 0.0)?;
        let _ = held.recv();
        Ok(())
    });
    (release, server)
}

#[test]
fn a_hanging_server_times_out() {
    let (_release, server) = hanging_server();
    assert!(problem(&server.engine(json!({"timeout_ms": 100}))).0.contains("in time"));
}

#[test]
fn a_request_to_a_hanging_server_can_be_cancelled() {
    let (_release, server) = hanging_server();
    let engine = server.engine(json!({"timeout_ms": 60_000}));
    let cancel = Cancel::default();
    let generation = thread::scope(|scope| {
        let running = scope.spawn(|| engine.generate(request(&cancel)));
        server.asked();
        cancel.cancel();
        running.join().unwrap().unwrap()
    });
    assert!(!generation.completed);
}

#[test]
fn background_work_sends_no_request() {
    let server = Server::start(|_, stream| status(stream, 500, ""));
    let engine = server.engine(json!({}));
    let cancel = Cancel::default();
    for request in [
        GenerationRequest { priority: Priority::Background, ..request(&cancel) },
        GenerationRequest { max_tokens: 0, ..request(&cancel) },
        GenerationRequest { avoid: vec!["x".to_owned()], ..request(&cancel) },
    ] {
        assert_eq!(engine.generate(request).unwrap().text, "");
    }
    assert!(server.asked.try_recv().is_err());
}

#[test]
fn a_key_is_read_from_a_file_or_the_environment() {
    let server = Server::start(|_, stream| {
        begin(stream)?;
        piece(stream, "oo\n", 0.0)
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "secret\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (problem, _) = problem(&server.engine(json!({"key_file": path})));
        assert!(problem.contains("run `chmod 600"), "{problem}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    generate(&server.engine(json!({"key_file": path}))).unwrap();
    assert_eq!(server.asked().authorization.as_deref(), Some("Bearer secret"));
    let (problem, _) = problem(&server.engine(json!({"key_env": "FIMBLE_NO_SUCH_KEY"})));
    assert!(problem.contains("FIMBLE_NO_SUCH_KEY is not set") && !problem.contains("secret"), "{problem}");
}
