//! `adieu init`: a configuration with comments, the installation that it means, and the first user in it.
//!
//! What is there is never written over, and what this command wrote goes again if it can't be used. A password that is drawn is
//! shown once and stored only as a hash.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adieu_authority::{Authority, Entropy, password_is_sound, username_is_sound};
use anyhow::{Context, Result, ensure};
use clap::Args;
use url::{Host, Url};

use crate::assembled::{AssembledServer, password_rules};
use crate::commands::api::Api;
use crate::commands::drawn_password::drawn;
use crate::commands::people::{PersonToMake, password};
use crate::commands::shown::say;
use crate::commands::{read, runtime};
use crate::config::Config;
use crate::engine;
use crate::logging::note;
use crate::real::{SystemClock, SystemEntropy};

/// Write a configuration with comments, make the installation that it means, and its first user.
///
/// The user's password is drawn and shown once on standard error; or it is that of ADIEU_PASSWORD, or asked for with
/// --ask-password. A configuration that is there already is taken as it is; with --production, --url or --data, which would
/// have to change it, the command is refused.
#[derive(Args)]
pub struct InitCommand {
    /// A configuration for production, which browsers see at `--url`; else one for development on this machine.
    #[arg(long, requires = "url")]
    production: bool,
    /// The address that browsers see: `https://id.example.com` for one. One of this machine says where to listen, too.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The TOML file to write; else that of ADIEU_CONFIG, or adieu.toml in this folder.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data folder; else `data` beside the file, in production /var/lib/adieu.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// The name of the first user, an administrator of the users of the first realm.
    #[arg(long, default_value = "admin", value_name = "NAME")]
    user: String,
    /// Make no user.
    #[arg(long, conflicts_with_all = ["user", "ask_password"])]
    no_user: bool,
    /// Ask for the user's password.
    #[arg(long)]
    ask_password: bool,
}

/// `init`.
pub fn init(order: InitCommand) -> Result<()> {
    let file = std::path::absolute(place(&order)).context("this folder")?;
    let written = write(&order, &file)?;
    let runtime = runtime()?;
    let made = read(Some(&file)).and_then(|config| {
        let made = runtime.block_on(make(&order, &config))?;
        Ok((config, made))
    });
    let (config, made) = made.inspect_err(|_| {
        if written {
            let _ = std::fs::remove_file(&file); // It goes as long as nothing was made of it.
        }
    })?;
    let what = if written { "wrote" } else { "took" };
    say!("{what} the configuration {}", file.display());
    say!("made the installation in {}", engine::told(&config));
    if config.store.options().is_some() && matches!(config.store.installation_key(), Ok(None)) {
        say!("all its nodes need the key that lies in {}", config.data.display());
    }
    let introduced = runtime.block_on(introduce(&config, made));
    let (file, url) = (file.display(), config.kratos_url());
    say!("\nTo serve:                   adieu serve --config {file}");
    say!("To sign on in a browser:    {url}/self-service/login/browser");
    say!("For all other commands:     export ADIEU_CONFIG={file}");
    introduced
}

fn place(order: &InitCommand) -> PathBuf {
    let variable = || std::env::var_os("ADIEU_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    order.config.clone().or_else(variable).unwrap_or_else(|| "adieu.toml".into())
}

/// Writes the configuration, if there is none; says whether it did.
fn write(order: &InitCommand, file: &Path) -> Result<bool> {
    if file.exists() {
        let asks = order.production || order.url.is_some() || order.data.is_some();
        ensure!(
            !asks,
            "{} is there already: name another file (--config), or change that one",
            file.display()
        );
        return Ok(false);
    }
    let url = order.url.as_deref().unwrap_or_default();
    ensure!(
        !order.production || !url.to_ascii_lowercase().starts_with("http://"),
        "--url {url}: browsers reach production over https (the cookies would not be `Secure`)"
    );
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let text = text(order, file);
    let mut new = OpenOptions::new().create_new(true).write(true).open(file);
    let new = new.as_mut().map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
    new.write_all(text.as_bytes())
        .and_then(|()| new.sync_all())
        .with_context(|| file.display().to_string())?;
    Ok(true)
}

/// What was made, and the user that is still to be made in it.
struct Made {
    authority: Authority,
    first: Option<FirstUser>,
}

struct FirstUser {
    realm: String,
    person: PersonToMake,
    /// Whether the password was drawn, and so has to be shown.
    drawn: bool,
}

/// Makes the installation. The user is looked at before: what can't be taken leaves no installation behind.
async fn make(order: &InitCommand, config: &Config) -> Result<Made> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    ensure!(
        !engine::has_installation(config, &entropy).await?,
        "there is an installation in {} already",
        engine::told(config)
    );
    let first = first_user(order, config)?;
    let server = AssembledServer::open(config, &config.data, Arc::new(SystemClock), entropy).await?;
    Ok(Made { authority: server.authority, first })
}

