//! Sessions and identities as Kratos shows them. Contract kratos.md 4; K-22.
//!
//! Nothing here holds a secret: no token, no hash, no `metadata_admin`.

use adieu_authority::{Live, Session, Timestamp, User};
use adieu_http_kit::dates::rfc3339_trimmed;
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::face::Face;

#[derive(Serialize)]
pub(crate) struct SessionWire<'a> {
    id: String,
    active: bool,
    expires_at: String,
    authenticated_at: String,
    authenticator_assurance_level: &'static str,
    authentication_methods: Vec<MethodWire<'a>>,
    issued_at: String,
    identity: IdentityWire<'a>,
    devices: [DeviceWire<'a>; 1],
}

#[derive(Serialize)]
struct MethodWire<'a> {
    method: &'a str,
    aal: &'static str,
    completed_at: String,
}

#[derive(Serialize)]
struct IdentityWire<'a> {
    id: String,
    schema_id: &'a str,
    schema_url: &'a str,
    state: &'static str,
    state_changed_at: String,
    traits: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_addresses: Option<[AddressWire<'a>; 1]>,
    metadata_public: Option<&'a RawValue>,
    created_at: String,
    updated_at: String,
    organization_id: (),
}

#[derive(Serialize)]
struct AddressWire<'a> {
    id: String,
    value: &'a str,
    via: &'static str,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize)]
struct DeviceWire<'a> {
    id: String,
    ip_address: Option<&'a str>,
    user_agent: Option<&'a str>,
    location: &'a str,
}

fn time(at: Timestamp) -> String {
    rfc3339_trimmed(at.ms())
}

/// A UUID that stands for a part of something with an id: the same at every reading, and like nothing else's.
fn part_id(whole: &[u8], part: &str) -> String {
    let hash = Sha256::new().chain_update(part).chain_update(whole).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Stored JSON as it is; what is none is left out.
fn raw(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

impl Face {
    /// A live session. The session's methods are all first factors here.
    pub(crate) fn session_wire<'a>(
        &'a self,
        mount: usize,
        session: &'a Session,
        user: &'a User,
        seen_at: Timestamp,
    ) -> SessionWire<'a> {
        let id = session.id.to_bytes();
        SessionWire {
            id: session.id.to_string(),
            active: true,
            expires_at: time(session.ends_at(seen_at)),
            authenticated_at: time(session.authenticated_at),
            authenticator_assurance_level: "aal1",
            authentication_methods: session
                .methods
                .iter()
                .map(|method| MethodWire { method: &method.name, aal: "aal1", completed_at: time(method.at) })
                .collect(),
            issued_at: time(session.opened_at),
            identity: self.identity_wire(mount, user),
            devices: [DeviceWire {
                id: part_id(&id, "device"),
                ip_address: session.device.address.as_deref(),
                user_agent: session.device.user_agent.as_deref(),
                location: session.device.location.as_deref().unwrap_or_default(),
            }],
        }
    }

    pub(crate) fn live_wire<'a>(&'a self, mount: usize, live: &'a Live) -> SessionWire<'a> {
        self.session_wire(mount, &live.session, &live.user, live.seen_at)
    }

    fn identity_wire<'a>(&'a self, mount: usize, user: &'a User) -> IdentityWire<'a> {
        let address = |value: &'a str| AddressWire {
            id: part_id(user.id.uuid().as_bytes(), value),
            value,
            via: "email",
            created_at: time(user.created_at),
            updated_at: time(user.created_at),
        };
        IdentityWire {
            id: user.id.to_string(),
            schema_id: &self.settings.schema_id,
            schema_url: &self.schema_urls[mount],
            state: if user.enabled { "active" } else { "inactive" },
            state_changed_at: time(user.created_at),
            traits: raw(&user.traits),
            recovery_addresses: user.email.as_deref().map(|email| [address(email)]),
            metadata_public: user.metadata_public.as_deref().and_then(raw),
            created_at: time(user.created_at),
            updated_at: time(user.updated_at),
            organization_id: (),
        }
    }
}

/// A flow's or an error's id out of a query.
pub(crate) fn flow_id(text: Option<&str>) -> Option<Uuid> {
    text.and_then(|text| Uuid::try_parse(text).ok())
}
