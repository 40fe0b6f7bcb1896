//! Promises about realms, populations, clients and signing keys.
//!
//! What a dialect makes of them is its own affair; here is only what was written and what is read.

use adieu_core::{
    ApplicationTrait, Client, ClientAuth, ClientJwks, ClientSigning, DirectoryError, DocumentChange,
    EndTarget, JoseAlgorithm, Population, PopulationId, PreviousSecret, Realm, RealmDraft, RealmId,
    RemoveClientOrder, Role, RoleAssignment, RoleScope, SecondFactorRule, TokenHash, Version,
};

use crate::suite::fixture::at;
use crate::suite::{Engine, Fixture};
use crate::{Document, StoredKey};

/// Goal: a path and an id each mean one realm.
pub async fn realms_and_populations_have_one_name_each<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let id = RealmId::from_uuid(fixture.chance.uuid());
    let realm = |id, path: &str| Realm {
        id,
        path: path.into(),
        generation: 0,
        second_factor: SecondFactorRule::default(),
        subscribers: 0,
        created_at: at(1),
    };
    let first =
        |id| Fixture::<E>::population(PopulationId::from_uuid(fixture.chance.uuid()), id, "Everybody");
    let note = |realm| {
        let (kind, id, body) = ("realm".to_owned(), "self".to_owned(), "a note".to_owned());
        DocumentChange::Put(Document { realm, kind, id, body, version: Version::FIRST })
    };
    let theirs = Population { id: fixture.population, ..first(id) };
    for (twin, first) in [
        (realm(fixture.realm, "/elsewhere"), first(id)),
        (realm(id, "/town"), first(id)),
        (realm(id, "/a"), theirs),
    ] {
        let draft = RealmDraft { realm: twin, first, documents: vec![note(id)] };
        let taken = fixture.store.create_realm(draft).await;
        assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
        assert!(fixture.store.realm(id).get().await.expect("an answer").is_none(), "nothing is left of it");
        assert_eq!(fixture.store.document(id, "realm", "self").await.expect("an answer"), None);
    }
    let everybody = first(id);
    let draft = RealmDraft { realm: realm(id, "/a"), first: everybody.clone(), documents: vec![note(id)] };
    fixture.store.create_realm(draft).await.expect("a free path");
    let kept = fixture.store.document(id, "realm", "self").await.expect("an answer");
    assert_eq!(kept.map(|kept| kept.body).as_deref(), Some("a note"), "it is kept with its realm");
    assert_eq!(fixture.store.populations(id).await.expect("a list"), [everybody]);
    let paths: Vec<_> = fixture.store.realms().await.expect("a list").into_iter().map(|r| r.path).collect();
    assert_eq!(paths, ["/a", "/town"]);
    let read = fixture.store.realm(id).get().await.expect("an answer").expect("there");
    assert_eq!(*read, realm(id, "/a"));
    let nowhere = RealmId::from_uuid(fixture.chance.uuid());
    assert!(fixture.store.realm(nowhere).get().await.expect("an answer").is_none());

    let mut made = Vec::new();
    for name in ["zebras", "apes"] {
        let id = PopulationId::from_uuid(fixture.chance.uuid());
        let population = Fixture::<E>::population(id, fixture.realm, name);
        fixture.store.create_population(population.clone()).await.expect("a realm");
        made.push(population);
    }
    let listed = fixture.store.populations(fixture.realm).await.expect("a list");
    assert_eq!(listed[1..], made, "oldest first, behind the fixture's own");
    assert_eq!(fixture.store.population(made[0].id).await.expect("an answer").as_ref(), Some(&made[0]));
    let again = fixture.store.create_population(made[0].clone()).await;
    assert!(matches!(again, Err(DirectoryError::Taken(_))), "{again:?}");
    let id = PopulationId::from_uuid(fixture.chance.uuid());
    let homeless = Fixture::<E>::population(id, nowhere, "x");
    let unknown = fixture.store.create_population(homeless).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
    assert!(fixture.store.population(id).await.expect("an answer").is_none());
}

