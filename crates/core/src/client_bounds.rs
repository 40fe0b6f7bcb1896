//! Bounds of a client's record that stand beside the rules about its addresses: lives of tokens, origins, and what needs an address.
//!
//! One rule for every channel. What stood in the record before is not judged again.

use crate::directory::Client;
use crate::record_fault::RecordFault;
use crate::time::Span;

/// The longest life of a token, in seconds: ten years.
const LIFE_S_MAX: i64 = 316_224_000;

/// Judges the bounds of a client as it is to be. `before` is what it is now, if it is there.
pub fn client_is_within_bounds(before: Option<&Client>, next: &Client) -> Result<(), RecordFault> {
    let another = |of: fn(&Client) -> Span| before.map(of) != Some(of(next));
    if another(|client| client.access_life) && !is_token_life(next.access_life) {
        return Err(RecordFault::AccessLife);
    }
    if another(|client| client.refresh_life) && !is_token_life(next.refresh_life) {
        return Err(RecordFault::RefreshLife);
    }
    let known = before.and_then(|before| before.origins.as_deref()).unwrap_or_default();
    let origins = next.origins.as_deref().unwrap_or_default();
    if !origins.iter().all(|origin| known.contains(origin) || is_origin(origin)) {
        return Err(RecordFault::Origin);
    }
    let newly = |required: fn(&Client) -> bool| required(next) && !before.is_some_and(required);
    if newly(|client| client.backchannel_logout_session_required) && next.backchannel_logout_uri.is_none() {
        return Err(RecordFault::BackchannelLogoutSession);
    }
    if newly(|client| client.frontchannel_logout_session_required) && next.frontchannel_logout_uri.is_none() {
        return Err(RecordFault::FrontchannelLogoutSession);
    }
    Ok(())
}

/// Whether a token may live so long.
pub fn is_token_life(life: Span) -> bool {
    (1..=LIFE_S_MAX).contains(&life.s())
}

/// Whether this is an origin as browsers write it, or the mark for any. RFC 6454 section 6.2
pub fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return text == "*" };
    let named = |text: &str, more: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && named(scheme, b"+-.")
        && !rest.is_empty()
        && named(rest, b"-._~%:[]")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F-57: a document made clients whose tokens live for no time, or for a century.
    #[test]
    fn a_token_lives_for_a_second_to_ten_years() {
        for (s, sound) in [(0, false), (1, true), (316_224_000, true), (316_224_001, false), (-1, false)] {
            assert_eq!(is_token_life(Span::from_s(s)), sound, "{s}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for good in
            ["*", "https://shop.example", "http://localhost:3000", "http://[::1]:80", "capacitor://localhost"]
        {
            assert!(is_origin(good), "{good}");
        }
        for bad in
            ["", "nope", "https://", "https://a/", "https://a b", "://a", "1a://b", "https://u@a", "**"]
        {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
