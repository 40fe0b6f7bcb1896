//! The crash test: the real server in a storm of sign-ons, checks and endings, killed at random moments.
//!
//! `dialects` knows the dialects' requests, `ledger` is the checker that no answer escapes, `storm` makes the weather, `walk` has
//! a realm end under kills; `server` is the child process, `receiver` another one that is told. What is in doubt because a
//! connection broke is demanded neither way. The seed is printed; it chooses who does what and when the kill comes, not how the
//! machine schedules it.

pub mod dialects;
pub mod ledger;
pub mod receiver;
pub mod server;
pub mod storm;
pub mod walk;
