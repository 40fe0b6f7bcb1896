//! Sessions and what is left of them.
//!
//! Nothing here reads a column: the rows do.

use std::collections::BTreeMap;

use adieu_core::{Channel, Device, Method, RealmId, Session, Timestamp, Tombstone, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::records::endings::{EndingDetail, ResetDetail, Usual};
use crate::records::from_json;

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
    /// How many clients took part, if any did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<u32>,
    /// How the last sign-on ended, of a reset session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reset: Option<ResetDetail>,
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
            n: Some(session.participants).filter(|count| *count > 0),
            reset: session.reset_by.as_deref().map(|record| ResetDetail::of(record, usual(session))),
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
        let (user, channel) = (UserId::from_uuid(self.u), Channel(self.d.clone().into()));
        let usual = Usual { user: Some(user), channel: Some(&channel) };
        let reset_by = self.reset.map(|reset| reset.complete(usual)).transpose()?;
        Ok(Session {
            realm: RealmId::from_uuid(self.r),
            user,
            reset_by: reset_by.map(Box::new),
            opened_at: at(self.o),
            authenticated_at: at(self.a),
            methods: self.m.into_iter().map(|(name, ms)| Method { name: name.into(), at: at(ms) }).collect(),
            channel,
            device: Device { address: self.ip, user_agent: self.ua, location: self.loc },
            properties: self.p,
            participants: self.n.unwrap_or(0),
            ..session
        })
    }
}

/// What the record of an ending leaves out because the session says it.
fn usual(session: &Session) -> Usual<'_> {
    Usual { user: Some(session.user), channel: Some(&session.channel) }
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
    #[serde(flatten)]
    ending: EndingDetail,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    gone: bool,
}

impl TombstoneDetail {
    pub(crate) fn of(tombstone: &Tombstone) -> Self {
        let session = &tombstone.session;
        Self {
            session: SessionDetail::of(session),
            s: Some(session.seen_at.ms()).filter(|seen| *seen != session.authenticated_at.ms()),
            ending: EndingDetail::of(&tombstone.ending, usual(session)),
            gone: tombstone.forgotten,
        }
    }

    /// No longer than the session's own detail was: for a full disk, where nothing may grow.
    pub(crate) fn lean(self) -> Self {
        let session = SessionDetail { m: Vec::new(), ip: None, ua: None, loc: None, ..self.session };
        Self { session, s: None, ending: self.ending.lean(), ..self }
    }

    pub(crate) fn complete(self, columns: Session, ended_at: Timestamp) -> rusqlite::Result<Tombstone> {
        let session = self.session.complete(columns)?;
        let seen_at = self.s.map_or(session.authenticated_at, Timestamp::from_ms);
        Ok(Tombstone {
            ending: self.ending.complete(usual(&session), ended_at)?,
            session: Session { seen_at, ..session },
            forgotten: self.gone,
        })
    }
}
