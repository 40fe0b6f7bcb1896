//! The client that is told of endings, as a process of its own that no kill of the server reaches.
//!
//! It is the same binary, started for one test that does nothing else: it writes a line for what it is sent, and only then answers.
//! Now and then it does not take a notice. It verifies nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// What each line that counts begins with; the harness of tests writes lines of its own.
const MARK: &str = "receiver:";
/// A notice of which so many comes is refused, or gets no answer at all.
const REFUSED_EVERY: u64 = 7;
const BROKEN_EVERY: u64 = 11;

/// The process, seen from the test.
pub struct ReceiverProcess {
    child: Child,
    lines: Option<BufReader<ChildStdout>>,
    /// Where it is told.
    pub address: String,
}

impl ReceiverProcess {
    /// Starts a command that calls [`serve`].
    ///
    /// # Errors
    /// If it can't be started, or says no address.
    pub fn start(mut command: Command) -> Result<Self, String> {
        let mut child =
            command.stdout(Stdio::piped()).spawn().map_err(|error| format!("the receiver: {error}"))?;
        let stdout = child.stdout.take().ok_or("the receiver says nothing")?;
        let mut lines = BufReader::new(stdout);
        let port = loop {
            let mut line = String::new();
            if lines.read_line(&mut line).map_err(|error| error.to_string())? == 0 {
                return Err("the receiver has ended".into());
            }
            if let [_, "port", port] = words(&line)[..] {
                break port.to_owned();
            }
        };
        Ok(Self { child, lines: Some(lines), address: format!("http://127.0.0.1:{port}/told") })
    }

    /// Has `hear` called for each notice from now on: with the name of the session when it comes, and again when it is taken.
    ///
    /// # Errors
    /// If somebody hears already.
    pub fn hear(&mut self, hear: impl Fn(&str, bool) + Send + 'static) -> Result<(), String> {
        let lines = self.lines.take().ok_or("somebody hears already")?;
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                match words(&line)[..] {
                    [_, "came", session] => hear(session, false),
                    [_, "took", session] => hear(session, true),
                    _ => {}
                }
            }
        });
        Ok(())
    }
}

/// The words of a line that counts. The harness may have written before it, on the same line.
fn words(line: &str) -> Vec<&str> {
    line.find(MARK).map(|at| line[at..].split_whitespace().collect()).unwrap_or_default()
}

impl Drop for ReceiverProcess {
    fn drop(&mut self) {
        // It may be gone already; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is told, until the process is killed.
///
/// # Errors
/// If there is no free port.
pub fn serve() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    say(&format!("port {}", listener.local_addr()?.port()))?;
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || answer(stream));
    }
    Ok(())
}

static COME: AtomicU64 = AtomicU64::new(0);
static OUTPUT: Mutex<()> = Mutex::new(());

/// Writes a line, past the harness of tests.
fn say(line: &str) -> std::io::Result<()> {
    let _turn = OUTPUT.lock().unwrap_or_else(PoisonError::into_inner);
    let mut output = std::io::stdout().lock();
    output.write_all(format!("\n{MARK} {line}\n").as_bytes())?;
    output.flush()
}

/// Answers what comes on a connection. A server that dies in the middle is no fault.
fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    while let Some(body) = read(&mut stream, &mut bytes)? {
        let session = session_of(&body).unwrap_or_else(|| "-".to_owned());
        let number = COME.fetch_add(1, Ordering::Relaxed) + 1;
        say(&format!("came {session}"))?;
        if number.is_multiple_of(BROKEN_EVERY) {
            return Ok(());
        }
        if number.is_multiple_of(REFUSED_EVERY) {
            stream.write_all(b"HTTP/1.1 500 Later\r\ncontent-length: 0\r\n\r\n")?;
            continue;
        }
        say(&format!("took {session}"))?;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
    Ok(())
}

/// The body of the next request; none at the end of the connection.
fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> std::io::Result<Option<String>> {
    loop {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            });
            let length: usize = length.unwrap_or(0);
            if rest.len() >= length {
                let body = rest[..length].to_owned();
                bytes.drain(..head.len() + 4 + length);
                return Ok(Some(body));
            }
        }
        let mut more = [0; 8192];
        match stream.read(&mut more)? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&more[..count]),
        }
    }
}

/// Which session a logout token names, or whose sessions if it names none.
fn session_of(body: &str) -> Option<String> {
    let claims = body.strip_prefix("logout_token=")?.split('.').nth(1)?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let of = |name: &str| claims[name].as_str().map(str::to_owned);
    of("sid").or_else(|| of("sub"))
}
