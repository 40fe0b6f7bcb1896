//! Clients: found by id, which is unique in the installation.
//!
//! Secrets are no part of a document: they are derived from the installation key.

use adieu_authority::{
    Client, ClientAuth, ClientId, ClientJwks, ClientWords, JoseAlgorithm, RecordFault, RoleAssignment,
    ScopesOfClient, Span, api_scopes_are_known, client_is_sound, read_client_jwks, user_scopes_are_sound,
};
use adieu_core::{is_origin, is_token_life};

use super::{Change, Notes, Planned, Planner, Planning, none_if_empty, read_json, taken};
use crate::client_words::{AuthMethod, GrantType, scope_words};
use crate::document::{ClientDoc, RealmDoc};
use crate::error::{DocumentError, DocumentFault, Within, ensure};
use crate::words::{ANY_ORIGIN, seconds};

/// What changes of a client; what is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ClientEdit {
    name: Option<String>,
    enabled: Option<bool>,
    auth: Option<AuthMethod>,
    grant_types: Option<Vec<GrantType>>,
    pkce_required: Option<bool>,
    api_scopes: Option<Vec<String>>,
    user_scopes: Option<Option<Vec<String>>>,
    redirect_uris: Option<Vec<String>>,
    post_logout_redirect_uris: Option<Vec<String>>,
    origins: Option<Option<Vec<String>>>,
    outlives_session: Option<bool>,
    require_consent: Option<bool>,
    ends_by_id_token: Option<bool>,
    backchannel_logout_uri: Option<Option<String>>,
    backchannel_logout_session_required: Option<bool>,
    frontchannel_logout_uri: Option<Option<String>>,
    frontchannel_logout_session_required: Option<bool>,
    jwks: Option<Option<ClientJwks>>,
    jwks_uri: Option<Option<String>>,
    id_token_algorithm: Option<JoseAlgorithm>,
    userinfo_algorithm: Option<Option<JoseAlgorithm>>,
    request_object_algorithm: Option<Option<JoseAlgorithm>>,
    assertion_algorithm: Option<Option<JoseAlgorithm>>,
    acr: Option<Option<String>>,
    access_life_s: Option<u32>,
    refresh_life_s: Option<u32>,
    roles: Option<Vec<RoleAssignment>>,
}

impl ClientEdit {
    /// How a client proves itself that is made with this.
    pub fn auth(&self) -> ClientAuth {
        self.auth.unwrap_or_default().into()
    }

    /// Makes the change.
    pub fn apply_to(&self, client: &mut Client) {
        set(&mut client.name, &self.name);
        set(&mut client.enabled, &self.enabled);
        set(&mut client.auth, &self.auth.map(ClientAuth::from));
        if let Some(types) = &self.grant_types {
            GrantType::set_all(types, client);
        }
        set(&mut client.pkce_required, &self.pkce_required);
        set(&mut client.api_scopes, &self.api_scopes);
        set(&mut client.user_scopes, &self.user_scopes);
        set(&mut client.redirect_uris, &self.redirect_uris);
        set(&mut client.post_logout_redirect_uris, &self.post_logout_redirect_uris);
        set(&mut client.origins, &self.origins);
        set(&mut client.outlives_session, &self.outlives_session);
        set(&mut client.require_consent, &self.require_consent);
        set(&mut client.ends_by_id_token, &self.ends_by_id_token);
        set(&mut client.backchannel_logout_uri, &self.backchannel_logout_uri);
        set(&mut client.backchannel_logout_session_required, &self.backchannel_logout_session_required);
        set(&mut client.frontchannel_logout_uri, &self.frontchannel_logout_uri);
        set(&mut client.frontchannel_logout_session_required, &self.frontchannel_logout_session_required);
        set(&mut client.signing.jwks, &self.jwks);
        set(&mut client.signing.jwks_uri, &self.jwks_uri);
        set(&mut client.signing.id_token, &self.id_token_algorithm);
        set(&mut client.signing.userinfo, &self.userinfo_algorithm);
        set(&mut client.signing.request_object, &self.request_object_algorithm);
        set(&mut client.signing.assertion, &self.assertion_algorithm);
        set(&mut client.acr, &self.acr);
        set(&mut client.access_life, &self.access_life_s.map(span));
        set(&mut client.refresh_life, &self.refresh_life_s.map(span));
        set(&mut client.roles, &self.roles);
    }

