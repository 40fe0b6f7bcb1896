//! Sessions and what is left of them.
//!
//! Nothing here reads a column: the rows do.

use std::collections::BTreeMap;

use adieu_core::{Cause, Channel, Device, Method, RealmId, Session, Timestamp, Tombstone, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::records::{client_ids, from_json};

/// What of a session is not in columns.
#[derive(Serialize, Deserialize)]
pub(crate) struct SessionDetail {
    r: Uuid,
    u: Uuid,
    o: i64,
    a: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    m: Vec<(String, i64)>,
    d: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ua: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loc: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    p: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    c: Vec<String>,
}

impl SessionDetail {
    pub(crate) fn of(session: &Session) -> Self {
        Self {
            r: session.realm.uuid(),
            u: session.user.uuid(),
            o: session.opened_at.ms(),
            a: session.authenticated_at.ms(),
            m: session.methods.iter().map(|m| (m.name.to_string(), m.at.ms())).collect(),
            d: session.channel.0.to_string(),
            ip: session.device.address.clone(),
            ua: session.device.user_agent.clone(),
            loc: session.device.location.clone(),
            p: session.properties.clone(),
            c: session.participants.iter().map(ToString::to_string).collect(),
        }
    }

    pub(crate) fn realm(&self) -> RealmId {
        RealmId::from_uuid(self.r)
    }

    fn opened(&self) -> Opened {
        Opened { realm: self.realm(), at: Timestamp::from_ms(self.o) }
    }

    /// Fills in what `session` has beside its columns.
    pub(crate) fn complete(self, session: Session) -> rusqlite::Result<Session> {
        let at = Timestamp::from_ms;
        Ok(Session {
            realm: self.realm(),
            user: UserId::from_uuid(self.u),
            opened_at: at(self.o),
            authenticated_at: at(self.a),
            methods: self.m.into_iter().map(|(name, ms)| Method { name: name.into(), at: at(ms) }).collect(),
            channel: Channel(self.d.into()),
            device: Device { address: self.ip, user_agent: self.ua, location: self.loc },
            properties: self.p,
            participants: client_ids(&self.c)?,
            ..session
        })
    }
}

/// Where and when the session of a row opened.
pub(crate) struct Opened {
    pub(crate) realm: RealmId,
    pub(crate) at: Timestamp,
}

impl Opened {
    /// Out of the detail of a row, live or ended.
    pub(crate) fn of(detail: &str) -> rusqlite::Result<Self> {
        Ok(from_json::<SessionDetail>(detail, "session")?.opened())
    }
}

/// What of a tombstone is not in columns: the session's own detail and a little more. The column of the last activity says
/// when it ended.
#[derive(Serialize, Deserialize)]
pub(crate) struct TombstoneDetail {
    #[serde(flatten)]
    session: SessionDetail,
    /// The last activity, if there was any after the sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<i64>,
    why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    /// The channel of the ending, if it is another than the session's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    gone: bool,
}

impl TombstoneDetail {
    pub(crate) fn of(tombstone: &Tombstone) -> Self {
        let session = &tombstone.session;
        Self {
            session: SessionDetail::of(session),
            s: Some(session.seen_at.ms()).filter(|seen| *seen != session.authenticated_at.ms()),
            why: tombstone.cause.word().into(),
            who: tombstone.cause.actor().map(ToString::to_string),
            by: Some(&tombstone.channel)
                .filter(|channel| **channel != session.channel)
                .map(|channel| channel.0.to_string()),
            gone: tombstone.forgotten,
        }
    }

    /// No longer than the session's own detail was: for a full disk, where nothing may grow.
    pub(crate) fn lean(self) -> Self {
        let session = SessionDetail { m: Vec::new(), ip: None, ua: None, loc: None, ..self.session };
        Self { session, s: None, ..self }
    }

    pub(crate) fn complete(self, columns: Session, ended_at: Timestamp) -> rusqlite::Result<Tombstone> {
        let session = self.session.complete(columns)?;
        let seen_at = self.s.map_or(session.authenticated_at, Timestamp::from_ms);
        Ok(Tombstone {
            ended_at,
            cause: Cause::read(&self.why, self.who.as_deref()),
            channel: self.by.map_or_else(|| session.channel.clone(), |by| Channel(by.into())),
            session: Session { seen_at, ..session },
            forgotten: self.gone,
        })
    }
}
