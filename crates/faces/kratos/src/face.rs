//! The face's settings, and what is made of them once.
//!
//! Nothing is read from the environment, and no address is taken from a request.

use std::sync::{Arc, OnceLock};

use adieu_authority::{Authority, Channel, Outage, Realm, RealmId};
use adieu_http_kit::companion::Companions;
use adieu_http_kit::origins::Origins;
use adieu_http_kit::return_to::AllowList;
use url::Url;

use crate::csrf::Csrf;
use crate::schema::{Schema, SchemaError, built_in};
use crate::tokenizer::Tokenizer;

/// The channel of this face, as sessions, metrics and logs name it.
pub(crate) const CHANNEL: Channel = Channel::named("kratos");

/// The paths under which the public API is mounted. Contract kratos.md 1.5.
pub(crate) const MOUNTS: [&str; 2] = ["", "/auth"];

/// How this face is set up. Public addresses are without a slash at the end.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Path of the realm behind both mounts; sessions of other realms are not live here.
    pub realm: String,
    /// The public address of the first mount.
    pub base: String,
    /// The address of the admin listener.
    pub admin_base: String,
    /// The session cookie.
    pub cookie: CookieSettings,
    /// How long a login flow lasts, in seconds.
    pub login_flow_life_s: u64,
    /// How long a settings flow lasts, in seconds.
    pub settings_flow_life_s: u64,
    /// How long a registration flow lasts, in seconds.
    pub registration_flow_life_s: u64,
    /// Whether whoever registers is signed on at once.
    pub registration_opens_session: bool,
    /// Whether a recovery ends all other sessions of the user.
    pub recovery_ends_others: bool,
    /// Whether a recovery by JSON is answered with its flow, which says where to go on, and not with 422.
    pub continue_with_transitions: bool,
    /// Whether a session keeps its token when its user proves more or proves it again. Else the token is a new one.
    pub keeps_token: bool,
    /// Whether the count of other sessions that a user ends has those that were over before, too. K-33
    pub count_has_ended: bool,
    /// Whether confirming new recovery codes counts as having given one.
    pub enrolling_proves: bool,
    /// What a session can be told as, beside itself, by name.
    pub tokenizers: Vec<Tokenizer>,
    /// Where browsers go when nothing else is said.
    pub default_return: String,
    /// Where they go after a logout.
    pub logout_return: String,
    /// Where they go after a login.
    pub login_return: String,
    /// The login page.
    pub login_ui: String,
    /// The error page.
    pub error_ui: String,
    /// The page where users change their credentials.
    pub settings_ui: String,
    /// The page where strangers register.
    pub registration_ui: String,
    /// Where browsers go after a registration.
    pub registration_return: String,
    /// The page where an administrator's code is given.
    pub recovery_ui: String,
    /// Where `return_to` may lead.
    pub allowed_return: Vec<String>,
    /// Origins whose pages may call from a browser.
    pub cors_origins: Origins,
    /// For how many seconds whoami may be cached at most; none sends no such header.
    pub whoami_cache_max_s: Option<u64>,
    /// The identity schema; none is the built-in one.
    pub schema: Option<serde_json::Value>,
    /// An administrator extends a session only in its last so many seconds; none is at any time.
    pub extend_within_s: Option<u64>,
    /// Whether the answer to an extension is empty.
    pub extend_answers_nothing: bool,
    /// Whether a logout tells the browser to clear its data (https only).
    pub clear_browser_data: bool,
    /// Whether whoami's 401 carries the documented id, which Kratos itself does not send.
    pub documented_error_ids: bool,
    /// Name of the identity schema.
    pub schema_id: String,
    /// The address at which the native issuers are, where a sign-on there is one here: then pages offer upstream providers.
    pub upstream_base: Option<String>,
    /// Where people find the installation's front page, if it has one. A flow may lead there.
    pub front_page: Option<String>,
    /// Where users of the realm see what applications may have, if a sign-on here counts there.
    pub applications: Option<String>,
    /// Sign-on pages of other dialects that send people here, to sign up or for a second factor, and get them back.
    pub sign_on_pages: Vec<String>,
    /// Other dialects' cookies that are set and cleared together with this one's.
    pub companions: Companions,
}

/// The session cookie. Contract kratos.md 4.
#[derive(Clone, Debug)]
pub struct CookieSettings {
    /// Its name.
    pub name: String,
    /// Further names under which it is read.
    pub names_read: Vec<String>,
    /// Whether it outlives the browser.
    pub persistent: bool,
    /// `Lax`, `Strict` or `None`.
    pub same_site: String,
    /// Its domain; empty is the host only.
    pub domain: String,
    /// Whether it goes over https only.
    pub secure: bool,
}

