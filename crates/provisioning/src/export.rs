//! Facts as a document that makes them so again.
//!
//! Passwords and secrets are not in it (EMPTY-HANDS). What is none is said as such, so that applying an export takes away
//! what was added since.

use adieu_authority::{
    Client, Document, JoseAlgorithm, Population, PopulationId, RoleAssignment, RoleScope, ScopesOfClient,
    Subscriber, UpstreamProvider, User,
};
use adieu_core::names::matched;

use crate::client_words::GrantType;
use crate::document::{
    self, ClientDoc, KeptDoc, PopulationDoc, RealmDoc, RoleDoc, SubscriberDoc, UpstreamDoc, UserDoc,
};
use crate::facts::{Facts, RealmFacts};
use crate::subscriber_words::KindWords;
use crate::words::{ANY_ORIGIN, role_word, seconds};

/// The document of these facts; with `only`, of that realm alone.
pub fn export(facts: &Facts, only: Option<&str>) -> document::Declaration {
    let wanted = |realm: &&RealmFacts| only.is_none_or(|path| realm.realm.path == path);
    document::Declaration {
        realms: facts.realms.iter().filter(wanted).map(|realm| realm_doc(facts, realm)).collect(),
    }
}

fn realm_doc(facts: &Facts, of: &RealmFacts) -> RealmDoc {
    let population = |population: &Population| PopulationDoc {
        name: population.name.clone(),
        id: Some(population.id.to_string()),
        description: Some(population.description.clone().unwrap_or_default()),
    };
    let mut users: Vec<&User> = of.users.iter().collect();
    users.sort_by_key(|user| matched(&user.username));
    RealmDoc {
        path: of.realm.path.clone(),
        id: Some(of.realm.id.to_string()),
        populations: Some(of.populations.iter().map(population).collect()),
        users: Some(users.into_iter().map(|user| user_doc(facts, of, user)).collect()),
        clients: Some(of.clients.iter().map(|client| client_doc(facts, client)).collect()),
        subscribers: Some(of.subscribers.iter().map(subscriber_doc).collect()),
        upstreams: Some(of.upstreams.iter().map(upstream_doc).collect()),
        documents: Some(of.documents.iter().map(kept_doc).collect()),
    }
}

fn subscriber_doc(one: &Subscriber) -> SubscriberDoc {
    let KindWords { kind, causes, subject_format, issuer } = KindWords::of(&one.kind);
    SubscriberDoc {
        id: one.id.to_string(),
        kind,
        address: one.address.clone(),
        enabled: Some(one.enabled),
        causes,
        subject_format,
        issuer,
        secret_env: None,
        secret_file: None,
    }
}

fn user_doc(facts: &Facts, of: &RealmFacts, user: &User) -> UserDoc {
    let text = |value: &Option<String>| Some(value.clone().unwrap_or_default());
    UserDoc {
        username: user.username.clone(),
        id: Some(user.id.to_string()),
        population: Some(population_ref(&of.populations, user.population)),
        email: text(&user.email),
        external_id: text(&user.external_id),
        enabled: Some(user.enabled),
        locked: Some(is_locked_for_good(user)),
        traits: Some(user.traits.clone()),
        metadata_public: text(&user.metadata_public),
        metadata_admin: text(&user.metadata_admin),
        password_env: None,
        password_file: None,
        password_hash: None,
        roles: Some(roles(facts, &user.roles)),
    }
}

/// Whether only somebody's word unlocks the account. A lock that ends by itself is not for a document.
pub(crate) fn is_locked_for_good(user: &User) -> bool {
    user.lock.is_some_and(|lock| lock.until.is_none())
}

