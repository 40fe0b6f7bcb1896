//! Sessions and identities as Kratos shows them. Contract kratos.md 4; K-22.
//!
//! Nothing here holds a token. What only administrators see (`metadata_admin`, credentials) is filled in where they ask. `written` has the
//! names and the order of all members.

mod written;

use adieu_authority::{
    Assurance, Fate, LiveSession, RECOVERY_CODE, Session, SessionRecord, Timestamp, UPSTREAM, User,
    assurance_of,
};
use adieu_http_kit::dates::rfc3339_trimmed;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::face::Face;

pub(crate) struct SessionWire<'a> {
    id: Uuid,
    active: bool,
    expires_at: Time,
    authenticated_at: Time,
    authenticator_assurance_level: &'static str,
    authentication_methods: Vec<MethodWire<'a>>,
    issued_at: Time,
    identity: Option<IdentityWire<'a>>,
    devices: Option<Vec<DeviceWire<'a>>>,
    /// The same as a JWT, where that was asked for; else it is left out.
    pub(crate) tokenized: Option<String>,
}

/// What of a session is shown beside itself.
#[derive(Clone, Copy)]
pub(crate) struct ShownBeside {
    pub(crate) identity: IdentityShown,
    pub(crate) devices: DevicesShown,
}

/// Whether and how the identity is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityShown {
    No,
    /// As in lists: without recovery addresses, and (a quirk) without the schema's address.
    Listed,
    Whole,
}

/// Whether and how the devices are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum DevicesShown {
    Null,
    Empty,
    Whole,
}

impl ShownBeside {
    pub(crate) const WHOLE: Self = Self { identity: IdentityShown::Whole, devices: DevicesShown::Whole };
    pub(crate) const EXTENDED: Self = Self { identity: IdentityShown::Whole, devices: DevicesShown::Empty };
    pub(crate) const LISTED: Self = Self { identity: IdentityShown::Listed, devices: DevicesShown::Whole };
}

struct MethodWire<'a> {
    method: &'a str,
    aal: &'static str,
    completed_at: Time,
}

/// What is `None` of `external_id`, `credentials`, `recovery_address` and `metadata_admin` is left out; of the others it is null.
pub(crate) struct IdentityWire<'a> {
    id: Uuid,
    external_id: Option<&'a str>,
    credentials: Option<Value>,
    schema_id: &'a str,
    schema_url: &'a str,
    state: &'static str,
    state_changed_at: Time,
    traits: Option<&'a RawValue>,
    recovery_address: Option<AddressWire<'a>>,
    metadata_public: Option<&'a RawValue>,
    metadata_admin: Option<Option<&'a RawValue>>,
    created_at: Time,
    updated_at: Time,
}

struct AddressWire<'a> {
    id: Uuid,
    value: &'a str,
    via: &'static str,
    created_at: Time,
    updated_at: Time,
}

struct DeviceWire<'a> {
    id: Uuid,
    ip_address: Option<&'a str>,
    user_agent: Option<&'a str>,
    location: &'a str,
}

/// A moment as Kratos writes it.
struct Time(Timestamp);

impl SessionWire<'_> {
    pub(crate) fn without_identity(self) -> Self {
        Self { identity: None, ..self }
    }
}

/// A method of authentication in this dialect's word.
fn method_word(name: &str) -> &str {
    match name {
        RECOVERY_CODE => "lookup_secret",
        UPSTREAM => "oidc",
        other => other,
    }
}

