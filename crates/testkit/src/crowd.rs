//! Sign-ons of very many, by the store alone: hashing passwords so often would take minutes.
//!
//! What comes of it is asked of the dialects.

use adieu_core::{
    Actor, Cause, Channel, Client, Device, EndKind, EndOrder, EndTarget, Generations, Grant, GrantId,
    Incarnation, IssueOrder, KnownAs, Limits, Origin, Proof, Session, SessionSecret, SignOnOrder, Span,
    Timestamp, TokenHash, User,
};
use adieu_store::Store;

/// Sign-ons that are given at once.
const AT_ONCE: usize = 402;

/// Signs a user on and off, so many times or a few more.
pub async fn come_and_go(store: &dyn Store, user: &User, times: usize, now: Timestamp) {
    for round in 0..times.div_ceil(AT_ONCE) {
        let number = |n: usize| u64::try_from(round * AT_ONCE + n).unwrap_or(u64::MAX);
        let orders: Vec<_> =
            (0..AT_ONCE).map(|n| store.open_session(sign_on(user, number(n)), now)).collect();
        let mut ends = Vec::new();
        for opened in orders {
            let session = opened.await.expect("a sign-on").session.id;
            ends.push(store.end(sign_off(EndTarget::One(session)), now));
        }
        for ended in ends {
            ended.await.expect("an ending");
        }
    }
}

/// Opens sessions of these users, so many of each, in which a client takes part that knows them as PingOne's provider names them.
pub async fn shared_sessions(
    store: &dyn Store,
    users: &[impl AsRef<User>],
    client: &Client,
    each: usize,
    now: Timestamp,
) {
    let wanted: Vec<&User> = users.iter().flat_map(|user| std::iter::repeat_n(user.as_ref(), each)).collect();
    for (round, users) in wanted.chunks(AT_ONCE).enumerate() {
        let number = |n: usize| u64::try_from(round * AT_ONCE + n).unwrap_or(u64::MAX);
        let opened: Vec<_> = (users.iter().enumerate())
            .map(|(n, user)| store.open_session(sign_on(user, number(n)), now))
            .collect();
        let mut issued = Vec::new();
        for (n, opened) in opened.into_iter().enumerate() {
            let session = opened.await.expect("a sign-on").session;
            issued.push(store.issue(code(&session, client, number(n), now), now));
        }
        for code in issued {
            code.await.expect("a code");
        }
    }
}

fn code(session: &Session, client: &Client, number: u64, now: Timestamp) -> IssueOrder {
    let soon = now.plus(Span::from_s(60));
    let grant = Grant {
        id: GrantId::from_number(number),
        realm: session.realm,
        issuer: Some(ISSUER.into()),
        client: client.id.clone(),
        client_generation: client.generation,
        user: session.user,
        user_generation: session.born.user,
        offline_generation: None,
        session: session.id,
        epoch: session.epoch,
        consent: None,
        offline_until: None,
        scope: "openid".into(),
        nonce: None,
        claims: None,
        auth_time: now,
        redirect_uri: None,
        challenge: None,
        code: TokenHash::of(&number.to_be_bytes()),
        code_expires_at: soon,
        redeemed: false,
        refresh: None,
        revoked: false,
        revoked_tokens: vec![],
        expires_at: soon,
    };
    let (sub, sid) = (session.user.to_string(), session.id.to_string());
    IssueOrder { known_as: KnownAs { issuer: ISSUER.into(), sub, sid, algorithm: "RS256".into() }, grant }
}

const ISSUER: &str = "https://id.example.test";

fn sign_on(user: &User, number: u64) -> SignOnOrder {
    let mut secret = [0; SessionSecret::LENGTH];
    secret[..8].copy_from_slice(&number.to_be_bytes());
    SignOnOrder {
        realm: user.realm,
        proof: Proof { user: user.id, generations: Generations { user: user.generation, realm: 0 } },
        limits: Limits { idle: None, absolute: Span::from_s(3600) },
        quota: None,
        channel: Channel::named("test"),
        method: Some("password".into()),
        authenticated_at: None,
        spends: None,
        level: adieu_core::Assurance::One,
        may_be_half: false,
        device: Device::default(),
        previous: None,
        keep_token: false,
        secret: SessionSecret::from_bytes(secret),
        incarnation: Incarnation::from_bits(number),
    }
}

fn sign_off(target: EndTarget) -> EndOrder {
    EndOrder {
        realm: None,
        target,
        kind: EndKind::End,
        cause: Cause::SignOff,
        spare: None,
        within: None,
        origin: Origin::of(Actor::Operator, Channel::named("test"), None),
    }
}
