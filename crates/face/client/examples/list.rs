//! Lists connections and hangs them up, without `async`: any program may, whoever has dialed.

#[allow(dead_code, unreachable_pub, reason = "the stage is written to be shared")]
#[path = "../tests/stage/mod.rs"]
mod stage;

use onhook_client::RasError;
use onhook_client::blocking::{Connection, Ras};
use stage::Stage;

fn main() -> Result<(), RasError> {
    let stage = Stage::new();
    let mut ras = Ras::connect(Some(&stage.socket()))?;
    for name in ["office", "home"] {
        let mut one = Connection::dial(&ras, &stage.request(name), &stage.credentials())?;
        one.connected()?;
        // It belongs to the manager: what becomes of this value is nothing to it.
        drop(one);
    }
    for report in ras.list()? {
        println!("{} {:10} {}", report.handle, report.entry, report.state.short_name());
        let ended = Connection::of(&ras, report.handle).hang_up()?;
        println!("  {ended:?}: the handle answers {}", ras.status(report.handle).unwrap_err());
    }
    assert!(ras.list()?.is_empty());
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
