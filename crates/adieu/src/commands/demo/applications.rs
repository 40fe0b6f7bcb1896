//! The two applications of the demo that are told of endings: a little server on loopback, beside the one that is shown.
//!
//! What they are sent is written down, and verified by whoever tells the story.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::routing::post;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the server knows.
#[derive(Clone)]
struct Desk {
    notices: Notices,
    /// Whether the second application answers.
    open: watch::Receiver<bool>,
    /// How often the second application was asked.
    asked: watch::Sender<u32>,
}

/// Logout tokens as they came, by the path that they came to.
type Notices = Arc<Mutex<Vec<(&'static str, String)>>>;

/// Where the first application is told.
pub(super) const SHOP: &str = "/shop";
/// Where the second one is told, which answers nobody until it is opened.
pub(super) const DESK: &str = "/desk";

/// The server of both.
pub(super) struct Applications {
    base: String,
    notices: Notices,
    open: watch::Sender<bool>,
    asked: watch::Receiver<u32>,
    serving: JoinHandle<std::io::Result<()>>,
}

#[derive(Deserialize)]
struct Notice {
    logout_token: String,
}

impl Applications {
    /// Listens on a free port of this machine.
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let (open, is_open) = watch::channel(false);
        let (asks, asked) = watch::channel(0);
        let notices = Notices::default();
        let state = Desk { notices: Arc::clone(&notices), open: is_open, asked: asks };
        let routes = Router::new().route(SHOP, post(shop)).route(DESK, post(desk)).with_state(state);
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { base, notices, open, asked, serving })
    }

    /// The address at which an application is told.
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Waits until the second application was asked once.
    pub(super) async fn desk_is_asked(&mut self) -> Result<()> {
        self.asked.wait_for(|times| *times > 0).await?;
        Ok(())
    }

    /// Lets the second application answer from now on.
    pub(super) fn open_desk(&self) {
        self.open.send_replace(true);
    }

    /// The tokens that an application has taken.
    pub(super) fn tokens(&self, path: &str) -> Vec<String> {
        let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.iter().filter(|(to, _)| *to == path).map(|(_, token)| token.clone()).collect()
    }
}

impl Drop for Applications {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn shop(State(desk): State<Desk>, Form(notice): Form<Notice>) -> StatusCode {
    desk.takes(SHOP, notice)
}

async fn desk(State(mut desk): State<Desk>, Form(notice): Form<Notice>) -> StatusCode {
    desk.asked.send_modify(|times| *times += 1);
    if desk.open.wait_for(|open| *open).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE; // The demo is over.
    }
    desk.takes(DESK, notice)
}

impl Desk {
    fn takes(&self, path: &'static str, notice: Notice) -> StatusCode {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push((path, notice.logout_token));
        StatusCode::NO_CONTENT
    }
}
