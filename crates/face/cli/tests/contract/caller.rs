//! A program as it calls: structures laid out as C has them, one manager for the whole process.

use std::io::{ErrorKind, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rasapi32::exports::*;
use rasapi32::layout::{Charset, Form, Machine, Structure, View, ViewMut, tables};

use crate::stage::{PASSWORD, STUCK, Stage};

pub(crate) const NO_HANDLE: u32 = 6;
pub(crate) const CONNECTED: u32 = 0x2000;
pub(crate) const DISCONNECTED: u32 = 0x2001;

/// The phone book of the program's user.
const BOOK: &str = "rasphone.pbk";

unsafe extern "C" {
    /// Has the C library call a function when the program ends.
    fn atexit(function: extern "C" fn()) -> i32;
}

/// Manager and server, and their folder: a value that lives as long as the program is never dropped.
static PROCESSES: Mutex<[i32; 2]> = Mutex::new([0; 2]);
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

extern "C" fn end_processes() {
    let processes = *PROCESSES.lock().unwrap_or_else(PoisonError::into_inner);
    for process in processes.map(nix::unistd::Pid::from_raw) {
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap_or_default();
        // It hangs up what a test that failed has left.
        nix::sys::wait::waitpid(process, None).ok();
    }
    if let Some(folder) = FOLDER.get() {
        std::fs::remove_dir_all(folder).ok();
    }
}

/// A manager and a server, and the environment that leads to them: made once, for all tests.
pub(crate) fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let users = format!("alice {PASSWORD}\n");
        let stage = Stage::answering(&users, &["--retries", "2"], "30");
        let folder = stage.folder.path();
        std::fs::create_dir_all(folder.join("onhook")).unwrap();
        let for_all = format!(
            "[for all]\nType=2\nVpnStrategy=5\nOnhookCaFile={}\nMEDIA=rastapi\nDEVICE=vpn\n\
             PhoneNumber=127.0.0.1:{}\n",
            stage.path("ca.pem").display(),
            stage.port
        );
        std::fs::create_dir_all(stage.path("system")).unwrap();
        std::fs::write(stage.path("system").join(BOOK), for_all).unwrap();
        let processes = [stage.manager.as_ref().unwrap().id(), stage.server.child.id()];
        *PROCESSES.lock().unwrap() = processes.map(u32::cast_signed);
        FOLDER.set(folder.to_owned()).unwrap();
        // SAFETY: the function is one of this program's, and unwinds nowhere.
        assert_eq!(unsafe { atexit(end_processes) }, 0);
        // SAFETY: whoever reads the environment here has come through this function before.
        unsafe {
            std::env::set_var("ONHOOK_SOCKET", stage.path("m.sock"));
            std::env::set_var("ONHOOK_START", "never");
            std::env::set_var("ONHOOK_SYSTEM_DIR", stage.path("system"));
            std::env::set_var("XDG_CONFIG_HOME", folder);
            std::env::set_var("XDG_STATE_HOME", folder);
            std::env::set_var("HOME", folder);
        }
        stage
    })
}

/// An entry of the given name that leads to the server, in the user's book.
pub(crate) fn entry(name: &str) -> String {
    vpn_entry(name, &stage().path("ca.pem"), stage().port)
}

/// The same that leads to the server at this port, whose certificate this authority has signed.
pub(crate) fn vpn_entry(name: &str, ca: &Path, port: u16) -> String {
    put_entry(
        name,
        &format!(
            "Type=2\r\nVpnStrategy=5\r\nOnhookCaFile={}\r\n\r\n\
             MEDIA=rastapi\r\nPort=VPN2-0\r\nDevice=WAN Miniport (SSTP)\r\n\r\nDEVICE=vpn\r\n\
             PhoneNumber=127.0.0.1:{port}\r\n\r\n",
            ca.display()
        ),
    )
}

/// An entry of these lines, in the user's book.
pub(crate) fn put_entry(name: &str, lines: &str) -> String {
    let path = stage().path("onhook").join(BOOK);
    let text = format!("[{name}]\r\nEncoding=1\r\n{lines}");
    // Others change it at the same time.
    onhook_client::books::change(&path, |book| {
        let one = onhook_phonebook::PhoneBook::parse(text.as_bytes()).unwrap();
        book.set_entry(&one.entry(name).unwrap().0).unwrap();
        Ok(())
    })
    .unwrap();
    name.to_owned()
}

