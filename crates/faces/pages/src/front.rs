//! `/`: who is signed on, what every dialect says of it, and the ways on and off.
//!
//! Shows only; the sign-on is a dialect's, the sign-off is `sign_off`.

use adieu_authority::Outage;
use adieu_pages_kit::{Link, SignOffPage, SignedOnPage, StatusPage, WelcomePage};
use axum::response::Response;
use http::request::Parts;

use crate::answer::{cannot_tell, page};
use crate::carried::{CarriedHere, Holder, carried, tokens};
use crate::face::{Face, links, shown};
use crate::settings::SIGN_OFF;
use crate::sign_off;

pub(crate) async fn show(face: &Face, parts: &Parts) -> Response {
    match html(face, parts).await {
        Ok(html) => page(html),
        Err(outage) => cannot_tell(&outage),
    }
}

async fn html(face: &Face, parts: &Parts) -> Result<String, Outage> {
    match carried(face, &tokens(face, &parts.headers)).await? {
        CarriedHere::Live(holder) => signed_on(face, &holder).await,
        CarriedHere::Half(holder) => Ok(half_signed_on(face, &holder)),
        CarriedHere::Nobody => Ok(WelcomePage {
            realm: &face.settings.realm,
            sign_on: &links(&face.settings.sign_on),
            documents: &links(&face.settings.documents),
        }
        .html()),
    }
}

/// The way to the second factor, and the way off (S-15).
fn half_signed_on(face: &Face, holder: &Holder) -> String {
    let token = sign_off::form_token(face, holder.session.id);
    StatusPage {
        title: "One more step",
        message: "Your password was right. You are signed on once you have given your second factor.",
        sign_off: Some(sign_off_form(&[(sign_off::FIELD, &token)])),
        links: &[Link { href: &face.settings.second_step, text: "Give the second factor" }],
    }
    .html()
}

fn sign_off_form<'a>(hidden: &'a [(&'a str, &'a str)]) -> SignOffPage<'a> {
    SignOffPage { method: "post", action: SIGN_OFF, hidden, label: "Sign off everywhere" }
}

async fn signed_on(face: &Face, holder: &Holder) -> Result<String, Outage> {
    let realm = face.realm(holder.session.realm).await?;
    let answers = face.seen(&realm, &holder.token).await;
    let token = sign_off::form_token(face, holder.session.id);
    // The settings page is of one realm.
    let settings = Link { href: &face.settings.settings, text: "Settings" };
    let settings: &[Link<'_>] = if realm.path == face.settings.realm { &[settings] } else { &[] };
    let hidden = [(sign_off::FIELD, token.as_str())];
    let page = SignedOnPage {
        username: &holder.user.username,
        realm: &realm.path,
        seen: &shown(&answers),
        sign_off: sign_off_form(&hidden),
        links: settings,
        documents: &links(&face.settings.documents),
    };
    Ok(page.html())
}
