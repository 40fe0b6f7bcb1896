//! The notices of an ending as server-sent events: each receipt as something comes of it, until nothing more does.
//!
//! The store is looked at; nobody who tells is asked. HTML, section 9.2 (server-sent events).

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use adieu_authority::{Authority, EndingId, ReceiptPage, ReceiptQuery, Receiver, SubjectKey};
use axum::body::Body;
use futures_util::stream;
use serde_json::Value;
use tokio::time::Instant;

use super::{RECEIPTS_MAX, counted, known, receipt};
use crate::answer::Done;
use crate::face::{Call, Face};
use crate::followers::FollowersPlace;
use crate::problem::{Problem, ProblemKind};

/// For how long an ending is followed, in a query.
pub(crate) const WAIT_S: &str = "wait_s";
/// How many seconds that are if nothing is said, and at most (HOME-LIMITS).
pub(crate) const FOLLOWED_S: u64 = 60;
pub(crate) const FOLLOWED_S_MAX: u64 = 3600;
/// The pause between two looks: at first, and at last.
const LOOK_FIRST: Duration = Duration::from_millis(5);
const LOOK_LAST: Duration = Duration::from_millis(200);
/// After so long without an event a comment says that the connection lives.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// Follows the notices of an ending.
pub(crate) async fn follow(api: &Face, call: &Call) -> Result<Done, Problem> {
    let ending = known(api, call).await?;
    let wait = wait(call)?;
    let place = api.followers.place();
    let place = place.ok_or_else(|| Problem::new(ProblemKind::Busy, "Too many endings are followed."))?;
    let following = Following {
        authority: api.authority.clone(),
        ending,
        until: Instant::now() + wait,
        pause: Duration::ZERO,
        seen: HashMap::new(),
        spoke: Instant::now(),
        done: false,
        _place: place,
    };
    let events = stream::unfold(following, |mut following| async move {
        let text = following.next().await?;
        Some((Ok::<_, Infallible>(text), following))
    });
    Ok(Done::Streams(Body::from_stream(events)))
}

fn wait(call: &Call) -> Result<Duration, Problem> {
    let Some(text) = call.query.text(WAIT_S) else { return Ok(Duration::from_secs(FOLLOWED_S)) };
    match text.parse() {
        Ok(s @ 0..=FOLLOWED_S_MAX) => Ok(Duration::from_secs(s)),
        Ok(_) | Err(_) => Err(Problem::malformed(format!("{WAIT_S}: 0 to {FOLLOWED_S_MAX} seconds"))),
    }
}

/// What tells one notice of an ending from another.
type Name = (Receiver, SubjectKey);

/// Somebody who follows.
struct Following {
    authority: Authority,
    ending: EndingId,
    until: Instant,
    /// The pause before the next look.
    pause: Duration,
    /// How far each receipt had come when it was sent.
    seen: HashMap<Name, (u8, u32)>,
    /// When something was sent last.
    spoke: Instant,
    done: bool,
    _place: FollowersPlace,
}

impl Following {
    /// What is to be sent next; none at the end.
    async fn next(&mut self) -> Option<String> {
        while !self.done {
            tokio::time::sleep(self.pause.min(self.until.saturating_duration_since(Instant::now()))).await;
            let query = ReceiptQuery { ending: self.ending, after: None, most: RECEIPTS_MAX };
            let page = match self.authority.receipts(query).await {
                Ok(page) => page.unwrap_or_default(),
                Err(error) => {
                    tracing::error!(%error, ending = %self.ending, "an ending is followed no longer");
                    return None;
                }
            };
            let mut text = self.changed(&page);
            if page.is_settled() || Instant::now() >= self.until {
                self.done = true;
                text.push_str(&event("notices", &counted(&page.told())));
            }
            // Whoever has just heard something may hear more in a moment.
            self.pause =
                if text.is_empty() { (self.pause * 2).clamp(LOOK_FIRST, LOOK_LAST) } else { LOOK_FIRST };
            if text.is_empty() && self.spoke.elapsed() >= SILENCE_MAX {
                text.push_str(": nothing new\n\n");
            }
            if !text.is_empty() {
                self.spoke = Instant::now();
                return Some(text);
            }
        }
        None
    }

    /// The receipts of which something has come since they were sent.
    fn changed(&mut self, page: &ReceiptPage) -> String {
        let changed = page.receipts.iter().filter(|one| {
            let key = one.key();
            // That somebody has just begun to try is no news.
            let now = (one.state.number(), one.tries);
            self.seen.insert((key.receiver, key.subject), now) != Some(now)
        });
        let authority = &self.authority;
        changed.map(|one| event("receipt", &receipt(page, one, authority))).collect()
    }
}

fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}
