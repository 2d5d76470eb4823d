//! Users, accounts and orders of RADIUS servers, for the answering side.
//!
//! The protocol is [`onhook_radius`]'s; here are its sockets, and what it means for calls: [`talk`] asks,
//! [`judge`] turns proofs into requests and answers into verdicts, [`accounts`] tells of sessions, and
//! [`command`] takes orders to end them.

mod accounts;
mod command;
mod judge;
mod nas;
mod talk;

use std::net::SocketAddr;

use onhook_effect::HostError;
use onhook_host::Host;
use onhook_radius::client::{ClientTerms, Purpose, Server};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) use accounts::AccountTerms;
use accounts::Accounts;
pub(crate) use command::Command;
pub(crate) use judge::Conversations;
use nas::Nas;
use talk::Talk;

/// Which RADIUS servers there are, and what they are for.
#[derive(Clone, Debug)]
pub struct RadiusConfig {
    /// Who judges callers, in order; empty leaves it to the file of users.
    pub access: Vec<Server>,
    /// Who is told of sessions, in order; empty tells nobody.
    pub accounting: Vec<Server>,
    /// Where orders to end sessions are taken (RFC 5176), from those servers' addresses.
    pub orders: Option<SocketAddr>,
    /// Our name (NAS-Identifier).
    pub identifier: String,
    /// Answers without a Message-Authenticator count.
    pub trusts_unsigned: bool,
}

/// The RADIUS servers at work.
pub(crate) struct Radius {
    nas: Nas,
    access: Option<Talk>,
    conversations: Conversations,
    accounts: Option<Accounts>,
}

impl Radius {
    /// Opens what the servers are talked with through. What is given beside ends when all accounts are
    /// told, after the value is dropped.
    pub(crate) async fn open(
        host: &Host,
        config: Option<&RadiusConfig>,
    ) -> Result<(Option<Self>, Option<JoinHandle<()>>), HostError> {
        let Some(config) = config else { return Ok((None, None)) };
        let terms = |purpose, servers: &[Server]| ClientTerms {
            purpose,
            servers: servers.to_vec(),
            trusts_unsigned: config.trusts_unsigned,
        };
        let access = match config.access.is_empty() {
            true => None,
            false => Some(Talk::open(host, terms(Purpose::Access, &config.access)).await?),
        };
        let (accounts, telling) = match config.accounting.is_empty() {
            true => (None, None),
            false => {
                let talk = Talk::open(host, terms(Purpose::Accounting, &config.accounting)).await?;
                let (accounts, telling) = Accounts::open(host.clone(), talk);
                (Some(accounts), Some(telling))
            }
        };
        let nas = Nas::new(config.identifier.clone(), host);
        let conversations = Conversations::default();
        Ok((Some(Self { nas, access, conversations, accounts }), telling))
    }

    /// Whether callers are judged by it.
    pub(crate) const fn judges(&self) -> bool {
        self.access.is_some()
    }
}

/// Resolves when the server takes no more calls, or is gone.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    drop(stopped.wait_for(|stop| *stop).await);
}
