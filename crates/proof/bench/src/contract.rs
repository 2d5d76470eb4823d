//! The functions of the C library, called from C, beside a bare exchange of as many octets.
//!
//! One connection is up; the others were refused, and are kept and listed until somebody hangs them up. Ten
//! thousand of those are there within seconds, and what is told of them in a listing is what is told of any.

use std::collections::{HashSet, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use onhook_daemon::{EngineService, Setting, serve_apart};
use onhook_engine::Subscription;
use onhook_model::{DialOptions, DialRequest, Entry, EventKind, Handle, RasState};
use onhook_rpc::brief::{BriefConnection, BriefConnections};
use tokio::sync::watch;

use crate::Figures;
use crate::stage::{CALLER, Stage};

/// Seconds of each measurement.
const LONG: &str = "1";
/// Calls with a change before each.
const CHANGES: &str = "300";
/// Each figure is the one of the median ratio among so many.
const ROUNDS: usize = 3;
/// Programs that ask without end.
const POLLING: usize = 100;
const DIALS: usize = 30;
/// Dials that are refused at once, few enough that no event of theirs is missed.
const AT_ONCE: usize = 64;
/// Octets of a call.
const QUESTION: usize = 96;

/// How fast something is: a second, and what one takes in microseconds; and how long both sides work for
/// one, which depends less on what else the machine does.
#[derive(Clone, Copy)]
struct Speed {
    rate: f64,
    median: f64,
    worst_of_hundred: f64,
    work: f64,
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
    let number = handle.to_string();
    let mut refused = VecDeque::new();
    let mut counts = vec![1, most.min(100), most];
    counts.dedup();
    for count in counts {
        let begin = Instant::now();
        let fresh = count.saturating_sub(1 + refused.len());
        refused.extend(refused_dials(&stage, fresh).await?);
        let all = stage.engine.list(CALLER).len();
        ensure!(all == count, "there are {all} connections instead of {count}");
        if fresh > 0 {
            let seconds = begin.elapsed().as_secs_f64();
            figures.put(&format!("{fresh} more connections"), seconds, "s", "dialed and refused");
        }
        let (status, list) = payloads(&stage, handle)?;
        let name = format!("RasGetConnectStatus from C, {count} connections");
        put(figures, &name, status, async || program.speed(&["status", &number, LONG]).await)
            .await?;
        let name = format!("RasEnumConnections from C, {count} connections");
        put(figures, &name, list, async || program.speed(&["list", LONG]).await).await?;
        if count > 1 {
            let name = format!("RasEnumConnections from C, {count} connections, one new each time");
            let change = async || program.speed_while_changing(&stage, &mut refused).await;
            put(figures, &name, list, change).await?;
        }
        under_polling(figures, &stage, &program, &number, count).await?;
    }
    stage.engine.stop(Duration::from_secs(60)).await;
    Ok(())
}

/// Octets of the reply that tells of one connection, and of the one that lists all of them.
fn payloads(stage: &Stage, handle: Handle) -> anyhow::Result<(usize, usize)> {
    let connection = stage.engine.brief_status(CALLER, handle)?;
    let status = onhook_rpc::reply(&BriefConnection { connection }).len();
    let (_, listed) = stage.engine.listed(CALLER);
    let connections = listed.iter().map(|listed| (**listed).clone()).collect();
    let list = onhook_rpc::reply(&BriefConnections { connections, ..Default::default() }).len();
    Ok((status, list))
}

/// Measures, each time beside a bare exchange of so many octets.
async fn put(
    figures: &mut Figures,
    name: &str,
    octets: usize,
    mut speed: impl AsyncFnMut() -> anyhow::Result<Speed>,
) -> anyhow::Result<()> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let speed = speed().await?;
        let bare = tokio::task::spawn_blocking(move || bare(octets)).await??;
        rounds.push((speed.rate / bare.rate, speed, bare));
    }
    rounds.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (ratio, speed, bare) = rounds[ROUNDS / 2];
    let note = format!(
        "{ratio:.2} of a bare exchange of {octets} octets ({:.2} to {:.2}); {:.0} / {:.0} µs, bare \
         {:.0} / {:.0}; {:.1} µs of work, bare {:.1}",
        rounds[0].0,
        rounds[ROUNDS - 1].0,
        speed.median,
        speed.worst_of_hundred,
        bare.median,
        bare.worst_of_hundred,
        speed.work,
        bare.work,
    );
    figures.put(name, speed.rate, "1/s", note);
    Ok(())
}

/// So many dials that are refused and kept.
async fn refused_dials(stage: &Stage, count: usize) -> anyhow::Result<Vec<Handle>> {
    let mut refused = Vec::new();
    let mut events = stage.engine.subscribe(CALLER);
    while refused.len() < count {
        let fresh = (count - refused.len()).min(AT_ONCE);
        let handles: anyhow::Result<Vec<_>> = (0..fresh).map(|_| refused_dial(stage)).collect();
        let handles = handles?;
        have_failed(&mut events, handles.iter().copied().collect()).await?;
        refused.extend(handles);
    }
    Ok(refused)
}

fn refused_dial(stage: &Stage) -> anyhow::Result<Handle> {
    let mut entry = Entry::for_number("127.0.0.1:9", "sstp");
    entry.redial_attempts = 0;
    let options = DialOptions { by_number: true, userspace: true, ..DialOptions::default() };
    let request = DialRequest { entry, options };
    Ok(stage.engine.dial(CALLER, &request, &Default::default(), None)?.handle)
}

