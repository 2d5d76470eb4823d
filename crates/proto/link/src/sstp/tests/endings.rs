//! Every way a call ends (\[MS-SSTP\] §3.1.2), from both ends, with messages that cross.

use super::super::wire::{StatusInfo, attribute, status};
use super::*;

fn disconnect() -> Vec<u8> {
    packet(&Message::CallDisconnect(Some(StatusInfo::new(0, 0))))
}

fn disconnect_ack() -> Vec<u8> {
    packet(&Message::CallDisconnectAck)
}

fn abort() -> Vec<u8> {
    packet(&Message::CallAbort(Some(StatusInfo::new(0, 0))))
}

/// How long after now `Closed` comes when nothing more is heard; `None` when it has come already.
fn waits<L: Link>(end: &mut End<L>) -> Option<Duration> {
    let start = end.now;
    while end.take_events() != [LinkEvent::Closed] {
        let deadline = end.link.poll_timeout().expect("something is waited for");
        end.pass(deadline.at.since(end.now));
    }
    assert_eq!(end.link.poll_timeout(), None, "nothing is waited for after the end");
    (end.now > start).then(|| end.now.since(start))
}

/// Runs `scene` with each end of a connected call, and of one that is only up.
fn with_each_end(scene: impl Fn(&mut dyn Scene)) {
    for make in [connected, up, requesting] {
        let (mut caller, mut answerer) = make();
        caller.forget();
        answerer.forget();
        scene(&mut caller);
        scene(&mut answerer);
    }
}

/// An end without its type.
trait Scene {
    fn hear(&mut self, bytes: &[u8]);
    fn close(&mut self, farewell: Farewell);
    fn lose_lane(&mut self);
    fn take_sent(&mut self) -> Vec<u8>;
    fn take_events(&mut self) -> Vec<LinkEvent>;
    fn waits(&mut self) -> Option<Duration>;
    fn frames(&self) -> usize;
    fn send(&mut self);
}

impl<L: Link> Scene for End<L> {
    fn hear(&mut self, bytes: &[u8]) {
        End::hear(self, bytes);
    }
    fn close(&mut self, farewell: Farewell) {
        End::close(self, farewell);
    }
    fn lose_lane(&mut self) {
        End::lose_lane(self);
    }
    fn take_sent(&mut self) -> Vec<u8> {
        End::take_sent(self)
    }
    fn take_events(&mut self) -> Vec<LinkEvent> {
        End::take_events(self)
    }
    fn waits(&mut self) -> Option<Duration> {
        waits(self)
    }
    fn frames(&self) -> usize {
        self.frames.len()
    }
    fn send(&mut self) {
        End::send(self, LCP, b"late");
    }
}

#[test]
fn an_ordinary_end_is_over_the_moment_it_is_acknowledged() {
    with_each_end(|end| {
        end.close(Farewell::Ordinary);
        assert_eq!(end.take_sent(), disconnect());
        end.close(Farewell::Ordinary);
        end.hear(&[0x10, 0, 0, 6, 0xC0, 0x21]);
        end.send();
        assert!(end.take_sent().is_empty() && end.take_events().is_empty() && end.frames() == 0);
        end.hear(&disconnect_ack());
        assert_eq!(end.waits(), None);
        assert!(end.take_sent().is_empty());
    });
}

#[test]
fn an_unacknowledged_end_is_over_after_five_seconds() {
    with_each_end(|end| {
        end.close(Farewell::Ordinary);
        assert_eq!(end.waits(), Some(seconds(5)));
        assert_eq!(end.take_sent(), disconnect());
    });
}

#[test]
fn the_lane_s_end_is_the_farewell_s_end() {
    with_each_end(|end| {
        end.close(Farewell::Ordinary);
        end.lose_lane();
        assert_eq!(end.waits(), None);
        end.lose_lane();
        end.close(Farewell::Aborted);
        assert!(end.take_events().is_empty());
    });
    with_each_end(|end| {
        end.lose_lane();
        assert_eq!(end.take_events(), [LinkEvent::Down(LinkFailure::LaneClosed)]);
        end.lose_lane();
        assert!(end.take_events().is_empty());
        end.close(Farewell::Ordinary);
        assert_eq!(end.waits(), None);
        assert!(end.take_sent().is_empty());
    });
}

