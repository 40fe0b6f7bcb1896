//! Logouts that an upstream provider tells of: by a signed token from the provider itself, or by the browser in a frame.
//!
//! What they mean ends on the one road (ONE-ROAD), and our own applications are told like of any ending. OpenID Connect
//! Back-Channel Logout 1.0 §2.5 to 2.8, Front-Channel Logout 1.0 §3; S-BCL-23 to 27, S-FCL-7.

use adieu_core::{
    Actor, Cause, Channel, EndError, EndKind, EndOrder, EndTarget, Ended, Origin, Outage, Realm, Reason,
    SessionId, Span, Unwritten, UpstreamError, UpstreamLogout, UpstreamProvider, UserId,
};
use adieu_store::SessionQuery;

use super::record::{self, OVER, OVER_IN_FRAME, SESSION, TAKEN};
use crate::Authority;
use crate::flows::NewFlow;

/// For how long a logout is noted for sign-ons that it may overtake: longer than one takes.
const NOTED: Span = Span::from_s(3600);
/// Sessions of a user that are read at once.
const PAGE: u32 = 200;

/// Why a logout was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamLogoutFailure {
    /// The realm has no such provider.
    #[error("no such upstream provider")]
    UnknownProvider,
    /// The token is not taken, or the provider's keys cannot be had.
    #[error(transparent)]
    Provider(#[from] UpstreamError),
    /// A token of this name was taken before.
    #[error("the token was taken before")]
    Replayed,
    /// The store could not tell or not write: the same token may be sent again.
    #[error("the store did not carry it out")]
    Outage(#[from] Outage),
}

impl From<Unwritten> for UpstreamLogoutFailure {
    fn from(unwritten: Unwritten) -> Self {
        Self::Outage(unwritten.into_outage())
    }
}

impl Authority {
    /// A provider says by a token of its own that a session, or all of a person, is over: how many of ours ended.
    pub async fn upstream_logout(
        &self,
        realm: &Realm,
        provider: &str,
        token: String,
        (channel, address): (Channel, Option<String>),
    ) -> Result<usize, UpstreamLogoutFailure> {
        // One that nobody signs on through any more is still heard: what came through it may live.
        let provider =
            self.upstream(realm.id, provider).await?.ok_or(UpstreamLogoutFailure::UnknownProvider)?;
        let client = self.upstream_client()?;
        let (issuer, client_id, now) = (provider.issuer.clone(), provider.client_id.clone(), self.now());
        let logout = client.logout(issuer, client_id, token, now).await?;
        let taken = record::flow_of(TAKEN, realm.id, &provider.issuer, &logout.jti);
        if self.flow(taken, TAKEN).await?.is_some_and(|flow| now < flow.expires_at) {
            return Err(UpstreamLogoutFailure::Replayed);
        }
        // What cannot be noted for sign-ons under way ends what lives all the same, and is to be told again.
        let noted = self.note_upstream_logout(realm, &provider, &logout).await;
        let ended = self.end_upstream(realm, &provider, &logout, (channel, address)).await?;
        noted?;
        // Only what was carried out is refused a second time.
        let life = Span::from_ms(logout.expires_at.since(now).ms().max(0) + NOTED.ms());
        self.put_flow(taken, TAKEN, realm.id, life, Vec::new()).await?;
        Ok(ended)
    }

    /// A browser is told by a provider, in a frame, that its session of this name is over: how many of ours ended. Another issuer,
    /// and a session that led to none of ours, means nothing.
    pub async fn upstream_front_logout(
        &self,
        realm: &Realm,
        provider: &str,
        (iss, sid): (&str, &str),
        (channel, address): (Channel, Option<String>),
    ) -> Result<usize, UpstreamLogoutFailure> {
        let provider =
            self.upstream(realm.id, provider).await?.ok_or(UpstreamLogoutFailure::UnknownProvider)?;
        if iss != provider.issuer {
            return Ok(0);
        }
        let now = self.now();
        let logout = UpstreamLogout {
            sub: None,
            sid: Some(sid.to_owned()),
            jti: String::new(),
            said_at: now,
            expires_at: now,
        };
        let noted = self.note_logout_in_frame(realm, &provider, sid, address.as_deref()).await;
        let ended = self.end_upstream(realm, &provider, &logout, (channel, address)).await?;
        noted?;
        Ok(ended)
    }

    /// The same as a provider's own logouts are noted, but that anybody may say so: such notes are bounded as flows are that browsers
    /// begin, and mean only sign-ons that are under way.
    async fn note_logout_in_frame(
        &self,
        realm: &Realm,
        provider: &UpstreamProvider,
        sid: &str,
        from: Option<&str>,
    ) -> Result<(), Unwritten> {
        let id = record::over_in_frame(realm.id, &provider.issuer, sid);
        let (kind, realm, body) = (OVER_IN_FRAME, realm.id, record::time_text(self.now()));
        self.begin_flow(NewFlow { id, kind, realm, life: NOTED, body, from }).await
    }

    /// For sign-ons that are under way: they look for this note once their session is written down.
    async fn note_upstream_logout(
        &self,
        realm: &Realm,
        provider: &UpstreamProvider,
        logout: &UpstreamLogout,
    ) -> Result<(), Unwritten> {
        // One that names a session means that session, and its person by the way.
        let name = record::names_of(logout.sid.as_deref(), logout.sub.as_deref()).next();
        let Some(name) = name else { return Ok(()) };
        let id = record::flow_of(OVER, realm.id, &provider.issuer, &name);
        let body = record::time_text(logout.said_at);
        self.put_flow(id, OVER, realm.id, NOTED, body).await
    }

    async fn end_upstream(
        &self,
        realm: &Realm,
        provider: &UpstreamProvider,
        logout: &UpstreamLogout,
        (channel, address): (Channel, Option<String>),
    ) -> Result<usize, UpstreamLogoutFailure> {
        let mut ended = 0;
        for (user, session) in self.sessions_from_upstream(realm, provider, logout).await? {
            let reason = format!("upstream {}", provider.name).parse::<Reason>().ok();
            let origin = Origin::of(Actor::System, channel.clone(), address.clone()).because(reason);
            let order = EndOrder {
                realm: Some(realm.id),
                target: EndTarget::OneOf { user, session },
                kind: EndKind::End,
                cause: Cause::Upstream,
                spare: None,
                within: None,
                origin,
            };
            match self.end(order).await {
                Ok(Ended::Now(_)) => ended += 1,
                // Over already: that is what was wanted. S-BCL-27
                Ok(Ended::Before) | Err(EndError::UnknownSession) => {}
                Err(EndError::Unwritten(unwritten)) => return Err(unwritten.into()),
                Err(error @ (EndError::CallersOwn | EndError::OutOfReach)) => {
                    return Err(Outage::new(error).into());
                }
            }
        }
        Ok(ended)
    }

    /// The live sessions that a logout means.
    async fn sessions_from_upstream(
        &self,
        realm: &Realm,
        provider: &UpstreamProvider,
        logout: &UpstreamLogout,
    ) -> Result<Vec<(UserId, SessionId)>, Outage> {
        let names = record::names_of(logout.sid.as_deref(), logout.sub.as_deref());
        let mut users = self.led_users(realm.id, &provider.issuer, names).await?;
        if let Some(sub) = &logout.sub {
            let linked = self.upstream_user(realm.id, &provider.issuer, sub).await?;
            users.extend(linked.map(|user| user.id).filter(|id| !users.contains(id)));
        }
        let mut found = Vec::new();
        for user in users {
            let mut after = None;
            loop {
                let query = SessionQuery { after, most: PAGE, live: Some(true) };
                let page = self.store().user_sessions(user, query, self.now()).await?;
                for one in &page.sessions {
                    let beside = self.flow(one.session.id.to_bytes(), SESSION).await?;
                    let beside = beside.and_then(|flow| record::session(&flow.body));
                    let meant = beside.is_some_and(|beside| {
                        beside.provider == provider.name && beside.is_meant(&provider.issuer, logout)
                    });
                    if meant && one.session.realm == realm.id {
                        found.push((user, one.session.id));
                    }
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}
