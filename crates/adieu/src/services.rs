//! What answers requests, as the present configuration makes it: swapped whole when the configuration changes.
//!
//! A running request keeps what it began with; the next one, of the same connection too, gets the new.

use std::sync::Arc;

use adieu_http_kit::forwarded::{Style, Trusted};
use adieu_http_kit::service::FaceService;
use anyhow::Result;
use arc_swap::ArcSwap;

use crate::admin::AdminSide;
use crate::assembled::AssembledServer;
use crate::config::Config;
use crate::dispatch::Dispatcher;

/// Both sides, and whom they believe.
pub(crate) struct Services {
    /// The public side.
    pub(crate) public: FaceService<Dispatcher>,
    /// The admin side.
    pub(crate) admin: FaceService<AdminSide>,
    /// The proxies in front of the public side.
    pub(crate) trusted: Trusted,
    /// Which headers they write.
    pub(crate) style: Style,
}

/// The services as they are now, for everybody who serves.
pub(crate) type Present = Arc<ArcSwap<Services>>;

impl Services {
    /// The services of a server.
    pub(crate) fn of(server: &AssembledServer, config: &Config) -> Result<Self> {
        Ok(Self {
            public: server.public.clone(),
            admin: server.admin.clone(),
            trusted: Trusted::parse(&config.public.trusted_proxies)?,
            style: config.public.proxy_style(),
        })
    }
}
