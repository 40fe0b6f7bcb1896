//! The schemas of bodies: JSON Schema 2020-12, closed: a member that is not named here is not sent and not taken.
//!
//! Tests hold every answer against them, and the members of every request against what is really read.

use adieu_authority::Alg;
use serde_json::{Map, Value, json};

use super::{ending_schemas, notice_schemas, signing_schemas};
use crate::keys::STATES;
use crate::roles::{ROLES_MAX, WORDS};

/// Text without control characters that is not blank.
const VISIBLE: &str = "^[^\\x00-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$";

pub(super) fn uuid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

pub(super) fn client_id() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"})
}

pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time", "description": "RFC 3339, UTC."})
}

pub(super) fn text(most: u32) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": most, "pattern": VISIBLE})
}

/// Why something is ordered.
pub(super) fn reason() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": 256, "pattern": VISIBLE,
        "description": "Why; kept with what ends because of it.",
    })
}

fn algorithm() -> Value {
    json!({"enum": Alg::ALL.map(Alg::name)})
}

pub(super) fn flag() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn word() -> Value {
    json!({"type": "string"})
}

fn seconds() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": 316_224_000, "description": "Seconds."})
}

pub(super) fn list(items: Value, most: usize) -> Value {
    json!({"type": "array", "items": items, "maxItems": most})
}

fn uris() -> Value {
    list(json!({"type": "string", "minLength": 1, "maxLength": 2048, "pattern": "^[!\"$-~]+$"}), 100)
}

fn bag() -> Value {
    json!({"type": "object", "description": "Kept for a dialect; no rule reads it."})
}

pub(super) fn nullable(mut schema: Value) -> Value {
    let kind = schema["type"].take();
    schema["type"] = json!([kind, "null"]);
    schema
}

pub(super) fn named(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// A closed object. A member whose name ends with `?` may be absent.
pub(super) fn object(members: Vec<(&str, Value)>) -> Value {
    let required: Vec<&str> =
        members.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let properties: Map<String, Value> = members
        .iter()
        .map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone()))
        .collect();
    json!({
        "type": "object", "additionalProperties": false, "required": required, "properties": properties,
    })
}

fn consent() -> Value {
    object(vec![
        ("client_id", client_id()),
        ("client_name", word()),
        ("scopes", json!({"type": "array", "items": word()})),
        ("claims", json!({"type": "array", "items": word(), "description": "Those that no scope gives."})),
        ("given_at", time()),
    ])
}

pub(super) fn page(of: &str) -> Value {
    let next =
        json!({"type": ["string", "null"], "description": "The cursor of the next page; null at the end."});
    object(vec![("items", json!({"type": "array", "items": named(of)})), ("next", next)])
}

/// All schemas by name, with some of a file of their own.
pub(super) fn all(more: Vec<(&'static str, Value)>) -> Value {
    let mut all = Map::new();
    for (name, schema) in common()
        .into_iter()
        .chain(people())
        .chain(clients())
        .chain(sessions())
        .chain(ending_schemas::all().into_iter().chain(notice_schemas::all()))
        .chain(more)
    {
        all.insert(name.to_owned(), schema);
    }
    Value::Object(all)
}

fn common() -> Vec<(&'static str, Value)> {
    let path = json!({"type": "string", "maxLength": 255});
    let sound = json!({
        "type": "string", "maxLength": 255, "pattern": "^(/[a-z0-9._-]*[a-z0-9_-][a-z0-9._-]*)+$",
    });
    vec![
        ("Document", json!({"type": "object", "description": "OpenAPI 3.1."})),
        (
            "Problem",
            json!({
                "type": "object", "description": "RFC 9457.",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": {"type": "string", "format": "uri"}, "title": word(),
                    "status": {"type": "integer"}, "detail": word(),
                },
            }),
        ),
        ("Realm", object(vec![("id", uuid()), ("path", path), ("created_at", time())])),
        ("Realms", page("Realm")),
        ("NewRealm", object(vec![("path", sound), ("id?", uuid())])),
        (
            "Population",
            object(vec![
                ("id", uuid()),
                ("realm", uuid()),
                ("name", word()),
                ("description", nullable(word())),
                ("created_at", time()),
                ("updated_at", time()),
            ]),
        ),
        ("Populations", page("Population")),
        (
            "SigningKey",
            object(vec![
                ("kid", word()),
                ("algorithm", algorithm()),
                ("state", json!({"enum": STATES})),
                ("created_at", time()),
                ("signs_from", time()),
            ]),
        ),
        ("SigningKeys", page("SigningKey")),
        ("KeyRotation", object(vec![("algorithm?", algorithm())])),
        (
            "Role",
            json!({
                "description": "What somebody may do to others: over a realm or, where it is about users, a population.",
                "oneOf": [
                    object(vec![("role", json!({"enum": WORDS})), ("realm", uuid())]),
                    object(vec![("role", json!({"enum": &WORDS[..2]})), ("population", uuid())]),
                ],
            }),
        ),
    ]
}

