//! Signing on through an upstream provider: `upstream/{name}/…` behind the path of an issuer.
//!
//! `begin` sends the browser to the provider, `callback` is where it comes back, `second-step` where a second factor goes;
//! `backchannel-logout` and `frontchannel-logout` are for the provider. What is proven and what ends is the authority's;
//! here are addresses, cookies and pages. OpenID Connect Core 1.0 §3.1.2, RFC 9207. Decision 0044.

mod address;
mod logout;
mod pages;

use std::sync::Arc;

use adieu_authority::{
    Assurance, FormKey, FormProof, Realm, Span, UpstreamReturn, UpstreamReturnFailed, UpstreamSecondStep,
    UpstreamSignedIn, UpstreamStart, upstream_error_word,
};
use adieu_http_kit::form::{Params, append_query};
use adieu_http_kit::form_browser::FormShownTo;
use adieu_http_kit::upstream_paths::{LEVEL, PROOF_MARK, TWO_FACTORS, WantedProof, return_address, upstream};
use adieu_oidc::Refusal;
use axum::body::Body;
use axum::response::Response;
use http::Method;

pub(crate) use address::{UpstreamEndpoint, find};

use crate::answer::{see_other, with_cookies};
use crate::browser::after_sign_on;
use crate::call::{Call, REQUEST, form, once};
use crate::carried::{CarriedRequest, Judged, previous};
use crate::error::OpenIdError;
use crate::face::{CHANNEL, Face};
use crate::form_token::{self, FormToken};

/// Where a browser goes on that no application has sent.
const RETURN_TO: &str = "return_to";
/// How many seconds old the person's proof may be, as in a request.
const MAX_AGE: &str = "max_age";

/// What the provider is to ask, and the one question that may be named.
const PROMPT: &str = "prompt";
const SELECT_ACCOUNT: &str = "select_account";

/// A provider of a realm, as an address names it.
pub(crate) struct NamedUpstream<'a> {
    pub(crate) realm: &'a Arc<Realm>,
    pub(crate) provider: &'a str,
}

pub(crate) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    named: &NamedUpstream<'_>,
    endpoint: UpstreamEndpoint,
) -> Result<Response, OpenIdError> {
    let allow = endpoint.allow();
    if !allow.split(", ").any(|method| call.method() == method) {
        return Err(OpenIdError::NotAllowed(allow));
    }
    match endpoint {
        UpstreamEndpoint::Begin => begin(face, call, named).await,
        UpstreamEndpoint::Callback => callback(face, call, named).await,
        UpstreamEndpoint::SecondStep => second_step(face, call, body, named).await,
        UpstreamEndpoint::BackchannelLogout => logout::by_token(face, call, body, named).await,
        UpstreamEndpoint::FrontchannelLogout => logout::by_browser(face, call, named).await,
    }
}

/// Sends the browser to the provider. What it came for travels in the store.
async fn begin(face: &Face, call: &Call, named: &NamedUpstream<'_>) -> Result<Response, OpenIdError> {
    if *call.method() == Method::HEAD {
        return Err(OpenIdError::NotAllowed(UpstreamEndpoint::Begin.allow()));
    }
    let query = Params::parse(call.query());
    let (then, proof_age_max, level) = match once(&query, REQUEST)? {
        Some(request) => {
            let asked = CarriedRequest { realm: named.realm, query: request };
            let authorize = match asked.judged(face, call, None).await? {
                Judged::Sound(authorize) => authorize,
                Judged::Refused(response) => return Ok(response),
            };
            let age_max = authorize.proof_age_max_s().map(Span::from_s);
            (Then::Request(asked.bare().to_owned()), age_max, authorize.level)
        }
        None => {
            let wanted = once(&query, RETURN_TO)?.unwrap_or("/");
            let address = return_address(&face.settings.public_url, wanted).ok_or(OpenIdError::ReturnTo)?;
            let two_factors = once(&query, LEVEL)? == Some(TWO_FACTORS);
            let level = if two_factors { Assurance::Two } else { Assurance::One };
            let age_max = once(&query, MAX_AGE)?.map(seconds).transpose()?;
            (Then::Address(WantedAddress { address, age_max, level }), age_max, level)
        }
    };
    let FormToken { cookie, field } = form_token::issue(face, call.headers());
    let from = call.address();
    let start = UpstreamStart {
        realm: named.realm,
        provider: named.provider,
        redirect_uri: callback_address(face, named),
        then: then.to_text(),
        browser: of_browser(face, &field),
        proof_age_max,
        another_account: once(&query, PROMPT)? == Some(SELECT_ACCOUNT),
        level,
        from: from.as_deref(),
    };
    match face.authority.begin_upstream(start).await {
        Ok(there) => Ok(with_cookies(see_other(&there)?, vec![cookie])),
        Err(failure) => pages::failed(face, call, named, failure, Some(&then)).await,
    }
}

