//! The body of a line of endings: its entries one behind the other, and only where each of them leads.
//!
//! A single ending takes 20 bytes: locator, incarnation and epoch. An ending of many begins with a bit that no locator has:
//! then come the length of the scope's key, the key, and the generation. All numbers begin with their highest byte.

use adieu_core::{EndingEntry, Incarnation, Locator};

use crate::Damaged;
use crate::{scope_key, scope_of};

/// How an ending of many begins: locators are positive.
const MANY: u8 = 0x80;

/// Where nobody is told of what ended: a bit that no incarnation has.
const ALONE: u64 = 1 << 63;

/// Puts an entry behind those that are there.
pub fn append_entry(body: &mut Vec<u8>, entry: &EndingEntry) {
    match entry {
        EndingEntry::One { locator, incarnation, epoch, told } => {
            body.extend(locator.number().to_be_bytes());
            let alone = if *told { 0 } else { ALONE };
            body.extend((incarnation.number() | alone).to_be_bytes());
            body.extend(epoch.to_be_bytes());
        }
        EndingEntry::Many { scope, generation } => {
            let key = scope_key(scope);
            body.push(MANY);
            body.extend(u16::try_from(key.len()).expect("a client id has at most 255 bytes").to_be_bytes());
            body.extend(key);
            body.extend(generation.to_be_bytes());
        }
    }
}

/// The entries of a line.
pub fn entries(body: &[u8]) -> Result<Vec<EndingEntry>, Damaged> {
    let (mut rest, mut entries) = (body, Vec::new());
    while !rest.is_empty() {
        entries.push(entry(&mut rest).ok_or(Damaged("line of endings"))?);
    }
    Ok(entries)
}

fn entry(rest: &mut &[u8]) -> Option<EndingEntry> {
    if rest[0] & MANY == 0 {
        let locator = Locator::from_number(u64::from_be_bytes(taken(rest)?))?;
        let word = u64::from_be_bytes(taken(rest)?);
        let (incarnation, told) = (Incarnation::from_bits(word & !ALONE), word & ALONE == 0);
        return Some(EndingEntry::One {
            locator,
            incarnation,
            epoch: u32::from_be_bytes(taken(rest)?),
            told,
        });
    }
    let [_] = taken(rest)?;
    let length = u16::from_be_bytes(taken(rest)?);
    let (key, behind) = rest.split_at_checked(length.into())?;
    *rest = behind;
    Some(EndingEntry::Many { scope: scope_of(key)?, generation: u64::from_be_bytes(taken(rest)?) })
}

/// Takes the first bytes away.
fn taken<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use adieu_core::{EndScope, RealmId, UserKey};
    use uuid::Uuid;

    use super::*;

    fn line() -> Vec<EndingEntry> {
        let user = UserKey::from_random(u64::MAX);
        let one = |slot, epoch| EndingEntry::One {
            locator: user.slot(slot).expect("a slot"),
            incarnation: Incarnation::from_bits(u64::MAX),
            epoch,
            told: epoch == 0,
        };
        let many = |scope| EndingEntry::Many { scope, generation: 1_795_166_400_000 };
        vec![
            one(0, 0),
            many(EndScope::User(UserKey::from_random(9))),
            many(EndScope::Realm(RealmId::from_uuid(Uuid::from_u128(7)))),
            one(Locator::SLOTS - 1, u32::MAX),
            many(EndScope::Client("c".repeat(255).parse().expect("a client id"))),
            many(EndScope::Client("x".parse().expect("a client id"))),
        ]
    }

    /// Goal: a line reads back as it was written, and a single ending takes 20 bytes of it.
    #[test]
    fn entries_read_back_as_they_were_written() {
        let mut body = Vec::new();
        line().iter().for_each(|entry| append_entry(&mut body, entry));
        assert_eq!(entries(&body).expect("a line"), line());
        let mut one = Vec::new();
        append_entry(&mut one, &line()[0]);
        assert_eq!(one.len(), 20);
        assert!(entries(&[]).expect("a line").is_empty());
    }

    /// Goal: what no version writes is an error and never a guess.
    #[test]
    fn a_damaged_line_is_an_error() {
        let mut body = Vec::new();
        line().iter().for_each(|entry| append_entry(&mut body, entry));
        let mut ends = 0;
        for cut in 0..body.len() {
            match entries(&body[..cut]) {
                Ok(entries) => {
                    assert_eq!(entries, line()[..entries.len()]);
                    ends += 1;
                }
                Err(error) => assert_eq!(error, Damaged("line of endings")),
            }
        }
        assert_eq!(ends, line().len(), "only between two entries");
        let strange = [&[MANY, 0, 1, b'z'][..], &[0; 8]].concat();
        for damaged in [&[0; 20][..], &strange, &[0xff; 64]] {
            assert!(entries(damaged).is_err(), "{damaged:?}");
        }
    }
}
