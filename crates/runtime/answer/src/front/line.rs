//! Lines: a terminal that is watched, or a listener whose streams stand for lines.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use onhook_connection::LinkPlan;
use onhook_effect::HostError;
use onhook_host::{LaneIo, LineLane};
use onhook_model::Port;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::{Listener, answer_line, cannot_listen, not_taken, take_calls, told_to_stop};
use crate::answer::LinePlace;
use crate::calls::Origin;
use crate::desk::Desk;

/// How often at most a terminal is opened: one whose other end is closed fails at once.
pub(super) const REOPEN: Duration = Duration::from_secs(1);

enum Place {
    Terminal { path: String, speed: u32 },
    Streams(Streams),
}

/// A listener whose streams stand for lines.
enum Streams {
    Tcp(TcpListener),
    Socket { listener: UnixListener, name: String, _file: SocketFile },
}

/// One line, or one place where lines come in.
pub(crate) struct LineFront {
    place: Place,
    name: String,
}

/// The file of a Unix socket, taken away when nobody listens there any more.
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody may have been quicker.
        drop(std::fs::remove_file(&self.0));
    }
}

impl LineFront {
    pub(crate) async fn open(place: &LinePlace) -> Result<Self, HostError> {
        match &place.port {
            Port::Terminal(path) => Ok(Self {
                name: path.clone(),
                place: Place::Terminal { path: path.clone(), speed: place.speed },
            }),
            Port::Tcp { host, port } => {
                let failed = |error| cannot_listen(&format!("tcp://{host}:{port}"), &error);
                let listener = TcpListener::bind((host.as_str(), *port)).await.map_err(failed)?;
                let name = format!("tcp://{}", listener.local_addr().map_err(failed)?);
                Ok(Self { place: Place::Streams(Streams::Tcp(listener)), name })
            }
            Port::Telnet { host, port } => {
                let text = "calls are not answered over Telnet: listen at tcp:// instead";
                let error = std::io::Error::new(std::io::ErrorKind::Unsupported, text);
                Err(cannot_listen(&format!("telnet://{host}:{port}"), &error))
            }
            Port::Socket(path) => {
                let listener = bind(path).await.map_err(|e| cannot_listen(path, &e))?;
                let name = format!("unix:{path}");
                let file = SocketFile(PathBuf::from(path));
                let streams = Streams::Socket { listener, name: name.clone(), _file: file };
                Ok(Self { place: Place::Streams(streams), name })
            }
        }
    }

    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    pub(crate) async fn listen(self, desk: Desk, stopped: watch::Receiver<bool>) {
        match self.place {
            Place::Terminal { path, speed } => watch_terminal(&desk, &path, speed, stopped).await,
            Place::Streams(streams) => {
                let take = |desk: Desk, lane, call| async move {
                    desk.answer(call, lane, LinkPlan::LineAnswer).await;
                };
                take_calls(streams, desk, stopped, take).await;
            }
        }
    }
}

impl Listener for Streams {
    type Stream = LaneIo;

    async fn accept(&self) -> Result<(LaneIo, Origin), HostError> {
        match self {
            Self::Tcp(listener) => {
                let (stream, from) = Listener::accept(listener).await?;
                Ok((LineLane::of_tcp(stream)?, from))
            }
            Self::Socket { listener, name, .. } => {
                let (stream, _) = listener.accept().await.map_err(not_taken)?;
                Ok((LineLane::of_unix(stream), Origin::Line(name.clone())))
            }
        }
    }
}

/// A socket file that nobody answers behind is a dead listener's.
async fn bind(path: &str) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            match UnixStream::connect(path).await {
                Err(dead) if dead.kind() == io::ErrorKind::ConnectionRefused => {
                    std::fs::remove_file(path)?;
                    UnixListener::bind(path)
                }
                Ok(_) | Err(_) => Err(error),
            }
        }
        bound => bound,
    }
}

/// Opens the terminal, waits until somebody says something there, takes the call, and begins anew.
async fn watch_terminal(desk: &Desk, path: &str, speed: u32, mut stopped: watch::Receiver<bool>) {
    let mut told = false;
    loop {
        let again = Instant::now() + REOPEN;
        match desk.engine().host().open_terminal(path, speed) {
            Ok(lane) => {
                told = false;
                let heard = tokio::select! {
                    () = told_to_stop(&mut stopped) => return,
                    ready = lane.ready(true, false) => ready.is_ok(),
                };
                if heard && !answer_line(desk, path, lane, &mut stopped).await {
                    return;
                }
            }
            Err(error) if !told => {
                told = true;
                tracing::warn!(target: "answer", path, %error, "the line cannot be watched");
            }
            Err(_) => {}
        }
        tokio::select! {
            () = told_to_stop(&mut stopped) => return,
            () = sleep_until(again) => {}
        }
    }
}
