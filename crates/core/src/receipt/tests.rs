//! What each answer comes to: the matrix of decision 0027.
//!
//! No try is made; every answer is given.

use uuid::Uuid;

use super::*;

fn at(s: i64) -> Timestamp {
    Timestamp::from_ms(s * 1000)
}

const LEASE: Timestamp = Timestamp::from_ms(30_000);

fn receipt() -> Receipt {
    let subject = crate::notice::NoticeSubject {
        issuer: "https://id.test".into(),
        sub: "ada".into(),
        sid: None,
        algorithm: "RS256".into(),
    };
    let receiver = Receiver::Client("shop".parse().expect("a client"));
    let notice = OwedNotice { receiver, message: Some(NoticeMessage::Logout(subject)) };
    let place = EndingPlace::of(7, 0).expect("a place");
    Receipt::owed(place, RealmId::from_uuid(Uuid::from_u128(1)), notice, at(0), at(1)).leased(LEASE, at(0))
}

fn settlement(answer: NoticeAnswer) -> Settlement {
    Settlement { key: receipt().key(), lease: LEASE, began_at: at(2), answer, said: None, chance: 0 }
}

fn settled(receipt: &Receipt, answer: NoticeAnswer, now: Timestamp) -> Receipt {
    decide_settlement(receipt, &settlement(answer), now).expect("it is settled")
}

const fn status(code: u16) -> NoticeAnswer {
    NoticeAnswer::Status { code, retry_after: None }
}

const fn asks(code: u16, s: i64) -> NoticeAnswer {
    NoticeAnswer::Status { code, retry_after: Some(Span::from_s(s)) }
}

/// S-BCL-18, S-BCL-19, S-BCL-20, S-BCL-21.
#[test]
fn each_answer_comes_to_what_the_matrix_says() {
    use NoticeAnswer::{AddressRefused, CertificateRefused, NoAddress, NotComposed, TimedOut, Unreachable};
    let pending = |ms| ReceiptState::Pending { due_at: Timestamp::from_ms(10_000 + ms), leased: false };
    for (answer, state) in [
        (status(200), ReceiptState::Confirmed { at: at(10) }),
        (status(204), ReceiptState::Confirmed { at: at(10) }),
        (status(400), ReceiptState::Refused { at: at(10) }),
        // Success of another kind is no confirmation, and no redirect is followed.
        (status(201), pending(500)),
        (status(202), pending(500)),
        (status(302), pending(500)),
        (status(308), pending(500)),
        (status(401), pending(500)),
        (status(404), pending(500)),
        (status(410), pending(500)),
        (status(429), pending(500)),
        (asks(429, 7), pending(7000)),
        (asks(503, 120), pending(120_000)),
        (asks(503, 0), pending(500)),
        (asks(429, 1_000_000), pending(PAUSE_MAX.ms())),
        (asks(500, 120), pending(500)),
        (asks(400, 7), ReceiptState::Refused { at: at(10) }),
        (status(500), pending(500)),
        (status(502), pending(500)),
        (status(503), pending(500)),
        (TimedOut, pending(500)),
        (Unreachable, pending(500)),
        (CertificateRefused, pending(500)),
        (AddressRefused, pending(500)),
        (NotComposed, pending(500)),
        (NoAddress, ReceiptState::CannotBeTold),
    ] {
        let after = settled(&receipt(), answer, at(10));
        assert_eq!((after.state, after.tries), (state, 1), "{answer:?}");
        assert_eq!(after.last.expect("it was tried").answer, answer);
    }
}

#[test]
fn pauses_double_up_to_six_hours_and_chance_shortens_them_by_up_to_half() {
    for (tries, ms) in [(1, 500), (2, 1000), (3, 2000), (10, 256_000), (16, 16_384_000), (17, 21_600_000)] {
        assert_eq!(pause_after(tries, 0).ms(), ms, "behind {tries}");
        assert_eq!(pause_after(tries, u16::MAX).ms(), ms / 2, "behind {tries}");
    }
    assert_eq!(pause_after(u32::MAX, 0), PAUSE_MAX);
    assert!(pause_after(0, u16::MAX).ms() > 0);
}

