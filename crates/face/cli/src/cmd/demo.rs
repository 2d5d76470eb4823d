//! `onhook demo`: a whole connection's life on this machine, without root, modules or configuration.
//!
//! The manager is a process of its own; the answering server stands in this one, on loopback, with an
//! inside host behind it that nobody reaches but through a connection. Every step is checked, and the
//! exit status is 0 only when all of them held. `--impair` plays it with a server that misbehaves
//! ([`impaired`]).

mod impaired;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use onhook_answer::{Answer, AnswerConfig, Identity, Impairment, Pool, Users};
use onhook_base::Secret;
use onhook_client::{
    Connection, ConnectionReport, Credentials, Entry, Handle, PreparedDial, Ras, RasCode, RasError,
    books,
};
use onhook_engine::{Engine, EngineConfig};
use onhook_host::HostConfig;
use onhook_model::Trust;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::args::DemoArgs;
use crate::print;

const ENTRIES: [&str; 2] = ["wonderland", "looking-glass"];
const USER: &str = "alice";
/// The whole takes about a tenth of a second; on a very busy machine some seconds.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let impairment = args.impair.map(super::answer::impairment).transpose()?;
    let stage = Stage::set(impairment).await?;
    let play = async {
        match impairment {
            Some(kind) => stage.play_impaired(kind, args.bytes).await,
            None => stage.play(args).await,
        }
    };
    let result = match tokio::time::timeout(PATIENCE, play).await {
        Ok(result) => result,
        Err(_) => Err(anyhow::anyhow!("a step took more than {} s", PATIENCE.as_secs())),
    };
    let cleared = stage.clear().await;
    result?;
    cleared?;
    println!("\nEvery step held. The whole took {} ms.", began.elapsed().as_millis());
    Ok(ExitCode::SUCCESS)
}

/// The manager, the answering server, and a folder for both.
struct Stage {
    folder: tempdir::Folder,
    socket: PathBuf,
    manager: Child,
    answer: Answer,
    password: Secret<String>,
}

impl Stage {
    async fn set(impairment: Option<Impairment>) -> anyhow::Result<Self> {
        let folder = tempdir::Folder::new()?;
        let password = Secret::new(super::answer::hex(&onhook_host_random()?));
        let answer = answering_server(folder.path(), &password, impairment).await?;
        let address = answer.addresses().first().copied().context("nothing listens")?;
        println!("Answering server: SSTP on {address}, a host of its own behind it at 10.99.0.1");
        let socket = folder.path().join("manager.sock");
        let manager = start_manager(folder.path(), &socket).await?;
        println!("Manager: process {}, socket {}", manager.id(), socket.display());
        Ok(Self { folder, socket, manager, answer, password })
    }

    async fn play(&self, args: &DemoArgs) -> anyhow::Result<()> {
        let book = self.write_book()?;
        println!("Phone book: {}", book.display());
        let mut ras = Ras::connect(Some(&self.socket)).await?;
        let before = Leftovers::now()?;

        let mut handles = Vec::new();
        for entry in ENTRIES {
            handles.push(self.dial(&ras, &book, entry).await?);
        }
        let listed = ras.list().await?;
        println!("\nThe list:");
        print::connections(&listed);
        ensure!(listed.len() == 2, "two connections were dialed, {} are listed", listed.len());
        ensure!(self.answer.sessions().len() == 2, "the server does not see two callers");

        for connection in &listed {
            fetch(connection, args.bytes).await?;
        }
        // The connections' own ports: those of their proxies and of their TLS streams. The server's
        // listening socket is not theirs.
        let ports: Vec<u16> = listed
            .iter()
            .filter_map(|c| c.projection.as_ref())
            .flat_map(|p| [p.socks5, p.http_connect])
            .flatten()
            .map(|address| address.port())
            .chain(
                self.answer
                    .sessions()
                    .iter()
                    .filter_map(|session| Some(session.from.address()?.port())),
            )
            .collect();
        ensure!(sockets_on(&ports)? >= ports.len(), "the connections' sockets are not seen");
        self.hang_up_from_another_process(&mut ras, ENTRIES[0], handles[0]).await?;
        self.hang_up_here(&mut ras, handles[1]).await?;
        self.check_nothing_remains(&mut ras, &before, &ports).await
    }

