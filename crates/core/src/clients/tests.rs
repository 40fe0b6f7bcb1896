//! How clients are made, changed and removed, told case by case.
//!
//! `shop` is a client that other tests of this crate stand on.

use uuid::Uuid;

use super::*;
use crate::client_signing::{ClientJwks, ClientSigning, JoseAlgorithm};
use crate::directory::ClientAuth;
use crate::document::Document;
use crate::origin::Channel;
use crate::record_fault::RecordFault;
use crate::revoked_token::RevokedToken;
use crate::time::{Span, Timestamp};
use crate::token::TokenHash;

pub(crate) fn shop() -> Client {
    Client {
        id: "shop".parse().expect("an id"),
        realm: RealmId::from_uuid(Uuid::from_u128(1)),
        name: "Shop".into(),
        enabled: true,
        auth: ClientAuth::None,
        secret: None,
        code: true,
        refresh: true,
        client_credentials: false,
        pkce_required: false,
        api_scopes: vec![],
        redirect_uris: vec![],
        post_logout_redirect_uris: vec![],
        origins: None,
        outlives_session: false,
        require_consent: false,
        ends_by_id_token: false,
        backchannel_logout_uri: None,
        backchannel_logout_session_required: false,
        frontchannel_logout_uri: None,
        frontchannel_logout_session_required: false,
        access_life: Span::from_s(300),
        refresh_life: Span::from_s(300),
        roles: vec![],
        signing: ClientSigning::default(),
        acr: None,
        secret_version: 0,
        previous_secret: None,
        generation: 7,
        user_scopes: None,
        identity_generation: 0,
        offline_generation: 0,
        revoked_tokens: vec![RevokedToken { token: Uuid::from_u128(3), until: Timestamp::from_ms(9) }],
        version: Version::from_stored(4),
        created_at: Timestamp::from_ms(1),
        updated_at: Timestamp::from_ms(2),
    }
}

fn stored(removed: bool) -> StoredClient {
    StoredClient { client: shop(), removed }
}

fn change(from: u64, next: Client) -> EditClientOrder {
    let origin = Origin::of_holder(Channel::named("test"), None);
    EditClientOrder { from: Version::from_stored(from), next: next.into(), ends_grants: false, origin }
}

fn edit(before: StoredClient, order: EditClientOrder) -> Result<ClientChanges, DirectoryError> {
    decide_edit_client(Some(&before), &order, &[])
}

#[test]
fn what_a_dialect_keeps_beside_a_client_is_written_with_it_or_not_at_all() {
    let body = |text: &str, realm| Document {
        realm,
        kind: "application".into(),
        id: "shop".into(),
        body: text.into(),
        version: Version::FIRST,
    };
    let stored_document = Document { version: Version::from_stored(3), ..body("old", shop().realm) };
    let beside = [DocumentFacts { stored: Some(stored_document), ..DocumentFacts::default() }];
    let order = |from, document| EditClientOrder {
        next: ClientDraft { client: shop(), documents: vec![DocumentChange::Put(document)] },
        ..change(from, shop())
    };
    let before = stored(false);
    let fits = order(4, body("new", shop().realm));
    let changed = decide_edit_client(Some(&before), &fits, &beside).expect("a change");
    let [document] = &changed.documents.written[..] else { panic!("it is written") };
    assert_eq!((document.body.as_str(), document.version.number()), ("new", 4));
    let stale = decide_edit_client(Some(&before), &order(3, body("new", shop().realm)), &beside);
    assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
    let elsewhere = order(4, body("new", RealmId::from_uuid(Uuid::from_u128(2))));
    let unknown = decide_edit_client(Some(&before), &elsewhere, &beside);
    assert!(matches!(unknown, Err(DirectoryError::Unknown)), "{unknown:?}");
}

