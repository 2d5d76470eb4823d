//! Connections as a Rust program has them, against a manager and a server.

#[expect(unreachable_pub, dead_code, reason = "the stage is written to be shared")]
mod stage;

use std::future::ready;

use onhook_client::{
    Cause, Connection, Credentials, DialRequest, Handle, HungUp, Ras, RasCode, RasError, RasState,
    Resumption, State, States,
};
use onhook_model::FurtherLink;
use stage::Stage;

/// With a password that the server does not know.
fn wrong(stage: &Stage) -> Credentials {
    Credentials { password: "tea party".to_owned().into(), ..stage.credentials() }
}

async fn ras(stage: &Stage) -> Ras {
    Ras::connect(Some(&stage.socket())).await.unwrap()
}

async fn connect(stage: &Stage, name: &str) -> Connection {
    let ras = ras(stage).await;
    let mut one = Connection::dial(&ras, &stage.request(name), &stage.credentials()).await.unwrap();
    one.connected().await.unwrap();
    one
}

/// A dial that stands still in its first state, for nobody says that it was heard.
async fn held(stage: &Stage) -> Connection {
    let mut request = stage.request("office");
    request.options.held_states = true;
    let ras = ras(stage).await;
    let mut one = Connection::dial(&ras, &request, &stage.credentials()).await.unwrap();
    let first = one.states().next().await.unwrap().unwrap();
    assert_eq!(
        first,
        State::Running { state: RasState::OpenPort, subentry: 1, text: String::new() }
    );
    one
}

async fn all_states(one: &mut Connection) -> Vec<State> {
    let mut seen = Vec::new();
    let mut states = one.states();
    while let Some(state) = states.next().await {
        seen.push(state.unwrap());
    }
    seen
}

fn code<T: std::fmt::Debug>(result: Result<T, RasError>) -> u32 {
    result.unwrap_err().code.number()
}

#[test]
fn a_dial_is_told_state_by_state_and_its_hang_up_leaves_nothing() {
    let stage = Stage::new();
    stage.play(async {
        let ras = ras(&stage).await;
        let (request, credentials) = (stage.request("office"), stage.credentials());
        let mut office = Connection::dial(&ras, &request, &credentials).await.unwrap();
        assert!(!office.was_there());
        let seen = all_states(&mut office).await;
        let numbers: Vec<u32> = seen.iter().map(|one| one.state().value()).collect();
        assert_eq!(numbers.first(), Some(&RasState::OpenPort.value()));
        assert!(numbers.contains(&RasState::Authenticate.value()), "{numbers:?}");
        assert_eq!(seen.last(), Some(&State::Connected));
        assert!(seen.iter().all(|one| one.error().is_none() && one.subentry() == 1));
        assert!(office.states().next().await.is_none(), "nothing is told behind the last");

        let report = office.connected().await.unwrap();
        assert_eq!((report.entry.as_str(), report.state), ("office", RasState::Connected));
        assert!(office.projection().await.unwrap().ipv4.is_some());
        office.clear_statistics().await.unwrap();
        assert_eq!(office.statistics().await.unwrap().bytes_in, 0);
        assert_eq!(office.subentries().await.unwrap(), []);
        let link = office.subentry(1).await.unwrap();
        assert_eq!(link.detach(), office.handle(), "its one link is itself");
        assert_eq!(code(office.subentry(0).await), 87);
        assert_eq!(code(office.subentry(2).await), 259);
        assert_eq!(stage.callers(), 1);

        let handle = office.handle();
        assert_eq!(office.hang_up().await, Ok(HungUp::Gone));
        let mut after = Connection::of(&ras, handle);
        assert_eq!(code(after.status().await), 6);
        assert_eq!(code(after.projection().await), 6);
        assert_eq!(after.gone().await, Ok(Cause::hung_up()));
        assert_eq!(after.hang_up().await, Ok(HungUp::Gone), "and so it is");
    });
}

#[test]
fn a_dial_that_fails_says_why_as_often_as_it_is_asked_and_is_hung_up() {
    let stage = Stage::new();
    stage.play(async {
        let ras = ras(&stage).await;
        let mut office =
            Connection::dial(&ras, &stage.request("office"), &wrong(&stage)).await.unwrap();
        let last = all_states(&mut office).await.pop().unwrap();
        let State::Failed { error, subentry: 1, .. } = &last else { panic!("{last:?}") };
        assert_eq!(error.code, RasCode::AUTHENTICATION_FAILURE);
        assert_eq!((code(office.connected().await), code(office.connected().await)), (691, 691));
        // As RAS has it: the handle is valid still, and tells the error.
        assert_eq!(office.status().await.unwrap().error, RasCode::AUTHENTICATION_FAILURE);
        assert_eq!(code(office.projection().await), 730);
        // Another one learns the same from where it stands.
        let mut other = Connection::of(&ras, office.handle());
        assert_eq!(code(other.connected().await), 691);
        assert_eq!(office.hang_up().await, Ok(HungUp::Gone));
        assert_eq!(code(other.status().await), 6);
    });
}