    fn write_book(&self) -> anyhow::Result<PathBuf> {
        let path = self.folder.path().join("rasphone.pbk");
        let address = self.answer.addresses().first().copied().context("nothing listens")?;
        for name in ENTRIES {
            let mut entry = Entry::for_number(&address.to_string(), "sstp");
            entry.name = name.to_owned();
            entry.user = Some(USER.to_owned());
            entry.trust = Trust::CaPem(String::new());
            entry.ca_file = Some("ca.pem".to_owned());
            books::change(&path, |book| {
                book.set_entry(&entry).map_err(|e| RasError::new(e.code(), e.to_string()))
            })?;
        }
        Ok(path)
    }

    async fn dial(&self, ras: &Ras, book: &Path, name: &str) -> anyhow::Result<Handle> {
        match self.try_dial(ras, book, name).await? {
            (handle, None) => Ok(handle),
            (_, Some(failure)) => Err(failure.into()),
        }
    }

    /// Dials; with a failure the handle is still to be hung up.
    async fn try_dial(
        &self,
        ras: &Ras,
        book: &Path,
        name: &str,
    ) -> anyhow::Result<(Handle, Option<RasError>)> {
        println!("\nDialing “{name}”:");
        let mut dial = PreparedDial::of_entry(name, Some(book))?;
        dial.request.options.userspace = true;
        let credentials = Credentials {
            user: USER.to_owned(),
            password: self.password.clone(),
            domain: String::new(),
            tunnel_secret: None,
            certificate: None,
        };
        let began = Instant::now();
        let mut connection = Connection::dial(ras, &dial.request, &credentials).await?;
        let handle = connection.handle();
        println!("  handle {handle} after {} µs", began.elapsed().as_micros());
        while let Some(state) = connection.states().next().await {
            let ms = began.elapsed().as_secs_f64() * 1000.0;
            println!("  {ms:7.1} ms  {}", state?.state().name());
        }
        Ok((handle, connection.connected().await.err()))
    }

    async fn hang_up_from_another_process(
        &self,
        ras: &mut Ras,
        entry: &str,
        handle: Handle,
    ) -> anyhow::Result<()> {
        println!("\nAnother process hangs up “{entry}”:");
        let began = Instant::now();
        let output = Command::new(std::env::current_exe()?)
            .args(["hangup", "--no-wait", entry, "--socket"])
            .arg(&self.socket)
            .output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "onhook hangup failed: {told}");
        wait_for_6(ras, handle).await?;
        let ms = began.elapsed().as_millis();
        println!("  the status query answers ERROR_INVALID_HANDLE (6) after {ms} ms");
        let again = ras.hang_up(handle).await;
        ensure!(
            again.as_ref().is_err_and(|e| e.code == RasCode::NO_CONNECTION),
            "a second hang-up answered {again:?}"
        );
        println!("  a second hang-up answers ERROR_NO_CONNECTION (668)");
        ensure!(self.answer.sessions().len() <= 1, "the server still holds the caller");
        Ok(())
    }

    async fn hang_up_here(&self, ras: &mut Ras, handle: Handle) -> anyhow::Result<()> {
        let began = Instant::now();
        Connection::of(ras, handle).hang_up().await?;
        println!(
            "The other one is hung up here: gone after {:.1} ms",
            began.elapsed().as_secs_f64() * 1000.0
        );
        let status = ras.status(handle).await;
        ensure!(
            status.is_err_and(|e| e.code == RasCode::INVALID_HANDLE),
            "its handle still answers"
        );
        Ok(())
    }

    async fn check_nothing_remains(
        &self,
        ras: &mut Ras,
        before: &Leftovers,
        ports: &[u16],
    ) -> anyhow::Result<()> {
        println!("\nWhat remains:");
        let listed = ras.list().await?;
        println!("  connections: {}", listed.len());
        ensure!(listed.is_empty(), "connections are still listed");
        let mut changes = self.answer.changes();
        let empty = async {
            while !self.answer.sessions().is_empty() {
                changes.changed().await?;
            }
            anyhow::Ok(())
        };
        tokio::time::timeout(Duration::from_secs(3), empty)
            .await
            .context("the server still holds a caller after 3 s")??;
        println!(
            "  callers at the server: 0, addresses handed out: {}",
            self.answer.addresses_taken()
        );
        ensure!(self.answer.addresses_taken() == 0, "an address is still handed out");
        let after = Leftovers::now()?;
        let left = sockets_on(ports)?;
        println!("  TCP sockets of the connections and their proxies: {left}");
        ensure!(left == 0, "sockets were left behind");
        ensure!(after.interfaces == before.interfaces, "an interface was left behind");
        ensure!(after.routes == before.routes, "a route was left behind");
        ensure!(after.resolv_conf == before.resolv_conf, "/etc/resolv.conf was changed");
        println!("  interfaces, routes and name servers: as before");
        println!("\nThe history:");
        print::history(&ras.history().await?);
        Ok(())
    }

    /// Ends the manager as a system does, and the server; both must end well.
    async fn clear(mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.manager.id())?;
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGTERM)?;
        let status = tokio::task::spawn_blocking(move || self.manager.wait()).await??;
        self.answer.stop().await;
        ensure!(status.success(), "the manager ended with {status}");
        ensure!(!self.socket.exists(), "the manager left its socket behind");
        println!("  the manager and the server have ended, and so have their sockets");
        Ok(())
    }
}

