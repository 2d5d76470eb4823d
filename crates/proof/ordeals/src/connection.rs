//! A whole call, disturbed in any way at any step: when the handle is gone, everything is gone.

use crate::input::Input;
use onhook_base::Duration;
use onhook_calls::{Call, Terms};
use onhook_connection::{LaneId, State};
use onhook_model::Cause;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let kind = input.byte();
    let terms = Terms {
        interfaces: kind & 1 == 0,
        password: if kind & 2 == 0 { onhook_calls::PASSWORD } else { "wrong" },
        ..Terms::default()
    };
    let mut call = Call::dial(terms);
    while !input.is_empty() {
        match input.byte() {
            0 => call.send_packet(input.piece()),
            1 => call.hang_up(),
            2 => call.hang_up_by_answerer(),
            3 => call.server_dies(),
            4 => call.run_for(Duration::from_millis(u64::from(input.byte()) * 20)),
            5 => {
                let now = call.now;
                call.caller.connection.handle_lane(
                    now,
                    LaneId::CONTROL,
                    input.piece(),
                    &mut |_| {},
                );
            }
            6 => {
                let (now, piece) = (call.now, input.piece());
                if let Some(answerer) = &mut call.answerer {
                    answerer.connection.handle_lane(now, LaneId::CONTROL, piece, &mut |_| {});
                }
            }
            7 => call.caller.connection.handle_lane_closed(call.now, LaneId::CONTROL, None),
            8 => call.caller.connection.probe(call.now),
            9 => call.caller.connection.abandon(call.now, Cause::hung_up()),
            steps => {
                for _ in 0..steps % 64 {
                    if !call.step() {
                        break;
                    }
                }
            }
        }
    }
    let was = call.caller.connection.state();
    let began = call.now;
    call.hang_up();
    // The caller's own promise holds whatever the answerer does.
    while call.caller.connection.state() != State::Gone {
        assert!(call.step(), "the world stands still in {:?}", call.caller.connection.state());
    }
    let took = call.now.since(began);
    assert!(took <= Duration::from_secs(3), "from {was:?} a hang-up took {took:?}");
    assert!(call.caller.leftovers().is_empty(), "left: {:?}", call.caller.leftovers());
    assert!(call.caller.connection.standing().is_empty());
    assert!(call.caller.connection.cause().is_some());
}