#[test]
fn a_client_that_comes_back_starts_above_its_old_grants_and_versions() {
    let same = Client { generation: 0, revoked_tokens: vec![], version: Version::FIRST, ..shop() };
    let new = Client { secret_version: 1, ..same.clone() };
    let make =
        |before: Option<StoredClient>, new: Client| decide_create_client(before.as_ref(), &new.into(), &[]);
    let back = make(Some(stored(true)), new.clone()).expect("it was removed").stored.client;
    assert_eq!((back.generation, back.revoked_tokens.len(), back.version.number()), (8, 1, 5));
    let with_its_old_secret = make(Some(stored(true)), same);
    assert!(matches!(with_its_old_secret, Err(DirectoryError::Stale)), "{with_its_old_secret:?}");
    let made = make(None, new.clone()).expect("nobody has the id").stored.client;
    assert_eq!((made.generation, made.version), (0, Version::FIRST));
    let taken = make(Some(stored(false)), new.clone());
    assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
    let elsewhere = Client { realm: RealmId::from_uuid(Uuid::from_u128(2)), ..new };
    let taken = make(Some(stored(true)), elsewhere);
    assert!(matches!(taken, Err(DirectoryError::Taken(_))), "{taken:?}");
}

#[test]
fn a_change_keeps_what_is_not_its_to_say_and_is_refused_when_it_is_stale() {
    let next = Client { name: "Store".into(), generation: 0, revoked_tokens: vec![], ..shop() };
    let changed = edit(stored(false), change(4, next.clone())).expect("a change");
    assert!(changed.end.is_none());
    let client = changed.stored.client;
    assert_eq!((client.name.as_str(), client.generation, client.revoked_tokens.len()), ("Store", 7, 1));
    assert_eq!(client.version.number(), 5);
    let stale = edit(stored(false), change(3, next.clone()));
    assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
    let gone = edit(stored(true), change(4, next));
    assert!(matches!(gone, Err(DirectoryError::Unknown)), "{gone:?}");
}

#[test]
fn what_a_client_holds_ends_when_it_loses_something_or_where_that_is_asked_for() {
    let off = Client { enabled: false, ..shop() };
    for less in [
        off.clone(),
        Client { code: false, ..shop() },
        Client { refresh: false, ..shop() },
        Client { require_consent: true, ..shop() },
    ] {
        let changed = edit(stored(false), change(4, less.clone())).expect("a change");
        let end = changed.end.expect("its grants end");
        assert_eq!(end.target, EndTarget::Grants(less.id.clone()));
        let again = StoredClient { client: less, removed: false };
        let changed = edit(again, change(4, shop())).expect("a change");
        assert!(changed.end.is_none(), "what it gets back, it begins anew with");
    }
    let rotated = Client { secret_version: 1, ..shop() };
    let kept = edit(stored(false), change(4, rotated.clone())).expect("a change");
    assert!(kept.end.is_none());
    let asked = EditClientOrder { ends_grants: true, ..change(4, rotated) };
    assert!(edit(stored(false), asked).expect("a change").end.is_some());
}

/// S-7, S-20: the rule is asked when a client is made and when it changes, and of what is new.
#[test]
fn what_no_client_may_be_is_refused_whoever_asks() {
    let uris = |uri: &str| vec![uri.to_owned()];
    let cases = [
        (Client { client_credentials: true, ..shop() }, RecordFault::PublicInOwnName),
        (Client { redirect_uris: uris("nonsense"), ..shop() }, RecordFault::RedirectUri),
        (
            Client { post_logout_redirect_uris: uris("javascript:alert(1)"), ..shop() },
            RecordFault::PostLogoutRedirectUri,
        ),
        (
            Client {
                redirect_uris: uris("https://shop.example.test/cb"),
                frontchannel_logout_uri: Some("https://evil.example.test/out".into()),
                ..shop()
            },
            RecordFault::FrontchannelLogoutUri,
        ),
        (
            // The policy of a page names no IPv6 address.
            Client {
                redirect_uris: uris("http://[::1]/cb"),
                frontchannel_logout_uri: Some("http://[::1]/out".into()),
                ..shop()
            },
            RecordFault::FrontchannelLogoutUri,
        ),
    ];
    for (wrong, fault) in cases {
        let refused = |answer: Result<ClientChanges, DirectoryError>| matches!(answer, Err(DirectoryError::Fault(found)) if found == fault);
        let made = decide_create_client(None, &wrong.clone().into(), &[]);
        assert!(refused(made), "{fault:?}");
        assert!(refused(edit(stored(false), change(4, wrong))), "{fault:?}");
    }
    let old = Client { redirect_uris: uris("nonsense"), ..shop() };
    let stored = StoredClient { client: old.clone(), removed: false };
    let renamed = edit(stored, change(4, Client { name: "Store".into(), ..old }));
    assert!(renamed.is_ok(), "what was taken once hinders no other change: {renamed:?}");
    let old = Client { client_credentials: true, ..shop() };
    let stored = StoredClient { client: old.clone(), removed: false };
    let off = edit(stored, change(4, Client { enabled: false, ..old })).expect("it can be switched off");
    assert!(off.end.is_some(), "what it holds ends");
}

