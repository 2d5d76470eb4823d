//! The command line's outline; also read by the build, for man pages and completions.

#[path = "args/answering.rs"]
pub(crate) mod answering;
#[path = "args/proof.rs"]
mod proof;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, ValueHint};

use answering::{AnswerCommand, RadiusArgs};
pub(crate) use proof::{MethodName, ProofArgs};

/// Dial, list and hang up remote-access connections.
///
/// The connection belongs to the manager (`onhook daemon`, started on demand), not to the command that
/// dialed it: it stays when the command ends, and any command of the same user can list it and hang it
/// up. When its handle is gone, everything is gone.
#[derive(Debug, Parser)]
#[command(name = "onhook", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  onhook demo                                  a whole connection's life, without any set-up
  onhook dial office                           an entry of the phone book
  onhook dial --phone-number vpn.example.net --device sstp --user alice
  onhook list
  onhook hangup office

The exit status is 0 when all went well, 1 when not, 2 for a wrong command line. RAS error numbers are
printed, since they do not fit into an exit status.")]
pub(crate) struct Args {
    /// The manager's socket, instead of the user's own or the system's
    #[arg(long, global = true, env = "ONHOOK_SOCKET", value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) socket: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Dial an entry of the phone book, or a number
    Dial(Box<DialArgs>),
    /// List the connections: half-dialed and failed ones too
    List(ListArgs),
    /// Show all about one connection
    Status(StatusArgs),
    /// Hang up, and return when nothing is left
    Hangup(HangupArgs),
    /// Print one line an event, until interrupted
    Watch(WatchArgs),
    /// Show why connections ended
    History(ListArgs),
    /// Run a program in a network of its own on a connection
    Exec(Box<ExecArgs>),
    /// Look at phone books, and forget what is saved for their entries
    Phonebook(PhonebookArgs),
    /// List what can be dialed with here: protocols, serial ports, Ethernet interfaces
    Devices(ListArgs),
    /// Answer calls: a small server for tests and small real use
    Answer(Box<AnswerArgs>),
    /// Show a whole connection's life on this machine, without any set-up
    Demo(DemoArgs),
    /// Run the manager in the foreground
    Daemon(DaemonArgs),
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: ShellName,
    },
    /// Print the manual page of a command
    Man {
        /// Which command; none is onhook itself
        command: Option<String>,
    },
    /// The inner half of exec; not for use by hand
    #[command(hide = true)]
    ExecInside(ExecInsideArgs),
}

/// A shell that has completions.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ShellName {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

/// Who dials what, and how.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A password is asked for on the terminal, or read from standard input with --password-stdin;
it is never taken from the command line, where every user could read it. What --save-password has
saved is in a file that its owner alone can read (onhook phonebook forget takes it out); an entry
that has one is dialed without asking.

Ctrl-C while dialing hangs up. The command ends when the connection is up; the connection stays.
When dialing fails, the command hangs the failed handle up, unless --keep-failed leaves it listed.

