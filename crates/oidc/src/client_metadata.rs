//! What a client says of itself when it registers, and how a registered client is shown.
//!
//! What is not understood is left out (RFC 7591 §2); what would have to be kept for the client to be safe, and is not here, is refused.
//! OpenID Connect Dynamic Client Registration 1.0 §2, RFC 7591 §2 and §3.2, RFC 7592 §2.

use adieu_authority::{
    Authority, Client, ClientAuth, ClientJwks, ClientSigning, JoseAlgorithm, NewClient, RecordFault,
    client_is_sound, is_encrypted_or_local, private_scheme, read_client_jwks, shown_client_jwks, web_origin,
};
use serde_json::{Map, Value, json};

use crate::{OFFLINE_ACCESS, ResponseMode, SCOPES, says_something, without_repeats};

/// Why metadata are not taken. RFC 7591 §3.2.2
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// An address to send a browser to.
    #[error("{0}")]
    RedirectUri(String),
    /// Anything else.
    #[error("{0}")]
    Metadata(String),
}

impl MetadataError {
    /// The standard word.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RedirectUri(_) => "invalid_redirect_uri",
            Self::Metadata(_) => "invalid_client_metadata",
        }
    }
}

/// Addresses of one list, and characters of a text (HOME-LIMITS).
const URIS_MAX: usize = 100;
const NAME_MAX: usize = 255;
/// Members that would have to be kept and are not here: they make a client safer, or narrower, and none of that is dropped (F-9).
const REFUSED: [&str; 25] = [
    "authorization_encrypted_response_alg",
    "authorization_encrypted_response_enc",
    "authorization_signed_response_alg",
    "default_acr_values",
    "default_max_age",
    "dpop_bound_access_tokens",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "sector_identifier_uri",
    "software_statement",
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc",
    "authorization_details_types",
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
    "tls_client_certificate_bound_access_tokens",
];

/// The metadata of a client that registers itself, read and judged.
#[derive(Debug)]
pub struct ClientMetadata {
    name: Option<String>,
    auth: ClientAuth,
    refresh: bool,
    code: bool,
    user_scopes: Option<Vec<String>>,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    backchannel_logout_uri: Option<String>,
    backchannel_logout_session_required: bool,
    frontchannel_logout_uri: Option<String>,
    frontchannel_logout_session_required: bool,
    signing: ClientSigning,
}

impl ClientMetadata {
    /// Reads metadata.
    ///
    /// # Errors
    /// Why they are not taken.
    pub fn read(said: &Map<String, Value>) -> Result<Self, MetadataError> {
        for name in REFUSED {
            if said.get(name).is_some_and(|value| !value.is_null() && *value != Value::Bool(false)) {
                return Err(wrong(format!("{name} is not supported here")));
            }
        }
        one_of(said, "subject_type", &["public"])?;
        one_of(said, "application_type", &["web", "native"])?;
        flag(said, "require_auth_time")?; // Every ID token of a user has it.
        one_of(said, "introspection_signed_response_alg", &[JoseAlgorithm::default().name()])?;
        for kind in texts(said, "response_types")?.unwrap_or_default() {
            if kind != "code" {
                return Err(wrong("response_types: code".into()));
            }
        }
        let modes = texts(said, "response_modes")?;
        let all = |modes: &Vec<String>| {
            ResponseMode::STANDARD.iter().all(|one| modes.iter().any(|m| m == one.word()))
        };
        if !modes.as_ref().is_none_or(all) {
            return Err(wrong("response_modes: all of query, fragment and form_post, or none named".into()));
        }
        let grants = texts(said, "grant_types")?.unwrap_or_else(|| vec!["authorization_code".into()]);
        if grants.iter().any(|grant| !["authorization_code", "refresh_token"].contains(&grant.as_str())) {
            return Err(wrong("grant_types: authorization_code and refresh_token".into()));
        }
        let has = |grant: &str| grants.iter().any(|one| one == grant);
        Self {
            name: name(said)?,
            auth: auth(said)?,
            code: has("authorization_code"),
            refresh: has("refresh_token"),
            user_scopes: user_scopes(said)?,
            redirect_uris: uris(said, "redirect_uris")?,
            post_logout_redirect_uris: uris(said, "post_logout_redirect_uris")?,
            backchannel_logout_uri: text(said, "backchannel_logout_uri")?,
            backchannel_logout_session_required: flag(said, "backchannel_logout_session_required")?,
            frontchannel_logout_uri: text(said, "frontchannel_logout_uri")?,
            frontchannel_logout_session_required: flag(said, "frontchannel_logout_session_required")?,
            signing: signing(said)?,
        }
        .with_addresses()
    }

