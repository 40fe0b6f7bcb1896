//! The keys of clients that stand at an address of theirs (`jwks_uri`), held for a while.
//!
//! They are asked for anew when they are older than that, and for a key that is not among them; after an answer, a failure included,
//! nobody asks again for half a minute. One request to an address is under way at a time, and one for a client. RFC 7591 §2, RFC 7517 §5.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adieu_core::{ClientId, ClientKeysError, Span, Timestamp};
use adieu_egress::EgressClient;
use adieu_token::ClientKeys;
use serde_json::Value;
use tokio::sync::{Mutex as Turn, Semaphore};
use tokio::time::Instant;

use crate::ask::{address, read};
use crate::ask_places::AskPlaces;
use crate::known::is_within;

/// For how long keys are taken as they were.
pub const CLIENT_KEYS_AGE_MAX: Span = Span::from_s(600);
/// How soon an address is asked again, whatever it answered.
const AGAIN: Span = Span::from_s(30);
/// Addresses of which something is held (HOME-LIMITS).
const HELD_MAX: usize = 1024;
/// Those that wait for one address (HOME-LIMITS).
const WAITING_MAX: usize = 256;
/// How long an address may take: a client waits at the token endpoint meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);
/// Who took longer is slow, whatever the answer was.
const SOON: Duration = Duration::from_millis(500);

/// Asks for keys of clients. Clones are handles of the same one.
#[derive(Clone)]
pub struct PublishedClientKeys {
    client: EgressClient,
    published: Arc<Mutex<HashMap<String, Arc<PublishedAt>>>>,
    places: Arc<AskPlaces>,
}

/// One address: what is held of it, which one at a time may ask for, and those that wait for that.
struct PublishedAt {
    turn: Arc<Turn<Held>>,
    waiting: Semaphore,
}

impl Default for PublishedAt {
    fn default() -> Self {
        Self { turn: Arc::default(), waiting: Semaphore::new(WAITING_MAX) }
    }
}

/// What is held of one address.
#[derive(Default)]
struct Held {
    keys: Option<(Arc<ClientKeys>, Timestamp)>,
    fault: Option<ClientKeysError>,
    asked_at: Option<Timestamp>,
}

impl Held {
    /// What it says without being asked; nothing if it is to be asked.
    fn known(&self, newer: bool, now: Timestamp) -> Option<Result<Arc<ClientKeys>, ClientKeysError>> {
        let lately = self.asked_at.is_some_and(|at| is_within(at, AGAIN, now));
        let fresh = self.keys.as_ref().filter(|(_, read_at)| is_within(*read_at, CLIENT_KEYS_AGE_MAX, now));
        match (fresh, &self.fault) {
            (Some((keys, _)), _) if !newer || lately => Some(Ok(Arc::clone(keys))),
            (None, Some(fault)) if lately => Some(Err(fault.clone())),
            _ => None,
        }
    }
}

impl PublishedClientKeys {
    /// Asks by this client.
    #[must_use]
    pub fn new(client: EgressClient) -> Self {
        Self { client, published: Arc::default(), places: Arc::default() }
    }

    /// The keys of a client at an address. With `newer` those that are held do not do: what was signed names another one.
    ///
    /// # Errors
    /// [`ClientKeysError::Busy`] if the client is asked already, or does not answer and others do not either.
    pub async fn keys(
        &self,
        of: &ClientId,
        at: &str,
        newer: bool,
        now: Timestamp,
    ) -> Result<Arc<ClientKeys>, ClientKeysError> {
        let published = self.published_at(at);
        let _waits = published.waiting.try_acquire().map_err(|_| ClientKeysError::Busy)?;
        let mut held = Arc::clone(&published.turn).lock_owned().await;
        if let Some(known) = held.known(newer, now) {
            return known;
        }
        let place = self.places.take(of).ok_or(ClientKeysError::Busy)?;
        let (this, at) = (self.clone(), at.to_owned());
        // It goes on if nobody waits for it any more: whoever hangs up must not have an address asked again and again.
        let asking = tokio::spawn(async move {
            let began = Instant::now();
            let asked = this.ask(&at).await;
            place.answered(is_soon(&asked, began.elapsed()));
            held.asked_at = Some(now);
            match asked {
                Ok(keys) => {
                    let keys = Arc::new(keys);
                    held.keys = Some((Arc::clone(&keys), now));
                    held.fault = None;
                    Ok(keys)
                }
                Err(fault) => {
                    held.fault = Some(fault.clone());
                    // What is held counts until it is too old, whatever becomes of the address.
                    held.known(false, now).unwrap_or(Err(fault))
                }
            }
        });
        asking
            .await
            .unwrap_or_else(|_| Err(ClientKeysError::Unreachable("the request was given up".to_owned())))
    }

    fn published_at(&self, at: &str) -> Arc<PublishedAt> {
        let mut all = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(published) = all.get(at) {
            return Arc::clone(published);
        }
        if all.len() >= HELD_MAX {
            all.clear(); // Seldom, and all of it is asked for again.
        }
        Arc::clone(all.entry(at.to_owned()).or_default())
    }

    async fn ask(&self, at: &str) -> Result<ClientKeys, ClientKeysError> {
        const WHAT: &str = "the keys of the client";
        let url = address(&self.client, WHAT, at).map_err(|error| not_taken(&error))?;
        let asked = read(WHAT, self.client.client.get(url).timeout(PATIENCE)).await;
        let set = asked.map_err(|error| ClientKeysError::Unreachable(error.to_string()))?;
        ClientKeys::from_published(&Value::Object(set)).map_err(|fault| not_taken(&fault))
    }
}

