//! Plans over small realms: what is shown, and what is refused.
//!
//! Nothing is carried out here: [`so`] says what the facts would be afterwards.

use adieu_authority::{Client, ClientAuth, ClientSigning, Population, Realm, Span, Timestamp, User};
use adieu_core::UserKey;

use super::*;
use crate::export::export;
use crate::facts::Removed;

mod histories;
mod subscribers;

/// Kinds of documents that some dialect keeps.
const KINDS: [&str; 3] = ["pingone.application", "pingone.environment", "pingone.sign-on-policy"];
const NOW: Timestamp = Timestamp::from_ms(1_795_166_400_000);

fn numbered(start: u128) -> impl FnMut() -> Uuid {
    let mut next = start;
    move || {
        next += 1;
        Uuid::from_u128(next)
    }
}

/// An installation before anything is made in it.
fn nothing() -> Facts {
    Facts {
        kinds: KINDS.to_vec(),
        api_scopes: &["p1:read:sessions", "p1:delete:sessions"],
        realms: vec![],
        elsewhere: BTreeSet::new(),
        removed: Removed::default(),
    }
}

fn planned(facts: &Facts, text: &str, prune: bool) -> Result<Vec<Planned>, DocumentError> {
    plan(facts, &Declaration::parse(text)?, prune, &mut numbered(1000 * (1 + facts.realms.len() as u128)))
}

fn lines(facts: &Facts, text: &str, prune: bool) -> Vec<String> {
    planned(facts, text, prune).expect("a plan").into_iter().map(|planned| planned.line).collect()
}

fn refusal(facts: &Facts, text: &str) -> String {
    planned(facts, text, true).expect_err("refused").to_string()
}

/// The facts after a document was applied to them.
fn after(facts: &Facts, text: &str) -> Facts {
    so(facts.clone(), planned(facts, text, false).expect("a plan"))
}

fn so(mut facts: Facts, planned: Vec<Planned>) -> Facts {
    for Planned { change, .. } in planned {
        make(&mut facts, change);
    }
    facts
}

fn within(facts: &mut Facts, realm: RealmId) -> &mut RealmFacts {
    facts.realms.iter_mut().find(|of| of.realm.id == realm).expect("realms come first")
}

