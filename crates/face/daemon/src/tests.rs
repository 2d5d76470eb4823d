//! The server against clients that are good, careless, stuck and hostile.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onhook_model::{
    ConnectionEvent, ConnectionReport, Credentials, DialRequest, Dialed, Entry, EventKind, Handle,
    HistoryRecord, ListedConnection, RasCode, RasError, RasState, Resumption, Sharing, StateReport,
};
use onhook_rpc::{Framed, Limits};
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{broadcast, watch};

use crate::server::{ServerLimits, Setting, serve};
use crate::service::{Answer, Caller, Events, Service, TunOffer};

/// A manager that remembers what it was told.
struct Fake {
    dialed: Mutex<Vec<(String, String, bool)>>,
    resumed: Mutex<Vec<Resumption>>,
    closed: AtomicUsize,
    let_go: AtomicUsize,
    attached: Arc<AtomicUsize>,
    events: broadcast::Sender<Arc<ConnectionEvent>>,
    big: usize,
    /// What is somebody else's may be managed by who asks.
    allows_more: bool,
}

impl Fake {
    fn new() -> Self {
        Self {
            dialed: Mutex::default(),
            resumed: Mutex::default(),
            closed: AtomicUsize::new(0),
            let_go: AtomicUsize::new(0),
            attached: Arc::default(),
            events: broadcast::channel(64).0,
            big: 0,
            allows_more: false,
        }
    }
}

fn handle() -> Handle {
    Handle::new(42).unwrap()
}

/// A connection that somebody else has dialed.
fn foreign() -> Handle {
    Handle::new(43).unwrap()
}

fn report() -> ConnectionReport {
    ConnectionReport {
        handle: handle(),
        entry: "office".into(),
        device_type: "vpn".into(),
        device_name: "SSTP".into(),
        phone_number: "x".into(),
        state: RasState::Connected,
        error: RasCode::SUCCESS,
        error_text: String::new(),
        references: 1,
        owner: 0,
        sharing: Sharing::Private,
        hanging_up: false,
        projection: None,
        server_address: None,
        duration_ms: 0,
        dial_ms: None,
        traffic: onhook_model::Traffic::default(),
        debts: Vec::new(),
        subentry: 1,
        links: Vec::new(),
        book: None,
        all_users: false,
        guid: [0; 16],
        local_address: None,
        cleared: onhook_model::Traffic::default(),
    }
}

struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Heard(broadcast::Receiver<Arc<ConnectionEvent>>);

impl Events for Heard {
    fn next(&mut self) -> Answer<'_, Option<Arc<ConnectionEvent>>> {
        Box::pin(async { self.0.recv().await.ok() })
    }
}

impl Service for Fake {
    fn dial(
        &self,
        _caller: &Caller,
        request: DialRequest,
        credentials: Credentials,
        capture: Option<OwnedFd>,
    ) -> Result<Dialed, RasError> {
        let told = (request.entry.name, credentials.password.expose().clone(), capture.is_some());
        self.dialed.lock().unwrap().push(told);
        Ok(Dialed { handle: handle(), already: false })
    }

    fn resume(&self, _caller: &Caller, asked: Handle, given: Resumption) -> Result<(), RasError> {
        if asked != handle() {
            return Err(RasCode::INVALID_HANDLE.into());
        }
        self.resumed.lock().unwrap().push(given);
        Ok(())
    }

    fn proceed(&self, _caller: &Caller, asked: Handle, states: u64) -> Result<(), RasError> {
        let known = asked == handle() && states == 3;
        if known { Ok(()) } else { Err(RasCode::INVALID_HANDLE.into()) }
    }

    fn clear_statistics(
        &self,
        _caller: &Caller,
        asked: Handle,
        subentry: Option<u32>,
    ) -> Result<(), RasError> {
        let known = asked == handle() && subentry == Some(1);
        if known { Ok(()) } else { Err(RasCode::INVALID_HANDLE.into()) }
    }

