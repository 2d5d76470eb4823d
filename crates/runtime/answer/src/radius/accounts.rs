//! Telling of sessions: a start when packets pass, the course at its times, a stop at the end.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use onhook_base::Instant;
use onhook_engine::SharedTraffic;
use onhook_host::Host;
use onhook_model::{Cause, RasCode, Traffic};
use onhook_radius::accounting::{Account, Counts, Record, TerminateCause};
use onhook_radius::wire::{Attributes, attribute, code};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::Radius;
use super::nas::wall_clock;
use super::talk::Talk;
use crate::calls::Session;

/// Acct-Authentic (RFC 2866 §5.6).
const BY_RADIUS: u32 = 1;
const BY_OURSELVES: u32 = 2;
/// How long the last accounts may take when everything ends.
const LAST_ACCOUNTS: Duration = Duration::from_secs(5);

/// What of an admission its account needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountTerms {
    /// The session's number, as servers are told it.
    pub(crate) id: String,
    /// The name that the account is of.
    pub(crate) user: String,
    /// What the server wants to see again.
    pub(crate) classes: Vec<Vec<u8>>,
    /// How often the course is told.
    pub(crate) interim: Option<Duration>,
    /// A RADIUS server has judged the caller.
    pub(crate) by_radius: bool,
}

enum Event {
    Begun {
        call: u64,
        about: Attributes,
        every: Option<Duration>,
        traffic: Arc<SharedTraffic>,
    },
    Ended {
        call: u64,
        cause: TerminateCause,
        traffic: Traffic,
    },
    /// There will be no more.
    Over,
}

/// Where sessions are told of.
#[derive(Debug)]
pub(super) struct Accounts(mpsc::UnboundedSender<Event>);

impl Accounts {
    /// What is given beside ends when the value is dropped and everything is told.
    pub(super) fn open(host: Host, talk: Talk) -> (Self, JoinHandle<()>) {
        // A call brings two events, and calls are bounded.
        let (events, taken) = mpsc::unbounded_channel();
        let telling = Telling { host, talk, open: HashMap::new(), told: JoinSet::new() };
        (Self(events), tokio::spawn(telling.run(taken)))
    }
}

impl Radius {
    /// What an account of a caller whom we have judged ourselves needs.
    pub(crate) fn local_account(&self, call: u64, user: &str) -> Option<AccountTerms> {
        self.accounts.as_ref()?;
        Some(AccountTerms {
            id: self.nas.session_id(call),
            user: user.to_owned(),
            classes: Vec::new(),
            interim: None,
            by_radius: false,
        })
    }

    /// Packets pass.
    pub(crate) fn account_begins(
        &self,
        session: &Session,
        terms: &AccountTerms,
        traffic: Arc<SharedTraffic>,
    ) {
        let Some(accounts) = &self.accounts else { return };
        let mut about = Attributes::default();
        about.text(attribute::USER_NAME, &terms.user);
        self.nas.describe(session, &mut about);
        if let Some(address) = session.address {
            about.number(attribute::FRAMED_IP_ADDRESS, address.into());
        }
        for class in &terms.classes {
            about.octets(attribute::CLASS, class);
        }
        let authentic = if terms.by_radius { BY_RADIUS } else { BY_OURSELVES };
        about.number(attribute::ACCT_AUTHENTIC, authentic);
        let event = Event::Begun { call: session.call, about, every: terms.interim, traffic };
        // It listens until we are gone.
        drop(accounts.0.send(event));
    }

    /// Nothing more will be told.
    pub(crate) fn accounts_are_over(&self) {
        if let Some(accounts) = &self.accounts {
            // As below.
            drop(accounts.0.send(Event::Over));
        }
    }

    /// A session has ended.
    pub(crate) fn account_ends(&self, call: u64, cause: &Cause, traffic: Traffic) {
        if let Some(accounts) = &self.accounts {
            let cause = terminate_cause(cause.code());
            // As above.
            drop(accounts.0.send(Event::Ended { call, cause, traffic }));
        }
    }
}

