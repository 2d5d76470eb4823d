//! `rasdial`: the command line of Windows' program of this name, so that scripts written for it run here.
//!
//! What it prints is what scripts look for. Its exit status is the RAS number, of which a status of this
//! system has the lower eight bits (1 where these are zero); the number itself stands in the message. Without a
//! user the saved credentials are taken.

#![forbid(unsafe_code)]

mod words;

use std::fs::File;
use std::io::Write as _;
use std::process::ExitCode;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use onhook_base::Secret;
use onhook_client::phonebooks::Given;
use onhook_client::{
    Connection, ConnectionReport, DialRequest, PreparedDial, Ras, RasCode, RasError, RasState,
    State,
};
use tokio::signal::unix::{SignalKind, signal};

use words::{Dial, Wish};

const USAGE: &str = "\
rasdial                               lists what is connected
rasdial ENTRY [USER [PASSWORD | *]]   dials an entry of the phone book
        [/DOMAIN:domain] [/PHONE:number] [/CALLBACK:number]
        [/PHONEBOOK:file] [/PREFIXSUFFIX]
rasdial [ENTRY] /DISCONNECT           hangs up, all or the one

With * the password is asked for. Without a user the saved one dials.";

const COMPLETED: &str = "Command completed successfully.";

fn main() -> ExitCode {
    let Some(wish) = words::read(std::env::args().skip(1)) else {
        println!("{USAGE}");
        return status_of(RasCode::INVALID_PARAMETER);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(wish)),
        Err(error) => Err(RasError::new(RasCode::NOT_ENOUGH_MEMORY, error.to_string())),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nRemote Access error {} - {}", error.code.number(), error.code.sentence());
            if !error.text.is_empty() {
                println!("{}", error.text);
            }
            if let Some(hint) = onhook_texts::hint(error.code) {
                println!("{hint}");
            }
            status_of(error.code)
        }
    }
}

/// A number as a status, of which there are 256, and of which zero says that all went well.
fn status_of(code: RasCode) -> ExitCode {
    let [low, ..] = code.number().to_le_bytes();
    ExitCode::from(low.max(1))
}

async fn run(wish: Wish) -> Result<(), RasError> {
    match wish {
        Wish::Help => {
            println!("{USAGE}");
            return Ok(());
        }
        Wish::List => list().await?,
        Wish::HangUp { entry } => hang_up(entry.as_deref()).await?,
        Wish::Dial(dial) => dial_entry(dial).await?,
    }
    println!("{COMPLETED}");
    Ok(())
}