    fn with_addresses(self) -> Result<Self, MetadataError> {
        if self.code && self.redirect_uris.is_empty() {
            return Err(MetadataError::RedirectUri("redirect_uris: at least one".into()));
        }
        Ok(self)
    }

    /// Judges where browsers are sent, more strictly than of a client that an administrator makes: nobody has looked at this one. Not in
    /// the clear over a network, and not to an address of this installation: it would be the place that a consent page names, and lead
    /// on from there to another one (RFC 9700 §2.6, §4.1.3, §4.11). `own` are the origins of this installation; what the client has already is
    /// not judged again.
    ///
    /// # Errors
    /// If an address is one of these.
    pub fn leads_away(&self, own: &[String], before: Option<&Client>) -> Result<(), MetadataError> {
        let known = |uri: &String| {
            before.is_some_and(|before| {
                before.redirect_uris.contains(uri) || before.post_logout_redirect_uris.contains(uri)
            })
        };
        let fault = |uri: &&String| {
            if known(uri) {
                return None;
            }
            // Any program of a device may take a scheme; this one would read like the installation.
            let host = |own: &String| {
                own.split_once("://").is_some_and(|(_, host)| {
                    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
                    private_scheme(uri).is_some_and(|scheme| scheme.eq_ignore_ascii_case(host))
                })
            };
            if own.iter().any(host) {
                return Some(format!("{uri}: the scheme is a host of this installation"));
            }
            let origin = web_origin(uri)?;
            if own.iter().any(|own| is_same_host_and_port(own, &origin)) {
                return Some(format!("{uri} is an address of this installation"));
            }
            (!is_encrypted_or_local(uri)).then(|| format!("{uri}: https, or http on this machine"))
        };
        if let Some(fault) = self.redirect_uris.iter().find_map(|uri| fault(&uri)) {
            return Err(MetadataError::RedirectUri(format!("redirect_uris: {fault}")));
        }
        match self.post_logout_redirect_uris.iter().find_map(|uri| fault(&uri)) {
            Some(fault) => Err(wrong(format!("post_logout_redirect_uris: {fault}"))),
            None => Ok(()),
        }
    }

