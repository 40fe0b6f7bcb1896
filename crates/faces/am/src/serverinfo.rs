//! `/json/…/serverinfo/*`: what a client must know before it can ask anything else; no credential is looked at.
//!
//! Contract am.md 3.5; A-7.

use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use serde::Serialize;

use crate::address::Place;
use crate::answer::{Dress, Margin, json};
use crate::call::Call;
use crate::crest::{self, Ask};
use crate::error::AmError;
use crate::face::Face;
use crate::settings::{SameSite, Settings};
use crate::version::{Registered, Version, Wanted};

static VERSIONS: [Registered; 1] = [Registered { version: Version(1, 1), header: "resource=1.1" }];

#[derive(Serialize)]
struct Resource<'a, T> {
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "_rev", skip_serializing_if = "Option::is_none")]
    rev: Option<&'a str>,
    #[serde(flatten)]
    content: &'a T,
}

#[derive(Serialize)]
struct Domains<'a> {
    domains: &'a [String],
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

/// Answers a request to the resource.
pub(crate) async fn answer(face: &Face, call: &Call, body: Body, place: &Place<'_, '_>) -> Response {
    let mut margin = Margin::default();
    let result = read(face, call, body, place, &mut margin).await;
    face.answer(Dress::Read, margin, result)
}

async fn read(
    face: &Face,
    call: &Call,
    body: Body,
    place: &Place<'_, '_>,
    margin: &mut Margin,
) -> Result<Vec<u8>, AmError> {
    let wanted = Wanted::of(call.headers())?;
    let ask = crest::ask(call, body, wanted).await?;
    let rest = place.rest.join("/");
    let served = wanted.serve(&VERSIONS, face.settings.version_default);
    let served = served.map_err(|unserved| unserved.of_crest(&rest))?;
    let [id] = place.rest else { return Err(AmError::UnknownResource(rest)) };
    margin.served = Some(served);
    match ask {
        Ask::Read => {}
        Ask::Action(name, _) => return Err(AmError::UnknownAction(name)),
        Ask::Create | Ask::Change(_) => return Err(AmError::Unsupported),
    }
    let named = wanted.protocol_since(Version(2, 0));
    match id.as_ref() {
        "*" => Ok(resource(id, named, &info(&face.settings, &place.realm.path), margin)),
        "cookieDomains" => {
            Ok(resource(id, named, &Domains { domains: &face.settings.cookie_domains }, margin))
        }
        other => Err(AmError::UnknownInfo(other.to_owned())),
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

/// The content, with id and revision before it where the protocol wants them.
fn resource(id: &str, named: bool, content: &impl Serialize, margin: &mut Margin) -> Vec<u8> {
    let rev = revision(&json(content)).to_string();
    margin.etag = HeaderValue::from_str(&format!("\"{rev}\"")).ok();
    json(&Resource { id: named.then_some(id), rev: named.then_some(&rev), content })
}

/// A number that changes with the content: FNV-1a. It guards nothing.
fn revision(content: &[u8]) -> u32 {
    content.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