struct Open {
    account: Account,
    about: Attributes,
    traffic: Arc<SharedTraffic>,
}

struct Telling {
    host: Host,
    talk: Talk,
    open: HashMap<u64, Open>,
    told: JoinSet<()>,
}

impl Telling {
    async fn run(mut self, mut events: mpsc::UnboundedReceiver<Event>) {
        loop {
            let next = self.open.values().filter_map(|open| open.account.poll_timeout()).min();
            let host = self.host.clone();
            tokio::select! {
                event = events.recv() => match event {
                    Some(Event::Over) | None => break,
                    Some(event) => self.on_event(event),
                },
                () = sleep_until(&host, next.map(|deadline| deadline.at)) => self.on_time(),
                Some(_) = self.told.join_next(), if !self.told.is_empty() => {}
            }
        }
        let rest = async { while self.told.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_ACCOUNTS, rest).await.is_err() {
            tracing::warn!(target: "answer", "some accounts could not be told to any RADIUS server");
        }
    }

    fn on_event(&mut self, event: Event) {
        let now = self.host.now();
        match event {
            Event::Begun { call, about, every, traffic } => {
                let (account, record) = Account::start(now, every);
                self.tell(&about, record);
                self.open.insert(call, Open { account, about, traffic });
            }
            Event::Over => {}
            Event::Ended { call, cause, traffic } => {
                // One that never came up has no account.
                let Some(mut open) = self.open.remove(&call) else { return };
                if let Some(record) = open.account.stop(now, counts(traffic), cause) {
                    self.tell(&open.about, record);
                }
            }
        }
    }

    fn on_time(&mut self) {
        let now = self.host.now();
        let mut due = Vec::new();
        for open in self.open.values_mut() {
            let record = open.account.handle_timeout(now, counts(open.traffic.load()));
            due.extend(record.map(|record| (open.about.clone(), record)));
        }
        for (about, record) in due {
            self.tell(&about, record);
        }
    }

    fn tell(&mut self, about: &Attributes, record: Record) {
        let mut attributes = about.clone();
        record.write(&mut attributes);
        let at = u32::try_from(wall_clock()).unwrap_or(u32::MAX);
        attributes.number(attribute::EVENT_TIMESTAMP, at);
        let talk = self.talk.clone();
        self.told.spawn(async move {
            match talk.ask(attributes, None).await {
                Ok(answer) => {
                    let code = answer.packet().map(|packet| packet.code);
                    debug_assert_eq!(code, Some(code::ACCOUNTING_RESPONSE));
                }
                Err(why) => {
                    tracing::error!(target: "answer", "what happened in a session is lost: {why}");
                }
            }
        });
    }
}

const fn counts(traffic: Traffic) -> Counts {
    Counts {
        octets_in: traffic.bytes_in,
        octets_out: traffic.bytes_out,
        packets_in: traffic.packets_in,
        packets_out: traffic.packets_out,
    }
}

async fn sleep_until(host: &Host, at: Option<Instant>) {
    match at {
        Some(at) => host.sleep_until(at).await,
        None => pending().await,
    }
}

/// RAS's number in RADIUS' words (RFC 2866 §5.10).
fn terminate_cause(code: RasCode) -> TerminateCause {
    match code {
        RasCode::REMOTE_DISCONNECTION | RasCode::DISCONNECTION => TerminateCause::UserRequest,
        RasCode::USER_DISCONNECTION => TerminateCause::AdminReset,
        RasCode::RASMAN_SERVICE_STOPPED => TerminateCause::NasReboot,
        RasCode::IDLE_TIMEOUT => TerminateCause::IdleTimeout,
        RasCode::PPP_SESSION_TIMEOUT => TerminateCause::SessionTimeout,
        RasCode::LINK_FAILURE | RasCode::PORT_DISCONNECTED | RasCode::NO_CARRIER => {
            TerminateCause::LostCarrier
        }
        RasCode::VPN_DISCONNECT => TerminateCause::LostService,
        RasCode::BUSY => TerminateCause::NasRequest,
        _ => TerminateCause::NasError,
    }
}
