//! What a request says of an application.
//!
//! Whatever an application would have to rely on and does not exist here is refused by name. Contract pingone.md 4.3 and 5.4.

use adieu_authority::{Client, ClientAuth, ClientJwks, Span, is_web_address, read_client_jwks};
use adieu_http_kit::json;
use adieu_http_kit::origins::OriginPattern;
use serde_json::{Map, Value};

use super::find::{ADDRESSES, METHODS};
use crate::manage::input::Input;
use crate::manage::members;
use crate::problem::Problem;

const TYPES: [&str; 6] = ["WEB_APP", "NATIVE_APP", "SINGLE_PAGE_APP", "WORKER", "SERVICE", "CUSTOM_APP"];
/// Members that no rule reads.
const KEPT: [&str; 9] = [
    "type",
    "description",
    "homePageUrl",
    "loginPageUrl",
    "initiateLoginUri",
    "targetLinkUri",
    "icon",
    "tags",
    "hiddenFromAppPortal",
];
/// Life of refresh tokens where nothing else is said. Contract pingone.md 2.4
const REFRESH_LIFE: Span = Span::from_s(30 * 24 * 3600);

/// An application as it is described.
pub(super) struct ApplicationInput {
    name: String,
    enabled: bool,
    worker: bool,
    auth: ClientAuth,
    code: bool,
    refresh: bool,
    client_credentials: bool,
    pkce_required: bool,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    origins: Option<Vec<String>>,
    outlives_session: bool,
    ends_by_id_token: bool,
    refresh_life: Span,
    jwks: Option<ClientJwks>,
    jwks_uri: Option<String>,
    rest: Map<String, Value>,
}

impl ApplicationInput {
    pub(super) fn read(input: &Input) -> Result<Self, Problem> {
        let kind = input.required("type")?;
        if !TYPES.contains(&kind) {
            return Err(Problem::invalid("type", "The word is not known."));
        }
        if input.required("protocol")? != "OPENID_CONNECT" {
            return Err(Problem::invalid("protocol", "Only `OPENID_CONNECT` is supported."));
        }
        members::refuse(input, members::APPLICATION)?;
        let worker = kind == "WORKER";
        let grants = grants(input, worker)?;
        let has = |grant: &str| grants.iter().any(|one| one == grant);
        for kind in input.texts("responseTypes")? {
            if kind != "CODE" {
                return Err(Problem::invalid("responseTypes", "Only `CODE` is supported."));
            }
        }
        for name in ADDRESSES {
            address(name, input.text(name)?)?;
        }
        if let Some(icon) = input.object("icon")? {
            address("icon", icon.text("href")?)?;
        }
        Ok(Self {
            name: input.required("name")?.to_owned(),
            enabled: input.flag("enabled")?.unwrap_or(false),
            worker,
            auth: method(input)?,
            code: has("AUTHORIZATION_CODE"),
            refresh: has("REFRESH_TOKEN"),
            client_credentials: has("CLIENT_CREDENTIALS"),
            pkce_required: pkce(input)?,
            redirect_uris: input.texts("redirectUris")?,
            post_logout_redirect_uris: input.texts("postLogoutRedirectUris")?,
            origins: origins(input)?,
            outlives_session: input.flag("skipTokenSessionValidation")?.unwrap_or(false),
            ends_by_id_token: input.flag("idpSignoff")?.unwrap_or(false),
            refresh_life: input.seconds("refreshTokenDuration")?.unwrap_or(REFRESH_LIFE),
            jwks: keys(input)?,
            jwks_uri: input.text("jwksUrl")?.filter(|text| !text.is_empty()).map(str::to_owned),
            rest: input.some_of(&KEPT),
        })
    }

    pub(super) fn is_worker(&self) -> bool {
        self.worker
    }

    pub(super) fn auth(&self) -> ClientAuth {
        self.auth
    }

    /// What is kept beside the client.
    pub(super) fn rest(&self) -> Value {
        Value::Object(self.rest.clone())
    }

