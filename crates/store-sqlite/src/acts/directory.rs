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
use rusqlite::{Row, params};

use crate::acts::documents::{change_documents, facts_of_changes};
use crate::acts::{clients, people};
use crate::batch::Batch;
use crate::hooks::HookPoint;
use crate::rows::uuid_column;
use crate::{SqliteStore, rows};

fn key_row(row: &Row<'_>) -> rusqlite::Result<StoredKey> {
    Ok(StoredKey {
        realm: RealmId::from_uuid(uuid_column(row, "realm")?),
        kid: row.get("kid")?,
        algorithm: row.get("algorithm")?,
        sealed: row.get("sealed")?,
        created_at: Timestamp::from_ms(row.get("created_at")?),
        signs_from: Timestamp::from_ms(row.get("signs_from")?),
    })
}

impl Directory for SqliteStore {
    fn realm(&self, id: RealmId) -> Lookup<Result<Option<Arc<Realm>>, Outage>> {
        let key = id.uuid().as_u128();
        if let Some(realm) = self.shared.caches.realms.find(&key) {
            return Lookup::Now(Ok(Some(realm)));
        }
        Lookup::Later(self.readers.read(move |db, shared, read_at| {
            let realm = rows::realm(db, id)?.map(Arc::new);
            shared.pass(HookPoint::RowsRead);
            if let Some(realm) = &realm {
                shared.caches.realms.fill(key, || Arc::clone(realm), read_at);
            }
            Ok(realm)
        }))
    }

    fn realms(&self) -> Pending<Result<Vec<Realm>, Outage>> {
        self.readers.read(|db, _, _| rows::realms(db))
    }

