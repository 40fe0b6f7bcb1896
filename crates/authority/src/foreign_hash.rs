//! Password hashes that were made elsewhere: bcrypt, PBKDF2, scrypt, salted SHA.
//!
//! They are only ever verified. Whoever signs on with one gets a hash of our own kind, so they die out. What costs more
//! than a sign-on may is refused at the import (HOME-LIMITS).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// 2^14 rounds of bcrypt: about a second.
const BCRYPT_COST_MAX: u32 = 14;
const PBKDF2_ROUNDS_MAX: u32 = 2_000_000;
/// Memory of scrypt: 128 bytes, times r, times 2^ln.
const SCRYPT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What a round of bcrypt and a KiB of scrypt cost, in passes of argon2 over a KiB.
const BCRYPT_ROUND_WORK: u64 = 105;
const SCRYPT_KIB_WORK: u64 = 3;
/// Longest salt and hash that are taken.
const BYTES_MAX: usize = 256;

/// A hash that was made elsewhere, taken apart.
pub(crate) enum ForeignHash {
    Bcrypt(String),
    Pbkdf2 { sha: Sha, rounds: u32, salt: Vec<u8>, hash: Vec<u8> },
    Scrypt { params: scrypt::Params, salt: Vec<u8>, hash: Vec<u8> },
    Salted { sha: Sha, salt: Vec<u8>, hash: Vec<u8> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sha {
    One,
    TwoFiftySix,
    FiveTwelve,
}

impl Sha {
    const fn bytes(self) -> usize {
        match self {
            Self::One => 20,
            Self::TwoFiftySix => 32,
            Self::FiveTwelve => 64,
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "sha1" => Some(Self::One),
            "sha256" => Some(Self::TwoFiftySix),
            "sha512" => Some(Self::FiveTwelve),
            _ => None,
        }
    }
}

impl ForeignHash {
    /// Takes a hash apart; none if it is of no kind that is known here, or costs too much.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        if let Some(rest) = text.strip_prefix("$pbkdf2-") {
            return pbkdf2(rest);
        }
        if let Some(rest) = text.strip_prefix("$scrypt$") {
            return scrypt(rest);
        }
        for (prefix, sha) in
            [("{SSHA}", Sha::One), ("{SSHA256}", Sha::TwoFiftySix), ("{SSHA512}", Sha::FiveTwelve)]
        {
            if let Some(rest) = text.strip_prefix(prefix) {
                return salted(sha, rest);
            }
        }
        bcrypt(text)
    }

    /// About how much work it is to verify, measured against passes of argon2 over a KiB.
    pub(crate) fn work(&self) -> u64 {
        match self {
            Self::Bcrypt(text) => {
                let cost = text.get(4..6).and_then(|cost| cost.parse::<u32>().ok()).unwrap_or_default();
                BCRYPT_ROUND_WORK << cost.min(BCRYPT_COST_MAX)
            }
            Self::Pbkdf2 { sha: Sha::One | Sha::TwoFiftySix, rounds, .. } => u64::from(*rounds) / 5,
            Self::Pbkdf2 { sha: Sha::FiveTwelve, rounds, .. } => u64::from(*rounds) * 4 / 5,
            Self::Scrypt { params, .. } => {
                let kib = (u64::from(params.r()) << params.log_n()) / 8;
                kib * u64::from(params.p()) * SCRYPT_KIB_WORK
            }
            Self::Salted { .. } => 0,
        }
    }

    pub(crate) fn verify(&self, password: &[u8]) -> bool {
        match self {
            Self::Bcrypt(text) => bcrypt::verify(password, text).unwrap_or(false),
            Self::Pbkdf2 { sha, rounds, salt, hash } => {
                let mut output = vec![0; hash.len()];
                match sha {
                    Sha::One => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, *rounds, &mut output),
                    Sha::TwoFiftySix => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, *rounds, &mut output),
                    Sha::FiveTwelve => pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, *rounds, &mut output),
                }
                same(&output, hash)
            }
            Self::Scrypt { params, salt, hash } => {
                let mut output = vec![0; hash.len()];
                scrypt::scrypt(password, salt, params, &mut output).is_ok() && same(&output, hash)
            }
            Self::Salted { sha, salt, hash } => {
                let output = match sha {
                    Sha::One => Sha1::new().chain_update(password).chain_update(salt).finalize().to_vec(),
                    Sha::TwoFiftySix => {
                        Sha256::new().chain_update(password).chain_update(salt).finalize().to_vec()
                    }
                    Sha::FiveTwelve => {
                        Sha512::new().chain_update(password).chain_update(salt).finalize().to_vec()
                    }
                };
                same(&output, hash)
            }
        }
    }
}

fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// Base64 with or without padding.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let decoded = STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    (1..=BYTES_MAX).contains(&decoded.len()).then_some(decoded)
}

