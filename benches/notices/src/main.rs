//! What notices are measured against: receivers that confirm everything, and a loop that signs and posts and does nothing else.
//!
//! `receive COUNT HANGING` answers at so many ports, of which the last ones never do, and writes for each notice its port and when
//! it was answered. `bare ALGORITHM POSTS ROUNDS PORT…` is the loop: in each round it commits twice, signs and posts, and says how long that
//! took. Nothing here is ours but the shape of the request.

mod bare;
mod receivers;

use anyhow::{Result, bail};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["receive", count, hanging] => receivers::serve(count.parse()?, hanging.parse()?).await,
        ["bare", algorithm, posts, rounds, ref ports @ ..] => {
            let ports = ports.iter().map(|port| port.parse()).collect::<Result<Vec<u16>, _>>()?;
            bare::run(algorithm, posts.parse()?, rounds.parse()?, &ports).await
        }
        _ => bail!("receive COUNT HANGING, or bare ALGORITHM POSTS ROUNDS PORT…"),
    }
}
