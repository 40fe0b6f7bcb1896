//! `/json/…/sessions`: which versions there are, which actions each has, and who may ask for them.
//!
//! The caller is judged before version and action are (recorded), except for validate, which needs none.
//! Contract am.md 1.

mod info;
mod logout;
mod validate;

use adieu_authority::{RealmId, Standing};
use axum::body::Body;
use axum::response::Response;
use serde_json::Value;

use crate::address::Place;
use crate::answer::{Dress, Margin};
use crate::call::Call;
use crate::caller::{self, Caller};
use crate::cookies::CookieAct;
use crate::crest::{self, Ask};
use crate::error::AmError;
use crate::face::Face;
use crate::version::{Registered, Served, Unserved, Version, Wanted};

/// The versions of the resource. Contract am.md 1.1, our rule.
static VERSIONS: [Registered; 5] = [
    Registered { version: Version(1, 2), header: "resource=1.2" },
    Registered { version: Version(2, 1), header: "resource=2.1" },
    Registered { version: Version(3, 2), header: "resource=3.2" },
    Registered { version: Version(4, 0), header: "resource=4.0" },
    Registered { version: Version(5, 1), header: "resource=5.1" },
];

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Logout,
    Validate,
    Info,
}

/// An action, and the major version that brought it. What is not in this table is answered like an unknown action.
struct Row {
    name: &'static str,
    act: Act,
    since: u32,
    /// Since when a live token in the body is as good as a caller. Contract am.md 1.2, Q-2
    possession_since: u32,
}

static ACTIONS: [Row; 3] = [
    Row { name: "logout", act: Act::Logout, since: 1, possession_since: 3 },
    Row { name: "validate", act: Act::Validate, since: 1, possession_since: 1 },
    Row { name: "getSessionInfo", act: Act::Info, since: 2, possession_since: 4 },
];

/// Answers a request to the resource.
pub(crate) async fn answer(face: &Face, call: &Call, body: Body, place: &Place<'_, '_>) -> Response {
    let mut margin = Margin::default();
    let result = done(face, call, body, place, &mut margin).await;
    face.answer(Dress::Action, margin, result)
}

async fn done(
    face: &Face,
    call: &Call,
    body: Body,
    place: &Place<'_, '_>,
    margin: &mut Margin,
) -> Result<Vec<u8>, AmError> {
    let wanted = Wanted::of(call.headers())?;
    let ask = crest::ask(call, body, wanted).await?;
    let turn = Turn {
        call,
        served: wanted.serve(&VERSIONS, face.settings.version_default),
        realm: place.realm.id,
        rest: place.rest,
    };
    match ask {
        Ask::Action(name, body) => turn.action(face, &name, &body, margin).await,
        Ask::Create => turn.other(face, None, margin).await,
        Ask::Read => turn.other(face, Some("read"), margin).await,
        Ask::Change(word) => turn.other(face, Some(word), margin).await,
    }
}

/// One request to the resource, read but not judged.
struct Turn<'a> {
    call: &'a Call,
    served: Result<Served, Unserved>,
    realm: RealmId,
    rest: &'a [std::borrow::Cow<'a, str>],
}

impl Turn<'_> {
    async fn action(
        &self,
        face: &Face,
        name: &str,
        body: &Value,
        margin: &mut Margin,
    ) -> Result<Vec<u8>, AmError> {
        let row = ACTIONS.iter().find(|row| row.name.eq_ignore_ascii_case(name));
        let named = self.named(body)?;
        if let Some(Row { act: Act::Validate, .. }) = row {
            let served = self.chosen(margin)?;
            return validate::done(face, self.call, served, named).await;
        }
        let caller = self.proven(face, row, body, margin).await?;
        if row.is_none() {
            self.demand_administrator(face, &caller).await?;
        }
        let served = self.chosen(margin)?;
        let row = row.filter(|row| served.since(row.since)).ok_or_else(|| unknown(name))?;
        match row.act {
            Act::Logout => logout::done(face, self.call, &caller, named, margin).await,
            Act::Info => info::done(face, self.realm, &caller, named, served).await,
            Act::Validate => Err(unknown(name)), // Answered above: it needs no caller.
        }
    }

    /// The session named by the request, if it names one: in the body, the query or the path, in every version.
    fn named<'n>(&'n self, body: &'n Value) -> Result<Option<&'n str>, AmError> {
        let query = self.call.param("tokenId")?;
        let path = self.rest.first().map(AsRef::as_ref);
        Ok(in_body(body)?.or(query).or(path))
    }

    /// A live caller, or nobody whose body holds a live token where that is enough. All else is 401.
    async fn proven(
        &self,
        face: &Face,
        row: Option<&Row>,
        body: &Value,
        margin: &mut Margin,
    ) -> Result<Caller, AmError> {
        let caller = caller::caller(face, self.call.headers()).await?;
        let possession = |row: &&Row| self.served.is_ok_and(|served| served.since(row.possession_since));
        let enough = match &caller {
            Caller::Live(..) => true,
            Caller::Dead => {
                if row.is_some_and(|row| row.act == Act::Logout) {
                    margin.cookies = CookieAct::Clear; // Contract am.md Q-25
                }
                false
            }
            Caller::Absent => match (row.filter(possession), in_body(body)?) {
                (Some(_), Some(text)) => caller::opened_by(face, text, false).await?.is_some(),
                (Some(_) | None, Some(_) | None) => false,
            },
        };
        if enough { Ok(caller) } else { Err(AmError::AccessDenied) }
    }

    /// Everything that is no action is for administrators, and there is none of it yet.
    async fn other(
        &self,
        face: &Face,
        to_collection: Option<&'static str>,
        margin: &mut Margin,
    ) -> Result<Vec<u8>, AmError> {
        let caller = self.proven(face, None, &Value::Null, margin).await?;
        let query = self.call.params.iter().any(|(name, _)| name.starts_with("_query"));
        let collection = to_collection.filter(|_| self.rest.is_empty() && !query);
        // Quirk: anybody may learn that the collection itself cannot be read (recorded).
        if collection != Some("read") {
            self.demand_administrator(face, &caller).await?;
        }
        self.chosen(margin)?;
        Err(collection.map_or(AmError::Unsupported, AmError::NotTheCollection))
    }

    async fn demand_administrator(&self, face: &Face, caller: &Caller) -> Result<(), AmError> {
        let Caller::Live(_, live) = caller else { return Err(AmError::AccessDenied) };
        match caller::standing(face, live, self.realm).await? {
            Standing::OfRealm => Ok(()),
            Standing::Nobody | Standing::OfPopulations(_) => Err(AmError::Forbidden),
        }
    }

    /// The version that serves, from here on named in the answer.
    fn chosen(&self, margin: &mut Margin) -> Result<Served, AmError> {
        if self.rest.len() > 1 {
            return Err(AmError::UnknownResource(self.rest.join("/")));
        }
        let served = self.served.map_err(|unserved| unserved.of_crest(&self.rest.join("/")))?;
        margin.served = Some(served);
        Ok(served)
    }
}

fn unknown(name: &str) -> AmError {
    AmError::UnknownAction(name.to_owned())
}

/// The `tokenId` of a body; arrays, strings and `null` are taken like `{}`.
fn in_body(body: &Value) -> Result<Option<&str>, AmError> {
    match body.get("tokenId") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(AmError::TokenIdNoText)
        }
    }
}