fn people() -> Vec<(&'static str, Value)> {
    let password = json!({"type": "string", "minLength": 1, "maxLength": 1024, "writeOnly": true});
    let hash = json!({
        "type": "string", "writeOnly": true,
        "pattern": "^(\\$(argon2id?|2[aby]?|pbkdf2-sha(1|256|512)|scrypt)\\$|\\{SSHA(256|512)?\\})[!-~]+$",
        "description": "argon2 (PHC), bcrypt, PBKDF2, scrypt or salted SHA, made elsewhere; a password wins over it.",
    });
    let locked = json!({"type": "boolean", "description": "Whether an administrator keeps the user from signing on. It ends no session."});
    let user = vec![
        ("id", uuid()),
        ("realm", uuid()),
        ("population", uuid()),
        ("username", word()),
        ("email", nullable(word())),
        ("external_id", nullable(word())),
        ("enabled", flag()),
        ("locked_at", nullable(time())),
        ("locked_until", nullable(time())),
        ("has_password", flag()),
        ("roles", list(named("Role"), ROLES_MAX)),
        ("traits", json!({})),
        ("metadata_public", json!({})),
        ("metadata_admin", json!({})),
        ("created_at", time()),
        ("updated_at", time()),
    ];
    let change = vec![
        ("username?", text(255)),
        ("email?", nullable(text(320))),
        ("external_id?", nullable(text(255))),
        ("population?", uuid()),
        ("enabled?", flag()),
        ("locked?", locked),
        ("traits?", bag()),
        ("metadata_public?", nullable(bag())),
        ("metadata_admin?", nullable(bag())),
        ("roles?", list(named("Role"), ROLES_MAX)),
    ];
    let change_only = [("reason?", reason())];
    let mut new = vec![("username", text(255)), ("password?", password.clone()), ("password_hash?", hash)];
    new.extend(change.iter().filter(|(name, _)| *name != "username?").cloned());
    vec![
        ("User", object(user)),
        ("Users", page("User")),
        ("NewUser", object(new)),
        ("UserChange", object(change.into_iter().chain(change_only).collect())),
        (
            "NewPassword",
            object(vec![("password", password), ("end_sessions?", flag()), ("reason?", reason())]),
        ),
    ]
}

fn secret_rotation() -> Value {
    let rotation = json!({"type": "boolean", "description": "Whether all that it holds ends in the same commit; false."});
    let overlap = json!({
        "type": "integer", "minimum": 0, "maximum": 90 * 24 * 3600,
        "description": "For how long the secret before counts beside the new one, in seconds; 0. Not together with `end_grants`. \
            Said as 0, it ends an earlier one that counts still, too.",
    });
    object(vec![("end_grants?", rotation), ("overlap_s?", overlap), ("reason?", reason())])
}

fn pkce() -> Value {
    json!({"type": "boolean", "description": "Must use PKCE with S256; so it is for a new client that does not say."})
}

fn api_scopes() -> Value {
    json!({
        "type": "array", "items": word(), "maxItems": 100,
        "description": "Scopes of a dialect's API that it is granted; those of OpenID Connect need no grant.",
    })
}

fn user_scopes() -> Value {
    json!({
        "type": ["string", "null"],
        "description": "The scopes that it asks users for, separated by blanks: it gets no other. One that registered itself may \
            name fewer of these, and no more, where they are others than it has named itself. Null is whatever it asks for.",
    })
}

/// Whose application a client is.
fn whose() -> Value {
    json!({
        "type": "boolean",
        "description": "It is somebody else's: users are asked before it gets anything of them. False: it is one's own.",
    })
}

fn auth_method() -> Value {
    json!({
        "type": "string", "enum": ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
        "description": "How it proves itself at the token endpoint: not at all, HTTP Basic, in the form, by what it signs with a \
            key whose public half is in its `jwks` or at its `jwks_uri`.",
    })
}

