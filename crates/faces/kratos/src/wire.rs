//! Sessions and identities as Kratos shows them. Contract kratos.md 4; K-22.
//!
//! Nothing here holds a secret: no token, no hash, no `metadata_admin`.

use adieu_authority::{Live, Session, Timestamp, User};
use adieu_http_kit::dates::rfc3339_trimmed;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::face::Face;

#[derive(Serialize)]
pub(crate) struct SessionWire<'a> {
    id: Uuid,
    active: bool,
    expires_at: Time,
    authenticated_at: Time,
    authenticator_assurance_level: &'static str,
    authentication_methods: Vec<MethodWire<'a>>,
    issued_at: Time,
    identity: IdentityWire<'a>,
    devices: [DeviceWire<'a>; 1],
}

#[derive(Serialize)]
struct MethodWire<'a> {
    method: &'a str,
    aal: &'static str,
    completed_at: Time,
}

#[derive(Serialize)]
struct IdentityWire<'a> {
    id: Uuid,
    schema_id: &'a str,
    schema_url: &'a str,
    state: &'static str,
    state_changed_at: Time,
    traits: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_addresses: Option<[AddressWire<'a>; 1]>,
    metadata_public: Option<&'a RawValue>,
    created_at: Time,
    updated_at: Time,
    organization_id: (),
}

#[derive(Serialize)]
struct AddressWire<'a> {
    id: Uuid,
    value: &'a str,
    via: &'static str,
    created_at: Time,
    updated_at: Time,
}

#[derive(Serialize)]
struct DeviceWire<'a> {
    id: Uuid,
    ip_address: Option<&'a str>,
    user_agent: Option<&'a str>,
    location: &'a str,
}

/// A moment as Kratos writes it.
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339_trimmed(self.0.ms()))
    }
}

/// Which part of something: another number for each kind of part.
const DEVICE: u128 = 0x6465_7669_6365_0000_0000_0000_0000_0001;
const ADDRESS: u128 = 0x6164_6472_6573_7300_0000_0000_0000_0002;

/// A UUID that stands for a part of something with an id: the same at every reading. It names, and opens nothing.
fn part_id(whole: Uuid, part: u128) -> Uuid {
    uuid::Builder::from_random_bytes((whole.as_u128().rotate_left(61) ^ part).to_be_bytes()).into_uuid()
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
        let id = Uuid::from_bytes(session.id.to_bytes());
        SessionWire {
            id,
            active: true,
            expires_at: Time(session.ends_at(seen_at)),
            authenticated_at: Time(session.authenticated_at),
            authenticator_assurance_level: "aal1",
            authentication_methods: session
                .methods
                .iter()
                .map(|method| MethodWire { method: &method.name, aal: "aal1", completed_at: Time(method.at) })
                .collect(),
            issued_at: Time(session.opened_at),
            identity: self.identity_wire(mount, user),
            devices: [DeviceWire {
                id: part_id(id, DEVICE),
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
            id: part_id(user.id.uuid(), ADDRESS),
            value,
            via: "email",
            created_at: Time(user.created_at),
            updated_at: Time(user.created_at),
        };
        IdentityWire {
            id: user.id.uuid(),
            schema_id: &self.settings.schema_id,
            schema_url: &self.schema_urls[mount],
            state: if user.enabled { "active" } else { "inactive" },
            state_changed_at: Time(user.created_at),
            traits: raw(&user.traits),
            recovery_addresses: user.email.as_deref().map(|email| [address(email)]),
            metadata_public: user.metadata_public.as_deref().and_then(raw),
            created_at: Time(user.created_at),
            updated_at: Time(user.updated_at),
            organization_id: (),
        }
    }
}

/// A flow's or an error's id out of a query.
pub(crate) fn flow_id(text: Option<&str>) -> Option<Uuid> {
    text.and_then(|text| Uuid::try_parse(text).ok())
}
