//! The authorize request: read in the order in which it may be answered.
//!
//! First client and address, because until both are known nothing may be redirected; then everything that is told to the
//! client. Nothing here signs anybody on. OpenID Connect Core §3.1.2, RFC 7636, RFC 9700 §2.1, standards.md 2.1.

use std::sync::Arc;

use adieu_authority::{
    Assurance, Client, ClientAuth, ClientId, ClientRefusalReason, Outage, Session, Timestamp, User, UserId,
    is_https, may_redirect_to,
};
use adieu_http_kit::client::Peer;
use adieu_http_kit::form::Params;

use crate::claims_request::{CLAIMS_BYTES_MAX, ClaimsRequest};
use crate::client_auth::{MANY, each_once, once};
use crate::request_object::Unfolded;
use crate::{AuthorizeReply, HintError, KeysLater, Provider, Refusal, ResponseMode};

/// How long parameters may be that a flow has to keep (HOME-LIMITS).
const STATE_BYTES_MAX: usize = 2048;
const NONCE_BYTES_MAX: usize = 512;
const SCOPE_BYTES_MAX: usize = 1024;
const LOGIN_HINT_BYTES_MAX: usize = 256;

/// A request that was understood and may be answered.
#[derive(Clone, Debug)]
pub struct Authorize {
    /// Who asks.
    pub client: Arc<Client>,
    /// Where the answer goes.
    pub reply: AuthorizeReply,
    /// The scopes that are asked for and that its client may have, separated by blanks; see [`AskedOfUser::given_scope`](crate::AskedOfUser::given_scope).
    pub(crate) scope: String,
    /// To be put into the ID token.
    pub nonce: Option<String>,
    /// The claims that are asked for by name, as a grant keeps them.
    pub claims: Option<String>,
    /// The PKCE challenge (S256).
    pub challenge: Option<String>,
    /// A name to begin the sign-on with.
    pub login_hint: Option<String>,
    /// How far its user has to be proven.
    pub level: Assurance,
    prompt: Prompt,
    max_age_s: Option<i64>,
    /// The one user that it is for, if it names one.
    pub user: Option<UserId>,
    /// What a signed request says, parameter by parameter.
    signed: Option<Params>,
}

/// What a request wants its user to be asked. OpenID Connect Core §3.1.2.1
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Prompt {
    /// Nothing: `none`.
    never: bool,
    /// To sign on, even if somebody is signed on.
    login: bool,
    /// To agree.
    consent: bool,
    /// Who it shall be.
    select_account: bool,
}

