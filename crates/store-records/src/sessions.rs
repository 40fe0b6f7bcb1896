//! Sessions and what is left of them.
//!
//! Nothing here reads a column: the rows do.

use std::borrow::Cow;
use std::collections::BTreeMap;

use adieu_core::{
    Channel, Device, Method, RECOVERY_CODE, RealmId, Session, Timestamp, Tombstone, UPSTREAM, UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::endings::{EndingDetail, ResetDetail, Usual};
use crate::{Damaged, from_json};

/// What of a session is not in columns. A live one says times that a tombstone leaves out: their room is for the record of
/// the ending, so that few endings make a page overflow.
#[derive(Serialize, Deserialize)]
pub struct SessionDetail<'a> {
    r: Uuid,
    u: Uuid,
    o: i64,
    /// When its user last proved who they are, if that was not at its opening.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    a: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    m: Vec<MethodDetail<'a>>,
    d: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ua: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    loc: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "none_set")]
    p: Cow<'a, BTreeMap<String, String>>,
    /// How many clients took part, if any did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<u32>,
    /// How the last sign-on ended, of a reset session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reset: Option<ResetDetail<'a>>,
}

/// A method by its name; with its time, or without if that is when the user last proved who they are.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum MethodDetail<'a> {
    At(Cow<'a, str>, i64),
    Last(Cow<'a, str>),
}

impl<'a> MethodDetail<'a> {
    fn of(method: &'a Method) -> Self {
        Self::At(Cow::Borrowed(&method.name), method.at.ms())
    }

    fn brief(self, proved: i64) -> Self {
        match self {
            Self::At(name, at) if at == proved => Self::Last(name),
            Self::At(..) | Self::Last(_) => self,
        }
    }

    fn complete(self, proved: i64) -> Method {
        let (name, at) = match self {
            Self::At(name, at) => (name, at),
            Self::Last(name) => (name, proved),
        };
        Method { name: known(&METHODS, name), at: Timestamp::from_ms(at) }
    }
}

/// Names that sessions have in memory without a text of their own; whatever else stands in a row has one.
const METHODS: [&str; 3] = ["password", RECOVERY_CODE, UPSTREAM];
const CHANNELS: [&str; 6] = ["am", "kratos", "native", "openid", "pages", "pingone"];

/// A name out of a row.
fn known(names: &[&'static str], name: Cow<'_, str>) -> Cow<'static, str> {
    match names.iter().find(|known| **known == name) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(name.into_owned()),
    }
}

/// Whether no property is set.
fn none_set(properties: &BTreeMap<String, String>) -> bool {
    properties.is_empty()
}

impl<'a> SessionDetail<'a> {
    /// As it is written.
    pub fn of(session: &'a Session) -> Self {
        let text = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
        Self {
            r: session.realm.uuid(),
            u: session.user.uuid(),
            o: session.opened_at.ms(),
            a: Some(session.authenticated_at.ms()),
            m: session.methods.iter().map(MethodDetail::of).collect(),
            d: Cow::Borrowed(&session.channel.0),
            ip: text(&session.device.address),
            ua: text(&session.device.user_agent),
            loc: text(&session.device.location),
            p: Cow::Borrowed(&session.properties),
            n: Some(session.participants).filter(|count| *count > 0),
            reset: session.reset_by.as_deref().map(|record| ResetDetail::of(record, usual(session))),
        }
    }

    /// Without times that other members say.
    fn brief(self) -> Self {
        let (proved, opened) = (self.proved(), self.o);
        Self {
            a: self.a.filter(|at| *at != opened),
            m: self.m.into_iter().map(|method| method.brief(proved)).collect(),
            ..self
        }
    }

    fn proved(&self) -> i64 {
        self.a.unwrap_or(self.o)
    }

    /// Its realm.
    pub fn realm(&self) -> RealmId {
        RealmId::from_uuid(self.r)
    }

    fn opened(&self) -> Opened {
        Opened { realm: self.realm(), at: Timestamp::from_ms(self.o) }
    }

