//! A receiver of notices: a little HTTP server that writes down what it is sent and answers as it is told.
//!
//! Without anything said it answers 204. It speaks HTTP/1.1 by hand, so that it can answer what no library would.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What was sent.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) content_type: String,
    pub(crate) body: String,
    /// The lines before the body.
    head: String,
}

impl Heard {
    /// A header; nothing if it is not there.
    pub(crate) fn header(&self, name: &str) -> String {
        header(&self.head, name)
    }
}

fn header(head: &str, name: &str) -> String {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) enum Answers {
    Status(u16),
    RetryAfter(u16, &'static str),
    Redirect(String),
    /// No HTTP.
    Garbage,
    /// Nothing at all.
    Hang,
    /// 200 and ten million bytes.
    Endless,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    heard: Vec<Heard>,
    answers: VecDeque<Answers>,
    /// What is answered then; 204 where nothing is said.
    afterwards: Option<Answers>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into()).await
    }

    /// One at an address where nobody is.
    pub(crate) async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let receiver = Self { address, state: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        receiver
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Forgets what it was sent and answers like this from now on, one after the other.
    pub(crate) fn answers(&self, answers: impl IntoIterator<Item = Answers>) {
        let mut state = self.state.lock().expect("nobody panicked");
        *state = State { heard: Vec::new(), answers: answers.into_iter().collect(), afterwards: None };
    }

    /// Answers like this for ever.
    pub(crate) fn always_answers(&self, answer: Answers) {
        self.state.lock().expect("nobody panicked").afterwards = Some(answer);
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.state.lock().expect("nobody panicked").heard.clone()
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while let Some(heard) = read(&mut stream, &mut bytes).await {
            let answer = {
                let mut state = self.state.lock().expect("nobody panicked");
                state.heard.push(heard);
                let next = state.answers.pop_front().or_else(|| state.afterwards.clone());
                next.unwrap_or(Answers::Status(204))
            };
            let text = match answer {
                Answers::Status(204) => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
                Answers::Status(code) => said(code, ""),
                Answers::RetryAfter(code, s) => said(code, &format!("retry-after: {s}\r\n")),
                Answers::Redirect(to) => said(302, &format!("location: {to}\r\n")),
                Answers::Garbage => "this is no HTTP\r\n\r\n".to_owned(),
                Answers::Hang => return std::future::pending().await,
                Answers::Endless => {
                    let body = "x".repeat(10_000_000);
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                }
            };
            if stream.write_all(text.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

fn said(code: u16, headers: &str) -> String {
    format!("HTTP/1.1 {code} Said\r\n{headers}content-length: 12\r\n\r\nwhat it says")
}

/// The next request on a connection; none at its end.
async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Heard> {
    loop {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let length: usize = header(head, "content-length").parse().unwrap_or(0);
            if rest.len() >= length {
                let mut words = head.split(' ');
                let heard = Heard {
                    method: words.next()?.to_owned(),
                    path: words.next()?.to_owned(),
                    content_type: header(head, "content-type"),
                    body: rest[..length].to_owned(),
                    head: head.to_owned(),
                };
                bytes.drain(..head.len() + 4 + length);
                return Some(heard);
            }
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&more[..read]),
        }
    }
}
