//! `adieu serve`: open, say where, serve, drain.
//!
//! A second signal is not needed: whatever does not drain in time is cut off.

use std::io::IsTerminal;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::config::Config;
use crate::house::House;
use crate::metering;
use crate::real::{SystemClock, SystemEntropy};
use crate::serve::{Bound, Serving};

/// Structured logs on standard error: JSON for machines, text for a terminal. `RUST_LOG` chooses how much.
pub(super) fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = if terminal { log.try_init() } else { log.json().try_init() };
    if installed.is_err() {
        eprintln!("adieu: another log is installed already");
    }
}

pub(super) async fn run(config: Config) -> Result<()> {
    metering::install();
    let bound = Bound::bind(&config).await?;
    let (public, admin) = (bound.public()?, bound.admin()?);
    let house = House::open(&config, &config.data, Arc::new(SystemClock), Arc::new(SystemEntropy))
        .await
        .with_context(|| format!("data folder {}", config.data.display()))?;
    tracing::info!(%public, %admin, data = %config.data.display(), url = config.public.url, "serving");
    if house.first_start {
        tracing::info!(
            "nobody can sign on yet: stop, make a user with `adieu user add NAME`, and start again"
        );
    }
    let (stop, stopped) = watch::channel(false);
    let waiting = tokio::spawn(async move {
        let said = told_to_stop().await;
        tracing::info!("stopping: requests in flight are finished");
        let _ = stop.send(true); // Nobody listens only when serving has ended already.
        said
    });
    Serving::new(bound, &house, &config)?.run(&config, stopped).await?;
    waiting.await.context("the signal handler")?
}

/// Waits for SIGTERM or Ctrl-C.
pub(super) async fn told_to_stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        pressed = tokio::signal::ctrl_c() => Ok(pressed?),
    }
}
