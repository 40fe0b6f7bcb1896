//! Consents of a user: what was allowed to which client, and the withdrawal of it.
//!
//! A withdrawal ends what the client holds because of it, and no session.

use std::sync::Arc;

use adieu_authority::{Client, ClientId, Consent};
use serde_json::{Value, json};

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::page::ListPage;
use crate::problem::Problem;
use crate::{users, wire};

pub(super) async fn list(api: &Face, call: &Call) -> Result<Done, Problem> {
    let page = ListPage::of(&call.query)?;
    let all = api.authority.consents(users::of(api, call).await?.id).await?;
    Ok(page.cut(all, |(consent, _)| consent.client.to_string(), shown))
}

fn shown((consent, client): &(Consent, Arc<Client>)) -> Value {
    let words = |text: &str| -> Vec<String> {
        text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    json!({
        "client_id": client.id.to_string(), "client_name": client.name, "scopes": words(&consent.scope),
        "claims": words(&consent.claims), "given_at": wire::at(consent.given_at),
    })
}

pub(super) async fn withdraw(api: &Face, call: &Call) -> Result<Done, Problem> {
    let user = users::of(api, call).await?.id;
    let client: ClientId = call.second.parse().map_err(|_| Problem::unknown("client"))?;
    match api.authority.withdraw_consent(user, &client).await? {
        true => Ok(Done::Nothing),
        false => Err(Problem::unknown("consent to a client")),
    }
}
