//! `onhook daemon`: the manager in the foreground.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use onhook_daemon::{DaemonConfig, EngineService};
use onhook_engine::{Engine, EngineConfig, ManagerTerms};
use onhook_host::{Confinement, DnsChoice, HostConfig, PORT_LOCKS, confine};

use super::heal;
use crate::args::{DaemonArgs, DnsMeans};

pub(crate) fn run(socket: Option<PathBuf>, args: &DaemonArgs) -> anyhow::Result<ExitCode> {
    onhook_daemon::init_logging(false);
    onhook_daemon::harden();
    let state_dir = args.state_dir.clone().unwrap_or_else(onhook_client::state_dir);
    if args.unconfined {
        tracing::warn!(target: "daemon", "not confined, as asked: for looking into troubles only");
    } else {
        let confined = confine(&confinement(socket.as_deref(), &state_dir, args)?);
        tracing::info!(target: "daemon", "{confined}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(socket, state_dir, args))?;
    // Look-ups that the system's resolver still sits in must not keep us.
    runtime.shutdown_timeout(Duration::from_millis(100));
    Ok(ExitCode::SUCCESS)
}

/// What the manager still needs when it has begun. The folders are made here: below one that is not
/// there nothing could be allowed.
fn confinement(
    socket: Option<&Path>,
    state_dir: &Path,
    args: &DaemonArgs,
) -> anyhow::Result<Confinement> {
    std::fs::create_dir_all(state_dir)
        .with_context(|| format!("{} cannot be made", state_dir.display()))?;
    let socket = socket.map_or_else(onhook_daemon::default_socket, Path::to_owned);
    let folder = onhook_daemon::folder_of(&socket);
    // What is wrong with it is said when the socket is made; systemd may have made another.
    drop(onhook_daemon::prepare_folder(folder));
    let mut writable = vec![state_dir.to_owned(), folder.to_owned(), PathBuf::from("/dev")];
    writable.extend(Some(PathBuf::from(PORT_LOCKS)).filter(|folder| folder.exists()));
    if !args.userspace {
        // For /etc/resolv.conf, and for resolvconf, which keeps its files below /run.
        writable.extend(["/etc", "/run"].map(PathBuf::from));
    }
    Ok(Confinement {
        writable,
        keeps_network_rights: !args.userspace,
        enters_namespaces: args.namespaces,
    })
}

async fn serve(
    socket: Option<PathBuf>,
    state_dir: PathBuf,
    args: &DaemonArgs,
) -> anyhow::Result<()> {
    use std::os::fd::AsFd as _;
    let ready = match args.ready_on_stdout {
        true => Some(std::io::stdout().as_fd().try_clone_to_owned()?),
        false => None,
    };
    let config = DaemonConfig {
        socket,
        state_dir: state_dir.clone(),
        exit_when_idle: args.exit_when_idle.map(Duration::from_secs),
        ready_fd: ready,
    };
    let host = HostConfig {
        userspace_only: args.userspace,
        dns_backend: match args.dns {
            DnsMeans::Auto => DnsChoice::Auto,
            DnsMeans::Resolved => DnsChoice::Resolved,
            DnsMeans::Resolvconf => DnsChoice::Resolvconf,
            DnsMeans::File => DnsChoice::File(PathBuf::from("/etc/resolv.conf")),
            DnsMeans::None => DnsChoice::None,
        },
        ..HostConfig::default()
    };
    let terms = ManagerTerms {
        failed_grace: Duration::from_secs(args.failed_grace),
        ..ManagerTerms::default()
    };
    let operators = operators(args.operators.as_deref())?;
    onhook_daemon::run(config, async |generation| {
        let host = HostConfig { generation, ..host };
        let engine =
            Engine::start(EngineConfig { state_dir: state_dir.clone(), host, terms }).await?;
        // The first of a row: what earlier rows left when they were killed.
        if generation == 0 {
            heal::dead_folders(&state_dir, onhook_daemon::KEEPER).await;
        }
        Ok(Arc::new(EngineService::new(engine, operators)))
    })
    .await
}

/// The group of this name or number; the usual one when none is named and there is one.
fn operators(named: Option<&str>) -> anyhow::Result<Option<u32>> {
    const USUAL: &str = "onhook";
    if let Some(number) = named.and_then(|name| name.parse().ok()) {
        return Ok(Some(number));
    }
    let group = nix::unistd::Group::from_name(named.unwrap_or(USUAL))?;
    if let (Some(name), None) = (named, &group) {
        anyhow::bail!("there is no group {name}");
    }
    Ok(group.map(|group| group.gid.as_raw()))
}
