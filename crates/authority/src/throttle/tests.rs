//! How often what may be tried: by address, by account, by kind.
//!
//! The clock is an argument, and the order of events is the order of the lines.

use adieu_core::{RealmId, UserId};
use uuid::Uuid;

use super::*;

fn at(s: i64) -> Timestamp {
    Timestamp::from_ms(s * 1000)
}

fn realm(n: u128) -> RealmId {
    RealmId::from_uuid(Uuid::from_u128(n))
}

fn user(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(n))
}

fn ada(whence: Whence) -> Account {
    Account::Password { user: user(1), credential: [1; 16], whence }
}

fn named(name: &str) -> Account {
    Account::unknown(realm(1), name)
}

fn throttle() -> Throttle {
    Throttle::new(SignOnLimits {
        failures_by_account_max: 3,
        failures_by_address_max: 5,
        failures_window: Span::from_s(90),
        ..SignOnLimits::default()
    })
}

fn taken<'t>(
    throttle: &'t Throttle,
    account: Account,
    address: &str,
    now: Timestamp,
) -> Result<Try<'t>, TryRefused> {
    throttle.take(Some(address), now)?.at_once(account, now).map_err(|(_, refused)| refused)
}

/// A try that fails: how many are left, or how long to wait; nothing to wait for is busy.
fn fails(throttle: &Throttle, account: Account, address: &str, now: Timestamp) -> Result<Option<u32>, i64> {
    match taken(throttle, account, address, now) {
        Ok(tried) => Ok(tried.failed(now)),
        Err(TryRefused::Busy) => Err(0),
        Err(TryRefused::UsedUp(wait)) => Err(wait.s()),
    }
}

fn counts(throttle: &Throttle) -> usize {
    throttle.accounts().len()
}

/// Goal: after so many failures an account waits, and gets one try at a time back.
#[test]
fn an_account_has_so_many_failures_and_they_grow_back() {
    let throttle = throttle();
    for (spelled, left) in [("ada", 2), ("ADA", 1), (" Ada ", 0)] {
        assert_eq!(fails(&throttle, named(spelled), "192.0.2.1:80", at(0)), Ok(Some(left)));
    }
    assert_eq!(fails(&throttle, named("ada"), "192.0.2.2", at(0)), Err(30));
    assert_eq!(fails(&throttle, named("ada"), "192.0.2.2", at(29)), Err(1));
    assert!(
        taken(&throttle, Account::unknown(realm(2), "ada"), "192.0.2.2", at(0)).is_ok(),
        "another realm's"
    );
    assert_eq!(fails(&throttle, named("bob"), "192.0.2.2", at(0)), Ok(Some(2)));
    assert_eq!(fails(&throttle, named("ada"), "192.0.2.2", at(30)), Ok(Some(0)));
    assert_eq!(fails(&throttle, named("ada"), "192.0.2.2", at(30)), Err(30));
    assert_eq!(fails(&throttle, named("ada"), "192.0.2.2", at(200)), Ok(Some(2)), "all are back");
}

/// Goal: an address has its own number, whatever port and whatever host of its network; an account that is refused for it
/// has lost nothing.
#[test]
fn an_address_has_so_many_failures() {
    let throttle = throttle();
    for n in 0..5 {
        let address = format!("[2001:db8::{n}]:{n}");
        assert!(fails(&throttle, named(&format!("n{n}")), &address, at(0)).is_ok());
    }
    assert_eq!(fails(&throttle, named("zoe"), "2001:db8::9", at(0)), Err(18));
    assert_eq!(fails(&throttle, named("zoe"), "2001:db8:0:1::9", at(0)), Ok(Some(2)));
    assert!(throttle.take(None, at(0)).is_ok(), "nobody knows from where");
}