/// A number of seconds. Core §3.1.2.1
fn seconds(text: &str) -> Result<Span, OpenIdError> {
    let digits = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| digits).map(Span::from_s);
    seconds.ok_or(OpenIdError::OAuth(Refusal::Request("`max_age` is no number of seconds.")))
}

/// The browser comes back.
async fn callback(face: &Face, call: &Call, named: &NamedUpstream<'_>) -> Result<Response, OpenIdError> {
    let query = Params::parse(call.query());
    let text = |name| Ok::<_, OpenIdError>(once(&query, name)?.map(str::to_owned));
    // One that was begun before the last sign-on in this browser is its own still.
    let fields = form_token::of_browser(face, call.headers());
    let pages = face.settings.self_service.as_ref().filter(|_| !face.settings.companions.is_empty());
    let makes_factor = pages.is_some_and(|pages| pages.realm == named.realm.path);
    let back = UpstreamReturn {
        realm: Arc::clone(named.realm),
        provider: named.provider.to_owned(),
        state: text("state")?.unwrap_or_default(),
        code: text("code")?,
        error: text("error")?.map(|error| upstream_error_word(&error).unwrap_or("error").to_owned()),
        iss: text("iss")?,
        browsers: fields.iter().map(|field| of_browser(face, field)).collect(),
        channel: CHANNEL,
        device: call.device(),
        previous: previous(face, call, named.realm).await?,
        makes_factor,
    };
    match face.authority.finish_upstream(back).await {
        Ok(done) => signed_on(face, call, named, &done).await,
        Err(UpstreamReturnFailed { failure, then }) => {
            let then = then.as_deref().map(Then::from_text);
            pages::failed(face, call, named, failure, then.as_ref()).await
        }
    }
}

/// The second factor after the provider's word.
async fn second_step(
    face: &Face,
    call: &Call,
    body: Body,
    named: &NamedUpstream<'_>,
) -> Result<Response, OpenIdError> {
    let form = form(call, body).await?;
    let field = once(&form, form_token::FIELD)?.unwrap_or_default();
    if form_token::shown(face, call.headers(), field) == FormShownTo::Another {
        return Err(OpenIdError::FormTooOld);
    }
    let attempt = once(&form, pages::ATTEMPT)?.unwrap_or_default();
    let code = once(&form, pages::CODE)?.unwrap_or_default();
    // Posts of one form take turns: the second goes on with the session that the first has led to, if it proves the same. Decision 0112.
    let proof = FormProof::code(attempt, code);
    let key = FormKey::of("openid-upstream", attempt);
    let _turn = face.authority.form_turn(key).await;
    let waiting = match pages::waiting(face, call, named.realm, attempt).await? {
        Some(waiting) => waiting,
        None => {
            let used = face.authority.form_use((key, named.realm.id), &proof).await?;
            let used = used.ok_or(OpenIdError::FormTooOld)?;
            let signed_in = used.session.ok_or(OpenIdError::FormTooOld)?;
            let done = UpstreamSignedIn { signed_in, then: used.beside, lacks_factor: false };
            return led_on(face, call, named, &done).await;
        }
    };
    let then = Then::from_text(&waiting.then);
    let step = UpstreamSecondStep {
        realm: Arc::clone(named.realm),
        waiting,
        code: code.to_owned(),
        channel: CHANNEL,
        device: call.device(),
        previous: previous(face, call, named.realm).await?,
    };
    match face.authority.finish_upstream_second(step).await {
        Ok(done) => {
            let form = (key, named.realm.id);
            face.authority.note_form(form, &proof, Some(&done.signed_in.token), &done.then).await?;
            led_on(face, call, named, &done).await
        }
        Err(failure) => pages::failed(face, call, named, failure, Some(&then)).await,
    }
}

/// The way on after the form of a second step.
async fn led_on(
    face: &Face,
    call: &Call,
    named: &NamedUpstream<'_>,
    done: &UpstreamSignedIn,
) -> Result<Response, OpenIdError> {
    let signed_on = signed_on(face, call, named, done).await?;
    Ok(match Then::from_text(&done.then) {
        Then::Request(_) => signed_on,
        // Browsers hold the redirects after a form to the form's own list, and who knows where this address leads.
        Then::Address(_) => pages::goes_on(signed_on),
    })
}

