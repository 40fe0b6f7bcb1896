//! `adieu seed`: many sessions, through the store like any other, for measurements of start, size and endings.
//!
//! Nobody can sign on with what it makes: its users have no passwords. Tokens are written only where they are asked for.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use adieu_authority::{
    Authority, Channel, Client, CodeOrder, Device, Entropy, NewPerson, Realm, Session, SidForm, User,
};
use anyhow::{Context, Result, ensure};

use crate::assembled::AssembledServer;
use crate::config::Config;
use crate::engine;
use crate::logging::note;
use crate::provision;
use crate::real::{SystemClock, SystemEntropy};

/// How much to make.
pub struct Seed {
    /// Sessions.
    pub sessions: u32,
    /// Users that they are spread over.
    pub users: u32,
    /// Where their tokens go, one a line.
    pub tokens: Option<PathBuf>,
    /// How many of the realm's applications that are told of endings take part: one in each session, in turn for each user.
    pub applications: u32,
}

/// Orders in flight; the store commits what waits together.
const AT_ONCE: u32 = 900;

pub(super) async fn run(config: Config, seed: Seed) -> Result<()> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    engine::is_made(&config, &entropy).await?;
    let place = engine::told(&config);
    note(&format!("the installation in {place}"));
    let server = AssembledServer::open(&config, &config.data, Arc::new(SystemClock), entropy).await?;
    let authority = &server.authority;
    let realm = authority.realm_at("/alpha").await?.context("there is no realm /alpha")?;
    let users = users(authority, &realm, seed.users.max(1)).await?;
    let told = told(authority, &realm, seed.applications).await?;
    let issuer = format!("{}/{}/as", config.public.url, realm.id);
    let mut tokens = match &seed.tokens {
        Some(path) => Some(BufWriter::new(File::create(path).with_context(|| path.display().to_string())?)),
        None => None,
    };
    for begun in (0..seed.sessions).step_by(AT_ONCE as usize) {
        let batch = AT_ONCE.min(seed.sessions - begun);
        let tasks: Vec<_> = (begun..begun + batch)
            .map(|n| {
                let user = Arc::clone(&users[n as usize % users.len()]);
                let (authority, realm) = (authority.clone(), Arc::clone(&realm));
                let shared_by = told.get(n as usize / users.len() % told.len().max(1)).cloned();
                let (channel, issuer) = (Channel::named("kratos"), issuer.clone());
                tokio::spawn(async move {
                    let opened = authority.open_proven(realm, channel, Device::default(), &user).await?;
                    if let Some(client) = shared_by {
                        authority.issue_code(code(&opened.session, client, issuer)).await?;
                    }
                    anyhow::Ok(opened)
                })
            })
            .collect();
        for task in tasks {
            let signed_in = task.await??;
            if let Some(tokens) = &mut tokens {
                writeln!(tokens, "{}", signed_in.token.reveal())?;
            }
        }
        if begun % (100 * AT_ONCE) == 0 {
            note(&format!("{} of {} sessions", begun + batch, seed.sessions));
        }
    }
    if let Some(mut tokens) = tokens {
        tokens.flush()?;
    }
    note(&format!("{} sessions of {} users in {place}", seed.sessions, users.len()));
    Ok(())
}

/// Applications of a realm that are told of endings.
async fn told(authority: &Authority, realm: &Realm, count: u32) -> Result<Vec<Arc<Client>>> {
    let all = authority.clients(realm.id).await?.into_iter();
    let told = all.filter(|client| client.backchannel_logout_uri.is_some()).take(count as usize);
    let told: Vec<Arc<Client>> = told.map(Arc::new).collect();
    ensure!(told.len() == count as usize, "only {} applications of /alpha are told of endings", told.len());
    Ok(told)
}

/// A code that nobody redeems: whose client takes part by it.
fn code(session: &Arc<Session>, client: Arc<Client>, issuer: String) -> CodeOrder {
    CodeOrder {
        session: Arc::clone(session),
        client,
        issuer,
        sid: SidForm::Public,
        consent: None,
        offline: false,
        scope: "openid".into(),
        nonce: None,
        claims: None,
        redirect_uri: None,
        challenge: None,
    }
}

async fn users(authority: &Authority, realm: &Realm, count: u32) -> Result<Vec<Arc<User>>> {
    let population = provision::default_population(authority, realm).await?;
    let mut made = Vec::new();
    for begun in (0..count).step_by(AT_ONCE as usize) {
        let tasks: Vec<_> = (begun..count.min(begun + AT_ONCE))
            .map(|n| {
                let (authority, population) = (authority.clone(), population.clone());
                let username = format!("seed-{}-{n}", authority.draw_uuid());
                tokio::spawn(async move {
                    authority.create_user(&population, NewPerson { username, ..NewPerson::default() }).await
                })
            })
            .collect();
        for task in tasks {
            made.push(Arc::new(task.await??));
        }
    }
    Ok(made)
}