Examples:
  onhook dial office
  onhook dial --phone-number vpn.example.net --device sstp --user alice --route 10.0.0.0/8
  echo \"$PASSWORD\" | onhook dial office --password-stdin --json"
)]
pub(crate) struct DialArgs {
    /// What is dialed
    #[command(flatten)]
    pub(crate) what: WhatArgs,
    /// Write every PPP frame to this file (pcapng, for Wireshark; passwords of PAP are blotted out)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) capture: Option<PathBuf>,
    /// The new password for when the server says that the old one has expired, in the first line of this
    /// file; at a terminal it is asked for
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) new_password_file: Option<PathBuf>,
    /// Save user and password of the entry once it is connected; the next dial takes them
    #[arg(long, requires = "entry")]
    pub(crate) save_password: bool,
    /// Leave a failed dial listed, instead of hanging it up
    #[arg(long)]
    pub(crate) keep_failed: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Print a JSON object an event, and one at the end
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is dialed, by whom, and what of the network is taken over.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WhatArgs {
    /// An entry of the phone book
    #[arg(required_unless_present_any = ["phone_number", "device"], conflicts_with = "device")]
    pub(crate) entry: Option<String>,
    /// A host name or address to dial, without an entry or instead of the entry's number
    #[arg(long, value_name = "HOST_OR_NUMBER", value_hint = ValueHint::Hostname)]
    pub(crate) phone_number: Option<String>,
    /// The device to dial a number with: sstp (when it is not said), l2tp, pptp, modem, pppoe (which needs no number, or
    /// the name of a service), or a line such as /dev/ttyUSB0,
    /// tcp://HOST:PORT, telnet://HOST:PORT or unix:/PATH, which needs no number
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<String>,
    /// A command for the modem before it dials, such as AT+CGDCONT=1,"IP","internet" (may be repeated)
    #[arg(long = "modem-setting", value_name = "COMMAND")]
    pub(crate) modem_settings: Vec<String>,
    /// A login before PPP: this file has lines of "expect TEXT" and "send TEXT", where $user and $password
    /// stand for what is dialed with
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) login_script: Option<PathBuf>,
    /// The number at which the server shall call back, where it lets the caller choose; “*” asks for it when the
    /// server has said so; for modems
    #[arg(long, value_name = "NUMBER")]
    pub(crate) callback: Option<String>,
    /// The port of the device: the modem's; the Ethernet interface of pppoe, which else takes the only one that is up
    #[arg(long, value_name = "NAME")]
    pub(crate) port: Option<String>,
    /// The speed of a serial port, in bits per second (115200 unless the entry says otherwise)
    #[arg(long, value_name = "BITS_PER_SECOND")]
    pub(crate) speed: Option<u32>,
    /// The phone book to look in, instead of the user's and the system's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) phonebook: Option<PathBuf>,
    /// The user to dial as
    #[arg(long, short, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The user's domain
    #[arg(long, short, value_name = "DOMAIN")]
    pub(crate) domain: Option<String>,
    /// Read the password from standard input, up to the end of its first line
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The secret of the server's L2TP tunnel, in the first line of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) l2tp_secret_file: Option<PathBuf>,
    /// How it is proved
    #[command(flatten)]
    pub(crate) proof: ProofArgs,
    /// Trust the root certificates in this file (PEM) instead of the system's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, group = "trust")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Refuse a server whose certificate is on a list in this file (PEM); goes with roots of one's own
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = ["pin_sha256", "insecure_accept_any_certificate"])]
    pub(crate) server_crl: Option<PathBuf>,
    /// Trust only the server certificate with this SHA-256 (hexadecimal)
    #[arg(long, value_name = "HEX", group = "trust")]
    pub(crate) pin_sha256: Option<String>,
    /// Do not check the server's certificate at all: anyone may be in the middle
    #[arg(long, group = "trust")]
    pub(crate) insecure_accept_any_certificate: bool,
    /// The name that the certificate must bear, if not the one that is dialed
    #[arg(long, value_name = "NAME")]
    pub(crate) server_name: Option<String>,
    /// Send packets for this range through the connection (may be repeated; implies no default route)
    #[arg(long = "route", value_name = "PREFIX")]
    pub(crate) routes: Vec<String>,
    /// Do not send everything through the connection
    #[arg(long)]
    pub(crate) no_default_route: bool,
    /// The name of the network interface
    #[arg(long, value_name = "NAME")]
    pub(crate) interface: Option<String>,
    /// Put the interface into this network namespace (ip netns)
    #[arg(long, value_name = "NAME")]
    pub(crate) netns: Option<String>,
    /// Use the user-space network (proxies, no interface) even with the rights to make one
    #[arg(long)]
    pub(crate) userspace: bool,
    /// Where to offer SOCKS5 (user-space network)
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) socks5: Option<SocketAddr>,
    /// Where to offer HTTP CONNECT (user-space network)
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) http_connect: Option<SocketAddr>,
    /// Forward a local port: PORT:HOST:PORT, or ADDRESS:PORT:HOST:PORT (user-space network; may be repeated)
    #[arg(long = "forward", value_name = "LOCAL:REMOTE")]
    pub(crate) forwards: Vec<String>,
    /// How long a hang-up may take at most, in milliseconds (3000 unless the entry says otherwise)
    #[arg(long, value_name = "MS")]
    pub(crate) hangup_budget: Option<u64>,
}

