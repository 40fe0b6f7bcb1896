//! `adieu receivers`: those who are told of endings, or were, and how each does.
//!
//! The API's own words; whether one fails is decided in core.

use anyhow::Result;

use crate::commands::api::Reach;
use crate::commands::people::{open, say_more, text};
use crate::commands::{ids, runtime, shown};

/// Those who are told of endings: clients and subscribers with an address, and those that were told before.
#[derive(clap::Args)]
pub struct ReceiversCommand {
    /// At most so many.
    #[arg(long, default_value_t = 100, value_parser = ids::limit)]
    limit: usize,
    /// How the API is reached.
    #[command(flatten)]
    reach: Reach,
}

const COLUMNS: [(&str, &str); 10] = [
    ("RECEIVER", "/receiver"),
    ("KIND", "/kind"),
    ("AILING", "/ailing"),
    ("PENDING", "/pending"),
    ("FAILURES", "/failures"),
    ("FAILING SINCE", "/failing_since"),
    ("LAST FAILURE", "/last_failure"),
    ("LAST SUCCESS", "/last_success_at"),
    ("MS", "/last_latency_ms"),
    ("ADDRESS", "/address"),
];

/// `receivers`.
pub fn receivers(command: ReceiversCommand) -> Result<()> {
    runtime()?.block_on(async {
        let (mut all, more) = open(&command.reach).await?.list("/v1/receivers", command.limit).await?;
        if !command.reach.json {
            for one in &mut all {
                let name = if one["client"].is_null() { "subscriber" } else { "client" };
                one["receiver"] = text(one, name).into();
            }
        }
        shown::list(&all, command.reach.json, &COLUMNS)?;
        say_more(more);
        Ok(())
    })
}
