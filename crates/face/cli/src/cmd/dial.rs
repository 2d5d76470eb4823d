//! `onhook dial`: the states as they come, then what the network gave.

use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::ExitCode;

use onhook_client::{
    ConnectionEvent, ConnectionReport, Credentials, DialRequest, Dialed, EventKind, Events, Handle,
    Ras, RasCode, RasError, RasState, Resumption, StateReport,
};
use onhook_host::crash_point;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::DialArgs;
use crate::person::Person;
use crate::{credentials, print, request};

pub(crate) async fn run(socket: Option<&Path>, args: &DialArgs) -> anyhow::Result<ExitCode> {
    let mut request = request::build(&args.what)?;
    let what = &args.what;
    let (user, domain) = (what.user.as_deref(), what.domain.as_deref());
    let saved = credentials::Saved::of(what.entry.as_deref(), what.phonebook.as_deref())?;
    let mut credentials = credentials::ask(
        &request.entry,
        user,
        domain,
        what.password_stdin,
        what.proof.passphrase_file.as_deref(),
        &saved,
    )?;
    credentials.tunnel_secret =
        what.l2tp_secret_file.as_deref().map(credentials::first_line).transpose()?;
    let mut person = Person::of(args, &credentials.user)?;
    request.options.paused_states = person.is_there();
    let capture = args.capture.as_ref().map(std::fs::File::create).transpose()?;
    let mut ras = Ras::connect_or_start(socket).await?;
    // From here on an interrupt is ours to answer: a dial that has begun is hung up, however early it is.
    let mut interrupts = signal(SignalKind::interrupt())?;
    // Listen before dialing, so that no state is missed.
    let mut events = ras.watch(None).await?;
    crash_point("client: about to dial");
    let capture = capture.as_ref().map(|file| file.as_fd());
    let dialed = ras.dial(&request, &credentials, capture).await?;
    crash_point("client: it has a handle");
    // What has been saved is kept as it is now, also when the person has changed it on the way.
    let keeps = args.save_password || saved.is_password(&credentials.password);
    let dialed_with = keeps.then_some(credentials);
    let mut teller = Teller { args, request: &request, dialed_with };
    if dialed.already {
        return teller.already(&mut ras, dialed).await;
    }
    teller.begin(dialed.handle)?;
    let outcome = tokio::select! {
        outcome = teller.follow(&mut ras, &mut events, &mut person, dialed.handle) => outcome?,
        _ = interrupts.recv() => {
            eprintln!("Hanging up …");
            ras.hang_up(dialed.handle).await?;
            // A second Ctrl-C leaves at once; the manager goes on hanging up.
            tokio::select! {
                gone = ras.wait_gone(dialed.handle) => gone?,
                _ = interrupts.recv() => {}
            }
            return Err(RasError::from(RasCode::CANCELLED).into());
        }
    };
    match outcome {
        None => {
            let report = ras.status(dialed.handle).await?;
            crash_point("client: it is connected");
            if let Some(dialed_with) = &teller.dialed_with {
                saved.keep(dialed_with);
            }
            saved.promote(&report.phone_number);
            teller.connected(&report)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(failure) => {
            if !args.keep_failed {
                crash_point("client: about to hang a failed dial up");
                match ras.hang_up(dialed.handle).await {
                    Ok(()) => ras.wait_gone(dialed.handle).await?,
                    // Somebody else hung it up.
                    Err(error) if error.code == RasCode::NO_CONNECTION => {}
                    Err(error) => return Err(error.into()),
                }
            }
            teller.failed(dialed.handle, &failure)?;
            Err(RasError::new(failure.error, failure.text).into())
        }
    }
}

/// Dials quietly and waits for the end of it; for commands that need a connection. An interrupt hangs
/// it up.
pub(crate) async fn connect(
    ras: &mut Ras,
    request: &DialRequest,
    credentials: &onhook_client::Credentials,
) -> anyhow::Result<Dialed> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut events = ras.watch(None).await?;
    let dialed = ras.dial(request, credentials, None).await?;
    if dialed.already {
        return Ok(dialed);
    }
    let outcome = tokio::select! {
        outcome = next_end(&mut events, dialed.handle, |_| Ok(())) => outcome?,
        _ = interrupts.recv() => {
            ras.hang_up(dialed.handle).await?;
            ras.wait_gone(dialed.handle).await?;
            return Err(RasError::from(RasCode::CANCELLED).into());
        }
    };
    match outcome {
        None => Ok(dialed),
        Some(failure) => {
            ras.hang_up(dialed.handle).await?;
            ras.wait_gone(dialed.handle).await?;
            Err(RasError::new(failure.error, failure.text).into())
        }
    }
}

