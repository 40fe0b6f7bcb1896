//! Users: found by id or by name, made, changed, and removed where that is asked for.
//!
//! A first password is for whoever has none: applying a document again never replaces a password that its user has
//! chosen since.

use std::collections::{BTreeMap, BTreeSet};

use adieu_authority::{
    LockChange, NewPerson, PopulationId, User, UserEdit, UserId, email_is_sound, is_known_hash, user_traits,
    username_is_sound,
};
use adieu_core::names::matched;
use adieu_core::{TraitNames, traits_are_sound};
use serde_json::Value;

use super::{
    Change, FirstPassword, Notes, PasswordFrom, Planned, PlannedUser, Planner, Planning, none_if_empty,
    read_json, taken, uuid,
};
use crate::document::{RealmDoc, UserDoc};
use crate::error::{DocumentError, DocumentFault, Within, ensure};
use crate::export::is_locked_for_good;
use crate::secrets::Source;

/// The users of a realm, to be found by either name.
struct Known<'a> {
    by_id: BTreeMap<UserId, &'a User>,
    by_name: BTreeMap<String, &'a User>,
}

impl<'a> Known<'a> {
    /// Whom the document names by id is nobody's by name: the name may be given to another user.
    fn of(realm: &Planning<'a>, doc: &RealmDoc) -> Self {
        let ids = doc.users.iter().flatten().filter_map(|user| user.id.as_deref()?.parse().ok());
        let claimed: BTreeSet<UserId> = ids.collect();
        let users = realm.now.map_or(&[][..], |now| &now.users);
        Self {
            by_id: users.iter().map(|user| (user.id, user)).collect(),
            by_name: users
                .iter()
                .filter(|user| !claimed.contains(&user.id))
                .map(|user| (matched(&user.username), user))
                .collect(),
        }
    }

    fn find(&self, doc: &UserDoc, id: Option<UserId>) -> Result<Option<&'a User>, DocumentFault> {
        let named = self.by_name.get(&matched(&doc.username)).copied();
        let Some(id) = id else { return Ok(named) };
        let found = self.by_id.get(&id).copied();
        if let (None, Some(other)) = (found, named) {
            return Err(DocumentFault::OtherUser(other.id.to_string()));
        }
        Ok(found)
    }
}

impl<'a> Planner<'a> {
    pub(super) fn users(&mut self, doc: &RealmDoc, realm: &Planning<'a>) {
        let known = Known::of(realm, doc);
        let mut names = BTreeSet::new();
        for user in doc.users.iter().flatten() {
            let read = self.named_user(user, realm, &known, &mut names);
            self.note(realm, read);
        }
        let gone = |user: &&User| self.prune && doc.users.is_some() && !self.users.contains(&user.id);
        let (gone, stays): (Vec<_>, Vec<_>) = known.by_id.values().copied().partition(gone);
        for user in gone {
            let line = format!("- user {} in {}", user.username, realm.path);
            self.removals.push(Planned { line, change: Change::RemoveUser(user.id, user.version) });
        }
        // A population that goes must be empty by then.
        for user in stays {
            if self.users.contains(&user.id) {
                continue;
            }
            let stays = self.staying(user.population).within(|| format!("user {}", user.username));
            self.note(realm, stays);
        }
    }

    /// A user of the document, of whom nothing else is said in it.
    fn named_user(
        &mut self,
        user: &UserDoc,
        realm: &Planning<'a>,
        known: &Known<'a>,
        names: &mut BTreeSet<String>,
    ) -> Result<(), DocumentError> {
        let about = || format!("user {}", user.username);
        ensure(names.insert(matched(&user.username)), || DocumentFault::Twice(about()))?;
        let id = self.user(user, realm, known).within(about)?;
        Ok(ensure(self.users.insert(id), || DocumentFault::Twice(about()))?)
    }

    fn staying(&self, population: PopulationId) -> Result<(), DocumentFault> {
        ensure(self.places.realm_of(population).is_some(), || DocumentFault::PopulationGoes)
    }

    fn user(
        &mut self,
        doc: &UserDoc,
        realm: &Planning<'a>,
        known: &Known<'a>,
    ) -> Result<UserId, DocumentFault> {
        let id = doc.id.as_deref().map(uuid::<UserId>).transpose()?;
        let password = password(doc)?;
        let population = doc.population.as_deref();
        let population = population.map(|text| self.places.population(realm.id, text)).transpose()?;
        match known.find(doc, id)? {
            Some(now) => self.user_edit(doc, now, realm, population, password).map(|()| now.id),
            None => {
                let id = id.unwrap_or_else(|| UserId::from_uuid((self.draw)()));
                self.user_made(id, doc, realm, population, password).map(|()| id)
            }
        }
    }