    /// Fills in what `session` has beside its columns.
    pub fn complete(self, session: Session) -> Result<Session, Damaged> {
        let at = Timestamp::from_ms;
        let text = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        let proved = self.proved();
        let (user, channel) = (UserId::from_uuid(self.u), Channel(known(&CHANNELS, self.d)));
        let usual = Usual { user: Some(user), channel: Some(&channel) };
        let reset_by = self.reset.map(|reset| reset.complete(usual)).transpose()?;
        Ok(Session {
            realm: RealmId::from_uuid(self.r),
            user,
            reset_by: reset_by.map(Box::new),
            opened_at: at(self.o),
            authenticated_at: at(proved),
            methods: self.m.into_iter().map(|method| method.complete(proved)).collect(),
            channel,
            device: Device { address: text(self.ip), user_agent: text(self.ua), location: text(self.loc) }
                .into(),
            properties: self.p.into_owned(),
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
pub struct Opened {
    /// Its realm.
    pub realm: RealmId,
    /// When.
    pub at: Timestamp,
}

impl Opened {
    /// Out of the detail of a row, live or ended.
    pub fn of(detail: &str) -> Result<Self, Damaged> {
        Ok(from_json::<SessionDetail>(detail, "session")?.opened())
    }
}

/// What of a tombstone is not in columns: the session's own detail and a little more. The column of the last activity says
/// when it ended.
#[derive(Serialize, Deserialize)]
pub struct TombstoneDetail<'a> {
    #[serde(flatten)]
    session: SessionDetail<'a>,
    /// The last activity, if there was any after the sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    s: Option<i64>,
    #[serde(flatten)]
    ending: EndingDetail<'a>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    gone: bool,
}

impl<'a> TombstoneDetail<'a> {
    /// As it is written.
    pub fn of(tombstone: &'a Tombstone) -> Self {
        let session = &tombstone.session;
        Self {
            session: SessionDetail::of(session).brief(),
            s: Some(session.seen_at.ms()).filter(|seen| *seen != session.authenticated_at.ms()),
            ending: EndingDetail::of(&tombstone.ending, usual(session)),
            gone: tombstone.forgotten,
        }
    }

    /// No longer than the session's own detail was: for a full disk, where nothing may grow.
    pub fn lean(self) -> Self {
        let session = SessionDetail { m: Vec::new(), ip: None, ua: None, loc: None, ..self.session };
        Self { session, s: None, ending: self.ending.lean(), ..self }
    }

    /// As core has it, with what stands in columns.
    pub fn complete(self, columns: Session, ended_at: Timestamp) -> Result<Tombstone, Damaged> {
        let session = self.session.complete(columns)?;
        let seen_at = self.s.map_or(session.authenticated_at, Timestamp::from_ms);
        Ok(Tombstone {
            ending: self.ending.complete(usual(&session), ended_at)?.into(),
            session: Session { seen_at, ..session },
            forgotten: self.gone,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{from_json, to_json};

    /// Goal: methods are read as they were written, at length and briefly, and with times of their own.
    #[test]
    fn brief_details_say_the_same() {
        let long = r#"{"r":"a1fa0000-0000-4000-8000-000000000001","u":"ada4f3d9-c702-48d7-a7e2-06385f083500","o":5,"a":5,"m":[["password",5],["lookup_secret",9]],"d":"am"}"#;
        let brief = to_json(&from_json::<SessionDetail<'_>>(long, "session").expect("a detail").brief());
        assert!(brief.ends_with(r#""o":5,"m":["password",["lookup_secret",9]],"d":"am"}"#), "{brief}");
        let read = from_json::<SessionDetail<'_>>(&brief, "session").expect("a detail");
        let methods: Vec<_> = read.m.into_iter().map(|method| method.complete(5)).collect();
        let times: Vec<_> = methods.iter().map(|method| (&*method.name, method.at.ms())).collect();
        assert_eq!(times, [("password", 5), ("lookup_secret", 9)]);
    }
}