    fn hang_up(&self, caller: &Caller, asked: Handle) -> Result<(), RasError> {
        if asked == foreign() {
            return if caller.operator { Ok(()) } else { Err(RasCode::ACCESS_DENIED.into()) };
        }
        if asked == handle() { Ok(()) } else { Err(RasCode::INVALID_HANDLE.into()) }
    }

    fn status(&self, _caller: &Caller, asked: Handle) -> Result<ConnectionReport, RasError> {
        if asked == handle() { Ok(report()) } else { Err(RasCode::INVALID_HANDLE.into()) }
    }

    fn list(&self, caller: &Caller) -> Vec<ConnectionReport> {
        assert_eq!(caller.uid, nix::unistd::geteuid().as_raw());
        // More than any socket buffer holds, when it shall be big.
        let text = "x".repeat(self.big);
        vec![ConnectionReport { error_text: text, ..report() }]
    }

    fn listed(&self, caller: &Caller) -> (Option<u64>, Vec<Arc<ListedConnection>>) {
        let listed = self.list(caller).into_iter().map(|report| Arc::new(report.into()));
        (self.edition(), listed.collect())
    }

    fn edition(&self) -> Option<u64> {
        // One that was dialed has come.
        Some(self.dialed.lock().unwrap().len() as u64)
    }

    fn history(&self, _caller: &Caller) -> Vec<HistoryRecord> {
        Vec::new()
    }

    fn wait_gone<'a>(
        &'a self,
        _caller: &Caller,
        asked: Handle,
    ) -> Answer<'a, Result<(), RasError>> {
        Box::pin(
            async move { if asked == handle() { std::future::pending().await } else { Ok(()) } },
        )
    }

    fn subscribe(&self, _caller: &Caller) -> Box<dyn Events> {
        Box::new(Heard(self.events.subscribe()))
    }

    fn attach_tun<'a>(
        &'a self,
        _caller: &Caller,
        _handle: Handle,
        _offer: TunOffer,
    ) -> Answer<'a, Result<Box<dyn Send>, RasError>> {
        self.attached.fetch_add(1, Ordering::SeqCst);
        let guard = Guard(self.attached.clone());
        Box::pin(async move { Ok(Box::new(guard) as Box<dyn Send>) })
    }

    fn session_closed(&self, _session: u64, by_us: bool) {
        self.closed.fetch_add(1, Ordering::SeqCst);
        self.let_go.fetch_add(usize::from(by_us), Ordering::SeqCst);
    }

    fn allows_more<'a>(&'a self, caller: &'a Caller) -> Answer<'a, bool> {
        assert!(!caller.operator, "it is asked only when the answer would be no");
        Box::pin(std::future::ready(self.allows_more))
    }

    fn idle(&self) -> Answer<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn is_idle(&self) -> bool {
        true
    }

    fn stop(&self) -> Answer<'_, ()> {
        Box::pin(async {})
    }
}

struct Stage {
    fake: Arc<Fake>,
    path: std::path::PathBuf,
    stop: watch::Sender<bool>,
    clients: watch::Receiver<usize>,
    _folder: tempfile::TempDir,
}

fn stage(fake: Fake, limits: ServerLimits) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let fake = Arc::new(fake);
    let (stop, stopped) = watch::channel(false);
    let (sender, clients) = watch::channel(0);
    let setting = Setting { limits, ..Setting::default() };
    tokio::spawn(serve(listener, fake.clone(), setting, stopped, sender));
    Stage { fake, path, stop, clients, _folder: folder }
}

impl Stage {
    async fn client(&self) -> Framed {
        Framed::new(UnixStream::connect(&self.path).await.unwrap(), Limits::default())
    }
}

async fn call(client: &mut Framed, method: &str, parameters: Value) -> Value {
    let call = json!({ "method": method, "parameters": parameters });
    client.send(call.to_string().as_bytes(), &[]).await.unwrap();
    reply(client).await
}

async fn reply(client: &mut Framed) -> Value {
    serde_json::from_slice(&client.receive().await.unwrap().unwrap().bytes).unwrap()
}

