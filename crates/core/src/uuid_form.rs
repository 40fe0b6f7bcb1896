//! The form of a version-4 UUID, and the 122 bits beside it that our ids carry their numbers in.
//!
//! Enciphers nothing: what stands in those bits is for each kind of id to say.

/// Bits that a version-4 UUID has left beside its form.
pub(crate) const FREE_BITS: u32 = 122;
/// Where the version (4) and the variant (10) of a UUID stand.
const FORM_MASK: u128 = 0x0000_0000_0000_f000_c000_0000_0000_0000;
const FORM: u128 = 0x0000_0000_0000_4000_8000_0000_0000_0000;

/// Whether a number is a UUID of version 4.
pub(crate) const fn has_form(number: u128) -> bool {
    number & FORM_MASK == FORM
}

/// Puts 122 bits around the version and variant of a UUID.
pub(crate) const fn spread(packed: u128) -> u128 {
    let low = packed & ((1 << 62) - 1);
    let middle = (packed >> 62) & ((1 << 12) - 1);
    let high = packed >> 74;
    (high << 80) | (middle << 64) | low | FORM
}

/// The inverse of [`spread`].
pub(crate) const fn gather(number: u128) -> u128 {
    let low = number & ((1 << 62) - 1);
    let middle = (number >> 64) & ((1 << 12) - 1);
    let high = number >> 80;
    (high << 74) | (middle << 62) | low
}
