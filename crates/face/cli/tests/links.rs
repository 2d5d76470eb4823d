//! Dials over the other links, each to an answering side of our own: everything on loopback and in
//! files, no rights needed.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use onhook_exchange::{Bank, SPEED};
use stage::answering::Server;
use stage::terminal::AtTerminal;
use stage::{PASSWORD, Stage, lines, says};

/// A whole life over a link: refused, dialed, used, hung up; and nothing is left.
fn a_life(stage: &Stage, server: &mut Server, words: &[&str]) {
    let dial = |password: &str| {
        let mut all = vec!["dial", "--user", "alice", "--password-stdin", "--json"];
        all.extend(words);
        stage.run(&all, password)
    };
    let refused = dial("not-her-password");
    assert!(!refused.status.success() && says(&refused, "691"), "{refused:?}\n{}", stage.log());
    server.call_has_ended();

    let output = dial(PASSWORD);
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    let handle = lines(&output).pop().unwrap()["handle"].as_str().unwrap().to_owned();
    let mut flow = stage.flow(&handle);
    let sent: Vec<u8> = (0..50_000_u32).map(|n| (n % 251) as u8).collect();
    let mut writer = flow.try_clone().unwrap();
    let writing = std::thread::spawn({
        let sent = sent.clone();
        move || writer.write_all(&sent).unwrap()
    });
    let mut came = vec![0; sent.len()];
    flow.read_exact(&mut came).unwrap();
    writing.join().unwrap();
    assert!(came == sent, "what came back is not what was sent");

    let hung_up = stage.run(&["hangup", &handle], "");
    assert!(hung_up.status.success(), "{hung_up:?}");
    server.call_has_ended();
    let status = stage.run(&["status", &handle], "");
    assert!(says(&status, "ERROR_INVALID_HANDLE"), "{status:?}");
    assert_eq!(stage.list(), Vec::<Value>::new());
    let journal = std::fs::read_to_string(stage.path("state").join("journal")).unwrap();
    let (did, undid) = (journal.matches("\"did\"").count(), journal.matches("\"undid\"").count());
    assert_eq!(did, undid, "{journal}");
}

#[test]
fn a_line_over_a_unix_socket() {
    let stage = Stage::new();
    let line = format!("unix:{}", stage.path("line").display());
    let mut server = stage.serve("serial", ["--serial", &line]);
    a_life(&stage, &mut server, &["--device", &line]);
    drop(server);
}

#[test]
fn a_line_over_tcp() {
    let stage = Stage::new();
    // A port that is free now; whoever takes it meanwhile makes the server say so.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut server = stage.serve("serial", ["--serial", &format!("tcp://{free}")]);
    let place = server.place.clone();
    a_life(&stage, &mut server, &["--device", &place]);
}

#[test]
fn one_server_answers_over_several_links_at_once() {
    let stage = Stage::new();
    let line = format!("unix:{}", stage.path("line").display());
    let words = ["--l2tp", "127.0.0.1:0", "--serial", &line, "--sstp", "127.0.0.1:0"];
    let mut server = stage.serve("sstp", words);
    let l2tp = server.next()["l2tp"].as_str().unwrap().to_owned();
    assert_eq!(server.next()["serial"], line);
    a_life(&stage, &mut server, &["--device", &line]);
    a_life(&stage, &mut server, &["--device", "l2tp", "--phone-number", &l2tp]);
}

