//! Why a document can't be meant, and why what it says was not made so.
//!
//! They state what is so, for people and by kind. Nothing here knows a status code.

use std::path::PathBuf;

use adieu_authority::{
    DirectoryError, JwksFault, Outage, PersonError, RecordFault, SubscriberError, Unwritten, UpstreamFault,
    UpstreamProviderError,
};

use crate::subscriber_words::KindFault;

/// A document can't be meant.
#[derive(Debug, thiserror::Error)]
#[error("{}{fault}", within.iter().map(|place| format!("{place}: ")).collect::<String>())]
pub struct DocumentError {
    /// Where the fault stands, from the outside in: `realm /alpha`, `user eve`.
    within: Vec<String>,
    /// What is wrong there.
    fault: DocumentFault,
}

impl DocumentError {
    /// What is wrong.
    pub const fn fault(&self) -> &DocumentFault {
        &self.fault
    }

    /// All of these in one; nothing if there are none.
    pub(crate) fn of_all(mut faults: Vec<Self>) -> Result<(), Self> {
        match faults.len() {
            0 => Ok(()),
            1 => faults.pop().map_or(Ok(()), Err),
            _ => Err(DocumentFault::Several(faults).into()),
        }
    }
}

impl From<DocumentFault> for DocumentError {
    fn from(fault: DocumentFault) -> Self {
        Self { within: Vec::new(), fault }
    }
}

