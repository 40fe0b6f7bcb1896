//! A document that is applied to a server: people can sign on, clients can ask, and a second time nothing changes.
//!
//! Plans have their own tests beside them; here they are carried out.

use std::sync::Arc;

use adieu::assembled::AssembledServer;
use adieu::config::{Config, StoreConfig};
use adieu_authority::{Actor, Authority, Channel, Document, NewPerson, Origin};
use adieu_face_pingone::DOCUMENT_KINDS;
use adieu_provisioning::apply::{CarryContext, Plan};
use adieu_provisioning::document::Declaration as Declared;
use adieu_provisioning::export::export;
use adieu_provisioning::facts::Facts;
use adieu_provisioning::secrets::{Sent, Source};
use adieu_testkit::World;
use adieu_testkit::engines::OwnDatabase;
use adieu_testkit::time_and_entropy::{FrozenClock, SeededEntropy};

const HASH: &str = "$2y$04$Wma4ERn3ypMEO92HmNKQXudkOuvsNXtKMqtJ8p1/oXKmjZhUb/XxG";

/// Applies a document; gives the lines of the plan and the secrets of new clients.
async fn apply(authority: &Authority, text: &str, prune: bool) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    carried(authority, plan_of(authority, text, prune).await?).await
}

async fn plan_of(authority: &Authority, text: &str, prune: bool) -> anyhow::Result<Plan> {
    Ok(Plan::of(authority, &Declared::parse(text)?, prune, DOCUMENT_KINDS).await?)
}

async fn carried(authority: &Authority, mut plan: Plan) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let secrets = Sent(vec![(Source::Env("EVE_PASSWORD".into()), "Apple-tree-77".into())]);
    let origin = Origin::of(Actor::Operator, Channel::named("test"), None);
    let carried = plan.carry(&CarryContext { authority, secrets: &secrets, origin }, || true).await?;
    Ok((carried.changes, carried.made.into_iter().map(|made| made.secret).collect()))
}

async fn exported(authority: &Authority) -> Declared {
    export(&Facts::gather(authority, None, DOCUMENT_KINDS).await.expect("facts"), None)
}

const DOCUMENT: &str = r#"
[[realms]]
path = "/alpha"
[[realms.populations]]
name = "Default"
[[realms.populations]]
name = "Visitors"
id = "a1fa0000-0000-4000-8000-0000000000aa"
[[realms.users]]
username = "eve"
id = "a1fa0000-0000-4000-8000-0000000000ee"
population = "Visitors"
email = "eve@example.test"
password_env = "EVE_PASSWORD"
[[realms.users]]
username = "alice"
enabled = false
[[realms.clients]]
client_id = "robot"
token_endpoint_auth_method = "client_secret_post"
grant_types = ["client_credentials"]
access_life_s = 60
roles = [{ role = "identity-data-admin", population = "Visitors" }]
"#;

/// Goal: what the document says is so at once, in every dialect: Eve signs on, Alice's session ends because she is
/// disabled, the client acts in its own name and sees those in its reach. Applied again it changes nothing.
#[tokio::test]
async fn a_document_makes_people_and_clients_that_work() {
    let world = World::start().await;
    let known = world.variables();
    let password = known["pingone"]["password"].as_str().expect("a password");
    let alices = world.sign_on_kratos("alice", password).await;
    let (lines, secrets) = apply(world.authority(), DOCUMENT, false).await.expect("applied");
    assert_eq!(lines.len(), 4, "{lines:?}");

    world.sign_on_kratos("eve@example.test", "Apple-tree-77").await;
    let whoami = world.get("/sessions/whoami").header("x-session-token", &alices).send().await;
    assert_eq!(whoami.status, 401);
    let environment = world.data.realm.id;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "robot"),
        ("client_secret", secrets[0].as_str()),
    ];
    let token = world.post(&format!("/{environment}/as/token")).form(&form).send().await.json();
    let token = token["access_token"].as_str().expect("a token");
    let eve = "a1fa0000-0000-4000-8000-0000000000ee";
    let path = format!("/v1/environments/{environment}/users/{eve}/sessions");
    assert_eq!(world.get(&path).bearer(token).send().await.status, 200);

    assert_eq!(apply(world.authority(), DOCUMENT, false).await.expect("applied again"), (vec![], vec![]));
}

