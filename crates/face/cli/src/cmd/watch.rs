//! `onhook watch`: one line an event.

use std::path::Path;
use std::process::ExitCode;

use onhook_client::Ras;

use crate::args::WatchArgs;
use crate::print;

pub(crate) async fn run(socket: Option<&Path>, args: &WatchArgs) -> anyhow::Result<ExitCode> {
    let ras = Ras::connect_or_start(socket).await?;
    let mut events = ras.watch(None).await?;
    loop {
        tokio::select! {
            event = events.next() => match event? {
                Some(event) if args.json => print::json_line(&event)?,
                Some(event) => print::event(&event),
                None => {
                    eprintln!("The manager has ended.");
                    return Ok(ExitCode::FAILURE);
                }
            },
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
    }
}
