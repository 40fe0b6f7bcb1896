//! An installation that is carried from a data folder into a database, and back: each is what it was, and nobody is signed off.
//!
//! The command is a process of its own, as an operator gives it. The receiver is a server of the tests' own.

use std::collections::BTreeSet;
use std::path::Path;

use adieu::config::Config;
use adieu_testkit::World;
use adieu_testkit::engines::OwnDatabase;
use adieu_testkit::world::profile_config;
use http::Method;
use serde_json::{Value, json};

use crate::commands::{Outcome, run, write};
use crate::one_session::{Dialect, Exit, Programs, Tokens};
use crate::running::STALL;
use crate::told::receiver::{Answers, Heard, Receiver};
use crate::told::{claims_of, tell};
use crate::two_factors::session_of;

/// What of the installation is asked for before and after.
struct Asked {
    world: World,
    receiver: Receiver,
    live: String,
    tokens: Tokens,
    offline: String,
    half: String,
    ended: Vec<String>,
    /// A sign-on that has begun.
    flow: String,
}

impl Asked {
    /// An installation in a folder: a session that is live, one that is half signed on, ended ones of which one is told, one is not, and one
    /// nobody has looked at, an offline grant whose session is over, a sign-on under way, a consent.
    async fn of_all_kinds() -> Self {
        let mut config = profile_config("main");
        config.kratos.enrolling_proves = false;
        config.sign_on.second_factor = "when_enrolled".into();
        config.notices.allow_private = true;
        let world = World::in_folder_with(config).await;
        let receiver = Receiver::start().await;
        let (address, id) = (receiver.address("/out"), world.data.app.id.clone());
        let told = world.edit_client(&id, |client| {
            client.backchannel_logout_uri = Some(address.clone());
            client.outlives_session = true;
        });
        told.await;
        let programs = Programs::of(&world);
        let live = programs.sign_on(Dialect::Kratos).await;
        let tokens = programs.tokens(&live).await;
        let offline = offline_grant(&world, &programs).await;
        assert_eq!(tell(&world).await, 1);
        let mut ended = Vec::new();
        for code in [204, 503] {
            ended.push(ended_and_answered(&world, &receiver, code).await);
        }
        ended.push(ended_and_not_looked_at(&world).await);
        let half = half_signed_on(&world, &programs).await;
        world.fill_consents(world.data.bob.id).await;
        let flow = world.get("/self-service/login/api").send().await.json();
        let flow = flow["id"].as_str().expect("a flow").to_owned();
        Self { world, receiver, live, tokens, offline, half, ended, flow }
    }

    /// All that an administrator sees.
    async fn seen(&self) -> Value {
        let (world, realm) = (&self.world, self.world.data.realm.id);
        let mut seen = serde_json::Map::new();
        for path in ["populations", "keys", "users", "clients", "sessions", "subscribers"] {
            let path = format!("/v1/realms/{realm}/{path}?limit=100");
            seen.insert(path.clone(), asked(world, &path).await);
        }
        for path in ["/v1/realms", "/v1/receivers", "/v1/endings?limit=100"] {
            seen.insert(path.into(), asked(world, path).await);
        }
        for user in [&world.data.alice, &world.data.bob] {
            for path in [format!("/v1/users/{}/consents", user.id), format!("/v1/users/{}/sessions", user.id)]
            {
                seen.insert(path.clone(), asked(world, &path).await);
            }
        }
        let endings = seen["/v1/endings?limit=100"]["items"].as_array().expect("endings").clone();
        assert!(endings.len() >= 3, "{endings:?}");
        for ending in endings {
            let path = format!("/v1/endings/{}", ending["id"].as_str().expect("an id"));
            seen.insert(path.clone(), asked(world, &path).await);
        }
        Value::Object(seen)
    }

