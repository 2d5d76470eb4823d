//! `onhook`: dial, list and hang up remote-access connections.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;

mod args;
mod cmd;
mod credentials;
mod person;
mod print;
mod request;

use args::{Args, Command};

fn main() -> ExitCode {
    end_quietly_without_a_reader();
    let args = Args::parse();
    // The inner half of exec makes namespaces, and servers give their rights up, which a thread does for
    // itself alone; so no runtime yet.
    if let Command::ExecInside(inside) = args.command {
        return cmd::exec_inside::run(&inside);
    }
    let result = match args.command {
        Command::Completions { shell } => cmd::manual::completions(shell),
        Command::Man { command } => cmd::manual::page(command.as_deref()),
        Command::Phonebook(phonebook) => cmd::phonebook::run(&phonebook),
        Command::Answer(answer) => match &answer.command {
            Some(command) => runtime().and_then(|rt| rt.block_on(cmd::sessions::run(command))),
            None => cmd::answer::run(&answer),
        },
        Command::Daemon(daemon) => cmd::daemon::run(args.socket, &daemon),
        command => runtime().and_then(|rt| rt.block_on(cmd::run(args.socket, command))),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            print::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Standard output may be a pipe whose reader has had enough (`onhook list | head -1`): that is the end
/// of the command, and no fault that calls for a backtrace.
fn end_quietly_without_a_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to stdout") {
            std::process::exit(1);
        }
        usual(info);
    }));
}
