//! A manager's restart that drops no connection.
//!
//! Told by SIGHUP, a manager starts its program anew (which may be another version by then) and hands
//! over: the socket that clients call at, the state folder, the file of name servers. What cannot be
//! handed over, a TLS session with its keys and counters, the flows of a user-space network, stays: the
//! old process keeps its connections, untouched, until they end, and is asked by the new one. Not one
//! packet is lost, because nothing that carries packets is touched.
//!
//! The two talk over a pair of sockets, in messages of JSON: the new one says hello, is told the state
//! and given the listening socket, and says when it is ready. Until then the old one can take everything
//! back. When the new one ends, what the old one keeps is hung up: without a manager there is no
//! connection. What is coming up or going down is waited for, and hung up when it takes too long.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::future::Future;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use nix::poll::{PollFd, PollFlags, poll};
use onhook_effect::{HostError, HostErrorKind, TunId};
use onhook_host::{Heir, arm_successor, crash_point};
use onhook_model::HistoryRecord;
use onhook_rpc::{Framed, Limits, encode};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

use crate::keepers::{Keeper, Keepers};
use crate::service::{Answer, Service};
use crate::socket::Bound;

/// Says to a program that it takes over; the pair's other end is its standard input.
const TAKE_OVER: &str = "ONHOOK_TAKE_OVER";
/// The language of the two.
const VERSION: u32 = 1;
/// How long the new program may take until it says hello, and until it is ready.
const HELLO: Duration = Duration::from_secs(5);
const READY: Duration = Duration::from_secs(15);
/// How long a keeper that has said its last may take to end, in milliseconds.
const ENDS: u16 = 5_000;
/// How long the next manager may take to lift name servers.
const LIFT: Duration = Duration::from_secs(3);

/// What the two say to one another.
#[derive(Debug, Serialize, Deserialize)]
enum Word {
    Hello {
        version: u32,
    },
    State {
        generation: u32,
        pid: u32,
        keeper: PathBuf,
        socket: Option<PathBuf>,
        state: Option<String>,
    },
    Ready,
    Lift {
        id: u64,
        owner: u64,
        tun: u8,
    },
    Lifted {
        id: u64,
        error: Option<String>,
    },
    Ended(Box<HistoryRecord>),
    Stop,
}

async fn say(control: &mut Framed, word: &Word, fds: &[&OwnedFd]) -> anyhow::Result<()> {
    let fds: Vec<_> = fds.iter().map(|fd| fd.as_fd()).collect();
    control.send(&encode(word)?, &fds).await?;
    Ok(())
}

async fn hear(control: &mut Framed) -> anyhow::Result<(Word, Vec<OwnedFd>)> {
    let frame = control.receive().await?.context("the other manager has gone")?;
    Ok((serde_json::from_slice(&frame.bytes)?, frame.fds))
}

fn framed(stream: UnixStream) -> anyhow::Result<Framed> {
    stream.set_nonblocking(true)?;
    Ok(Framed::new(tokio::net::UnixStream::from_std(stream)?, Limits::default()))
}

/// What a program that takes over is given.
pub(crate) struct Legacy {
    control: Framed,
    /// Which manager it is of those that have handed over to one another.
    pub(crate) generation: u32,
    pid: u32,
    keeper: PathBuf,
    state: Option<String>,
}

/// Takes over from the manager that has started us, if one has; also the socket.
pub(crate) async fn take_over() -> anyhow::Result<Option<(Legacy, Bound)>> {
    if std::env::var_os(TAKE_OVER).is_none() {
        return Ok(None);
    }
    let stdin = std::io::stdin().as_fd().try_clone_to_owned()?;
    let mut control = framed(stdin.into())?;
    say(&mut control, &Word::Hello { version: VERSION }, &[]).await?;
    let (word, fds) = hear(&mut control).await?;
    let Word::State { generation, pid, keeper, socket, state } = word else {
        bail!("the earlier manager says {word:?}");
    };
    let mut fds = fds.into_iter();
    let listener: UnixListener = fds.next().context("no socket came")?.into();
    listener.set_nonblocking(true)?;
    let bound = Bound::inherited(listener, socket, fds.next().map(File::from));
    Ok(Some((Legacy { control, generation, pid, keeper, state }, bound)))
}

