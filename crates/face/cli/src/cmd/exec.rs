//! `onhook exec`: the outer half. Finds or dials the connection, starts the inner half, takes the
//! interface that it makes in its own namespace, and gives it to the connection.

use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use onhook_client::{Connection, ConnectionReport, Ras, RasCode, RasError, TunToAttach};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::ExecArgs;
use crate::{credentials, request};

/// The local ports that the program's connections use; the proxies use those above.
pub(crate) const PORTS: (u16, u16) = (16_384, 49_151);

pub(crate) async fn run(socket: Option<&Path>, args: &ExecArgs) -> anyhow::Result<ExitCode> {
    let mut ras = Ras::connect_or_start(socket).await?;
    let (report, ours) = connection(&mut ras, args).await?;
    // An interrupt at the terminal goes to the program too, which decides what it means; we stay to hang
    // up what we dialed.
    let _interrupts = signal(SignalKind::interrupt())?;
    let result = run_on(&mut ras, &report, args).await;
    if let Some(ours) = ours {
        ours.hang_up().await?;
    }
    result
}

/// What is told of the connection; and the one that was dialed here and is to be hung up at the end.
async fn connection(
    ras: &mut Ras,
    args: &ExecArgs,
) -> anyhow::Result<(ConnectionReport, Option<Connection>)> {
    match ras.find(&args.entry).await {
        Ok(found) => match found.into_iter().find(|c| c.dial_ms.is_some()) {
            Some(up) => return Ok((up, None)),
            None => return Err(RasError::from(RasCode::NO_CONNECTION).into()),
        },
        Err(error) if error.code == RasCode::NO_CONNECTION => {}
        Err(error) => return Err(error.into()),
    }
    let mut dial = request::from_book(&args.entry, args.phonebook.as_deref())?;
    dial.request.options.userspace = true;
    // The program's own network is that of one line, and ends with it.
    dial.request.entry.redial_on_link_failure = false;
    let user = args.user.as_deref();
    let credentials = credentials::ask(&dial, user, None, args.password_stdin, None)?;
    let mut ours = super::dial::connect(ras, &dial.request, &credentials).await?;
    Ok((ours.status().await?, Some(ours)))
}

async fn run_on(
    ras: &mut Ras,
    connection: &ConnectionReport,
    args: &ExecArgs,
) -> anyhow::Result<ExitCode> {
    let Some(projection) = connection.projection.as_ref().filter(|p| p.socks5.is_some()) else {
        let text = "the connection has a network interface of its own; use that, or dial with \
                    --userspace";
        return Err(RasError::new(RasCode::NOT_SUPPORTED, text).into());
    };
    let meeting = Meeting::new()?;
    let mut inner = Command::new(std::env::current_exe()?);
    inner.arg("exec-inside").arg("--control").arg(meeting.socket());
    inner.arg("--mtu").arg(projection.mtu.to_string());
    if let Some(four) = projection.ipv4 {
        inner.arg("--address").arg(format!("{four}/32"));
    }
    if let Some(six) = projection.ipv6 {
        inner.arg("--address").arg(format!("{six}/64"));
    }
    for server in &projection.dns {
        inner.arg("--dns").arg(server.to_string());
    }
    inner.arg("--").args(&args.command);
    let mut child = inner.spawn()?;
    let result = give(ras, connection, &meeting, &mut child, projection.mtu).await;
    if let Err(error) = result {
        // It waits for our word, which does not come: it ends by itself, and must be reaped.
        drop(meeting);
        drop(child.kill());
        child.wait()?;
        return Err(error);
    }
    let program = Pid::from_raw(i32::try_from(child.id())?);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut waiting = tokio::task::spawn_blocking(move || child.wait());
    loop {
        tokio::select! {
            status = &mut waiting => return Ok(exit_code(status??)),
            // Handed on; it may just have ended.
            _ = terminate.recv() => drop(kill(program, Signal::SIGTERM)),
        }
    }
}

/// Takes the interface from the inner half, gives it to the connection, and says go.
async fn give(
    ras: &mut Ras,
    connection: &ConnectionReport,
    meeting: &Meeting,
    child: &mut Child,
    mtu: u16,
) -> anyhow::Result<()> {
    let mut stream = meeting.accept(child)?;
    let descriptor = onhook_host::recv_fd(&stream).map_err(|error| {
        let mut told = String::new();
        // What the inner half says about its failure stands on standard error already.
        drop(stream.read_to_string(&mut told));
        anyhow::anyhow!("the program's own network could not be made ({error})")
    })?;
    let tun = TunToAttach {
        descriptor: descriptor.as_fd(),
        name: "exec",
        mtu,
        offload_header: true,
        ports: PORTS,
    };
    ras.attach_tun(connection.handle, tun).await?;
    stream.write_all(b"go")?;
    Ok(())
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// A socket in a folder of our own, where both halves meet.
struct Meeting {
    folder: PathBuf,
    listener: UnixListener,
}

impl Meeting {
    fn new() -> anyhow::Result<Self> {
        use std::hash::{BuildHasher as _, Hasher as _};
        // Not to be guessed, so that nobody can take the name before us.
        let number = std::hash::RandomState::new().build_hasher().finish();
        let folder = std::env::temp_dir().join(format!("onhook-exec-{number:016x}"));
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let listener = UnixListener::bind(folder.join("socket"))?;
        listener.set_nonblocking(true)?;
        Ok(Self { folder, listener })
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Waits for the inner half, or notices that it has ended.
    fn accept(&self, child: &mut Child) -> anyhow::Result<UnixStream> {
        use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
        for _ in 0..100 {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    return Ok(stream);
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            if let Some(status) = child.try_wait()? {
                anyhow::bail!("the inner half ended early ({status})");
            }
            let mut waited = [PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)];
            poll(&mut waited, PollTimeout::from(100_u16))?;
        }
        anyhow::bail!("the inner half did not come")
    }
}

impl Drop for Meeting {
    fn drop(&mut self) {
        // In the temporary folder; a leftover would be harmless.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
