//! A sign-on through an upstream provider: begun, come back, opened.
//!
//! A state is taken once, by the browser that began it, at the address of the provider that it was begun for. What the provider
//! says of factors counts for nothing: where the realm asks for two, the second is asked for here.

use std::sync::Arc;

use adieu_core::{
    Assurance, Channel, Device, DirectoryError, Outage, Purpose, Realm, SecondFactorRule, SessionToken, Span,
    Timestamp, UPSTREAM, Unwritten, UpstreamError, UpstreamExchange, UpstreamIdentity, UpstreamProvider,
    UpstreamSession, UpstreamTimes, User,
};
use adieu_store::FlowId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::record::{self, STARTED, StartedBody};
use super::waiting::UpstreamWaiting;
use crate::Authority;
use crate::flows::NewFlow;
use crate::second_factor::{SecondFactor, SecondStepFailure};
use crate::sign_on::{Given, SignOn, SignOnFailure, SignedIn, outcome};
use crate::sign_on_outcome::{Candidate, SignOnOutcome};
use crate::throttle::Network;

/// How long a browser may stay at the provider.
const LIFE: Span = Span::from_s(600);
/// The oldest proof that anybody may ask for by a number: older than every session there is.
const AGE_MAX: Span = Span::from_s(100 * 365 * 24 * 3600);

/// Somebody wants to sign on through a provider.
pub struct UpstreamStart<'a> {
    /// The realm.
    pub realm: &'a Realm,
    /// The provider's name.
    pub provider: &'a str,
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
    /// Where the browser goes on then; the caller's affair.
    pub then: String,
    /// What only this browser has.
    pub browser: String,
    /// How old the person's proof may be when the browser comes to the provider; none if it may be of any age. Where it may not be
    /// older than that moment, the provider is told to ask for one although it knows the person.
    pub proof_age_max: Option<Span>,
    /// Whether the provider asks which of its accounts it shall be, although somebody is signed on there.
    pub another_account: bool,
    /// The level that is wanted even where the realm asks for less.
    pub level: Assurance,
    /// The address that it is begun from.
    pub from: Option<&'a str>,
}

/// A browser comes back from a provider.
pub struct UpstreamReturn {
    /// The realm.
    pub realm: Arc<Realm>,
    /// The provider's name, as the address has it.
    pub provider: String,
    /// The state.
    pub state: String,
    /// The code; none if there is an error in its place.
    pub code: Option<String>,
    /// The error.
    pub error: Option<String>,
    /// The issuer that the answer names. RFC 9207
    pub iss: Option<String>,
    /// What only the browser has that began it; and had, before its last sign-on.
    pub browsers: Vec<String>,
    /// The channel.
    pub channel: Channel,
    /// The user agent.
    pub device: Device,
    /// The token of a session that is to go on if it is the same user's.
    pub previous: Option<SessionToken>,
    /// Whether the browser can be led to where a user makes a second factor: who has none, and is asked for one, has a session that waits for
    /// it.
    pub makes_factor: bool,
}

/// The second factor after the provider's word.
pub struct UpstreamSecondStep {
    /// The realm.
    pub realm: Arc<Realm>,
    /// Who waits.
    pub waiting: UpstreamWaiting,
    /// The code. It is in no `Debug` text.
    pub code: String,
    /// The channel.
    pub channel: Channel,
    /// The user agent.
    pub device: Device,
    /// The token of a session that is to go on if it is the same user's.
    pub previous: Option<SessionToken>,
}

/// Somebody who signed on through a provider.
#[derive(Debug)]
pub struct UpstreamSignedIn {
    /// The session.
    pub signed_in: SignedIn,
    /// Where the browser goes on.
    pub then: String,
    /// Whether a second factor is asked for there, and the user has to make one first.
    pub lacks_factor: bool,
}

