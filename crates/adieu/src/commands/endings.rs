//! `adieu sessions …` and `adieu end …`: who is signed on, and the act that everything here is for.
//!
//! Exit code 0 says that the ending is durable, now or from before.

use std::time::Duration;

use adieu_http_kit::form::append_query;
use anyhow::Result;
use clap::{ArgGroup, Subcommand};
use http::Method;
use serde_json::{Value, json};

use crate::commands::api::{Api, Reach};
use crate::commands::confirm::Confirmation;
use crate::commands::failure::told;
use crate::commands::ids;
use crate::commands::people::{open, realm_id, say_more, text, user_id, whom};
use crate::commands::{receipts, runtime, shown};
use crate::logging::note;

/// Sessions.
#[derive(Subcommand)]
pub enum SessionsCommand {
    /// List the sessions of a realm or of a user, newest first, with what became of them.
    List {
        /// The realm's path.
        #[arg(long, default_value = "/alpha", value_name = "PATH")]
        realm: String,
        /// Only those of this user: name, e-mail address or id.
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Only live ones.
        #[arg(long)]
        live: bool,
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = ids::limit)]
        limit: usize,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
    /// End sessions by their ids.
    End {
        /// The ids.
        #[arg(required = true, value_name = "SESSION", value_parser = ids::session)]
        sessions: Vec<String>,
        /// Why: up to 256 characters, kept with the ending.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// How the API is reached.
        #[command(flatten)]
        reach: Reach,
    },
}

/// End sessions, durably and in every application.
#[derive(clap::Args)]
#[command(group = ArgGroup::new("target").required(true).multiple(true).args(["user", "realm", "client", "session"]))]
pub struct EndCommand {
    /// All sessions of this user: name (in `--realm`, or /alpha), e-mail address or id.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["client", "session"])]
    user: Option<String>,
    /// With `--user`: all but this session.
    #[arg(long, value_name = "SESSION", requires = "user", value_parser = ids::session)]
    except: Option<String>,
    /// With `--user`: revoke all that clients hold in the user's name, too, also what outlives its session.
    #[arg(long, requires = "user", conflicts_with = "except")]
    grants: bool,
    /// All sessions of the realm at this path; with `--user`, where the user is.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["client", "session"])]
    realm: Option<String>,
    /// Everything that this client holds because of sessions; the sessions live on.
    #[arg(long, value_name = "ID", conflicts_with = "session")]
    client: Option<String>,
    /// This session.
    #[arg(long, value_name = "SESSION", value_parser = ids::session)]
    session: Option<String>,
    /// Say how many live sessions it would end, and end none.
    #[arg(long)]
    dry_run: bool,
    /// Wait for so long (5, 5s, 1m) until every application that is told has answered, and say how each did.
    #[arg(long, value_name = "TIME", value_parser = receipts::wait, conflicts_with = "dry_run")]
    wait: Option<Duration>,
    /// Whether a whole realm is ended without a question.
    #[command(flatten)]
    confirmation: Confirmation,
    /// Why: up to 256 characters, kept with the ending.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// How the API is reached.
    #[command(flatten)]
    reach: Reach,
}

/// `sessions …`.
pub fn sessions(command: SessionsCommand) -> Result<()> {
    runtime()?.block_on(async {
        match command {
            SessionsCommand::List { realm, user, live, limit, reach } => {
                list(&realm, user.as_deref(), live, limit, reach).await
            }
            SessionsCommand::End { sessions, reason, reach } => {
                end_each(&sessions, reason.as_deref(), reach).await
            }
        }
    })
}

/// One that can't be ended keeps none of the others alive.
async fn end_each(sessions: &[String], reason: Option<&str>, reach: Reach) -> Result<()> {
    let api = open(&reach).await?;
    let mut outcome = Ok(());
    for session in sessions {
        let order = with_reason(json!({"session": session}), reason);
        if let Err(error) = said(&api, order, &format!("session {session}"), reach.json).await {
            if let Err(earlier) = outcome {
                note(&told(&earlier));
            }
            outcome = Err(error.context(format!("session {session}")));
        }
    }
    outcome
}

