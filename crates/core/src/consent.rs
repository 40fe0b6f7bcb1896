//! What a user has agreed to that a client gets, and the withdrawal of it.
//!
//! A consent is remembered for a user and a client. What the client was granted while one stood carries its number and is live
//! for as long as the consent of that number stands: a withdrawal is one record that goes, and needs no look at grants. A consent
//! goes with its user, and with whatever ends all that its client holds (the client's generation).

use std::sync::Arc;

use crate::directory::{Client, User};
use crate::ids::{ClientId, UserId};
use crate::outage::Unwritten;
use crate::time::Timestamp;
use crate::version::{RemovedVersions, Version};

/// To how many clients a user may have agreed (HOME-LIMITS): all of them are read for the user's list.
pub const CONSENTS_OF_USER_MAX: usize = 500;

/// What a user has agreed to that a client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who agreed.
    pub user: UserId,
    /// What to: the client.
    pub client: ClientId,
    /// The client's generation then.
    pub client_generation: u64,
    /// The generation of its name and addresses then.
    pub client_identity: u64,
    /// The scopes, separated by blanks.
    pub scope: String,
    /// The claims that were asked for by name, separated by blanks; whatever the scopes give is not named.
    pub claims: String,
    /// Above the numbers of all consents that were withdrawn before it was given.
    pub number: Version,
    /// When the user agreed last.
    pub given_at: Timestamp,
}

impl Consent {
    /// Whether what was granted because of it lives on: nothing has ended all that the client held, and it is not another one of that id.
    pub fn stands_for(&self, client: &Client) -> bool {
        self.client == client.id && self.client_generation == client.generation
    }

    /// Whether it counts for the client as it is: it stands, and the client is called as it was and has no other places to send its
    /// users to.
    pub fn counts_for(&self, client: &Client) -> bool {
        self.stands_for(client) && self.client_identity == client.identity_generation
    }

    /// Whether it has a scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|own| own == scope)
    }

    /// Whether it names a claim.
    pub fn has_claim(&self, claim: &str) -> bool {
        self.claims.split(' ').any(|own| own == claim)
    }
}

/// A user agrees.
#[derive(Clone, Debug)]
pub struct ConsentOrder {
    /// Who.
    pub user: UserId,
    /// To which client.
    pub client: ClientId,
    /// The generation of the client that the user was asked for.
    pub client_generation: u64,
    /// The generation of its name and addresses that the user was shown.
    pub client_identity: u64,
    /// The scopes, separated by blanks.
    pub scope: String,
    /// The claims that are asked for by name, separated by blanks.
    pub claims: String,
}

/// What is stored around a consent.
#[derive(Clone, Debug, Default)]
pub struct ConsentFacts {
    /// The user.
    pub user: Option<Arc<User>>,
    /// The client, unless it was removed.
    pub client: Option<Client>,
    /// The user's consent to the client.
    pub stored: Option<Consent>,
    /// The user's other consents, each with its client, unless that was removed.
    pub others: Vec<(Consent, Option<Client>)>,
    /// The numbers of what was removed.
    pub removed: RemovedVersions,
}

/// What is written when a user agrees.
#[derive(Clone, Debug)]
pub struct ConsentChanges {
    /// The consent as it is to be stored.
    pub consent: Consent,
    /// Clients for whom the user's consents do not stand any more: those are taken away.
    pub dropped: Vec<ClientId>,
}

/// Why nothing is remembered.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// User or client is gone, disabled, or not what it was when the user was asked.
    #[error("there is no such user or client any more")]
    Gone,
    /// As many clients as a user may have agreed to (HOME-LIMITS).
    #[error("the user has agreed to as many clients as one may")]
    TooMany,
    /// The store did not write, or cannot confirm that it did.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
}

