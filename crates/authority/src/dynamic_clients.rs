//! Clients that register themselves: who lets them, how many, and how they prove later that they are the ones.
//!
//! An administrator makes an initial access token, for a time and for a number of clients. A client that is made with it takes one of
//! that number in the same commit. Both kinds of tokens are derived and never stored (EMPTY-HANDS). What the client may say of itself
//! is the caller's to judge. RFC 7591 §1.2, RFC 7592.

use std::sync::Arc;

use adieu_core::{
    Client, ClientAuth, ClientDraft, ClientId, DirectoryError, DocumentChange, Origin, Outage, OwnScopes,
    OwnWord, Purpose, RealmId, Span, Timestamp, TokenHash, Version, decide_own_change,
};
use adieu_store::Document;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Authority;
use crate::attempts::{Attempts, unread};

/// Documents of this kind are initial access tokens.
const INITIAL: &str = "openid.initial-access-token";
/// A document of this kind beside a client says that it registered itself.
pub const REGISTERED: &str = "openid.registered-client";
/// Initial access tokens of one realm (HOME-LIMITS).
pub const INITIAL_TOKENS_MAX: usize = 100;
/// For how many clients one may be.
pub const INITIAL_CLIENTS_MAX: u32 = 10_000;
/// For how long one may count.
pub const INITIAL_LIFE_MAX: Span = Span::from_s(366 * 24 * 3600);

/// An initial access token, without what makes it one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialToken {
    /// Its name.
    pub id: Uuid,
    /// In which realm clients register with it.
    pub realm: RealmId,
    /// How many clients may still register with it.
    pub clients_left: u32,
    /// From when it counts no more.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is kept of one.
#[derive(Serialize, Deserialize)]
struct InitialBody {
    clients_left: u32,
    expires_at: i64,
    created_at: i64,
}

/// What is kept beside a client that registered itself.
#[derive(Serialize, Deserialize)]
struct RegisteredBody {
    initial_access_token: String,
    /// What it said last; earlier versions have kept nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<SaidBody>,
}

#[derive(Serialize, Deserialize)]
struct SaidBody {
    auth: Option<SaidAuth>,
    code: bool,
    refresh: bool,
    /// Not there where it was kept by an earlier version.
    #[serde(default)]
    scopes: Option<SaidScopes>,
}

#[derive(Clone, Serialize, Deserialize)]
struct SaidScopes {
    named: Option<Vec<String>>,
    /// What its administrator lets it name at most, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    most: Option<Vec<String>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SaidAuth {
    None,
    Basic,
    Post,
    PrivateKey,
}

impl SaidBody {
    fn of(word: OwnWord) -> Self {
        let auth = word.auth.map(|auth| match auth {
            ClientAuth::None => SaidAuth::None,
            ClientAuth::Basic => SaidAuth::Basic,
            ClientAuth::Post => SaidAuth::Post,
            ClientAuth::PrivateKey => SaidAuth::PrivateKey,
        });
        let scopes = match word.scopes {
            OwnScopes::Unknown => None,
            OwnScopes::Said(named) => Some(SaidScopes { named, most: word.scopes_most }),
        };
        Self { auth, code: word.code, refresh: word.refresh, scopes }
    }

    fn word(&self) -> OwnWord {
        let auth = self.auth.map(|auth| match auth {
            SaidAuth::None => ClientAuth::None,
            SaidAuth::Basic => ClientAuth::Basic,
            SaidAuth::Post => ClientAuth::Post,
            SaidAuth::PrivateKey => ClientAuth::PrivateKey,
        });
        let said = self
            .scopes
            .clone()
            .map_or((OwnScopes::Unknown, None), |said| (OwnScopes::Said(said.named), said.most));
        let (scopes, scopes_most) = said;
        OwnWord { auth, code: self.code, refresh: self.refresh, scopes, scopes_most }
    }
}

impl RegisteredBody {
    fn text(initial_access_token: String, word: OwnWord) -> String {
        let body = Self { initial_access_token, said: Some(SaidBody::of(word)) };
        serde_json::to_string(&body).expect("texts and flags are JSON")
    }
}