#[test]
fn l2tp_with_and_without_a_secret_of_the_tunnel() {
    let stage = Stage::new();
    let mut server = stage.serve("l2tp", ["--l2tp", "127.0.0.1:0"]);
    let place = server.place.clone();
    a_life(&stage, &mut server, &["--device", "l2tp", "--phone-number", &place]);

    let secret = stage.path("secret");
    std::fs::write(&secret, "looking-glass\n").unwrap();
    let words = ["--l2tp", "127.0.0.1:0", "--l2tp-secret-file", secret.to_str().unwrap()];
    let mut server = stage.serve("l2tp", words);
    let place = server.place.clone();
    let mut dial =
        vec!["dial", "--user", "alice", "--password-stdin", "--json", "--device", "l2tp"];
    dial.extend(["--phone-number", &place]);
    let refused = stage.run(&dial, PASSWORD);
    assert!(!refused.status.success() && says(&refused, "770"), "{refused:?}");

    let other = stage.path("other");
    std::fs::write(&other, "through the glass\n").unwrap();
    dial.extend(["--l2tp-secret-file", other.to_str().unwrap()]);
    let refused = stage.run(&dial, PASSWORD);
    assert!(!refused.status.success() && says(&refused, "778"), "{refused:?}");

    let words = ["--device", "l2tp", "--phone-number", &place, "--l2tp-secret-file"];
    a_life(&stage, &mut server, &[&words[..], &[secret.to_str().unwrap()]].concat());
}

#[test]
fn l2tp_without_ipsec_is_not_dialed_by_an_entry_that_demands_encryption() {
    let stage = Stage::new();
    let book = stage.path("book.pbk");
    std::fs::write(
        &book,
        "[office]\r\nType=2\r\nVpnStrategy=3\r\nDataEncryption=256\r\n\r\nMEDIA=rastapi\r\n\
         Port=VPN1-0\r\nDevice=WAN Miniport (L2TP)\r\n\r\nDEVICE=vpn\r\nPhoneNumber=127.0.0.1\r\n",
    )
    .unwrap();
    let dial = ["dial", "office", "--phonebook", book.to_str().unwrap(), "--user", "alice"];
    let refused = stage.run(&[&dial[..], &["--password-stdin", "--json"]].concat(), PASSWORD);
    assert!(!refused.status.success() && says(&refused, "789"), "{refused:?}");
}

/// What a terminal is to us: two of them, joined.
#[test]
fn a_terminal_is_locked_while_it_is_used_and_given_back_as_it_was() {
    use nix::sys::termios::{LocalFlags, tcgetattr};

    let stage = Stage::new();
    let (near, far) =
        (nix::pty::openpty(None, None).unwrap(), nix::pty::openpty(None, None).unwrap());
    let path = |pty: &nix::pty::OpenptyResult| {
        nix::unistd::ttyname(&pty.slave).unwrap().to_str().unwrap().to_owned()
    };
    let (here, there) = (path(&near), path(&far));
    // The cable: what one master reads the other writes.
    for (from, to) in [(&near.master, &far.master), (&far.master, &near.master)] {
        let mut from = std::fs::File::from(from.try_clone().unwrap());
        let mut to = std::fs::File::from(to.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    }
    let was = tcgetattr(&near.slave).unwrap().local_flags;
    assert!(was.contains(LocalFlags::ECHO));
    let mut server = stage.serve("serial", ["--serial", &there]);

    let words = ["dial", "--user", "alice", "--password-stdin", "--json", "--device", &here];
    let output = stage.run(&words, PASSWORD);
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    assert!(!tcgetattr(&near.slave).unwrap().local_flags.contains(LocalFlags::ECHO));
    // Dialed by somebody else meanwhile, it is in use.
    let busy = stage.run(&[&words[..], &["--phone-number", "1"]].concat(), PASSWORD);
    assert!(!busy.status.success() && says(&busy, "602"), "{busy:?}");
    let handle = lines(&output).pop().unwrap()["handle"].as_str().unwrap().to_owned();
    assert!(stage.run(&["hangup", &handle], "").status.success());
    server.call_has_ended();
    assert_eq!(tcgetattr(&near.slave).unwrap().local_flags, was);
    let name = here.trim_start_matches("/dev/").replace('/', "_");
    assert!(!std::path::Path::new(&format!("/var/lock/LCK..{name}")).exists());
}

/// RASCS_WaitForCallback.
const WAIT_FOR_CALLBACK: u32 = 17;

/// The numbers of our modem, of the server's, and of one that is always busy.
const NUMBERS: [&str; 3] = ["5551111", "5552222", "5550000"];

fn bank() -> Bank {
    let bank = Bank::new(&NUMBERS).unwrap();
    bank.with(|exchange| exchange.set_power(2, false));
    bank
}

fn dial_by_modem(stage: &Stage, bank: &Bank, number: &str, more: &[&str]) -> Output {
    let words = ["dial", "--user", "alice", "--password-stdin", "--json", "--device", "modem"];
    let where_to = ["--port", bank.path(0), "--phone-number", number, "--modem-setting", "ATM0"];
    stage.run(&[&words[..], &where_to, more].concat(), PASSWORD)
}

/// What was dialed carries octets, and a hang-up leaves both modems free.
fn is_used_and_hung_up(stage: &Stage, server: &mut Server, bank: &Bank, output: &Output) {
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    let connected = lines(output).pop().unwrap();
    let handle = connected["handle"].as_str().unwrap().to_owned();
    let status = stage.run(&["status", &handle, "--json"], "");
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["projection"]["line"], SPEED);
    let mut flow = stage.flow(&handle);
    flow.write_all(b"through two modems").unwrap();
    let mut came = [0; 18];
    flow.read_exact(&mut came).unwrap();
    assert_eq!(&came, b"through two modems");
    let hung_up = stage.run(&["hangup", &handle], "");
    assert!(hung_up.status.success(), "{hung_up:?}");
    server.call_has_ended();
    assert_eq!(stage.list(), Vec::<Value>::new());
    assert!(bank.with(|exchange| !exchange.has_carrier(0) && !exchange.has_carrier(1)));
}

