//! A new configuration for a running server: everything that can fail first, then the swap.
//!
//! Requests in flight finish under the old configuration. Whatever is wrong with the new one, the old one stays whole;
//! what takes a restart is named and left as it is.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use crate::assembled::AssembledServer;
use crate::config::changes::{differing, for_a_restart};
use crate::config::until_restart::UntilRestart;
use crate::config::{Config, TlsFiles, fits};
use crate::logging::Log;
use crate::services::{Present, Services};
use crate::tls::{Read, Tls};

/// What can be changed, and by what it was started.
pub struct Reload {
    pub(crate) server: AssembledServer,
    /// The configuration of the start, by which everything is that takes a restart.
    pub(crate) started: Config,
    /// The one that counts at present.
    pub(crate) present: Config,
    pub(crate) services: Present,
    pub(crate) public_tls: Option<Tls>,
    pub(crate) admin_tls: Option<Tls>,
    pub(crate) log: Log,
}

impl Reload {
    /// Takes the new configuration, and says which keys take a restart; or says why not, and nothing has changed.
    pub async fn take(&mut self, wanted: &Config) -> Result<Vec<String>> {
        stays_guarded(&self.started, wanted)?;
        let UntilRestart { config, public_waits, admin_waits } = UntilRestart::of(&self.present, wanted);
        fits(&config).context("beside what is so until a restart")?;
        let mut waiting = for_a_restart(&self.started, wanted);
        waiting.extend(differing(&config, wanted));
        let read = |tls: &Option<Tls>, files: Option<TlsFiles>, waits: bool, key: &'static str| {
            let both = tls.as_ref().zip(files).filter(|_| !waits);
            both.map(|(tls, files)| tls.read(files).context(key)).transpose()
        };
        let public = read(&self.public_tls, config.public.tls(), public_waits, "public.tls_cert")?;
        let admin = read(&self.admin_tls, config.admin.tls(), admin_waits, "admin.tls_cert")?;
        let server = self.server.with_faces_of(&config).await?;
        let services = Services::of(&server, &config)?;
        // From here on nothing can fail.
        take(&self.public_tls, public);
        take(&self.admin_tls, admin);
        self.log.change(&config.log);
        self.services.store(Arc::new(services));
        self.present = config;
        Ok(waiting.into_iter().collect())
    }

    /// The same, with what comes of it in the log: nobody waits for an answer to a signal.
    pub async fn take_and_say(&mut self, wanted: Result<Config>) {
        let outcome = match wanted {
            Ok(wanted) => self.take(&wanted).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(for_a_restart) => {
                tracing::info!("the new configuration is in use");
                if !for_a_restart.is_empty() {
                    let keys = for_a_restart.join(", ");
                    tracing::warn!(keys, "these changes take a restart; until then the old values hold");
                }
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the new configuration can't be used; the old one stays");
            }
        }
    }
}

/// Where the admin listener is bound changes at a restart only: till then it must not stand open.
fn stays_guarded(started: &Config, wanted: &Config) -> Result<()> {
    let credential = wanted.admin.credential()?;
    let reachable = !started.admin.listen.ip().is_loopback();
    ensure!(
        !reachable || credential.is_some(),
        "admin.token_file: until a restart the listener is beyond loopback"
    );
    Ok(())
}

fn take(tls: &Option<Tls>, read: Option<Read>) {
    if let (Some(tls), Some(read)) = (tls, read) {
        tls.take(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a new configuration never opens a listener that others than this machine reach.
    #[test]
    fn the_admin_listener_keeps_a_credential_while_it_is_bound_beyond_loopback() {
        let (loopback, mut beyond) = (Config::default(), Config::default());
        beyond.admin.listen = ([0, 0, 0, 0], 4434).into();
        beyond.admin.token = "0123456789abcdef".into();
        assert!(stays_guarded(&beyond, &loopback).is_err());
        let mut renewed = beyond.clone();
        renewed.admin.token = "fedcba9876543210".into();
        assert!(stays_guarded(&beyond, &renewed).is_ok());
        assert!(stays_guarded(&loopback, &loopback).is_ok());
    }
}