fn make(facts: &mut Facts, change: Change) {
    match change {
        Change::MakeRealm(id, path, _) => {
            let second_factor = Default::default();
            let realm = Realm { id, path, generation: 0, second_factor, subscribers: 0, created_at: NOW };
            facts.realms.push(RealmFacts {
                realm,
                populations: vec![],
                users: vec![],
                clients: vec![],
                subscribers: vec![],
                upstreams: vec![],
                documents: vec![],
            });
            facts.realms.sort_by(|a, b| a.realm.path.cmp(&b.realm.path));
        }
        Change::MakePopulation(new) | Change::MadeWithRealm(new) => {
            let NewPopulation { id, realm, name, description } = new;
            let (version, created_at, updated_at) = (Version::FIRST, NOW, NOW);
            let made = Population { id, realm, name, description, version, created_at, updated_at };
            within(facts, realm).populations.push(made);
        }
        Change::EditPopulation(next) => {
            for known in within(facts, next.realm).populations.iter_mut().filter(|p| p.id == next.id) {
                *known = next.clone();
            }
        }
        Change::MakeUser(new) => {
            let here = |of: &&mut RealmFacts| of.populations.iter().any(|p| p.id == new.population);
            let of = facts.realms.iter_mut().find(here).expect("populations come before users");
            of.users.push(user(of.realm.id, *new));
        }
        Change::EditUser(id, _, edit, password) => {
            for known in facts.realms.iter_mut().flat_map(|of| &mut of.users).filter(|user| user.id == id) {
                *known = edit.applied_to(known, NOW);
                known.password = known.password.take().or_else(|| password.as_ref().map(|_| "hash".into()));
            }
        }
        Change::MakeClient(realm, id, edit) => {
            let mut made = client(realm, id, edit.auth());
            edit.apply_to(&mut made);
            within(facts, realm).clients.push(made);
        }
        Change::EditClient(realm, id, _, edit) => {
            within(facts, realm).clients.iter_mut().filter(|c| c.id == id).for_each(|c| edit.apply_to(c));
        }
        Change::MakeSubscriber(realm, new) => {
            let made = subscribers::subscriber(realm, *new);
            within(facts, realm).subscribers.push(made);
        }
        Change::EditSubscriber(id, _, edit) => {
            let all = facts.realms.iter_mut().flat_map(|of| &mut of.subscribers);
            all.filter(|one| one.id == id).for_each(|one| edit.apply_to(one));
        }
        Change::RemoveSubscriber(id, _) => {
            facts.realms.iter_mut().for_each(|of| of.subscribers.retain(|one| one.id != id));
        }
        Change::MakeUpstream(..) | Change::EditUpstream(..) | Change::RemoveUpstream(..) => {}
        Change::PutDocument(_, document) => {
            let of = within(facts, document.realm);
            of.documents.retain(|known| (&known.kind, &known.id) != (&document.kind, &document.id));
            of.documents.push(document);
            of.documents.sort_by_key(|document| (document.kind.clone(), document.id.clone()));
        }
        Change::RemoveDocument(realm, kind, id, _) => {
            within(facts, realm).documents.retain(|known| (known.kind.as_str(), &known.id) != (kind, &id));
        }
        Change::RemoveUser(id, _) => {
            facts.realms.iter_mut().for_each(|of| of.users.retain(|user| user.id != id));
        }
        Change::RemoveClient(id, _) => {
            facts.realms.iter_mut().for_each(|of| of.clients.retain(|client| client.id != id));
        }
        Change::RemovePopulation(id, _) => {
            let inside = facts.realms.iter().flat_map(|of| &of.users).any(|user| user.population == id);
            assert!(!inside, "a population that holds somebody is removed");
            facts.realms.iter_mut().for_each(|of| of.populations.retain(|p| p.id != id));
        }
    }
}

