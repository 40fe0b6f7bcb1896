//! The same framework's static answer: what a request costs before anything is asked.
//!
//! For `cargo xtask bench` only. It serves 200 and two bytes on the address that it is given.

use axum::Router;
use axum::routing::get;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    let app = Router::new().route("/", get(async || "ok")).fallback(async || "ok");
    axum::serve(listener, app).await?;
    Ok(())
}