fn dial() -> Value {
    let mut entry = Entry::for_number("vpn.example.net", "sstp");
    entry.name = "office".into();
    let request = DialRequest { entry, options: Default::default() };
    json!({ "request": request, "user": "alice", "password": "wonderland1" })
}

#[tokio::test]
async fn every_method_answers() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    let dialed = call(&mut client, "org.onhook.Ras.Dial", dial()).await;
    assert_eq!(dialed["parameters"], json!({ "handle": "0x2a", "already": false }));
    let told = ("office".to_owned(), "wonderland1".to_owned(), false);
    assert_eq!(*stage.fake.dialed.lock().unwrap(), [told]);
    let status = call(&mut client, "org.onhook.Ras.Status", json!({ "handle": "0x2a" })).await;
    assert_eq!(status["parameters"]["connection"]["entry"], "office");
    let list = call(&mut client, "org.onhook.Ras.List", json!({})).await;
    assert_eq!(list["parameters"]["connections"][0]["handle"], "0x2a");
    let brief = json!({ "handle": "0x2a", "brief": true });
    let status = call(&mut client, "org.onhook.Ras.Status", brief).await;
    let connection = json!({
        "device_type": "vpn", "device_name": "SSTP", "phone_number": "x",
        "state": RasState::Connected, "error": 0, "hanging_up": false,
    });
    assert_eq!(status["parameters"], json!({ "connection": connection }));
    let list = call(&mut client, "org.onhook.Ras.List", json!({ "brief": true })).await;
    let connection = json!({
        "handle": "0x2a", "entry": "office", "device_type": "vpn", "device_name": "SSTP", "owner": 0,
    });
    assert_eq!(list["parameters"]["connections"], json!([connection]));
    let given = json!({ "handle": "0x2a", "user": "bob", "password": "looking-glass" });
    let resumed = call(&mut client, "org.onhook.Ras.Resume", given).await;
    assert_eq!(resumed["parameters"], json!({}));
    let given = Resumption {
        user: Some("bob".into()),
        password: Some(onhook_base::Secret::new("looking-glass".into())),
        ..Resumption::default()
    };
    assert_eq!(*stage.fake.resumed.lock().unwrap(), [given]);
    let hung_up = call(&mut client, "org.onhook.Ras.HangUp", json!({ "handle": "0x2a" })).await;
    assert_eq!(hung_up["parameters"], json!({}));
    let gone = call(&mut client, "org.onhook.Ras.WaitGone", json!({ "handle": "0x1" })).await;
    assert_eq!(gone["parameters"], json!({}));
    let history = call(&mut client, "org.onhook.Ras.History", json!({})).await;
    assert_eq!(history["parameters"]["records"], json!([]));
    let info = call(&mut client, "org.varlink.service.GetInfo", json!({})).await;
    assert_eq!(info["parameters"]["interfaces"][1], "org.onhook.Ras");
    let asked = json!({ "interface": "org.onhook.Ras" });
    let text = call(&mut client, "org.varlink.service.GetInterfaceDescription", asked).await;
    let text = text["parameters"]["description"].as_str().unwrap().to_owned();
    let heard = json!({ "handle": "0x2a", "states": 3 });
    let heard = call(&mut client, "org.onhook.Ras.Proceed", heard).await;
    assert_eq!(heard["parameters"], json!({}));
    let link = json!({ "handle": "0x2a", "subentry": 1 });
    let cleared = call(&mut client, "org.onhook.Ras.ClearStatistics", link).await;
    assert_eq!(cleared["parameters"], json!({}));
    for method in [
        "Dial",
        "Resume",
        "Proceed",
        "ClearStatistics",
        "HangUp",
        "Status",
        "List",
        "WaitGone",
        "Watch",
        "History",
        "Devices",
        "AttachTun",
    ] {
        assert!(text.contains(&format!("method {method}(")), "{method} is described");
    }
}

