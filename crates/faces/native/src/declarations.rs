//! What there is to be, as a document: read, planned, and the plan carried out. The words of the document are
//! `adieu-provisioning`'s.
//!
//! First passwords come with the order: a server looks into no variable and no file for somebody else.

use std::time::Duration;

use adieu_authority::{Origin, Receiver};
use adieu_provisioning::apply::{Carried, CarryContext, Plan, exported};
use adieu_provisioning::document::{BYTES_MAX, Declaration};
use adieu_provisioning::error::ApplyError;
use adieu_provisioning::secrets::{Sent, Source};
use axum::body::Body;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::answer::Done;
use crate::face::{Call, Face};
use crate::input::{self, named, present};
use crate::problem::Problem;

/// Longer passwords are not hashed (HOME-LIMITS).
const PASSWORD_BYTES_MAX: usize = 1024;
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
    #[serde(default, deserialize_with = "present")]
    passwords: Option<Vec<Password>>,
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
    /// One that nobody's document asks for is not set, and yet no shorter and no longer than any may be.
    fn sent(self, length_min: u32, document: Option<&Declaration>) -> Result<(Source, String), Problem> {
        let source = match (self.env, self.file) {
            (Some(name), None) => Source::Env(name),
            (None, Some(path)) => Source::File(path.into()),
            _ => return Err(Problem::invalid("passwords: each has one of env and file")),
        };
        let whose = || match document.map(|document| document.users_with(&source).join(", ")) {
            Some(users) if !users.is_empty() => format!("passwords: that of {users}"),
            Some(_) | None => "passwords".to_owned(),
        };
        let is_secret = document.is_some_and(|document| document.has_secret_of_upstream(&source));
        if !is_secret && self.password.chars().count() < length_min as usize {
            return Err(Problem::invalid(format!("{}: at least {length_min} characters", whose())));
        }
        if self.password.len() > PASSWORD_BYTES_MAX {
            return Err(Problem::invalid(format!("{}: at most {PASSWORD_BYTES_MAX} bytes", whose())));
        }
        Ok((source, self.password))
    }
}

/// Plans, and begins to carry the plan out unless it is only to be shown.
pub(super) async fn declare(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let order: Order = input::large_object(call, body, BODY_BYTES_MAX).await?;
    let document = Declaration::parse(&order.document).map_err(ApplyError::Document)?;
    let asks_passwords = order.passwords.is_some();
    let secrets = sent(api, order.passwords.unwrap_or_default(), Some(&document))?;
    let origin = because(call, order.reason.as_deref())?;
    let context = CarryContext { authority: &api.authority, secrets: &secrets, origin };
    let plan = async || Plan::of(&api.authority, &document, order.prune, api.document_kinds).await;
    let mut next = plan().await?;
    if order.dry_run {
        // Whoever sends none wants to see the changes only.
        if asks_passwords {
            next.check_passwords(&api.authority, &secrets).await?;
        }
        let changes = next.lines().map(str::to_owned).collect();
        return Ok(shown(api, next, Carried { changes, made: vec![] }));
    }
    let mut turn = Turn::begin();
    for _ in 1..PLANS_MAX {
        match turn.carry_out(&mut next, &context).await {
            // This plan was not shown: the next one starts from whatever was changed meanwhile.
            Err(error) if error.is_stale() => match plan().await {
                Ok(anew) => next = anew,
                Err(error) => return turn.answer(api, next, None, Err(error)),
            },
            outcome => return turn.answer(api, next, None, outcome),
        }
    }
    let outcome = turn.carry_out(&mut next, &context).await;
    turn.answer(api, next, None, outcome)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CarryOutOrder {
    #[serde(default)]
    passwords: Vec<Password>,
    #[serde(default, deserialize_with = "present")]
    reason: Option<String>,
}

/// Goes on with a plan, as it was shown.
pub(super) async fn carry_out(api: &Face, call: &Call, body: Body) -> Result<Done, Problem> {
    let id: Uuid = named(call, "plan")?;
    let order: CarryOutOrder = input::large_object(call, body, BODY_BYTES_MAX).await?;
    let (secrets, origin) = (sent(api, order.passwords, None)?, because(call, order.reason.as_deref())?);
    let mut plan = api.plans.take(id, api.authority.now()).ok_or_else(|| Problem::unknown("plan"))?;
    let context = CarryContext { authority: &api.authority, secrets: &secrets, origin };
    let mut turn = Turn::begin();
    let outcome = turn.carry_out(&mut plan, &context).await;
    turn.answer(api, plan, Some(id), outcome)
}

fn because(call: &Call, reason: Option<&str>) -> Result<Origin, Problem> {
    Ok(call.origin().because(input::reason(reason)?))
}

fn sent(api: &Face, passwords: Vec<Password>, document: Option<&Declaration>) -> Result<Sent, Problem> {
    let length_min = api.authority.policy().password_length_least();
    let sent = passwords.into_iter().map(|password| password.sent(length_min, document));
    Ok(Sent(sent.collect::<Result<_, _>>()?))
}

/// What one request carries out, of one plan or of several.
struct Turn {
    began: Instant,
    carried: Carried,
}

impl Turn {
    fn begin() -> Self {
        // How long this takes is no fact of the installation: the authority's clock has no say in it.
        Self { began: Instant::now(), carried: Carried::default() }
    }

    async fn carry_out(&mut self, plan: &mut Plan, context: &CarryContext<'_>) -> Result<(), ApplyError> {
        let began = self.began;
        plan.carry_into(&mut self.carried, context, || began.elapsed() < TURN).await
    }

    /// The answer to the request. If a step is refused, what was done before it is told first, with its secrets, and the
    /// refusal to whoever goes on with the rest. A plan that the caller knows by a name, and of which nothing was done, keeps
    /// that name if it may still fit.
    fn answer(
        self,
        api: &Face,
        plan: Plan,
        named: Option<Uuid>,
        outcome: Result<(), ApplyError>,
    ) -> Result<Done, Problem> {
        match outcome {
            Err(error) if self.carried.changes.is_empty() => {
                if let Some(id) = named.filter(|_| !error.is_stale()) {
                    api.plans.keep(id, plan, api.authority.now());
                }
                Err(error.into())
            }
            Ok(()) | Err(_) => Ok(shown(api, plan, self.carried)),
        }
    }
}

/// What was done, and the name by which what is left can be carried out.
fn shown(api: &Face, plan: Plan, carried: Carried) -> Done {
    let (mut secrets, mut of_subscribers) = (Vec::new(), Vec::new());
    for made in &carried.made {
        match &made.whose {
            Receiver::Client(id) => {
                secrets.push(json!({"client_id": id.to_string(), "client_secret": made.secret}));
            }
            Receiver::Subscriber(id) => {
                of_subscribers.push(json!({"id": id.to_string(), "secret": made.secret}));
            }
        }
    }
    let (left, secrets_left) = (plan.left(), plan.secrets_left());
    let id = (left > 0).then(|| api.authority.draw_uuid());
    if let Some(id) = id {
        api.plans.keep(id, plan, api.authority.now());
    }
    Done::Shown(json!({
        "changes": carried.changes, "left": left, "plan": id, "secrets": secrets,
        "subscriber_secrets": of_subscribers, "secrets_left": secrets_left,
    }))
}
