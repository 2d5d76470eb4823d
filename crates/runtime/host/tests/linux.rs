//! The host against a real kernel: interfaces, routes, namespaces and files, each case in namespaces of
//! its own. What a case leaves would be seen: the whole network is compared before and after.

#[expect(unreachable_pub, reason = "the runner is written to be shared")]
mod runner;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use onhook_effect::{Effect, HostErrorKind, LaneId, LaneSpec, Outcome, Prefix, TunId, TunSpec};
use onhook_host::{
    DnsChoice, Host, HostConfig, LaneIo, NamespaceSpec, PacketPort, Recovery, Resource, TunDevice,
    namespace_with_tun, recv_fd, send_fd,
};
use runner::{Ignored, Verdict, again, own_namespaces, tun_device};

const TUN: TunId = TunId(0);
const BEFORE: &str = "nameserver 192.0.2.1\n";

fn main() -> ExitCode {
    runner::main(&cases![
        an_interface_comes_and_goes_without_a_trace,
        the_interface_goes_with_its_descriptor,
        an_interface_that_somebody_holds_is_deleted,
        a_name_that_is_taken_is_not_taken_over,
        packets_pass_both_ways,
        a_tcp_stream_passes_whole_frames_through_two_interfaces,
        an_interface_in_a_namespace_leaves_ours_alone,
        a_second_default_route_stands_behind_the_first,
        the_way_to_the_server_is_shared_and_kept,
        a_router_on_the_way_is_pinned,
        frames_of_sessions_pass_in_their_order_and_the_interface_s_end_is_heard,
        a_stale_session_is_heard_while_nobody_else_has_sessions,
        what_a_killed_manager_left_is_healed,
        name_servers_that_are_called_off_are_put_back,
        a_file_that_cannot_be_replaced_is_written_over,
        a_program_gets_a_network_of_its_own,
        _a_manager_that_is_killed,
        _a_program_in_its_own_network,
    ])
}

/// Namespaces, a folder, a runtime and a host with rights.
struct World {
    folder: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Result<Self, Ignored> {
        own_namespaces()?;
        tun_device()?;
        let folder = PathBuf::from("/run/world");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("resolv.conf"), BEFORE).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Ok(Self { folder, runtime: runtime.unwrap() })
    }

    fn config(&self) -> HostConfig {
        config(&self.folder)
    }

    async fn host(&self) -> Host {
        let host = Host::start(self.config()).await.unwrap();
        assert_eq!(host.abilities().why_not, None);
        host
    }

    fn text(&self) -> String {
        fs::read_to_string(self.folder.join("resolv.conf")).unwrap()
    }
}

fn config(folder: &Path) -> HostConfig {
    let resolv_conf = folder.join("resolv.conf");
    HostConfig {
        state_dir: folder.join("state"),
        dns_backend: DnsChoice::File(resolv_conf.clone()),
        resolv_conf,
        ..HostConfig::default()
    }
}

/// Interfaces, addresses and routes of this thread's network.
fn network() -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for file in ["dev", "route", "ipv6_route", "if_inet6", "fib_trie"] {
        let text = fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap_or_default();
        for line in text.lines() {
            let line = match file {
                // Counters move by themselves.
                "dev" => line.split_once(':').map(|(name, _)| name.to_owned()),
                "ipv6_route" => Some(without_counters(line)),
                // The shape of the kernel's tree is not the kernel's knowledge.
                "fib_trie" => (!line.contains("+--")).then(|| line.trim().to_owned()),
                "route" => (!line.starts_with("Iface")).then(|| line.trim().to_owned()),
                _ => Some(line.to_owned()),
            };
            lines.extend(line.map(|line| format!("{file}: {line}")));
        }
    }
    lines
}

fn without_counters(line: &str) -> String {
    let fields: Vec<_> = line.split_whitespace().collect();
    [&fields[..6], &fields[8..]].concat().join(" ")
}

/// The IPv4 routes as destination, mask, metric, interface.
fn routes() -> Vec<String> {
    let text = fs::read_to_string("/proc/thread-self/net/route").unwrap();
    let route = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let number =
            |hex: &str| Ipv4Addr::from(u32::from_str_radix(hex, 16).unwrap().to_ne_bytes());
        let (to, mask, metric) = (number(fields[1]), number(fields[7]), fields[6]);
        format!("{to}/{} {} {metric}", u32::from(mask).count_ones(), fields[0])
    };
    text.lines().skip(1).map(route).collect()
}