/// Goal: a receiver that is down for a day hears of it, and of one that is gone nobody says that it is still being told.
#[test]
fn a_notice_is_tried_for_a_day_and_then_given_up_in_sight() {
    let (mut receipt, mut now, mut tries) = (receipt(), at(1), 0);
    loop {
        let after = settled(&receipt, status(500), now);
        tries += 1;
        match after.state {
            ReceiptState::Pending { due_at, .. } => {
                assert!(now < due_at && due_at.since(now) <= PAUSE_MAX);
                now = due_at;
                receipt = after.leased(LEASE, at(0));
            }
            state => {
                assert_eq!(state, ReceiptState::GivenUp { at: now });
                assert_eq!((after.tries, after.last.expect("an answer").answer), (tries, status(500)));
                break;
            }
        }
    }
    let tried = now.since(at(1));
    assert!(tried >= TRIED_FOR && tried <= Span::from_s(TRIED_FOR.s() + PAUSE_MAX.s()), "{tried:?}");
    assert!((15..40).contains(&tries), "{tries}");
}

/// Goal: of two who try one notice, because the first one's lease ran out, none undoes what the other one says.
#[test]
fn a_late_try_counts_if_it_got_through() {
    let taken_over = receipt().leased(at(60), at(0));
    assert_eq!(decide_settlement(&taken_over, &settlement(status(500)), at(40)), None);
    assert_eq!(decide_settlement(&taken_over, &settlement(status(400)), at(40)), None);
    let late = decide_settlement(&taken_over, &settlement(status(200)), at(40)).expect("it got through");
    assert_eq!(late.state, ReceiptState::Confirmed { at: at(40) });
    assert_eq!(decide_settlement(&late, &settlement(status(204)), at(41)), None, "the first one counts");
    let refused = settled(&receipt(), status(400), at(10));
    assert_eq!(decide_settlement(&refused, &settlement(status(500)), at(41)), None);
    let given_up = receipt().given_up(at(5)).expect("pending");
    assert!(decide_settlement(&given_up, &settlement(status(200)), at(6)).is_some());
    assert_eq!(decide_settlement(&given_up, &settlement(status(500)), at(6)), None);
}

#[test]
fn what_is_not_confirmed_can_be_retried_and_what_is_pending_given_up() {
    let refused = settled(&receipt(), status(400), at(10));
    let again = refused.retried(at(90)).expect("it may");
    assert_eq!(again.state, ReceiptState::Pending { due_at: at(0), leased: false }, "before all others");
    assert_eq!((again.next_try_at(), refused.next_try_at()), (Some(at(90)), None));
    assert_eq!((again.tried_from, again.tries), (at(90), 1));
    assert!(refused.given_up(at(90)).is_none());
    let waiting = settled(&receipt(), status(500), at(10));
    assert!(waiting.retried(at(11)).is_some() && waiting.given_up(at(11)).is_some());
    assert!(receipt().retried(at(11)).is_none(), "somebody tries it already");
    assert_eq!(
        receipt().freed(at(11)).expect("leased").state,
        ReceiptState::Pending { due_at: at(11), leased: false }
    );
    assert!(waiting.freed(at(11)).is_none());
    let confirmed = settled(&receipt(), status(200), at(10));
    assert!(confirmed.retried(at(11)).is_none() && confirmed.given_up(at(11)).is_none());
    let notice = OwedNotice { receiver: Receiver::Client("mute".parse().expect("a client")), message: None };
    let mute = Receipt::owed(receipt().place, receipt().realm, notice, at(0), at(1));
    assert_eq!(mute.state, ReceiptState::CannotBeTold);
    assert!(mute.retried(at(2)).is_none() && mute.given_up(at(2)).is_none());
}

#[test]
fn states_are_numbered_as_their_words() {
    for state in [
        receipt().state,
        ReceiptState::Confirmed { at: at(0) },
        ReceiptState::Refused { at: at(0) },
        ReceiptState::GivenUp { at: at(0) },
        ReceiptState::CannotBeTold,
    ] {
        assert_eq!(ReceiptState::WORDS[usize::from(state.number())], state.word());
        assert_eq!(state.is_settled(), state.number() != 0);
    }
}