#[tokio::test]
async fn the_devices_of_this_machine_are_told() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    let told = call(&mut client, "org.onhook.Ras.Devices", json!({})).await;
    let devices = told["parameters"]["devices"].as_array().unwrap();
    let has = |kind: &str, name: &str| {
        devices.iter().any(|d| {
            d["device_type"] == kind && d["name"].as_str().is_some_and(|n| n.contains(name))
        })
    };
    for (kind, name) in
        [("vpn", "(SSTP)"), ("vpn", "(L2TP)"), ("vpn", "(PPTP)"), ("PPPoE", "(PPPOE)")]
    {
        assert!(has(kind, name), "{kind} {name}: {told}");
    }
    assert!(devices.iter().all(|d| d["name"].as_str().is_some_and(|name| !name.is_empty())));
}

#[tokio::test]
async fn a_dial_can_be_followed_and_tells_of_no_other() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    let call = json!({ "method": "org.onhook.Ras.Dial", "parameters": dial(), "more": true });
    client.send(call.to_string().as_bytes(), &[]).await.unwrap();
    let dialed = reply(&mut client).await;
    assert_eq!(dialed["parameters"], json!({ "handle": "0x2a", "already": false }));
    assert_eq!(dialed["continues"], true);
    let event = |handle| {
        let report =
            StateReport { state: RasState::OpenPort, error: RasCode::SUCCESS, text: String::new() };
        Arc::new(ConnectionEvent {
            handle: Some(handle),
            entry: "office".into(),
            owner: 0,
            sharing: Sharing::Private,
            subentry: 1,
            kind: EventKind::State(report),
        })
    };
    stage.fake.events.send(event(foreign())).unwrap();
    stage.fake.events.send(event(handle())).unwrap();
    let told = reply(&mut client).await;
    assert_eq!(told["parameters"]["event"]["handle"], "0x2a");

    let mut refused = stage.client().await;
    let call = json!({ "method": "org.onhook.Ras.Dial", "parameters": {}, "more": true });
    refused.send(call.to_string().as_bytes(), &[]).await.unwrap();
    assert_eq!(reply(&mut refused).await["error"], "org.varlink.service.InvalidParameter");
}

#[tokio::test]
async fn what_is_wrong_is_named_and_the_talk_goes_on() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    for (method, parameters, error, what) in [
        ("org.onhook.Ras.Status", json!({}), "org.varlink.service.InvalidParameter", "handle"),
        ("org.onhook.Ras.Nothing", json!({}), "org.varlink.service.MethodNotFound", "Nothing"),
        ("org.example.X", json!({}), "org.varlink.service.InterfaceNotFound", "org.example"),
        ("nothing", json!({}), "org.varlink.service.MethodNotFound", "nothing"),
        ("org.onhook.Ras.Watch", json!({}), "org.varlink.service.ExpectedMore", ""),
    ] {
        let answer = call(&mut client, method, parameters).await;
        assert_eq!(answer["error"], error, "{method}");
        assert!(answer["parameters"].to_string().contains(what), "{answer}");
    }
    let unknown = call(&mut client, "org.onhook.Ras.Status", json!({ "handle": "0x7" })).await;
    assert_eq!(unknown["error"], "org.onhook.Ras.Failed");
    assert_eq!(unknown["parameters"]["code"], 6);
    assert_eq!(unknown["parameters"]["name"], "ERROR_INVALID_HANDLE");
    let list = call(&mut client, "org.onhook.Ras.List", Value::Null).await;
    assert!(list["error"].is_null(), "absent parameters are none");
    let wrong = json!({ "brief": true, "known": 7 });
    let answer = call(&mut client, "org.onhook.Ras.List", wrong).await;
    assert_eq!(answer["error"], "org.varlink.service.InvalidParameter");
}