/// Why a client was not registered.
#[derive(Debug, thiserror::Error)]
pub enum ClientRegistrationError {
    /// The token is none, is too old, or as many clients as it is for have registered with it.
    #[error("the initial access token does not count")]
    Token,
    /// The directory refused the client.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl From<Outage> for ClientRegistrationError {
    fn from(outage: Outage) -> Self {
        Self::Directory(unread(outage))
    }
}

/// Why an initial access token was not made.
#[derive(Debug, thiserror::Error)]
pub enum InitialTokenError {
    /// The realm has as many as it may.
    #[error("a realm has at most {INITIAL_TOKENS_MAX} initial access tokens that count")]
    TooMany,
    /// The store refused it.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl InitialToken {
    fn read(document: &Document) -> Option<Self> {
        let body: InitialBody = serde_json::from_str(&document.body).ok()?;
        Some(Self {
            id: document.id.parse().ok()?,
            realm: document.realm,
            clients_left: body.clients_left,
            expires_at: Timestamp::from_ms(body.expires_at),
            created_at: Timestamp::from_ms(body.created_at),
        })
    }

    fn document(&self, version: Version) -> Document {
        let body = InitialBody {
            clients_left: self.clients_left,
            expires_at: self.expires_at.ms(),
            created_at: self.created_at.ms(),
        };
        Document {
            realm: self.realm,
            kind: INITIAL.into(),
            id: self.id.to_string(),
            body: serde_json::to_string(&body).expect("numbers are JSON"),
            version,
        }
    }

    fn counts(&self, now: Timestamp) -> bool {
        now < self.expires_at && self.clients_left > 0
    }
}

impl Authority {
    /// Makes an initial access token of a realm that exists, for so many clients and for so long. The text is what counts, and is
    /// shown here only. Those that count no more make room.
    pub async fn make_initial_token(
        &self,
        realm: RealmId,
        life: Span,
        clients: u32,
    ) -> Result<(InitialToken, String), InitialTokenError> {
        let mut counting = 0;
        for token in self.initial_tokens(realm).await.map_err(unread)? {
            if token.counts(self.now()) {
                counting += 1;
            } else {
                self.remove_initial_token(realm, token.id).await?;
            }
        }
        if counting >= INITIAL_TOKENS_MAX {
            return Err(InitialTokenError::TooMany);
        }
        let now = self.now();
        let (id, expires_at) = (self.draw_uuid(), now.plus(life));
        let token = InitialToken { id, realm, clients_left: clients, expires_at, created_at: now };
        self.store().create_document(token.document(Version::FIRST)).await?;
        let text = format!("{id}.{}", self.initial_secret(realm, id));
        Ok((token, text))
    }

    /// The initial access tokens of a realm, those included that count no more.
    pub async fn initial_tokens(&self, realm: RealmId) -> Result<Vec<InitialToken>, Outage> {
        let most = u32::try_from(2 * INITIAL_TOKENS_MAX).unwrap_or(u32::MAX);
        let documents = self.store().documents(realm, INITIAL, most).await?;
        Ok(documents.iter().filter_map(InitialToken::read).collect())
    }

    /// Takes an initial access token back; says whether it was there. Clients that registered with it stay.
    pub async fn remove_initial_token(&self, realm: RealmId, id: Uuid) -> Result<bool, DirectoryError> {
        self.store().remove_document(realm, INITIAL, &id.to_string(), None).await
    }

    /// The initial access token of that text, if it counts now: to be asked before anything is read that its holder sends.
    pub async fn initial_token(&self, realm: RealmId, text: &str) -> Result<Option<InitialToken>, Outage> {
        Ok(self.read_initial(realm, text).await?.map(|(token, _)| token))
    }

