//! A sign-off in a browser, seen from the clients that took part: who they are, whom the browser tells by a frame, and how each was told.
//!
//! Nothing here ends a session or sends anything: notices go their own way, and what became of them is read from their receipts.
//! OpenID Connect Front-Channel Logout 1.0 sections 2 and 3, RP-Initiated Logout 1.0 section 2.

use std::collections::BTreeMap;
use std::sync::Arc;

use adieu_authority::{
    Authority, Check, Client, ClientId, EndingId, Fate, LineTaken, Outage, Participant, Purpose, Realm,
    RealmId, ReceiptQuery, ReceiptState, Receiver, Session, SessionId, SessionToken, Span, Timestamp,
    endings_noted,
};
use adieu_core::{HowTold, LogoutFrame, TokenHash, ToldClient, how_told};
use adieu_http_kit::form::append_query;
use adieu_http_kit::upstream_paths::issuer_path;

/// How long a browser waits for the first answers of those who are told before it goes on (standards.md 7, C4).
const WAIT: Span = Span::from_s(2);
/// How long somebody may look what became of a sign-off.
const LOOK: Span = Span::from_s(600);
/// The path of the page that says it, behind the realm's native issuer, and the parameter that names what a browser signed off.
const PAGE: &str = "signed-off";
const TICKET: &str = "of";
/// Receipts of a page that is shown: as many as clients take part in a session.
const RECEIPTS_MAX: u32 = 256;
/// Endings of one sign-off whose receipts are looked at: the last ones. What was meant ends last.
const ENDINGS_MAX: usize = 4;
/// Clients and frames of one page (HOME-LIMITS). Whoever is left out is told by the server all the same, if it has an address for that.
const CLIENTS_MAX: usize = 256;
const FRAMES_MAX: usize = 64;

/// The clients that take part in what a browser signs off.
#[derive(Clone, Debug, Default)]
pub struct Parting {
    clients: Vec<Arc<Client>>,
    frames: Vec<LogoutFrame>,
}

/// What a browser may ask about later: the endings of its sign-off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartingTicket {
    endings: Vec<EndingId>,
    /// When nobody may look any more.
    until: Timestamp,
}

impl Parting {
    /// Those who take part in the sessions that these tokens open. To be asked before they end; of those that are over everybody was
    /// told.
    pub async fn of_tokens(
        authority: &Authority,
        tokens: impl IntoIterator<Item = &SessionToken> + Send,
    ) -> Result<Self, Outage> {
        let mut parting = Self::default();
        for token in tokens.into_iter().cloned().collect::<Vec<_>>() {
            let session = match authority.check(&token, false).get().await? {
                Check::Live(live) => live.session,
                Check::Half(half) => half.session,
                Check::Not(_) => continue,
            };
            parting.add_all(authority, &session).await?;
        }
        Ok(parting)
    }

    /// Besides those who take part in this session. To be asked before it ends; of one that was ended everybody was told.
    pub async fn with(mut self, authority: &Authority, session: SessionId) -> Result<Self, Outage> {
        match authority.session_record(session).await? {
            Some(record) if !matches!(record.fate, Fate::Ended(_)) => {
                self.add_all(authority, &record.session).await?;
            }
            Some(_) | None => {}
        }
        Ok(self)
    }

    async fn add_all(&mut self, authority: &Authority, session: &Session) -> Result<(), Outage> {
        if session.participants == 0 {
            return Ok(());
        }
        for one in authority.participants(session.id).await? {
            if one.epoch == session.epoch
                && let Some(client) = authority.client(session.realm, &one.client).await?
            {
                self.add(&client, &one);
            }
        }
        Ok(())
    }

    /// These and those of another one.
    pub fn and(mut self, other: Self) -> Self {
        other.frames.into_iter().for_each(|frame| self.add_frame(frame));
        other.clients.into_iter().for_each(|client| self.add_client(client));
        self
    }

    fn add(&mut self, client: &Arc<Client>, participant: &Participant) {
        if let Some(address) = frame_address(client, participant) {
            self.add_frame(LogoutFrame { name: client.name.clone(), address });
        }
        self.add_client(Arc::clone(client));
    }

    fn add_frame(&mut self, frame: LogoutFrame) {
        let known = self.frames.iter().any(|known| known.address == frame.address);
        if !known && self.frames.len() < FRAMES_MAX {
            self.frames.push(frame);
        }
    }

    fn add_client(&mut self, client: Arc<Client>) {
        let known = self.clients.iter().any(|known| known.id == client.id);
        if !known && self.clients.len() < CLIENTS_MAX {
            self.clients.push(client);
        }
    }

    /// What people call them.
    pub fn names(&self) -> Vec<&str> {
        self.clients.iter().map(|client| client.name.as_str()).collect()
    }

    /// The frames by which the browser tells some of them. S-FCL-3
    pub fn frames(&self) -> &[LogoutFrame] {
        &self.frames
    }

    /// How each was told of these endings, as soon as all have answered or the browser has waited long enough (S-RPI-11). What cannot
    /// be read now is taken for "is being told": the sessions are over in any case.
    pub async fn told(&self, authority: &Authority, endings: &[EndingId]) -> Vec<ToldClient> {
        let waits = self.clients.iter().any(|client| client.backchannel_logout_uri.is_some());
        let mut states = States::new();
        if let Some((meant, beside)) = endings.split_last().filter(|_| waits) {
            let beside = beside.len().min(ENDINGS_MAX - 1);
            for ending in &endings[endings.len() - 1 - beside..endings.len() - 1] {
                add_states(authority, *ending, None, &mut states)
                    .await
                    .unwrap_or_else(|outage| log(authority, &outage));
            }
            add_states(authority, *meant, Some(WAIT), &mut states)
                .await
                .unwrap_or_else(|outage| log(authority, &outage));
        }
        self.clients.iter().map(|client| said(client, &states)).collect()
    }
}