/// A structure of the caller's, with a few octets behind it that nobody may write to.
pub(crate) struct Struct {
    form: Form,
    memory: Vec<u8>,
}

const GUARD: [u8; 8] = [0xa5; 8];

impl Struct {
    pub(crate) fn new(of: &'static Structure, charset: Charset) -> Self {
        Self::of_form(of.newest(Machine::of_this_library(), charset))
    }

    pub(crate) fn of_form(form: Form) -> Self {
        let mut memory = vec![0; form.size()];
        ViewMut::new(form, &mut memory).unwrap().begin();
        memory.extend_from_slice(&GUARD);
        Self { form, memory }
    }

    pub(crate) fn pointer(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr()
    }

    pub(crate) fn set_size(&mut self, size: u32) {
        self.memory[..4].copy_from_slice(&size.to_le_bytes());
    }

    /// Whatever the field is: these octets, as many as it has.
    pub(crate) fn overwrite(&mut self, name: &str, octets: &[u8]) {
        let place = self.form.field(name).unwrap().range();
        self.memory[place].copy_from_slice(octets);
    }

    pub(crate) fn put(&mut self) -> ViewMut<'_> {
        ViewMut::new(self.form, &mut self.memory).unwrap()
    }

    pub(crate) fn view(&self) -> View<'_> {
        assert!(self.memory.ends_with(&GUARD), "written beyond dwSize");
        View::new(self.form, &self.memory).unwrap()
    }

    pub(crate) fn u32(&self, name: &str) -> u32 {
        self.view().u32(name).unwrap()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.view().text(name).unwrap().unwrap()
    }
}

/// A program that dials: it has parameters, and perhaps extensions.
pub(crate) struct Dial {
    pub(crate) params: Struct,
    pub(crate) options: Option<u32>,
    pub(crate) handle: usize,
}

impl Dial {
    pub(crate) fn entry(name: &str) -> Self {
        let mut params = Struct::new(&tables::RASDIALPARAMS, Charset::Wide);
        params.put().put_text("szEntryName", name);
        params.put().put_text("szUserName", "alice");
        params.put().put_text("szPassword", PASSWORD);
        Self { params, options: None, handle: 0 }
    }

    pub(crate) fn password(mut self, password: &str) -> Self {
        self.params.put().put_text("szPassword", password);
        self
    }

    pub(crate) fn options(mut self, options: u32) -> Self {
        self.options = Some(options);
        self
    }

    /// Dials with a notifier of this type, or without one.
    pub(crate) fn call(&mut self, notifier_type: u32, notifier: usize) -> u32 {
        stage();
        let mut extensions = self.options.map(|options| {
            let mut extensions = Struct::new(&tables::RASDIALEXTENSIONS, Charset::Wide);
            extensions.put().put_u32("dwfOptions", options);
            extensions
        });
        let extensions = extensions.as_mut().map_or(std::ptr::null_mut(), Struct::pointer);
        // SAFETY: everything that is pointed to is here.
        unsafe {
            RasDialW(
                extensions,
                std::ptr::null(),
                self.params.pointer(),
                notifier_type,
                notifier,
                &raw mut self.handle,
            )
        }
    }

    pub(crate) fn synchronous(mut self) -> (u32, usize) {
        let result = self.call(0, 0);
        (result, self.handle)
    }
}

/// Dials an entry of its own, and waits until it is up.
pub(crate) fn connected(name: &str) -> usize {
    let (result, handle) = Dial::entry(&entry(name)).synchronous();
    assert_eq!(result, 0, "{}", stage().log());
    handle
}

pub(crate) fn hang_up(handle: usize) -> u32 {
    // SAFETY: no pointer is passed.
    unsafe { RasHangUpW(handle) }
}

/// What a status query answers, and the structure that it filled.
pub(crate) fn status(handle: usize) -> (u32, Struct) {
    let mut status = Struct::new(&tables::RASCONNSTATUS, Charset::Wide);
    // SAFETY: everything that is pointed to is here.
    let result = unsafe { RasGetConnectStatusW(handle, status.pointer()) };
    (result, status)
}

