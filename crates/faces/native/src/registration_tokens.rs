//! Initial access tokens: with one of them clients of a realm register themselves. Made, listed, taken back.
//!
//! The token is shown when it is made, and never again. RFC 7591 §3, docs/openid.md.

use adieu_authority::{
    INITIAL_CLIENTS_MAX, INITIAL_LIFE_MAX, InitialToken, InitialTokenError, RealmId, Span,
};
use axum::body::Body;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::page::ListPage;
use crate::problem::Problem;
use crate::{input, realms, wire};

/// For how long a token counts of which nothing else is said: a day.
const LIFE_S: i64 = 24 * 3600;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTokenBody {
    #[serde(default, deserialize_with = "input::present")]
    life_s: Option<i64>,
    #[serde(default, deserialize_with = "input::present")]
    clients: Option<u32>,
}

pub(super) async fn make(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let realm = realms::of(api, call).await?.id;
    let new: NewTokenBody = input::object(call, body).await?;
    let (life_s, clients) = (new.life_s.unwrap_or(LIFE_S), new.clients.unwrap_or(1));
    if !(1..=INITIAL_LIFE_MAX.s()).contains(&life_s) {
        return Err(Problem::invalid(format!("life_s: 1 to {} seconds", INITIAL_LIFE_MAX.s())));
    }
    if !(1..=INITIAL_CLIENTS_MAX).contains(&clients) {
        return Err(Problem::invalid(format!("clients: 1 to {INITIAL_CLIENTS_MAX}")));
    }
    match api.authority.make_initial_token(realm, Span::from_s(life_s), clients).await {
        Ok((token, text)) => {
            let mut made = shown(&token);
            made["token"] = text.into();
            Ok(Done::Made { at: format!("/v1/registration-tokens/{}", name(&token)), shown: made })
        }
        Err(error @ InitialTokenError::TooMany) => Err(Problem::invalid(error.to_string())),
        Err(InitialTokenError::Directory(error)) => Err(error.into()),
    }
}

pub(super) async fn list(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    let all = api.authority.initial_tokens(realms::of(api, call).await?.id).await?;
    Ok(page.cut(all, name, shown))
}

pub(super) async fn remove(api: &Face, call: &Call) -> Result<Done, Problem> {
    let unknown = || Problem::unknown("registration token");
    let (realm, id) = call.id.split_once('.').ok_or_else(unknown)?;
    let realm: RealmId = realm.parse().map_err(|_| unknown())?;
    let id = id.parse().map_err(|_| unknown())?;
    if api.authority.remove_initial_token(realm, id).await? { Ok(Done::Nothing) } else { Err(unknown()) }
}

/// Its name in the API: that of its realm and its own.
fn name(token: &InitialToken) -> String {
    format!("{}.{}", token.realm, token.id)
}

fn shown(token: &InitialToken) -> Value {
    json!({
        "id": name(token), "realm": token.realm.to_string(), "clients_left": token.clients_left,
        "created_at": wire::at(token.created_at), "expires_at": wire::at(token.expires_at),
    })
}
