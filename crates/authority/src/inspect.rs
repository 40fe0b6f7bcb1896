//! What a token is worth now: its signature is checked once, everything else every time.
//!
//! NO-STALE-YES: session, epoch, client generation, grant and expiry are read at each look. NO-FALSE-NO: an [`Outage`]
//! is "cannot tell", never "not active".

use std::borrow::Cow;
use std::sync::Arc;

use adieu_core::FoundSession;
use adieu_core::{
    Actor, Client, Grant, GrantAround, GrantId, Outage, Realm, RealmId, RoleAssignment, Session, SessionId,
    User, UserId, Verdict, is_revoked,
};
use adieu_token::{TYP_ACCESS, TYP_ID, Verified};

use crate::revoke::token_id;
use crate::user_scopes::ScopesOfClient;
use crate::{Authority, Standing};

/// For whom a token is looked at, which says who may be told of it and whether the look is activity of its user.
#[derive(Clone, Copy)]
pub enum For<'a> {
    /// Whoever presents it as theirs: activity.
    Holder,
    /// A client that asks about it: activity, if it is told.
    Caller(&'a Client),
    /// A management API of ours, which judges the session itself: no activity.
    Ourselves,
}

impl For<'_> {
    const fn is_activity(self) -> bool {
        matches!(self, Self::Holder | Self::Caller(_))
    }
}

/// An access token that is good now.
pub struct Active {
    /// What it says.
    pub claims: Arc<Verified>,
    /// Whose it is.
    pub client: Arc<Client>,
    /// Its session, if it was issued because of one that is live.
    pub session: Option<FoundSession>,
    /// Its grant, if it was issued because of a session.
    pub grant: Option<Arc<Grant>>,
}

impl Active {
    /// The user it speaks of, if it was issued because of a session; that may be over, where the client may outlive it.
    pub fn subject(&self) -> Option<UserId> {
        self.claims.str("sub").and_then(|sub| sub.parse().ok())
    }

    /// Whether the token carries that scope, and its client may have it at this moment.
    pub fn has_scope(&self, scope: &str) -> bool {
        let carried = self.claims.str("scope").is_some_and(|own| own.split(' ').any(|own| own == scope));
        carried && ScopesOfClient::of(&self.client).counts(scope, self.grant.is_some())
    }

    /// The scopes of the token that its client may have at this moment, separated by blanks.
    pub fn scope(&self) -> Option<Cow<'_, str>> {
        let carried = self.claims.str("scope")?;
        let counts = |scope: &str| ScopesOfClient::of(&self.client).counts(scope, self.grant.is_some());
        Some(narrowed(carried, counts))
    }
}

/// A refresh token that is good now.
pub struct ActiveRefresh {
    /// Its grant.
    pub grant: Arc<Grant>,
    /// Whose it is.
    pub client: Arc<Client>,
}

impl ActiveRefresh {
    /// The scopes of the grant that its client may have at this moment, separated by blanks.
    pub fn scope(&self) -> Cow<'_, str> {
        narrowed(&self.grant.scope, |scope| ScopesOfClient::of(&self.client).counts(scope, true))
    }
}

/// Those of some scopes that count.
fn narrowed(scopes: &str, counts: impl Fn(&str) -> bool) -> Cow<'_, str> {
    if scopes.split(' ').all(&counts) {
        return Cow::Borrowed(scopes);
    }
    let kept: Vec<_> = scopes.split(' ').filter(|scope| counts(scope)).collect();
    Cow::Owned(kept.join(" "))
}

/// Who calls with a bearer token.
pub struct Principal {
    /// The client that holds the token.
    pub client: Arc<Client>,
    /// The user in whose name it acts, with the session that the token belongs to.
    pub user: Option<(Arc<User>, Arc<Session>)>,
    /// The scopes of the token, separated by blanks.
    scope: String,
}

impl Principal {
    /// Who is to be named as the one who acted.
    pub fn actor(&self) -> Actor {
        match &self.user {
            Some((user, _)) => Actor::User(user.id),
            None => Actor::Client(self.client.id.clone()),
        }
    }

