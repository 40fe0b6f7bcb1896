//! The command line's administration: the same commands on a free data folder and through the server that has it.
//!
//! The real binary; exit codes are looked at as programs look at them.

use std::path::Path;

use adieu::config::Config;
use serde_json::Value;
use tokio::process::Command;

use crate::running::{Browser, Running, STALL, at_free_ports, certify, get, sign_on};

const TOKEN: &str = "a-token-of-32-visible-characters";

/// What a command came to: its exit code, and what it said on both outputs.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Outcome {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {} {}", self.out, self.err))
    }
}

pub(crate) async fn run(file: &Path, words: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adieu"));
    command
        .args(words)
        .arg("--config")
        .arg(file)
        .env("ADIEU_PASSWORD", "correct-horse-9")
        .env_remove("RUST_LOG");
    let output = tokio::time::timeout(STALL, command.output()).await.expect("in time").expect("adieu runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Outcome { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

pub(crate) fn write(config: &Config, folder: &Path) -> std::path::PathBuf {
    let file = folder.join("adieu.toml");
    std::fs::write(&file, toml::to_string(config).expect("TOML")).expect("a file");
    file
}

/// Goal: on a free folder people are made, found, changed and listed; what is not there is exit code 3, wrong usage 2.
#[tokio::test]
async fn a_free_folder_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = at_free_ports();
    config.data = folder.path().join("data");
    let file = write(&config, folder.path());

    let early = run(&file, &["end", "--user", "ada"]).await;
    assert_eq!(
        (early.code, config.data.exists()),
        (1, false),
        "nothing is there, and nothing is made: {}",
        early.err
    );
    let made = run(&file, &["init", "--no-user"]).await;
    assert_eq!((made.code, config.data.exists()), (0, true), "{}", made.err);
    let made = run(&file, &["user", "add", "ada", "--email", "ada@example.test", "--admin"]).await;
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.err.contains(&format!("the installation in {}", config.data.display())), "{}", made.err);
    assert!(
        made.out.starts_with("user ada (") && made.out.ends_with("of realm /alpha can sign on\n"),
        "{}",
        made.out
    );
    let again = run(&file, &["user", "add", "ADA"]).await;
    assert_eq!((again.code, again.out.as_str()), (1, ""), "{}", again.err);

    let users = run(&file, &["user", "list", "--json"]).await.json();
    assert_eq!(users[0]["username"], "ada");
    assert_eq!(users[0]["roles"].as_array().map(Vec::len), Some(1));
    let table = run(&file, &["user", "list"]).await.out;
    assert!(
        table.starts_with(
            "USERNAME  EMAIL             ENABLED  LOCKED  ID\nada       ada@example.test  yes      -       "
        ),
        "{table}"
    );
    let disabled = run(&file, &["user", "disable", "ada@example.test", "--json"]).await.json();
    assert_eq!(disabled["enabled"], false);
    assert_eq!(run(&file, &["user", "enable", "ada"]).await.code, 0);
    assert_eq!(run(&file, &["user", "passwd", "ada"]).await.code, 0);
    let realms = run(&file, &["realm", "list", "--json"]).await.json();
    assert!(realms.as_array().is_some_and(|all| all.iter().any(|one| one["path"] == "/alpha")), "{realms}");

    let first = run(&file, &["keys", "rotate", "--algorithm", "ES256", "--json"]).await.json();
    assert_eq!((&first["algorithm"], &first["state"]), (&"ES256".into(), &"signing".into()));
    let next = run(&file, &["keys", "rotate", "--algorithm", "ES256"]).await;
    assert!(next.out.starts_with("ES256 key ") && next.out.contains(" signs from "), "{}", next.out);
    let keys = run(&file, &["keys", "list"]).await.out;
    assert!(
        keys.starts_with("KID ") && keys.contains("  published  ") && keys.contains("  signing "),
        "{keys}"
    );

    let nobody = "00000000-0000-4000-8000-000000000000";
    let too_long = "x".repeat(257);
    for (words, code) in [
        (&["user", "disable", "nobody"][..], 3),
        (&["user", "list", "--realm", "/nowhere"], 3),
        (&["end", "--session", nobody], 3),
        (&["keys", "list", "--realm", "/nowhere"], 3),
        (&["keys", "rotate", "--algorithm", "HS256"], 2),
        (&["end"], 2),
        (&["end", "--session", nobody, "--user", "ada"], 2),
        (&["end", "--except", nobody], 2),
        (&["end", "--user", "ada", "--reason", &too_long], 1),
        (&["realm", "list", "--server", "http://127.0.0.1:1"], 4),
        (&["realm", "list", "--server", "http://id.example.test"], 1),
    ] {
        let outcome = run(&file, words).await;
        assert_eq!((outcome.code, outcome.out.as_str()), (code, ""), "{words:?}: {}", outcome.err);
        assert!(!outcome.err.is_empty());
    }
}

