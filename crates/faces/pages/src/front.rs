//! `/`: who is signed on in which realms, what every dialect says of it, and the ways on and off.
//!
//! Shows only; the sign-on is a dialect's, the sign-off is `sign_off`.

use adieu_authority::Outage;
use adieu_pages_kit::{
    Link, SignOffPage, SignedOnPage, SignedOnRealm, SignedOnRealmsPage, StatusPage, WelcomePage,
};
use axum::response::Response;
use http::request::Parts;

use crate::answer::{cannot_tell, page};
use crate::carried::{Holder, holders, tokens};
use crate::face::{Face, links, shown};
use crate::settings::{DialectAnswer, SIGN_OFF};
use crate::sign_off;

/// Realms that the page shows of one browser: for each of them every dialect is asked (HOME-LIMITS). Whoever signs off of one of
/// them sees the next.
const REALMS_MAX: usize = 8;

pub(crate) async fn show(face: &Face, parts: &Parts) -> Response {
    match html(face, parts).await {
        Ok(html) => page(html),
        Err(outage) => cannot_tell(face, &outage),
    }
}

async fn html(face: &Face, parts: &Parts) -> Result<String, Outage> {
    match holders(face, &tokens(face, &parts.headers)).await?.as_slice() {
        [] => Ok(WelcomePage {
            realm: &face.settings.realm,
            sign_on: &links(&face.settings.sign_on),
            documents: &links(&face.settings.documents),
        }
        .html()),
        [one] if one.is_live => signed_on(face, one).await,
        [one] => Ok(half_signed_on(face, one)),
        several => signed_on_to(face, &several[..several.len().min(REALMS_MAX)]).await,
    }
}

/// The way to the second factor, and the way off (S-15).
fn half_signed_on(face: &Face, holder: &Holder) -> String {
    let token = sign_off::form_token(face, holder.session.id);
    StatusPage {
        title: "One more step",
        message: "Your password was right. You are signed on once you have given your second factor.",
        sign_off: Some(sign_off_form(&[(sign_off::FIELD, &token)], "Sign off everywhere")),
        links: &[second_step(face)],
    }
    .html()
}

fn second_step(face: &Face) -> Link<'_> {
    Link { href: &face.settings.second_step, text: "Give the second factor" }
}

fn sign_off_form<'a>(hidden: &'a [(&'a str, &'a str)], label: &'a str) -> SignOffPage<'a> {
    SignOffPage { method: "post", action: SIGN_OFF, hidden, label }
}

/// The settings page is of one realm.
fn settings<'f>(face: &'f Face, realm: &str) -> Option<Link<'f>> {
    let settings = Link { href: &face.settings.settings, text: "Settings" };
    (realm == face.settings.realm).then_some(settings)
}

/// What applications may have of a user of the realm at that path.
fn applications(address: &str) -> Link<'_> {
    Link { href: address, text: "Your applications" }
}

async fn signed_on(face: &Face, holder: &Holder) -> Result<String, Outage> {
    let realm = face.realm(holder.session.realm).await?;
    let at_issuer = (face.settings.applications)(&realm.path);
    let answers = face.seen(&realm, &holder.token).await;
    let token = sign_off::form_token(face, holder.session.id);
    let hidden = [(sign_off::FIELD, token.as_str())];
    let ways: Vec<_> = settings(face, &realm.path).into_iter().chain([applications(&at_issuer)]).collect();
    let page = SignedOnPage {
        username: &holder.user.username,
        realm: &realm.path,
        seen: &shown(&answers),
        sign_off: sign_off_form(&hidden, "Sign off everywhere"),
        links: &ways,
        documents: &links(&face.settings.documents),
    };
    Ok(page.html())
}

/// What is shown of one realm among others.
struct Part {
    realm: String,
    message: String,
    answers: Vec<DialectAnswer>,
    token: String,
    /// Where its user sees what applications may have.
    applications: String,
    is_live: bool,
}

/// The same of several realms: each has a session of its own, and a way off.
async fn signed_on_to(face: &Face, holders: &[Holder]) -> Result<String, Outage> {
    let mut parts = Vec::new();
    for holder in holders {
        let realm = face.realm(holder.session.realm).await?;
        let name = &holder.user.username;
        let (answers, message) = match holder.is_live {
            true => (face.seen(&realm, &holder.token).await, format!("You are signed on as {name}.")),
            false => (Vec::new(), format!("{name} is signed on once the second factor is given.")),
        };
        let token = sign_off::form_token(face, holder.session.id);
        let applications = (face.settings.applications)(&realm.path);
        let (realm, is_live) = (realm.path.clone(), holder.is_live);
        parts.push(Part { realm, message, answers, token, applications, is_live });
    }
    let fields: Vec<_> = parts.iter().map(|part| [(sign_off::FIELD, part.token.as_str())]).collect();
    let seen: Vec<_> = parts.iter().map(|part| shown(&part.answers)).collect();
    let labels: Vec<_> = parts.iter().map(|part| format!("Sign off of {}", part.realm)).collect();
    let ways = parts.iter().map(|part| match part.is_live {
        true => {
            let ways = settings(face, &part.realm).into_iter();
            ways.chain([applications(&part.applications)]).collect::<Vec<_>>()
        }
        // The page of the second factor is of one realm, too.
        false => settings(face, &part.realm).map(|_| second_step(face)).into_iter().collect(),
    });
    let ways: Vec<_> = ways.collect();
    let realms: Vec<_> = parts
        .iter()
        .enumerate()
        .map(|(n, part)| SignedOnRealm {
            realm: &part.realm,
            message: &part.message,
            seen: &seen[n],
            sign_off: sign_off_form(&fields[n], &labels[n]),
            links: &ways[n],
        })
        .collect();
    Ok(SignedOnRealmsPage { realms: &realms, documents: &links(&face.settings.documents) }.html())
}
