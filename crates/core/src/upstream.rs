//! Upstream providers: other OpenID Providers that a realm lets its users sign on through, and what they say of a person.
//!
//! A person is known by the issuer and by the name that the issuer has for them, and by nothing else: no e-mail address and no
//! username leads to a user. Nothing here asks a provider. Decision 0044.

use sha2::{Digest as _, Sha256};

use crate::ids::RealmId;
use crate::redirect_uris::is_web_address;
use crate::time::Timestamp;
use crate::version::Version;

/// Upstream providers of one realm (HOME-LIMITS): each is a button on the sign-on page.
pub const UPSTREAMS_MAX: usize = 8;
/// People of upstream providers that lead to one user (HOME-LIMITS).
pub const UPSTREAM_LINKS_MAX: usize = 16;
/// Longest name in an address, title on a button, and other word, in characters.
const NAME_MAX: usize = 32;
const TITLE_MAX: usize = 64;
const WORD_MAX: usize = 255;
const SCOPES_MAX: usize = 20;
const ISSUER_BYTES_MAX: usize = 512;
const SECRET_BYTES_MAX: usize = 512;
/// The longest name that an issuer has for a person. OpenID Connect Core §2
const SUB_BYTES_MAX: usize = 255;

/// An OpenID Provider that users of a realm may sign on through.
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamProvider {
    /// The realm.
    pub realm: RealmId,
    /// Its name in addresses and commands. It never changes.
    pub name: String,
    /// Its name on the button.
    pub title: String,
    /// Its issuer identifier. Another one makes it another provider, so it never changes.
    pub issuer: String,
    /// As which client it knows this installation.
    pub client_id: String,
    /// What proves that, sealed; none for a client that has only PKCE.
    pub sealed_secret: Option<Vec<u8>>,
    /// What it is asked for; `openid` always is.
    pub scopes: Vec<String>,
    /// Whether somebody whom nobody here is linked to becomes a user.
    pub creates_users: bool,
    /// The claim that becomes such a user's name.
    pub username_claim: String,
    /// The claim that becomes such a user's e-mail address, if the claim of that name with `_verified` behind it says so.
    pub email_claim: Option<String>,
    /// Whether anybody signs on through it.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Rises with every change.
    pub version: Version,
}

impl std::fmt::Debug for UpstreamProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpstreamProvider")
            .field("realm", &self.realm)
            .field("name", &self.name)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// Why an upstream provider cannot be as it is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamFault {
    /// The name in addresses.
    #[error("name: 1 to 32 small letters, digits and hyphens, beginning with a letter")]
    Name,
    /// The name on the button.
    #[error("title: 1 to 64 visible characters")]
    Title,
    /// The issuer.
    #[error(
        "issuer: an address that begins with https:// (http:// only where private addresses are allowed), without query and fragment"
    )]
    Issuer,
    /// The client id.
    #[error("client_id: 1 to 255 visible characters")]
    ClientId,
    /// The secret.
    #[error("client_secret: 1 to 512 visible characters")]
    Secret,
    /// The scopes.
    #[error("scopes: at most 20 words of visible characters")]
    Scopes,
    /// A claim.
    #[error("username_claim, email_claim: the name of a claim, 1 to 255 visible characters")]
    Claim,
}

impl UpstreamProvider {
    /// Judges what a provider is to be.
    pub fn is_sound(&self) -> Result<(), UpstreamFault> {
        let rules = [
            (is_upstream_name(&self.name), UpstreamFault::Name),
            (is_title(&self.title), UpstreamFault::Title),
            (is_issuer(&self.issuer), UpstreamFault::Issuer),
            (is_word(&self.client_id), UpstreamFault::ClientId),
            (
                self.scopes.len() <= SCOPES_MAX && self.scopes.iter().all(|scope| is_word(scope)),
                UpstreamFault::Scopes,
            ),
            (is_word(&self.username_claim), UpstreamFault::Claim),
            (self.email_claim.as_deref().is_none_or(is_word), UpstreamFault::Claim),
        ];
        rules.into_iter().find(|(sound, _)| !sound).map_or(Ok(()), |(_, fault)| Err(fault))
    }

    /// What it is asked for, as a request says it.
    pub fn scope(&self) -> String {
        let further = self.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid");
        std::iter::once("openid").chain(further).collect::<Vec<_>>().join(" ")
    }

    /// Where its secret lies, for the seal.
    pub fn place_of_secret(realm: RealmId, name: &str) -> String {
        format!("upstream {realm} {name}")
    }
}

