//! `/json/…/serverinfo/*`: what a client must know before it can ask anything else; no credential is looked at, but for
//! the version, which is told to administrators.
//!
//! Contract am.md 3.5.

use adieu_authority::{RealmId, Standing};
use axum::body::Body;
use http::HeaderValue;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::address::Addressed;
use crate::answer::{Extras, json, revision};
use crate::call::Call;
use crate::caller;
use crate::crest::{self, Ask, Fields};
use crate::error::AmError;
use crate::face::Face;
use crate::settings::{SameSite, Settings};
use crate::version::{ApiVersion, AskedVersion, Registered};

static VERSIONS: [Registered; 1] = [Registered { version: ApiVersion(1, 1), header: "resource=1.1" }];

#[derive(Serialize)]
struct Domains<'a> {
    domains: &'a [String],
}

/// Which server this is to a client that asks for AM's release: the one whose interface is kept. Clients take three
/// numbers out of it and choose what to call by them.
const RELEASE: Release = Release {
    version: "8.0.1",
    full_version: concat!("8.0.1, as spoken by adieu ", env!("CARGO_PKG_VERSION")),
    revision: "",
    date: "",
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Release {
    version: &'static str,
    full_version: &'static str,
    revision: &'static str,
    date: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    domains: &'a [String],
    protected_user_attributes: [&'a str; 0],
    cookie_name: &'a str,
    secure_cookie: bool,
    cookie_same_site: Option<&'a str>,
    forgot_password: &'a str,
    forgot_username: &'a str,
    kba_enabled: &'a str,
    self_registration: &'a str,
    lang: &'a str,
    successful_user_registration_destination: &'a str,
    social_implementations: [&'a str; 0],
    referrals_enabled: &'a str,
    zero_page_login: ZeroPage,
    realm: &'a str,
    xui_user_session_validation_enabled: bool,
    file_based_configuration: bool,
    user_id_attributes: [&'a str; 0],
    node_designer_xui_enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZeroPage {
    enabled: bool,
    referer_whitelist: [&'static str; 0],
    allowed_without_referer: bool,
}

/// What can be asked about.
#[derive(Clone, Copy)]
pub(crate) enum InfoResource {
    Server,
    CookieDomains,
    Version,
}

impl InfoResource {
    pub(crate) const NAMES: [(&'static str, Self); 3] =
        [("*", Self::Server), ("cookieDomains", Self::CookieDomains), ("version", Self::Version)];
}

/// What a request to the resource comes to.
pub(crate) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    addressed: &Addressed<'_, '_>,
    extras: &mut Extras,
) -> Result<Vec<u8>, AmError> {
    let wanted = AskedVersion::of(call.headers())?;
    let ask = crest::ask(call, body, wanted).await?;
    let rest = addressed.rest.join("/");
    let served = wanted.serve(&VERSIONS, face.settings.version_default);
    let served = served.map_err(|unserved| unserved.of_crest(&rest))?;
    let [id] = addressed.rest else { return Err(AmError::UnknownResource(rest)) };
    extras.served = Some(served);
    match ask {
        Ask::Read => {}
        Ask::Action(name, _) => return Err(AmError::UnknownAction(name)),
        Ask::Create | Ask::Query(_) | Ask::Change(_) => return Err(AmError::Unsupported),
    }
    let named = wanted.protocol_since(ApiVersion(2, 0));
    let fields = Fields::of(call);
    match InfoResource::NAMES.iter().find(|(name, _)| name == id) {
        Some((_, InfoResource::Server)) => {
            Ok(resource(id, named, &fields, &info(&face.settings, &addressed.realm.path), extras))
        }
        Some((_, InfoResource::CookieDomains)) => {
            Ok(resource(id, named, &fields, &Domains { domains: &face.settings.cookie_domains }, extras))
        }
        Some((_, InfoResource::Version)) => {
            demand_administrator(face, call, addressed.realm.id).await?;
            Ok(resource(id, named, &fields, &RELEASE, extras))
        }
        None => Err(AmError::UnknownInfo(id.to_string())),
    }
}

async fn demand_administrator(face: &Face, call: &Call, realm: RealmId) -> Result<(), AmError> {
    let caller = caller::caller(face, call.headers(), Some(realm)).await?;
    // Quirk: here nobody is 403, too.
    let (_, live) = caller.live().ok_or(AmError::NoSession)?;
    match caller::standing(face, live, realm).await? {
        Standing::OfRealm => Ok(()),
        Standing::Nobody | Standing::OfPopulations(_) => Err(AmError::NoPrivilege),
    }
}

fn info<'a>(settings: &'a Settings, realm: &'a str) -> Info<'a> {
    Info {
        domains: &settings.cookie_domains,
        protected_user_attributes: [],
        cookie_name: &settings.cookie_name,
        secure_cookie: settings.cookies_secure,
        cookie_same_site: settings.cookies_same_site.map(|same_site| match same_site {
            SameSite::Strict => "strict",
            SameSite::Lax => "lax",
            SameSite::None => "none",
        }),
        forgot_password: "false",
        forgot_username: "false",
        kba_enabled: "false",
        self_registration: "false",
        lang: "en-US",
        successful_user_registration_destination: "default",
        social_implementations: [],
        referrals_enabled: "false",
        zero_page_login: ZeroPage { enabled: false, referer_whitelist: [], allowed_without_referer: true },
        realm,
        xui_user_session_validation_enabled: true,
        file_based_configuration: false,
        user_id_attributes: [],
        node_designer_xui_enabled: false,
    }
}

/// The wanted members of the content, with id and revision before them where the protocol wants those.
fn resource(
    id: &str,
    named: bool,
    fields: &Fields,
    content: &impl Serialize,
    extras: &mut Extras,
) -> Vec<u8> {
    let content = serde_json::to_value(content).expect("texts, lists and switches under names");
    let rev = revision(&json(&content)).to_string();
    extras.etag = HeaderValue::from_str(&format!("\"{rev}\"")).ok();
    let mut shown = Map::new();
    if named {
        shown.insert("_id".into(), id.into());
        shown.insert("_rev".into(), rev.into());
    }
    if let Value::Object(content) = content {
        shown.extend(fields.of_object(content));
    }
    json(&shown)
}
