//! Configurations, good and bad: what `check-config` calls sound is served, and what `serve` refuses is not called sound.
//!
//! Every good one is served for real, on ports of the system's choice; of every bad one the text is looked at.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use adieu::config::{Config, load};
use adieu::real::{SystemClock, SystemEntropy};
use adieu::serve::{Bound, Serving};
use adieu_testkit::world::open_when_free;
use tokio::sync::watch;

use crate::running::{STALL, certify};

/// What a row is called by, and whether it is sound: if not, what is said of it.
type Row = (&'static str, Option<&'static str>);

const SOUND: Option<&'static str> = None;

/// Each is the rest of a file that begins with a section; `FOLDER` is where a certificate, a schema and a credential lie.
const ROWS: &[Row] = &[
    ("", SOUND),
    ("[kratos]\nsession_lifetime_s = '24h'", SOUND),
    ("[kratos]\nsession_lifetime_s = 3600", SOUND),
    ("[kratos]\nsession_lifetime_s = 0", Some("kratos.session_lifetime_s = 0")),
    ("[kratos]\nsession_lifetime_s = '0s'", Some("kratos.session_lifetime_s")),
    ("[kratos]\nsession_lifetime_s = -1", Some("kratos.session_lifetime_s = -1")),
    ("[kratos]\nsession_lifetime_s = 'for ever'", Some("kratos.session_lifetime_s")),
    ("[kratos]\nsession_lifetime_s = 1.5", Some("kratos.session_lifetime_s = 1.5")),
    ("[kratos]\nsession_idle_s = 0", SOUND),
    ("[kratos]\ndefault_return_url = 'https://app.example.com/home'", SOUND),
    ("[kratos]\ndefault_return_url = 'app.example.com/home'", Some("kratos.default_return_url")),
    ("[kratos]\ndefault_return_url = 'javascript:alert(1)'", Some("kratos.default_return_url")),
    ("[kratos]\nlogin_ui_url = '/login'", Some("kratos.login_ui_url")),
    ("[kratos]\nschema_file = 'FOLDER/schema.json'", SOUND),
    (
        "[kratos]\nschema_file = '/nope.json'",
        Some("kratos.schema_file = \"/nope.json\": the schema can't be read"),
    ),
    ("[kratos]\nschema_file = 'FOLDER/no.json'", Some("kratos.schema_file")),
    ("[kratos]\nschema_file = 'FOLDER/no-schema.json'", Some("kratos.schema_file")),
    ("[kratos]\nschema_id = ''", Some("kratos.schema_id")),
    ("[kratos]\ncookie_name = 'my_session'", SOUND),
    ("[kratos]\ncookie_name = 'bad name;'", Some("kratos.cookie_name = \"bad name;\"")),
    ("[kratos]\ncookie_name = '__Host-session'", Some("kratos.cookie_name")),
    ("[kratos]\nurl = 'https://id.example.test'\ncookie_name = '__Host-session'", SOUND),
    ("[kratos]\ncookie_names_read = ['a', 'b c']", Some("kratos.cookie_names_read = \"b c\"")),
    ("[kratos]\nurl = 'https://id.example.test/'\ncookie_domain = 'example.test'", SOUND),
    ("[kratos]\ncookie_domain = 'http://id.example.test/'", Some("kratos.cookie_domain")),
    ("[kratos]\ncookie_domain = 'example.test'", Some("browsers refuse the cookie")),
    ("[kratos]\ncookie_same_site = 'lax'", Some("one of Lax, Strict, None")),
    ("[kratos]\nrealm = '/nix'", Some("kratos.realm = \"/nix\"")),
    ("[kratos]\nrealm = '/'", SOUND),
    ("[kratos]\ncors_origins = ['https://*.wild.example.test']", SOUND),
    ("[kratos]\ncors_origins = ['*']", SOUND),
    ("[kratos]\ncors_origins = ['https://app.example.test/', 'https://app.example.test:443']", SOUND),
    ("[kratos]\ncors_origins = ['https://*']", Some("kratos.cors_origins = \"https://*\"")),
    ("[kratos]\ncors_origins = ['https://app.example.test/in']", Some("write https://app.example.test")),
    ("[kratos]\ncors_origins = 'https://app.example.test'", Some("a list of texts is wanted")),
    ("[kratos]\nallowed_return_urls = ['https://star.example.test/']", SOUND),
    ("[kratos]\nallowed_return_urls = ['https://*.star.example.test/in']", SOUND),
    ("[kratos]\nallowed_return_urls = ['https://star.example.test/*']", Some("kratos.allowed_return_urls")),
    ("[kratos]\nallowed_return_urls = ['https://*.com/']", Some("kratos.allowed_return_urls")),
    ("[kratos]\nallowed_return_urls = ['/in']", Some("kratos.allowed_return_urls")),
    ("[kratos]\ncookie_nam = 'x'", Some("did you mean `kratos.cookie_name`")),
    ("[kratos]\nwhoami_cacheable = 'yes'", Some("true or false")),
    ("[[kratos.tokenizers]]\nname = 'plain'\nlifetime_s = '10m'", SOUND),
    ("[[kratos.tokenizers]]\nname = 'plain'\nlifetime_s = '2h'", Some("kratos.tokenizers.lifetime_s")),
    ("[[kratos.tokenizers]]\nname = 'plain'\nclaims = ['sub=/x']", Some("already")),
    ("[[kratos.tokenizers]]\nlifetime_s = 60", Some("kratos.tokenizers.name: is missing")),
    ("[[kratos.tokenizers]]\nname = 'a'\n[[kratos.tokenizers]]\nname = 'a'", Some("named twice")),
    ("[am]\nsuccess_url = '/home'\ngoto_allowed = ['https://app.example.test/']", SOUND),
    ("[am]\nsuccess_url = '//evil.test'", Some("am.success_url")),
    ("[am]\ncookie_domains = ['example.test', '']", Some("am.cookie_domains")),
    ("[am]\ncookie_domains = ['example.org']", Some("am.cookie_domains = \"example.org\": browsers refuse")),
    ("[public]\nurl = 'https://id.example.test'\n[am]\ncookie_domains = ['example.test']", SOUND),
    ("[am]\ncookie_domain = 'example.test'", Some("did you mean `am.cookie_domains`")),
    ("[am]\ncors_origins = ['null']", Some("am.cors_origins = \"null\"")),
    ("[am]\nsessions_beyond = 'DESTROY'", Some("DENY_ACCESS, DESTROY_NEXT_EXPIRING")),
    ("[pingone]\nauth_url = 'https://auth.example.test/'\nsessions_max = 0", SOUND),
    ("[pingone]\nauth_url = 'auth.example.test'", Some("pingone.auth_url")),
    ("[check]\nrealm = '/nix'", Some("check.realm")),
    ("[check]\nsign_on_url = 'sign-on'", Some("check.sign_on_url")),
    (
        "[[realms]]\npath = '/alpha'\n[[realms]]\npath = '/alpha/sub'\npingone_url = 'https://sub.example.test/'",
        SOUND,
    ),
    ("[[realms]]\npath = '/alpha'\n[[realms]]\npath = '/al pha'", Some("realms.path = \"/al pha\"")),
    ("[[realms]]\npath = '/alpha'\n[[realms]]\npath = '/../etc'", Some("realms.path = \"/../etc\"")),
    ("[[realms]]\npath = '/alpha'\n[[realms]]\npath = '/alpha'", Some("named twice")),
    (
        "[[realms]]\npath = '/alpha'\nid = '6f1c1f1e-0000-4000-8000-000000000001'\n[[realms]]\npath = '/b'\n\
         id = '6F1C1F1E-0000-4000-8000-000000000001'",
        Some("another realm has this id"),
    ),
    ("[[realms]]\nsecond_factor = 'never'", Some("realms.path: is missing")),
    ("[realms]\npath = '/alpha'", Some("a list of tables is wanted, each behind [[realms]]")),
    (
        "[[realms]]\npath = '/alpha'\nsecond_factor = 'sometimes'",
        Some("one of never, when_enrolled, required"),
    ),
    ("[public]\nlisten = '127.0.0.1:0'\nurl = 'http://127.0.0.1:4433/'", SOUND),
    ("[public]\nlisten = '127.0.0.1:0'\nurl = 'id.example.test'", Some("public.url = \"id.example.test\"")),
    ("[public]\nlisten = 'localhost:4433'", Some("public.listen")),
    ("[public]\nlisten = '0.0.0.0:0'\nurl = 'https://id.example.test'", Some("plain HTTP stays on loopback")),
    (
        "[public]\nlisten = '0.0.0.0:0'\nurl = 'https://id.example.test'\ntrusted_proxies = ['10.0.0.0/8']",
        SOUND,
    ),
    (
        "[public]\nlisten = '0.0.0.0:0'\ntrusted_proxies = ['10.0.0.0/8']",
        Some("public.url: has to be said where public.listen (0.0.0.0:0) is beyond loopback"),
    ),
    ("[public]\nlisten = '127.0.0.1:0'\nurl = 'http://localhost:8443'", SOUND),
    ("[public]\nlisten = '127.0.0.1:14433'\nurl = 'http://127.0.0.1:4433'", Some("nobody listens there")),
    ("[public]\nlisten = '127.0.0.1:14433'\nurl = 'http://[::1]:14433'", Some("nobody listens there")),
    ("[public]\nlisten = '127.0.0.1:0'\nurl = 'http://id.example.test'", Some("over https")),
    ("development = true\n[public]\nlisten = '127.0.0.1:0'\nurl = 'http://id.example.test'", SOUND),
    ("[kratos]\nurl = 'http://id.example.test'", Some("kratos.url = \"http://id.example.test\": outside")),
    ("[pingone]\nauth_url = 'http://auth.example.test'", Some("pingone.auth_url")),
    ("[pingone]\napps_url = 'http://apps.example.test'", Some("pingone.apps_url")),
    ("[pingone]\napi_url = 'http://api.example.test'", Some("pingone.api_url")),
    (
        "[[realms]]\npath = '/alpha'\n[[realms]]\npath = '/b'\npingone_url = 'http://b.example.test'",
        Some(
            "adieu.toml:5: realms.pingone_url = \"http://b.example.test\": outside development mode browsers",
        ),
    ),
    ("development = true\n[[realms]]\npath = '/alpha'\npingone_url = 'http://auth.example.test'", SOUND),
    (
        "[public]\nlisten = '127.0.0.1:14433'\n[kratos]\nurl = 'http://127.0.0.1:4433'",
        Some("kratos.url = \"http://127.0.0.1:4433\": nobody listens there"),
    ),
    (
        "[public]\nlisten = '127.0.0.1:14433'\n[pingone]\nauth_url = 'http://localhost:4433'",
        Some("or leave pingone.auth_url out"),
    ),
    (
        "[public]\nlisten = '127.0.0.1:14433'\n[[realms]]\npath = '/alpha'\npingone_url = 'http://127.0.0.1:4433'",
        Some("adieu.toml:5: realms.pingone_url = \"http://127.0.0.1:4433\": nobody listens there"),
    ),
    (
        "[public]\nlisten = '127.0.0.1:0'\nurl = 'https://localhost'\ntls_cert = 'FOLDER/cert.pem'\n\
         tls_key = 'FOLDER/key.pem'\n[kratos]\nurl = 'http://localhost'",
        Some("kratos.url = \"http://localhost\": public.tls_cert is named"),
    ),
    (
        "[admin]\nlisten = '127.0.0.1:0'\nurl = 'http://id-admin.example.test'",
        Some("admin.url = \"http://id-admin.example.test\": outside development mode administrators"),
    ),
    ("[kratos]\ncookie_same_site = 'None'", Some("kratos.cookie_same_site = \"None\": browsers keep")),
    ("[kratos]\nurl = 'https://id.example.test'\ncookie_same_site = 'None'", SOUND),
    ("[am]\ncookie_same_site = 'None'", Some("am.cookie_same_site = \"None\": browsers keep")),
    (
        "[public]\nlisten = '127.0.0.1:0'\nurl = 'https://id.example.test'\n[am]\ncookie_same_site = 'None'",
        SOUND,
    ),
    ("[public]\nlisten = '127.0.0.1:0'\ntrusted_proxies = ['0.0.0.0/0']", Some("a network of everybody")),
    ("[public]\nlisten = '127.0.0.1:0'\ntrusted_proxies = ['proxy.test']", Some("public.trusted_proxies")),
    ("[public]\nlisten = '127.0.0.1:0'\nproxy_header = 'x-real-ip'", Some("one of x-forwarded, forwarded")),
    (
        "[public]\nlisten = '0.0.0.0:0'\nurl = 'https://localhost'\ntls_cert = 'FOLDER/cert.pem'\ntls_key = 'FOLDER/key.pem'",
        SOUND,
    ),
    (
        "[public]\nlisten = '127.0.0.1:0'\ntls_cert = 'FOLDER/cert.pem'\ntls_key = 'FOLDER/key.pem'",
        Some("public.url: has to be said where public.tls_cert is"),
    ),
    (
        "[public]\nlisten = '127.0.0.1:0'\nurl = 'http://localhost:1'\ntls_cert = 'FOLDER/cert.pem'\n\
         tls_key = 'FOLDER/key.pem'",
        Some("public.url = \"http://localhost:1\": public.tls_cert is named"),
    ),
    (
        "[public]\nlisten = '127.0.0.1:0'\nurl = 'https://localhost'\ntls_cert = '/nope.pem'\ntls_key = 'FOLDER/key.pem'",
        Some("public.tls_cert"),
    ),
    ("[public]\nlisten = '127.0.0.1:0'\ntls_cert = 'FOLDER/cert.pem'", Some("public.tls_key")),
    (
        "[public]\nlisten = '127.0.0.1:0'\nurl = 'https://localhost'\ntls_cert = 'FOLDER/key.pem'\n\
         tls_key = 'FOLDER/cert.pem'",
        Some("public.tls_cert"),
    ),
    ("[public]\nlisten = '127.0.0.1:14433'\n[admin]\nlisten = '127.0.0.1:14433'", Some("a port of its own")),
    (
        "[public]\nlisten = '[::]:14433'\nurl = 'https://id.example.test'\ntrusted_proxies = ['::1']\n[admin]\n\
         listen = '127.0.0.1:14433'",
        Some("a port of its own"),
    ),
    (
        "[admin]\nlisten = '127.0.0.1:14434'\nurl = 'http://127.0.0.1:4434'",
        Some("admin.url = \"http://127.0.0.1:4434\": nobody listens there: admin.listen is 127.0.0.1:14434"),
    ),
    ("[admin]\nlisten = '127.0.0.1:0'\ntoken_file = 'FOLDER/token'", SOUND),
    ("[admin]\nlisten = '127.0.0.1:0'\ntoken_file = '/nope'", Some("admin.token_file")),
    ("[admin]\nlisten = '127.0.0.1:0'\ntoken = 'short'", Some("admin.token")),
    (
        "[admin]\nlisten = '0.0.0.0:0'\nurl = 'https://id-admin.example.test'",
        Some("beyond loopback the admin listener needs"),
    ),
    (
        "[admin]\nlisten = '0.0.0.0:0'\ntoken_file = 'FOLDER/token'\ntls_cert = 'FOLDER/cert.pem'\n\
         tls_key = 'FOLDER/key.pem'",
        Some("admin.url: has to be said"),
    ),
    ("[[clients]]\nclient_id = 'x'", Some("clients stand in a document, for `adieu apply`")),
    ("[[realms]]\npath = '/alpha'\n[[realms.users]]\nusername = 'x'", Some("users stand in a document")),
    ("[notices]\ntimeout_s = 5", Some("and none is like it")),
    ("[limits]\nconnections_max = 0", Some("limits.connections_max = 0")),
    ("[limits]\nhead_timeout_s = 0", Some("limits.head_timeout_s = 0")),
    ("[limits]\nhead_bytes_max = 100", Some("limits.head_bytes_max = 100")),
    ("[passwords]\nworkers = 1000000", Some("passwords.workers")),
    ("[passwords]\nmemory_kib = 1024", Some("outside development mode")),
    ("[keep]\npages_max = 1", Some("keep.pages_max = 1")),
    ("[keep]\npages_max = 1000\nsweep_every_s = '1m'", SOUND),
    ("[keep]\nflows_max = 0", Some("keep.flows_max")),
    ("[tokens]\nrefresh_reuse_grace_s = 61", Some("tokens.refresh_reuse_grace_s = 61")),
    ("[sign_on]\nrecent_s = 0", Some("sign_on.recent_s")),
    ("[log]\nlevel = 'info'", Some("log: a text is wanted")),
    ("public = 'x'", Some("a section is wanted: [public]")),
    ("log = 'verbose'", Some("log = \"verbose\"")),
    ("log = 'info,adieu=debug'", SOUND),
    ("data = ''", Some("data = \"\"")),
    ("no TOML", Some("not TOML")),
];

