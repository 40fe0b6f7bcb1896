//! What there is to be, as a document: read, planned, and the plan carried out. The words of the document are
//! `adieu-provisioning`'s.
//!
//! First passwords come with the order: a server looks into no variable and no file for somebody else.

use std::time::Duration;

use adieu_authority::Origin;
use adieu_provisioning::apply::{Carried, CarryContext, Plan, exported};
use adieu_provisioning::document::{BYTES_MAX, Declaration};
use adieu_provisioning::error::ApplyError;
use adieu_provisioning::secrets::{Sent, Source};
use axum::body::Body;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::input::{self, named, present};
use crate::problem::Problem;
use crate::users;

/// Plans that one request makes (HOME-LIMITS): another one only where somebody changed a record after the plan had seen it.
const PLANS_MAX: u32 = 16;
/// A document as JSON text, with its passwords (HOME-LIMITS).
const BODY_BYTES_MAX: usize = BYTES_MAX as usize / 4 * 5;
/// How long one request makes changes; then it says what is left.
const TURN: Duration = Duration::from_secs(10);

pub(super) async fn read(api: &Face, call: &Call) -> Result<Done, Problem> {
    let document = exported(&api.authority, call.query.text("realm"), api.document_kinds).await;
    let document = document.map_err(ApplyError::Facts)?.ok_or_else(|| Problem::unknown("realm"))?;
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
    #[serde(default, deserialize_with = "present")]
    reason: Option<String>,
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

/// Plans, and begins to carry the plan out unless it is only to be shown.
pub(super) async fn declare(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let order: Order = input::large_object(call, body, BODY_BYTES_MAX).await?;
    let document = Declaration::parse(&order.document).map_err(ApplyError::Document)?;
    let (secrets, origin) = (sent(order.passwords)?, because(call, order.reason.as_deref())?);
    let context = CarryContext { authority: &api.authority, secrets: &secrets, origin };
    let plan = async || Plan::of(&api.authority, &document, order.prune, api.document_kinds).await;
    if order.dry_run {
        let plan = plan().await?;
        let changes = plan.lines().map(str::to_owned).collect();
        return Ok(shown(api, plan, Carried { changes, made: vec![] }));
    }
    let (began, mut carried, mut attempts) = (tokio::time::Instant::now(), Carried::default(), PLANS_MAX);
    loop {
        let mut plan = plan().await?;
        attempts -= 1;
        match plan.carry_into(&mut carried, &context, || began.elapsed() < TURN).await {
            Ok(()) => return Ok(shown(api, plan, carried)),
            // Nobody has seen this plan: whatever somebody changed meanwhile, the next one starts from it.
            Err(error) if error.is_stale() && attempts > 0 => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    #[serde(default)]
    passwords: Vec<Password>,
    #[serde(default, deserialize_with = "present")]
    reason: Option<String>,
}

/// Goes on with a plan, as it was shown.
pub(super) async fn carry_out(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let id: Uuid = named(call, "plan")?;
    let turn: Turn = input::large_object(call, body, BODY_BYTES_MAX).await?;
    let (secrets, origin) = (sent(turn.passwords)?, because(call, turn.reason.as_deref())?);
    let plan = api.plans.take(id, api.authority.now()).ok_or_else(|| Problem::unknown("plan"))?;
    let context = CarryContext { authority: &api.authority, secrets: &secrets, origin };
    carried_out(api, id, plan, &context).await
}

fn because(call: &Call, reason: Option<&str>) -> Result<Origin, Problem> {
    Ok(call.origin().because(input::reason(reason)?))
}

fn sent(passwords: Vec<Password>) -> Result<Sent, Problem> {
    Ok(Sent(passwords.into_iter().map(Password::sent).collect::<Result<_, _>>()?))
}

/// Carries out what it can. If a step is refused, what was done before it is told first, and the refusal to whoever goes on; a
/// plan that may still fit is kept for that.
async fn carried_out(
    api: &Face,
    id: Uuid,
    mut plan: Plan,
    context: &CarryContext<'_>,
) -> Result<Done, Problem> {
    // How long this takes is no fact of the installation: the house's clock has no say in it.
    let (began, mut carried) = (tokio::time::Instant::now(), Carried::default());
    match plan.carry_into(&mut carried, context, || began.elapsed() < TURN).await {
        Err(error) if carried.changes.is_empty() => {
            if !error.is_stale() {
                api.plans.keep(id, plan, api.authority.now());
            }
            Err(error.into())
        }
        Ok(()) | Err(_) => Ok(shown(api, plan, carried)),
    }
}

/// What was done, and the name by which what is left can be carried out.
fn shown(api: &Face, plan: Plan, carried: Carried) -> Done {
    let secrets: Vec<_> = carried
        .made
        .iter()
        .map(|made| json!({"client_id": made.client.to_string(), "client_secret": made.secret}))
        .collect();
    let left = plan.left();
    let id = (left > 0).then(|| api.authority.draw_uuid());
    if let Some(id) = id {
        api.plans.keep(id, plan, api.authority.now());
    }
    Done::Shown(json!({"changes": carried.changes, "left": left, "plan": id, "secrets": secrets}))
}
