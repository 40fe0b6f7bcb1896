//! The JSON of sessions and identities: the names of their members, and the order. Contract kratos.md 4; K-22.
//!
//! Written by hand, because every check writes both, and a serializer looks at each letter of each name. Whoever serializes one of them
//! gets the same text.

use adieu_http_kit::dates::rfc3339_trimmed;
use adieu_http_kit::json::JsonText;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{AddressWire, DeviceWire, IdentityWire, MethodWire, SessionWire, Time};

/// Bytes of a session with an identity of a few traits.
const SESSION_BYTES: usize = 1024;

impl SessionWire<'_> {
    /// Its JSON.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        text(self)
    }
}

/// Something with a form in JSON.
trait Written {
    fn write(&self, json: &mut JsonText);
}

impl Written for Uuid {
    fn write(&self, json: &mut JsonText) {
        json.plain(self.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    }
}

impl Written for Time {
    fn write(&self, json: &mut JsonText) {
        json.plain(rfc3339_trimmed(self.0.ms()));
    }
}

impl Written for &str {
    fn write(&self, json: &mut JsonText) {
        json.text(self);
    }
}

impl Written for &RawValue {
    fn write(&self, json: &mut JsonText) {
        json.put(self.get());
    }
}

impl<T: Written> Written for Option<T> {
    fn write(&self, json: &mut JsonText) {
        match self {
            Some(value) => value.write(json),
            None => json.put("null"),
        }
    }
}

impl<T: Written> Written for Vec<T> {
    fn write(&self, json: &mut JsonText) {
        json.put("[");
        for (n, value) in self.iter().enumerate() {
            json.put(if n == 0 { "" } else { "," });
            value.write(json);
        }
        json.put("]");
    }
}

/// Writes what stands before a value, and the value.
fn member(json: &mut JsonText, name: &str, value: &impl Written) {
    json.put(name);
    value.write(json);
}

impl Written for SessionWire<'_> {
    fn write(&self, json: &mut JsonText) {
        member(json, r#"{"id":"#, &self.id);
        json.put(if self.active { r#","active":true"# } else { r#","active":false"# });
        member(json, r#","expires_at":"#, &self.expires_at);
        member(json, r#","authenticated_at":"#, &self.authenticated_at);
        member(json, r#","authenticator_assurance_level":"#, &self.authenticator_assurance_level);
        member(json, r#","authentication_methods":"#, &self.authentication_methods);
        member(json, r#","issued_at":"#, &self.issued_at);
        member(json, r#","identity":"#, &self.identity);
        member(json, r#","devices":"#, &self.devices);
        if let Some(token) = self.tokenized.as_deref() {
            member(json, r#","tokenized":"#, &token);
        }
        json.put("}");
    }
}

impl Written for MethodWire<'_> {
    fn write(&self, json: &mut JsonText) {
        member(json, r#"{"method":"#, &self.method);
        member(json, r#","aal":"#, &self.aal);
        member(json, r#","completed_at":"#, &self.completed_at);
        json.put("}");
    }
}

impl Written for IdentityWire<'_> {
    fn write(&self, json: &mut JsonText) {
        member(json, r#"{"id":"#, &self.id);
        if let Some(id) = &self.external_id {
            member(json, r#","external_id":"#, id);
        }
        if let Some(credentials) = &self.credentials {
            json.put(r#","credentials":"#);
            json.value(credentials);
        }
        member(json, r#","schema_id":"#, &self.schema_id);
        member(json, r#","schema_url":"#, &self.schema_url);
        member(json, r#","state":"#, &self.state);
        member(json, r#","state_changed_at":"#, &self.state_changed_at);
        member(json, r#","traits":"#, &self.traits);
        if let Some(address) = &self.recovery_address {
            member(json, r#","recovery_addresses":["#, address);
            json.put("]");
        }
        member(json, r#","metadata_public":"#, &self.metadata_public);
        if let Some(metadata) = &self.metadata_admin {
            member(json, r#","metadata_admin":"#, metadata);
        }
        member(json, r#","created_at":"#, &self.created_at);
        member(json, r#","updated_at":"#, &self.updated_at);
        json.put(r#","organization_id":null}"#);
    }
}

impl Written for AddressWire<'_> {
    fn write(&self, json: &mut JsonText) {
        member(json, r#"{"id":"#, &self.id);
        member(json, r#","value":"#, &self.value);
        member(json, r#","via":"#, &self.via);
        member(json, r#","created_at":"#, &self.created_at);
        member(json, r#","updated_at":"#, &self.updated_at);
        json.put("}");
    }
}

impl Written for DeviceWire<'_> {
    fn write(&self, json: &mut JsonText) {
        member(json, r#"{"id":"#, &self.id);
        member(json, r#","ip_address":"#, &self.ip_address);
        member(json, r#","user_agent":"#, &self.user_agent);
        member(json, r#","location":"#, &self.location);
        json.put("}");
    }
}

fn text(wire: &impl Written) -> Vec<u8> {
    let mut json = JsonText::with_capacity(SESSION_BYTES);
    wire.write(&mut json);
    json.into_bytes()
}

/// The written text as a part of other JSON.
fn serialized<S: Serializer>(wire: &impl Written, serializer: S) -> Result<S::Ok, S::Error> {
    let json = String::from_utf8(text(wire)).map_err(S::Error::custom)?;
    RawValue::from_string(json).map_err(S::Error::custom)?.serialize(serializer)
}

impl Serialize for SessionWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialized(self, serializer)
    }
}

impl Serialize for IdentityWire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialized(self, serializer)
    }
}

#[cfg(test)]
mod tests {
    use adieu_authority::Timestamp;
    use serde_json::Value;

    use super::*;

    /// Goal: what is written by hand is JSON without a byte too many, whatever callers and users put into it.
    #[test]
    fn the_written_text_is_what_the_library_would_write() {
        let id = Uuid::from_u128(7);
        let raw: &RawValue = serde_json::from_str(r#"{"username":"a\"b","n":[1,null]}"#).expect("JSON");
        let time = || Time(Timestamp::from_ms(1_795_206_091_120));
        let identity = |all: bool| IdentityWire {
            id,
            external_id: all.then_some("x\"y"),
            credentials: all.then(|| serde_json::json!({"password": {"type": "password"}})),
            schema_id: "person",
            schema_url: "https://id.example.test/schemas/x",
            state: "active",
            state_changed_at: time(),
            traits: all.then_some(raw),
            recovery_address: all.then(|| AddressWire {
                id,
                value: "\"a b\"@example.test",
                via: "email",
                created_at: time(),
                updated_at: time(),
            }),
            metadata_public: all.then_some(raw),
            metadata_admin: all.then_some(None),
            created_at: time(),
            updated_at: time(),
        };
        let device = || DeviceWire { id, ip_address: None, user_agent: Some("\\\u{1}é\n"), location: "" };
        let method = || MethodWire { method: "password", aal: "aal1", completed_at: time() };
        for (all, devices) in [(true, Some(2)), (false, Some(0)), (false, None)] {
            let session = SessionWire {
                id,
                active: all,
                expires_at: time(),
                authenticated_at: time(),
                authenticator_assurance_level: "aal1",
                authentication_methods: vec![method(), method()],
                issued_at: time(),
                identity: devices.map(|_| identity(all)),
                devices: devices.map(|count| (0..count).map(|_| device()).collect()),
                tokenized: all.then(|| "e30.e30.x".to_owned()),
            };
            let written = session.to_json();
            let read: Value = serde_json::from_slice(&written).expect("JSON");
            let again = serde_json::to_string(&read).expect("JSON");
            assert_eq!(String::from_utf8(written).expect("text"), again);
            assert_eq!(serde_json::to_value(&session).expect("JSON"), read);
        }
    }
}