/// Decides what is remembered when a user agrees. What the user agreed to before stays, if it counts for the client still; the number
/// stays while the consent stands, so that what was granted because of it lives on.
pub fn decide_consent(
    facts: &ConsentFacts,
    order: &ConsentOrder,
    now: Timestamp,
) -> Result<ConsentChanges, ConsentError> {
    let user = facts.user.as_ref().filter(|user| user.enabled && !user.removed).ok_or(ConsentError::Gone)?;
    let asked = |client: &&Client| {
        let shown = (order.client_generation, order.client_identity);
        client.enabled && shown == (client.generation, client.identity_generation)
    };
    let client = facts.client.as_ref().filter(asked).ok_or(ConsentError::Gone)?;
    if client.realm != user.realm {
        return Err(ConsentError::Gone);
    }
    let stands = |(consent, client): &&(Consent, Option<Client>)| {
        client.as_ref().is_some_and(|client| consent.stands_for(client))
    };
    let standing = facts.stored.as_ref().filter(|stored| stored.stands_for(client));
    let counting = standing.filter(|standing| standing.counts_for(client));
    if standing.is_none() && facts.others.iter().filter(stands).count() >= CONSENTS_OF_USER_MAX {
        return Err(ConsentError::TooMany);
    }
    let before = |part: fn(&Consent) -> &str| counting.map(part).unwrap_or_default();
    let above = facts.stored.as_ref().map_or(facts.removed, |stored| facts.removed.with(stored.number));
    let consent = Consent {
        user: order.user,
        client: order.client.clone(),
        client_generation: order.client_generation,
        client_identity: order.client_identity,
        scope: joined(before(|one| &one.scope), &order.scope),
        claims: joined(before(|one| &one.claims), &order.claims),
        number: standing.map_or(above.first_above(), |standing| standing.number),
        given_at: now,
    };
    let dropped = facts.others.iter().filter(|one| !stands(one)).map(|(consent, _)| consent.client.clone());
    Ok(ConsentChanges { consent, dropped: dropped.collect() })
}

/// Decides a withdrawal: what is to be remembered of the number of what goes, if there is something to withdraw. Whatever was
/// granted because of it is dead then, and no later consent brings it back (ENDED-STAYS-ENDED).
pub fn decide_withdraw(stored: Option<&Consent>, removed: RemovedVersions) -> Option<RemovedVersions> {
    stored.map(|stored| removed.with(stored.number))
}

