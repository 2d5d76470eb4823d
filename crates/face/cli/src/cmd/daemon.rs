//! `onhook daemon`: the manager in the foreground.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use onhook_daemon::{DaemonConfig, EngineService};
use onhook_engine::{Engine, EngineConfig, ManagerTerms};
use onhook_host::{DnsChoice, HostConfig};

use crate::args::{DaemonArgs, DnsMeans};

pub(crate) fn run(socket: Option<PathBuf>, args: &DaemonArgs) -> anyhow::Result<ExitCode> {
    onhook_daemon::init_logging(false);
    onhook_daemon::harden();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(socket, args))?;
    // Look-ups that the system's resolver still sits in must not keep us.
    runtime.shutdown_timeout(Duration::from_millis(100));
    Ok(ExitCode::SUCCESS)
}

async fn serve(socket: Option<PathBuf>, args: &DaemonArgs) -> anyhow::Result<()> {
    use std::os::fd::AsFd as _;
    let state_dir = args.state_dir.clone().unwrap_or_else(onhook_client::state_dir);
    let ready = match args.ready_on_stdout {
        true => Some(std::io::stdout().as_fd().try_clone_to_owned()?),
        false => None,
    };
    let config = DaemonConfig {
        socket,
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
    onhook_daemon::run(config, async || {
        let engine = Engine::start(EngineConfig { state_dir, host, terms }).await?;
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
