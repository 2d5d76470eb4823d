//! A manager and an answering server in one process, and what a dial and a hang-up take.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

use anyhow::Context as _;
use onhook_answer::{Answer, AnswerConfig, Identity, Pool, Users};
use onhook_base::Secret;
use onhook_engine::{Caller, Engine, EngineConfig, ManagerTerms, Subscription};
use onhook_host::HostConfig;
use onhook_model::{
    Credentials, DialOptions, DialRequest, Entry, EventKind, Handle, RasState, Trust,
};

use crate::Figures;

pub(crate) const CALLER: Caller = Caller::of(0, 1);

/// Over what a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Sstp,
    L2tp,
    Pptp,
    PppoE,
}

/// The two ends of the wire that PPPoE goes over, in a namespace that [`setup`](crate::setup) lays.
pub(crate) const WIRE: [&str; 2] = ["setup-a", "setup-b"];

impl Way {
    pub(crate) const ALL: [Self; 4] = [Self::Sstp, Self::L2tp, Self::Pptp, Self::PppoE];

    /// What people call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sstp => "SSTP",
            Self::L2tp => "L2TP",
            Self::Pptp => "PPTP",
            Self::PppoE => "PPPoE",
        }
    }

    /// The one that people call so.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name().eq_ignore_ascii_case(name))
    }

    /// Whether it takes rights, and a network of its own.
    pub(crate) const fn is_raw(self) -> bool {
        match self {
            Self::Sstp | Self::L2tp => false,
            Self::Pptp | Self::PppoE => true,
        }
    }
}

pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) answer: Answer,
    pub(crate) folder: tempfile::TempDir,
    ca: String,
    /// Dials so far.
    dialed: AtomicU16,
}

impl Stage {
    pub(crate) async fn new() -> anyhow::Result<Self> {
        Self::answering(&[Way::Sstp, Way::L2tp]).await
    }

    /// One that answers these.
    pub(crate) async fn answering(ways: &[Way]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let engine = |name: &str| {
            let state_dir = folder.path().join(name);
            let host = HostConfig { userspace_only: true, ..HostConfig::default() };
            Engine::start(EngineConfig { state_dir, host, terms: ManagerTerms::default() })
        };
        std::fs::create_dir_all(folder.path().join("manager"))?;
        std::fs::create_dir_all(folder.path().join("answer"))?;
        let identity = Identity::make(&["127.0.0.1".to_owned()])?;
        let ca = identity.ca_pem().context("made here")?.to_owned();
        let mut users = Users::default();
        users.insert("alice", "wonderland1");
        let listens = |way| {
            let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            if ways.contains(&way) { vec![here] } else { Vec::new() }
        };
        let wires = ways.iter().filter(|way| **way == Way::PppoE);
        let config = AnswerConfig {
            sstp: listens(Way::Sstp),
            l2tp: listens(Way::L2tp),
            pptp: vec![
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
                usize::from(ways.contains(&Way::Pptp))
            ],
            pppoe: wires.map(|_| WIRE[1].to_owned()).collect(),
            name: "bench".to_owned(),
            max_calls: 65_000,
            max_unproven: 65_000,
            ..AnswerConfig::new(identity, users, Pool::new("10.64.0.0/16".parse()?)?)
        };
        let answer = Answer::start(engine("answer").await?, config).await?;
        let dialed = AtomicU16::new(0);
        Ok(Self { engine: engine("manager").await?, answer, ca, folder, dialed })
    }

    /// Dials, and waits until it is connected.
    pub(crate) async fn dial(&self) -> anyhow::Result<Handle> {
        self.dial_over(Way::Sstp).await
    }

    /// The same over any way.
    pub(crate) async fn dial_over(&self, way: Way) -> anyhow::Result<Handle> {
        let mut events = self.engine.subscribe(CALLER);
        let handle = self.begin(way)?;
        connected(&mut events, handle).await?;
        Ok(handle)
    }

    fn begin(&self, way: Way) -> anyhow::Result<Handle> {
        let mut doors = self.answer.doors().iter();
        let door = doors.find(|door| door.link.eq_ignore_ascii_case(way.name()));
        let place = &door.context("it listens")?.place;
        let number = match way {
            Way::Sstp | Way::L2tp => place.clone(),
            // An address for each call, as callers have on a network: by it the kernel tells who is meant.
            Way::Pptp => {
                let [high, low] = self.dialed.fetch_add(1, Ordering::Relaxed).to_be_bytes();
                let address = Ipv4Addr::new(127, 1, high, low.max(1));
                let (_, port) = place.rsplit_once(':').context("its port")?;
                format!("{address}:{port}")
            }
            // On a wire any service will do, and the interface is ours.
            Way::PppoE => String::new(),
        };
        let mut entry = Entry::for_number(&number, way.name());
        if way == Way::PppoE {
            entry.port = WIRE[0].to_owned();
        }
        entry.trust = Trust::CaPem(self.ca.clone());
        let options = DialOptions { by_number: true, userspace: true, ..DialOptions::default() };
        let credentials = Credentials {
            user: "alice".to_owned(),
            password: Secret::new("wonderland1".to_owned()),
            domain: String::new(),
            tunnel_secret: None,
            certificate: None,
        };
        let request = DialRequest { entry, options };
        Ok(self.engine.dial(CALLER, &request, &credentials, None)?.handle)
    }

    pub(crate) async fn hang_up(&self, handle: Handle) -> anyhow::Result<()> {
        self.engine.hang_up(CALLER, handle)?;
        Ok(self.engine.wait_gone(CALLER, handle).await?)
    }
}

async fn connected(events: &mut Subscription, handle: Handle) -> anyhow::Result<()> {
    while let Some(event) = events.next().await {
        if event.handle != Some(handle) {
            continue;
        }
        match &event.kind {
            EventKind::State(report) if !report.error.is_success() => {
                anyhow::bail!("{}: {}", report.error, report.text)
            }
            EventKind::State(report) if report.state == RasState::Connected => return Ok(()),
            EventKind::State(_)
            | EventKind::Lost { .. }
            | EventKind::Gone { .. }
            | EventKind::Missed { .. } => {}
        }
    }
    anyhow::bail!("the engine has ended")
}

pub(crate) async fn dials(figures: &mut Figures) -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.hang_up(stage.dial().await?).await?;
    let (mut up, mut down) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let start = Instant::now();
        let handle = stage.dial().await?;
        up.push(start.elapsed().as_secs_f64() * 1000.0);
        let start = Instant::now();
        stage.hang_up(handle).await?;
        down.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    for (name, mut ms) in [("dial to Connected", up), ("hang-up to gone", down)] {
        ms.sort_by(f64::total_cmp);
        figures.put(&format!("{name}, median of 100"), ms[50], "ms", "loopback, both ends here");
        figures.put(&format!("{name}, 99th of 100"), ms[98], "ms", "");
    }
    let start = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    let stage = std::sync::Arc::new(stage);
    for _ in 0..32 {
        let stage = stage.clone();
        running.spawn(async move {
            for _ in 0..10 {
                stage.hang_up(stage.dial().await?).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(result) = running.join_next().await {
        result??;
    }
    let rate = 320.0 / start.elapsed().as_secs_f64();
    figures.put("dials and hang-ups, 32 at once", rate, "1/s", "both ends on this machine");
    Ok(())
}