#[tokio::test]
async fn a_brief_list_is_sent_again_only_when_it_is_another() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let (mut one, mut two) = (stage.client().await, stage.client().await);
    let list = async |client: &mut Framed, known: &Value| {
        let asked = json!({ "brief": true, "known": known });
        call(client, "org.onhook.Ras.List", asked).await["parameters"].take()
    };
    let first = list(&mut one, &Value::Null).await;
    assert!(first["connections"][0]["handle"] == "0x2a" && first["unchanged"].is_null());
    let edition = &first["edition"];
    // Another talk of the same user may have it as well.
    for client in [&mut one, &mut two] {
        let unchanged = json!({ "edition": edition, "unchanged": true, "connections": [] });
        assert_eq!(list(client, edition).await, unchanged);
        assert_eq!(list(client, &Value::Null).await, first);
        assert_eq!(list(client, &json!("another manager's")).await, first);
    }
    call(&mut two, "org.onhook.Ras.Dial", dial()).await;
    let second = list(&mut one, edition).await;
    assert!(second["edition"] != *edition && second["unchanged"].is_null());
    assert_eq!(second["connections"], first["connections"]);
}

#[tokio::test]
async fn a_wrong_parameter_is_never_repeated() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    let wrong = json!({ "request": 7, "password": ["wonderland1"], "user": "alice" });
    let answer = call(&mut client, "org.onhook.Ras.Dial", wrong).await;
    assert_eq!(answer["error"], "org.varlink.service.InvalidParameter");
    assert!(!answer.to_string().contains("wonderland1"));
    let wrong = json!({ "handle": 7, "password": ["wonderland1"] });
    let answer = call(&mut client, "org.onhook.Ras.Resume", wrong).await;
    assert_eq!(answer["parameters"]["parameter"], "password");
    assert!(!answer.to_string().contains("wonderland1"));
}

#[tokio::test]
async fn a_descriptor_travels_and_an_index_without_one_is_refused() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    let mut parameters = dial();
    parameters["capture"] = json!(0);
    let refused = call(&mut client, "org.onhook.Ras.Dial", parameters.clone()).await;
    assert_eq!(refused["parameters"]["parameter"], "capture");
    let file = tempfile::tempfile().unwrap();
    let message = json!({ "method": "org.onhook.Ras.Dial", "parameters": parameters });
    client.send(message.to_string().as_bytes(), &[file.as_fd()]).await.unwrap();
    assert!(reply(&mut client).await["error"].is_null());
    assert!(stage.fake.dialed.lock().unwrap()[0].2);
}

