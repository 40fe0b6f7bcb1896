//! Requests that a client signs: the `request` parameter, by value.
//!
//! Only for clients that registered keys, only signed, and for this issuer alone. What stands in the object wins over what the browser
//! says beside it. Nothing is fetched: there is no `request_uri` but that of pushed requests. OpenID Connect Core §6.1, RFC 9101.

use adieu_authority::{Client, UnsignedByClient};
use adieu_http_kit::form::Params;
use adieu_token::{Refused, Verified};
use serde_json::Value;

use crate::assertion::{began, had};
use crate::client_auth::{MANY, once};
use crate::{AuthorizeError, Provider, Refusal};

/// What the header of a request object may call it. RFC 9101 §10.8, RFC 7519 §5.1
const TYPS: [&str; 2] = ["JWT", "oauth-authz-req+jwt"];
/// Claims that are about the object and no parameters. RFC 7519 §4.1
const OF_OBJECT: [&str; 6] = ["iss", "aud", "exp", "iat", "nbf", "jti"];
/// Parameters that are read, each of them one text. What nobody reads is ignored, whatever its value is. RFC 6749 §3.1, RFC 9101 §6.3
const READ: [&str; 18] = [
    "acr_values",
    "claims",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "display",
    "id_token_hint",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

/// A request after its object was looked at.
pub(crate) enum Unfolded {
    /// It has none: the parameters are what they are.
    Plain,
    /// The parameters of the object, with those beside it that it does not name.
    Signed(Params),
    /// The object is not taken.
    Refused(Refusal),
}

impl Provider<'_> {
    /// The request with what its object says.
    pub(crate) async fn unfolded(&self, params: &Params) -> Result<Unfolded, AuthorizeError> {
        let repeated = |name| move |_| AuthorizeError::Repeated(name);
        let Some(object) = once(params, "request").map_err(repeated("request"))? else {
            return Ok(Unfolded::Plain);
        };
        let id = once(params, "client_id").map_err(repeated("client_id"))?;
        let id = id.ok_or(AuthorizeError::Missing("client_id"))?;
        let client = self.asking(id).await?;
        let read = match self.read_object(&client, object).await {
            Err(Refusal::Unavailable(outage)) => return Err(AuthorizeError::Outage(outage)),
            Err(Refusal::KeysLater(later)) => return Err(AuthorizeError::KeysLater(later)),
            read => read,
        };
        let merged = read.and_then(|claims| merged(&claims, params));
        Ok(merged.map_or_else(Unfolded::Refused, Unfolded::Signed))
    }

    /// What an object says, if this client signed it for this issuer, and it counts now.
    async fn read_object(&self, client: &Client, object: &str) -> Result<Verified, Refusal> {
        let claims =
            match self.authority.signed_by_client(client, object, client.signing.request_object).await {
                Ok(claims) => claims,
                Err(unsigned) => {
                    let unsigned = had(unsigned)?;
                    self.note_keys(client, &unsigned);
                    return Err(match unsigned {
                        // `none`, too.
                        UnsignedByClient::NoKeys | UnsignedByClient::Refused(Refused::Algorithm) => {
                            Refusal::RequestObject
                        }
                        UnsignedByClient::Algorithm => Refusal::InvalidRequestObject(
                            "The request object is not signed by the algorithm that the client registered.",
                        ),
                        UnsignedByClient::Refused(_) => Refusal::InvalidRequestObject(
                            "The request object is not signed with a key of the client.",
                        ),
                        UnsignedByClient::Keys(_) => Refusal::InvalidRequestObject(
                            "The keys at the client's `jwks_uri` are none that are taken here.",
                        ),
                    });
                }
            };
        let now_s = self.authority.now().s();
        let wrong = |why| Err(Refusal::InvalidRequestObject(why));
        let typed =
            claims.typ.as_deref().is_none_or(|typ| TYPS.iter().any(|known| typ.eq_ignore_ascii_case(known)));
        let id = Some(client.id.as_str());
        match () {
            () if !typed => wrong("The `typ` of the request object is that of something else."),
            () if claims.str("iss") != id => wrong("The `iss` of the request object is the client."),
            // RFC 9101 §10.8: what proves a client is no request.
            () if claims.str("sub") == id => wrong("A request object has no `sub` that is the client."),
            () if !claims.audiences().contains(&self.issuer.name.as_str()) => {
                wrong("The `aud` of the request object is this issuer.")
            }
            () if claims.expired(now_s) || !began(&claims, now_s) => {
                wrong("The request object has an `exp`, and counts now.")
            }
            () => Ok(claims),
        }
    }
}