/// Why a request is not answered with a code.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// What decides where answers go is missing: nothing may be redirected.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// The client is unknown or disabled, as the reason says for the log: nothing may be redirected.
    #[error("no such client")]
    Client(ClientRefusalReason),
    /// The address is not registered: nothing may be redirected. As it came.
    #[error("the redirect address is not registered")]
    RedirectUri(String),
    /// A parameter that decides where answers go is repeated: nothing may be redirected.
    #[error("the parameter {0} is repeated")]
    Repeated(&'static str),
    /// To be told to the client.
    #[error("{refusal}")]
    Told {
        /// Where.
        reply: AuthorizeReply,
        /// What.
        refusal: Refusal,
    },
    /// The keys of the client do not tell whether it signed the request.
    #[error(transparent)]
    KeysLater(KeysLater),
    /// It cannot be said.
    #[error("the request cannot be judged now")]
    Outage(#[from] Outage),
}

impl Provider<'_> {
    /// Reads an authorize request that a browser brings from there.
    pub async fn authorize(&self, params: &Params, peer: Option<&Peer>) -> Result<Authorize, AuthorizeError> {
        self.noted_in_browser(params, peer, self.judged(params).await).await
    }

    /// Reads an authorize request that is answered elsewhere: nothing is written down of it.
    pub async fn judged(&self, params: &Params) -> Result<Authorize, AuthorizeError> {
        match self.unfolded(params).await? {
            Unfolded::Plain => self.read(params).await,
            Unfolded::Signed(all) => {
                let authorize = self.read(&all).await?;
                Ok(Authorize { signed: Some(all), ..authorize })
            }
            Unfolded::Refused(refusal) => {
                let (_, reply) = self.addressee(params).await?;
                Err(AuthorizeError::Told { reply, refusal })
            }
        }
    }

    /// Reads a request whose object, if it had one, was looked at.
    async fn read(&self, params: &Params) -> Result<Authorize, AuthorizeError> {
        let (client, reply) = self.addressee(params).await?;
        match self.asked(&client, &reply, params).await {
            Ok(authorize) => Ok(authorize),
            Err(Refusal::Unavailable(outage)) => Err(AuthorizeError::Outage(outage)),
            Err(refusal) => Err(AuthorizeError::Told { reply, refusal }),
        }
    }

    /// The client of that name, which may ask.
    pub(crate) async fn asking(&self, id: &str) -> Result<Arc<Client>, AuthorizeError> {
        let unknown = || AuthorizeError::Client(ClientRefusalReason::UnknownClient);
        let id: ClientId = id.parse().map_err(|_| unknown())?;
        match self.authority.client(self.issuer.realm.id, &id).await? {
            Some(client) if client.enabled => Ok(client),
            Some(_) => Err(AuthorizeError::Client(ClientRefusalReason::DisabledClient)),
            None => Err(unknown()),
        }
    }

    /// Who asks and where answers go. What fails here is never redirected (RFC 9700 §2.1).
    async fn addressee(&self, params: &Params) -> Result<(Arc<Client>, AuthorizeReply), AuthorizeError> {
        let once = |name| once(params, name).map_err(|_| AuthorizeError::Repeated(name));
        let (id, redirect_uri) = (once("client_id")?, once("redirect_uri")?);
        let (state, mode) = (once("state")?, once("response_mode")?);
        let id = id.ok_or(AuthorizeError::Missing("client_id"))?;
        let client = self.asking(id).await?;
        let mode = self.mode(mode);
        let redirect_uri = match redirect_uri {
            Some(uri) if may_redirect_to(&client.redirect_uris, uri) => Some(uri),
            None if mode == Some(ResponseMode::Direct) => None,
            Some(said) => return Err(AuthorizeError::RedirectUri(said.to_owned())),
            None => return Err(AuthorizeError::Missing("redirect_uri")),
        };
        let state = state.filter(|state| state.len() <= STATE_BYTES_MAX);
        let (redirect_uri, state) = (redirect_uri.map(str::to_owned), state.map(str::to_owned));
        // A mode that is not there, or not for this address, is told of in the query.
        let mode = mode.filter(|mode| redirect_uri.as_deref().is_none_or(|uri| mode.reaches(uri)));
        let mode = mode.unwrap_or(ResponseMode::Query);
        Ok((client, AuthorizeReply { redirect_uri, state, mode }))
    }

    /// The mode that a request asks for, if it is there.
    fn mode(&self, asked: Option<&str>) -> Option<ResponseMode> {
        match asked {
            None => Some(ResponseMode::Query),
            Some(_) if asked == self.direct_mode => Some(ResponseMode::Direct),
            Some(word) => ResponseMode::named(word),
        }
    }

    /// Whether a code of this client is bound to a challenge: never optional for a public client, unless the issuer says so
    /// (S-OP-15).
    fn needs_pkce(&self, client: &Client) -> bool {
        client.pkce_required || (self.issuer.public_needs_pkce && client.auth == ClientAuth::None)
    }

    /// What is asked. Unknown parameters are ignored (S-OP-8), but for one that is repeated.
    async fn asked(
        &self,
        client: &Arc<Client>,
        reply: &AuthorizeReply,
        params: &Params,
    ) -> Result<Authorize, Refusal> {
        each_once(params)?;
        if once(params, "request_uri")?.is_some() {
            return Err(Refusal::RequestUri);
        }
        match once(params, "response_type")? {
            Some("code") if client.code => {}
            Some("code") => return Err(Refusal::Unauthorized),
            Some(_) => return Err(Refusal::ResponseType),
            None => return Err(Refusal::Request("`response_type` is missing.")),
        }
        if self.mode(once(params, "response_mode")?) != Some(reply.mode) {
            return Err(Refusal::Request("This `response_mode` is not supported for this redirect address."));
        }
        bounded(params, "state", STATE_BYTES_MAX)?;
        self.judge_resource(params)?;
        let claims = match bounded(params, "claims", CLAIMS_BYTES_MAX)? {
            Some(claims) => ClaimsRequest::read(claims)?.within(client),
            None => ClaimsRequest::default(),
        };
        let user = match once(params, "id_token_hint")? {
            Some(hint) => Some(self.hinted_user(hint, client).await?),
            None => None,
        };
        if claims.user.is_some_and(|meant| user.is_some_and(|hinted| hinted != meant)) {
            return Err(Refusal::Request("`id_token_hint` and `claims` name two users."));
        }
        Ok(Authorize {
            client: Arc::clone(client),
            reply: reply.clone(),
            scope: self.scopes(client, bounded(params, "scope", SCOPE_BYTES_MAX)?)?,
            nonce: bounded(params, "nonce", NONCE_BYTES_MAX)?.map(str::to_owned),
            challenge: challenge(self.needs_pkce(client), params)?,
            login_hint: bounded(params, "login_hint", LOGIN_HINT_BYTES_MAX)?.map(str::to_owned),
            level: self.level(client, once(params, "acr_values")?, &claims.acr),
            prompt: prompt(once(params, "prompt")?)?,
            max_age_s: max_age(once(params, "max_age")?)?,
            user: user.or(claims.user),
            claims: claims.to_text(),
            signed: None,
        })
    }

    /// The lowest level that a request accepts: values that are not known here ask for nothing (S-OP-8, S-IPS-2). A client that
    /// has a name of its own for its sign-ons may ask for that, whatever they prove.
    fn level(&self, client: &Client, acr_values: Option<&str>, named: &[String]) -> Assurance {
        let names = self.issuer.acr;
        let level = |value: &str| match value {
            _ if client.acr.as_deref() == Some(value) || value == names.one => Some(Assurance::One),
            _ if value == names.two => Some(Assurance::Two),
            _ => None,
        };
        let values = acr_values.unwrap_or_default().split(' ').chain(named.iter().map(String::as_str));
        values.filter_map(level).min().unwrap_or(Assurance::One)
    }

    async fn hinted_user(&self, hint: &str, client: &Client) -> Result<UserId, Refusal> {
        match self.hint(hint, Some(client.id.as_str())).await {
            Ok(hint) => Ok(hint.user),
            Err(HintError::Outage(outage)) => Err(Refusal::Unavailable(outage)),
            Err(HintError::Invalid | HintError::OtherClient) => {
                Err(Refusal::Request("`id_token_hint` is not an ID token of this client."))
            }
        }
    }
}

