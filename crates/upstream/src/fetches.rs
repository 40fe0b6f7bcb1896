//! Requests for metadata and keys: one is under way for each provider, and everybody who needs its result waits for that.
//!
//! Whoever sends tokens that nobody asked for decides neither how often a provider is asked nor who waits: the moment of a try is
//! noted before it, whatever becomes of it; sign-ons and logouts have a pause and a bound of their own (ONE-SLOW-HURTS-NONE).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adieu_core::{Span, Timestamp, UpstreamError};
use adieu_egress::EgressClient;
use tokio::sync::{Semaphore, watch};

use crate::known::{ProviderFacts, is_within, learn};

/// How soon keys are asked for again because of a token that none of them fits: twice a minute for sign-ons, and for logouts.
const KEYS_AGAIN: Span = Span::from_s(30);
/// How soon metadata are asked for again after a try that failed. Until then that try is everybody's answer.
const METADATA_AGAIN: Span = Span::from_s(5);
/// Sign-ons that wait for what is asked of one provider (HOME-LIMITS).
const SIGN_ONS_WAITING_MAX: usize = 256;
/// Logouts that do. Any stranger can send one, and a provider sends it again.
const LOGOUTS_WAITING_MAX: usize = 16;

/// For whom something is asked of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AskedFor {
    /// Somebody signs on: what is judged comes from the provider itself.
    SignOn,
    /// A logout token came, from whomever.
    Logout,
}

/// What a request led to.
type Fetched = Result<Arc<ProviderFacts>, UpstreamError>;

/// What is known of one provider, and what is being asked.
pub(crate) struct Fetches {
    issuer: String,
    client: EgressClient,
    state: Mutex<FetchState>,
    sign_ons: Semaphore,
    logouts: Semaphore,
}

#[derive(Default)]
struct FetchState {
    facts: Option<Arc<ProviderFacts>>,
    /// The request under way.
    under_way: Option<watch::Receiver<Option<Fetched>>>,
    /// When metadata were asked for last without success, and what came of it.
    failed: Option<(Timestamp, UpstreamError)>,
    /// When keys were asked for last, for sign-ons and for logouts.
    keys_for_sign_ons: Option<Timestamp>,
    keys_for_logouts: Option<Timestamp>,
}

impl FetchState {
    /// The request under way, if whoever makes it is there still.
    fn running(&self) -> Option<watch::Receiver<Option<Fetched>>> {
        self.under_way.clone().filter(|running| running.has_changed().is_ok())
    }

    /// Notes that keys are asked for, if that may be.
    fn may_ask_for_keys(&mut self, asked_for: AskedFor, now: Timestamp) -> bool {
        let asked_at = match asked_for {
            AskedFor::SignOn => self.keys_for_sign_ons,
            AskedFor::Logout => self.keys_for_logouts,
        };
        if asked_at.is_some_and(|at| is_within(at, KEYS_AGAIN, now)) {
            return false;
        }
        self.keys_for_logouts = Some(now);
        if asked_for == AskedFor::SignOn {
            self.keys_for_sign_ons = Some(now);
        }
        true
    }
}

impl Fetches {
    pub(crate) fn new(issuer: &str, client: EgressClient) -> Self {
        Self {
            issuer: issuer.to_owned(),
            client,
            state: Mutex::default(),
            sign_ons: Semaphore::new(SIGN_ONS_WAITING_MAX),
            logouts: Semaphore::new(LOGOUTS_WAITING_MAX),
        }
    }

    /// Metadata and keys as they are known. Those that grow old are asked for anew meanwhile; only what is too old, or not there,
    /// is waited for.
    pub(crate) async fn facts(self: &Arc<Self>, asked_for: AskedFor, now: Timestamp) -> Fetched {
        let running = {
            let mut state = self.state();
            let facts = state.facts.clone().filter(|facts| facts.is_usable(now));
            match facts {
                Some(facts) if facts.is_fresh(now) => return Ok(facts),
                Some(facts) => {
                    if state.running().is_none() && failed_lately(&state, now).is_none() {
                        self.begin(&mut state, None, now);
                    }
                    return Ok(facts);
                }
                None => match (state.running(), failed_lately(&state, now)) {
                    (Some(running), _) => running,
                    (None, Some(failure)) => return Err(failure),
                    (None, None) => self.begin(&mut state, None, now),
                },
            }
        };
        self.result(running, asked_for).await
    }

    /// The same with keys that were read later than those; none if it is too soon to ask again.
    pub(crate) async fn with_newer_keys(
        self: &Arc<Self>,
        known: &Arc<ProviderFacts>,
        asked_for: AskedFor,
        now: Timestamp,
    ) -> Result<Option<Arc<ProviderFacts>>, UpstreamError> {
        let running = {
            let mut state = self.state();
            let newer = state.facts.clone().filter(|facts| !Arc::ptr_eq(facts, known));
            match (newer, state.running()) {
                (Some(newer), _) => return Ok(Some(newer)), // Somebody has asked meanwhile.
                (None, Some(running)) => running,
                (None, None) if state.may_ask_for_keys(asked_for, now) => {
                    self.begin(&mut state, Some(Arc::clone(known)), now)
                }
                (None, None) => return Ok(None),
            }
        };
        self.result(running, asked_for).await.map(Some)
    }

