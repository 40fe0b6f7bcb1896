//! Requests to a server on this machine: JSON there and back, over a connection of their own or one that stays.
//!
//! Enough for our own API, and no more: no redirects, no compression, no TLS.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// How long a connection or an answer may take. Making people hashes their passwords.
const PATIENCE: Duration = Duration::from_secs(60);

/// The status of an answer, and its body as text.
pub(crate) fn ask(to: SocketAddr, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, String)> {
    ask_with(to, method, path, &[], body)
}

/// The same with further headers.
pub(crate) fn ask_with(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         {headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    read(&answer).with_context(|| format!("{method} {path}"))
}

/// A connection that stays, for what is measured: making one is no part of it.
pub(crate) struct Connection {
    to: SocketAddr,
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { to, stream, rest: Vec::new() })
    }

    /// The status of an answer, and its body as text.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<(u16, String)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n{body}",
            self.to,
            body.len()
        );
        self.stream.write_all(request.as_bytes())?;
        loop {
            if let Some(whole) = whole_answer(&self.rest)? {
                let answer = String::from_utf8(self.rest.drain(..whole).collect())?;
                return read(&answer).with_context(|| format!("{method} {path}"));
            }
            let mut more = [0; 16 * 1024];
            let count = self.stream.read(&mut more)?;
            ensure!(count > 0, "{method} {path}: the connection was closed");
            self.rest.extend_from_slice(&more[..count]);
        }
    }
}

/// The length of the answer that stands at the beginning, once all of it is there.
fn whole_answer(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..head])?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = head + 4 + length.unwrap_or(0);
    Ok((bytes.len() >= whole).then_some(whole))
}

/// The JSON of a success.
pub(crate) fn json(to: SocketAddr, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    let (status, text) = ask(to, method, path, body)?;
    ensure!((200..300).contains(&status), "{method} {path}: {status} {text}");
    serde_json::from_str(&text).with_context(|| format!("{method} {path}: {text}"))
}

fn read(answer: &str) -> Result<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no end of its headers")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("no status: {head:.40}"))?;
    if head.to_ascii_lowercase().contains("\r\ntransfer-encoding:") {
        bail!("the answer comes in chunks, which are not read here");
    }
    Ok((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_it_says() {
        let one = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(whole_answer(one.as_bytes()).unwrap(), Some(one.len()));
        assert_eq!(whole_answer(format!("{one}HTTP/1.1 2").as_bytes()).unwrap(), Some(one.len()));
        assert_eq!(whole_answer(&one.as_bytes()[..one.len() - 1]).unwrap(), None);
        assert_eq!(whole_answer(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap(), Some(27));
        assert_eq!(whole_answer(b"HTTP/1.1 204 No").unwrap(), None);
    }

    #[test]
    fn an_answer_is_a_status_and_a_body() {
        let answer = "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(read(answer).unwrap(), (201, "{}".to_owned()));
        assert!(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n").is_err());
        assert!(read("").is_err());
        assert!(read("HTTP/1.1 what\r\n\r\n").is_err());
    }
}
