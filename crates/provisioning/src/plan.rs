//! What has to change so that the facts are as a document says.
//!
//! Pure: nothing is read and nothing written, ids that are needed come from an argument. A second plan over what the first
//! one has made is empty. Nothing is removed unless that is asked for, and then only from lists that the document has.

mod clients;
mod kept;
mod order;
mod people;
mod places;
mod planned_subscriber;
mod subscribers;
#[cfg(test)]
mod tests;
mod upstreams;

use std::collections::BTreeSet;
use std::fmt::{self, Debug};
use std::str::FromStr;

use adieu_authority::{
    ClientId, Document, NIL, NewPerson, NewUpstream, Population, PopulationId, RealmId, SubscriberId,
    UpstreamEdit, UserEdit, UserId, Version, is_realm_path,
};
use adieu_core::{RecordFault, is_population_name};
use adieu_json::JsonError;
use serde_json::Value;
use uuid::Uuid;

pub use clients::ClientEdit;
use places::Places;
pub use planned_subscriber::{PlannedSubscriber, SubscriberEdit};
pub(crate) use upstreams::with_secret;

use crate::document::{Declaration, PopulationDoc, RealmDoc};
use crate::error::{DocumentError, DocumentFault, Within, ensure};
use crate::facts::{Facts, RealmFacts};
use crate::secrets::Source;
use adieu_authority::DEFAULT_POPULATION;

/// One step, and how it reads.
#[derive(Clone, Debug)]
pub struct Planned {
    /// `+ user alice in /alpha`.
    pub line: String,
    /// What to do.
    pub change: Change,
}

/// What to do.
#[derive(Clone, Debug)]
pub enum Change {
    /// Make a realm with its first population.
    MakeRealm(RealmId, String, Option<NewPopulation>),
    /// A population that is made together with its realm: it has a line of its own, and nothing is left to do.
    MadeWithRealm(NewPopulation),
    /// Make a population.
    MakePopulation(NewPopulation),
    /// Change a population, from the version that it carries.
    EditPopulation(Population),
    /// Make a user.
    MakeUser(Box<PlannedUser>),
    /// Change a user, from this version.
    EditUser(UserId, Version, Box<UserEdit>, Option<FirstPassword>),
    /// Make a client.
    MakeClient(RealmId, ClientId, Box<ClientEdit>),
    /// Change a client, from this version.
    EditClient(RealmId, ClientId, Version, Box<ClientEdit>),
    /// Make a subscriber.
    MakeSubscriber(RealmId, Box<PlannedSubscriber>),
    /// Change a subscriber, from this version.
    EditSubscriber(SubscriberId, Version, Box<SubscriberEdit>),
    /// Make an upstream provider, with the secret that lies there.
    MakeUpstream(RealmId, Box<NewUpstream>, Option<Source>),
    /// Change one, from this version; give it that secret, where it has none.
    EditUpstream((RealmId, String), Version, Box<UpstreamEdit>, Option<Source>),
    /// Remove one.
    RemoveUpstream(RealmId, String, Version),
    /// Keep a document of a dialect, in place of this version or as a new one.
    PutDocument(Option<Version>, Document),
    /// Remove one.
    RemoveDocument(RealmId, &'static str, String, Version),
    /// Remove a user, whose sessions end.
    RemoveUser(UserId, Version),
    /// Remove a client, whose grants die.
    RemoveClient(ClientId, Version),
    /// Remove a subscriber.
    RemoveSubscriber(SubscriberId, Version),
    /// Remove a population that is empty by then.
    RemovePopulation(PopulationId, Version),
}

impl Change {
    /// What the first password is made of that it sets, if it sets one.
    pub(crate) const fn password(&self) -> Option<&FirstPassword> {
        match self {
            Self::MakeUser(new) => new.password.as_ref(),
            Self::EditUser(_, _, _, password) => password.as_ref(),
            Self::MakeRealm(..)
            | Self::MadeWithRealm(_)
            | Self::MakePopulation(_)
            | Self::EditPopulation(_)
            | Self::MakeClient(..)
            | Self::EditClient(..)
            | Self::MakeSubscriber(..)
            | Self::EditSubscriber(..)
            | Self::RemoveSubscriber(..)
            | Self::MakeUpstream(..)
            | Self::EditUpstream(..)
            | Self::RemoveUpstream(..)
            | Self::PutDocument(..)
            | Self::RemoveDocument(..)
            | Self::RemoveUser(..)
            | Self::RemoveClient(..)
            | Self::RemovePopulation(..) => None,
        }
    }

