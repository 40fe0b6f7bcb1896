//! What a service manager is told (sd_notify): that the server serves, and that it stops.
//!
//! Where no manager asked for it, nothing is said.

use sd_notify::NotifyState;

/// Connections are taken from here on.
pub(super) fn serving(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Requests in flight are finished, and then it ends.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager was not told");
    }
}
