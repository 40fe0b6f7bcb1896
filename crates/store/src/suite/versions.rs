//! Promises about versions: of two changes at once neither undoes the other.
//!
//! What is refused has written nothing; what endings and sign-ons write beside changes is lost to none of them.

use adieu_core::{
    Client, ClientDraft, ClientId, DirectoryError, DocumentChange, EditClientOrder, EditClientsOrder,
    EditUserOrder, EndTarget, NewUser, PasswordRenewal, Population, RemoveUserOrder, User, UserEdit, Version,
};

use crate::Document;
use crate::suite::fixture::at;
use crate::suite::{Engine, Fixture};

fn stale<T: std::fmt::Debug>(result: Result<T, DirectoryError>) {
    assert!(matches!(result, Err(DirectoryError::Stale)), "{result:?}");
}

fn renamed(name: &str) -> UserEdit {
    UserEdit { username: Some(name.into()), ..UserEdit::default() }
}

fn document<E: Engine>(fixture: &Fixture<E>, body: &str) -> Document {
    let (realm, version) = (fixture.realm, Version::FIRST);
    Document { realm, kind: "policy".into(), id: "one".into(), body: body.into(), version }
}

/// Goal: a change that was made from a version that is gone changes nothing, whatever kind of record it is.
pub async fn a_stale_change_is_refused_and_writes_nothing<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let order = fixture.edit_order(ada.id, renamed("late")).await;
    let edited = fixture.edit(ada.id, renamed("countess"), at(1)).await.expect("a change").user;
    assert_eq!(edited.version, ada.version.next());
    stale(fixture.store.edit_user(order, at(2)).await);
    assert_eq!(fixture.read(&ada).await.username, "countess");
    assert!(fixture.store.user_named(fixture.realm, "late").await.expect("an answer").is_none());

    let shop = fixture.client("shop").await;
    let late = EditClientOrder {
        from: shop.version,
        next: Client { name: "Late".into(), enabled: false, ..shop.clone() }.into(),
        ends_grants: false,
        origin: fixture.origin(),
    };
    fixture.change_client(&shop.id, |client| client.name = "Shop".into()).await;
    stale(fixture.store.edit_client(late, at(2)).await);
    let now = fixture.stored_client(&shop.id).await;
    assert_eq!((now.name.as_str(), now.enabled, now.generation), ("Shop", true, shop.generation));

    let read =
        async || fixture.store.population(fixture.population).await.expect("an answer").expect("there");
    let before = read().await;
    let next = |name: &str| Population { name: name.into(), ..before.clone() };
    fixture.store.edit_population(before.version, next("All")).await.expect("a change");
    stale(fixture.store.edit_population(before.version, next("Late")).await);
    assert_eq!(read().await.name, "All");

    let made = fixture.store.create_document(document(&fixture, "1")).await.expect("made");
    fixture.store.edit_document(made.version, document(&fixture, "2")).await.expect("a change");
    stale(fixture.store.edit_document(made.version, document(&fixture, "3")).await);
    let fixture = fixture.after_crash().await;
    let kept =
        fixture.store.document(fixture.realm, "policy", "one").await.expect("an answer").expect("there");
    assert_eq!((kept.body.as_str(), kept.version), ("2", made.version.next()));
    assert_eq!(fixture.read(&ada).await.version, edited.version);
}

/// Goal: nothing is overwritten by somebody who thinks that it is not there.
pub async fn what_is_there_is_never_made_again<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let shop = fixture.client("shop").await;
    let taken = fixture.store.create_client(Client { name: "Twin".into(), ..shop.clone() }.into()).await;
    assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
    assert_eq!(fixture.stored_client(&shop.id).await.name, shop.name);
    fixture.store.create_document(document(&fixture, "1")).await.expect("made");
    let taken = fixture.store.create_document(document(&fixture, "2")).await;
    assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
    let kept =
        fixture.store.document(fixture.realm, "policy", "one").await.expect("an answer").expect("there");
    assert_eq!(kept.body, "1");

    let nobody: ClientId = "nobodys".parse().expect("an id");
    let next = Client { id: nobody.clone(), ..shop.clone() };
    let order = EditClientOrder {
        from: Version::FIRST,
        next: next.into(),
        ends_grants: false,
        origin: fixture.origin(),
    };
    let unknown = fixture.store.edit_client(order, at(1)).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
    assert!(fixture.store.client(&nobody).get().await.expect("an answer").is_none());
    let elsewhere = Document { id: "two".into(), ..document(&fixture, "1") };
    let unknown = fixture.store.edit_document(Version::FIRST, elsewhere).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
}

