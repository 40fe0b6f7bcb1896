//! Records of endings: of a reset in its session, of a single ending in its tombstone, of many in a row of their own.
//!
//! What a record of an earlier version does not say is read as nobody's guess: see `usual_actor`.

use std::borrow::Cow;

use adieu_core::{Actor, Cause, Channel, EndingRecord, MassEnding, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Damaged;

/// Who, why, through which channel and from where; when it was stands in a column or beside it.
#[derive(Serialize, Deserialize)]
pub(super) struct EndingDetail<'a> {
    why: Cow<'a, str>,
    /// The actor, if it is another than the usual one of that cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    who: Option<Cow<'a, str>>,
    /// The channel, if it is another than the session's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<Cow<'a, str>>,
}

/// What the fields of a record that are left out stand for.
#[derive(Clone, Copy)]
pub(super) struct Usual<'a> {
    /// The user whose session it was.
    pub(super) user: Option<UserId>,
    /// The session's own channel.
    pub(super) channel: Option<&'a Channel>,
}

/// Who acts where a cause tells it: first versions wrote down administrators only.
fn usual_actor(cause: Cause, user: Option<UserId>) -> Actor {
    match cause {
        Cause::SignOff => user.map_or(Actor::Other, Actor::User),
        Cause::Idle | Cause::Expired | Cause::Quota | Cause::Upstream => Actor::System,
        Cause::Administrator
        | Cause::UserDisabled
        | Cause::UserRemoved
        | Cause::PasswordChanged
        | Cause::EndedWithOthers
        | Cause::Restored
        | Cause::Other => Actor::Other,
    }
}

impl<'a> EndingDetail<'a> {
    pub(super) fn of(record: &'a EndingRecord, usual: Usual<'_>) -> Self {
        Self {
            why: record.cause.word().into(),
            who: Some(&record.actor)
                .filter(|actor| **actor != usual_actor(record.cause, usual.user))
                .map(|actor| actor.to_string().into()),
            by: Some(&record.channel)
                .filter(|channel| Some(*channel) != usual.channel)
                .map(|channel| Cow::Borrowed(&*channel.0)),
            from: record.address.as_deref().map(Cow::Borrowed),
            note: record.reason.as_ref().map(|reason| reason.as_str().into()),
        }
    }

    /// Without what is said at length.
    pub(super) fn lean(self) -> Self {
        Self { from: None, note: None, ..self }
    }

    pub(super) fn complete(self, usual: Usual<'_>, at: Timestamp) -> Result<EndingRecord, Damaged> {
        let cause = Cause::read(&self.why);
        let channel = match self.by {
            Some(by) => Channel(by.into_owned().into()),
            None => usual.channel.cloned().ok_or(Damaged("channel of an ending"))?,
        };
        let reason = self.note.as_deref().map(str::parse).transpose();
        Ok(EndingRecord {
            at,
            cause,
            actor: self.who.as_deref().map_or_else(|| usual_actor(cause, usual.user), Actor::read),
            reason: reason.map_err(|_| Damaged("reason of an ending"))?,
            channel,
            address: self.from.map(Cow::into_owned),
        })
    }
}

/// The record of a reset, in its session.
#[derive(Serialize, Deserialize)]
pub(super) struct ResetDetail<'a> {
    t: i64,
    #[serde(flatten)]
    ending: EndingDetail<'a>,
}

impl<'a> ResetDetail<'a> {
    pub(super) fn of(record: &'a EndingRecord, usual: Usual<'_>) -> Self {
        Self { t: record.at.ms(), ending: EndingDetail::of(record, usual) }
    }

    pub(super) fn complete(self, usual: Usual<'_>) -> Result<EndingRecord, Damaged> {
        self.ending.complete(usual, Timestamp::from_ms(self.t))
    }
}

/// What of a record of many is not in columns.
#[derive(Serialize, Deserialize)]
pub struct MassDetail<'a> {
    #[serde(flatten)]
    ending: EndingDetail<'a>,
    /// The session that was spared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    but: Option<Uuid>,
    /// Whether another system handed it on, and nothing lived here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    echo: bool,
    /// Whether all that clients held in the user's name was revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    grants: bool,
}

impl<'a> MassDetail<'a> {
    /// As it is written.
    pub fn of(mass: &'a MassEnding) -> Self {
        Self {
            ending: EndingDetail::of(&mass.record, ALONE),
            but: mass.spared.map(|id| Uuid::from_bytes(id.to_bytes())),
            echo: mass.is_echo,
            grants: mass.with_grants,
        }
    }

