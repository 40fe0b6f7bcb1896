//! The schemas of what a client signs with, and of how it is signed for.
//!
//! Which keys are taken is said by whoever reads them.

use adieu_authority::Alg;
use serde_json::{Value, json};

/// What a client signs with, and how it is signed for.
pub(super) fn of_clients() -> Vec<(&'static str, Value)> {
    let jwks = json!({
        "type": ["object", "null"], "required": ["keys"],
        "properties": {"keys": {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": 8}},
        "description": "Its public keys, as a JWK Set (RFC 7517): RSA of 2048 to 4096 bits, P-256, Ed25519; at most 16 KiB. A set \
            with a private or symmetric key is refused. Null is none.",
    });
    let at = json!({
        "type": ["string", "null"], "maxLength": 2048,
        "description": "Where its public keys stand, in place of `jwks`: an `https` address. They are asked for when it has signed \
            something, held for ten minutes, and asked for again for a key that is not among them. Null is nowhere.",
    });
    vec![
        ("jwks?", jwks),
        ("jwks_uri?", at),
        (
            "id_token_signed_response_alg?",
            signed_by("By what its ID tokens and the notices to it are signed; RS256."),
        ),
        (
            "userinfo_signed_response_alg?",
            nullable_algorithm("By what userinfo is signed for it; null is plain JSON."),
        ),
        (
            "request_object_signing_alg?",
            nullable_algorithm(
                "The one algorithm of its request objects: others are refused. Null is that of each of its keys.",
            ),
        ),
        (
            "token_endpoint_auth_signing_alg?",
            nullable_algorithm(
                "The one algorithm of the assertions by which it proves itself (`private_key_jwt`): others are refused. Null is that \
                 of each of its keys.",
            ),
        ),
    ]
}

fn nullable_algorithm(about: &str) -> Value {
    let mut names: Vec<Value> = Alg::ALL.map(Alg::name).map(Value::from).to_vec();
    names.push(Value::Null);
    json!({"enum": names, "description": about})
}

fn signed_by(about: &str) -> Value {
    json!({"enum": Alg::ALL.map(Alg::name), "description": about})
}
