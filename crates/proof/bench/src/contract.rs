//! The functions of the C library, called from C, beside a bare exchange of as many octets.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use onhook_daemon::{EngineService, Setting, serve_apart};
use onhook_model::{DialOptions, DialRequest, Entry, RasState};
use tokio::sync::watch;

use crate::Figures;
use crate::stage::{CALLER, Stage};

const LONG: &str = "2";
/// Programs that ask without end.
const POLLING: usize = 100;
const DIALS: usize = 30;

/// How fast something is: a second, and what one takes in microseconds.
struct Speed {
    rate: f64,
    median: f64,
    worst_of_hundred: f64,
}

pub(crate) async fn measure(figures: &mut Figures, most: usize) -> anyhow::Result<()> {
    let stage = Arc::new(Stage::new().await?);
    let socket = stage.folder.path().join("m.sock");
    let service = Arc::new(EngineService::new(stage.engine.clone(), None));
    let (_stop, stopped) = watch::channel(false);
    let (clients, _counted) = watch::channel(0);
    let listener = UnixListener::bind(&socket)?;
    listener.set_nonblocking(true)?;
    let _serving = serve_apart(listener, service, Setting::default(), stopped, clients)?;
    let program = Program { path: compiled(stage.folder.path())?, socket };
    let handle = stage.dial().await?;
    for count in [1, 100, most] {
        fail(&stage, count).await?;
        let status = serde_json::to_vec(&stage.engine.status(CALLER, handle)?)?.len();
        let list = serde_json::to_vec(&stage.engine.list(CALLER))?.len();
        let number = handle.to_string();
        for (name, words, octets) in [
            ("RasGetConnectStatus", vec!["status", &number, LONG], status),
            ("RasEnumConnections", vec!["list", LONG], list),
        ] {
            let speed = program.speed(&words).await?;
            let bare = tokio::task::spawn_blocking(move || bare(octets)).await??;
            let name = format!("{name} from C, {count} connections");
            let note = format!(
                "{:.2} of a bare exchange of {octets} octets; {:.0} / {:.0} µs, bare {:.0} / {:.0}",
                speed.rate / bare.rate,
                speed.median,
                speed.worst_of_hundred,
                bare.median,
                bare.worst_of_hundred,
            );
            figures.put(&name, speed.rate, "1/s", note);
        }
        if count == 1 {
            under_polling(figures, &stage, &program, &number).await?;
        }
    }
    stage.engine.stop(Duration::from_secs(60)).await;
    Ok(())
}

/// Dials that fail at once, and are kept, until there are so many connections.
async fn fail(stage: &Arc<Stage>, count: usize) -> anyhow::Result<()> {
    let mut entry = Entry::for_number("127.0.0.1:9", "sstp");
    entry.redial_attempts = 0;
    let options = DialOptions { by_number: true, userspace: true, ..DialOptions::default() };
    let request = DialRequest { entry, options };
    let there = stage.engine.list(CALLER).len();
    for _ in there..count {
        stage.engine.dial(CALLER, &request, &Default::default(), None)?;
    }
    let has_settled = |state| matches!(state, RasState::Disconnected | RasState::Connected);
    while !stage.engine.list(CALLER).iter().all(|report| has_settled(report.state)) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// What dials take while others ask for a state without end.
async fn under_polling(
    figures: &mut Figures,
    stage: &Arc<Stage>,
    program: &Program,
    handle: &str,
) -> anyhow::Result<()> {
    let alone = dials(stage).await?;
    let mut polling = Vec::new();
    for _ in 0..POLLING {
        polling.push(program.start(&["status", handle, "3600"])?);
    }
    let beside = dials(stage).await;
    for mut child in polling {
        // It may have ended by itself, which its figures would tell.
        drop(child.kill());
        drop(child.wait());
    }
    let beside = beside?;
    let note = format!("median of {DIALS}; alone {alone:.1} ms");
    figures.put(&format!("dial beside {POLLING} programs that poll"), beside, "ms", note);
    Ok(())
}

async fn dials(stage: &Arc<Stage>) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    for _ in 0..DIALS {
        let start = Instant::now();
        let handle = stage.dial().await?;
        took.push(start.elapsed().as_secs_f64() * 1000.0);
        stage.hang_up(handle).await?;
    }
    took.sort_by(f64::total_cmp);
    Ok(took[DIALS / 2])
}

/// The program in C.
struct Program {
    path: PathBuf,
    socket: PathBuf,
}

impl Program {
    fn command(&self, words: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.path);
        command.args(words).env("ONHOOK_SOCKET", &self.socket).env("ONHOOK_START", "never");
        command.env("LD_LIBRARY_PATH", library()?);
        Ok(command)
    }

    fn start(&self, words: &[&str]) -> anyhow::Result<std::process::Child> {
        Ok(self.command(words)?.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    async fn speed(&self, words: &[&str]) -> anyhow::Result<Speed> {
        let mut command = self.command(words)?;
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut figures = said.split_whitespace().map(str::parse::<f64>);
        let mut next = || figures.next().context("three figures")?.context("a figure");
        Ok(Speed { rate: next()?, median: next()?, worst_of_hundred: next()? })
    }
}

/// The folder of the library, which was built with this program.
fn library() -> anyhow::Result<PathBuf> {
    let ours = std::env::current_exe()?;
    let folder = ours.parent().context("a folder")?;
    let folders = [folder.to_owned(), folder.join("deps")];
    let found = folders.into_iter().find(|folder| folder.join("librasapi32.so").exists());
    found.context("librasapi32.so is not beside this program")
}

fn compiled(folder: &Path) -> anyhow::Result<PathBuf> {
    let (source, program) = (folder.join("contract.c"), folder.join("contract"));
    std::fs::write(&source, include_str!("contract.c"))?;
    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/../../face/rasapi/include");
    let output = Command::new("cc")
        .args(["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-I", include, "-o"])
        .args([&program, &source])
        .arg(format!("-L{}", library()?.display()))
        .arg("-lrasapi32")
        .output()
        .context("cc")?;
    if !output.status.success() {
        bail!("cc: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(program)
}

/// A question of a few octets and an answer of so many, between two threads over a socket of the same kind.
fn bare(octets: usize) -> anyhow::Result<Speed> {
    const QUESTION: [u8; 64] = [b'?'; 64];
    let (mut near, mut far) = UnixStream::pair()?;
    let serving = std::thread::spawn(move || {
        let answer = vec![b'!'; octets];
        let mut question = [0; QUESTION.len()];
        while far.read_exact(&mut question).is_ok() && far.write_all(&answer).is_ok() {}
    });
    let mut answer = vec![0; octets];
    let mut took = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        let begin = Instant::now();
        near.write_all(&QUESTION)?;
        near.read_exact(&mut answer)?;
        took.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    let rate = took.len() as f64 / start.elapsed().as_secs_f64();
    drop(near);
    drop(serving.join());
    took.sort_by(f64::total_cmp);
    let at = |share: usize| took[took.len() * share / 100];
    Ok(Speed { rate, median: at(50), worst_of_hundred: at(99) })
}
