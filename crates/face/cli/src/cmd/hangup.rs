//! `onhook hangup`: returns when the handle is gone.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use onhook_client::{ConnectionReport, Handle, Ras, RasCode, RasError};

use crate::args::HangupArgs;
use crate::print;

pub(crate) async fn run(socket: Option<&Path>, args: &HangupArgs) -> anyhow::Result<ExitCode> {
    let mut ras = Ras::connect(socket).await?;
    let chosen = choose(&mut ras, args).await?;
    let mut gone = Vec::new();
    let mut first_error = None;
    let mut given_back = Vec::new();
    for connection in &chosen {
        let mut refused = false;
        // All references of an entry that a person names; one for a handle.
        let times = if args.connection.as_ref().is_some_and(|c| c.starts_with("0x")) {
            1
        } else {
            connection.references.max(1)
        };
        for _ in 0..times {
            match ras.hang_up(connection.handle).await {
                Ok(()) => {}
                // Somebody else was faster; waiting for the end is all that is left.
                Err(error) if error.code == RasCode::NO_CONNECTION => break,
                Err(error) => {
                    first_error.get_or_insert(error);
                    refused = true;
                    break;
                }
            }
        }
        if !refused {
            given_back.push(connection);
        }
    }
    for connection in given_back {
        if !args.no_wait {
            match ras.status(connection.handle).await {
                Ok(left) if left.references > 0 => {}
                _ => ras.wait_gone(connection.handle).await?,
            }
        }
        gone.push(connection);
        if !args.json {
            println!("{} {}", connection.handle, connection.entry);
        }
    }
    if args.json {
        let rows: Vec<_> = gone.iter().map(|c| print::connection_json(c)).collect();
        print::json(&rows)?;
    }
    match first_error {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

async fn choose(ras: &mut Ras, args: &HangupArgs) -> anyhow::Result<Vec<ConnectionReport>> {
    if let Some(name) = &args.connection {
        return match (ras.find(name).await, name.parse::<Handle>()) {
            // The hang-up itself knows whether there ever was such a handle: 668 or 6.
            (Err(error), Ok(handle)) if error.code == RasCode::INVALID_HANDLE => {
                ras.hang_up(handle).await?;
                Ok(Vec::new())
            }
            (found, _) => Ok(found?),
        };
    }
    let all = ras.list().await?;
    if args.all {
        return Ok(all.into_iter().filter(|c| !c.hanging_up).collect());
    }
    match all.len() {
        0 => {
            let text = "there is nothing to hang up";
            Err(RasError::new(RasCode::NO_CONNECTION, text).into())
        }
        1 => Ok(all),
        _ if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => ask(all),
        _ => anyhow::bail!("several connections are up: name one of them, or use --all"),
    }
}

fn ask(all: Vec<ConnectionReport>) -> anyhow::Result<Vec<ConnectionReport>> {
    for (number, connection) in all.iter().enumerate() {
        eprintln!("{:>3}  {} {}", number + 1, connection.entry, connection.state.short_name());
    }
    eprint!("Which one is to be hung up (number, nothing for none)? ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    if line.trim().is_empty() {
        return Ok(Vec::new());
    }
    let number: usize = line.trim().parse().map_err(|_| anyhow::anyhow!("that is no number"))?;
    let at = number.checked_sub(1).filter(|n| *n < all.len());
    let at = at.ok_or_else(|| anyhow::anyhow!("there is no connection number {number}"))?;
    Ok(all.into_iter().skip(at).take(1).collect())
}
