//! An administrator gives out a recovery code or link. Contract kratos.md 3.6; K-50.
//!
//! It is told once, in the answer; how it reaches its user is the administrator's affair.

use adieu_authority::{RecoveryWay, Span, UserId};
use adieu_http_kit::dates::rfc3339_trimmed;
use adieu_http_kit::form::{Params, append_query};
use axum::body::Body;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::admin::identities::in_realm;
use crate::answer::{Answer, json as json_answer};
use crate::call::{Call, read_json};
use crate::error::KratosError;
use crate::face::Face;
use crate::flow::FlowKind;
use crate::members::fold_at;
use crate::recovery::RecoveryFlow;

/// How long a code or link is good for where nothing else is said.
const LIFE_S: u64 = 3600;
/// And at most.
const LIFE_MAX_S: u64 = 7 * 24 * 3600;

#[derive(Deserialize)]
struct Order {
    identity_id: String,
    expires_in: Option<String>,
}

/// `POST /admin/recovery/code`.
pub(super) async fn code(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let (flow, secret) = given_out(face, call, body, RecoveryWay::Code).await?;
    let told = json!({
        "recovery_link": face.recovery_page(&flow),
        "recovery_code": secret,
        "expires_at": rfc3339_trimmed(flow.head.expires_ms),
    });
    Ok(json_answer(StatusCode::CREATED, &told))
}

/// `POST /admin/recovery/link`.
pub(super) async fn link(face: &Face, call: &Call, body: Body) -> Result<Answer, KratosError> {
    let (flow, secret) = given_out(face, call, body, RecoveryWay::Link).await?;
    let action = flow.head.action::<RecoveryFlow>(&face.base(flow.head.mount));
    let told = json!({
        "recovery_link": append_query(&action, "token", &secret),
        "expires_at": rfc3339_trimmed(flow.head.expires_ms),
    });
    Ok(json_answer(StatusCode::OK, &told))
}

async fn given_out(
    face: &Face,
    call: &Call,
    body: Body,
    way: RecoveryWay,
) -> Result<(RecoveryFlow, String), KratosError> {
    let mut body: Value = serde_json::from_slice(&read_json(call, body).await?).map_err(unreadable)?;
    fold_at(&mut body, &[], &["identity_id", "expires_in"]);
    let order: Order = serde_json::from_value(body).map_err(unreadable)?;
    let id = Uuid::try_parse(&order.identity_id)
        .map_err(|_| KratosError::malformed("Unable to decode JSON payload: `identity_id` is no UUID."))?;
    let life_s = match order.expires_in.as_deref().filter(|text| !text.is_empty()) {
        None => LIFE_S,
        Some(text) => seconds(text).filter(|life_s| (1..=LIFE_MAX_S).contains(life_s)).ok_or_else(|| {
            KratosError::malformed("`expires_in` is a time such as `10m` or `1h30m`, a week at most.")
        })?,
    };
    let user = in_realm(face, UserId::from_uuid(id)).await?;
    let user = user.ok_or_else(|| KratosError::not_stored().because("could not find identity"))?;
    let name = match way {
        RecoveryWay::Code => "code",
        RecoveryWay::Link => "link",
    };
    let begun = format!("{}/admin/recovery/{name}", face.settings.admin_base);
    let mut head = face.head_at(0, FlowKind::Browser, life_s, begun);
    head.return_to = face.wanted_return(&Params::parse(call.query()))?;
    let life = Span::from_s(i64::try_from(life_s).unwrap_or(i64::MAX));
    let realm = face.realm().await?;
    let (pass, secret) = face.authority.give_out_recovery(&user, &realm, (way, life)).await?;
    let flow = RecoveryFlow { head, pass: Some(pass.into()), done: false, messages: Vec::new() };
    face.begin_flow(call, &flow).await?;
    Ok((flow, secret))
}

fn unreadable(error: serde_json::Error) -> KratosError {
    KratosError::malformed(format!("Unable to decode JSON payload: {error}"))
}

/// A time as Go writes it: numbers with units.
fn seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut all = 0_u64;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = &rest[digits..];
        let letters = unit.len() - unit.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let of_unit = match &unit[..letters] {
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        all = all.checked_add(number.checked_mul(of_unit)?)?;
        rest = &unit[letters..];
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_are_read_as_go_writes_them() {
        for (text, wanted) in [("10m", Some(600)), ("1h30m5s", Some(5405)), ("90s", Some(90)), ("1d", None)] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
        for bad in ["m", "10", "-1h", "1h 3m", "99999999999999999999h"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