fn spec(name: Option<&str>) -> TunSpec {
    TunSpec { name: name.map(str::to_owned), mtu: 1400, netns: None }
}

async fn tun(host: &Host, owner: u64, spec: TunSpec) -> TunDevice {
    let applied = host.apply(owner, &Effect::CreateTun { tun: TUN, spec }).await.unwrap();
    match applied.resource {
        Some(Resource::Tun(device)) => {
            assert_eq!(applied.outcome, Outcome::TunCreated { name: device.name().to_owned() });
            device
        }
        other => panic!("{other:?}"),
    }
}

fn address(ours: &str, prefix_len: u8, peer: Option<&str>) -> Effect {
    let peer = peer.map(|peer| peer.parse().unwrap());
    Effect::AddAddress { tun: TUN, address: ours.parse().unwrap(), prefix_len, peer }
}

fn route(to: &str) -> Effect {
    Effect::AddRoute { tun: TUN, to: to.parse().unwrap(), metric: None }
}

fn dns(server: &str) -> Effect {
    Effect::SetDns { tun: TUN, servers: vec![server.parse().unwrap()], domains: Vec::new() }
}

async fn apply(host: &Host, owner: u64, effect: &Effect) -> Outcome {
    host.apply(owner, effect).await.unwrap_or_else(|e| panic!("{effect:?}: {e}")).outcome
}

fn everything() -> Vec<Effect> {
    vec![
        address("10.8.0.2", 32, Some("10.8.0.1")),
        address("fe80::1234", 64, None),
        route("10.0.0.0/8"),
        route("0.0.0.0/0"),
        route("::/0"),
        dns("10.8.0.53"),
    ]
}

fn an_interface_comes_and_goes_without_a_trace() -> Verdict {
    let world = World::new()?;
    world.runtime.block_on(async {
        let before = network();
        let host = world.host().await;
        for round in 0..3 {
            let device = tun(&host, 1, spec(None)).await;
            assert_eq!(device.name(), "onhook0");
            let deeds = everything();
            for deed in &deeds {
                apply(&host, 1, deed).await;
            }
            assert!(world.text().contains("nameserver 10.8.0.53"));
            let routes = routes();
            for wanted in ["10.0.0.0/8", "0.0.0.0/1", "128.0.0.0/1", "10.8.0.1/32"] {
                let wanted = format!("{wanted} onhook0 0");
                assert!(routes.contains(&wanted), "{wanted} in {routes:?}");
            }
            let now = network();
            let link_local = "if_inet6: fe80000000000000000000000000";
            assert_eq!(now.iter().filter(|line| line.starts_with(link_local)).count(), 1);
            assert!(
                now.iter().any(|l| l.starts_with("ipv6_route: 8000") && l.ends_with("onhook0"))
            );
            // Each undo by itself gives back what was before its deed; twice is as once.
            for deed in deeds.iter().rev() {
                host.revert(1, &deed.undo()).await.unwrap();
                host.revert(1, &deed.undo()).await.unwrap();
            }
            assert_eq!(world.text(), BEFORE);
            let left: Vec<_> = network()
                .difference(&before)
                .filter(|l| !l.starts_with("dev: "))
                .cloned()
                .collect();
            // What the kernel itself gives an interface that is up (multicast).
            assert!(left.iter().all(|l| l.starts_with("ipv6_route: ff")), "{left:?}");
            drop(device);
            let undo = Effect::CreateTun { tun: TUN, spec: spec(None) }.undo();
            host.revert(1, &undo).await.unwrap();
            host.revert(1, &undo).await.unwrap();
            assert_eq!(network(), before, "round {round}");
        }
    });
    Ok(())
}

fn the_interface_goes_with_its_descriptor() -> Verdict {
    let world = World::new()?;
    world.runtime.block_on(async {
        let before = network();
        let host = world.host().await;
        let device = tun(&host, 1, spec(Some("office"))).await;
        for deed in everything() {
            apply(&host, 1, &deed).await;
        }
        assert_ne!(network(), before);
        drop(device);
        assert_eq!(network(), before);
        for deed in everything().iter().rev() {
            host.revert(1, &deed.undo()).await.unwrap();
        }
        assert_eq!(world.text(), BEFORE);
    });
    Ok(())
}

