//! How a person is told that a client was told: of receipts and of what is registered of the client.
//!
//! It says less than the receipts, and nothing that only an administrator may see.

use crate::directory::Client;
use crate::receipt::ReceiptState;

/// A client that took part in a session, and how it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldClient {
    /// What people call the client.
    pub name: String,
    /// How it was told.
    pub how: HowTold,
}

/// A frame of a page by which the browser tells a client. Front-Channel Logout 1.0 §2
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutFrame {
    /// What people call the client.
    pub name: String,
    /// The address.
    pub address: String,
}

/// How a client was told that a session is over, as whoever signed off may know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HowTold {
    /// It has confirmed that it knows.
    Confirmed,
    /// It is being told.
    Pending,
    /// It has not answered for long, and is told once it does.
    Later,
    /// It could not be told.
    Failed,
    /// The browser tells it; nobody hears whether it understood.
    ByBrowser,
    /// There is no way to tell it.
    NotAtAll,
}

/// Decides it of the receipts that the client has because of one sign-off; of several the one that is least done counts.
/// `is_ailing` says that it has not answered for long.
pub fn how_told(
    client: &Client,
    receipts: impl IntoIterator<Item = ReceiptState>,
    is_ailing: bool,
) -> HowTold {
    let (mut none, mut best) = (true, HowTold::NotAtAll);
    for state in receipts {
        none = false;
        match state {
            ReceiptState::Pending { .. } if is_ailing => return HowTold::Later,
            ReceiptState::Pending { .. } => return HowTold::Pending,
            ReceiptState::Refused { .. } | ReceiptState::GivenUp { .. } => best = HowTold::Failed,
            ReceiptState::Confirmed { .. } if best == HowTold::NotAtAll => best = HowTold::Confirmed,
            ReceiptState::Confirmed { .. } | ReceiptState::CannotBeTold => {}
        }
    }
    match best {
        HowTold::Confirmed => HowTold::Confirmed,
        // Its receipt is to be made yet.
        _ if none && client.backchannel_logout_uri.is_some() => HowTold::Pending,
        _ if client.frontchannel_logout_uri.is_some() => HowTold::ByBrowser,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::tests::shop;
    use crate::time::Timestamp;

    #[test]
    fn the_receipt_that_is_least_done_counts() {
        let at = Timestamp::from_ms(1);
        let pending = ReceiptState::Pending { due_at: at, leased: false };
        let (confirmed, refused) = (ReceiptState::Confirmed { at }, ReceiptState::Refused { at });
        let (given_up, none) = (ReceiptState::GivenUp { at }, ReceiptState::CannotBeTold);
        use HowTold::{ByBrowser, Confirmed, Failed, NotAtAll, Pending};
        for (receipts, by_server, by_browser, by_both) in [
            (&[][..], Pending, ByBrowser, Pending),
            (&[confirmed], Confirmed, Confirmed, Confirmed),
            (&[confirmed, pending], Pending, Pending, Pending),
            (&[confirmed, refused], Failed, ByBrowser, ByBrowser),
            (&[given_up, confirmed], Failed, ByBrowser, ByBrowser),
            (&[none], NotAtAll, ByBrowser, ByBrowser),
            (&[none, confirmed], Confirmed, Confirmed, Confirmed),
        ] {
            let address = || Some("https://shop.example.test/out".to_owned());
            let of = |back, front| {
                let client =
                    Client { backchannel_logout_uri: back, frontchannel_logout_uri: front, ..shop() };
                how_told(&client, receipts.iter().copied(), false)
            };
            assert_eq!(of(address(), None), by_server, "{receipts:?}");
            assert_eq!(of(None, address()), by_browser, "{receipts:?}");
            assert_eq!(of(address(), address()), by_both, "{receipts:?}");
        }
        assert_eq!(how_told(&shop(), [], false), NotAtAll);
        let told = |receipts: &[ReceiptState]| how_told(&shop(), receipts.iter().copied(), true);
        assert_eq!(
            (told(&[confirmed, pending]), told(&[confirmed])),
            (HowTold::Later, Confirmed),
            "an ailing one"
        );
    }
}