/// Asks, as programs do, until the handle is invalid.
pub(crate) fn wait_gone(handle: usize) {
    let begin = std::time::Instant::now();
    while status(handle).0 != NO_HANDLE {
        assert!(begin.elapsed() < STUCK, "it is never gone");
        std::thread::yield_now();
    }
}

pub(crate) fn end(handle: usize) {
    assert_eq!(hang_up(handle), 0);
    wait_gone(handle);
}

/// The rows of RasEnumConnections: handle and entry.
pub(crate) fn list() -> Vec<(usize, String)> {
    stage();
    let form = tables::RASCONN.newest(Machine::of_this_library(), Charset::Wide);
    let (mut size, mut count) = (0, 0);
    loop {
        let mut memory = vec![0; size as usize];
        if let Some(mut first) = ViewMut::new(form, &mut memory) {
            first.begin();
        }
        let buffer = if size == 0 { std::ptr::null_mut() } else { memory.as_mut_ptr() };
        // SAFETY: everything that is pointed to is here, and as large as is said.
        match unsafe { RasEnumConnectionsW(buffer, &raw mut size, &raw mut count) } {
            0 => {
                let rows = memory.chunks_exact(form.size()).take(count as usize);
                let rows = rows.map(|row| View::new(form, row).unwrap());
                let row = |row: View<'_>| {
                    let handle = usize::try_from(row.handle("hrasconn").unwrap()).unwrap();
                    (handle, row.text("szEntryName").unwrap().unwrap())
                };
                return rows.map(row).collect();
            }
            // Others dial meanwhile.
            603 => {}
            other => panic!("RasEnumConnections: {other}"),
        }
    }
}

/// A server that takes calls and never says a word: what dials it stays in the midst of the dial.
pub(crate) struct Mute(TcpListener);

impl Mute {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// An entry that leads to it.
    pub(crate) fn entry(&self, name: &str) -> String {
        vpn_entry(name, &stage().path("ca.pem"), self.port())
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Waits for a call and cuts it off.
    pub(crate) fn refuse_one(&self) {
        drop(self.0.accept().unwrap());
    }

    /// Whether all calls that have come so far are ended by their callers, however abruptly; each is waited
    /// for.
    pub(crate) fn calls_are_ended(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        self.0.incoming().map_while(Result::ok).all(|mut call| {
            call.set_nonblocking(false).unwrap();
            call.set_read_timeout(Some(STUCK)).unwrap();
            let end = call.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
            !matches!(end, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut))
        })
    }

    /// How many calls have come so far.
    pub(crate) fn calls(&self) -> usize {
        self.0.set_nonblocking(true).unwrap();
        self.0.incoming().take_while(Result::is_ok).count()
    }
}

/// The handle of the connection of this entry, as soon as it is listed.
pub(crate) fn handle_of(name: &str) -> usize {
    let begin = std::time::Instant::now();
    loop {
        if let Some((handle, _)) = list().into_iter().find(|(_, entry)| entry == name) {
            return handle;
        }
        assert!(begin.elapsed() < STUCK, "it is never listed");
        std::thread::yield_now();
    }
}

/// What a notifier was told: handle, link, state, error.
pub(crate) type Told = (usize, u32, u32, u32);

/// Where notifiers of one test write; tests of notifiers take their turns.
pub(crate) struct Heard {
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());
static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new());
static CHANGED: std::sync::Condvar = std::sync::Condvar::new();

pub(crate) fn note(told: Told) {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    CHANGED.notify_all();
}

impl Heard {
    pub(crate) fn begin() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        TOLD.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Self { _turn: turn }
    }

    pub(crate) fn all(&self) -> Vec<Told> {
        TOLD.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until something of this kind was told.
    pub(crate) fn until(&self, wanted: impl Fn(&Told) -> bool) -> Told {
        let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, _) = CHANGED
            .wait_timeout_while(told, STUCK, |told| !told.iter().any(&wanted))
            .unwrap_or_else(PoisonError::into_inner);
        let (found, told) = (told.iter().copied().find(|one| wanted(one)), told.clone());
        found.unwrap_or_else(|| panic!("told only {told:?}"))
    }
}