/// The words of both, each once.
fn joined(one: &str, other: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in one.split(' ').chain(other.split(' ')).filter(|word| !word.is_empty()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::tests::shop;
    use crate::people::tests::ada;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn facts() -> ConsentFacts {
        let user = Arc::new(User { realm: shop().realm, ..ada() });
        ConsentFacts { user: Some(user), client: Some(shop()), ..ConsentFacts::default() }
    }

    fn order(scope: &str) -> ConsentOrder {
        let client = shop();
        ConsentOrder {
            user: ada().id,
            client: client.id,
            client_generation: client.generation,
            client_identity: client.identity_generation,
            scope: scope.into(),
            claims: "name".into(),
        }
    }

    fn given(facts: &ConsentFacts, scope: &str) -> Consent {
        decide_consent(facts, &order(scope), at(1)).expect("agreed").consent
    }

    #[test]
    fn a_consent_grows_and_keeps_its_number_until_it_is_withdrawn() {
        let first = given(&facts(), "openid email");
        assert_eq!((first.scope.as_str(), first.number), ("openid email", Version::FIRST));
        let stored = ConsentFacts { stored: Some(first.clone()), ..facts() };
        let more = given(&stored, "openid phone");
        assert_eq!((more.scope.as_str(), more.number), ("openid email phone", first.number));
        assert!(more.has_scope("phone") && more.has_claim("name") && !more.has_scope("pho"));
        let removed = decide_withdraw(Some(&more), RemovedVersions::default()).expect("there is one");
        let anew = given(&ConsentFacts { removed, ..facts() }, "openid");
        assert!(anew.number > more.number && anew.scope == "openid", "{anew:?}");
        assert!(decide_withdraw(None, removed).is_none());
    }

    /// Goal: ENDED-STAYS-ENDED: what ends all that a client holds ends what its users agreed to, and a client that comes back is
    /// another one.
    #[test]
    fn a_consent_counts_for_one_generation_of_its_client() {
        let first = given(&facts(), "openid email");
        let later = crate::directory::Client { generation: shop().generation + 1, ..shop() };
        assert!(!first.counts_for(&later));
        let after = ConsentFacts { stored: Some(first.clone()), client: Some(later.clone()), ..facts() };
        let stale = decide_consent(&after, &order("openid"), at(2));
        assert!(matches!(stale, Err(ConsentError::Gone)), "the user was asked for another one: {stale:?}");
        let order = ConsentOrder { client_generation: later.generation, ..order("openid") };
        let anew = decide_consent(&after, &order, at(2)).expect("agreed").consent;
        assert!(anew.number > first.number && anew.scope == "openid", "{anew:?}");
    }

    /// RFC 6749 §10.2: whoever takes another name or place is asked about anew; what was granted before lives on.
    #[test]
    fn a_consent_counts_for_the_name_and_places_that_were_shown() {
        let first = given(&facts(), "openid email");
        let later = Client { identity_generation: shop().identity_generation + 1, ..shop() };
        assert!(!first.counts_for(&later) && first.stands_for(&later));
        let after = ConsentFacts { stored: Some(first.clone()), client: Some(later.clone()), ..facts() };
        let stale = decide_consent(&after, &order("openid"), at(2));
        assert!(matches!(stale, Err(ConsentError::Gone)), "the user was shown another one: {stale:?}");
        let order = ConsentOrder { client_identity: later.identity_generation, ..order("openid") };
        let anew = decide_consent(&after, &order, at(2)).expect("agreed").consent;
        assert!(anew.counts_for(&later) && anew.number == first.number && anew.scope == "openid", "{anew:?}");
    }

    #[test]
    fn nobody_agrees_who_is_gone_nor_to_what_is_gone() {
        let off = |user: User| ConsentFacts { user: Some(Arc::new(user)), ..facts() };
        let user = User::clone(facts().user.as_ref().expect("a user"));
        let elsewhere = crate::ids::RealmId::from_uuid(uuid::Uuid::from_u128(77));
        for facts in [
            ConsentFacts { user: None, ..facts() },
            ConsentFacts { client: None, ..facts() },
            off(User { enabled: false, ..user.clone() }),
            off(User { removed: true, ..user.clone() }),
            off(User { realm: elsewhere, ..user }),
            ConsentFacts { client: Some(Client { enabled: false, ..shop() }), ..facts() },
        ] {
            let refused = decide_consent(&facts, &order("openid"), at(1));
            assert!(matches!(refused, Err(ConsentError::Gone)), "{refused:?}");
        }
    }

    /// Goal: HOME-LIMITS: one more than there is room for is refused; what does not count any more makes room.
    #[test]
    fn a_user_agrees_to_so_many_clients_and_no_more() {
        let one = given(&facts(), "openid");
        let other = |n: usize, client: Option<Client>| {
            let id: ClientId = format!("other-{n}").parse().expect("an id");
            let client = client.map(|client| Client { id: id.clone(), ..client });
            (Consent { client: id, ..one.clone() }, client)
        };
        let full: Vec<_> = (0..CONSENTS_OF_USER_MAX).map(|n| other(n, Some(shop()))).collect();
        let mut facts = ConsentFacts { others: full, ..facts() };
        let refused = decide_consent(&facts, &order("openid"), at(1));
        assert!(matches!(refused, Err(ConsentError::TooMany)), "{refused:?}");
        facts.stored = Some(one.clone());
        assert!(decide_consent(&facts, &order("email"), at(1)).is_ok(), "it is one of them");
        facts.stored = None;
        facts.others[3] = other(3, None);
        let room = decide_consent(&facts, &order("openid"), at(1)).expect("there is room");
        assert_eq!(room.dropped, [facts.others[3].0.client.clone()]);
    }
}
