//! Structured logs on standard error: JSON for machines, text for a terminal.
//!
//! The key `log` chooses how much, also while the server runs; `RUST_LOG`, where it is set, wins.

use std::io::{IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::logging::line::{JsonLine, SpanFields};

mod line;
mod request_line;

pub(crate) use request_line::RequestLine;

/// What is logged now, and the way to change it.
pub struct Log {
    change: Option<Change>,
}

type Change = Box<dyn Fn(EnvFilter) + Send + Sync>;

/// What [`is_sound`] takes.
pub(crate) const WANTED: &str =
    "a level is wanted (error, warn, info, debug, trace, off), or directives such as info,adieu=debug";

/// Whether a text says how much is logged. A word alone that is no level would be the name of a target, and silence for all
/// others: whoever writes `verbose` does not mean that.
pub(crate) fn is_sound(directives: &str) -> bool {
    // An empty directive would be read as the level `error`.
    let level = |text: &str| !text.is_empty() && text.parse::<LevelFilter>().is_ok();
    let named = |directive: &str| directive.contains(['=', '[']) || level(directive.trim());
    EnvFilter::try_new(directives).is_ok() && directives.split(',').all(named)
}

fn filter(directives: &str) -> EnvFilter {
    // The configuration was checked; what stands in `RUST_LOG` was not, and counts only if it is sound.
    let wins = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|directives| is_sound(directives));
    EnvFilter::new(wins.as_deref().unwrap_or(directives))
}

impl Log {
    /// Begins to log.
    pub fn to_stderr(directives: &str) -> Self {
        // The reader of the log may go away. That is no reason to stop, and there is no place to report it.
        let log = tracing_subscriber::fmt().with_writer(std::io::stderr).log_internal_errors(false);
        // A subscriber that is gone logs nothing; there is nobody left to tell.
        let (installed, change): (_, Change) = if std::io::stderr().is_terminal() {
            let log = log.with_env_filter(filter(directives)).with_filter_reloading();
            let handle = log.reload_handle();
            (log.try_init(), Box::new(move |filter| drop(handle.reload(filter))))
        } else {
            let log = log.fmt_fields(SpanFields).event_format(JsonLine::new());
            let log = log.with_env_filter(filter(directives)).with_filter_reloading();
            let handle = log.reload_handle();
            (log.try_init(), Box::new(move |filter| drop(handle.reload(filter))))
        };
        if installed.is_err() {
            note("another log is installed already");
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

/// One line for the operator, on standard error. It is no failure if it is not read.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "adieu: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F-20: `log = "verbose"` was no log at all.
    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for good in
            ["info", "WARN", "off", "info,adieu=debug", "adieu=debug", "info,adieu[a{b=1}]=trace", "3"]
        {
            assert!(is_sound(good), "{good}");
        }
        for bad in ["verbose", "info,verbose", "info,adieu=everything", "", "info,,debug", "info debug"] {
            assert!(!is_sound(bad), "{bad}");
        }
    }
}