/// Why nobody was signed on through a provider.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamFailure {
    /// The realm has no such provider, or nobody signs on through it at present.
    #[error("no such upstream provider")]
    UnknownProvider,
    /// The state is unknown, used, too old, another browser's, or another provider's.
    #[error("the answer belongs to no sign-on that this browser has begun")]
    State,
    /// The answer names another issuer. RFC 9207 §2.4
    #[error("the answer names another issuer")]
    Issuer,
    /// The provider signed nobody on, in its word for why.
    #[error("the provider signed nobody on: {0}")]
    Denied(String),
    /// It cannot be asked, refuses, or says what must not be taken.
    #[error(transparent)]
    Provider(#[from] UpstreamError),
    /// Nobody here is linked to the person, whom the provider calls so.
    #[error("nobody here is linked to that person")]
    UnknownPerson(Box<str>),
    /// A user with the person's name is there already.
    #[error("the name of that person is taken")]
    NameTaken(Box<str>),
    /// The person's name is none that a user may have.
    #[error("the name of that person cannot be a username")]
    NameUnusable(Box<str>),
    /// The provider's session was ended while somebody was signing on.
    #[error("the provider's session is over")]
    Over,
    /// A second factor is asked for.
    #[error("a second factor is asked for")]
    SecondFactor(Box<UpstreamWaiting>),
    /// The code does not fit or was used; who waits may try again.
    #[error("the code is wrong or was used before")]
    Code(Box<UpstreamWaiting>),
    /// What keeps from signing on keeps from this, too.
    #[error(transparent)]
    SignOn(#[from] SignOnFailure),
}

/// Why nobody was signed on by a browser that came back.
#[derive(Debug)]
pub struct UpstreamReturnFailed {
    /// Why.
    pub failure: UpstreamFailure,
    /// Where the browser wanted to go on; none if it has begun nothing.
    pub then: Option<String>,
}

impl From<Outage> for UpstreamFailure {
    fn from(outage: Outage) -> Self {
        Self::SignOn(SignOnFailure::Outage(outage))
    }
}

impl From<Unwritten> for UpstreamFailure {
    fn from(unwritten: Unwritten) -> Self {
        unwritten.into_outage().into()
    }
}

impl From<DirectoryError> for UpstreamFailure {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Unwritten(unwritten) => unwritten.into(),
            error => Outage::new(error).into(),
        }
    }
}

impl UpstreamFailure {
    /// What the provider calls the person, where an administrator can link one: for the log, and for nobody else.
    pub const fn unlinked_sub(&self) -> Option<&str> {
        match self {
            Self::UnknownPerson(sub) | Self::NameTaken(sub) | Self::NameUnusable(sub) => Some(sub),
            Self::UnknownProvider
            | Self::State
            | Self::Issuer
            | Self::Denied(_)
            | Self::Provider(_)
            | Self::Over
            | Self::SecondFactor(_)
            | Self::Code(_)
            | Self::SignOn(_) => None,
        }
    }

    /// What it is in one word, by which its lines are counted: no stranger's hide that somebody can be linked.
    pub const fn kind(&self) -> &'static str {
        match self.unlinked_sub() {
            Some(_) => "unlinked",
            None if matches!(self, Self::State) => "state",
            None => self.outcome().word(),
        }
    }

    const fn outcome(&self) -> SignOnOutcome {
        match self {
            Self::SignOn(failure) => failure.outcome(),
            Self::SecondFactor(_) => SignOnOutcome::SecondFactor,
            Self::Code(_) => SignOnOutcome::WrongCode,
            Self::Provider(UpstreamError::Busy) => SignOnOutcome::Busy,
            Self::Provider(UpstreamError::Unreachable(_)) => SignOnOutcome::Outage,
            Self::UnknownProvider
            | Self::State
            | Self::Issuer
            | Self::Denied(_)
            | Self::Provider(UpstreamError::Refused(_) | UpstreamError::NotTaken(_))
            | Self::UnknownPerson(_)
            | Self::NameTaken(_)
            | Self::NameUnusable(_)
            | Self::Over => SignOnOutcome::NotVouchedFor,
        }
    }
}

/// Who it is, and what led there.
struct IdentifiedPerson {
    provider: UpstreamProvider,
    identity: UpstreamIdentity,
    started: StartedBody,
}