/// Goal: a population changes its name and goes when it is empty, never with somebody in it.
pub async fn a_population_goes_only_when_it_is_empty<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let ada = fixture.user("ada").await;
    let read = async || fixture.store.population(fixture.population).await.expect("an answer");
    let before = read().await.expect("there");
    let from = before.version;
    let next = Population { name: "All".into(), description: Some("us".into()), updated_at: at(3), ..before };
    let changed = fixture.store.edit_population(from, next.clone()).await.expect("a change");
    assert_eq!(changed, Population { version: from.next(), ..next.clone() });
    assert_eq!(read().await.as_ref(), Some(&changed));
    let refused = fixture.store.remove_population(fixture.population, None).await;
    assert!(matches!(refused, Err(DirectoryError::NotEmpty)), "{refused:?}");
    fixture.remove(ada.id, at(4)).await.expect("removed");
    fixture.store.remove_population(fixture.population, None).await.expect("nobody is left");
    assert_eq!(read().await, None);
    let unknown = fixture.store.edit_population(from, next).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
    let unknown = fixture.store.remove_population(fixture.population, None).await;
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
}

/// Goal: a dialect finds its documents again, its own only, and after a crash.
pub async fn documents_are_kept_by_realm_and_kind<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let realm = fixture.realm;
    let document = |kind: &str, id: &str, body: &str| Document {
        realm,
        kind: kind.into(),
        id: id.into(),
        body: body.into(),
        version: Version::FIRST,
    };
    for (kind, id, body) in [("policy", "b", "2"), ("policy", "a", "1"), ("other", "a", "3")] {
        fixture.store.create_document(document(kind, id, body)).await.expect("written");
    }
    let changed = fixture.store.edit_document(Version::FIRST, document("policy", "b", "4")).await;
    assert_eq!(changed.expect("written").version, Version::FIRST.next());
    let fixture = fixture.after_crash().await;
    let listed = fixture.store.documents(fixture.realm, "policy", 10).await.expect("a list");
    assert_eq!(
        listed.iter().map(|d| (d.id.as_str(), d.body.as_str())).collect::<Vec<_>>(),
        [("a", "1"), ("b", "4")]
    );
    assert_eq!(fixture.store.documents(fixture.realm, "policy", 1).await.expect("a list").len(), 1);
    let nowhere = RealmId::from_uuid(fixture.chance.uuid());
    assert!(fixture.store.document(nowhere, "policy", "a").await.expect("an answer").is_none());
    assert!(fixture.store.remove_document(fixture.realm, "policy", "a", None).await.expect("an answer"));
    assert!(!fixture.store.remove_document(fixture.realm, "policy", "a", None).await.expect("an answer"));
    assert!(fixture.store.document(fixture.realm, "policy", "a").await.expect("an answer").is_none());
    assert_eq!(
        fixture.store.document(fixture.realm, "other", "a").await.expect("an answer").expect("there").body,
        "3"
    );
    let shop = fixture.client("shop").await;
    let own = format!("shop.{}", fixture.chance.uuid());
    for (kind, id) in [("policy", "shop"), ("policy", &own), ("policy", "shop2"), ("other", "shop")] {
        fixture.store.create_document(document(kind, id, "5")).await.expect("written");
    }
    let (client, origin) = (shop.id, fixture.origin());
    let order = RemoveClientOrder { client, from: None, document_kinds: &["policy", "none"], origin };
    fixture.store.remove_client(order, at(0)).await.expect("they go with their client");
    let fixture = fixture.after_crash().await;
    let listed = fixture.store.documents(fixture.realm, "policy", 10).await.expect("a list");
    assert_eq!(listed.iter().map(|d| d.id.as_str()).collect::<Vec<_>>(), ["b", "shop2"]);
    let others = fixture.store.documents(fixture.realm, "other", 10).await.expect("a list");
    assert_eq!(others.len(), 2, "of another kind");
    let again = fixture.store.create_document(document("policy", "shop", "6")).await.expect("written");
    assert!(again.version > Version::FIRST, "{:?}", again.version);
}

