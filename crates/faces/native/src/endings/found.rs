//! Endings that were: one by its id, and a list by time.
//!
//! What may be shown of them is decided in core.

use std::str::FromStr;

use adieu_authority::{
    Actor, Cause, EndedReach, EndingFilter, EndingId, EndingPlace, EndingQuery, FoundEnding, ReceiptState,
    ReceiptStates, Timestamp,
};
use adieu_http_kit::dates;
use serde_json::{Value, json};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::input::{self, Query};
use crate::page::{self, ListPage};
use crate::problem::Problem;
use crate::{notices, wire};

pub(crate) async fn read(api: &Face, call: &Call) -> Result<Done, Problem> {
    let id: EndingId = input::named(call, "ending")?;
    let found = api.authority.ending(id).await?.ok_or_else(|| Problem::unknown("ending"))?;
    let mut shown = shown(&found);
    // The list has their numbers; this has the receipts besides.
    shown["notices"] = notices::of_ending(api, call, id).await?;
    Ok(Done::Shown(shown))
}

pub(crate) async fn list(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    let query =
        EndingQuery { after: page.place(read_place)?, most: page.limit, filter: filter(&call.query)? };
    let found = api.authority.endings(query).await?;
    let items: Vec<_> = found.endings.iter().map(shown).collect();
    let next = found.next.map(|place| page::cursor(&format!("{}/{}", place.line(), place.entry())));
    let looked_back_to = found.looked_back_to.map(wire::at);
    Ok(Done::Shown(json!({"items": items, "next": next, "looked_back_to": looked_back_to})))
}

fn read_place(text: &str) -> Option<EndingPlace> {
    let (line, entry) = text.split_once('/')?;
    EndingPlace::of(line.parse().ok()?, entry.parse().ok()?)
}

fn filter(query: &Query) -> Result<EndingFilter, Problem> {
    Ok(EndingFilter {
        realm: id(query, "realm")?,
        user: id(query, "user")?,
        client: id(query, "client")?,
        cause: query.text("cause").map(cause).transpose()?,
        actor: query.text("actor").map(actor).transpose()?,
        states: query.text("state").map(states).transpose()?,
        since: moment(query, "since")?,
        until: moment(query, "until")?,
    })
}

fn id<T: FromStr>(query: &Query, name: &str) -> Result<Option<T>, Problem> {
    query.text(name).map(|text| input::id(name, text).map_err(Problem::in_query)).transpose()
}

fn moment(query: &Query, name: &str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = query.text(name) else { return Ok(None) };
    let moment = dates::read_rfc3339(text).map(Timestamp::from_ms);
    let wanted = || format!("{name}: a date and time as RFC 3339 has it: 2026-11-30T08:00:00Z");
    moment.map(Some).ok_or_else(|| Problem::malformed(wanted()))
}

/// States of notices by their words.
fn states(words: &str) -> Result<ReceiptStates, Problem> {
    let known = || ReceiptState::WORDS.join(", ");
    ReceiptStates::read(words)
        .ok_or_else(|| Problem::malformed(format!("state: one of {}, or several with commas", known())))
}

/// A cause by its word. A word of a newer version is none of ours.
fn cause(word: &str) -> Result<Cause, Problem> {
    let known = Cause::ALL.into_iter().find(|cause| cause.word() == word);
    let words = || Cause::ALL.map(Cause::word).join(", ");
    known.ok_or_else(|| Problem::malformed(format!("cause: one of {}", words())))
}

/// An actor: one of three words, or a kind and an id.
fn actor(text: &str) -> Result<Actor, Problem> {
    let named = match text.split_once(':') {
        Some(("user", id)) => id.parse().ok().map(Actor::User),
        Some(("client", id)) => id.parse().ok().map(Actor::Client),
        Some(_) => None,
        None => {
            [Actor::Operator, Actor::System, Actor::Other].into_iter().find(|one| one.to_string() == text)
        }
    };
    named.ok_or_else(|| Problem::malformed("actor: operator, system, other, user:ID or client:ID"))
}

/// What an ending reached, in the words of the document.
pub(crate) const REACHES: [&str; 6] = ["session", "forgotten_session", "user", "realm", "client", "total"];

fn shown(found: &FoundEnding) -> Value {
    let text = |id: &dyn ToString| -> Value { id.to_string().into() };
    let mut shown = json!({
        "id": text(&found.id), "written_at": wire::at(found.written_at), "realm": text(&found.realm),
        "ending": wire::ending(found.record.as_deref()), "session": null, "user": null, "client": null,
        "spared": null, "participants": [], "notices": notices::counted(&found.told),
    });
    let reach = match &found.reach {
        EndedReach::Session { id, user, participants } => {
            shown["session"] = text(id);
            shown["user"] = text(user);
            shown["participants"] = participants.iter().map(wire::participant).collect();
            REACHES[0]
        }
        EndedReach::ForgottenSession => REACHES[1],
        EndedReach::User { id, spared, with_grants } => {
            shown["user"] = text(id);
            shown["spared"] = spared.map(|spared| text(&spared)).into();
            if *with_grants { REACHES[5] } else { REACHES[2] }
        }
        EndedReach::Realm => REACHES[3],
        EndedReach::Client(client) => {
            shown["client"] = text(client);
            REACHES[4]
        }
    };
    shown["reach"] = reach.into();
    shown
}
