//! Subscribers as a plan makes and changes them.
//!
//! What is planned is decided in `subscribers`.

use adieu_authority::{Subscriber, SubscriberId, SubscriberKind};

use crate::secrets::Source;

/// A subscriber to be made.
#[derive(Clone, Debug)]
pub struct PlannedSubscriber {
    /// Its name.
    pub id: SubscriberId,
    /// What it is sent.
    pub kind: SubscriberKind,
    /// Where to.
    pub address: String,
    /// Whether it is told.
    pub enabled: bool,
    /// Where its secret lies; a web hook's is drawn if nothing is said.
    pub secret: Option<Source>,
}

/// What changes of a subscriber; what is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct SubscriberEdit {
    pub(super) kind: Option<SubscriberKind>,
    pub(super) address: Option<String>,
    pub(super) enabled: Option<bool>,
    /// Where its secret lies, if it takes that anew.
    pub(super) secret: Option<Source>,
}

impl SubscriberEdit {
    /// Makes the change.
    pub fn apply_to(&self, subscriber: &mut Subscriber) {
        if let Some(kind) = &self.kind {
            subscriber.kind.clone_from(kind);
        }
        if let Some(address) = &self.address {
            subscriber.address.clone_from(address);
        }
        subscriber.enabled = self.enabled.unwrap_or(subscriber.enabled);
    }
}