fn user(realm: RealmId, new: PlannedUser) -> User {
    let PlannedUser { id, population, person, password } = new;
    User {
        key: UserKey::from_random(1),
        id,
        realm,
        population,
        username: person.username,
        email: person.email,
        external_id: person.external_id,
        enabled: !person.disabled,
        enabled_at: NOW,
        lock: None,
        unlocked_at: None,
        generation: 0,
        forgotten: 0,
        grants_from: 0,
        signed_on_since: false,
        removed: false,
        password: password.map(|_| "hash".into()),
        recovery_codes: None,
        traits: person.traits.unwrap_or_else(|| "{}".into()),
        metadata_public: person.metadata_public,
        metadata_admin: person.metadata_admin,
        roles: person.roles,
        version: Version::FIRST,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn client(realm: RealmId, id: ClientId, auth: ClientAuth) -> Client {
    Client {
        name: id.to_string(),
        id,
        realm,
        enabled: true,
        auth,
        secret: None,
        code: true,
        refresh: false,
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
        access_life: Span::from_s(3600),
        refresh_life: Span::from_s(7200),
        roles: vec![],
        signing: ClientSigning::default(),
        acr: None,
        secret_version: 0,
        previous_secret: None,
        revoked_tokens: vec![],
        generation: 0,
        user_scopes: None,
        identity_generation: 0,
        offline_generation: 0,
        version: Version::FIRST,
        created_at: NOW,
        updated_at: NOW,
    }
}

const FIXTURE: &str = r#"
[[realms]]
path = "/town"
[[realms.populations]]
name = "Default"
[[realms.populations]]
name = "Guests"
[[realms.users]]
username = "ada"
email = "ada@example.test"
traits = '{"email":"ada@example.test","age":36}'
[[realms.users]]
username = "bob"
population = "Guests"
[[realms.clients]]
client_id = "shop"
redirect_uris = ["https://shop.test/a"]
"#;

fn fixture() -> Facts {
    after(&nothing(), FIXTURE)
}

/// Goal: what a client says of the scopes it asks for goes with it into another installation, and a document narrows and frees it.
#[test]
fn a_document_says_the_scopes_that_a_client_asks_for() {
    let client =
        |scope: &str| format!("[[realms]]\npath = '/town'\n[[realms.clients]]\nclient_id = 'shop'\n{scope}");
    let named = |facts: &Facts| facts.realms[0].clients[0].user_scopes.clone();
    let mut facts = fixture();
    assert_eq!(named(&facts), None);
    facts = after(&facts, &client("scope = 'openid email  openid'"));
    assert_eq!(named(&facts), Some(vec!["openid".into(), "email".into()]));
    assert_lines(&lines(&facts, &client(""), false), &[]);
    let document = export(&facts, None).text();
    assert!(document.contains("scope = \"openid email\""), "{document}");
    assert_eq!(named(&after(&nothing(), &document)), named(&facts));
    let freed = lines(&facts, &client("scope = ''"), false);
    assert!(
        matches!(&freed[..], [line] if line.starts_with("~ client shop") && line.contains("scope")),
        "{freed:?}"
    );
    for (scope, says) in [("emial", "did you mean `email`"), ("offline_access", "goes beside one")] {
        let refused = refusal(&facts, &client(&format!("scope = '{scope}'")));
        assert!(refused.contains(says), "{refused}");
    }
}

/// Goal: whoever applies knows before the first change whether a secret will be shown.
#[test]
fn a_plan_says_which_changes_come_with_a_secret() {
    let shows = |rest: &str| {
        let text = format!("[[realms]]\npath = '/town'\n{rest}");
        let planned = planned(&fixture(), &text, false).expect("a plan");
        planned.iter().filter(|planned| planned.change.shows_secret()).count()
    };
    let client = |rest: &str| format!("[[realms.clients]]\nclient_id = 'new'\n{rest}");
    assert_eq!(shows(&client("")), 1);
    assert_eq!(shows(&client("token_endpoint_auth_method = 'none'")), 0);
    let keys = "token_endpoint_auth_method = 'private_key_jwt'\njwks_uri = 'https://new.test/jwks'";
    assert_eq!(shows(&client(keys)), 0);
    assert_eq!(shows("[[realms.clients]]\nclient_id = 'shop'\nclient_name = 'Shop'"), 0);
    let hook = "[[realms.subscribers]]\nid = 'audit'\nkind = 'webhook'\naddress = 'https://audit.test/'\n";
    assert_eq!(shows(hook), 1);
    assert_eq!(shows(&format!("{hook}secret_env = 'AUDIT'")), 0);
}

#[test]
fn a_plan_says_what_is_made_changed_and_removed() {
    assert_lines(
        &lines(&nothing(), FIXTURE, false),
        &[
            "+ realm /town",
            "+ population Default in /town",
            "+ population Guests in /town",
            "+ client shop in /town",
            "+ user ada in /town, who has no password yet",
            "+ user bob in /town, who has no password yet",
        ],
    );
    let next = r#"
        [[realms]]
        path = "/town"
        [[realms.populations]]
        name = "Default"
        description = "Everybody"
        [[realms.users]]
        username = "ADA"
        email = ""
        enabled = false
        password_env = "ADA"
        roles = [{ role = "identity-data-admin" }]
        [[realms.clients]]
        client_id = "shop"
        grant_types = ["client_credentials", "authorization_code"]
        token_endpoint_auth_method = "client_secret_post"
        redirect_uris = ["https://shop.test/b"]
        origins = ["https://shop.test"]
        access_life_s = 60
    "#;
    let changes = [
        "~ population Default in /town: description none → \"Everybody\"",
        "~ client shop in /town: token_endpoint_auth_method client_secret_basic → client_secret_post, grant_types \
         [authorization_code] → [authorization_code, client_credentials], redirect_uris [\"https://shop.test/a\"] → [\"https://shop.test/b\"], origins none → \
         [\"https://shop.test\"], access_life_s 3600 → 60",
        "~ user ada in /town: username \"ada\" → \"ADA\", email \"ada@example.test\" → none, enabled true → false, roles, \
         a first password",
    ];
    assert_lines(&lines(&fixture(), next, false), &changes);
    let removed = ["- user bob in /town", "- population Guests in /town"];
    assert_lines(&lines(&fixture(), next, true), &[&changes[..], &removed[..]].concat());
}

fn assert_lines(found: &[String], expect: &[&str]) {
    assert_eq!(found, expect);
}

/// Goal: S-CA-2: a document brings public keys as text, and its plan says what of them is not taken.
#[test]
fn keys_of_clients_are_text_of_a_document() {
    let with = |jwks: &str| {
        format!(
            "[[realms]]\npath = '/town'\n[[realms.clients]]\nclient_id = 'shop'\n\
             token_endpoint_auth_method = 'private_key_jwt'\njwks = '{jwks}'\n"
        )
    };
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let text = with(&format!(r#"{{"keys": [{{"kty": "OKP", "crv": "Ed25519", "x": "{x}"}}]}}"#));
    assert_lines(
        &lines(&fixture(), &text, false),
        &["~ client shop in /town: token_endpoint_auth_method client_secret_basic → private_key_jwt, jwks"],
    );
    let facts = after(&fixture(), &text);
    assert!(lines(&facts, &text, false).is_empty(), "applied again");
    let more = "[[realms]]\npath = '/town'\n[[realms.clients]]\nclient_id = 'shop'\n\
                id_token_signed_response_alg = 'ES256'\nuserinfo_signed_response_alg = 'EdDSA'\n";
    let changes = "id_token_signed_response_alg RS256 → ES256, userinfo_signed_response_alg none → EdDSA";
    assert_lines(&lines(&facts, more, false), &[&format!("~ client shop in /town: {changes}")]);
    assert!(refusal(&facts, &more.replace("ES256", "HS256")).contains("is RS256, ES256 or EdDSA"));
    let own = "[[realms]]\npath = '/town'\n[[realms.clients]]\nclient_id = 'shop'\n\
               request_object_signing_alg = 'EdDSA'\ntoken_endpoint_auth_signing_alg = 'EdDSA'\n";
    let changes = "request_object_signing_alg none → EdDSA, token_endpoint_auth_signing_alg none → EdDSA";
    assert_lines(&lines(&facts, own, false), &[&format!("~ client shop in /town: {changes}")]);
    assert!(lines(&after(&facts, own), own, false).is_empty(), "applied again");
    assert!(refusal(&facts, &own.replace("EdDSA", "none")).contains("is RS256, ES256 or EdDSA"));
    for (name, says) in [
        ("request_object_signing_alg", "the algorithm of request objects takes a key"),
        ("token_endpoint_auth_signing_alg", "the algorithm of a client's assertions takes a key"),
    ] {
        let other =
            format!("[[realms]]\npath = '/town'\n[[realms.clients]]\nclient_id = 'shop'\n{name} = 'RS256'\n");
        assert!(refusal(&facts, &other).contains(says), "{}", refusal(&facts, &other));
        assert!(refusal(&fixture(), &other).contains(says), "without a key");
    }
    let gone = "[[realms]]\npath = '/town'\n[[realms.clients]]\nclient_id = 'shop'\njwks = ''\n";
    for (facts, text, says) in [
        (&facts, gone, "registers its public keys"),
        (&fixture(), &with(""), "registers its public keys"),
        (&fixture(), &with("x"), "`jwks` is JSON"),
        (&fixture(), &with(r#"{"keys": [{"kty": "oct", "k": "AQAB"}]}"#), "`jwks`: only public keys"),
        (&fixture(), &with(r#"{"keys": [], "keys": []}"#), "stands there twice"),
        (&fixture(), &text.replace("jwks =", "jwks_urls ="), "did you mean `realms.clients.jwks"),
        (&facts, &format!("{more}jwks_uri = 'https://shop.test/keys'"), "exclude each other"),
        (&fixture(), &format!("{more}jwks_uri = 'http://shop.test/keys'"), "is https, absolute"),
    ] {
        assert!(refusal(facts, text).contains(says), "{text}: {}", refusal(facts, text));
    }
}

/// Goal: a client is granted scopes that a dialect has; a plan says the nearest one, and what is granted already is not judged again.
#[test]
fn an_unknown_scope_of_an_api_is_refused_with_the_nearest_one() {
    let text = |scopes: &str| {
        format!("[[realms]]\npath = '/town'\n[[realms.clients]]\nclient_id = 'shop'\napi_scopes = {scopes}\n")
    };
    let says = refusal(&fixture(), &text("['p1:read:session']"));
    assert!(says.contains("no API has such a scope; did you mean `p1:read:sessions`?"), "{says}");
    let mut facts = fixture();
    for client in facts.realms.iter_mut().flat_map(|realm| &mut realm.clients) {
        client.api_scopes = vec!["of:another:time".into()];
    }
    assert!(lines(&facts, &text("['of:another:time']"), false).is_empty());
    assert_eq!(lines(&facts, &text("['of:another:time', 'p1:read:sessions']"), false).len(), 1);
}

/// Goal: the document that the page shows can be applied.
#[test]
fn the_example_of_the_page_is_sound() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/administration.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let example = page.split("```toml").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    assert_eq!(lines(&nothing(), example, false).len(), 7);
}

/// Goal: nobody loses a list because a document is about another one.
#[test]
fn pruning_touches_only_lists_that_the_document_has() {
    assert!(lines(&fixture(), "[[realms]]\npath = '/town'", true).is_empty());
    assert!(lines(&fixture(), "", true).is_empty());
    let clients = lines(&fixture(), "[[realms]]\npath = '/town'\nclients = []", true);
    assert_eq!(clients, ["- client shop in /town"]);
    assert!(lines(&fixture(), "[[realms]]\npath = '/town'\nclients = []", false).is_empty());
}

/// Goal: F-17: names are given up before they are taken, whoever gives them up: a user who goes, or one who is renamed.
#[test]
fn names_are_given_up_before_they_are_taken() {
    let users = |text: &str| format!("[[realms]]\npath = '/town'\n{text}");
    let user = |name: &str, more: &str| format!("[[realms.users]]\nusername = '{name}'\n{more}\n");
    let renamed = users(&user("augusta", "email = 'ADA@example.test'"));
    let found = lines(&fixture(), &renamed, true);
    assert_eq!(found[..2], ["- user ada in /town", "+ user augusta in /town, who has no password yet"]);

    let ada = fixture().realms[0].users.iter().find(|user| user.username == "ada").expect("ada").id;
    let handed = users(
        &[
            user("bob", "email = 'b@example.test'"),
            user("ada", ""),
            user("lovelace", &format!("id = '{ada}'")),
        ]
        .concat(),
    );
    let found = lines(&fixture(), &handed, false);
    let at = |line: &str| found.iter().position(|found| found.starts_with(line)).expect(line);
    assert!(at("~ user ada in /town: username \"ada\" → \"lovelace\"") < at("+ user ada"), "{found:?}");
}

/// Goal: F-17: what cannot be done is said before anything is: a name that somebody keeps, one for two, and names that go round.
#[test]
fn names_that_cannot_be_taken_are_refused_by_the_plan() {
    let facts = fixture();
    let of = |name: &str| facts.realms[0].users.iter().find(|user| user.username == name).expect("a user").id;
    let users = |text: &[String]| format!("[[realms]]\npath = '/town'\n{}", text.concat());
    let user = |name: &str, more: &str| format!("[[realms.users]]\nusername = '{name}'\n{more}\n");
    let kept = users(&[user("ada", ""), user("bob", ""), user("carol", "email = 'ada@example.test'")]);
    assert!(
        refusal(&facts, &kept).contains("the name ada@example.test is taken by the user ada, who keeps it")
    );
    let two = users(&[user("carol", "email = 'c@example.test'"), user("dan", "email = 'C@example.test'")]);
    assert!(refusal(&facts, &two).contains("is given to another user, too"));
    let (ada, bob) = (of("ada"), of("bob"));
    let round = users(&[user("bob", &format!("id = '{ada}'")), user("ada", &format!("id = '{bob}'"))]);
    assert!(refusal(&facts, &round).contains("take each other's names"), "{}", refusal(&facts, &round));
}

/// Goal: a document that is applied again does not replace a password that its user has chosen since.
#[test]
fn a_first_password_is_for_whoever_has_none() {
    let text = "[[realms]]\npath = '/town'\n[[realms.users]]\nusername = 'ada'\npassword_file = 'ada.txt'";
    let facts = after(&fixture(), text);
    assert!(lines(&facts, text, false).is_empty());
}

/// Goal: EMPTY-HANDS: whoever prints a plan prints no hash, neither of a user that is to be made nor of one that is there.
#[test]
fn a_plan_shows_no_hash() {
    let hash = "$2b$04$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie";
    for (facts, step) in [(nothing(), "MakeUser"), (fixture(), "EditUser")] {
        let text = format!(
            "[[realms]]\npath = '/town'\n[[realms.users]]\nusername = 'ada'\npassword_hash = '{hash}'"
        );
        let document = Declaration::parse(&text).expect("a document");
        assert!(!format!("{document:?}").contains("EGdrhbKU"), "{document:?}");
        let shown = format!("{:?}", planned(&facts, &text, false).expect("a plan"));
        assert!(shown.contains(step) && shown.contains("Hash(***)"), "{shown}");
        assert!(!shown.contains("EGdrhbKU"), "{shown}");
    }
}

/// Goal: what a dialect shows as the address is the address.
#[test]
fn traits_follow_name_and_address_where_nothing_is_said_of_them() {
    let address = "[[realms]]\npath = '/town'\n[[realms.users]]\nusername = 'ada'\nemail = 'ada@new.test'";
    let traits = |text: &str| after(&fixture(), text).realms[0].users[0].traits.clone();
    assert_eq!(traits(address), r#"{"email":"ada@new.test","age":36}"#);
    assert_eq!(traits(&format!("{address}\ntraits = '{{}}'")), "{}");
    assert!(lines(&fixture(), "[[realms]]\npath = '/town'\n[[realms.users]]\nusername = 'ada'\ntraits = '{\"age\": 36, \"email\": \"ada@example.test\"}'", false).is_empty());
}

/// S-7, S-20, F-18. Goal: the dry run says what no record may say, of what is new and of what is there.
#[test]
fn what_no_record_may_say_is_refused_before_anything_is_made() {
    let facts = after(&fixture(), "[[realms]]\npath = '/town'\n[[realms.clients]]\nclient_id = 'wiki'");
    let client = |id: &str, text: &str| {
        refusal(
            &facts,
            &format!("[[realms]]\npath = '/town'\n[[realms.clients]]\nclient_id = '{id}'\n{text}"),
        )
    };
    for id in ["wiki", "new"] {
        for bad in ["nonsense", "javascript:alert(1)", "https://wiki.test/#x"] {
            let says = client(id, &format!("redirect_uris = ['{bad}']"));
            assert!(says.contains("each of redirect_uris is absolute"), "{says}");
            let says = client(id, &format!("post_logout_redirect_uris = ['{bad}']"));
            assert!(says.contains("each of post_logout_redirect_uris is absolute"), "{says}");
        }
        let public = "token_endpoint_auth_method = 'none'\ngrant_types = ['client_credentials']";
        assert!(client(id, public).contains("a public client may not use client_credentials"));
    }
    for name in ["ada", "eve"] {
        let user =
            format!("[[realms]]\npath = '/town'\n[[realms.users]]\nusername = '{name}'\nemail = 'foo'");
        assert!(refusal(&facts, &user).contains("an e-mail address is a name, an @ and a domain"));
    }
}

#[test]
fn what_can_not_be_meant_is_refused_and_says_where() {
    let facts = after(&fixture(), "[[realms]]\npath = '/other'\n[[realms.clients]]\nclient_id = 'wiki'");
    let of_town = |text: &str| refusal(&facts, &format!("[[realms]]\npath = '/town'\n{text}"));
    let user = |text: &str| of_town(&format!("[[realms.users]]\nusername = 'ada'\n{text}"));
    let id = "00000000-0000-4000-8000-000000000001";
    for (says, expect) in [
        (refusal(&facts, "[[realms]]\npath = 'town'"), "realm town: a path is names behind slashes"),
        (of_town("[[realms]]\npath = '/town'"), "realm /town is named twice"),
        (of_town(&format!("id = '{id}'")), "never changes"),
        (of_town("id = 'x'"), "`id` is a UUID"),
        (of_town("id = '00000000-0000-0000-0000-000000000000'"), "not of zeros only"),
        (of_town("[[realms.users]]\nusername = ' '"), "a username has 1 to 255 characters"),
        (user("[[realms.users]]\nusername = 'ADA'"), "user ADA is named twice"),
        (user(&format!("id = '{id}'")), "somebody of this name is there with the id"),
        (user("population = 'Nobody'"), "realm /town: user ada: there is no population Nobody"),
        (user("traits = '[]'"), "`traits` is a JSON object"),
        (user("metadata_admin = '{'"), "`metadata_admin` is JSON"),
        (user("traits = '{\"a\":1,\"a\":1}'"), "user ada: `traits`: the member `a` stands there twice"),
        (
            user("metadata_public = '[{\"x\":{\"a b\":1,\"a b\":2}}]'"),
            "user ada: `metadata_public`: the member `a b` stands there twice",
        ),
        (user("password_hash = 'x'"), "`password_hash` is of no kind"),
        (user("password_env = 'A'\npassword_file = 'a'"), "give one of"),
        (user("traits = '{\"username\":\"eve\"}'"), "the traits name another user"),
        (user("email = 'e@x.test'\ntraits = '{\"email\":\"ada@x.test\"}'"), "the traits have another e-mail"),
        (user("roles = [{ role = 'king' }]"), "there is no role king; there are: identity-data-admin, "),
        (user("roles = [{ role = 'identity-data-admin', realm = '/x' }]"), "there is no realm /x"),
        (of_town("[[realms.clients]]\nclient_id = 'wiki'"), "a client of another realm has the id wiki"),
        (of_town("[[realms.clients]]\nclient_id = 'a b'"), "an id has 1 to 255 visible characters"),
        (of_town("[[realms.documents]]\nkind = 'x'\nid = 'x'\nbody = '{}'"), "there is no such kind"),
        (
            of_town("[[realms.documents]]\nkind = 'pingone.environment'\nid = 'x'\nbody = '{'"),
            "`body` is JSON",
        ),
        (
            of_town(
                "[[realms.documents]]\nkind = 'pingone.environment'\nid = 'x'\nbody = '{\"a\":1,\"a\":2}'",
            ),
            "document pingone.environment x: `body`: the member `a` stands there twice",
        ),
        // Bob stays where he is, and that goes.
        (of_town("[[realms.populations]]\nname = 'Default'"), "user bob: the population is to be removed"),
    ] {
        assert!(says.contains(expect), "{says}");
    }
}

/// Goal: whoever mends a document mends it once: what each thing in it is refused for is told together, with where it stands.
#[test]
fn all_that_is_refused_is_told_at_once() {
    let says = refusal(
        &nothing(),
        "[[realms]]\npath = '/a'\n[[realms.users]]\nusername = 'ada'\npopulation = 'Nowhere'\n\
         [[realms.users]]\nusername = 'bob'\nid = 'x'\n[[realms.clients]]\nclient_id = ''\n\
         [[realms.documents]]\nkind = 'none'\nid = 'x'\nbody = '{}'\n[[realms]]\npath = '/b'\n\
         [[realms.users]]\nusername = 'cyd'\ntraits = '[]'",
    );
    assert_eq!(says.lines().count(), 6, "{says}");
    for told in
        ["realm /a: user ada: ", "realm /a: user bob: ", "realm /a: client : ", "realm /b: user cyd: "]
    {
        assert!(says.contains(told), "{told}\n{says}");
    }
    let says = refusal(&nothing(), "[[realms]]\npath = '/A'\n[[realms]]\npath = '/b'\nid = 'x'\n");
    assert!(says.contains("realm /A: ") && says.contains("realm /b: "), "{says}");
}
