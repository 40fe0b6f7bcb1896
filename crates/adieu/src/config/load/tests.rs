//! What a configuration is refused for, and what is said of it.
//!
//! Nothing is served here: which configurations `serve` takes is a story of the whole server.

use super::*;

fn from(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("adieu.toml");
    std::fs::write(&path, text).expect("a file");
    load(Some(&path), environment.iter().map(|(k, v)| (k.to_string(), v.to_string())))
}

/// What is said, without the name of the folder.
fn said(text: &str, environment: &[(&str, &str)]) -> String {
    let error = from(text, environment).expect_err(text);
    let file = error.file.clone().expect("a file");
    error.to_string().replace(&file.display().to_string(), "adieu.toml")
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one_of_its_section() {
    for (text, says) in [
        (
            "[kratos]\ncookie_nam = 'x'",
            "adieu.toml:2: unknown key `kratos.cookie_nam`; did you mean `kratos.cookie_name`?",
        ),
        ("dta = 'x'", "adieu.toml:1: unknown key `dta`; did you mean `data`?"),
        (
            "\n[am]\ncookie_domain = 'x'",
            "adieu.toml:3: unknown key `am.cookie_domain`; did you mean `am.cookie_domains`?",
        ),
        ("[kratso]\nx = 1", "adieu.toml:1: unknown key `kratso`; did you mean `kratos`?"),
        (
            "[[realms]]\npath = '/a'\n[[realms]]\npath = '/alpha'\npingone_ur = 'x'",
            "adieu.toml:5: unknown key `realms.pingone_ur`; did you mean `realms.pingone_url`?",
        ),
    ] {
        assert_eq!(said(text, &[]), says);
    }
}

/// F-20: every refusal names line, key, value, and what would be right; all of a file are told at once.
#[test]
fn all_faults_are_told_with_their_lines() {
    let text = "log = 'verbose'\n[kratos]\ncookie_name = 'bad name;'\nsession_lifetime_s = 0\nsession_lifetime = 1\n";
    let says = said(text, &[("ADIEU_AM__IDLE_S", "soon")]);
    let lines: Vec<&str> = says.lines().collect();
    assert_eq!(lines[0], "the configuration has 5 faults:");
    for (line, begins) in lines[1..].iter().zip([
        "  adieu.toml:1: log = \"verbose\": a level is wanted",
        "  adieu.toml:3: kratos.cookie_name = \"bad name;\": a cookie's name is letters",
        "  adieu.toml:4: kratos.session_lifetime_s = 0: between 1s and ",
        "  adieu.toml:5: unknown key `kratos.session_lifetime`; did you mean `kratos.session_lifetime_s`?",
        "  ADIEU_AM__IDLE_S: am.idle_s = \"soon\": a time is a number of seconds, or a text with units",
    ]) {
        assert!(line.starts_with(begins), "{line}\n{begins}");
    }
    let says = said(
        "development = true\n[[realms]]\npath = '/a'\n\n[[realms]]\npath = '/a'\n[kratos]\nrealm='/a'\n[check]\nrealm='/nix'",
        &[],
    );
    assert!(says.contains("adieu.toml:6: realms.path = \"/a\": this realm is named twice"), "{says}");
    assert!(
        says.contains("adieu.toml:10: check.realm = \"/nix\": there is no such realm, but /, /a"),
        "{says}"
    );
}

#[test]
fn the_environment_wins_over_the_file() {
    let environment = [
        ("ADIEU_KRATOS__COOKIE_NAME", "env"),
        ("ADIEU_KRATOS__SESSION_LIFETIME_S", "7"),
        ("ADIEU_AM__IDLE_S", "10m"),
        ("ADIEU_KRATOS__CORS_ORIGINS", "['https://App.example.test:443/']"),
        ("ADIEU_ADMIN__TOKEN", "0123456789012345678"),
        ("ADIEU_PORT", "tcp://10.96.0.7:4433"),
        ("OTHER", "x"),
    ];
    let config = from("[kratos]\ncookie_name = 'file'", &environment).expect("a configuration");
    assert_eq!((config.kratos.cookie_name.as_str(), config.kratos.session_lifetime_s), ("env", 7));
    assert_eq!(
        (config.am.idle_s, &config.kratos.cors_origins),
        (600, &vec!["https://app.example.test".to_owned()])
    );
    assert_eq!(config.admin.token.reveal(), "0123456789012345678");
}

/// Goal: every fault at once: each item of a list, and each key that names a realm which is not there.
#[test]
fn each_item_and_each_key_of_one_fault_is_told() {
    let says = said("[public]\ntrusted_proxies = ['10.0.0.0/33', '192.0.2.1', 'proxy.local']", &[]);
    assert!(says.contains("\"10.0.0.0/33\"") && says.contains("\"proxy.local\""), "{says}");
    let says = said("[[realms]]\npath = '/beta'", &[]);
    assert!(says.contains("kratos.realm = ") && says.contains("check.realm = "), "{says}");
}

/// Goal: an address that is not said is that of its listener, so that whoever changes the port need not remember the other key.
#[test]
fn an_address_that_is_not_said_follows_its_listener() {
    let config = from("[public]\nlisten = '127.0.0.1:9997'\n[admin]\nlisten = '[::1]:9998'", &[]);
    let config = config.expect("a configuration");
    assert_eq!(config.public.url, "http://127.0.0.1:9997");
    assert_eq!(config.admin.url, "http://[::1]:9998");
    let config = from("", &[("ADIEU_PUBLIC__LISTEN", "127.0.0.1:80")]).expect("a configuration");
    assert_eq!((config.public.url.as_str(), config.kratos_url()), ("http://127.0.0.1", "http://127.0.0.1"));
    let config = from("", &[]).expect("a configuration");
    assert_eq!(
        (config.public.url, config.admin.url),
        (Config::default().public.url, Config::default().admin.url)
    );
}

/// F-21: what no variable means is refused as a variable.
#[test]
fn an_unknown_variable_is_named_as_a_variable() {
    let says = said("", &[("ADIEU_PUBLIC_URL", "http://127.0.0.1")]);
    assert_eq!(says, "ADIEU_PUBLIC_URL: unknown variable; did you mean ADIEU_PUBLIC__URL?");
    let says = said("", &[("ADIEU_PORT", "4433")]);
    assert!(says.starts_with("ADIEU_PORT: unknown variable"), "{says}");
    let says = said("[[realms]]\npath = '/alpha'", &[("ADIEU_REALMS__PATH", "/x")]);
    assert!(says.contains("only the file"), "{says}");
    let config =
        from("", &[("ADIEU_REALMS", "[{path = '/alpha'}, {path = '/beta'}]")]).expect("a configuration");
    assert_eq!(config.realms.len(), 2);
    let says = said("", &[("ADIEU_REALMS", "[{path = '/alpha'}, {path = '/Beta'}]")]);
    assert!(says.starts_with("ADIEU_REALMS: realms.path = \"/Beta\""), "{says}");
}

/// F-19, F-20: what stands in the file in another spelling is used in one form.
#[test]
fn values_have_one_form() {
    let config = from(
        "[public]\nurl = 'HTTP://127.0.0.1:4433/'\n[kratos]\nsession_lifetime_s = '24h'\n\
         allowed_return_urls = ['https://*.wild.example.test/']\ncors_origins = ['https://*.wild.example.test/']\n\
         default_return_url = 'https://app.example.test/'\n[pingone]\nauth_url = 'https://auth.example.test:443/'",
        &[],
    )
    .expect("a configuration");
    assert_eq!(config.public.url, "http://127.0.0.1:4433");
    assert_eq!(config.kratos.session_lifetime_s, 86_400);
    assert_eq!(config.kratos.cors_origins, ["https://*.wild.example.test"]);
    assert_eq!(config.kratos.default_return_url, "https://app.example.test/", "kept as it is written");
    assert_eq!(config.pingone.auth_url, "https://auth.example.test");
}

/// EMPTY-HANDS: no message shows a secret, whatever is wrong with it.
#[test]
fn no_secret_is_in_a_message() {
    for (text, environment) in [
        ("[admin]\ntoken = 'hunter2'", &[][..]),
        ("[admin]\ntoken = hunter2", &[]),
        ("[admin]\ntoken = 'hunter2\n", &[]),
        ("[admin]\ntoken = ['hunter2']", &[]),
        ("[admin]\ntken = 'hunter2'", &[]),
        ("[admin.token]\nvalue = 'hunter2'", &[]),
        ("[public]\nurl = 'https://ada:hunter2@id.example.test'", &[]),
        ("[kratos]\ncors_origins = ['https://ada:hunter2@app.example.test']", &[]),
        ("", &[("ADIEU_ADMIN__TOKEN", "hunter2")]),
        ("", &[("ADIEU_ADMIN_TOKEN", "hunter2")]),
    ] {
        let says = said(text, environment);
        assert!(!says.contains("hunter2"), "{text}: {says}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "hunter2").expect("a file");
    let says = said(&format!("[admin]\ntoken_file = '{}'", file.display()), &[]);
    assert!(says.contains("admin.token_file") && !says.contains("hunter2"), "{says}");
}

/// Goal: whoever would open the admin listener to a network is told what is missing.
#[test]
fn the_admin_listener_leaves_loopback_only_with_a_credential_and_a_certificate() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (cert, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    std::fs::write(&cert, made.cert.pem()).expect("a file");
    let token = "token = '0123456789abcdef'\n";
    let tls = format!("tls_cert = '{}'\ntls_key = '{}'\n", cert.display(), key.display());
    let beyond = "[admin]\nlisten = '0.0.0.0:4434'\n";
    for missing in [beyond.to_owned(), format!("{beyond}{token}"), format!("{beyond}{tls}")] {
        let says = said(&missing, &[]);
        assert!(says.contains("admin.token_file") && says.contains("admin.tls_cert"), "{says}");
    }
    let url = "url = 'https://localhost:4434'\n";
    assert!(from(&format!("{beyond}{url}{token}{tls}"), &[]).is_ok());
    assert!(from(&format!("[admin]\n{token}"), &[]).is_ok(), "on loopback it may have one");
    let public = format!("[public]\nlisten = '0.0.0.0:4433'\nurl = 'https://localhost:4433'\n{tls}");
    assert!(from(&public, &[]).is_ok());
    let says = said(&public.replace("k.pem", "none.pem"), &[]);
    assert!(says.contains("public.tls_key = ") && says.contains("No such file"), "{says}");
    let says = said(&public.replace("c.pem", "none.pem"), &[]);
    assert!(says.contains("public.tls_cert = ") && says.contains("No such file"), "{says}");
    let says = said("[public]\nlisten = '0.0.0.0:4433'", &[]);
    assert!(says.contains("public.tls_cert") && says.contains("public.trusted_proxies"), "{says}");
}

const DATABASE: &str = "postgres://ada:hunter2@db.test/adieu";

/// Goal: EMPTY-HANDS: what is wrong with a database's address, its key or what stands beside them is told by key, and no password with it.
#[test]
fn what_is_said_of_a_database_fits_together() {
    let key = "0f".repeat(32);
    for (lines, says) in [
        ("key = 'KEY'", "adieu.toml:2: store.key: there is no store.url"),
        ("ca_file = '/nowhere'", "adieu.toml:2: store.ca_file: there is no store.url"),
        (
            "url = 'mysql://ada:hunter2@db.test/adieu'",
            "adieu.toml:2: store.url: the address of the store can't be read",
        ),
        (
            "url = 'URL?sslmode=require'",
            "store.ca_file: the certificates to trust for the store can't be read",
        ),
        ("url = 'URL'\npassword_file = '/nowhere'", "adieu.toml:3: store.password_file = \"/nowhere\""),
        ("url = 'URL'\nkey = 'hunter2'", "adieu.toml:3: store.key: 64 hexadecimal digits are wanted"),
        ("url = 'URL'\nkey_file = '/nowhere'", "adieu.toml:3: store.key_file: /nowhere can't be read"),
        (
            "url = 'URL'\nkey = 'KEY'\nkey_file = '/nowhere'",
            "adieu.toml:4: store.key_file = \"/nowhere\": store.key is there, too",
        ),
        (
            "url = 'URL'\n[keep]\npages_max = 5000",
            "adieu.toml:4: keep.pages_max = 5000: it is of the data folder's database",
        ),
        ("url = 'URL'\nwriters = 5", "adieu.toml:3: store.writers = 5: a number between 1 and 4 is wanted"),
    ] {
        let text = format!("[store]\n{}", lines.replace("URL", DATABASE).replace("KEY", &key));
        let told = said(&text, &[]);
        assert!(told.contains(says), "{told}\n{says}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    let text = "[store]\nurl = 'postgres://ada@%2Frun%2Fpostgresql/adieu'\nwriters = 4";
    let config = from(text, &[("ADIEU_STORE__KEY", &key)]).expect("sound");
    assert!(config.store.installation_key().expect("a key").is_some());
}

/// Goal: the short name of the address means what the long one does, wins over the file, and both at once are refused.
#[test]
fn a_variable_with_a_short_name_is_the_address_of_the_database() {
    let config = from("[store]\nurl = 'postgres://ada@other.test/adieu'", &[("ADIEU_STORE", DATABASE)])
        .expect("sound");
    assert_eq!(config.store.url.reveal(), DATABASE);
    let shown = toml::to_string(&config).expect("text");
    assert!(!shown.contains("hunter2") && shown.contains("url = \"***\""), "{shown}");
    let both = [("ADIEU_STORE", DATABASE), ("ADIEU_STORE__URL", DATABASE)];
    let told = said("", &both);
    assert_eq!(told, "ADIEU_STORE__URL: ADIEU_STORE says store.url, too: set one of them");
}

#[test]
fn a_database_beyond_this_machine_that_is_spoken_to_in_the_clear_is_worth_a_word() {
    let warnings = |url: &str| {
        let variables = [("ADIEU_STORE".to_owned(), url.to_owned())];
        judge(None, variables).expect("sound").warnings
    };
    assert!(warnings(DATABASE)[0].starts_with("store.ca_file: the database is on another machine"));
    assert!(warnings("postgres://ada@127.0.0.1/adieu").is_empty());
}