/// Goal: while a server has the folder the same commands go to it, over its own certificate and with its token; what they
/// end is ended at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let pem = certify(folder.path());
    std::fs::write(folder.path().join("token"), format!("{TOKEN}\n")).expect("a file");
    let mut config = at_free_ports();
    config.admin.tls_cert = folder.path().join("cert.pem");
    config.admin.tls_key = folder.path().join("key.pem");
    config.admin.token_file = folder.path().join("token");
    let server = Running::in_folder(config.clone()).await;
    config.data = server.folder.path().into();
    config.admin.url = format!("https://localhost:{}", server.admin.port());
    let file = write(&config, folder.path());
    let refused = Browser::trusting(&pem, &["h2"]).ask(server.admin, get("/v1/realms")).await;
    assert_eq!(refused.0, 401, "{}", refused.1);

    let signed_on = sign_on(server.public, &[]).await;
    let (token, id) = (signed_on["session_token"].as_str().expect("a token"), &signed_on["session"]["id"]);
    let live = run(&file, &["sessions", "list", "--user", "alice", "--live", "--json"]).await.json();
    assert_eq!((&live[0]["id"], live.as_array().map(Vec::len)), (id, Some(1)));

    let id = id.as_str().expect("an id");
    let ended = run(&file, &["sessions", "end", id, "--reason", "test"]).await;
    let ending = ended.out.strip_prefix(&format!("ended: session {id} (ending ")).unwrap_or(&ended.out);
    let ending = ending.strip_suffix(")\n").unwrap_or_default();
    assert_eq!((ended.code, ending.len()), (0, 36), "{}{}", ended.out, ended.err);
    let shown = run(&file, &["endings", "show", ending, "--json"]).await.json();
    assert_eq!((&shown["session"], &shown["ending"]["reason"]), (&id.into(), &"test".into()));
    let listed = |filter: &'static [&'static str]| {
        let all: Vec<_> = ["endings", "list", "--json"].iter().chain(filter).copied().collect();
        let (file, all) = (file.clone(), all);
        async move { run(&file, &all).await.json() }
    };
    for filter in [
        &["--user", "alice"][..],
        &["--realm", "/alpha", "--cause", "administrator"],
        &["--actor", "operator"],
    ] {
        let listed = listed(filter).await;
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{filter:?}: {listed}");
        assert_eq!(listed[0]["id"], ending, "{filter:?}");
    }
    let refused = run(&file, &["endings", "list", "--cause", "boredom"]).await;
    assert!(refused.code != 0 && refused.err.contains("sign_off"), "{}", refused.err);
    let client = reqwest::Client::builder().timeout(STALL).build().expect("a client");
    let whoami = client.get(format!("http://{}/sessions/whoami", server.public));
    assert_eq!(whoami.header("x-session-token", token).send().await.expect("an answer").status(), 401);
    let again = run(&file, &["end", "--session", id]).await;
    assert_eq!((again.code, again.out.as_str()), (0, format!("ended before: session {id}\n").as_str()));
    let nobody = "00000000-0000-4000-8000-000000000000";
    let some = run(&file, &["sessions", "end", nobody, id, "--json"]).await;
    assert_eq!((some.code, &some.json()["ended"]), (3, &"before".into()), "the others end: {}", some.err);
    assert!(some.err.contains(nobody), "{}", some.err);
    // Name and id of whom it acts on, whichever was typed.
    let users = run(&file, &["user", "list", "--name", "alice", "--json"]).await.json();
    let alice = users[0]["id"].as_str().expect("an id");
    for typed in ["alice", alice] {
        let ended = run(&file, &["end", "--user", typed]).await;
        let says = format!("all sessions of user alice ({alice})");
        assert!(ended.code == 0 && ended.out.contains(&says), "{typed}: {}{}", ended.out, ended.err);
    }
    assert_eq!(run(&file, &["end", "--realm", "/alpha", "--yes"]).await.code, 0);
    let added = run(&file, &["user", "add", "newcomer"]).await;
    assert_eq!(added.code, 0);
    assert!(added.err.contains(&format!("the server at {}", config.admin.url)), "F-24: {}", added.err);

    std::fs::write(folder.path().join("token"), "another-token-of-visible-characters").expect("a file");
    let refused = run(&file, &["realm", "list"]).await;
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(
        refused.err.contains("admin.token_file") && !refused.err.contains("another-token"),
        "{}",
        refused.err
    );
}

