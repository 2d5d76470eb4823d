//! `onhook dial`: the states as they come, then what the network gave.

use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::ExitCode;

use onhook_client::{
    Connection, ConnectionReport, Credentials, DialRequest, Handle, PreparedDial, Ras, RasCode,
    RasError, RasState, Resumption, State,
};
use onhook_host::crash_point;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::DialArgs;
use crate::person::Person;
use crate::{credentials, print, request};

pub(crate) async fn run(socket: Option<&Path>, args: &DialArgs) -> anyhow::Result<ExitCode> {
    let mut dial = request::build(&args.what)?;
    let what = &args.what;
    let mut credentials = credentials::ask(
        &dial,
        what.user.as_deref(),
        what.domain.as_deref(),
        what.password_stdin,
        what.proof.passphrase_file.as_deref(),
    )?;
    credentials.tunnel_secret =
        what.l2tp_secret_file.as_deref().map(credentials::first_line).transpose()?;
    let mut person = Person::of(args, &credentials.user)?;
    dial.request.options.paused_states = person.is_there();
    let capture = args.capture.as_ref().map(std::fs::File::create).transpose()?;
    let mut ras = Ras::connect_or_start(socket).await?;
    // From here on an interrupt is ours to answer: a dial that has begun is hung up, however early it is.
    let mut interrupts = signal(SignalKind::interrupt())?;
    crash_point("client: about to dial");
    let capture = capture.as_ref().map(|file| file.as_fd());
    let mut connection =
        Connection::dial_captured(&ras, &dial.request, &credentials, capture).await?;
    crash_point("client: it has a handle");
    // What has been saved is kept as it is now, also when the person has changed it on the way.
    let keeps = args.save_password || dial.is_saved(&credentials.password)?;
    let dialed_with = keeps.then_some(credentials);
    let mut teller = Teller { args, request: &dial.request, dialed_with };
    if connection.was_there() {
        return teller.already(&connection.status().await?);
    }
    teller.begin(connection.handle())?;
    let outcome = tokio::select! {
        outcome = teller.follow(&mut connection, &mut person) => outcome?,
        _ = interrupts.recv() => {
            eprintln!("Hanging up …");
            ras.hang_up(connection.handle()).await?;
            // A second Ctrl-C leaves at once; the manager goes on hanging up.
            tokio::select! {
                gone = connection.gone() => drop(gone?),
                _ = interrupts.recv() => {}
            }
            return Err(RasError::from(RasCode::CANCELLED).into());
        }
    };
    match outcome {
        Ok(()) => {
            let report = connection.status().await?;
            crash_point("client: it is connected");
            keep(&dial, teller.dialed_with.as_ref(), &report.phone_number);
            teller.connected(&report)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            let handle = connection.handle();
            if !args.keep_failed {
                crash_point("client: about to hang a failed dial up");
                connection.hang_up().await?;
            }
            teller.failed(handle, &failure)?;
            Err(failure.into())
        }
    }
}

/// What a dial that is connected leaves in the books for the next one. The connection stands: what goes wrong
/// is told, and is no failure.
fn keep(dial: &PreparedDial, dialed_with: Option<&Credentials>, number: &str) {
    if let Some(Err(error)) = dialed_with.map(|dialed_with| dial.remember(dialed_with)) {
        eprintln!("Warning: the password is not saved: {error}");
    }
    if let Err(error) = dial.promote_number(number) {
        eprintln!("Warning: {number} does not move to the front: {error}");
    }
}

/// Dials quietly and waits for the end of it; for commands that need a connection. An interrupt hangs
/// it up.
pub(crate) async fn connect(
    ras: &Ras,
    request: &DialRequest,
    credentials: &Credentials,
) -> anyhow::Result<Connection> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut connection = Connection::dial(ras, request, credentials).await?;
    let failure = tokio::select! {
        connected = connection.connected() => connected.err(),
        _ = interrupts.recv() => Some(RasCode::CANCELLED.into()),
    };
    match failure {
        None => Ok(connection),
        Some(failure) => {
            connection.hang_up().await?;
            Err(failure.into())
        }
    }
}

/// A dial that cannot be resumed, since it does not wait any more.
fn has_ended(error: &RasError) -> bool {
    let ended = [RasCode::INVALID_AUTH_STATE, RasCode::INVALID_HANDLE, RasCode::NO_CONNECTION];
    ended.contains(&error.code)
}

/// Nobody can be called back at the number that was named: the dial waits for another.
fn is_no_number(error: &RasError) -> bool {
    [RasCode::BAD_CALLBACK_NUMBER, RasCode::INVALID_CALLBACK_NUMBER].contains(&error.code)
}

