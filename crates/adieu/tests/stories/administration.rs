//! What an operator does from day to day, by the real binary on a free folder: realms, users, clients, workers, endings.
//!
//! What cannot be undone is asked for first; nobody is at a terminal here.

use std::path::PathBuf;

use adieu::config::Config;
use serde_json::json;

use crate::commands::{Outcome, run, write};
use crate::running::at_free_ports;

/// An installation without anybody.
struct Installation {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Installation {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config: Config = at_free_ports();
        config.data = folder.path().join("data");
        let file = write(&config, folder.path());
        let installation = Self { folder, file };
        installation.done(&["init", "--no-user"]).await;
        installation
    }

    /// A file in its folder.
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    async fn run(&self, words: &[&str]) -> Outcome {
        run(&self.file, words).await
    }

    /// What a command says that is done.
    async fn done(&self, words: &[&str]) -> String {
        let outcome = self.run(words).await;
        assert_eq!(outcome.code, 0, "{words:?}: {}", outcome.err);
        outcome.out
    }

    /// Without a yes nothing is done, and the exit code is that of wrong usage.
    async fn asks_first(&self, words: &[&str]) {
        let outcome = self.run(words).await;
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{words:?}: {}", outcome.err);
        assert!(outcome.err.contains("nothing was done") && outcome.err.contains("--yes"), "{}", outcome.err);
    }
}

/// Goal: a client is made, found, given another secret with an overlap, and removed; its secrets are shown once, beside the answer.
#[tokio::test]
async fn clients_come_and_go_by_commands() {
    let at = Installation::new().await;
    let uri = "https://shop.test/cb";
    let made = at.run(&["client", "add", "Shop", "--id", "shop/1", "--redirect-uri", uri]).await;
    assert_eq!((made.code, made.out.as_str()), (0, "client Shop (shop/1) of realm /alpha\n"), "{}", made.err);
    assert!(made.err.contains("secret of client shop/1: "), "{}", made.err);
    assert_eq!(at.run(&["client", "add", "Shop", "--id", "shop/1"]).await.code, 1, "the id is taken");
    assert_eq!(at.run(&["client", "add", "Shop", "--redirect-uri", "javascript:alert(1)"]).await.code, 1);
    let listed = at.done(&["client", "list"]).await;
    assert!(listed.contains("shop/1  Shop  yes"), "{listed}");
    let shown = at.done(&["client", "show", "shop/1"]).await;
    assert!(shown.contains(uri) && shown.contains("pkce_required") && !shown.contains("secret "), "{shown}");

    let rotated = at.run(&["client", "rotate-secret", "shop/1", "--overlap-s", "60"]).await;
    assert!(
        rotated.out.starts_with("client shop/1 has another secret; the one before counts until 2"),
        "{}",
        rotated.out
    );
    assert!(rotated.err.contains("secret of client shop/1: "), "{}", rotated.err);
    let refused = at.run(&["client", "rotate-secret", "shop/1"]).await;
    assert!(refused.err.contains("An earlier secret of the client counts still"), "{}", refused.err);
    let rotated = at.run(&["client", "rotate-secret", "shop/1", "--overlap-s", "0", "--json"]).await.json();
    assert!(rotated["client_secret"].is_string() && rotated["previous_secret_until"].is_null());
    for (words, code) in [
        (&["client", "rotate-secret", "shop/1", "--overlap-s", "60", "--end-grants"][..], 2),
        (&["client", "rotate-secret", "shop/1", "--overlap-s", "7776001"], 1),
        (&["client", "rotate-secret", "nobody"], 3),
        (&["client", "show", "nobody"], 3),
        (&["client", "remove", "nobody", "--yes"], 3),
        (&["client", "add", "Shop", "--grant-type", "implicit"], 2),
        (&["client", "list", "--realm", "/nowhere"], 3),
    ] {
        assert_eq!(at.run(words).await.code, code, "{words:?}");
    }
    at.asks_first(&["client", "remove", "shop/1"]).await;
    assert_eq!(at.done(&["client", "remove", "shop/1", "--yes"]).await, "removed: client shop/1\n");
    assert_eq!(at.run(&["client", "show", "shop/1"]).await.code, 3);
}

/// Goal: S-CA-2: a client's public keys come from a file, a set or a single key; a private one is refused.
#[tokio::test]
async fn a_client_gets_its_keys_from_a_file() {
    let at = Installation::new().await;
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let file = at.file.with_file_name("till.jwks");
    let path = file.to_str().expect("a path");
    let add = ["client", "add", "Till", "--auth", "private_key_jwt", "--jwks", path, "--json"];
    for (text, code) in [
        (key.to_string(), 0),
        (json!({"keys": [key]}).to_string(), 0),
        (json!({"keys": [{"kty": "oct", "k": "AQAB"}]}).to_string(), 1),
        ("x".to_owned(), 1),
    ] {
        std::fs::write(&file, &text).expect("a file");
        let outcome = at.run(&add).await;
        assert_eq!(outcome.code, code, "{text}: {}", outcome.err);
        if code == 0 {
            assert_eq!(outcome.json()["jwks"]["keys"][0]["kty"], "OKP");
        }
    }
    assert_eq!(at.run(&["client", "add", "Till", "--auth", "private_key_jwt"]).await.code, 1, "without keys");
}