/// A level of assurance by its name.
fn level(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::One => "aal1",
        Assurance::Two => "aal2",
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
    /// A live session.
    pub(crate) fn session_wire<'a>(
        &'a self,
        mount: usize,
        session: &'a Session,
        user: &'a User,
    ) -> SessionWire<'a> {
        self.wire_of(mount, (session, user), true, ShownBeside::WHOLE)
    }

    pub(crate) fn live_wire<'a>(&'a self, mount: usize, live: &'a LiveSession) -> SessionWire<'a> {
        self.session_wire(mount, &live.session, &live.user)
    }

    /// A session with what became of it.
    pub(crate) fn record_wire<'a>(
        &'a self,
        mount: usize,
        one: &'a SessionRecord,
        shown: ShownBeside,
    ) -> SessionWire<'a> {
        self.wire_of(mount, (&one.session, &one.user), one.fate == Fate::Live, shown)
    }

    fn wire_of<'a>(
        &'a self,
        mount: usize,
        (session, user): (&'a Session, &'a User),
        active: bool,
        shown: ShownBeside,
    ) -> SessionWire<'a> {
        let id = Uuid::from_bytes(session.id.to_bytes());
        SessionWire {
            id,
            active,
            expires_at: Time(session.expires_at), // Whatever its idle limit is. Contract kratos.md 10
            authenticated_at: Time(session.authenticated_at),
            authenticator_assurance_level: level(session.assurance()),
            authentication_methods: session
                .methods
                .iter()
                .map(|method| MethodWire {
                    method: method_word(&method.name),
                    aal: level(assurance_of(&method.name)),
                    completed_at: Time(method.at),
                })
                .collect(),
            issued_at: Time(session.opened_at),
            identity: match shown.identity {
                IdentityShown::No => None,
                IdentityShown::Whole => Some(self.identity_wire(mount, user)),
                IdentityShown::Listed => Some(IdentityWire {
                    schema_url: "",
                    recovery_address: None,
                    ..self.identity_wire(mount, user)
                }),
            },
            devices: match shown.devices {
                DevicesShown::Null => None,
                DevicesShown::Empty => Some(Vec::new()),
                DevicesShown::Whole => Some(vec![DeviceWire {
                    id: part_id(id, DEVICE),
                    ip_address: session.device.address.as_deref(),
                    user_agent: session.device.user_agent.as_deref(),
                    location: session.device.location.as_deref().unwrap_or_default(),
                }]),
            },
            tokenized: None,
        }
    }

    /// An identity as administrators see it, with its credentials as given.
    pub(crate) fn identity_for_admin<'a>(
        &'a self,
        user: &'a User,
        credentials: Option<Value>,
    ) -> IdentityWire<'a> {
        // Quirk: what was never set is left out by the answer to a creation and null afterwards; ours is null.
        let metadata_admin = Some(user.metadata_admin.as_deref().and_then(raw));
        IdentityWire { metadata_admin, credentials, ..self.identity_wire(0, user) }
    }

    pub(crate) fn identity_wire<'a>(&'a self, mount: usize, user: &'a User) -> IdentityWire<'a> {
        let address = |value: &'a str| AddressWire {
            id: part_id(user.id.uuid(), ADDRESS),
            value,
            via: "email",
            created_at: Time(user.created_at),
            updated_at: Time(user.created_at),
        };
        IdentityWire {
            id: user.id.uuid(),
            external_id: user.external_id.as_deref(),
            credentials: None,
            schema_id: &self.settings.schema_id,
            schema_url: &self.schema_urls[mount],
            state: if user.enabled { "active" } else { "inactive" },
            state_changed_at: Time(user.enabled_at),
            traits: raw(&user.traits),
            recovery_address: user.email.as_deref().map(address),
            metadata_public: user.metadata_public.as_deref().and_then(raw),
            metadata_admin: None,
            created_at: Time(user.created_at),
            updated_at: Time(user.updated_at),
        }
    }
}

/// A moment as Kratos writes it, for JSON that is put together by hand.
pub(crate) fn time(at: Timestamp) -> Value {
    rfc3339_trimmed(at.ms()).into()
}

/// What stands before every session token of this dialect.
pub(crate) const TOKEN_PREFIX: &str = "ory_st_";

/// A flow's or an error's id out of a query.
pub(crate) fn flow_id(text: Option<&str>) -> Option<Uuid> {
    text.and_then(|text| Uuid::try_parse(text).ok())
}
