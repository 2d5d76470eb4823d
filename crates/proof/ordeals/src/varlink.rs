//! The manager's socket: any octets, in any pieces, from a client who may be anybody.

use std::io::Write as _;

use onhook_rpc::{Call, Framed, Limits};

/// What is taken of one message here; less than the manager takes, so that the limit is met.
const LIMITS: Limits = Limits { receive: 256, fds: 1 };

pub(crate) fn run(data: &[u8]) {
    let (mut client, server) = std::os::unix::net::UnixStream::pair().expect("a pair of sockets");
    if data.len() > 64 * 1024 {
        return; // what a socket holds at once
    }
    client.write_all(data).expect("the socket's buffer holds it");
    drop(client);
    server.set_nonblocking(true).expect("a socket that does not block");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    runtime.expect("a runtime").block_on(async {
        let stream = tokio::net::UnixStream::from_std(server).expect("a socket");
        let mut framed = Framed::new(stream, LIMITS);
        let mut taken = 0;
        while let Ok(Some(frame)) = framed.receive().await {
            assert!(frame.bytes.len() <= LIMITS.receive, "a message over the limit");
            assert!(!frame.bytes.contains(&0), "a message with its end inside");
            taken += frame.bytes.len() + 1;
            assert!(taken <= data.len(), "more came out than went in");
            check(&frame.bytes);
        }
    });
}

fn check(message: &[u8]) {
    if let Ok(call) = Call::parse(message) {
        // A dial's parameters are the largest thing that a stranger hands us.
        drop(serde_json::from_value::<onhook_model::DialRequest>(call.parameters.clone()));
        if let Some(request) = call.parameters.get("request") {
            drop(serde_json::from_value::<onhook_model::DialRequest>(request.clone()));
        }
    }
}