/// Goal: workers are those clients that administer in their own name.
#[tokio::test]
async fn workers_are_listed_and_removed() {
    let at = Installation::new().await;
    at.done(&["client", "add", "Shop"]).await;
    let made = at.run(&["worker", "add", "setup", "--json"]).await.json();
    let id = made["client_id"].as_str().expect("an id");
    let listed = at.done(&["worker", "list"]).await;
    assert!(listed.contains(id) && !listed.contains("Shop"), "{listed}");
    at.asks_first(&["worker", "remove", id]).await;
    at.done(&["worker", "remove", id, "--yes"]).await;
    assert!(!at.done(&["worker", "list"]).await.contains(id));
    // F-60: a client that is no worker is none to remove by that.
    at.done(&["client", "add", "plain", "--id", "plain1"]).await;
    let refused = at.run(&["worker", "remove", "plain1", "--yes"]).await;
    assert!(refused.code == 3 && refused.err.contains("plain1 is no worker"), "{}", refused.err);
    at.done(&["client", "show", "plain1"]).await;
    for (uri, said) in [("http://x.test/cb#f", "fragment"), ("http://x.test/c b", "a space")] {
        let refused = at.run(&["client", "add", "odd", "--redirect-uri", uri]).await;
        assert!(refused.code == 1 && refused.err.contains(said), "{}", refused.err);
    }
}

/// Goal: F-61, a lock is told where it keeps a user from signing on; no list has a length of none.
#[tokio::test]
async fn a_locked_account_is_told() {
    let at = Installation::new().await;
    at.done(&["user", "add", "sue"]).await;
    let document = "[[realms]]\npath = \"/alpha\"\n[[realms.users]]\nusername = \"sue\"\nlocked = true\n";
    let file = at.file("locked.toml", document);
    at.done(&["apply", &file]).await;
    let enabled = at.done(&["user", "enable", "sue"]).await;
    assert!(enabled.contains("but the account is locked"), "{enabled}");
    assert!(at.done(&["user", "list"]).await.contains("LOCKED"));
    at.done(&["user", "unlock", "sue"]).await;
    assert!(at.done(&["user", "enable", "sue"]).await.ends_with("can sign on\n"));
    for words in [["user", "list"], ["endings", "list"], ["client", "list"], ["sessions", "list"]] {
        assert_eq!(at.run(&[&words[..], &["--limit", "0"]].concat()).await.code, 2, "{words:?}");
    }
}

/// Goal: realms are made, users are found by a part of their name, shown and deleted.
#[tokio::test]
async fn realms_and_users_by_commands() {
    let at = Installation::new().await;
    assert!(at.done(&["realm", "add", "/beta"]).await.starts_with("realm /beta ("));
    assert_eq!(at.run(&["realm", "add", "/beta"]).await.code, 1, "it is there");
    assert_eq!(at.run(&["realm", "add", "beta"]).await.code, 1, "no path");
    for name in ["ada", "adam", "bob"] {
        at.done(&["user", "add", name, "--realm", "/beta"]).await;
    }
    let found = at.done(&["user", "list", "--contains", "AD", "--realm", "/beta"]).await;
    assert!(found.contains("ada ") && found.contains("adam ") && !found.contains("bob"), "{found}");
    assert_eq!(at.run(&["user", "list", "--contains", "a", "--name", "ada"]).await.code, 2);
    let shown = at.done(&["user", "show", "ada", "--realm", "/beta"]).await;
    assert!(shown.contains("username") && shown.contains("ada") && !shown.contains("argon2"), "{shown}");
    let reset = at.done(&["user", "reset-codes", "ada", "--realm", "/beta", "--reason", "lost"]).await;
    assert!(reset.ends_with("has no recovery codes any more\n"), "{reset}");
    at.asks_first(&["user", "delete", "ada", "--realm", "/beta"]).await;
    let deleted = at.done(&["user", "delete", "ada", "--realm", "/beta", "--yes"]).await;
    assert!(deleted.starts_with("deleted: user ada ("), "{deleted}");
    for words in [["user", "show", "ada"], ["user", "delete", "ada"], ["user", "reset-codes", "ada"]] {
        assert_eq!(at.run(&[&words[..], &["--realm", "/beta"]].concat()).await.code, 3, "{words:?}");
    }
}

/// Goal: whoever ends a whole realm sees first how many live sessions that are, and says yes.
#[tokio::test]
async fn a_realm_is_not_ended_by_accident() {
    let at = Installation::new().await;
    let end = &["end", "--realm", "/alpha"][..];
    let dry = at.done(&[end, &["--dry-run"]].concat()).await;
    assert_eq!(dry, "would end all sessions of realm /alpha (0 live sessions)\n");
    at.asks_first(end).await;
    let done = at.done(&[end, &["--yes"]].concat()).await;
    assert!(done.starts_with("ended: all sessions of realm /alpha (ending "), "{done}");
    assert_eq!(at.run(&["end", "--realm", "/nowhere", "--dry-run"]).await.code, 3);
}
