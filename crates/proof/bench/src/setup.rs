//! How many calls a second the answering side sets up, made by our own dialer in the same process.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Figures;
use crate::calls::dial_many;
use crate::stage::{Stage, Way};
use crate::throughput::handshakes;

pub(crate) async fn measure(figures: &mut Figures, count: usize) -> anyhow::Result<()> {
    let bare = tokio::task::spawn_blocking(handshakes).await??;
    figures.put("bare TLS 1.3 handshakes, one after the other", bare, "1/s", "both ends here");
    let exchanges = tokio::task::spawn_blocking(exchanges).await??;
    let note = "a socket at either end, one after the other; a call over L2TP takes seven and more";
    figures.put("bare exchanges over UDP", exchanges, "1/s", note);
    for way in [Way::Sstp, Way::L2tp] {
        let stage = Arc::new(Stage::new().await?);
        let start = Instant::now();
        let up = dial_many(&stage, count, way).await?;
        let rate = up.len() as f64 / start.elapsed().as_secs_f64();
        let (limit, name) = match way {
            Way::Sstp => (bare, "handshakes"),
            Way::L2tp => (exchanges, "exchanges"),
        };
        let note = format!(
            "{count} calls, 64 at once, both ends here; {:.3} of the bare {name}",
            rate / limit
        );
        figures.put(&format!("calls set up over {}", way.name()), rate, "1/s", note);
        stage.engine.stop(Duration::from_secs(60)).await;
    }
    Ok(())
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
