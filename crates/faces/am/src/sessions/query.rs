//! Queries: an administrator lists the live sessions of a realm or of one of its users.
//!
//! The realm in the filter decides, wherever the request is addressed to, and its administrators only. Contract am.md
//! 1.11; A-17, A-34.

use adieu_authority::{LiveSession, Realm, RealmId, SessionQuery, SessionRecord, UserId};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::info::Info;
use super::{admission, by_user, times};
use crate::answer::{json as text, revision};
use crate::call::Call;
use crate::caller::Caller;
use crate::crest::{CrestFilter, CrestQuery, What};
use crate::error::AmError;
use crate::face::Face;
use crate::version::{ApiVersion, AskedVersion, Served};

/// How many sessions a list has at most: AM's own default. Nothing says that there are more.
const LIST_MAX: u32 = 120;

/// How often a list is gone on with when rows that are over fill its pages (HOME-LIMITS).
const PAGES_MAX: u32 = 20;
/// The name of the one server, as the load balancer's cookie has it.
const SERVER: &str = "01";

/// The envelope. Nothing is paged, whatever was asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    result: Vec<Value>,
    result_count: usize,
    paged_results_cookie: Option<String>,
    total_paged_results_policy: &'static str,
    total_paged_results: i8,
    remaining_paged_results: i8,
}

/// How a list is to look.
pub(super) struct Sight {
    served: Served,
    /// Whether entries carry their revision.
    revised: bool,
}

impl Sight {
    pub(super) fn of(wanted: AskedVersion, served: Served) -> Self {
        let revised = served.since(4) || wanted.protocol_since(ApiVersion(2, 0)); // Q-14
        Self { served, revised }
    }
}

pub(super) async fn done(
    face: &Face,
    call: &Call,
    caller: &Caller,
    (realm, query): (RealmId, &CrestQuery),
    sight: Sight,
) -> Result<Vec<u8>, AmError> {
    let result = match &query.what {
        What::Filter(filter) if sight.served.since(2) => {
            filtered(face, caller, query, filter, &sight).await?
        }
        What::Id(id) if !sight.served.since(2) => of_server(face, realm, named_server(call, id)?).await?,
        What::Filter(_) | What::Id(_) | What::Expression => return Err(AmError::UnsupportedQuery),
    };
    Ok(text(&Found {
        result_count: result.len(),
        result,
        paged_results_cookie: None,
        total_paged_results_policy: "NONE",
        total_paged_results: -1,
        remaining_paged_results: -1,
    }))
}

async fn filtered(
    face: &Face,
    caller: &Caller,
    query: &CrestQuery,
    filter: &CrestFilter,
    sight: &Sight,
) -> Result<Vec<Value>, AmError> {
    let Some(sought) = Sought::of(filter)? else { return Ok(Vec::new()) };
    let realm = face.authority.realm_at(&sought.realm.to_lowercase()).await?;
    let Some(realm) = realm else { return Ok(Vec::new()) };
    admission::demand_realm(face, caller, realm.id).await?;
    let found = match sought.username {
        Some(name) => of_user(face, realm.id, name).await?,
        None => of_realm(face, realm.id).await?,
    };
    Ok(found.iter().map(|live| entry(face, live, &realm, query, sight)).collect())
}

async fn of_user(face: &Face, realm: RealmId, name: &str) -> Result<Vec<LiveSession>, AmError> {
    let Some(user) = by_user::user_of(face, realm, name).await? else { return Ok(Vec::new()) };
    live_sessions(face, ListedOf::User(user.id)).await
}

async fn of_realm(face: &Face, realm: RealmId) -> Result<Vec<LiveSession>, AmError> {
    live_sessions(face, ListedOf::Realm(realm)).await
}

/// Whose sessions are listed.
#[derive(Clone, Copy)]
enum ListedOf {
    User(UserId),
    Realm(RealmId),
}

/// As many live sessions as AM lists. A page may come out short, or empty, and still have a next one.
async fn live_sessions(face: &Face, whose: ListedOf) -> Result<Vec<LiveSession>, AmError> {
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let most = LIST_MAX.saturating_sub(u32::try_from(found.len()).unwrap_or(LIST_MAX));
        let query = SessionQuery { after, most, live: Some(true) };
        let page = match whose {
            ListedOf::User(user) => face.authority.user_sessions(user, query).await?,
            ListedOf::Realm(realm) => face.authority.realm_sessions(realm, query).await?,
        };
        found.extend(page.sessions.into_iter().map(shown));
        after = page.next;
        if after.is_none() || found.len() >= LIST_MAX as usize {
            break;
        }
    }
    Ok(found)
}

