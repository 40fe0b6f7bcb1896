//! A stored session with its user and its realm, as they are in one transaction or one snapshot.
//!
//! Every decision about a session starts from these facts. An engine gathers them; it looks for nothing in them.

use std::sync::Arc;

use crate::assurance::SecondFactorRule;
use crate::directory::{Client, Realm, User};
use crate::ending::{Family, Tombstone, UserRaise};
use crate::how_ended::EndedWith;
use crate::people::present_user;
use crate::session::{Around, Generations, Session, Verdict, verdict};
use crate::time::Timestamp;

/// A stored session, its user, and the world around it.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// The session.
    pub session: Arc<Session>,
    /// Its last activity: what is written down, or a later one that the engine knows of.
    pub seen_at: Timestamp,
    /// Its user.
    pub user: Arc<User>,
    /// What of its realm the session depends on.
    pub realm: RealmAround,
}

/// What of a realm its sessions depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealmAround {
    /// Its generation.
    pub generation: u64,
    /// When its users are asked for a second factor.
    pub second_factor: SecondFactorRule,
    /// Whether somebody hears of every ending in it.
    pub is_subscribed: bool,
}

impl From<&Realm> for RealmAround {
    fn from(realm: &Realm) -> Self {
        let is_subscribed = realm.subscribers > 0;
        Self { generation: realm.generation, second_factor: realm.second_factor, is_subscribed }
    }
}

impl SessionFacts {
    /// The world around the session.
    pub fn around(&self) -> Around {
        Around::of_sessions(&self.user, self.realm)
    }

    /// The session as it is to be written: no write forgets an activity.
    pub fn as_seen(&self) -> Session {
        Session { seen_at: self.seen_at, ..Session::clone(&self.session) }
    }

    /// Whether endings of many may have ended the session: then an engine looks for the first of each scope behind the
    /// session's birth. Most sessions were born under the present generations.
    pub fn may_have_ended_with_others(&self) -> bool {
        self.session.born != self.around().generations
    }

    /// Whether the session is live.
    pub fn verdict(&self, now: Timestamp) -> Verdict {
        verdict(&self.session, self.seen_at, self.around(), now)
    }
}

impl Around {
    /// The world around the sessions of a user.
    pub fn of_sessions(user: &User, realm: RealmAround) -> Self {
        let generations = Generations { user: user.generation, realm: realm.generation };
        let (level, is_subscribed) = (user.level_by(realm.second_factor), realm.is_subscribed);
        Self { generations, user_enabled: user.enabled, level, is_subscribed }
    }
}

impl User {
    /// This user once their sessions have ended by a generation.
    pub fn raised(&self, by: UserRaise) -> Self {
        let from = |raised, before| if raised { by.to } else { before };
        Self {
            generation: by.to,
            forgotten: from(by.forget, self.forgotten),
            grants_from: from(by.grants, self.grants_from),
            signed_on_since: self.signed_on_since && by.spares,
            ..self.clone()
        }
    }
}

/// Whether anybody may be shown a session, live or over.
pub fn is_shown(session: &Session, user: &User) -> bool {
    is_shown_of_generation(session.born.user, user)
}

/// The same for all sessions that were born under a generation of their user: nobody is shown them if the user was removed,
/// or all that the user had by then was to be forgotten.
pub const fn is_shown_of_generation(generation: u64, user: &User) -> bool {
    !user.removed && generation >= user.forgotten
}

impl Family {
    /// What an order about one session may mean: a stored session, with the endings of many that it was born before.
    pub fn of_session(facts: &SessionFacts, with: EndedWith) -> Self {
        Self::One {
            session: Arc::clone(&facts.session),
            seen_at: facts.seen_at,
            around: facts.around(),
            with: Box::new(with),
            forgotten: facts.session.born.user < facts.user.forgotten,
            population: facts.user.population,
        }
    }

    /// What an order about one session may mean: what is left of one, with its user if there is a record of them.
    pub fn of_tombstone(tombstone: Tombstone, user: Option<&User>) -> Self {
        let forgotten = user.is_some_and(|user| tombstone.session.born.user < user.forgotten);
        let tombstone = Tombstone { forgotten: tombstone.forgotten || forgotten, ..tombstone };
        Self::Past(Box::new(tombstone), user.map(|user| user.population))
    }

    /// What an order about a user's sessions means, with the stored session that it names to be kept, and how many others are
    /// live.
    pub fn of_user(user: Option<&User>, keep: Option<&SessionFacts>, live: u32) -> Self {
        present_user(user).map_or(Self::Nothing, |user| Self::User {
            key: user.key,
            id: user.id,
            realm: user.realm,
            population: user.population,
            generation: user.generation,
            keep: keep.map(|kept| Box::new((kept.as_seen(), kept.seen_at, kept.around()))),
            live,
            signed_on_since: user.signed_on_since,
        })
    }

    /// What an order about a realm's sessions means.
    pub fn of_realm(realm: Option<&Realm>) -> Self {
        realm.map_or(Self::Nothing, |realm| Self::Realm { id: realm.id, generation: realm.generation })
    }

    /// What an order about all that a client holds means. A removed client holds nothing, and its generation rises all the
    /// same.
    pub fn of_client(client: Option<&Client>) -> Self {
        client.map_or(Self::Nothing, |client| Self::Client {
            id: client.id.clone(),
            realm: client.realm,
            generation: client.generation,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::{PopulationId, UserKey};
    use crate::session::tests::plain;

    /// The user of the plain session, in good standing.
    pub(crate) fn user() -> User {
        let session = plain();
        User {
            key: UserKey::from_random(9),
            id: session.user,
            realm: session.realm,
            population: PopulationId::from_uuid(Uuid::nil()),
            username: "ada".into(),
            email: None,
            external_id: None,
            enabled: true,
            enabled_at: Timestamp::from_ms(0),
            lock: None,
            unlocked_at: None,
            generation: session.born.user,
            forgotten: 0,
            grants_from: 0,
            signed_on_since: false,
            removed: false,
            version: crate::version::Version::FIRST,
            password: None,
            recovery_codes: None,
            traits: "{}".into(),
            metadata_public: None,
            metadata_admin: None,
            roles: vec![],
            created_at: Timestamp::from_ms(0),
            updated_at: Timestamp::from_ms(0),
        }
    }

    /// The plain session with its user.
    pub(crate) fn facts() -> SessionFacts {
        let session = plain();
        let (seen_at, generation) = (session.seen_at, session.born.realm);
        let realm =
            RealmAround { generation, second_factor: SecondFactorRule::default(), is_subscribed: false };
        SessionFacts { session: Arc::new(session), seen_at, user: Arc::new(user()), realm }
    }

    #[test]
    fn what_was_forgotten_and_what_a_removed_user_had_is_shown_to_nobody() {
        let session = plain();
        assert!(is_shown(&session, &user()));
        assert!(is_shown(&session, &User { forgotten: session.born.user, ..user() }));
        assert!(!is_shown(&session, &User { forgotten: session.born.user + 1, ..user() }));
        assert!(!is_shown(&session, &User { removed: true, ..user() }));
    }
}