#[test]
fn a_modem_dials_another_and_hangs_up() {
    let (stage, bank) = (Stage::new(), bank());
    let mut server = stage.serve("modem", ["--modem", bank.path(1)]);
    for (number, code) in [(NUMBERS[2], "676"), ("5559999", "679"), ("555;rm", "749")] {
        let refused = dial_by_modem(&stage, &bank, number, &[]);
        assert!(!refused.status.success() && says(&refused, code), "{refused:?}\n{}", stage.log());
    }
    bank.with(|exchange| exchange.set_dial_tone(false));
    let dead = dial_by_modem(&stage, &bank, NUMBERS[1], &[]);
    assert!(!dead.status.success() && says(&dead, "680"), "{dead:?}");
    bank.with(|exchange| exchange.set_dial_tone(true));

    let output = dial_by_modem(&stage, &bank, "555-2222", &[]);
    is_used_and_hung_up(&stage, &mut server, &bank, &output);
}

#[test]
fn a_modem_whose_carrier_is_lost_ends_the_call_at_both_ends() {
    let (stage, bank) = (Stage::new(), bank());
    let mut server = stage.serve("modem", ["--modem", bank.path(1)]);
    let output = dial_by_modem(&stage, &bank, NUMBERS[1], &[]);
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    let handle = lines(&output).pop().unwrap()["handle"].as_str().unwrap().to_owned();
    bank.with(|exchange| exchange.lose_carrier(0));
    server.call_has_ended();
    let ended = stage.run(&["hangup", &handle], "");
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(stage.list(), Vec::<Value>::new());
}

/// The answering end calls back after five seconds, which is what the caller asks for.
#[test]
fn a_caller_is_called_back_where_it_wants_or_where_the_file_of_users_says() {
    let (stage, bank) = (Stage::new(), bank());
    for (callback, more) in [
        ("caller", &["--callback", "555-1111"][..]),
        ("5551111", &[]),
        // Who may choose and names no number stays in its own call.
        ("caller", &[]),
    ] {
        std::fs::write(stage.path("users"), format!("alice {PASSWORD} callback={callback}\n"))
            .unwrap();
        let mut server = stage.serve("modem", ["--modem", bank.path(1)]);
        let output = dial_by_modem(&stage, &bank, NUMBERS[1], more);
        assert!(output.status.success(), "{output:?}\n{}", stage.log());
        let states: Vec<_> = lines(&output).iter().map(|line| line["state"].clone()).collect();
        let was_called = states.contains(&Value::from(WAIT_FOR_CALLBACK));
        assert_eq!(was_called, callback != "caller" || !more.is_empty(), "{states:?}");
        if was_called {
            server.call_has_ended();
        }
        is_used_and_hung_up(&stage, &mut server, &bank, &output);
    }
    let words = ["--callback", "555;1"];
    let bad = dial_by_modem(&stage, &bank, NUMBERS[1], &words);
    assert!(!bad.status.success() && says(&bad, "751"), "{bad:?}");
}