/// Goal: no change is lost: two changes of one client or one document from the same version are not taken together.
#[test]
fn changes_that_are_made_together_are_each_of_another_one() {
    let realm = shop().realm;
    let document = |id: &str| {
        let (kind, id, body, version) = ("policy".into(), id.into(), "{}".into(), Version::FIRST);
        DocumentChange::Edit(Document { realm, kind, id, body, version })
    };
    let there = |change: &DocumentChange| DocumentFacts {
        stored: Some(change.document().clone()),
        ..DocumentFacts::default()
    };
    let of = |id: &str, beside: Vec<DocumentChange>| {
        let next = Client { id: id.parse().expect("an id"), ..shop() };
        EditClientOrder { next: ClientDraft { client: next.clone(), documents: beside }, ..change(4, next) }
    };
    let decide = |clients: Vec<EditClientOrder>, documents: Vec<DocumentChange>| {
        let facts = ClientsFacts {
            clients: clients
                .iter()
                .map(|one| (Some(stored(false)), one.next.documents.iter().map(there).collect()))
                .collect(),
            documents: documents.iter().map(there).collect(),
        };
        decide_edit_clients(&facts, &EditClientsOrder { realm, clients, documents })
    };
    let (done, documents) =
        decide(vec![of("a", vec![document("x")]), of("b", vec![])], vec![document("y")]).expect("changes");
    assert_eq!((done.len(), documents.written.len()), (2, 1));
    for (clients, documents) in [
        (vec![of("a", vec![]), of("a", vec![])], vec![]),
        (vec![of("a", vec![])], vec![document("y"), document("y")]),
        (vec![of("a", vec![document("y")])], vec![document("y")]),
        (vec![of("a", vec![document("x")]), of("b", vec![document("x")])], vec![]),
        (vec![of("a", vec![document("x"), document("x")])], vec![]),
    ] {
        let refused = decide(clients, documents);
        assert!(matches!(refused, Err(DirectoryError::Stale)), "{refused:?}");
    }
}

/// Goal: no secret comes back that was taken away, and none is lost that was promised.
#[test]
fn a_secret_goes_with_the_way_a_client_proves_itself() {
    let public = shop();
    let previous = || {
        Some(crate::directory::PreviousSecret { secret: TokenHash::of(b"old"), until: Timestamp::from_ms(9) })
    };
    let basic = Client {
        auth: ClientAuth::Basic,
        secret: Some(TokenHash::of(b"new")),
        secret_version: 4,
        previous_secret: previous(),
        ..shop()
    };
    let over = |next: Client, before: &Client| {
        let (next, anew) = next.with_secret_over(before, |last| last + 10);
        (next.secret_version, next.previous_secret.is_some(), anew)
    };
    let renamed = Client { name: "Store".into(), ..basic.clone() };
    assert_eq!(over(renamed, &basic), (4, true, false), "nothing is made anew");
    let moved = Client { auth: ClientAuth::Post, ..basic.clone() };
    assert_eq!(over(moved, &basic), (4, true, true), "the same one, shown in another place");
    let rotated = Client { secret_version: 5, ..basic.clone() };
    assert_eq!(over(rotated, &basic), (5, true, true));
    let given_up = Client { auth: ClientAuth::None, ..basic.clone() };
    assert_eq!(over(given_up.clone(), &basic), (4, false, true));
    let without = Client { secret: None, ..given_up };
    let back = Client { auth: ClientAuth::Basic, ..without.clone() };
    assert_eq!(over(back, &without), (14, true, true), "another one");
    assert_eq!(over(public.clone(), &public), (0, false, false));
}

