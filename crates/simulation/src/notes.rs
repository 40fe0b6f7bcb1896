//! What callers know: who they are, what they were given, and the history that they write together.
//!
//! Numbers stand for ids and secrets, in the order in which they were first seen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adieu_core::{EndingId, SessionId, SessionToken};

use crate::history::{
    CodeNumber, Event, Happening, History, ReceiverNumber, RefreshNumber, SessionNumber, TokenNumber,
    TryNumber, UserNumber,
};
use crate::network::SimulatedNetwork;

/// A session token that somebody was given.
#[derive(Clone)]
pub(crate) struct KnownToken {
    pub(crate) token: SessionToken,
    pub(crate) session: SessionNumber,
    pub(crate) user: UserNumber,
}

/// A code or a refresh token that a client was given.
#[derive(Clone)]
pub(crate) struct KnownGrant {
    pub(crate) text: String,
    pub(crate) client: ReceiverNumber,
    /// Whether somebody has presented it.
    pub(crate) presented: bool,
}

impl KnownGrant {
    pub(crate) const fn new(text: String, client: ReceiverNumber) -> Self {
        Self { text, client, presented: false }
    }
}

/// What callers know.
#[derive(Default)]
struct Known {
    history: History,
    tries: TryNumber,
    tokens: Vec<KnownToken>,
    sessions: Vec<SessionId>,
    session_nos: HashMap<SessionId, SessionNumber>,
    codes: Vec<KnownGrant>,
    refreshes: Vec<KnownGrant>,
    refresh_nos: HashMap<String, RefreshNumber>,
    endings: Vec<EndingId>,
}

/// The notes that all callers share.
pub(crate) struct Notes {
    network: Arc<SimulatedNetwork>,
    known: Mutex<Known>,
}

impl Notes {
    pub(crate) fn new(network: Arc<SimulatedNetwork>) -> Self {
        Self { network, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what happens now.
    pub(crate) fn write(&self, what: Happening) {
        let at = self.network.time.ms();
        self.known().history.0.push(Event { at, what });
    }

    /// Takes the history out.
    pub(crate) fn history(&self) -> History {
        std::mem::take(&mut self.known().history)
    }

    pub(crate) fn next_try(&self) -> TryNumber {
        let mut known = self.known();
        known.tries += 1;
        known.tries
    }

    /// The number of a session.
    pub(crate) fn session(&self, id: SessionId) -> SessionNumber {
        let mut known = self.known();
        if let Some(no) = known.session_nos.get(&id) {
            return *no;
        }
        let no = known.sessions.len();
        known.sessions.push(id);
        known.session_nos.insert(id, no);
        no
    }

    pub(crate) fn session_id(&self, no: SessionNumber) -> SessionId {
        self.known().sessions[no]
    }

    /// The number of a token: that of an earlier one where it is the same.
    pub(crate) fn token(&self, new: KnownToken) -> TokenNumber {
        let mut known = self.known();
        let same = |one: &KnownToken| {
            one.token.id == new.token.id && one.token.secret.hash().same(&new.token.secret.hash())
        };
        let of_session = known.tokens.iter().enumerate().filter(|(_, one)| one.session == new.session);
        if let Some((no, _)) = of_session.into_iter().find(|(_, one)| same(one)) {
            return no;
        }
        known.tokens.push(new);
        known.tokens.len() - 1
    }

    pub(crate) fn known_token(&self, no: TokenNumber) -> KnownToken {
        self.known().tokens[no].clone()
    }

    pub(crate) fn tokens(&self) -> usize {
        self.known().tokens.len()
    }

    pub(crate) fn code(&self, new: KnownGrant) -> CodeNumber {
        let mut known = self.known();
        known.codes.push(new);
        known.codes.len() - 1
    }

    /// A code that is to be presented now.
    pub(crate) fn presented_code(&self, no: CodeNumber) -> KnownGrant {
        let mut known = self.known();
        known.codes[no].presented = true;
        known.codes[no].clone()
    }

    /// The newest code that nobody has presented.
    pub(crate) fn fresh_code(&self) -> Option<CodeNumber> {
        self.known().codes.iter().rposition(|code| !code.presented)
    }

    pub(crate) fn codes(&self) -> usize {
        self.known().codes.len()
    }

    /// The number of a refresh token: that of an earlier one where it is the same.
    pub(crate) fn refresh(&self, new: KnownGrant) -> RefreshNumber {
        let mut known = self.known();
        if let Some(no) = known.refresh_nos.get(&new.text) {
            return *no;
        }
        let no = known.refreshes.len();
        known.refresh_nos.insert(new.text.clone(), no);
        known.refreshes.push(new);
        no
    }

    /// A refresh token that is to be presented now.
    pub(crate) fn presented_refresh(&self, no: RefreshNumber) -> KnownGrant {
        let mut known = self.known();
        known.refreshes[no].presented = true;
        known.refreshes[no].clone()
    }

    /// The newest refresh token that nobody has presented.
    pub(crate) fn fresh_refresh(&self) -> Option<RefreshNumber> {
        self.known().refreshes.iter().rposition(|refresh| !refresh.presented)
    }

    pub(crate) fn refreshes(&self) -> usize {
        self.known().refreshes.len()
    }

    /// Remembers an ending that somebody was told the id of.
    pub(crate) fn ending(&self, id: EndingId) -> EndingId {
        self.known().endings.push(id);
        id
    }

    pub(crate) fn known_ending(&self, no: usize) -> EndingId {
        self.known().endings[no]
    }

    pub(crate) fn endings(&self) -> usize {
        self.known().endings.len()
    }
}
