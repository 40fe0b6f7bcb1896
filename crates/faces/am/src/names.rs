//! How AM names a user and a session: universal ids, audit ids, handles.
//!
//! Contract am.md section 5.

use adieu_authority::{Authority, Purpose, Session, SessionId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

/// `id=<name>,ou=user,` and the realm's own name, from the innermost realm outwards.
pub(crate) fn universal_id(name: &str, realm_path: &str, base_dn: &str) -> String {
    let mut dn = String::from("id=");
    push_escaped(&mut dn, name);
    dn.push_str(",ou=user,");
    let mut below_root = false;
    for part in realm_path.rsplit('/').filter(|part| !part.is_empty()) {
        dn.push_str("o=");
        push_escaped(&mut dn, part);
        dn.push(',');
        below_root = true;
    }
    if below_root {
        dn.push_str("ou=services,");
    }
    dn.push_str(base_dn);
    dn
}

/// What would end a part of a distinguished name is escaped. RFC 4514 §2.4
fn push_escaped(dn: &mut String, text: &str) {
    for (n, c) in text.char_indices() {
        let edge = (c == ' ' && (n == 0 || n + 1 == text.len())) || (c == '#' && n == 0);
        if edge || ",+\"\\<>;=".contains(c) {
            dn.push('\\');
        }
        dn.push(c);
    }
}

/// The audit id, `sessionUid` of validate: one for each sign-on of a session.
pub(crate) fn audit_id(session: &Session) -> String {
    format!("{}-{}", session.id, session.epoch)
}

/// What every handle begins with.
pub(crate) const HANDLE: &str = "shandle:";

/// The handle by which a session can be named and never used. Derived, never stored (EMPTY-HANDS): the public id, so
/// that it leads back, and half a seal, so that knowing the id is not having the handle.
pub(crate) fn handle(authority: &Authority, session: &Session) -> String {
    let mut named = [0; 32];
    named[..16].copy_from_slice(&session.id.to_bytes());
    named[16..].copy_from_slice(&seal(authority, session.id));
    format!("{HANDLE}{}", URL_SAFE_NO_PAD.encode(named))
}

/// The session that a handle of ours names.
pub(crate) fn session_of(authority: &Authority, handle: &str) -> Option<SessionId> {
    let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(handle.strip_prefix(HANDLE)?).ok()?.try_into().ok()?;
    let (id, given) = bytes.split_at(16);
    let id = SessionId::from_bytes(id.try_into().ok()?);
    bool::from(given.ct_eq(&seal(authority, id))).then_some(id)
}

fn seal(authority: &Authority, id: SessionId) -> [u8; 16] {
    let whole = authority.key().derive_for(Purpose::SessionHandle, &id.to_bytes(), 0);
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn universal_ids_of_realms_below_each_other() {
        let id = |realm| universal_id("bjensen", realm, "dc=am,dc=example,dc=com");
        assert_eq!(id("/"), "id=bjensen,ou=user,dc=am,dc=example,dc=com");
        assert_eq!(id("/alpha"), "id=bjensen,ou=user,o=alpha,ou=services,dc=am,dc=example,dc=com");
        assert_eq!(id("/a/b"), "id=bjensen,ou=user,o=b,o=a,ou=services,dc=am,dc=example,dc=com");
    }

    #[test]
    fn a_name_cannot_end_its_part() {
        assert_eq!(universal_id("a,ou=x", "/", "dc=y"), r"id=a\,ou\=x,ou=user,dc=y");
        assert_eq!(universal_id("#a b ", "/", "dc=y"), r"id=\#a b\ ,ou=user,dc=y");
    }
}
