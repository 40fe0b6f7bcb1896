//! What is kept beside a session that came from upstream, so that its provider's logout finds it for as long as it lives.
//!
//! A record under the session's id says what it came from; records of the provider's session and person say to which users they have
//! led. They outlast the session, and its end when that moves. Decisions 0045 and 0071.

use adieu_core::{
    Actor, Cause, EndKind, EndOrder, EndTarget, Origin, Outage, RealmId, Session, SessionId, Span, Timestamp,
    Unwritten, UpstreamLogoutNotes, UpstreamSession, UpstreamTimes, UserId,
};
use adieu_store::{Flow, FlowId};

use super::record::{self, LED, OVER, OVER_IN_FRAME, SESSION};
use super::sign_on::{UpstreamFailure, UpstreamSignedIn};
use crate::Authority;
use crate::sign_on::{SignOnFailure, SignedIn};

/// For how long the records outlast the session.
const BEYOND: Span = Span::from_s(30 * 24 * 3600);
/// Users to whom one session or one person of a provider has led and whose sessions may live still (HOME-LIMITS): a person is
/// seldom linked anew.
const LED_MAX: usize = 8;

impl Authority {
    /// Writes down beside a session what it came from, before anybody has its token; and ends it if the provider's session was
    /// ended meanwhile: a logout is noted before sessions are looked for, so that one of the two finds the other.
    pub(super) async fn kept_beside(
        &self,
        signed_in: SignedIn,
        session: UpstreamSession,
        times: UpstreamTimes,
        then: String,
    ) -> Result<UpstreamSignedIn, UpstreamFailure> {
        let ours = &signed_in.session;
        let failure = match self.note_upstream(ours, &session).await {
            Ok(true) => match self.is_over_upstream(ours.realm, &session, times).await {
                Ok(false) => return Ok(UpstreamSignedIn { signed_in, then, lacks_factor: false }),
                Ok(true) => UpstreamFailure::Over,
                Err(outage) => outage.into(),
            },
            Ok(false) => SignOnFailure::TooMany.into(),
            Err(unwritten) => unwritten.into(),
        };
        // A session that no logout would find is not handed out.
        let order = EndOrder {
            realm: Some(ours.realm),
            target: EndTarget::OneOf { user: ours.user, session: ours.id },
            kind: EndKind::End,
            cause: Cause::Upstream,
            spare: None,
            within: None,
            origin: Origin::of(Actor::System, ours.channel.clone(), ours.device.address.clone()),
        };
        self.end(order).await.map_err(|error| UpstreamFailure::from(Outage::new(error)))?;
        Err(failure)
    }

    /// Has what is kept beside a session last as long as the session, which is to be over at `expires_at`; nothing of one that came
    /// from nowhere.
    pub(crate) async fn upstream_notes_outlast(
        &self,
        session: SessionId,
        expires_at: Timestamp,
    ) -> Result<(), Unwritten> {
        let until = expires_at.plus(BEYOND);
        let kept = self.flow(session.to_bytes(), SESSION).await.map_err(Unwritten::NotTaken)?;
        let Some(kept) = kept.filter(|kept| kept.expires_at < until) else { return Ok(()) };
        let Some(upstream) = record::session(&kept.body) else { return Ok(()) };
        let found = self.session_record(session).await.map_err(Unwritten::NotTaken)?;
        let Some(found) = found else { return Ok(()) };
        for name in record::names_of(upstream.sid.as_deref(), Some(&upstream.sub)) {
            self.note_led(&found.session, &upstream.issuer, &name, until).await?;
        }
        self.put_flow(kept.id, SESSION, kept.realm, until.since(self.now()), kept.body).await
    }

    /// The users to whom a session or a person of an issuer has led.
    pub(super) async fn led_users(
        &self,
        realm: RealmId,
        issuer: &str,
        names: impl Iterator<Item = String>,
    ) -> Result<Vec<UserId>, Outage> {
        let mut users = Vec::new();
        for name in names {
            for place in 0..LED_MAX {
                let led = self.flow(led_id(realm, issuer, &name, place), LED).await?;
                users.extend(led.as_ref().and_then(leads_to).filter(|id| !users.contains(id)));
            }
        }
        Ok(users)
    }

