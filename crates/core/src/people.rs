//! Changes of users: made, changed, removed, and what becomes of their sessions with it.
//!
//! Plain functions from facts to what is to be written. An engine gathers the facts, applies the changes and carries out the
//! order to end sessions in the same transaction (ONE-ROAD). Passwords are hashes here (EMPTY-HANDS).

use std::fmt;
use std::ops::Deref;

use crate::account_lock::LockChange;
use crate::cause::Cause;
use crate::directory::{DirectoryError, TakenMember, User};
use crate::ended::Ended;
use crate::ending::{EndKind, EndOrder, EndTarget};
use crate::facts::SessionFacts;
use crate::ids::{PopulationId, RealmId, UserId, UserKey};
use crate::names::listed_forms;
use crate::origin::Origin;
use crate::record_rules::{email_is_sound, username_is_sound};
use crate::rights::RoleAssignment;
use crate::second_factor::RecoveryCodes;
use crate::session::Verdict;
use crate::session_id::SessionId;
use crate::time::Timestamp;
use crate::trait_names::traits_are_sound;
use crate::version::Version;

#[cfg(test)]
pub(crate) mod tests;

/// A user about to be made. The store finds a free key.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The record; its `key` is where the store begins to look for a free one.
    pub user: User,
}

/// What is to change of a user; what is none stays as it is. Its `Debug` text shows no hash and nothing personal (EMPTY-HANDS).
#[derive(Clone, Default)]
pub struct UserEdit {
    /// Another population of the same realm.
    pub population: Option<PopulationId>,
    /// Another name.
    pub username: Option<String>,
    /// Another e-mail address, or none.
    pub email: Option<Option<String>>,
    /// Another external id, or none.
    pub external_id: Option<Option<String>>,
    /// Whether the user may sign on. Disabling ends all the user's sessions in the same transaction (ONE-ROAD).
    pub enabled: Option<bool>,
    /// Whether the user may sign on from now on; locking ends no session.
    pub lock: Option<LockChange>,
    /// Whether the user's failed sign-ons are forgiven.
    pub unlock: bool,
    /// Another password hash, or none.
    pub password: Option<Option<String>>,
    /// What another password does to the user's sessions.
    pub after_password: AfterPassword,
    /// The session in which users change their own password: it lives on when the others end.
    pub spare: Option<SessionId>,
    /// Another second factor, or none.
    pub recovery_codes: Option<Option<RecoveryCodes>>,
    /// Other traits.
    pub traits: Option<String>,
    /// Whether the order says of itself what of them is verified. Else another address or number is not.
    pub says_verified: bool,
    /// Other public metadata, or none.
    pub metadata_public: Option<Option<String>>,
    /// Other metadata for administrators, or none.
    pub metadata_admin: Option<Option<String>>,
    /// Other roles.
    pub roles: Option<Vec<RoleAssignment>>,
}

impl fmt::Debug for UserEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserEdit")
            .field("enabled", &self.enabled)
            .field("lock", &self.lock)
            .field("unlock", &self.unlock)
            .field("after_password", &self.after_password)
            .finish_non_exhaustive()
    }
}

/// What another password, or its removal, does to the user's sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterPassword {
    /// What the policy of the realm says.
    #[default]
    ByPolicy,
    /// They end.
    EndSessions,
    /// They live on.
    KeepSessions,
}

/// Somebody changes a user.
#[derive(Clone, Debug)]
pub struct EditUserOrder {
    /// Whom.
    pub user: UserId,
    /// The version of the record that the change was made from.
    pub from: Version,
    /// What changes.
    pub edit: UserEdit,
    /// The session in which users change their own record. It must still be live when the change is written
    /// (ENDED-STAYS-ENDED).
    pub by_session: Option<SessionId>,
    /// The policy of the realm: whether another password ends the user's sessions.
    pub password_ends_sessions: bool,
    /// Where the order came from.
    pub origin: Origin,
}

