//! What there is to be, as a document: read and applied. The words of the document are `adieu-provisioning`'s.
//!
//! First passwords come with the order: a server looks into no variable and no file for somebody else.

use std::time::Duration;

use adieu_provisioning::apply::{self, Apply, ApplyRefusal};
use adieu_provisioning::document::{BYTES_MAX, Declaration};
use adieu_provisioning::secrets::{Sent, Source};
use axum::body::Body;
use serde::Deserialize;
use serde_json::json;

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::input::{self, present};
use crate::problem::Problem;
use crate::users;

/// A document as JSON text, with its passwords (HOME-LIMITS).
const BODY_BYTES_MAX: usize = BYTES_MAX as usize / 4 * 5;
/// How long one request makes changes; then it says what is left.
const TURN: Duration = Duration::from_secs(10);

pub(super) async fn read(api: &Face, call: &Call) -> Result<Done, Problem> {
    let document = apply::exported(&api.authority, call.query.text("realm")).await;
    let document = document.map_err(ApplyRefusal::Stopped)?.ok_or_else(|| Problem::unknown("realm"))?;
    Ok(Done::Shown(json!({"document": document})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    document: String,
    #[serde(default)]
    prune: bool,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    passwords: Vec<Password>,
}

/// A password by the place where the document says that it lies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    #[serde(default, deserialize_with = "present")]
    env: Option<String>,
    #[serde(default, deserialize_with = "present")]
    file: Option<String>,
    password: String,
}

impl Password {
    fn sent(self) -> Result<(Source, String), Problem> {
        users::strong(&self.password)?;
        match (self.env, self.file) {
            (Some(name), None) => Ok((Source::Env(name), self.password)),
            (None, Some(path)) => Ok((Source::File(path.into()), self.password)),
            _ => Err(Problem::invalid("passwords: each has one of env and file")),
        }
    }
}

pub(super) async fn declare(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let order: Order = input::large_object(call, body, BODY_BYTES_MAX).await?;
    let document = Declaration::parse(&order.document).map_err(ApplyRefusal::Document)?;
    let secrets = Sent(order.passwords.into_iter().map(Password::sent).collect::<Result<_, _>>()?);
    let wanted = Apply { document: &document, prune: order.prune, dry_run: order.dry_run, secrets: &secrets };
    // How long this takes is no fact of the installation: the house's clock has no say in it.
    let began = tokio::time::Instant::now();
    let applied = apply::apply(&api.authority, wanted, || began.elapsed() < TURN).await?;
    let secrets: Vec<_> = applied
        .made
        .iter()
        .map(|made| json!({"client_id": made.client.to_string(), "client_secret": made.secret}))
        .collect();
    Ok(Done::Shown(json!({"changes": applied.changes, "left": applied.left, "secrets": secrets})))
}