#[test]
fn a_client_is_removed_once_and_in_the_version_that_was_read() {
    let order = |from| RemoveClientOrder {
        document_kinds: &[],
        client: stored(false).client.id,
        from,
        origin: Origin::of_holder(Channel::named("test"), None),
    };
    let removed = decide_remove_client(Some(&stored(false)), &order(None)).expect("removed");
    assert_eq!((removed.stored.client.version.number(), removed.stored.removed), (5, true));
    let end = removed.end.expect("what it holds ends");
    assert!(matches!(end.target, EndTarget::Grants(id) if id == removed.stored.client.id));
    let twice = decide_remove_client(Some(&stored(true)), &order(None));
    assert!(matches!(twice, Err(DirectoryError::Unknown)), "{twice:?}");
    let stale = decide_remove_client(Some(&stored(false)), &order(Some(Version::FIRST)));
    assert!(matches!(stale, Err(DirectoryError::Stale)), "{stale:?}");
}

/// Goal: S-CA-2: an algorithm that a client is to sign by is one that it has a key for, as far as its keys are known, whoever says so; what
/// stands there already is nobody's fault who changes something else.
#[test]
fn a_client_signs_by_what_it_has_a_key_for() {
    let keys = |algs: &[&str]| {
        let keys: Vec<_> = algs.iter().map(|alg| format!(r#"{{"alg":"{alg}"}}"#)).collect();
        Some(ClientJwks::from_checked(format!(r#"{{"keys":[{}]}}"#, keys.join(","))))
    };
    let with = |signing: ClientSigning| Client { signing, ..shop() };
    let none = ClientSigning::default();
    let at = ClientSigning { jwks_uri: Some("https://shop.test/keys".into()), ..none.clone() };
    let both = ClientSigning { jwks: keys(&["ES256", "EdDSA"]), ..none.clone() };
    for (signing, sound) in [(&none, false), (&at, true), (&both, true)] {
        for alg in [JoseAlgorithm::Es256, JoseAlgorithm::EdDsa] {
            let request = with(ClientSigning { request_object: Some(alg), ..signing.clone() });
            let assertion = with(ClientSigning { assertion: Some(alg), ..signing.clone() });
            for (next, fault) in
                [(request, RecordFault::RequestObjectAlgorithm), (assertion, RecordFault::AssertionAlgorithm)]
            {
                let judged = client_is_sound(None, (&next).into());
                assert_eq!(judged, if sound { Ok(()) } else { Err(fault) }, "{signing:?} {alg:?}");
            }
        }
    }
    let rs256 = with(ClientSigning { assertion: Some(JoseAlgorithm::Rs256), ..both.clone() });
    assert_eq!(client_is_sound(None, (&rs256).into()), Err(RecordFault::AssertionAlgorithm));
    let renamed = Client { name: "Store".into(), ..rs256.clone() };
    assert_eq!(client_is_sound(Some(&rs256), (&renamed).into()), Ok(()));
    let worse = ClientSigning { assertion: Some(JoseAlgorithm::Rs256), ..none };
    assert_eq!(client_is_sound(Some(&shop()), (&with(worse)).into()), Err(RecordFault::AssertionAlgorithm));
    let before = with(ClientSigning { assertion: Some(JoseAlgorithm::Es256), ..both.clone() });
    let other = with(ClientSigning { jwks: keys(&["EdDSA"]), ..before.signing.clone() });
    let lost = client_is_sound(Some(&before), (&other).into());
    assert_eq!(lost, Err(RecordFault::AssertionAlgorithm), "its key goes, the word stays");
}
