//! `/json/…/users`: whose session it is, and where to go after a sign-on. No profile is served here.
//!
//! Whoever has no live session hears that first. Contract am.md 3.6; for dead tokens.

use adieu_authority::{LiveSession, Standing};
use axum::body::Body;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::address::Addressed;
use crate::answer::{Extras, json as text};
use crate::call::Call;
use crate::caller::{self, Caller};
use crate::crest::{self, Ask};
use crate::error::AmError;
use crate::face::Face;
use crate::names::universal_id;
use crate::realms;
use crate::version::{ApiVersion, AskedVersion, Registered};

/// The versions of the resource. 4.0 is of AM 7 and 8.
static VERSIONS: [Registered; 4] = [
    Registered { version: ApiVersion(1, 2), header: "resource=1.2" },
    Registered { version: ApiVersion(2, 1), header: "resource=2.1" },
    Registered { version: ApiVersion(3, 0), header: "resource=3.0" },
    Registered { version: ApiVersion(4, 0), header: "resource=4.0" },
];

#[derive(Serialize)]
struct Whose<'a> {
    id: &'a str,
    realm: &'a str,
    dn: String,
    #[serde(rename = "successURL")]
    success_url: &'a str,
    #[serde(rename = "fullLoginURL")]
    full_login_url: String,
}

/// What a request to the resource comes to.
pub(crate) async fn answer(
    face: &Face,
    call: &Call,
    body: Body,
    addressed: &Addressed<'_, '_>,
    extras: &mut Extras,
) -> Result<Vec<u8>, AmError> {
    let wanted = AskedVersion::of(call.headers())?;
    let ask = crest::ask(call, body, wanted).await?;
    let Caller::Live(_, live) = caller::caller(face, call.headers(), Some(addressed.realm.id)).await? else {
        return Err(AmError::AccessDenied);
    };
    let everybodys = match &ask {
        Ask::Action(name, _) if addressed.rest.is_empty() => Everybodys::named(name),
        Ask::Action(..) | Ask::Create | Ask::Query(_) | Ask::Read | Ask::Change(_) => None,
    };
    if everybodys.is_none() {
        match caller::standing(face, &live, addressed.realm.id).await? {
            Standing::OfRealm => {}
            Standing::Nobody | Standing::OfPopulations(_) => return Err(AmError::Forbidden),
        }
    }
    let rest = addressed.rest.join("/");
    let served = wanted.serve(&VERSIONS, face.settings.version_default);
    extras.served = Some(served.map_err(|unserved| unserved.of_crest(&rest))?);
    match (everybodys, ask) {
        (Some(Everybodys::IdFromSession), _) => whose(face, &live).await,
        (Some(Everybodys::ValidateGoto), Ask::Action(_, body)) => {
            Ok(leads(face, body.get("goto").and_then(Value::as_str)))
        }
        (None, Ask::Action(name, _)) => Err(AmError::UnknownAction(name)),
        (_, Ask::Create | Ask::Query(_) | Ask::Read | Ask::Change(_)) => Err(AmError::Unsupported),
    }
}

/// What whoever has a session may ask.
#[derive(Clone, Copy)]
pub(crate) enum Everybodys {
    IdFromSession,
    ValidateGoto,
}

impl Everybodys {
    pub(crate) const NAMES: [(&'static str, Self); 2] =
        [("idFromSession", Self::IdFromSession), ("validateGoto", Self::ValidateGoto)];

    fn named(action: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(name, _)| action.eq_ignore_ascii_case(name));
        found.map(|(_, everybodys)| *everybodys)
    }
}

/// Of the session, whatever realm is addressed.
async fn whose(face: &Face, live: &LiveSession) -> Result<Vec<u8>, AmError> {
    let realm = realms::of(face, live).await?;
    let encoded = utf8_percent_encode(&realm.path, NON_ALPHANUMERIC);
    Ok(text(&Whose {
        id: &live.user.username,
        realm: &realm.path,
        dn: universal_id(&live.user.username, &realm.path, &face.settings.base_dn),
        success_url: &face.settings.success_url,
        full_login_url: format!("{}/UI/Login?realm={encoded}", face.settings.context_path),
    }))
}

/// The address, if it may be gone to, else where everybody goes.
fn leads(face: &Face, goto: Option<&str>) -> Vec<u8> {
    let allowed = goto.and_then(|goto| face.goto.check(goto));
    text(&json!({"successURL": allowed.as_deref().unwrap_or(&face.settings.success_url)}))
}
