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
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{BREATH, answer_line, cannot_listen, told_to_stop};
use crate::answer::LinePlace;
use crate::calls::Origin;
use crate::desk::Desk;

/// How often at most a terminal is opened: one whose other end is closed fails at once.
pub(super) const REOPEN: Duration = Duration::from_secs(1);

enum Place {
    Terminal { path: String, speed: u32 },
    Tcp(TcpListener),
    Socket { listener: UnixListener, _file: SocketFile },
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
                Ok(Self { place: Place::Tcp(listener), name })
            }
            Port::Telnet { host, port } => {
                let text = "calls are not answered over Telnet: listen at tcp:// instead";
                let error = std::io::Error::new(std::io::ErrorKind::Unsupported, text);
                Err(cannot_listen(&format!("telnet://{host}:{port}"), &error))
            }
            Port::Socket(path) => {
                let listener = bind(path).await.map_err(|e| cannot_listen(path, &e))?;
                let place = Place::Socket { listener, _file: SocketFile(PathBuf::from(path)) };
                Ok(Self { place, name: format!("unix:{path}") })
            }
        }
    }

    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    pub(crate) async fn listen(self, desk: Desk, mut stopped: watch::Receiver<bool>) {
        let mut calls = JoinSet::new();
        match &self.place {
            Place::Terminal { path, speed } => {
                return watch_terminal(&desk, path, *speed, stopped).await;
            }
            Place::Tcp(_) | Place::Socket { .. } => loop {
                let accepted = tokio::select! {
                    () = told_to_stop(&mut stopped) => break,
                    accepted = self.accept() => accepted,
                };
                while calls.try_join_next().is_some() {}
                match accepted {
                    Ok((lane, from)) => {
                        if let Some(call) = desk.begin(from) {
                            let desk = desk.clone();
                            calls.spawn(async move {
                                desk.answer(call, lane, LinkPlan::LineAnswer).await;
                            });
                        }
                    }
                    Err(error) => {
                        tracing::warn!(target: "answer", %error, "a call could not be accepted");
                        tokio::time::sleep(BREATH).await;
                    }
                }
            },
        }
        drop(self);
        desk.stop_all();
        while calls.join_next().await.is_some() {}
    }

    async fn accept(&self) -> Result<(LaneIo, Origin), HostError> {
        let failed = |e: io::Error| HostError::from_io("take the call", &e);
        match &self.place {
            Place::Tcp(listener) => {
                let (stream, from) = listener.accept().await.map_err(failed)?;
                Ok((LineLane::of_tcp(stream)?, from.into()))
            }
            Place::Socket { listener, .. } => {
                let (stream, _) = listener.accept().await.map_err(failed)?;
                Ok((LineLane::of_unix(stream), Origin::Line(self.name.clone())))
            }
            Place::Terminal { .. } => std::future::pending().await,
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