async fn answering_server(
    folder: &Path,
    password: &Secret<String>,
    impairment: Option<Impairment>,
) -> anyhow::Result<Answer> {
    let identity = Identity::make(&["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string()])?;
    let ca = identity.ca_pem().context("the certificate was made here")?;
    std::fs::write(folder.join("ca.pem"), ca)?;
    let mut users = Users::default();
    users.insert(USER, password.expose());
    let state_dir = folder.join("answer");
    std::fs::create_dir_all(&state_dir)?;
    let host = HostConfig { userspace_only: true, ..HostConfig::default() };
    let terms = onhook_engine::ManagerTerms::default();
    let engine = Engine::start(EngineConfig { state_dir, host, terms }).await?;
    let config = AnswerConfig {
        sstp: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
        name: "onhook demo".to_owned(),
        max_calls: 16,
        max_unproven: 16,
        ..AnswerConfig::new(identity, users, Pool::new("10.99.0.0/24".parse()?)?)
    };
    Ok(match impairment {
        Some(kind) => Answer::start_impaired(engine, config, kind).await?,
        None => Answer::start(engine, config).await?,
    })
}

async fn start_manager(folder: &Path, socket: &Path) -> anyhow::Result<Child> {
    let state = folder.join("manager");
    std::fs::create_dir_all(&state)?;
    let log = std::fs::File::create(folder.join("manager.log"))?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["daemon", "--userspace", "--ready-on-stdout", "--state-dir"])
        .arg(state)
        .arg("--socket")
        .arg(socket)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let stdout = child.stdout.take().context("its output is piped")?;
    let mut line = String::new();
    let mut reader = BufReader::new(tokio::process::ChildStdout::from_std(stdout)?);
    let read = tokio::time::timeout(Duration::from_secs(10), reader.read_line(&mut line)).await;
    if !matches!(read, Ok(Ok(_))) || line.trim() != "ready" {
        drop(child.kill());
        child.wait()?;
        let log = std::fs::read_to_string(folder.join("manager.log")).unwrap_or_default();
        anyhow::bail!("the manager did not become ready:\n{log}");
    }
    Ok(child)
}

/// Asks for the status until it answers 6, as programs written for RAS do; each answer is awaited, and
/// the wait for the end itself is the manager's.
async fn wait_for_6(ras: &mut Ras, handle: Handle) -> anyhow::Result<()> {
    ras.wait_gone(handle).await?;
    match ras.status(handle).await {
        Err(error) if error.code == RasCode::INVALID_HANDLE => Ok(()),
        other => anyhow::bail!("the status query answered {other:?}"),
    }
}

/// Fetches a page from the host behind the connection, through its HTTP CONNECT proxy.
async fn fetch(connection: &ConnectionReport, bytes: u64) -> anyhow::Result<()> {
    let projection = connection.projection.as_ref().context("it has no projection")?;
    let proxy = projection.http_connect.context("it offers no proxy")?;
    let server = projection.ipv4_server.context("the server told no address")?;
    let began = Instant::now();
    let mut stream = BufReader::new(TcpStream::connect(proxy).await?);
    stream
        .write_all(format!("CONNECT {server}:80 HTTP/1.1\r\nHost: {server}:80\r\n\r\n").as_bytes())
        .await?;
    let status = head(&mut stream).await?;
    ensure!(status.contains(" 200 "), "the proxy answered {status}");
    let request =
        format!("GET /page?bytes={bytes} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let status = head(&mut stream).await?;
    ensure!(status.contains(" 200 "), "the inside host answered {status}");
    let mut buffer = vec![0; 64 * 1024];
    let mut count = 0_u64;
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            break;
        }
        for octet in &buffer[..n] {
            ensure!(*octet == pattern(count), "octet {count} of the page is wrong");
            count += 1;
        }
    }
    ensure!(count == bytes, "{count} octets of {bytes} came");
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    println!(
        "Fetched http://{server}/page through “{}”: {count} octets in {ms:.1} ms, all as they should be",
        connection.entry
    );
    Ok(())
}

