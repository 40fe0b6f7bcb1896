//! Templates for `tokenize_as`, read and checked. Contract kratos.md 2.2.
//!
//! A template that can't be kept is refused when the configuration is read, and not by the first request.

use adieu_face_kratos::{RESERVED_CLAIMS, Tokenizer};

use super::TokenizerConfig;

/// The longest life of a token that nothing revokes, in seconds.
const LIFE_S_MAX: u64 = 3600;

impl TokenizerConfig {
    /// The template, or what is wrong with it.
    pub fn template(&self) -> Result<Tokenizer, String> {
        if self.name.is_empty() {
            return Err("a template has a name".into());
        }
        if !(1..=LIFE_S_MAX).contains(&self.lifetime_s) {
            return Err(format!("lifetime_s: between 1 and {LIFE_S_MAX}"));
        }
        let claims = self.claims.iter().map(|text| claim(text)).collect::<Result<_, _>>()?;
        Ok(Tokenizer { name: self.name.clone(), life_s: self.lifetime_s, claims })
    }
}

fn claim(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, place)| !name.is_empty() && place.starts_with('/'));
    let (name, place) =
        parts.ok_or_else(|| format!("claims: `{text}` is not of the form `name=/place/in/the/session`"))?;
    if RESERVED_CLAIMS.contains(&name) {
        return Err(format!("claims: `{name}` is in every token already"));
    }
    Ok((name.to_owned(), place.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lifetime_s: u64, claim: &str) -> Result<Tokenizer, String> {
        let claims = vec![claim.to_owned()];
        TokenizerConfig { name: "plain".into(), lifetime_s, claims }.template()
    }

    #[test]
    fn a_template_is_refused_for_what_is_wrong_with_it() {
        let good = check(60, "email=/identity/traits/email").expect("a template");
        assert_eq!(good.claims, [("email".to_owned(), "/identity/traits/email".to_owned())]);
        for (life_s, claim, why) in [
            (0, "a=/b", "lifetime_s"),
            (3601, "a=/b", "lifetime_s"),
            (60, "a", "form"),
            (60, "=/b", "form"),
            (60, "a=b", "form"),
            (60, "sub=/identity/id", "already"),
        ] {
            let refused = check(life_s, claim).expect_err(claim);
            assert!(refused.contains(why), "{claim}: {refused}");
        }
    }
}
