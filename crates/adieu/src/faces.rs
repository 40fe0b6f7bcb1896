//! The faces with their settings out of the configuration, and the two sides that they stand in.
//!
//! Empty addresses of the configuration become the public one here, and nowhere else.

use std::sync::Arc;

use adieu_authority::Authority;
use adieu_face_kratos::KratosAdmin;
use adieu_face_pages::NamedAddress;
use adieu_http_kit::companion::Companions;
use adieu_http_kit::cookies::{SameSite, SessionCookieName};
use adieu_http_kit::form::append_query;
use adieu_http_kit::origins::Origins;
use adieu_http_kit::self_service::SelfService;
use adieu_http_kit::service::FaceService;
use anyhow::{Context, Result};
use http::HeaderValue;

use crate::admin::AdminSide;
use crate::companions::{self, SessionCookie, companions};
use crate::config::Config;
use crate::config::addresses::own_origins;
use crate::dialects::Dialects;
use crate::dispatch::Dispatcher;
use crate::guard::Guard;
use crate::metering::RequestMeter;

/// The public side.
pub(crate) fn public(
    authority: &Authority,
    meter: &Arc<RequestMeter>,
    config: &Config,
) -> Result<FaceService<Dispatcher>> {
    let (am, pingone) = (am(authority, config)?, pingone(authority, config));
    let kratos = kratos(authority, config).context("kratos")?;
    let dialects = Dialects {
        am: am.clone(),
        pingone: pingone.clone(),
        kratos: kratos.clone(),
        am_header: config.am.cookie_name.clone(),
        kratos_realm: config.kratos.realm.clone(),
    };
    Ok(FaceService::new(Dispatcher {
        pages: config.public.front_page.then(|| pages(authority, config, dialects)),
        am,
        pingone,
        check: check(authority, config),
        openid: openid(authority, config),
        kratos,
        meter: Arc::clone(meter),
        transport: transport(config),
        clears: clears(config),
    }))
}

/// Where the native issuers are, if a sign-on there sets the cookies of a dialect that browsers see at this address.
fn upstream_base(config: &Config, dialect_url: &str) -> Option<String> {
    let same = dialect_url == config.public.url;
    (config.openid.set_all_cookies && same).then(|| config.public.url.clone())
}

/// Where people look after their own account, where browsers see those pages at the address of all others.
fn self_service(config: &Config) -> Option<SelfService> {
    let kratos = config.kratos_url();
    (kratos == config.public.url).then(|| SelfService {
        realm: config.kratos.realm.clone(),
        public_url: config.public.url.clone(),
        registration: format!("{kratos}/self-service/registration/browser"),
        settings: format!("{kratos}/self-service/settings/browser"),
    })
}

/// The same for dialects that know no other cookie than their own: a session from there counts where theirs are set with it.
fn self_service_beside(config: &Config) -> Option<SelfService> {
    self_service(config).filter(|_| config.kratos.set_all_cookies)
}

/// The sign-on pages of other dialects that lead there, and get people back.
fn sign_on_pages(authority: &Authority, config: &Config) -> Vec<String> {
    let Some(SelfService { public_url, realm, .. }) = self_service(config) else { return Vec::new() };
    let of_pingone = authority.realm_id_seen(&realm).map(|id| format!("{public_url}/{id}/signon/"));
    let issuer = adieu_face_openid::issuer(&public_url, &realm);
    [format!("{issuer}/authorize"), append_query(&format!("{public_url}/am/UI/Login"), "realm", &realm)]
        .into_iter()
        .chain(of_pingone)
        .collect()
}

/// The front page's address, if there is one.
fn front_page(config: &Config) -> Option<String> {
    config.public.front_page.then(|| format!("{}/", config.public.url))
}