    /// Says whether all of it is noted.
    async fn note_upstream(&self, ours: &Session, session: &UpstreamSession) -> Result<bool, Unwritten> {
        let until = ours.expires_at.plus(BEYOND);
        for name in record::names_of(session.sid.as_deref(), Some(&session.sub)) {
            if !self.note_led(ours, &session.issuer, &name, until).await? {
                return Ok(false);
            }
        }
        let kept = self.flow(ours.id.to_bytes(), SESSION).await.map_err(Unwritten::NotTaken)?;
        let until = kept.map_or(until, |kept| kept.expires_at.max(until));
        let body = record::session_text(session).into_bytes();
        self.put_flow(ours.id.to_bytes(), SESSION, ours.realm, until.since(self.now()), body).await?;
        Ok(true)
    }

    /// Notes that something of an issuer has led to the user of a session, until then at least; says whether there was room. Each user
    /// has a place of their own: of two users who take one at once, at whatever nodes, one does.
    async fn note_led(
        &self,
        ours: &Session,
        issuer: &str,
        name: &str,
        until: Timestamp,
    ) -> Result<bool, Unwritten> {
        let ids: Vec<_> = (0..LED_MAX).map(|place| led_id(ours.realm, issuer, name, place)).collect();
        let mut free = Vec::new();
        for id in ids {
            match self.led_at(id).await? {
                None => free.push(id),
                Some(led) if leads_to(&led) == Some(ours.user) => {
                    return self.led_until(&led, until).await.map(|()| true);
                }
                Some(_) => {}
            }
        }
        for id in free {
            let (life, body) = (until.since(self.now()), ours.user.to_string().into_bytes());
            if self.create_flow(id, LED, ours.realm, life, body).await? {
                return Ok(true);
            }
            // Somebody was faster: perhaps for the same user.
            if let Some(led) = self.led_at(id).await?.filter(|led| leads_to(led) == Some(ours.user)) {
                return self.led_until(&led, until).await.map(|()| true);
            }
        }
        Ok(false)
    }

    async fn led_at(&self, id: FlowId) -> Result<Option<Flow>, Unwritten> {
        let led = self.flow(id, LED).await.map_err(Unwritten::NotTaken)?;
        Ok(led.filter(|led| self.now() < led.expires_at))
    }

    /// Has a note last until then, if it does not yet.
    async fn led_until(&self, led: &Flow, until: Timestamp) -> Result<(), Unwritten> {
        if until <= led.expires_at {
            return Ok(());
        }
        self.put_flow(led.id, LED, led.realm, until.since(self.now()), led.body.clone()).await
    }

    async fn is_over_upstream(
        &self,
        realm: RealmId,
        session: &UpstreamSession,
        times: UpstreamTimes,
    ) -> Result<bool, Outage> {
        let by_token = |name: &str| self.flow(record::flow_of(OVER, realm, &session.issuer, name), OVER);
        let mut notes = UpstreamLogoutNotes::default();
        if let Some(sid) = &session.sid {
            notes.of_session = by_token(&format!("sid {sid}")).await?.is_some();
            let in_frame = record::over_in_frame(realm, &session.issuer, sid);
            let in_frame = self.flow(in_frame, OVER_IN_FRAME).await?;
            let in_frame = in_frame.filter(|note| self.now() < note.expires_at);
            // One from before its time was kept means all that it meant then.
            notes.in_frame_at = in_frame.map(|note| record::time(&note.body).unwrap_or(note.expires_at));
        }
        let of_person = by_token(&format!("sub {}", session.sub)).await?;
        notes.of_person_at = of_person.and_then(|note| record::time(&note.body));
        Ok(notes.overtake(times))
    }
}

/// The places of one name. The first is where an earlier version had its only one.
fn led_id(realm: RealmId, issuer: &str, name: &str, place: usize) -> FlowId {
    let kind = if place == 0 { LED.to_owned() } else { format!("{LED} {place}") };
    record::flow_of(&kind, realm, issuer, name)
}

fn leads_to(led: &Flow) -> Option<UserId> {
    std::str::from_utf8(&led.body).ok()?.parse().ok()
}