/// The first user; none if none is wanted.
fn first_user(order: &InitCommand, config: &Config) -> Result<Option<FirstUser>> {
    if order.no_user {
        return Ok(None);
    }
    let realm = config.realms.first().map_or("/alpha", |realm| realm.path.as_str()).to_owned();
    let rules = password_rules(config, &realm);
    let (password, drawn) = match (std::env::var("ADIEU_PASSWORD"), order.ask_password) {
        (Ok(password), false) => (password, false),
        (_, true) => (password()?, false),
        (Err(_), false) => (drawn(&SystemEntropy, rules), true),
    };
    let username = order.user.clone();
    username_is_sound(None, &username).with_context(|| format!("--user {username}"))?;
    password_is_sound(rules, std::slice::from_ref(&username), &password)?;
    let person = PersonToMake { username, email: None, admin: true, password };
    Ok(Some(FirstUser { realm, person, drawn }))
}

async fn introduce(config: &Config, Made { authority, first }: Made) -> Result<()> {
    let Some(FirstUser { realm, person, drawn }) = first else { return Ok(()) };
    let api = Api::over(config, authority)?;
    person
        .made(&api, &realm)
        .await
        .context("the installation is made; make its user with `adieu user add --admin`")?;
    say!("made the user {} of realm {realm}, who administers its users", person.username);
    if drawn {
        note(&format!("password of {}: {} (shown this once)", person.username, person.password));
    }
    Ok(())
}

/// The configuration, with comments.
fn text(order: &InitCommand, file: &Path) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let beside = || file.parent().map_or_else(|| "data".into(), |folder| folder.join("data"));
    let data = match (&order.data, order.production) {
        (Some(data), _) => std::path::absolute(data).unwrap_or_else(|_| data.clone()),
        (None, true) => "/var/lib/adieu".into(),
        (None, false) => beside(),
    };
    let data = quoted(&data.display().to_string());
    let url = order.url.as_deref().unwrap_or(LOCAL);
    let listen = quoted(&listen(url).unwrap_or_else(|| "127.0.0.1:4433".into()));
    let template = if order.production { PRODUCTION } else { DEVELOPMENT };
    template.replace("@URL@", &quoted(url)).replace("@DATA@", &data).replace("@LISTEN@", &listen)
}

/// The address in development where none is named.
const LOCAL: &str = "http://127.0.0.1:4433";

/// Where a listener without a certificate has to be, for a plain address of this machine to lead to it.
fn listen(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http")?;
    let port = url.port_or_known_default()?;
    match url.host()? {
        Host::Ipv4(ip) if ip.is_loopback() => Some(format!("{ip}:{port}")),
        Host::Ipv6(ip) if ip.is_loopback() => Some(format!("[{ip}]:{port}")),
        Host::Domain("localhost") => Some(format!("127.0.0.1:{port}")),
        _ => None,
    }
}

const DEVELOPMENT: &str = r#"# adieu for development on this machine. docs/configuration.md has every key, its unit and its default.
# `adieu check-config` says whether all of it is sound; `kill -HUP` makes a running server read it anew.

# The realm /alpha gets its documented id, and hashing may cost less than is safe.
development = true

# The data folder. One process at a time has it.
data = @DATA@

# error, warn, info, debug, trace, or directives such as "info,adieu=debug".
log = "info"

[public]
listen = @LISTEN@
# As browsers see it: links, issuers and cookies follow it.
url = @URL@

[admin]
# The native API, Kratos' admin API, metrics. Without a credential it answers programs of this machine only.
listen = "127.0.0.1:4434"
url = "http://127.0.0.1:4434"

# One realm is one tenant: its users, clients and keys. `/` is always there and holds the administrators of all.
[[realms]]
path = "/alpha"

[kratos]
realm = "/alpha"
# Where browsers may be sent after a sign-on or a sign-off; paths below are meant, too.
allowed_return_urls = ["http://127.0.0.1:3000/", "http://localhost:3000/"]
# Whose pages may call from a browser. `http://localhost:*` is every port.
cors_origins = ["http://localhost:*", "http://127.0.0.1:*"]