/// Our own pages.
fn pages(
    authority: &Authority,
    config: &Config,
    dialects: Dialects,
) -> FaceService<adieu_face_pages::OwnPages> {
    let (base, kratos, realm) = (&config.public.url, config.kratos_url(), &config.kratos.realm);
    let named = |name: &str, address: String| NamedAddress { name: name.to_owned(), address };
    let back = format!("{base}/");
    let (login, at_am) = (format!("{kratos}/self-service/login/browser"), format!("{base}/am/UI/Login"));
    let document =
        |name: &str, issuer: &str| named(name, format!("{issuer}/.well-known/openid-configuration"));
    let of_pingone = authority.realm_id_seen(realm).map(|id| dialects.pingone.face().issuer(id));
    let of_pingone = of_pingone.map(|issuer| document("OpenID Connect of PingOne", &issuer));
    let documents = of_pingone.into_iter().chain([
        document("OpenID Connect", &adieu_face_openid::issuer(base, realm)),
        document("OpenID Connect of AM", &dialects.am.face().issuer(realm)),
        named("Health", format!("{base}/health/ready")),
    ]);
    let sign_up = authority.policy().registration_in(realm).then(|| {
        let begin = format!("{kratos}/self-service/registration/browser");
        named("Sign up", append_query(&begin, "return_to", &back))
    });
    let settings = adieu_face_pages::Settings {
        public_url: base.clone(),
        realm: realm.clone(),
        cookie_names: cookie_names(config),
        cookies: companions::all(config),
        sign_on: [
            named("Sign on", append_query(&login, "return_to", &back)),
            named("Sign on another way", append_query(&append_query(&at_am, "realm", realm), "goto", &back)),
        ]
        .into_iter()
        .chain(sign_up)
        .collect(),
        second_step: append_query(&append_query(&login, "aal", "aal2"), "return_to", &back),
        settings: format!("{kratos}/self-service/settings/browser"),
        applications: applications(&config.public.url),
        documents: documents.collect(),
        dialects: dialects.asking(),
    };
    adieu_face_pages::service(authority.clone(), settings)
}

/// Where users of realms see what applications may have: at the native issuers.
fn applications(public_url: &str) -> adieu_face_pages::AddressOfRealm {
    let public_url = public_url.to_owned();
    Arc::new(move |realm| format!("{}/applications", adieu_face_openid::issuer(&public_url, realm)))
}

/// The names of all cookies that may carry a session, each read as its dialect reads it.
fn cookie_names(config: &Config) -> Vec<SessionCookieName> {
    let further = config.kratos.cookie_names_read.iter().map(String::as_str);
    let exact = ["ST", "ST-NO-SS"].into_iter().chain(further).map(SessionCookieName::exact);
    let first = [
        SessionCookieName::exact(&config.kratos.cookie_name),
        SessionCookieName::any_case(&config.am.cookie_name),
    ];
    first.into_iter().chain(exact).collect()
}

/// An address of PingOne's; an empty one is the public one.
fn pingone_url(config: &Config, url: &str) -> String {
    if url.is_empty() { config.public.url.clone() } else { url.to_owned() }
}

/// RFC 6797 §6.1: browsers come over https alone from now on. Not said of `localhost`, which other programs share.
fn transport(config: &Config) -> Option<HeaderValue> {
    let host = config.public.url.strip_prefix("https://")?.split(['/', ':']).next().unwrap_or_default();
    let wanted = config.public.hsts_s > 0 && host != "localhost";
    wanted.then(|| HeaderValue::from_str(&format!("max-age={}", config.public.hsts_s)).ok()).flatten()
}

/// What a browser forgets of this host after a sign-off. Clear Site Data §3.1; it counts over https alone.
fn clears(config: &Config) -> Option<HeaderValue> {
    let said = match config.public.clear_site_data.as_str() {
        "storage" => "\"cache\", \"storage\"",
        "cookies" => "\"cache\", \"storage\", \"cookies\"",
        _ => return None,
    };
    is_https(&config.public.url).then(|| HeaderValue::from_static(said))
}

/// `SameSite` of AM's cookies: what is said; else `None`, which needs https, or `Lax`.
pub(crate) fn am_same_site(config: &Config) -> Option<SameSite> {
    match (config.am.cookie_same_site.as_str(), is_https(&config.public.url)) {
        ("absent", _) => None,
        ("Strict", _) => Some(SameSite::Strict),
        ("None" | "", true) => Some(SameSite::None),
        _ => Some(SameSite::Lax),
    }
}

pub(crate) fn is_https(url: &str) -> bool {
    url.starts_with("https://")
}