#[test]
fn at_a_terminal_the_number_to_be_called_back_at_is_asked_for() {
    let (stage, bank) = (Stage::new(), bank());
    let asks = ["--callback", "*"];
    let alone = dial_by_modem(&stage, &bank, NUMBERS[1], &asks);
    assert!(!alone.status.success() && says(&alone, "704"), "nobody is there: {alone:?}");
    std::fs::write(stage.path("users"), format!("alice {PASSWORD} callback=caller\n")).unwrap();
    let mut server = stage.serve("modem", ["--modem", bank.path(1)]);
    let words = ["dial", "--user", "alice", "--device", "modem", "--port", bank.path(0)];
    let words = [&words[..], &["--phone-number", NUMBERS[1]], &asks].concat();
    let Some(mut dial) = AtTerminal::run(&stage, &words) else { return };
    dial.shows("Password of alice: ");
    dial.types(PASSWORD);
    dial.shows("RASCS_CallbackSetByCaller");
    dial.shows("At which number");
    dial.types("555;1");
    dial.shows("751");
    dial.shows("At which number");
    dial.types("555-1111");
    dial.shows("RASCS_WaitForCallback");
    dial.shows("RASCS_Connected");
    assert!(dial.child.wait().unwrap().success());
    server.call_has_ended();
    let handle = stage.list()[0]["handle"].as_str().unwrap().to_owned();
    assert!(stage.run(&["hangup", &handle], "").status.success());
    server.call_has_ended();
    assert!(bank.with(|exchange| !exchange.has_carrier(0) && !exchange.has_carrier(1)));
}

/// Hung up while the server's call is awaited: the terminal is given back at once.
#[test]
fn a_wait_for_a_callback_is_hung_up() {
    let (stage, bank) = (Stage::new(), bank());
    std::fs::write(stage.path("users"), format!("alice {PASSWORD} callback=5559999\n")).unwrap();
    let mut server = stage.serve("modem", ["--modem", bank.path(1)]);
    let dialing = std::thread::scope(|scope| {
        let dialing = scope.spawn(|| dial_by_modem(&stage, &bank, NUMBERS[1], &[]));
        let handle = loop {
            let waiting = stage.list().pop().filter(|one| one["state"] == WAIT_FOR_CALLBACK);
            if let Some(one) = waiting {
                break one["handle"].as_str().unwrap().to_owned();
            }
            assert!(!dialing.is_finished(), "{:?}\n{}", dialing.join(), stage.log());
        };
        let words = ["dial", "--device", bank.path(0), "--user", "alice", "--password-stdin"];
        let busy = stage.run(&words, PASSWORD);
        assert!(says(&busy, "602"), "the terminal stays ours: {busy:?}");
        let hung_up = stage.run(&["hangup", &handle], "");
        assert!(hung_up.status.success(), "{hung_up:?}");
        dialing.join().unwrap()
    });
    assert!(!dialing.status.success(), "{dialing:?}");
    assert_eq!(stage.list(), Vec::<Value>::new());
    server.call_has_ended();
}

#[test]
fn a_port_that_is_none_is_608() {
    let stage = Stage::new();
    for device in ["/dev/tty0", "/dev/ttyS_no_such"] {
        let words = ["dial", "--user", "alice", "--password-stdin", "--json", "--device", device];
        let refused = stage.run(&words, PASSWORD);
        assert!(!refused.status.success() && says(&refused, "608"), "{device}: {refused:?}");
    }
}

