//! What a subscriber is sent, in the words that documents and the native API share.
//!
//! A web hook may ask for certain causes; another system says how it knows people. No word means something for both.

use adieu_authority::{Cause, SubjectForm, SubscriberKind};

/// What a subscriber is sent, as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindWords {
    /// `webhook` or `global_token_revocation`.
    pub kind: String,
    /// The causes that a web hook asks for.
    pub causes: Option<Vec<String>>,
    /// The format by which another system knows people.
    pub subject_format: Option<String>,
    /// The issuer that it knows.
    pub issuer: Option<String>,
}

/// What is wrong with these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KindFault {
    /// Another kind.
    #[error("kind: webhook or global_token_revocation")]
    Kind,
    /// A cause that there is not, or one twice.
    #[error("causes: each a cause of an ending, and once")]
    Causes,
    /// Causes of something that asks for none.
    #[error("causes: only of a webhook")]
    CausesOfOther,
    /// A format, or an issuer, of a web hook.
    #[error("subject_format, issuer: only of a global_token_revocation")]
    FormOfHook,
    /// Another format, or none.
    #[error("subject_format: iss_sub, email or opaque")]
    Form,
    /// An issuer without the format that has one, or the other way round.
    #[error("issuer: with the subject_format iss_sub, and with no other")]
    Issuer,
}

impl KindWords {
    /// How a kind is said.
    pub fn of(kind: &SubscriberKind) -> Self {
        let word = kind.word().to_owned();
        match kind {
            SubscriberKind::Webhook { causes } => {
                let causes = causes.iter().map(|cause| cause.word().to_owned()).collect();
                Self { kind: word, causes: Some(causes), ..Self::default() }
            }
            SubscriberKind::GlobalTokenRevocation { subject } => {
                let issuer = match subject {
                    SubjectForm::IssSub { issuer } => Some(issuer.clone()),
                    SubjectForm::Email | SubjectForm::Opaque => None,
                };
                Self { kind: word, causes: None, subject_format: Some(subject.word().into()), issuer }
            }
        }
    }

    /// What these words mean.
    ///
    /// # Errors
    /// If they mean nothing.
    pub fn read(&self) -> Result<SubscriberKind, KindFault> {
        let [hook, revocation] = SubscriberKind::WORDS;
        if self.kind == hook {
            if self.subject_format.is_some() || self.issuer.is_some() {
                return Err(KindFault::FormOfHook);
            }
            return Ok(SubscriberKind::Webhook {
                causes: causes(self.causes.as_deref().unwrap_or_default())?,
            });
        }
        if self.kind != revocation {
            return Err(KindFault::Kind);
        }
        if self.causes.is_some() {
            return Err(KindFault::CausesOfOther);
        }
        let [iss_sub, email, opaque] = SubjectForm::WORDS;
        let subject = match (self.subject_format.as_deref(), self.issuer.clone()) {
            (Some(word), Some(issuer)) if word == iss_sub => SubjectForm::IssSub { issuer },
            (Some(word), None) if word == email => SubjectForm::Email,
            (Some(word), None) if word == opaque => SubjectForm::Opaque,
            (Some(word), _) if SubjectForm::WORDS.contains(&word) => return Err(KindFault::Issuer),
            _ => return Err(KindFault::Form),
        };
        Ok(SubscriberKind::GlobalTokenRevocation { subject })
    }
}

fn causes(words: &[String]) -> Result<Vec<Cause>, KindFault> {
    let mut causes = Vec::new();
    for word in words {
        let cause = Cause::ALL.into_iter().find(|cause| cause.word() == word).ok_or(KindFault::Causes)?;
        if causes.contains(&cause) {
            return Err(KindFault::Causes);
        }
        causes.push(cause);
    }
    Ok(causes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_said_and_what_means_nothing_is_refused() {
        let issuer = || "https://id.example.test".to_owned();
        for kind in [
            SubscriberKind::Webhook { causes: vec![] },
            SubscriberKind::Webhook { causes: vec![Cause::Idle, Cause::SignOff] },
            SubscriberKind::GlobalTokenRevocation { subject: SubjectForm::IssSub { issuer: issuer() } },
            SubscriberKind::GlobalTokenRevocation { subject: SubjectForm::Email },
            SubscriberKind::GlobalTokenRevocation { subject: SubjectForm::Opaque },
        ] {
            assert_eq!(KindWords::of(&kind).read(), Ok(kind));
        }
        let words =
            |kind: &str, causes: Option<&[&str]>, form: Option<&str>, issuer: Option<String>| KindWords {
                kind: kind.into(),
                causes: causes.map(|causes| causes.iter().map(|&cause| cause.to_owned()).collect()),
                subject_format: form.map(str::to_owned),
                issuer,
            };
        let gtr = "global_token_revocation";
        for (said, fault) in [
            (words("mail", None, None, None), KindFault::Kind),
            (words("webhook", Some(&["idle", "idle"]), None, None), KindFault::Causes),
            (words("webhook", Some(&["boredom"]), None, None), KindFault::Causes),
            (words("webhook", None, Some("opaque"), None), KindFault::FormOfHook),
            (words("webhook", None, None, Some(issuer())), KindFault::FormOfHook),
            (words(gtr, Some(&[]), Some("opaque"), None), KindFault::CausesOfOther),
            (words(gtr, None, None, None), KindFault::Form),
            (words(gtr, None, Some("phone_number"), None), KindFault::Form),
            (words(gtr, None, Some("iss_sub"), None), KindFault::Issuer),
            (words(gtr, None, Some("email"), Some(issuer())), KindFault::Issuer),
        ] {
            assert_eq!(said.read(), Err(fault), "{said:?}");
        }
    }
}
