//! The commands of an operator as the program itself: what they print and how they end.
//!
//! A server in this process is the server that has the folder.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use adieu::assembled::AssembledServer;
use adieu::config::Config;
use adieu::real::{SystemClock, SystemEntropy};
use adieu_testkit::World;

/// Runs the program on a data folder; gives the exit status, standard output and standard error.
fn adieu(data: &Path, words: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adieu"));
    command.args(words).env("ADIEU_DATA", data);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // A program that refuses earlier does not read.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code().expect("a status"), text(stdout), text(stderr))
}

/// Makes an installation with nobody in it.
fn init(data: &Path) {
    let file = data.with_extension("toml");
    let (code, _, error) = adieu(data, &["init", "--no-user", "--config", file.to_str().expect("text")], "");
    assert_eq!(code, 0, "{error}");
}

const TOWN: &str = "[[realms]]\npath = '/town'\n[[realms.clients]]\nclient_id = 'shop'\ngrant_types = ['authorization_code']\n";

/// Goal: the people of the tests, whose passwords are published, are no part of the program that is shipped.
#[test]
fn no_command_makes_people_whose_passwords_are_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    assert_eq!(adieu(&data, &["cast"], "").0, 2);
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![source];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(&path).expect("a source");
                assert!(!text.contains("Rabbit-hole"), "{}", path.display());
            }
        }
    }
}

/// Goal: an operator sees what would change, makes it so once, and can go on by script.
#[test]
fn a_document_is_shown_applied_and_exported() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (code, _, says) = adieu(&data, &["apply", "--dry-run", "-"], TOWN);
    assert!(code == 1 && says.contains("there is no installation in") && !data.exists(), "{says}");
    init(&data);
    let (code, says, told) = adieu(&data, &["apply", "-"], TOWN);
    assert_eq!(code, 0);
    assert!(
        says.starts_with(
            "+ realm /town\n+ population Default in /town\n+ client shop in /town\n3 to change\n"
        )
    );
    assert!(says.ends_with("done\n") && !says.contains("secret"), "{says}");
    assert!(told.contains("secret of client shop: "), "{told}");
    let (code, says, _) = adieu(&data, &["apply", "-"], TOWN);
    assert_eq!((code, says.as_str()), (0, "nothing to change\n"));

    let (code, exported, _) = adieu(&data, &["export"], "");
    assert_eq!(code, 0);
    let dry = ["apply", "--dry-run", "--detailed-exitcode", "-"];
    assert_eq!(adieu(&data, &dry, &exported).0, 0);
    let other = TOWN.replace("authorization_code", "client_credentials");
    let (code, says, _) = adieu(&data, &dry, &other);
    let expect = "~ client shop in /town: grant_types [authorization_code] → [client_credentials]\n\
                  1 to change; nothing was changed\n";
    assert_eq!((code, says.as_str()), (5, expect));
    assert_eq!(adieu(&data, &["apply", "--dry-run", "-"], &other).0, 0);
    assert_eq!(adieu(&data, &["export"], "").1, exported, "a dry run changes nothing");
    let (code, _, says) = adieu(&data, &["apply", "-"], &TOWN.replace("grant_types", "grant_type"));
    assert_eq!(code, 1);
    assert!(
        says.contains("unknown name `realms.clients.grant_type`; did you mean `realms.clients.grant_types`?"),
        "{says}"
    );
    assert_eq!(adieu(&data, &["apply"], "").0, 2);
}

/// Goal: a client that was made before a refused step is shown with its secret, which is shown once; the exit status says that
/// not all was made.
/// Method: the database may have 4 MB, and the document has more.
#[test]
fn secrets_of_what_was_made_are_shown_although_a_later_step_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    // There is room for some of them only.
    let large = |n: usize| {
        let text = "x".repeat(900_000);
        format!("[[realms.users]]\nusername = 'user-{n}'\nmetadata_admin = '{{\"x\": \"{text}\"}}'\n")
    };
    let users: String = (0..8).map(large).collect();
    init(&data);
    let document = folder.path().join("document.toml");
    std::fs::write(&document, format!("{TOWN}{users}")).expect("a file");
    let mut apply = Command::new(env!("CARGO_BIN_EXE_adieu"));
    apply.arg("apply").arg(&document).env("ADIEU_DATA", &data).env("ADIEU_KEEP__PAGES_MAX", "1000");
    let Output { status, stdout, stderr } = apply.output().expect("it ends");
    let (says, error) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.code() == Some(4) && error.contains("stopped at `+ user user-"), "{error}");
    assert!(error.contains("secret of client shop: ") && !says.contains("done\n"), "{error}");
    // F-38: it says why, and not only that nothing was written.
    let why = "The disk is full, or the database is as large as it may be.";
    assert!(error.contains(why), "{error}");
}

