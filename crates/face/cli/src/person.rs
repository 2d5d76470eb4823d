//! Who is asked when a dial waits for a person: somebody at the terminal, or a file that holds a new
//! password. Where nobody is there to name a number, the dial goes on without a callback, unless one was
//! demanded.

use std::fs::File;
use std::io::IsTerminal as _;

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use onhook_base::Secret;
use onhook_client::{RasState, Resumption};
use tokio::sync::oneshot;

use crate::args::DialArgs;
use crate::credentials;

/// The number that stands for “ask me when it is time” (szCallbackNumber).
const ASK: &str = "*";

/// Somebody to ask, or not.
pub(crate) struct Person {
    is_at_terminal: bool,
    new_password: Option<Secret<String>>,
    /// A number for callback is to be asked for, whatever the entry says.
    must_name: bool,
    user: String,
}

impl Person {
    /// Whoever the arguments of a dial as `user` leave to be asked.
    pub(crate) fn of(args: &DialArgs, user: &str) -> anyhow::Result<Self> {
        let file = args.new_password_file.as_deref();
        Ok(Self {
            is_at_terminal: std::io::stdin().is_terminal() && !args.what.password_stdin,
            new_password: file.map(credentials::first_line).transpose()?,
            must_name: args.what.callback.as_deref().map(str::trim) == Some(ASK),
            user: user.to_owned(),
        })
    }

    /// Whether the dial may wait for anything.
    pub(crate) const fn is_there(&self) -> bool {
        self.is_at_terminal || self.new_password.is_some()
    }

    /// What a dial goes on with that waits in this state; `None` when nobody knows. A new password from a
    /// file is told once: asked for another, the server would not have it.
    pub(crate) async fn ask(&mut self, state: RasState) -> Option<Resumption> {
        if state == RasState::PasswordExpired
            && let Some(new) = self.new_password.take()
        {
            return Some(Resumption { password: Some(new), ..Resumption::default() });
        }
        if !self.is_at_terminal {
            let may_go_on = state == RasState::CallbackSetByCaller && !self.must_name;
            return may_go_on.then(|| called_at(String::new()));
        }
        let user = self.user.clone();
        let given = at_terminal(move || match state {
            RasState::RetryAuthentication => ask_credentials(&user),
            RasState::PasswordExpired => ask_new_password(&user),
            RasState::CallbackSetByCaller => ask_number(),
            _ => Ok(None),
        });
        let given = given.await?;
        if let Some(user) = &given.user {
            self.user.clone_from(user);
        }
        Some(given)
    }
}

/// Asks in a thread of its own: the dial may end meanwhile, and then nobody waits for the person. The
/// terminal shows again what is typed when this is dropped.
async fn at_terminal(
    ask: impl FnOnce() -> std::io::Result<Option<Resumption>> + Send + 'static,
) -> Option<Resumption> {
    let _shown = Terminal::open();
    let (answer, answered) = oneshot::channel();
    std::thread::spawn(move || {
        // Nobody waits any more when the dial has ended.
        drop(answer.send(ask()));
    });
    answered.await.ok()?.ok()?
}

/// The terminal as it was found.
struct Terminal(File, Termios);

impl Terminal {
    fn open() -> Option<Self> {
        let terminal = File::open("/dev/tty").ok()?;
        let found = tcgetattr(&terminal).ok()?;
        Some(Self(terminal, found))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(&self.0, SetArg::TCSANOW, &self.1) {
            eprintln!("Warning: the terminal may not show what is typed: {error}");
        }
    }
}

/// What a dial goes on with that would be called back at this number, or not at all at an empty one.
fn called_at(number: String) -> Resumption {
    Resumption { callback_number: Some(number), ..Resumption::default() }
}

fn ask_number() -> std::io::Result<Option<Resumption>> {
    eprint!("The server can call back. At which number (none: go on in this call): ");
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(called_at(line.trim().to_owned())))
}

fn ask_credentials(user: &str) -> std::io::Result<Option<Resumption>> {
    eprint!("User [{user}]: ");
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let other = line.trim_end_matches(['\r', '\n']);
    let (user, other) = match other {
        "" => (user, None),
        other => (other, Some(other.to_owned())),
    };
    let password = Secret::new(rpassword::prompt_password(format!("Password of {user}: "))?);
    Ok(Some(Resumption { user: other, password: Some(password), ..Resumption::default() }))
}

fn ask_new_password(user: &str) -> std::io::Result<Option<Resumption>> {
    loop {
        let new = Secret::new(rpassword::prompt_password(format!("New password of {user}: "))?);
        if new.expose().is_empty() {
            return Ok(None);
        }
        let again = Secret::new(rpassword::prompt_password("The same once more: ")?);
        if new == again {
            return Ok(Some(Resumption { password: Some(new), ..Resumption::default() }));
        }
        eprintln!("These two differ.");
    }
}