    /// All that a document says.
    fn of(doc: &ClientDoc, roles: Option<Vec<RoleAssignment>>) -> Result<Self, DocumentFault> {
        let any = |origins: Vec<String>| Some(origins).filter(|origins| *origins != [ANY_ORIGIN]);
        Ok(Self {
            name: doc.client_name.clone(),
            enabled: doc.enabled,
            auth: doc.token_endpoint_auth_method,
            grant_types: doc.grant_types.clone().map(GrantType::in_order),
            pkce_required: doc.pkce_required,
            api_scopes: doc.api_scopes.clone(),
            user_scopes: none_if_empty(&doc.scope).map(|scope| scope.as_deref().map(scope_words)),
            redirect_uris: doc.redirect_uris.clone(),
            post_logout_redirect_uris: doc.post_logout_redirect_uris.clone(),
            origins: doc.origins.clone().map(any),
            outlives_session: doc.offline_access,
            require_consent: doc.require_consent,
            ends_by_id_token: doc.ends_by_id_token,
            backchannel_logout_uri: none_if_empty(&doc.backchannel_logout_uri),
            backchannel_logout_session_required: doc.backchannel_logout_session_required,
            frontchannel_logout_uri: none_if_empty(&doc.frontchannel_logout_uri),
            frontchannel_logout_session_required: doc.frontchannel_logout_session_required,
            jwks: none_if_empty(&doc.jwks).map(|text| text.as_deref().map(keys).transpose()).transpose()?,
            jwks_uri: none_if_empty(&doc.jwks_uri),
            id_token_algorithm: algorithm(ID_TOKEN_ALGORITHM, doc.id_token_signed_response_alg.as_deref())?,
            userinfo_algorithm: algorithm_or_none(USERINFO_ALGORITHM, &doc.userinfo_signed_response_alg)?,
            request_object_algorithm: algorithm_or_none(
                REQUEST_OBJECT_ALGORITHM,
                &doc.request_object_signing_alg,
            )?,
            assertion_algorithm: algorithm_or_none(
                ASSERTION_ALGORITHM,
                &doc.token_endpoint_auth_signing_alg,
            )?,
            acr: none_if_empty(&doc.acr),
            access_life_s: doc.access_life_s,
            refresh_life_s: doc.refresh_life_s,
            roles,
        })
    }

    /// Judges what the client would be, so that a plan says what its step would be refused for.
    fn check(&self, now: Option<&Client>) -> Result<(), RecordFault> {
        let words = ClientWords {
            name: self.name.as_deref().or(now.map(|now| now.name.as_str())).unwrap_or_default(),
            auth: self.auth.map(ClientAuth::from).or(now.map(|now| now.auth)).unwrap_or(self.auth()),
            jwks: match &self.jwks {
                Some(jwks) => jwks.as_ref(),
                None => now.and_then(|now| now.signing.jwks.as_ref()),
            },
            jwks_uri: match &self.jwks_uri {
                Some(uri) => uri.as_deref(),
                None => now.and_then(|now| now.signing.jwks_uri.as_deref()),
            },
            request_object: match self.request_object_algorithm {
                Some(named) => named,
                None => now.and_then(|now| now.signing.request_object),
            },
            assertion: match self.assertion_algorithm {
                Some(named) => named,
                None => now.and_then(|now| now.signing.assertion),
            },
            client_credentials: match &self.grant_types {
                Some(types) => types.contains(&GrantType::ClientCredentials),
                None => now.is_some_and(|now| now.client_credentials),
            },
            redirect_uris: match (&self.redirect_uris, now) {
                (Some(uris), _) => uris,
                (None, Some(now)) => &now.redirect_uris,
                (None, None) => &[],
            },
            post_logout_redirect_uris: self.post_logout_redirect_uris.as_deref().unwrap_or_default(),
            backchannel_logout_uri: match &self.backchannel_logout_uri {
                Some(uri) => uri.as_deref(),
                None => now.and_then(|now| now.backchannel_logout_uri.as_deref()),
            },
            frontchannel_logout_uri: match &self.frontchannel_logout_uri {
                Some(uri) => uri.as_deref(),
                None => now.and_then(|now| now.frontchannel_logout_uri.as_deref()),
            },
        };
        client_is_sound(now, words)?;
        self.is_within_bounds(now)
    }