/// The number of a `name=` in a list of parameters.
fn number<T: std::str::FromStr>(params: &str, name: &str) -> Option<T> {
    params.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

fn bcrypt(text: &str) -> Option<ForeignHash> {
    // The oldest mark, `$2$`, stands for the same computation.
    let text = text.strip_prefix("$2$").map_or_else(|| text.to_owned(), |rest| format!("$2b${rest}"));
    let known = ["$2a$", "$2b$", "$2y$"].iter().any(|mark| text.starts_with(mark)) && text.len() == 60;
    let (cost, rest) = text.get(4..)?.split_once('$')?;
    let digits = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
    let cost: u32 = cost.parse().ok()?;
    // Salt and hash in bcrypt's own base64.
    let sound = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte));
    let kept = known && digits && sound && (4..=BCRYPT_COST_MAX).contains(&cost);
    kept.then_some(ForeignHash::Bcrypt(text))
}

fn pbkdf2(rest: &str) -> Option<ForeignHash> {
    let [name, params, salt, hash] = rest.split('$').collect::<Vec<_>>().try_into().ok()?;
    let sha = Sha::named(name)?;
    let (rounds, salt, hash) = (number(params, "i")?, bytes(salt)?, bytes(hash)?);
    let length: Option<usize> = number(params, "l");
    let sound = (1..=PBKDF2_ROUNDS_MAX).contains(&rounds) && length.is_none_or(|length| length == hash.len());
    sound.then_some(ForeignHash::Pbkdf2 { sha, rounds, salt, hash })
}

fn scrypt(rest: &str) -> Option<ForeignHash> {
    let [params, salt, hash] = rest.split('$').collect::<Vec<_>>().try_into().ok()?;
    let (ln, r, p): (u32, u32, u32) = (number(params, "ln")?, number(params, "r")?, number(params, "p")?);
    // Kratos writes N itself where others write its logarithm (F-14).
    let ln = match ln {
        1..32 => ln as u8,
        n if n.is_power_of_two() => n.ilog2() as u8,
        _ => return None,
    };
    let memory = 128u64.checked_mul(r.into())?.checked_shl(ln.into())?;
    let params = scrypt::Params::new(ln, r, p).ok().filter(|_| memory <= SCRYPT_BYTES_MAX && p <= 4)?;
    Some(ForeignHash::Scrypt { params, salt: bytes(salt)?, hash: bytes(hash)? })
}

fn salted(sha: Sha, rest: &str) -> Option<ForeignHash> {
    let mut hash = STANDARD.decode(rest).ok().filter(|bytes| bytes.len() <= BYTES_MAX)?;
    if hash.len() <= sha.bytes() {
        return None;
    }
    let salt = hash.split_off(sha.bytes());
    Some(ForeignHash::Salted { sha, salt, hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, password: &str) {
        let hash = ForeignHash::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert!(hash.verify(password.as_bytes()), "{text}");
        assert!(!hash.verify(format!("{password}x").as_bytes()), "{text}");
    }

    #[test]
    fn hashes_made_by_others_know_their_password() {
        // RFC 7914 §11 and §12; the third of the scrypt vectors.
        check(
            "$pbkdf2-sha256$i=1,l=64$c2FsdA$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLxJypzM8Xm2RZkWZLOdd+8xfHG4RbHjC9UJESBB06GXgw",
            "passwd",
        );
        check(
            "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
            "pleaseletmein",
        );
        // The same as Kratos writes it: the cost itself, base64 with padding (F-14).
        check(
            "$scrypt$ln=16384,r=8,p=1$U29kaXVtQ2hsb3JpZGU=$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw==",
            "pleaseletmein",
        );
        check("$2b$04$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie", "correctbatteryhorsestapler");
    }

    #[test]
    fn what_is_no_hash_or_costs_too_much_is_refused() {
        for bad in [
            "",
            "x",
            "$2b$31$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie",
            "$2b$+4$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie",
            "$2b$04$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxci!",
            "$2b$04$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxc\u{e9}",
            "$pbkdf2-sha256$i=1,\n$c2FsdA$AAAA",
            "$pbkdf2-sha256$i=99999999,l=32$c2FsdA$AAAA",
            "$pbkdf2-md5$i=1,l=3$c2FsdA$AAAA",
            "$pbkdf2-sha256$i=1,l=9$c2FsdA$AAAA",
            "$scrypt$ln=30,r=8,p=1$c2FsdA$AAAA",
            "$scrypt$ln=10,r=8,p=99$c2FsdA$AAAA",
            "$scrypt$ln=16383,r=8,p=1$c2FsdA$AAAA",
            "$scrypt$ln=1073741824,r=8,p=1$c2FsdA$AAAA",
            "{SSHA}AAAA",
            "{SSHA}!",
            "$pbkdf2-sha256$$$$$",
        ] {
            assert!(ForeignHash::parse(bad).is_none(), "{bad}");
        }
    }
}