/// Goal: F-17: a document that calls a user by another name and says no id makes a new user in place of the old one, whose address
/// is free by then; applied again it changes nothing.
#[tokio::test]
async fn a_renamed_user_has_the_address_of_the_old_one() {
    let world = World::start().await;
    let users = |name: &str| {
        format!(
            "[[realms]]\npath = '/alpha'\n[[realms.users]]\nusername = '{name}'\nemail = 'zoe@example.test'\n"
        )
    };
    apply(world.authority(), &users("zoe"), false).await.expect("applied");
    let (lines, _) = apply(world.authority(), &users("zoe2"), true).await.expect("applied");
    assert_eq!(lines[..2], ["- user zoe in /alpha", "+ user zoe2 in /alpha, who has no password yet"]);
    let (lines, _) = apply(world.authority(), &users("zoe2"), true).await.expect("applied");
    assert!(lines.is_empty(), "{lines:?}");
}

/// Goal: an export that names somebody who was removed since is refused before anything changes, with the name; without the id
/// it can be applied. A client, a population and a document come back under their ids; a client only in its own realm.
/// Goal: HOME-LIMITS: what other realms hold costs a document nothing, and who has an id there is known all the same.
#[tokio::test]
async fn a_document_reads_the_users_of_the_realms_that_it_names() {
    let world = World::start().await;
    let authority = world.authority();
    apply(authority, DOCUMENT, false).await.expect("applied");
    let eve = "username = \"eve\"\nid = \"a1fa0000-0000-4000-8000-0000000000ee\"\n";
    let elsewhere = format!("[[realms]]\npath = \"/elsewhere\"\n[[realms.users]]\n{eve}");
    let declared = Declared::parse(&elsewhere).expect("a document");
    let facts = Facts::around(authority, &declared, DOCUMENT_KINDS).await.expect("facts");
    let users = |facts: &Facts| facts.realms.iter().map(|of| of.users.len()).sum::<usize>();
    assert_eq!(users(&facts), 0, "nobody is there yet");
    let refused = plan_of(authority, &elsewhere, false).await.expect_err("refused");
    let refused = format!("{refused:#}");
    assert!(refused.contains("a1fa0000-0000-4000-8000-0000000000ee"), "{refused}");
    let of = async |path| users(&Facts::gather(authority, path, DOCUMENT_KINDS).await.expect("facts"));
    let (alpha, nobody, all) = (of(Some("/alpha")).await, of(Some("/elsewhere")).await, of(None).await);
    assert!(nobody == 0 && alpha > 1 && alpha < all, "{nobody}, {alpha} of {all}");
}

#[tokio::test]
async fn an_export_that_names_who_was_removed_is_refused_when_it_is_planned() {
    let world = World::start().await;
    let authority = world.authority();
    apply(authority, DOCUMENT, false).await.expect("applied");
    let realm = world.data.realm.id;
    let document = Document {
        realm,
        kind: "pingone.sign-on-policy".into(),
        id: "two".into(),
        body: "{}".into(),
        version: adieu_core::Version::FIRST,
    };
    authority.create_document(document).await.expect("a dialect keeps something");
    let before = exported(authority).await.text();
    let eve = authority.user_named(realm, "eve").await.expect("an answer").expect("she is there");
    let origin = || Origin::of(Actor::Operator, Channel::named("test"), None);
    authority.remove_user(eve.id, origin()).await.expect("removed");
    authority.remove_client(&"robot".parse().expect("an id"), origin()).await.expect("removed");
    authority.remove_document(realm, "pingone.sign-on-policy", "two").await.expect("removed");
    let populations = authority.populations(realm).await.expect("populations");
    let visitors = populations.iter().find(|one| one.name == "Visitors").expect("it is there");
    authority.remove_population(visitors.id).await.expect("removed");

    let error = format!("{:#}", plan_of(authority, &before, false).await.expect_err("refused"));
    assert!(error.contains("user eve") && error.contains("was removed"), "{error}");
    let without_id = before.replace(&format!("id = \"{}\"\n", eve.id), "");
    assert_ne!(without_id, before);
    let (lines, secrets) = apply(authority, &without_id, false).await.expect("applied");
    assert_eq!((lines.len(), secrets.len()), (4, 1), "{lines:?}");

    authority.remove_client(&"robot".parse().expect("an id"), origin()).await.expect("removed");
    let elsewhere = "[[realms]]\npath = '/elsewhere'\n[[realms.clients]]\nclient_id = 'robot'\n";
    let error = format!("{:#}", plan_of(authority, elsewhere, false).await.expect_err("refused"));
    assert!(error.contains("client robot") && error.contains("another realm"), "{error}");
}