async fn signed_on(
    face: &Face,
    call: &Call,
    named: &NamedUpstream<'_>,
    done: &UpstreamSignedIn,
) -> Result<Response, OpenIdError> {
    let mut cookies = after_sign_on(face, call, named.realm, &done.signed_in).await?;
    cookies.push(form_token::renewed(face, call.headers()));
    let address = match Then::from_text(&done.then) {
        Then::Request(bare) => {
            CarriedRequest { realm: named.realm, query: &bare }.marked(face, &done.signed_in.session)
        }
        Then::Address(WantedAddress { address, age_max: None, .. }) => address,
        Then::Address(WantedAddress { address, age_max: Some(age_max), .. }) => {
            let mark = face.authority.proof_mark(&done.signed_in.session, age_max, &address);
            append_query(&address, PROOF_MARK, &mark)
        }
    };
    // Who lacks a factor that is asked for there makes it first, and comes back.
    let pages = face.settings.self_service.as_ref().filter(|_| done.lacks_factor);
    let first = pages.and_then(|pages| pages.second_factor(&named.realm.path, &address));
    Ok(with_cookies(see_other(&first.unwrap_or(address))?, cookies))
}

/// Where a browser goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// To the answer of an application's request.
    Request(String),
    /// To an address of this installation.
    Address(WantedAddress),
}

/// An address of this installation, and what the sign-on has to prove that leads there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WantedAddress {
    /// The address. It gets a mark where a proof of some age was asked for.
    pub(crate) address: String,
    /// How old the person's proof may be, if that matters.
    pub(crate) age_max: Option<Span>,
    /// How many factors are wanted, whatever the realm asks for.
    pub(crate) level: Assurance,
}

impl WantedAddress {
    /// The address alone, with nothing asked for.
    fn bare(address: &str) -> Self {
        Self { address: address.to_owned(), age_max: None, level: Assurance::One }
    }

    /// The same as a link to the provider says it.
    pub(crate) fn proof(&self) -> WantedProof {
        WantedProof { age_max_s: self.age_max.map(Span::s), two_factors: self.level == Assurance::Two }
    }

    /// Reads an age in seconds and an address.
    fn fresh(text: &str) -> Option<Self> {
        let (age_s, address) = text.split_once(' ')?;
        Some(Self { age_max: Some(Span::from_s(age_s.parse().ok()?)), ..Self::bare(address) })
    }
}

impl Then {
    fn to_text(&self) -> String {
        match self {
            Self::Request(request) => format!("request {request}"),
            Self::Address(WantedAddress { address, age_max, level }) => {
                let factors = if *level == Assurance::Two { "two " } else { "" };
                match age_max {
                    Some(age_max) => format!("{factors}fresh {} {address}", age_max.s()),
                    None => format!("{factors}address {address}"),
                }
            }
        }
    }

    fn from_text(text: &str) -> Self {
        let (text, level) = match text.strip_prefix("two ") {
            Some(rest) => (rest, Assurance::Two),
            None => (text, Assurance::One),
        };
        let wanted = match text.split_once(' ') {
            Some(("request", request)) => return Self::Request(request.to_owned()),
            // One of an earlier version says no age, and gets no mark.
            Some(("fresh", rest)) => WantedAddress::fresh(rest).unwrap_or_else(|| WantedAddress::bare(rest)),
            Some((_, address)) => WantedAddress::bare(address),
            None => WantedAddress::bare("/"),
        };
        Self::Address(WantedAddress { level, ..wanted })
    }
}

/// Where the provider sends browsers back to.
pub(crate) fn callback_address(face: &Face, named: &NamedUpstream<'_>) -> String {
    upstream(&face.settings.public_url, &named.realm.path, named.provider, "callback")
}

/// What only a browser with this form token has.
fn of_browser(face: &Face, field: &str) -> String {
    face.derived(&format!("openid-upstream {field}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_browser_goes_on_is_read_as_it_was_written() {
        let to = |age_max, level| {
            Then::Address(WantedAddress { address: "https://id.test/x?y=a+b".into(), age_max, level })
        };
        for then in [
            Then::Request("client_id=x&scope=openid".into()),
            to(None, Assurance::One),
            to(None, Assurance::Two),
            to(Some(Span::from_s(0)), Assurance::One),
            to(Some(Span::from_s(300)), Assurance::Two),
        ] {
            assert_eq!(Then::from_text(&then.to_text()), then);
        }
        let old = Then::from_text("fresh https://id.test/x");
        assert_eq!(old, Then::Address(WantedAddress::bare("https://id.test/x")));
        assert_eq!(Then::from_text(""), Then::Address(WantedAddress::bare("/")));
    }
}
