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
        let stdin = std::io::stdin();
        if self.yes {
            return Ok(());
        }
        if !stdin.is_terminal() {
            let text = format!("{what}: nothing was done, because nobody is at a terminal to ask; say --yes");
            return Err(CommandFailure::new(ExitStatus::Usage, text).into());
        }
        let mut terminal = std::io::stderr();
        write!(terminal, "{what}? [y/N] ").and_then(|()| terminal.flush()).context("the terminal")?;
        let mut line = String::new();
        stdin.lock().read_line(&mut line).context("the terminal")?;
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(CommandFailure::new(ExitStatus::Failed, "nothing was done").into()),
        }
    }
}
