//! Tunnels of L2TP as the network shows them: a client made by hand calls the program, several calls in
//! one tunnel; and a server made by hand answers a dial from another port than was asked.

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use stage::answering::Server;
use stage::{PASSWORD, Stage, says};

/// Nothing on this machine takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Message types (RFC 2661 §3.2).
const SCCRQ: u16 = 1;
const SCCRP: u16 = 2;
const SCCCN: u16 = 3;
const STOP_CCN: u16 = 4;
const HELLO: u16 = 6;
const ICRQ: u16 = 10;
const ICRP: u16 = 11;
const ICCN: u16 = 12;
const CDN: u16 = 14;

fn avp(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = 0x8000 | (6 + u16::try_from(value.len()).unwrap());
    [&length.to_be_bytes()[..], &[0, 0], &kind.to_be_bytes(), value].concat()
}

fn message(tunnel: u16, session: u16, ns: u16, nr: u16, avps: &[Vec<u8>]) -> Vec<u8> {
    let body = avps.concat();
    let length = 12 + u16::try_from(body.len()).unwrap();
    let head = [0xc802, length, tunnel, session, ns, nr];
    [&head.map(u16::to_be_bytes).concat()[..], &body].concat()
}

/// A control message that was heard.
#[derive(Debug)]
struct Heard {
    session: u16,
    kind: u16,
    assigned: u16,
    result: u16,
}

#[derive(Debug)]
enum Datagram {
    Control { ns: u16, heard: Heard },
    Acknowledgement,
    Data { session: u16 },
}

fn parse(datagram: &[u8]) -> Datagram {
    let word = |at: usize| u16::from_be_bytes([datagram[at], datagram[at + 1]]);
    if datagram[0] & 0x80 == 0 {
        return Datagram::Data { session: word(4) };
    }
    if datagram.len() == 12 {
        return Datagram::Acknowledgement;
    }
    let mut heard = Heard { session: word(6), kind: 0, assigned: 0, result: 0 };
    let mut at = 12;
    while at < datagram.len() {
        match word(at + 4) {
            0 => heard.kind = word(at + 6),
            1 => heard.result = word(at + 6),
            9 | 14 => heard.assigned = word(at + 6),
            _ => {}
        }
        at += usize::from(word(at) & 0x03ff);
    }
    Datagram::Control { ns: word(8), heard }
}

/// One end of a tunnel, made by hand; it knows no repetition, and loopback loses nothing.
struct Hand {
    socket: UdpSocket,
    peer_tunnel: u16,
    ns: u16,
    nr: u16,
}

impl Hand {
    fn calling(server: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(server).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut hand = Self { socket, peer_tunnel: 0, ns: 0, nr: 0 };
        hand.say(SCCRQ, 0, &introduction(77));
        hand.peer_tunnel = hand.hear(SCCRP).assigned;
        hand.say(SCCCN, 0, &[]);
        hand
    }

    fn say(&mut self, kind: u16, session: u16, avps: &[Vec<u8>]) {
        let avps = [&[avp(0, &kind.to_be_bytes())][..], avps].concat();
        self.socket.send(&message(self.peer_tunnel, session, self.ns, self.nr, &avps)).unwrap();
        self.ns += 1;
    }

    fn next(&mut self) -> Datagram {
        let mut room = [0; 2000];
        let length = self.socket.recv(&mut room).unwrap();
        let datagram = parse(&room[..length]);
        if let Datagram::Control { ns, .. } = &datagram
            && *ns == self.nr
        {
            self.nr += 1;
            self.socket.send(&message(self.peer_tunnel, 0, self.ns, self.nr, &[])).unwrap();
        }
        datagram
    }

    /// Waits for a control message of this kind; others, and PPP, pass by.
    fn hear(&mut self, kind: u16) -> Heard {
        loop {
            match self.next() {
                Datagram::Control { heard, .. } if heard.kind == kind => return heard,
                Datagram::Control { .. } | Datagram::Data { .. } | Datagram::Acknowledgement => {}
            }
        }
    }

