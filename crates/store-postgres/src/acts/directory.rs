//! Realms, populations, users, clients, keys.
//!
//! Each change gathers facts, lets core decide, and writes what was decided. No rule stands here.

use std::sync::Arc;

use adieu_core::names::listed_forms;
use adieu_core::{
    ApplicationTrait, Client, ClientDraft, ClientId, ConfirmCodesOrder, ConfirmError, DirectoryError,
    EditClientOrder, EditClientsOrder, EditUserOrder, Edited, EditedClient, Ended, NewUser, Outage,
    PasswordRenewal, Population, PopulationAround, PopulationId, Realm, RealmDraft, RealmId,
    RemoveClientOrder, RemoveUserOrder, SecondFactorRule, Timestamp, Unwritten, User, UserId, Version,
    decide_add, decide_create_population, decide_create_realm, decide_edit_population,
    decide_remove_population, decide_second_factor_rule, present_client, present_user, removed_client,
};
use adieu_store::{Directory, Lookup, Pending, StoredKey};

use crate::PostgresStore;
use crate::acts::documents::{change_documents, facts_of_changes};
use crate::acts::{clients, people};
use crate::batch::Batch;
use crate::rows::{
    AllRealms, ClientsOf, ClientsWithUri, GuardRow, Guarded, HasTrait, KeptKey, KeysOf, PopulationsOf,
    UsersIn, UsersOf, trait_word,
};
use crate::working::Looked;

impl Directory for PostgresStore {
    fn realm(&self, id: RealmId) -> Lookup<Result<Option<Arc<Realm>>, Outage>> {
        Lookup::Later(self.reader.read(move |batch| batch.realm(id)))
    }

    fn realms(&self) -> Pending<Result<Vec<Realm>, Outage>> {
        self.reader.read(|batch| all_realms(batch))
    }

