//! Both ends of a talk about callback, each with a stranger before it.

use onhook_base::Duration;
use onhook_ppp::cbcp::{
    CallbackOffer, CallbackWish, CbcpAnswerer, CbcpCaller, CbcpEvent, CbcpPacket, is_number,
};
use onhook_ppp::describe;
use onhook_ppp::wire::protocol;

use crate::input::{Input, START};

/// Packets that one end may have waiting.
const MOST_WAITING: usize = 16;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = usize::from(input.byte());
    let wishes =
        [CallbackWish::NoNumber, CallbackWish::Ask, CallbackWish::Number("5551234".to_owned())];
    let offers = [CallbackOffer::None, CallbackOffer::CallersNumber, CallbackOffer::Preset];
    let offer = offers[kind / 3 % 3];
    let mut caller = CbcpCaller::new(START, wishes[kind % 3].clone());
    let mut answerer = CbcpAnswerer::new(START, offer, 1);
    let mut now = START;
    while !input.is_empty() {
        match input.byte() {
            0 => {
                now += Duration::from_secs(u64::from(input.byte()));
                caller.handle_timeout(now);
                answerer.handle_timeout(now);
            }
            1 => caller.choose(now, Some("77".to_owned())),
            2 => caller.choose(now, None),
            _ => {
                let packet = input.piece();
                drop(describe(protocol::CBCP, packet));
                if let Ok(parsed) = CbcpPacket::parse(packet) {
                    assert_eq!(CbcpPacket::parse(&parsed.to_vec()), Ok(parsed), "read again");
                }
                caller.handle_packet(now, packet);
                answerer.handle_packet(now, packet);
            }
        }
        for (event, by_caller) in std::iter::from_fn(|| caller.poll_event())
            .map(|event| (event, true))
            .chain(std::iter::from_fn(|| answerer.poll_event()).map(|event| (event, false)))
        {
            check(&event, by_caller, offer);
        }
        let waiting = std::iter::from_fn(|| caller.poll_packet()).count();
        assert!(waiting <= MOST_WAITING, "{waiting} packets wait");
        let waiting = std::iter::from_fn(|| answerer.poll_packet()).count();
        assert!(waiting <= MOST_WAITING, "{waiting} packets wait");
    }
}

/// An answerer dials nothing that it has not offered, and nothing that is no number.
fn check(event: &CbcpEvent, by_caller: bool, offer: CallbackOffer) {
    let CbcpEvent::Agreed(Some(agreement)) = event else { return };
    if by_caller {
        return;
    }
    match (offer, &agreement.number) {
        (CallbackOffer::CallersNumber, Some(number)) => assert!(is_number(number), "{number}"),
        (CallbackOffer::Preset, None) => {}
        (_, number) => panic!("{number:?} was agreed where {offer:?} was offered"),
    }
}
