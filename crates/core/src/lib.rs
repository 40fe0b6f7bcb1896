//! Sessions and their endings: pure decisions, no I/O, no async.
//!
//! Nothing here reads a clock, draws randomness, opens a file or knows anyone's wire format: facts come in as
//! arguments, changes and outcomes go out. The engines apply the changes, the faces translate the outcomes.
//! The words are those of `ARCHITECTURE.md`; the promises cited in capitals stand there too.

pub mod account_lock;
pub mod amend;
pub mod applications;
pub mod assurance;
pub mod cause;
pub mod check;
mod client_bounds;
mod client_sid;
mod client_signing;
pub mod clients;
pub mod confirm_codes;
pub mod consent;
pub mod directory;
pub mod document;
pub mod ended;
pub mod ending;
pub mod ending_entry;
pub mod ending_id;
pub mod ending_record;
pub mod entropy;
pub mod facts;
pub mod flow;
pub mod found_ending;
pub mod free_place;
pub mod grant;
pub mod grant_facts;
pub mod how_ended;
mod how_told;
pub mod ids;
pub mod keys;
mod leasing;
pub mod live_tally;
pub mod names;
pub mod notice;
pub mod opening;
pub mod origin;
pub mod outage;
pub mod outline;
pub mod own_tokens;
pub mod participant;
pub mod password_rules;
pub mod people;
pub mod places;
pub mod receipt;
mod receiver;
pub mod receiver_health;
pub mod record_fault;
pub mod record_rules;
pub mod recovery;
pub mod redirect_uris;
mod registered_client;
pub mod revoke;
mod revoked_token;

mod notice_wait;
pub mod rights;
pub mod second_factor;
pub mod session;
pub mod session_id;
pub mod session_record;
pub mod sign_on;
mod subscriber_notices;
mod subscribers;
pub mod sweep;
pub mod time;
pub mod token;
mod trait_names;
pub mod upstream;
pub mod upstream_words;
mod uuid_form;
pub mod version;

