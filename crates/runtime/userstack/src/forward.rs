//! Local ports that lead through the stack: what all proxies share, and the plain forward.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{BufReader, copy_bidirectional_with_sizes};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::stack::Stack;
use crate::stream::StackStream;

/// Programs that one proxy serves at once; further ones wait in the listen queue.
const MOST_CLIENTS: usize = 512;
/// How long a program may take to say where it wants to go.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
const COPY_BUFFER: usize = 64 << 10;

/// What a proxy asks of its programs.
///
/// A port on loopback can be reached by every user of the machine: on a machine with other users, ask
/// for a name and a password.
#[derive(Clone, Default)]
pub struct ProxyTerms {
    /// The name and the password; none asks for none.
    pub user: Option<(String, String)>,
}

impl std::fmt::Debug for ProxyTerms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let user = self.user.as_ref().map(|(name, _)| (name, "***"));
        f.debug_struct("ProxyTerms").field("user", &user).finish()
    }
}

/// Compares without telling by its duration where the difference is.
pub(crate) fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

/// Accepts programs until `stop`, and serves each by `serve`. Ends when all of them have ended, which
/// they do when `stop` comes.
pub(crate) async fn accept_programs<F>(
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
    serve: impl Fn(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let turns = Arc::new(Semaphore::new(MOST_CLIENTS));
    let mut tasks = JoinSet::new();
    loop {
        let accepted = async {
            let turn = turns.clone().acquire_owned().await.ok();
            (listener.accept().await, turn)
        };
        tokio::select! {
            () = stopped(&mut stop) => break,
            (accepted, turn) = accepted => match accepted {
                Ok((stream, _)) => {
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(target: "userstack", %error, "small writes will wait");
                    }
                    let serving = serve(stream);
                    tasks.spawn(async move {
                        serving.await;
                        drop(turn);
                    });
                }
                Err(error) => {
                    tracing::warn!(target: "userstack", %error, "a program could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
        while tasks.try_join_next().is_some() {}
    }
    tasks.shutdown().await;
}

/// Resolves when `stop` says so, or when nobody is left to say it.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Either way it is time to stop.
    drop(stop.wait_for(|stop| *stop).await);
}

/// Carries octets both ways until both directions have ended. When one side breaks, the other one is
/// reset: what was cut off must not look complete.
pub(crate) async fn relay(mut program: BufReader<TcpStream>, mut far: StackStream) {
    let (a, b) = (&mut program, &mut far);
    if let Err(error) = copy_bidirectional_with_sizes(a, b, COPY_BUFFER, COPY_BUFFER).await {
        tracing::debug!(target: "userstack", %error, "a flow broke");
        if let Err(error) = program.get_ref().set_zero_linger() {
            tracing::debug!(target: "userstack", %error, "a program could not be reset");
        }
    }
}

/// Forwards a local port to `host`:`port` behind the connection.
pub async fn serve_forward(
    stack: Stack,
    listener: TcpListener,
    host: String,
    port: u16,
    stop: watch::Receiver<bool>,
) {
    accept_programs(listener, stop, |program| {
        let (stack, host) = (stack.clone(), host.clone());
        async move {
            match stack.connect_name(&host, port).await {
                Ok(far) => relay(BufReader::new(program), far).await,
                Err(error) => {
                    tracing::info!(target: "userstack", host, port, %error, "a forward leads nowhere");
                }
            }
        }
    })
    .await;
}