fn an_interface_that_somebody_holds_is_deleted() -> Verdict {
    let world = World::new()?;
    world.runtime.block_on(async {
        let before = network();
        let host = world.host().await;
        let effect = Effect::CreateTun { tun: TUN, spec: spec(None) };
        let device = tun(&host, 1, spec(None)).await;
        host.revert(1, &effect.undo()).await.unwrap();
        assert_eq!(network(), before);
        drop(device);
    });
    Ok(())
}

fn a_name_that_is_taken_is_not_taken_over() -> Verdict {
    let world = World::new()?;
    world.runtime.block_on(async {
        let host = world.host().await;
        let _device = tun(&host, 1, spec(Some("office"))).await;
        for (name, kind) in [
            ("office", HostErrorKind::Busy),
            ("lo", HostErrorKind::Busy),
            ("a/b", HostErrorKind::Other),
            ("x%d", HostErrorKind::Other),
            ("sixteen-letters-", HostErrorKind::Other),
            ("", HostErrorKind::Other),
        ] {
            let effect = Effect::CreateTun { tun: TUN, spec: spec(Some(name)) };
            let error = host.apply(2, &effect).await.unwrap_err();
            let is_other = kind == HostErrorKind::Other;
            assert!(error.kind == kind || is_other, "{name}: {error:?}");
        }
    });
    Ok(())
}

fn packets_pass_both_ways() -> Verdict {
    let world = World::new()?;
    world.runtime.block_on(async {
        let host = world.host().await;
        let mut device = tun(&host, 1, spec(None)).await;
        apply(&host, 1, &address("10.8.0.2", 32, Some("10.8.0.1"))).await;
        let socket = UdpSocket::bind("10.8.0.2:4000").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        socket.send_to(b"ping", "10.8.0.1:5000").unwrap();
        device.readable().await.unwrap();
        let mut packets = Vec::new();
        device.receive(1 << 16, &mut |packet| packets.push(packet.to_vec())).unwrap();
        assert_eq!(packets.len(), 1);
        let mut answer = packets.remove(0);
        assert_eq!(&answer[28..], b"ping");
        // Addresses and ports change places; the sums stay as they are.
        let (source, destination) = (answer[12..16].to_vec(), answer[16..20].to_vec());
        answer[12..16].copy_from_slice(&destination);
        answer[16..20].copy_from_slice(&source);
        answer[20..24].rotate_left(2);
        device.deliver(&answer).unwrap();
        device.flush().unwrap();
        let mut buffer = [0; 10];
        assert_eq!(socket.recv(&mut buffer).unwrap(), 4);
    });
    Ok(())
}

/// Makes a named network namespace and keeps it by name.
fn named_namespace(name: &str) {
    fs::create_dir_all("/run/netns").unwrap();
    let path = format!("/run/netns/{name}");
    fs::write(&path, "").unwrap();
    let nothing: Option<&str> = None;
    std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let own = Some("/proc/thread-self/ns/net");
        mount(own, path.as_str(), nothing, MsFlags::MS_BIND, nothing).unwrap();
    })
    .join()
    .unwrap();
}

/// Does something inside a named network namespace.
fn inside<T: Send + 'static>(name: &str, deed: impl FnOnce() -> T + Send + 'static) -> T {
    let namespace = fs::File::open(format!("/run/netns/{name}")).unwrap();
    std::thread::spawn(move || {
        setns(&namespace, CloneFlags::CLONE_NEWNET).unwrap();
        deed()
    })
    .join()
    .unwrap()
}