impl Authorize {
    /// Whether this live session answers the request without asking anybody anything.
    pub fn answered_by(&self, session: &Session, now: Timestamp) -> bool {
        let age_s = now.since(session.authenticated_at).s();
        // OpenID Connect Core §3.1.2.1: `max_age=0` acts as `prompt=login`.
        let fresh = self.max_age_s.is_none_or(|max_age_s| max_age_s > 0 && age_s <= max_age_s);
        let meant = !self.is_for_another(session.user);
        let asked_for = self.prompt.login || self.prompt.select_account;
        !asked_for && fresh && meant && session.assurance() >= self.level
    }

    /// Whether it names a user, and not this one: nothing is given for anybody else. OpenID Connect Core §3.1.2.2
    pub fn is_for_another(&self, user: UserId) -> bool {
        self.user.is_some_and(|meant| meant != user)
    }

    /// What to say where somebody else has signed on for it.
    pub fn other_user_refusal(&self) -> AuthorizeError {
        AuthorizeError::Told { reply: self.reply.clone(), refusal: Refusal::LoginRequired }
    }

    /// How many seconds old its user's proof may be, where that matters: none where a sign-on of any age will do.
    pub const fn proof_age_max_s(&self) -> Option<i64> {
        if self.prompt.login { Some(0) } else { self.max_age_s }
    }

    /// The request after its user has signed on for it: nobody has to sign on again for it, or choose who it shall be.
    #[must_use]
    pub fn signed_on_for(mut self) -> Self {
        self.prompt.login = false;
        self.max_age_s = None;
        self.account_chosen()
    }