/// Goal: EMPTY-HANDS: an export carries no password, no hash and no secret; applied where it was made it changes nothing,
/// and applied to an empty server it makes the same one.
#[tokio::test]
async fn an_export_is_the_inverse_and_carries_no_secret() {
    let world = World::start().await;
    apply(world.authority(), DOCUMENT, false).await.expect("applied");
    let (realm, body) = (world.data.realm.id, r#"{"name":"Two_Steps"}"#.to_owned());
    let version = adieu_core::Version::FIRST;
    let policy = Document { realm, kind: "pingone.sign-on-policy".into(), id: "two".into(), body, version };
    world.authority().create_document(policy).await.expect("a dialect keeps something");
    let text = exported(world.authority()).await.text();
    for secret in ["$argon2", "password", "secret =", "Apple-tree"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert_eq!(apply(world.authority(), &text, true).await.expect("applied"), (vec![], vec![]));
    let folder = tempfile::tempdir().expect("a folder");
    let mut bare = Config { realms: vec![], store: StoreConfig::default(), ..world.config().clone() };
    let _database = OwnDatabase::of(&mut bare).await;
    let (clock, entropy) = (Arc::new(FrozenClock::new()), Arc::new(SeededEntropy::new(8)));
    let other = AssembledServer::open(&bare, folder.path(), clock, entropy)
        .await
        .expect("an empty fixture")
        .authority;
    let root_there = exported(&other).await.realms[0].clone();
    // Every server has its root, with ids of its own: they are said as they are there.
    let mut document = Declared::parse(&text).expect("a document");
    document.realms[0].id = root_there.id;
    document.realms[0].populations = root_there.populations;
    let text = document.text();
    apply(&other, &text, true).await.expect("applied elsewhere");
    assert_eq!(exported(&other).await.text(), text);
}

/// Goal: a missing password stops everything before the first change; a hash from elsewhere counts; a refusal below says
/// where it stopped, and applying again goes on from there.
#[tokio::test]
async fn a_document_is_looked_through_before_anything_changes() {
    let world = World::start().await;
    let user = |name: &str, more: &str| format!("[[realms.users]]\nusername = '{name}'\n{more}\n");
    let of = |users: &[String]| format!("[[realms]]\npath = '/alpha'\n{}", users.concat());
    let text = of(&[user("gil", ""), user("hal", "password_env = 'UNSET'")]);
    let error = format!("{:#}", apply(world.authority(), &text, false).await.expect_err("refused"));
    assert!(error.contains("nothing was changed") && error.contains("UNSET is not set"), "{error}");
    assert!(world.authority().user_named(world.data.realm.id, "gil").await.expect("an answer").is_none());

    // Bob's address is somebody's name already.
    let clash = user("ivy", "email = 'bob@example.test'");
    let text = of(&[user("gil", &format!("password_hash = '{HASH}'")), clash]);
    let error = format!("{:#}", apply(world.authority(), &text, false).await.expect_err("refused"));
    assert!(error.contains("bob@example.test is taken by the user bob"), "{error}");
    assert!(world.authority().user_named(world.data.realm.id, "gil").await.expect("an answer").is_none());

    // Somebody takes it after the plan was made.
    let text = text.replace("'bob@example.test'", "'ivy@example.test'");
    let plan = plan_of(world.authority(), &text, false).await.expect("a plan");
    let between = NewPerson { username: "ivy@example.test".into(), ..NewPerson::default() };
    let between = world.authority().create_user(&world.data.population, between).await.expect("a user");
    let error = format!("{:#}", carried(world.authority(), plan).await.expect_err("refused"));
    assert!(
        error.contains("stopped at `+ user ivy") && error.contains("the e-mail address is taken"),
        "{error}"
    );
    let origin = Origin::of(Actor::Operator, Channel::named("test"), None);
    world.authority().remove_user(between.id, origin).await.expect("removed");
    let (lines, _) = apply(world.authority(), &text, false).await.expect("applied");
    assert_eq!(lines, ["+ user ivy in /alpha, who has no password yet"]);
    let gil = world.authority().user_named(world.data.realm.id, "gil").await.expect("an answer");
    assert_eq!(gil.expect("he is there").password.as_deref(), Some(HASH));
}
