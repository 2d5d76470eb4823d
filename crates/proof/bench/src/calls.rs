//! Status and list calls over the socket, beside a bare exchange of as many octets; and memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use onhook_client::Ras;
use onhook_daemon::{EngineService, Setting, serve};
use onhook_model::Handle;
use onhook_rpc::{Framed, Limits};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::Figures;
use crate::stage::{Stage, Way};

const LONG: Duration = Duration::from_secs(1);

pub(crate) async fn measure(figures: &mut Figures, most: usize) -> anyhow::Result<()> {
    let stage = Arc::new(Stage::new().await?);
    let path = stage.folder.path().join("m.sock");
    let service = Arc::new(EngineService::new(stage.engine.clone(), None));
    let (_stop, stopped) = watch::channel(false);
    let (clients, _counted) = watch::channel(0);
    let listener = UnixListener::bind(&path)?;
    tokio::spawn(serve(listener, service, Setting::default(), stopped, clients));
    let mut ras = Ras::connect(Some(&path)).await?;
    let mut up = Vec::new();
    for count in [1, 100, most] {
        let before = resident();
        let fresh = count.saturating_sub(up.len());
        up.extend(dial_many(&stage, fresh, Way::Sstp).await?);
        if fresh > 100 {
            let each = (resident() - before) / fresh as f64;
            let note = "both ends, each with its user-space stack and proxies";
            figures.put("memory for each connection", each, "KiB", note);
        }
        let status = rate(async || ras.status(up[0]).await.map(drop).map_err(Into::into)).await?;
        let list = rate(async || ras.list().await.map(drop).map_err(Into::into)).await?;
        let bare_status = bare(serde_json::to_vec(&ras.status(up[0]).await?)?.len()).await?;
        let bare_list = bare(serde_json::to_vec(&ras.list().await?)?.len()).await?;
        for (name, rate, bare) in [("status", status, bare_status), ("list", list, bare_list)] {
            let note =
                format!("{:.2} of a bare exchange of as many octets ({bare:.0})", rate / bare);
            figures.put(&format!("{name} calls with {count} connections"), rate, "1/s", note);
        }
    }
    let start = Instant::now();
    stage.engine.stop(Duration::from_secs(60)).await;
    let note = format!("all {} connections", up.len());
    figures.put("hang everything up", start.elapsed().as_secs_f64() * 1000.0, "ms", note);
    Ok(())
}

/// Dials so many, 64 at once.
pub(crate) async fn dial_many(
    stage: &Arc<Stage>,
    count: usize,
    way: Way,
) -> anyhow::Result<Vec<Handle>> {
    let turns = Arc::new(Semaphore::new(64));
    let mut dialing = JoinSet::new();
    for _ in 0..count {
        let turn = turns.clone().acquire_owned().await?;
        let stage = stage.clone();
        dialing.spawn(async move {
            let handle = stage.dial_over(way).await;
            drop(turn);
            handle
        });
    }
    let mut up = Vec::new();
    while let Some(handle) = dialing.join_next().await {
        up.push(handle??);
    }
    Ok(up)
}

async fn rate(mut call: impl AsyncFnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let start = Instant::now();
    let mut count = 0.0;
    while start.elapsed() < LONG {
        call().await?;
        count += 1.0;
    }
    Ok(count / start.elapsed().as_secs_f64())
}

/// A question of a few octets, an answer of so many, over the same kind of socket and framing.
async fn bare(octets: usize) -> anyhow::Result<f64> {
    let (near, far) = UnixStream::pair()?;
    let (mut near, mut far) =
        (Framed::new(near, Limits::default()), Framed::new(far, Limits::default()));
    let answer = vec![b'x'; octets];
    let serving = tokio::spawn(async move {
        while let Ok(Some(_)) = far.receive().await {
            if far.send(&answer, &[]).await.is_err() {
                return;
            }
        }
    });
    let rate = rate(async || {
        near.send(br#"{"method":"org.onhook.Ras.Status","parameters":{}}"#, &[]).await?;
        near.receive().await.map(drop).map_err(Into::into)
    })
    .await;
    serving.abort();
    rate
}

/// Resident memory of this process in KiB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").trim().parse().ok())
        .unwrap_or(0.0)
}
