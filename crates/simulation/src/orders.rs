//! Which order is given next.
//!
//! Callers use what callers were given, and now and then what is long dead.

use crate::dice::SeededDice;
use crate::history::{Order, SessionNumber, TokenNumber, UserNumber};
use crate::notes::Notes;
use crate::rules::RunRules;

/// Of how many codes and refresh tokens one is presented that was not before.
const FRESH: u64 = 850;

/// Kinds of orders, and how often each comes.
const KINDS: [(u64, Kind); 21] = [
    (230, Kind::SignOn),
    (330, Kind::Check),
    (45, Kind::EndToken),
    (30, Kind::EndSession),
    (15, Kind::EndOneOf),
    (20, Kind::Reset),
    (14, Kind::EndUser),
    (14, Kind::EndUserBut),
    (4, Kind::EndRealm),
    (4, Kind::EndClient),
    (15, Kind::OwnPassword),
    (12, Kind::SetPassword),
    (14, Kind::SetEnabled),
    (1, Kind::Remove),
    (90, Kind::Issue),
    (60, Kind::Redeem),
    (60, Kind::Refresh),
    (20, Kind::Count),
    (10, Kind::Sweep),
    (15, Kind::Expire),
    (4, Kind::Notices),
];

#[derive(Clone, Copy)]
enum Kind {
    SignOn,
    Check,
    EndToken,
    EndSession,
    EndOneOf,
    Reset,
    EndUser,
    EndUserBut,
    EndRealm,
    EndClient,
    OwnPassword,
    SetPassword,
    SetEnabled,
    Remove,
    Issue,
    Redeem,
    Refresh,
    Count,
    Sweep,
    Expire,
    Notices,
}

/// What callers remember of people.
pub(crate) struct KnownPeople {
    /// The password that each user was last said to have.
    passwords: Vec<u32>,
    /// Whether each user was last said to be let in.
    enabled: Vec<bool>,
    /// The number of the next password.
    next: u32,
}

impl KnownPeople {
    pub(crate) fn of(rules: &RunRules) -> Self {
        Self { passwords: vec![0; rules.users.len()], enabled: vec![true; rules.users.len()], next: 1 }
    }

    /// Remembers what an order has changed, or may have.
    pub(crate) fn heard(&mut self, order: Order) {
        match order {
            Order::OwnPassword { user, password, .. } | Order::SetPassword { user, password } => {
                self.passwords[user] = password;
            }
            Order::SetEnabled { user, enabled } => self.enabled[user] = enabled,
            _ => {}
        }
    }

    /// The next order; none if there is nothing yet to give it about.
    pub(crate) fn next_order(
        &mut self,
        rules: &RunRules,
        notes: &Notes,
        dice: &mut SeededDice,
    ) -> Option<Order> {
        let user = dice.index(rules.users.len());
        let token = recent(notes.tokens(), dice);
        let known = token.map(|token| (token, notes.known_token(token)));
        let session = known.as_ref().map(|(_, known)| known.session);
        let of_token = known.as_ref().map(|(token, known)| (*token, known.session, known.user));
        Some(match dice.weighted(&KINDS) {
            Kind::SignOn => self.sign_on(user, of_token, dice),
            Kind::Check => Order::Check { token: token?, touch: dice.chance(500) },
            Kind::EndToken => Order::EndToken { token: token? },
            Kind::EndSession => Order::EndSession { session: session? },
            Kind::EndOneOf => {
                let (_, session, own) = of_token?;
                Order::EndOneOf { user: if dice.chance(900) { own } else { user }, session }
            }
            Kind::Reset => Order::Reset { session: session? },
            Kind::EndUser => Order::EndUser { user, grants: dice.chance(300) },
            Kind::EndUserBut => {
                let (_, keep, user) = of_token?;
                Order::EndUserBut { user, keep }
            }
            Kind::EndRealm => Order::EndRealm,
            Kind::EndClient => Order::EndClient { client: dice.index(rules.clients.len()) },
            Kind::OwnPassword => {
                let (token, session, user) = of_token?;
                Order::OwnPassword { token, session, user, password: self.next_password() }
            }
            Kind::SetPassword => Order::SetPassword { user, password: self.next_password() },
            Kind::SetEnabled => Order::SetEnabled { user, enabled: !self.enabled[user] || dice.chance(100) },
            Kind::Remove => Order::Remove { user },
            Kind::Issue => {
                let (token, session, _) = of_token?;
                Order::Issue { token, session, client: dice.index(rules.clients.len()) }
            }
            Kind::Redeem => {
                let fresh = notes.fresh_code().filter(|_| dice.chance(FRESH));
                Order::Redeem { code: fresh.or_else(|| recent(notes.codes(), dice))? }
            }
            Kind::Refresh => {
                let fresh = notes.fresh_refresh().filter(|_| dice.chance(FRESH));
                Order::Refresh { refresh: fresh.or_else(|| recent(notes.refreshes(), dice))? }
            }
            Kind::Count => Order::Count { user },
            Kind::Sweep => Order::Sweep,
            Kind::Expire => Order::Expire,
            Kind::Notices => {
                let ending = recent(notes.endings(), dice)?;
                if dice.chance(700) { Order::Retry { ending } } else { Order::GiveUp { ending } }
            }
        })
    }

    fn sign_on(
        &self,
        user: UserNumber,
        of_token: Option<(TokenNumber, SessionNumber, UserNumber)>,
        dice: &mut SeededDice,
    ) -> Order {
        let password = match dice.below(20) {
            0 => self.passwords[user].saturating_sub(1),
            1 => 0,
            _ => self.passwords[user],
        };
        match of_token.filter(|_| dice.chance(250)) {
            Some((token, session, own)) => {
                let user = if dice.chance(900) { own } else { user };
                let password = if user == own { self.passwords[own] } else { password };
                Order::SignOn {
                    user,
                    password,
                    previous: Some((token, session)),
                    keep_token: dice.chance(300),
                }
            }
            None => Order::SignOn { user, password, previous: None, keep_token: false },
        }
    }

    const fn next_password(&mut self) -> u32 {
        self.next += 1;
        self.next - 1
    }
}

/// One of so many things, a young one most of the time.
fn recent(many: usize, dice: &mut SeededDice) -> Option<usize> {
    let last = many.checked_sub(1)?;
    Some(if dice.chance(750) { last - dice.index(many.min(6)) } else { dice.index(many) })
}
