//! Asking before what cannot be undone: on a terminal by a question, elsewhere by `--yes`.
//!
//! Nothing is taken for a yes but `y` and `yes`.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, Result};

use crate::commands::failure::{CommandFailure, ExitStatus};

/// Whether it is to be done.
#[derive(clap::Args)]
pub struct Confirmation {
    /// Do it without a question; needed where nobody is at a terminal.
    #[arg(long)]
    yes: bool,
}

impl Confirmation {
    /// Comes back if it is to be done.
    pub(super) fn of(&self, what: &str) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() {
            let text = format!("{what}: nothing was done, because nobody is at a terminal to ask; say --yes");
            return Err(CommandFailure::new(ExitStatus::Usage, text).into());
        }
        if asked(what)? {
            return Ok(());
        }
        Err(CommandFailure::new(ExitStatus::Failed, "nothing was done").into())
    }
}

/// What whoever is at the terminal says to it.
pub(super) fn asked(what: &str) -> Result<bool> {
    let mut terminal = std::io::stderr();
    write!(terminal, "{what}? [y/N] ").and_then(|()| terminal.flush()).context("the terminal")?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("the terminal")?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}