fn a_tcp_stream_passes_whole_frames_through_two_interfaces() -> Verdict {
    const MUCH: usize = 24 << 20;
    let world = World::new()?;
    named_namespace("far");
    world.runtime.block_on(async {
        let host = world.host().await;
        let mut near = tun(&host, 1, spec(None)).await;
        let far_spec = TunSpec { netns: Some("far".to_owned()), ..spec(None) };
        let mut far = tun(&host, 2, far_spec).await;
        for (owner, ours, peer) in [(1, "10.8.0.2", "10.8.0.1"), (2, "10.8.0.1", "10.8.0.2")] {
            apply(&host, owner, &address(ours, 32, Some(peer))).await;
        }
        let listener = inside("far", || TcpListener::bind("10.8.0.1:80").unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut sum = 0_u64;
            let mut buffer = vec![0; 1 << 16];
            loop {
                match stream.read(&mut buffer).unwrap() {
                    0 => break,
                    n => {
                        sum =
                            buffer[..n].iter().fold(sum, |s, b| s.wrapping_mul(31) + u64::from(*b))
                    }
                }
            }
            stream.write_all(&sum.to_be_bytes()).unwrap();
        });
        let client = tokio::task::spawn_blocking(|| {
            let mut stream = TcpStream::connect("10.8.0.1:80").unwrap();
            let text: Vec<u8> = (0..MUCH).map(|i| (i * 7 / 3) as u8).collect();
            stream.write_all(&text).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let mut sum = [0; 8];
            stream.read_exact(&mut sum).unwrap();
            let wanted = text.iter().fold(0_u64, |s, b| s.wrapping_mul(31) + u64::from(*b));
            assert_eq!(u64::from_be_bytes(sum), wanted);
        });
        let (mut packets, mut longest) = (0_usize, 0);
        let pump = async {
            loop {
                tokio::select! {
                    ready = near.readable() => ready.unwrap(),
                    ready = far.readable() => ready.unwrap(),
                }
                let mut count = |packet: &[u8]| {
                    packets += 1;
                    longest = longest.max(packet.len());
                };
                near.receive(1 << 18, &mut |p| {
                    count(p);
                    far.deliver(p).unwrap();
                })
                .unwrap();
                far.flush().unwrap();
                far.receive(1 << 18, &mut |p| {
                    count(p);
                    near.deliver(p).unwrap();
                })
                .unwrap();
                near.flush().unwrap();
            }
        };
        let limit = tokio::time::sleep(Duration::from_secs(60));
        tokio::select! {
            () = pump => unreachable!(),
            done = client => done.unwrap(),
            () = limit => panic!("it does not pass"),
        }
        server.join().unwrap();
        assert_eq!(longest, 1400, "packets are as long as the MTU");
        assert!(packets > MUCH / 1400);
    });
    Ok(())
}

fn an_interface_in_a_namespace_leaves_ours_alone() -> Verdict {
    let world = World::new()?;
    named_namespace("office");
    world.runtime.block_on(async {
        let before = network();
        let inside_before = inside("office", network);
        let host = world.host().await;
        let spec = TunSpec { netns: Some("office".to_owned()), ..spec(None) };
        let device = tun(&host, 1, spec.clone()).await;
        for deed in everything() {
            let outcome = apply(&host, 1, &deed).await;
            if matches!(deed, Effect::SetDns { .. }) {
                assert_eq!(outcome, Outcome::DnsSet { by: "none (namespace)".to_owned() });
            }
        }
        assert_eq!(network(), before);
        assert_eq!(world.text(), BEFORE);
        let routes = inside("office", routes);
        assert!(routes.contains(&"0.0.0.0/1 onhook0 0".to_owned()), "{routes:?}");
        for deed in everything().iter().rev() {
            host.revert(1, &deed.undo()).await.unwrap();
        }
        drop(device);
        host.revert(1, &Effect::CreateTun { tun: TUN, spec }.undo()).await.unwrap();
        assert_eq!(inside("office", network), inside_before);
        let missing = TunSpec { name: None, mtu: 1400, netns: Some("none".to_owned()) };
        let error =
            host.apply(1, &Effect::CreateTun { tun: TUN, spec: missing }).await.unwrap_err();
        assert_eq!(error.kind, HostErrorKind::NotFound);
        assert!(error.text.contains("ip netns add none"), "{error}");
    });
    Ok(())
}

fn a_second_default_route_stands_behind_the_first() -> Verdict {
    let world = World::new()?;
    world.runtime.block_on(async {
        let host = world.host().await;
        let (_a, _b) = (tun(&host, 1, spec(None)).await, tun(&host, 2, spec(None)).await);
        for owner in [1, 2] {
            apply(&host, owner, &route("0.0.0.0/0")).await;
            apply(&host, owner, &route("::/0")).await;
        }
        let both = routes();
        assert!(both.contains(&"0.0.0.0/1 onhook0 0".to_owned()), "{both:?}");
        assert!(both.contains(&"0.0.0.0/1 onhook1 1".to_owned()), "{both:?}");
        let chosen = Effect::AddRoute { tun: TUN, to: Prefix::ALL_V4, metric: Some(0) };
        let error = host.apply(2, &chosen).await.unwrap_err();
        assert_eq!(error.kind, HostErrorKind::Busy);
        assert_eq!(routes(), both, "half a route is not left");
        host.revert(1, &route("0.0.0.0/0").undo()).await.unwrap();
        let left = routes();
        assert!(left.iter().all(|route| route.contains("onhook1")), "{left:?}");
    });
    Ok(())
}

