//! `adieu endings …`: what ended, when, why and by whom, the newest first.
//!
//! The API's own words and filters; nothing is looked for here.

use std::collections::HashMap;

use adieu_http_kit::form::append_query;
use anyhow::Result;
use clap::Subcommand;
use serde_json::Value;

use crate::commands::api::{Api, Reach};
use crate::commands::people::{encoded, open, realm_id, say_more, user_id};
use crate::commands::{ids, receipts, runtime, shown};

/// Endings that were.
#[derive(Subcommand)]
pub enum EndingsCommand {
    /// List endings, newest first.
    List(EndingsFilter),
    /// Try those notices of an ending again that are not confirmed, at once and for another day.
    Retry {
        /// Its id.
        #[arg(value_name = "ENDING", value_parser = ids::ending)]
        ending: String,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
    /// Give up the notices of an ending that are pending.
    GiveUp {
        /// Its id.
        #[arg(value_name = "ENDING", value_parser = ids::ending)]
        ending: String,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
    /// Show one: how, what it reached, which applications took part, and which were told.
    Show {
        /// Its id.
        #[arg(value_name = "ENDING", value_parser = ids::ending)]
        ending: String,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
}

/// Which endings are listed: those that all of this holds for.
#[derive(clap::Args)]
pub struct EndingsFilter {
    /// In the realm at this path; with `--user`, where the user is.
    #[arg(long, value_name = "PATH")]
    realm: Option<String>,
    /// Of one session or all sessions of this user: name (in `--realm`, or /alpha), e-mail address or id.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Of a session in which this client took part, or of all that it held.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// For this cause: sign_off, administrator, idle, …
    #[arg(long, value_name = "WORD")]
    cause: Option<String>,
    /// By this one: operator, system, other, user:ID or client:ID.
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,
    /// With a notice in one of these states: pending, confirmed, refused, given_up, cannot_be_told; several with commas.
    #[arg(long, value_name = "STATES", value_parser = ids::states)]
    state: Option<String>,
    /// Written down then or later: 2026-11-29T08:00:00Z, or a date.
    #[arg(long, value_name = "TIME", value_parser = ids::moment)]
    since: Option<String>,
    /// Written down earlier.
    #[arg(long, value_name = "TIME", value_parser = ids::moment)]
    until: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 100, value_parser = ids::limit)]
    limit: usize,
    /// How the API is reached.
    #[command(flatten)]
    reach: Reach,
}

/// `endings …`.
pub fn endings(command: EndingsCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            EndingsCommand::List(filter) => list(filter).await,
            EndingsCommand::Retry { ending, reach } => receipts::again(&ending, "retry", &reach).await,
            EndingsCommand::GiveUp { ending, reach } => receipts::again(&ending, "give-up", &reach).await,
            EndingsCommand::Show { ending, reach } => {
                let path = format!("/v1/endings/{}?limit=500", encoded(&ending));
                receipts::shown_with(open(&reach).await?.get(&path).await?, reach.json)
            }
        }
    })
}

async fn list(filter: EndingsFilter) -> Result<()> {
    let api = open(&filter.reach).await?;
    let (mut realm, mut user) = (None, None);
    if let Some(name) = &filter.user {
        user = Some(user_id(&api, filter.realm.as_deref().unwrap_or("/alpha"), name).await?);
    } else if let Some(path) = &filter.realm {
        realm = Some(realm_id(&api, path).await?);
    }
    let named = [
        ("realm", realm),
        ("user", user),
        ("client", filter.client),
        ("cause", filter.cause),
        ("actor", filter.actor),
        ("state", filter.state),
        ("since", filter.since),
        ("until", filter.until),
    ];
    let named = named.iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let path = named.fold("/v1/endings".to_owned(), |path, (name, value)| append_query(&path, name, value));
    let (mut endings, more) = api.list(&path, filter.limit).await?;
    if !filter.reach.json {
        name_realms(&api, &mut endings).await?;
        endings.iter_mut().for_each(|ending| ending["told"] = receipts::numbers(&ending["notices"]).into());
    }
    let columns = [
        ("ENDING", "/id"),
        ("ENDED", "/ending/at"),
        ("CAUSE", "/ending/cause"),
        ("BY", "/ending/actor/kind"),
        ("REALM", "/realm"),
        ("REACH", "/reach"),
        ("TOLD", "/told"),
        ("SESSION", "/session"),
        ("USER", "/user"),
        ("CLIENT", "/client"),
        ("CHANNEL", "/ending/channel"),
        ("REASON", "/ending/reason"),
    ];
    shown::list(&endings, filter.reach.json, &columns)?;
    say_more(more);
    Ok(())
}

/// Puts the path of its realm in the place of the id, which people do not know.
async fn name_realms(api: &Api, endings: &mut [Value]) -> Result<()> {
    let (realms, _) = api.list("/v1/realms", usize::MAX).await?;
    let paths: HashMap<&str, &Value> =
        realms.iter().filter_map(|realm| Some((realm["id"].as_str()?, realm.get("path")?))).collect();
    for ending in endings {
        if let Some(path) = ending["realm"].as_str().and_then(|id| paths.get(id)) {
            ending["realm"] = (*path).clone();
        }
    }
    Ok(())
}