impl Legacy {
    /// Takes the state over, meets the keeper, and says that we are ready; then minds the keeper until
    /// it has ended.
    pub(crate) async fn enter<S: Service>(
        mut self,
        service: &Arc<S>,
        keepers: &Arc<Keepers>,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<tokio::task::JoinHandle<()>> {
        if let Some(state) = &self.state {
            service.inherit(state).await?;
        }
        let keeper = Keeper::meet(self.pid, self.keeper.join("sock")).await?;
        keepers.add(keeper);
        crash_point("everything is taken over");
        say(&mut self.control, &Word::Ready, &[]).await?;
        crash_point("the earlier manager knows that it is taken over");
        let (service, keepers) = (service.clone(), keepers.clone());
        let process = Pid::from_raw(i32::try_from(self.pid)?).context("no process")?;
        let process = pidfd_open(process, PidfdFlags::empty())?;
        Ok(tokio::spawn(async move {
            mind(&mut self.control, &*service, stop).await;
            keepers.remove(self.pid);
            // With the process, which is about to end, the lock of its folder goes.
            let ended = tokio::task::spawn_blocking(move || {
                poll(&mut [PollFd::new(process.as_fd(), PollFlags::POLLIN)], ENDS)
            });
            // A failure would mean the same.
            drop(ended.await);
            // Most often there is nothing to heal, and the folder is removed.
            service.heal(&self.keeper).await;
            tracing::info!(target: "daemon", pid = self.pid, "the earlier manager has ended");
        }))
    }
}

/// Does what a keeper asks for, until it has ended.
async fn mind<S: Service>(control: &mut Framed, service: &S, mut stop: watch::Receiver<bool>) {
    let mut told = false;
    loop {
        let word = tokio::select! {
            heard = hear(control) => heard.map(|(word, _)| word),
            Ok(_) = stop.wait_for(|stop| *stop), if !told => {
                told = true;
                Ok(Word::Stop)
            }
        };
        let answer = match word {
            Ok(Word::Lift { id, owner, tun }) => {
                let error = service.lift_for(owner, TunId(tun)).await.err();
                Word::Lifted { id, error: error.map(|e| e.to_string()) }
            }
            Ok(Word::Ended(record)) => {
                service.remember(*record);
                continue;
            }
            Ok(Word::Stop) => Word::Stop,
            Ok(_) => continue,
            Err(_) => return,
        };
        if say(control, &answer, &[]).await.is_err() {
            return;
        }
    }
}

/// Name servers that a connection of the keeper asks the next manager to lift.
struct Plea {
    owner: u64,
    tun: TunId,
    answer: oneshot::Sender<Result<(), HostError>>,
}

/// The next manager, as far as name servers go.
struct Successor(mpsc::UnboundedSender<Plea>);

impl fmt::Debug for Successor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Successor")
    }
}

fn no_successor() -> HostError {
    let text = "the next manager does not answer";
    HostError::new("put the name servers back", HostErrorKind::Other, text)
}

impl Heir for Successor {
    fn lift(
        &self,
        owner: u64,
        tun: TunId,
    ) -> Pin<Box<dyn Future<Output = Result<(), HostError>> + Send>> {
        let (answer, answered) = oneshot::channel();
        let asked = self.0.send(Plea { owner, tun, answer }).is_ok();
        Box::pin(async move {
            if !asked {
                return Err(no_successor());
            }
            match tokio::time::timeout(LIFT, answered).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) | Err(_) => Err(no_successor()),
            }
        })
    }
}

/// A hand-over that has begun: the new program runs and has said hello.
pub(crate) struct Handing {
    child: Child,
    control: Framed,
    /// Where the record of changes lies from now on, and the socket at which the keeper is asked.
    folder: PathBuf,
}

impl Handing {
    /// Starts the program anew.
    pub(crate) async fn begin(state_dir: &Path) -> anyhow::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let child = program()?
            .env(TAKE_OVER, "1")
            .env_remove("WATCHDOG_PID")
            .env_remove("LISTEN_PID")
            .env_remove("LISTEN_FDS")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()
            .context("the program cannot be started")?;
        let folder = state_dir.join(format!("{KEEPER}{}", std::process::id()));
        let mut handing = Self { child, control: framed(ours)?, folder };
        match tokio::time::timeout(HELLO, hear(&mut handing.control)).await {
            Ok(Ok((Word::Hello { version: VERSION }, _))) => Ok(handing),
            Ok(Ok((word, _))) => handing.give_up(&format!("it says {word:?}")),
            Ok(Err(error)) => handing.give_up(&error.to_string()),
            Err(_) => handing.give_up("it says nothing"),
        }
    }

    fn give_up<T>(mut self, why: &str) -> anyhow::Result<T> {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
        bail!("the new program cannot take over: {why}")
    }

    /// The folder of this process from now on.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Gives everything over and waits until the new one is ready. The socket at which we are asked from
    /// now on must be there already.
    pub(crate) async fn give(
        mut self,
        bound: &Bound,
        generation: u32,
        state: Option<String>,
    ) -> anyhow::Result<Keeping> {
        crash_point("everything is about to be given over");
        let word = Word::State {
            generation: generation.wrapping_add(1) % 1000,
            pid: std::process::id(),
            keeper: self.folder.clone(),
            socket: bound.path().map(Path::to_owned),
            state,
        };
        let listener = bound.listener.as_fd().try_clone_to_owned()?;
        let lock = bound.lock()?;
        let fds: Vec<&OwnedFd> = std::iter::once(&listener).chain(lock.as_ref()).collect();
        if let Err(error) = say(&mut self.control, &word, &fds).await {
            return self.give_up(&error.to_string());
        }
        match tokio::time::timeout(READY, hear(&mut self.control)).await {
            Ok(Ok((Word::Ready, _))) => {}
            Ok(Ok((word, _))) => return self.give_up(&format!("it says {word:?}")),
            Ok(Err(error)) => return self.give_up(&error.to_string()),
            Err(_) => return self.give_up("it does not become ready"),
        }
        crash_point("the next manager is ready");
        let successor = self.child.id();
        Ok(Keeping { successor, control: self.control, _child: self.child })
    }
}

