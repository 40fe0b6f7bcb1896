//! `adieu upstream …` on a free folder: added with its addresses, listed, shown, linked, switched off, removed.
//!
//! The real binary. No secret is in what it says, nor in the folder.

use crate::commands::{run, write};
use crate::running::at_free_ports;

/// Goal: two commands set a provider up; the first one says what is registered there, and nothing says the secret.
#[tokio::test]
async fn a_provider_is_set_up_by_commands() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = at_free_ports();
    config.data = folder.path().join("data");
    let file = write(&config, folder.path());
    assert_eq!(run(&file, &["init", "--no-user"]).await.code, 0);
    assert_eq!(run(&file, &["user", "add", "ada"]).await.code, 0);
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "hush-hush-hush\nand more\n").expect("a file");
    let secret = secret.to_str().expect("a path");

    let add = ["upstream", "add", "corp", "https://id.corp.test", "adieu-client"];
    let made = run(&file, &[&add[..], &["--secret-file", secret, "--title", "Corp"]].concat()).await;
    assert_eq!(made.code, 0, "{}", made.err);
    let base = format!("{}/o/alpha/upstream/corp", config.public.url);
    for (name, end) in [
        ("redirect_uri", "callback"),
        ("backchannel_logout_uri", "backchannel-logout"),
        ("frontchannel_logout_uri", "frontchannel-logout"),
    ] {
        let line = made.out.lines().find(|line| line.trim_start().starts_with(name)).expect("a line");
        assert!(line.ends_with(&format!("{base}/{end}")), "{line}");
    }
    assert_eq!(run(&file, &add).await.code, 1, "its name is taken");
    let without = run(&file, &["upstream", "add", "open", "https://open.test", "adieu-client"]).await;
    assert!(without.code == 0 && without.out.contains("it has no secret"), "{}", without.out);
    let given = run(&file, &["upstream", "set-secret", "open", "--secret-file", secret, "--json"]).await;
    assert_eq!((given.code, &given.json()["has_secret"]), (0, &true.into()), "{}", given.err);
    assert_eq!(run(&file, &["upstream", "set-secret", "other", "--secret-file", secret]).await.code, 3);
    let list = run(&file, &["upstream", "list"]).await;
    assert!(
        list.out.starts_with("NAME  ISSUER") && list.out.contains("https://id.corp.test"),
        "{}",
        list.out
    );
    let shown = run(&file, &["upstream", "show", "corp", "--json"]).await;
    assert_eq!((&shown.json()["has_secret"], &shown.json()["creates_users"]), (&true.into(), &false.into()));

    let linked = run(&file, &["upstream", "link", "corp", "u-1", "ada"]).await;
    assert_eq!(linked.code, 0, "{}", linked.err);
    let links = run(&file, &["upstream", "links", "ada"]).await;
    assert!(links.out.contains("https://id.corp.test  u-1"), "{}", links.out);
    assert_eq!(run(&file, &["upstream", "unlink", "corp", "u-1", "ada"]).await.code, 0);
    assert_eq!(run(&file, &["upstream", "unlink", "corp", "u-1", "ada"]).await.code, 3);
    let off = run(&file, &["upstream", "disable", "corp", "--json"]).await.json();
    assert_eq!(off["enabled"], false);
    assert_eq!(run(&file, &["upstream", "enable", "corp"]).await.code, 0);

    for (words, code) in [
        (&["upstream", "show", "other"][..], 3),
        (&["upstream", "link", "corp", "u-1", "nobody"], 3),
        (&["upstream", "add", "Bad", "https://id.corp.test", "x"], 1),
        (&["upstream", "remove", "corp"], 2),
        (&["upstream", "remove", "corp", "--yes"], 0),
        (&["upstream", "remove", "corp", "--yes"], 3),
    ] {
        let outcome = run(&file, words).await;
        assert_eq!(outcome.code, code, "{words:?}: {}", outcome.err);
        assert!(!outcome.out.contains("hush") && !outcome.err.contains("hush"));
    }
    let database = std::fs::read_dir(&config.data).expect("a folder").filter_map(Result::ok);
    for entry in database.filter(|entry| entry.path().is_file()) {
        let bytes = std::fs::read(entry.path()).expect("a file");
        assert!(!bytes.windows(9).any(|some| some == b"hush-hush"), "{}", entry.path().display());
    }
}
