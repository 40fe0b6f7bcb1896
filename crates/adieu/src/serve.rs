//! Serving: listeners with limits, graceful stop, the sweep beside it.
//!
//! Over the limit of connections, new ones wait in the system's backlog (HOME-LIMITS); a head that does not arrive
//! closes its connection; a stop lets requests in flight finish.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adieu_authority::Authority;
use adieu_http_kit::client::Peer;
use anyhow::{Context, Result};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::{Service, ServiceExt};

use crate::config::{Config, ListenerLimits};
use crate::house::House;

/// Listeners that are bound and not yet served.
pub struct Bound {
    public: TcpListener,
    admin: TcpListener,
}

impl Bound {
    /// Binds both listeners.
    pub async fn bind(config: &Config) -> Result<Self> {
        let bind = async |address: SocketAddr, key: &str| {
            TcpListener::bind(address)
                .await
                .with_context(|| format!("{key} = {address}: is another server running?"))
        };
        Ok(Self {
            public: bind(config.public.listen, "public.listen").await?,
            admin: bind(config.admin.listen, "admin.listen").await?,
        })
    }

    /// The public listener's address.
    pub fn public(&self) -> Result<SocketAddr> {
        Ok(self.public.local_addr()?)
    }

    /// The admin listener's address.
    pub fn admin(&self) -> Result<SocketAddr> {
        Ok(self.admin.local_addr()?)
    }
}

/// Serves until `stop` becomes true, then drains.
pub async fn serve(bound: Bound, house: House, config: &Config, stop: watch::Receiver<bool>) -> Result<()> {
    let every = Duration::from_secs(config.keep.sweep_every_s.max(1));
    let sweeper = tokio::spawn(sweep(house.authority.clone(), every, stop.clone()));
    let public = listen(bound.public, house.public, config.limits.clone(), stop.clone());
    let admin = listen(bound.admin, house.admin, config.limits.clone(), stop);
    tokio::join!(public, admin);
    sweeper.await.context("the sweep")
}

/// Serves one listener.
async fn listen<S>(listener: TcpListener, service: S, limits: ListenerLimits, mut stop: watch::Receiver<bool>)
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.head_timeout_s))
        .max_buf_size(limits.head_bytes_max.max(8192));
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = tokio::select! {
            accepted = async { (place.await, listener.accept().await) } => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (Ok(place), Ok((stream, peer))) = accepted else {
            // Out of file descriptors, most likely: give connections in flight a moment to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let connection = connection(&http, stream, peer, service.clone());
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "connection closed");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(Duration::from_secs(limits.drain_timeout_s), graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still in flight when the time to drain was over");
    }
}

/// One connection: the peer's address goes into every request of it.
fn connection<S>(
    http: &http1::Builder,
    stream: TcpStream,
    peer: SocketAddr,
    service: S,
) -> http1::Connection<
    TokioIo<TcpStream>,
    impl hyper::service::HttpService<
        Incoming,
        ResBody = Body,
        Future: Send,
        Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    > + use<S>,
>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let _ = stream.set_nodelay(true); // A connection that can't is served all the same.
    let service = service.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        request
    });
    http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
}

/// Sweeps now and then, batch after batch while there is more.
async fn sweep(authority: Authority, every: Duration, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        loop {
            match authority.sweep().await {
                Ok(swept) if swept.more && !*stop.borrow() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(error = %error, "the sweep could not free space");
                    break;
                }
            }
        }
    }
}
