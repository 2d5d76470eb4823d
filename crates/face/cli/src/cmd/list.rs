//! `onhook list`, `onhook status`, `onhook history`.

use std::path::Path;
use std::process::ExitCode;

use onhook_client::{Ras, RasCode};

use crate::args::{ListArgs, StatusArgs};
use crate::print;

pub(crate) async fn run(socket: Option<&Path>, args: &ListArgs) -> anyhow::Result<ExitCode> {
    // No manager is no error here: then there is no connection either.
    let connections = match Ras::connect(socket).await {
        Ok(mut ras) => ras.list().await?,
        Err(error) if socket.is_none() && error.code == RasCode::SERVICE_NOT_ACTIVE => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    if args.json {
        let rows: Vec<_> = connections.iter().map(print::connection_json).collect();
        print::json(&rows)?;
    } else {
        print::connections(&connections);
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn status(socket: Option<&Path>, args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let mut ras = Ras::connect(socket).await?;
    for connection in ras.find(&args.connection).await? {
        if args.json {
            print::json(&print::connection_json(&connection))?;
        } else {
            print::connection(&connection);
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn history(socket: Option<&Path>, args: &ListArgs) -> anyhow::Result<ExitCode> {
    let records = Ras::connect_or_start(socket).await?.history().await?;
    if args.json {
        print::json(&records)?;
    } else {
        print::history(&records);
    }
    Ok(ExitCode::SUCCESS)
}