/// How to print.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Print a JSON array
    #[arg(long)]
    pub(crate) json: bool,
}

/// One connection.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Its handle (0x2a) or the name of its entry
    pub(crate) connection: String,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which connections to end.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Returns when the status query answers ERROR_INVALID_HANDLE (6): the server was told, and nothing
of the connection is left on this machine. An entry that was dialed several times has as many
references; each hang-up by handle gives one back. Without an argument, on a terminal, the list is
shown to choose from. Of an entry with several links, office#2 is the second: it alone is hung up."
)]
pub(crate) struct HangupArgs {
    /// A handle (0x2a) or the name of an entry; with #2 behind it, the second of its links
    #[arg(conflicts_with = "all")]
    pub(crate) connection: Option<String>,
    /// All connections
    #[arg(long)]
    pub(crate) all: bool,
    /// Return at once
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Print a JSON array of what was hung up
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which events.
#[derive(Debug, clap::Args)]
pub(crate) struct WatchArgs {
    /// Print a JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// A program on a connection.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The program runs in its own user and network namespace, whose only interface leads into the
connection; names are resolved by the connection's servers. Nothing of it is left when it ends. An
entry that is not connected is dialed first and hung up afterwards.

Example:
  onhook exec office -- curl http://intranet/"
)]
pub(crate) struct ExecArgs {
    /// A handle (0x2a) of a connection, or an entry of the phone book
    pub(crate) entry: String,
    /// The phone book to look in
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) phonebook: Option<PathBuf>,
    /// The user to dial as
    #[arg(long, short, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Read the password from standard input, up to the end of its first line
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The program and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<std::ffi::OsString>,
}

/// The inner half of exec.
#[derive(Debug, clap::Args)]
pub(crate) struct ExecInsideArgs {
    /// The socket of the outer half
    #[arg(long)]
    pub(crate) control: PathBuf,
    /// Addresses, as prefixes
    #[arg(long)]
    pub(crate) address: Vec<String>,
    /// MTU
    #[arg(long)]
    pub(crate) mtu: u16,
    /// Name servers
    #[arg(long)]
    pub(crate) dns: Vec<std::net::IpAddr>,
    /// The program and its arguments
    #[arg(required = true, last = true)]
    pub(crate) command: Vec<std::ffi::OsString>,
}

/// What to do with phone books.
#[derive(Debug, clap::Args)]
pub(crate) struct PhonebookArgs {
    /// The phone book to look in, instead of the user's and the system's
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) phonebook: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: PhonebookCommand,
}