    fn user_made(
        &mut self,
        id: UserId,
        doc: &UserDoc,
        realm: &Planning<'a>,
        population: Option<PopulationId>,
        password: Option<PasswordFrom>,
    ) -> Result<(), DocumentFault> {
        let named = self.facts.realms.iter().flat_map(|of| &of.users).any(|user| user.id == id);
        ensure(!named && !self.facts.elsewhere.contains(&id), || taken("a user of another realm", id))?;
        let removed = self.facts.removed.users.contains(&id);
        ensure(!removed, || DocumentFault::IdOfRemovedUser(id.to_string()))?;
        let email = none_if_empty(&doc.email).flatten();
        username_is_sound(None, &doc.username)?;
        email_is_sound(None, email.as_deref())?;
        let person = NewPerson {
            username: doc.username.trim().to_owned(),
            email,
            external_id: none_if_empty(&doc.external_id).flatten(),
            disabled: doc.enabled == Some(false),
            locked: doc.locked == Some(true),
            password: None,
            password_hash: None,
            traits: doc
                .traits
                .as_deref()
                .map(object)
                .transpose()?
                .map(|_| doc.traits.clone().unwrap_or_default()),
            metadata_public: json("metadata_public", &doc.metadata_public)?.flatten(),
            metadata_admin: json("metadata_admin", &doc.metadata_admin)?.flatten(),
            roles: self.places.roles(realm.id, doc.roles.as_deref().unwrap_or_default(), &[])?,
        };
        let said = TraitNames {
            traits: person.traits.as_deref().unwrap_or_default(),
            username: &person.username,
            email: person.email.as_deref(),
        };
        traits_are_sound(None, said)?;
        let population = population.map_or_else(|| self.places.default_of(realm.id), Ok)?;
        let names = std::iter::once(person.username.clone()).chain(person.email.clone()).collect();
        let password = password.map(|from| FirstPassword { from, realm: realm.path.to_owned(), names });
        let can = if password.is_none() { ", who has no password yet" } else { "" };
        let line = format!("+ user {} in {}{can}", doc.username, realm.path);
        self.plan(line, Change::MakeUser(Box::new(PlannedUser { id, population, person, password })));
        Ok(())
    }

    fn user_edit(
        &mut self,
        doc: &UserDoc,
        now: &User,
        realm: &Planning<'a>,
        population: Option<PopulationId>,
        password: Option<PasswordFrom>,
    ) -> Result<(), DocumentFault> {
        self.staying(population.unwrap_or(now.population))?;
        username_is_sound(Some(&now.username), doc.username.trim())?;
        if let Some(email) = none_if_empty(&doc.email) {
            email_is_sound(now.email.as_deref(), email.as_deref())?;
        }
        let mut notes = Notes::default();
        let roles =
            doc.roles.as_deref().map(|docs| self.places.roles(realm.id, docs, &now.roles)).transpose()?;
        let population = population.filter(|wanted| *wanted != now.population);
        if let Some(wanted) = population {
            let names = (self.places.name_of(now.population), self.places.name_of(wanted));
            notes.0.push(format!("population {:?} → {:?}", names.0, names.1));
        }
        let mut edit = UserEdit {
            population,
            username: notes.changed("username", &now.username, Some(doc.username.trim().to_owned())),
            email: notes.changed("email", &now.email, none_if_empty(&doc.email)),
            external_id: notes.changed("external_id", &now.external_id, none_if_empty(&doc.external_id)),
            enabled: notes.changed("enabled", &now.enabled, doc.enabled),
            lock: notes.changed("locked", &is_locked_for_good(now), doc.locked).map(LockChange::of),
            traits: traits(&mut notes, now, doc)?,
            says_verified: doc.traits.is_some(),
            metadata_public: metadata(
                &mut notes,
                "metadata_public",
                &now.metadata_public,
                &doc.metadata_public,
            )?,
            metadata_admin: metadata(&mut notes, "metadata_admin", &now.metadata_admin, &doc.metadata_admin)?,
            roles: notes.changed_unseen("roles", &now.roles, roles),
            ..UserEdit::default()
        };
        if doc.traits.is_none() {
            edit.traits = user_traits::after_change(now, &edit);
        }
        let next = edit.applied_to(now, now.updated_at);
        traits_are_sound(Some(now.into()), (&next).into())?;
        let named = next.names();
        let first = |from| FirstPassword { from, realm: realm.path.to_owned(), names: named };
        let password = password.filter(|_| now.password.is_none()).map(first);
        if password.is_some() {
            notes.0.push("a first password".into());
        }
        if let Some(line) = notes.line("user", &now.username, realm) {
            self.plan(line, Change::EditUser(now.id, now.version, Box::new(edit), password));
        }
        Ok(())
    }
}

/// Where the first password is; one place only.
fn password(doc: &UserDoc) -> Result<Option<PasswordFrom>, DocumentFault> {
    match (&doc.password_env, &doc.password_file, &doc.password_hash) {
        (None, None, None) => Ok(None),
        (Some(name), None, None) => Ok(Some(PasswordFrom::Source(Source::Env(name.clone())))),
        (None, Some(path), None) => Ok(Some(PasswordFrom::Source(Source::File(path.into())))),
        (None, None, Some(hash)) => {
            ensure(is_known_hash(hash), || DocumentFault::UnknownHash)?;
            Ok(Some(PasswordFrom::Hash(hash.clone())))
        }
        _ => Err(DocumentFault::ManyPasswords),
    }
}

fn object(text: &str) -> Result<Value, DocumentFault> {
    let value = read_json("traits", text)?;
    ensure(value.is_object(), || DocumentFault::NotAnObject)?;
    Ok(value)
}

/// JSON, or none.
fn json(name: &'static str, text: &Option<String>) -> Result<Option<Option<String>>, DocumentFault> {
    let wanted = none_if_empty(text);
    if let Some(Some(text)) = &wanted {
        read_json(name, text)?;
    }
    Ok(wanted)
}

/// Other traits, compared as JSON and not as text.
fn traits(notes: &mut Notes, now: &User, doc: &UserDoc) -> Result<Option<String>, DocumentFault> {
    let Some(text) = &doc.traits else { return Ok(None) };
    let wanted = object(text)?;
    let now = serde_json::from_str(&now.traits).unwrap_or(Value::Null);
    Ok(notes.changed_unseen("traits", &now, Some(wanted)).map(|_| text.clone()))
}

fn metadata(
    notes: &mut Notes,
    name: &'static str,
    now: &Option<String>,
    text: &Option<String>,
) -> Result<Option<Option<String>>, DocumentFault> {
    let value =
        |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let Some(wanted) = json(name, text)? else { return Ok(None) };
    Ok(notes.changed_unseen(name, &value(now), Some(value(&wanted))).map(|_| wanted))
}