/// How the folders of keepers begin; the process id follows.
pub const KEEPER: &str = "keeper-";

/// This program, as it is now on disk, with our own words.
fn program() -> anyhow::Result<Command> {
    let path = std::env::current_exe()?;
    // The kernel's way to say that another file has taken its place.
    let path = path.to_string_lossy();
    let path = path.strip_suffix(" (deleted)").unwrap_or(&path);
    ensure!(Path::new(path).exists(), "{path} is not there any more");
    let mut command = Command::new(path);
    // Whoever waited for this word has had it.
    command.args(std::env::args_os().skip(1).filter(|word| word != "--ready-on-stdout"));
    arm_successor(&mut command);
    Ok(command)
}

/// A manager that has handed over and keeps its connections until they end.
pub(crate) struct Keeping {
    /// The process that is the manager now.
    pub(crate) successor: u32,
    control: Framed,
    /// Not waited for: it lives longer.
    _child: Child,
}

impl Keeping {
    /// Until nothing is kept any more, the next manager has gone, or we are told to stop.
    pub(crate) async fn keep<S: Service>(
        mut self,
        service: Arc<S>,
        keepers: Arc<Keepers>,
        told_to_stop: impl Future<Output = ()>,
    ) {
        let (pleas, mut pleaded) = mpsc::unbounded_channel();
        let (ended, mut has_ended) = mpsc::unbounded_channel();
        service.give_away(Arc::new(Successor(pleas)), ended).await;
        crash_point("what only one manager can have is given away");
        let mut waiting: HashMap<u64, oneshot::Sender<Result<(), HostError>>> = HashMap::new();
        let (mut next, mut has_successor) = (0_u64, true);
        let mut stopping: Option<Answer<'_, ()>> = None;
        tokio::pin!(told_to_stop);
        let idle = async { tokio::join!(service.idle(), keepers.gone()) };
        tokio::pin!(idle);
        loop {
            tokio::select! {
                biased;
                Some(record) = has_ended.recv() => {
                    let word = Word::Ended(Box::new(record));
                    has_successor &= say(&mut self.control, &word, &[]).await.is_ok();
                }
                Some(Plea { owner, tun, answer }) = pleaded.recv() => {
                    next += 1;
                    let word = Word::Lift { id: next, owner, tun: tun.0 };
                    if has_successor && say(&mut self.control, &word, &[]).await.is_ok() {
                        waiting.insert(next, answer);
                    }
                    // Else the answer is dropped, and that is one.
                }
                heard = hear(&mut self.control), if has_successor => match heard {
                    Ok((Word::Lifted { id, error }, _)) => {
                        let result = match error {
                            None => Ok(()),
                            Some(text) => Err(HostError::new(
                                "put the name servers back",
                                HostErrorKind::Other,
                                text,
                            )),
                        };
                        if let Some(answer) = waiting.remove(&id) {
                            // Whoever asked may have given up.
                            drop(answer.send(result));
                        }
                    }
                    Ok((Word::Stop, _)) => {
                        stopping.get_or_insert_with(|| service.stop());
                    }
                    Ok(_) => {}
                    Err(_) => {
                        tracing::warn!(target: "daemon", "the next manager has gone: everything is hung up");
                        has_successor = false;
                        waiting.clear();
                        stopping.get_or_insert_with(|| service.stop());
                    }
                },
                () = &mut told_to_stop, if stopping.is_none() => {
                    stopping = Some(service.stop());
                }
                () = async { if let Some(stopping) = &mut stopping { stopping.await } },
                    if stopping.is_some() => break,
                _ = &mut idle => break,
            }
        }
        while let Ok(record) = has_ended.try_recv() {
            let word = Word::Ended(Box::new(record));
            if say(&mut self.control, &word, &[]).await.is_err() {
                break;
            }
        }
        // What is still owed stands in the folder, which the next manager heals and removes.
    }
}