impl Authority {
    /// Begins a sign-on through a provider: the address that the browser is sent to.
    pub async fn begin_upstream(&self, start: UpstreamStart<'_>) -> Result<String, UpstreamFailure> {
        let realm = start.realm;
        let provider = self.upstream_in_use(realm, start.provider).await?;
        let endpoints = self.upstream_client()?.endpoints(provider.issuer.clone(), self.now()).await?;
        let id: FlowId = self.draw();
        let proof_age_max = start.proof_age_max.map(|age| age.min(AGE_MAX));
        let body = StartedBody {
            provider: provider.name.clone(),
            issuer: provider.issuer.clone(),
            browser: start.browser,
            redirect_uri: start.redirect_uri.clone(),
            then: start.then,
            two_factors: start.level == Assurance::Two,
            begun_at_ms: self.now().ms(),
            proof_from_ms: proof_age_max.map(|age| self.now().ms() - age.ms()),
        };
        let body = record::text(&body).into_bytes();
        let new = NewFlow { id, kind: STARTED, realm: realm.id, life: LIFE, body, from: start.from };
        self.begin_flow(new).await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.upstream_verifier(&id)));
        let (state, nonce, scope) = (URL_SAFE_NO_PAD.encode(id), self.upstream_nonce(&id), provider.scope());
        let mut params = vec![
            ("response_type", "code"),
            ("client_id", &provider.client_id),
            ("redirect_uri", &start.redirect_uri),
            ("scope", &scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let max_age = proof_age_max.map(|age| age.s().to_string());
        if let Some(max_age) = &max_age {
            params.push(("max_age", max_age)); // Core §3.1.2.1: the ID token says `auth_time` then.
        }
        // Core §3.1.2.1: several values of `prompt` are one text.
        match (max_age.as_deref() == Some("0"), start.another_account) {
            (true, true) => params.push(("prompt", "login select_account")),
            (true, false) => params.push(("prompt", "login")),
            (false, true) => params.push(("prompt", "select_account")),
            (false, false) => {}
        }
        Ok(with_query(&endpoints.authorization, &params))
    }

    /// A browser has come back: a session for whoever it is by the provider's word.
    pub async fn finish_upstream(
        &self,
        back: UpstreamReturn,
    ) -> Result<UpstreamSignedIn, UpstreamReturnFailed> {
        let mut who = Candidate::at(&back.realm, &back.channel, &back.device, None);
        let mut then = None;
        let result = self.finish_unnoted(back, (&mut who, &mut then)).await;
        let outcome = result.as_ref().err().map_or(SignOnOutcome::SignedOn, UpstreamFailure::outcome);
        self.note_sign_on(&who, outcome);
        result.map_err(|failure| UpstreamReturnFailed { failure, then })
    }

    async fn finish_unnoted(
        &self,
        back: UpstreamReturn,
        (who, then): (&mut Candidate, &mut Option<String>),
    ) -> Result<UpstreamSignedIn, UpstreamFailure> {
        let IdentifiedPerson { provider, identity, started } = self.identified(&back, then).await?;
        let realm = Arc::clone(&back.realm);
        let user = self.person(&realm, &provider, &identity).await?;
        who.user = Some(user.id);
        if !user.may_sign_on(self.now()) {
            return Err(SignOnFailure::Disabled(user).into());
        }
        let wants_two = started.two_factors || realm.second_factor == SecondFactorRule::Required;
        let lacks_factor = back.makes_factor && wants_two && user.assurance() == Assurance::One;
        let level = if started.two_factors && !lacks_factor { Assurance::Two } else { Assurance::One };
        let quota = self.policy().quota_for(&realm.path, &back.channel);
        let times =
            UpstreamTimes { begun_at: Timestamp::from_ms(started.begun_at_ms), said_at: identity.said_at };
        let given = Given::Otherwise(UPSTREAM, identity.authenticated_at);
        let session = UpstreamSession {
            provider: provider.name,
            issuer: provider.issuer,
            sub: identity.sub,
            sid: identity.sid,
        };
        let sign_on = SignOn {
            previous: back.previous,
            level,
            may_be_half: lacks_factor,
            ..Self::sign_on_of(realm, back.channel, back.device, &user)
        };
        match self.open(sign_on, &user, quota, given).await {
            Ok(signed_in) => {
                let done = self.kept_beside(signed_in, session, times, started.then).await?;
                Ok(UpstreamSignedIn { lacks_factor, ..done })
            }
            Err(SignOnFailure::SecondFactor(first)) => {
                let waiting = UpstreamWaiting { first, then: started.then, times, session };
                Err(UpstreamFailure::SecondFactor(Box::new(waiting)))
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// The second factor after the provider's word.
    pub async fn finish_upstream_second(
        &self,
        step: UpstreamSecondStep,
    ) -> Result<UpstreamSignedIn, UpstreamFailure> {
        let UpstreamSecondStep { realm, waiting, code, channel, device, previous } = step;
        let given =
            SecondFactor { realm: Arc::clone(&realm), channel, first: waiting.first, code, device, previous };
        let who = Candidate::at(&realm, &given.channel, &given.device, Some(waiting.first.user()));
        let proven = match self.prove_second(given).await {
            Ok(proven) => proven,
            Err(SecondStepFailure::SignOn(failure)) => return Err(failure.into()),
            Err(SecondStepFailure::Wrong | SecondStepFailure::Used | SecondStepFailure::NoCodes) => {
                return Err(UpstreamFailure::Code(Box::new(waiting)));
            }
        };
        let quota = self.policy().quota_for(&realm.path, &proven.sign_on.channel);
        let given =
            proven.code.map_or(Given::Otherwise(UPSTREAM, None), |code| Given::OtherwiseAnd(UPSTREAM, code));
        let opened = self.open(proven.sign_on, &proven.user, quota, given).await;
        self.note_sign_on(&who, outcome(&opened));
        self.kept_beside(opened?, waiting.session, waiting.times, waiting.then).await
    }

    /// A provider through which people sign on.
    async fn upstream_in_use(&self, realm: &Realm, name: &str) -> Result<UpstreamProvider, UpstreamFailure> {
        let found = self.upstream(realm.id, name).await?.filter(|provider| provider.enabled);
        found.ok_or(UpstreamFailure::UnknownProvider)
    }

    /// Takes the state, and asks the provider who it is. The state and the code count once: neither is used before there is a place
    /// to exchange it in, so that whoever finds none may come back with both. Says where the browser wanted to go on, whatever comes of it.
    async fn identified(
        &self,
        back: &UpstreamReturn,
        then: &mut Option<String>,
    ) -> Result<IdentifiedPerson, UpstreamFailure> {
        let provider = self.upstream_in_use(&back.realm, &back.provider).await?;
        let id = URL_SAFE_NO_PAD.decode(&back.state).ok().and_then(|id| FlowId::try_from(id).ok());
        let id = id.ok_or(UpstreamFailure::State)?;
        let read = |body: &[u8]| serde_json::from_slice::<StartedBody>(body).ok();
        let found = self.flow(id, STARTED).await?;
        let found = found.filter(|flow| flow.realm == back.realm.id && self.now() < flow.expires_at);
        let fits = |started: &StartedBody| {
            let same = |own: &String| bool::from(started.browser.as_bytes().ct_eq(own.as_bytes()));
            back.browsers.iter().any(same)
                && started.provider == provider.name
                && started.issuer == provider.issuer
        };
        // Another browser's state is left to that browser.
        let started = found.and_then(|flow| read(&flow.body)).filter(fits).ok_or(UpstreamFailure::State)?;
        *then = Some(started.then.clone());
        let client = self.upstream_client()?;
        let source = back.device.address.as_deref().and_then(Network::of).map(Network::share);
        let place = client.place(provider.issuer.clone(), source, self.now()).await?;
        self.take_flow(id, STARTED).await?.ok_or(UpstreamFailure::State)?;
        match &back.iss {
            Some(iss) if *iss != provider.issuer => return Err(UpstreamFailure::Issuer),
            None if place.endpoints.names_issuer => return Err(UpstreamFailure::Issuer),
            Some(_) | None => {}
        }
        if let Some(error) = &back.error {
            return Err(UpstreamFailure::Denied(error.clone()));
        }
        let exchange = UpstreamExchange {
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            secret: self.upstream_secret(&provider)?,
            code: back.code.clone().ok_or(UpstreamFailure::State)?,
            redirect_uri: started.redirect_uri.clone(),
            verifier: self.upstream_verifier(&id),
            nonce: self.upstream_nonce(&id),
            authenticated_from: started.proof_from_ms.map(Timestamp::from_ms),
            username_claim: provider.username_claim.clone(),
            email_claim: provider.email_claim.clone(),
            wants_claims: provider.creates_users,
            now: self.now(),
        };
        let identity = client.identity(place, exchange).await?;
        Ok(IdentifiedPerson { provider, identity, started })
    }

    /// The user who the person is; one who is made for them, where that is allowed.
    async fn person(
        &self,
        realm: &Realm,
        provider: &UpstreamProvider,
        identity: &UpstreamIdentity,
    ) -> Result<Arc<User>, UpstreamFailure> {
        if let Some(user) = self.upstream_user(realm.id, &provider.issuer, &identity.sub).await? {
            return Ok(user);
        }
        match self.made_upstream_user(realm, provider, identity).await {
            Ok(user) => Ok(Arc::new(user)),
            // The same person came twice at once, and the other one was faster.
            Err(failure @ UpstreamFailure::NameTaken(_)) => {
                let made = self.upstream_user(realm.id, &provider.issuer, &identity.sub).await?;
                made.ok_or(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    fn upstream_nonce(&self, id: &FlowId) -> String {
        self.key().derive_text(Purpose::UpstreamSignOn, id, 0)
    }

    /// RFC 7636 §4.1: 43 characters at least.
    fn upstream_verifier(&self, id: &FlowId) -> String {
        let half = |n| self.key().derive_text(Purpose::UpstreamSignOn, id, n);
        format!("{}{}", half(1), half(2))
    }
}

/// An address with parameters. Its own query stays.
fn with_query(address: &str, params: &[(&str, &str)]) -> String {
    let mut url = address.to_owned();
    for (name, value) in params {
        let sign = if url.contains('?') { '&' } else { '?' };
        let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        url.push_str(&format!("{sign}{name}={value}"));
    }
    url
}
