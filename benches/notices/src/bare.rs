//! The loop beside which notices are measured: two commits, then so many tokens signed by RS256 or ES256 and posted, eight at once to
//! each receiver.
//!
//! A commit is a page that is written to a file and synced. Nothing is read back, retried or written down.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Tokens that are signed at once, and posts to one receiver: as the server has it.
const SIGNERS: usize = 2;
const EACH: usize = 8;
const PAGE: [u8; 4096] = [7; 4096];

/// What signs.
enum SigningPair {
    Rsa(KeyPair),
    Ec(EcdsaKeyPair),
}

impl SigningPair {
    fn new(algorithm: &str) -> Result<Self> {
        Ok(match algorithm {
            "RS256" => Self::Rsa(KeyPair::generate(KeySize::Rsa2048).context("a key")?),
            "ES256" => Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).context("a key")?),
            other => bail!("nothing signs by {other}"),
        })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    fn signature(&self, text: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
                    .context("a signature")?;
                Ok(signature)
            }
            Self::Ec(key) => {
                Ok(key.sign(&SystemRandom::new(), text).context("a signature")?.as_ref().to_vec())
            }
        }
    }
}

/// Runs so many rounds, and says in nanoseconds how long each took.
pub(crate) async fn run(algorithm: &str, posts: usize, rounds: usize, ports: &[u16]) -> Result<()> {
    let key = Arc::new(SigningPair::new(algorithm)?);
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(EACH).build()?;
    let signing = Arc::new(Semaphore::new(SIGNERS));
    let lanes: Vec<_> = ports.iter().map(|_| Arc::new(Semaphore::new(EACH))).collect();
    let folder = std::env::temp_dir().join(format!("adieu-bench-commits-{}", std::process::id()));
    let file = File::options().create(true).truncate(true).write(true).open(&folder)?;
    for round in 0..rounds {
        let began = now();
        for half in 0..2 {
            file.write_all_at(&PAGE, (round * 2 + half) as u64 * PAGE.len() as u64)?;
            file.sync_data()?;
        }
        let mut sent = JoinSet::new();
        for number in 0..posts {
            let (key, client, signing) = (Arc::clone(&key), client.clone(), Arc::clone(&signing));
            let (port, lane) = (ports[number % ports.len()], Arc::clone(&lanes[number % ports.len()]));
            sent.spawn(async move {
                let _lane = lane.acquire().await?;
                let token = {
                    let _turn = signing.acquire().await?;
                    tokio::task::spawn_blocking(move || signed(&key, number)).await??
                };
                let request = client.post(format!("http://127.0.0.1:{port}/out"));
                let request = request.header("content-type", "application/x-www-form-urlencoded");
                let answer = request.body(format!("logout_token={token}")).send().await?;
                anyhow::ensure!(answer.status() == 204, "{}", answer.status());
                Ok(())
            });
        }
        while let Some(done) = sent.join_next().await {
            done??;
        }
        println!("{}", took(began).as_nanos());
    }
    // What can't be removed lies in the system's temporary folder.
    let _ = std::fs::remove_file(folder);
    Ok(())
}

/// A token of the size of a logout token.
fn signed(key: &SigningPair, number: usize) -> Result<String> {
    let claims = format!(
        r#"{{"iss":"https://id.example.test/a1fa0000-0000-4000-8000-000000000001/as","aud":"app-{number}","iat":1795166047,"exp":1795166167,"jti":"6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90","sub":"6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90","sid":"6f0d8a51-3c1e-4b7a-9d52-8e2b4f7c1a90","events":{{"http://schemas.openid.net/event/backchannel-logout":{{}}}}}}"#
    );
    let head = format!(r#"{{"alg":"{}","kid":"abcdefghijkl","typ":"logout+jwt"}}"#, key.name());
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(key.signature(text.as_bytes())?)))
}

#[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
fn now() -> Instant {
    Instant::now()
}

fn took(began: Instant) -> Duration {
    began.elapsed()
}
