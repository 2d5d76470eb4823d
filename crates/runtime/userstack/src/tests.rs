//! Two stacks back to back, and what stands before and behind them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use onhook_base::Instant;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::dns::{Answer, answer, question};
use crate::http_connect::{base64, target};
use crate::*;

const NEAR: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 2);
const FAR: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 1);

fn stack(address: Ipv4Addr, dns: &[Ipv4Addr], max_flows: usize) -> Stack {
    Stack::new(StackTerms {
        addresses: vec![(IpAddr::V4(address), 24)],
        dns: dns.iter().copied().map(IpAddr::V4).collect(),
        seed: 7,
        max_flows,
        rx_buffer: 64 << 10,
        tx_buffer: 64 << 10,
        ..StackTerms::default()
    })
}

/// Carries packets between two stacks for as long as it lives, by a clock that can be set forward.
struct Cable {
    _tasks: JoinSet<()>,
    ahead: Arc<AtomicU64>,
    near: Stack,
}

impl Cable {
    fn between(near: &Stack, far: &Stack) -> Self {
        let mut tasks = JoinSet::new();
        let ahead = Arc::new(AtomicU64::new(0));
        tasks.spawn(carry(near.clone(), far.clone(), ahead.clone()));
        Self { _tasks: tasks, ahead, near: near.clone() }
    }