/// Judges the secret of a provider before it is sealed.
pub fn upstream_secret_is_sound(secret: &str) -> Result<(), UpstreamFault> {
    let sound = (1..=SECRET_BYTES_MAX).contains(&secret.len())
        && secret.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if sound { Ok(()) } else { Err(UpstreamFault::Secret) }
}

/// Whether a text can be the name of a provider in addresses.
pub fn is_upstream_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether a text can be the name that an issuer has for a person.
pub fn is_subject(text: &str) -> bool {
    (1..=SUB_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

fn is_title(text: &str) -> bool {
    (1..=TITLE_MAX).contains(&text.chars().count())
        && !text.trim().is_empty()
        && !crate::names::has_invisible(text)
}

/// OpenID Connect Discovery §2: no query and no fragment.
fn is_issuer(text: &str) -> bool {
    is_web_address(text) && text.len() <= ISSUER_BYTES_MAX && !text.contains(['?', '#'])
}

fn is_word(text: &str) -> bool {
    // RFC 6749 §3.3
    (1..=WORD_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// The name under which something of an issuer is kept: no issuer can write a name so that it runs into another's.
pub fn upstream_key(kind: &str, issuer: &str, name: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [kind, issuer, name] {
        hash.update(u64::try_from(part.len()).expect("a length fits 64 bits").to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Who somebody is by the word of an upstream provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamIdentity {
    /// The provider's name for them.
    pub sub: String,
    /// The provider's name for the session.
    pub sid: Option<String>,
    /// When the provider said so.
    pub said_at: Timestamp,
    /// When they proved to the provider who they are, if it says when.
    pub authenticated_at: Option<Timestamp>,
    /// What becomes of a new user's name.
    pub username: Option<String>,
    /// What becomes of a new user's e-mail address: one that the provider has verified.
    pub email: Option<String>,
}

/// That a provider has ended a session, or all of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamLogout {
    /// The provider's name for the person.
    pub sub: Option<String>,
    /// The provider's name for the session.
    pub sid: Option<String>,
    /// The name of the token, which is taken once.
    pub jti: String,
    /// When the provider said so.
    pub said_at: Timestamp,
    /// From when the token counts no more.
    pub expires_at: Timestamp,
}

/// The session of a provider that led to one of ours: what is kept beside that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamSession {
    /// Through which of the realm's providers.
    pub provider: String,
    /// Its issuer, at that time.
    pub issuer: String,
    /// The issuer's name for the person.
    pub sub: String,
    /// The issuer's name for the session.
    pub sid: Option<String>,
}

impl UpstreamSession {
    /// Whether a logout that an issuer tells of means this session. OpenID Connect Back-Channel Logout §2.7
    pub fn is_meant(&self, issuer: &str, logout: &UpstreamLogout) -> bool {
        self.issuer == issuer
            && logout.sub.as_ref().is_none_or(|sub| *sub == self.sub)
            && logout.sid.as_ref().is_none_or(|sid| Some(sid) == self.sid.as_ref())
            && (logout.sub.is_some() || logout.sid.is_some())
    }
}

/// When a sign-on through a provider went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpstreamTimes {
    /// When the browser was sent to the provider.
    pub begun_at: Timestamp,
    /// When the provider said who it is, by its own clock.
    pub said_at: Timestamp,
}

/// What is noted of logouts that may mean a sign-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpstreamLogoutNotes {
    /// Whether the provider has said by a token that the session is over.
    pub of_session: bool,
    /// When it said by a token that all of the person are, by its own clock.
    pub of_person_at: Option<Timestamp>,
    /// When a browser was told in a frame that the session is over. Anybody may ask for such a frame.
    pub in_frame_at: Option<Timestamp>,
}

impl UpstreamLogoutNotes {
    /// Whether a logout means a sign-on: one of its session by a token for good, one of all of the person if it was told after the
    /// identity was, and one in a frame if the sign-on was under way by then.
    pub fn overtake(self, sign_on: UpstreamTimes) -> bool {
        self.of_session
            || self.of_person_at.is_some_and(|told_at| sign_on.said_at <= told_at)
            || self.in_frame_at.is_some_and(|told_at| sign_on.begun_at <= told_at)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn provider() -> UpstreamProvider {
        UpstreamProvider {
            realm: RealmId::from_uuid(Uuid::from_u128(1)),
            name: "corp".into(),
            title: "Corp".into(),
            issuer: "https://id.corp.test".into(),
            client_id: "adieu".into(),
            sealed_secret: None,
            scopes: vec!["profile".into(), "openid".into()],
            creates_users: false,
            username_claim: "preferred_username".into(),
            email_claim: None,
            enabled: true,
            created_at: Timestamp::from_ms(0),
            updated_at: Timestamp::from_ms(0),
            version: Version::FIRST,
        }
    }

    #[test]
    fn a_provider_is_judged_member_by_member() {
        assert_eq!(provider().is_sound(), Ok(()));
        assert_eq!(provider().scope(), "openid profile");
        let with = |change: fn(&mut UpstreamProvider)| {
            let mut provider = provider();
            change(&mut provider);
            provider.is_sound().unwrap_err()
        };
        assert_eq!(with(|p| p.name = "Corp".into()), UpstreamFault::Name);
        assert_eq!(with(|p| p.name = "a/b".into()), UpstreamFault::Name);
        assert_eq!(with(|p| p.name = "a".repeat(33)), UpstreamFault::Name);
        assert_eq!(with(|p| p.title = " ".into()), UpstreamFault::Title);
        assert_eq!(with(|p| p.issuer = "ftp://x".into()), UpstreamFault::Issuer);
        assert_eq!(with(|p| p.issuer = "https://id.test/?a".into()), UpstreamFault::Issuer);
        assert_eq!(with(|p| p.client_id = String::new()), UpstreamFault::ClientId);
        assert_eq!(with(|p| p.scopes = vec!["a b".into()]), UpstreamFault::Scopes);
        assert_eq!(with(|p| p.username_claim = String::new()), UpstreamFault::Claim);
        assert!(upstream_secret_is_sound("s3cret").is_ok() && upstream_secret_is_sound("").is_err());
    }

    /// Goal: S-BCL-11, S-BCL-24: a session is meant by its name, a person by theirs, both by both, and never by another issuer.
    #[test]
    fn a_logout_means_the_session_or_the_person() {
        let session = |sid: Option<&str>| UpstreamSession {
            provider: "corp".into(),
            issuer: "https://id.test".into(),
            sub: "ada".into(),
            sid: sid.map(str::to_owned),
        };
        let logout = |sub: Option<&str>, sid: Option<&str>| UpstreamLogout {
            sub: sub.map(str::to_owned),
            sid: sid.map(str::to_owned),
            jti: "j".into(),
            said_at: Timestamp::from_ms(0),
            expires_at: Timestamp::from_ms(0),
        };
        let means = |sub, sid| session(Some("s1")).is_meant("https://id.test", &logout(sub, sid));
        assert!(means(Some("ada"), None) && means(None, Some("s1")) && means(Some("ada"), Some("s1")));
        assert!(!means(Some("bob"), None) && !means(None, Some("s2")) && !means(Some("bob"), Some("s1")));
        assert!(!means(None, None), "a token that names nothing means nothing");
        assert!(!session(None).is_meant("https://id.test", &logout(Some("ada"), Some("s1"))));
        assert!(!session(Some("s1")).is_meant("https://other.test", &logout(Some("ada"), None)));
    }

    #[test]
    fn a_logout_overtakes_what_was_said_before_it() {
        let at = Timestamp::from_ms;
        let notes = |of_session, person: Option<i64>, frame: Option<i64>| UpstreamLogoutNotes {
            of_session,
            of_person_at: person.map(at),
            in_frame_at: frame.map(at),
        };
        let overtakes = |notes: UpstreamLogoutNotes, begun, said| {
            notes.overtake(UpstreamTimes { begun_at: at(begun), said_at: at(said) })
        };
        assert!(overtakes(notes(true, None, None), 20, 20));
        let (person, frame) = (notes(false, Some(9), None), notes(false, None, Some(9)));
        assert!(overtakes(person, 20, 9) && overtakes(person, 20, 8) && !overtakes(person, 1, 10));
        assert!(overtakes(frame, 9, 20) && overtakes(frame, 8, 20) && !overtakes(frame, 10, 1));
        assert!(!overtakes(notes(false, None, None), 0, 0));
    }

    #[test]
    fn keys_of_issuers_do_not_run_together() {
        assert_ne!(upstream_key("a", "b", "c"), upstream_key("a", "bc", ""));
        assert_ne!(upstream_key("link", "https://a", "x"), upstream_key("link", "https://b", "x"));
    }
}