    /// Begins a request: for the keys of `known`, or for all. It goes on if nobody waits for it any more: strangers who hang up
    /// must not have it made again and again.
    fn begin(
        self: &Arc<Self>,
        state: &mut FetchState,
        known: Option<Arc<ProviderFacts>>,
        now: Timestamp,
    ) -> watch::Receiver<Option<Fetched>> {
        let (told, running) = watch::channel(None);
        state.under_way = Some(running.clone());
        if known.is_none() {
            (state.keys_for_sign_ons, state.keys_for_logouts) = (Some(now), Some(now));
        }
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let for_all = known.is_none();
            let fetched = match known {
                Some(known) => known.with_newer_keys(&this.client).await,
                None => learn(&this.client, &this.issuer, now).await,
            };
            {
                let mut state = this.state();
                state.under_way = None;
                match &fetched {
                    Ok(facts) => state.facts = Some(Arc::clone(facts)),
                    Err(error) if for_all => state.failed = Some((now, error.clone())),
                    Err(_) => {}
                }
            }
            told.send_replace(Some(fetched));
        });
        running
    }

    /// What a request leads to. As many wait for it as may; others are told so at once.
    async fn result(&self, mut running: watch::Receiver<Option<Fetched>>, asked_for: AskedFor) -> Fetched {
        let waiting = match asked_for {
            AskedFor::SignOn => &self.sign_ons,
            AskedFor::Logout => &self.logouts,
        };
        let _waits = waiting.try_acquire().map_err(|_| UpstreamError::Busy)?;
        let given_up = || UpstreamError::Unreachable("the request was given up".to_owned());
        let fetched = running.wait_for(Option::is_some).await.map_err(|_| given_up())?;
        fetched.clone().unwrap_or_else(|| Err(given_up()))
    }

    fn state(&self) -> MutexGuard<'_, FetchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of the last try, if that was a moment ago.
