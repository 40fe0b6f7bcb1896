//! How a client proves itself: HTTP Basic, in the form, by what it signs, or not at all, exactly as it is configured.
//!
//! Secrets are compared as SHA-256 in constant time: ours carry 190 bits. RFC 6749 §2.3, standards.md 2.3.

use std::sync::Arc;

use adieu_authority::{Client, ClientAuth, ClientId, ClientRefusalReason};
use adieu_core::{Timestamp, TokenHash};
use adieu_http_kit::auth::{self, Basic};
use adieu_http_kit::form::Params;
use http::HeaderMap;

use crate::{ClientRequest, Provider, Refusal, assertion};

/// The client that this request proves to come from. A public client only says its name.
pub(crate) async fn authenticated(
    provider: &Provider<'_>,
    request: &ClientRequest<'_>,
) -> Result<Arc<Client>, Refusal> {
    each_once(request.form)?;
    let shown = Shown::read(request.headers, request.form)?;
    let basic = shown.basic.is_some();
    let refused = |why| Refusal::Client { basic, why };
    let id = shown.id().ok_or_else(|| refused(ClientRefusalReason::NoClient))?;
    let unknown = || refused(ClientRefusalReason::UnknownClient);
    let id: ClientId = id.parse().map_err(|_| unknown())?;
    let client = provider.authority.client(provider.issuer.realm.id, &id).await?.ok_or_else(unknown)?;
    if !client.enabled {
        return Err(refused(ClientRefusalReason::DisabledClient));
    }
    match shown.assertion {
        Some(assertion) if client.auth == ClientAuth::PrivateKey => {
            provider.prove_by(&client, assertion).await?;
        }
        Some(_) => return Err(refused(ClientRefusalReason::OtherMethod)),
        None => shown.prove(&client, provider.authority.now()).map_err(refused)?,
    }
    Ok(client)
}

/// The client that a request names, whether it is one or not.
pub(crate) fn named(headers: &HeaderMap, form: &Params) -> Option<ClientId> {
    let shown = Shown::read(headers, form).ok()?;
    shown.id()?.parse().ok()
}

/// What a request shows of its client.
struct Shown<'a> {
    basic: Option<Basic>,
    id: Option<&'a str>,
    secret: Option<&'a str>,
    assertion: Option<&'a str>,
    /// The client that the assertion says it is of.
    claimed: Option<String>,
}

impl<'a> Shown<'a> {
    fn read(headers: &HeaderMap, form: &'a Params) -> Result<Self, Refusal> {
        let basic = auth::basic(headers)
            .map_err(|_| Refusal::Client { basic: true, why: ClientRefusalReason::NoClient })?;
        let id = once(form, "client_id")?;
        let secret = once(form, "client_secret")?;
        let assertion = assertion::shown(form)?;
        let ways = [basic.is_some(), secret.is_some(), assertion.is_some()];
        if ways.into_iter().filter(|way| *way).count() > 1 {
            return Err(Refusal::Request("One way of client authentication is allowed at a time.")); // S-CA-4
        }
        let claimed = assertion.and_then(assertion::claimed_client);
        Ok(Self { basic, id, secret, assertion, claimed })
    }

    /// The client's name, if all places that name one agree.
    fn id(&self) -> Option<&str> {
        match (&self.basic, self.id) {
            (Some(basic), Some(id)) => (basic.id == id).then_some(id),
            (Some(basic), None) => Some(&basic.id),
            // RFC 7521 §4.2: what is signed names the client; a parameter besides agrees.
            (None, Some(id)) if self.assertion.is_some() => {
                (self.claimed.as_deref() == Some(id)).then_some(id)
            }
            (None, None) => self.claimed.as_deref(),
            (None, id) => id,
        }
    }

    /// # Errors
    /// What is wrong with the proof of this client.
    fn prove(&self, client: &Client, now: Timestamp) -> Result<(), ClientRefusalReason> {
        let secret = match client.auth {
            ClientAuth::None => {
                let nothing = self.basic.is_none() && self.secret.is_none() && self.assertion.is_none();
                return if nothing { Ok(()) } else { Err(ClientRefusalReason::OtherMethod) };
            }
            ClientAuth::Basic => self.basic.as_ref().map(|basic| basic.secret.as_str()),
            ClientAuth::Post => self.secret,
            ClientAuth::PrivateKey => None,
        };
        let secret = secret.ok_or(ClientRefusalReason::OtherMethod)?;
        let fits = client.has_secret(&TokenHash::of(secret.as_bytes()), now);
        if fits { Ok(()) } else { Err(ClientRefusalReason::WrongSecret) }
    }
}

