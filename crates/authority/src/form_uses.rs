//! One session for one form: whoever sends a sign-on form twice, as a double click does, gets the session that it led to.
//!
//! The posts of one form take turns, so that the second one finds what the first one led to. That is kept for a while in the store,
//! where other nodes find it as well: the token sealed, because it is to be shown again (EMPTY-HANDS), and a hash of what the first
//! post has proven, because the second one has to prove it again. Decisions 0050 and 0112.

use std::sync::Arc;

use adieu_core::{Check, How, Outage, RealmId, Session, SessionToken, Span, Unwritten, User};
use adieu_keyring::SealPurpose;
use serde::{Deserialize, Serialize};

use crate::Authority;
use crate::form_proof::FormProof;
use crate::form_turns::{FormKey, FormTurn, FormTurns};
use crate::sign_on::SignedIn;
use crate::throttle::credential_of;

/// Flows of this kind are forms that have led somewhere.
const KIND: &str = "used-form";
/// For so long a form leads where it led.
const LIFE: Span = Span::from_s(15 * 60);

/// What a form led to.
#[derive(Serialize, Deserialize)]
struct Led {
    token: Vec<u8>,
    /// The hash of what it has proven. One of an earlier version has none, and leads nowhere.
    #[serde(default)]
    proof: Vec<u8>,
    /// What the session's user had to prove then: a password that was changed since proves nothing.
    #[serde(default)]
    credential: Option<[u8; 16]>,
    beside: String,
}

/// Where a form led that was sent before.
#[derive(Debug)]
pub struct FormUse {
    /// The session, if it is live or half signed on, nothing more has been proven in it since, and its user has the same password.
    pub session: Option<SignedIn>,
    /// What was noted beside it.
    pub beside: String,
}

impl Authority {
    /// Waits until the earlier posts of a form are answered.
    pub async fn form_turn(&self, form: FormKey) -> FormTurn {
        FormTurns::turn(&self.inner.form_turns, form).await
    }

    /// Notes what a form led to that has proven this: a session, if there is one, and what the caller wants to know again beside it.
    pub async fn note_form(
        &self,
        (form, realm): (FormKey, RealmId),
        proof: &FormProof,
        token: Option<&SessionToken>,
        beside: &str,
    ) -> Result<(), Unwritten> {
        let credential = match token {
            Some(token) => self.whose(token).await.map_err(Unwritten::NotTaken)?,
            None => None,
        };
        let credential = credential.map(|(_, user)| credential_of(&user));
        let text = token.map(SessionToken::reveal).unwrap_or_default();
        let token = self.inner.keyring.seal(SealPurpose::FormUse, &place(form), text.as_bytes());
        let proof = proof.hash(self.key(), form).to_vec();
        let led = Led { token, proof, credential, beside: beside.to_owned() };
        let body = serde_json::to_vec(&led).expect("bytes and a text are JSON");
        self.put_flow(form.0, KIND, realm, LIFE, body).await
    }

    /// What a form led to in this realm, if it was sent a short while ago and proves again what it proved then. What could be guessed is
    /// compared once: after something else it leads nowhere any more.
    pub async fn form_use(
        &self,
        (form, realm): (FormKey, RealmId),
        proof: &FormProof,
    ) -> Result<Option<FormUse>, Unwritten> {
        let led = self.led(form, realm).await.map_err(Unwritten::NotTaken)?;
        let Some(led) = led else { return Ok(None) };
        if !proof.is(self.key(), form, &led.proof) {
            if proof.is_typed() {
                self.take_flow(form.0, KIND).await?;
            }
            return Ok(None);
        }
        let text =
            self.inner.keyring.open(SealPurpose::FormUse, &place(form), &led.token).unwrap_or_default();
        let token = std::str::from_utf8(&text).ok().and_then(SessionToken::parse);
        let session = match token {
            None => None,
            Some(token) => {
                let whose = self.whose(&token).await.map_err(Unwritten::NotTaken)?;
                whose.map(|(session, user)| SignedIn { session, user, token, how: How::Renewed })
            }
        };
        let is_given = |SignedIn { session, user, .. }: &SignedIn| {
            let proven_still = led.credential == Some(credential_of(user));
            session.realm == realm && session.assurance() <= proof.level() && proven_still
        };
        let session = session.filter(is_given);
        Ok(Some(FormUse { session, beside: led.beside }))
    }

    /// Whether a form has led somewhere a short while ago, whoever asks.
    pub async fn form_has_led(&self, form: FormKey, realm: RealmId) -> Result<bool, Outage> {
        Ok(self.led(form, realm).await?.is_some())
    }

    /// The token of the session that a form led to, for a sign-on that sends it once more.
    pub async fn token_of_form(
        &self,
        form: (FormKey, RealmId),
        proof: &FormProof,
    ) -> Result<Option<SessionToken>, Unwritten> {
        Ok(self.form_use(form, proof).await?.and_then(|used| used.session).map(|signed_in| signed_in.token))
    }

    /// The session of a token, if it is live or half signed on, and its user.
    async fn whose(&self, token: &SessionToken) -> Result<Option<(Arc<Session>, Arc<User>)>, Outage> {
        Ok(match self.check(token, false).get().await? {
            Check::Live(live) => Some((live.session, live.user)),
            Check::Half(half) => Some((half.session, half.user)),
            Check::Not(_) => None,
        })
    }

    async fn led(&self, form: FormKey, realm: RealmId) -> Result<Option<Led>, Outage> {
        let kept = self.flow(form.0, KIND).await?;
        let kept = kept.filter(|flow| flow.realm == realm && self.now() < flow.expires_at);
        Ok(kept.and_then(|flow| serde_json::from_slice::<Led>(&flow.body).ok()))
    }
}

fn place(form: FormKey) -> String {
    format!("{KIND}/{:x}", u128::from_be_bytes(form.0))
}
