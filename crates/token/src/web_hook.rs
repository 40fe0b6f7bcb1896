//! Secrets and signatures of web hooks, as the Standard Webhooks specification has them (version 1, symmetric).
//!
//! The key is an argument, and the time of a signature, too. What a call says is made elsewhere.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What the text of a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret has.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The secret that a web hook and its receiver share.
#[derive(Clone, PartialEq, Eq)]
pub struct HookSecret(Vec<u8>);

/// A text or some bytes are no secret of a web hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a web hook's secret is whsec_ and 24 to 64 bytes in base64")]
pub struct NotAHookSecret;

impl HookSecret {
    /// The secret of bytes that were drawn, or sealed before.
    ///
    /// # Errors
    /// If they are too few or too many.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, NotAHookSecret> {
        if BYTES.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(NotAHookSecret) }
    }

    /// The secret that somebody brings.
    ///
    /// # Errors
    /// If the text has another form.
    pub fn read(text: &str) -> Result<Self, NotAHookSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NotAHookSecret)?;
        Self::from_bytes(STANDARD.decode(encoded).map_err(|_| NotAHookSecret)?)
    }

    /// Its text, for whoever is shown it.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// Its bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// One signature of a call, as it stands in `webhook-signature`.
    pub fn signature(&self, id: &str, timestamp_s: i64, body: &str) -> String {
        let signed = format!("{id}.{timestamp_s}.{body}");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), signed.as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

impl fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the libraries of the specification test themselves with.
    #[test]
    fn a_call_is_signed_as_the_specification_signs_it() {
        let secret = HookSecret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            secret.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret.text(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn a_secret_has_the_form_and_the_length_that_are_wanted() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for (text, fits) in [
            (of(23), false),
            (of(24), true),
            (of(64), true),
            (of(65), false),
            (of(32).replace("whsec_", ""), false),
            (of(32).replace("whsec_", "whsk_"), false),
            ("whsec_".into(), false),
            (String::new(), false),
            ("whsec_not base64 not base64 not base64 !!".into(), false),
            (format!("{} ", of(32)), false),
        ] {
            assert_eq!(HookSecret::read(&text).is_ok(), fits, "{text}");
        }
        assert_eq!(format!("{:?}", HookSecret::read(&of(32))), "Ok(***)");
    }
}