/// Goal: S-1: the networks of one IPv6 site share what four of them have.
#[test]
fn an_ipv6_site_has_four_shares() {
    let throttle = throttle();
    for n in 0..20 {
        let address = format!("2001:db8:0:{n:x}::1");
        assert!(fails(&throttle, named(&format!("n{n}")), &address, at(0)).is_ok(), "{n}");
    }
    assert!(fails(&throttle, named("zoe"), "2001:db8:0:ff::1", at(0)).is_err());
    assert!(fails(&throttle, named("zoe"), "2001:db8:1::1", at(0)).is_ok(), "another site");
}

/// Goal: S-1: few tries of an account and from an address wait at one time, right passwords included.
#[test]
fn few_tries_are_undecided_at_one_time() {
    let throttle = throttle();
    let off =
        SignOnLimits { failures_by_account_max: 0, failures_by_address_max: 0, ..SignOnLimits::default() };
    for throttle in [&throttle, &Throttle::new(off)] {
        let many: Vec<_> =
            (0..300).map(|_| taken(throttle, ada(Whence::Elsewhere), "192.0.2.1", at(0))).collect();
        let max = if throttle.limits.failures_by_account_max == 3 { 3 } else { 4 };
        assert_eq!(many.iter().filter(|tried| tried.is_ok()).count(), max);
        assert!(matches!(many.last(), Some(Err(TryRefused::Busy))));
        assert!(taken(throttle, named("bob"), "192.0.2.2", at(0)).is_ok(), "others are not kept out");
        drop(many);
        assert!(
            taken(throttle, ada(Whence::Elsewhere), "192.0.2.1", at(0)).is_ok(),
            "given up is no failure"
        );
    }
    let open = Throttle::new(off);
    let names: Vec<_> = (0..300).map(|n| taken(&open, named(&n.to_string()), "192.0.2.1", at(0))).collect();
    assert_eq!(names.iter().filter(|tried| tried.is_ok()).count(), 64);
}

/// Goal: S-1: so many right passwords of one account at once all go through, a few at a time; of as many guesses at once no more
/// are tried than the account has left.
/// Method: all of them are there before the first one is decided; each is decided when its turn has come.
#[tokio::test]
async fn many_at_once_wait_for_each_other() {
    for (right, tried_max) in [(true, 64), (false, 3)] {
        let limits = SignOnLimits { failures_by_account_max: 3, ..SignOnLimits::default() };
        let throttle = std::sync::Arc::new(Throttle::new(limits));
        let tries: Vec<_> = (0..64)
            .map(|_| {
                let throttle = std::sync::Arc::clone(&throttle);
                tokio::spawn(async move {
                    let from = throttle.take(Some("192.0.2.1"), at(0)).expect("the address has 64");
                    let Ok(tried) = from.at(ada(Whence::Elsewhere), || at(0)).await else { return 0 };
                    tokio::task::yield_now().await;
                    if right {
                        tried.succeeded(at(0));
                    } else {
                        tried.failed(at(0));
                    }
                    1
                })
            })
            .collect();
        let mut tried = 0;
        for one in tries {
            tried += one.await.expect("no panic");
        }
        assert_eq!(tried, tried_max, "right: {right}");
    }
}

/// Goal: S-1: right passwords have a pace, by account and by address, which no right password resets.
#[test]
fn right_passwords_have_a_pace() {
    let limits =
        SignOnLimits { sign_ons_by_account_max: 6, sign_ons_by_address_max: 9, ..SignOnLimits::default() };
    let throttle = Throttle::new(limits);
    let right = |n: u128, address: &str, now| {
        let account = Account::Password { user: user(n), credential: [0; 16], whence: Whence::Elsewhere };
        taken(&throttle, account, address, now).map(|tried| tried.succeeded(now))
    };
    for _ in 0..6 {
        assert_eq!(right(1, "192.0.2.1", at(0)), Ok(()));
    }
    assert_eq!(right(1, "192.0.2.2", at(0)), Err(TryRefused::UsedUp(Span::from_s(10))));
    for _ in 0..3 {
        assert_eq!(right(2, "192.0.2.1", at(0)), Ok(()));
    }
    assert!(right(3, "192.0.2.1", at(0)).is_err(), "the address has used up its own");
    assert_eq!(right(3, "192.0.2.2", at(0)), Ok(()));
    assert_eq!(right(1, "192.0.2.2", at(10)), Ok(()), "one grew back");
    assert!(right(1, "192.0.2.2", at(10)).is_err());
}