/// What is wrong with a document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentFault {
    /// It is no TOML, has names that nobody knows, or values of another kind: each with its line.
    #[error("{}", in_lines(.0))]
    Unreadable(Vec<String>),
    /// More than one thing, each where it stands.
    #[error("{}", in_lines(&.0.iter().map(ToString::to_string).collect::<Vec<_>>()))]
    Several(Vec<DocumentError>),
    /// The same thing is spoken of twice.
    #[error("{0} is named twice")]
    Twice(String),
    /// The path of a realm.
    #[error("a path is names behind slashes, in small letters, digits, -, _ and .: /alpha, /alpha/sub")]
    Path,
    /// An id that is not one.
    #[error("`id` is a UUID, and not of zeros only")]
    NotUuid,
    /// The thing of this name has another id.
    #[error("it is there with the id {0}, which never changes")]
    OtherId(String),
    /// A user of this name has another id.
    #[error("somebody of this name is there with the id {0}, which never changes")]
    OtherUser(String),
    /// The id is another one's.
    #[error("{owner} has the id {id}")]
    IdTaken {
        /// Whose it is: `another realm`, `a user of another realm`.
        owner: &'static str,
        /// The id.
        id: String,
    },
    /// The id was a user's who was removed. Sessions, endings and tokens of that user bear it still.
    #[error(
        "the id {0} belonged to a user who was removed, and nobody gets it again: leave `id` out, and the user gets another one"
    )]
    IdOfRemovedUser(String),
    /// The id was a client's of another realm.
    #[error("the id {0} belonged to a client of another realm that was removed, and comes back only there")]
    IdOfRemovedClient(String),
    /// Somebody else has the name, and keeps it.
    #[error("the name {name} is taken by the user {owner}, who keeps it")]
    NameTaken {
        /// The name, the e-mail address or the external id.
        name: String,
        /// Who has it.
        owner: String,
    },
    /// Two users of the document would have it.
    #[error("the name {0} is given to another user, too")]
    NameOfTwo(String),
    /// Users take each other's names, so that none of them is free first.
    #[error("users take each other's names: give one of them another name first")]
    NamesGoRound,
    /// Several populations have this name.
    #[error("more than one has this name: say which one with `id`")]
    Ambiguous,
    /// What no record may say.
    #[error(transparent)]
    Record(#[from] RecordFault),
    /// A client's id.
    #[error("an id has 1 to 255 visible characters")]
    ClientId,
    /// A subscriber's name.
    #[error("a subscriber's `id` has 1 to 64 letters, digits, -, _ and . of ASCII")]
    SubscriberId,
    /// What a subscriber is sent.
    #[error(transparent)]
    Kind(#[from] KindFault),
    /// A subscriber of another kind is there.
    #[error("it is there with another `kind`, which never changes: remove it first")]
    KindStays,
    /// A secret in two places.
    #[error("give one of `secret_env` and `secret_file`")]
    ManySecrets,
    /// Another system's token, which nobody can draw.
    #[error("a new `global_token_revocation` has its bearer token in `secret_env` or `secret_file`")]
    NoToken,
    /// The same, which was brought for one place.
    #[error(
        "another scheme, host or port in `address` takes the bearer token anew, in `secret_env` or `secret_file`"
    )]
    TokenOfAnotherPlace,
    /// The id of a document that a dialect keeps.
    #[error("an id has 1 to 255 characters")]
    IdLength,
    /// Its body.
    #[error("`body` has at most {0} bytes")]
    BodyTooLarge(usize),
    /// Its kind.
    #[error("there is no such kind; there are: {0}")]
    UnknownKind(String),
    /// The text of a member is no JSON.
    #[error("`{0}` is JSON")]
    NotJson(&'static str),
    /// An object in the text of a member has two members of one name.
    #[error("`{member}`: the member `{name}` stands there twice")]
    RepeatedMember {
        /// Whose text: `traits`, `body`.
        member: &'static str,
        /// The name, which is cut if it is long.
        name: String,
    },
    /// Keys of a client that are not taken.
    #[error("`jwks`: {0}")]
    Jwks(#[from] JwksFault),
    /// An algorithm that is not used here.
    #[error("`{0}` is RS256, ES256 or EdDSA")]
    Algorithm(&'static str),
    /// Traits are something else.
    #[error("`traits` is a JSON object")]
    NotAnObject,
    /// A user would be left in a population that goes.
    #[error("the population is to be removed, and the user is in it")]
    PopulationGoes,
    /// A hash of no known kind.
    #[error("`password_hash` is of no kind that is known here: argon2, bcrypt, PBKDF2, scrypt or salted SHA")]
    UnknownHash,
    /// Several first passwords.
    #[error("give one of `password_env`, `password_file` and `password_hash`")]
    ManyPasswords,
    /// An upstream provider that cannot be so.
    #[error(transparent)]
    Upstream(#[from] UpstreamFault),
    /// Another issuer is another provider.
    #[error("it is there with the issuer {0}, which never changes")]
    OtherIssuer(String),
    /// More upstream providers than a realm may have.
    #[error("a realm has at most {0} upstream providers")]
    ManyUpstreams(usize),
    /// Several secrets.
    #[error("give one of `client_secret_env` and `client_secret_file`")]
    ManyClientSecrets,
    /// A realm in which no user can be.
    #[error("the realm has no population")]
    NoPopulation,
    /// No population has this name or id.
    #[error("there is no population {0}")]
    UnknownPopulation(String),
    /// Several populations have the name that a user or role gives.
    #[error("more than one population is called {0}: give its id")]
    AmbiguousPopulation(String),
    /// No realm has this path.
    #[error("there is no realm {0}")]
    UnknownRealm(String),
    /// No such role.
    #[error("there is no role {role}; there are: {known}")]
    UnknownRole {
        /// As it was written.
        role: String,
        /// Those that there are.
        known: String,
    },
}

/// Faults that are told of one document; a program may have written as many as there are users.
const TOLD_MAX: usize = 50;

/// One fault as it is; several below each other, the first of them.
fn in_lines(faults: &[String]) -> String {
    if let [one] = faults {
        return one.clone();
    }
    let mut told = "several faults:".to_owned();
    for fault in faults.iter().take(TOLD_MAX) {
        told.push_str("\n  ");
        told.push_str(fault);
    }
    let more = faults.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        told.push_str(&format!("\n  and {more} more"));
    }
    told
}

/// Adds the place in the document to an error that comes from inside it.
pub(crate) trait Within<T> {
    fn within(self, place: impl FnOnce() -> String) -> Result<T, DocumentError>;
}

impl<T, E: Into<DocumentError>> Within<T> for Result<T, E> {
    fn within(self, place: impl FnOnce() -> String) -> Result<T, DocumentError> {
        self.map_err(|error| {
            let mut error = error.into();
            error.within.insert(0, place());
            error
        })
    }
}

/// The fault, unless that is so.
pub(crate) fn ensure(so: bool, fault: impl FnOnce() -> DocumentFault) -> Result<(), DocumentFault> {
    if so { Ok(()) } else { Err(fault()) }
}

/// A first password can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not there, or is no text.
    #[error("the variable {0} is not set")]
    NotSet(String),
    /// The file is not there, or can't be read.
    #[error("the file {0} can't be read")]
    Unreadable(PathBuf, #[source] Option<std::io::Error>),
    /// The rules of the realm do not allow it, or it can't be asked whether they do.
    #[error(transparent)]
    Refused(#[from] PersonError),
}

/// What is there can't be told, or is more than a document holds.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// The store does not answer.
    #[error(transparent)]
    Outage(#[from] Outage),
    /// Backups are the way to move an installation of this size.
    #[error("there are more than {0} users: a document holds no more")]
    ManyUsers(usize),
    /// A dialect keeps too much.
    #[error("there are too many documents of kind {0}")]
    ManyDocuments(&'static str),
}

/// Why what a document says was not made so, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// It can't be meant; nothing was changed.
    #[error("the document can't be applied: {0}")]
    Document(#[from] DocumentError),
    /// A first password can't be had; nothing was changed.
    #[error("the document can't be applied: nothing was changed: {step}: {source}")]
    Secret {
        /// The step that needs it.
        step: String,
        /// Why.
        source: SecretError,
    },
    /// What is there can't be told; nothing was changed.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// A step was refused; what stands before it is done.
    #[error("stopped at `{step}`; what stands before it is done: {source}")]
    Stopped {
        /// The step.
        step: String,
        /// Why.
        source: StepError,
    },
}

impl ApplyError {
    /// Whether somebody changed a record after the plan had seen it: there is another plan to make.
    pub const fn is_stale(&self) -> bool {
        matches!(self, Self::Stopped { source: StepError::Directory(DirectoryError::Stale), .. })
    }
}

/// Why a step was not made.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The directory refused it.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The user was not made.
    #[error(transparent)]
    Person(#[from] PersonError),
    /// The subscriber was not made or changed.
    #[error(transparent)]
    Subscriber(SubscriberError),
    /// The store did not write, or cannot confirm that it did.
    #[error(transparent)]
    Unwritten(#[from] Unwritten),
    /// The upstream provider was not made or changed.
    #[error(transparent)]
    Upstream(UpstreamProviderError),
    /// The store does not answer.
    #[error(transparent)]
    Outage(#[from] Outage),
}

impl From<SubscriberError> for StepError {
    fn from(error: SubscriberError) -> Self {
        match error {
            SubscriberError::Directory(error) => Self::Directory(error),
            error => Self::Subscriber(error),
        }
    }
}

impl From<UpstreamProviderError> for StepError {
    fn from(error: UpstreamProviderError) -> Self {
        match error {
            UpstreamProviderError::Directory(error) => Self::Directory(error),
            error => Self::Upstream(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_where_it_stands_from_the_outside_in() {
        let fault: Result<(), _> = Err(DocumentFault::NotUuid);
        let error = fault.within(|| "user eve".into()).within(|| "realm /alpha".into()).expect_err("a fault");
        assert_eq!(error.to_string(), "realm /alpha: user eve: `id` is a UUID, and not of zeros only");
    }
}