/// Goal: ENDED-STAYS-ENDED for clients: whatever is written, a generation never falls.
pub async fn clients_come_and_go_and_come_back_above_their_old_grants<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let admin = RoleAssignment { role: Role::IdentityDataAdmin, scope: RoleScope::Realm(fixture.realm) };
    let shop = Client {
        auth: ClientAuth::Post,
        secret: Some(TokenHash::of(b"secret")),
        previous_secret: Some(PreviousSecret { secret: TokenHash::of(b"before"), until: at(9) }),
        post_logout_redirect_uris: vec!["https://shop.test/bye".into()],
        roles: vec![admin],
        signing: ClientSigning {
            jwks: Some(ClientJwks::from_checked(r#"{"keys":[{"alg":"RS256"},{"alg":"EdDSA"}]}"#.into())),
            jwks_uri: None,
            id_token: JoseAlgorithm::EdDsa,
            userinfo: Some(JoseAlgorithm::Es256),
            request_object: Some(JoseAlgorithm::EdDsa),
            assertion: Some(JoseAlgorithm::Rs256),
        },
        user_scopes: Some(vec!["openid".into(), "email".into()]),
        identity_generation: 3,
        ..fixture.no_client_yet("shop")
    };
    let read = async |id| fixture.store.client(id).get().await.expect("an answer");
    assert!(read(&shop.id).await.is_none());
    fixture.store.create_client(shop.clone().into()).await.expect("a client");
    let kept = read(&shop.id).await.expect("there");
    assert!(
        kept.has_secret(&TokenHash::of(b"secret"), at(9))
            && !kept.has_secret(&TokenHash::of(b"other"), at(8))
    );
    assert!(
        kept.has_secret(&TokenHash::of(b"before"), at(8))
            && !kept.has_secret(&TokenHash::of(b"before"), at(9))
    );
    assert_eq!(format!("{:?}", read(&shop.id).await.expect("there")), format!("{shop:?}"));
    assert_eq!(kept.signing, shop.signing);
    fixture.end(EndTarget::Grants(shop.id.clone()), at(1)).await.expect("an ending");
    assert_eq!(read(&shop.id).await.expect("there").generation, 1);
    let renamed =
        |client: &mut Client| *client = Client { name: "Shop".into(), generation: 0, ..client.clone() };
    let now = fixture.change_client(&shop.id, renamed).await;
    assert_eq!((now.name.as_str(), now.enabled, now.generation), ("Shop", true, 1));
    let now = fixture.change_client(&shop.id, |client| client.enabled = false).await;
    assert_eq!((now.enabled, now.generation), (false, 2), "what it holds ends with it");
    assert_eq!(read(&shop.id).await.expect("there").generation, 2);

    fixture.client("apple").await;
    let listed = fixture.store.clients(fixture.realm).await.expect("a list");
    assert_eq!(listed.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["apple", "shop"]);
    fixture.remove_client(&shop.id, None).await.expect("removed");
    assert!(read(&shop.id).await.is_none());
    assert_eq!(fixture.store.clients(fixture.realm).await.expect("a list").len(), 1);
    let twice = fixture.remove_client(&shop.id, None).await;
    assert!(matches!(twice, Err(DirectoryError::Unknown)), "{twice:?}");
    let same_secret = fixture.store.create_client(shop.clone().into()).await;
    assert!(matches!(same_secret, Err(DirectoryError::Stale)), "{same_secret:?}");
    let removed = async || fixture.store.removed_client(&shop.id).await.expect("an answer");
    assert_eq!(removed().await.map(|client| client.secret_version), Some(shop.secret_version));
    let shop = &Client { secret_version: shop.secret_version + 1, ..shop.clone() };
    fixture.store.create_client(shop.clone().into()).await.expect("a client");
    assert!(read(&shop.id).await.expect("back").generation > 2, "above every grant of its first life");
    assert!(removed().await.is_none(), "it is back");
    let elsewhere = Client { realm: RealmId::from_uuid(fixture.chance.uuid()), ..shop.clone() };
    let taken = fixture.store.create_client(elsewhere.into()).await;
    assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
    assert_eq!(read(&shop.id).await.expect("there").realm, fixture.realm);
}

/// Goal: the newest key is the last one, whatever the order of writing.
pub async fn signing_keys_come_oldest_first<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let key = |kid: &str, s: i64| StoredKey {
        realm: fixture.realm,
        kid: kid.into(),
        algorithm: "RS256".into(),
        sealed: vec![s as u8; 5],
        created_at: at(s),
        signs_from: at(s + 100),
    };
    for (kid, s) in [("b", 2), ("c", 3), ("a", 1)] {
        fixture.store.add_key(key(kid, s)).await.expect("written");
    }
    let again = fixture.store.add_key(key("a", 4)).await;
    assert!(
        matches!(again, Err(DirectoryError::Taken(_))),
        "what it has signed needs the old one: {again:?}"
    );
    let fixture = fixture.after_crash().await;
    let keys = fixture.store.keys(fixture.realm).await.expect("a list");
    let shown: Vec<_> =
        keys.iter().map(|k| (k.kid.as_str(), k.sealed[0], k.created_at, k.signs_from)).collect();
    assert_eq!(shown, [("a", 1, at(1), at(101)), ("b", 2, at(2), at(102)), ("c", 3, at(3), at(103))]);
    let nowhere = RealmId::from_uuid(fixture.chance.uuid());
    assert_eq!(fixture.store.keys(nowhere).await.expect("a list").len(), 0);
}

