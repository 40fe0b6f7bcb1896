//! Which installation a command speaks to, and that what it says is not lost: the real binary, as an operator has it.
//!
//! Pipes are closed before the command writes, so nothing depends on who is faster.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

struct Operator {
    folder: tempfile::TempDir,
}

impl Operator {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A command given in the operator's folder, where nothing is configured but what the variables say.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_adieu"));
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null()).env_remove("RUST_LOG");
        command
    }

    fn run(&self, words: &[&str]) -> (i32, String, String) {
        said(self.command(words).output().expect("adieu runs"))
    }

    /// An installation with the configuration that `init` writes, on ports that nobody listens at.
    fn init(&self) -> std::path::PathBuf {
        let (code, out, error) = self.run(&["init"]);
        assert_eq!(code, 0, "{out}{error}");
        self.path("adieu.toml")
    }
}

fn said(Output { status, stdout, stderr }: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// Goal: F-24: whoever asks in the wrong folder is told so, and nothing is made there.
#[test]
fn no_command_makes_an_installation_on_its_way() {
    let operator = Operator::new();
    std::fs::write(operator.path("doc.toml"), "[[realms]]\npath = '/alpha'").expect("a file");
    let id = "00000000-0000-4000-8000-000000000000";
    for words in [
        &["user", "add", "alice"][..],
        &["user", "passwd", "alice"],
        &["user", "disable", "alice"],
        &["user", "enable", "alice"],
        &["user", "unlock", "alice"],
        &["user", "list"],
        &["worker", "add", "setup"],
        &["worker", "list"],
        &["worker", "remove", id],
        &["client", "add", "shop"],
        &["client", "list"],
        &["client", "show", id],
        &["client", "rotate-secret", id],
        &["client", "remove", id],
        &["user", "show", "alice"],
        &["user", "reset-codes", "alice"],
        &["user", "delete", "alice"],
        &["realm", "add", "/beta"],
        &["realm", "list"],
        &["keys", "list"],
        &["keys", "rotate"],
        &["sessions", "list"],
        &["sessions", "end", id],
        &["end", "--user", "alice"],
        &["end", "--realm", "/alpha"],
        &["export"],
        &["apply", "doc.toml"],
        &["apply", "doc.toml", "--dry-run"],
        &["backup", "--to", "backup"],
        &["restore", "--from", "nowhere"],
        &["seed", "--sessions", "1", "--users", "1"],
        &["check-config"],
    ] {
        let output =
            operator.command(words).env("ADIEU_PASSWORD", "correct-horse-9").output().expect("adieu runs");
        let (code, out, error) = said(output);
        let expect = if words == ["check-config"] { 0 } else { 1 };
        assert_eq!(code, expect, "{words:?}: {out}{error}");
        for made in ["data", "backup"] {
            assert!(!operator.path(made).exists(), "{words:?} makes {made}");
        }
    }
}

/// Goal: F-24: the configuration is that of `--config`, else of the variable; commands say which installation they mean.
#[test]
fn a_command_says_which_installation_it_means() {
    let operator = Operator::new();
    let file = operator.init();
    let data = operator.path("data");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let list =
        |command: &mut Command| said(command.current_dir(elsewhere.path()).output().expect("adieu runs"));
    let by_variable = list(operator.command(&["user", "list"]).env("ADIEU_CONFIG", &file));
    let by_word = list(
        operator
            .command(&["user", "list", "--config", file.to_str().expect("text")])
            .env("ADIEU_CONFIG", "/nope"),
    );
    assert_eq!(by_variable, by_word);
    let (code, out, error) = by_variable;
    assert!(code == 0 && out.contains("admin "), "{out}{error}");
    assert_eq!(error, format!("adieu: the installation in {}\n", data.display()));
    let (code, _, error) = list(&mut operator.command(&["user", "list"]));
    let nothing = format!("there is no installation in {}", elsewhere.path().join("data").display());
    assert!(code == 1 && error.contains(&nothing), "{error}");
    assert!(std::fs::read_dir(elsewhere.path()).expect("a folder").next().is_none());
}

/// Goal: whoever gives a command beside the file that `init` wrote, and does not name it, is told so; the defaults of another
/// installation are never taken for it. Method: every word that reads a configuration, and the ways to name one or none.
#[test]
fn a_configuration_at_hand_is_named_or_refused() {
    let operator = Operator::new();
    let file = operator.init();
    for words in [
        &["serve"][..],
        &["check-config"],
        &["user", "list"],
        &["worker", "list"],
        &["client", "list"],
        &["realm", "list"],
        &["keys", "list"],
        &["sessions", "list"],
        &["end", "--user", "admin"],
        &["export"],
        &["apply", "doc.toml", "--dry-run"],
        &["backup", "--to", "backup"],
        &["restore", "--from", "backup", "--replace"],
        &["seed", "--sessions", "1", "--users", "1"],
    ] {
        let (code, out, error) = operator.run(words);
        let named = error.contains(&format!("export ADIEU_CONFIG={}", file.display()));
        assert!(code == 2 && out.is_empty() && named, "{words:?} ({code}): {out}{error}");
    }
    let named = operator.run(&["check-config", "--config", "adieu.toml"]);
    assert!(named.0 == 0 && named.1.contains("development = true"), "{named:?}");
    let none = operator.run(&["check-config", "--config", "/dev/null"]);
    assert!(none.0 == 0 && none.1.contains("development = false"), "{none:?}");
}

/// Goal: `init` makes a configuration, an installation and a user, once; what can't be made leaves nothing behind.
#[test]
fn init_makes_what_can_be_served() {
    let operator = Operator::new();
    let (code, out, error) = operator.run(&["init", "--user", "ada"]);
    assert!(
        code == 0 && out.contains("adieu serve --config") && out.contains("/self-service/login/browser"),
        "{out}{error}"
    );
    assert!(error.contains("password of ada: ") && !out.contains("password"), "{error}");
    let (code, _, error) = operator.run(&["check-config", "--config", "adieu.toml"]);
    assert_eq!(code, 0, "{error}");
    let (code, _, error) = operator.run(&["init"]);
    assert!(code == 1 && error.contains("there is an installation in"), "{error}");
    assert!(operator.path("adieu.toml").exists(), "what was there stays");
    let production = ["init", "--production", "--config", "p.toml", "--data", "p", "--url"];
    let (code, _, error) = operator.run(&[&production[..], &["id.example.test"]].concat());
    assert!(code == 1 && error.contains("public.url"), "{error}");
    assert!(!operator.path("p.toml").exists() && !operator.path("p").exists(), "nothing is left");
    let (code, _, error) = operator.run(&[&production[..], &["http://id.example.test"]].concat());
    assert!(code == 1 && error.contains("over https") && !operator.path("p.toml").exists(), "{error}");
    let elsewhere = ["init", "--no-user", "--config", "etc/adieu/adieu.toml", "--data", "d"];
    let (code, _, error) = operator.run(&elsewhere);
    assert!(code == 0 && operator.path("etc/adieu/adieu.toml").exists(), "{error}");
    let (code, out, error) = operator.run(&[&production[..], &["https://id.example.test/"]].concat());
    assert!(code == 0 && out.contains("https://id.example.test/self-service"), "{out}{error}");
    let (code, _, _) = operator.run(&["init", "--production", "--config", "q.toml"]);
    assert_eq!(code, 2, "production has an address");
}

/// Goal: the first user's password is held against the rules of the realm that the configuration names, before anything is made.
/// Method: shorter and longer rules, in the section and of the realm, a common one, an own name; a password that is drawn fits.
#[test]
fn the_first_password_is_held_against_the_rules_of_its_realm() {
    let long = "[[realms]]\npath = '/alpha'\npassword_length_min = 40";
    let lax = "[passwords]\nlength_min = 3\ncommon_refused = false";
    for (rules, password, refused) in [
        (lax, Some("abc"), None),
        (lax, Some("ab"), Some("it has 2 of at least 3 characters")),
        (long, Some("correct-horse-battery-9"), Some("it has 23 of at least 40 characters")),
        (long, None, None),
        ("", Some("password"), Some("tried first")),
        ("", Some("lovelace"), Some("the user's own name")),
        ("", Some("Rabbit-hole-11"), None),
    ] {
        let operator = Operator::new();
        std::fs::write(operator.path("adieu.toml"), rules).expect("a file");
        let mut command = operator.command(&["init", "--user", "lovelace", "--config", "adieu.toml"]);
        if let Some(password) = password {
            command.env("ADIEU_PASSWORD", password);
        }
        let (code, out, error) = said(command.output().expect("adieu runs"));
        match refused {
            None => assert_eq!(code, 0, "{rules} {password:?}: {out}{error}"),
            Some(why) => assert!(code == 1 && error.contains(why), "{rules} {password:?}: {out}{error}"),
        }
        assert_eq!(operator.path("data").exists(), refused.is_none(), "{rules} {password:?}");
    }
    let operator = Operator::new();
    let (code, _, error) = operator.run(&["init", "--user", ""]);
    assert!(code == 1 && error.contains("--user"), "{error}");
    assert!(!operator.path("data").exists() && !operator.path("adieu.toml").exists(), "nothing is left");
}

const SHOP: &str = "[[realms]]\npath = '/alpha'\n[[realms.clients]]\nclient_id = 'shop'\ngrant_types = ['authorization_code']\n\
                    [[realms.users]]\nusername = 'zoe'\n";

/// Starts a command whose readers of both outputs are gone before it writes; gives how it ended.
fn with_closed_pipes(mut command: Command) -> Option<i32> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("adieu runs");
    drop((child.stdout.take(), child.stderr.take()));
    let input = child.stdin.take().expect("piped");
    let written = (&input).write_all(SHOP.as_bytes());
    drop((input, written)); // Only `apply` reads, and it waits for this.
    child.wait().expect("it ends").code()
}