/// S-GTR-7, S-UL-5; Standard Webhooks: what an answer means depends on what was sent.
#[test]
fn an_answer_of_a_subscriber_means_what_its_specification_says() {
    use crate::subscriber_notices::{HookEvent, HookReach, RevokedSubject};
    let of = |message| Receipt { message: Some(message), ..receipt() };
    let event = HookEvent { reach: HookReach::Realm, record: None };
    let hook = of(NoticeMessage::Hook(std::sync::Arc::new(event)));
    let revocation = of(NoticeMessage::Revocation(RevokedSubject::Opaque("ada".into())));
    for (code, of_hook, of_revocation) in [
        (200, "confirmed", "confirmed"),
        (201, "confirmed", "pending"),
        (202, "confirmed", "pending"),
        (204, "confirmed", "confirmed"),
        (302, "pending", "pending"),
        (400, "pending", "refused"),
        (401, "pending", "pending"),
        (403, "pending", "pending"),
        (404, "pending", "refused"),
        (410, "refused", "pending"),
        (422, "pending", "refused"),
        (429, "pending", "pending"),
        (500, "pending", "pending"),
    ] {
        for (receipt, word) in [(&hook, of_hook), (&revocation, of_revocation)] {
            let settlement = Settlement { key: receipt.key(), ..settlement(status(code)) };
            let settled = decide_settlement(receipt, &settlement, at(10)).expect("it is settled");
            assert_eq!(settled.state.word(), word, "{code} of {:?}", receipt.message);
        }
    }
}

/// Goal: HOME-LIMITS: a day is a day, whether a notice was tried or waited for its turn; what is tried just now is left to that.
#[test]
fn what_nobody_tried_in_its_day_is_given_up() {
    let day = 24 * 3600;
    let waits = |from: i64, due: i64, leased| {
        let state = ReceiptState::Pending { due_at: at(due), leased };
        Receipt { state, tried_from: at(from), ..receipt() }
    };
    for (receipt, now, is_over) in [
        (waits(0, 0, false), day - 1, false),
        (waits(0, 0, false), day, true),
        (waits(0, day - 10, false), day + 6 * 3600 - 11, false),
        (waits(0, day - 10, false), day + 6 * 3600 - 10, true),
        (waits(5, 0, false), day, false),
        (waits(0, day, true), day, false),
        (waits(0, 30, true), day, true),
    ] {
        let state = receipt.overdue(at(-5), at(now)).map(|over| over.state);
        assert_eq!(state, is_over.then_some(ReceiptState::GivenUp { at: at(now) }), "{receipt:?} {now}");
        let just_begun = receipt.overdue(at(now), at(now));
        assert!(just_begun.is_none(), "nobody could try it: {receipt:?} {now}");
    }
}

/// Goal: NOTICE-WITH-ENDING: a day in which nobody told any notice is no day of tries: the rest of it begins when somebody does.
#[test]
fn what_nobody_could_try_keeps_its_day() {
    let day = 24 * 3600;
    let waits = |due: i64| {
        let state = ReceiptState::Pending { due_at: at(due), leased: false };
        Receipt { state, tried_from: at(10), ..receipt() }
    };
    for (due, telling_since, tried_from) in [
        (100, 50, 10),
        (100, 100, 10),
        (100, 2 * day, 2 * day - 90),
        (5, 2 * day, 2 * day), // one that is to be tried before all others
    ] {
        let leased = waits(due).leased(at(3 * day), at(telling_since));
        assert_eq!(leased.tried_from, at(tried_from), "{due} {telling_since}");
        assert_eq!(leased.state, ReceiptState::Pending { due_at: at(3 * day), leased: true });
    }
    // Whoever tried it is gone since then.
    let freed = waits(0).leased(at(130), at(0)).freed(at(2 * day)).expect("it was leased");
    assert_eq!(freed.leased(at(3 * day), at(2 * day)).tried_from, at(2 * day - 120));
    let soon = waits(0).leased(at(130), at(0)).freed(at(99)).expect("it was leased");
    assert_eq!(soon.state, ReceiptState::Pending { due_at: at(99), leased: false });
}

/// Goal: what has no address any more is settled without a try, but for one that is under way.
#[test]
fn what_has_no_address_is_settled_untried() {
    let state = |due, leased| ReceiptState::Pending { due_at: at(due), leased };
    for (state, settles) in [(state(50, false), true), (state(9, true), true), (state(50, true), false)] {
        let receipt = Receipt { state, ..receipt() };
        let settled = receipt.without_address(at(10));
        assert_eq!(settled.is_some(), settles, "{state:?}");
        let Some(settled) = settled else { continue };
        assert_eq!((settled.state, settled.tries), (ReceiptState::CannotBeTold, receipt.tries));
        assert_eq!(settled.last.map(|tried| tried.answer), Some(NoticeAnswer::NoAddress));
        assert!(Receipt { state: ReceiptState::CannotBeTold, ..receipt }.without_address(at(10)).is_none());
    }
}