/// Waits until nothing of these is left but why they failed.
async fn have_failed(
    events: &mut Subscription,
    mut handles: HashSet<Handle>,
) -> anyhow::Result<()> {
    while !handles.is_empty() {
        let event = events.next().await.context("the engine has ended")?;
        match (&event.kind, event.handle) {
            (EventKind::State(report), Some(handle)) => {
                if report.state == RasState::Disconnected {
                    handles.remove(&handle);
                }
            }
            (EventKind::Missed { .. }, _) => bail!("events were missed"),
            (EventKind::Lost { .. } | EventKind::Gone { .. } | EventKind::State(_), _) => {}
        }
    }
    Ok(())
}

/// What dials take while others ask for a state without end.
async fn under_polling(
    figures: &mut Figures,
    stage: &Arc<Stage>,
    program: &Program,
    handle: &str,
    count: usize,
) -> anyhow::Result<()> {
    let alone = dials(stage).await?;
    let mut polling = Vec::new();
    for _ in 0..POLLING {
        polling.push(Polling::start(program, handle)?);
    }
    for one in &mut polling {
        one.has_begun()?;
    }
    let begin = Instant::now();
    let beside = dials(stage).await?;
    let calls: anyhow::Result<Vec<u64>> = polling.into_iter().map(Polling::end).collect();
    let rate = calls?.iter().sum::<u64>() as f64 / begin.elapsed().as_secs_f64();
    let note = format!(
        "median of {DIALS}; alone {alone:.1} ms; meanwhile {rate:.0} states a second were asked for"
    );
    let name = format!("dial beside {POLLING} programs that poll, {count} connections");
    figures.put(&name, beside, "ms", note);
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

/// A program that asks for a state without end.
struct Polling {
    child: Child,
    says: BufReader<ChildStdout>,
}

impl Polling {
    fn start(program: &Program, handle: &str) -> anyhow::Result<Self> {
        let mut child = program.start(&["poll", handle])?;
        let says = BufReader::new(child.stdout.take().context("its output")?);
        Ok(Self { child, says })
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.says.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Waits for its first answer.
    fn has_begun(&mut self) -> anyhow::Result<()> {
        ensure!(self.line()? == "begun", "it does not poll");
        Ok(())
    }

    /// How often it has asked.
    fn end(mut self) -> anyhow::Result<u64> {
        drop(self.child.stdin.take());
        let calls = self.line()?.parse().context("how often it has asked")?;
        self.child.wait()?;
        Ok(calls)
    }
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

    fn start(&self, words: &[&str]) -> anyhow::Result<Child> {
        let mut command = self.command(words)?;
        Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
    }

    async fn speed(&self, words: &[&str]) -> anyhow::Result<Speed> {
        let mut command = self.command(words)?;
        let served = worked_for_clients()?;
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Speed::read(&String::from_utf8_lossy(&output.stdout), worked_for_clients()? - served)
    }

    /// Lists, and before each time one connection goes and another comes.
    async fn speed_while_changing(
        &self,
        stage: &Stage,
        refused: &mut VecDeque<Handle>,
    ) -> anyhow::Result<Speed> {
        let served = worked_for_clients()?;
        let mut child = self.start(&["changing", CHANGES])?;
        let mut asks = child.stdin.take().context("its input")?;
        let says = BufReader::new(child.stdout.take().context("its output")?);
        let mut last = String::new();
        for line in says.lines() {
            last = line?;
            if last != "next" {
                break;
            }
            // As many as before, however slowly one is refused on a machine that does other work.
            stage.hang_up(refused.pop_front().context("one that was refused")?).await?;
            refused.push_back(refused_dial(stage)?);
            writeln!(asks)?;
        }
        ensure!(child.wait()?.success(), "the program has failed");
        Speed::read(&last, worked_for_clients()? - served)
    }
}

impl Speed {
    /// `served`: microseconds that the manager has worked for it.
    fn read(said: &str, served: f64) -> anyhow::Result<Self> {
        let mut figures = said.split_whitespace().map(str::parse::<f64>);
        let mut next = || figures.next().context("four figures")?.context("a figure");
        let (rate, median, worst_of_hundred, work) = (next()?, next()?, next()?, next()?);
        let calls: f64 = figures.next().context("how many")??;
        Ok(Self { rate, median, worst_of_hundred, work: work + served / calls })
    }
}

/// Microseconds that the thread has worked that serves clients.
fn worked_for_clients() -> anyhow::Result<f64> {
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "clients") {
            return worked(&task);
        }
    }
    bail!("nobody serves clients")
}

/// Microseconds that a thread has worked by now.
fn worked(task: &Path) -> anyhow::Result<f64> {
    let told = std::fs::read_to_string(task.join("schedstat"))?;
    let nanoseconds: f64 = told.split_whitespace().next().context("its time")?.parse()?;
    Ok(nanoseconds / 1000.0)
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
    let ourselves = Path::new("/proc/thread-self");
    let (mut near, mut far) = UnixStream::pair()?;
    let serving = std::thread::spawn(move || {
        let answer = vec![b'!'; octets];
        let mut question = [0; QUESTION];
        while far.read_exact(&mut question).is_ok() && far.write_all(&answer).is_ok() {}
        worked(ourselves)
    });
    let mut answer = vec![0; octets];
    let mut took = Vec::new();
    let before = worked(ourselves)?;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        let begin = Instant::now();
        near.write_all(&[b'?'; QUESTION])?;
        near.read_exact(&mut answer)?;
        took.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    let rate = took.len() as f64 / start.elapsed().as_secs_f64();
    let asked = worked(ourselves)? - before;
    drop(near);
    let answered = serving.join().map_err(|_| anyhow::anyhow!("who answers has failed"))??;
    took.sort_by(f64::total_cmp);
    let at = |share: usize| took[took.len() * share / 100];
    let work = (asked + answered) / took.len() as f64;
    Ok(Speed { rate, median: at(50), worst_of_hundred: at(99), work })
}
