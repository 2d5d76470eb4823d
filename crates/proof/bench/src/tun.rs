//! One stream through each tunnel and real interfaces, between two network namespaces, beside a plain
//! forwarder of the same shape in the same run. As root only; says so where it cannot be done.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::Figures;
use crate::throughput::megabits;

const OCTETS: u64 = 512 << 20;
const NEAR: &str = "onhook-bench-a";
const FAR: &str = "onhook-bench-b";

/// Takes one stream and says how fast it came.
pub(crate) fn sink(port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", port))?;
    println!("ready");
    let (mut stream, _) = listener.accept()?;
    let mut buffer = vec![0; 256 << 10];
    let start = Instant::now();
    let mut got = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            count => got += count as u64,
        }
    }
    println!("{}", megabits(got, start));
    Ok(())
}

/// Sends one stream.
pub(crate) fn source(to: SocketAddr, octets: u64) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect_timeout(&to, Duration::from_secs(10))?;
    let block = vec![7; 256 << 10];
    for _ in 0..octets / block.len() as u64 {
        stream.write_all(&block)?;
    }
    Ok(())
}

/// A tunnel, and how both its ends are told of it.
struct Tunnel {
    name: &'static str,
    answer: &'static [&'static str],
    dial: &'static [&'static str],
}

const TUNNELS: &[Tunnel] = &[
    Tunnel {
        name: "SSTP",
        answer: &["--sstp", "10.65.0.2:443"],
        dial: &["--device", "sstp", "--phone-number", "10.65.0.2"],
    },
    Tunnel {
        name: "L2TP",
        answer: &["--l2tp", "10.65.0.2:1701"],
        dial: &["--device", "l2tp", "--phone-number", "10.65.0.2"],
    },
    Tunnel {
        name: "PPPoE",
        answer: &["--pppoe", "bench-b"],
        dial: &["--device", "pppoe", "--port", "bench-a"],
    },
    Tunnel {
        name: "PPTP with MPPE",
        answer: &["--pptp", "10.65.0.2:1723"],
        dial: &["--device", "pptp", "--phone-number", "10.65.0.2"],
    },
];

/// Measures these tunnels, or all.
pub(crate) fn measure(figures: &mut Figures, which: &[&str]) -> anyhow::Result<()> {
    let program = std::env::current_exe()?.with_file_name("onhook");
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|m| {
        use std::os::unix::fs::MetadataExt as _;
        m.uid() == 0
    });
    if !is_root || !program.exists() || Command::new("ip").arg("-V").output().is_err() {
        eprintln!(
            "tunnels through interfaces: skipped (needs root, ip, and {})",
            program.display()
        );
        return Ok(());
    }
    let plain = figures.0.iter().find(|f| f.name.starts_with("plain TLS")).map(|f| f.value);
    let limits = Ground::lay()?.forward()?;
    let names = ["upload", "download"];
    for (name, limit) in names.into_iter().zip(limits) {
        let name = format!("plain UDP forwarder with interfaces, {name}");
        figures.put(&name, limit, "Mbit/s", "the limit: a datagram a packet, no header, no check");
    }
    let wanted = |tunnel: &&Tunnel| which.is_empty() || which.contains(&tunnel.name);
    for tunnel in TUNNELS.iter().filter(wanted) {
        let rates = Ground::lay()?.run(&program, tunnel)?;
        for ((name, rate), limit) in names.into_iter().zip(rates).zip(limits) {
            let mut note = format!("{:.2} of the plain UDP forwarder", rate / limit);
            if let (Some(plain), "SSTP") = (plain, tunnel.name) {
                note = format!("{note}; {:.2} of the plain TLS stream over loopback", rate / plain);
            }
            let name = format!("{} with interfaces at both ends, {name}", tunnel.name);
            figures.put(&name, rate, "Mbit/s", note);
        }
    }
    Ok(())
}

/// Two namespaces with a cable between them; gone with the value.
struct Ground {
    folder: tempfile::TempDir,
    children: Vec<Child>,
}

impl Ground {
    fn lay() -> anyhow::Result<Self> {
        let ground = Self { folder: tempfile::tempdir()?, children: Vec::new() };
        for command in [
            format!("ip netns add {NEAR}"),
            format!("ip netns add {FAR}"),
            format!("ip link add bench-a netns {NEAR} type veth peer name bench-b netns {FAR}"),
            format!("ip -n {NEAR} addr add 10.65.0.1/24 dev bench-a"),
            format!("ip -n {FAR} addr add 10.65.0.2/24 dev bench-b"),
            format!("ip -n {NEAR} link set bench-a up"),
            format!("ip -n {FAR} link set bench-b up"),
            format!("ip -n {FAR} link set lo up"),
            format!("ip -n {NEAR} link set lo up"),
        ] {
            let words: Vec<_> = command.split(' ').collect();
            let output = Command::new(words[0]).args(&words[1..]).output()?;
            let told = String::from_utf8_lossy(&output.stderr);
            anyhow::ensure!(output.status.success(), "{command}: {told}");
        }
        Ok(ground)
    }

