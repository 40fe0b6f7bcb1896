//! Structured logs on standard error: JSON for machines, text for a terminal.
//!
//! The key `log` chooses how much, also while the server runs; `RUST_LOG`, where it is set, wins.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What is logged now, and the way to change it.
pub struct Log {
    change: Option<Change>,
}

type Change = Box<dyn Fn(EnvFilter) + Send + Sync>;

/// Whether a text says how much is logged.
pub(crate) fn is_sound(directives: &str) -> bool {
    EnvFilter::try_new(directives).is_ok()
}

fn filter(directives: &str) -> EnvFilter {
    // The configuration was checked; what stands in `RUST_LOG` was not, and counts only if it is sound.
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(directives))
}

impl Log {
    /// Begins to log.
    pub fn to_stderr(directives: &str) -> Self {
        let log = tracing_subscriber::fmt().with_writer(std::io::stderr);
        // A subscriber that is gone logs nothing; there is nobody left to tell.
        let (installed, change): (_, Change) = if std::io::stderr().is_terminal() {
            let log = log.with_env_filter(filter(directives)).with_filter_reloading();
            let handle = log.reload_handle();
            (log.try_init(), Box::new(move |filter| drop(handle.reload(filter))))
        } else {
            let log = log.json().with_env_filter(filter(directives)).with_filter_reloading();
            let handle = log.reload_handle();
            (log.try_init(), Box::new(move |filter| drop(handle.reload(filter))))
        };
        if installed.is_err() {
            eprintln!("adieu: another log is installed already");
            return Self { change: None };
        }
        Self { change: Some(change) }
    }

    /// Logs as much as this says from now on.
    pub(crate) fn change(&self, directives: &str) {
        if let Some(change) = &self.change {
            change(filter(directives));
        }
    }
}
