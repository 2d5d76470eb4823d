// A manager and an answering server in this process, on loopback and in a folder of their own: what tests and
// examples play on. Needs no rights, and nothing of it is left behind.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use onhook_answer::{Answer, AnswerConfig, Identity, Pool, Users};
use onhook_base::Secret;
use onhook_client::{Credentials, DialOptions, DialRequest, Entry};
use onhook_daemon::{EngineService, Service as _, Setting, serve};
use onhook_engine::{Engine, EngineConfig, ManagerTerms};
use onhook_host::HostConfig;
use onhook_model::Trust;
use tokio::net::UnixListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub struct Stage {
    folder: tempfile::TempDir,
    runtime: Runtime,
    answer: Option<Answer>,
    service: Arc<EngineService>,
    stop: watch::Sender<bool>,
    ca: String,
}

impl Stage {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (stop, stopped) = watch::channel(false);
        let (answer, service, ca) = runtime.block_on(async {
            let identity = Identity::make(&["127.0.0.1".to_owned()]).unwrap();
            let ca = identity.ca_pem().unwrap().to_owned();
            let mut users = Users::default();
            users.insert("alice", "wonderland1");
            let config = AnswerConfig {
                sstp: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
                name: "stage".to_owned(),
                retries: 2,
                multilink: true,
                ..AnswerConfig::new(
                    identity,
                    users,
                    Pool::new("10.99.0.0/24".parse().unwrap()).unwrap(),
                )
            };
            let answer =
                Answer::start(engine(folder.path(), "answer").await, config).await.unwrap();
            let service =
                Arc::new(EngineService::new(engine(folder.path(), "manager").await, None));
            let listener = UnixListener::bind(folder.path().join("manager.sock")).unwrap();
            let clients = watch::channel(0).0;
            tokio::spawn(serve(listener, service.clone(), Setting::default(), stopped, clients));
            (Some(answer), service, ca)
        });
        Self { folder, runtime, answer, service, stop, ca }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("manager.sock")
    }

    // The address of the answering server.
    pub fn number(&self) -> String {
        self.answer.as_ref().unwrap().addresses()[0].to_string()
    }

    // A dial of an entry of this name, which leads to the server.
    pub fn request(&self, name: &str) -> DialRequest {
        let mut entry = Entry::for_number(&self.number(), "sstp");
        entry.name = name.to_owned();
        entry.trust = Trust::CaPem(self.ca.clone());
        let options = DialOptions { userspace: true, ..DialOptions::default() };
        DialRequest { entry, options }
    }

    // Of the one user whom the server knows.
    pub fn credentials(&self) -> Credentials {
        let password = Secret::new("wonderland1".to_owned());
        Credentials { user: "alice".to_owned(), password, ..Credentials::default() }
    }

    // The certificate of the authority that has signed the server's, as a file.
    pub fn ca_file(&self) -> PathBuf {
        let path = self.folder.path().join("ca.pem");
        std::fs::write(&path, &self.ca).unwrap();
        path
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    // Plays something that awaits.
    pub fn play<T>(&self, work: impl Future<Output = T>) -> T {
        let within = Duration::from_secs(60);
        let done = self.runtime.block_on(async { tokio::time::timeout(within, work).await });
        done.expect("nothing is stuck")
    }

    // Callers that the server has.
    pub fn callers(&self) -> usize {
        self.answer.as_ref().unwrap().sessions().len()
    }

    // Resolves when the server has none: it may hear of the end a little later.
    pub async fn no_callers(&self) {
        let answer = self.answer.as_ref().unwrap();
        let mut changes = answer.changes();
        while !answer.sessions().is_empty() {
            changes.changed().await.unwrap();
        }
    }

    // The manager ends as it does when the system stops it: it hangs everything up.
    pub async fn end_manager(&self) {
        self.service.stop().await;
        self.cut_off();
    }

    // The manager says no more, as if it had been killed.
    pub fn cut_off(&self) {
        self.stop.send_replace(true);
        std::fs::remove_file(self.socket()).unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(answer) = self.answer.take() {
            let (service, runtime) = (&self.service, &self.runtime);
            runtime.block_on(async { tokio::join!(service.stop(), answer.stop()) });
        }
    }
}

async fn engine(folder: &Path, name: &str) -> Engine {
    let state_dir = folder.join(name);
    std::fs::create_dir_all(&state_dir).unwrap();
    let host = HostConfig { userspace_only: true, ..HostConfig::default() };
    Engine::start(EngineConfig { state_dir, host, terms: ManagerTerms::default() }).await.unwrap()
}
