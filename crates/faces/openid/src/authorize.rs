//! `authorize`: a live session of the realm is answered with a code at once; else the sign-on page, or a question to its user.
//!
//! OpenID Connect Core §3.1.2; standards.md 2.1.

use std::sync::Arc;

use adieu_authority::Realm;
use axum::body::Body;
use axum::response::Response;
use http::Method;

use crate::answer::see_other;
use crate::browser::signed_on_here;
use crate::call::{Call, form};
use crate::carried::{CarriedRequest, Judged, refused};
use crate::error::OpenIdError;
use crate::face::Face;
use crate::{choose, consent, said, sign_on};

pub(crate) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    realm: &Arc<Realm>,
) -> Result<Response, OpenIdError> {
    if *call.method() == Method::POST {
        // A form of another site brings no cookie along; the address that it is sent on to does. S-OP-1
        let carried = form(call, body).await?.carried()?;
        return see_other(&format!("{}?{carried}", face.url(realm, "authorize")));
    }
    let asked = CarriedRequest { realm, query: call.query() };
    let here = signed_on_here(face, call, realm, false).await?;
    let live = here.live();
    let authorize = match asked.judged(face, call, live).await? {
        Judged::Sound(authorize) => authorize,
        Judged::Refused(response) => return Ok(response),
    };
    // A signed request counts now: its object may be over before its user has signed on.
    let signed = authorize.signed_params().map(|params| params.carried()).transpose()?;
    let asked = CarriedRequest { realm, query: signed.as_deref().unwrap_or(asked.query) };
    let now = face.authority.now();
    let silent = authorize.silent_refusal();
    if silent.is_none() && said::of(face, call.headers(), &asked).is_some() {
        // A form of this very request has failed: whoever sent it is not the one who is signed on here, and reads why.
        return sign_on::first_page(face, call, &asked, &authorize).await;
    }
    if let Some(live) = live {
        let chosen = authorize.as_ref().clone().account_chosen();
        if authorize.asks_for_account() && chosen.answered_by(&live.session, now) {
            return Ok(choose::page(face, &asked, live, &authorize));
        }
        if authorize.answered_by(&live.session, now) {
            return consent::answer(face, call, &asked, live, &authorize).await;
        }
    }
    let unmet = live.and_then(|live| authorize.unmet_by(&live.user));
    match unmet.or(silent) {
        Some(error) => refused(face, call, &asked, error).await,
        None => sign_on::first_page(face, call, &asked, &authorize).await,
    }
}