#[test]
fn a_dial_that_is_refused_at_once_gives_no_connection() {
    let stage = Stage::new();
    stage.play(async {
        let dialing = held(&stage).await;
        let mut ras = ras(&stage).await;
        let again = Connection::dial(&ras, &stage.request("office"), &stage.credentials()).await;
        assert_eq!(code(again), 756, "it is being dialed");
        let listed = ras.list().await.unwrap();
        assert_eq!((listed.len(), listed[0].references), (1, 1));
        assert_eq!(dialing.hang_up().await, Ok(HungUp::Gone));
    });
}

#[test]
fn another_program_may_hang_up_before_it_is_up_and_afterwards() {
    let stage = Stage::new();
    stage.play(async {
        let mut other = ras(&stage).await;
        let mut dialing = held(&stage).await;
        other.hang_up(dialing.handle()).await.unwrap();
        assert_eq!(code(dialing.connected().await), 631);
        let last = dialing.states().next().await;
        assert!(last.is_none(), "{last:?}");
        assert_eq!(dialing.hang_up().await, Ok(HungUp::Gone));

        let mut up = connect(&stage, "office").await;
        other.hang_up(up.handle()).await.unwrap();
        assert_eq!(up.gone().await, Ok(Cause::hung_up()));
        assert_eq!(code(up.connected().await), 6, "it had been up");
        assert_eq!(up.hang_up().await, Ok(HungUp::Gone));
    });
}

#[test]
fn a_manager_that_ends_ends_its_dials_and_is_told_of() {
    let stage = Stage::new();
    stage.play(async {
        let mut dialing = held(&stage).await;
        let handle = dialing.handle();
        stage.end_manager().await;
        assert_eq!(code(dialing.connected().await), 834, "everything was hung up");
        assert_eq!(code(dialing.status().await), 1062);
        assert_eq!(code(dialing.gone().await), 1062);
        assert_eq!(code(dialing.hang_up().await), 1062);
        assert_ne!(handle.number(), 0);
    });
}

#[test]
fn a_manager_that_is_killed_is_told_of() {
    let stage = Stage::new();
    stage.play(async {
        let mut dialing = held(&stage).await;
        stage.cut_off();
        assert_eq!(code(dialing.connected().await), 1062);
        assert!(dialing.states().next().await.is_none());
        assert_eq!(code(dialing.connected().await), 1062, "as often as it is asked");
    });
}

#[test]
fn to_drop_one_hangs_nothing_up_and_each_dial_has_its_reference() {
    let stage = Stage::new();
    stage.play(async {
        let first = connect(&stage, "office").await;
        let handle = first.handle();
        drop(first);
        let second = connect(&stage, "office").await;
        assert!(second.was_there());
        assert_eq!(second.handle(), handle);
        assert_eq!(second.hang_up().await, Ok(HungUp::Shared { references: 1 }));
        let ras = ras(&stage).await;
        let mut found = Connection::of(&ras, handle);
        assert_eq!(all_states(&mut found).await, [State::Connected]);
        assert_eq!(found.hang_up().await, Ok(HungUp::Gone));
        stage.no_callers().await;
    });
}

#[test]
fn connections_are_found_by_name_and_by_handle() {
    let stage = Stage::new();
    stage.play(async {
        let (office, home) = (connect(&stage, "office").await, connect(&stage, "Home").await);
        let mut ras = ras(&stage).await;
        let handle = office.handle().to_string();
        for name in ["office", "OFFICE", "office#1", handle.as_str()] {
            let found = ras.find(name).await.unwrap();
            let found: Vec<Handle> = found.iter().map(|one| one.handle).collect();
            assert_eq!(found, [office.handle()], "{name}");
        }
        assert_eq!(code(ras.find("nobody").await), 668);
        assert_eq!(code(ras.find("0xffff").await), 6);
        assert_eq!(code(ras.find("office#2").await), 259);
        let mut all: Vec<Handle> =
            ras.connections().await.unwrap().into_iter().map(Connection::detach).collect();
        all.sort();
        assert_eq!(all, [office.handle(), home.handle()]);
        for one in ras.connections().await.unwrap() {
            assert_eq!(one.hang_up().await, Ok(HungUp::Gone));
        }
        // One that never was.
        let mut wild = Connection::of(&ras, Handle::new(0x7fff_0001).unwrap());
        assert_eq!(code(wild.connected().await), 6);
        drop((office, home));
    });
}