/// An interface with the default route, so that there is a way to keep.
async fn uplink(host: &Host) -> TunDevice {
    let device = tun(host, 100, spec(Some("uplink"))).await;
    apply(host, 100, &address("10.9.0.2", 32, Some("10.9.0.1"))).await;
    apply(host, 100, &route("0.0.0.0/0")).await;
    device
}

fn pin(to: &str) -> Effect {
    Effect::PinRoute { to: to.parse().unwrap() }
}

fn the_way_to_the_server_is_shared_and_kept() -> Verdict {
    let world = World::new()?;
    world.runtime.block_on(async {
        let host = world.host().await;
        let error = host.apply(1, &pin("198.51.100.7")).await.unwrap_err();
        assert_eq!(error.kind, HostErrorKind::Unreachable);
        let uplink = uplink(&host).await;
        let before = network();
        let pinned = "198.51.100.7/32 uplink 0".to_owned();
        for owner in [1, 2, 2] {
            apply(&host, owner, &pin("198.51.100.7")).await;
        }
        let _device = tun(&host, 1, spec(None)).await;
        apply(&host, 1, &route("0.0.0.0/0")).await;
        assert_eq!(routes().iter().filter(|route| **route == pinned).count(), 1);
        host.revert(1, &pin("198.51.100.7").undo()).await.unwrap();
        host.revert(1, &pin("198.51.100.7").undo()).await.unwrap();
        assert!(routes().contains(&pinned), "the other connection needs it still");
        drop(_device);
        host.revert(2, &pin("198.51.100.7").undo()).await.unwrap();
        assert_eq!(network(), before);
        // What is on the same wire, ourselves and loopback need no pin.
        for near in ["10.9.0.1", "10.9.0.2", "127.0.0.1", "127.9.9.9"] {
            apply(&host, 1, &pin(near)).await;
            host.revert(1, &pin(near).undo()).await.unwrap();
        }
        assert_eq!(network(), before);
        // A host route of somebody else's serves as well, and stays.
        apply(&host, 100, &route("203.0.113.5/32")).await;
        apply(&host, 1, &pin("203.0.113.5")).await;
        host.revert(1, &pin("203.0.113.5").undo()).await.unwrap();
        assert!(routes().contains(&"203.0.113.5/32 uplink 0".to_owned()));
        drop(uplink);
    });
    Ok(())
}

fn ip(arguments: &str) -> Verdict {
    let status = Command::new("ip").args(arguments.split_whitespace()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => panic!("ip {arguments}: {status}"),
        Err(error) => Err(Ignored(format!("the program ip is not there ({error})"))),
    }
}

fn a_router_on_the_way_is_pinned() -> Verdict {
    let world = World::new()?;
    ip("link set lo up")?;
    ip("link add eth0 type veth peer name eth1")?;
    // Addresses that the kernel gives by itself would come at a moment of its own.
    ip("link set eth0 addrgenmode none")?;
    ip("link set eth1 addrgenmode none")?;
    ip("address add 192.0.2.10/24 dev eth0")?;
    ip("-6 address add 2001:db8::10/64 dev eth0 nodad")?;
    ip("link set eth1 up")?;
    ip("link set eth0 up")?;
    ip("route add default via 192.0.2.1 dev eth0 metric 100")?;
    ip("-6 route add default via 2001:db8::1 dev eth0 metric 100")?;
    world.runtime.block_on(async {
        let before = network();
        let host = world.host().await;
        apply(&host, 1, &pin("198.51.100.7")).await;
        apply(&host, 1, &pin("2001:db8:1::7")).await;
        apply(&host, 1, &pin("192.0.2.77")).await;
        let text = fs::read_to_string("/proc/thread-self/net/route").unwrap();
        // Destination and router, in the kernel's order of octets.
        assert!(text.contains("eth0\t076433C6\t010200C0\t0007"), "{text}");
        let text = fs::read_to_string("/proc/thread-self/net/ipv6_route").unwrap();
        let to = "20010db8000100000000000000000007 80";
        let router = "20010db8000000000000000000000001";
        assert!(text.lines().any(|l| l.starts_with(to) && l.contains(router)), "{text}");
        assert_eq!(routes().iter().filter(|route| route.contains("/32")).count(), 1);
        // The network changes under us: the pin is made anew by the next one who asks.
        assert!(ip("route del 198.51.100.7").is_ok());
        apply(&host, 2, &pin("198.51.100.7")).await;
        assert!(routes().contains(&"198.51.100.7/32 eth0 0".to_owned()));
        for to in ["198.51.100.7", "2001:db8:1::7", "192.0.2.77"] {
            host.revert(1, &pin(to).undo()).await.unwrap();
            host.revert(2, &pin(to).undo()).await.unwrap();
        }
        assert_eq!(network(), before);
    });
    Ok(())
}