#[tokio::test]
async fn an_attached_interface_goes_with_its_client() {
    let mut stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    let file = tempfile::tempfile().unwrap();
    let message = json!({ "method": "org.onhook.Ras.AttachTun", "parameters": {
        "handle": "0x2a", "name": "exec", "mtu": 1400, "offload_header": true,
        "first_port": 1, "last_port": 2, "fd": 0 } });
    client.send(message.to_string().as_bytes(), &[file.as_fd()]).await.unwrap();
    assert!(reply(&mut client).await["error"].is_null());
    assert_eq!(stage.fake.attached.load(Ordering::SeqCst), 1);
    drop(client);
    stage.clients.wait_for(|n| *n == 0).await.unwrap();
    assert_eq!(stage.fake.attached.load(Ordering::SeqCst), 0);
    assert_eq!(stage.fake.closed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_watcher_hears_events_and_its_leaving_is_noticed_at_once() {
    let mut stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    let watch = json!({ "method": "org.onhook.Ras.Watch", "parameters": {}, "more": true });
    client.send(watch.to_string().as_bytes(), &[]).await.unwrap();
    assert!(reply(&mut client).await["parameters"]["event"].is_null());
    let kind = EventKind::State(StateReport {
        state: RasState::Connected,
        error: RasCode::SUCCESS,
        text: String::new(),
    });
    let event = ConnectionEvent {
        handle: Some(handle()),
        entry: "office".into(),
        owner: 0,
        sharing: Sharing::Private,
        subentry: 1,
        kind,
    };
    stage.fake.events.send(Arc::new(event)).unwrap();
    let heard = reply(&mut client).await;
    assert_eq!(heard["continues"], true);
    assert_eq!(heard["parameters"]["event"]["entry"], "office");
    drop(client);
    stage.clients.wait_for(|n| *n == 0).await.unwrap();
    assert_eq!(stage.fake.events.receiver_count(), 0);
}

#[tokio::test]
async fn clients_that_are_stuck_block_nobody_and_are_dropped() {
    let fake = Fake { big: 4 << 20, ..Fake::new() };
    let limits = ServerLimits { patience: Duration::from_millis(200), ..ServerLimits::default() };
    let mut stage = stage(fake, limits);
    let mut stuck = Vec::new();
    for _ in 0..30 {
        let mut client = stage.client().await;
        let list = json!({ "method": "org.onhook.Ras.List" });
        client.send(list.to_string().as_bytes(), &[]).await.unwrap();
        stuck.push(client); // and never reads
    }
    let mut waiting = stage.client().await;
    let wait = json!({ "method": "org.onhook.Ras.WaitGone", "parameters": { "handle": "0x2a" } });
    waiting.send(wait.to_string().as_bytes(), &[]).await.unwrap();
    let mut good = stage.client().await;
    let status = call(&mut good, "org.onhook.Ras.Status", json!({ "handle": "0x2a" })).await;
    assert_eq!(status["parameters"]["connection"]["entry"], "office");
    stage.clients.wait_for(|n| *n <= 2).await.unwrap();
    drop(waiting);
    drop(good);
    stage.clients.wait_for(|n| *n == 0).await.unwrap();
    assert_eq!(stage.fake.closed.load(Ordering::SeqCst), 32);
}

#[tokio::test]
async fn there_are_so_many_clients_and_no_more() {
    let limits = ServerLimits { clients: 3, clients_of_a_user: 3, ..ServerLimits::default() };
    let stage = stage(Fake::new(), limits);
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = stage.client().await;
        call(&mut client, "org.onhook.Ras.List", json!({})).await;
        clients.push(client);
    }
    let mut fourth = stage.client().await;
    assert!(matches!(fourth.receive().await, Ok(None) | Err(_)), "it is closed");
    let mut first = clients.swap_remove(0);
    assert!(call(&mut first, "org.onhook.Ras.List", json!({})).await["error"].is_null());
}

/// N-IPC-01 (CVE-2026-21525, CVE-2018-5388): whatever one client sends, the service goes on.
#[tokio::test]
async fn n_ipc_01_no_octets_of_one_client_end_the_service() {
    use tokio::io::AsyncWriteExt as _;
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut chance = onhook_base::Seed::from_number(7).chance();
    let deep = format!("{}\0", "[".repeat(100_000));
    let mut attacks: Vec<Vec<u8>> = vec![
        b"\0".to_vec(),
        b"{}\0".to_vec(),
        b"{\"method\":7}\0".to_vec(),
        b"{\"method\":\"org.onhook.Ras.Dial\",\"parameters\":[]}\0".to_vec(),
        deep.into_bytes(),
        vec![b'x'; (2 << 20) + 70_000],
        b"{\"method\":\"org.onhook.Ras.List\"".to_vec(),
    ];
    for _ in 0..200 {
        let length = usize::try_from(chance.below(300)).unwrap();
        let mut bytes = vec![0; length];
        chance.fill(&mut bytes);
        attacks.push(bytes);
    }
    for bytes in attacks {
        let mut stream = UnixStream::connect(&stage.path).await.unwrap();
        // The service may close before it has read everything.
        drop(stream.write_all(&bytes).await);
    }
    let mut good = stage.client().await;
    assert!(call(&mut good, "org.onhook.Ras.List", json!({})).await["error"].is_null());
}

#[tokio::test]
async fn a_server_that_stops_closes_its_clients() {
    let mut stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    call(&mut client, "org.onhook.Ras.List", json!({})).await;
    stage.stop.send_replace(true);
    stage.clients.wait_for(|n| *n == 0).await.unwrap();
    assert!(matches!(client.receive().await, Ok(None) | Err(_)));
}

#[tokio::test]
async fn what_is_no_call_is_answered_and_ends_the_talk() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let too_long = vec![b'x'; (2 << 20) + 1];
    for bytes in [&b"no json"[..], b"[]", b"{\"method\":7}", &too_long] {
        let mut client = stage.client().await;
        // The service may close before it has read everything.
        drop(client.send(bytes, &[]).await);
        let told = reply(&mut client).await;
        assert_eq!(told["error"], "org.varlink.service.InvalidParameter");
        assert!(matches!(client.receive().await, Ok(None) | Err(_)), "then it is closed");
    }
}