    /// The client that these metadata make, to be kept.
    ///
    /// # Errors
    /// What no client may say.
    pub fn draft(
        &self,
        authority: &Authority,
        realm: adieu_authority::RealmId,
    ) -> Result<Client, MetadataError> {
        let id = authority.draw_uuid().to_string().parse().expect("a UUID is an id of a client");
        let new = NewClient {
            id,
            name: String::new(),
            auth: self.auth,
            code: false,
            refresh: false,
            client_credentials: false,
            pkce_required: true,
            api_scopes: Vec::new(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            roles: Vec::new(),
        };
        // Somebody else's: nobody here has looked at it.
        let mut client = Client { require_consent: true, ..authority.draft_client(realm, new) };
        self.apply_to(&mut client);
        client_is_sound(None, (&client).into()).map_err(MetadataError::from)?;
        Ok(client)
    }

    /// Makes a client what the metadata say, whatever it was before (RFC 7592 §2.2), but for what they have no word for.
    pub fn apply_to(&self, client: &mut Client) {
        client.name = self.name.clone().unwrap_or_else(|| client.id.to_string());
        client.auth = self.auth;
        client.code = self.code;
        client.refresh = self.refresh;
        client.user_scopes = self.user_scopes.clone();
        client.redirect_uris = self.redirect_uris.clone();
        client.post_logout_redirect_uris = self.post_logout_redirect_uris.clone();
        client.backchannel_logout_uri = self.backchannel_logout_uri.clone();
        client.backchannel_logout_session_required = self.backchannel_logout_session_required;
        client.frontchannel_logout_uri = self.frontchannel_logout_uri.clone();
        client.frontchannel_logout_session_required = self.frontchannel_logout_session_required;
        client.signing = self.signing.clone();
    }
}

/// Whether two origins are one place, whatever the scheme: a host may be written with the dot of the root behind it (RFC 1034 §3.1), and
/// the same server mostly listens for both schemes.
fn is_same_host_and_port(one: &str, other: &str) -> bool {
    let place = |origin: &str| {
        let (_, rest) = origin.split_once("://")?;
        let (host, port) =
            rest.rsplit_once(':').filter(|(_, port)| !port.contains(']')).unwrap_or((rest, ""));
        Some((host.trim_end_matches('.').to_owned(), port.to_owned()))
    };
    place(one) == place(other)
}

/// A client that registered itself, as it is shown to itself: all that is so. `at` is where it is found.
pub fn shown_metadata(authority: &Authority, client: &Client, at: &str) -> Value {
    let grants = [(client.code, "authorization_code"), (client.refresh, "refresh_token")];
    let grants: Vec<&str> = grants.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect();
    let mut shown = json!({
        "client_id": client.id.as_str(), "client_id_issued_at": client.created_at.s(), "client_name": client.name,
        "token_endpoint_auth_method": auth_name(client.auth), "grant_types": grants, "response_types": ["code"],
        "redirect_uris": client.redirect_uris, "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "backchannel_logout_session_required": client.backchannel_logout_session_required,
        "frontchannel_logout_session_required": client.frontchannel_logout_session_required,
        "id_token_signed_response_alg": client.signing.id_token.name(), "subject_type": "public", "require_auth_time": true,
        "registration_access_token": authority.registration_token(client), "registration_client_uri": at,
    });
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown[name] = value;
        }
    };
    put("scope", client.user_scopes.as_ref().map(|scopes| scopes.join(" ").into()));
    put("backchannel_logout_uri", client.backchannel_logout_uri.clone().map(Value::from));
    put("frontchannel_logout_uri", client.frontchannel_logout_uri.clone().map(Value::from));
    put("userinfo_signed_response_alg", client.signing.userinfo.map(|alg| alg.name().into()));
    let signing = &client.signing;
    let proves = client.auth == ClientAuth::PrivateKey;
    put("request_object_signing_alg", signed_by(signing.request_object, signing).map(Value::from));
    let asserts = signed_by(signing.assertion, signing).filter(|_| proves || signing.assertion.is_some());
    put("token_endpoint_auth_signing_alg", asserts.map(Value::from));
    put("jwks_uri", client.signing.jwks_uri.clone().map(Value::from));
    put("jwks", Some(shown_client_jwks(&client.signing)).filter(|jwks| !jwks.is_null()));
    if let Some(secret) = authority.secret_of(client) {
        put("client_secret", Some(secret.into()));
        put("client_secret_expires_at", Some(0.into())); // Never. RFC 7591 §3.2.1
    }
    shown
}

impl From<RecordFault> for MetadataError {
    fn from(fault: RecordFault) -> Self {
        match fault {
            RecordFault::RedirectUri => Self::RedirectUri(format!("redirect_uris: {fault}")),
            RecordFault::PublicInOwnName
            | RecordFault::NoKeys
            | RecordFault::ClientName
            | RecordFault::TwoSetsOfKeys
            | RecordFault::RequestObjectAlgorithm
            | RecordFault::AssertionAlgorithm
            | RecordFault::JwksUri
            | RecordFault::PostLogoutRedirectUri
            | RecordFault::BackchannelLogoutUri
            | RecordFault::FrontchannelLogoutUri
            | RecordFault::Username
            | RecordFault::UsernameOfAddress
            | RecordFault::Email
            | RecordFault::Verified(_)
            | RecordFault::TraitUsername
            | RecordFault::TraitEmail
            | RecordFault::AccessLife
            | RecordFault::RefreshLife
            | RecordFault::ApiScope { .. }
            | RecordFault::UserScope { .. }
            | RecordFault::UngrantedScope { .. }
            | RecordFault::NoUserScope
            | RecordFault::Origin
            | RecordFault::BackchannelLogoutSession
            | RecordFault::FrontchannelLogoutSession
            | RecordFault::PopulationName
            | RecordFault::SubscriberAddress
            | RecordFault::SubscriberIssuer
            | RecordFault::SubscriberCredential
            | RecordFault::TooManySubscribers
            | RecordFault::RealmPath => Self::Metadata(fault.to_string()),
        }
    }
}

fn wrong(why: String) -> MetadataError {
    MetadataError::Metadata(why)
}

fn text(said: &Map<String, Value>, name: &str) -> Result<Option<String>, MetadataError> {
    match said.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(format!("{name}: a text"))),
    }
}

fn flag(said: &Map<String, Value>, name: &str) -> Result<bool, MetadataError> {
    match said.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(wrong(format!("{name}: true or false"))),
    }
}

fn texts(said: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, MetadataError> {
    let rule = || wrong(format!("{name}: a list of at most {URIS_MAX} texts"));
    match said.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(all)) if all.len() <= URIS_MAX => {
            let texts = all.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(rule));
            texts.collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(rule()),
    }
}