/// Whether that is an answer of somebody who lets nobody hang.
fn is_soon<T>(asked: &Result<T, ClientKeysError>, took: Duration) -> bool {
    took <= SOON && !matches!(asked, Err(ClientKeysError::Unreachable(_)))
}

fn not_taken(why: &(impl ToString + ?Sized)) -> ClientKeysError {
    ClientKeysError::NotTaken(why.to_string())
}

#[cfg(test)]
mod tests {
    use adieu_egress::AddressRule;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::ask_places::{SLOW_UNDER_WAY_MAX, UNDER_WAY_MAX};

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    fn client(id: &str) -> ClientId {
        id.parse().expect("an id")
    }

    fn keys() -> Arc<ClientKeys> {
        let key = adieu_token::SigningKey::generate(adieu_token::Alg::EdDsa).expect("a key");
        let set = serde_json::json!({"keys": [key.public().jwk()]});
        Arc::new(ClientKeys::from_published(&set).expect("keys"))
    }

    /// Answers a request, once it has come, with keys.
    async fn say_keys(asked: &mut TcpStream) {
        assert!(asked.read(&mut [0; 2048]).await.expect("a request") > 0);
        let body = keys().jwks().to_string();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        asked.write_all(answer.as_bytes()).await.expect("answered");
    }

    #[test]
    fn what_is_held_counts_for_a_while_and_is_asked_for_seldom() {
        let known = |held: &Held, newer, s| held.known(newer, at(s)).map(|known| known.is_ok());
        assert_eq!(known(&Held::default(), false, 0), None);
        let held = Held { keys: Some((keys(), at(100))), fault: None, asked_at: Some(at(100)) };
        assert_eq!((known(&held, false, 100), known(&held, false, 699)), (Some(true), Some(true)));
        assert_eq!(known(&held, false, 700), None, "too old");
        assert_eq!((known(&held, true, 129), known(&held, true, 130)), (Some(true), None));
        assert_eq!(known(&held, false, 99), None, "a clock that went back");
        let failed = Held { fault: Some(ClientKeysError::Busy), asked_at: Some(at(700)), ..held };
        assert_eq!((known(&failed, false, 650), known(&failed, false, 710)), (Some(true), Some(false)));
        assert_eq!(known(&failed, false, 730), None, "asked again");
    }

    /// Goal: ONE-SLOW-HURTS-NONE: good keys, or something that is none, after four seconds are of somebody slow.
    #[test]
    fn who_answers_late_is_slow_whatever_the_answer_is() {
        let (unreachable, other) = (ClientKeysError::Unreachable(String::new()), not_taken("no keys"));
        let answers = [Ok(()), Err(other), Err(unreachable)];
        let judged = |took| answers.each_ref().map(|asked| is_soon(asked, took));
        assert_eq!(judged(Duration::from_millis(40)), [true, true, false]);
        assert_eq!(judged(Duration::from_millis(4300)), [false; 3]);
    }

    /// Goal: whoever hangs up while an address is asked does not have it asked again: anybody may show a token that names a client.
    #[tokio::test]
    async fn who_hangs_up_does_not_have_it_asked_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let uri = format!("http://{}/keys", listener.local_addr().expect("its address"));
        let published = PublishedClientKeys::new(EgressClient::new(AddressRule::Any).expect("a client"));
        let (asking, address) = (published.clone(), uri.clone());
        let hangs_up =
            tokio::spawn(async move { asking.keys(&client("shop"), &address, false, at(0)).await.map(drop) });
        let (mut asked, _) = listener.accept().await.expect("it is asked");
        hangs_up.abort();
        assert!(hangs_up.await.is_err_and(|error| error.is_cancelled()));
        say_keys(&mut asked).await;
        // Nobody listens any more: asking again would fail.
        drop(listener);
        assert!(published.keys(&client("shop"), &uri, false, at(1)).await.is_ok());
    }

    /// Goal: ONE-SLOW-HURTS-NONE: however many clients let us hang, one that answers is asked; each of them waits for its own address only.
    #[tokio::test]
    async fn who_hangs_takes_no_place_of_who_answers() {
        let published = PublishedClientKeys::new(EgressClient::new(AddressRule::Any).expect("a client"));
        let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let nobody = closed.local_addr().expect("its address");
        drop(closed);
        let silent = |n: usize| client(&format!("silent-{n}"));
        for n in 0..UNDER_WAY_MAX {
            let asked = published.keys(&silent(n), &format!("http://{nobody}/{n}"), false, at(0)).await;
            assert!(matches!(asked, Err(ClientKeysError::Unreachable(_))));
        }
        let hangs = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = hangs.local_addr().expect("its address");
        let mut asking = tokio::task::JoinSet::new();
        for n in 0..UNDER_WAY_MAX {
            let (published, of) = (published.clone(), silent(n));
            asking.spawn(async move {
                published.keys(&of, &format!("http://{address}/{n}"), false, at(1)).await.map(drop)
            });
        }
        let mut connected = Vec::new();
        while connected.len() < SLOW_UNDER_WAY_MAX {
            connected.push(hangs.accept().await.expect("it is asked"));
        }
        while asking.len() > SLOW_UNDER_WAY_MAX {
            let refused = asking.join_next().await.expect("one is refused").expect("no panic");
            assert_eq!(refused, Err(ClientKeysError::Busy));
        }
        let answers = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let uri = format!("http://{}/keys", answers.local_addr().expect("its address"));
        let answer = async {
            let (mut asked, _) = answers.accept().await.expect("it is asked");
            say_keys(&mut asked).await;
            asked
        };
        let of = client("honest");
        let (honest, _asked) = tokio::join!(published.keys(&of, &uri, false, at(1)), answer);
        assert!(honest.is_ok());
    }
}