    async fn read_initial(
        &self,
        realm: RealmId,
        text: &str,
    ) -> Result<Option<(InitialToken, Version)>, Outage> {
        let Some((id, given)) = text.split_once('.') else { return Ok(None) };
        let Ok(id) = id.parse::<Uuid>() else { return Ok(None) };
        if !same(&self.initial_secret(realm, id), given) {
            return Ok(None);
        }
        let kept = self.store().document(realm, INITIAL, &id.to_string()).await?;
        let read = kept.and_then(|kept| InitialToken::read(&kept).map(|token| (token, kept.version)));
        Ok(read.filter(|(token, _)| token.counts(self.now())))
    }

    /// Registers a client: it is made, and one less may register with the token, or neither.
    pub async fn register_client(
        &self,
        draft: Client,
        initial: &str,
    ) -> Result<Client, ClientRegistrationError> {
        let mut attempts = Attempts::begin();
        loop {
            let read = self.read_initial(draft.realm, initial).await?;
            let (token, version) = read.ok_or(ClientRegistrationError::Token)?;
            let next = InitialToken { clients_left: token.clients_left - 1, ..token.clone() };
            let mark = Document {
                realm: draft.realm,
                kind: REGISTERED.into(),
                id: draft.id.to_string(),
                body: RegisteredBody::text(token.id.to_string(), OwnWord::of(&draft)),
                version: Version::FIRST,
            };
            let documents = vec![DocumentChange::Edit(next.document(version)), DocumentChange::Put(mark)];
            match self.store().create_client(ClientDraft { client: draft.clone(), documents }).await {
                // Somebody else registered with the same token meanwhile.
                Err(DirectoryError::Stale) => attempts.again()?,
                Ok(made) => return Ok(made),
                Err(refused) => return Err(refused.into()),
            }
        }
    }

    /// Changes a client that registered itself, as `say` makes it of what it is, by its own word: what its administrator took away
    /// stays away, as core decides.
    pub async fn change_registered_client(
        &self,
        realm: RealmId,
        id: &ClientId,
        origin: Origin,
        mut say: impl FnMut(&mut Client) + Send,
    ) -> Result<Client, DirectoryError> {
        self.change_client(realm, id, origin, |before| {
            let mut said = before.clone();
            say(&mut said);
            async move {
                let kept = self.store().document(realm, REGISTERED, id.as_str()).await.map_err(unread)?;
                let kept = kept.ok_or(DirectoryError::Unknown)?;
                let body: RegisteredBody =
                    serde_json::from_str(&kept.body).map_err(|e| unread(Outage::new(e)))?;
                let word = body.said.as_ref().map_or(OwnWord::UNKNOWN, SaidBody::word);
                let (client, word) = decide_own_change(&before, said, &word);
                let body = RegisteredBody::text(body.initial_access_token, word);
                Ok(ClientDraft { client, documents: vec![DocumentChange::Edit(Document { body, ..kept })] })
            }
        })
        .await
    }

    /// By what a client that registered itself changes and removes itself.
    pub fn registration_token(&self, client: &Client) -> String {
        let name = format!("client {} {}", client.realm, client.id);
        self.key().derive_text(Purpose::Registration, name.as_bytes(), 0)
    }

    /// The client of that id, if it registered itself and this is its token.
    pub async fn registered_client(
        &self,
        realm: RealmId,
        id: &ClientId,
        token: &str,
    ) -> Result<Option<Arc<Client>>, Outage> {
        let Some(client) = self.client(realm, id).await? else { return Ok(None) };
        if !same(&self.registration_token(&client), token) {
            return Ok(None);
        }
        let mark = self.store().document(realm, REGISTERED, id.as_str()).await?;
        Ok(mark.map(|_| client))
    }

    fn initial_secret(&self, realm: RealmId, id: Uuid) -> String {
        self.key().derive_text(Purpose::Registration, format!("initial {realm} {id}").as_bytes(), 0)
    }
}

/// Whether two secrets are the same, in a time that does not say where they differ.
fn same(own: &str, given: &str) -> bool {
    TokenHash::of(own.as_bytes()).same(&TokenHash::of(given.as_bytes()))
}