/// Octet number `at` of the inside host's page.
fn pattern(at: u64) -> u8 {
    u8::try_from((at % 251 * 7 + 3) % 251).unwrap_or(0)
}

async fn head(stream: &mut BufReader<TcpStream>) -> anyhow::Result<String> {
    let mut status = String::new();
    stream.read_line(&mut status).await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line.trim().is_empty() {
            return Ok(status);
        }
    }
}

fn onhook_host_random() -> anyhow::Result<[u8; 16]> {
    use std::io::Read as _;
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// What could be left on the machine.
struct Leftovers {
    interfaces: BTreeSet<String>,
    routes: String,
    resolv_conf: Option<Vec<u8>>,
}

impl Leftovers {
    fn now() -> anyhow::Result<Self> {
        let interfaces = std::fs::read_dir("/sys/class/net")?
            .filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned()))
            .collect();
        Ok(Self {
            interfaces,
            routes: std::fs::read_to_string("/proc/net/route").unwrap_or_default(),
            resolv_conf: std::fs::read("/etc/resolv.conf").ok(),
        })
    }
}

/// How many TCP sockets of this machine listen on one of the ports or talk to or from it. What only
/// waits for stray segments (TIME-WAIT) belongs to the kernel and counts for nothing.
fn sockets_on(ports: &[u16]) -> anyhow::Result<usize> {
    const TIME_WAIT: &str = "06";
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let port =
        |field: &str| field.rsplit_once(':').and_then(|(_, hex)| u16::from_str_radix(hex, 16).ok());
    Ok(table
        .lines()
        .skip(1)
        .filter(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let [_, local, remote, state, ..] = fields[..] else { return false };
            let touches = |field| port(field).is_some_and(|p| ports.contains(&p));
            state != TIME_WAIT && (touches(local) || touches(remote))
        })
        .count())
}

/// A folder that goes with its value.
mod tempdir {
    use std::os::unix::fs::DirBuilderExt as _;
    use std::path::{Path, PathBuf};

    pub(super) struct Folder(PathBuf);

    impl Folder {
        pub(super) fn new() -> std::io::Result<Self> {
            let path = std::env::temp_dir().join(format!("onhook-demo-{}", std::process::id()));
            std::fs::DirBuilder::new().mode(0o700).create(&path)?;
            Ok(Self(path))
        }

        pub(super) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            // A leftover in the temporary folder would be a pity, and harmless.
            drop(std::fs::remove_dir_all(&self.0));
        }
    }
}
