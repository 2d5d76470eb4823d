//! `onhook answer`: the answering server.

mod radius;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum as _;
use onhook_answer::{
    Answer, AnswerConfig, Behind, Door, EapMethod, EapTerms, Identity, Impairment, LinePlace,
    Method, Pool, Pool6, Session, SessionLimits, SessionRules, Users,
};
use onhook_engine::{Engine, EngineConfig};
use onhook_host::{Confinement, HostConfig, PORT_LOCKS, confine};
use onhook_model::Port;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use onhook_daemon::{Bound, Reach};
use tokio::sync::watch;

use super::heal;
use crate::args::{AnswerArgs, ImpairName, MethodName};
use crate::credentials::first_line;
use crate::print;

/// How the folders of answering sides begin; the process id follows.
const FOLDER: &str = "answer-";

pub(crate) fn run(args: &AnswerArgs) -> anyhow::Result<ExitCode> {
    onhook_daemon::init_logging(false);
    onhook_daemon::harden();
    // Files that the caller names are read and written with the caller's rights, before they are given up.
    let config = config(args)?;
    if let (Some(file), Some(ca)) = (&args.write_ca, config.identity.ca_pem()) {
        std::fs::write(file, ca)?;
    }
    let state_dir = onhook_client::state_dir();
    std::fs::create_dir_all(&state_dir)?;
    let control = control(args)?;
    if !args.unconfined {
        // With the right to take a port below 1024, whatever stands behind the calls.
        let mut writable = vec![state_dir.clone(), PathBuf::from("/dev")];
        writable.extend(line_folders(&config.lines));
        writable.extend(line_folders(&config.modems));
        writable.extend(control.as_ref().and_then(|(path, _)| Some(path.parent()?.to_owned())));
        writable.extend(config.password_file.as_ref().and_then(|file| Some(file.parent()?.into())));
        let confined = confine(&Confinement {
            writable,
            keeps_network_rights: true,
            ..Confinement::default()
        });
        tracing::info!(target: "answer", "{confined}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args, config, &state_dir, control.map(|(_, bound)| bound)))
}

/// The socket at which the server is asked. Of several servers of a user, which name none, the first is
/// found.
fn control(args: &AnswerArgs) -> anyhow::Result<Option<(PathBuf, Bound)>> {
    let path = args.control.clone().unwrap_or_else(onhook_client::answering_socket);
    match Bound::bind(&path, Reach::Owner) {
        Ok(bound) => Ok(Some((std::path::absolute(path)?, bound))),
        Err(error) if args.control.is_none() => {
            tracing::warn!(target: "answer", "sessions cannot be asked for (--control says where): {error:#}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn serve(
    args: &AnswerArgs,
    config: AnswerConfig,
    state_dir: &Path,
    control: Option<Bound>,
) -> anyhow::Result<ExitCode> {
    let identity = config.identity.clone();
    let users = args.users.is_some().then(|| config.users.count());
    // From here on there is something to clean up, so that a signal must not simply end us.
    let mut stop = StopSignals::listen()?;
    // Answering sides that were killed have left theirs.
    heal::dead_folders(state_dir, FOLDER).await;
    let folder = state_dir.join(format!("{FOLDER}{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let host = HostConfig { userspace_only: args.inside, ..HostConfig::default() };
    let engine = Engine::start(EngineConfig {
        state_dir: folder.clone(),
        host,
        terms: onhook_engine::ManagerTerms::default(),
    })
    .await?;
    let answer = match args.impair.map(impairment).transpose()? {
        Some(kind) => {
            eprintln!("Warning: for tests: this server {} ({kind})", kind.description());
            Answer::start_impaired(engine, config, kind).await?
        }
        None => Answer::start(engine, config).await?,
    };
    for door in answer.doors() {
        tell_door(door, users, &hex(&identity.sha256()), args.json)?;
    }
    let (over, is_over) = watch::channel(false);
    let asked = control.map(|bound| {
        tokio::spawn(onhook_daemon::serve_answering(bound, answer.switchboard(), is_over))
    });
    let reported = report(&answer, args.json, &mut stop).await;
    answer.stop().await;
    over.send_replace(true);
    if let Some(asked) = asked {
        asked.await??;
    }
    reported?;
    std::fs::remove_dir_all(folder)?;
    Ok(ExitCode::SUCCESS)
}

/// Says where calls are answered; SSTP's callers may want to know the certificate.
fn tell_door(door: &Door, users: Option<usize>, pin: &str, as_json: bool) -> anyhow::Result<()> {
    let Door { link, place } = door;
    let has_certificate = *link == "sstp";
    if as_json {
        let mut line = json!({ "event": "answering", *link: place, "users": users });
        if has_certificate {
            line["sha256"] = json!(pin);
        }
        return print::json_line(&line);
    }
    let certificate =
        if has_certificate { format!("; certificate SHA-256 {pin}") } else { String::new() };
    let users = match users {
        Some(users) => format!("{users} users"),
        None => "the users of RADIUS".to_owned(),
    };
    println!("Answering {} on {place} for {users}{certificate}", link.to_uppercase());
    Ok(())
}

fn config(args: &AnswerArgs) -> anyhow::Result<AnswerConfig> {
    let users = args.users.as_deref().map(users_of).transpose()?.unwrap_or_default();
    let identity = match (&args.cert, &args.key) {
        (Some(cert), Some(key)) => Identity::from_pem(&std::fs::read(cert)?, &std::fs::read(key)?)?,
        _ => Identity::make(&names(args))?,
    };
    let eap_methods: Vec<_> = args.methods.iter().filter_map(|m| eap_method(*m)).collect();
    // A RADIUS server speaks EAP with callers itself, whichever kind.
    let pass_through = !args.radius.radius.is_empty();
    if eap_methods.contains(&EapMethod::Tls) && args.callers_ca.is_none() && !pass_through {
        anyhow::bail!("--method eap-tls needs --callers-ca: who vouches for callers' certificates");
    }
    let mut methods: Vec<_> = args.methods.iter().map(|m| method(*m)).collect();
    // EAP has one place, and its methods an order of their own in it.
    let mut seen = Vec::new();
    methods.retain(|method| {
        !seen.contains(method) && {
            seen.push(*method);
            true
        }
    });
    Ok(AnswerConfig {
        sstp: args.sstp.clone(),
        l2tp: args.l2tp.clone(),
        l2tp_secret: args.l2tp_secret_file.as_deref().map(first_line).transpose()?,
        pptp: args.pptp.clone(),
        pppoe: args.pppoe.clone(),
        services: args.services.clone(),
        modems: args.modem.iter().map(|port| line(port, args.speed)).collect::<Result<_, _>>()?,
        lines: args.serial.iter().map(|port| line(port, args.speed)).collect::<Result<_, _>>()?,
        identity,
        users,
        radius: radius::config(&args.radius, &args.name)?,
        password_file: args
            .users
            .as_ref()
            .filter(|_| args.password_changes)
            .map(canonical)
            .transpose()?,
        retries: args.retries,
        rules: SessionRules {
            per_user: args.calls_per_user.map(|calls| calls as usize),
            limits: SessionLimits {
                idle: args.idle_limit.map(Duration::from_secs),
                session: args.session_limit.map(Duration::from_secs),
            },
        },
        pool: Pool::new(args.pool.parse()?)?,
        pool6: args
            .pool6
            .as_ref()
            .map(|range| anyhow::Ok(Pool6::new(range.parse()?)?))
            .transpose()?,
        dns: args.dns.clone(),
        methods,
        eap: EapTerms { methods: eap_methods, pass_through },
        callers_ca: args.callers_ca.as_ref().map(std::fs::read).transpose()?,
        callers_crl: args.callers_crl.as_ref().map(std::fs::read).transpose()?,
        name: args.name.clone(),
        behind: if args.inside { Behind::Inside } else { Behind::Machine },
        multilink: args.multilink,
        max_calls: args.max_calls,
        max_unproven: args.max_unproven,
    })
}

/// Where lines leave their marks: the files of locks, and of sockets.
fn line_folders(lines: &[LinePlace]) -> Vec<PathBuf> {
    let folder = |place: &LinePlace| match &place.port {
        Port::Terminal(_) => Some(PathBuf::from(PORT_LOCKS)),
        Port::Socket(path) => Some(Path::new(path).parent()?.to_owned()),
        Port::Tcp { .. } | Port::Telnet { .. } => None,
    };
    lines.iter().filter_map(folder).filter(|folder| folder.exists()).collect()
}

fn line(port: &str, speed: u32) -> anyhow::Result<LinePlace> {
    let port = Port::parse(port).with_context(|| format!("--serial {port}"))?;
    Ok(LinePlace { port, speed })
}

/// Where a file really is, whatever folder we go to and whatever link leads there.
fn canonical(file: impl AsRef<Path>) -> anyhow::Result<PathBuf> {
    let file = file.as_ref();
    std::fs::canonicalize(file).with_context(|| file.display().to_string())
}

fn users_of(file: &Path) -> anyhow::Result<Users> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    Users::parse(&text).map_err(|e| anyhow::anyhow!("{}: {e}", file.display()))
}

fn names(args: &AnswerArgs) -> Vec<String> {
    let addresses = args.sstp.iter().map(|a| a.ip()).filter(|ip| !ip.is_unspecified());
    let mut names = vec![args.name.clone()];
    names.extend(addresses.map(|ip| ip.to_string()));
    names
}

const fn method(name: MethodName) -> Method {
    match name {
        MethodName::MsChapV2 => Method::MsChapV2,
        MethodName::MsChapV1 => Method::MsChapV1,
        MethodName::ChapMd5 => Method::ChapMd5,
        MethodName::Pap => Method::Pap,
        MethodName::EapTls | MethodName::Peap | MethodName::EapMsChapV2 | MethodName::EapMd5 => {
            Method::Eap
        }
    }
}

const fn eap_method(name: MethodName) -> Option<EapMethod> {
    match name {
        MethodName::EapTls => Some(EapMethod::Tls),
        MethodName::Peap => Some(EapMethod::Peap),
        MethodName::EapMsChapV2 => Some(EapMethod::MsChapV2),
        MethodName::EapMd5 => Some(EapMethod::Md5),
        MethodName::MsChapV2 | MethodName::MsChapV1 | MethodName::ChapMd5 | MethodName::Pap => None,
    }
}

/// The signals that ask us to stop.
struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    fn listen() -> std::io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What is done wrong on purpose.
pub(crate) fn impairment(name: ImpairName) -> anyhow::Result<Impairment> {
    let value = name.to_possible_value().context("every kind has a name")?;
    let name = value.get_name();
    Impairment::from_name(name).with_context(|| format!("the server cannot do “{name}”"))
}

/// Says who comes and goes, until interrupted.
async fn report(answer: &Answer, as_json: bool, stop: &mut StopSignals) -> anyhow::Result<()> {
    let mut changes = answer.changes();
    let mut before: Vec<Session> = Vec::new();
    loop {
        tokio::select! {
            changed = changes.changed() => changed?,
            () = stop.come() => return Ok(()),
        }
        // In this order, so that a call which comes and goes between two looks is told of too.
        let (ended, now) = (answer.take_ended(), answer.sessions());
        for session in ended.iter().chain(&now).filter(|s| !before.contains(s)) {
            tell(session, if session.connected { "connected" } else { "calling" }, as_json)?;
        }
        for session in &ended {
            tell(session, "ended", as_json)?;
        }
        before = now;
    }
}

fn tell(session: &Session, event: &str, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return print::json_line(&json!({
            "event": event,
            "call": session.call,
            "from": session.from.to_string(),
            "user": session.user,
            "address": session.address,
        }));
    }
    let user = session.user.as_deref().unwrap_or("?");
    let address = session.address.map(|a| a.to_string()).unwrap_or_default();
    println!("call {} from {} ({user}) {event} {address}", session.call, session.from);
    Ok(())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command line and the server know the same kinds, and describe them in the same words.
    #[test]
    fn every_kind_of_impairment_can_be_named() {
        let named: Vec<_> =
            ImpairName::value_variants().iter().map(|n| impairment(*n).unwrap()).collect();
        assert_eq!(named, Impairment::ALL);
        for (name, kind) in ImpairName::value_variants().iter().zip(named) {
            let value = name.to_possible_value().unwrap();
            let help = value.get_help().unwrap().to_string();
            assert_eq!(help, format!("It {}", kind.description()));
        }
    }
}