/// Goal: who knows the password has the slate wiped clean, and is not counted among the failures.
#[test]
fn a_right_password_forgives() {
    let throttle = throttle();
    let account = ada(Whence::Elsewhere);
    assert_eq!(fails(&throttle, account, "192.0.2.1", at(0)), Ok(Some(2)));
    assert_eq!(fails(&throttle, account, "192.0.2.1", at(0)), Ok(Some(1)));
    taken(&throttle, account, "192.0.2.1", at(0)).expect("a try").succeeded(at(0));
    assert_eq!(fails(&throttle, account, "192.0.2.1", at(0)), Ok(Some(2)));
}

/// Goal: S-12: where an account signed on before it has a count of its own, in both directions.
#[test]
fn a_known_place_has_its_own_count() {
    let throttle = throttle();
    let home = Network::of("192.0.2.7").expect("an address");
    for _ in 0..3 {
        assert!(fails(&throttle, ada(Whence::Elsewhere), "192.0.2.1", at(0)).is_ok());
    }
    assert!(fails(&throttle, ada(Whence::Elsewhere), "192.0.2.1", at(0)).is_err());
    assert_eq!(fails(&throttle, ada(Whence::Known(home)), "192.0.2.7", at(0)), Ok(Some(2)));
    taken(&throttle, ada(Whence::Known(home)), "192.0.2.7", at(0)).expect("a try").succeeded(at(0));
    assert!(fails(&throttle, ada(Whence::Elsewhere), "192.0.2.1", at(0)).is_err(), "it forgives no stranger");
}

/// Goal: S-12: another password, and an administrator's word, begin a new count, on every node that reads the record.
#[test]
fn another_credential_has_a_new_count() {
    let throttle = throttle();
    let mut record = record();
    let of = |user: &adieu_core::User| Account::password_of(user, Whence::Elsewhere);
    for _ in 0..3 {
        assert!(fails(&throttle, of(&record), "192.0.2.1", at(0)).is_ok());
    }
    assert!(fails(&throttle, of(&record), "192.0.2.2", at(0)).is_err());
    record.traits = "{\"a\":1}".into();
    assert!(fails(&throttle, of(&record), "192.0.2.2", at(0)).is_err(), "that is no word about it");
    let unlocked = adieu_core::User { unlocked_at: Some(at(1)), ..record.clone() };
    let enabled = adieu_core::User { enabled_at: at(1), ..record.clone() };
    let renamed = adieu_core::User { password: Some("$new".into()), ..record };
    for changed in [unlocked, enabled, renamed] {
        assert_eq!(fails(&throttle, of(&changed), "192.0.2.2", at(0)), Ok(Some(2)));
    }
}

/// Goal: S-11: no name that somebody may type shares a count with a user's codes.
#[test]
fn codes_are_counted_by_themselves() {
    let throttle = throttle();
    for n in 0..5 {
        let typed = named(&format!("recovery code of {}", user(1)));
        let _ = fails(&throttle, typed, &format!("192.0.2.{n}"), at(0));
        let _ = fails(&throttle, ada(Whence::Elsewhere), &format!("192.0.3.{n}"), at(0));
    }
    let codes = |set| Account::Codes { user: user(1), credential: [set; 16], whence: Whence::Elsewhere };
    assert_eq!(fails(&throttle, codes(1), "192.0.2.9", at(0)), Ok(Some(2)));
    for _ in 0..2 {
        assert!(fails(&throttle, codes(1), "192.0.2.9", at(0)).is_ok());
    }
    assert!(fails(&throttle, codes(1), "192.0.2.9", at(0)).is_err());
    assert_eq!(fails(&throttle, codes(2), "192.0.2.9", at(0)), Ok(Some(2)), "a new set, a new count");
}

