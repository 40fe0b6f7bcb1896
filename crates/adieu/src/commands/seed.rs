//! `adieu seed`: many sessions, through the store like any other, for measurements of start and size.

use std::sync::Arc;

use adieu_authority::{Device, Door, NewPerson};
use anyhow::Result;

use crate::config::Config;
use crate::house::House;
use crate::provision;
use crate::real::{SystemClock, SystemEntropy};

/// Sign-ons in flight; the store commits what waits together.
const AT_ONCE: usize = 900;

pub(super) async fn run(config: Config, sessions: u32, users: u32) -> Result<()> {
    let house = House::open(&config, &config.data, Arc::new(SystemClock), Arc::new(SystemEntropy)).await?;
    let authority = &house.authority;
    let realm =
        authority.realm_at("/alpha").await?.ok_or_else(|| anyhow::anyhow!("there is no realm /alpha"))?;
    let population = provision::default_population(authority, &realm).await?;
    let mut made = Vec::new();
    let mut names = 0..users.max(1);
    while !names.is_empty() {
        let batch: Vec<_> = names.by_ref().take(AT_ONCE).collect();
        let tasks: Vec<_> = batch
            .into_iter()
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
    let door = Door::named("kratos");
    let mut done = 0;
    while done < sessions {
        let batch = (AT_ONCE as u32).min(sessions - done);
        let tasks: Vec<_> = (0..batch)
            .map(|n| {
                let user = Arc::clone(&made[((done + n) as usize) % made.len()]);
                let (authority, realm, door) = (authority.clone(), Arc::clone(&realm), door.clone());
                tokio::spawn(
                    async move { authority.open_proven(realm, door, Device::default(), &user).await },
                )
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        done += batch;
        if done % 90_000 < AT_ONCE as u32 {
            eprintln!("{done} of {sessions} sessions");
        }
    }
    println!("{done} sessions of {} users in {}", made.len(), config.data.display());
    Ok(())
}