    /// As short as it can be, for a full disk.
    pub fn lean(self) -> Self {
        Self { ending: self.ending.lean(), ..self }
    }

    /// The session that was spared.
    pub fn spared(&self) -> Option<SessionId> {
        self.but.map(|id| SessionId::from_bytes(id.into_bytes()))
    }

    /// Whether another system handed it on, and nothing lived here.
    pub const fn is_echo(&self) -> bool {
        self.echo
    }

    /// Whether all that clients held in the user's name was revoked.
    pub const fn with_grants(&self) -> bool {
        self.grants
    }

    /// When, why and by whom it was.
    pub fn record(self, at: Timestamp) -> Result<EndingRecord, Damaged> {
        self.ending.complete(ALONE, at)
    }
}

/// Of no one session.
pub(super) const ALONE: Usual<'static> = Usual { user: None, channel: None };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{from_json, to_json};

    fn record(cause: Cause, actor: Actor) -> EndingRecord {
        EndingRecord {
            at: Timestamp::from_ms(7),
            cause,
            actor,
            reason: Some("a laptop was lost".parse().expect("a reason")),
            channel: Channel::named("am"),
            address: Some("192.0.2.7".into()),
        }
    }

    /// Goal: what is stored of an ending is all of it, whatever is left out because it is usual.
    #[test]
    fn records_read_back_as_they_were_written() {
        let user = UserId::from_uuid(Uuid::from_u128(7));
        let other = UserId::from_uuid(Uuid::from_u128(8));
        let (am, kratos) = (Channel::named("am"), Channel::named("kratos"));
        let actors = [
            Actor::User(user),
            Actor::User(other),
            Actor::Client("shop".parse().expect("a client")),
            Actor::Operator,
            Actor::System,
            Actor::Other,
        ];
        for cause in [Cause::SignOff, Cause::Administrator, Cause::Idle, Cause::Quota, Cause::Restored] {
            for actor in &actors {
                for channel in [&am, &kratos] {
                    let usual = Usual { user: Some(user), channel: Some(channel) };
                    let written = record(cause, actor.clone());
                    let text = to_json(&ResetDetail::of(&written, usual));
                    let read = from_json::<ResetDetail>(&text, "ending").expect("JSON");
                    assert_eq!(read.complete(usual).expect("a record"), written, "{text}");
                }
                let mass = MassEnding {
                    scope: adieu_core::EndScope::Realm(adieu_core::RealmId::from_uuid(Uuid::from_u128(1))),
                    generation: 4,
                    spared: Some(SessionId::from_bytes([3; 16])),
                    is_echo: cause == Cause::Administrator,
                    with_grants: cause == Cause::SignOff,
                    record: record(cause, actor.clone()),
                };
                let read = from_json::<MassDetail>(&to_json(&MassDetail::of(&mass)), "ending").expect("JSON");
                let read_back = (read.spared(), read.is_echo(), read.with_grants());
                assert_eq!(read_back, (mass.spared, mass.is_echo, mass.with_grants));
                assert_eq!(read.record(mass.record.at).expect("a record"), mass.record);
            }
        }
    }

    /// Goal: tombstones of the first versions, which name administrators only, say as much as they know.
    #[test]
    fn what_earlier_versions_wrote_is_read() {
        let user = UserId::from_uuid(Uuid::from_u128(7));
        let channel = Channel::named("am");
        let usual = Usual { user: Some(user), channel: Some(&channel) };
        for (text, cause, actor) in [
            (r#"{"why":"sign_off"}"#, Cause::SignOff, Actor::User(user)),
            (r#"{"why":"administrator","who":"operator"}"#, Cause::Administrator, Actor::Operator),
            (r#"{"why":"idle"}"#, Cause::Idle, Actor::System),
            (r#"{"why":"user_disabled"}"#, Cause::UserDisabled, Actor::Other),
            (r#"{"why":"a_word_of_later","who":"robot 7"}"#, Cause::Other, Actor::Other),
        ] {
            let read = from_json::<EndingDetail>(text, "ending").expect("JSON");
            let record = read.complete(usual, Timestamp::from_ms(7)).expect("a record");
            assert_eq!((record.cause, record.actor, record.channel), (cause, actor, channel.clone()));
        }
    }
}