/// Goal: S-2: 68,000 random names from an address that is limited make no entry and flush nobody's count.
#[test]
fn a_limited_address_flushes_nothing() {
    let throttle = throttle();
    for _ in 0..3 {
        assert!(fails(&throttle, named("ada"), "192.0.2.1", at(0)).is_ok());
    }
    for n in 0..68_000 {
        let _ = fails(&throttle, named(&n.to_string()), "192.0.2.9", at(0));
    }
    assert_eq!(counts(&throttle), 1 + 5, "ada's, and one for each of the five that the address had");
    assert!(fails(&throttle, named("ada"), "192.0.2.1", at(0)).is_err(), "the count of ada stands");
}

/// Goal: HOME-LIMITS: users who register stay, so one address makes few of them in an hour, however slowly; it signs on as ever, and
/// failed registrations are failures only.
#[test]
fn registrations_of_an_address_have_a_count_of_their_own() {
    let limits = SignOnLimits { registrations_by_address_max: 3, ..SignOnLimits::default() };
    let throttle = Throttle::new(limits);
    let registers = |n: u128, address: &str, now: Timestamp| {
        let tried = throttle.take_registration(Some(address), now)?;
        let account = Account::registration(realm(1), &n.to_string(), tried.network());
        let tried = tried.at_once(account, now).map_err(|(_, refused)| refused)?;
        tried.succeeded(now);
        Ok::<_, TryRefused>(())
    };
    for n in 0..3 {
        registers(n, "192.0.2.1", at(n as i64 * 60)).expect("one of three");
    }
    assert!(matches!(registers(3, "192.0.2.1", at(180)), Err(TryRefused::UsedUp(_))));
    assert!(registers(3, "192.0.2.2", at(180)).is_ok(), "another address");
    assert!(throttle.take(Some("192.0.2.1"), at(180)).is_ok(), "a sign-on");
    assert!(registers(3, "192.0.2.1", at(1400)).is_ok(), "one grows back in twenty minutes");
    for n in 10..22 {
        registers(n, &format!("2001:db8:1:{n}::1"), at(2000)).expect("one of twelve of a /48");
    }
    assert!(registers(30, "2001:db8:1:99::1", at(2000)).is_err());
}

/// Goal: nought is no limit, and nothing is kept of what is not counted.
#[test]
fn nought_is_no_limit() {
    let off = Throttle::new(SignOnLimits {
        failures_by_account_max: 0,
        failures_by_address_max: 0,
        sign_ons_by_account_max: 0,
        sign_ons_by_address_max: 0,
        registrations_by_address_max: 0,
        undecided_by_account_max: 0,
        undecided_by_address_max: 0,
        ..SignOnLimits::default()
    });
    for _ in 0..1000 {
        assert_eq!(fails(&off, named("ada"), "192.0.2.1", at(0)), Ok(None));
    }
    assert_eq!(counts(&off), 0);
}

/// A user called ada.
pub(crate) fn record() -> adieu_core::User {
    adieu_core::User {
        key: adieu_core::UserKey::from_random(1),
        id: user(1),
        realm: realm(1),
        population: adieu_core::PopulationId::from_uuid(Uuid::from_u128(3)),
        username: "ada".into(),
        email: Some("ada@example.test".into()),
        external_id: None,
        enabled: true,
        enabled_at: at(0),
        lock: None,
        unlocked_at: None,
        generation: 0,
        forgotten: 0,
        grants_from: 0,
        signed_on_since: false,
        removed: false,
        password: Some("$old".into()),
        recovery_codes: None,
        traits: "{}".into(),
        metadata_public: None,
        metadata_admin: None,
        roles: Vec::new(),
        version: adieu_core::Version::FIRST,
        created_at: at(0),
        updated_at: at(0),
    }
}