    /// Begins a call of this number; the server's number of it.
    fn call(&mut self, number: u16) -> u16 {
        self.say(ICRQ, 0, &[avp(14, &number.to_be_bytes()), avp(15, &[0, 0, 0, 1])]);
        let reply = self.hear(ICRP);
        assert_eq!(reply.session, number);
        self.say(ICCN, reply.assigned, &[avp(24, &[0, 1, 0, 0]), avp(19, &[0, 0, 0, 1])]);
        reply.assigned
    }

    /// Waits for PPP's word for one of our calls.
    fn hear_ppp_of(&mut self, number: u16) {
        while !matches!(self.next(), Datagram::Data { session } if session == number) {}
    }

    fn end_call(&mut self, ours: u16, theirs: u16) {
        self.say(CDN, theirs, &[avp(1, &[0, 3]), avp(14, &ours.to_be_bytes())]);
    }
}

fn introduction(tunnel: u16) -> Vec<Vec<u8>> {
    vec![
        avp(2, &[1, 0]),
        avp(3, &[0, 0, 0, 3]),
        avp(7, b"by hand"),
        avp(9, &tunnel.to_be_bytes()),
        avp(10, &[0, 8]),
    ]
}

fn answering(stage: &Stage) -> Server {
    stage.serve("l2tp", ["--l2tp", "127.0.0.1:0"])
}

/// Waits until a call has ended, and says its number.
fn ends(server: &mut Server) -> u64 {
    server.call_has_ended().last().unwrap()["call"].as_u64().unwrap()
}

#[test]
fn a_tunnel_has_several_calls_and_each_ends_by_itself() {
    let stage = Stage::new();
    let mut server = answering(&stage);
    let mut hand = Hand::calling(&server.place);
    let calls: Vec<(u16, u16)> = (21..24).map(|number| (number, hand.call(number))).collect();
    for (ours, _) in &calls {
        hand.hear_ppp_of(*ours);
    }
    let (ours, theirs) = calls[1];
    hand.end_call(ours, theirs);
    assert_eq!(ends(&mut server), 2);
    hand.hear_ppp_of(calls[0].0);
    hand.hear_ppp_of(calls[2].0);
    // A further one finds room.
    let further = hand.call(25);
    assert!(calls.iter().all(|(_, theirs)| *theirs != further));
    hand.hear_ppp_of(25);
    // And the end of the tunnel is the end of all.
    hand.say(STOP_CCN, 0, &[avp(1, &[0, 1]), avp(9, &[0, 77])]);
    let mut ended = [(); 3].map(|()| ends(&mut server));
    ended.sort_unstable();
    assert_eq!(ended, [1, 3, 4]);
}