    fn inside(namespace: &str, program: &PathBuf) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(program).stdin(Stdio::null());
        command
    }

    /// The rates of two forwarders, there and back.
    fn forward(mut self) -> anyhow::Result<[f64; 2]> {
        let own = std::env::current_exe()?;
        for (namespace, words) in [
            (NEAR, ["10.99.0.2", "10.99.0.1", "10.65.0.1:4000", "10.65.0.2:4000"]),
            (FAR, ["10.99.0.1", "10.99.0.2", "10.65.0.2:4000", "10.65.0.1:4000"]),
        ] {
            let mut forwarder = Self::inside(namespace, &own);
            forwarder.arg("forward").args(words);
            self.start(forwarder)?;
        }
        Ok([stream(NEAR, FAR, "10.99.0.1")?, stream(FAR, NEAR, "10.99.0.2")?])
    }

    /// The rates of a tunnel, there and back.
    fn run(mut self, program: &PathBuf, tunnel: &Tunnel) -> anyhow::Result<[f64; 2]> {
        let folder = self.folder.path().to_owned();
        let at = |name: &str| folder.join(name);
        std::fs::write(at("users"), "alice wonderland1\n")?;
        let mut server = Self::inside(FAR, program);
        server.arg("answer").args(tunnel.answer).args(["--json", "--users"]).arg(at("users"));
        server.arg("--write-ca").arg(at("ca.pem")).arg("--control").arg(at("control.sock"));
        server.env("HOME", &folder);
        self.start(server)?;
        let mut manager = Self::inside(NEAR, program);
        manager.args(["daemon", "--ready-on-stdout", "--dns", "none", "--state-dir"]);
        manager.arg(at("state")).arg("--socket").arg(at("m.sock"));
        self.start(manager)?;
        let mut dial = Self::inside(NEAR, program);
        dial.arg("dial").args(tunnel.dial).args(["--user", "alice", "--password-stdin"]);
        dial.args(["--no-default-route", "-q", "--ca-file"]).arg(at("ca.pem"));
        dial.arg("--socket").arg(at("m.sock")).stdin(Stdio::piped());
        let mut dialing = dial.spawn()?;
        dialing.stdin.take().context("piped")?.write_all(b"wonderland1\n")?;
        anyhow::ensure!(dialing.wait()?.success(), "the dial failed");
        Ok([stream(NEAR, FAR, "10.99.0.1")?, stream(FAR, NEAR, "10.99.0.2")?])
    }

    /// Starts a program and waits for its first line.
    fn start(&mut self, mut command: Command) -> anyhow::Result<()> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut first = [0; 1];
        let out = child.stdout.as_mut().context("piped")?;
        let read = out.read(&mut first)?;
        self.children.push(child);
        anyhow::ensure!(read == 1, "a program ended before it was ready");
        Ok(())
    }
}

fn stream(from: &str, to: &str, address: &str) -> anyhow::Result<f64> {
    let own = std::env::current_exe()?;
    let mut sink = Ground::inside(to, &own);
    let mut sink = sink.args(["sink", "5001"]).stdout(Stdio::piped()).spawn()?;
    let mut ready = [0; 6];
    let mut out = sink.stdout.take().context("piped")?;
    out.read_exact(&mut ready)?;
    let target = format!("{address}:5001");
    let sent =
        Ground::inside(from, &own).args(["source", &target, &OCTETS.to_string()]).status()?;
    anyhow::ensure!(sent.success(), "the stream could not be sent to {target}");
    let mut text = String::new();
    out.read_to_string(&mut text)?;
    sink.wait()?;
    Ok(text.trim().parse()?)
}

impl Drop for Ground {
    fn drop(&mut self) {
        for child in &mut self.children {
            // `ip netns exec` became the program: the signal reaches it.
            let asked = Command::new("kill").arg(child.id().to_string()).status();
            if asked.is_ok() {
                drop(child.wait());
            }
        }
        for namespace in [NEAR, FAR] {
            drop(Command::new("ip").args(["netns", "del", namespace]).output());
        }
    }
}