/// Somebody removes a user.
#[derive(Clone, Debug)]
pub struct RemoveUserOrder {
    /// Whom.
    pub user: UserId,
    /// The version that is to be removed, where the caller has read one.
    pub from: Option<Version>,
    /// Where the order came from.
    pub origin: Origin,
}

/// What stands around a record that is to be written, as it is inside the transaction.
#[derive(Clone, Debug, Default)]
pub struct UserAround {
    /// The realm of the wanted population; none if there is no such population.
    pub population_realm: Option<RealmId>,
    /// Who has which of the forms under which the wanted names may be listed: see [`User::listed_names`].
    pub name_holders: Vec<(String, UserKey)>,
    /// Who has the wanted external id.
    pub external_holder: Option<UserKey>,
    /// The session in whose name the change is ordered, if the order names one and it is stored.
    pub by_session: Option<SessionFacts>,
}

/// What a change of a user comes to. The order to end sessions is carried out first, and the record is written over what the
/// endings left: see [`User::under`].
#[derive(Clone, Debug)]
pub struct UserChanges {
    /// The record.
    pub user: User,
    /// The names.
    pub names: NameChanges,
    /// What ends because of it.
    pub end: Option<EndOrder>,
}

/// By which names a user is found from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameChanges {
    /// No more by these.
    pub drop: Vec<String>,
    /// By these, too.
    pub add: Vec<String>,
    /// No more by this external id.
    pub drop_external: Option<String>,
    /// By this external id, too.
    pub add_external: Option<String>,
}

/// A user after a change.
#[derive(Clone, Debug)]
pub struct Edited {
    /// As it is now.
    pub user: User,
    /// What ended because of it.
    pub ended: Option<Ended>,
}

/// Decides the making of a user. `known` says whether a user has the id; `key` is free: no user, no session
/// and no tombstone has it.
pub fn decide_create_user(
    new: &NewUser,
    known: bool,
    key: UserKey,
    around: &UserAround,
) -> Result<UserChanges, DirectoryError> {
    let user = User { key, version: Version::FIRST, ..new.user.clone() };
    if around.population_realm != Some(user.realm) {
        return Err(DirectoryError::Unknown);
    }
    if known {
        return Err(DirectoryError::Taken(TakenMember::Id));
    }
    username_is_sound(None, &user.username)?;
    email_is_sound(None, user.email.as_deref())?;
    traits_are_sound(None, (&user).into())?;
    around.leaves_free(None, &user)?;
    Ok(UserChanges { names: NameChanges::between(None, &user, around), end: None, user })
}

/// Decides a change of a user. Disabling ends all the user's sessions; another password ends them by the policy of the realm,
/// unless the change says otherwise. A session that is over changes nothing of its user any more, whenever its request began.
pub fn decide_edit_user(
    before: Option<&User>,
    order: &EditUserOrder,
    around: &UserAround,
    now: Timestamp,
) -> Result<UserChanges, DirectoryError> {
    around.leaves_standing(order, now)?;
    let before = present_user(before).ok_or(DirectoryError::Unknown)?;
    before.version.is_still(order.from)?;
    let user = order.edit.applied_to(before, now);
    if user.population != before.population && around.population_realm != Some(user.realm) {
        return Err(DirectoryError::Unknown);
    }
    username_is_sound(Some(&before.username), &user.username)?;
    email_is_sound(before.email.as_deref(), user.email.as_deref())?;
    traits_are_sound(Some(before.into()), (&user).into())?;
    around.leaves_free(Some(before), &user)?;
    Ok(UserChanges {
        names: NameChanges::between(Some(before), &user, around),
        end: order.ending(before, &user),
        user,
    })
}

