//! Participants of sessions.
//!
//! What follows from the session is left out: its user as subject, its public id, the usual algorithm.

use adieu_core::{ClientId, GrantId, KnownAs, Participant, Session, Timestamp};
use serde::{Deserialize, Serialize};

/// The algorithm that is not written down.
const ALGORITHM: &str = "RS256";

/// A participant, but for its client and epoch.
#[derive(Serialize, Deserialize)]
pub struct ParticipantDetail {
    g: u64,
    t: i64,
    #[serde(default)]
    iss: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(default)]
    has: Vec<u64>,
}

impl ParticipantDetail {
    /// As it is written.
    pub fn of(participant: &Participant, session: &Session) -> Self {
        let known = &participant.known_as;
        let unless = |usual: String, text: &String| Some(text).filter(|text| **text != usual).cloned();
        Self {
            g: participant.client_generation,
            t: participant.joined_at.ms(),
            iss: known.issuer.clone(),
            sub: unless(session.user.to_string(), &known.sub),
            sid: unless(session.id.to_string(), &known.sid),
            alg: unless(ALGORITHM.into(), &known.algorithm),
            has: participant.grants.iter().map(|grant| grant.number()).collect(),
        }
    }

    /// As core has it, with what stands in columns.
    pub fn complete(self, session: &Session, client: ClientId, epoch: u32) -> Participant {
        Participant {
            client,
            client_generation: self.g,
            epoch,
            known_as: KnownAs {
                issuer: self.iss,
                sub: self.sub.unwrap_or_else(|| session.user.to_string()),
                sid: self.sid.unwrap_or_else(|| session.id.to_string()),
                algorithm: self.alg.unwrap_or_else(|| ALGORITHM.into()),
            },
            joined_at: Timestamp::from_ms(self.t),
            grants: self.has.into_iter().map(GrantId::from_number).collect(),
        }
    }
}