#[test]
fn impatience_ends_an_ordinary_end_at_once_but_not_an_abort() {
    with_each_end(|end| {
        end.close(Farewell::Ordinary);
        end.close(Farewell::Aborted);
        assert_eq!(end.waits(), None);
        assert_eq!(end.take_sent(), disconnect());
    });
    with_each_end(|end| {
        end.close(Farewell::Aborted);
        end.close(Farewell::Aborted);
        end.close(Farewell::Ordinary);
        assert_eq!(end.take_sent(), abort());
        assert_eq!(end.waits(), Some(seconds(3)));
    });
}

#[test]
fn before_the_http_exchange_is_done_there_is_nobody_to_say_goodbye_to() {
    for farewell in [Farewell::Ordinary, Farewell::Aborted] {
        let (mut caller, mut answerer) = (caller(), answerer());
        caller.take_sent();
        caller.close(farewell);
        answerer.close(farewell);
        assert_eq!((waits(&mut caller), waits(&mut answerer)), (None, None));
        assert!(caller.take_sent().is_empty() && answerer.take_sent().is_empty());

        let mut unopened = new_caller();
        unopened.close(Instant::ORIGIN, farewell);
        assert_eq!(unopened.poll_event(), Some(LinkEvent::Closed));
        unopened.open(Instant::ORIGIN, &lane_facts());
        assert_eq!(unopened.poll_transmit(&mut Vec::new()), None);
        assert_eq!((unopened.poll_event(), unopened.poll_timeout()), (None, None));
    }
}

#[test]
fn a_disconnect_is_acknowledged_and_the_answerer_lets_the_caller_close_first() {
    for attributes in [disconnect(), packet(&Message::CallDisconnect(None))] {
        with_each_end(|end| {
            end.hear(&attributes);
            assert_eq!(end.take_sent(), disconnect_ack());
            assert_eq!(end.take_events(), [failed(SstpFailure::Disconnected)]);
            // A second one is ignored, and nothing passes any more.
            end.hear(&attributes);
            end.hear(&[0x10, 0, 0, 6, 0xC0, 0x21]);
            end.send();
            assert!(end.take_sent().is_empty() && end.frames() == 0);
        });
    }
    let (mut caller, mut answerer) = connected();
    caller.hear(&disconnect());
    answerer.hear(&disconnect());
    caller.forget();
    answerer.forget();
    caller.close(Farewell::Ordinary);
    answerer.close(Farewell::Ordinary);
    assert_eq!(waits(&mut caller), None);
    assert_eq!(waits(&mut answerer), Some(seconds(1)));
    let (_, mut answerer) = connected();
    answerer.hear(&disconnect());
    answerer.close(Farewell::Ordinary);
    answerer.forget();
    answerer.lose_lane();
    assert_eq!(waits(&mut answerer), None);
}

#[test]
fn a_failed_link_goes_even_if_its_owner_is_slow_to_close_it() {
    with_each_end(|end| {
        end.hear(&disconnect());
        end.take_events();
        end.lose_lane();
        assert!(end.take_events().is_empty(), "Closed comes after close");
        end.close(Farewell::Ordinary);
        assert_eq!(end.waits(), None);
    });
    let (_, mut answerer) = connected();
    answerer.hear(&abort());
    answerer.take_events();
    answerer.pass(seconds(1));
    assert!(answerer.take_events().is_empty());
    answerer.close(Farewell::Ordinary);
    assert_eq!(waits(&mut answerer), None);
}

#[test]
fn crossing_disconnects_are_both_acknowledged() {
    with_each_end(|end| {
        end.close(Farewell::Ordinary);
        end.take_sent();
        end.hear(&disconnect());
        assert_eq!(end.take_sent(), disconnect_ack());
        end.hear(&disconnect());
        assert!(end.take_sent().is_empty() && end.take_events().is_empty());
        end.hear(&disconnect_ack());
        assert_eq!(end.waits(), None);
    });
    with_each_end(|end| {
        end.close(Farewell::Ordinary);
        end.hear(&disconnect());
        assert_eq!(end.waits(), Some(seconds(1)));
    });
    let (mut caller, mut answerer) = connected();
    caller.close(Farewell::Ordinary);
    answerer.close(Farewell::Ordinary);
    settle(&mut caller, &mut answerer);
    assert_eq!((waits(&mut caller), waits(&mut answerer)), (None, None));
}