pub use account_lock::{AccountLock, LockChange};
pub use amend::{AmendError, AmendOrder, Amendment, decide_amend};
pub use applications::ApplicationTrait;
pub use assurance::{Assurance, RECOVERY_CODE, SecondFactorRule, UPSTREAM, assurance_of};
pub use cause::Cause;
pub use check::{Check, FoundSession, HalfSession, LiveSession, decide_check, decide_find};
pub use client_bounds::{client_is_within_bounds, is_origin, is_token_life};
pub use client_sid::{SidForm, session_named};
pub use client_signing::{ClientJwks, ClientKeysError, ClientSigning, JoseAlgorithm};
pub use clients::{
    ClientChanges, ClientDraft, ClientsFacts, EditClientOrder, EditClientsOrder, EditedClient,
    RemoveClientOrder, StoredClient, decide_create_client, decide_edit_client, decide_edit_clients,
    decide_remove_client, present_client, removed_client,
};
pub use confirm_codes::{ConfirmCodesOrder, ConfirmError, decide_confirm_codes};
pub use consent::{
    CONSENTS_OF_USER_MAX, Consent, ConsentChanges, ConsentError, ConsentFacts, ConsentOrder, decide_consent,
    decide_withdraw,
};
pub use directory::{
    Beyond, Client, ClientAuth, DirectoryError, Limits, Population, PreviousSecret, Proof, Quota, Realm,
    TakenMember, User, decide_add,
};
pub use document::{
    Document, DocumentChange, DocumentChanges, DocumentFacts, decide_create_document,
    decide_document_changes, decide_edit_document, decide_put_document, decide_remove_document,
    decide_remove_documents, is_beside,
};
pub use ended::{Ended, EndedSessions};
pub use ending::{
    EndError, EndKind, EndOrder, EndTarget, Ending, EndingChange, Family, PresentedToken, Tombstone,
    UserRaise, decide_ending,
};
pub use ending_entry::EndingEntry;
pub use ending_id::{EndingId, EndingIdCipher, EndingPlace, ToldUpTo};
pub use ending_record::{EndScope, EndingRecord, MassEnding};
pub use entropy::Entropy;
pub use facts::{RealmAround, SessionFacts, is_shown, is_shown_of_generation};
pub use flow::{Flow, FlowId, decide_create_flow};
pub use found_ending::{
    EndedReach, EndingFilter, EntryAround, EntryFacts, FoundEnding, ReceiptCounts, ToldSoFar, found_ending,
};
pub use free_place::{FreePlace, PlaceSearch, UntoldEndings};
pub use grant::{
    Grant, GrantAround, GrantError, GrantFault, GrantId, Offline, RedeemOrder, Refresh, ReplacedToken,
    RotateOrder,
};
pub use grant_facts::{GrantFacts, Issue, consent_of, decide_issue, grant_around};
pub use how_ended::{EndedWith, how_ended};
pub use how_told::{HowTold, LogoutFrame, ToldClient, how_told};
pub use ids::{ClientId, Locator, NIL, PopulationId, RealmId, UserId, UserKey};
pub use keys::{InstallationKey, Purpose};
pub use leasing::{DueNotices, Lane, Leasing, decide_lease};
pub use live_tally::{ENDED_COUNTED_MAX, LiveTally};
pub use names::{is_username, looks_like_id};
pub use notice::{
    NoticeMessage, NoticeReach, NoticeSubject, NoticeWish, OwedNotice, SubjectKey, decide_notices,
    told_with_others,
};
pub use notice_wait::NoticeWait;
pub use opening::{Opening, OpeningFacts, OpeningOutcome, Room, RoomMade, decide_opening};
pub use origin::{Actor, Channel, Origin, Reason, ReasonError};
pub use outage::{Hindrance, Outage, Unwritten};
pub use outline::{SessionOutline, counts_as_live};
pub use own_tokens::decide_revoke_own;
pub use participant::{
    IssueOrder, KnownAs, PARTICIPANTS_MAX, Participant, ParticipantFacts, participants_of_epoch,
};
pub use password_rules::{PasswordRules, WeakPassword, decide_password};
pub use people::{
    AfterPassword, EditUserOrder, Edited, NameChanges, NewUser, PasswordRenewal, RemoveUserOrder, UserAround,
    UserChanges, UserEdit, decide_create_user, decide_edit_user, decide_remove_user, decide_renew_password,
    present_user,
};
pub use places::{
    PopulationAround, RealmDraft, decide_create_population, decide_create_realm, decide_edit_population,
    decide_remove_population, decide_second_factor_rule, is_population_name, is_realm_path,
};
pub use receipt::{
    ANSWER_KEPT_BYTES, NoticeAnswer, Receipt, ReceiptKey, ReceiptState, ReceiptStates, Settlement, Tried,
    decide_settlement,
};
pub use receiver::{Receiver, SubscriberId};
pub use receiver_health::{BroughtForward, ComingBack, ReceiverHealth, decide_health, decide_return};
pub use record_fault::RecordFault;
pub use record_rules::{
    ClientWords, OwnName, client_is_sound, email_is_sound, is_email, own_username_is_sound, username_is_sound,
};
pub use recovery::{RecoveryPass, RecoveryWay};
pub use redirect_uris::{
    is_encrypted_or_local, is_frame_address, is_https, is_keys_address, is_notice_address, is_redirect_uri,
    is_web_address, may_redirect_to, may_return_to, private_scheme, redirect_place, web_origin,
};
pub use registered_client::{OwnScopes, OwnWord, decide_own_change};
pub use revoke::{RevokeOrder, TokenToRevoke, decide_revoke};
pub use revoked_token::{RevokedToken, is_revoked};
pub use rights::{Rights, Role, RoleAssignment, RoleScope, Standing, UserReach};
pub use second_factor::{CODES_IN_A_SET, CodeSet, RecoveryCodes, Spending, TYPED_LETTERS};
pub use session::{
    Around, Device, Generations, Method, NotLive, Session, SessionDevice, State, Verdict, activity_to_write,
    verdict,
};
pub use session_id::{Incarnation, SessionId, SessionIdCipher};
pub use session_record::{Fate, KeptSession, SessionRecord, session_record};
pub use sign_on::{How, SignOnError, SignOnOrder, SignedOn};
pub use subscriber_notices::{
    HookEvent, HookReach, RevokedSubject, are_told_by_user, decide_hook_notices, decide_revocation_notices,
};
pub use subscribers::{
    PreviousCredential, SUBSCRIBERS_MAX, SealedCredential, SubjectForm, Subscriber, SubscriberChanges,
    SubscriberFacts, SubscriberKind, SubscriberRemoval, decide_create_subscriber, decide_edit_subscriber,
    decide_remove_subscriber, subscriber_is_sound, takes_credential_anew,
};
pub use sweep::{SweepBounds, spent};
pub use time::{Clock, Span, Timestamp};
pub use token::{SessionSecret, SessionToken, TokenHash};
pub use trait_names::{TraitNames, traits_are_sound};
pub use upstream::{
    UPSTREAM_LINKS_MAX, UPSTREAMS_MAX, UpstreamFault, UpstreamIdentity, UpstreamLogout, UpstreamLogoutNotes,
    UpstreamProvider, UpstreamSession, UpstreamTimes, is_subject, is_upstream_name, upstream_key,
    upstream_secret_is_sound,
};
pub use upstream_words::{UpstreamEndpoints, UpstreamError, UpstreamExchange, upstream_error_word};
pub use version::{RemovedVersions, Version};