    /// Whoever was signed on is, half or whole, and whoever was not is not; tokens are what they were.
    async fn holds(&mut self) {
        let programs = Programs::of(&self.world);
        assert!(programs.accepted(&self.live).await.iter().all(|(_, live)| *live));
        for ended in &self.ended {
            assert!(programs.accepted(ended).await.iter().all(|(_, live)| !*live));
        }
        // Kratos says of a half session that it lacks a factor, and not that there is none.
        let whoami = self.world.get("/sessions/whoami").header("x-session-token", &self.half).send().await;
        assert_eq!(whoami.status, 403, "{}", whoami.text);
        let id = session_of(&self.half);
        assert_eq!(asked(&self.world, &format!("/v1/sessions/{id}")).await["state"], "half_signed_on");
        for refresh in [&mut self.tokens.refresh, &mut self.offline] {
            let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
            let reply = programs.token_endpoint("app", &form).send().await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            *refresh = reply.json()["refresh_token"].as_str().expect("the next one").to_owned();
        }
    }

    /// A sign-on that has begun before ends in a session; another one begins.
    async fn finishes_the_flow(&mut self) {
        let programs = Programs::of(&self.world);
        let body = json!({"method": "password", "identifier": programs.pingone("user"), "password": programs.pingone("password")});
        let path = format!("/self-service/login?flow={}", self.flow);
        let reply = self.world.post(&path).header("accept", "application/json").json(&body).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        let flow = self.world.get("/self-service/login/api").send().await.json();
        self.flow = flow["id"].as_str().expect("a flow").to_owned();
    }

