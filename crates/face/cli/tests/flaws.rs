//! The flaws of the field that only whole programs can show, each under its number (`docs/flaws.md`).

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use onhook_client::{Credentials, DialOptions, DialRequest, Entry, Ras};
use onhook_model::Trust;
use serde_json::Value;

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use stage::{PASSWORD, Stage, lines};

/// A line to the server that can be told to take nothing more from the caller.
struct Relay {
    port: u16,
    stops: Arc<AtomicBool>,
    /// The caller's socket, once it has called.
    caller: thread::JoinHandle<TcpStream>,
}

impl Relay {
    fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stops = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stops);
        let caller = thread::spawn(move || {
            let (from, _) = listener.accept().unwrap();
            let to = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (caller, back) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let into = from.try_clone().unwrap();
            thread::spawn(move || carry(from, to, &told));
            thread::spawn(move || carry(back, into, &AtomicBool::new(false)));
            caller
        });
        Self { port, stops, caller }
    }
}

/// Carries octets until an end comes, or nothing more once it is told to stop.
fn carry(mut from: TcpStream, mut to: TcpStream, stops: &AtomicBool) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
        if stops.load(Ordering::SeqCst) {
            return;
        }
    }
    // It may be closed already.
    drop(to.shutdown(Shutdown::Write));
}

/// Octets that the kernel has taken from the caller and cannot send (`tx_queue`, proc(5)).
fn stuck_octets(from: SocketAddr, to: SocketAddr) -> u64 {
    let hex = |a: SocketAddr| format!("0100007F:{:04X}", a.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let line = table.lines().find(|line| line.contains(&format!("{} {}", hex(from), hex(to))));
    let queues = line.and_then(|line| line.split_whitespace().nth(4)).unwrap_or("0:0");
    u64::from_str_radix(queues.split(':').next().unwrap(), 16).unwrap()
}

/// N-LIFE-03 (accel-ppp, commit 5ca46e28: the peer had stopped reading, and what could not be written of
/// the farewell was thrown away, or waited for without end). Here: a bounded wait, then the end.
#[test]
fn n_life_03_a_server_that_has_stopped_reading_delays_no_hang_up() {
    let mut stage = Stage::new();
    let relay = Relay::to(stage.port);
    stage.port = relay.port;
    let handle = stage.dial();
    let caller = relay.caller.join().unwrap();
    let (ours, theirs) = (caller.peer_addr().unwrap(), caller.local_addr().unwrap());
    let flows: Vec<_> = (0..64).map(|_| stage.flow(&handle)).collect();
    relay.stops.store(true, Ordering::SeqCst);
    for mut flow in &flows {
        flow.set_nonblocking(true).unwrap();
        while flow.write(&[0x55; 64 * 1024]).is_ok() {}
    }
    let began = Instant::now();
    while stuck_octets(ours, theirs) == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing is stuck");
        for mut flow in &flows {
            let full = flow.write(&[0x55; 4096]).err().map(|e| e.kind());
            assert!(matches!(full, None | Some(ErrorKind::WouldBlock)), "{full:?}");
        }
    }
    let began = Instant::now();
    let output = stage.run(&["hangup", &handle], "");
    assert!(output.status.success(), "{output:?}");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(stage.list(), Vec::<Value>::new());
    assert_eq!(stuck_octets(ours, theirs), 0, "the socket is gone, with what was in it");
}

/// N-PRIV-03 (CVE-2025-9615, NetworkManager's plugins: a service with rights opened a file that a user
/// had named). A fifo tells: who opens it to read is seen by who opens it to write.
#[test]
fn n_priv_03_the_manager_opens_no_file_that_a_caller_names() {
    let stage = Stage::new();
    let fifo = stage.path("fifo");
    nix::unistd::mkfifo(&fifo, Mode::from_bits_truncate(0o644)).unwrap();
    let mut entry = Entry::for_number(&format!("127.0.0.1:{}", stage.port), "sstp");
    entry.ca_file = Some(fifo.display().to_string());
    entry.trust = Trust::CaPem(String::new());
    let request = DialRequest { entry, options: DialOptions::default() };
    let credentials = Credentials {
        user: "alice".to_owned(),
        password: onhook_base::Secret::new(PASSWORD.to_owned()),
        domain: String::new(),
        tunnel_secret: None,
        certificate: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let refused = runtime.block_on(async {
        let mut ras = Ras::connect(Some(&stage.path("m.sock"))).await.unwrap();
        ras.dial(&request, &credentials, None).await
    });
    assert!(refused.is_err(), "nothing is trusted, and the file is not read: {refused:?}");
    let open = fs::File::options().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&fifo);
    let nobody_reads = nix::errno::Errno::ENXIO as i32;
    assert_eq!(open.unwrap_err().raw_os_error(), Some(nobody_reads));
}

/// N-TLS-03 (CVE-2009-3555: what a stranger had said before a TLS renegotiation was taken for the
/// client's own). Ours renegotiates with nobody.
#[test]
fn n_tls_03_no_session_of_tls_is_renegotiated() {
    let openssl = Path::new("/usr/bin/openssl");
    if !openssl.exists() {
        eprintln!(
            "skipped: only openssl's client asks for a renegotiation, and it is not installed"
        );
        return;
    }
    let stage = Stage::new();
    let mut client = Command::new(openssl)
        .args(["s_client", "-tls1_2", "-connect", &format!("127.0.0.1:{}", stage.port)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    client.stdin.as_mut().unwrap().write_all(b"R\n").unwrap();
    let output = client.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("RENEGOTIATING"), "{said}");
    assert!(said.contains("no renegotiation"), "{said}");
    // And the server goes on.
    let handle = stage.dial();
    let output = stage.run(&["hangup", &handle, "--json"], "");
    assert!(output.status.success(), "{output:?} {:?}", lines(&output));
}