    /// Lets time pass, second by second, and everything happen that is due.
    async fn skip(&self, seconds: u64) {
        for _ in 0..seconds {
            self.ahead.fetch_add(1_000_000_000, Ordering::Relaxed);
            self.near.0.wake();
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn carry(near: Stack, far: Stack, ahead: Arc<AtomicU64>) {
    let start = tokio::time::Instant::now();
    loop {
        let elapsed = u64::try_from(start.elapsed().as_nanos()).unwrap();
        let now = Instant::from_nanos(elapsed + ahead.load(Ordering::Relaxed));
        let mut passed = 0;
        let a = near.poll(now, 64, &mut |packet| {
            passed += 1;
            far.deliver(packet);
        });
        let b = far.poll(now, 64, &mut |packet| {
            passed += 1;
            near.deliver(packet);
        });
        if passed > 0 {
            tokio::task::yield_now().await;
            continue;
        }
        let next = [a, b].into_iter().flatten().min();
        let timer = async {
            match next {
                Some(at) => tokio::time::sleep(at.since(now).max(Duration::from_micros(50))).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timer => {}
            () = near.wants_poll() => {}
            () = far.wants_poll() => {}
        }
    }
}

fn pair() -> (Stack, Stack, Cable) {
    let (near, far) = (stack(NEAR, &[], 64), stack(FAR, &[], 64));
    let cable = Cable::between(&near, &far);
    (near, far, cable)
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from((FAR, port))
}

fn octets(count: usize, salt: usize) -> Vec<u8> {
    (0..count).map(|i| u8::try_from((i * 31 + salt) % 251).unwrap()).collect()
}

#[tokio::test]
async fn both_directions_at_once_arrive_intact_and_end_apart() {
    let (near, far, _cable) = pair();
    let listener = far.listen(1000, 2);
    let (there, back) = (octets(300_000, 1), octets(200_000, 2));
    let far_side = async {
        let (stream, from) = listener.accept().await.unwrap();
        assert_eq!(from.ip(), IpAddr::V4(NEAR));
        let (mut read, mut write) = tokio::io::split(stream);
        let mut got = Vec::new();
        let (read, written) = tokio::join!(read.read_to_end(&mut got), async {
            write.write_all(&back).await?;
            write.shutdown().await
        });
        read.unwrap();
        written.unwrap();
        got
    };
    let near_side = async {
        let stream = near.connect(at(1000)).await.unwrap();
        let (mut read, mut write) = tokio::io::split(stream);
        let mut got = Vec::new();
        let (read, written) = tokio::join!(read.read_to_end(&mut got), async {
            write.write_all(&there).await?;
            write.shutdown().await
        });
        read.unwrap();
        written.unwrap();
        got
    };
    let (got_there, got_back) = tokio::join!(far_side, near_side);
    assert!(got_there == there && got_back == back);
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_refuses() {
    let (near, _far, _cable) = pair();
    let refused = near.connect(at(9)).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    while near.flows() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_flows_one_after_the_other_leave_no_socket() {
    let (near, far, _cable) = pair();
    let listener = far.listen(1000, 4);
    let serving = tokio::spawn(async move {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let mut byte = [0; 1];
            while stream.read(&mut byte).await.is_ok_and(|n| n > 0) {}
            drop(stream.shutdown().await);
        }
    });
    for _ in 0..2000 {
        let mut stream = near.connect(at(1000)).await.unwrap();
        stream.write_all(b"x").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
    }
    while near.flows() + far.flows() > 0 {
        tokio::task::yield_now().await;
    }
    far.shut_down();
    serving.await.unwrap();
}

#[tokio::test]
async fn a_connect_that_is_called_off_frees_its_place() {
    let lonely = stack(NEAR, &[], 1);
    {
        let connecting = lonely.connect(at(1000));
        tokio::pin!(connecting);
        assert!(futures_like_poll(connecting.as_mut()).await.is_none());
        assert_eq!(lonely.flows(), 1);
        let full = lonely.connect(at(1000)).await.unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::QuotaExceeded);
    }
    assert_eq!(lonely.flows(), 0);
}

/// Polls once.
async fn futures_like_poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn shutting_down_wakes_everybody() {
    let (near, far, _cable) = pair();
    let listener = far.listen(1000, 2);
    let (stream, accepted) = tokio::join!(near.connect(at(1000)), listener.accept());
    let (mut stream, _accepted) = (stream.unwrap(), accepted.unwrap());
    let reading = tokio::spawn(async move { stream.read_u8().await });
    let other = near.clone();
    let connecting = tokio::spawn(async move { other.connect(at(1001)).await });
    tokio::task::yield_now().await;
    near.shut_down();
    assert!(reading.await.unwrap().is_err());
    assert!(connecting.await.unwrap().is_err());
    let late = near.connect(at(1000)).await.unwrap_err();
    assert_eq!(late.kind(), io::ErrorKind::ConnectionAborted);
    far.shut_down();
    assert!(listener.accept().await.is_err());
}

/// One flow, both ends of it.
async fn flow(near: &Stack, far: &Stack) -> (StackStream, StackStream, StackListener) {
    let listener = far.listen(1000, 2);
    let (ours, theirs) = tokio::join!(near.connect(at(1000)), listener.accept());
    (ours.unwrap(), theirs.unwrap().0, listener)
}

#[tokio::test]
async fn an_idle_flow_lives_for_hours_and_still_carries() {
    let (near, far, cable) = pair();
    let (mut ours, mut theirs, _listener) = flow(&near, &far).await;
    ours.write_all(b"one").await.unwrap();
    theirs.read_exact(&mut [0; 3]).await.unwrap();
    cable.skip(7200).await;
    ours.write_all(b"two").await.unwrap();
    let mut got = [0; 3];
    theirs.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"two");
    theirs.write_all(b"three").await.unwrap();
    ours.read_exact(&mut [0; 5]).await.unwrap();
}

#[tokio::test]
async fn what_was_received_outlives_time_wait() {
    let (near, far, cable) = pair();
    let (mut ours, mut theirs, _listener) = flow(&near, &far).await;
    let said = octets(50_000, 9);
    ours.shutdown().await.unwrap();
    theirs.write_all(&said).await.unwrap();
    theirs.shutdown().await.unwrap();
    let mut first = vec![0; 100];
    ours.read_exact(&mut first).await.unwrap();
    cable.skip(30).await;
    let mut rest = Vec::new();
    ours.read_to_end(&mut rest).await.unwrap();
    assert!([first, rest].concat() == said);
}

#[tokio::test]
async fn a_peer_that_falls_silent_ends_the_flow_in_minutes() {
    let (near, far) = (stack(NEAR, &[], 8), stack(FAR, &[], 8));
    let cable = Cable::between(&near, &far);
    let (mut ours, _theirs, _listener) = flow(&near, &far).await;
    drop(cable);
    ours.write_all(b"is anybody there").await.unwrap();
    for second in 1..200 {
        near.poll(Instant::ORIGIN + Duration::from_secs(second), 64, &mut |_| {});
    }
    let error = ours.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    drop(ours);
    near.poll(Instant::ORIGIN + Duration::from_secs(201), 64, &mut |_| {});
    assert_eq!(near.flows(), 0);
}

#[tokio::test]
async fn a_goodbye_that_nobody_answers_ends_too() {
    let (near, far) = (stack(NEAR, &[], 8), stack(FAR, &[], 8));
    let cable = Cable::between(&near, &far);
    let (mut ours, _theirs, _listener) = flow(&near, &far).await;
    drop(cable);
    ours.shutdown().await.unwrap();
    drop(ours);
    let mut moment = Instant::ORIGIN + Duration::from_secs(1);
    let end = moment + Duration::from_secs(62);
    while let Some(next) = near.poll(moment, 64, &mut |_| {}) {
        moment = next.max(moment + Duration::from_millis(1));
        assert!(moment < end, "its owner is told when to come back");
    }
    assert_eq!(near.flows(), 0);
}

#[tokio::test]
async fn a_flow_that_is_dropped_in_the_middle_is_reset() {
    let (near, far, _cable) = pair();
    let (mut ours, mut theirs, _listener) = flow(&near, &far).await;
    ours.write_all(b"half a sen").await.unwrap();
    theirs.read_exact(&mut [0; 10]).await.unwrap();
    drop(ours);
    let error = theirs.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_reader_that_rests_stops_the_writer_and_loses_nothing() {
    let (near, far, cable) = pair();
    let (mut ours, mut theirs, _listener) = flow(&near, &far).await;
    let said = octets(1_000_000, 4);
    let copy = said.clone();
    let writing = tokio::spawn(async move {
        ours.write_all(&copy).await.unwrap();
        ours.shutdown().await.unwrap();
        ours
    });
    cable.skip(900).await;
    assert!(!writing.is_finished());
    let mut got = Vec::new();
    let reading = theirs.read_to_end(&mut got);
    tokio::pin!(reading);
    // The window's reopening may be told by the next probe only.
    while futures_like_poll(reading.as_mut()).await.is_none() {
        cable.skip(1).await;
    }
    assert!(got == said);
    drop(writing.await.unwrap());
}

#[tokio::test]
async fn a_destination_that_is_no_host_is_refused_at_once() {
    let (near, _far, _cable) = pair();
    for to in
        ["[2001:db8::1]:80", "224.0.0.1:80", "255.255.255.255:80", "0.0.0.0:80", "10.99.0.1:0"]
    {
        let error = near.connect(to.parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable, "{to}");
    }
    assert_eq!(near.flows(), 0);
}

#[tokio::test]
async fn hosts_outside_our_prefixes_are_reached_in_both_families() {
    let here = ["10.99.0.2", "fd00:1::2"].map(|a| a.parse::<IpAddr>().unwrap());
    let there = ["192.0.2.80", "2001:db8::80"].map(|a| a.parse::<IpAddr>().unwrap());
    let [near, far] = [here, there].map(|addresses| {
        let addresses = addresses.map(|a| (a, if a.is_ipv4() { 32 } else { 128 })).to_vec();
        Stack::new(StackTerms { addresses, mtu: 1280, ..StackTerms::default() })
    });
    let _cable = Cable::between(&near, &far);
    let listener = far.listen(80, 1);
    for (host, caller) in there.into_iter().zip(here) {
        let name = host.to_string();
        let (ours, theirs) = tokio::join!(near.connect_name(&name, 80), listener.accept());
        let (mut theirs, from) = theirs.unwrap();
        assert_eq!(from.ip(), caller);
        let mut ours = ours.unwrap();
        ours.write_all(&[1; 5000]).await.unwrap();
        theirs.read_exact(&mut [0; 5000]).await.unwrap();
    }
}

#[test]
fn the_queue_is_bounded_and_empties() {
    let near = stack(NEAR, &[], 4);
    for _ in 0..5000 {
        near.deliver(&[0x45; 40]);
    }
    assert_eq!(near.poll(Instant::from_nanos(1), 0, &mut |_| {}), Some(Instant::from_nanos(1)));
    assert_eq!(near.poll(Instant::from_nanos(1), 8, &mut |_| {}), None);
}

async fn proxies() -> (SocketAddr, SocketAddr, watch::Sender<bool>, JoinSet<()>, Cable) {
    let (near, far, cable) = pair();
    let (stop, stopped) = watch::channel(false);
    let socks = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let places = (socks.local_addr().unwrap(), http.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    let terms = ProxyTerms::default;
    tasks.spawn(serve_socks5(near.clone(), socks, terms(), stopped.clone()));
    tasks.spawn(serve_http_connect(near, http, terms(), stopped.clone()));
    tasks.spawn(serve_inside(far, 80, 7, stopped));
    (places.0, places.1, stop, tasks, cable)
}

#[tokio::test]
async fn a_program_reaches_the_echo_through_socks5() {
    let (socks, _, stop, mut tasks, _cable) = proxies().await;
    let mut program = TcpStream::connect(socks).await.unwrap();
    program.write_all(&[5, 1, 0]).await.unwrap();
    let mut chosen = [0; 2];
    program.read_exact(&mut chosen).await.unwrap();
    assert_eq!(chosen, [5, 0]);
    program.write_all(&[5, 1, 0, 1, 10, 99, 0, 1, 0, 7]).await.unwrap();
    let mut reply = [0; 10];
    program.read_exact(&mut reply).await.unwrap();
    assert_eq!(reply[..2], [5, 0]);
    let said = octets(100_000, 3);
    let (mut read, mut write) = program.split();
    let mut heard = Vec::new();
    let (read, written) = tokio::join!(read.read_to_end(&mut heard), async {
        write.write_all(&said).await?;
        write.shutdown().await
    });
    read.unwrap();
    written.unwrap();
    assert!(heard == said);
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
}

#[tokio::test]
async fn socks5_refuses_what_it_does_not_do() {
    let (socks, _, _stop, _tasks, _cable) = proxies().await;
    for (request, code) in [
        (vec![5, 2, 0, 1, 10, 99, 0, 1, 0, 7], 7),
        (vec![5, 1, 0, 9], 8),
        (vec![5, 1, 0, 1, 10, 99, 0, 1, 0, 9], 5),
        (vec![5, 1, 0, 3, 1, b'x', 0, 7], 4),
    ] {
        let mut program = TcpStream::connect(socks).await.unwrap();
        program.write_all(&[5, 1, 0]).await.unwrap();
        let mut chosen = [0; 2];
        program.read_exact(&mut chosen).await.unwrap();
        program.write_all(&request).await.unwrap();
        let mut reply = [0; 10];
        program.read_exact(&mut reply).await.unwrap();
        assert_eq!(reply[1], code, "{request:?}");
    }
    let mut stranger = TcpStream::connect(socks).await.unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut nothing = Vec::new();
    // It is closed without a word, or reset.
    drop(stranger.read_to_end(&mut nothing).await);
    assert!(nothing.is_empty());
}

#[tokio::test]
async fn a_program_fetches_the_page_through_http_connect() {
    let (_, http, _stop, _tasks, _cable) = proxies().await;
    let mut program = TcpStream::connect(http).await.unwrap();
    program.write_all(b"CONNECT 10.99.0.1:80 HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut reply = [0; 39];
    program.read_exact(&mut reply).await.unwrap();
    assert!(reply.starts_with(b"HTTP/1.1 200 "));
    program.write_all(b"GET /page?bytes=70000 HTTP/1.1\r\n\r\n").await.unwrap();
    program.shutdown().await.unwrap();
    let mut page = Vec::new();
    program.read_to_end(&mut page).await.unwrap();
    let body = page.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let expected: Vec<u8> =
        (0..70_000_u32).map(|i| u8::try_from((i % 251 * 7 + 3) % 251).unwrap()).collect();
    assert!(page[body..] == expected);
}

#[tokio::test]
async fn http_connect_answers_every_bad_head() {
    let (_, http, _stop, _tasks, _cable) = proxies().await;
    for (head, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "405"),
        ("CONNECT 10.99.0.1 HTTP/1.1\r\n\r\n", "400"),
        ("CONNECT :80 HTTP/1.1\r\n\r\n", "400"),
        ("CONNECT 10.99.0.1:80\r\n\r\n", "400"),
        ("CONNECT 10.99.0.1:99999 HTTP/1.1\r\n\r\n", "400"),
        ("CONNECT 10.99.0.1:9 HTTP/1.1\r\n\r\n", "502"),
        ("CONNECT no.such.name:80 HTTP/1.1\r\n\r\n", "502"),
    ] {
        let mut program = TcpStream::connect(http).await.unwrap();
        program.write_all(head.as_bytes()).await.unwrap();
        let mut reply = String::new();
        program.read_to_string(&mut reply).await.unwrap();
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{head:?}: {reply:?}");
    }
}

#[tokio::test]
async fn proxies_ask_for_the_name_and_the_password() {
    let (near, far, _cable) = pair();
    let (_stop, stopped) = watch::channel(false);
    let socks = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (socks_at, http_at) = (socks.local_addr().unwrap(), http.local_addr().unwrap());
    let terms = ProxyTerms { user: Some(("ann".into(), "s3cret".into())) };
    assert!(!format!("{terms:?}").contains("s3cret"));
    let mut tasks = JoinSet::new();
    tasks.spawn(serve_socks5(near.clone(), socks, terms.clone(), stopped.clone()));
    tasks.spawn(serve_http_connect(near, http, terms, stopped.clone()));
    tasks.spawn(serve_inside(far, 80, 7, stopped));
    for (password, verdict) in [(b"s3cret", 0), (b"secret", 1)] {
        let mut program = TcpStream::connect(socks_at).await.unwrap();
        program.write_all(&[5, 2, 0, 2, 1, 3, b'a', b'n', b'n', 6]).await.unwrap();
        program.write_all(password).await.unwrap();
        let mut reply = [0; 4];
        program.read_exact(&mut reply).await.unwrap();
        assert_eq!(reply, [5, 2, 1, verdict]);
    }
    let mut stranger = TcpStream::connect(socks_at).await.unwrap();
    stranger.write_all(&[5, 1, 0]).await.unwrap();
    let mut reply = [0; 2];
    stranger.read_exact(&mut reply).await.unwrap();
    assert_eq!(reply, [5, 0xff]);
    for (coded, status) in [("YW5uOnMzY3JldA==", "200"), ("YW5uOnNlY3JldA==", "407")] {
        let mut program = TcpStream::connect(http_at).await.unwrap();
        let head =
            format!("CONNECT 10.99.0.1:7 HTTP/1.1\r\nproxy-authorization: basic {coded}\r\n\r\n");
        program.write_all(head.as_bytes()).await.unwrap();
        let mut reply = [0; 12];
        program.read_exact(&mut reply).await.unwrap();
        assert_eq!(&reply[9..], status.as_bytes());
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let (_, http, _stop, _tasks, _cable) = proxies().await;
    let mut program = TcpStream::connect(http).await.unwrap();
    program.write_all(&[b'a'; 8 << 10]).await.unwrap();
    let mut reply = [0; 13];
    program.read_exact(&mut reply).await.unwrap();
    assert_eq!(&reply, b"HTTP/1.1 431 ");
}

#[tokio::test]
async fn a_forward_leads_to_its_place_and_stops() {
    let (near, far, _cable) = pair();
    let (stop, stopped) = watch::channel(false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(serve_forward(near.clone(), listener, "10.99.0.1".into(), 7, stopped.clone()));
    tasks.spawn(serve_inside(far, 80, 7, stopped));
    let mut program = TcpStream::connect(place).await.unwrap();
    program.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    program.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
    // The flow went with its task.
    while near.flows() > 0 {
        tokio::task::yield_now().await;
    }
    drop(program.read_u8().await.unwrap_err());
}

#[tokio::test]
async fn a_name_is_resolved_by_the_connections_own_server() {
    let near = stack(NEAR, &[FAR], 64);
    let answering = near.clone();
    let resolving = tokio::spawn(async move { near.resolve("intranet.example").await });
    // A server made by hand: it takes the question out of the packet and turns it into the answer.
    let asked = loop {
        answering.wants_poll().await;
        let mut packets = Vec::new();
        answering.poll(Instant::from_nanos(1_000_000), 8, &mut |p| packets.push(p.to_vec()));
        if let Some(packet) = packets.pop() {
            break packet;
        }
    };
    let query = &asked[28..];
    let mut message = query.to_vec();
    message[2] = 0x81;
    message[3] = 0x80;
    message[7] = 1;
    message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 99, 0, 80]);
    answering.deliver(&udp_back(&asked, &message));
    answering.poll(Instant::from_nanos(2_000_000), 8, &mut |_| {});
    let found = resolving.await.unwrap().unwrap();
    assert_eq!(found, [IpAddr::from([10, 99, 0, 80])]);
}

/// The same UDP packet on its way back, with another payload.
fn udp_back(asked: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(28 + payload.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend(total.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 17, 0, 0]);
    packet.extend(&asked[16..20]);
    packet.extend(&asked[12..16]);
    packet.extend(&asked[22..24]);
    packet.extend(&asked[20..22]);
    packet.extend((total - 20).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(payload);
    packet
}

#[test]
fn basic_credentials_are_coded_as_rfc_4648_shows() {
    for (plain, coded) in
        [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
    {
        assert_eq!(base64(plain.as_bytes()), coded);
    }
}

proptest! {
    #[test]
    fn no_answer_of_a_name_server_can_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let asked = question(0x1234, "a.example", 1).unwrap();
        prop_assert!(answer(&asked, &bytes).is_none() || bytes.len() >= 12);
        let mut likely = asked.clone();
        likely[2] = 0x80;
        likely[7] = 200;
        likely.extend(&bytes);
        if let Some(Answer::Addresses(found)) = answer(&asked, &likely) {
            prop_assert!(found.len() <= 64);
        }
    }

    #[test]
    fn no_packet_can_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let near = stack(NEAR, &[], 4);
        near.owns(&bytes);
        near.deliver(&bytes);
        near.poll(Instant::from_nanos(1), 16, &mut |_| {});
    }

    #[test]
    fn no_segment_of_a_live_flow_can_panic(
        changes in proptest::collection::vec((0..80_usize, any::<u8>()), 1..40),
        each in 1..6_usize,
        is_closing in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (near, far, cable) = pair();
            let (mut ours, mut theirs, _listener) = flow(&near, &far).await;
            drop(cable);
            ours.write_all(b"outstanding").await.unwrap();
            theirs.write_all(&[7; 40]).await.unwrap();
            if is_closing {
                ours.shutdown().await.unwrap();
            }
            let moment = Instant::ORIGIN + Duration::from_secs(5);
            let mut packets = Vec::new();
            near.poll(moment, 64, &mut |_| {});
            far.poll(moment, 64, &mut |packet| packets.push(packet.to_vec()));
            let segment = packets.pop().unwrap();
            for (step, changes) in (1_u64..).zip(changes.chunks(each)) {
                let mut changed = segment.clone();
                for (at, value) in changes {
                    // The addresses and ports stay, or nobody would look at the rest.
                    if let Some(octet) = changed.get_mut(*at).filter(|_| *at < 9 || *at > 23) {
                        *octet = *value;
                    }
                }
                near.deliver(&changed);
                near.poll(moment + Duration::from_secs(step), 64, &mut |_| {});
                drop(futures_like_poll(std::pin::pin!(ours.read_u8())).await);
            }
        });
    }

    #[test]
    fn no_head_can_panic(line in ".{0,80}") {
        drop(target(&[line]));
    }
}
