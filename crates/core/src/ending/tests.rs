//! Random histories of acts against a model of sessions.
//!
//! The model applies the decisions of core as an engine would; beside it stands an oracle that only remembers which
//! tokens were covered by an ending. No order of acts, crashes included, may make such a token live again.

mod decisions;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::assurance::{Assurance, SecondFactorRule};
use crate::directory::{Beyond, Limits, Proof, Quota, Realm, User};
use crate::facts::{RealmAround, SessionFacts};
use crate::ids::PopulationId;
use crate::opening::{OpeningFacts, Room, decide_opening};
use crate::origin::Channel;
use crate::outline::SessionOutline;
use crate::session::tests::plain;
use crate::session::{Device, Generations};
use crate::session_id::Incarnation;
use crate::sign_on::SignOnOrder;
use crate::sweep::spent;
use crate::time::Span;
use crate::token::SessionSecret;

const USERS: u64 = 3;

/// What an engine keeps on disk.
#[derive(Clone)]
struct Disk {
    sessions: BTreeMap<u64, Session>,
    tombstones: BTreeMap<SessionId, Tombstone>,
    mass: Vec<MassEnding>,
    users: Vec<User>,
    realm_generation: u64,
}

struct Model {
    disk: Disk,
    /// Last activity that only memory knows; a crash forgets it.
    seen: BTreeMap<SessionId, Timestamp>,
    now: Timestamp,
    drawn: u64,
    /// Every token that was handed out, and whether an ending has covered it since.
    tokens: Vec<(SessionToken, bool)>,
}

#[derive(Clone, Debug)]
enum Deed {
    SignOn { user: u64, previous: Option<usize>, keep_token: bool, stale_proof: bool, quota: Option<Quota> },
    Check { token: usize },
    End { token: usize },
    Forget { token: usize },
    ForgetAll { user: u64 },
    Reset { token: usize },
    EndAll { user: u64 },
    EndAllBut { user: u64, token: usize },
    EndRealm,
    Enable { user: u64, enabled: bool },
    Wait { s: i64 },
    Sweep,
    Crash,
    LostBatch { token: usize },
}

fn deeds() -> impl Strategy<Value = Deed> {
    let user = 0..USERS;
    let token = 0usize..24;
    prop_oneof![
        4 => (user.clone(), proptest::option::of(token.clone()), any::<bool>(), proptest::bool::weighted(0.1), quotas())
            .prop_map(|(user, previous, keep_token, stale_proof, quota)| Deed::SignOn {
                user, previous, keep_token, stale_proof, quota,
            }),
        4 => token.clone().prop_map(|token| Deed::Check { token }),
        3 => token.clone().prop_map(|token| Deed::End { token }),
        1 => token.clone().prop_map(|token| Deed::Forget { token }),
        1 => user.clone().prop_map(|user| Deed::ForgetAll { user }),
        2 => token.clone().prop_map(|token| Deed::Reset { token }),
        1 => user.clone().prop_map(|user| Deed::EndAll { user }),
        1 => (user.clone(), token.clone()).prop_map(|(user, token)| Deed::EndAllBut { user, token }),
        1 => Just(Deed::EndRealm),
        1 => (user, any::<bool>()).prop_map(|(user, enabled)| Deed::Enable { user, enabled }),
        3 => (1i64..400).prop_map(|s| Deed::Wait { s }),
        1 => Just(Deed::Sweep),
        1 => Just(Deed::Crash),
        1 => token.prop_map(|token| Deed::LostBatch { token }),
    ]
}

fn quotas() -> impl Strategy<Value = Option<Quota>> {
    let beyond = prop_oneof![
        Just(Beyond::Refuse),
        Just(Beyond::EndOldest),
        Just(Beyond::EndNextExpiring),
        Just(Beyond::EndAll)
    ];
    proptest::option::of((1u32..4, beyond).prop_map(|(max, beyond)| Quota { max, beyond }))
}

fn realm() -> RealmId {
    RealmId::from_uuid(Uuid::from_u128(1))
}

