//! Connections as a Rust program without `async` has them.

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use onhook_client::blocking::{Connection, Ras};
use onhook_client::{
    Cause, Credentials, Handle, HungUp, RasCode, RasError, RasState, Resumption, State,
};
use stage::Stage;

fn ras(stage: &Stage) -> Ras {
    Ras::connect(Some(&stage.socket())).unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T, RasError>) -> u32 {
    result.unwrap_err().code.number()
}

#[test]
fn a_dial_is_told_state_by_state_and_its_hang_up_leaves_nothing() {
    let stage = Stage::new();
    let mut ras = ras(&stage);
    let mut office =
        Connection::dial(&ras, &stage.request("office"), &stage.credentials()).unwrap();
    let seen: Vec<State> = office.states().map(Result::unwrap).collect();
    assert_eq!(seen.first().map(State::state), Some(RasState::OpenPort));
    assert_eq!(seen.last(), Some(&State::Connected));
    assert_eq!(office.connected().unwrap().entry, "office");
    assert!(office.projection().unwrap().ipv4.is_some());
    office.clear_statistics().unwrap();
    assert_eq!(office.statistics().unwrap().bytes_in, 0);
    assert_eq!(office.subentries().unwrap(), []);
    assert_eq!(office.subentry(1).unwrap().detach(), office.handle());

    // A second one holds it as well, and dropping that gives nothing back.
    let again = Connection::dial(&ras, &stage.request("office"), &stage.credentials()).unwrap();
    assert!(again.was_there());
    drop(again);
    let handle = office.handle();
    assert_eq!(office.hang_up(), Ok(HungUp::Shared { references: 1 }));
    let found = ras.find("office").unwrap();
    assert_eq!(found.len(), 1);
    let mut found = Connection::of(&ras, found[0].handle);
    assert_eq!(found.states().map(Result::unwrap).collect::<Vec<_>>(), [State::Connected]);
    assert_eq!(found.hang_up(), Ok(HungUp::Gone));
    let mut after = Connection::of(&ras, handle);
    assert_eq!(code(after.status()), 6);
    assert_eq!(after.gone(), Ok(Cause::hung_up()));
    assert_eq!(code(ras.find(&handle.to_string())), 6);
    let mut wild = Connection::of(&ras, Handle::new(0x7fff_0001).unwrap());
    assert_eq!(code(wild.connected()), 6);
}

#[test]
fn a_dial_that_fails_waits_or_is_hung_up_by_others_says_so() {
    let stage = Stage::new();
    let mut other = ras(&stage);
    let wrong = Credentials { password: "tea party".to_owned().into(), ..stage.credentials() };
    let mut office = Connection::dial(&other, &stage.request("office"), &wrong).unwrap();
    assert_eq!((code(office.connected()), code(office.connected())), (691, 691));
    assert_eq!(office.status().unwrap().error, RasCode::AUTHENTICATION_FAILURE);
    assert_eq!(office.hang_up(), Ok(HungUp::Gone));

    let mut request = stage.request("office");
    request.options.paused_states = true;
    let mut office = Connection::dial(&other, &request, &wrong).unwrap();
    let paused = office.states().map(Result::unwrap).find(|s| matches!(s, State::Paused { .. }));
    assert_eq!(paused.map(|s| s.state()), Some(RasState::RetryAuthentication));
    let password = Some(stage.credentials().password);
    office.resume(&Resumption { password, ..Resumption::default() }).unwrap();
    office.connected().unwrap();
    other.hang_up(office.handle()).unwrap();
    assert_eq!(office.gone(), Ok(Cause::hung_up()));
    assert_eq!(code(office.connected()), 6);
    assert_eq!(office.hang_up(), Ok(HungUp::Gone));
}

#[test]
fn a_manager_that_is_killed_is_told_of() {
    let stage = Stage::new();
    let mut request = stage.request("office");
    request.options.held_states = true;
    let mut dialing = Connection::dial(&ras(&stage), &request, &stage.credentials()).unwrap();
    assert_eq!(dialing.states().next().unwrap().unwrap().state(), RasState::OpenPort);
    stage.cut_off();
    assert_eq!(code(dialing.connected()), 1062);
    assert!(dialing.states().next().is_none());
}
