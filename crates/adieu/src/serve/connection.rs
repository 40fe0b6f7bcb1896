//! One connection: HTTP/1.1 or HTTP/2 within its bounds, until it is idle for too long, or the server stops.
//!
//! A head that does not arrive closes a connection of HTTP/1.1; one of HTTP/2 closes when nothing was asked on it for as
//! long. One that waits while another needs its place is closed. Who is asked to end and does not is cut off when the time to
//! drain is over.

use std::pin::pin;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::config::ListenerLimits;
use crate::serve::activity::Activity;
use crate::serve::entry::Entry;

/// Requests of one HTTP/2 connection that are answered at once; a browser that has more waits for itself.
const STREAMS_MAX: u32 = 100;
/// How often a peer of HTTP/2 that says nothing is asked whether it is there, and how long it has to say so.
const PING: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));
/// hyper refuses smaller buffers.
const BUFFER_BYTES_MIN: usize = 8192;

/// The bounds of a connection.
pub(super) struct Rules {
    head_bytes_max: usize,
    head_timeout: Duration,
    drain_timeout: Duration,
}

impl Rules {
    pub(super) fn of(limits: &ListenerLimits) -> Self {
        Self {
            head_bytes_max: limits.head_bytes_max.max(BUFFER_BYTES_MIN),
            head_timeout: Duration::from_secs(limits.head_timeout_s),
            drain_timeout: Duration::from_secs(limits.drain_timeout_s),
        }
    }
}

/// How the connections of a listener are served.
pub(super) struct Connections {
    one: Builder<TokioExecutor>,
    two: Builder<TokioExecutor>,
    rules: Rules,
    stop: watch::Receiver<bool>,
}

impl Connections {
    pub(super) fn new(rules: Rules, stop: watch::Receiver<bool>) -> Self {
        let mut one = Builder::new(TokioExecutor::new());
        one.http1()
            // Answers are small: one write with one buffer costs the kernel less than one with two.
            .writev(false)
            .timer(TokioTimer::new())
            .header_read_timeout(rules.head_timeout)
            .max_buf_size(rules.head_bytes_max);
        let mut two = Builder::new(TokioExecutor::new());
        two.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(u32::try_from(rules.head_bytes_max).unwrap_or(u32::MAX))
            .keep_alive_interval(PING.0)
            .keep_alive_timeout(PING.1);
        Self { one: one.http1_only(), two: two.http2_only(), rules, stop }
    }

    /// Serves HTTP/1.1. Its limit for heads also closes what is idle.
    pub(super) async fn http1<S>(&self, stream: S, entry: Entry)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        self.drive(&self.one, stream, entry, std::future::pending()).await;
    }

    /// Serves HTTP/2.
    pub(super) async fn http2<S>(&self, stream: S, entry: Entry)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let idle = idle(entry.activity(), self.rules.head_timeout);
        self.drive(&self.two, stream, entry, idle).await;
    }

    async fn drive<S>(
        &self,
        http: &Builder<TokioExecutor>,
        stream: S,
        entry: Entry,
        idle: impl Future<Output = ()>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (place, activity) = (entry.place(), entry.activity());
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), entry));
        let mut stop = self.stop.clone();
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => Ok(ended),
            () = idle => Err(()),
            () = place.must_go() => {
                if activity.keeps_us_waiting() {
                    return tracing::debug!("connection closed: another one needed its place");
                }
                Err(())
            }
            _ = stop.wait_for(|stop| *stop) => Err(()),
        };
        let ended = match ended {
            Ok(ended) => ended,
            Err(()) => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(self.rules.drain_timeout, connection).await {
                    Ok(ended) => ended,
                    Err(_) => {
                        return tracing::debug!("connection cut off: it did not end when it was asked to");
                    }
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error = %error, "connection closed");
        }
    }
}

/// Returns when nothing was asked, and nothing is being answered, for a whole turn.
async fn idle(activity: Activity, turn: Duration) {
    let mut asked = 0;
    loop {
        tokio::time::sleep(turn).await;
        let now = activity.asked();
        if now == asked && activity.in_flight() == 0 {
            return;
        }
        asked = now;
    }
}