/// Two ends of a cable, up.
fn cable() -> Verdict {
    ip("link add eth0 type veth peer name eth1")?;
    for end in ["eth0", "eth1"] {
        fs::write(format!("/proc/sys/net/ipv6/conf/{end}/disable_ipv6"), "1").unwrap_or_default();
        ip(&format!("link set {end} up"))?;
    }
    Ok(())
}

async fn ethernet(host: &Host, owner: u64) -> LaneIo {
    let spec = LaneSpec::Ethernet { interface: Some("eth0".to_owned()) };
    let opened =
        host.apply(owner, &Effect::OpenLane { lane: LaneId::CONTROL, spec }).await.unwrap();
    let Some(Resource::Lane(_, lane)) = opened.resource else { panic!("no lane") };
    lane
}

/// Both ends of the cable, and their addresses.
async fn wire(host: &Host) -> (LaneIo, Arc<PacketPort>, [[u8; 6]; 2]) {
    let port = PacketPort::listen("eth1").unwrap();
    let lane = ethernet(host, 1).await;
    let addresses = [lane.facts().ethernet.unwrap().address, port.facts().address];
    (lane, port, addresses)
}

/// A frame of this session (`None`: of discovery), so long, with a number in it.
fn frame(from: [u8; 6], to: [u8; 6], session: Option<u16>, length: usize, number: u32) -> Vec<u8> {
    let kind: [u8; 3] = if session.is_some() { [0x88, 0x64, 0x11] } else { [0x88, 0x63, 0x11] };
    let session = session.unwrap_or_default().to_be_bytes();
    let head = [&to[..], &from, &kind, &[0], &session, &[0, 0], &number.to_be_bytes()].concat();
    [&head[..], &vec![0x5a; length - head.len()]].concat()
}

/// Sends what was given, all of it.
async fn flushed(lane: &mut LaneIo) {
    while !lane.flush().unwrap() {
        lane.ready(false, true).await.unwrap();
    }
}

/// Waits for so many frames.
async fn heard(lane: &mut LaneIo, count: usize) -> Vec<Vec<u8>> {
    let mut heard = Vec::new();
    while heard.len() < count {
        lane.ready(true, false).await.unwrap();
        lane.receive(1 << 20, &mut |frame| heard.push(frame.to_vec())).unwrap();
    }
    heard
}

async fn heard_at(port: &PacketPort, count: usize) -> Vec<Vec<u8>> {
    let mut heard = Vec::new();
    while heard.len() < count {
        port.readable().await.unwrap();
        while port.receive(&mut |frame| heard.push(frame.to_vec())).unwrap() {}
    }
    heard
}

fn frames_of_sessions_pass_in_their_order_and_the_interface_s_end_is_heard() -> Verdict {
    let world = World::new()?;
    cable()?;
    world.runtime.block_on(async {
        let host = world.host().await;
        let (mut lane, port, [ours, theirs]) = wire(&host).await;
        // More than a ring holds, of all lengths, with discovery among them: each kind keeps its order.
        let mut number = 0;
        for _ in 0..30 {
            let mut sent = [Vec::new(), Vec::new()];
            for _ in 0..70 {
                number += 1;
                let session = (number % 9 != 0).then_some(5);
                let length = 60 + (number as usize * 37) % 1455;
                let frame = frame(ours, theirs, session, length, number);
                lane.send(&frame).unwrap();
                sent[usize::from(session.is_some())].push(frame);
            }
            flushed(&mut lane).await;
            assert_eq!(lane.queued(), 0);
            let got = heard_at(&port, 70).await;
            let (session, discovery): (Vec<_>, _) = got.into_iter().partition(|f| f[13] == 0x64);
            assert_eq!([discovery, session], sent);
            // And back.
            let back: Vec<_> =
                (0..70).map(|n| frame(theirs, ours, Some(5), 60 + n * 20, n as u32)).collect();
            back.iter().for_each(|frame| port.send_or_lose(frame));
            assert_eq!(heard(&mut lane, 70).await, back);
        }
        // A frame that the wire cannot carry is lost, and no other with it.
        lane.send(&frame(ours, theirs, Some(5), 1600, 1)).unwrap();
        lane.send(&frame(ours, theirs, Some(5), 1514, 2)).unwrap();
        flushed(&mut lane).await;
        assert_eq!(heard_at(&port, 1).await, [frame(ours, theirs, Some(5), 1514, 2)]);
        ip("link set eth0 down").unwrap();
        lane.ready(true, false).await.unwrap();
        let error = loop {
            match lane.receive(1 << 20, &mut |_| {}) {
                Ok(_) => lane.ready(true, false).await.map(drop).unwrap(),
                Err(error) => break error,
            }
        };
        assert_eq!(error.raw_os_error(), Some(libc::ENETDOWN));
    });
    Ok(())
}