    fn create_realm(&self, draft: RealmDraft) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| create_realm(batch, &draft))
    }

    fn set_second_factor_rule(
        &self,
        realm: RealmId,
        rule: SecondFactorRule,
    ) -> Pending<Result<Realm, DirectoryError>> {
        self.writer.write(move |batch| {
            match decide_second_factor_rule(batch.realm_to_change(realm)?.as_deref(), rule) {
                Ok(realm) => batch.write_realm(realm.clone()).map(|()| Ok(realm)),
                Err(refusal) => Ok(Err(refusal)),
            }
        })
    }

    fn population(&self, id: PopulationId) -> Pending<Result<Option<Population>, Outage>> {
        self.reader.read(move |batch| batch.population(id))
    }

    fn populations(&self, realm: RealmId) -> Pending<Result<Vec<Population>, Outage>> {
        self.reader.read(move |batch| {
            let ids = batch.asked.populations_of.get(&PopulationsOf(realm))?;
            ids.iter().for_each(|(id, _)| batch.populations.want(id, None));
            let all: Looked<Vec<_>> = ids.iter().map(|(id, _)| batch.population(*id)).collect();
            Ok(all?.into_iter().flatten().collect())
        })
    }

    fn create_population(&self, new: Population) -> Pending<Result<Population, DirectoryError>> {
        self.writer.write(move |batch| {
            match decide_create_population(&new, &population_around(batch, &new)?) {
                Ok(made) => batch.write_population(made.clone()).map(|()| Ok(made)),
                Err(refusal) => Ok(Err(refusal)),
            }
        })
    }

    fn edit_population(
        &self,
        from: Version,
        next: Population,
    ) -> Pending<Result<Population, DirectoryError>> {
        self.writer.write(move |batch| {
            let before = batch.population_to_change(next.id)?;
            match decide_edit_population(before.as_ref(), from, &next) {
                Ok(next) => batch.write_population(next.clone()).map(|()| Ok(next)),
                Err(refusal) => Ok(Err(refusal)),
            }
        })
    }

    fn remove_population(
        &self,
        id: PopulationId,
        from: Option<Version>,
    ) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            let before = batch.population_to_change(id)?;
            let around = match &before {
                Some(before) => population_around(batch, before)?,
                None => PopulationAround::default(),
            };
            match decide_remove_population(before.as_ref(), from, &around) {
                Ok(removed) => {
                    batch.write_removed_versions(removed)?;
                    batch.populations.remove(id);
                    Ok(Ok(()))
                }
                Err(refusal) => Ok(Err(refusal)),
            }
        })
    }

    fn count_users(&self, population: PopulationId) -> Pending<Result<u64, Outage>> {
        self.reader.read(move |batch| batch.asked.users_in.get(&UsersIn(population)).copied())
    }

    fn user(&self, id: UserId) -> Lookup<Result<Option<Arc<User>>, Outage>> {
        Lookup::Later(self.reader.read(move |batch| Ok(present_user(batch.user(id)?))))
    }

    fn user_named(&self, realm: RealmId, name: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let forms = listed_forms(name);
        self.reader.read(move |batch| {
            let holders = batch.name_holders(realm, forms.clone())?;
            match holders.first() {
                Some((_, key)) => batch.user_by_key(*key),
                None => Ok(None),
            }
        })
    }

    fn user_external(&self, realm: RealmId, external_id: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let external_id = external_id.to_owned();
        self.reader.read(move |batch| match batch.external_holder(realm, &external_id)? {
            Some(key) => batch.user_by_key(key),
            None => Ok(None),
        })
    }

    fn users(&self, realm: RealmId, after: Option<UserId>, most: u32) -> Pending<Result<Vec<User>, Outage>> {
        self.reader.read(move |batch| {
            let keys = batch.asked.users_of.get(&UsersOf { realm, after, most })?;
            keys.iter().for_each(|key| batch.users.want(key, None));
            let users: Looked<Vec<_>> = keys.iter().map(|key| batch.user_by_key(*key)).collect();
            Ok(users?.into_iter().flatten().map(Arc::unwrap_or_clone).collect())
        })
    }

    fn removed_users(&self, ids: Vec<UserId>) -> Pending<Result<Vec<UserId>, Outage>> {
        self.reader.read(move |batch| {
            let all: Vec<_> = ids.iter().map(|id| batch.user(*id)).collect();
            let all: Vec<_> = all.into_iter().collect::<Looked<_>>()?;
            Ok(all.into_iter().flatten().filter(|user| user.removed).map(|user| user.id).collect())
        })
    }

    fn create_user(&self, new: NewUser) -> Pending<Result<User, DirectoryError>> {
        self.writer.write(move |batch| people::create_user(batch, &new))
    }

    fn edit_user(&self, order: EditUserOrder, now: Timestamp) -> Pending<Result<Edited, DirectoryError>> {
        self.writer.write(move |batch| people::edit_user(batch, &order, now))
    }

    fn renew_password(
        &self,
        user: UserId,
        renewal: PasswordRenewal,
        now: Timestamp,
    ) -> Pending<Result<bool, Unwritten>> {
        self.writer.write(move |batch| people::renew_password(batch, user, &renewal, now))
    }

    fn remove_user(&self, order: RemoveUserOrder, now: Timestamp) -> Pending<Result<Ended, DirectoryError>> {
        self.writer.write(move |batch| people::remove_user(batch, &order, now))
    }

    fn confirm_recovery_codes(
        &self,
        order: ConfirmCodesOrder,
        now: Timestamp,
    ) -> Pending<Result<User, ConfirmError>> {
        self.writer.write(move |batch| people::confirm_recovery_codes(batch, order, now))
    }

    fn client(&self, id: &ClientId) -> Lookup<Result<Option<Arc<Client>>, Outage>> {
        let id = id.clone();
        Lookup::Later(
            self.reader.read(move |batch| Ok(present_client(batch.stored_client(&id)?).map(Arc::new))),
        )
    }

    fn removed_client(&self, id: &ClientId) -> Pending<Result<Option<Client>, Outage>> {
        let id = id.clone();
        self.reader.read(move |batch| Ok(removed_client(batch.stored_client(&id)?)))
    }

    fn clients_with_post_logout_uri(
        &self,
        realm: RealmId,
        uri: &str,
    ) -> Pending<Result<Vec<Client>, Outage>> {
        let question = ClientsWithUri(realm, uri.to_owned());
        self.reader.read(move |batch| batch.asked.clients_with_uri.get(&question).cloned())
    }

    fn has_application(&self, realm: RealmId, of: ApplicationTrait) -> Pending<Result<bool, Outage>> {
        let question = HasTrait(realm, trait_word(&of));
        self.reader.read(move |batch| batch.asked.has_trait.get(&question).copied())
    }

    fn clients(&self, realm: RealmId) -> Pending<Result<Vec<Client>, Outage>> {
        self.reader.read(move |batch| batch.asked.clients_of.get(&ClientsOf(realm)).cloned())
    }

    fn create_client(&self, draft: ClientDraft) -> Pending<Result<Client, DirectoryError>> {
        self.writer.write(move |batch| clients::create(batch, &draft))
    }

    fn edit_client(
        &self,
        order: EditClientOrder,
        now: Timestamp,
    ) -> Pending<Result<EditedClient, DirectoryError>> {
        self.writer.write(move |batch| clients::edit(batch, &order, now))
    }

    fn edit_clients(
        &self,
        order: EditClientsOrder,
        now: Timestamp,
    ) -> Pending<Result<Vec<EditedClient>, DirectoryError>> {
        self.writer.write(move |batch| clients::edit_several(batch, &order, now))
    }

    fn remove_client(
        &self,
        order: RemoveClientOrder,
        now: Timestamp,
    ) -> Pending<Result<Ended, DirectoryError>> {
        self.writer.write(move |batch| clients::remove(batch, &order, now))
    }

    fn keys(&self, realm: RealmId) -> Pending<Result<Vec<StoredKey>, Outage>> {
        self.reader.read(move |batch| batch.asked.keys_of.get(&KeysOf(realm)).cloned())
    }

    fn add_key(&self, key: StoredKey) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            let taken = batch.keys.get(&(key.realm, key.kid.clone()))?.is_some();
            if let Err(refusal) = decide_add(taken) {
                return Ok(Err(refusal));
            }
            batch.keys.put(KeptKey(key.clone()));
            Ok(Ok(()))
        })
    }
}

