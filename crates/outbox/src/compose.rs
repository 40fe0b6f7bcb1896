//! The call of one try: a logout token, an event of a web hook, or the order to revoke. Made anew each time.
//!
//! What a call proves itself with is opened here and goes nowhere else. OpenID Connect Back-Channel Logout 1.0 sections 2.4, 2.5 and 4;
//! Standard Webhooks; draft-parecki-oauth-global-token-revocation section 3.

use adieu_core::{
    Actor, Entropy, HookEvent, HookReach, NoticeMessage, NoticeSubject, Outage, Receipt, RevokedSubject,
    SealedCredential, Subscriber, Timestamp,
};
use adieu_keyring::{Keyring, SealPurpose};
use adieu_store::NoticeAddress;
use adieu_token::web_hook::HookSecret;
use adieu_token::{Alg, LoggedOut, LogoutClaims};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::outbox::OutboxParts;
use crate::send::NoticeCall;

/// For how many seconds a logout token counts. §4
const LIFE_S: i64 = 120;
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// The call that a receiver gets.
pub(crate) async fn compose(
    parts: &OutboxParts,
    receipt: &Receipt,
    to: &NoticeAddress,
    now: Timestamp,
) -> Result<NoticeCall, Outage> {
    let (keyring, entropy) = (&parts.keyring, parts.entropy.as_ref());
    match (receipt.message.as_ref(), to) {
        (Some(NoticeMessage::Logout(subject)), NoticeAddress::Client(address)) => {
            let body = logout_form(keyring, entropy, receipt, subject, now).await?;
            Ok(NoticeCall { address: address.clone(), media: FORM, headers: HeaderMap::new(), body })
        }
        (Some(NoticeMessage::Hook(event)), NoticeAddress::Subscriber(to)) => {
            let id = parts.store.ending_id(receipt.place).to_string();
            let body = event_body(&id, receipt, event);
            let headers = hook_headers(keyring, to, (&id, &body), now)?;
            Ok(NoticeCall { address: to.address.clone(), media: JSON, headers, body })
        }
        (Some(NoticeMessage::Revocation(subject)), NoticeAddress::Subscriber(to)) => {
            let headers = bearer(keyring, to)?;
            let body = json!({"sub_id": sub_id(subject)}).to_string();
            Ok(NoticeCall { address: to.address.clone(), media: JSON, headers, body })
        }
        (None, _) | (Some(_), _) => Err(Outage::new("the receiver is told otherwise")),
    }
}

async fn logout_form(
    keyring: &Keyring,
    entropy: &dyn Entropy,
    receipt: &Receipt,
    subject: &NoticeSubject,
    now: Timestamp,
) -> Result<String, Outage> {
    let client =
        receipt.receiver.client().ok_or_else(|| Outage::new("only a client takes a logout token"))?;
    let alg = Alg::named(&subject.algorithm)
        .ok_or_else(|| Outage::new("the client's tokens have an unknown algorithm"))?;
    let claims = LogoutClaims {
        iss: subject.issuer.clone(),
        aud: client.to_string(),
        iat: now.s(),
        exp: now.s() + LIFE_S,
        jti: adieu_core::entropy::draw_uuid(entropy).to_string(),
        logged_out: match &subject.sid {
            Some(sid) => LoggedOut::UserSession { sub: subject.sub.clone(), sid: sid.clone() },
            None => LoggedOut::User { sub: subject.sub.clone() },
        },
    };
    let token = claims.unsigned().map_err(Outage::new)?;
    let token = keyring.signer_of_notices(receipt.realm, alg).await?.sign(token).await?;
    Ok(form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", &token).finish())
}

/// The body of a web hook, which is the same for every try: `data` says what `GET /v1/endings/{ending}` says, in its words.
fn event_body(id: &str, receipt: &Receipt, event: &HookEvent) -> String {
    let mut data = json!({
        "id": id, "realm": receipt.realm.to_string(), "reach": null, "session": null, "user": null,
        "client": null, "spared": null,
    });
    let (kind, reach) = match &event.reach {
        HookReach::Session { session, user } => {
            data["session"] = session.to_string().into();
            data["user"] = user.to_string().into();
            ("session.ended", "session")
        }
        HookReach::User { user, spared, with_grants } => {
            data["user"] = user.to_string().into();
            data["spared"] = spared.map(|spared| spared.to_string()).into();
            ("user.sessions.ended", if *with_grants { "total" } else { "user" })
        }
        HookReach::Realm => ("realm.sessions.ended", "realm"),
        HookReach::Client(client) => {
            data["client"] = client.to_string().into();
            ("client.grants.ended", "client")
        }
    };
    data["reach"] = reach.into();
    data["ending"] = event.record.as_ref().map_or(Value::Null, |record| {
        json!({
            "at": rfc3339(record.at), "cause": record.cause.word(), "actor": actor(&record.actor),
            "reason": record.reason.as_ref().map(ToString::to_string), "channel": record.channel.0,
        })
    });
    json!({"type": kind, "timestamp": rfc3339(receipt.ended_at), "data": data}).to_string()
}

/// As the native API shows an actor.
fn actor(actor: &Actor) -> Value {
    let (kind, id) = match actor {
        Actor::User(id) => ("user", Some(id.to_string())),
        Actor::Client(id) => ("client", Some(id.to_string())),
        Actor::Operator => ("operator", None),
        Actor::System => ("system", None),
        Actor::Other => ("other", None),
    };
    json!({"kind": kind, "id": id})
}

/// A moment with its milliseconds, as the native API writes it.
fn rfc3339(at: Timestamp) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.ms()) * 1_000_000);
    let text = moment.ok().and_then(|moment| moment.format(&form).ok());
    text.unwrap_or_else(|| "1970-01-01T00:00:00.000Z".into())
}

/// The three headers of Standard Webhooks: one signature for each secret that counts.
fn hook_headers(
    keyring: &Keyring,
    to: &Subscriber,
    (id, body): (&str, &str),
    now: Timestamp,
) -> Result<HeaderMap, Outage> {
    let mut signatures = Vec::new();
    for credential in to.credentials(now) {
        let bytes = opened(keyring, SealPurpose::WebHookSecret, to, credential)?;
        let secret = HookSecret::from_bytes(bytes).map_err(Outage::new)?;
        signatures.push(secret.signature(id, now.s(), body));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", now.s().to_string()),
        ("webhook-signature", signatures.join(" ")),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value).map_err(Outage::new)?);
    }
    Ok(headers)
}

fn bearer(keyring: &Keyring, to: &Subscriber) -> Result<HeaderMap, Outage> {
    let token = opened(keyring, SealPurpose::ReceiverToken, to, &to.credential)?;
    let value = [b"Bearer ", token.as_slice()].concat();
    let mut value = HeaderValue::try_from(value).map_err(Outage::new)?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

fn opened(
    keyring: &Keyring,
    purpose: SealPurpose,
    to: &Subscriber,
    credential: &SealedCredential,
) -> Result<Vec<u8>, Outage> {
    let place = Subscriber::credential_place(to.realm, &to.id);
    keyring.open(purpose, &place, credential.as_bytes()).map_err(Outage::new)
}

/// RFC 9493 section 3.2
fn sub_id(subject: &RevokedSubject) -> Value {
    match subject {
        RevokedSubject::IssSub { iss, sub } => json!({"format": "iss_sub", "iss": iss, "sub": sub}),
        RevokedSubject::Email(email) => json!({"format": "email", "email": email}),
        RevokedSubject::Opaque(id) => json!({"format": "opaque", "id": id}),
    }
}
