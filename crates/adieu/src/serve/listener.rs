//! One listener: it accepts while there are places, and drains when it is told to stop.
//!
//! Over the limit of connections, new ones wait in the system's backlog (HOME-LIMITS). Everything slow, the TLS
//! handshake included, happens in the connection's own task (ONE-SLOW-HURTS-NONE).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::config::ListenerLimits;
use crate::serve::connection::{Connections, Rules};
use crate::serve::entry::{Entry, Side};
use crate::services::Present;
use crate::tls::{H2, Tls};

/// What a listener needs to serve.
pub(super) struct Listener {
    pub(super) side: Side,
    pub(super) tls: Option<Tls>,
    pub(super) services: Present,
    pub(super) limits: ListenerLimits,
    pub(super) stop: watch::Receiver<bool>,
}

impl Listener {
    /// Serves until it is told to stop, then lets requests in flight finish.
    pub(super) async fn serve(mut self, socket: TcpListener) {
        let places = Arc::new(Semaphore::new(self.limits.connections_max));
        let connections = Arc::new(Connections::new(Rules::of(&self.limits), self.stop.clone()));
        loop {
            let place = Arc::clone(&places).acquire_owned();
            let accepted = tokio::select! {
                accepted = async { (place.await, socket.accept().await) } => accepted,
                _ = self.stop.wait_for(|stop| *stop) => break,
            };
            let (Ok(place), Ok((stream, peer))) = accepted else {
                // Out of file descriptors, most likely: give connections in flight a moment to end.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let _ = stream.set_nodelay(true); // A connection that can't is served all the same.
            let connection = self.connection(&connections, stream, peer);
            tokio::spawn(async move {
                connection.await;
                drop(place);
            });
        }
        drop(socket);
        // Whoever holds all places holds the last one that was given out.
        let all = u32::try_from(self.limits.connections_max).unwrap_or(u32::MAX);
        let drained =
            tokio::time::timeout(Duration::from_secs(self.limits.drain_timeout_s), places.acquire_many(all));
        if drained.await.is_err() {
            tracing::warn!("some requests were still in flight when the time to drain was over");
        }
    }

    /// One connection from its first byte to its last.
    fn connection(
        &self,
        connections: &Arc<Connections>,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> impl Future<Output = ()> + use<> {
        let entry = Entry::new(self.side, self.services.clone(), peer, self.tls.is_some());
        let (tls, connections) = (self.tls.clone(), Arc::clone(connections));
        let patience = Duration::from_secs(self.limits.handshake_timeout_s);
        let mut stop = self.stop.clone();
        async move {
            let Some(tls) = tls else { return connections.http1(stream, entry).await };
            let shaken = tokio::select! {
                shaken = tokio::time::timeout(patience, tls.acceptor.accept(stream)) => shaken,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            match shaken {
                Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(H2) => {
                    connections.http2(stream, entry).await;
                }
                Ok(Ok(stream)) => connections.http1(stream, entry).await,
                Ok(Err(error)) => tracing::debug!(error = %error, "no TLS handshake"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
        }
    }
}