#[tokio::test]
async fn parameters_are_an_object_and_a_password_is_a_text() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    let answer = call(&mut client, "org.onhook.Ras.Status", json!(["0x2a"])).await;
    assert_eq!(answer["parameters"]["parameter"], "parameters");
    let mut parameters = dial();
    parameters["password"] = json!(["wonderland1"]);
    let answer = call(&mut client, "org.onhook.Ras.Dial", parameters).await;
    assert_eq!(answer["parameters"], json!({ "parameter": "password" }));
    assert!(stage.fake.dialed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_oneway_call_is_done_and_not_answered() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    for method in ["Dial", "Watch", "Nothing"] {
        let method = format!("org.onhook.Ras.{method}");
        let call = json!({ "method": method, "parameters": dial(), "oneway": true });
        client.send(call.to_string().as_bytes(), &[]).await.unwrap();
    }
    let next = call(&mut client, "org.onhook.Ras.HangUp", json!({ "handle": "0x2a" })).await;
    assert_eq!(next, json!({ "parameters": {} }), "the first answer that comes is this one's");
    assert_eq!(stage.fake.dialed.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_waiting_client_that_leaves_is_noticed_though_it_has_sent_more() {
    let mut stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    call(&mut client, "org.onhook.Ras.List", json!({})).await;
    let wait = json!({ "method": "org.onhook.Ras.WaitGone", "parameters": { "handle": "0x2a" } });
    for _ in 0..2 {
        client.send(wait.to_string().as_bytes(), &[]).await.unwrap();
    }
    drop(client);
    let gone = stage.clients.wait_for(|n| *n == 0);
    tokio::time::timeout(Duration::from_secs(10), gone).await.expect("it is noticed").unwrap();
}

#[tokio::test]
async fn what_happened_is_told_before_the_server_stops() {
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    let watch = json!({ "method": "org.onhook.Ras.Watch", "parameters": {}, "more": true });
    client.send(watch.to_string().as_bytes(), &[]).await.unwrap();
    reply(&mut client).await;
    let kind = EventKind::Missed { events: 1 };
    for _ in 0..50 {
        let event = ConnectionEvent {
            handle: None,
            entry: String::new(),
            owner: 0,
            sharing: Sharing::Private,
            subentry: 1,
            kind: kind.clone(),
        };
        stage.fake.events.send(Arc::new(event)).unwrap();
    }
    stage.stop.send_replace(true);
    let mut told = 0;
    while let Ok(Some(_)) = client.receive().await {
        told += 1;
    }
    assert_eq!(told, 50);
}

/// Many clients that each begin a large message cost no more than a few, and harm nobody.
#[tokio::test]
async fn a_thousand_clients_that_are_stuck_are_bounded_and_others_are_served() {
    use tokio::io::AsyncWriteExt as _;
    let stage = stage(Fake::new(), ServerLimits::default());
    let (soft, _) =
        nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).unwrap();
    // Both ends are in this process; an ordinary user may have fewer clients than root.
    let clients = usize::try_from(soft / 3).unwrap_or(1000).min(1000);
    let clients = if nix::unistd::geteuid().is_root() { clients } else { clients.min(500) };
    let mut stuck = Vec::new();
    for number in 0..clients {
        let mut stream = UnixStream::connect(&stage.path).await.unwrap();
        match number % 3 {
            0 => stream.write_all(b"{\"method\":\"org.onhook.Ras.Dial\"").await.unwrap(),
            1 => stream.write_all(&[b'x'; 100_000]).await.unwrap(),
            _ => {}
        }
        stuck.push(stream);
    }
    let mut good = stage.client().await;
    assert!(call(&mut good, "org.onhook.Ras.List", json!({})).await["error"].is_null());
}

#[tokio::test]
async fn no_descriptor_is_left_of_clients_who_have_gone() {
    let mut stage = stage(Fake::new(), ServerLimits::default());
    let (mut reader, writer) = std::io::pipe().unwrap();
    for round in 0..50 {
        let mut client = stage.client().await;
        let method = ["List", "Nothing", "Status", "Dial", "AttachTun"][round % 5];
        let call = json!({ "method": format!("org.onhook.Ras.{method}") });
        let many = [writer.as_fd(); 6];
        client.send(call.to_string().as_bytes(), &many).await.unwrap();
        reply(&mut client).await;
        // Half a message, with descriptors.
        client.send(b"", &many).await.unwrap();
    }
    stage.clients.wait_for(|n| *n == 0).await.unwrap();
    drop(writer);
    // It ends only when no copy of the other end is left anywhere.
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut reader, &mut rest).unwrap();
}