#[test]
fn a_server_that_stops_ends_every_call_and_then_the_tunnel() {
    let stage = Stage::new();
    let mut server = answering(&stage);
    let mut hand = Hand::calling(&server.place);
    let numbers = [21, 22].map(|number| (number, hand.call(number)));
    numbers.iter().for_each(|(ours, _)| hand.hear_ppp_of(*ours));
    let pid = nix::unistd::Pid::from_raw(server.child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let mut ended = [hand.hear(CDN), hand.hear(CDN)].map(|end| (end.session, end.assigned));
    ended.sort_unstable();
    assert_eq!(ended, numbers);
    assert_eq!(hand.hear(STOP_CCN).result, 1);
    // All was acknowledged: it is gone at once.
    assert!(server.child.wait().unwrap().success());
}

/// N-L2TP-04 (BNG Blaster, #348), before a whole server: right numbers from a wrong address.
#[test]
fn n_l2tp_04_control_messages_from_an_address_that_is_not_the_peers_change_nothing() {
    let stage = Stage::new();
    let server = answering(&stage);
    let mut hand = Hand::calling(&server.place);
    let theirs = hand.call(21);
    hand.hear_ppp_of(21);
    let stranger = UdpSocket::bind("127.0.0.2:0").unwrap();
    stranger.connect(&server.place).unwrap();
    let stop = |kind: u16, session: u16| {
        let kind = avp(0, &kind.to_be_bytes());
        let avps = [kind, avp(1, &[0, 1]), avp(9, &[0, 77]), avp(14, &[0, 21])];
        message(hand.peer_tunnel, session, hand.ns, hand.nr, &avps)
    };
    for spoofed in [stop(STOP_CCN, 0), stop(CDN, theirs), stop(CDN, 0), stop(HELLO, 0)] {
        stranger.send(&spoofed).unwrap();
    }
    // What the stranger said was not taken: the same numbers are still to come, and the answers come here.
    hand.say(HELLO, 0, &[]);
    while !matches!(hand.next(), Datagram::Acknowledgement) {}
    hand.hear_ppp_of(21);
    stranger.set_nonblocking(true).unwrap();
    let nothing = stranger.recv(&mut [0; 100]).unwrap_err().kind();
    assert_eq!(nothing, std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_caller_whose_port_changes_is_followed() {
    let stage = Stage::new();
    let server = answering(&stage);
    let mut hand = Hand::calling(&server.place);
    hand.call(21);
    let moved = UdpSocket::bind("127.0.0.1:0").unwrap();
    moved.connect(&server.place).unwrap();
    moved.set_read_timeout(Some(PATIENCE)).unwrap();
    hand.socket = moved;
    hand.say(HELLO, 0, &[]);
    hand.hear_ppp_of(21);
}

/// Answers a dial's first message from another socket than it came to.
fn answer_from(asked: &UdpSocket, from: &UdpSocket) -> (SocketAddr, u16) {
    let mut room = [0; 2000];
    asked.set_read_timeout(Some(PATIENCE)).unwrap();
    let (length, caller) = asked.recv_from(&mut room).unwrap();
    let Datagram::Control { heard, .. } = parse(&room[..length]) else { panic!() };
    assert_eq!(heard.kind, SCCRQ);
    let avps = [&[avp(0, &SCCRP.to_be_bytes())][..], &introduction(88)].concat();
    from.send_to(&message(heard.assigned, 0, 0, 1, &avps), caller).unwrap();
    (caller, heard.assigned)
}

/// RFC 2661 §8.1: a server may answer from a port of its own choice.
#[test]
fn a_server_that_answers_from_another_port_is_followed() {
    let stage = Stage::new();
    let asked = UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = asked.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let stranger = UdpSocket::bind("127.0.0.2:0").unwrap();
        // The right words from a wrong address come first, and are not heard.
        let mut room = [0; 2000];
        asked.set_read_timeout(Some(PATIENCE)).unwrap();
        let (length, caller) = asked.peek_from(&mut room).unwrap();
        let Datagram::Control { heard, .. } = parse(&room[..length]) else { panic!() };
        let stop = [avp(0, &STOP_CCN.to_be_bytes()), avp(9, &[0, 99]), avp(1, &[0, 4])];
        stranger.send_to(&message(heard.assigned, 0, 0, 1, &stop), caller).unwrap();
        let (caller, _) = answer_from(&asked, &socket);
        socket.connect(caller).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut hand = Hand { socket, peer_tunnel: 0, ns: 1, nr: 1 };
        hand.peer_tunnel = heard.assigned;
        hand.hear(SCCCN);
        let call = hand.hear(ICRQ);
        // Refused for a reason of its own, so that the dial tells that it came here.
        hand.say(CDN, call.assigned, &[avp(1, &[0, 8]), avp(14, &[0, 5])]);
        hand.hear(STOP_CCN);
        asked.set_nonblocking(true).unwrap();
        assert!(
            asked.recv(&mut [0; 100]).is_err(),
            "nothing more comes to the port that was asked"
        );
    });
    let words = ["dial", "--user", "alice", "--password-stdin", "--device", "l2tp"];
    let said = stage.run(&[&words[..], &["--phone-number", &place]].concat(), PASSWORD);
    server.join().unwrap();
    // Result 8: the line is busy.
    assert!(!said.status.success() && says(&said, "676"), "{said:?}");
}