/// `end …`.
pub fn end(command: EndCommand) -> Result<()> {
    runtime()?.block_on(async {
        let api = open(&command.reach).await?;
        let (order, what) = ordered(&api, &command).await?;
        // Whoever ends a whole realm sees first how many that are.
        let whole_realm = command.realm.is_some() && command.user.is_none();
        if command.dry_run || whole_realm {
            let mut dry = order.clone();
            dry["dry_run"] = true.into();
            let counted = api.ask(Method::POST, "/v1/endings", Some(dry)).await;
            if command.dry_run {
                let counted = counted?;
                let would = format!("would end {what}{}", number(&counted["would_end"]));
                return shown::one(&counted, command.reach.json, || would);
            }
            // An ending does not wait for its number.
            let number = match &counted {
                Ok(counted) => number(&counted["would_end"]),
                Err(error) => format!(" (not counted: {})", told(error)),
            };
            command.confirmation.of(&format!("end {what}{number}"))?;
        }
        let order = with_reason(order, command.reason.as_deref());
        let Some(wait) = command.wait else { return said(&api, order, &what, command.reach.json).await };
        let answer = ended(&api, order, &what, command.reach.json).await?;
        receipts::follow(&api, &answer, wait, command.reach.json).await
    })
}

async fn ordered(api: &Api, command: &EndCommand) -> Result<(Value, String)> {
    let EndCommand { user, except, grants, realm, client, session, .. } = command;
    if let Some(user) = user {
        let user = whom(api, realm.as_deref().unwrap_or("/alpha"), user).await?;
        let mut order = json!({"user": user.id});
        if *grants {
            order["grants"] = true.into();
            return Ok((order, format!("all sessions of user {user}, and all that clients held")));
        }
        let Some(except) = except else { return Ok((order, format!("all sessions of user {user}"))) };
        order["except"] = except.as_str().into();
        return Ok((order, format!("all sessions of user {user} but {except}")));
    }
    if let Some(client) = client {
        return Ok((json!({"client": client}), format!("everything that client {client} held")));
    }
    if let Some(session) = session {
        return Ok((json!({"session": session}), format!("session {session}")));
    }
    let path = realm.as_deref().unwrap_or_default(); // The parser has seen to it that one of the four is there.
    Ok((json!({"realm": realm_id(api, path).await?}), format!("all sessions of realm {path}")))
}

/// How many live sessions that would be or were, in brackets.
fn number(counted: &Value) -> String {
    match (counted["live_sessions"].as_u64(), counted["more"] == true) {
        (None, _) => String::new(),
        (Some(1), false) => " (1 live session)".into(),
        (Some(count), false) => format!(" ({count} live sessions)"),
        (Some(count), true) => format!(" (at least {count} live sessions)"),
    }
}

pub(super) fn with_reason(mut order: Value, reason: Option<&str>) -> Value {
    if let Some(reason) = reason {
        order["reason"] = reason.into();
    }
    order
}

async fn said(api: &Api, order: Value, what: &str, json: bool) -> Result<()> {
    let answer = api.ask(Method::POST, "/v1/endings", Some(order)).await?;
    shown::one(&answer, json, || line(&answer, what))
}

/// The same for whoever shows more of the answer; in JSON it is shown then.
async fn ended(api: &Api, order: Value, what: &str, json: bool) -> Result<Value> {
    let answer = api.ask(Method::POST, "/v1/endings", Some(order)).await?;
    if !json {
        shown::one(&answer, false, || line(&answer, what))?;
    }
    Ok(answer)
}

fn line(answer: &Value, what: &str) -> String {
    let how = if text(answer, "ended") == "now" { "ended" } else { "ended before" };
    let id = answer["id"].as_str().map(|id| format!(" (ending {id})"));
    // Of one session the words before say it.
    let number = if answer["session"].is_null() { number(&answer["did_end"]) } else { String::new() };
    format!("{how}: {what}{number}{}", id.unwrap_or_default())
}

async fn list(realm: &str, user: Option<&str>, live: bool, limit: usize, reach: Reach) -> Result<()> {
    let api = open(&reach).await?;
    let path = match user {
        Some(user) => format!("/v1/users/{}/sessions", user_id(&api, realm, user).await?),
        None => format!("/v1/realms/{}/sessions", realm_id(&api, realm).await?),
    };
    let path = if live { append_query(&path, "live", "true") } else { path };
    let (sessions, more) = api.list(&path, limit).await?;
    let columns = [
        ("SESSION", "/id"),
        ("USER", "/user/username"),
        ("STATE", "/state"),
        ("ENDED", "/ending/at"),
        ("CAUSE", "/ending/cause"),
        ("BY", "/ending/actor/kind"),
        ("OPENED", "/opened_at"),
        ("SEEN", "/seen_at"),
        ("CHANNEL", "/channel"),
        ("ADDRESS", "/device/address"),
        ("REASON", "/ending/reason"),
    ];
    shown::list(&sessions, reach.json, &columns)?;
    say_more(more);
    Ok(())
}
