//! The actions of sessions: which versions have them, and who may ask for them.
//!
//! A table and nothing else; what is not in it is answered like an unknown action. Contract am.md 1.1, 1.2.

use crate::version::Served;

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionAction {
    Logout,
    LogoutByHandle,
    LogoutByUser,
    Validate,
    Info,
    InfoAndReset,
    Refresh,
    Properties,
    UpdateProperties,
    PropertyNames,
    Property,
    SetProperty,
    DeleteProperty,
    IsActive,
    Idle,
    MaxIdle,
    MaxSessionTime,
    TimeLeft,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// Anybody, without a caller.
    Anybody,
    /// Whoever has a live session.
    Bearer,
    /// The user of the session that is meant, or an administrator of that user.
    Owner,
    /// An administrator of the user of the session that is meant.
    Admin,
    /// An administrator of the addressed realm.
    Administrator,
    /// The user who is named, or an administrator of that user.
    Oneself,
}

/// An action.
pub(super) struct Row {
    name: &'static str,
    pub(super) act: SessionAction,
    /// The major versions that have it.
    since: u32,
    until: u32,
    pub(super) right: Right,
    /// Since when a live token in the body is as good as a caller. Contract am.md 1.2, Q-2
    pub(super) possession_since: u32,
}

const NEWEST: u32 = 5;
const NEVER: u32 = u32::MAX;

const fn row(name: &'static str, act: SessionAction, (since, until): (u32, u32), right: Right) -> Row {
    Row { name, act, since, until, right, possession_since: NEVER }
}

static ACTIONS: [Row; 19] = [
    Row { possession_since: 3, ..row("logout", SessionAction::Logout, (1, NEWEST), Right::Bearer) },
    Row { possession_since: 1, ..row("validate", SessionAction::Validate, (1, NEWEST), Right::Anybody) },
    Row { possession_since: 4, ..row("getSessionInfo", SessionAction::Info, (2, NEWEST), Right::Owner) },
    row("getSessionInfoAndResetIdleTime", SessionAction::InfoAndReset, (4, NEWEST), Right::Owner),
    row("refresh", SessionAction::Refresh, (2, NEWEST), Right::Owner), // Quirk: the fork asks for an administrator. Q-7
    row("getSessionProperties", SessionAction::Properties, (2, NEWEST), Right::Owner),
    row("updateSessionProperties", SessionAction::UpdateProperties, (2, NEWEST), Right::Owner),
    row("logoutByHandle", SessionAction::LogoutByHandle, (2, NEWEST), Right::Administrator),
    row("logoutByUser", SessionAction::LogoutByUser, (5, NEWEST), Right::Oneself),
    row("getPropertyNames", SessionAction::PropertyNames, (1, 1), Right::Bearer),
    row("getProperty", SessionAction::Property, (1, 1), Right::Owner),
    row("setProperty", SessionAction::SetProperty, (1, 1), Right::Owner),
    row("deleteProperty", SessionAction::DeleteProperty, (1, 1), Right::Owner),
    // Quirk: of the times, an owner may ask for these two only. Contract am.md 1.10
    row("getMaxIdle", SessionAction::MaxIdle, (1, 1), Right::Owner),
    row("getTimeLeft", SessionAction::TimeLeft, (1, 1), Right::Owner),
    row("getMaxTime", SessionAction::TimeLeft, (1, 1), Right::Admin),
    row("getMaxSessionTime", SessionAction::MaxSessionTime, (1, 1), Right::Admin),
    row("getIdle", SessionAction::Idle, (1, 1), Right::Admin),
    row("isActive", SessionAction::IsActive, (1, 1), Right::Admin),
];

/// The action of that name, in any letter case, as far as the version that serves has heard of it.
///
/// Quirk: 1.x and 2.x know each other's actions without having them; what came later is to them a word like any
/// other (A-36, recorded).
pub(super) fn named(name: &str, served: Option<Served>) -> Option<&'static Row> {
    let row = ACTIONS.iter().find(|row| row.name.eq_ignore_ascii_case(name))?;
    let heard_of = served.is_none_or(|served| row.since <= 2 || served.since(row.since));
    heard_of.then_some(row)
}

/// Their names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ACTIONS.iter().map(|row| row.name)
}

impl Row {
    /// Whether the version that serves has it.
    pub(super) fn is_in(&self, served: Served) -> bool {
        served.since(self.since) && !served.since(self.until + 1)
    }
}
