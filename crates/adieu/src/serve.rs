//! Serving: both listeners, graceful stop, and beside them the outbox, the clock of sessions that clients share, the sweep, the
//! metrics and the watch over certificates.
//!
//! What a listener allows is in `listener`, who gets a place and who gives way in `places`, what a connection may do in
//! `connection`, who is let in and as whom in `entry`, what bodies may hold in `bodies`.

mod activity;
mod bodies;
mod connection;
mod entry;
mod listener;
mod places;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use adieu_authority::Authority;
use adieu_outbox::Outbox;
use adieu_store_sqlite::Folder;
use adieu_workers::Priority;
use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use crate::assembled::AssembledServer;
use crate::config::{Config, TlsFiles};
use crate::logging::Log;
use crate::metering;
use crate::reload::Reload;
use crate::serve::entry::Side;
use crate::serve::listener::Listener;
use crate::services::{Present, Services};
use crate::tls::Tls;

/// Listeners that are bound and not yet served.
pub struct Bound {
    public: Socket,
    admin: Socket,
}

struct Socket {
    listener: TcpListener,
    tls: Option<Tls>,
}

impl Socket {
    async fn bind(address: SocketAddr, tls: Option<TlsFiles>, section: &'static str) -> Result<Self> {
        let tls = tls
            .map(|files| Tls::with(files, section))
            .transpose()
            .with_context(|| format!("{section}.tls_cert, {section}.tls_key"))?;
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("{section}.listen = {address}: is another server running?"))?;
        Ok(Self { listener, tls })
    }
}

impl Bound {
    /// Binds both listeners and reads their certificates.
    pub async fn bind(config: &Config) -> Result<Self> {
        Ok(Self {
            public: Socket::bind(config.public.listen, config.public.tls(), "public").await?,
            admin: Socket::bind(config.admin.listen, config.admin.tls(), "admin").await?,
        })
    }

    /// The public listener's address.
    pub fn public(&self) -> Result<SocketAddr> {
        Ok(self.public.listener.local_addr()?)
    }

    /// The admin listener's address.
    pub fn admin(&self) -> Result<SocketAddr> {
        Ok(self.admin.listener.local_addr()?)
    }
}

/// A server behind bound listeners.
pub struct Serving {
    bound: Bound,
    authority: Authority,
    outbox: Outbox,
    services: Present,
}

impl Serving {
    /// Puts a server behind listeners.
    pub fn new(bound: Bound, server: &AssembledServer, config: &Config) -> Result<Self> {
        let services = Present::new(ArcSwap::from_pointee(Services::of(server, config)?));
        let outbox = server.outbox(config)?;
        Ok(Self { bound, authority: server.authority.clone(), outbox, services })
    }

    /// The way to give it another configuration while it runs.
    pub fn reload(&self, server: AssembledServer, started: Config, log: Log) -> Reload {
        Reload {
            server,
            present: started.clone(),
            started,
            services: self.services.clone(),
            public_tls: self.bound.public.tls.clone(),
            admin_tls: self.bound.admin.tls.clone(),
            log,
        }
    }

    /// Serves until `stop` becomes true, then drains.
    pub async fn run(self, config: &Config, stop: watch::Receiver<bool>) -> Result<()> {
        let every = Duration::from_secs(config.keep.sweep_every_s.max(1));
        let mut beside = tokio::task::JoinSet::new();
        // A database has no restored folder to wait for.
        let folder = config.store.options().is_none().then(|| config.data.clone());
        beside.spawn(tell(self.authority.clone(), self.outbox, folder, stop.clone()));
        beside.spawn(metering::keep(self.authority.clone(), stop.clone()));
        beside.spawn(expire(self.authority.clone(), stop.clone()));
        beside.spawn(sweep(self.authority.clone(), every, stop.clone()));
        for tls in [&self.bound.public.tls, &self.bound.admin.tls].into_iter().flatten() {
            beside.spawn(tls.clone().watch(stop.clone()));
        }
        let listener = |side, tls| Listener {
            side,
            tls,
            services: self.services.clone(),
            limits: config.limits.clone(),
            stop: stop.clone(),
        };
        let public = listener(Side::Public, self.bound.public.tls).serve(self.bound.public.listener);
        let admin = listener(Side::Admin, self.bound.admin.tls).serve(self.bound.admin.listener);
        tokio::join!(public, admin);
        while let Some(ended) = beside.join_next().await {
            ended.context("what runs beside the listeners")?;
        }
        self.authority.close().await;
        Ok(())
    }
}

/// How often a restored folder is looked at whose server tells nobody yet.
const UNTOLD_EVERY: Duration = Duration::from_millis(500);

/// Tells of endings; over a restored folder only once that has taken the place of the one that was backed up (decision 0086).
async fn tell(authority: Authority, outbox: Outbox, data: Option<PathBuf>, mut stop: watch::Receiver<bool>) {
    if let Some(data) = data.filter(|data| Folder::is_untold(data)) {
        tracing::warn!(
            data = %data.display(),
            "this data folder was restored: no application is told of any ending until `adieu take-over`"
        );
        metering::notices_held(true);
        while Folder::is_untold(&data) {
            tokio::select! {
                () = tokio::time::sleep(UNTOLD_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
        tracing::info!("this data folder takes over: applications are told from now on");
    }
    authority.hold_notices(false);
    metering::notices_held(false);
    carry(outbox, stop).await;
}

/// Carries notices on a thread of their own: the caller of an ending has its answer, and whoever asks for a check waits for one.
async fn carry(outbox: Outbox, stop: watch::Receiver<bool>) {
    let (done, told) = oneshot::channel::<()>();
    let rounds = move || {
        Priority::Low.of_this_thread();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("the system has a descriptor left at start").block_on(outbox.run(stop));
        let _ = done.send(()); // Nobody listens where the server is gone.
    };
    thread::Builder::new()
        .name("outbox".to_owned())
        .spawn(rounds)
        .expect("the system has a thread left at start");
    told.await.expect("the outbox ended without a panic");
}

/// How late clients may begin to be told that a session is over by its time.
const EXPIRED_EVERY: Duration = Duration::from_secs(1);

/// Ends what clients share and what is over, every second.
async fn expire(authority: Authority, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(EXPIRED_EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        loop {
            match authority.expire_shared().await {
                Ok(ended) if ended.more && !*stop.borrow() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(error = %error, "sessions that are over by their time wait to be told of");
                    break;
                }
            }
        }
    }
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