/// A session of a list of live ones.
fn shown(record: SessionRecord) -> LiveSession {
    let SessionRecord { session, user, seen_at, .. } = record;
    LiveSession { session, user, seen_at }
}

/// The server that a 1.x query is about: called by its name, or by a parameter.
fn named_server<'c>(call: &'c Call, id: &'c str) -> Result<&'c str, AmError> {
    if id == "server" { Ok(call.param("serverId")?.unwrap_or_default()) } else { Ok(id) }
}

/// Of 1.x: the sessions of all servers or of one, which here is the same one, or which servers there are.
async fn of_server(face: &Face, realm: RealmId, id: &str) -> Result<Vec<Value>, AmError> {
    match id {
        "list" => Ok(vec![json!([SERVER])]),
        "all" | SERVER => {
            let now = face.authority.now();
            let entry = |live: &LiveSession| json!({"userid": live.user.username, "timeleft": times::left_s(live, now) / 60});
            Ok(of_realm(face, realm).await?.iter().map(entry).collect())
        }
        _ => Ok(Vec::new()),
    }
}

fn entry(face: &Face, live: &LiveSession, realm: &Realm, query: &CrestQuery, sight: &Sight) -> Value {
    let info = Info::of(face, live, realm);
    // Quirk: seconds in 2.x, milliseconds later. Contract am.md 1.7
    let info = if sight.served.since(3) { info.with_milliseconds(live) } else { info };
    let whole = serde_json::to_value(&info).expect("texts under names");
    let rev = revision(&text(&whole)).to_string();
    let Value::Object(whole) = whole else { return whole };
    let mut entry = Map::new();
    if sight.revised {
        entry.insert("_rev".into(), rev.into());
    }
    entry.extend(query.fields.of_object(whole));
    entry.into()
}

/// What a filter seeks.
#[derive(Debug, PartialEq, Eq)]
struct Sought<'f> {
    realm: &'f str,
    username: Option<&'f str>,
}

impl<'f> Sought<'f> {
    /// None if nothing can be both.
    fn of(filter: &'f CrestFilter) -> Result<Option<Self>, AmError> {
        let (mut realms, mut names) = (Vec::new(), Vec::new());
        gather(filter, &mut realms, &mut names)?;
        let realm = *realms.first().ok_or(AmError::FilterWithoutRealm)?;
        let username = names.first().copied();
        let one =
            realms.iter().all(|other| *other == realm) && names.iter().all(|other| Some(*other) == username);
        Ok(one.then_some(Self { realm, username }))
    }
}

fn gather<'f>(
    filter: &'f CrestFilter,
    realms: &mut Vec<&'f str>,
    names: &mut Vec<&'f str>,
) -> Result<(), AmError> {
    match filter {
        CrestFilter::Equal(field, text) => match field.as_str() {
            "realm" => realms.push(text),
            "username" => names.push(text),
            _ => return Err(AmError::FilterField(field.clone())),
        },
        CrestFilter::All(parts) => {
            for part in parts {
                gather(part, realms, names)?;
            }
        }
        CrestFilter::Other => return Err(AmError::UnsupportedQuery),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(filter: &str) -> Result<Option<(String, Option<String>)>, String> {
        let filter = CrestFilter::parse(filter).expect("a filter");
        let sought = Sought::of(&filter).map_err(|error| error.to_string())?;
        Ok(sought.map(|sought| (sought.realm.to_owned(), sought.username.map(str::to_owned))))
    }

    #[test]
    fn a_realm_is_sought_and_perhaps_a_name() {
        assert_eq!(sought(r#"realm eq "/""#), Ok(Some(("/".into(), None))));
        let both = Ok(Some(("/a".into(), Some("x".into()))));
        assert_eq!(sought(r#"username eq "x" and realm eq "/a""#), both);
        assert_eq!(sought(r#"realm eq "/a" and (username eq "x" and realm eq "/a")"#), both);
        assert_eq!(sought(r#"realm eq "/a" and realm eq "/b""#), Ok(None));
        assert_eq!(sought(r#"realm eq "/a" and username eq "x" and username eq "y""#), Ok(None));
    }

    /// A-34: each is told what is wrong.
    #[test]
    fn everything_else_is_told_why_not() {
        for (filter, message) in [
            (r#"mail eq "x" and realm eq "/a""#, "mail is not supported in query filter"),
            (r#"username eq "x""#, "The query filter must specify the realm"),
            ("true", "The query is not supported"),
            (r#"username sw "x" and realm eq "/a""#, "The query is not supported"),
        ] {
            assert_eq!(sought(filter), Err(message.to_owned()), "{filter}");
        }
    }
}