fn clients() -> Vec<(&'static str, Value)> {
    let auth = auth_method();
    let grant_type =
        json!({"type": "string", "enum": ["authorization_code", "refresh_token", "client_credentials"]});
    let offline = json!({"type": "boolean", "description": "Tokens that it gets while this is so live on after their session."});
    let switches = vec![
        ("require_consent?", whose()),
        ("grant_types?", json!({"type": "array", "items": grant_type})),
        ("pkce_required?", pkce()),
        ("api_scopes?", api_scopes()),
        ("scope?", user_scopes()),
        ("redirect_uris?", uris()),
        ("post_logout_redirect_uris?", uris()),
        ("roles?", list(named("Role"), ROLES_MAX)),
    ];
    let switches: Vec<_> = switches.into_iter().chain(signing_schemas::of_clients()).collect();
    let told = notice_schemas::of_clients();
    let lives = vec![
        ("enabled?", flag()),
        ("origins?", nullable(uris())),
        ("offline_access?", offline),
        ("ends_by_id_token?", flag()),
        ("access_life_s?", seconds()),
        ("refresh_life_s?", seconds()),
    ];
    let mut new = vec![
        ("client_id?", client_id()),
        ("client_name", text(255)),
        ("token_endpoint_auth_method?", auth.clone()),
    ];
    new.extend(switches.clone().into_iter().chain(told.clone()));
    let mut change = vec![("client_name?", text(255))];
    change.extend(
        switches.clone().into_iter().chain(lives.clone()).chain(told.clone()).chain([("reason?", reason())]),
    );
    let client = || {
        let mut shown = vec![
            ("client_id", client_id()),
            ("realm", uuid()),
            ("client_name", word()),
            ("token_endpoint_auth_method", auth.clone()),
        ];
        let always = switches.iter().chain(&lives).chain(&told);
        shown.extend(always.map(|(name, schema)| (name.trim_end_matches('?'), schema.clone())));
        shown.extend([
            ("previous_secret_until", nullable(time())),
            ("created_at", time()),
            ("updated_at", time()),
        ]);
        shown
    };
    let mut made = client();
    made.push((
        "client_secret",
        json!({"type": ["string", "null"], "description": "Shown here and nowhere else."}),
    ));
    vec![
        ("Client", object(client())),
        ("MadeClient", object(made)),
        ("Clients", page("Client")),
        ("NewClient", object(new)),
        ("ClientChange", object(change)),
        ("SecretRotation", secret_rotation()),
    ]
}

/// How something ended.
pub(super) fn ending_record() -> Value {
    let actor = object(vec![
        (
            "kind",
            json!({
                "type": "string", "enum": ["user", "client", "operator", "system", "other"],
                "description": "`operator` has the credential of this API; `system` is time or a rule.",
            }),
        ),
        ("id", nullable(word())),
    ]);
    let record = object(vec![
        ("at", time()),
        ("cause", word()),
        ("actor", actor),
        ("reason", nullable(word())),
        ("channel", word()),
        ("address", nullable(word())),
    ]);
    json!({
        "description": "When, why, by whom, through which channel and from where it ended; null if that is not known.",
        "anyOf": [record, {"type": "null"}],
    })
}

fn sessions() -> Vec<(&'static str, Value)> {
    let user = json!({
        "description": "Null for a session that was reset: nobody's until the same user signs on again.",
        "anyOf": [object(vec![("id", uuid()), ("username", word())]), {"type": "null"}],
    });
    let record = ending_record();
    let device = object(["address", "user_agent", "location"].map(|name| (name, nullable(word()))).to_vec());
    let state = json!({
        "type": "string", "enum": ["live", "half_signed_on", "reset", "ended"],
        "description": "Live; half signed on: its user still owes the second factor; reset: nobody's, and waiting for its user; ended by time or by somebody.",
    });
    let session = vec![
        ("id", uuid()),
        ("realm", uuid()),
        ("user", user),
        ("state", state),
        ("ending", record.clone()),
        ("epoch", json!({"type": "integer"})),
        ("channel", word()),
        ("opened_at", time()),
        ("authenticated_at", time()),
        ("seen_at", time()),
        ("expires_at", time()),
        ("idle_s", json!({"type": ["integer", "null"], "description": "Idle limit in seconds."})),
        ("methods", list(object(vec![("name", word()), ("at", time())]), 100)),
        ("device", device),
        ("clients", json!({"type": "array", "items": word()})),
    ];
    let count = json!({"type": ["integer", "null"], "minimum": 0, "description": "Counted up to 10,000; null where a client's grants are meant."});
    let id = json!({
        "type": ["string", "null"], "format": "uuid",
        "description": "The id of the ending; null if this order ended nothing, or the disk was too full for its entry.",
    });
    let ending = vec![
        ("id", id),
        (
            "ended",
            json!({"type": "string", "enum": ["now", "before", "not"], "description": "`not` for a dry run."}),
        ),
        ("would_end", nullable(object(vec![("live_sessions", count.clone()), ("more", flag())]))),
        ("did_end", nullable(object(vec![("live_sessions", count), ("more", flag())]))),
        ("ending", record),
        ("session", nullable(uuid())),
        ("user", nullable(uuid())),
        ("realm", nullable(uuid())),
        ("client", nullable(word())),
        (
            "clients",
            json!({"type": "array", "items": word(), "description": "Who took part in the session."}),
        ),
        ("notices", json!({"anyOf": [named("Notices"), {"type": "null"}]})),
    ];
    vec![
        ("Session", object(session)),
        ("Sessions", page("Session")),
        ("Consent", consent()),
        ("Consents", page("Consent")),
        ("EndOrder", ending_schemas::order()),
        ("Ending", object(ending)),
    ]
}
