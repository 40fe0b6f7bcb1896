//! What can be wrong with a record that was to be written, whichever channel it came through.
//!
//! Only the words: the rules stand in `record_rules`. Nothing here knows a dialect's name of a member.

/// What is wrong with a record that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// A client that proves itself to nobody acts in its own name (RFC 6749 §4.4).
    #[error("a public client may not use client_credentials: it needs a way to prove itself")]
    PublicInOwnName,
    /// A client that proves itself by what it signs has no keys.
    #[error("a client that proves itself by private_key_jwt registers its public keys")]
    NoKeys,
    /// People read it where they decide.
    #[error(
        "a client's name has no character that is a control, that cannot be seen, or that turns the order of others, and at most \
         four marks after a letter; its blanks are plain ones, and none follows another"
    )]
    ClientName,
    /// Keys of a client stand in its record and at an address. RFC 7591 §2
    #[error("jwks and jwks_uri exclude each other: keys are given by value or by address")]
    TwoSetsOfKeys,
    /// A client signs requests by what it has no key for. RFC 7591 §2
    #[error("the algorithm of request objects takes a key for it among jwks, or jwks_uri")]
    RequestObjectAlgorithm,
    /// The same of what it proves itself by.
    #[error("the algorithm of a client's assertions takes a key for it among jwks, or jwks_uri")]
    AssertionAlgorithm,
    /// See [`is_keys_address`](crate::is_keys_address).
    #[error("jwks_uri is https, absolute and without a fragment; http on this machine only")]
    JwksUri,
    /// See [`is_redirect_uri`](crate::is_redirect_uri).
    #[error("each of redirect_uris is absolute and without a fragment: https, http, or a scheme with a dot")]
    RedirectUri,
    /// The same rule.
    #[error(
        "each of post_logout_redirect_uris is absolute and without a fragment: https, http, or a scheme with a dot"
    )]
    PostLogoutRedirectUri,
    /// See [`is_notice_address`](crate::is_notice_address).
    #[error(
        "backchannel_logout_uri is https, absolute and without a fragment; http only of a client that proves itself"
    )]
    BackchannelLogoutUri,
    /// See [`is_frame_address`](crate::is_frame_address).
    #[error(
        "frontchannel_logout_uri is absolute, without a fragment, of the scheme, host and port of one of redirect_uris, and of no IPv6 address"
    )]
    FrontchannelLogoutUri,
    /// Where a subscriber is told.
    #[error(
        "a subscriber's address is https, absolute and without a fragment; a web hook's may be http, and another system's http on this machine only"
    )]
    SubscriberAddress,
    /// The issuer by which another system knows users.
    #[error("the issuer that another system knows is an address of the web")]
    SubscriberIssuer,
    /// A bearer token was brought for one place.
    #[error("another scheme, host or port of that address takes the bearer token anew")]
    SubscriberCredential,
    /// A realm has as many subscribers as it may have.
    #[error("a realm has at most 32 subscribers")]
    TooManySubscribers,
    /// See [`is_username`](crate::is_username).
    #[error(
        "a username has 1 to 255 characters, none of them a control and none that cannot be seen, at most four marks after a letter, and is no UUID"
    )]
    Username,
    /// See [`own_username_is_sound`](crate::own_username_is_sound).
    #[error("a username with an @ is the user's own e-mail address")]
    UsernameOfAddress,
    /// Users say of themselves that this was verified.
    #[error("{0} is for administrators to say")]
    Verified(&'static str),
    /// See [`is_email`](crate::is_email).
    #[error("an e-mail address is a name, an @ and a domain")]
    Email,
    /// See [`traits_are_sound`](crate::traits_are_sound).
    #[error("the traits name another user than the record does")]
    TraitUsername,
    /// The same of the address.
    #[error("the traits have another e-mail address than the record has")]
    TraitEmail,
    /// See [`is_token_life`](crate::is_token_life).
    #[error("an access token lives for 1 to 316224000 seconds")]
    AccessLife,
    /// The same rule.
    #[error("a refresh token lives for 1 to 316224000 seconds")]
    RefreshLife,
    /// A client is granted a scope that no dialect has.
    #[error("no API has such a scope; did you mean `{nearest}`?")]
    ApiScope {
        /// The nearest one that one has.
        nearest: &'static str,
    },
    /// A client names a scope, to ask its users for, that nobody knows.
    #[error("no users are asked for such a scope; did you mean `{nearest}`?")]
    UserScope {
        /// The nearest one that they are asked for.
        nearest: &'static str,
    },
    /// A client names a scope of an API, to ask its users for, that it is not granted.
    #[error("`{scope}` is of an API, and the client is not granted it: name it in api_scopes as well")]
    UngrantedScope {
        /// Which one.
        scope: &'static str,
    },
    /// A client names scopes with which nothing can be asked for.
    #[error(
        "a client that names the scopes it asks users for names one of openid, profile, email, address, phone or of an API; \
         offline_access goes beside one"
    )]
    NoUserScope,
    /// See [`is_origin`](crate::is_origin).
    #[error(
        "each of origins is a scheme and a host, with a port where one is needed, and nothing behind: https://shop.example"
    )]
    Origin,
    /// A notice that names the session goes nowhere.
    #[error("backchannel_logout_session_required takes a backchannel_logout_uri")]
    BackchannelLogoutSession,
    /// The same in a browser.
    #[error("frontchannel_logout_session_required takes a frontchannel_logout_uri")]
    FrontchannelLogoutSession,
    /// See [`is_population_name`](crate::is_population_name).
    #[error("a population's name has 1 to 255 characters, not all of them blank and none of them a control")]
    PopulationName,
    /// See [`is_realm_path`](crate::is_realm_path).
    #[error(
        "a realm's path is names behind slashes, in small letters, digits, -, _ and .: /alpha, /alpha/sub"
    )]
    RealmPath,
}