[am]
cors_origins = ["http://localhost:*", "http://127.0.0.1:*"]
"#;

const PRODUCTION: &str = r#"# adieu in production. docs/configuration.md has every key, its unit and its default; docs/serving.md says more.
# `adieu check-config` says whether all of it is sound; `systemctl reload adieu` makes a running server read it anew.

# The data folder. One process at a time has it; `adieu backup` copies it while the server runs.
data = @DATA@

log = "info"

# Many nodes: a PostgreSQL database in place of the folder, which then holds the installation key that all nodes share.
# [store]
# url = "postgres://adieu@db.example.com/adieu?sslmode=require"
# password_file = "/etc/adieu/store.password"
# ca_file = "/etc/adieu/tls/database-ca.pem"
# key_file = "/etc/adieu/installation.key.hex"

[public]
# As browsers see it: links, issuers and cookies follow it, never the Host header.
url = @URL@
# Either: a proxy on this machine speaks TLS, and is believed when it says whom it speaks for.
listen = "127.0.0.1:4433"
trusted_proxies = ["127.0.0.1"]
proxy_header = "x-forwarded"
# Or: adieu speaks TLS. New files are taken without a restart.
# listen = "0.0.0.0:443"
# tls_cert = "/etc/adieu/tls/fullchain.pem"
# tls_key = "/etc/adieu/tls/privkey.pem"

[admin]
# The native API, Kratos' admin API, metrics. On loopback it may go without a credential; beyond it needs all three keys.
listen = "127.0.0.1:4434"
url = "http://127.0.0.1:4434"
# openssl rand -hex 32 > /etc/adieu/admin.token; chmod 0600 /etc/adieu/admin.token
# token_file = "/etc/adieu/admin.token"
# tls_cert = "/etc/adieu/tls/fullchain.pem"
# tls_key = "/etc/adieu/tls/privkey.pem"

# One realm is one tenant: its users, clients and keys. `/` is always there and holds the administrators of all.
[[realms]]
path = "/alpha"

[sign_on]
# never, when_enrolled or required.
second_factor = "when_enrolled"

[kratos]
realm = "/alpha"
session_lifetime_s = "24h"
session_idle_s = "1h"
# Where browsers may be sent after a sign-on or a sign-off: paths below are meant, too, and "https://*.example.com/".
allowed_return_urls = []
# Whose pages may call from a browser: "https://app.example.com", "https://*.example.com".
cors_origins = []

[am]
idle_s = "30m"
lifetime_s = "2h"
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn order(production: bool) -> InitCommand {
        let url = production.then(|| "https://id.example.test/".to_owned());
        let (data, config) = (None, None);
        InitCommand {
            production,
            url,
            config,
            data,
            user: "admin".into(),
            no_user: false,
            ask_password: false,
        }
    }

    #[test]
    fn both_configurations_are_sound() {
        let folder = tempfile::tempdir().expect("a folder");
        for production in [false, true] {
            let file = folder.path().join(format!("{production}.toml"));
            assert!(write(&order(production), &file).expect("written"));
            let config = load(Some(&file), []).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(config.development, !production);
            let own = order(production);
            assert_eq!(write(&own, &file).is_err(), production, "what is there stays");
        }
        let config = load(Some(&folder.path().join("true.toml")), []).expect("sound");
        assert_eq!(
            (config.public.url.as_str(), config.kratos.session_idle_s),
            ("https://id.example.test", 3600)
        );
    }

    /// Goal: an address of this machine is one that the listener has.
    #[test]
    fn an_address_of_this_machine_says_where_to_listen() {
        let folder = tempfile::tempdir().expect("a folder");
        for (n, (url, listen)) in [
            ("http://127.0.0.1:9000", "127.0.0.1:9000"),
            ("http://localhost:9000/", "127.0.0.1:9000"),
            ("http://[::1]:9000", "[::1]:9000"),
            ("http://id.example.test", "127.0.0.1:4433"),
            ("https://localhost", "127.0.0.1:4433"),
        ]
        .into_iter()
        .enumerate()
        {
            let file = folder.path().join(format!("{n}.toml"));
            let order = InitCommand { url: Some(url.into()), ..order(false) };
            assert!(write(&order, &file).expect("written"));
            let config = load(Some(&file), []).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(config.public.listen.to_string(), listen, "{url}");
        }
    }
}