    fn create_realm(&self, draft: RealmDraft) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            let (realms, around) = (rows::realms(batch.db)?, population_around(batch, &draft.first)?);
            let beside = facts_of_changes(batch, &draft.documents)?;
            let (realm, first, documents) = match decide_create_realm(&draft, &realms, &around, &beside) {
                Ok(made) => made,
                Err(refusal) => return Ok(Err(refusal)),
            };
            change_documents(batch, documents)?;
            rows::write_population(batch.db, &first)?;
            batch.write_realm(realm).map(Ok)
        })
    }

    fn set_second_factor_rule(
        &self,
        realm: RealmId,
        rule: SecondFactorRule,
    ) -> Pending<Result<Realm, DirectoryError>> {
        self.writer.write(move |batch| {
            match decide_second_factor_rule(rows::realm(batch.db, realm)?.as_ref(), rule) {
                Ok(realm) => batch.write_realm(realm.clone()).map(|()| Ok(realm)),
                Err(refusal) => Ok(Err(refusal)),
            }
        })
    }

    fn population(&self, id: PopulationId) -> Pending<Result<Option<Population>, Outage>> {
        self.readers.read(move |db, _, _| rows::population(db, id))
    }

    fn populations(&self, realm: RealmId) -> Pending<Result<Vec<Population>, Outage>> {
        self.readers.read(move |db, _, _| rows::populations(db, realm))
    }

    fn create_population(&self, new: Population) -> Pending<Result<Population, DirectoryError>> {
        self.writer.write(move |batch| {
            match decide_create_population(&new, &population_around(batch, &new)?) {
                Ok(made) => rows::write_population(batch.db, &made).map(|()| Ok(made)),
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
            let before = rows::population(batch.db, next.id)?;
            match decide_edit_population(before.as_ref(), from, &next) {
                Ok(next) => rows::write_population(batch.db, &next).map(|()| Ok(next)),
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
            let before = rows::population(batch.db, id)?;
            let around = match &before {
                Some(before) => population_around(batch, before)?,
                None => PopulationAround::default(),
            };
            match decide_remove_population(before.as_ref(), from, &around) {
                Ok(removed) => {
                    rows::write_removed_versions(batch.db, removed)?;
                    rows::drop_population(batch.db, id).map(Ok)
                }
                Err(refusal) => Ok(Err(refusal)),
            }
        })
    }

    fn count_users(&self, population: PopulationId) -> Pending<Result<u64, Outage>> {
        self.readers.read(move |db, _, _| rows::count_users(db, population))
    }

    fn user(&self, id: UserId) -> Lookup<Result<Option<Arc<User>>, Outage>> {
        let key = id.uuid().as_u128();
        if let Some(user) = self.shared.caches.users.find(&key) {
            return Lookup::Now(Ok(present_user(Some(user))));
        }
        Lookup::Later(self.readers.read(move |db, shared, read_at| {
            let user = rows::user(db, id)?.map(Arc::new);
            shared.pass(HookPoint::RowsRead);
            if let Some(user) = &user {
                shared.caches.users.fill(key, || Arc::clone(user), read_at);
            }
            Ok(present_user(user))
        }))
    }

    fn user_named(&self, realm: RealmId, name: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let forms = listed_forms(name);
        self.readers.read(move |db, _, _| Ok(rows::user_listed(db, realm, &forms)?.map(Arc::new)))
    }

    fn removed_users(&self, ids: Vec<UserId>) -> Pending<Result<Vec<UserId>, Outage>> {
        self.readers.read(move |db, _, _| {
            let mut removed = Vec::new();
            for id in &ids {
                removed.extend(rows::user(db, *id)?.filter(|user| user.removed).map(|user| user.id));
            }
            Ok(removed)
        })
    }

    fn create_user(&self, new: NewUser) -> Pending<Result<User, DirectoryError>> {
        self.writer.write(move |batch| people::create_user(batch, &new))
    }

    fn user_external(&self, realm: RealmId, external_id: &str) -> Pending<Result<Option<Arc<User>>, Outage>> {
        let external_id = external_id.to_owned();
        self.readers.read(move |db, _, _| Ok(rows::user_external(db, realm, &external_id)?.map(Arc::new)))
    }

    fn users(&self, realm: RealmId, after: Option<UserId>, most: u32) -> Pending<Result<Vec<User>, Outage>> {
        self.readers.read(move |db, _, _| rows::users(db, realm, after, most))
    }

    fn edit_user(&self, order: EditUserOrder, now: Timestamp) -> Pending<Result<Edited, DirectoryError>> {
        self.writer.write(move |batch| people::edit_user(batch, &order, now))
    }

    fn renew_password(
        &self,
        id: UserId,
        renewal: PasswordRenewal,
        now: Timestamp,
    ) -> Pending<Result<bool, Unwritten>> {
        self.writer.write(move |batch| people::renew_password(batch, id, &renewal, now))
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
        if let Some(client) = self.shared.caches.clients.find(id) {
            return Lookup::Now(Ok(Some(client)));
        }
        let id = id.clone();
        Lookup::Later(self.readers.read(move |db, shared, read_at| {
            let client = present_client(rows::client(db, &id)?).map(Arc::new);
            shared.pass(HookPoint::RowsRead);
            if let Some(client) = &client {
                shared.caches.clients.fill(id.clone(), || Arc::clone(client), read_at);
            }
            Ok(client)
        }))
    }

    fn removed_client(&self, id: &ClientId) -> Pending<Result<Option<Client>, Outage>> {
        let id = id.clone();
        self.readers.read(move |db, _, _| Ok(removed_client(rows::client(db, &id)?)))
    }

    fn clients_with_post_logout_uri(
        &self,
        realm: RealmId,
        uri: &str,
    ) -> Pending<Result<Vec<Client>, Outage>> {
        let uri = uri.to_owned();
        self.readers.read(move |db, _, _| rows::clients_with_post_logout_uri(db, realm, &uri))
    }

    fn has_application(&self, realm: RealmId, of: ApplicationTrait) -> Pending<Result<bool, Outage>> {
        self.readers.read(move |db, _, _| rows::has_application(db, realm, &of))
    }

    fn clients(&self, realm: RealmId) -> Pending<Result<Vec<Client>, Outage>> {
        self.readers.read(move |db, _, _| rows::clients(db, realm))
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
        self.readers.read(move |db, _, _| {
            db.prepare_cached("SELECT * FROM signing_key WHERE realm = ?1 ORDER BY created_at, kid")?
                .query_map([realm.uuid().as_bytes()], key_row)?
                .collect()
        })
    }

    fn add_key(&self, key: StoredKey) -> Pending<Result<(), DirectoryError>> {
        self.writer.write(move |batch| {
            let taken = batch.db.query_row(
                "SELECT EXISTS(SELECT 1 FROM signing_key WHERE realm = ?1 AND kid = ?2)",
                params![key.realm.uuid().as_bytes(), key.kid],
                |row| row.get(0),
            )?;
            if let Err(refusal) = decide_add(taken) {
                return Ok(Err(refusal));
            }
            batch.db.execute(
                "INSERT INTO signing_key(realm, kid, algorithm, sealed, created_at, signs_from)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    key.realm.uuid().as_bytes(),
                    key.kid,
                    key.algorithm,
                    key.sealed,
                    key.created_at.ms(),
                    key.signs_from.ms()
                ],
            )?;
            Ok(Ok(()))
        })
    }
}

/// What stands around a population.
fn population_around(batch: &Batch<'_>, population: &Population) -> rusqlite::Result<PopulationAround> {
    Ok(PopulationAround {
        in_realm: rows::realm(batch.db, population.realm)?.is_some(),
        known: rows::population(batch.db, population.id)?.is_some(),
        users: rows::count_users(batch.db, population.id)?,
        removed: rows::removed_versions(batch.db)?,
    })
}
