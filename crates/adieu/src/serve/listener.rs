//! One listener: it accepts while there are places, and drains when it is told to stop.
//!
//! Who gets a place is decided in `places`; while all are busy, new connections wait in the system's backlog (HOME-LIMITS).
//! Everything slow, the TLS handshake included, happens in the connection's own task (ONE-SLOW-HURTS-NONE).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use crate::config::ListenerLimits;
use crate::serve::bodies::BodyBytes;
use crate::serve::connection::{Connections, Rules};
use crate::serve::entry::{Entry, Side, Speaker};
use crate::serve::places::{ConnectionPlace, ConnectionPlaces};
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
    pub(super) async fn serve(self, socket: TcpListener) {
        let (places, mut stop) = (ConnectionPlaces::new(&self.limits), self.stop.clone());
        let connections = Arc::new(Connections::new(Rules::of(&self.limits), self.stop.clone()));
        let bodies = BodyBytes::new(&self.limits);
        // Every connection holds one end until it is over.
        let (open, mut all_over) = mpsc::channel::<()>(1);
        loop {
            let accepted = tokio::select! {
                accepted = self.accepted(&socket, &places) => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            let (stream, peer, place) = match accepted {
                Ok(Some(accepted)) => accepted,
                Ok(None) => continue,
                Err(_) => {
                    // Out of file descriptors, most likely: give connections in flight a moment to end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true); // A connection that can't is served all the same.
            let connection = self.connection((&connections, &bodies), stream, peer, place);
            let open = open.clone();
            tokio::spawn(async move {
                connection.await;
                drop(open);
            });
        }
        drop((socket, open));
        let drained = tokio::time::timeout(Duration::from_secs(self.limits.drain_timeout_s), all_over.recv());
        if drained.await.is_err() {
            tracing::warn!("some requests were still in flight when the time to drain was over");
        }
    }

    /// The next connection, if there is a place for it; one without a place is closed.
    async fn accepted(
        &self,
        socket: &TcpListener,
        places: &Arc<ConnectionPlaces>,
    ) -> std::io::Result<Option<(TcpStream, SocketAddr, ConnectionPlace)>> {
        let (stream, peer) = socket.accept().await?;
        let address = peer.ip().to_canonical();
        let exempt = self.side == Side::Public && self.services.load().trusted.contains(address);
        let place = places.take(address, exempt).await;
        if place.is_none() {
            tracing::debug!(%address, "connection closed: its address has all the places that it may have");
        }
        Ok(place.map(|place| (stream, peer, place)))
    }

    /// One connection from its first byte to its last.
    fn connection(
        &self,
        (connections, bodies): (&Arc<Connections>, &Arc<BodyBytes>),
        stream: TcpStream,
        peer: SocketAddr,
        place: ConnectionPlace,
    ) -> impl Future<Output = ()> + use<> {
        let speaker = Speaker { peer, tls: self.tls.is_some(), place: Arc::new(place) };
        let entry = Entry::new(self.side, self.services.clone(), speaker, Arc::clone(bodies));
        let place = entry.place();
        let (tls, connections) = (self.tls.clone(), Arc::clone(connections));
        let patience = Duration::from_secs(self.limits.handshake_timeout_s);
        let mut stop = self.stop.clone();
        async move {
            let Some(tls) = tls else { return connections.http1(stream, entry).await };
            let shaken = tokio::select! {
                shaken = tokio::time::timeout(patience, tls.acceptor.accept(stream)) => shaken,
                () = place.must_go() => return,
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