/// Why the face can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An address is none.
    #[error("{name} = `{value}` is no absolute address")]
    Address {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// The identity schema is none.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// The face: cheap to clone, everything prepared.
#[derive(Clone)]
pub(crate) struct Face(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) authority: Authority,
    pub(crate) settings: Settings,
    pub(crate) csrf: Csrf,
    pub(crate) schema: Schema,
    pub(crate) allowed: AllowList,
    /// Sign-on pages of other dialects, which lead people here and get them back.
    pub(crate) sign_on_pages: AllowList,
    pub(crate) default_return: Url,
    pub(crate) logout_return: Url,
    pub(crate) login_return: Url,
    pub(crate) registration_return: Url,
    /// The realm's id once it was asked for: a realm is never renamed and never removed.
    realm_id: OnceLock<RealmId>,
    /// `schema_url` of every identity, by mount.
    pub(crate) schema_urls: [String; 2],
}

impl std::ops::Deref for Face {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Says what of these settings can't be used, before anything is made of them.
pub fn check(settings: &Settings) -> Result<(), SettingsError> {
    for (name, value) in [
        ("base", &settings.base),
        ("default_return", &settings.default_return),
        ("logout_return", &settings.logout_return),
        ("login_return", &settings.login_return),
        ("login_ui", &settings.login_ui),
        ("error_ui", &settings.error_ui),
        ("settings_ui", &settings.settings_ui),
        ("registration_ui", &settings.registration_ui),
        ("registration_return", &settings.registration_return),
        ("recovery_ui", &settings.recovery_ui),
    ] {
        address(name, value)?;
    }
    schema(settings).map(drop)
}

fn schema(settings: &Settings) -> Result<Schema, SettingsError> {
    Ok(Schema::new(&settings.schema_id, settings.schema.clone().unwrap_or_else(built_in))?)
}

fn address(name: &'static str, value: &str) -> Result<Url, SettingsError> {
    Url::parse(value).map_err(|_| SettingsError::Address { name, value: value.to_owned() })
}

impl Face {
    pub(crate) fn new(authority: Authority, settings: Settings) -> Result<Self, SettingsError> {
        use base64::Engine;
        check(&settings)?;
        // The automatic entry of each mount. Contract kratos.md 5.
        let own = MOUNTS.iter().map(|mount| format!("{}{mount}/self-service", settings.base));
        let (mut allowed, dropped) = AllowList::new(settings.allowed_return.iter().cloned().chain(own));
        if let Some(front_page) = &settings.front_page {
            allowed = allowed.and_exactly(front_page);
        }
        for entry in dropped {
            tracing::warn!(entry = ?entry, "an allowed return address is unsafe and was dropped");
        }
        let sign_on_pages = AllowList::of_pages(&settings.sign_on_pages);
        let schema_name = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&settings.schema_id);
        let inner = Inner {
            realm_id: OnceLock::new(),
            schema: schema(&settings)?,
            csrf: Csrf::new(&settings.base, settings.cookie.secure),
            default_return: address("default_return", &settings.default_return)?,
            logout_return: address("logout_return", &settings.logout_return)?,
            login_return: address("login_return", &settings.login_return)?,
            registration_return: address("registration_return", &settings.registration_return)?,
            schema_urls: MOUNTS.map(|mount| format!("{}{mount}/schemas/{schema_name}", settings.base)),
            allowed,
            sign_on_pages,
            authority,
            settings,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The public address of a mount.
    pub(crate) fn base(&self, mount: usize) -> String {
        format!("{}{}", self.settings.base, MOUNTS[mount])
    }

    /// A username for somebody whose traits have none: not in the form of an id, which names nobody.
    pub(crate) fn drawn_name(&self) -> String {
        format!("user-{}", self.authority.draw_uuid())
    }

    /// The id of the realm behind this face.
    pub(crate) async fn realm_id(&self) -> Result<RealmId, Outage> {
        match self.realm_id.get() {
            Some(id) => Ok(*id),
            None => {
                let id = self.realm().await?.id;
                Ok(*self.realm_id.get_or_init(|| id))
            }
        }
    }

    /// The realm behind this face. Missing is a fault of the installation, not of the caller.
    pub(crate) async fn realm(&self) -> Result<Arc<Realm>, Outage> {
        let realm = self.authority.realm_at(&self.settings.realm).await?;
        realm.ok_or_else(|| Outage::new("the realm of this face does not exist"))
    }
}
