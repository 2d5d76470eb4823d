//! How many calls a second the answering side sets up, made by our own dialer in the same process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Figures;
use crate::calls::dial_many;
use crate::stage::{Stage, Way};
use crate::throughput::handshakes;

pub(crate) async fn measure(figures: &mut Figures, count: usize) -> anyhow::Result<()> {
    let bare = tokio::task::spawn_blocking(handshakes).await??;
    figures.put("bare TLS 1.3 handshakes, one after the other", bare, "1/s", "both ends here");
    for way in [Way::Sstp, Way::L2tp] {
        let stage = Arc::new(Stage::new().await?);
        let start = Instant::now();
        let up = dial_many(&stage, count, way).await?;
        let rate = up.len() as f64 / start.elapsed().as_secs_f64();
        let mut note = format!("{count} calls, 64 at once, both ends here");
        if way == Way::Sstp {
            note = format!("{note}; {:.2} of the bare handshakes", rate / bare);
        }
        figures.put(&format!("calls set up over {}", way.name()), rate, "1/s", note);
        stage.engine.stop(Duration::from_secs(60)).await;
    }
    Ok(())
}
