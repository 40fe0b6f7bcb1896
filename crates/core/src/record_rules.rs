//! What no record may say, whichever channel it came through.
//!
//! Asked inside the transaction that writes it. What stood in the record before is not judged again: what was taken once
//! stays until somebody changes it.

use crate::client_signing::{ClientJwks, JoseAlgorithm};
use crate::directory::{Client, ClientAuth};
use crate::names::{has_invisible, is_seen_whole, is_username, matched};
use crate::record_fault::RecordFault;
use crate::redirect_uris::{is_frame_address, is_keys_address, is_notice_address, is_redirect_uri};

/// What of a client is judged.
#[derive(Clone, Copy, Debug)]
pub struct ClientWords<'a> {
    /// What people call it.
    pub name: &'a str,
    /// How it proves itself.
    pub auth: ClientAuth,
    /// The keys that it registered by value.
    pub jwks: Option<&'a ClientJwks>,
    /// The address of its keys.
    pub jwks_uri: Option<&'a str>,
    /// The one algorithm of its request objects.
    pub request_object: Option<JoseAlgorithm>,
    /// The one algorithm of its assertions.
    pub assertion: Option<JoseAlgorithm>,
    /// Whether it may act in its own name.
    pub client_credentials: bool,
    /// Where codes may be sent.
    pub redirect_uris: &'a [String],
    /// Where a browser may be sent after a sign-off.
    pub post_logout_redirect_uris: &'a [String],
    /// Where it is told that sessions are over.
    pub backchannel_logout_uri: Option<&'a str>,
    /// Where a browser tells it so.
    pub frontchannel_logout_uri: Option<&'a str>,
}

impl<'a> From<&'a Client> for ClientWords<'a> {
    fn from(client: &'a Client) -> Self {
        Self {
            name: &client.name,
            auth: client.auth,
            jwks: client.signing.jwks.as_ref(),
            jwks_uri: client.signing.jwks_uri.as_deref(),
            request_object: client.signing.request_object,
            assertion: client.signing.assertion,
            client_credentials: client.client_credentials,
            redirect_uris: &client.redirect_uris,
            post_logout_redirect_uris: &client.post_logout_redirect_uris,
            backchannel_logout_uri: client.backchannel_logout_uri.as_deref(),
            frontchannel_logout_uri: client.frontchannel_logout_uri.as_deref(),
        }
    }
}

impl ClientWords<'_> {
    /// The algorithms of its request objects and of its assertions for which it has no key, as far as its keys are known: all that it signs
    /// by one of these would be refused.
    fn algorithms_without_keys(self) -> [Option<JoseAlgorithm>; 2] {
        let has_key = |algorithm: &JoseAlgorithm| match self.jwks {
            Some(jwks) => jwks.algorithms().contains(algorithm),
            None => self.jwks_uri.is_some(),
        };
        [self.request_object, self.assertion].map(|named| named.filter(|algorithm| !has_key(algorithm)))
    }
}

/// Judges what a client is to be. `before` is what it is now, if it is there.
pub fn client_is_sound(before: Option<&Client>, next: ClientWords<'_>) -> Result<(), RecordFault> {
    let in_own_name = |words: ClientWords<'_>| words.auth == ClientAuth::None && words.client_credentials;
    if in_own_name(next) && !before.is_some_and(|before| in_own_name(before.into())) {
        return Err(RecordFault::PublicInOwnName);
    }
    if !is_seen_whole(next.name) && before.is_none_or(|before| before.name != next.name) {
        return Err(RecordFault::ClientName);
    }
    let has_keys = |words: ClientWords<'_>| words.jwks.is_some() || words.jwks_uri.is_some();
    let keyless = |words: ClientWords<'_>| words.auth == ClientAuth::PrivateKey && !has_keys(words);
    if keyless(next) && !before.is_some_and(|before| keyless(before.into())) {
        return Err(RecordFault::NoKeys);
    }
    if next.jwks.is_some() && next.jwks_uri.is_some() {
        return Err(RecordFault::TwoSetsOfKeys);
    }
    let known = before.and_then(|before| before.signing.jwks_uri.as_deref());
    if next.jwks_uri.is_some_and(|uri| known != Some(uri) && !is_keys_address(uri)) {
        return Err(RecordFault::JwksUri);
    }
    let keyless = |words: ClientWords<'_>| words.algorithms_without_keys();
    let [request_object, assertion] = keyless(next);
    let before_keyless = before.map_or([None, None], |before| keyless(before.into()));
    if request_object.is_some() && request_object != before_keyless[0] {
        return Err(RecordFault::RequestObjectAlgorithm);
    }
    if assertion.is_some() && assertion != before_keyless[1] {
        return Err(RecordFault::AssertionAlgorithm);
    }
    let known = before.map_or(&[][..], |before| &before.redirect_uris);
    if !all_new_are_sound(known, next.redirect_uris) {
        return Err(RecordFault::RedirectUri);
    }
    let known = before.map_or(&[][..], |before| &before.post_logout_redirect_uris);
    if !all_new_are_sound(known, next.post_logout_redirect_uris) {
        return Err(RecordFault::PostLogoutRedirectUri);
    }
    // Back-Channel Logout §2.2: without TLS only a confidential client may be told.
    let told = |words: ClientWords<'_>| words.backchannel_logout_uri.map(str::to_owned).zip(Some(words.auth));
    let sound = next.backchannel_logout_uri.is_none_or(|uri| is_notice_address(uri, next.auth));
    if !sound && told(next) != before.and_then(|before| told(before.into())) {
        return Err(RecordFault::BackchannelLogoutUri);
    }
    let framed = |words: &ClientWords<'_>| {
        words
            .frontchannel_logout_uri
            .filter(|uri| !is_frame_address(uri, words.redirect_uris))
            .map(str::to_owned)
    };
    let unsound = framed(&next);
    if unsound.is_some() && unsound != before.and_then(|before| framed(&before.into())) {
        return Err(RecordFault::FrontchannelLogoutUri);
    }
    Ok(())
}

