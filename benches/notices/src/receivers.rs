//! Receivers on loopback: each answers 204 at once, or never.
//!
//! HTTP/1.1 by hand, so that they cost next to nothing beside what is measured.

use std::io::Write;
use std::sync::mpsc::{Sender, channel};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Serves until the process is killed.
pub(crate) async fn serve(count: usize, hanging: usize) -> Result<()> {
    let (said, lines) = channel::<(u16, u128)>();
    let mut ports = Vec::new();
    for number in 0..count {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        ports.push(port.to_string());
        let (said, hangs) = (said.clone(), number + hanging >= count);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, port, hangs, said.clone()));
            }
        });
    }
    println!("{}", ports.join(" "));
    tokio::task::spawn_blocking(move || {
        let mut output = std::io::stdout().lock();
        while let Ok(first) = lines.recv() {
            for (port, at) in std::iter::once(first).chain(lines.try_iter()) {
                writeln!(output, "{port} {at}")?;
            }
            output.flush()?;
        }
        Ok(())
    })
    .await
    .context("the writer of lines")?
}

async fn answer(mut stream: TcpStream, port: u16, hangs: bool, said: Sender<(u16, u128)>) {
    let _ = stream.set_nodelay(true);
    let mut bytes = Vec::with_capacity(4096);
    loop {
        if let Some(length) = whole_request(&bytes) {
            bytes.drain(..length);
            if hangs {
                return std::future::pending().await;
            }
            if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
                return;
            }
            // Who has gone away measures nothing any more.
            let _ = said.send((port, now_ns()));
            continue;
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// The length of the request that stands at the beginning, once all of it is there.
fn whole_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&bytes[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = head + 4 + length.unwrap_or(0);
    (bytes.len() >= whole).then_some(whole)
}

/// Nanoseconds since 1970: what two processes of one machine can compare.
#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
fn now_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}
