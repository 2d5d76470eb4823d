//! Dials, tells the states, waits for Ctrl-C or the connection's end, and hangs up.
//!
//! `cargo run --example dial` plays it on a manager and a server of its own; `cargo run --example dial ENTRY`
//! dials an entry of your phone book, with what is saved for it.

#[allow(dead_code, unreachable_pub, reason = "the stage is written to be shared")]
#[path = "../tests/stage/mod.rs"]
mod stage;

use onhook_client::phonebooks::Given;
use onhook_client::{Connection, Credentials, DialRequest, PreparedDial, Ras, RasError, State};
use stage::Stage;

fn main() -> Result<(), RasError> {
    if let Some(entry) = std::env::args().nth(1).filter(|_| !cfg!(test)) {
        let dial = PreparedDial::of_entry(&entry, None)?;
        let no_passphrase = &mut |_: &_| Err(onhook_client::RasCode::EAPTLS_PASSWD_INVALID.into());
        let credentials = dial.credentials(&Given::default(), no_passphrase)?;
        let runtime = tokio::runtime::Runtime::new();
        let runtime = runtime.expect("there are threads");
        return runtime.block_on(async {
            let ras = Ras::connect_or_start(None).await?;
            play(&ras, &dial.request, &credentials, true).await
        });
    }
    let stage = Stage::new();
    stage.play(async {
        let ras = Ras::connect(Some(&stage.socket())).await?;
        play(&ras, &stage.request("office"), &stage.credentials(), false).await
    })
}

async fn play(
    ras: &Ras,
    request: &DialRequest,
    credentials: &Credentials,
    stays: bool,
) -> Result<(), RasError> {
    let mut connection = Connection::dial(ras, request, credentials).await?;
    println!("{} has the handle {}", request.entry.name, connection.handle());
    while let Some(state) = connection.states().next().await {
        match state? {
            State::Running { state, .. } => println!("  {}", state.name()),
            State::Connected => println!("  up"),
            // A dial that has failed has a handle as well, and is hung up.
            State::Failed { state, error, .. } => {
                println!("  {} failed: {error}", state.name());
                connection.hang_up().await?;
                return Err(error);
            }
            other => println!("  {other:?}"),
        }
    }
    let projection = connection.projection().await?;
    println!("address {:?}, name servers {:?}", projection.ipv4, projection.dns);
    if stays {
        tokio::select! {
            cause = connection.gone() => println!("it has ended: {}", cause?),
            _ = tokio::signal::ctrl_c() => {}
        }
    }
    println!("{:?}", connection.hang_up().await?);
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