fn all_new_are_sound(known: &[String], next: &[String]) -> bool {
    next.iter().all(|uri| known.contains(uri) || is_redirect_uri(uri))
}

/// Judges the name that a user is to have. `before` is what it is now.
pub fn username_is_sound(before: Option<&str>, next: &str) -> Result<(), RecordFault> {
    if before == Some(next) || is_username(next) { Ok(()) } else { Err(RecordFault::Username) }
}

/// Judges the name that people give themselves, or a provider gives them, besides [`username_is_sound`]: one with an `@`, which reads like
/// an e-mail address, is their own address. Whoever owns an address would be kept out by another one's name, and applications would be told it.
/// What an administrator has said once stays, where the user changes something else.
pub fn own_username_is_sound(before: Option<OwnName<'_>>, next: OwnName<'_>) -> Result<(), RecordFault> {
    let stays = before.is_some_and(|before| before.username == next.username && !before.is_address());
    match stays || next.is_address() || !next.reads_like_address() {
        true => Ok(()),
        false => Err(RecordFault::UsernameOfAddress),
    }
}

/// The names by which somebody signs on.
#[derive(Clone, Copy, Debug)]
pub struct OwnName<'n> {
    /// The username.
    pub username: &'n str,
    /// The e-mail address, if there is one.
    pub email: Option<&'n str>,
}

impl OwnName<'_> {
    /// Whether the username is the address itself.
    fn is_address(self) -> bool {
        self.email.is_some_and(|email| matched(email) == matched(self.username))
    }

    /// Whether it reads like one, as it is compared: a full-width `＠` is an `@` to whoever looks for the name.
    fn reads_like_address(self) -> bool {
        matched(self.username).contains('@')
    }
}

/// Judges the e-mail address that a user is to have. `before` is what it is now.
pub fn email_is_sound(before: Option<&str>, next: Option<&str>) -> Result<(), RecordFault> {
    match next {
        Some(email) if before != Some(email) && !is_email(email) => Err(RecordFault::Email),
        Some(_) | None => Ok(()),
    }
}

/// Whether this is an e-mail address, as a form of a browser would have it: a name, one `@`, a domain. Whether anybody reads
/// what is sent there is not asked.
pub fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else { return false };
    let odd = |c: char| c.is_whitespace() || c.is_control() || "@,;:\\\"<>()[]".contains(c);
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let lengths = text.len() <= 254 && (1..=64).contains(&name.len());
    lengths && !has_invisible(text) && !name.contains(odd) && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER_SPELLINGS: [&str; 9] = [
        "ceo@corp.test",
        " ceo@corp.test ",
        "z@evil",
        "ceo\u{ff20}corp.test",
        "ceo\u{fe6b}corp.test",
        "ceo@corp\u{ff0e}test",
        "ceo@corp.test.",
        "Bob <ceo@corp.test>",
        "\"a b\"@corp.test",
    ];

    /// Goal: nobody goes by an address that is somebody else's, in whatever spelling; an administrator's word is not judged here.
    #[test]
    fn a_name_in_the_form_of_an_address_is_the_own_address() {
        let named = |username, email| OwnName { username, email };
        let judge = own_username_is_sound;
        let eve = named("eve", Some("eve@evil.test"));
        assert_eq!(judge(None, named("ada", None)), Ok(()));
        assert_eq!(judge(None, named("ada@home", Some("ada@home"))), Ok(()));
        assert_eq!(judge(None, named("Ada@Example.test", Some("ada@example.test"))), Ok(()));
        let given = |email| named("ceo@corp.test", Some(email));
        assert_eq!(
            judge(Some(given("ada@example.test")), given("ada@other.test")),
            Ok(()),
            "an administrator's"
        );
        let moved = judge(Some(given("ceo@corp.test")), given("eve@evil.test"));
        assert_eq!(moved, Err(RecordFault::UsernameOfAddress), "the address goes, the name would stay");
        for name in OTHER_SPELLINGS {
            let next = named(name, Some("eve@evil.test"));
            assert_eq!(judge(Some(eve), next), Err(RecordFault::UsernameOfAddress), "{name}");
            assert_eq!(judge(None, named(name, None)), Err(RecordFault::UsernameOfAddress), "{name}");
        }
    }

    /// S-20, F-18: `--email foo`.
    #[test]
    fn an_email_address_is_a_name_and_a_domain() {
        for good in ["ada@example.test", "a.b+c@x-y.example.test", "root@localhost", "ädä@exämple.test"] {
            assert!(is_email(good), "{good}");
        }
        let long = format!("{}@example.test", "x".repeat(65));
        for bad in [
            "",
            "foo",
            "foo@",
            "@foo",
            "a@b@c",
            "a b@c.test",
            "a@b..c",
            "a@-b.c",
            "a@b c",
            "<a@b.c>",
            "a\u{200b}@b.c",
            "a@b\u{3164}.c",
            &long,
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