/// Goal: whoever asks for an address after a sign-off finds the clients that name it, and only those, in one realm.
pub async fn clients_are_found_by_their_addresses_after_a_sign_off<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let uris = |uris: &[&str]| uris.iter().map(|uri| (*uri).to_owned()).collect::<Vec<_>>();
    let make = async |id: &str, addresses: &[&str]| {
        let client = Client { post_logout_redirect_uris: uris(addresses), ..fixture.no_client_yet(id) };
        fixture.store.create_client(client.into()).await.expect("a client").id
    };
    let found = async |fixture: &Fixture<E>, realm, uri: &str| {
        let clients = fixture.store.clients_with_post_logout_uri(realm, uri).await.expect("an answer");
        clients.iter().map(|client| client.id.to_string()).collect::<Vec<_>>()
    };
    let shop = make("shop", &["https://shop.test/bye", "https://both.test/bye"]).await;
    let mail = make("mail", &["https://both.test/bye"]).await;
    assert_eq!(found(&fixture, fixture.realm, "https://both.test/bye").await, ["mail", "shop"]);
    assert_eq!(found(&fixture, fixture.realm, "https://shop.test/bye/").await, [""; 0], "exact text");
    let elsewhere = adieu_core::RealmId::from_uuid(fixture.chance.uuid());
    assert_eq!(found(&fixture, elsewhere, "https://both.test/bye").await, [""; 0]);
    let fewer = |client: &mut Client| client.post_logout_redirect_uris = uris(&["https://both.test/bye"]);
    fixture.change_client(&shop, fewer).await;
    assert_eq!(found(&fixture, fixture.realm, "https://shop.test/bye").await, [""; 0], "it was changed");
    fixture.remove_client(&mail, None).await.expect("removed");
    let fixture = fixture.after_crash().await;
    assert_eq!(found(&fixture, fixture.realm, "https://both.test/bye").await, ["shop"]);
}

/// Goal: what is asked of all applications of a realm is answered by those that are there and switched on, as they are now.
pub async fn applications_are_asked_for_by_what_holds_for_them<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let of = |origin: &str| ApplicationTrait::OfOrigin(origin.into());
    let has = async |fixture: &Fixture<E>| {
        let mut held = Vec::new();
        for asked in [
            of("https://a.test"),
            of("https://b.test"),
            ApplicationTrait::OfAnyOrigin,
            ApplicationTrait::EndsByIdToken,
            ApplicationTrait::KeepsByIdToken,
        ] {
            let found = fixture.store.has_application(fixture.realm, asked.clone()).await.expect("an answer");
            held.extend(found.then_some(asked));
        }
        held
    };
    assert_eq!(has(&fixture).await, []);
    let shop = fixture.client("shop").await;
    let any = [ApplicationTrait::OfAnyOrigin, ApplicationTrait::KeepsByIdToken];
    assert_eq!(has(&fixture).await, any);
    let elsewhere = RealmId::from_uuid(fixture.chance.uuid());
    let found = fixture.store.has_application(elsewhere, ApplicationTrait::OfAnyOrigin).await;
    assert!(!found.expect("an answer"), "another realm's");

    let change = async |change: fn(&mut Client)| {
        fixture.change_client(&shop.id, change).await;
        has(&fixture).await
    };
    let origins = change(|shop| {
        shop.origins = Some(vec!["https://a.test".into(), "https://b.test".into()]);
        shop.ends_by_id_token = true;
    });
    assert_eq!(origins.await, [of("https://a.test"), of("https://b.test"), ApplicationTrait::EndsByIdToken]);
    let fewer = change(|shop| shop.origins = Some(vec!["https://b.test".into()]));
    assert_eq!(fewer.await, [of("https://b.test"), ApplicationTrait::EndsByIdToken]);
    assert_eq!(change(|shop| shop.enabled = false).await, [], "one that is switched off");
    assert_eq!(change(|shop| shop.enabled = true).await.len(), 2);
    assert_eq!(change(|shop| shop.code = false).await, [], "one that redeems no codes");
    assert_eq!(change(|shop| shop.code = true).await.len(), 2);
    fixture.remove_client(&shop.id, None).await.expect("removed");
    let fixture = fixture.after_crash().await;
    assert_eq!(has(&fixture).await, [], "one that was removed");
}
