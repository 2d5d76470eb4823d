//! Links of a connection that has several.

use super::*;

#[test]
fn a_link_that_is_dialed_later_or_again_has_a_new_handle_that_answers() {
    let mut m = manager();
    let mut asked = request("office");
    asked.entry.further_links.push(onhook_model::FurtherLink {
        device_type: asked.entry.device_type,
        phone_numbers: asked.entry.phone_numbers.clone(),
        ..onhook_model::FurtherLink::default()
    });
    asked.entry.dial_mode = onhook_model::DialMode::AsNeeded;
    let whole = m.dial(at(0), 0, ALICE, &asked, &credentials()).unwrap().handle;
    let Some(Command::Start { links, .. }) = m.poll_command() else { panic!("nothing begins") };
    assert_eq!(links.len(), 1, "one is begun at first");
    assert_eq!(m.begin_link(whole, 0), None, "it is there");
    assert_eq!(m.begin_link(whole, 2), None, "there are two");
    let mut before = None;
    for _ in 0..2 {
        let link = m.begin_link(whole, 1).unwrap();
        assert!(link != whole && !links.contains(&link) && before != Some(link));
        let report = |state| StateReport { state, error: RasCode::SUCCESS, text: String::new() };
        m.link_report(link, report(RasState::SubEntryConnected));
        let status = m.status(at(1), ALICE, link).unwrap();
        assert_eq!((status.state, status.subentry), (RasState::SubEntryConnected, 2));
        assert_eq!(m.status(at(1), ALICE, whole).unwrap().subentry_handle(2), Ok(link));
        let cause = Cause::new(RasCode::LINK_FAILURE, "the cable");
        let ended = Ended { cause, traffic: Traffic::default(), debts: Vec::new() };
        m.link_ended(at(2), link, ended);
        assert_eq!(code(m.status(at(2), ALICE, link)), RasCode::INVALID_HANDLE);
        before = Some(link);
    }
    m.hang_up(at(3), ALICE, whole).unwrap();
    assert_eq!(m.begin_link(whole, 1), None, "it is being hung up");
}
