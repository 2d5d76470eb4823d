//! How many calls a second the answering side sets up, made by our own dialer in the same process.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::Figures;
use crate::calls::dial_many;
use crate::stage::{Stage, WIRE, Way};
use crate::throughput::handshakes;

/// The namespace of what takes a network of its own.
const NAMESPACE: &str = "onhook-bench-setup";

/// What came of many dials at once.
struct Outcome {
    /// Calls a second.
    rate: f64,
    /// Datagrams that found a receive buffer full meanwhile; none where none are sent.
    lost: u64,
}

/// Measures these ways. PPTP and PPPoE take root, and are left out without it.
pub(crate) async fn measure(
    figures: &mut Figures,
    count: usize,
    ways: &[Way],
) -> anyhow::Result<()> {
    let bare = tokio::task::spawn_blocking(handshakes).await??;
    figures.put("bare TLS 1.3 handshakes, one after the other", bare, "1/s", "both ends here");
    let exchanges = tokio::task::spawn_blocking(exchanges).await??;
    let note = "a socket at either end, one after the other; a call over L2TP takes seven and more";
    figures.put("bare exchanges over UDP", exchanges, "1/s", note);
    for way in ways {
        let outcome = match way.is_raw() {
            false => set_up(*way, count).await?,
            true => match tokio::task::block_in_place(|| in_namespace(*way, count)) {
                Ok(outcome) => outcome,
                Err(error) => {
                    eprintln!("calls set up over {}: not measured: {error:#}", way.name());
                    continue;
                }
            },
        };
        let (limit, name) = match way {
            Way::Sstp => (bare, "handshakes"),
            Way::L2tp | Way::Pptp | Way::PppoE => (exchanges, "exchanges"),
        };
        let note = format!(
            "{count} calls, 64 at once, both ends here; {:.3} of the bare {name}; {} datagrams lost",
            outcome.rate / limit,
            outcome.lost
        );
        figures.put(&format!("calls set up over {}", way.name()), outcome.rate, "1/s", note);
    }
    Ok(())
}

async fn set_up(way: Way, count: usize) -> anyhow::Result<Outcome> {
    let stage = Arc::new(Stage::answering(&[way]).await?);
    let (start, before) = (Instant::now(), datagrams_lost());
    let up = dial_many(&stage, count, way).await?;
    let rate = up.len() as f64 / start.elapsed().as_secs_f64();
    let lost = datagrams_lost().saturating_sub(before);
    stage.engine.stop(Duration::from_secs(60)).await;
    Ok(Outcome { rate, lost })
}

/// The same by ourselves again, in [`NAMESPACE`]: says the outcome on standard output.
pub(crate) async fn here(way: &str, count: usize) -> anyhow::Result<()> {
    let way = Way::from_name(way).with_context(|| format!("{way} is no way to call"))?;
    let outcome = set_up(way, count).await?;
    println!("{} {}", outcome.rate, outcome.lost);
    Ok(())
}

fn in_namespace(way: Way, count: usize) -> anyhow::Result<Outcome> {
    let ground = Ground::lay()?;
    let mut own = Command::new("ip");
    own.args(["netns", "exec", NAMESPACE]).arg(std::env::current_exe()?);
    let said = own.args(["setup-here", way.name(), &count.to_string()]).output()?;
    drop(ground);
    anyhow::ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8_lossy(&said.stdout);
    let (rate, lost) = text.trim().split_once(' ').context("a rate, and what was lost")?;
    Ok(Outcome { rate: rate.parse()?, lost: lost.parse()? })
}

/// A namespace with a wire whose ends are both in it; gone with the value.
struct Ground;

impl Ground {
    fn lay() -> anyhow::Result<Self> {
        let ground = Self;
        let [near, far] = WIRE;
        for command in [
            format!("ip netns add {NAMESPACE}"),
            format!("ip -n {NAMESPACE} link add {near} type veth peer name {far}"),
            format!("ip -n {NAMESPACE} link set {near} up"),
            format!("ip -n {NAMESPACE} link set {far} up"),
            format!("ip -n {NAMESPACE} link set lo up"),
        ] {
            let words: Vec<_> = command.split(' ').collect();
            let output = Command::new(words[0]).args(&words[1..]).output()?;
            let told = String::from_utf8_lossy(&output.stderr);
            anyhow::ensure!(output.status.success(), "{command}: {told}");
        }
        Ok(ground)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        drop(Command::new("ip").args(["netns", "del", NAMESPACE]).output());
    }
}

/// Datagrams that this namespace has lost in full receive buffers: `RcvbufErrors` of UDP.
fn datagrams_lost() -> u64 {
    let text = std::fs::read_to_string("/proc/net/snmp").unwrap_or_default();
    let mut rows = text.lines().filter(|line| line.starts_with("Udp:"));
    let (Some(names), Some(values)) = (rows.next(), rows.next()) else { return 0 };
    let column = names.split_whitespace().position(|name| name == "RcvbufErrors");
    let value = column.and_then(|column| values.split_whitespace().nth(column));
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

/// Questions and answers of one datagram each, a second, over loopback.
fn exchanges() -> anyhow::Result<f64> {
    let near = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let far = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    near.connect(far.local_addr()?)?;
    far.connect(near.local_addr()?)?;
    let answering = std::thread::spawn(move || {
        let mut room = [0; 256];
        // An empty one is the end.
        while let Ok(length @ 1..) = far.recv(&mut room) {
            if far.send(room.get(..length).unwrap_or_default()).is_err() {
                break;
            }
        }
    });
    let (mut count, mut room) = (0.0, [0; 256]);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        near.send(&[7; 100])?;
        near.recv(&mut room)?;
        count += 1.0;
    }
    let rate = count / start.elapsed().as_secs_f64();
    near.send(&[])?;
    drop(answering.join());
    Ok(rate)
}
