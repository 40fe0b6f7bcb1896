//! What the sign-on page offers beside its form: other providers, and ways for whoever has no account, no second factor or a session.
//!
//! Addresses only; all of them lead back to the page as it was asked for.

use adieu_authority::{Assurance, SecondFactorRule, Session, User};
use adieu_http_kit::form::append_query;
use adieu_http_kit::upstream_paths::{self, WantedProof};
use adieu_pages_kit::{AccountWays, AlreadyHere};

use super::asked::Asked;
use crate::caller::Caller;
use crate::face::Face;

/// Other providers that people sign on through, as links: address and words. They lead back here, and a live session from here on.
/// A list that cannot be read is left out: a name and a password do as well.
pub(super) async fn offered(face: &Face, asked: &Asked, level: Assurance) -> Vec<(String, String)> {
    let Some(base) = &face.settings.upstream_base else { return Vec::new() };
    let offered = face.authority.upstreams_offered(asked.realm.id).await.unwrap_or_default();
    // Where a sign-on is forced, whoever comes back is known by the mark of a proof of some age: of none, where none is said.
    let age_max_s = asked.proof_age_max_s.or(asked.is_forced.then_some(0));
    let here = Asked { proof_age_max_s: age_max_s, ..asked.clone() }.address(face);
    let wanted = WantedProof { age_max_s, two_factors: level == Assurance::Two };
    let link = |(name, title): (String, String)| {
        let begin = upstream_paths::begin(base, &asked.realm.path, &name, &here, wanted);
        (begin, format!("Sign on with {title}"))
    };
    offered.into_iter().map(link).collect()
}

/// Ways beside the form for whom it does not serve. `failed` says that somebody has just tried.
pub(super) fn account_ways(
    face: &Face,
    caller: &Caller,
    asked: &Asked,
    (level, failed): (Assurance, bool),
) -> AccountWays {
    let (realm, path) = (&asked.realm, &asked.realm.path);
    let here = asked.address(face);
    let back = format!("{}{here}", face.settings.public_url);
    let pages = face.settings.self_service.as_ref();
    let two = level == Assurance::Two || realm.second_factor == SecondFactorRule::Required;
    let sign_off = append_query(&format!("{}/UI/Logout", face.settings.context_path), "realm", path);
    // Who was signed on was to prove it anew, and whoever comes after them is new: that is young enough for any age but none.
    let is_forced = asked.is_forced && asked.proof_age_max_s.is_none_or(|age_s| age_s == 0);
    let after = Asked { is_forced, ..asked.clone() }.address(face);
    AccountWays {
        here: already_here(caller, asked),
        sign_up: pages
            .filter(|_| face.authority.registers(realm))
            .and_then(|pages| pages.sign_up(path, &back)),
        second_factor: pages.and_then(|pages| pages.second_factor(path, &back)),
        wants_factor: failed && two,
        sign_off: append_query(&sign_off, "goto", &after),
    }
}

/// Who is signed on to the realm in the browser.
fn already_here(caller: &Caller, asked: &Asked) -> Option<AlreadyHere> {
    let here = |session: &Session, user: &User, lacks_factor| {
        let username = user.username.clone();
        (session.realm == asked.realm.id).then_some(AlreadyHere { username, lacks_factor })
    };
    match caller {
        Caller::Live(_, live) => here(&live.session, &live.user, false),
        Caller::Half(_, half) => here(&half.session, &half.user, half.user.assurance() == Assurance::One),
        Caller::Absent | Caller::Dead => None,
    }
}