    /// Whether a secret comes of it that is shown once: a client's that has one, or a web hook's that is drawn.
    pub(crate) fn shows_secret(&self) -> bool {
        match self {
            Self::MakeClient(_, _, new) => new.auth().has_secret(),
            Self::MakeSubscriber(_, new) => new.secret.is_none(),
            _ => false,
        }
    }

    /// Where the secret lies that it gives to a subscriber, or to an upstream provider.
    pub(crate) fn secret(&self) -> Option<&Source> {
        match self {
            Self::MakeSubscriber(_, new) => new.secret.as_ref(),
            Self::EditSubscriber(_, _, edit) => edit.secret.as_ref(),
            Self::MakeUpstream(_, _, secret) | Self::EditUpstream(_, _, _, secret) => secret.as_ref(),
            _ => None,
        }
    }
}

/// A population to be made.
#[derive(Clone, Debug)]
pub struct NewPopulation {
    /// Its id.
    pub id: PopulationId,
    /// Where.
    pub realm: RealmId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

/// A user to be made.
#[derive(Clone, Debug)]
pub struct PlannedUser {
    /// The id.
    pub id: UserId,
    /// Where.
    pub population: PopulationId,
    /// All else but a password that has to be looked up.
    pub person: NewPerson,
    /// Where that is.
    pub password: Option<FirstPassword>,
}

/// A first password and for whom it is: the realm's rules are asked before anything is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstPassword {
    /// What it is made of.
    pub from: PasswordFrom,
    /// The path of the realm.
    pub realm: String,
    /// The names of its user.
    pub names: Vec<String>,
}

/// What a first password is made of.
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordFrom {
    /// It lies somewhere.
    Source(Source),
    /// It is not known; this is its hash.
    Hash(String),
}

/// No hash is shown (EMPTY-HANDS).
impl Debug for PasswordFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(source) => f.debug_tuple("Source").field(source).finish(),
            Self::Hash(_) => f.write_str("Hash(***)"),
        }
    }
}

/// The changes, in an order in which they can be made.
pub fn plan(
    facts: &Facts,
    document: &Declaration,
    prune: bool,
    draw: &mut dyn FnMut() -> Uuid,
) -> Result<Vec<Planned>, DocumentError> {
    let mut planner = Planner {
        facts,
        prune,
        draw,
        places: Places::of(facts),
        clients: BTreeSet::new(),
        subscribers: BTreeSet::new(),
        users: BTreeSet::new(),
        planned: vec![],
        removals: vec![],
        faults: vec![],
    };
    let mut realms = Vec::new();
    let mut paths = BTreeSet::new();
    for doc in &document.realms {
        let realm = || format!("realm {}", doc.path);
        let first = ensure(paths.insert(&doc.path), || DocumentFault::Twice(realm()));
        let planning = first.map_err(DocumentError::from).and_then(|()| planner.realm(doc).within(realm));
        match planning {
            Ok(planning) => realms.push((doc, planning)),
            Err(fault) => planner.faults.push(fault),
        }
    }
    // Places first, all of them: a role may reach any realm and population of the document. Without one of them, what is said of it
    // would be refused as well.
    for (doc, realm) in &realms {
        planner.populations(doc, realm);
    }
    DocumentError::of_all(std::mem::take(&mut planner.faults))?;
    for (doc, realm) in &realms {
        planner.clients(doc, realm);
        planner.subscribers(doc, realm);
        planner.users(doc, realm);
        planner.upstreams(doc, realm);
        planner.documents(doc, realm);
    }
    let Planner { mut planned, removals, places, faults, .. } = planner;
    DocumentError::of_all(faults)?;
    // Users before the populations that held them.
    let (populations, rest): (Vec<_>, Vec<_>) =
        removals.into_iter().partition(|p| matches!(p.change, Change::RemovePopulation(..)));
    planned.extend(rest);
    let mut planned = order::ordered(facts, &places, planned)?;
    planned.extend(populations);
    Ok(planned)
}