struct Teller<'a> {
    args: &'a DialArgs,
    request: &'a DialRequest,
    /// With what it is dialed, where that is kept afterwards.
    dialed_with: Option<Credentials>,
}

impl Teller<'_> {
    fn begin(&self, handle: Handle) -> anyhow::Result<()> {
        if self.args.json {
            let entry = &self.request.entry.name;
            print::json_line(&json!({ "event": "dialing", "handle": handle, "entry": entry }))?;
        } else if !self.args.quiet {
            println!("Dialing {} ({handle}) …", self.request.entry.name);
        }
        Ok(())
    }

    /// Follows the dial to its end; whenever it waits for a person, one is asked. When nobody knows more,
    /// that is its end.
    async fn follow(
        &mut self,
        connection: &mut Connection,
        person: &mut Person,
    ) -> anyhow::Result<Result<(), RasError>> {
        let mut turn = self.turn(connection).await?;
        loop {
            let State::Paused { state, .. } = turn else {
                return Ok(turn.error().map_or(Ok(()), Err));
            };
            crash_point("client: the dial waits for a person");
            let why = connection.status().await;
            let is_refused = state != RasState::CallbackSetByCaller;
            if let (Ok(why), true) = (&why, is_refused && !self.args.json) {
                eprintln!("{}: {}", why.error, why.error.sentence());
            }
            turn = tokio::select! {
                biased;
                // It may end while the person thinks.
                turn = self.turn(connection) => turn?,
                given = person.ask(state) => match given {
                    Some(given) => match connection.resume(&given).await {
                        Ok(()) => {
                            self.dials_on_with(given);
                            self.turn(connection).await?
                        }
                        // What came meanwhile is told by its states.
                        Err(error) if has_ended(&error) => self.turn(connection).await?,
                        Err(error) if is_no_number(&error) => {
                            eprintln!("{}: {}", error.code, error.code.sentence());
                            turn
                        }
                        Err(error) => return Err(error.into()),
                    },
                    None => return Ok(Err(RasError::new(why?.error, turn.report().text))),
                },
            };
        }
    }

    fn dials_on_with(&mut self, given: Resumption) {
        let Some(dialed_with) = &mut self.dialed_with else { return };
        if let Some(user) = given.user {
            dialed_with.user = user;
        }
        if let Some(domain) = given.domain {
            dialed_with.domain = domain;
        }
        if let Some(password) = given.password {
            dialed_with.password = password;
        }
    }

    /// The state in which the dial ends or waits.
    async fn turn(&self, connection: &mut Connection) -> anyhow::Result<State> {
        let handle = connection.handle();
        let mut states = connection.states();
        while let Some(state) = states.next().await {
            let state = state?;
            crash_point("client: an event has come");
            self.tell(handle, &state)?;
            if state.is_last() || matches!(state, State::Paused { .. }) {
                return Ok(state);
            }
        }
        Err(RasError::from(RasCode::SERVICE_NOT_ACTIVE).into())
    }

    fn tell(&self, handle: Handle, state: &State) -> anyhow::Result<()> {
        let report = state.report();
        match state {
            State::Gone { .. } => {}
            _ if self.args.json => print::json_line(&json!({
                "event": "state",
                "handle": handle,
                "state": report.state,
                "state_name": report.state.name(),
                "error": report.error,
                "text": report.text,
                "subentry": state.subentry(),
            }))?,
            _ if self.args.quiet => {}
            State::LinkLost { subentry, .. } => {
                println!("  {} #{subentry} {}", report.state.name(), report.error);
            }
            State::Failed { .. } => {}
            State::Running { .. } | State::Paused { .. } | State::Connected => {
                println!("  {}", print::state(&report));
            }
        }
        Ok(())
    }

    fn connected(&self, report: &ConnectionReport) -> anyhow::Result<()> {
        if self.args.json {
            let mut value = print::connection_json(report);
            value["event"] = json!("connected");
            print::json_line(&value)?;
        } else if !self.args.quiet {
            print::dialed(report);
        }
        Ok(())
    }

    fn already(&self, report: &ConnectionReport) -> anyhow::Result<ExitCode> {
        if self.args.json {
            let mut value = print::connection_json(report);
            value["event"] = json!("already");
            print::json_line(&value)?;
        } else if !self.args.quiet {
            println!(
                "{} is connected already ({}); it has {} references now.",
                report.entry, report.handle, report.references
            );
        }
        Ok(ExitCode::SUCCESS)
    }

    fn failed(&self, handle: Handle, failure: &RasError) -> anyhow::Result<()> {
        if self.args.json {
            print::json_line(&json!({
                "event": "failed",
                "handle": handle,
                "error": failure.code,
                "error_name": failure.code.name(),
                "text": failure.text,
            }))?;
        }
        Ok(())
    }
}
