//! `adieu serve`: open, say where, serve, drain; SIGHUP is another configuration.
//!
//! A second signal to stop is not needed: whatever does not drain in time is cut off.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::assembled::AssembledServer;
use crate::commands::service_manager;
use crate::config::Config;
use crate::engine;
use crate::logging::Log;
use crate::metering;
use crate::real::{SystemClock, SystemEntropy};
use crate::reload::Reload;
use crate::serve::{Bound, Serving};

/// Serves until it is told to stop; `again` reads the configuration anew.
pub(super) async fn run(
    config: Config,
    log: Log,
    again: impl Fn() -> Result<Config> + Send + Sync + 'static,
) -> Result<()> {
    // From the first moment on: unheard, this signal would end the process.
    let hangups = signal(SignalKind::hangup())?;
    metering::install();
    let bound = Bound::bind(&config).await?;
    let (public, admin) = (bound.public()?, bound.admin()?);
    let server =
        AssembledServer::open(&config, &config.data, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    tracing::info!(%public, %admin, store = engine::told(&config), url = config.public.url, "serving");
    if server.first_start {
        tracing::info!("nobody can sign on yet: make a user with `adieu user add NAME`");
    }
    let (stop, stopped) = watch::channel(false);
    let waiting = tokio::spawn(async move {
        let said = told_to_stop().await;
        tracing::info!("stopping: requests in flight are finished");
        service_manager::stopping();
        let _ = stop.send(true); // Nobody listens only when serving has ended already.
        said
    });
    let serving = Serving::new(bound, &server, &config)?;
    let reloading = tokio::spawn(reload(serving.reload(server, config.clone(), log), hangups, again));
    service_manager::serving(&format!("serving {} on {public}", config.public.url));
    serving.run(&config, stopped).await?;
    reloading.abort();
    waiting.await.context("the signal handler")?
}

/// Takes a new configuration at every SIGHUP.
async fn reload(mut reload: Reload, mut hangups: Signal, again: impl Fn() -> Result<Config>) {
    while hangups.recv().await.is_some() {
        let wanted = tokio::task::block_in_place(&again);
        reload.take_and_say(wanted).await;
    }
}

/// Waits for SIGTERM or Ctrl-C.
pub(super) async fn told_to_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        pressed = tokio::signal::ctrl_c() => Ok(pressed?),
    }
}