fn a_stale_session_is_heard_while_nobody_else_has_sessions() -> Verdict {
    let world = World::new()?;
    cable()?;
    world.runtime.block_on(async {
        let host = world.host().await;
        let (mut lane, port, [ours, theirs]) = wire(&host).await;
        let stale = |number| frame(theirs, ours, Some(0x77), 60, number);
        let own = |number| frame(theirs, ours, Some(5), 60, number);
        // Before there is a session, and beside one.
        port.send_or_lose(&stale(1));
        assert_eq!(heard(&mut lane, 1).await, [stale(1)]);
        lane.send(&frame(ours, theirs, Some(5), 60, 0)).unwrap();
        flushed(&mut lane).await;
        port.send_or_lose(&stale(2));
        port.send_or_lose(&own(3));
        assert_eq!(heard(&mut lane, 2).await, [stale(2), own(3)]);
        // Somebody else comes: what is not ours may be his.
        let second = ethernet(&host, 2).await;
        port.send_or_lose(&stale(4));
        port.send_or_lose(&own(5));
        assert_eq!(heard(&mut lane, 1).await, [own(5)]);
        // From now on it does not even wake us.
        port.send_or_lose(&stale(6));
        port.send_or_lose(&own(7));
        assert_eq!(heard(&mut lane, 1).await, [own(7)]);
        drop((lane, second));
        heard_at(&port, 2).await;
    });
    Ok(())
}

fn what_a_killed_manager_left_is_healed() -> Verdict {
    let world = World::new()?;
    ip("link add eth0 type veth peer name eth1")?;
    ip("address add 192.0.2.10/24 dev eth0")?;
    ip("link set eth1 up")?;
    ip("link set eth0 up")?;
    ip("route add default via 192.0.2.1 dev eth0 metric 100")?;
    let before = network();
    let status = again("_a_manager_that_is_killed").status().unwrap();
    assert_eq!(status.code(), None, "it was killed: {status}");
    let left = routes();
    assert!(left.contains(&"198.51.100.7/32 eth0 0".to_owned()), "{left:?}");
    assert!(left.iter().all(|route| !route.contains("onhook")), "{left:?}");
    assert!(world.text().contains("10.8.0.53"));
    world.runtime.block_on(async {
        let host = world.host().await;
        let recovered = host.recover().await;
        let mut results: Vec<_> = recovered.iter().map(ToString::to_string).collect();
        results.sort();
        let file =
            format!("name servers in {}: undone", world.folder.join("resolv.conf").display());
        assert_eq!(results, [file, "route to 198.51.100.7: undone".to_owned()]);
        assert!(recovered.iter().all(|r| r.result == Recovery::Undone));
        assert_eq!(network(), before);
        assert_eq!(world.text(), BEFORE);
        assert_eq!(host.recover().await, []);
        let busy = Host::start(world.config()).await.unwrap_err();
        assert_eq!(busy.kind, HostErrorKind::Busy);
    });
    Ok(())
}

/// Not a case by itself: the manager that [`what_a_killed_manager_left_is_healed`] kills.
fn _a_manager_that_is_killed() -> Verdict {
    let folder = Path::new("/run/world");
    if !folder.exists() {
        return Err(Ignored("it is a part of another case".to_owned()));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let host = Host::start(config(folder)).await.unwrap();
        apply(&host, 1, &pin("198.51.100.7")).await;
        let _device = tun(&host, 1, spec(None)).await;
        for deed in everything() {
            apply(&host, 1, &deed).await;
        }
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).unwrap();
    });
    Ok(())
}