/// The manager, if there is one: where there is none nothing is connected.
async fn manager() -> Result<Option<Ras>, RasError> {
    match Ras::connect(None).await {
        Ok(ras) => Ok(Some(ras)),
        Err(error) if error.code == RasCode::SERVICE_NOT_ACTIVE => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_up(connection: &ConnectionReport) -> bool {
    connection.state == RasState::Connected && !connection.hanging_up
}

async fn list() -> Result<(), RasError> {
    let all = match manager().await? {
        Some(mut ras) => ras.list().await?,
        None => Vec::new(),
    };
    let mut names = all.iter().filter(|one| is_up(one)).map(|one| &one.entry).peekable();
    println!("{}", if names.peek().is_some() { "Connected to" } else { "No connections" });
    names.for_each(|name| println!("{name}"));
    Ok(())
}

/// One entry, or everything; what is still being dialed as well. The first error is told, and the others are
/// hung up all the same.
async fn hang_up(entry: Option<&str>) -> Result<(), RasError> {
    let Some(mut ras) = manager().await? else {
        println!("No connections");
        return Ok(());
    };
    let is_meant = |one: &ConnectionReport| {
        !one.hanging_up && entry.is_none_or(|name| one.entry.to_lowercase() == name.to_lowercase())
    };
    let chosen: Vec<_> = ras.list().await?.into_iter().filter(is_meant).collect();
    if chosen.is_empty() {
        println!("No connections");
    }
    let mut first_error = None;
    for connection in chosen {
        // Others may hold it as well: then this gives one reference back.
        if let Err(error) = Connection::of(&ras, connection.handle).hang_up().await {
            first_error.get_or_insert(error);
        }
    }
    first_error.map_or(Ok(()), Err)
}

async fn dial_entry(wish: Dial) -> Result<(), RasError> {
    let name = wish.entry;
    println!("Connecting to {name}...");
    let mut dial = PreparedDial::of_entry(&name, wish.book.as_deref())?;
    let mut ras = Ras::connect_or_start(None).await?;
    let mut connected = ras.list().await?.into_iter().filter(is_up);
    let DialRequest { entry, options } = &mut dial.request;
    if connected.any(|one| one.entry == entry.name && one.book == options.book) {
        println!("You are already connected to {name}.");
        return Ok(());
    }
    options.number = wish.number;
    options.callback_number = wish.callback_number;
    let given = Given { user: wish.user, password: password(wish.password)?, domain: wish.domain };
    let credentials = dial.credentials(&given, &mut |file| {
        let text = format!("{} has a passphrase: dial it by onhook", file.display());
        Err(RasError::new(RasCode::EAPTLS_PASSWD_INVALID, text))
    })?;
    // From here on an interrupt hangs up.
    let mut interrupts = signal(SignalKind::interrupt())
        .map_err(|error| RasError::new(RasCode::NOT_ENOUGH_MEMORY, error.to_string()))?;
    let mut connection = Connection::dial(&ras, &dial.request, &credentials).await?;
    let outcome = tokio::select! {
        outcome = follow(&mut connection) => outcome,
        _ = interrupts.recv() => Err(RasError::from(RasCode::CANCELLED)),
    };
    let number = match outcome {
        Ok(report) => report.phone_number,
        Err(error) => {
            // Why it failed says more than why it could not be hung up.
            connection.hang_up().await.ok();
            return Err(error);
        }
    };
    // The connection is none the worse when it cannot be kept.
    dial.succeeded(&credentials, &number).ok();
    println!("Successfully connected to {name}.");
    Ok(())
}

fn password(word: Option<String>) -> Result<Secret<String>, RasError> {
    match word {
        Some(word) if word == "*" => ask().map_err(|error| {
            RasError::new(RasCode::INTERACTIVE_MODE, format!("nobody can be asked: {error}"))
        }),
        Some(word) => Ok(Secret::new(word)),
        None => Ok(Secret::default()),
    }
}

/// Asks at the terminal, wherever standard output goes. What is typed is hidden before anybody is asked.
fn ask() -> std::io::Result<Secret<String>> {
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let hidden = Hidden::new(&terminal)?;
    write!(&terminal, "Password: ")?;
    let password = rpassword::read_password();
    drop(hidden);
    password.map(Secret::new)
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden<'a>(&'a File, Termios);

impl<'a> Hidden<'a> {
    fn new(terminal: &'a File) -> std::io::Result<Self> {
        let found = tcgetattr(terminal)?;
        let mut hidden = found.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(terminal, SetArg::TCSANOW, &hidden)?;
        Ok(Self(terminal, found))
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(self.0, SetArg::TCSANOW, &self.1) {
            eprintln!("Warning: the terminal may not show what is typed: {error}");
        }
    }
}

/// Says how the dial goes, until it is up or has failed.
async fn follow(connection: &mut Connection) -> Result<ConnectionReport, RasError> {
    let mut said = (false, false);
    while let Some(state) = connection.states().next().await {
        match state? {
            State::Running { state: RasState::Authenticate, .. }
                if !std::mem::replace(&mut said.0, true) =>
            {
                println!("Verifying username and password...");
            }
            State::Running { state: RasState::AuthProject, .. }
                if !std::mem::replace(&mut said.1, true) =>
            {
                println!("Registering your computer on the network...");
            }
            _ => {}
        }
    }
    connection.connected().await
}
