//! Callers: they give an order to a node, through its authority, and write down what they are answered.
//!
//! What a caller was given, other callers may use: tokens, codes and ids are common knowledge.

use std::sync::Arc;

use adieu_authority::{
    Authority, CodeOrder, PersonError, RedeemCode, RedeemFailure, RefreshTokens, SignOn, SignOnFailure,
};
use adieu_core::{
    Actor, Assurance, Cause, Check, Device, DirectoryError, Edited, EndError, EndKind, EndOrder, EndTarget,
    Ended, GrantError, Origin, Outage, PresentedToken, SidForm, UserEdit,
};
use adieu_store::SessionQuery;

use crate::history::{CallAnswer, Order, RefreshNumber, SignOnRefusal, UserNumber};
use crate::notes::{KnownGrant, KnownToken, Notes};
use crate::rules::RunRules;
use crate::world::{CHANNEL, ISSUER, Installation, password, username};

/// What every caller has.
pub(crate) struct Callers {
    pub(crate) notes: Arc<Notes>,
    rules: Arc<RunRules>,
    realms: [adieu_core::RealmId; 2],
    users: Vec<adieu_core::UserId>,
    clients: Vec<adieu_core::ClientId>,
}

/// Nobody can tell.
struct Untold;

impl From<Outage> for Untold {
    fn from(_: Outage) -> Self {
        Self
    }
}

type Carried = Result<CallAnswer, Untold>;

impl Callers {
    pub(crate) fn of(world: &Installation) -> Self {
        Self {
            notes: Arc::clone(&world.notes),
            rules: Arc::clone(&world.rules),
            realms: world.realms,
            users: world.users.clone(),
            clients: world.clients.clone(),
        }
    }

    /// Gives an order, and waits for the answer.
    pub(crate) async fn carry_out(&self, authority: &Authority, order: Order) -> CallAnswer {
        self.told(authority, order).await.unwrap_or(CallAnswer::CannotTell)
    }

    async fn told(&self, authority: &Authority, order: Order) -> Carried {
        match order {
            Order::SignOn { user, password, previous, keep_token } => {
                let previous = previous.map(|(token, _)| self.notes.known_token(token).token);
                self.sign_on(authority, user, password, previous, keep_token).await
            }
            Order::Check { token, touch } => {
                let known = self.notes.known_token(token);
                Ok(match authority.check(&known.token, touch).get().await? {
                    Check::Live(_) => CallAnswer::Live,
                    Check::Half(_) => CallAnswer::NotLive(adieu_core::NotLive::HalfSignedOn),
                    Check::Not(why) => CallAnswer::NotLive(why),
                })
            }
            Order::EndToken { .. }
            | Order::EndSession { .. }
            | Order::EndOneOf { .. }
            | Order::Reset { .. }
            | Order::EndUser { .. }
            | Order::EndUserBut { .. }
            | Order::EndRealm
            | Order::EndClient { .. } => self.end(authority, order).await,
            Order::OwnPassword { .. }
            | Order::SetPassword { .. }
            | Order::SetEnabled { .. }
            | Order::Remove { .. } => self.change_user(authority, order).await,
            Order::Issue { token, client, .. } => self.issue(authority, token, client).await,
            Order::Redeem { code } => {
                let code = self.notes.presented_code(code);
                let Some(client) = self.client(authority, &code).await? else {
                    return Ok(CallAnswer::NoGrant);
                };
                let order = RedeemCode {
                    code: code.text,
                    client,
                    issuer: ISSUER.into(),
                    redirect_uri: None,
                    verifier: None,
                    may_have: vec!["openid".into()],
                };
                let redeemed = authority.redeem_code(order).await;
                self.granted(redeemed.map(|grant| grant.refresh), code.client)
            }
            Order::Refresh { refresh } => {
                let refresh = self.notes.presented_refresh(refresh);
                let Some(client) = self.client(authority, &refresh).await? else {
                    return Ok(CallAnswer::NoGrant);
                };
                let (token, issuer, may_have) = (refresh.text, ISSUER.into(), vec!["openid".into()]);
                let order = RefreshTokens { token, client, issuer, scope: None, may_have };
                let rotated = authority.refresh(order).await;
                self.granted(rotated.map(|grant| grant.refresh), refresh.client)
            }
            Order::Count { user } => self.count(authority, user).await,
            Order::Sweep => authority.sweep().await.map_or(Err(Untold), |_| Ok(CallAnswer::Done)),
            Order::Expire => authority.expire_shared().await.map_or(Err(Untold), |_| Ok(CallAnswer::Done)),
            Order::Retry { ending } => {
                let ending = self.notes.known_ending(ending);
                authority.retry_notices(ending).await.map_or(Err(Untold), |_| Ok(CallAnswer::Done))
            }
            Order::GiveUp { ending } => {
                let ending = self.notes.known_ending(ending);
                authority.give_up_notices(ending).await.map_or(Err(Untold), |_| Ok(CallAnswer::Done))
            }
        }
    }

