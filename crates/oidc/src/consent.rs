//! Consent: when a user is asked, what for, and what is given because of it.
//!
//! A client of somebody else's gets nothing that its user has not agreed to; every client gets access that outlives the session
//! (`offline_access`) only so. OpenID Connect Core §3.1.2.1, §3.1.2.4 and §11; standards.md 2.1 and 2.2: S-OP-6, S-TOK-9.

use std::sync::Arc;

use adieu_authority::{
    Authority, Client, CodeOrder, Consent, ConsentOrder, Outage, Purpose, Session, SessionId, UserId,
    redirect_place,
};
use subtle::ConstantTimeEq as _;

use crate::{Authorize, AuthorizeError, OFFLINE_ACCESS, Provider, Refusal, user_claims};

/// The hidden field of the question's form that says what was shown.
pub const CONSENT_SHOWN: &str = "adieu_shown";

/// What is next for a request that a session answers as it is.
#[derive(Clone, Debug)]
pub enum ConsentStep {
    /// The code, because of what is remembered, if that is anything.
    Code(Option<Arc<Consent>>),
    /// The question.
    Question,
}

/// What a client asks a user for. What is remembered is a consent that counts for the client.
#[derive(Clone, Copy)]
pub struct AskedOfUser<'a> {
    /// Who asks.
    pub client: &'a Client,
    /// The scopes that it may have, separated by blanks.
    pub scope: &'a str,
    /// The claims that are asked for by name, as a grant keeps them.
    pub claims: Option<&'a str>,
    /// Whether the request says that the user is to be asked, whatever is remembered.
    pub always: bool,
}

impl AskedOfUser<'_> {
    /// Whether this user is to be asked to agree: because the request says so, or because its client is somebody else's and asks for
    /// more than is remembered.
    pub async fn step(&self, authority: &Authority, user: UserId) -> Result<ConsentStep, Outage> {
        let remembered = authority.consent(user, self.client).await?;
        let asks = self.always || (self.client.require_consent && !self.is_covered_by(remembered.as_deref()));
        Ok(if asks { ConsentStep::Question } else { ConsentStep::Code(remembered) })
    }

    fn is_covered_by(&self, remembered: Option<&Consent>) -> bool {
        remembered.is_some_and(|consent| {
            let claimed = |claim: &str| consent.has_claim(claim) || gives(&consent.scope, claim);
            self.scope.split(' ').all(|scope| consent.has_scope(scope)) && self.claim_names().all(claimed)
        })
    }

    /// The scopes that it gets: access that outlives the session only if the user agreed to that; else it is left out, which is no
    /// error (S-TOK-9).
    pub fn given_scope(&self, remembered: Option<&Consent>) -> String {
        let agreed = remembered.is_some_and(|consent| consent.has_scope(OFFLINE_ACCESS));
        let given = self.scope.split(' ').filter(|scope| agreed || *scope != OFFLINE_ACCESS);
        given.collect::<Vec<_>>().join(" ")
    }

    /// The claims that it asks for by name and that none of its scopes gives, each once.
    pub fn claims_beside_scopes(&self) -> Vec<&'static str> {
        user_claims::names()
            .filter(|claim| self.claim_names().any(|name| name == *claim) && !gives(self.scope, claim))
            .collect()
    }

    /// Where answers to the client may go besides this address, each place once: what is remembered counts for all of them.
    pub fn other_places(&self, redirect_uri: Option<&str>) -> Vec<String> {
        let shown = redirect_uri.map(redirect_place);
        let mut others: Vec<String> = Vec::new();
        for place in self.client.redirect_uris.iter().map(|uri| redirect_place(uri)) {
            if shown.as_ref() != Some(&place) && !others.contains(&place) {
                others.push(place);
            }
        }
        others
    }

    /// What is remembered if this user agrees.
    pub fn agreed_by(&self, user: UserId) -> ConsentOrder {
        ConsentOrder {
            user,
            client: self.client.id.clone(),
            client_generation: self.client.generation,
            client_identity: self.client.identity_generation,
            scope: self.scope.to_owned(),
            claims: self.claims_beside_scopes().join(" "),
        }
    }

    /// What its page has shown to the user of this session, for the field [`CONSENT_SHOWN`]: whoever is asked agrees to the client of that
    /// name and those addresses, to these scopes and claims. RFC 6749 §10.2
    pub fn shown_to(&self, authority: &Authority, session: SessionId) -> String {
        let Client { id, name, generation, identity_generation, .. } = self.client;
        // An administrator changes name and places without another generation: no user need be asked anew, and none agrees unseen.
        let places = self.other_places(None).join(" ");
        let (scope, claims) = (self.scope, self.claims.unwrap_or_default());
        let shown = format!(
            "consent {session}\n{id}\n{generation} {identity_generation}\n{name}\n{places}\n{scope}\n{claims}"
        );
        authority.key().derive_text(Purpose::AntiForgery, shown.as_bytes(), 0)
    }

    /// Whether the page that the user of this session has answered has shown what is asked now.
    pub fn is_what_was_shown(&self, authority: &Authority, session: SessionId, field: &str) -> bool {
        self.shown_to(authority, session).as_bytes().ct_eq(field.as_bytes()).into()
    }

    fn claim_names(&self) -> impl Iterator<Item = &str> {
        let words = self.claims.unwrap_or_default().split(' ');
        words.filter_map(|word| word.split_once('.').map(|(_, claim)| claim))
    }
}

impl Authorize {
    /// What it asks of its user.
    pub fn asked_of_user(&self) -> AskedOfUser<'_> {
        AskedOfUser {
            client: &self.client,
            scope: &self.scope,
            claims: self.claims.as_deref(),
            always: self.wants_consent(),
        }
    }

    /// What to say where its user would have to be asked to agree and may not be.
    pub fn consent_refusal(&self) -> AuthorizeError {
        AuthorizeError::Told { reply: self.reply.clone(), refusal: Refusal::ConsentRequired }
    }
}

impl Provider<'_> {
    /// The order for the code that answers a request by a session, where so much is remembered.
    pub fn code_order(
        &self,
        authorize: &Authorize,
        session: &Arc<Session>,
        remembered: Option<&Consent>,
    ) -> CodeOrder {
        let scope = authorize.asked_of_user().given_scope(remembered);
        CodeOrder {
            session: Arc::clone(session),
            client: Arc::clone(&authorize.client),
            issuer: self.issuer.name.clone(),
            sid: self.issuer.sid,
            offline: is_offline(&scope),
            scope,
            consent: remembered.map(|consent| consent.number),
            nonce: authorize.nonce.clone(),
            claims: authorize.claims.clone(),
            redirect_uri: authorize.reply.redirect_uri.clone(),
            challenge: authorize.challenge.clone(),
        }
    }
}

/// Whether scopes that were given have access that outlives the session.
pub fn is_offline(scope: &str) -> bool {
    scope.split(' ').any(|scope| scope == OFFLINE_ACCESS)
}

/// Whether one of these scopes gives the claim.
fn gives(scopes: &str, claim: &str) -> bool {
    let of_claim = user_claims::scope_of(claim);
    of_claim.is_some_and(|of_claim| scopes.split(' ').any(|scope| scope == of_claim))
}