/// A keeper believes on whose behalf a manager asks; the public socket does not.
#[tokio::test]
async fn on_whose_behalf_somebody_asks_is_believed_by_a_keeper_alone() {
    let call = json!({
        "method": "org.onhook.Ras.HangUp",
        "parameters": { "handle": foreign() },
        "onBehalfOf": { "uid": 0, "gid": 0, "pid": 1, "session": 1, "operator": true },
    });
    let stage = stage(Fake::new(), ServerLimits::default());
    let mut client = stage.client().await;
    client.send(call.to_string().as_bytes(), &[]).await.unwrap();
    assert_eq!(reply(&mut client).await["parameters"]["code"], 5);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sock");
    let setting = Setting { is_keeper: true, ..Setting::default() };
    let (_stop, stopped) = watch::channel(false);
    let listener = UnixListener::bind(&path).unwrap();
    let clients = watch::channel(0).0;
    tokio::spawn(serve(listener, Arc::new(Fake::new()), setting, stopped, clients));
    let mut client = Framed::new(UnixStream::connect(&path).await.unwrap(), Limits::default());
    client.send(call.to_string().as_bytes(), &[]).await.unwrap();
    assert!(reply(&mut client).await["error"].is_null());
}

/// A program whose talk is ended so that it calls the next manager has not ended: its dial goes on.
#[tokio::test]
async fn a_talk_that_is_left_to_the_next_manager_is_not_the_programs_end() {
    for leaves in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sock");
        let (aside, is_aside) = watch::channel(false);
        let setting = Setting { aside: is_aside, ..Setting::default() };
        let (_stop, stopped) = watch::channel(false);
        let (clients, mut count) = watch::channel(0);
        let fake = Arc::new(Fake::new());
        let listener = UnixListener::bind(&path).unwrap();
        tokio::spawn(serve(listener, fake.clone(), setting, stopped, clients));
        let stream = UnixStream::connect(&path).await.unwrap();
        let mut client = Framed::new(stream, Limits::default());
        call(&mut client, "org.onhook.Ras.List", json!({})).await;
        match leaves {
            true => drop(aside.send_replace(true)),
            false => drop(client),
        }
        count.wait_for(|n| *n == 0).await.unwrap();
        let [closed, let_go] = [&fake.closed, &fake.let_go].map(|n| n.load(Ordering::SeqCst));
        assert_eq!((closed, let_go), (1, usize::from(leaves)));
    }
}

#[tokio::test]
async fn who_may_not_by_himself_may_when_polkit_says_so() {
    for allows_more in [false, true] {
        let stage = stage(Fake { allows_more, ..Fake::new() }, ServerLimits::default());
        let mut client = stage.client().await;
        let parameters = json!({ "handle": foreign() });
        let answer = call(&mut client, "org.onhook.Ras.HangUp", parameters).await;
        assert_eq!(answer["error"].is_null(), allows_more, "{answer}");
    }
}