    async fn sign_on(
        &self,
        authority: &Authority,
        user: UserNumber,
        number: u32,
        previous: Option<adieu_core::SessionToken>,
        keep_token: bool,
    ) -> Carried {
        let realm = authority.realm(self.realms[self.rules.users[user]]).await?.ok_or(Untold)?;
        let sign_on = SignOn {
            realm,
            channel: CHANNEL,
            name: username(user),
            password: password(number),
            device: Device::default(),
            previous,
            keep_token,
            level: Assurance::One,
            may_be_half: false,
        };
        match authority.sign_on(sign_on).await {
            Ok(signed_in) => {
                let session = self.notes.session(signed_in.session.id);
                let token = self.notes.token(KnownToken { token: signed_in.token, session, user });
                Ok(CallAnswer::SignedOn { token, session })
            }
            Err(SignOnFailure::WrongCredentials { .. }) => Ok(CallAnswer::NotSignedOn(SignOnRefusal::Wrong)),
            Err(SignOnFailure::Disabled(_)) => Ok(CallAnswer::NotSignedOn(SignOnRefusal::Disabled)),
            Err(SignOnFailure::Quota) => Ok(CallAnswer::NotSignedOn(SignOnRefusal::Quota)),
            Err(
                SignOnFailure::Limited { .. }
                | SignOnFailure::SecondFactor(_)
                | SignOnFailure::NotEnrolled
                | SignOnFailure::Busy
                | SignOnFailure::TooMany
                | SignOnFailure::Outage(_),
            ) => Err(Untold),
        }
    }

    async fn end(&self, authority: &Authority, order: Order) -> Carried {
        let id = |no| self.notes.session_id(no);
        let (target, kind, by) = match order {
            Order::EndToken { token } => {
                let token = self.notes.known_token(token).token;
                (EndTarget::Token(PresentedToken::from(&token)), EndKind::End, None)
            }
            Order::EndSession { session } => (EndTarget::One(id(session)), EndKind::End, Some(())),
            Order::EndOneOf { user, session } => {
                let target = EndTarget::OneOf { user: self.users[user], session: id(session) };
                (target, EndKind::End, Some(()))
            }
            Order::Reset { session } => (EndTarget::One(id(session)), EndKind::Reset, Some(())),
            Order::EndUser { user, grants: false } => {
                (EndTarget::User(self.users[user]), EndKind::End, Some(()))
            }
            Order::EndUser { user, grants: true } => {
                (EndTarget::UserAndGrants(self.users[user]), EndKind::End, Some(()))
            }
            Order::EndUserBut { user, keep } => {
                (EndTarget::UserBut { user: self.users[user], keep: id(keep) }, EndKind::End, Some(()))
            }
            Order::EndClient { client } => {
                (EndTarget::Grants(self.clients[client].clone()), EndKind::End, Some(()))
            }
            _ => (EndTarget::Realm(self.realms[0]), EndKind::End, Some(())),
        };
        let origin = by.map_or_else(|| Origin::of_holder(CHANNEL, None), |()| administrator());
        let order = EndOrder {
            realm: None,
            target,
            kind,
            cause: Cause::Administrator,
            spare: None,
            within: None,
            origin,
        };
        match authority.end(order).await {
            Ok(ended) => Ok(CallAnswer::Ended(self.ending_of(authority, &ended))),
            Err(EndError::UnknownSession | EndError::CallersOwn | EndError::OutOfReach) => {
                Ok(CallAnswer::NothingToEnd)
            }
            Err(EndError::Unwritten(_)) => Err(Untold),
        }
    }

