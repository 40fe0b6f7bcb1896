//! The name by which one client knows a session: its own, so that two clients cannot tell that they speak of one session.
//!
//! The session's id, enciphered under a key for the client: it is the same each time, leads back to the session, and nothing is
//! stored for it. OpenID Connect Back-Channel Logout 1.0 section 2.1, decision 0029.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ids::ClientId;
use crate::keys::{InstallationKey, Purpose};
use crate::session_id::SessionId;

/// How an issuer names sessions to its clients (`sid`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SidForm {
    /// By their public ids: what a client learns it can look up in the issuer's own API.
    Public,
    /// By a name of its own for each client.
    OfClient,
}

impl SidForm {
    /// The name of a session for a client.
    pub fn sid(self, key: &InstallationKey, client: &ClientId, session: SessionId) -> String {
        match self {
            Self::Public => session.to_string(),
            Self::OfClient => {
                let mut block = session.to_bytes().into();
                cipher(key, client).encrypt_block(&mut block);
                URL_SAFE_NO_PAD.encode(block)
            }
        }
    }
}

/// The session that a client means by this name, whichever issuer gave it; whether there is such a session is not asked.
pub fn session_named(key: &InstallationKey, client: &ClientId, sid: &str) -> Option<SessionId> {
    if let Ok(id) = sid.parse() {
        return Some(id);
    }
    let block: [u8; 16] = URL_SAFE_NO_PAD.decode(sid).ok()?.try_into().ok()?;
    let mut block = block.into();
    cipher(key, client).decrypt_block(&mut block);
    Some(SessionId::from_bytes(block.into()))
}

fn cipher(key: &InstallationKey, client: &ClientId) -> Aes128 {
    let derived = key.derive_for(Purpose::ClientSids, client.as_str().as_bytes(), 0);
    let mut half = [0; 16];
    half.copy_from_slice(&derived[..16]);
    Aes128::new(&half.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-BCL-12
    #[test]
    fn each_client_has_a_name_of_its_own_that_leads_back() {
        let key = InstallationKey::from_bytes([7; 32]);
        let [shop, wiki] = ["shop", "wiki"].map(|id| id.parse::<ClientId>().expect("an id"));
        let session = SessionId::from_bytes([9; 16]);
        let names = [&shop, &wiki].map(|client| SidForm::OfClient.sid(&key, client, session));
        assert_ne!(names[0], names[1]);
        for name in &names {
            assert_eq!(name.len(), 22);
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        }
        assert_eq!(session_named(&key, &shop, &names[0]), Some(session));
        assert_ne!(session_named(&key, &wiki, &names[0]), Some(session));
        let public = SidForm::Public.sid(&key, &shop, session);
        assert_eq!(session_named(&key, &shop, &public), Some(session), "what was given before counts still");
        for bad in ["", "x", "not base64!", &names[0][..21]] {
            assert_eq!(session_named(&key, &shop, bad), None, "{bad}");
        }
    }
}