/// Goal: a server that has the folder is no obstacle to a backup; a restore says what to do.
#[tokio::test]
async fn under_a_running_server_a_backup_is_taken_and_a_restore_is_refused() {
    let world = World::in_folder().await;
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup");
    let backup = backup.to_str().expect("text");
    let data = world.folder();
    let (code, says, error) = adieu(data, &["backup", "--to", backup], "");
    assert!(code == 0 && says.starts_with("backed up "), "{error}");
    let (code, _, error) = adieu(data, &["restore", "--from", backup, "--replace"], "");
    assert!(code == 1 && error.contains("is in use by another process"), "{error}");
    let place = folder.path().join("place");
    let (code, says, error) = adieu(&place, &["restore", "--from", backup, "--trial"], "");
    assert!(code == 0 && says.contains("nobody is signed on") && says.contains("take-over"), "{error}");
    let (code, _, error) = adieu(&place, &["take-over"], "");
    assert!(code == 2 && error.contains("say --yes"), "{error}");
    assert!(holds_notices(&place).await, "what is pending there waits for the folder");
    let (code, says, error) = adieu(&place, &["take-over", "--yes"], "");
    assert!(code == 0 && says.contains("from now on"), "{says}{error}");
    assert!(!holds_notices(&place).await);
    let (code, says, error) = adieu(&place, &["take-over"], "");
    assert!(code == 0 && says.contains("nothing to do"), "{says}{error}");
    let (code, _, error) = adieu(&folder.path().join("nowhere"), &["take-over", "--yes"], "");
    assert!(code == 1 && error.contains("there is no installation"), "{error}");
    let other = folder.path().join("other");
    let (code, says, error) = adieu(&other, &["restore", "--from", backup], "");
    assert!(code == 0 && says.contains("applications are told so as soon as"), "{says}{error}");
    let (code, says, error) = adieu(&other, &["take-over"], "");
    assert!(code == 0 && says.contains("nothing to do"), "{says}{error}");
    let (code, _, error) = adieu(&other, &["restore", "--from", backup, "--trial", "--takes-over"], "");
    assert!(code == 2 && error.contains("cannot be used with"), "{error}");
    let (code, exported, _) = adieu(&place, &["export", "--realm", "/alpha"], "");
    assert!(code == 0 && exported.contains("username = \"alice\""), "{exported}");
}

/// Whether a server on this folder says that notices are held.
async fn holds_notices(folder: &Path) -> bool {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let server = AssembledServer::open(&Config::default(), folder, clock, entropy).await.expect("a server");
    server.authority.notices_are_held()
}

/// Goal: a newcomer's slips are told in plain words, as wrong usage where they are that, and nothing is done.
#[test]
fn slips_are_told_in_plain_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    init(&data);
    assert_eq!(adieu(&data, &["apply", "-"], TOWN).0, 0);
    let town = ["--realm", "/town"];
    let with = |words: &[&'static str]| [words, &town].concat();
    for words in [
        &["end", "--session", "x"][..],
        &["end", "--user", "ada", "--except", "x"],
        &["sessions", "end", "x"],
        &["endings", "show", "x"],
        &["endings", "retry", "x"],
        &["realm", "add", "/other", "--id", "x"],
    ] {
        let (code, _, says) = adieu(&data, words, "");
        assert!(code == 2 && says.contains("'x'"), "{words:?}: {says}");
    }
    let (code, _, says) = adieu(&data, &with(&["user", "add", "ada"]), "\n");
    assert!(code == 2 && says.contains("no password was given"), "{says}");
    assert_eq!(adieu(&data, &with(&["user", "add", "ada", "--admin"]), "Rabbit-burrow-12\n").0, 0);
    let (_, shown, _) = adieu(&data, &with(&["user", "show", "ada"]), "");
    assert!(shown.contains("identity data admin of realm /town"), "{shown}");
    assert_eq!(adieu(&data, &with(&["worker", "add", "CI"]), "").0, 0);
    let (code, shown, says) = adieu(&data, &with(&["worker", "add", "CI"]), "");
    assert!(code == 1 && shown.is_empty() && says.contains("has a worker CI already"), "{says}");
    assert_eq!(adieu(&data, &["end", "--realm", "/town", "--yes"], "").0, 0);
    let (_, list, _) = adieu(&data, &["endings", "list", "--json"], "");
    assert!(list.contains("\"channel\": \"command\""), "{list}");
    let (_, list, _) = adieu(&data, &["endings", "list"], "");
    let head = list.lines().next().unwrap_or_default();
    assert!(head.contains("REALM  REACH") && list.contains("/town  realm"), "{list}");
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let (code, _, says) = adieu(&data, &["demo", "--exit", "--port", &port], "");
    assert!(code == 1 && says.contains(&format!("--port {port}: ")), "{says}");
}