/// The scopes that it asks its users for, if it says so: those that are known here, of which there has to be one that can be asked for by itself.
fn user_scopes(said: &Map<String, Value>) -> Result<Option<Vec<String>>, MetadataError> {
    let Some(scope) = text(said, "scope")? else { return Ok(None) };
    let known = without_repeats(&scope, |scope| SCOPES.contains(&scope) || scope == OFFLINE_ACCESS);
    if !says_something(&known) {
        return Err(wrong(format!(
            "scope: of {}, and {OFFLINE_ACCESS} beside one of these",
            SCOPES.join(", ")
        )));
    }
    Ok(Some(known.split(' ').map(str::to_owned).collect()))
}

/// Addresses; what may be one is core's to say.
fn uris(said: &Map<String, Value>, name: &str) -> Result<Vec<String>, MetadataError> {
    let read = texts(said, name).map_err(|error| match name {
        "redirect_uris" => MetadataError::RedirectUri(error.to_string()),
        _ => error,
    });
    Ok(read?.unwrap_or_default())
}

fn one_of(said: &Map<String, Value>, name: &str, words: &[&str]) -> Result<(), MetadataError> {
    match text(said, name)? {
        Some(word) if !words.contains(&word.as_str()) => Err(wrong(format!("{name}: {}", words.join(", ")))),
        Some(_) | None => Ok(()),
    }
}

fn name(said: &Map<String, Value>) -> Result<Option<String>, MetadataError> {
    let name = text(said, "client_name")?.filter(|name| !name.trim().is_empty());
    let sound = |name: &String| name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control);
    match name {
        Some(name) if !sound(&name) => {
            Err(wrong(format!("client_name: at most {NAME_MAX} visible characters")))
        }
        name => Ok(name),
    }
}

const AUTHS: [(&str, ClientAuth); 4] = [
    ("client_secret_basic", ClientAuth::Basic),
    ("client_secret_post", ClientAuth::Post),
    ("private_key_jwt", ClientAuth::PrivateKey),
    ("none", ClientAuth::None),
];

fn auth(said: &Map<String, Value>) -> Result<ClientAuth, MetadataError> {
    let Some(word) = text(said, "token_endpoint_auth_method")? else { return Ok(ClientAuth::Basic) };
    let known = AUTHS.into_iter().find(|(name, _)| *name == word);
    let names = AUTHS.map(|(name, _)| name).join(", ");
    known.map(|(_, auth)| auth).ok_or_else(|| wrong(format!("token_endpoint_auth_method: {names}")))
}

fn auth_name(auth: ClientAuth) -> &'static str {
    AUTHS.into_iter().find(|(_, known)| *known == auth).map_or("none", |(name, _)| name)
}

/// An algorithm that a client names for something, if it names one.
fn algorithm(said: &Map<String, Value>, name: &str) -> Result<Option<JoseAlgorithm>, MetadataError> {
    let rule = || wrong(format!("{name}: RS256, ES256 or EdDSA"));
    text(said, name)?.map(|word| JoseAlgorithm::named(&word).ok_or_else(rule)).transpose()
}

/// The one algorithm by which a client signs something: that which it has named, or that of all keys that it gave by value.
fn signed_by(named: Option<JoseAlgorithm>, signing: &ClientSigning) -> Option<String> {
    if let Some(alg) = named {
        return Some(alg.name().to_owned());
    }
    let mut algs = signing.jwks.as_ref().map(ClientJwks::algorithms).unwrap_or_default();
    algs.dedup();
    algs.pop().filter(|_| algs.is_empty()).map(|alg| alg.name().to_owned())
}

fn signing(said: &Map<String, Value>) -> Result<ClientSigning, MetadataError> {
    let jwks = said.get("jwks").filter(|jwks| !jwks.is_null());
    let jwks = jwks.map(|set| read_client_jwks(set).map_err(|fault| wrong(format!("jwks: {fault}"))));
    let signing = ClientSigning {
        jwks: jwks.transpose()?,
        jwks_uri: text(said, "jwks_uri")?,
        id_token: algorithm(said, "id_token_signed_response_alg")?.unwrap_or_default(),
        userinfo: algorithm(said, "userinfo_signed_response_alg")?,
        request_object: algorithm(said, "request_object_signing_alg")?,
        assertion: algorithm(said, "token_endpoint_auth_signing_alg")?,
    };
    Ok(signing)
}
