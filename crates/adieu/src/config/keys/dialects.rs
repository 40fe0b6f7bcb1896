//! Keys of realms and dialects, and of the check that proxies ask.
//!
//! In the order of the documentation; nothing here reads a value.

use super::{BEYOND, Key, SECOND_FACTORS, key};
use crate::config::kinds::Kind::*;
use crate::config::kinds::TIME_S_MAX;

pub(super) const KEYS: &[Key] = &[
    key(
        "realms.path",
        Realm,
        "A realm to have: its path, names behind slashes in small letters, digits, `-`, `_` and `.`.",
    ),
    key("realms.id", Id, "Its id, a UUID; random if none is given."),
    key(
        "realms.pingone_url",
        Address,
        "Public address of PingOne's authentication and pages in this realm, if other than `pingone.auth_url` and `pingone.apps_url`. It is in the issuer, so tokens of before are strange to it.",
    ),
    key(
        "realms.password_change_ends_sessions",
        Flag,
        "Whether another password ends the user's sessions in this realm, if other than `passwords.change_ends_sessions`.",
    ),
    key(
        "realms.password_length_min",
        Count("characters", 1, 128),
        "How long a password has to be when it is set in this realm, if other than `passwords.length_min`.",
    ),
    key(
        "realms.password_common_refused",
        Flag,
        "Whether a password that is tried first can't be set in this realm, if other than `passwords.common_refused`.",
    ),
    key(
        "realms.second_factor",
        Word(&SECOND_FACTORS),
        "When users of this realm are asked for a second factor, if other than `sign_on.second_factor`.",
    ),
    key(
        "realms.registration",
        Flag,
        "Whether strangers may make themselves users of this realm, if other than `sign_on.registration`.",
    ),
    key(
        "realms.am_idle_s",
        Time(0, TIME_S_MAX),
        "Idle limit of sessions that come through AM in this realm, if other than `am.idle_s`.",
    ),
    key("realms.am_lifetime_s", Time(1, TIME_S_MAX), "Life of such sessions, if other than `am.lifetime_s`."),
    key(
        "realms.am_sessions_max",
        Count("sessions", 0, u32::MAX as u64),
        "Live sessions of one user at a sign-on through AM in this realm, if other than `am.sessions_max`.",
    ),
    key(
        "realms.am_sessions_beyond",
        Word(&BEYOND),
        "What happens beyond, if other than `am.sessions_beyond`.",
    ),
    key(
        "kratos.realm",
        Realm,
        "Path of the realm behind `/` and `/auth`, which is one of `realms.path` or `/`.",
    ),
    key(
        "kratos.url",
        AddressOrNone,
        "Public address of this dialect, and so of its realm; empty is `public.url`.",
    ),
    key("kratos.cookie_name", CookieName, "Name of the session cookie."),
    key("kratos.cookie_names_read", CookieNames, "Further names under which the cookie is read."),
    key("kratos.cookie_persistent", Flag, "Whether the cookie outlives the browser."),
    key("kratos.cookie_same_site", Word(&["Lax", "Strict", "None"]), "`Lax`, `Strict` or `None`."),
    key(
        "kratos.cookie_domain",
        CookieDomain,
        "Domain of the cookie, in which the host of its address has to be; empty is the host only.",
    ),
    key("kratos.session_lifetime_s", Time(1, TIME_S_MAX), "How long a session lasts."),
    key(
        "kratos.session_idle_s",
        Time(0, TIME_S_MAX),
        "Idle limit: without a check for so long, a session is over. 0 is none, as in Kratos.",
    ),
    key("kratos.login_flow_lifetime_s", Time(1, TIME_S_MAX), "How long a login flow lasts."),
    key("kratos.settings_flow_lifetime_s", Time(1, TIME_S_MAX), "How long a settings flow lasts."),
    key("kratos.registration_flow_lifetime_s", Time(1, TIME_S_MAX), "How long a registration flow lasts."),
    key(
        "kratos.registration_opens_session",
        Flag,
        "Whether whoever registers is signed on at once (Kratos' hook `session`).",
    ),
    key(
        "kratos.recovery_ends_others",
        Flag,
        "Whether a recovery by an administrator's code or link ends all other sessions of the user.",
    ),
    key(
        "kratos.use_continue_with_transitions",
        Flag,
        "Whether a recovery by JSON is answered with 200, its flow and `continue_with`; else with 422 and `redirect_browser_to`.",
    ),
    key(
        "kratos.login_keeps_token",
        Flag,
        "Whether a session keeps its token when its user gives the second factor or signs on again with `refresh=true`, as in Kratos. Else the answer has a new one and the old one is dead: a token that was stolen before gains nothing.",
    ),
    key(
        "kratos.count_has_ended",
        Flag,
        "Whether the `count` of `DELETE /sessions` has the remembered sessions that were over before, too, as Kratos' has. Else it counts those that lived and ended by the request.",
    ),
    key(
        "kratos.enrolling_proves",
        Flag,
        "Whether confirming new recovery codes counts as having given one, as in Kratos, in a session that is live. Else one of them is asked for at once.",
    ),
    key(
        "kratos.default_return_url",
        LinkOrNone,
        "Where browsers go when nothing else is said; empty is a page that says who is signed on.",
    ),
    key(
        "kratos.logout_return_url",
        LinkOrNone,
        "Where browsers go after a logout; empty is `kratos.default_return_url`.",
    ),
    key(
        "kratos.login_return_url",
        LinkOrNone,
        "Where browsers go after a login; empty is `kratos.default_return_url`.",
    ),
    key(
        "kratos.registration_return_url",
        LinkOrNone,
        "Where browsers go after a registration; empty is `kratos.default_return_url`.",
    ),
    key(
        "kratos.registration_ui_url",
        LinkOrNone,
        "The page where strangers register; empty is the built-in one.",
    ),
    key(
        "kratos.recovery_ui_url",
        LinkOrNone,
        "The page where an administrator's code is given; empty is the built-in one.",
    ),
    key("kratos.login_ui_url", LinkOrNone, "The login page; empty is the built-in one."),
    key("kratos.error_ui_url", LinkOrNone, "The error page; empty is the built-in one."),
    key("kratos.settings_ui_url", LinkOrNone, "The settings page; empty is the built-in one."),
    key(
        "kratos.allowed_return_urls",
        ReturnPatterns,
        "Where `return_to` may lead: scheme, host (or `*.` and a domain) and beginning of the path: `https://app.example.com/in`, `https://*.example.com`.",
    ),
    key(
        "kratos.cors_origins",
        Origins,
        "Origins whose pages may call from a browser, with credentials. One wildcard: `https://*.example.com`, `http://localhost:*`; `*` alone is everybody, without credentials.",
    ),
    key("kratos.login_ends_others", Flag, "Whether a login ends all other sessions of the user."),
    key(
        "kratos.whoami_cacheable",
        Flag,
        "Whether whoami says for how long it may be cached. An edge cache contradicts \"ended at once\".",
    ),
    key("kratos.whoami_cacheable_max_s", Time(0, TIME_S_MAX), "The longest such time."),
    key(
        "kratos.logout_clears_browser_data",
        Flag,
        "Whether a logout tells the browser to clear its data; https only.",
    ),
    key(
        "kratos.documented_error_ids",
        Flag,
        "Whether whoami's 401 carries the documented `session_inactive`, which Kratos itself does not send.",
    ),
    key("kratos.schema_id", Text, "Name of the identity schema."),
    key("kratos.schema_file", File, "File with the identity schema (JSON); empty is a built-in one."),
    key(
        "kratos.extend_within_s",
        Time(0, TIME_S_MAX),
        "A session is extended only in its last seconds; 0 is at any time.",
    ),
    key("kratos.extend_answers_nothing", Flag, "Whether an extension is answered with 204."),
    key(
        "kratos.set_all_cookies",
        Flag,
        "Whether a login in a browser is one in every dialect: it also sets the other dialects' session cookies, where they serve the same realm and share the host or the cookie's domain. Native logins set no cookies.",
    ),
    key(
        "kratos.tokenizers.name",
        Text,
        "A template for `tokenize_as`: its name. Tokens are signed with the realm's keys and can't be revoked before their `exp`.",
    ),
    key(
        "kratos.tokenizers.lifetime_s",
        Time(1, 3600),
        "How long such a token is valid; never longer than its session. At most 3600.",
    ),
    key(
        "kratos.tokenizers.claims",
        Texts,
        "Further claims: a name, `=`, and a JSON pointer (RFC 6901) into the session; `email=/identity/traits/email` for one.",
    ),
    key("am.cookie_name", CookieName, "Name of the session cookie and of the header."),
    key("am.cookie_domains", CookieDomains, "Domains of the cookie; none is the host only."),
    key("am.idle_s", Time(0, TIME_S_MAX), "Idle limit; 0 is none."),
    key("am.lifetime_s", Time(1, TIME_S_MAX), "How long a session lasts."),
    key(
        "am.sessions_max",
        Count("sessions", 0, u32::MAX as u64),
        "Live sessions of one user at a sign-on; 0 is no limit.",
    ),
    key(
        "am.sessions_beyond",
        Word(&BEYOND),
        "What happens to a sign-on beyond: `DENY_ACCESS`, `DESTROY_NEXT_EXPIRING`, `DESTROY_OLDEST_SESSION` or `DESTROY_OLD_SESSIONS`, which ends all others.",
    ),
    key("am.base_dn", Text, "What ends every universal id."),
    key(
        "am.success_url",
        LinkOrPath,
        "Where a sign-on leads when nothing else is said: a path of this host, or an address.",
    ),
    key(
        "am.version_default",
        Word(&["latest", "oldest", "none"]),
        "`latest`, `oldest` or `none`: which version answers a request that names none.",
    ),
    key("am.version_warning", Flag, "Whether such an answer carries the warning headers."),
    key(
        "am.csrf_filter",
        Flag,
        "Whether a request with the cookie needs `Accept-API-Version` or `X-Requested-With`.",
    ),
    key("am.attempt_lifetime_s", Time(1, TIME_S_MAX), "How long a sign-on attempt (`authId`) lasts."),
    key(
        "am.goto_allowed",
        ReturnPatterns,
        "Where `goto` may lead besides paths of this host: scheme, host (or `*.` and a domain) and beginning of the path: `https://app.example.com/in`, `https://*.example.com`.",
    ),
    key(
        "am.cors_origins",
        Origins,
        "Origins whose pages may call from a browser, with credentials. One wildcard: `https://*.example.com`, `http://localhost:*`; `*` alone is everybody, without credentials.",
    ),
    key(
        "am.session_properties",
        Texts,
        "Names of the session properties that clients may read and write; others do not exist for them.",
    ),
    key(
        "am.cookie_same_site",
        Word(&["", "Lax", "Strict", "None", "absent"]),
        "`Lax`, `Strict`, `None` (which needs https), or `absent`, as AM has it over http; empty is `None` over https, else `Lax`.",
    ),
    key(
        "am.token_in_body",
        Flag,
        "Whether a sign-on shows the token as `tokenId`, too; else that is empty and only the cookie has it.",
    ),
    key(
        "am.ends_by_id_token",
        Flag,
        "Whether an ID token of any client is enough to end its session at `connect/endSession`, as AM has it. With false it takes \
         a cookie or header of a session of its user besides, or a client with `ends_by_id_token`.",
    ),
    key(
        "am.set_all_cookies",
        Flag,
        "Whether a sign-on also sets the other dialects' session cookies, as `kratos.set_all_cookies` says.",
    ),
    key(
        "am.introspects_as_openam",
        Flag,
        "Whether introspection says the username as `sub` and `access_token` as `token_type`, as OpenAM does. With false `sub` is the \
         user's id, as in all tokens, and `token_type` is `Bearer`; `user_id` is the username in either case.",
    ),
    key(
        "am.escapes_messages",
        Flag,
        "Whether messages of errors are escaped for HTML (`&#39;`), as OpenAM does; AM does not.",
    ),
    key(
        "am.public_needs_pkce",
        Flag,
        "Whether a client that proves itself to nobody needs PKCE, whatever is said of the client (RFC 9700). AM leaves that to the \
         client.",
    ),
    key("pingone.auth_url", AddressOrNone, "Public address of authentication; empty is `public.url`."),
    key(
        "pingone.api_url",
        AddressOrNone,
        "Public address of the management API, before `/v1`; empty is `public.url`.",
    ),
    key("pingone.apps_url", AddressOrNone, "Public address of the hosted pages; empty is `public.url`."),
    key("pingone.idle_s", Time(0, TIME_S_MAX), "Idle limit; 0 is none."),
    key("pingone.lifetime_s", Time(1, TIME_S_MAX), "How long a session lasts in any case."),
    key(
        "pingone.sessions_max",
        Count("sessions", 0, u32::MAX as u64),
        "Live sessions of one user; a sign-on beyond ends the oldest. 0 is no limit.",
    ),
    key("pingone.cookie_lifetime_s", Time(1, TIME_S_MAX), "How long the cookie lasts."),
    key(
        "pingone.set_all_cookies",
        Flag,
        "Whether a sign-on also sets the other dialects' session cookies, as `kratos.set_all_cookies` says.",
    ),
    key(
        "pingone.sign_off_asks",
        Flag,
        "Whether `signoff` asks its user before it ends anything, unless it brings a hint of the session in this browser, and leads only to \
         addresses of the application that the hint or `client_id` names, as OpenID Connect has it. PingOne ends the session at once.",
    ),
    key(
        "openid.idle_s",
        Time(0, TIME_S_MAX),
        "Idle limit of a session that begins at a native OpenID issuer; 0 is none.",
    ),
    key("openid.lifetime_s", Time(1, TIME_S_MAX), "How long such a session lasts in any case."),
    key(
        "openid.set_all_cookies",
        Flag,
        "Whether a sign-on also sets the other dialects' session cookies, as `kratos.set_all_cookies` says.",
    ),
    key(
        "openid.session_management",
        Flag,
        "Whether pages of clients may ask a frame of the OpenID issuers, native and AM's, whether the session of their browser is the \
         same still (OpenID Connect Session Management 1.0). A sign-on then sets a cookie that scripts can read; it says nothing.",
    ),
    key(
        "openid.registration",
        Flag,
        "Whether clients may register themselves at the native OpenID issuers (RFC 7591), each with an initial access token that an \
         administrator made (`adieu registration-token add`).",
    ),
    key(
        "openid.require_pushed_requests",
        Flag,
        "Whether the native OpenID issuers take requests only that their clients have pushed to `par` (RFC 9126). PingOne's and AM's \
         addresses have no `par` and are not concerned.",
    ),
    key(
        "openid.allow_private",
        Flag,
        "Whether the keys of clients that stand at an address (`jwks_uri`) may be in private networks and on this machine, and behind \
         http. In development mode they may.",
    ),
    key(
        "check.realm",
        Realm,
        "Path of the realm whose sessions let a request through (`/ui/check`, for proxies), which is one of `realms.path` or `/`.",
    ),
    key(
        "check.sign_on_url",
        LinkOrNone,
        "Where a browser that is not signed on may do so, with `return_to`; empty is Kratos' login.",
    ),
    key(
        "check.preflights_pass",
        Flag,
        "Whether the check lets a CORS preflight through (`OPTIONS` with `Origin` and `Access-Control-Request-Method`), so that the \
         application behind answers it. The method is that of the check's own request; see `check.method_forwarded`.",
    ),
    key(
        "check.method_forwarded",
        Flag,
        "Whether the proxies ask the check by `GET` about every request and write its method into `X-Forwarded-Method` themselves, as \
         nginx and Traefik do. Envoy asks by the method of the request and hands on what a client says there: behind it this stays \
         `false`. It counts of `public.trusted_proxies`, with `public.proxy_header = \"x-forwarded\"`, and where the header comes once.",
    ),
];
