//! Who exists: realms, populations, users and clients, as facts for decisions.
//!
//! Traits and metadata travel as JSON text that no rule here reads. Passwords and secrets are hashes (EMPTY-HANDS).

use crate::ambient::{Span, Timestamp};
use crate::ids::{ClientId, PopulationId, RealmId, UserId, UserKey};
use crate::rights::RoleAssignment;
use crate::token::TokenHash;

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    /// Its id, the environment id of a dialect that addresses tenants so.
    pub id: RealmId,
    /// Its slash path, `/` or `/alpha` or `/alpha/sub`.
    pub path: String,
    /// Rises when all sessions of the realm are ended.
    pub generation: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A group of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// Its id.
    pub id: PopulationId,
    /// The realm it belongs to.
    pub realm: RealmId,
    /// What people call it.
    pub name: String,
}

/// A person or thing that signs on.
#[derive(Clone, Debug)]
pub struct User {
    /// Where the rows lie.
    pub key: UserKey,
    /// The public id.
    pub id: UserId,
    /// The realm that knows the user.
    pub realm: RealmId,
    /// The population, as it is now.
    pub population: PopulationId,
    /// The name, spelled as it was given; matched in any letter case.
    pub username: String,
    /// The e-mail address, which names the user as well.
    pub email: Option<String>,
    /// Whether the user may sign on.
    pub enabled: bool,
    /// Rises when all sessions of the user are ended; never falls.
    pub generation: u64,
    /// The password's hash in PHC text form.
    pub password: Option<String>,
    /// A JSON object of traits, as its own dialect shows them.
    pub traits: String,
    /// JSON that everybody may see.
    pub metadata_public: Option<String>,
    /// JSON that administrators may see.
    pub metadata_admin: Option<String>,
    /// What the user may do to others.
    pub roles: Vec<RoleAssignment>,
    /// When the record was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// The names by which this user is known, as they are matched.
    pub fn names(&self) -> Vec<String> {
        let mut names = vec![matched(&self.username)];
        if let Some(email) = self.email.as_deref().map(matched)
            && !names.contains(&email)
        {
            names.push(email);
        }
        names
    }
}

/// A name as it is matched: without surrounding blanks, in small letters.
pub fn matched(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A user about to be made. The store finds a free key.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The record; its `key` is where the store begins to look for a free one.
    pub user: User,
}

/// What was known of the user when the proof of identity was accepted.
///
/// The engine compares it inside its transaction: a sign-on that races an ending of all the user's sessions, or a
/// disabling, is refused (ENDED-STAYS-ENDED).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Who proved it.
    pub user: UserId,
    /// The user's generation at that time.
    pub generation: u64,
}

/// How long sessions of one kind may last, fixed when a session opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Ends after so long without activity; none means never.
    pub idle: Option<Span>,
    /// Ends so long after it began.
    pub absolute: Span,
}

/// How a client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// Not at all: a public client.
    None,
    /// HTTP Basic (`client_secret_basic`).
    Basic,
    /// In the form body (`client_secret_post`).
    Post,
}

/// An application of a realm.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// The realm it belongs to.
    pub realm: RealmId,
    /// What people call it.
    pub name: String,
    /// A disabled client gets nothing.
    pub enabled: bool,
    /// How it proves itself.
    pub auth: ClientAuth,
    /// SHA-256 of its secret, which carries at least 128 bits.
    pub secret: Option<TokenHash>,
    /// May redeem codes.
    pub code: bool,
    /// Gets refresh tokens.
    pub refresh: bool,
    /// May act in its own name.
    pub client_credentials: bool,
    /// Must use PKCE with S256.
    pub pkce_required: bool,
    /// Where codes may be sent, compared as exact text.
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after a sign-off, compared as exact text.
    pub post_logout_redirect_uris: Vec<String>,
    /// Life of its access tokens.
    pub access_life: Span,
    /// Life of its refresh tokens.
    pub refresh_life: Span,
    /// What it may do in its own name.
    pub roles: Vec<RoleAssignment>,
    /// Rises when all its grants are ended; never falls.
    pub generation: u64,
    /// When it was made.
    pub created_at: Timestamp,
}