#[test]
fn an_abort_is_answered_and_both_ends_know_why() {
    let info = Some(StatusInfo::new(attribute::STATUS_INFO, status::INVALID_FRAME));
    for (message, attribute, status) in
        [(Message::CallAbort(info), 2, 7), (Message::CallAbort(None), 0, 0)]
    {
        with_each_end(|end| {
            end.hear(&packet(&message));
            assert_eq!(end.take_sent(), abort());
            let failure = SstpFailure::PeerAborted { attribute, status };
            assert_eq!(end.take_events(), [failed(failure)]);
            end.hear(&packet(&message));
            end.hear(&disconnect());
            assert!(end.take_sent().is_empty() && end.take_events().is_empty());
        });
    }
    let (mut caller, mut answerer) = connected();
    caller.hear(&abort());
    answerer.hear(&abort());
    caller.forget();
    answerer.forget();
    caller.close(Farewell::Aborted);
    answerer.close(Farewell::Aborted);
    assert_eq!((waits(&mut caller), waits(&mut answerer)), (None, Some(seconds(1))));
}

#[test]
fn an_abort_of_ours_waits_for_the_peer_s() {
    with_each_end(|end| {
        end.close(Farewell::Aborted);
        assert_eq!(end.take_sent(), abort());
        end.hear(&disconnect());
        end.hear(&disconnect_ack());
        end.hear(&packet(&Message::EchoRequest));
        assert!(end.take_sent().is_empty() && end.take_events().is_empty());
        assert_eq!(end.waits(), Some(seconds(3)));
    });
    let (mut caller, mut answerer) = connected();
    for (waited, end) in [(None, &mut caller as &mut dyn Scene), (Some(seconds(1)), &mut answerer)]
    {
        end.close(Farewell::Aborted);
        end.take_sent();
        end.hear(&abort());
        assert!(end.take_sent().is_empty(), "an abort is not answered twice");
        assert_eq!(end.waits(), waited);
    }
}

#[test]
fn crossing_aborts_and_an_abort_that_crosses_a_disconnect_end_within_their_timers() {
    let (mut caller, mut answerer) = connected();
    caller.close(Farewell::Aborted);
    answerer.close(Farewell::Aborted);
    settle(&mut caller, &mut answerer);
    assert_eq!((waits(&mut caller), waits(&mut answerer)), (None, Some(seconds(1))));

    // The one aborts, the other disconnects: each ignores the other's, as the table says.
    let (mut caller, mut answerer) = connected();
    caller.close(Farewell::Ordinary);
    answerer.close(Farewell::Aborted);
    settle(&mut caller, &mut answerer);
    assert_eq!((waits(&mut caller), waits(&mut answerer)), (Some(seconds(5)), Some(seconds(3))));
}

#[test]
fn a_fault_of_the_peer_is_told_to_it_and_to_the_owner() {
    with_each_end(|end| {
        end.hear(&disconnect_ack());
        let refused = StatusInfo::new(attribute::STATUS_INFO, status::UNACCEPTED_FRAME);
        assert_eq!(end.take_sent(), packet(&Message::CallAbort(Some(refused))));
        let failure = SstpFailure::Aborted { attribute: 2, status: 5 };
        assert_eq!(end.take_events(), [failed(failure)]);
        end.close(Farewell::Aborted);
        assert!(end.take_sent().is_empty());
        assert_eq!(end.waits(), Some(seconds(3)));
    });
}

#[test]
fn what_arrives_after_the_farewell_was_sent_cannot_hurt() {
    with_each_end(|end| {
        end.close(Farewell::Ordinary);
        end.take_sent();
        end.hear(&[0x10, 1, 0, 8, 0, 99, 0, 0]);
        end.hear(&packet(&Message::CallConnectRequest { protocol: 1 }));
        assert!(end.take_sent().is_empty() && end.take_events().is_empty());
        // Not even a lost stream: it only ends the wait.
        end.hear(&[0xFF; 8]);
        assert_eq!(end.waits(), None);
        assert!(end.take_sent().is_empty());
    });
}

#[test]
fn a_whole_hang_up_takes_one_round_trip_from_either_side() {
    let (mut caller, mut answerer) = connected();
    caller.close(Farewell::Ordinary);
    assert_eq!(settle(&mut caller, &mut answerer), 2);
    assert_eq!(caller.take_events(), [LinkEvent::Closed]);
    assert_eq!(answerer.take_events(), [failed(SstpFailure::Disconnected)]);

    let (mut caller, mut answerer) = connected();
    answerer.close(Farewell::Ordinary);
    assert_eq!(settle(&mut caller, &mut answerer), 2);
    assert_eq!(answerer.take_events(), [LinkEvent::Closed]);
    assert_eq!(caller.take_events(), [failed(SstpFailure::Disconnected)]);
    caller.close(Farewell::Ordinary);
    assert_eq!(caller.take_events(), [LinkEvent::Closed]);
}