    /// The bounds of core, of what the document says.
    fn is_within_bounds(&self, now: Option<&Client>) -> Result<(), RecordFault> {
        let lives = |s: Option<u32>| s.is_none_or(|s| is_token_life(span(s)));
        let known = now.and_then(|now| now.origins.as_deref()).unwrap_or_default();
        let origins = self.origins.iter().flatten().flatten();
        let told = |uri: &Option<Option<String>>, now: Option<&String>| match uri {
            Some(uri) => uri.is_some(),
            None => now.is_some(),
        };
        let back =
            told(&self.backchannel_logout_uri, now.and_then(|now| now.backchannel_logout_uri.as_ref()));
        let front =
            told(&self.frontchannel_logout_uri, now.and_then(|now| now.frontchannel_logout_uri.as_ref()));
        let newly = |wanted: Option<bool>, before: Option<bool>| wanted == Some(true) && before != Some(true);
        let back_newly = newly(
            self.backchannel_logout_session_required,
            now.map(|now| now.backchannel_logout_session_required),
        );
        let front_newly = newly(
            self.frontchannel_logout_session_required,
            now.map(|now| now.frontchannel_logout_session_required),
        );
        if !lives(self.access_life_s) {
            Err(RecordFault::AccessLife)
        } else if !lives(self.refresh_life_s) {
            Err(RecordFault::RefreshLife)
        } else if !origins.into_iter().all(|origin| known.contains(origin) || is_origin(origin)) {
            Err(RecordFault::Origin)
        } else if back_newly && !back {
            Err(RecordFault::BackchannelLogoutSession)
        } else if front_newly && !front {
            Err(RecordFault::FrontchannelLogoutSession)
        } else {
            Ok(())
        }
    }

    /// Only what is not so yet.
    fn changing(self, now: &Client, notes: &mut Notes) -> Self {
        let auth_now = AuthMethod::from(now.auth);
        Self {
            name: notes.changed("client_name", &now.name, self.name),
            enabled: notes.changed("enabled", &now.enabled, self.enabled),
            auth: notes.changed("token_endpoint_auth_method", &auth_now, self.auth),
            grant_types: notes.changed("grant_types", &GrantType::all_of(now), self.grant_types),
            pkce_required: notes.changed("pkce_required", &now.pkce_required, self.pkce_required),
            api_scopes: notes.changed("api_scopes", &now.api_scopes, self.api_scopes),
            user_scopes: notes.changed("scope", &now.user_scopes, self.user_scopes),
            redirect_uris: notes.changed("redirect_uris", &now.redirect_uris, self.redirect_uris),
            post_logout_redirect_uris: notes.changed(
                "post_logout_redirect_uris",
                &now.post_logout_redirect_uris,
                self.post_logout_redirect_uris,
            ),
            origins: notes.changed("origins", &now.origins, self.origins),
            outlives_session: notes.changed("offline_access", &now.outlives_session, self.outlives_session),
            require_consent: notes.changed("require_consent", &now.require_consent, self.require_consent),
            ends_by_id_token: notes.changed("ends_by_id_token", &now.ends_by_id_token, self.ends_by_id_token),
            backchannel_logout_uri: notes.changed(
                "backchannel_logout_uri",
                &now.backchannel_logout_uri,
                self.backchannel_logout_uri,
            ),
            backchannel_logout_session_required: notes.changed(
                "backchannel_logout_session_required",
                &now.backchannel_logout_session_required,
                self.backchannel_logout_session_required,
            ),
            frontchannel_logout_uri: notes.changed(
                "frontchannel_logout_uri",
                &now.frontchannel_logout_uri,
                self.frontchannel_logout_uri,
            ),
            frontchannel_logout_session_required: notes.changed(
                "frontchannel_logout_session_required",
                &now.frontchannel_logout_session_required,
                self.frontchannel_logout_session_required,
            ),
            jwks: notes.changed_unseen("jwks", &now.signing.jwks, self.jwks),
            jwks_uri: notes.changed("jwks_uri", &now.signing.jwks_uri, self.jwks_uri),
            id_token_algorithm: notes.changed(
                ID_TOKEN_ALGORITHM,
                &now.signing.id_token,
                self.id_token_algorithm,
            ),
            userinfo_algorithm: notes.changed(
                USERINFO_ALGORITHM,
                &now.signing.userinfo,
                self.userinfo_algorithm,
            ),
            request_object_algorithm: notes.changed(
                REQUEST_OBJECT_ALGORITHM,
                &now.signing.request_object,
                self.request_object_algorithm,
            ),
            assertion_algorithm: notes.changed(
                ASSERTION_ALGORITHM,
                &now.signing.assertion,
                self.assertion_algorithm,
            ),
            acr: notes.changed("acr", &now.acr, self.acr),
            access_life_s: notes.changed("access_life_s", &seconds(now.access_life), self.access_life_s),
            refresh_life_s: notes.changed("refresh_life_s", &seconds(now.refresh_life), self.refresh_life_s),
            roles: notes.changed_unseen("roles", &now.roles, self.roles),
        }
    }
}