fn am(authority: &Authority, config: &Config) -> Result<FaceService<adieu_face_am::Am>> {
    use adieu_face_am::{Settings, VersionDefault};
    let face = &config.am;
    let settings = Settings {
        public_url: config.public.url.clone(),
        upstream_base: upstream_base(config, &config.public.url),
        cookie_name: face.cookie_name.clone(),
        cookie_domains: face.cookie_domains.clone(),
        cookies_secure: is_https(&config.public.url),
        cookies_same_site: am_same_site(config),
        base_dn: face.base_dn.clone(),
        success_url: face.success_url.clone(),
        version_default: match face.version_default.as_str() {
            "oldest" => VersionDefault::Oldest,
            "none" => VersionDefault::None,
            _ => VersionDefault::Latest,
        },
        version_warning: face.version_warning,
        csrf_filter: face.csrf_filter,
        attempt_life_s: u32::try_from(face.attempt_lifetime_s).unwrap_or(u32::MAX),
        goto_allowed: face.goto_allowed.clone(),
        cors_origins: origins("am.cors_origins", &face.cors_origins)?,
        session_properties: face.session_properties.clone(),
        token_in_body: face.token_in_body,
        ends_by_id_token: face.ends_by_id_token,
        front_page: front_page(config),
        self_service: self_service_beside(config),
        introspects_as_openam: face.introspects_as_openam,
        escapes_messages: face.escapes_messages,
        public_needs_pkce: face.public_needs_pkce,
        companions: match face.set_all_cookies {
            true => companions(config, SessionCookie::Am),
            false => Companions::default().with_state(companions::state(&config.public.url, config)),
        },
        ..Settings::default()
    };
    Ok(adieu_face_am::service(authority.clone(), settings))
}

fn pingone(authority: &Authority, config: &Config) -> FaceService<adieu_face_pingone::PingOne> {
    let face = &config.pingone;
    let or_public = |url: &str| pingone_url(config, url);
    let settings = adieu_face_pingone::Settings {
        auth_base: or_public(&face.auth_url),
        api_base: or_public(&face.api_url),
        apps_base: or_public(&face.apps_url),
        cookies_secure: is_https(&or_public(&face.auth_url)),
        own_bases: config
            .realms
            .iter()
            .filter_map(|realm| Some((authority.realm_id_seen(&realm.path)?, realm.pingone_url.clone()?)))
            .collect(),
        cookie_life_s: i64::try_from(face.cookie_lifetime_s).unwrap_or(i64::MAX),
        upstream_base: upstream_base(config, &config.public.url),
        front_page: front_page(config),
        self_service: self_service_beside(config),
        sign_off_asks: face.sign_off_asks,
        companions: match face.set_all_cookies {
            true => companions(config, SessionCookie::PingOne),
            false => Companions::default().with_state(companions::state(&or_public(&face.auth_url), config)),
        },
    };
    adieu_face_pingone::service(authority.clone(), settings)
}

fn openid(authority: &Authority, config: &Config) -> FaceService<adieu_face_openid::OpenId> {
    let settings = adieu_face_openid::Settings {
        public_url: config.public.url.clone(),
        cookie_names: cookie_names(config),
        cookies_secure: is_https(&config.public.url),
        companions: match config.openid.set_all_cookies {
            true => companions::all(config),
            false => Companions::default().with_state(companions::state(&config.public.url, config)),
        },
        registration: config.openid.registration,
        own_origins: own_origins(config),
        requires_pushed: config.openid.require_pushed_requests,
        sign_on_page: format!("{}/am/UI/Login", config.public.url),
        front_page: front_page(config),
        self_service: self_service(config),
    };
    adieu_face_openid::service(authority.clone(), settings)
}

fn check(authority: &Authority, config: &Config) -> FaceService<adieu_face_check::ProxyCheck> {
    let sign_on = match config.check.sign_on_url.as_str() {
        "" => format!("{}/self-service/login/browser", config.kratos_url()),
        url => url.to_owned(),
    };
    let settings = adieu_face_check::Settings {
        realm: config.check.realm.clone(),
        cookie_names: cookie_names(config),
        header_names: vec![config.am.cookie_name.clone()],
        sign_on_url: sign_on,
        preflights_pass: config.check.preflights_pass,
        method_forwarded: config.check.method_forwarded,
    };
    adieu_face_check::service(authority.clone(), settings)
}

/// Origins out of a key.
fn origins(key: &str, texts: &[String]) -> Result<Origins> {
    Origins::read(texts).map_err(|(text, why)| anyhow::anyhow!("{key}: `{text}`: {why}"))
}

/// The identity schema out of its file.
fn schema(face: &crate::config::KratosConfig) -> Result<Option<serde_json::Value>> {
    if face.schema_file.is_empty() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&face.schema_file).context("the schema can't be read")?;
    serde_json::from_str(&text).context("the schema is no JSON").map(Some)
}