/// Follows a dial to its end: `None` when it is connected, else how it failed.
pub(crate) async fn next_end(
    events: &mut Events,
    handle: Handle,
    mut each: impl FnMut(&ConnectionEvent) -> anyhow::Result<()>,
) -> anyhow::Result<Option<StateReport>> {
    loop {
        match next_turn(events, handle, &mut each).await? {
            Turn::Connected => return Ok(None),
            Turn::Failed(report) => return Ok(Some(report)),
            // Somebody else may let it go on.
            Turn::Paused(_) => {}
        }
    }
}

/// What a dial comes to, for now or for good.
enum Turn {
    Connected,
    Paused(StateReport),
    Failed(StateReport),
}

async fn next_turn(
    events: &mut Events,
    handle: Handle,
    each: &mut impl FnMut(&ConnectionEvent) -> anyhow::Result<()>,
) -> anyhow::Result<Turn> {
    loop {
        let Some(event) = events.next().await? else {
            return Err(RasError::new(
                RasCode::SERVICE_NOT_ACTIVE,
                "the manager ended while dialing",
            )
            .into());
        };
        if event.handle != Some(handle) {
            continue;
        }
        each(&event)?;
        match event.kind {
            // One link of several: the others may do.
            EventKind::State(report) if report.state == RasState::SubEntryDisconnected => {}
            EventKind::State(report) if !report.error.is_success() => {
                return Ok(Turn::Failed(report));
            }
            EventKind::State(report) if report.state == RasState::Connected => {
                return Ok(Turn::Connected);
            }
            EventKind::State(report) if report.state.is_paused() => {
                return Ok(Turn::Paused(report));
            }
            EventKind::Gone { cause, .. } => {
                return Ok(Turn::Failed(StateReport {
                    state: RasState::Disconnected,
                    error: cause.code(),
                    text: cause.text().to_owned(),
                }));
            }
            EventKind::State(_) | EventKind::Lost { .. } | EventKind::Missed { .. } => {}
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
        ras: &mut Ras,
        events: &mut Events,
        person: &mut Person,
        handle: Handle,
    ) -> anyhow::Result<Option<StateReport>> {
        let mut turn = self.turn(events, handle).await?;
        loop {
            let paused = match turn {
                Turn::Connected => return Ok(None),
                Turn::Failed(report) => return Ok(Some(report)),
                Turn::Paused(paused) => paused,
            };
            crash_point("client: the dial waits for a person");
            let why = ras.status(handle).await;
            let is_refused = paused.state != RasState::CallbackSetByCaller;
            if let (Ok(why), true) = (&why, is_refused && !self.args.json) {
                eprintln!("{}: {}", why.error, why.error.sentence());
            }
            turn = tokio::select! {
                biased;
                // It may end while the person thinks.
                turn = self.turn(events, handle) => turn?,
                given = person.ask(paused.state) => match given {
                    Some(given) => {
                        match ras.resume(handle, &given).await {
                            Ok(()) => {
                                self.dials_on_with(given);
                                self.turn(events, handle).await?
                            }
                            // What came meanwhile is told by its events.
                            Err(error) if has_ended(&error) => self.turn(events, handle).await?,
                            Err(error) if is_no_number(&error) => {
                                eprintln!("{}: {}", error.code, error.code.sentence());
                                Turn::Paused(paused)
                            }
                            Err(error) => return Err(error.into()),
                        }
                    }
                    None => {
                        let error = why?.error;
                        return Ok(Some(StateReport { error, ..paused }));
                    }
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

    async fn turn(&self, events: &mut Events, handle: Handle) -> anyhow::Result<Turn> {
        let mut each = |event: &ConnectionEvent| {
            crash_point("client: an event has come");
            let EventKind::State(report) = &event.kind else { return Ok(()) };
            if self.args.json {
                print::json_line(&json!({
                    "event": "state",
                    "handle": handle,
                    "state": report.state,
                    "state_name": report.state.name(),
                    "error": report.error,
                    "text": report.text,
                    "subentry": event.subentry,
                }))?;
            } else if !self.args.quiet && report.state == RasState::SubEntryDisconnected {
                println!("  {} #{} {}", report.state.name(), event.subentry, report.error);
            } else if !self.args.quiet && report.error.is_success() {
                println!("  {}", print::state(report));
            }
            Ok(())
        };
        next_turn(events, handle, &mut each).await
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

    async fn already(&self, ras: &mut Ras, dialed: Dialed) -> anyhow::Result<ExitCode> {
        let report = ras.status(dialed.handle).await?;
        if self.args.json {
            let mut value = print::connection_json(&report);
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

    fn failed(&self, handle: Handle, failure: &StateReport) -> anyhow::Result<()> {
        if self.args.json {
            print::json_line(&json!({
                "event": "failed",
                "handle": handle,
                "error": failure.error,
                "error_name": failure.error.name(),
                "text": failure.text,
            }))?;
        }
        Ok(())
    }
}
