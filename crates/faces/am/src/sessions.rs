//! `/json/…/sessions`: every action and query, in every version side by side.
//!
//! The caller is judged before version and action are (recorded), except for validate, which needs none.
//! Contract am.md 1.

pub(crate) mod actions;
mod admission;
mod by_user;
mod handles;
mod info;
pub(crate) mod logout;
mod properties;
mod query;
mod times;
mod turn;
mod validate;

use axum::body::Body;
use serde_json::Value;

use self::actions::{Row, SessionAction};
use self::admission::AskedSession;
use self::turn::Turn;
use crate::address::Addressed;
use crate::answer::Extras;
use crate::call::Call;
use crate::caller::Caller;
use crate::crest::{self, Ask};
use crate::error::AmError;
use crate::face::Face;
use crate::version::{ApiVersion, AskedVersion, Registered, Served};

/// The versions of the resource. Contract am.md 1.1, our rule.
static VERSIONS: [Registered; 5] = [
    Registered { version: ApiVersion(1, 2), header: "resource=1.2" },
    Registered { version: ApiVersion(2, 1), header: "resource=2.1" },
    Registered { version: ApiVersion(3, 2), header: "resource=3.2" },
    Registered { version: ApiVersion(4, 0), header: "resource=4.0" },
    Registered { version: ApiVersion(5, 1), header: "resource=5.1" },
];

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
    let turn = Turn {
        call,
        wanted,
        served: wanted.serve(&VERSIONS, face.settings.version_default),
        realm: addressed.realm.id,
        rest: addressed.rest,
    };
    match ask {
        Ask::Action(name, body) => turn.action(face, &name, &body, extras).await,
        Ask::Query(query) if turn.rest.is_empty() => turn.query(face, &query, extras).await,
        Ask::Create => turn.other(face, None, extras).await,
        Ask::Query(_) | Ask::Read => turn.other(face, Some("read"), extras).await,
        Ask::Change(word) => turn.other(face, Some(word), extras).await,
    }
}

impl Turn<'_> {
    async fn action(
        &self,
        face: &Face,
        name: &str,
        body: &Value,
        extras: &mut Extras,
    ) -> Result<Vec<u8>, AmError> {
        let row = actions::named(name, self.served.ok());
        let named = self.named(body)?;
        if let Some(Row { act: SessionAction::Validate, .. }) = row {
            let served = self.chosen(extras)?;
            return validate::done(face, self.call, self.realm, (served, named)).await;
        }
        let caller = self.proven(face, row, body, extras).await?;
        let right = row.map_or(actions::Right::Administrator, |row| row.right);
        let target = self.admitted(face, &caller, right, (named, body)).await?;
        let served = self.chosen(extras)?;
        let row = row.filter(|row| row.is_in(served));
        let act = row.ok_or_else(|| AmError::UnknownAction(name.to_owned()))?.act;
        let order = Order { caller, target, named, body, served };
        self.acted(face, act, order, extras).await
    }

    async fn acted(
        &self,
        face: &Face,
        act: SessionAction,
        order: Order<'_>,
        extras: &mut Extras,
    ) -> Result<Vec<u8>, AmError> {
        let Order { caller, target, named, body, served } = order;
        match act {
            SessionAction::Logout => logout::done(face, self.call, &caller, named, extras).await,
            SessionAction::LogoutByHandle => handles::done(face, self.call, &caller, body, extras).await,
            SessionAction::LogoutByUser => {
                by_user::done(face, self.call, &caller, (self.realm, body), extras).await
            }
            SessionAction::Validate => validate::done(face, self.call, self.realm, (served, named)).await,
            SessionAction::Info => info::done(face, &target, served, false).await,
            SessionAction::InfoAndReset => info::done(face, &target, served, true).await,
            SessionAction::Refresh => times::refreshed(face, &target).await,
            SessionAction::IsActive => times::active(face, self.call, &target).await,
            SessionAction::Idle => Ok(times::idle(&target, face.authority.now())),
            SessionAction::MaxIdle => Ok(times::max_idle(&target)),
            SessionAction::MaxSessionTime => Ok(times::max_session(&target)),
            SessionAction::TimeLeft => Ok(times::left(&target, face.authority.now())),
            SessionAction::PropertyNames => Ok(properties::names(&face.settings)),
            SessionAction::Properties => properties::shown(&face.settings, &target),
            SessionAction::UpdateProperties => properties::updated(face, &target, body).await,
            SessionAction::Property => properties::picked(&face.settings, &target, body),
            SessionAction::SetProperty => properties::set(face, &target, body).await,
            SessionAction::DeleteProperty => properties::deleted(face, &target, body).await,
        }
    }

    async fn query(
        &self,
        face: &Face,
        query: &crest::CrestQuery,
        extras: &mut Extras,
    ) -> Result<Vec<u8>, AmError> {
        let caller = self.proven(face, None, &Value::Null, extras).await?;
        self.demand_administrator(face, &caller).await?;
        let served = self.chosen(extras)?;
        let sight = query::Sight::of(self.wanted, served);
        query::done(face, self.call, &caller, (self.realm, query), sight).await
    }

    /// Everything that is neither action nor query is for administrators, and there is none of it.
    async fn other(
        &self,
        face: &Face,
        to_collection: Option<&'static str>,
        extras: &mut Extras,
    ) -> Result<Vec<u8>, AmError> {
        let caller = self.proven(face, None, &Value::Null, extras).await?;
        let collection = to_collection.filter(|_| self.rest.is_empty());
        // Quirk: anybody may learn that the collection itself cannot be read (recorded).
        if collection != Some("read") {
            self.demand_administrator(face, &caller).await?;
        }
        self.chosen(extras)?;
        Err(collection.map_or(AmError::Unsupported, AmError::NotTheCollection))
    }
}

/// An action that was judged.
struct Order<'a> {
    caller: Caller,
    target: AskedSession,
    named: Option<&'a str>,
    body: &'a Value,
    served: Served,
}