fn client_doc(facts: &Facts, client: &Client) -> ClientDoc {
    ClientDoc {
        client_id: client.id.to_string(),
        client_name: Some(client.name.clone()),
        enabled: Some(client.enabled),
        token_endpoint_auth_method: Some(client.auth.into()),
        grant_types: Some(GrantType::all_of(client)),
        api_scopes: Some(client.api_scopes.clone()),
        // As it counts: another installation does not take a scope of an API without its grant.
        scope: Some(
            ScopesOfClient::of(client).counting().map_or_else(String::new, |scopes| scopes.join(" ")),
        ),
        pkce_required: Some(client.pkce_required),
        redirect_uris: Some(client.redirect_uris.clone()),
        post_logout_redirect_uris: Some(client.post_logout_redirect_uris.clone()),
        origins: Some(client.origins.clone().unwrap_or_else(|| vec![ANY_ORIGIN.into()])),
        offline_access: Some(client.outlives_session),
        require_consent: Some(client.require_consent),
        ends_by_id_token: Some(client.ends_by_id_token),
        backchannel_logout_uri: Some(client.backchannel_logout_uri.clone().unwrap_or_default()),
        backchannel_logout_session_required: Some(client.backchannel_logout_session_required),
        frontchannel_logout_uri: Some(client.frontchannel_logout_uri.clone().unwrap_or_default()),
        frontchannel_logout_session_required: Some(client.frontchannel_logout_session_required),
        jwks_uri: Some(client.signing.jwks_uri.clone().unwrap_or_default()),
        jwks: Some(client.signing.jwks.as_ref().map_or_else(String::new, |jwks| jwks.as_str().to_owned())),
        id_token_signed_response_alg: Some(client.signing.id_token.name().into()),
        userinfo_signed_response_alg: Some(client.signing.userinfo.map_or("", JoseAlgorithm::name).into()),
        request_object_signing_alg: Some(
            client.signing.request_object.map_or("", JoseAlgorithm::name).into(),
        ),
        token_endpoint_auth_signing_alg: Some(
            client.signing.assertion.map_or("", JoseAlgorithm::name).into(),
        ),
        acr: Some(client.acr.clone().unwrap_or_default()),
        access_life_s: Some(seconds(client.access_life)),
        refresh_life_s: Some(seconds(client.refresh_life)),
        roles: Some(roles(facts, &client.roles)),
    }
}

fn upstream_doc(provider: &UpstreamProvider) -> UpstreamDoc {
    UpstreamDoc {
        name: provider.name.clone(),
        title: Some(provider.title.clone()),
        issuer: Some(provider.issuer.clone()),
        client_id: Some(provider.client_id.clone()),
        client_secret_env: None,
        client_secret_file: None,
        scopes: Some(provider.scopes.clone()),
        creates_users: Some(provider.creates_users),
        username_claim: Some(provider.username_claim.clone()),
        email_claim: Some(provider.email_claim.clone().unwrap_or_default()),
        enabled: Some(provider.enabled),
    }
}

fn kept_doc(document: &Document) -> KeptDoc {
    let Document { kind, id, body, .. } = document.clone();
    KeptDoc { kind, id, body }
}

/// The name, where it means one population only and can't be taken for an id; else the id.
fn population_ref(populations: &[Population], id: PopulationId) -> String {
    let named = populations.iter().find(|population| population.id == id);
    let unique = |name: &str| populations.iter().filter(|other| other.name == name).count() == 1;
    match named {
        Some(found) if unique(&found.name) && found.name.parse::<PopulationId>().is_err() => {
            found.name.clone()
        }
        Some(_) | None => id.to_string(),
    }
}

fn roles(facts: &Facts, roles: &[RoleAssignment]) -> Vec<RoleDoc> {
    roles.iter().map(|assignment| role_doc(facts, *assignment)).collect()
}

fn role_doc(facts: &Facts, RoleAssignment { role, scope }: RoleAssignment) -> RoleDoc {
    let role = role_word(role).to_owned();
    match scope {
        RoleScope::Realm(id) => {
            let found = facts.realms.iter().find(|of| of.realm.id == id);
            let realm = found.map_or_else(|| id.to_string(), |of| of.realm.path.clone());
            RoleDoc { role, realm: Some(realm), population: None }
        }
        RoleScope::Population(id) => {
            let home = facts.realms.iter().find(|of| of.populations.iter().any(|p| p.id == id));
            let population = home.map_or_else(|| id.to_string(), |of| population_ref(&of.populations, id));
            RoleDoc { role, realm: home.map(|of| of.realm.path.clone()), population: Some(population) }
        }
    }
}