/// Goal: what is removed is what its remover has seen, where they say so.
pub async fn a_removal_from_a_version_removes_that_version_only<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (ada, shop) = (fixture.user("ada").await, fixture.client("shop").await);
    fixture.edit(ada.id, renamed("countess"), at(1)).await.expect("a change");
    let remove = |from| RemoveUserOrder { user: ada.id, from: Some(from), origin: fixture.origin() };
    stale(fixture.store.remove_user(remove(ada.version), at(2)).await);
    fixture.read(&ada).await;
    fixture.store.remove_user(remove(ada.version.next()), at(2)).await.expect("that is the one");

    fixture.change_client(&shop.id, |client| client.name = "Shop".into()).await;
    stale(fixture.remove_client(&shop.id, Some(shop.version)).await);
    fixture.remove_client(&shop.id, Some(shop.version.next())).await.expect("that is the one");
    let next = Client { secret_version: shop.secret_version + 1, ..shop.clone() };
    let back = fixture.store.create_client(next.into()).await.expect("it comes back");
    assert!(back.version > shop.version.next(), "no change of its first life fits its second");

    stale(fixture.store.remove_population(fixture.population, Some(Version::FIRST.next())).await);
    fixture.store.remove_population(fixture.population, Some(Version::FIRST)).await.expect("that is the one");

    let made = fixture.store.create_document(document(&fixture, "1")).await.expect("made");
    let remove = |from| fixture.store.remove_document(fixture.realm, "policy", "one", Some(from));
    stale(remove(made.version.next()).await);
    assert!(remove(made.version).await.expect("that is the one"));
    assert!(!remove(made.version).await.expect("an answer"));
}

/// Goal: what was said of a record that is gone is refused for another one of the same name: its versions begin above.
pub async fn no_change_of_a_removed_record_fits_its_successor<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let gone = fixture.store.create_document(document(&fixture, "1")).await.expect("made");
    fixture.store.edit_document(gone.version, document(&fixture, "2")).await.expect("a change");
    let remove = |from| fixture.store.remove_document(fixture.realm, "policy", "one", from);
    assert!(remove(None).await.expect("removed"));
    let back = fixture.store.create_document(document(&fixture, "3")).await.expect("it comes back");
    assert!(back.version > gone.version.next(), "{:?} after {:?}", back.version, gone.version);
    for seen in [gone.version, gone.version.next()] {
        stale(fixture.store.edit_document(seen, document(&fixture, "late")).await);
        stale(remove(Some(seen)).await);
    }
    fixture.store.edit_document(back.version, document(&fixture, "4")).await.expect("that is the one");

    let gone = fixture.store.population(fixture.population).await.expect("an answer").expect("there");
    let next = |name: &str| Population { name: name.into(), ..gone.clone() };
    fixture.store.remove_population(gone.id, None).await.expect("it is empty");
    let fixture = fixture.after_crash().await;
    let back = fixture.store.create_population(gone.clone()).await.expect("it comes back");
    assert!(back.version > gone.version, "{:?} after {:?}", back.version, gone.version);
    stale(fixture.store.edit_population(gone.version, next("Late")).await);
    stale(fixture.store.remove_population(gone.id, Some(gone.version)).await);
    let read = fixture.store.population(gone.id).await.expect("an answer").expect("there");
    assert_eq!((read.version, &read.name), (back.version, &gone.name), "as it was answered");
    fixture.store.edit_population(back.version, next("All")).await.expect("that is the one");

    let ada = fixture.user("ada").await;
    fixture.remove(ada.id, at(1)).await.expect("removed");
    let again = fixture.store.create_user(NewUser { user: User::clone(&ada) }).await;
    assert!(matches!(again, Err(DirectoryError::Taken(_))), "an id is nobody else's later: {again:?}");
}

/// Goal: a client and what a dialect keeps beside it are written together: a refusal leaves both as they were.
pub async fn what_is_kept_beside_a_client_changes_with_it_or_not_at_all<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let shop = fixture.client("shop").await;
    let named = |name: &str, body: &str| ClientDraft {
        client: Client { name: name.into(), ..shop.clone() },
        documents: vec![DocumentChange::Put(document(&fixture, body))],
    };
    let edit = async |from, next| {
        let order = EditClientOrder { from, next, ends_grants: false, origin: fixture.origin() };
        fixture.store.edit_client(order, at(1)).await
    };
    let read = async || {
        let kept = fixture.store.document(fixture.realm, "policy", "one").await.expect("an answer");
        (fixture.stored_client(&shop.id).await.name.clone(), kept.map(|kept| (kept.body, kept.version)))
    };
    let twin = fixture.store.create_client(named("Twin", "twin")).await;
    assert!(matches!(twin, Err(DirectoryError::Taken(_))), "{twin:?}");
    stale(edit(shop.version.next(), named("Late", "late")).await);
    assert_eq!(read().await, (shop.name.clone(), None));

    let changed = edit(shop.version, named("Store", "first")).await.expect("a change");
    assert_eq!(read().await, ("Store".into(), Some(("first".into(), Version::FIRST))));
    edit(changed.client.version, named("Shop", "second")).await.expect("a change, over what is kept");
    stale(edit(changed.client.version, named("Late", "late")).await);
    let both = ("Shop".into(), Some(("second".into(), Version::FIRST.next())));
    assert_eq!(read().await, both);
    let fixture = fixture.after_crash().await;
    let kept = fixture.store.document(fixture.realm, "policy", "one").await.expect("an answer");
    assert_eq!(kept.map(|kept| kept.body).as_deref(), Some("second"));
    assert_eq!(fixture.stored_client(&shop.id).await.name, "Shop");
}