/// What to do with phone books.
#[derive(Debug, Subcommand)]
pub(crate) enum PhonebookCommand {
    /// List the entries
    List(ListArgs),
    /// Show what an entry means
    Show {
        /// The entry
        entry: String,
        /// Print a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Forget the user, the password and whatever else is saved for an entry
    Forget {
        /// The entry
        entry: String,
    },
    /// Say what is odd or wrong in the books
    Check,
}

/// How to answer.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("links").required(true).multiple(true)))]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    after_help = "The file of users has a line for each: the name, a blank, the password; either may stand in double
quotes. A third word, expired, says that the password must be changed first (--password-changes).
Another, callback=caller or callback=NUMBER, lets the user be called back over modems, or demands it.
Keep it readable by its owner alone.

With --inside a small host of our own stands behind the calls, at our address: a page over HTTP on
port 80 and an echo on port 7. Without it, each call becomes a network interface of this machine, which
needs root.

Example:
  onhook answer --sstp 0.0.0.0:443 --users callers --name vpn.example.net"
)]
pub(crate) struct AnswerArgs {
    /// Ask a server that answers already
    #[command(subcommand)]
    pub(crate) command: Option<AnswerCommand>,
    /// Answer SSTP here (may be repeated; port 0 lets the system choose)
    #[arg(long, group = "links", value_name = "ADDRESS:PORT")]
    pub(crate) sstp: Vec<SocketAddr>,
    /// Answer L2TP here (may be repeated; its port is 1701). Without IPsec nothing of it is protected
    #[arg(long, group = "links", value_name = "ADDRESS:PORT")]
    pub(crate) l2tp: Vec<SocketAddr>,
    /// The secret that callers' L2TP tunnels must know, in the first line of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) l2tp_secret_file: Option<PathBuf>,
    /// Answer PPTP here (may be repeated; its port is 1723). Takes the right CAP_NET_RAW; protects little
    #[arg(long, group = "links", value_name = "ADDRESS:PORT")]
    pub(crate) pptp: Vec<SocketAddr>,
    /// Answer PPPoE on this Ethernet interface (may be repeated)
    #[arg(long, group = "links", value_name = "INTERFACE")]
    pub(crate) pppoe: Vec<String>,
    /// A service that PPPoE's callers may ask for (may be repeated; without it any name is answered)
    #[arg(long = "service", value_name = "NAME")]
    pub(crate) services: Vec<String>,
    /// Answer on this line: /dev/ttyS0, or tcp://ADDRESS:PORT or unix:/PATH to listen there for streams
    /// that stand for lines (may be repeated)
    #[arg(long, group = "links", value_name = "PORT")]
    pub(crate) serial: Vec<String>,
    /// Let the modem on this port take calls (may be repeated)
    #[arg(long, group = "links", value_name = "PORT")]
    pub(crate) modem: Vec<String>,
    /// The speed of the terminals of --serial and --modem, in bits per second
    #[arg(long, default_value_t = 115_200)]
    pub(crate) speed: u32,
    /// The file of users
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "radius")]
    pub(crate) users: Option<PathBuf>,
    /// Let callers change a password that the file of users marks as expired, by MS-CHAP version 2 (alone and
    /// inside EAP): the file is written anew, in its folder
    #[arg(long, requires = "users")]
    pub(crate) password_changes: bool,
    /// How many more passwords are heard from a caller whose first was wrong, by MS-CHAP version 2 (alone
    /// and inside EAP)
    #[arg(long, value_name = "TIMES", default_value_t = 0)]
    pub(crate) retries: u8,
    /// RADIUS servers
    #[command(flatten)]
    pub(crate) radius: RadiusArgs,
    /// Addresses for the callers; the first is ours
    #[arg(long, value_name = "PREFIX", default_value = "10.99.0.0/24")]
    pub(crate) pool: String,
    /// IPv6 prefixes for the callers, a /40 to a /64: each is told a /64 of its own
    #[arg(long, value_name = "PREFIX")]
    pub(crate) pool6: Option<String>,
    /// A name server that callers are told (may be repeated)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) dns: Vec<Ipv4Addr>,
    /// The certificate chain (PEM); without it one is made at start
    #[arg(long, value_name = "FILE", requires = "key", value_hint = ValueHint::FilePath)]
    pub(crate) cert: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert", value_hint = ValueHint::FilePath)]
    pub(crate) key: Option<PathBuf>,
    /// The name that we answer by, also in a certificate made at start
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    pub(crate) name: String,
    /// Write the root certificate made at start to this file, for the callers' --ca-file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) write_ca: Option<PathBuf>,
    /// A proof that is accepted (may be repeated, in order of preference)
    #[arg(long = "method", value_name = "METHOD", default_value = "ms-chap-v2")]
    pub(crate) methods: Vec<MethodName>,
    /// The roots (PEM) that vouch for callers' certificates, for eap-tls: whoever has one of theirs is let in
    /// under the name in it, and need not stand in the file of users
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) callers_ca: Option<PathBuf>,
    /// Lists (PEM) of certificates that those roots have revoked, read at the start: a caller's must stand on none,
    /// and its issuer must have one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "callers_ca")]
    pub(crate) callers_crl: Option<PathBuf>,
    /// A small inside host stands behind the calls, instead of this machine
    #[arg(long)]
    pub(crate) inside: bool,
    /// The most calls at once whose callers have proved who they are
    #[arg(long, default_value_t = 1024)]
    pub(crate) max_calls: usize,
    /// The most calls at once whose callers have not; one more ends an old one
    #[arg(long, default_value_t = 1024)]
    pub(crate) max_unproven: usize,
    /// The most calls at once of one user
    #[arg(long, value_name = "CALLS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) calls_per_user: Option<u32>,
    /// Bundle calls of one user from one machine that ask for it (multilink); each counts as a call
    #[arg(long)]
    pub(crate) multilink: bool,
    /// End a call in which no packet has passed for so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) idle_limit: Option<u64>,
    /// End a call after so many seconds, whatever passes
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) session_limit: Option<u64>,
    /// For looking into troubles: keep all rights, and may write everywhere
    #[arg(long)]
    pub(crate) unconfined: bool,
    /// Where "onhook answer sessions" and "disconnect" find this server, instead of the place where the
    /// first server of a user is found
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) control: Option<PathBuf>,
    /// For tests of callers: misbehave with every caller
    #[arg(long, value_name = "KIND")]
    pub(crate) impair: Option<ImpairName>,
    /// Print a JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to show it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "With --impair the server misbehaves on purpose. The dial then ends with an error that says why,
