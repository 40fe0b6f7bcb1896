//! Keys of the server itself: listeners, limits, what is kept, passwords and sign-ons.
//!
//! In the order of the documentation; nothing here reads a value.

use super::{DAY_S, Key, SECOND_FACTORS, key};
use crate::config::kinds::Kind::*;
use crate::config::kinds::TIME_S_MAX;

pub(super) const KEYS: &[Key] = &[
    key(
        "development",
        Flag,
        "Development mode: the realm `/alpha` gets its fixed, documented id, and hashing may cost less than is safe.",
    ),
    key(
        "log",
        Log,
        "What is logged: `error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,adieu=debug`. `debug` adds a line for each request \
         (its channel, path without query and status), connections that fail and notices that are tried again; below it there is nothing of ours. \
         `RUST_LOG` wins.",
    ),
    key(
        "data",
        Folder,
        "The data folder. One process at a time has it. With `store.url` it holds the installation key and nothing else, and may be missing where `store.key_file` or `store.key` is said.",
    ),
    key(
        "store.url",
        Secret,
        "The PostgreSQL database that is the store of many nodes: `postgres://user@host:5432/database`; of several hosts (`one,two:5433`) the one that takes writes is found; a socket is `postgres://user@%2Frun%2Fpostgresql/database`. Empty: the data folder is the store. The variable `ADIEU_STORE` means the same.",
    ),
    key(
        "store.password_file",
        File,
        "A file that holds the password of the database's user and nothing else; it is read for each new connection.",
    ),
    key(
        "store.ca_file",
        File,
        "File of certificates, in PEM: the database has to prove to be one of theirs, over TLS. Without it the connection is encrypted by nobody.",
    ),
    key(
        "store.key_file",
        File,
        "A file that holds the installation key and nothing else: as 64 hexadecimal digits, or a copy of another node's `installation.key`. All nodes share one key. Without it and `store.key` it is `installation.key` in the data folder, which the first node makes on an empty database.",
    ),
    key("store.key", Secret, "The installation key itself, for the environment. Better in `store.key_file`."),
    key(
        "store.writers",
        Count("connections", 1, 4),
        "Connections of a node that write what callers wait for; it has two more for what nobody waits for.",
    ),
    key("store.readers", Count("connections", 1, 16), "Connections of a node that read."),
    key("store.connect_timeout_s", Time(1, 60), "The time in which a host of the database must answer."),
    key(
        "store.statement_timeout_s",
        Time(1, 600),
        "The time that a statement may take, and that a transaction whose node is gone may keep others waiting.",
    ),
    key(
        "store.lock_timeout_s",
        Time(1, 600),
        "The time that a batch waits for what another one holds; then it is tried again.",
    ),
    key("public.listen", Listen, "Address and port of the public listener; port 0 lets the system choose."),
    key(
        "public.url",
        Address,
        "The public address as browsers see it. Links, issuers and cookies follow it, never the `Host` header. Left out, it is \
         `http://` and `public.listen`; beyond loopback or with a certificate it has to be said, and is https outside development mode.",
    ),
    key(
        "public.tls_cert",
        File,
        "File with the certificate and what it is signed by, in PEM; empty is plain HTTP, which stays on loopback or behind a trusted proxy.",
    ),
    key("public.tls_key", File, "File with the certificate's private key, in PEM."),
    key(
        "public.trusted_proxies",
        Networks,
        "Addresses and networks (`10.0.0.0/8`) of proxies that are believed when they say whom they speak for.",
    ),
    key(
        "public.front_page",
        Flag,
        "Whether `/` is a page for people: who is signed on, what every dialect says of the session, sign-on and sign-off. Else it is answered as by Kratos, which has nothing there.",
    ),
    key(
        "public.hsts_s",
        Time(0, TIME_S_MAX),
        "Where `public.url` is https and not `localhost`: for how long browsers are told to come to this host over https alone \
         (`Strict-Transport-Security`); 0 tells them nothing.",
    ),
    key(
        "public.clear_site_data",
        Word(&["none", "storage", "cookies"]),
        "Where `public.url` is https: what a browser is told to forget of this host after a sign-off, besides our cookies \
         (`Clear-Site-Data`): nothing; its cache and storage; the cookies of all hosts of the domain as well, so only where the whole \
         domain signs off here.",
    ),
    key(
        "public.proxy_header",
        Word(&["x-forwarded", "forwarded"]),
        "Which headers those proxies write: `x-forwarded` (`X-Forwarded-For`, `-Proto`, `-Host`) or `forwarded` (RFC 7239). The others are not read.",
    ),
    key(
        "admin.listen",
        Listen,
        "Address and port of the admin listener; beyond loopback only with a credential and a certificate.",
    ),
    key(
        "admin.url",
        Address,
        "The admin listener's address as administrators see it; `adieu user` and its like ask there while the server runs. Left out, it is \
         `http://` and `admin.listen`; beyond loopback or with a certificate it has to be said.",
    ),
    key(
        "admin.token",
        Secret,
        "The credential that everything on the admin listener but `/health/` then asks for, as `Authorization: Bearer`: 16 to 1024 visible characters. Better in `admin.token_file`.",
    ),
    key(
        "admin.token_file",
        File,
        "A file that holds the credential and nothing else, which the server's user may read and not everybody.",
    ),
    key("admin.tls_cert", File, "As `public.tls_cert`, for the admin listener."),
    key("admin.tls_key", File, "As `public.tls_key`, for the admin listener."),
    key(
        "limits.connections_max",
        Count("connections", 1, 1_000_000),
        "Connections served at once on a listener; more wait.",
    ),
    key(
        "limits.connections_by_address_max",
        Count("connections", 0, 1_000_000),
        "Of these, how many one address may have (IPv6: one /64), trusted proxies excepted; 0 is half of them.",
    ),
    key(
        "limits.body_bytes_max",
        Count("bytes", 8 << 20, 1 << 40),
        "What bodies of requests may hold in memory on the public listener until they are answered; beyond, the next is told to come later.",
    ),
    key(
        "limits.body_bytes_by_address_max",
        Count("bytes", 8 << 20, 1 << 40),
        "Of these, what the bodies of one address may hold (IPv6: one /64). A body has at most 5 MiB.",
    ),
    key("limits.head_bytes_max", Count("bytes", 8192, 1 << 20), "The largest head of a request."),
    key("limits.head_timeout_s", Time(1, DAY_S), "The time in which a request's head must arrive."),
    key("limits.handshake_timeout_s", Time(1, DAY_S), "The time in which a TLS handshake must be done."),
    key(
        "limits.drain_timeout_s",
        Time(0, DAY_S),
        "The time that a stopping server gives to requests in flight.",
    ),
    key(
        "passwords.memory_kib",
        Count("KiB", 8, 256 * 1024),
        "Memory of one argon2id hash; at least 7168 outside development mode.",
    ),
    key("passwords.passes", Count("passes", 1, 16), "Passes of argon2id over its memory."),
    key("passwords.workers", Count("threads", 0, 1024), "Threads that hash; 0 is one for each core."),
    key(
        "passwords.change_ends_sessions",
        Flag,
        "Whether another password, set by anybody, or its removal ends the user's sessions. Users who change their own keep the session in use. A caller of the native API may say otherwise.",
    ),
    key(
        "passwords.length_min",
        Count("characters", 1, 128),
        "How long a password has to be when it is set, by whomever. Passwords that are there are not asked, nor are hashes that are imported.",
    ),
    key(
        "passwords.common_refused",
        Flag,
        "Whether a password can't be set that is tried first: what leaked most often, and what a program finds within 100,000 tries.",
    ),
    key(
        "passwords.failures_by_name_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Sign-ons of one account that may fail in the window, whatever name was typed; they grow back evenly. A name that nobody has counts by itself, an address from which the account signed on before as well; another password, unlocking or enabling the user begins a new count. 0 is no limit.",
    ),
    key(
        "passwords.failures_by_address_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Sign-ons from one address (IPv6: one /64, and four times as many from its /48) that may fail in the window. 0 is no limit.",
    ),
    key(
        "passwords.failures_window_s",
        Time(1, TIME_S_MAX),
        "The window in which failed sign-ons are counted.",
    ),
    key(
        "passwords.sign_ons_by_account_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Right passwords of one account in their window; they grow back evenly. 0 is no limit.",
    ),
    key(
        "passwords.sign_ons_by_address_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Right passwords from one address (IPv6: as above) in their window. 0 is no limit.",
    ),
    key(
        "passwords.sign_ons_window_s",
        Time(1, TIME_S_MAX),
        "The window in which right passwords are counted.",
    ),
    key(
        "passwords.undecided_by_account_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Sign-ons of one account, from one place, that are decided at one time; others wait for them, up to five seconds. 0 is no limit.",
    ),
    key(
        "passwords.undecided_by_address_max",
        Count("sign-ons", 0, u32::MAX as u64),
        "Sign-ons from one address (IPv6: as above) that may wait for their answer at one time. 0 is no limit.",
    ),
    key(
        "sign_on.second_factor",
        Word(&SECOND_FACTORS),
        "`when_enrolled`: whoever has a second factor is asked for it, at every sign-on and by every check. `required`: everybody is; whoever has none makes one first, on the settings page. `never`: one factor is enough.",
    ),
    key("sign_on.registration", Flag, "Whether strangers may make themselves users (Kratos' registration)."),
    key(
        "sign_on.registrations_by_address_max",
        Count("users", 0, u32::MAX as u64),
        "Users that strangers may make of themselves from one address (IPv6: one /64, and four times as many from its /48) in an hour; they grow back evenly. 0 is no limit.",
    ),
    key(
        "sign_on.recent_s",
        Time(1, TIME_S_MAX),
        "How long after a proof of identity its user may change credentials and end the own other sessions.",
    ),
    key("keep.tombstones_s", Time(0, TIME_S_MAX), "How long ended sessions are remembered."),
    key(
        "keep.sweep_every_s",
        Time(1, TIME_S_MAX),
        "The time between two sweeps, which free space and decide nothing.",
    ),
    key(
        "keep.sessions_cached_max",
        Count("sessions", 1, 1_000_000_000),
        "Sessions kept in memory; others are read when they are asked for.",
    ),
    key(
        "keep.pages_max",
        Count("pages of 4 KiB", 0, u32::MAX as u64 - 1),
        "The largest size of the database, at least 1000; 0 is SQLite's own limit.",
    ),
    key(
        "keep.flows_max",
        Count("flows", 1, 1_000_000_000),
        "Unfinished sign-ons, settings and errors of one kind; beyond, the oldest go of whoever has most.",
    ),
    key(
        "keep.flows_by_address_max",
        Count("flows", 1, 1_000_000_000),
        "Of these, how many are begun from one address (IPv6: one /64; a /48 has four times as many); beyond, its own oldest go.",
    ),
    key(
        "keep.flows_bytes_max",
        Count("bytes", 1_048_576, 1_099_511_627_776),
        "How long all unfinished sign-ons, settings and errors of one kind are together; beyond, the oldest go of whoever has most.",
    ),
    key(
        "keep.flows_by_address_bytes_max",
        Count("bytes", 65_536, 1_099_511_627_776),
        "Of these, how long those are together that are begun from one address, or ten times that by one application that has proven itself; beyond, its own oldest go.",
    ),
    key(
        "tokens.refresh_reuse_grace_s",
        Time(0, 60),
        "The time in which a refresh token whose answer was lost gives its client the same successor again, as long as that was not used; at most 60 seconds. Every other use of an old one revokes the grant. 0 is never.",
    ),
    key(
        "tokens.assertion_audience_strict",
        Flag,
        "Whether the assertions by which clients prove themselves (`private_key_jwt`) have to name the issuer as their only audience, as one text. Without it the address of the token endpoint will do, too.",
    ),
    key(
        "tokens.offline_s",
        Time(60, 10 * 366 * 24 * 3600),
        "The time after which access ends that a user has let outlive the session (`offline_access`), however often it is refreshed; at most ten years. A refresh token that is not used ends sooner, by its client's own life of refresh tokens.",
    ),
    key(
        "notices.allow_private",
        Flag,
        "Whether applications are told of endings at addresses in private networks and on this machine, too. In development mode they are. Whoever may say such an address lets this server post there: keep what listens there behind a credential.",
    ),
    key(
        "upstream.allow_private",
        Flag,
        "Whether upstream providers may be in private networks and on this machine, and behind http. In development mode they may.",
    ),
];