    /// What a signed request says, as parameters that travel; none if nobody signed it. It counts when it is read, however long its user
    /// takes: what it says goes on, and the object does not.
    pub fn signed_params(&self) -> Option<Params> {
        // Nobody reads what may be repeated.
        let kept = self.signed.as_ref()?.iter().filter(|(name, _)| !MANY.contains(name));
        Some(kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The request as parameters that travel through a sign-on and back, from those that were sent: without what asked for that sign-on,
    /// or it would be asked for for ever. The question of consent is still to be asked. Of a signed request what it says goes on.
    #[must_use]
    pub fn params_after_sign_on(&self, sent: &Params) -> Params {
        // Nobody reads what may be repeated.
        let is_kept = |name: &str| !["prompt", "max_age"].contains(&name) && !MANY.contains(&name);
        let kept = self.signed.as_ref().unwrap_or(sent).iter().filter(|(name, _)| is_kept(name));
        let consent = self.asked_of_user().always.then_some(("prompt", "consent"));
        kept.chain(consent).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The request after its user has said that they are the one that is meant.
    #[must_use]
    pub fn account_chosen(mut self) -> Self {
        self.prompt.select_account = false;
        self
    }

    /// Whether its user is to be asked who it shall be.
    pub const fn asks_for_account(&self) -> bool {
        self.prompt.select_account
    }

    /// Whether its user is to be asked to agree, whatever is remembered: because it says so, or because nothing says that whoever gets
    /// the answer is whom the user agreed to.
    pub(crate) fn wants_consent(&self) -> bool {
        self.prompt.consent || self.is_of_anybody()
    }

    /// Whether any program may be asking in the name of somebody else's client: that one proves itself by nothing, and the answer goes
    /// where every program of the device can listen. RFC 8252 §8.6
    fn is_of_anybody(&self) -> bool {
        let unproven = self.client.require_consent && self.client.auth == ClientAuth::None;
        unproven && self.reply.redirect_uri.as_deref().is_some_and(|uri| !is_https(uri))
    }

    /// What to say if this user, who is signed on, cannot prove what the request wants; nothing if they can.
    pub fn unmet_by(&self, user: &User) -> Option<AuthorizeError> {
        let refusal = Refusal::UnmetAuthentication;
        let told = || AuthorizeError::Told { reply: self.reply.clone(), refusal };
        let meant = !self.is_for_another(user.id);
        (meant && user.assurance() < self.level).then(told)
    }

    /// Whether its user may not be asked anything.
    pub const fn is_silent(&self) -> bool {
        self.prompt.never
    }

    /// What to say when no session answers it and the user may not be asked; nothing if the user may be asked.
    pub fn silent_refusal(&self) -> Option<AuthorizeError> {
        let told = || AuthorizeError::Told { reply: self.reply.clone(), refusal: Refusal::LoginRequired };
        self.prompt.never.then(told)
    }
}

fn bounded<'p>(params: &'p Params, name: &str, bytes_max: usize) -> Result<Option<&'p str>, Refusal> {
    let value = once(params, name)?;
    if value.is_some_and(|value| value.len() > bytes_max) {
        return Err(Refusal::Request("A parameter is too long."));
    }
    Ok(value)
}

/// The PKCE challenge: S256 only (S-OP-14).
fn challenge(needed: bool, params: &Params) -> Result<Option<String>, Refusal> {
    let method = once(params, "code_challenge_method")?;
    match once(params, "code_challenge")? {
        None if needed => Err(Refusal::Request("`code_challenge` is required.")),
        None => Ok(None),
        // RFC 7636 §4.3: without a method it is `plain`, which is refused.
        Some(_) if method != Some("S256") => Err(Refusal::Request("`code_challenge_method` must be `S256`.")),
        Some(challenge) if is_sha256(challenge) => Ok(Some(challenge.to_owned())),
        Some(_) => Err(Refusal::Request("`code_challenge` is no SHA-256 in base64url.")),
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Words we do not know ask nothing of us.
fn prompt(prompt: Option<&str>) -> Result<Prompt, Refusal> {
    let words: Vec<&str> = prompt.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).collect();
    if words.contains(&"none") {
        let alone = words.len() == 1; // OpenID Connect Core §3.1.2.1
        let never = Prompt { never: true, ..Prompt::default() };
        return if alone { Ok(never) } else { Err(Refusal::Request("`prompt=none` stands alone.")) };
    }
    let has = |word| words.contains(&word);
    let (login, consent) = (has("login"), has("consent"));
    Ok(Prompt { never: false, login, consent, select_account: has("select_account") })
}

fn max_age(max_age: Option<&str>) -> Result<Option<i64>, Refusal> {
    let Some(text) = max_age else { return Ok(None) };
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| digits);
    seconds.map(Some).ok_or(Refusal::Request("`max_age` is no number of seconds."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_words_and_none_stands_alone() {
        let read = |text| prompt(Some(text)).ok();
        let nothing = Prompt::default();
        assert_eq!(prompt(None).ok(), Some(nothing));
        assert_eq!(read("none"), Some(Prompt { never: true, ..nothing }));
        assert_eq!(read("login"), Some(Prompt { login: true, ..nothing }));
        assert_eq!(read("consent login"), Some(Prompt { login: true, consent: true, ..nothing }));
        assert_eq!(read("select_account create"), Some(Prompt { select_account: true, ..nothing }));
        assert_eq!(read("none login"), None);
    }

    #[test]
    fn max_age_is_digits() {
        assert_eq!(max_age(Some("0")).ok(), Some(Some(0)));
        for bad in ["-1", "+1", "1.5", "x", "99999999999999999999"] {
            assert!(max_age(Some(bad)).is_err(), "{bad}");
        }
    }
}