/// Goal: several clients and documents change in one transaction, or none of them does; what is removed goes with it.
pub async fn clients_and_documents_change_together_or_not_at_all<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let (shop, till) = (fixture.client("shop").await, fixture.client("till").await);
    let named = |client: &Client, name: &str| {
        let next = Client { name: name.into(), ..client.clone() }.into();
        EditClientOrder { from: client.version, next, ends_grants: false, origin: fixture.origin() }
    };
    let old = document(&fixture, "old");
    let kept = |id: &str| Document { id: id.into(), ..old.clone() };
    for id in ["one", "two"] {
        fixture.store.create_document(kept(id)).await.expect("made");
    }
    let (realm, removed) = (fixture.realm, DocumentChange::Remove(kept("two")));
    let edited = DocumentChange::Edit(Document { body: "new".into(), ..kept("one") });
    let order = |clients, documents| EditClientsOrder { realm, clients, documents };
    let read = async || {
        let mut bodies = Vec::new();
        for id in ["one", "two"] {
            let kept = fixture.store.document(realm, "policy", id).await.expect("an answer");
            bodies.push(kept.map(|kept| kept.body));
        }
        let name = async |one: &Client| fixture.stored_client(&one.id).await.name.clone();
        (name(&shop).await, name(&till).await, bodies)
    };
    let before = read().await;
    let late = EditClientOrder { from: till.version.next(), ..named(&till, "Late") };
    let stale_document = DocumentChange::Remove(Document { version: Version::FIRST.next(), ..kept("two") });
    for refused in [
        order(vec![named(&shop, "Store"), late], vec![edited.clone(), removed.clone()]),
        order(vec![named(&shop, "Store"), named(&till, "Box")], vec![edited.clone(), stale_document]),
    ] {
        stale(fixture.store.edit_clients(refused, at(1)).await);
        assert_eq!(read().await, before);
    }
    let all = order(vec![named(&shop, "Store"), named(&till, "Box")], vec![edited, removed]);
    assert_eq!(fixture.store.edit_clients(all.clone(), at(1)).await.expect("a change").len(), 2);
    assert_eq!(read().await, ("Store".into(), "Box".into(), vec![Some("new".into()), None]));
    stale(fixture.store.edit_clients(all, at(2)).await);
    let fixture = fixture.after_crash().await;
    assert_eq!(fixture.stored_client(&till.id).await.name, "Box");
    let back = fixture.store.create_document(kept("two")).await.expect("it comes back");
    assert!(back.version > Version::FIRST, "above what was removed");
}

/// Goal: endings, re-made hashes and sign-ons write beside changes, and nothing of either is lost.
pub async fn what_is_written_beside_a_change_is_not_lost<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let held = fixture.sign_on(&ada, at(0)).await;
    let order = fixture.edit_order(ada.id, renamed("countess")).await;
    fixture.end(EndTarget::User(ada.id), at(1)).await.expect("an ending");
    let edited =
        fixture.store.edit_user(order, at(2)).await.expect("an ending is no change of the record").user;
    assert_eq!((edited.generation, edited.username.as_str()), (ada.generation + 1, "countess"));
    fixture.expect_dead(&held, at(3)).await;

    let password = UserEdit { password: Some(Some("$old".into())), ..UserEdit::default() };
    fixture.edit(ada.id, password, at(3)).await.expect("a change");
    let order = fixture.edit_order(ada.id, renamed("ada")).await;
    let renewal = PasswordRenewal { verified: "$old".into(), renewed: "$new".into() };
    assert!(fixture.store.renew_password(ada.id, renewal, at(4)).await.expect("an answer"));
    stale(fixture.store.edit_user(order.clone(), at(5)).await);
    let order = EditUserOrder { from: order.from.next(), ..order };
    let edited = fixture.store.edit_user(order, at(5)).await.expect("from what is there").user;
    assert_eq!((edited.password.as_deref(), edited.username.as_str()), (Some("$new"), "ada"));
}

/// Goal: of many changes from one version one is made, and the others are told.
pub async fn of_many_changes_from_one_version_one_is_made<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let mut orders = Vec::new();
    for n in 0..20 {
        orders.push(fixture.edit_order(ada.id, renamed(&format!("ada{n}"))).await);
    }
    let changes: Vec<_> = orders.into_iter().map(|order| fixture.store.edit_user(order, at(1))).collect();
    let mut made = Vec::new();
    for change in changes {
        match change.await {
            Ok(edited) => made.push(edited.user),
            refused => stale(refused),
        }
    }
    let [only] = &made[..] else { panic!("{} were made", made.len()) };
    let fixture = fixture.after_crash().await;
    let now = fixture.read(&ada).await;
    assert_eq!((&now.username, now.version), (&only.username, ada.version.next()));
}