/// Debian's terminal server before a terminal, for as long as it is kept.
struct Ser2net {
    child: Child,
    port: u16,
}

impl Ser2net {
    const PROGRAM: &str = "/usr/sbin/ser2net";

    /// `None` where it is not installed.
    fn before(stage: &Stage, terminal: &str) -> Option<Self> {
        if !std::path::Path::new(Self::PROGRAM).exists() {
            eprintln!("skipped: the terminal server is ser2net, and it is not installed");
            return None;
        }
        // A port that is free now; should somebody take it meanwhile, nothing answers below.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let settings = stage.path("ser2net.yaml");
        // A pseudoterminal has no modem lines, and the custom of lock files is not the server's here.
        let words = format!(
            "%YAML 1.1\n---\nconnection: &line\n  accepter: telnet(rfc2217),tcp,{},{}\n  connector: \
             serialdev(nouucplock),{terminal},9600n81,local\n",
            free.ip(),
            free.port(),
        );
        std::fs::write(&settings, words).unwrap();
        let mut child = Command::new(Self::PROGRAM)
            .args(["-n", "-d", "-c"])
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = std::time::Instant::now();
        // It listens without opening the terminal: that is done for a caller.
        while !listens(free.port()) {
            assert!(child.try_wait().unwrap().is_none(), "ser2net has ended");
            assert!(
                began.elapsed() < std::time::Duration::from_secs(20),
                "ser2net does not listen"
            );
            std::thread::yield_now();
        }
        Some(Self { child, port: free.port() })
    }

    fn device(&self) -> String {
        format!("telnet://127.0.0.1:{}", self.port)
    }
}

/// Whether somebody listens at this port of 127.0.0.1, seen without calling (proc(5)).
fn listens(port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().any(|line| line.contains(&format!("0100007F:{port:04X} 00000000:0000 0A")))
}

impl Drop for Ser2net {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_line_behind_a_terminal_server_of_rfc_2217() {
    use nix::sys::termios::{BaudRate, SetArg, cfgetospeed, cfmakeraw, tcgetattr, tcsetattr};

