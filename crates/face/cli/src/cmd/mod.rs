//! The commands, a file each.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::args::Command;

pub(crate) mod answer;
pub(crate) mod daemon;
pub(crate) mod demo;
pub(crate) mod devices;
pub(crate) mod dial;
pub(crate) mod exec;
pub(crate) mod exec_inside;
pub(crate) mod hangup;
mod heal;
pub(crate) mod list;
pub(crate) mod manual;
pub(crate) mod phonebook;
pub(crate) mod sessions;
pub(crate) mod watch;

/// Runs a command that talks with the manager.
pub(crate) async fn run(socket: Option<PathBuf>, command: Command) -> anyhow::Result<ExitCode> {
    let socket = socket.as_deref();
    match command {
        Command::Dial(args) => dial::run(socket, &args).await,
        Command::List(args) => list::run(socket, &args).await,
        Command::Status(args) => list::status(socket, &args).await,
        Command::History(args) => list::history(socket, &args).await,
        Command::Devices(args) => devices::run(&args),
        Command::Hangup(args) => hangup::run(socket, &args).await,
        Command::Watch(args) => watch::run(socket, &args).await,
        Command::Exec(args) => exec::run(socket, &args).await,
        Command::Demo(args) => demo::run(&args).await,
        Command::Phonebook(_)
        | Command::Answer(_)
        | Command::Daemon(_)
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::ExecInside(_) => Ok(ExitCode::SUCCESS),
    }
}