/// Goal: F-25: `adieu apply … | head`: all is done, no secret is lost, nothing panics.
#[test]
fn a_closed_pipe_stops_no_command() {
    let operator = Operator::new();
    let file = operator.init();
    let secrets = operator.path("secrets");
    let command = |words: &[&str]| {
        let mut command = operator.command(words);
        command.env("ADIEU_CONFIG", &file).env("ADIEU_PASSWORD", "correct-horse-9");
        command
    };
    let apply = ["apply", "-", "--secrets-to", secrets.to_str().expect("text")];
    assert_eq!(with_closed_pipes(command(&apply)), Some(0));
    let written = std::fs::read_to_string(&secrets).expect("the secrets");
    assert!(written.starts_with("shop ") && written.trim().len() > 20, "{written}");
    assert_eq!(std::fs::metadata(&secrets).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(
        with_closed_pipes(command(&apply)),
        Some(0),
        "a second time no secret is made, and no file wanted"
    );
    assert_eq!(std::fs::read_to_string(&secrets).expect("the secrets"), written);
    let (_, users, _) = said(command(&["user", "list"]).output().expect("adieu runs"));
    assert!(users.contains("zoe"), "what comes behind the client is made, too: {users}");
    let (code, _, error) = said(
        command(&["worker", "add", "setup", "--secrets-to", secrets.to_str().expect("text")])
            .output()
            .expect("adieu runs"),
    );
    assert!(code == 1 && error.contains("a new file is wanted"), "nothing is written over: {error}");
    let more = operator.path("more");
    assert_eq!(
        with_closed_pipes(command(&["worker", "add", "setup", "--secrets-to", more.to_str().expect("text")])),
        Some(0)
    );
    assert!(std::fs::read_to_string(more).is_ok_and(|text| text.len() > 20));
    let backup = operator.path("backup");
    let place = backup.to_str().expect("text");
    for (words, code) in [
        (&["user", "list"][..], 0),
        (&["user", "list", "--json"], 0),
        (&["user", "add", "yves"], 0),
        (&["user", "disable", "yves"], 0),
        (&["user", "disable", "nobody"], 3),
        (&["realm", "list"], 0),
        (&["keys", "rotate"], 0),
        (&["keys", "list"], 0),
        (&["sessions", "list"], 0),
        (&["end", "--user", "yves"], 0),
        (&["export"], 0),
        (&["apply", "-", "--dry-run"], 0),
        (&["apply", "-"], 0),
        (&["check-config"], 0),
        (&["completions", "bash"], 0),
        (&["seed", "--sessions", "1", "--users", "1"], 0),
        (&["backup", "--to", place], 0),
        (&["restore", "--from", place, "--replace"], 0),
        (&["--help"], 0),
        (&["no-such-command"], 2),
    ] {
        assert_eq!(with_closed_pipes(command(words)), Some(code), "{words:?}");
    }
    assert!(!is_empty(&operator.path("data")));
}

/// Goal: whoever applies at every change names one file for secrets; it may be there as long as none is made, and else is refused before
/// anything changes.
#[test]
fn a_file_for_secrets_is_wanted_where_one_is_made() {
    let operator = Operator::new();
    let (file, secrets, document) = (operator.init(), operator.path("secrets"), operator.path("shop.toml"));
    let run = |words: &[&str]| {
        let mut command = operator.command(words);
        said(command.env("ADIEU_CONFIG", &file).output().expect("adieu runs"))
    };
    let apply = |text: &str| {
        std::fs::write(&document, text).expect("a file");
        run(&["apply", document.to_str().expect("text"), "--secrets-to", secrets.to_str().expect("text")])
    };
    let client = |id: &str, rest: &str| format!("[[realms.clients]]\nclient_id = '{id}'\n{rest}\n");
    let (code, _, error) = apply(SHOP);
    assert_eq!(code, 0, "{error}");
    let written = std::fs::read_to_string(&secrets).expect("the secrets");
    let keys = "token_endpoint_auth_method = 'private_key_jwt'\njwks_uri = 'https://till.test/jwks'";
    let public = client("spa", "token_endpoint_auth_method = 'none'");
    let without = format!("{SHOP}{public}{}", client("till", keys));
    let (code, _, error) = apply(&without);
    assert_eq!(code, 0, "{error}");
    let (code, _, error) = apply(&format!("{without}{}", client("spa2", "client_name = 'Two'")));
    assert!(code == 1 && error.contains("a new file is wanted"), "{error}");
    let (_, clients, _) = run(&["client", "list", "--realm", "/alpha"]);
    assert!(clients.contains("till") && !clients.contains("spa2"), "nothing of it was done: {clients}");
    assert_eq!(std::fs::read_to_string(&secrets).expect("the secrets"), written);
    let narrow = [
        "client", "add", "Narrow", "--id", "narrow", "--realm", "/alpha", "--scope", "openid", "--scope",
        "email",
    ];
    assert_eq!(run(&narrow).0, 0);
    let (_, shown, _) = run(&["client", "show", "narrow", "--json"]);
    assert!(shown.contains("\"openid email\""), "{shown}");
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}