    let stage = Stage::new();
    let (near, far) =
        (nix::pty::openpty(None, None).unwrap(), nix::pty::openpty(None, None).unwrap());
    // Between two calls a terminal is as it was, and one that echoes is a loop.
    for terminal in [&near.slave, &far.slave] {
        let mut settings = tcgetattr(terminal).unwrap();
        cfmakeraw(&mut settings);
        tcsetattr(terminal, SetArg::TCSANOW, &settings).unwrap();
    }
    let path = |pty: &nix::pty::OpenptyResult| {
        nix::unistd::ttyname(&pty.slave).unwrap().to_str().unwrap().to_owned()
    };
    for (from, to) in [(&near.master, &far.master), (&far.master, &near.master)] {
        let mut from = std::fs::File::from(from.try_clone().unwrap());
        let mut to = std::fs::File::from(to.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    }
    let Some(terminal_server) = Ser2net::before(&stage, &path(&near)) else { return };
    let mut server = stage.serve("serial", ["--serial", &path(&far)]);
    let device = terminal_server.device();
    a_life(&stage, &mut server, &["--device", &device]);

    // The port of the server has the speed that the dial names.
    let mut words = vec!["dial", "--user", "alice", "--password-stdin", "--json"];
    words.extend(["--device", &device, "--speed", "57600"]);
    let output = stage.run(&words, PASSWORD);
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    assert_eq!(cfgetospeed(&tcgetattr(&near.slave).unwrap()), BaudRate::B57600);
    let handle = lines(&output).pop().unwrap()["handle"].as_str().unwrap().to_owned();
    assert!(stage.run(&["hangup", &handle], "").status.success());
    server.call_has_ended();
}

#[test]
fn a_modem_behind_a_terminal_server_of_rfc_2217() {
    let (stage, bank) = (Stage::new(), bank());
    let Some(terminal_server) = Ser2net::before(&stage, bank.path(0)) else { return };
    let mut server = stage.serve("modem", ["--modem", bank.path(1)]);
    let device = terminal_server.device();
    let words = ["dial", "--user", "alice", "--password-stdin", "--json", "--device", "modem"];
    let dial = |number: &str| {
        stage.run(&[&words[..], &["--port", &device, "--phone-number", number]].concat(), PASSWORD)
    };
    let busy = dial(NUMBERS[2]);
    assert!(!busy.status.success() && says(&busy, "676"), "{busy:?}\n{}", stage.log());
    let output = dial(NUMBERS[1]);
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    let handle = lines(&output).pop().unwrap()["handle"].as_str().unwrap().to_owned();
    let mut flow = stage.flow(&handle);
    flow.write_all(b"through two modems").unwrap();
    let mut came = [0; 18];
    flow.read_exact(&mut came).unwrap();
    assert_eq!(&came, b"through two modems");
    assert!(stage.run(&["hangup", &handle], "").status.success());
    server.call_has_ended();
    assert_eq!(stage.list(), Vec::<Value>::new());
}

#[test]
fn a_server_that_speaks_no_telnet_is_666_and_nobody_there_is_told_at_once() {
    let stage = Stage::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let device = format!("telnet://{}", silent.local_addr().unwrap());
    let words = ["dial", "--user", "alice", "--password-stdin", "--json", "--device", &device];
    let refused = stage.run(&words, PASSWORD);
    assert!(!refused.status.success() && says(&refused, "666"), "{refused:?}");
    drop(silent);
    let refused = stage.run(&words, PASSWORD);
    assert!(!refused.status.success() && !says(&refused, "666"), "{refused:?}");
    assert_eq!(stage.list().len(), 0);
}

#[test]
fn a_strategy_goes_on_to_the_next_protocol_and_says_so() {
    let stage = Stage::new();
    let book = stage.path("strategy.pbk");
    let text = format!(
        "[office]\r\nMEDIA=rastapi\r\nDEVICE=vpn\r\nPhoneNumber=127.0.0.1:{}\r\nVpnStrategy=12\r\n\
         DataEncryption=256\r\n",
        stage.port
    );
    std::fs::write(&book, text).unwrap();
    let (book, ca) = (book.display().to_string(), stage.path("ca.pem").display().to_string());
    let words = ["dial", "office", "--phonebook", &book, "--ca-file", &ca, "--user", "alice"];
    let output = stage.run(&[&words[..], &["--password-stdin", "--json"]].concat(), PASSWORD);
    assert!(output.status.success(), "{output:?}\n{}", stage.log());
    // A manager without rights has no GRE; whoever had them would meet a server that speaks TLS.
    let told = lines(&output);
    let attempt = told.iter().find(|line| line["text"].as_str().is_some_and(|t| !t.is_empty()));
    let attempt = attempt.unwrap_or_else(|| panic!("no attempt is told: {told:?}"));
    assert_eq!(attempt["error"], 0);
    let text = attempt["text"].as_str().unwrap();
    assert!(text.starts_with("PPTP: error 5, ") && text.ends_with("now SSTP is tried"), "{text}");
    let list = stage.list();
    assert_eq!(list.len(), 1, "one handle for both attempts: {list:?}");
    let handle = list[0]["handle"].as_str().unwrap().to_owned();
    assert!(stage.run(&["hangup", &handle], "").status.success());

    // When none gets through, the error tells of each.
    let text = std::fs::read_to_string(&book).unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    std::fs::write(
        &book,
        text.replace(&format!(":{}", stage.port), &format!(":{}", nobody.port())),
    )
    .unwrap();
    let output = stage.run(&[&words[..], &["--password-stdin"]].concat(), PASSWORD);
    assert!(says(&output, "error 800"), "{output:?}");
    assert!(says(&output, "PPTP: error 808") && says(&output, "SSTP: error 808"), "{output:?}");
    assert_eq!(stage.list(), Vec::<Value>::new());
}