fn failed_lately(state: &FetchState, now: Timestamp) -> Option<UpstreamError> {
    let failed = state.failed.as_ref().filter(|(at, _)| is_within(*at, METADATA_AGAIN, now));
    failed.map(|(_, error)| error.clone())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use adieu_egress::AddressRule;
    use adieu_token::{Alg, SigningKey};
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A provider that answers when it is let.
    #[derive(Clone)]
    struct TestProvider {
        issuer: String,
        answers: Arc<Mutex<BTreeMap<&'static str, Value>>>,
        asked: Arc<Mutex<Vec<String>>>,
        let_go: Arc<Semaphore>,
    }

    const METADATA: &str = "/.well-known/openid-configuration";

    impl TestProvider {
        async fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let issuer = format!("http://{}", listener.local_addr().expect("its address"));
            let this = Self {
                issuer,
                answers: Arc::default(),
                asked: Arc::default(),
                let_go: Arc::new(Semaphore::new(0)),
            };
            this.is_there(true);
            let serving = this.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serving.clone().answer(stream));
                }
            });
            this
        }

        async fn answer(self, mut stream: TcpStream) {
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            self.asked.lock().expect("a lock").push(path.clone());
            self.let_go.acquire().await.expect("a permit").forget();
            let body = self.answers.lock().expect("a lock").get(&*path).map(Value::to_string);
            let status = if body.is_some() { 200 } else { 500 };
            let body = body.unwrap_or_default();
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }

        fn is_there(&self, there: bool) {
            let mut answers = self.answers.lock().expect("a lock");
            answers.clear();
            if there {
                let issuer = &self.issuer;
                let at = |path: &str| format!("{issuer}/{path}");
                let metadata = json!({
                    "issuer": issuer, "authorization_endpoint": at("authorize"),
                    "token_endpoint": at("token"), "jwks_uri": at("jwks"),
                });
                answers.insert(METADATA, metadata);
                answers.insert("/jwks", json!({"keys": []}));
            }
        }

        fn has(&self, key: &SigningKey) {
            let mut answers = self.answers.lock().expect("a lock");
            answers.insert("/jwks", json!({"keys": [key.public().jwk()]}));
        }

        fn asked(&self, path: &str) -> usize {
            self.asked.lock().expect("a lock").iter().filter(|asked| *asked == path).count()
        }

        async fn is_asked(&self, path: &str, times: usize) {
            while self.asked(path) < times {
                tokio::task::yield_now().await;
            }
        }

        fn fetches(&self) -> Arc<Fetches> {
            Arc::new(Fetches::new(&self.issuer, EgressClient::new(AddressRule::Any).expect("a client")))
        }
    }

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ms(s * 1000)
    }

    /// Begins as many at once; they are waiting when this returns.
    async fn crowd(
        fetches: &Arc<Fetches>,
        asked_for: AskedFor,
        size: usize,
    ) -> Vec<tokio::task::JoinHandle<Fetched>> {
        let one = || {
            let fetches = Arc::clone(fetches);
            tokio::spawn(async move { fetches.facts(asked_for, at(0)).await })
        };
        let all: Vec<_> = (0..size).map(|_| one()).collect();
        let (bound, waiting) = match asked_for {
            AskedFor::SignOn => (SIGN_ONS_WAITING_MAX, &fetches.sign_ons),
            AskedFor::Logout => (LOGOUTS_WAITING_MAX, &fetches.logouts),
        };
        while bound - waiting.available_permits() < size.min(bound) {
            tokio::task::yield_now().await;
        }
        all
    }

    /// Goal: as many as come at once wait for one request, and each gets what it led to.
    #[tokio::test]
    async fn everybody_waits_for_one_request() {
        let provider = TestProvider::start().await;
        let fetches = provider.fetches();
        let crowd = crowd(&fetches, AskedFor::SignOn, 40).await;
        provider.let_go.add_permits(2);
        for one in crowd {
            one.await.expect("no panic").expect("what is known");
        }
        assert_eq!((provider.asked(METADATA), provider.asked("/jwks")), (1, 1));
    }

    /// Goal: ONE-SLOW-HURTS-NONE: strangers who wait for a provider that hangs keep nobody from waiting who signs on; and a request
    /// goes on though all who waited for it have hung up.
    #[tokio::test]
    async fn logouts_wait_in_a_room_of_their_own() {
        let provider = TestProvider::start().await;
        let fetches = provider.fetches();
        let strangers = crowd(&fetches, AskedFor::Logout, LOGOUTS_WAITING_MAX).await;
        let next = fetches.facts(AskedFor::Logout, at(0)).await;
        assert_eq!(next.expect_err("no room"), UpstreamError::Busy);
        let honest = crowd(&fetches, AskedFor::SignOn, 1).await;
        strangers.iter().for_each(tokio::task::JoinHandle::abort);
        provider.let_go.add_permits(2);
        for one in honest {
            assert!(one.await.expect("no panic").is_ok());
        }
        assert_eq!(provider.asked(METADATA), 1);
    }

    /// Goal: a try that fails is everybody's answer for a moment; whatever comes of a try for keys, the next one is half a minute away.
    #[tokio::test]
    async fn a_failure_is_asked_for_again_boundedly() {
        let provider = TestProvider::start().await;
        provider.let_go.add_permits(1000);
        let fetches = provider.fetches();
        provider.is_there(false);
        for now in [0, 0, 4] {
            assert!(fetches.facts(AskedFor::SignOn, at(now)).await.is_err());
        }
        assert_eq!(provider.asked(METADATA), 1);
        provider.is_there(true);
        let facts = fetches.facts(AskedFor::SignOn, at(5)).await.expect("it is back");

        provider.is_there(false);
        for now in [5, 34] {
            let newer = fetches.with_newer_keys(&facts, AskedFor::Logout, at(now)).await;
            assert!(newer.expect("an answer").is_none(), "they were read a moment ago");
        }
        for _ in 0..16 {
            let _ = fetches.with_newer_keys(&facts, AskedFor::Logout, at(35)).await;
        }
        assert_eq!(provider.asked("/jwks"), 2, "one more");
        provider.is_there(true);
        let key = SigningKey::generate(Alg::Es256).expect("a key");
        provider.has(&key);
        let newer = fetches.with_newer_keys(&facts, AskedFor::SignOn, at(36)).await.expect("an answer");
        let newer = newer.expect("strangers do not keep a sign-on from asking");
        assert!(newer.keys.verify(&key.sign(None, &json!({})).expect("a token")).is_ok());
        let same = fetches.with_newer_keys(&facts, AskedFor::Logout, at(36)).await.expect("an answer");
        assert!(Arc::ptr_eq(&newer, &same.expect("what somebody else has read")));
        assert_eq!(provider.asked("/jwks"), 3);
    }

    /// Goal: what grows old counts while it is asked for anew; what is too old is waited for.
    #[tokio::test]
    async fn what_is_stale_counts_while_it_is_renewed() {
        let provider = TestProvider::start().await;
        provider.let_go.add_permits(2);
        let fetches = provider.fetches();
        let first = fetches.facts(AskedFor::SignOn, at(0)).await.expect("what is known");
        let stale = fetches.facts(AskedFor::SignOn, at(600)).await.expect("it is there");
        assert!(Arc::ptr_eq(&first, &stale), "nobody waits");
        provider.is_asked(METADATA, 2).await;
        for now in [600, 1199] {
            assert!(Arc::ptr_eq(
                &first,
                &fetches.facts(AskedFor::Logout, at(now)).await.expect("it is there")
            ));
        }
        provider.let_go.add_permits(2);
        let renewed = fetches.facts(AskedFor::SignOn, at(1200)).await.expect("it is renewed");
        assert!(!Arc::ptr_eq(&first, &renewed));
        assert_eq!(provider.asked(METADATA), 2, "one request all the while");
        provider.is_there(false);
        provider.let_go.add_permits(100);
        assert!(fetches.facts(AskedFor::SignOn, at(1800)).await.is_err(), "too old");
    }
}
