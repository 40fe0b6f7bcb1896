//! HTTP/1.1 over one TCP connection per request, with exactly the headers it was given.
//!
//! Written by hand because the usual clients add, order and refuse headers, and the scenarios are about those.
//! No TLS, no redirects, no reuse. RFC 9112.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

use super::wire::{BoxFuture, Wire, WireRequest, WireResponse, latin1};

/// A server that has not answered by then hangs.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(60);
/// No recorded answer comes near it.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A real server, addressed by the variables `public` and `admin`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpWire;

impl Wire for TcpWire {
    fn send(&self, request: WireRequest) -> BoxFuture<'_, Result<WireResponse, String>> {
        Box::pin(async move {
            time::timeout(EXCHANGE_TIMEOUT, exchange(&request)).await.map_err(|_| "timed out".to_owned())?
        })
    }

    fn wait(&self, seconds: f64) -> BoxFuture<'_, ()> {
        Box::pin(time::sleep(Duration::from_secs_f64(seconds)))
    }
}

async fn exchange(request: &WireRequest) -> Result<WireResponse, String> {
    let authority = request.origin.strip_prefix("http://").ok_or("only plain http is spoken here")?;
    let address = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let mut stream = TcpStream::connect(&address).await.map_err(|e| format!("{address}: {e}"))?;
    let message = message(request);
    let (mut reader, mut writer) = stream.split();
    // A server may refuse a large body before it has read it, so that a failed write is no failure yet.
    let write = async {
        let _answered_early = writer.write_all(&message).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = read_answer(&mut reader, request.method == "HEAD") => answer,
        () = write => unreachable!("the writer waits for the reader"),
    }
}

fn message(request: &WireRequest) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method, request.target).into_bytes();
    for (name, value) in &request.headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend(latin1(value));
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(request.body.as_deref().unwrap_or_default());
    bytes
}

/// Bytes that have come and are not yet used.
struct Incoming<'a, R> {
    reader: &'a mut R,
    bytes: Vec<u8>,
}

impl<R: AsyncReadExt + Unpin> Incoming<'_, R> {
    /// Reads on; `false` at the end of the stream.
    async fn more(&mut self) -> Result<bool, String> {
        if self.bytes.len() > ANSWER_BYTES_MAX {
            return Err("an answer without end".into());
        }
        Ok(self.reader.read_buf(&mut self.bytes).await.map_err(|e| e.to_string())? > 0)
    }

    /// Everything up to a mark, without it.
    async fn until(&mut self, mark: &[u8]) -> Result<Vec<u8>, String> {
        loop {
            if let Some(at) = self.bytes.windows(mark.len()).position(|w| w == mark) {
                let rest = self.bytes.split_off(at + mark.len());
                let mut part = std::mem::replace(&mut self.bytes, rest);
                part.truncate(at);
                return Ok(part);
            }
            if !self.more().await? {
                return Err("the connection ended inside the answer".into());
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>, String> {
        while self.bytes.len() < length {
            if !self.more().await? {
                return Err("the connection ended inside the body".into());
            }
        }
        let rest = self.bytes.split_off(length);
        Ok(std::mem::replace(&mut self.bytes, rest))
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        loop {
            let line = self.until(b"\r\n").await?;
            let line = String::from_utf8_lossy(&line);
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|e| format!("chunk size {line:?}: {e}"))?;
            if size == 0 {
                return Ok(body); // Trailers are not read: the connection is not used again.
            }
            body.extend(self.exactly(size).await?);
            self.until(b"\r\n").await?;
        }
    }
}

async fn read_answer<R: AsyncReadExt + Unpin>(
    reader: &mut R,
    head_only: bool,
) -> Result<WireResponse, String> {
    let mut incoming = Incoming { reader, bytes: Vec::new() };
    let mut answer = loop {
        let head = incoming.until(b"\r\n\r\n").await?;
        let answer = parse_head(&head)?;
        if answer.status >= 200 {
            break answer; // 1xx announce another answer.
        }
    };
    let header =
        |name: &str| answer.headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v);
    answer.body = if head_only || matches!(answer.status, 204 | 304) {
        Vec::new()
    } else if header("transfer-encoding").is_some_and(|v| v.to_lowercase().contains("chunked")) {
        incoming.chunks().await?
    } else if let Some(length) = header("content-length") {
        let length: usize = length.parse().map_err(|e| format!("Content-Length {length:?}: {e}"))?;
        incoming.exactly(length).await?
    } else {
        while incoming.more().await? {}
        incoming.bytes
    };
    Ok(answer)
}

fn parse_head(head: &[u8]) -> Result<WireResponse, String> {
    let head: String = String::from_utf8(head.to_vec())
        .unwrap_or_else(|e| e.as_bytes().iter().map(|b| *b as char).collect());
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status =
        first.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| format!("no status: {first}"))?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(k, v)| (k.to_owned(), v.trim().to_owned())).collect();
    Ok(WireResponse { status, headers, body: Vec::new() })
}