/// Goal: a time has one spelling on the command line, that of the configuration; and a token with which nobody can register says so.
#[test]
fn times_have_units_and_a_token_that_counts_for_nothing_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    init(&data);
    assert_eq!(adieu(&data, &["apply", "-"], TOWN).0, 0);
    let add = ["registration-token", "add", "--realm", "/town", "--life-s"];
    let (code, made, says) = adieu(&data, &[&add[..], &["1h"]].concat(), "");
    assert!(code == 0 && says.contains("openid.registration is off"), "{made}{says}");
    let (code, _, says) = adieu(&data, &[&add[..], &["3600", "--json"]].concat(), "");
    assert_eq!(code, 0, "{says}");
    for soon in ["soon", "500ms", "-1"] {
        let (code, _, says) = adieu(&data, &["client", "rotate-secret", "shop", "--overlap-s", soon], "");
        assert_eq!(code, 2, "{soon}: {says}");
    }
    let (code, made, says) = adieu(&data, &["client", "rotate-secret", "shop", "--overlap-s", "1h 30m"], "");
    assert_eq!(code, 0, "{made}{says}");
    let on = folder.path().join("on.toml");
    std::fs::write(&on, "[openid]\nregistration = true\n").expect("written");
    let on = ["--config", on.to_str().expect("text")];
    let (code, _, says) = adieu(&data, &[&add[..], &["7d"], &on].concat(), "");
    assert!(code == 0 && !says.contains("openid.registration"), "{says}");
}

/// Goal: a dry run says of first passwords what the run itself would say: a variable that is not set, a file that is not there, a
/// password that the rules refuse, each with its user.
#[test]
fn a_dry_run_looks_at_first_passwords() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    init(&data);
    let short = folder.path().join("short");
    std::fs::write(&short, "abc\n").expect("written");
    let common = folder.path().join("common");
    std::fs::write(&common, "password\n").expect("written");
    let town = |place: String| format!("{TOWN}[[realms.users]]\nusername = 'ada'\n{place}\n");
    for (place, expect) in [
        ("password_env = 'ADIEU_TEST_NOT_SET'".to_owned(), "the variable ADIEU_TEST_NOT_SET is not set"),
        ("password_file = '/nowhere/at-all'".to_owned(), "the file /nowhere/at-all can't be read"),
        (format!("password_file = '{}'", short.display()), "at least"),
        (format!("password_file = '{}'", common.display()), "tried first"),
    ] {
        for words in [&["apply", "--dry-run", "-"][..], &["apply", "-"]] {
            let (code, shown, says) = adieu(&data, words, &town(place.clone()));
            assert!(code == 1 && says.contains(expect) && says.contains("ada"), "{place}: {shown}{says}");
        }
    }
}

/// Goal: `check-config` tells every fault of a file in one go, and none twice, and what is wrong with the key of the data folder.
#[test]
fn a_check_tells_all_faults_and_looks_at_the_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, file) = (folder.path().join("data"), folder.path().join("adieu.toml"));
    init(&data);
    let check = |text: &str| {
        std::fs::write(&file, text).expect("written");
        adieu(&data, &["check-config", "--config", file.to_str().expect("text")], "")
    };
    let realms = "[[realms]]\npath = '/alpha'\n";
    let (code, _, says) = check(&format!(
        "log = 'verbose'\n[admin]\nlisten = '0.0.0.0:4434'\n[kratos]\nrealm = '/nix'\nschema_file = '/nowhere'\n{realms}"
    ));
    for key in ["log", "admin.listen", "kratos.realm", "kratos.schema_file"] {
        assert_eq!((code, says.matches(&format!("{key} = ")).count()), (1, 1), "{key}: {says}");
    }
    let (_, _, says) = check("[kratos]\nrealm = '/alpha'\n[[realms]]\npath = '/Al pha'\n");
    assert!(
        says.contains("realms.path") && !says.contains("kratos.realm"),
        "what follows from a fault is none: {says}"
    );
    assert_eq!(check(realms).0, 0);
    let key = data.join("installation.key");
    let kept = std::fs::read(&key).expect("a key");
    std::fs::write(&key, [7; 32]).expect("written");
    let (code, _, says) = check(&format!("data = '/elsewhere'\n{realms}"));
    assert!(code == 1 && says.contains("is not the key of the database"), "{says}");
    assert!(says.contains("ADIEU_DATA: data = "), "it is told as all faults are: {says}");
    std::fs::remove_file(&key).expect("removed");
    let (code, _, says) = check(realms);
    assert!(code == 1 && says.contains("is missing beside its database"), "{says}");
    std::fs::write(&key, kept).expect("written");
    assert_eq!(check(realms).0, 0);
}
