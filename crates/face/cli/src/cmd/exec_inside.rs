//! The inner half of `onhook exec`: one thread, which moves into namespaces of its own, makes the
//! interface there, hands it out, and becomes the program.

use std::io::Read as _;
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use onhook_host::{NamespaceSpec, namespace_with_tun, send_fd};

use super::exec::PORTS;
use crate::args::ExecInsideArgs;

pub(crate) fn run(args: &ExecInsideArgs) -> ExitCode {
    match become_program(args) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("onhook: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn become_program(args: &ExecInsideArgs) -> anyhow::Result<std::convert::Infallible> {
    let mut control = UnixStream::connect(&args.control)?;
    let addresses = args.address.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
    let spec = NamespaceSpec {
        addresses,
        mtu: args.mtu,
        dns: args.dns.clone(),
        port_range: PORTS.0..=PORTS.1,
    };
    let made = namespace_with_tun(spec)?;
    send_fd(&control, made.fd.as_fd())?;
    drop(made);
    let mut word = [0; 2];
    control.read_exact(&mut word)?;
    drop(control);
    let (program, arguments) =
        args.command.split_first().ok_or_else(|| anyhow::anyhow!("no program is named"))?;
    let error = Command::new(program).args(arguments).exec();
    Err(anyhow::anyhow!("{}: {error}", program.display()))
}

fn address(text: &str) -> anyhow::Result<(IpAddr, u8)> {
    let (address, length) =
        text.split_once('/').ok_or_else(|| anyhow::anyhow!("“{text}” has no length"))?;
    Ok((address.parse()?, length.parse()?))
}