/// Decides the removal of a user. Nothing stays but what keeps the sessions dead, and none of them is shown any more.
pub fn decide_remove_user(
    before: Option<&User>,
    order: &RemoveUserOrder,
    now: Timestamp,
) -> Result<UserChanges, DirectoryError> {
    let before = present_user(before).ok_or(DirectoryError::Unknown)?;
    if let Some(from) = order.from {
        before.version.is_still(from)?;
    }
    let user = before.without_trace(now);
    let end = EndOrder {
        realm: None,
        target: EndTarget::UserAndGrants(user.id),
        kind: EndKind::Forget,
        cause: Cause::UserRemoved,
        spare: None,
        within: None,
        origin: order.origin.clone(),
    };
    let names = NameChanges::between(Some(before), &user, &UserAround::default());
    Ok(UserChanges { names, end: Some(end), user })
}

/// Decides which user an id means for callers: nobody who was removed.
pub fn present_user<U: Deref<Target = User>>(stored: Option<U>) -> Option<U> {
    stored.filter(|user| !user.removed)
}

impl UserEdit {
    /// The user as changed, in the next version.
    pub fn applied_to(&self, user: &User, now: Timestamp) -> User {
        let enabled = self.enabled.unwrap_or(user.enabled);
        User {
            population: self.population.unwrap_or(user.population),
            username: self.username.clone().unwrap_or_else(|| user.username.clone()),
            email: self.email.clone().unwrap_or_else(|| user.email.clone()),
            external_id: self.external_id.clone().unwrap_or_else(|| user.external_id.clone()),
            enabled,
            enabled_at: if enabled == user.enabled { user.enabled_at } else { now },
            lock: self.lock.map_or(user.lock, |change| change.applied_to(user.lock, now)),
            unlocked_at: if self.forgives(user, now) { Some(now) } else { user.unlocked_at },
            password: self.password.clone().unwrap_or_else(|| user.password.clone()),
            recovery_codes: self.recovery_codes.clone().unwrap_or_else(|| user.recovery_codes.clone()),
            traits: self.traits.clone().unwrap_or_else(|| user.traits.clone()),
            metadata_public: self.metadata_public.clone().unwrap_or_else(|| user.metadata_public.clone()),
            metadata_admin: self.metadata_admin.clone().unwrap_or_else(|| user.metadata_admin.clone()),
            roles: self.roles.clone().unwrap_or_else(|| user.roles.clone()),
            version: user.version.next(),
            updated_at: now,
            ..user.clone()
        }
    }
}

impl UserEdit {
    /// Whoever is unlocked begins without failed sign-ons.
    fn forgives(&self, user: &User, now: Timestamp) -> bool {
        self.unlock || self.lock == Some(LockChange::Unlock) && user.is_locked(now)
    }
}

impl EditUserOrder {
    fn ending(&self, before: &User, user: &User) -> Option<EndOrder> {
        let (target, cause) = if before.enabled && !user.enabled {
            (EndTarget::UserAndGrants(user.id), Cause::UserDisabled)
        } else if before.password != user.password && self.another_password_ends_sessions() {
            let target = match self.edit.spare {
                Some(keep) => EndTarget::UserBut { user: user.id, keep },
                None => EndTarget::User(user.id),
            };
            (target, Cause::PasswordChanged)
        } else {
            return None;
        };
        let origin = self.origin.clone();
        Some(EndOrder { realm: None, target, kind: EndKind::End, cause, spare: None, within: None, origin })
    }

    const fn another_password_ends_sessions(&self) -> bool {
        match self.edit.after_password {
            AfterPassword::ByPolicy => self.password_ends_sessions,
            AfterPassword::EndSessions => true,
            AfterPassword::KeepSessions => false,
        }
    }
}

impl UserAround {
    /// Whether the session in whose name the change is ordered, if there is one, is live and of the user.
    fn leaves_standing(&self, order: &EditUserOrder, now: Timestamp) -> Result<(), DirectoryError> {
        let Some(session) = order.by_session else { return Ok(()) };
        let acts = |facts: &SessionFacts| {
            facts.session.id == session && facts.user.id == order.user && facts.verdict(now) == Verdict::Live
        };
        if self.by_session.as_ref().is_some_and(acts) { Ok(()) } else { Err(DirectoryError::SessionOver) }
    }

