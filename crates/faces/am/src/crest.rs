//! What a CREST request asks for: an action with its body, a query, a reading, a change. Refusals that need no caller.
//!
//! The order of the refusals is the recorded server's. Contract am.md 0.7.

mod fields;
mod filter;

use adieu_http_kit::media::MediaType;
use axum::body::Body;
use http::Method;
use http::header::{
    CONTENT_TYPE, HeaderMap, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
};
use serde_json::Value;

pub(crate) use self::fields::Fields;
pub(crate) use self::filter::CrestFilter;

use crate::call::{self, Call};
use crate::error::AmError;
use crate::version::{ApiVersion, AskedVersion};

/// What a request asks for.
#[derive(Debug)]
pub(crate) enum Ask {
    /// An action by its name, with the body.
    Action(String, Value),
    /// To make something new: a POST that names no action, in the newer protocols.
    Create,
    /// To list.
    Query(CrestQuery),
    /// To read.
    Read,
    /// To change or remove, with the word for it.
    Change(&'static str),
}

/// What is to be listed, and which members of it are wanted.
#[derive(Debug)]
pub(crate) struct CrestQuery {
    pub(crate) what: What,
    pub(crate) fields: Fields,
}

/// One of the three ways to say what is to be listed.
#[derive(Debug)]
pub(crate) enum What {
    Filter(CrestFilter),
    /// A query that the server knows by name.
    Id(String),
    /// In a language of the resource's own; none here has one.
    Expression,
}

/// Whether an answer is to be indented. Quirk: anything but `true` is no, and no error (recorded).
pub(crate) fn pretty(call: &Call) -> bool {
    call.params.first("_prettyPrint").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Reads what a request asks for.
pub(crate) async fn ask(call: &Call, body: Body, wanted: AskedVersion) -> Result<Ask, AmError> {
    refuse_times(call.headers())?;
    match call.method().into_owned() {
        Method::POST => post(call, body, wanted).await,
        Method::GET => {
            refuse_action(call)?;
            Ok(query(call)?.map_or(Ask::Read, Ask::Query))
        }
        Method::DELETE => {
            refuse_action(call)?;
            Ok(Ask::Change("deleted"))
        }
        Method::PUT => change(call, body, "updated").await,
        Method::PATCH => change(call, body, "patched").await,
        other => Err(AmError::UnknownMethod(other)), // HEAD as well, which must do nothing.
    }
}

async fn post(call: &Call, body: Body, wanted: AskedVersion) -> Result<Ask, AmError> {
    for (header, name) in [(IF_NONE_MATCH, "If-None-Match"), (IF_MATCH, "If-Match")] {
        if call.headers().contains_key(header) {
            return Err(AmError::Precondition(name));
        }
    }
    let action = call.param("_action")?.map(str::to_owned);
    if action.is_none() && !wanted.protocol_since(ApiVersion(2, 1)) {
        return Err(AmError::NoAction);
    }
    let body = read(call, body).await?;
    Ok(action.map_or(Ask::Create, |name| Ask::Action(name, body)))
}

async fn change(call: &Call, body: Body, word: &'static str) -> Result<Ask, AmError> {
    if !call.headers().contains_key(CONTENT_TYPE) {
        return Err(AmError::NoMediaType);
    }
    read(call, body).await?;
    refuse_action(call)?;
    Ok(Ask::Change(word))
}

/// The body of one of the two types that are read; a missing type is one of them.
async fn read(call: &Call, body: Body) -> Result<Value, AmError> {
    let given = call.headers().get(CONTENT_TYPE);
    // What nearly everybody sends needs no parser: this stands on the path of checks.
    if given.is_none_or(|value| value == "application/json") {
        return call::json(&call::whole(body).await?);
    }
    let given = given.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let kind = given.as_deref().and_then(MediaType::parse);
    let essence = kind.map(|kind| kind.essence);
    match (given, essence.as_deref()) {
        (None, _) | (Some(_), Some("application/json")) => call::json(&call::whole(body).await?),
        // Quirk: a type that is taken, though no action here reads one: what cannot be read must not be passed over.
        (Some(given), Some("multipart/form-data")) => match call::whole(body).await?.is_empty() {
            true => Ok(Value::Null),
            false => Err(AmError::MediaType(given)),
        },
        (Some(given), _) => Err(AmError::MediaType(given)),
    }
}

/// What is to be listed, if anything is.
fn query(call: &Call) -> Result<Option<CrestQuery>, AmError> {
    let (filter, id) = (call.param("_queryFilter")?, call.param("_queryId")?);
    let what = match (filter, id, call.param("_queryExpression")?) {
        (None, None, None) => return Ok(None),
        (Some(_), Some(_), _) => return Err(AmError::Exclusive("_queryId", "_queryFilter")),
        (Some(_), None, Some(_)) => return Err(AmError::Exclusive("_queryExpression", "_queryFilter")),
        (None, Some(_), Some(_)) => return Err(AmError::Exclusive("_queryId", "_queryExpression")),
        (Some(text), None, None) => {
            What::Filter(CrestFilter::parse(text).ok_or_else(|| AmError::NoFilter(text.to_owned()))?)
        }
        (None, Some(id), None) => What::Id(id.to_owned()),
        (None, None, Some(_)) => What::Expression,
    };
    check_paging(call)?;
    Ok(Some(CrestQuery { what, fields: Fields::of(call) }))
}

/// Paging is read, so that nonsense is told, and not done: no list here is longer than a page.
fn check_paging(call: &Call) -> Result<(), AmError> {
    let number = |name: &'static str| match call.param(name)?.map(|text| (text, text.parse::<i32>())) {
        None => Ok(0),
        Some((_, Ok(number))) => Ok(number),
        Some((text, Err(_))) => Err(AmError::NoInteger(text.to_owned(), name)),
    };
    number("_pageSize")?;
    let offset = number("_pagedResultsOffset")?;
    if offset > 0 && call.param("_pagedResultsCookie")?.is_some() {
        return Err(AmError::Exclusive("_pagedResultsOffset", "_pagedResultsCookie"));
    }
    Ok(())
}

fn refuse_times(headers: &HeaderMap) -> Result<(), AmError> {
    for (header, name) in
        [(IF_MODIFIED_SINCE, "If-Modified-Since"), (IF_UNMODIFIED_SINCE, "If-Unmodified-Since")]
    {
        if headers.contains_key(header) {
            return Err(AmError::TimeCondition(name));
        }
    }
    Ok(())
}

fn refuse_action(call: &Call) -> Result<(), AmError> {
    if call.params.first("_action").is_some() { Err(AmError::StrayAction) } else { Ok(()) }
}