/// The parameters of the object, and those beside it that it does not name.
fn merged(claims: &Verified, beside: &Params) -> Result<Params, Refusal> {
    let wrong = |why| Err(Refusal::InvalidRequestObject(why));
    let mut inside: Vec<(String, String)> = Vec::new();
    for (name, value) in claims.claims.iter().filter(|(name, _)| !OF_OBJECT.contains(&name.as_str())) {
        let texts = match value {
            Value::String(text) => vec![text.clone()],
            Value::Number(_) | Value::Bool(_) | Value::Object(_) => vec![value.to_string()],
            // RFC 9101 §4: a list is the same parameter several times, where that is allowed.
            Value::Array(all) if MANY.contains(&name.as_str()) => {
                all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
            }
            Value::Null | Value::Array(_) if READ.contains(&name.as_str()) => {
                return wrong("A parameter of the request object has no value, or several.");
            }
            Value::Null | Value::Array(_) => Vec::new(),
        };
        inside.extend(texts.into_iter().map(|text| (name.clone(), text)));
    }
    let named = |name: &str| inside.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    if named("request").is_some() || named("request_uri").is_some() {
        return wrong("A request object has no other one in it.");
    }
    // OpenID Connect Core §6.1: these two agree wherever they stand.
    for name in ["client_id", "response_type"] {
        let outside = beside.first(name).filter(|value| !value.is_empty());
        if outside.zip(named(name)).is_some_and(|(outside, inside)| outside != inside) {
            return wrong(
                "`client_id` and `response_type` are the same in the request object and beside it.",
            );
        }
    }
    let beside = beside.iter().filter(|(name, _)| *name != "request" && named(name).is_none());
    let beside: Vec<_> = beside.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(inside.into_iter().chain(beside).collect())
}

#[cfg(test)]
mod tests {
    use adieu_token::{Alg, KeySet, SigningKey};
    use serde_json::json;

    use super::*;

    fn read(object: Value, beside: &str) -> Option<Vec<(String, String)>> {
        let key = SigningKey::generate(Alg::EdDsa).expect("a key");
        let token = key.sign(None, &object).expect("a token");
        let claims = KeySet::of([key.public()]).verify(&token).expect("it is signed");
        let merged = merged(&claims, &Params::parse(beside)).ok()?;
        Some(merged.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn what_stands_in_the_object_wins() {
        let object = json!({"iss": "shop", "aud": "x", "exp": 1, "scope": "openid", "max_age": 10,
            "claims": {"userinfo": {"name": null}}});
        let all = read(object, "client_id=shop&scope=evil&state=s&request=x").expect("it fits");
        let of = |name: &str| all.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        assert_eq!((of("scope"), of("state"), of("max_age")), (Some("openid"), Some("s"), Some("10")));
        assert_eq!(of("claims"), Some(r#"{"userinfo":{"name":null}}"#));
        for gone in ["iss", "aud", "exp", "request"] {
            assert_eq!(of(gone), None, "{gone}");
        }
        assert_eq!(all.iter().filter(|(name, _)| name == "scope").count(), 1);
    }

    /// S-OP-8: a parameter that nobody reads is ignored, whatever it is; `resource` may be a list.
    #[test]
    fn what_nobody_reads_is_ignored() {
        let object = json!({"scope": "openid", "vendor_hint": ["a"], "vendor_null": null, "x": {"a": [1]},
            "resource": ["https://a.test", "https://b.test"]});
        let all = read(object, "client_id=shop&resource=https://c.test").expect("it fits");
        let of = |name: &str| all.iter().filter(|(own, _)| own == name).count();
        assert_eq!((of("scope"), of("vendor_hint"), of("vendor_null"), of("resource")), (1, 0, 0, 2));
        assert!(all.iter().all(|(_, value)| value != "https://c.test"), "the object wins");
    }

    #[test]
    fn what_does_not_agree_or_fit_is_refused() {
        let beside = "client_id=shop&response_type=code";
        assert!(read(json!({"client_id": "shop", "response_type": "code"}), beside).is_some());
        for bad in [
            json!({"client_id": "other"}),
            json!({"response_type": "token"}),
            json!({"request": "x"}),
            json!({"request_uri": "https://rp.test/x"}),
            json!({"scope": ["openid"]}),
            json!({"scope": null}),
            json!({"max_age": [1]}),
        ] {
            assert!(read(bad.clone(), beside).is_none(), "{bad}");
        }
    }
}