fn set<T: Clone>(slot: &mut T, wanted: &Option<T>) {
    if let Some(wanted) = wanted {
        slot.clone_from(wanted);
    }
}

/// The keys that a text says.
fn keys(text: &str) -> Result<ClientJwks, DocumentFault> {
    Ok(read_client_jwks(&read_json("jwks", text)?)?)
}

const ID_TOKEN_ALGORITHM: &str = "id_token_signed_response_alg";
const USERINFO_ALGORITHM: &str = "userinfo_signed_response_alg";
const REQUEST_OBJECT_ALGORITHM: &str = "request_object_signing_alg";
const ASSERTION_ALGORITHM: &str = "token_endpoint_auth_signing_alg";

fn algorithm(member: &'static str, name: Option<&str>) -> Result<Option<JoseAlgorithm>, DocumentFault> {
    let named = |name| JoseAlgorithm::named(name).ok_or(DocumentFault::Algorithm(member));
    name.map(named).transpose()
}

/// The same where an empty text is none.
fn algorithm_or_none(
    member: &'static str,
    name: &Option<String>,
) -> Result<Option<Option<JoseAlgorithm>>, DocumentFault> {
    none_if_empty(name).map(|name| algorithm(member, name.as_deref())).transpose()
}

fn span(s: u32) -> Span {
    Span::from_s(i64::from(s))
}

impl<'a> Planner<'a> {
    pub(super) fn clients(&mut self, doc: &RealmDoc, realm: &Planning<'a>) {
        for client in doc.clients.iter().flatten() {
            let read = self.named_client(client, realm);
            self.note(realm, read);
        }
        if self.prune && doc.clients.is_some() {
            let now = realm.now.map_or(&[][..], |now| &now.clients);
            for gone in now.iter().filter(|client| !self.clients.contains(&client.id)) {
                let line = format!("- client {} in {}", gone.id, realm.path);
                self.removals
                    .push(Planned { line, change: Change::RemoveClient(gone.id.clone(), gone.version) });
            }
        }
    }

    /// A client of the document, of which nothing else is said in it.
    fn named_client(&mut self, doc: &ClientDoc, realm: &Planning<'a>) -> Result<(), DocumentError> {
        let about = || format!("client {}", doc.client_id);
        let id: Result<ClientId, _> = doc.client_id.parse();
        let id = id.map_err(|_| DocumentFault::ClientId).within(about)?;
        ensure(self.clients.insert(id.clone()), || DocumentFault::Twice(about()))?;
        self.client(doc, &id, realm).within(about)
    }

    fn client(&mut self, doc: &ClientDoc, id: &ClientId, realm: &Planning<'a>) -> Result<(), DocumentFault> {
        let now = self.facts.realms.iter().flat_map(|of| &of.clients).find(|client| client.id == *id);
        ensure(now.is_none_or(|now| now.realm == realm.id), || taken("a client of another realm", id))?;
        let removed_from = self.facts.removed.clients.get(id);
        ensure(removed_from.is_none_or(|removed_from| *removed_from == realm.id), || {
            DocumentFault::IdOfRemovedClient(id.to_string())
        })?;
        let held = now.map_or(&[][..], |now| &now.roles);
        let roles = doc.roles.as_deref().map(|docs| self.places.roles(realm.id, docs, held)).transpose()?;
        let wanted = ClientEdit::of(doc, roles)?;
        wanted.check(now)?;
        let granted = now.map_or(&[][..], |now| &now.api_scopes);
        api_scopes_are_known(
            self.facts.api_scopes,
            granted,
            wanted.api_scopes.as_deref().unwrap_or_default(),
        )?;
        let before = now.map_or_else(ScopesOfClient::default, ScopesOfClient::of);
        let named = wanted.user_scopes.as_ref().map_or(before.named, |scopes| scopes.as_deref());
        let next = ScopesOfClient { named, granted: wanted.api_scopes.as_deref().unwrap_or(granted) };
        user_scopes_are_sound(self.facts.api_scopes, before, next)?;
        let Some(now) = now else {
            let change = Change::MakeClient(realm.id, id.clone(), Box::new(wanted));
            self.plan(format!("+ client {id} in {}", realm.path), change);
            return Ok(());
        };
        let mut notes = Notes::default();
        let edit = wanted.changing(now, &mut notes);
        if let Some(line) = notes.line("client", id.as_str(), realm) {
            self.plan(line, Change::EditClient(realm.id, id.clone(), now.version, Box::new(edit)));
        }
        Ok(())
    }
}