    pub(super) fn apply(&self, client: &mut Client) {
        client.name = self.name.clone();
        client.enabled = self.enabled;
        client.auth = self.auth;
        client.code = self.code;
        client.refresh = self.refresh;
        client.client_credentials = self.client_credentials;
        client.pkce_required = self.pkce_required;
        client.redirect_uris = self.redirect_uris.clone();
        client.post_logout_redirect_uris = self.post_logout_redirect_uris.clone();
        client.origins = self.origins.clone();
        client.outlives_session = self.outlives_session;
        client.ends_by_id_token = self.ends_by_id_token;
        client.refresh_life = self.refresh_life;
        client.signing.jwks = self.jwks.clone();
        client.signing.jwks_uri = self.jwks_uri.clone();
    }
}

/// An address that people are shown or sent to; an empty one is none.
fn address(name: &'static str, text: Option<&str>) -> Result<(), Problem> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) if !is_web_address(text) => {
            Err(Problem::invalid(name, "An absolute address is wanted: https or http."))
        }
        Some(_) | None => Ok(()),
    }
}

fn grants(input: &Input, worker: bool) -> Result<Vec<String>, Problem> {
    let grants = input.texts("grantTypes")?;
    if grants.is_empty() && worker {
        return Ok(vec!["CLIENT_CREDENTIALS".to_owned()]);
    }
    let known = |grant: &String| {
        ["AUTHORIZATION_CODE", "REFRESH_TOKEN", "CLIENT_CREDENTIALS"].contains(&grant.as_str())
    };
    if grants.iter().all(known) {
        return Ok(grants);
    }
    Err(Problem::invalid(
        "grantTypes",
        "`AUTHORIZATION_CODE`, `REFRESH_TOKEN` and `CLIENT_CREDENTIALS` are supported.",
    ))
}

fn method(input: &Input) -> Result<ClientAuth, Problem> {
    let word = input.required("tokenEndpointAuthMethod")?;
    let known = METHODS.iter().find(|(name, _)| *name == word).map(|(_, auth)| *auth);
    known.ok_or(Problem::invalid(
        "tokenEndpointAuthMethod",
        "`NONE`, `CLIENT_SECRET_BASIC`, `CLIENT_SECRET_POST` and `PRIVATE_KEY_JWT` are supported.",
    ))
}

/// The public keys, which this dialect writes as text; an empty one is none.
fn keys(input: &Input) -> Result<Option<ClientJwks>, Problem> {
    let Some(text) = input.text("jwks")?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let set = json::read(text.as_bytes());
    let read = set.ok().and_then(|set| read_client_jwks(&set).ok());
    let rule = "A JWK Set is wanted, as text: at most eight public keys, RSA of 2048 to 4096 bits, P-256 or Ed25519.";
    read.map(Some).ok_or(Problem::invalid("jwks", rule))
}

fn pkce(input: &Input) -> Result<bool, Problem> {
    match input.text("pkceEnforcement")? {
        None | Some("OPTIONAL") => Ok(false),
        Some("REQUIRED" | "S256_REQUIRED") => Ok(true), // `plain` is taken from nobody.
        Some(_) => Err(Problem::invalid("pkceEnforcement", "The word is not known.")),
    }
}

/// Contract pingone.md 5.4
fn origins(input: &Input) -> Result<Option<Vec<String>>, Problem> {
    let Some(settings) = input.object("corsSettings")? else { return Ok(None) };
    match settings.required("behavior")? {
        "ALLOW_NO_ORIGINS" => Ok(Some(Vec::new())),
        "ALLOW_SPECIFIC_ORIGINS" => {
            let origins = settings.texts("origins")?;
            // As browsers say it: any other would match nobody.
            let sound = |origin: &String| {
                let said = origin.parse::<OriginPattern>().map(|pattern| pattern.to_string());
                !origin.contains('*') && said.is_ok_and(|said| said == *origin)
            };
            if origins.iter().all(sound) {
                return Ok(Some(origins));
            }
            Err(Problem::invalid(
                "corsSettings",
                "An origin is a scheme and a host as browsers say it: small letters, no path, no usual port.",
            ))
        }
        _ => Err(Problem::invalid("corsSettings", "The word is not known.")),
    }
}
