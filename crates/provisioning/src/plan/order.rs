//! The order in which users change: the user who gives a name up comes before the user who takes it.
//!
//! Names are usernames and e-mail addresses, which name users alike, and external ids; each is one user's in its realm. What no
//! order makes possible is refused here, before anything is changed.

use std::collections::BTreeMap;

use adieu_authority::{RealmId, User, UserId};
use adieu_core::names::matched;

use super::places::Places;
use super::{Change, Planned};
use crate::error::{DocumentError, DocumentFault, Within};
use crate::facts::Facts;

/// What is one user's in a realm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    /// A username or an e-mail address, as it is matched.
    Of(String),
    /// What another system calls the user.
    External(String),
}

type Taken = (RealmId, Name);

/// Puts the steps into an order in which every name is free when it is taken. All others stay in the order in which they are.
pub(super) fn ordered(
    facts: &Facts,
    places: &Places,
    planned: Vec<Planned>,
) -> Result<Vec<Planned>, DocumentError> {
    let present: BTreeMap<UserId, &User> =
        facts.realms.iter().flat_map(|of| &of.users).map(|user| (user.id, user)).collect();
    let mut holders: BTreeMap<Taken, UserId> = BTreeMap::new();
    for user in present.values() {
        holders.extend(names_of(user).into_iter().map(|name| ((user.realm, name), user.id)));
    }
    let hands: Vec<Option<Hands>> =
        planned.iter().map(|step| Hands::of(&step.change, &present, places)).collect();
    let mut given_up: BTreeMap<&Taken, usize> = BTreeMap::new();
    let mut taken: BTreeMap<&Taken, usize> = BTreeMap::new();
    for (n, hands) in hands.iter().enumerate() {
        let Some(hands) = hands else { continue };
        given_up.extend(hands.gives.iter().map(|name| (name, n)));
        for name in &hands.takes {
            if taken.insert(name, n).is_some() {
                return Err(DocumentFault::NameOfTwo(shown(name))).within(|| planned[n].line.clone());
            }
        }
    }
    // Before which steps each one has to wait.
    let mut waits: Vec<Vec<usize>> = vec![Vec::new(); planned.len()];
    for (name, n) in taken {
        let Some(holder) = holders.get(name) else { continue };
        let Some(giver) = given_up.get(name) else {
            let fault =
                DocumentFault::NameTaken { name: shown(name), owner: present[holder].username.clone() };
            return Err(fault).within(|| planned[n].line.clone());
        };
        waits[n].push(*giver);
    }
    let order = match sorted(&waits) {
        Ok(order) => order,
        Err(n) => return Err(DocumentFault::NamesGoRound).within(|| planned[n].line.clone()),
    };
    let mut planned: Vec<Option<Planned>> = planned.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|n| planned[n].take()).collect())
}

/// What a step does to names.
struct Hands {
    gives: Vec<Taken>,
    takes: Vec<Taken>,
}

impl Hands {
    fn of(change: &Change, present: &BTreeMap<UserId, &User>, places: &Places) -> Option<Self> {
        match change {
            Change::MakeUser(new) => {
                let realm = places.realm_of(new.population)?;
                let person = &new.person;
                let external = person.external_id.as_deref();
                let names = names(&person.username, person.email.as_deref(), external);
                Some(Self { gives: vec![], takes: within(realm, names) })
            }
            Change::EditUser(id, _, edit, _) => {
                let user = present.get(id)?;
                let email = edit.email.as_ref().unwrap_or(&user.email).as_deref();
                let external = edit.external_id.as_ref().unwrap_or(&user.external_id).as_deref();
                let next = names(edit.username.as_ref().unwrap_or(&user.username), email, external);
                let now = names_of(user);
                let (gives, takes) = (
                    now.iter().filter(|name| !next.contains(name)).cloned().collect(),
                    next.iter().filter(|name| !now.contains(name)).cloned().collect(),
                );
                Some(Self { gives: within(user.realm, gives), takes: within(user.realm, takes) })
            }
            Change::RemoveUser(id, _) => {
                let user = present.get(id)?;
                Some(Self { gives: within(user.realm, names_of(user)), takes: vec![] })
            }
            Change::MakeRealm(..)
            | Change::MadeWithRealm(_)
            | Change::MakePopulation(_)
            | Change::EditPopulation(_)
            | Change::MakeClient(..)
            | Change::EditClient(..)
            | Change::MakeSubscriber(..)
            | Change::EditSubscriber(..)
            | Change::RemoveSubscriber(..)
            | Change::MakeUpstream(..)
            | Change::EditUpstream(..)
            | Change::RemoveUpstream(..)
            | Change::PutDocument(..)
            | Change::RemoveDocument(..)
            | Change::RemoveClient(..)
            | Change::RemovePopulation(..) => None,
        }
    }
}

fn within(realm: RealmId, names: Vec<Name>) -> Vec<Taken> {
    names.into_iter().map(|name| (realm, name)).collect()
}

fn names_of(user: &User) -> Vec<Name> {
    names(&user.username, user.email.as_deref(), user.external_id.as_deref())
}

fn names(username: &str, email: Option<&str>, external_id: Option<&str>) -> Vec<Name> {
    let mut all = vec![Name::Of(matched(username))];
    all.extend(email.map(|email| Name::Of(matched(email))));
    all.extend(external_id.map(|id| Name::External(id.to_owned())));
    all.dedup(); // A user whose address is the username has one name.
    all
}

fn shown((_, name): &Taken) -> String {
    match name {
        Name::Of(name) | Name::External(name) => name.clone(),
    }
}

/// The numbers in an order in which each comes after those that it waits for, else as they are; or one that waits for itself.
fn sorted(waits: &[Vec<usize>]) -> Result<Vec<usize>, usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; waits.len()];
    let mut order = Vec::with_capacity(waits.len());
    for first in 0..waits.len() {
        let mut stack = vec![first];
        while let Some(&n) = stack.last() {
            if marks[n] == Mark::Done {
                stack.pop();
                continue;
            }
            marks[n] = Mark::Open;
            let waiting = waits[n].iter().copied().find(|before| marks[*before] != Mark::Done);
            match waiting {
                Some(before) if marks[before] == Mark::Open => return Err(before),
                Some(before) => stack.push(before),
                None => {
                    marks[n] = Mark::Done;
                    order.push(n);
                    stack.pop();
                }
            }
        }
    }
    Ok(order)
}