#[test]
fn a_dial_that_waits_for_a_person_goes_on_with_what_it_is_given() {
    let stage = Stage::new();
    stage.play(async {
        let mut request = stage.request("office");
        request.options.paused_states = true;
        let ras = ras(&stage).await;
        let mut office = Connection::dial(&ras, &request, &wrong(&stage)).await.unwrap();
        let paused = loop {
            match office.states().next().await.unwrap().unwrap() {
                State::Running { .. } => {}
                other => break other,
            }
        };
        assert_eq!(paused.state(), RasState::RetryAuthentication);
        assert!(matches!(&paused, State::Paused { subentry: 1, text, .. } if !text.is_empty()));
        assert_eq!(code(office.resume(&Resumption::default()).await), 87);
        let mut other = Connection::of(&ras, office.handle());
        let waits = other.states().next().await.unwrap().unwrap();
        assert_eq!(waits.state(), paused.state(), "from where it stands");
        let password = Some(stage.credentials().password);
        office.resume(&Resumption { password, ..Resumption::default() }).await.unwrap();
        office.connected().await.unwrap();
        other.connected().await.unwrap();
        assert_eq!(office.hang_up().await, Ok(HungUp::Gone));
    });
}

/// A dial of as many links as there are numbers.
fn of_links(stage: &Stage, numbers: &[String]) -> DialRequest {
    let mut request = stage.request("office");
    let first = request.entry.clone();
    request.entry.phone_numbers = vec![numbers[0].clone()];
    let further = numbers[1..].iter().map(|number| FurtherLink {
        device_type: first.device_type,
        device_name: first.device_name.clone(),
        phone_numbers: vec![number.clone()],
        ..FurtherLink::default()
    });
    request.entry.further_links = further.collect();
    request
}

#[test]
fn links_are_told_one_by_one_and_each_is_hung_up_alone() {
    let stage = Stage::new();
    stage.play(async {
        let ras = ras(&stage).await;
        // Nobody listens at the third: its port was free a moment ago, and belongs to no server.
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let nowhere = nobody.local_addr().unwrap().to_string();
        drop(nobody);
        let request = of_links(&stage, &[stage.number(), stage.number(), nowhere]);
        let mut office = Connection::dial(&ras, &request, &stage.credentials()).await.unwrap();
        let seen = all_states(&mut office).await;
        assert_eq!(seen.last(), Some(&State::Connected), "{seen:?}");
        let of_second = |one: &State| one.subentry() == 2 && one.state() == RasState::Authenticate;
        assert!(seen.iter().any(of_second), "{seen:?}");
        // It may fail before the others are up, or behind them.
        let lost = |one: &State| matches!(one, State::LinkLost { subentry: 3, error: Some(_) });
        assert!(seen.iter().filter(|one| lost(one)).count() <= 1, "{seen:?}");

        let mut second = loop {
            match office.subentry(2).await {
                Ok(second) => break second,
                // The first one is enough for the whole to be up.
                Err(error) => assert_eq!(error.code, RasCode::PORT_NOT_OPEN),
            }
        };
        assert_eq!(code(office.subentry(3).await), 618);
        assert_eq!(office.subentries().await.unwrap().len(), 3);
        assert_eq!(all_states(&mut second).await, [State::Connected]);
        assert_eq!(second.status().await.unwrap().subentry, 2);
        assert_eq!(second.hang_up().await, Ok(HungUp::Gone));
        assert_eq!(office.connected().await.unwrap().state, RasState::Connected);
        assert_eq!(code(office.subentry(2).await), 618);
        assert_eq!(office.hang_up().await, Ok(HungUp::Gone));
        stage.no_callers().await;
    });
}

#[test]
fn a_call_that_is_given_up_spoils_no_later_answer() {
    let stage = Stage::new();
    stage.play(async {
        let mut office = connect(&stage, "office").await;
        let handle = office.handle();
        for turns in 0..20 {
            {
                let mut given_up = Box::pin(office.gone());
                for _ in 0..turns {
                    tokio::select! {
                        biased;
                        gone = &mut given_up => panic!("{gone:?}"),
                        () = ready(()) => tokio::task::yield_now().await,
                    }
                }
            }
            assert_eq!(office.status().await.unwrap().handle, handle);
            assert!(office.projection().await.is_ok());
        }
        assert_eq!(office.hang_up().await, Ok(HungUp::Gone));
    });
}

#[test]
fn states_are_a_stream_and_connections_may_go_to_other_threads() {
    const fn is_stream<S: futures_core::Stream<Item = Result<State, RasError>>>() {}
    const fn may_travel<T: Send + 'static>() {}
    is_stream::<States<'_>>();
    may_travel::<Connection>();
    let stage = Stage::new();
    let (socket, request, credentials) =
        (stage.socket(), stage.request("office"), stage.credentials());
    stage.play(async {
        let task = tokio::spawn(async move {
            let ras = Ras::connect(Some(&socket)).await?;
            let mut office = Connection::dial(&ras, &request, &credentials).await?;
            office.connected().await?;
            office.hang_up().await
        });
        assert_eq!(task.await.unwrap(), Ok(HungUp::Gone));
    });
}
