//! Why a command did not do what it was asked, and the exit code that says so to programs.
//!
//! The codes are a promise of the command line; `docs/native-api.md` has them.

use std::fmt;

use adieu_store_postgres::OpenError;
use serde_json::Value;

/// How a command ends that did not do its work. Most wrong usage (2) is said by the parser of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExitStatus {
    /// It failed; the reason is on standard error.
    Failed = 1,
    /// It lacks what it needs to be done, such as a yes.
    Usage = 2,
    /// What it names does not exist.
    NotFound = 3,
    /// Nobody can tell whether it was done, or the server does not answer.
    CannotTell = 4,
}

/// A failure with its exit code.
#[derive(Debug)]
pub(super) struct CommandFailure {
    exit: ExitStatus,
    text: String,
}

impl CommandFailure {
    pub(super) fn new(exit: ExitStatus, text: impl Into<String>) -> Self {
        Self { exit, text: text.into() }
    }

    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new(ExitStatus::NotFound, text)
    }

    /// What an answer of the API comes to.
    pub(super) fn answered(status: u16, problem: &Value) -> Self {
        let exit = match status {
            404 => ExitStatus::NotFound,
            503 => ExitStatus::CannotTell,
            _ => ExitStatus::Failed,
        };
        let hint = if status == 401 { " (admin.token_file of the configuration)" } else { "" };
        let text = match (problem["title"].as_str(), problem["detail"].as_str()) {
            // What is not there is named by the detail.
            (Some(_), Some(detail)) if status == 404 => detail.to_owned(),
            (Some(title), Some(detail)) => format!("{title}: {detail}{hint}"),
            _ => format!("the server answers {status}; is this its admin listener?"),
        };
        Self::new(exit, text)
    }
}

impl fmt::Display for CommandFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for CommandFailure {}

/// What an error says, with its causes; a cause that the text before has already is not said again.
pub(super) fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told.push_str(": ");
            told.push_str(&cause);
        }
    }
    told
}

/// The exit code of a command that did not do its work.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let said = error.downcast_ref::<CommandFailure>().map(|failure| failure.exit);
    let away = || matches!(error.downcast_ref(), Some(OpenError::Unreachable(_) | OpenError::Full(_)));
    said.unwrap_or(if away() { ExitStatus::CannotTell } else { ExitStatus::Failed }) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the database can't be opened: {}; restore it", self.0)
        }
    }

    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn of_a_database_that_is_away_nobody_can_tell() {
        let away = || anyhow::Error::new(OpenError::Unreachable("nobody answers".into()));
        assert_eq!(exit_code(&away().context("PostgreSQL database adieu at db:5432")), 4);
        assert_eq!(exit_code(&anyhow::Error::new(OpenError::KeyOfAnother)), 1);
    }

    #[test]
    fn nothing_is_said_twice() {
        let error = anyhow::Error::new(Outer(std::io::Error::other("disk I/O error"))).context("data");
        assert_eq!(told(&error), "data: the database can't be opened: disk I/O error; restore it");
        assert_eq!(told(&anyhow::anyhow!("one").context("two")), "two: one");
    }
}
