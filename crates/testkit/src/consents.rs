//! A user who has agreed to as many clients as one may.
//!
//! By the roads of the product, as all data of tests is made. Checks nothing.

use adieu_authority::{Authority, ClientAuth, NewClient};
use adieu_core::{CONSENTS_OF_USER_MAX, ConsentOrder, RealmId, UserId};
use tokio::task::JoinSet;

use crate::World;

impl World {
    /// Has a user of the server's realm agree to as many clients as one may.
    ///
    /// # Panics
    /// If the store does not take it.
    pub async fn fill_consents(&self, user: UserId) {
        let mut all = JoinSet::new();
        for n in 0..CONSENTS_OF_USER_MAX {
            all.spawn(agreed(self.authority().clone(), self.data.realm.id, user, n));
        }
        all.join_all().await;
    }
}

async fn agreed(authority: Authority, realm: RealmId, user: UserId, n: usize) {
    let new = NewClient {
        id: format!("allowed-{n}").parse().expect("an id"),
        name: format!("Allowed {n}"),
        auth: ClientAuth::None,
        code: true,
        refresh: false,
        client_credentials: false,
        pkce_required: true,
        api_scopes: vec![],
        redirect_uris: vec!["https://allowed.example.test/callback".into()],
        post_logout_redirect_uris: vec![],
        roles: vec![],
    };
    let client = authority.create_client(realm, new).await.expect("the client is new");
    let order = ConsentOrder {
        user,
        client: client.id,
        client_generation: client.generation,
        client_identity: client.identity_generation,
        scope: "openid".into(),
        claims: String::new(),
    };
    authority.give_consent(order).await.expect("there is room");
}
