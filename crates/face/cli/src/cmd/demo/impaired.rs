//! The demo against a server that misbehaves on purpose: the dial ends with an error that has a number
//! and words, or the connection survives; and whichever it is, everything is gone at the end.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use onhook_answer::Impairment;
use onhook_client::{Handle, Ras, RasCode};

use super::{ENTRIES, Leftovers, Stage, fetch, sockets_on, wait_for_6};

/// What a hang-up may take: the budget of an entry that says nothing else, and a busy machine.
const HANG_UP: Duration = Duration::from_secs(4);

impl Stage {
    pub(super) async fn play_impaired(&self, kind: Impairment, bytes: u64) -> anyhow::Result<()> {
        println!("The server {} ({kind}).", kind.description());
        let book = self.write_book()?;
        let mut ras = Ras::connect(Some(&self.socket)).await?;
        let before = Leftovers::now()?;
        let server = self.answer.addresses().first().context("nothing listens")?.port();
        let sockets_before = sockets_on(&[server])?;

        let began = Instant::now();
        let (handle, failure) = self.try_dial(&ras, &book, ENTRIES[0]).await?;
        let seconds = began.elapsed().as_secs_f64();
        let mut ports = Vec::new();
        match failure {
            Some(failure) => {
                ensure!(!failure.code.is_success(), "a failure without a number");
                ensure!(failure.code != RasCode::USER_DISCONNECTION, "nobody hung up");
                println!("The dial ended after {seconds:.1} s, and says why:");
                println!("  {}", failure);
            }
            None => ports = self.use_it(&mut ras, handle, bytes).await?,
        }
        self.hang_up_whatever(&mut ras, handle).await?;
        self.check_nothing_remains(&mut ras, &before, &ports).await?;
        let sockets = sockets_on(&[server])?;
        ensure!(sockets <= sockets_before, "a socket to the server was left behind");
        Ok(())
    }

    /// The connection has survived so far: packets must pass. Returns its ports.
    async fn use_it(&self, ras: &mut Ras, handle: Handle, bytes: u64) -> anyhow::Result<Vec<u16>> {
        println!("The connection has survived.");
        let report = ras.status(handle).await?;
        // Twice, since some servers misbehave when packets pass.
        fetch(&report, bytes).await?;
        fetch(&report, bytes).await?;
        let projection = report.projection.as_ref().context("it has no projection")?;
        let own = [projection.socks5, projection.http_connect];
        let from = self.answer.sessions();
        Ok(own
            .into_iter()
            .flatten()
            .chain(from.iter().filter_map(|s| s.from.address()))
            .map(|a| a.port())
            .collect())
    }

    /// A failed handle is hung up as well, as RAS asks.
    async fn hang_up_whatever(&self, ras: &mut Ras, handle: Handle) -> anyhow::Result<()> {
        let began = Instant::now();
        ras.hang_up(handle).await?;
        wait_for_6(ras, handle).await?;
        let took = began.elapsed();
        println!(
            "\nHung up: the status query answers 6 after {:.1} ms",
            took.as_secs_f64() * 1000.0
        );
        ensure!(took <= HANG_UP, "the hang-up took {took:?}");
        Ok(())
    }
}