    /// Whether nobody else has what is new of this user: a name in any of its forms, or the external id. What stays as it
    /// was spelled is not asked again.
    fn leaves_free(&self, before: Option<&User>, user: &User) -> Result<(), DirectoryError> {
        let taken = |name: Option<&str>, known: Option<&str>| {
            let forms = name.filter(|name| known != Some(*name)).map(listed_forms).unwrap_or_default();
            let others = |(listed, holder): &(String, UserKey)| *holder != user.key && forms.contains(listed);
            self.name_holders.iter().any(others)
        };
        if taken(Some(&user.username), before.map(|before| before.username.as_str())) {
            return Err(DirectoryError::Taken(TakenMember::Username));
        }
        if taken(user.email.as_deref(), before.and_then(|before| before.email.as_deref())) {
            return Err(DirectoryError::Taken(TakenMember::Email));
        }
        let external = self.external_holder.filter(|_| user.external_id.is_some());
        if external.is_some_and(|holder| holder != user.key) {
            return Err(DirectoryError::Taken(TakenMember::ExternalId));
        }
        Ok(())
    }
}

impl NameChanges {
    /// A name that was listed by an older rule stays listed so while it is spelled so. Where nobody has the form that counts now, it
    /// gets that as well.
    fn between(before: Option<&User>, user: &User, around: &UserAround) -> Self {
        let (old, kept) = (before.map(User::listed_names).unwrap_or_default(), user.listed_names());
        let known = before.map(User::names).unwrap_or_default();
        let spelled = before.map(User::spelled_names).unwrap_or_default();
        let listed = |name: &String| around.name_holders.iter().any(|(held, _)| held == name);
        let add = |name: &String| !known.contains(name) || !spelled.contains(name);
        let external_before = before.and_then(|before| before.external_id.clone());
        let moved = external_before != user.external_id;
        Self {
            drop: old.into_iter().filter(|name| !kept.contains(name)).collect(),
            add: user.names().into_iter().filter(|name| add(name) && !listed(name)).collect(),
            drop_external: external_before.filter(|_| moved),
            add_external: user.external_id.clone().filter(|_| moved),
        }
    }
}

impl User {
    /// Whether an administrator has locked the account.
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.lock.is_some_and(|lock| lock.holds(now))
    }

    /// Whether the user may sign on: enabled and not locked.
    pub fn may_sign_on(&self, now: Timestamp) -> bool {
        self.enabled && !self.is_locked(now)
    }
}

impl User {
    /// This record with the generations of the one that is stored now, and whether somebody has signed on since. Endings and sign-ons
    /// alone change these, so that no other change takes them back (ENDED-STAYS-ENDED).
    #[must_use]
    pub fn under(self, now: &Self) -> Self {
        let Self { generation, forgotten, grants_from, signed_on_since, .. } = *now;
        Self { generation, forgotten, grants_from, signed_on_since, ..self }
    }
}

/// The same password, hashed anew: at another cost, or after it was imported.
#[derive(Clone)]
pub struct PasswordRenewal {
    /// The stored hash against which the password was verified.
    pub verified: String,
    /// The hash that is to take its place.
    pub renewed: String,
}

/// The user with the password hashed anew; none if the stored hash is not the verified one any more. A password that was
/// replaced or removed after it was verified never comes back. It is the same password, so nothing ends.
pub fn decide_renew_password(user: &User, renewal: &PasswordRenewal, now: Timestamp) -> Option<User> {
    let still = !user.removed && user.password.as_deref() == Some(&renewal.verified);
    still.then(|| User {
        password: Some(renewal.renewed.clone()),
        version: user.version.next(),
        updated_at: now,
        ..user.clone()
    })
}