/// What rows speak of.
fn files(folder: &Path) {
    certify(folder);
    for (name, text) in [
        ("schema.json", r#"{"type": "object", "properties": {"traits": {"type": "object"}}}"#),
        ("no-schema.json", r#"{"type": "nothing"}"#),
        ("no.json", "{"),
        ("token", "0123456789abcdef\n"),
    ] {
        std::fs::write(folder.join(name), text).expect("a file");
    }
}

/// The whole text of a row: where it does not speak of listeners, those of the system's choice.
fn text(row: &str, folder: &Path) -> String {
    let row = row.replace("FOLDER", &folder.display().to_string());
    let listeners: String = ["public", "admin"]
        .into_iter()
        .filter(|section| !row.contains(&format!("[{section}]")) && !row.starts_with(section))
        .map(|section| format!("\n[{section}]\nlisten = '127.0.0.1:0'"))
        .collect();
    format!("{row}{listeners}")
}

/// Binds, opens and serves as the program does, and stops.
async fn serves(config: Config, data: &Path) {
    let bound = Bound::bind(&config).await.expect("both listeners are bound");
    let parts = (Arc::new(SystemClock) as _, Arc::new(SystemEntropy) as _);
    let server = open_when_free(&config, data, parts, |store| store).await;
    let public = bound.public().expect("an address");
    let secure = config.public.tls().is_some();
    let serving = Serving::new(bound, &server, &config).expect("served");
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(async move { serving.run(&config, stopped).await });
    // Over TLS the listener is bound and its certificate read; nobody here trusts it.
    if !secure {
        let client = reqwest::Client::builder().timeout(STALL).no_proxy().build().expect("a client");
        let ready = client.get(format!("http://127.0.0.1:{}/health/ready", public.port())).send().await;
        assert_eq!(ready.expect("an answer").status(), 200);
    }
    stop.send(true).expect("it listens");
    running.await.expect("it runs").expect("it serves");
}

/// Goal: F-19, F-20, F-22, F-23: `check-config` and `serve` agree.
/// Method: the function that both call takes every row. What it takes is bound, opened and asked; what it refuses is refused
/// with the key and the reason.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_sound_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    files(folder.path());
    let file = folder.path().join("adieu.toml");
    for (n, (row, refused)) in ROWS.iter().enumerate() {
        std::fs::write(&file, text(row, folder.path())).expect("a file");
        match (load(Some(&file), []), refused) {
            (Ok(config), None) => serves(config, &folder.path().join(format!("data-{n}"))).await,
            (Err(error), Some(why)) => {
                let says = error.to_string();
                assert!(says.contains(why), "{row}\n{says}");
                assert_eq!(error.faults.len(), 1, "{row}\n{says}");
            }
            (Ok(_), Some(why)) => panic!("taken, not refused for {why}:\n{row}"),
            (Err(error), None) => panic!("refused:\n{row}\n{error}"),
        }
    }
    assert!(ROWS.len() >= 80);
}

/// Rows that are sound and speak of ports, so that nobody serves them here; and what is worth a word in each.
const DOUBTFUL: &[(&str, &[&str])] = &[
    (
        "[public]\nlisten = '127.0.0.1:14433'\nurl = 'http://localhost:14433'\n[admin]\nlisten = '127.0.0.1:14434'\n\
         url = 'http://127.0.0.1:14434'",
        &[],
    ),
    (
        "[public]\nlisten = '127.0.0.1:14433'\nurl = 'http://127.0.0.1:8000'\ntrusted_proxies = ['127.0.0.1']\n\
         [admin]\nlisten = '127.0.0.1:14434'",
        &[],
    ),
    ("[public]\nlisten = '127.0.0.1:14433'\n[admin]\nlisten = '127.0.0.1:14434'", &[]),
    (
        "[public]\nlisten = '127.0.0.1:14433'\nurl = 'https://id.example.test'\n[admin]\nlisten = '127.0.0.1:14434'",
        &["public.trusted_proxies = []: public.url is https://id.example.test and the listener is plain"],
    ),
    (
        "[public]\nlisten = '127.0.0.1:14433'\nurl = 'https://id.example.test'\ntrusted_proxies = ['127.0.0.1']\n\
         [admin]\nlisten = '127.0.0.1:14434'",
        &[],
    ),
    (
        "development = true\n[public]\nlisten = '0.0.0.0:14433'\nurl = 'https://localhost:14433'\n\
         tls_cert = 'FOLDER/cert.pem'\ntls_key = 'FOLDER/key.pem'\n[admin]\nlisten = '127.0.0.1:14434'",
        &[
            "adieu.toml:1: development = true: this mode is for one machine, and public.listen is 0.0.0.0:14433",
        ],
    ),
    (
        "[public]\nlisten = '0.0.0.0:14433'\nurl = 'https://id.example.test'\ntls_cert = 'FOLDER/cert.pem'\n\
         tls_key = 'FOLDER/key.pem'\n[admin]\nlisten = '127.0.0.1:14434'",
        &["the certificate is for localhost, not for id.example.test, the host of public.url"],
    ),
    (
        "[public]\nlisten = '0.0.0.0:14433'\nurl = 'https://localhost:14433'\ntls_cert = 'FOLDER/cert.pem'\n\
         tls_key = 'FOLDER/key.pem'\n[[realms]]\npath = '/alpha'\npingone_url = 'https://alpha.example.test'\n\
         [admin]\nlisten = '127.0.0.1:14434'",
        &["the certificate is for localhost, not for alpha.example.test, the host of realms.pingone_url"],
    ),
    (
        "[public]\nlisten = '127.0.0.1:14433'\n[kratos]\nurl = 'https://id.example.test'\n[admin]\nlisten = '127.0.0.1:14434'",
        &["public.trusted_proxies = []: kratos.url is https://id.example.test and the listener is plain"],
    ),
    (
        "[public]\nlisten = '127.0.0.1:0'\n[admin]\nlisten = '127.0.0.1:14434'\ntoken_file = 'FOLDER/token'",
        &[
            "admin.token_file = \"FOLDER/token\": everybody on this machine may read it (mode 0644)",
            "public.url = \"http://127.0.0.1:4433\": is not said, and the port of public.listen is the system's",
        ],
    ),
];

/// Goal: what may be meant so and mostly is not is told by `check-config`, which calls it sound.
#[test]
fn what_is_doubtful_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    files(folder.path());
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.path().join("token"), open).expect("a mode");
    let file = folder.path().join("adieu.toml");
    for (row, doubts) in DOUBTFUL {
        std::fs::write(&file, text(row, folder.path())).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_adieu"));
        command.args(["check-config", "--config"]).arg(&file).current_dir(&folder).env_remove("RUST_LOG");
        let output = command.output().expect("adieu runs");
        let said = String::from_utf8(output.stderr).expect("text");
        let warnings: Vec<&str> = said.lines().filter(|line| line.contains("warning: ")).collect();
        assert_eq!(warnings.len(), doubts.len(), "{row}\n{said}");
        for (warning, doubt) in warnings.iter().zip(*doubts) {
            let doubt = doubt.replace("FOLDER", &folder.path().display().to_string());
            assert!(warning.contains(&doubt), "{warning}\n{doubt}");
        }
        assert_eq!(output.status.code(), Some(0), "{said}");
    }
}

/// Goal: F-19: the program says the same by both words, and makes nothing on the way to it.
#[test]
fn both_words_say_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    files(folder.path());
    let (file, data) = (folder.path().join("adieu.toml"), folder.path().join("data"));
    // The variable that keeps this test in its folder wins over what a row says of the data.
    let bad = ROWS.iter().filter(|(row, refused)| refused.is_some() && !row.starts_with("data"));
    for (row, refused) in bad {
        std::fs::write(&file, text(row, folder.path())).expect("a file");
        let said = |word: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_adieu"));
            command.args([word, "--config"]).arg(&file).env("ADIEU_DATA", &data).env_remove("RUST_LOG");
            let output = command.output().expect("adieu runs");
            let said = String::from_utf8(output.stderr).expect("text");
            (
                output.status.code(),
                said.lines().filter(|line| !line.contains("the configuration is")).collect::<String>(),
            )
        };
        let (checked, served) = (said("check-config"), said("serve"));
        assert_eq!(checked, served, "{row}");
        assert!(checked.0 == Some(1) && refused.is_some_and(|why| checked.1.contains(why)), "{checked:?}");
        assert!(!data.exists(), "{row}");
    }
}