    /// The session that the caller's own token belongs to.
    pub fn session(&self) -> Option<SessionId> {
        self.user.as_ref().map(|(_, session)| session.id)
    }

    /// Whether the token carries that scope of an API, and its client may have it at this moment.
    pub fn has_scope(&self, scope: &str) -> bool {
        let may = ScopesOfClient::of(&self.client).counts(scope, self.user.is_some());
        may && self.scope.split(' ').any(|own| own == scope)
    }

    /// The roles as they are at this moment, not as they were when the token was issued.
    pub fn roles(&self) -> &[RoleAssignment] {
        match &self.user {
            Some((user, _)) => &user.roles,
            None => &self.client.roles,
        }
    }
}

impl Authority {
    /// The access token, if this issuer of the realm gave it, it is good now, and theirs to know for whom it is looked at.
    pub async fn inspect_access(
        &self,
        (realm, issuer): (&Realm, &str),
        token: &str,
        asked: For<'_>,
    ) -> Result<Option<Active>, Outage> {
        let verified = self.inner.keyring.verify(realm.id, token).await?;
        match verified.filter(|claims| claims.str("iss") == Some(issuer)) {
            Some(claims) => self.access_of(realm, claims, asked).await,
            None => Ok(None),
        }
    }

    /// The access token of the realm that says this, if it is good now, and theirs to know for whom it is looked at.
    async fn access_of(
        &self,
        realm: &Realm,
        claims: Arc<Verified>,
        asked: For<'_>,
    ) -> Result<Option<Active>, Outage> {
        if claims.typ.as_deref() != Some(TYP_ACCESS) || claims.expired(self.now().s()) {
            return Ok(None);
        }
        let Some(client) = self.client_of(realm, &claims).await? else { return Ok(None) };
        let (session, gid) = (claims.str("sid"), claims.str("gid"));
        let (Some(session), Some(gid)) = (session, gid) else {
            // In its own name: only for as long as it may act so.
            let revoked = token_id(&claims).is_none_or(|id| is_revoked(&client.revoked_tokens, id));
            let own = session.is_none() && gid.is_none() && client.client_credentials && !revoked;
            let told = own && self.is_told(asked, &claims, None).await?;
            return Ok(told.then_some(Active { claims, client, session: None, grant: None }));
        };
        let (Some(session), Ok(gid)) = (self.session_named(&client.id, session), gid.parse::<u64>()) else {
            return Ok(None);
        };
        let Some(grant) = self.inner.store.grant(GrantId::from_number(gid)).get().await? else {
            return Ok(None);
        };
        let revoked = token_id(&claims).is_none_or(|id| is_revoked(&grant.revoked_tokens, id));
        if grant.session != session || revoked {
            return Ok(None);
        }
        if !self.is_told(asked, &claims, Some(grant.user)).await? {
            return Ok(None);
        }
        let held = self.held(&grant, &client, asked.is_activity()).await?;
        Ok(held.map(|session| Active { claims, client, session, grant: Some(grant) }))
    }

    /// The refresh token, if this issuer of the realm gave it, it is good now, and this client's. It is not used up by that; the
    /// look is activity of its user.
    pub async fn inspect_refresh(
        &self,
        (realm, issuer): (&Realm, &str),
        token: &str,
        caller: &Client,
    ) -> Result<Option<ActiveRefresh>, Outage> {
        let Some(grant) = self.grant_of_refresh(realm, token).await? else { return Ok(None) };
        if !grant.is_for(&caller.id, issuer) {
            return Ok(None); // It is of use to its own client alone, and at its own issuer.
        }
        let Some(client) = self.client(realm.id, &grant.client).await? else { return Ok(None) };
        let held = self.held(&grant, &client, true).await?;
        Ok(held.map(|_| ActiveRefresh { grant, client }))
    }