fn name_servers_that_are_called_off_are_put_back() -> Verdict {
    let world = World::new()?;
    world.runtime.block_on(async {
        let host = world.host().await;
        let _device = tun(&host, 1, spec(None)).await;
        for polls in 0..6 {
            let deed = dns("10.8.0.53");
            {
                let mut setting = Box::pin(host.apply(1, &deed));
                for _ in 0..polls {
                    if tokio::time::timeout(Duration::ZERO, &mut setting).await.is_ok() {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
            host.revert(1, &deed.undo()).await.unwrap();
            assert_eq!(world.text(), BEFORE, "after {polls} polls");
        }
    });
    Ok(())
}

fn a_file_that_cannot_be_replaced_is_written_over() -> Verdict {
    let world = World::new()?;
    // As a container engine does it: the file is a mount of its own, which no rename can replace.
    let path = world.folder.join("resolv.conf");
    let nothing: Option<&str> = None;
    mount(Some(&path), &path, nothing, MsFlags::MS_BIND, nothing).unwrap();
    world.runtime.block_on(async {
        let host = world.host().await;
        let _device = tun(&host, 1, spec(None)).await;
        apply(&host, 1, &dns("10.8.0.53")).await;
        assert!(world.text().contains("nameserver 10.8.0.53"));
        host.revert(1, &dns("10.8.0.53").undo()).await.unwrap();
        assert_eq!(world.text(), BEFORE);
    });
    Ok(())
}

fn a_program_gets_a_network_of_its_own() -> Verdict {
    own_namespaces()?;
    tun_device()?;
    let path = Path::new("/run/program.sock");
    let listener = UnixListener::bind(path).unwrap();
    let resolv_conf = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let before = network();
    let mut program = again("_a_program_in_its_own_network").spawn().unwrap();
    let (control, _) = listener.accept().unwrap();
    control.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let fd = recv_fd(&control).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut device = TunDevice::adopt(fd, "tun".to_owned(), 1300, true).unwrap();
        let mut packet = Vec::new();
        while packet.is_empty() {
            device.readable().await.unwrap();
            device
                .receive(1 << 16, &mut |p| {
                    if p[0] == 0x45 && p[9] == 17 {
                        packet = p.to_vec();
                    }
                })
                .unwrap();
        }
        assert_eq!(packet[12..20], [10, 8, 0, 2, 10, 8, 0, 53]);
        let port = u16::from_be_bytes([packet[20], packet[21]]);
        assert!((40_000..=40_099).contains(&port), "{port}");
        assert_eq!(&packet[28..], b"question");
    });
    assert!(program.wait().unwrap().success());
    assert_eq!(network(), before);
    assert_eq!(fs::read_to_string("/etc/resolv.conf").unwrap_or_default(), resolv_conf);
    Ok(())
}

/// Not a case by itself: the program of [`a_program_gets_a_network_of_its_own`].
fn _a_program_in_its_own_network() -> Verdict {
    let Ok(control) = UnixStream::connect("/run/program.sock") else {
        return Err(Ignored("it is a part of another case".to_owned()));
    };
    let had_resolv_conf = Path::new("/etc/resolv.conf").exists();
    let spec = NamespaceSpec {
        addresses: vec![(IpAddr::from([10, 8, 0, 2]), 32), ("fe80::2".parse().unwrap(), 64)],
        mtu: 1300,
        dns: vec![IpAddr::from([10, 8, 0, 53])],
        port_range: 40_000..=40_099,
    };
    let tun = namespace_with_tun(spec).unwrap();
    assert_eq!(tun.name, "onhook0");
    send_fd(&control, tun.fd.as_fd()).unwrap();
    if had_resolv_conf {
        let text = fs::read_to_string("/etc/resolv.conf").unwrap();
        assert_eq!(text, "nameserver 10.8.0.53\n");
    }
    let routes = routes();
    assert!(routes.contains(&"0.0.0.0/0 onhook0 0".to_owned()), "{routes:?}");
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect(SocketAddr::from(([10, 8, 0, 53], 53))).unwrap();
    socket.send(b"question").unwrap();
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    TcpStream::connect(own.local_addr().unwrap()).unwrap();
    Ok(())
}