/// All realms, by path.
fn all_realms(batch: &Batch) -> Looked<Vec<Realm>> {
    let ids = batch.asked.all_realms.get(&AllRealms)?;
    let all: Vec<_> = ids.iter().map(|id| batch.realm(*id)).collect();
    let all: Vec<_> = all.into_iter().collect::<Looked<_>>()?;
    let mut all: Vec<Realm> = all.into_iter().flatten().map(Arc::unwrap_or_clone).collect();
    // Those that this batch has made.
    for (id, made) in batch.realms.all_changed() {
        if !ids.contains(id) {
            all.extend(made.map(|made| Realm::clone(&made.realm)));
        }
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

fn create_realm(batch: &mut Batch, draft: &RealmDraft) -> Looked<Result<(), DirectoryError>> {
    batch.guard(Guarded::Realms)?;
    let realms = all_realms(batch)?;
    let own = batch.realm(draft.realm.id);
    let (around, beside) =
        (population_around(batch, &draft.first), facts_of_changes(batch, &draft.documents));
    own?;
    let (realm, first, documents) = match decide_create_realm(draft, &realms, &around?, &beside?) {
        Ok(made) => made,
        Err(refusal) => return Ok(Err(refusal)),
    };
    change_documents(batch, documents)?;
    batch.write_population(first)?;
    batch.guards.put(GuardRow(Guarded::Directory(realm.id)));
    batch.write_realm(realm).map(Ok)
}

/// What stands around a population.
fn population_around(batch: &Batch, population: &Population) -> Looked<PopulationAround> {
    let (realm, known) = (batch.realm(population.realm), batch.population_to_change(population.id));
    batch.guard(Guarded::Directory(population.realm))?;
    let (users, removed) = (batch.asked.users_in.get(&UsersIn(population.id)), batch.removed_versions());
    Ok(PopulationAround {
        in_realm: realm?.is_some(),
        known: known?.is_some(),
        users: *users?,
        removed: removed?,
    })
}
