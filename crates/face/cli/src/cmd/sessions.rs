//! `onhook answer sessions` and `onhook answer disconnect`: asking a server that answers.

use std::process::ExitCode;

use onhook_client::{AnsweringServer, Calls};
use serde_json::json;

use crate::args::answering::{AnswerCommand, CallArgs, SessionsArgs};
use crate::print;

pub(crate) async fn run(command: &AnswerCommand) -> anyhow::Result<ExitCode> {
    match command {
        AnswerCommand::Sessions(args) => sessions(args).await,
        AnswerCommand::Disconnect(args) => disconnect(args).await,
    }
}

async fn sessions(args: &SessionsArgs) -> anyhow::Result<ExitCode> {
    let mut server = AnsweringServer::connect(args.control.as_deref()).await?;
    let sessions = server.sessions().await?;
    match args.json {
        true => print::json(&sessions)?,
        false => print::calls(&sessions),
    }
    Ok(ExitCode::SUCCESS)
}

async fn disconnect(args: &CallArgs) -> anyhow::Result<ExitCode> {
    let mut server = AnsweringServer::connect(args.control.as_deref()).await?;
    // Nobody's name is a number, or --user says that it is one.
    let calls = match (args.call.parse(), args.user) {
        (Ok(number), false) => Calls::Number(number),
        _ => Calls::User(args.call.clone()),
    };
    let ended = server.disconnect(&calls).await?;
    if args.json {
        print::json(&json!({ "calls": ended }))?;
    } else {
        for call in ended {
            println!("call {call} ended");
        }
    }
    Ok(ExitCode::SUCCESS)
}