fn kratos(authority: &Authority, config: &Config) -> Result<FaceService<adieu_face_kratos::Kratos>> {
    let companions = match config.kratos.set_all_cookies {
        true => companions(config, SessionCookie::Kratos),
        false => Companions::default().with_state(companions::state(config.kratos_url(), config)),
    };
    let settings = kratos_settings(config, companions)?;
    let settings =
        adieu_face_kratos::Settings { sign_on_pages: sign_on_pages(authority, config), ..settings };
    adieu_face_kratos::service(authority.clone(), settings).map_err(Into::into)
}

/// The settings of Kratos' face, with the schema out of its file. Whoever checks a configuration asks for them, too.
pub(crate) fn kratos_settings(
    config: &Config,
    companions: Companions,
) -> Result<adieu_face_kratos::Settings> {
    let (face, base) = (&config.kratos, config.kratos_url());
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let default_return = or(&face.default_return_url, &format!("{base}/self-service/ui/status"));
    Ok(adieu_face_kratos::Settings {
        realm: face.realm.clone(),
        base: base.to_owned(),
        admin_base: config.admin.url.clone(),
        cookie: adieu_face_kratos::CookieSettings {
            name: face.cookie_name.clone(),
            names_read: face.cookie_names_read.clone(),
            persistent: face.cookie_persistent,
            same_site: face.cookie_same_site.clone(),
            domain: face.cookie_domain.clone(),
            secure: is_https(base),
        },
        login_flow_life_s: face.login_flow_lifetime_s,
        settings_flow_life_s: face.settings_flow_lifetime_s,
        registration_flow_life_s: face.registration_flow_lifetime_s,
        registration_opens_session: face.registration_opens_session,
        recovery_ends_others: face.recovery_ends_others,
        continue_with_transitions: face.use_continue_with_transitions,
        keeps_token: face.login_keeps_token,
        count_has_ended: face.count_has_ended,
        enrolling_proves: face.enrolling_proves,
        tokenizers: face
            .tokenizers
            .iter()
            .map(|template| template.template().map_err(anyhow::Error::msg))
            .collect::<Result<_>>()?,
        logout_return: or(&face.logout_return_url, &default_return),
        login_return: or(&face.login_return_url, &default_return),
        registration_return: or(&face.registration_return_url, &default_return),
        registration_ui: or(&face.registration_ui_url, &format!("{base}/self-service/ui/registration")),
        recovery_ui: or(&face.recovery_ui_url, &format!("{base}/self-service/ui/recovery")),
        default_return,
        login_ui: or(&face.login_ui_url, &format!("{base}/self-service/ui/login")),
        error_ui: or(&face.error_ui_url, &format!("{base}/self-service/ui/error")),
        settings_ui: or(&face.settings_ui_url, &format!("{base}/self-service/ui/settings")),
        allowed_return: face.allowed_return_urls.clone(),
        cors_origins: origins("kratos.cors_origins", &face.cors_origins)?,
        whoami_cache_max_s: face.whoami_cacheable.then_some(face.whoami_cacheable_max_s),
        clear_browser_data: face.logout_clears_browser_data,
        documented_error_ids: face.documented_error_ids,
        schema_id: face.schema_id.clone(),
        schema: schema(face)?,
        extend_within_s: (face.extend_within_s > 0).then_some(face.extend_within_s),
        extend_answers_nothing: face.extend_answers_nothing,
        upstream_base: upstream_base(config, base),
        front_page: front_page(config),
        applications: (base == config.public.url).then(|| applications(base)(&face.realm)),
        sign_on_pages: Vec::new(),
        companions,
    })
}

/// Our own API. Documents of an installation have what PingOne's management API keeps, too.
pub(crate) fn native(authority: &Authority) -> FaceService<adieu_face_native::Native> {
    adieu_face_native::service(authority.clone(), adieu_face_pingone::DOCUMENT_KINDS)
}

/// The admin side, all of it behind the credential, if one is configured.
pub(crate) fn admin(
    authority: &Authority,
    meter: &Arc<RequestMeter>,
    kratos: FaceService<KratosAdmin>,
    config: &Config,
) -> Result<FaceService<AdminSide>> {
    let credential = config.admin.credential()?;
    Ok(FaceService::new(AdminSide {
        guard: Guard::new(credential.as_ref(), &config.admin.url),
        authority: authority.clone(),
        meter: Arc::clone(meter),
        native: native(authority),
        kratos,
    }))
}
