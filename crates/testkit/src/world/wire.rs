//! Recorded scenarios against the server in this process: waiting moves the clock.
//!
//! Nothing goes over a socket.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use adieu::assembled::AssembledServer;
use adieu_core::{Clock, Span};
use adieu_http_kit::client::Peer;
use adieu_http_kit::forwarded::{Trusted, origin};
use axum::body::Body;

use crate::replay::{BoxFuture, Wire, WireRequest, WireResponse};
use crate::world::World;

/// The way to a [`World`].
pub struct WorldWire<'a> {
    world: &'a World,
    server: AssembledServer,
}

impl<'a> WorldWire<'a> {
    /// A wire to this world.
    pub fn to(world: &'a World) -> Self {
        Self { world, server: world.server().clone() }
    }
}

impl Wire for WorldWire<'_> {
    fn send(&self, request: WireRequest) -> BoxFuture<'_, Result<WireResponse, String>> {
        Box::pin(async move {
            let admin = request.base == "admin";
            let mut request = request.into_http()?.map(Body::from);
            let peer = ([127, 0, 0, 1], 48_386).into();
            let response = if admin {
                request.extensions_mut().insert(Peer(peer));
                self.server.admin.begin(request).await
            } else {
                let public = &self.world.config().public;
                let trusted = Trusted::parse(&public.trusted_proxies).map_err(|error| error.to_string())?;
                let (peer, via) = origin(peer, request.headers(), &trusted, public.proxy_style());
                request.extensions_mut().insert(peer);
                if let Some(via) = via {
                    request.extensions_mut().insert(via);
                }
                self.server.public.begin(request).await
            };
            let (parts, body) = response.unwrap_or_else(|never| match never {}).into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.map_err(|error| error.to_string())?;
            Ok(WireResponse::from_http(&axum::http::Response::from_parts(parts, body)))
        })
    }

    fn wait(&self, seconds: f64) -> BoxFuture<'_, ()> {
        self.world.clock().advance(Span::from_ms((seconds * 1000.0) as i64));
        Box::pin(std::future::ready(()))
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(u64::try_from(self.world.clock().now().ms()).unwrap_or(0))
    }
}