    /// The claims of an ID token of this realm, expired or not, retired keys included.
    pub async fn read_id_token(&self, realm: &Realm, token: &str) -> Result<Option<Arc<Verified>>, Outage> {
        let verified = self.inner.keyring.verify(realm.id, token).await?;
        Ok(verified.filter(|claims| claims.typ.as_deref() == Some(TYP_ID)))
    }

    /// Who calls a management API with this bearer token of `realm`, which must be meant for `audience`. How far its holder's
    /// roles reach is decided elsewhere.
    pub async fn principal(
        &self,
        realm: &Realm,
        token: &str,
        audience: &str,
    ) -> Result<Option<Principal>, Outage> {
        // The audience says for which API it is; who gave it is no matter beside that.
        let Some(claims) = self.inner.keyring.verify(realm.id, token).await? else { return Ok(None) };
        let active = self.access_of(realm, claims, For::Ourselves).await?;
        let Some(active) = active.filter(|active| active.claims.audiences().contains(&audience)) else {
            return Ok(None);
        };
        if active.subject().is_some() && active.session.is_none() {
            return Ok(None); // It outlives its session for others, not here: nobody acts in the name of who signed off.
        }
        let scope = active.claims.str("scope").unwrap_or_default().to_owned();
        let user = active.session.map(|found| (found.user, found.session));
        Ok(Some(Principal { client: active.client, user, scope }))
    }

    /// How far a caller's roles reach in a realm.
    pub async fn standing_of(&self, principal: &Principal, realm: RealmId) -> Result<Standing, Outage> {
        self.standing(principal.roles(), realm).await
    }

    /// Whether whoever asks may know of an access token: its holder, its own client, a client that it is meant for, and one
    /// whose roles let it read the sessions of the token's user.
    async fn is_told(&self, asked: For<'_>, claims: &Verified, user: Option<UserId>) -> Result<bool, Outage> {
        let For::Caller(caller) = asked else { return Ok(true) };
        let id = caller.id.as_str();
        if claims.str("client_id") == Some(id) || claims.audiences().contains(&id) {
            return Ok(true);
        }
        if caller.roles.is_empty() {
            return Ok(false);
        }
        let reading = self.rights(&caller.roles, caller.realm).await?.reading;
        let user = match user {
            Some(user) => self.user(user).await?,
            None => None,
        };
        Ok(user.map_or(reading == Standing::OfRealm, |user| reading.reaches(user.population)))
    }

    /// The client that a token names, if it is enabled and of the generation that the token was issued in.
    async fn client_of(&self, realm: &Realm, claims: &Verified) -> Result<Option<Arc<Client>>, Outage> {
        let Some(Ok(id)) = claims.str("client_id").map(str::parse) else { return Ok(None) };
        let generation = claims.int("cgn").and_then(|cgn| u64::try_from(cgn).ok());
        let client = self.client(realm.id, &id).await?;
        Ok(client.filter(|client| client.enabled && generation == Some(client.generation)))
    }

    /// Whether the grant is live: its session, if that is live as well.
    async fn held(
        &self,
        grant: &Grant,
        client: &Client,
        touch: bool,
    ) -> Result<Option<Option<FoundSession>>, Outage> {
        let found = self.session_by_id(grant.session, false).get().await?;
        let found = found.filter(|found| found.verdict == Verdict::Live);
        let session = found.as_ref().map(|found| &*found.session);
        let consent = match grant.consent {
            Some(_) => self.consent(grant.user, client).await?,
            None => None,
        };
        let consent = consent.as_deref();
        let mut around = GrantAround::of(session, Some(client), None, consent);
        if !grant.is_live(around, self.now()) && grant.may_outlive_session() {
            let user = self.user(grant.user).await?;
            around = GrantAround::of(session, Some(client), user.as_deref(), consent);
        }
        if !grant.is_live(around, self.now()) {
            return Ok(None);
        }
        let found = found.filter(|found| found.carries(grant));
        if touch && found.is_some() {
            // Only now: a dead grant's token keeps no session awake.
            self.session_by_id(grant.session, true).get().await?;
        }
        Ok(Some(found))
    }
}
