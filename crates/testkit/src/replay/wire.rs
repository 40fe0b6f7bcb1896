//! What the runner sends and gets back, and the trait by which it does.
//!
//! A request carries every header that must be on the wire, `Host` and `Content-Length` included: a wire adds
//! none and removes none.

use std::{future::Future, pin::Pin, time::SystemTime};

/// A boxed future, so that wires can stand behind `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One request, complete.
#[derive(Clone, Debug)]
pub struct WireRequest {
    /// The name of the listener the step addresses: `public`, `admin`.
    pub base: String,
    /// The method, as spelled in the scenario.
    pub method: String,
    /// Scheme and authority of the address, for a wire that must find the server: `http://127.0.0.1:4533`.
    pub origin: String,
    /// Path and query as they go on the request line.
    pub target: String,
    /// All headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body; `None` is no body at all.
    pub body: Option<Vec<u8>>,
}

impl WireRequest {
    /// The same request in the types of `http`, for a router in this process.
    ///
    /// # Errors
    /// When a part is not HTTP, such as a header value with a line break.
    pub fn into_http(self) -> Result<http::Request<Vec<u8>>, String> {
        let mut request = http::Request::builder().method(self.method.as_str()).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, latin1(value));
        }
        request
            .body(self.body.unwrap_or_default())
            .map_err(|e| format!("{} {}: {e}", self.method, self.target))
    }
}

/// One answer, complete.
#[derive(Clone, Debug, Default)]
pub struct WireResponse {
    /// The status code.
    pub status: u16,
    /// All headers, in order, repeated ones included.
    pub headers: Vec<(String, String)>,
    /// The body, transfer coding removed.
    pub body: Vec<u8>,
}

impl WireResponse {
    /// Takes over an answer of a router in this process, whose body has been collected.
    pub fn from_http<B: AsRef<[u8]>>(answer: &http::Response<B>) -> Self {
        let text = |v: &http::HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
        Self {
            status: answer.status().as_u16(),
            headers: answer.headers().iter().map(|(k, v)| (k.to_string(), text(v))).collect(),
            body: answer.body().as_ref().to_vec(),
        }
    }
}

/// The way to a server.
pub trait Wire: Send + Sync {
    /// Sends one request and collects the whole answer. An error is "no answer", with its reason.
    fn send(&self, request: WireRequest) -> BoxFuture<'_, Result<WireResponse, String>>;

    /// Lets time pass: really, or by advancing a frozen clock.
    fn wait(&self, seconds: f64) -> BoxFuture<'_, ()>;

    /// What `{{$now}}` stands for; a wire with a frozen clock says its own.
    #[expect(clippy::disallowed_methods, reason = "a real server's clock is the wall clock")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Header values go out as Latin-1 where they can, else as UTF-8.
pub(super) fn latin1(value: &str) -> Vec<u8> {
    value
        .chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect::<Option<_>>()
        .unwrap_or_else(|| value.into())
}