fn user(n: u64) -> User {
    User {
        key: UserKey::from_random(n + 1),
        id: UserId::from_uuid(Uuid::from_u128(u128::from(n) + 10)),
        realm: realm(),
        population: PopulationId::from_uuid(Uuid::from_u128(5)),
        username: format!("user{n}"),
        email: None,
        external_id: None,
        enabled: true,
        enabled_at: Timestamp::from_ms(0),
        lock: None,
        unlocked_at: None,
        generation: 0,
        forgotten: 0,
        grants_from: 0,
        signed_on_since: false,
        removed: false,
        password: None,
        recovery_codes: None,
        traits: "{}".into(),
        metadata_public: None,
        metadata_admin: None,
        roles: vec![],
        version: crate::version::Version::FIRST,
        created_at: Timestamp::from_ms(0),
        updated_at: Timestamp::from_ms(0),
    }
}

fn order(target: EndTarget, kind: EndKind) -> EndOrder {
    let origin = Origin::of_holder(Channel::named("test"), None);
    EndOrder { realm: None, target, kind, cause: Cause::SignOff, spare: None, within: None, origin }
}

impl Model {
    fn new() -> Self {
        let users = (0..USERS).map(user).collect();
        let disk = Disk {
            sessions: BTreeMap::new(),
            tombstones: BTreeMap::new(),
            mass: vec![],
            users,
            realm_generation: 0,
        };
        Self { disk, seen: BTreeMap::new(), now: Timestamp::from_ms(0), drawn: 0, tokens: Vec::new() }
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    fn seen_at(&self, session: &Session) -> Timestamp {
        self.seen.get(&session.id).copied().unwrap_or(session.seen_at).max(session.seen_at)
    }

    fn by_id(&self, id: SessionId) -> Option<&Session> {
        self.disk.sessions.values().find(|s| s.id == id)
    }

    fn is_live(&self, token: &SessionToken) -> bool {
        self.lives(token.id) && self.by_id(token.id).is_some_and(|s| s.token_hash.matches(&token.secret))
    }

    fn lives(&self, id: SessionId) -> bool {
        self.by_id(id).is_some_and(|s| self.facts(s).verdict(self.now) == Verdict::Live)
    }

    /// The first ending of each scope behind the session's birth.
    fn ended_with(&self, session: &Session) -> EndedWith {
        let user = self.disk.users.iter().find(|u| u.id == session.user).expect("the user of a session");
        let first = |scope: EndScope, born| {
            let behind = |m: &&MassEnding| m.scope == scope && m.generation > born;
            let first = self.disk.mass.iter().filter(behind).min_by_key(|m| m.generation);
            first.map(|m| m.record.clone())
        };
        EndedWith {
            user: first(EndScope::User(user.key), session.born.user),
            realm: first(EndScope::Realm(session.realm), session.born.realm),
        }
    }

    fn family(&self, target: &EndTarget) -> Family {
        let one = |id: SessionId| match self.by_id(id) {
            Some(s) => Family::of_session(&self.facts(s), self.ended_with(s)),
            None => match self.disk.tombstones.get(&id) {
                Some(t) => Family::of_tombstone(t.clone(), Some(self.user(t.session.user))),
                None => Family::Nothing,
            },
        };
        let of_user = |id: UserId, keep: Option<SessionId>| {
            let others = self.disk.sessions.values().filter(|s| s.user == id && Some(s.id) != keep);
            let live = others.filter(|s| self.lives(s.id)).count() as u32;
            let keep = keep.and_then(|id| self.by_id(id)).map(|s| self.facts(s));
            Family::of_user(Some(self.user(id)), keep.as_ref(), live)
        };
        match target {
            EndTarget::Token(token) => one(token.id),
            EndTarget::One(session) | EndTarget::OneOf { session, .. } => one(*session),
            EndTarget::User(id) | EndTarget::UserAndGrants(id) => of_user(*id, None),
            EndTarget::UserBut { user, keep } => of_user(*user, Some(*keep)),
            EndTarget::Realm(id) => Family::Realm { id: *id, generation: self.disk.realm_generation },
            EndTarget::Grants(_) => Family::Nothing,
        }
    }

    fn end(&mut self, order: &EndOrder) -> Result<Ended, EndError> {
        let ending = decide_ending(&self.family(&order.target), order, self.now)?;
        for change in ending.changes {
            match change {
                EndingChange::Bury(tombstone) => {
                    self.disk.sessions.remove(&tombstone.session.locator.number());
                    self.disk.tombstones.insert(tombstone.session.id, *tombstone);
                }
                EndingChange::Write(session) => {
                    self.disk.sessions.insert(session.locator.number(), *session);
                }
                EndingChange::RaiseUser(raise) => {
                    let user = self.disk.users.iter_mut().find(|u| u.key == raise.key).expect("a user");
                    assert!(raise.to > user.generation, "a generation never falls");
                    *user = user.raised(raise);
                }
                EndingChange::RaiseRealm { to, .. } => self.disk.realm_generation = to,
                EndingChange::RaiseClient { .. } => unreachable!("no clients here"),
                EndingChange::Record(mass) => self.disk.mass.push(*mass),
            }
        }
        Ok(ending.outcome)
    }

    fn cover(&mut self, covered: impl Fn(&Session) -> bool) {
        let ids: Vec<_> = self.disk.sessions.values().filter(|s| covered(s)).map(|s| s.id).collect();
        for (token, dead) in &mut self.tokens {
            *dead |= ids.contains(&token.id);
        }
    }

    fn user(&self, id: UserId) -> &User {
        self.disk.users.iter().find(|u| u.id == id).expect("a user")
    }

    fn facts(&self, session: &Session) -> SessionFacts {
        SessionFacts {
            session: Arc::new(session.clone()),
            seen_at: self.seen_at(session),
            user: Arc::new(self.user(session.user).clone()),
            realm: RealmAround {
                generation: self.disk.realm_generation,
                second_factor: SecondFactorRule::default(),
                is_subscribed: false,
            },
        }
    }

    /// Ends what stands in the way of one more session, as an engine does inside the sign-on; none if it is refused.
    fn make_room(&mut self, order: &SignOnOrder, mut room: Room<'_>) -> Option<()> {
        let mine = |s: &&Session| s.user == order.proof.user;
        let others: Vec<_> =
            self.disk.sessions.values().filter(mine).map(|s| SessionOutline::from(&self.facts(s))).collect();
        if room.wants_others() {
            let _ = others.into_iter().try_for_each(|other| room.count(other));
        }
        for end in room.decide(None).ok()?.endings {
            let EndTarget::One(id) = end.target else { panic!("one session: {end:?}") };
            self.cover(|s| s.id == id);
            assert!(matches!(self.end(&end), Ok(Ended::Now(_))), "what makes room was live");
        }
        Some(())
    }

    fn sign_on(
        &mut self,
        user: u64,
        previous: Option<usize>,
        keep_token: bool,
        stale_proof: bool,
        quota: Option<Quota>,
    ) {
        let user = self.disk.users[user as usize].clone();
        let mut generations = Generations { user: user.generation, realm: self.disk.realm_generation };
        if stale_proof {
            let outdated =
                if self.draw().is_multiple_of(2) { &mut generations.user } else { &mut generations.realm };
            *outdated = outdated.wrapping_sub(1);
        }
        let mut secret = [0; SessionSecret::LENGTH];
        secret[..8].copy_from_slice(&self.draw().to_be_bytes());
        let previous = previous.and_then(|n| self.tokens.get(n)).map(|(token, _)| token.clone());
        let order = SignOnOrder {
            realm: realm(),
            proof: Proof { user: user.id, generations },
            limits: Limits { idle: Some(Span::from_s(300)), absolute: Span::from_s(1000) },
            quota,
            channel: Channel::named("test"),
            method: Some("password".into()),
            authenticated_at: None,
            spends: None,
            level: Assurance::One,
            may_be_half: false,
            device: Device::default(),
            previous: previous.clone(),
            keep_token,
            secret: SessionSecret::from_bytes(secret),
            incarnation: Incarnation::from_bits(self.draw()),
        };
        let realm = Realm {
            id: realm(),
            path: "/".into(),
            generation: self.disk.realm_generation,
            second_factor: SecondFactorRule::default(),
            subscribers: 0,
            created_at: Timestamp::from_ms(0),
        };
        let facts = OpeningFacts {
            user: Some(Arc::new(user.clone())),
            realm: Some(Arc::new(realm)),
            previous: previous.and_then(|token| self.by_id(token.id).map(|s| self.facts(s))),
        };
        let opening = decide_opening(&order, facts, self.now);
        assert_eq!(opening.is_err(), stale_proof || !user.enabled, "only these two refuse");
        let Ok(opening) = opening else { return };
        let Some(()) = self.make_room(&order, opening.room()) else { return };
        let place = opening.needs_place().then(|| {
            let slot = (0..).find(|slot| {
                let place = user.key.slot(*slot).expect("a slot");
                !self.disk.sessions.contains_key(&place.number())
            });
            let place = user.key.slot(slot.expect("a free one")).expect("a slot");
            let mut id = [0; 16];
            id[..8].copy_from_slice(&place.number().to_be_bytes());
            id[8..].copy_from_slice(&order.incarnation.number().to_be_bytes());
            (SessionId::from_bytes(id), place)
        });
        let session = opening.finish(place).expect("a place").session;
        let most = order.quota.map_or(usize::MAX, |quota| quota.max as usize);
        let others = self.disk.sessions.values().filter(|s| s.user == user.id && s.id != session.id);
        assert!(others.filter(|s| self.lives(s.id)).count() < most, "there is room for one more");
        let token = SessionToken { id: session.id, secret: order.secret.clone() };
        let rotated = session.token_hash.matches(&token.secret);
        self.disk.sessions.insert(session.locator.number(), session);
        if rotated {
            for (old, dead) in &mut self.tokens {
                *dead |= old.id == token.id; // No grace time for an old token.
            }
            self.tokens.push((token, false));
        }
    }

    fn act(&mut self, deed: &Deed) {
        match deed.clone() {
            Deed::SignOn { user, previous, keep_token, stale_proof, quota } => {
                self.sign_on(user, previous, keep_token, stale_proof, quota);
            }
            Deed::Check { token } => {
                if let Some((token, _)) = self.tokens.get(token).cloned()
                    && self.is_live(&token)
                {
                    self.seen.insert(token.id, self.now);
                }
            }
            Deed::End { token } | Deed::Reset { token } | Deed::Forget { token } => {
                let Some((token, _)) = self.tokens.get(token).cloned() else { return };
                let kind = match deed {
                    Deed::End { .. } => EndKind::End,
                    Deed::Reset { .. } => EndKind::Reset,
                    _ => EndKind::Forget,
                };
                if let Ok(Ended::Now(_)) = self.end(&order(EndTarget::Token((&token).into()), kind)) {
                    for (other, dead) in &mut self.tokens {
                        *dead |= other.id == token.id;
                    }
                }
            }
            Deed::EndAll { user } | Deed::ForgetAll { user } => {
                let id = self.disk.users[user as usize].id;
                self.cover(|s| s.user == id);
                let kind = if matches!(deed, Deed::EndAll { .. }) { EndKind::End } else { EndKind::Forget };
                self.end(&order(EndTarget::User(id), kind)).expect("a user can be ended");
            }
            Deed::EndAllBut { user, token } => {
                let id = self.disk.users[user as usize].id;
                let Some((keep, _)) = self.tokens.get(token).cloned() else { return };
                // The order names a session: it is kept whichever of its tokens, an older one even, brought its name.
                let lived = self.lives(keep.id) && self.by_id(keep.id).is_some_and(|s| s.user == id);
                self.cover(|s| s.user == id && !(lived && s.id == keep.id));
                self.end(&order(EndTarget::UserBut { user: id, keep: keep.id }, EndKind::End))
                    .expect("ended");
                assert!(!lived || self.lives(keep.id), "the kept one lives on");
            }
            Deed::EndRealm => {
                self.cover(|_| true);
                self.end(&order(EndTarget::Realm(realm()), EndKind::End)).expect("a realm can be ended");
            }
            Deed::Enable { user, enabled } => {
                let id = self.disk.users[user as usize].id;
                if !enabled {
                    self.cover(|s| s.user == id);
                    self.end(&order(EndTarget::User(id), EndKind::End)).expect("a user can be ended");
                }
                self.disk.users[user as usize].enabled = enabled;
            }
            Deed::Wait { s } => self.now = self.now.plus(Span::from_s(s)),
            Deed::Sweep => {
                let orders: Vec<_> =
                    self.disk.sessions.values().filter_map(|s| spent(&self.facts(s), self.now)).collect();
                let live: Vec<_> = self.tokens.iter().filter(|(t, _)| self.is_live(t)).cloned().collect();
                for order in orders {
                    assert!(matches!(self.end(&order), Ok(Ended::Before)), "a sweep ends nothing live");
                }
                assert!(live.iter().all(|(t, _)| self.is_live(t)), "a sweep takes nothing live away");
            }
            Deed::Crash => self.seen.clear(),
            Deed::LostBatch { token } => {
                // Nobody was answered, so nothing is covered; what lived may live on.
                let before = self.disk.clone();
                if let Some((token, _)) = self.tokens.get(token).cloned() {
                    let _ = self.end(&order(EndTarget::Token((&token).into()), EndKind::End));
                }
                self.disk = before;
                self.seen.clear();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Goal: ENDED-STAYS-ENDED, in every order of sign-ons, checks, endings, resets, mass endings, waits, crashes.
    /// Method: 60 random deeds; after each, no token that an ending covered is live.
    #[test]
    fn no_order_of_acts_makes_an_ended_session_live_again(deeds in proptest::collection::vec(deeds(), 1..60)) {
        let mut model = Model::new();
        for deed in &deeds {
            model.act(deed);
            for (n, (token, dead)) in model.tokens.iter().enumerate() {
                prop_assert!(!(*dead && model.is_live(token)), "token {} lives again after {:?}", n, deed);
            }
        }
    }

    /// Goal: ONE-SESSION, no rule asks through which channel a session came or is asked for.
    /// Method: the same history with another channel's name decides the same.
    #[test]
    fn a_verdict_does_not_depend_on_the_channel(seen_s in 0i64..2000, now_s in 0i64..2000, user in 0u64..8, enabled: bool) {
        let mut session = plain();
        let generations = Generations { user, realm: 5 };
        let around = Around { generations, user_enabled: enabled, level: Assurance::One, is_subscribed: false };
        let at = |s: i64| Timestamp::from_ms(s * 1000);
        let one = verdict(&session, at(seen_s), around, at(now_s));
        session.channel = Channel::named("another");
        prop_assert_eq!(one, verdict(&session, at(seen_s), around, at(now_s)));
    }
}

/// Goal: all but one spares a session, also under the name that an earlier token of it gives.
#[test]
fn the_spared_session_is_named_by_any_of_its_tokens() {
    let sign_on =
        |previous| Deed::SignOn { user: 0, previous, keep_token: false, stale_proof: false, quota: None };
    let mut model = Model::new();
    for deed in [sign_on(None), sign_on(Some(0)), sign_on(None), Deed::EndAllBut { user: 0, token: 0 }] {
        model.act(&deed);
    }
    let live: Vec<bool> = model.tokens.iter().map(|(token, _)| model.is_live(token)).collect();
    assert_eq!(live, [false, true, false], "the renewed session lives under its new token, and nothing else");
    assert!(!model.tokens[1].1);
}
