//! The HTTP client, over names that are resolved and judged.
//!
//! A name that leads elsewhere a moment after it was judged gains nothing: the connection goes to what was judged.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, redirect};
use tokio_rustls::rustls;

use crate::rule::AddressRule;

/// How long a connection may take to be made, TLS included.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request may take in all, its answer included.
const WHOLE: Duration = Duration::from_secs(10);
/// Connections that are kept for the next request, for each host, and how long.
const IDLE_MAX: usize = 8;
const IDLE: Duration = Duration::from_secs(30);

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the client for outgoing requests could not be set up")]
pub struct ClientFault(#[source] reqwest::Error);

/// A client that goes nowhere but where its rule allows. Clones are handles of the same one.
#[derive(Clone, Debug)]
pub struct EgressClient {
    /// The client. A host that is an address itself is for [`AddressRule::allows_host`] to judge, before each request.
    pub client: Client,
    /// The rule.
    pub rule: AddressRule,
}

/// A name leads to no address that may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("the name leads into a private network")]
struct Refused;

impl EgressClient {
    /// A client that goes nowhere but where the rule allows.
    ///
    /// # Errors
    /// If the client cannot be made, also with no authority that it trusts.
    pub fn new(rule: AddressRule) -> Result<Self, ClientFault> {
        let client = builder(rule).build().or_else(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "no authorities are known: nothing behind https can be reached");
            builder(rule).tls_certs_only([]).build()
        });
        Ok(Self { client: client.map_err(ClientFault)?, rule })
    }
}

fn builder(rule: AddressRule) -> ClientBuilder {
    Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .pool_max_idle_per_host(IDLE_MAX)
        .pool_idle_timeout(IDLE)
        .no_proxy() // A proxy would resolve names, and nobody could judge where they lead.
        .referer(false)
        .user_agent(concat!("adieu/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(JudgedNames(rule))
}

/// Whether a request failed because its host's name leads to no address that may be connected to.
#[must_use]
pub fn address_was_refused(error: &reqwest::Error) -> bool {
    any_cause(error, |cause| cause.is::<Refused>())
}

/// Whether a request failed because its host showed a certificate that does not prove who it is. Nothing was sent then.
#[must_use]
pub fn certificate_was_refused(error: &reqwest::Error) -> bool {
    let is_of_it = |cause: &rustls::Error| {
        matches!(cause, rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)
    };
    any_cause(error, |cause| cause.downcast_ref().is_some_and(is_of_it))
}

/// Looks at an error and everything that it is because of.
fn any_cause(error: &reqwest::Error, is_it: impl Fn(&(dyn std::error::Error + 'static)) -> bool) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(this) = cause {
        if is_it(this) {
            return true;
        }
        // What an I/O error carries is not its source.
        let carried = this.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match carried {
            Some(carried) => Some(carried),
            None => this.source(),
        };
    }
    false
}

/// Resolves names by the system, and gives only addresses that may be connected to.
struct JudgedNames(AddressRule);

impl Resolve for JudgedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (allowed, refused): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|address| rule.allows(address.ip()));
            if allowed.is_empty() && !refused.is_empty() {
                return Err(Box::new(Refused) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