impl PartingTicket {
    /// For these endings, from now on for a while; none if nothing ended.
    pub fn of(authority: &Authority, endings: &[EndingId]) -> Option<Self> {
        let first = endings.len().saturating_sub(ENDINGS_MAX);
        let endings = endings[first..].to_vec();
        (!endings.is_empty()).then(|| Self { endings, until: authority.now().plus(LOOK) })
    }

    /// The name of the parameter that carries a ticket.
    pub const PARAMETER: &str = TICKET;

    /// Where a browser looks again what became of the sign-off that is being answered, if somebody is still being told of it: the page
    /// of the realm's native issuer, whichever dialect signed off.
    pub fn look_again(
        authority: &Authority,
        public_url: &str,
        realm: &Realm,
        told: &[ToldClient],
    ) -> Option<String> {
        let under_way = told.iter().any(|one| one.how == HowTold::Pending);
        let ticket = Self::of(authority, &endings_noted()).filter(|_| under_way)?;
        Some(ticket.address(authority, public_url, realm))
    }

    /// The address of that page.
    pub fn address(&self, authority: &Authority, public_url: &str, realm: &Realm) -> String {
        let page = format!("{public_url}{}/{PAGE}", issuer_path(&realm.path));
        append_query(&page, TICKET, &self.to_text(authority, realm.id))
    }

    /// The ticket as text, which only this installation can make.
    pub fn to_text(&self, authority: &Authority, realm: RealmId) -> String {
        let body = self.body();
        format!("{body}.{}", seal(authority, realm, &body))
    }

    /// The ticket of that text, if it is one of this realm and somebody may look still.
    pub fn read(authority: &Authority, realm: RealmId, text: &str) -> Option<Self> {
        let (body, given) = text.rsplit_once('.')?;
        let (endings, until) = body.split_once('.')?;
        let endings = endings.split('~').map(str::parse).collect::<Result<Vec<_>, _>>().ok()?;
        let ticket = Self { endings, until: Timestamp::from_ms(until.parse().ok()?) };
        let fits =
            ticket.body() == body && authority.now() < ticket.until && ticket.endings.len() <= ENDINGS_MAX;
        let sealed = TokenHash::of(seal(authority, realm, body).as_bytes());
        (fits && sealed.same(&TokenHash::of(given.as_bytes()))).then_some(ticket)
    }

    /// For how long somebody may look.
    pub fn left(&self, now: Timestamp) -> Span {
        self.until.since(now)
    }

    /// Those who are told of the endings, as far as that is known by now, and how each was told.
    pub async fn told(&self, authority: &Authority, realm: RealmId) -> Result<Vec<ToldClient>, Outage> {
        let mut states = States::new();
        for ending in &self.endings {
            add_states(authority, *ending, None, &mut states).await?;
        }
        let mut told = Vec::new();
        for id in states.keys() {
            if let Some(client) = authority.client(realm, id).await? {
                told.push(said(&client, &states));
            }
        }
        Ok(told)
    }

    fn body(&self) -> String {
        let endings: Vec<String> = self.endings.iter().map(ToString::to_string).collect();
        format!("{}.{}", endings.join("~"), self.until.ms())
    }
}

fn seal(authority: &Authority, realm: RealmId, body: &str) -> String {
    let name = format!("parting {realm} {body}");
    authority.key().derive_text(Purpose::AntiForgery, name.as_bytes(), 0)
}

/// The states of the receipts of each client, and whether it has not answered for long.
type States = BTreeMap<ClientId, (Vec<ReceiptState>, bool)>;

async fn add_states(
    authority: &Authority,
    ending: EndingId,
    wait: Option<Span>,
    states: &mut States,
) -> Result<(), Outage> {
    let query = ReceiptQuery { ending, after: None, most: RECEIPTS_MAX };
    let page = match wait {
        Some(wait) => authority.settled_receipts_of_clients(query, wait).await?,
        None => authority.receipts(query).await?,
    };
    let (page, now) = (page.unwrap_or_default(), authority.now());
    for receipt in &page.receipts {
        if let Receiver::Client(client) = &receipt.receiver {
            let waits = page.waiting(receipt, now);
            let (states, is_ailing) = states.entry(client.clone()).or_default();
            states.push(receipt.state);
            *is_ailing |= waits.is_some_and(|waits| waits.ailing_since().is_some());
        }
    }
    Ok(())
}

fn log(authority: &Authority, outage: &Outage) {
    if let Some(LineTaken { left_out }) = authority.take_line("sign-off", "not told") {
        tracing::warn!(error = %outage, left_out, "who was told of a sign-off cannot be said now");
    }
}

fn said(client: &Client, states: &States) -> ToldClient {
    let (of_client, is_ailing) = states.get(&client.id).cloned().unwrap_or_default();
    ToldClient { name: client.name.clone(), how: how_told(client, of_client, is_ailing) }
}

/// Where a browser tells a client of a session that it knows like this. Issuer and session go together or not at all (S-FCL-4).
fn frame_address(client: &Client, participant: &Participant) -> Option<String> {
    let address = client.frontchannel_logout_uri.as_deref()?;
    let known = &participant.known_as;
    match client.frontchannel_logout_session_required {
        false => Some(address.to_owned()),
        // It took part before that was written down: it could not tell which session is meant.
        true if known.issuer.is_empty() => None,
        true => Some(append_query(&append_query(address, "iss", &known.issuer), "sid", &known.sid)),
    }
}