struct Planner<'a> {
    facts: &'a Facts,
    prune: bool,
    draw: &'a mut dyn FnMut() -> Uuid,
    /// Realms and populations as they will be.
    places: Places,
    /// Clients, subscribers and users that the document has spoken of, in any realm.
    clients: BTreeSet<ClientId>,
    subscribers: BTreeSet<SubscriberId>,
    users: BTreeSet<UserId>,
    planned: Vec<Planned>,
    removals: Vec<Planned>,
    /// What is wrong with it, as far as it was read: all of it is told at once.
    faults: Vec<DocumentError>,
}

/// A realm as the plan knows it.
struct Planning<'a> {
    id: RealmId,
    path: String,
    /// What is in it now; nothing, if it is to be made.
    now: Option<&'a RealmFacts>,
}

impl<'a> Planner<'a> {
    fn realm(&mut self, doc: &RealmDoc) -> Result<Planning<'a>, DocumentFault> {
        let path = doc.path.clone();
        let wanted = doc.id.as_deref().map(uuid::<RealmId>).transpose()?;
        if let Some(now) = self.facts.realms.iter().find(|of| of.realm.path == path) {
            let id = now.realm.id;
            ensure(wanted.is_none_or(|wanted| wanted == id), || DocumentFault::OtherId(id.to_string()))?;
            return Ok(Planning { id, path, now: Some(now) });
        }
        // What is there keeps its path, however it came to it.
        ensure(is_realm_path(&path), || DocumentFault::Path)?;
        let id = wanted.unwrap_or_else(|| RealmId::from_uuid((self.draw)()));
        ensure(!self.places.has_realm(id), || taken("another realm", id))?;
        self.places.add_realm(id, &path);
        self.plan(format!("+ realm {path}"), Change::MakeRealm(id, path.clone(), None));
        Ok(Planning { id, path, now: None })
    }

    /// Notes the fault of something in a realm.
    fn note<T>(&mut self, realm: &Planning<'_>, read: Result<T, impl Into<DocumentError>>) {
        if let Err(fault) = read.within(|| format!("realm {}", realm.path)) {
            self.faults.push(fault);
        }
    }

    fn populations(&mut self, doc: &RealmDoc, realm: &Planning<'a>) {
        let mut named = BTreeSet::new();
        for population in doc.populations.iter().flatten() {
            let about = || format!("population {}", population.name);
            let read = self.population(population, realm).within(about);
            let first = |id| ensure(named.insert(id), || DocumentFault::Twice(about())).map_err(Into::into);
            let read: Result<(), DocumentError> = read.and_then(first);
            self.note(realm, read);
        }
        if doc.populations.is_none() && realm.now.is_none() {
            let default = PopulationDoc { name: DEFAULT_POPULATION.into(), ..PopulationDoc::default() };
            let made = self.population(&default, realm);
            self.note(realm, made);
        }
        if self.prune && doc.populations.is_some() {
            let now = realm.now.map_or(&[][..], |now| &now.populations);
            for gone in now.iter().filter(|population| !named.contains(&population.id)) {
                self.places.remove_population(gone.id);
                let line = format!("- population {} in {}", gone.name, realm.path);
                self.removals.push(Planned { line, change: Change::RemovePopulation(gone.id, gone.version) });
            }
        }
    }

    fn population(
        &mut self,
        doc: &PopulationDoc,
        realm: &Planning<'a>,
    ) -> Result<PopulationId, DocumentFault> {
        let wanted = doc.id.as_deref().map(uuid::<PopulationId>).transpose()?;
        ensure(is_population_name(&doc.name), || RecordFault::PopulationName.into())?;
        let now = realm.now.map_or(&[][..], |now| &now.populations);
        let by_name: Vec<_> = now.iter().filter(|population| population.name == doc.name).collect();
        let found = match wanted {
            Some(id) => now.iter().find(|population| population.id == id),
            None if by_name.len() > 1 => return Err(DocumentFault::Ambiguous),
            None => by_name.first().copied(),
        };
        if let Some(found) = found {
            self.population_edit(doc, found, realm);
            return Ok(found.id);
        }
        if let (Some(_), Some(other)) = (wanted, by_name.first()) {
            return Err(DocumentFault::OtherId(other.id.to_string()));
        }
        let id = wanted.unwrap_or_else(|| PopulationId::from_uuid((self.draw)()));
        ensure(self.places.realm_of(id).is_none(), || taken("another population", id))?;
        self.places.add_population(id, realm.id, &doc.name);
        let description = doc.description.clone().filter(|text| !text.is_empty());
        let new = NewPopulation { id, realm: realm.id, name: doc.name.clone(), description };
        let change = self.made(new);
        self.plan(format!("+ population {} in {}", doc.name, realm.path), change);
        Ok(id)
    }

    /// How a population is made: the first one of a new realm together with it.
    fn made(&mut self, new: NewPopulation) -> Change {
        for Planned { change, .. } in &mut self.planned {
            if let Change::MakeRealm(id, _, first @ None) = change
                && *id == new.realm
            {
                *first = Some(new.clone());
                return Change::MadeWithRealm(new);
            }
        }
        Change::MakePopulation(new)
    }

    fn population_edit(&mut self, doc: &PopulationDoc, now: &Population, realm: &Planning<'a>) {
        let mut notes = Notes::default();
        let mut next = now.clone();
        if let Some(name) = notes.changed("name", &now.name, Some(doc.name.clone())) {
            self.places.rename_population(now.id, &name);
            next.name = name;
        }
        if let Some(text) = notes.changed("description", &now.description, none_if_empty(&doc.description)) {
            next.description = text;
        }
        if let Some(line) = notes.line("population", &now.name, realm) {
            self.plan(line, Change::EditPopulation(next));
        }
    }

    fn plan(&mut self, line: String, change: Change) {
        self.planned.push(Planned { line, change });
    }
}