/// Goal: nobody stops a server to apply a document: the server makes the changes, at once and for good, with passwords that
/// the command looks up; exported from it, the document changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_applied_through_the_server() {
    let server = Running::in_folder(at_free_ports()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = at_free_ports();
    config.data = server.folder.path().into();
    config.admin.url = format!("http://{}", server.admin);
    let file = write(&config, folder.path());
    let signed_on = sign_on(server.public, &[]).await;
    let token = signed_on["session_token"].as_str().expect("a token");

    let document = folder.path().join("realms.toml");
    let secret = folder.path().join("password");
    std::fs::write(&secret, "Tea-at-five-o-clock\n").expect("a file");
    let text = format!(
        "[[realms]]\npath = '/alpha'\n[[realms.users]]\nusername = 'dora'\npassword_file = '{}'\n\
         [[realms.users]]\nusername = 'alice'\nenabled = false\npassword_env = 'NOT_SET_AND_NOT_NEEDED'\n\
         [[realms.clients]]\nclient_id = 'shop-of-the-document'\ngrant_types = ['authorization_code']\n",
        secret.display()
    );
    std::fs::write(&document, &text).expect("a file");
    let place = document.to_str().expect("text");
    let dry = run(&file, &["apply", place, "--dry-run", "--detailed-exitcode"]).await;
    assert_eq!(dry.code, 5, "{}", dry.err);
    assert!(dry.out.ends_with("3 to change; nothing was changed\n"), "{}", dry.out);
    let applied = run(&file, &["apply", place, "--json"]).await;
    assert_eq!(applied.code, 0, "{}", applied.err);
    let applied = applied.json();
    assert_eq!((&applied["left"], applied["changes"].as_array().map(Vec::len)), (&0.into(), Some(3)));
    assert_eq!(applied["secrets"][0]["client_id"], "shop-of-the-document");
    let client = reqwest::Client::builder().timeout(STALL).build().expect("a client");
    let whoami = client.get(format!("http://{}/sessions/whoami", server.public));
    assert_eq!(whoami.header("x-session-token", token).send().await.expect("an answer").status(), 401);
    let again = run(&file, &["apply", place]).await;
    assert_eq!((again.code, again.out.as_str()), (0, "nothing to change\n"), "{}", again.err);

    let exported = run(&file, &["export"]).await;
    assert!(
        exported.out.contains("username = \"dora\"") && !exported.out.contains("Tea-at"),
        "{}",
        exported.err
    );
    std::fs::write(&document, &exported.out).expect("a file");
    let same = run(&file, &["apply", place, "--dry-run", "--detailed-exitcode", "--prune"]).await;
    assert_eq!((same.code, same.out.as_str()), (0, "nothing to change\n"), "{}", same.err);
    assert_eq!(run(&file, &["export", "--realm", "/nowhere"]).await.code, 3);
    let needed = text.replace("'dora'", "'emil'").replace(&secret.display().to_string(), "/nowhere/at/all");
    std::fs::write(&document, needed).expect("a file");
    let refused = run(&file, &["apply", place]).await;
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("nothing was changed: + user emil"), "{}", refused.err);
}

/// Goal: shells get a script that knows the commands.
#[tokio::test]
async fn shells_complete_the_command_line() {
    for shell in ["bash", "zsh", "fish"] {
        let output = Command::new(env!("CARGO_BIN_EXE_adieu")).args(["completions", shell]).output().await;
        let script = String::from_utf8(output.expect("adieu runs").stdout).expect("text");
        assert!(script.contains("sessions") && script.contains("passwd"), "{shell}");
    }
}