    async fn change_user(&self, authority: &Authority, order: Order) -> Carried {
        match order {
            Order::OwnPassword { session, user, password: number, .. } => {
                let session = self.notes.session_id(session);
                let Some(found) = authority.user(self.users[user]).await? else {
                    return Ok(CallAnswer::NotChanged);
                };
                let origin = Origin::of_holder(CHANNEL, None);
                let changed =
                    authority.change_own_password((&found, session), &password(number), origin).await;
                match changed {
                    Err(PersonError::Directory(error)) => self.changed(authority, Err(error)),
                    Err(PersonError::Password(_)) => Err(Untold),
                    Err(PersonError::Weak(_)) => Ok(CallAnswer::NotChanged),
                    Ok(edited) => self.changed(authority, Ok(edited)),
                }
            }
            Order::SetPassword { user, password: number } => {
                let Some(found) = authority.user(self.users[user]).await? else {
                    return Ok(CallAnswer::NotChanged);
                };
                let hashed =
                    authority.hash_new_password(found.realm, &found.names(), &password(number)).await;
                let hash = hashed.map_err(|_| Untold)?;
                let edit = UserEdit { password: Some(Some(hash)), ..UserEdit::default() };
                let edited = authority.edit_user(self.users[user], edit, administrator()).await;
                self.changed(authority, edited)
            }
            Order::SetEnabled { user, enabled } => {
                let edited = authority.set_enabled(self.users[user], enabled, administrator()).await;
                self.changed(authority, edited)
            }
            Order::Remove { user } => match authority.remove_user(self.users[user], administrator()).await {
                Ok(ended) => {
                    Ok(CallAnswer::Changed { ended: true, ending: self.ending_of(authority, &ended) })
                }
                Err(error) => self.changed(authority, Err(error)),
            },
            _ => Ok(CallAnswer::NotChanged),
        }
    }

    fn ending_of(&self, authority: &Authority, ended: &Ended) -> Option<adieu_core::EndingId> {
        ended.place().map(|place| self.notes.ending(authority.ending_id(place)))
    }

    fn changed(&self, authority: &Authority, edited: Result<Edited, DirectoryError>) -> Carried {
        match edited {
            Ok(edited) => {
                let ending = edited.ended.as_ref().and_then(|ended| self.ending_of(authority, ended));
                Ok(CallAnswer::Changed { ended: edited.ended.is_some(), ending })
            }
            Err(DirectoryError::Unwritten(_)) => Err(Untold),
            Err(_) => Ok(CallAnswer::NotChanged),
        }
    }

    async fn issue(&self, authority: &Authority, token: usize, client: usize) -> Carried {
        let known = self.notes.known_token(token);
        let Check::Live(live) = authority.check(&known.token, false).get().await? else {
            return Ok(CallAnswer::NoGrant);
        };
        let Some(of_realm) = authority.client(live.session.realm, &self.clients[client]).await? else {
            return Ok(CallAnswer::NoGrant);
        };
        let sid: Arc<str> = authority.sid(SidForm::OfClient, &of_realm.id, live.session.id).into();
        let order = CodeOrder {
            session: live.session,
            client: of_realm,
            issuer: ISSUER.into(),
            sid: SidForm::OfClient,
            consent: None,
            offline: false,
            scope: "openid".into(),
            nonce: None,
            claims: None,
            redirect_uri: None,
            challenge: None,
        };
        match authority.issue_code(order).await {
            Ok(text) => {
                let code = self.notes.code(KnownGrant::new(text, client));
                Ok(CallAnswer::Code { code, sid })
            }
            Err(GrantError::Unwritten(_)) => Err(Untold),
            Err(_) => Ok(CallAnswer::NoGrant),
        }
    }

    async fn client(
        &self,
        authority: &Authority,
        grant: &KnownGrant,
    ) -> Result<Option<Arc<adieu_core::Client>>, Untold> {
        Ok(authority.client(self.realms[0], &self.clients[grant.client]).await?)
    }

    fn granted(&self, granted: Result<Option<String>, RedeemFailure>, client: usize) -> Carried {
        match granted {
            Ok(Some(text)) => {
                let refresh: RefreshNumber = self.notes.refresh(KnownGrant::new(text, client));
                Ok(CallAnswer::Refresh { refresh })
            }
            Ok(None) => Ok(CallAnswer::Done),
            Err(RedeemFailure::Grant(_) | RedeemFailure::Scope) => Ok(CallAnswer::NoGrant),
            Err(RedeemFailure::Outage(_)) => Err(Untold),
        }
    }

    /// Counts what is live whatever a clock shows.
    async fn count(&self, authority: &Authority, user: UserNumber) -> Carried {
        let query = SessionQuery { after: None, most: 1000, live: Some(true) };
        let now = authority.now();
        let page = authority.user_sessions(self.users[user], query).await?;
        let margin = self.rules.clocks_differ_ms();
        let surely = page.sessions.iter().filter(|record| {
            let session = &record.session;
            session.ends_at(record.seen_at).since(now).ms() > margin
        });
        Ok(CallAnswer::Counted(surely.count()))
    }
}

fn administrator() -> Origin {
    Origin::of(Actor::Operator, CHANNEL, None)
}