/// What changes of one thing, for the person who reads the plan.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    /// What is wanted, if that is not so yet.
    fn changed<T: PartialEq + Debug>(&mut self, name: &str, now: &T, wanted: Option<T>) -> Option<T> {
        let wanted = wanted.filter(|wanted| wanted != now)?;
        self.0.push(format!("{name} {} → {}", shown(now), shown(&wanted)));
        Some(wanted)
    }

    /// The same for what is too long to be shown.
    fn changed_unseen<T: PartialEq>(&mut self, name: &str, now: &T, wanted: Option<T>) -> Option<T> {
        let wanted = wanted.filter(|wanted| wanted != now)?;
        self.0.push(name.to_owned());
        Some(wanted)
    }

    fn line(&self, kind: &str, name: &str, realm: &Planning<'_>) -> Option<String> {
        let changes = self.0.join(", ");
        (!changes.is_empty()).then(|| format!("~ {kind} {name} in {}: {changes}", realm.path))
    }
}

fn uuid<T: FromStr>(text: &str) -> Result<T, DocumentFault> {
    if text == NIL { Err(DocumentFault::NotUuid) } else { text.parse().map_err(|_| DocumentFault::NotUuid) }
}

fn taken(owner: &'static str, id: impl ToString) -> DocumentFault {
    DocumentFault::IdTaken { owner, id: id.to_string() }
}

/// A value as people read it: what is there without the word that it is.
fn shown(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.strip_prefix("Some(").and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => inner.to_owned(),
        None if text == "None" => "none".to_owned(),
        None => text,
    }
}

/// The JSON in the text of a member, read as the APIs read their bodies.
fn read_json(member: &'static str, text: &str) -> Result<Value, DocumentFault> {
    adieu_json::read(text.as_bytes()).map_err(|error| match error {
        JsonError::Repeated(name) => DocumentFault::RepeatedMember { member, name },
        JsonError::Trailing | JsonError::Syntax(_) => DocumentFault::NotJson(member),
    })
}

/// Absent says nothing; empty is none.
fn none_if_empty(text: &Option<String>) -> Option<Option<String>> {
    text.as_ref().map(|text| Some(text.clone()).filter(|text| !text.is_empty()))
}
