//! Somebody who signs on and off very often, by the store alone: hashing passwords so often would take minutes.
//!
//! What comes of it is asked of the dialects.

use adieu_core::{
    Actor, Cause, Channel, Device, EndKind, EndOrder, EndTarget, Generations, Incarnation, Limits, Origin,
    Proof, SessionSecret, SignOnOrder, Span, Timestamp, User,
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