/// Parameters that a request may repeat: each names one more place that tokens are for. RFC 8707 §2, RFC 8693 §2.1
pub(crate) const MANY: [&str; 2] = ["resource", "audience"];

/// Whether no parameter is repeated, also one that nobody here reads: whoever looks at the request on its way might. RFC 6749 §3.1, §3.2
pub(crate) fn each_once(params: &Params) -> Result<(), Refusal> {
    let names = params.iter().map(|(name, _)| name).filter(|name| !MANY.contains(name));
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) { Err(REPEATED) } else { Ok(()) }
}

const REPEATED: Refusal = Refusal::Request("A parameter is repeated.");

/// A parameter that may come once; an empty one counts as absent. RFC 6749 §3.1
pub(crate) fn once<'p>(form: &'p Params, name: &str) -> Result<Option<&'p str>, Refusal> {
    let value = form.only(name).map_err(|_| REPEATED)?;
    Ok(value.filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_may_come_once_comes_once() {
        for (form, fits) in [
            ("", true),
            ("a=1&b=1", true),
            ("a=1&b=2&a=1", false),
            ("a&%61", false),
            ("resource=https://a.test&resource=https://b.test&audience=a&audience=b", true),
        ] {
            assert_eq!(each_once(&Params::parse(form)).is_ok(), fits, "{form}");
        }
    }
    use adieu_core::{ClientSigning, RealmId, Span};
    use http::HeaderValue;

    fn client(auth: ClientAuth) -> Client {
        Client {
            id: "shop".parse().expect("an id"),
            realm: RealmId::from_uuid(Default::default()),
            name: "Shop".into(),
            enabled: true,
            auth,
            secret: Some(TokenHash::of(b"s3cret")),
            code: true,
            refresh: true,
            client_credentials: true,
            pkce_required: false,
            api_scopes: vec![],
            redirect_uris: vec![],
            post_logout_redirect_uris: vec![],
            origins: None,
            outlives_session: false,
            require_consent: false,
            ends_by_id_token: false,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            access_life: Span::from_s(1),
            refresh_life: Span::from_s(1),
            roles: vec![],
            signing: ClientSigning::default(),
            acr: None,
            secret_version: 0,
            previous_secret: None,
            generation: 0,
            user_scopes: None,
            identity_generation: 0,
            offline_generation: 0,
            version: adieu_authority::Version::FIRST,
            revoked_tokens: vec![],
            created_at: Timestamp::from_ms(0),
            updated_at: Timestamp::from_ms(0),
        }
    }

    fn proves(auth: ClientAuth, header: Option<&'static str>, form: &str) -> Option<bool> {
        let headers: HeaderMap =
            header.map(|h| (http::header::AUTHORIZATION, HeaderValue::from_static(h))).into_iter().collect();
        let form = Params::parse(form);
        let shown = Shown::read(&headers, &form).ok()?;
        Some(shown.id() == Some("shop") && shown.prove(&client(auth), Timestamp::from_ms(0)).is_ok())
    }

    const BASIC: Option<&str> = Some("Basic c2hvcDpzM2NyZXQ="); // shop:s3cret

    #[test]
    fn a_client_proves_itself_exactly_as_configured() {
        use ClientAuth::{Basic, None as Public, Post};
        let post = "client_id=shop&client_secret=s3cret";
        for (auth, header, form, expect) in [
            (Basic, BASIC, "", Some(true)),
            (Basic, BASIC, "client_id=shop", Some(true)),
            (Basic, BASIC, "client_id=desk", Some(false)),
            (Basic, BASIC, post, None),
            (Basic, None, post, Some(false)),
            (Basic, Some("Basic !"), "", None),
            (Post, None, post, Some(true)),
            (Post, BASIC, "", Some(false)),
            (Post, None, "client_id=shop&client_secret=other", Some(false)),
            (Post, None, "client_id=shop&client_secret=", Some(false)),
            (Post, None, "client_id=shop&client_id=shop&client_secret=s3cret", None),
            (Public, None, "client_id=shop", Some(true)),
            (Public, None, post, Some(false)),
            (Public, BASIC, "", Some(false)),
            (Public, None, "", Some(false)),
        ] {
            assert_eq!(proves(auth, header, form), expect, "{auth:?} {header:?} {form}");
        }
    }
}