    /// What ends from now on has an id of its own, stands before all others, and is told once, with what was pending.
    async fn ends_another(&mut self, pending: u32) {
        let programs = Programs::of(&self.world);
        let before = asked(&self.world, "/v1/endings?limit=100").await;
        let token = programs.sign_on(Dialect::Am).await;
        programs.tokens(&token).await;
        self.receiver.answers([Answers::Status(204)]);
        programs.end(Exit::AmLogout, &token).await;
        assert_eq!((tell(&self.world).await, tell(&self.world).await), (1 + pending, 0));
        let heard: BTreeSet<String> = self.receiver.heard().iter().map(sid).collect();
        assert_eq!(heard.len(), 1 + pending as usize, "each of them once");
        let after = asked(&self.world, "/v1/endings?limit=100").await;
        let ids = |page: &Value| {
            let items = page["items"].as_array().expect("endings");
            items.iter().map(|ending| ending["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&after)[1..], ids(&before)[..]);
        assert!(!ids(&before).contains(&ids(&after)[0]));
        self.ended.push(token);
    }
}

/// The session that a notice is about.
fn sid(heard: &Heard) -> String {
    let token = heard.body.strip_prefix("logout_token=").expect("one field");
    claims_of(token)["sid"].as_str().expect("a session").to_owned()
}

/// A session that ends and is told once; the receiver answers so.
async fn ended_and_answered(world: &World, receiver: &Receiver, code: u16) -> String {
    receiver.answers([Answers::Status(code)]);
    let token = ended_and_not_looked_at(world).await;
    assert_eq!(tell(world).await, 1);
    token
}

/// A session that ends; nobody has looked yet who is to be told.
async fn ended_and_not_looked_at(world: &World) -> String {
    let programs = Programs::of(world);
    let token = programs.sign_on(Dialect::Am).await;
    programs.tokens(&token).await;
    programs.end(Exit::AmLogout, &token).await;
    token
}

async fn asked(world: &World, path: &str) -> Value {
    let reply = world.admin(Method::GET, path).send().await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    reply.json()
}

/// The refresh token of a grant that outlives its session, which is over.
async fn offline_grant(world: &World, programs: &Programs<'_>) -> String {
    let token = programs.sign_on(Dialect::Am).await;
    let authority = world.authority();
    let found =
        authority.session_by_id(session_of(&token), false).get().await.expect("an answer").expect("there");
    let client = authority.client(world.data.realm.id, &world.data.app.id).await.expect("an answer");
    let environment = programs.pingone("env_id");
    let discovery = format!("/{environment}/as/.well-known/openid-configuration");
    let issuer = world.get(&discovery).send().await.json()["issuer"].as_str().expect("an issuer").to_owned();
    let order = adieu_authority::CodeOrder {
        session: found.session.clone(),
        client: client.expect("the client"),
        issuer,
        sid: adieu_authority::SidForm::Public,
        consent: None,
        offline: true,
        scope: "openid offline_access".into(),
        nonce: None,
        claims: None,
        redirect_uri: None,
        challenge: None,
    };
    let code = authority.issue_code(order).await.expect("a code");
    let form = [("grant_type", "authorization_code"), ("code", code.as_str())];
    let reply = programs.token_endpoint("app", &form).send().await;
    let refresh =
        reply.json()["refresh_token"].as_str().unwrap_or_else(|| panic!("{}", reply.text)).to_owned();
    programs.end(Exit::AmLogout, &token).await;
    refresh
}

/// Bob's session, which lacks the second factor that he has made in it.
async fn half_signed_on(world: &World, programs: &Programs<'_>) -> String {
    let (name, password) = (programs.pingone("user2"), programs.pingone("password2"));
    let token = world.sign_on_kratos(name, password).await;
    let set = world.authority().draw_code_set();
    let done = world.authority().confirm_recovery_codes(session_of(&token), set, false).await;
    done.expect("a live session");
    token
}

/// How often a move is tried while the server that has stopped still says goodbye.
const TRIES_MAX: usize = 1_000;

/// `adieu move`, once nobody serves any more.
async fn moved(file: &Path, from: &str, to: &str) -> Outcome {
    for _ in 0..TRIES_MAX {
        let outcome = run(file, &["move", "--from", from, "--to", to]).await;
        let waits = ["serve from the database", "in use by another process"];
        if !waits.iter().any(|text| outcome.err.contains(text)) {
            return outcome;
        }
    }
    panic!("somebody serves on");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn url(config: &Config) -> String {
    config.store.url.reveal().to_owned()
}

/// The file of a configuration whose store is the database: what is written of one has no addresses.
fn write_on_database(config: &Config, folder: &Path) -> std::path::PathBuf {
    let file = write(config, folder);
    let text = std::fs::read_to_string(&file).expect("a file");
    let named = text.replace("url = \"***\"", &format!("url = \"{}\"", url(config)));
    std::fs::write(&file, named).expect("a file");
    file
}

/// Goal: ENDED-STAYS-ENDED, NO-FALSE-NO, NOTICE-WITH-ENDING over a move from a folder into a database and back: who was signed on is, half
/// or whole, what ended is ended, each list and each ending reads as before, a sign-on under way is finished, and the notice that was
/// pending is told once. Nobody serves the source any more.
#[tokio::test]
async fn an_installation_is_the_same_in_a_database_and_in_a_folder_again() {
    let mut all = Asked::of_all_kinds().await;
    let work = tempfile::tempdir().expect("a folder");
    let before = all.seen().await;
    let mut config = all.world.config().clone();
    let _database = OwnDatabase::made_for(&mut config).await;
    let (store, plain) = (config.store.clone(), all.world.config().store.clone());
    all.world.stops();

    let source = all.world.folder().to_owned();
    let file = write(&Config { store: plain.clone(), ..config.clone() }, work.path());
    let outcome = moved(&file, text(&source), &url(&config)).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    assert!(outcome.out.contains("receipts (1 owed)"), "{}", outcome.out);
    let again = moved(&file, text(&source), &url(&config)).await;
    assert!(again.code == 1 && again.err.contains("has an installation already"), "{}", again.err);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(source.join("installation.key"), folder.path().join("installation.key")).expect("a copy");
    let of_source = write(&Config { data: source, store: plain.clone(), ..config.clone() }, work.path());
    let refused = run(&of_source, &["realm", "list"]).await;
    assert!(refused.code == 1 && refused.err.contains("was moved away"), "{}", refused.err);

    all.world.goes_on_in(folder, |config| config.store = store).await;
    assert_eq!(all.seen().await, before);
    all.holds().await;
    all.receiver.answers([Answers::Status(503), Answers::Status(503)]);
    all.world.wait_s(60);
    assert_eq!(
        (tell(&all.world).await, all.receiver.heard().len()),
        (2, 2),
        "what was pending, and what nobody had looked at"
    );
    all.finishes_the_flow().await;
    all.ends_another(2).await; // A receiver that takes one again is sent what it did not take.
    let refused = ended_and_answered(&all.world, &all.receiver, 503).await;
    all.ended.extend([refused, ended_and_not_looked_at(&all.world).await]);

    let before = all.seen().await;
    all.world.stops();
    let file =
        write_on_database(&Config { data: all.world.folder().to_owned(), ..config.clone() }, work.path());
    let folder = tempfile::tempdir().expect("a folder");
    let outcome = moved(&file, &url(&config), text(folder.path())).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let refused = run(&file, &["realm", "list"]).await;
    assert!(refused.code == 1 && refused.err.contains("was moved away"), "{}", refused.err);

    all.world.goes_on_in(folder, |config| config.store = plain).await;
    assert_eq!(all.seen().await, before);
    all.holds().await;
    all.receiver.answers([Answers::Status(204)]);
    all.world.wait_s(600);
    assert_eq!((tell(&all.world).await, tell(&all.world).await), (2, 0));
    assert_eq!(all.receiver.heard().len(), 2, "what was pending, and what nobody had looked at, once each");
    all.finishes_the_flow().await;
    all.ends_another(0).await;
    all.world.crash_and_restart().await;
    all.holds().await;
}

/// Goal: a move that can't be made changes nothing and says why: the target is not empty, the source is served, missing or of another key,
/// the database is away, or there are not two kinds of sides.
#[tokio::test]
async fn a_move_that_can_not_be_made_changes_nothing() {
    let mut world = World::in_folder().await;
    let work = tempfile::tempdir().expect("a folder");
    let mut config = world.config().clone();
    let _database = OwnDatabase::made_for(&mut config).await;
    let folder = world.folder().to_owned();
    let file = write(world.config(), work.path());
    let tried =
        async |file: &Path, from: &str, to: &str| run(file, &["move", "--from", from, "--to", to]).await;
    let served = tried(&file, text(&folder), &url(&config)).await;
    assert!(served.code == 1 && served.err.contains("in use by another process"), "{}", served.err);
    world.stops();

    let missing = text(&work.path().join("missing")).to_owned();
    let away = "postgres://ada@127.0.0.1:1/adieu";
    for (from, to, code, says) in [
        (missing.as_str(), url(&config).as_str(), 1, "there is no installation in"),
        (text(&folder), away, 4, "can't be reached"),
        (away, missing.as_str(), 1, "there is no installation key for the database"),
        (text(&folder), missing.as_str(), 2, "one of --from and --to is a data folder"),
    ] {
        let refused = moved(&file, from, to).await;
        assert!(
            refused.code == code && refused.err.contains(says),
            "{from} {to}: {} {}",
            refused.code,
            refused.err
        );
    }
    let other = work.path().join("other.key");
    std::fs::write(&other, [9; 32]).expect("a file");
    let mut named = config.clone();
    named.store.key_file = other.clone();
    let refused = moved(&write_on_database(&named, work.path()), text(&folder), &url(&config)).await;
    assert!(refused.code == 1 && refused.err.contains("it is not that of the folder"), "{}", refused.err);
    assert!(!folder.join("adieu.moved").exists(), "nobody was kept from serving it");

    let file = write(world.config(), work.path());
    assert_eq!(moved(&file, text(&folder), &url(&config)).await.code, 0);
    let refused = moved(&write_on_database(&named, work.path()), &url(&config), &missing).await;
    assert!(refused.code == 1 && refused.err.contains("not the one of this database"), "{}", refused.err);
    // The folder of the world goes when it goes on in another one.
    let key = work.path().join("installation.key");
    std::fs::copy(folder.join("installation.key"), &key).expect("a copy");
    named.store.key_file = key.clone();
    let refused = moved(&write_on_database(&named, work.path()), &url(&config), text(work.path())).await;
    assert!(refused.code == 1 && refused.err.contains("is not empty"), "{}", refused.err);
    let own = tempfile::tempdir().expect("a folder");
    world.goes_on_in(own, |own| (own.store.url, own.store.key_file) = (config.store.url.clone(), key)).await;
    let served =
        run(&write_on_database(&named, work.path()), &["move", "--from", &url(&config), "--to", &missing])
            .await;
    assert!(served.code == 1 && served.err.contains("serve from the database"), "{}", served.err);
    assert_eq!(world.get("/sessions/whoami").send().await.status, 401, "it serves on");
}

/// `adieu move`, killed while it waits for a table, with the rows before it on their way.
async fn killed_in_the_middle(file: &Path, from: &str, to: &str, database: &OwnDatabase) {
    let held = database.hold_table("client").await;
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_adieu"));
    command.args(["move", "--from", from, "--to", to, "--config"]).arg(file).kill_on_drop(true);
    let mut child = command.spawn().expect("adieu runs");
    tokio::time::timeout(STALL, held.is_waited_for()).await.expect("it comes to the table");
    child.kill().await.expect("it is killed");
    held.let_go().await;
}

/// Goal: ENDED-STAYS-ENDED, NO-FALSE-NO over `kill -9` in the middle of a move: there is no installation where it was to be, and the same
/// command brings it there.
#[tokio::test]
async fn a_move_that_is_killed_in_the_middle_is_given_again() {
    let mut world = World::in_folder().await;
    let token = Programs::of(&world).sign_on(Dialect::Kratos).await;
    let work = tempfile::tempdir().expect("a folder");
    let mut config = world.config().clone();
    let database = OwnDatabase::made_for(&mut config).await;
    let (folder, plain) = (world.folder().to_owned(), config.clone());
    world.stops();
    // The tables are there, and no installation.
    let file = write(world.config(), work.path());
    let key = adieu_core::InstallationKey::from_bytes([7; 32]);
    let options = config.store.options().expect("an address");
    let begun = adieu_store_postgres::moving::DatabaseTarget::begin(
        options,
        &key,
        std::sync::Arc::new(adieu::real::SystemEntropy),
    );
    drop(begun.await.expect("an empty database"));

    killed_in_the_middle(&file, text(&folder), &url(&config), &database).await;
    let of_source = write(&Config { data: folder.clone(), ..world.config().clone() }, work.path());
    let served = run(&of_source, &["realm", "list"]).await;
    assert_eq!(served.code, 0, "a folder is marked at the end only: {}", served.err);
    let outcome = moved(&file, text(&folder), &url(&config)).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);

    let back = work.path().join("back");
    let of_database = Config { data: folder, ..plain };
    let file = write_on_database(&of_database, work.path());
    killed_in_the_middle(&file, &url(&config), text(&back), &database).await;
    let refused = run(&file, &["realm", "list"]).await;
    assert!(refused.code == 1 && refused.err.contains("was moved away"), "{}", refused.err);
    let of_target = tempfile::tempdir().expect("a folder");
    let unfinished = write(&Config { data: back.clone(), ..world.config().clone() }, of_target.path());
    let refused = run(&unfinished, &["realm", "list"]).await;
    assert!(refused.code == 1 && refused.err.contains("was interrupted"), "{}", refused.err);
    let outcome = moved(&file, &url(&config), text(&back)).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let moved_back = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(&back).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), moved_back.path().join(entry.file_name())).expect("a copy");
    }
    world.goes_on_in(moved_back, |_| {}).await;
    assert!(Programs::of(&world).accepted(&token).await.iter().all(|(_, live)| *live));
}