or the connection survives it; whichever it is, everything must be gone at the end. The exit
status is 0 when that held."
)]
pub(crate) struct DemoArgs {
    /// How many octets to fetch through the connection
    #[arg(long, default_value_t = 1_048_576)]
    pub(crate) bytes: u64,
    /// Play against a server that misbehaves
    #[arg(long, value_name = "KIND")]
    pub(crate) impair: Option<ImpairName>,
}

/// What the answering server does wrong.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ImpairName {
    /// It loses its third PPP message
    DropThird,
    /// It says every PPP message twice
    AnswerTwice,
    /// It answers with wrong identifiers
    WrongIdentifier,
    /// It says Success before, and without, the proof
    EarlySuccess,
    /// It falls silent after its third PPP message
    Silence,
    /// It sends garbage behind its farewell
    GarbageAfterEnd,
    /// It sends every challenge twice
    DuplicateChallenge,
    /// It binds the call to another certificate
    WrongCertificate,
    /// It binds the call with swapped key halves
    SwappedKeys,
    /// It negotiates anew when packets pass
    Renegotiate,
    /// It ends the stream in the midst of a frame
    CutMidFrame,
    /// It agrees to nothing, and always proposes the same
    EndlessNak,
    /// It rejects every option, whatever is left of them
    RejectAll,
    /// It negotiates addresses before the proof
    WrongPhase,
    /// It asks for EAP, which was not agreed
    UnaskedEap,
    /// It sends garbage in the midst of the stream
    GarbageInStream,
    /// It answers with a web page
    HttpPage,
}

/// How the manager runs.
#[derive(Debug, clap::Args)]
pub(crate) struct DaemonArgs {
    /// Where the record of changes, the used-up handles and the history are kept
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) state_dir: Option<PathBuf>,
    /// End when there was neither a connection nor a client for so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) exit_when_idle: Option<u64>,
    /// Never make network interfaces, even with the rights to
    #[arg(long)]
    pub(crate) userspace: bool,
    /// By which means names are resolved through connections
    #[arg(long, value_name = "MEANS", default_value = "auto")]
    pub(crate) dns: DnsMeans,
    /// How long a failed dial stays listed after its dialer has gone, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) failed_grace: u64,
    /// Members of this group may see and hang up what all users have dialed, as root may; the group
    /// onhook has that right when there is one and this is not said
    #[arg(long, value_name = "GROUP")]
    pub(crate) operators: Option<String>,
    /// May enter named network namespaces (OnhookNetns, dial --netns); keeps CAP_SYS_ADMIN for it
    #[arg(long)]
    pub(crate) namespaces: bool,
    /// For looking into troubles: keep all rights, and may write everywhere
    #[arg(long)]
    pub(crate) unconfined: bool,
    /// Print "ready" when ready
    #[arg(long, hide = true)]
    pub(crate) ready_on_stdout: bool,
}

/// By which means names are resolved.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DnsMeans {
    /// systemd-resolved if it runs, else resolvconf, else /etc/resolv.conf
    Auto,
    /// systemd-resolved
    Resolved,
    /// resolvconf
    Resolvconf,
    /// /etc/resolv.conf
    File,
    /// Leave name resolution alone
    None,
}
